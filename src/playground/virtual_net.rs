//! A network under virtual time: an engine on one side, a [`World`] on the other, and nothing that
//! waits in between. Hours of the world pass in a moment, and a run can be repeated exactly.
//!
//! ```
//! use std::sync::Arc;
//! use dnsonde::engine::Time;
//! use dnsonde::playground::{Scenario, VirtualNet, World};
//! use dnsonde::walk::{Config, Hints, PathEnd, Walk, engine_config};
//! use dnsonde::wire::RecordType;
//!
//! let scenario = Scenario::named("healthy").unwrap().unwrap();
//! let hints = Hints::from_text(scenario.root_hints().as_bytes()).unwrap();
//! let world = World::new(Arc::new(scenario), 7);
//! let mut net = VirtualNet::new(world, engine_config(None), 7);
//!
//! let name = "t1._domainkey.example.com".parse().unwrap();
//! let mut walk = Walk::new(Time::ZERO, name, RecordType::TXT, &hints, Config::default());
//! net.run(&mut walk);
//! assert_eq!(walk.into_report().paths[0].end, PathEnd::Reached);
//! ```

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::dice::{Dice, mix};
use super::world::{Arrival, Delivery, World};
use crate::engine::{
    AttemptKey, Config, Engine, Finished, HANDSHAKE, MannerId, ServerId, SocketId, Stamp,
    StreamCause, StreamFailure, Time, Transmits, Transport, Unreachable,
};
use crate::probe::Asker;
use crate::walk::{Exchange, ExchangeEnd};

/// UDP sockets for each address family.
const SOCKETS: u16 = 32;
/// After so long without a message a TCP connection is closed.
const IDLE: Duration = Duration::from_secs(10);
/// The error numbers of connections that are refused, reset, or not made in time.
const ECONNREFUSED: i32 = 111;
const ECONNRESET: i32 = 104;
const ETIMEDOUT: i32 = 110;
/// Port unreachable, in ICMP and ICMPv6.
const PORT_UNREACHABLE: [(u8, u8); 2] = [(3, 3), (1, 4)];

/// What comes in at the client.
#[derive(Debug)]
enum Event {
    Datagram { socket: SocketId, from: SocketAddr, octets: Vec<u8> },
    Unreachable { socket: SocketId, to: SocketAddr, quoted: Vec<u8> },
    StreamSent { key: AttemptKey },
    StreamMessage { server: ServerId, octets: Vec<u8> },
    StreamFailed { key: AttemptKey, failure: StreamFailure },
}

/// An engine and a world, and the time between them; see the [module](self).
#[derive(Debug)]
pub struct VirtualNet {
    world: World,
    engine: Engine,
    now: Time,
    /// The local address of each socket.
    sockets: Vec<SocketAddr>,
    /// What is on its way, by the time of its arrival and, within that, by the order of sending.
    due: BinaryHeap<Reverse<(Time, u64)>>,
    events: HashMap<u64, Event>,
    sent: u64,
    /// When a message was last sent on each TCP connection.
    connections: HashMap<SocketAddr, Time>,
    finished: Vec<Exchange>,
}

impl VirtualNet {
    /// A network at [`Time::ZERO`]. The seed is for the client's side; `world` has its own.
    pub fn new(world: World, config: Config, seed: u64) -> Self {
        let mut dice = Dice::new(seed, 0);
        let mut port = || 1024 + (dice.point() * 64_000.0) as u16;
        let local = |ip: IpAddr, port| SocketAddr::new(ip, port);
        let mut sockets = Vec::new();
        for ip in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
            sockets.extend((0..SOCKETS).map(|_| local(ip, port())));
        }
        let mut engine_seed = [0; 32];
        for (place, octets) in (0_u64..).zip(engine_seed.chunks_exact_mut(8)) {
            octets.copy_from_slice(&mix(seed ^ mix(place + 1)).to_be_bytes());
        }
        Self {
            world,
            engine: Engine::new(config, &[], SOCKETS, engine_seed),
            now: Time::ZERO,
            sockets,
            due: BinaryHeap::new(),
            events: HashMap::new(),
            sent: 0,
            connections: HashMap::new(),
            finished: Vec::new(),
        }
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

    /// The local address of a UDP socket.
    pub fn local(&self, socket: SocketId) -> Option<SocketAddr> {
        self.sockets.get(usize::from(socket.0)).copied()
    }

    /// Asks until `asker` is done. The engine must have no exchanges of others.
    ///
    /// # Panics
    /// If the asker waits for nothing: neither for an answer nor for a time.
    pub fn run<A: Asker>(&mut self, asker: &mut A) {
        let mut manners = Vec::new();
        loop {
            self.submit(asker, &mut manners);
            for exchange in std::mem::take(&mut self.finished) {
                asker.handle(self.now, exchange);
            }
            if asker.is_done() {
                return;
            }
            let moved = self.step(asker.poll_timeout());
            assert!(moved || !self.finished.is_empty(), "the asker waits for nothing");
            for exchange in std::mem::take(&mut self.finished) {
                asker.handle(self.now, exchange);
            }
        }
    }

    /// Puts what questions there are.
    fn submit<A: Asker>(&mut self, asker: &mut A, manners: &mut Vec<MannerId>) {
        while self.engine.room() > 0
            && let Some(order) = asker.poll_order(self.now)
        {
            while manners.len() <= order.manner {
                let manner = asker.manner(manners.len());
                manners.push(self.engine.add_manner(manner));
            }
            let server = self.engine.add_server(order.server);
            let ask = order.ask(server, manners[order.manner]);
            if let Err(full) = self.engine.submit(&ask) {
                let end = ExchangeEnd::NotAsked(full.to_string());
                self.finished.push(Exchange {
                    id: ask.tag,
                    attempts: Vec::new(),
                    unmatched: Vec::new(),
                    end,
                    spoiled: false,
                });
            }
        }
    }

    /// Sends what may be sent, then lets the next thing happen, at the latest `wake`. Whether
    /// there was anything to wait for.
    fn step(&mut self, wake: Option<Time>) -> bool {
        self.transmit();
        let arrival = self.due.peek().map(|Reverse((at, _))| *at);
        let next = [arrival, self.engine.poll_timeout(), wake].into_iter().flatten().min();
        let Some(at) = next else { return false };
        self.now = self.now.max(at);
        let Self { engine, due, events, finished, now, .. } = self;
        let now = *now;
        let mut sink = |exchange: Finished<'_>| finished.push(Exchange::from(&exchange));
        while let Some(&Reverse((at, number))) = due.peek()
            && at <= now
        {
            due.pop();
            match events.remove(&number) {
                Some(Event::Datagram { socket, from, octets }) => {
                    engine.handle_datagram(at, Stamp::Kernel, socket, from, &octets, &mut sink);
                }
                Some(Event::Unreachable { socket, to, quoted }) => {
                    let (icmp_type, icmp_code) = PORT_UNREACHABLE[usize::from(to.is_ipv6())];
                    let error = Unreachable { icmp_type, icmp_code, errno: ECONNREFUSED };
                    engine.handle_unreachable(at, socket, to, error, &quoted, &mut sink);
                }
                Some(Event::StreamSent { key }) => engine.handle_stream_sent(at, key),
                Some(Event::StreamMessage { server, octets }) => {
                    engine.handle_stream_message(at, server, &octets, &mut sink);
                }
                Some(Event::StreamFailed { key, failure }) => {
                    engine.handle_stream_failed(at, key, failure, &mut sink);
                }
                None => {}
            }
        }
        engine.handle_timeout(now, &mut sink);
        true
    }

    fn transmit(&mut self) {
        let mut out = Transmits::default();
        loop {
            self.engine.poll_transmit(self.now, &mut out);
            if out.is_empty() {
                return;
            }
            for train in out.trains() {
                for octets in out.octets(train).chunks(usize::from(train.segment)) {
                    self.send(train.socket, train.to, octets);
                }
            }
            for stream in out.streams() {
                self.send_stream(stream.server, stream.to, stream.key, out.message(stream));
            }
        }
    }

    fn send(&mut self, socket: SocketId, to: SocketAddr, query: &[u8]) {
        let Some(from) = self.local(socket) else { return };
        let mut back = Vec::new();
        self.world.handle(self.now, to, from, Transport::Udp, query, &mut back);
        for Delivery { after, arrival } in back {
            let event = match arrival {
                Arrival::Message { from, octets } => Event::Datagram { socket, from, octets },
                Arrival::Unreachable => Event::Unreachable { socket, to, quoted: query.to_vec() },
                Arrival::Cut(_) | Arrival::Reset | Arrival::Unanswered => continue,
            };
            self.at(self.now + after, event);
        }
    }

    fn send_stream(&mut self, server: ServerId, to: SocketAddr, key: AttemptKey, query: &[u8]) {
        let last = self.connections.insert(to, self.now);
        let open = last.is_some_and(|last| self.now.since(last) < IDLE);
        // A new connection takes a round trip of its own.
        let handshake =
            if open { None } else { self.world.round_trip(to.ip()) }.unwrap_or_default();
        // Each connection has a port; this one follows from where it goes and when it was made.
        let port = 1024 + (mix(u64::from(to.port()) ^ self.now.as_nanos()) % 64_000) as u16;
        let local = if to.is_ipv6() { self.sockets.last() } else { self.sockets.first() };
        let from = SocketAddr::new(local.map_or(to.ip(), SocketAddr::ip), port);
        let mut back = Vec::new();
        self.world.handle(self.now, to, from, Transport::Tcp, query, &mut back);
        let made = |delivery: &Delivery| {
            !matches!(delivery.arrival, Arrival::Unreachable | Arrival::Unanswered)
        };
        if back.iter().all(made) {
            self.at(self.now + handshake, Event::StreamSent { key });
        }
        for Delivery { after, arrival } in back {
            let after = handshake + after;
            let (after, cause, errno) = match arrival {
                Arrival::Message { octets, .. } => {
                    self.at(self.now + after, Event::StreamMessage { server, octets });
                    continue;
                }
                Arrival::Unreachable => (after, StreamCause::Refused, ECONNREFUSED),
                Arrival::Unanswered => (HANDSHAKE, StreamCause::ConnectTimedOut, ETIMEDOUT),
                Arrival::Reset => (after, StreamCause::Reset, ECONNRESET),
                Arrival::Cut(_) => (after, StreamCause::ClosedMidMessage, 0),
            };
            self.connections.remove(&to);
            let failure = StreamFailure { cause, errno };
            self.at(self.now + after, Event::StreamFailed { key, failure });
        }
    }

    fn at(&mut self, at: Time, event: Event) {
        self.sent += 1;
        self.events.insert(self.sent, event);
        self.due.push(Reverse((at, self.sent)));
    }
}
