//! An engine and a world, and the time between them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::super::dice::{Dice, mix};
use super::super::world::{Arrival, Delivery, World};
use super::in_flight::InFlight;
use super::streams::{Connection, Query, Step, Streams};
use crate::engine::{
    AttemptKey, Batch, Engine, EngineConfig, Finished, HANDSHAKE, SocketId, Stamp, StreamCause,
    StreamFailure, Time, Transmits, Transport, Unreachable,
};
use crate::net::{Attendance, LocalCounts, Unseen, refusal};
use crate::probe::{Dispatcher, QuerySource};
use crate::walk::Exchange;

/// UDP sockets for each address family.
const SOCKETS: u16 = 32;
/// How connections end that are refused, reset, not made in time, or closed too early.
const REFUSED: StreamFailure = StreamFailure { cause: StreamCause::Refused, errno: ECONNREFUSED };
const RESET: StreamFailure = StreamFailure { cause: StreamCause::Reset, errno: 104 };
const UNMADE: StreamFailure = StreamFailure { cause: StreamCause::ConnectTimedOut, errno: 110 };
const CUT: StreamFailure = StreamFailure { cause: StreamCause::ClosedMidMessage, errno: 0 };
const ECONNREFUSED: i32 = 111;
/// Port unreachable, in ICMP and ICMPv6.
const PORT_UNREACHABLE: [(u8, u8); 2] = [(3, 3), (1, 4)];

/// What comes in at the client.
#[derive(Debug)]
enum Event {
    Datagram { socket: SocketId, from: SocketAddr, octets: Vec<u8> },
    Unreachable { socket: SocketId, to: SocketAddr, quoted: Vec<u8> },
    Made(Connection),
    Answer { connection: Connection, key: AttemptKey, octets: Vec<u8> },
    Overdue(Connection, AttemptKey),
    Ended(Connection, StreamFailure),
}

/// See the [module](super).
#[derive(Debug)]
pub struct VirtualNet {
    world: World,
    engine: Engine,
    now: Time,
    /// The local address of each socket.
    sockets: Vec<SocketAddr>,
    in_flight: InFlight<Event>,
    streams: Streams,
    /// What will come of the queries that connections were begun for.
    begun_for: HashMap<AttemptKey, Vec<Delivery>>,
    /// What the system says of addresses that it does not send to.
    refused: HashMap<IpAddr, i32>,
    /// When this program will not run, and for how long.
    stalls: Vec<(Time, Duration)>,
    attendance: Attendance,
    /// When the kernel will have no room for datagrams that come, and for how long.
    jams: Vec<(Time, Duration)>,
    full_until: HashMap<SocketId, Time>,
    receive_overflow: u64,
    send_errors: u64,
    finished: Vec<Exchange>,
}

impl VirtualNet {
    /// A network at [`Time::ZERO`]. The seed is for the client's side; `world` has its own.
    pub fn new(world: World, config: EngineConfig, seed: u64) -> Self {
        let mut dice = Dice::new(seed, 0);
        let mut port = || 1024 + (dice.point() * 64_000.0) as u16;
        let mut sockets = Vec::new();
        for ip in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
            sockets.extend((0..SOCKETS).map(|_| SocketAddr::new(ip, port())));
        }
        let mut engine_seed = [0; 32];
        for (place, octets) in (0_u64..).zip(engine_seed.chunks_exact_mut(8)) {
            octets.copy_from_slice(&mix(seed ^ mix(place + 4)).to_be_bytes());
        }
        Self {
            world,
            engine: Engine::new(config, &[], SOCKETS, engine_seed),
            now: Time::ZERO,
            sockets,
            in_flight: InFlight::default(),
            streams: Streams::default(),
            begun_for: HashMap::new(),
            refused: HashMap::new(),
            stalls: Vec::new(),
            attendance: Attendance::default(),
            jams: Vec::new(),
            full_until: HashMap::new(),
            receive_overflow: 0,
            send_errors: 0,
            finished: Vec::new(),
        }
    }

    /// The system does not send to an address, and says so with this error number.
    pub fn refuse(&mut self, to: IpAddr, errno: i32) {
        self.refused.insert(to, errno);
    }

    /// This program does not run from a time on. What comes in meanwhile waits, with the time of its
    /// arrival where the kernel knows it.
    pub fn stall(&mut self, from: Time, span: Duration) {
        self.stalls.push((from, span));
    }

    /// The kernel has no room for datagrams from a time on: what comes is dropped, and counted.
    pub fn jam(&mut self, from: Time, span: Duration) {
        self.jams.push((from, span));
    }

    /// The time.
    pub fn now(&self) -> Time {
        self.now
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The world.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The connections.
    pub fn streams(&self) -> &Streams {
        &self.streams
    }

    /// The local address of a UDP socket.
    pub fn local(&self, socket: SocketId) -> Option<SocketAddr> {
        self.sockets.get(usize::from(socket.0)).copied()
    }

    /// What this machine did, as the driver counts it.
    pub fn local_counts(&self) -> LocalCounts {
        LocalCounts {
            absences: self.attendance.counts,
            receive_overflow: self.receive_overflow,
            send_errors: self.send_errors,
            ..LocalCounts::default()
        }
    }

    /// Until when responses may have come unseen.
    fn unseen(&self) -> Unseen {
        let full_until = self.full_until.iter().map(|(&socket, &until)| (socket, until)).collect();
        Unseen { back_since: self.attendance.back_since(), full_until }
    }

    /// Asks until `source` is done. The engine must have no exchanges of others.
    ///
    /// # Panics
    /// If the source waits for nothing: neither for a response nor for a time.
    pub fn run<A: QuerySource>(&mut self, source: &mut A) {
        let mut dispatcher = Dispatcher::default();
        while !source.is_done() {
            while let Some(query) = dispatcher.next(source, &self.engine, self.now) {
                let server = self.engine.add_server(query.server);
                dispatcher.submit(source, &mut self.engine, self.now, query, Ok(server));
            }
            if source.is_done() {
                return;
            }
            let moved = self.step(source.poll_timeout());
            assert!(moved || !self.finished.is_empty(), "the source waits for nothing");
            let unseen = self.unseen();
            dispatcher.hand_back(source, self.now, &unseen, &mut self.finished);
        }
    }

    /// Sends what may be sent, then lets the next thing happen, at the latest `wake`. Whether
    /// there was anything to wait for.
    fn step(&mut self, wake: Option<Time>) -> bool {
        self.attendance.note(self.now, || None);
        self.transmit();
        let timer = [self.engine.poll_timeout(), wake].into_iter().flatten().min();
        let Some(at) = timer.into_iter().chain(self.in_flight.next_at()).min() else {
            return false;
        };
        self.attendance.sleeps(timer.unwrap_or(at));
        self.now = self.now.max(at);
        let now = &mut self.now;
        self.stalls.retain(|&(from, span)| {
            let is_ahead = *now < from;
            if !is_ahead {
                *now = from.max(*now).max(from + span);
            }
            is_ahead
        });
        self.attendance.note(self.now, || None);
        while let Some((at, event)) = self.in_flight.pop(self.now) {
            self.receive(at, event);
        }
        let mut sink = collector(&mut self.finished);
        self.engine.handle_timeout(self.now, &mut sink);
        true
    }

    /// Reads what came at a time. The kernel stamps datagrams only: of all else there is known when it
    /// was read.
    fn receive(&mut self, at: Time, event: Event) {
        let is_jam = |&(from, span): &(Time, Duration)| from <= at && at < from + span;
        if let Event::Datagram { socket, .. } = &event
            && self.jams.iter().any(is_jam)
        {
            self.full_until.insert(*socket, self.now);
            self.receive_overflow += 1;
            return;
        }
        let Self { engine, streams, finished, now, .. } = self;
        let now = *now;
        let mut sink = collector(finished);
        match event {
            Event::Datagram { socket, from, octets } => {
                engine.handle_datagram(at, Stamp::Kernel, socket, from, &octets, &mut sink);
            }
            Event::Unreachable { socket, to, quoted } => {
                let (icmp_type, icmp_code) = PORT_UNREACHABLE[usize::from(to.is_ipv6())];
                let error = Unreachable { icmp_type, icmp_code, errno: ECONNREFUSED };
                engine.handle_unreachable(now, socket, to, error, &quoted, &mut sink);
            }
            Event::Made(connection) => streams.made(now, connection),
            Event::Answer { connection, key, octets } => {
                if streams.answered(now, connection, key).is_some() {
                    engine.handle_stream_message(now, connection.server, &octets, &mut sink);
                    streams.settle(now, connection.server);
                }
            }
            Event::Overdue(connection, key) => streams.overdue(now, connection, key),
            Event::Ended(connection, failure) => streams.ended(now, connection, failure),
        }
        drop(sink);
        self.see_to_streams();
    }

    fn transmit(&mut self) {
        let mut out = Transmits::default();
        loop {
            self.engine.poll_transmit(self.now, &mut out);
            if out.is_empty() {
                return;
            }
            for batch in out.batches() {
                match self.refused.get(&batch.to.ip()) {
                    Some(&errno) => self.refuse_each(out.keys(batch), errno),
                    None => self.send(batch, &out),
                }
            }
            for stream in out.streams() {
                match self.refused.get(&stream.to.ip()) {
                    Some(&errno) => self.refuse_each(&[stream.key], errno),
                    None => self.streams.submit(self.now, stream, out.message(stream)),
                }
            }
            self.see_to_streams();
            let mut sink = collector(&mut self.finished);
            self.engine.handle_all_sent(self.now, &mut sink);
        }
    }

    fn refuse_each(&mut self, keys: &[AttemptKey], errno: i32) {
        let mut sink = collector(&mut self.finished);
        self.send_errors += keys.len() as u64;
        for &key in keys {
            self.engine.handle_not_sent(self.now, key, refusal(errno), errno, &mut sink);
        }
    }

    fn send(&mut self, batch: &Batch, out: &Transmits) {
        let &Batch { socket, to, .. } = batch;
        let Some(from) = self.local(socket) else { return };
        for query in out.octets(batch).chunks(usize::from(batch.segment)) {
            for Delivery { after, arrival } in self.submit(to, from, Transport::Udp, query) {
                let event = match arrival {
                    Arrival::Message { from, octets } => Event::Datagram { socket, from, octets },
                    Arrival::Unreachable => {
                        Event::Unreachable { socket, to, quoted: query.to_vec() }
                    }
                    Arrival::Cut(_) | Arrival::Reset | Arrival::Unanswered => continue,
                };
                self.in_flight.push(self.now + after, event);
            }
        }
    }

    fn submit(
        &mut self,
        to: SocketAddr,
        from: SocketAddr,
        transport: Transport,
        query: &[u8],
    ) -> Vec<Delivery> {
        let mut back = Vec::new();
        self.world.handle(self.now, to, from, transport, query, &mut back);
        back
    }

    /// Does what the connections need.
    fn see_to_streams(&mut self) {
        while let Some(step) = self.streams.poll() {
            match step {
                Step::Connect(connection, query) => self.connect(connection, &query),
                Step::Send(connection, query, patience) => {
                    self.engine.handle_stream_sent(self.now, query.key);
                    self.send_on(connection, &query);
                    let overdue = Event::Overdue(connection, query.key);
                    self.in_flight.push(self.now + patience, overdue);
                }
                Step::Fail(key, failure) => {
                    let mut sink = collector(&mut self.finished);
                    self.engine.handle_stream_failed(self.now, key, failure, &mut sink);
                }
            }
        }
    }

    /// A world has no handshakes: what comes of the first query says what comes of its connection.
    fn connect(&mut self, connection: Connection, query: &Query) {
        let from = self.local_end(connection, query.to);
        let back = self.submit(query.to, from, Transport::Tcp, &query.octets);
        let unmade = back.iter().find_map(|delivery| match delivery.arrival {
            Arrival::Unreachable => Some((delivery.after, REFUSED)),
            Arrival::Unanswered => Some((HANDSHAKE, UNMADE)),
            _ => None,
        });
        let (after, event) = match unmade {
            Some((after, failure)) => (after, Event::Ended(connection, failure)),
            None => {
                self.begun_for.insert(query.key, back);
                let round_trip = self.world.round_trip(query.to.ip());
                (round_trip.unwrap_or_default(), Event::Made(connection))
            }
        };
        self.in_flight.push(self.now + after, event);
    }

    fn send_on(&mut self, connection: Connection, query: &Query) {
        let key = query.key;
        let back = self.begun_for.remove(&key).unwrap_or_else(|| {
            let from = self.local_end(connection, query.to);
            self.submit(query.to, from, Transport::Tcp, &query.octets)
        });
        for Delivery { after, arrival } in back {
            let event = match arrival {
                Arrival::Message { octets, .. } => Event::Answer { connection, key, octets },
                Arrival::Reset => Event::Ended(connection, RESET),
                Arrival::Cut(_) => Event::Ended(connection, CUT),
                // There is a connection already, so the query is lost.
                Arrival::Unreachable | Arrival::Unanswered => continue,
            };
            self.in_flight.push(self.now + after, event);
        }
    }

    /// This machine's end of a connection: each has a port.
    fn local_end(&self, connection: Connection, to: SocketAddr) -> SocketAddr {
        let port = 1024 + (mix(u64::from(to.port()) ^ connection.number) % 64_000) as u16;
        let local = if to.is_ipv6() { self.sockets.last() } else { self.sockets.first() };
        SocketAddr::new(local.map_or(to.ip(), SocketAddr::ip), port)
    }
}

/// Takes what ends.
fn collector(finished: &mut Vec<Exchange>) -> impl FnMut(Finished<'_>) {
    |exchange| finished.push(Exchange::from(&exchange))
}
