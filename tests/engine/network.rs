//! A simulated network under virtual time: servers with faults, forgers, and this machine with its TCP
//! connections, its stalls and its refusals to send.

mod streams;

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use dnsonde::engine::{
    Attempt, Ending, Engine, EngineConfig, ExchangeRequest, Failure, Finished, ProfileId, Refusal,
    ServerChoice, ServerId, SocketId, Stamp, Time, Transmits, Unreachable,
};
use dnsonde::playground::virtual_net::{Connection, InFlight, Streams};
use dnsonde::wire::{Builder, Class, Flags, Message, NameBuf, Rcode, RecordType, Section};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

use streams::StreamEvent;

/// The address in every true answer, and the one in every forged one.
pub const TRUE: [u8; 4] = [192, 0, 2, 1];
pub const FORGED: [u8; 4] = [203, 0, 113, 66];

/// Of Linux.
pub const EPERM: i32 = 1;
pub const EADDRNOTAVAIL: i32 = 99;
pub const ENETUNREACH: i32 = 101;
pub const EHOSTUNREACH: i32 = 113;

/// What a server does; shares are between 0 and 1.
#[derive(Debug, Clone)]
pub struct Behaviour {
    pub loss: f64,
    pub delay: (u64, u64),
    pub duplicates: f64,
    pub refused: f64,
    pub servfail: f64,
    pub truncated: f64,
    /// Forged packets for each query: wrong ID, wrong source, wrong question, wrong port.
    pub forged: f64,
    /// Names are never answered, by a hash of the name: this share.
    pub silent: f64,
    /// Answers nothing from this many queries on.
    pub dies_after: u64,
    /// Refers upwards instead of answering.
    pub lame: bool,
    /// Lower-cases the question.
    pub lowers_case: bool,
    /// Answers FORMERR to EDNS.
    pub no_edns: bool,
    /// ICMP instead of answers.
    pub unreachable: bool,
    /// Somebody sends ICMP port unreachable before the answer comes.
    pub forged_icmp: bool,
    /// Share of TCP connections that break.
    pub stream_breaks: f64,
    /// How TCP is served.
    pub stream: StreamService,
    /// A socket whose datagrams are all lost.
    pub dead_socket: Option<u16>,
    /// Queries a second that it answers, and how many it answers at once after a pause; it drops the
    /// rest, or refuses it.
    pub limit: Option<(f64, f64)>,
    pub refuses_over_limit: bool,
    /// The mean of an exponential delay on top, in microseconds.
    pub jitter: f64,
    /// Queries that it works off in a second, one after the other, and how many may wait for it:
    /// the next one is dropped. `None`: all at once.
    pub service: Option<(f64, usize)>,
    /// Has an IPv6 address.
    pub ipv6: bool,
    /// This machine refuses to send to it, with this error number.
    pub refused_here: Option<i32>,
    /// This machine finds out after three seconds that nobody is there.
    pub no_neighbour: bool,
    /// Each so many microseconds it does nothing for so many.
    pub pauses: Option<(u64, u64)>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            loss: 0.0,
            delay: (1_000, 20_000),
            duplicates: 0.0,
            refused: 0.0,
            servfail: 0.0,
            truncated: 0.0,
            forged: 0.0,
            silent: 0.0,
            dies_after: u64::MAX,
            lame: false,
            lowers_case: false,
            no_edns: false,
            unreachable: false,
            forged_icmp: false,
            stream_breaks: 0.0,
            stream: StreamService::default(),
            dead_socket: None,
            limit: None,
            refuses_over_limit: false,
            jitter: 0.0,
            service: None,
            ipv6: false,
            refused_here: None,
            no_neighbour: false,
            pauses: None,
        }
    }
}

/// How a server takes queries over TCP.
#[derive(Debug, Clone, Copy, Default)]
pub struct StreamService {
    /// How long a handshake takes.
    pub handshake: Duration,
    /// Handshakes are not answered.
    pub drops_syns: bool,
    /// Nobody listens.
    pub refuses: bool,
    /// Connections are closed after so many answers, whatever waits on them.
    pub closes_after: Option<u32>,
    /// Nothing is answered.
    pub silent: bool,
}

enum Event {
    Datagram { socket: SocketId, from: SocketAddr, octets: Vec<u8> },
    Icmp { socket: SocketId, to: SocketAddr, octets: Vec<u8> },
    Undelivered { socket: SocketId, to: SocketAddr, octets: Vec<u8> },
    Stream(Connection, StreamEvent),
}

/// One finished exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct Result {
    pub tag: u64,
    pub ended: Time,
    pub name: NameBuf,
    pub attempts: Vec<Attempt>,
    pub end: core::result::Result<(Rcode, Option<[u8; 4]>, usize), Failure>,
    /// It ended with no more than a truncated response.
    pub truncated: bool,
}

pub struct Network {
    pub engine: Engine,
    pub now: Time,
    pub results: Vec<Result>,
    pub peak_in_flight: usize,
    /// Times at which queries reached the first server.
    pub arrivals: Vec<Time>,
    /// Whether names of odd numbers are never answered.
    pub odd_names_are_silent: bool,
    behaviours: Vec<Behaviour>,
    queries: Vec<u64>,
    /// When each server will have worked off what it has.
    busy_until: Vec<Time>,
    /// What each server's limit has left, and as of when.
    allowances: Vec<(f64, Time)>,
    streams: Streams,
    /// Connections that the server closes instead of answering.
    breaking: HashSet<u64>,
    rng: StdRng,
    in_flight: InFlight<Event>,
    /// Message IDs of attempts of open exchanges, by socket.
    live: HashSet<(SocketId, u16)>,
    live_of: HashMap<NameBuf, Vec<(SocketId, u16)>>,
}

pub fn address(i: usize) -> SocketAddr {
    match u8::try_from(i + 10) {
        Ok(last) => SocketAddr::from(([192, 0, 2, last], 53)),
        Err(_) => SocketAddr::from(([198, 18, (i / 256) as u8, (i % 256) as u8], 53)),
    }
}

pub fn address6(i: usize) -> SocketAddr {
    SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 10 + i as u16], 53))
}

pub fn name(i: u64) -> NameBuf {
    // Names of several lengths, so that batches of several lengths form.
    format!("{}n{i}.example", "x".repeat((i % 5) as usize)).parse().unwrap()
}

impl Network {
    pub fn new(config: EngineConfig, behaviours: Vec<Behaviour>, seed: u64) -> Self {
        let address = |(i, server): (usize, &Behaviour)| {
            if server.ipv6 { address6(i) } else { address(i) }
        };
        let servers: Vec<_> = behaviours.iter().enumerate().map(address).collect();
        let mut rng = StdRng::seed_from_u64(seed);
        let mut engine_seed = [0; 32];
        rng.fill_bytes(&mut engine_seed);
        Self {
            engine: Engine::new(config, &servers, 4, engine_seed),
            now: Time::ZERO,
            results: Vec::new(),
            peak_in_flight: 0,
            arrivals: Vec::new(),
            odd_names_are_silent: false,
            queries: vec![0; behaviours.len()],
            busy_until: vec![Time::ZERO; behaviours.len()],
            allowances: vec![(f64::MAX, Time::ZERO); behaviours.len()],
            behaviours,
            streams: Streams::default(),
            breaking: HashSet::new(),
            rng,
            in_flight: InFlight::default(),
            live: HashSet::new(),
            live_of: HashMap::new(),
        }
    }

    pub fn ask(&mut self, i: u64, servers: ServerChoice) {
        self.ask_in(i, servers, ProfileId::DEFAULT, None);
    }

    /// Asks in a certain profile and from a certain socket.
    pub fn ask_in(
        &mut self,
        i: u64,
        servers: ServerChoice,
        profile: ProfileId,
        socket: Option<u16>,
    ) {
        let name = name(i);
        let ask = ExchangeRequest {
            tag: i,
            name: name.as_wire(),
            rtype: RecordType::A,
            class: Class::IN,
            servers,
            profile,
            socket,
        };
        self.engine.submit(&ask).unwrap();
    }

    /// Asks for `count` names as fast as the engine takes them, until all have ended.
    pub fn run(&mut self, count: u64) {
        self.run_from(0, count);
    }

    /// The same for the names from `next` on.
    pub fn run_from(&mut self, mut next: u64, count: u64) {
        let mut steps = 0;
        loop {
            steps += 1;
            assert!(
                steps < 10_000_000,
                "no end at {:?}: {:?}, {:#?}",
                self.now,
                self.engine.totals(),
                self.behaviours
            );
            while next < count && self.engine.room() > 0 {
                self.ask(next, ServerChoice::Any);
                next += 1;
            }
            if !self.step() && next == count {
                break;
            }
            assert!(self.now < Time::ZERO + Duration::from_secs(100_000), "it never ends");
        }
        assert!(self.engine.is_idle(), "open exchanges, but nothing to wait for");
        self.engine.abandon_own();
        self.check_accounting();
    }

    /// Sends what may be sent, then lets the next thing happen; whether there was anything.
    pub fn step(&mut self) -> bool {
        self.transmit();
        self.check_accounting();
        let timer = self.engine.poll_timeout();
        let Some(at) = [self.in_flight.next_at(), timer].into_iter().flatten().min() else {
            return false;
        };
        self.now = self.now.max(at);
        while let Some((at, event)) = self.in_flight.pop(self.now) {
            self.receive(at, event);
        }
        let mut sink = collector(self.now, &mut self.results, &mut self.live, &mut self.live_of);
        self.engine.handle_timeout(self.now, &mut sink);
        true
    }

    /// Reads what came in at `at`. The kernel stamps datagrams only: of all else there is known when
    /// it was read.
    fn receive(&mut self, at: Time, event: Event) {
        let (engine, now) = (&mut self.engine, self.now);
        let mut sink = collector(now, &mut self.results, &mut self.live, &mut self.live_of);
        match event {
            Event::Datagram { socket, from, octets } => {
                engine.handle_datagram(at, Stamp::Kernel, socket, from, &octets, &mut sink);
            }
            Event::Icmp { socket, to, octets } => {
                let error = Unreachable { icmp_type: 3, icmp_code: 3, errno: 111 };
                engine.handle_unreachable(now, socket, to, error, &octets, &mut sink);
            }
            Event::Undelivered { socket, to, octets } => {
                engine.handle_undelivered(now, socket, to, EHOSTUNREACH, &octets, &mut sink);
            }
            Event::Stream(connection, event) => {
                drop(sink);
                self.handle_stream(connection, event);
            }
        }
    }

    /// Asks for names from `next` on, up to `count`, until `until`; gives the next one.
    pub fn run_until(&mut self, until: Duration, mut next: u64, count: u64) -> u64 {
        while self.now < Time::ZERO + until {
            while next < count && self.engine.room() > 0 {
                self.ask(next, ServerChoice::Any);
                next += 1;
            }
            if !self.step() {
                self.now = Time::ZERO + until;
            }
        }
        next
    }

    /// Does nothing for a while, as if the machine were busy with something else. What comes in
    /// meanwhile waits with the time of its arrival.
    pub fn sleep(&mut self, span: Duration) {
        self.now = self.now + span;
    }

    pub fn behaviour(&mut self, server: usize) -> &mut Behaviour {
        &mut self.behaviours[server]
    }

    pub fn set_behaviour(&mut self, server: usize, behaviour: Behaviour) {
        self.behaviours[server] = behaviour;
    }

    pub fn cancel(&mut self) {
        let mut sink = collector(self.now, &mut self.results, &mut self.live, &mut self.live_of);
        self.engine.cancel(self.now, &mut sink);
    }

    pub fn drain(&mut self) {
        let mut sink = collector(self.now, &mut self.results, &mut self.live, &mut self.live_of);
        self.engine.drain(self.now, &mut sink);
    }

    /// The local address of all sockets goes: the driver says so, and nothing comes of what is on its way.
    pub fn lose_sockets(&mut self) {
        self.in_flight.retain(|event| !matches!(event, Event::Datagram { .. }));
        let sockets: Vec<_> = (0..64).map(SocketId).collect();
        let mut sink = collector(self.now, &mut self.results, &mut self.live, &mut self.live_of);
        self.engine.handle_sockets_lost(self.now, &sockets, EADDRNOTAVAIL, &mut sink);
    }

    pub fn recall(&mut self, server: ServerId) {
        let mut sink = collector(self.now, &mut self.results, &mut self.live, &mut self.live_of);
        self.engine.recall(server, self.now, &mut sink);
    }

    pub fn transmit(&mut self) {
        let mut out = Transmits::default();
        let mut rounds = 0;
        loop {
            rounds += 1;
            assert!(rounds < 20_000, "sends for ever at {:?}: {:#?}", self.now, self.behaviours);
            self.engine.poll_transmit(self.now, &mut out);
            if out.is_empty() {
                break;
            }
            let mut sink =
                collector(self.now, &mut self.results, &mut self.live, &mut self.live_of);
            let mut refused = |key, errno| {
                let of_machine = Refusal::OfMachine;
                self.engine.handle_not_sent(self.now, key, of_machine, errno, &mut sink);
            };
            for batch in out.batches() {
                if let Some(errno) = self.behaviours[batch.server.0 as usize].refused_here {
                    out.keys(batch).iter().for_each(|&key| refused(key, errno));
                }
            }
            for stream in out.streams() {
                if let Some(errno) = self.behaviours[stream.server.0 as usize].refused_here {
                    refused(stream.key, errno);
                }
            }
            self.engine.handle_all_sent(self.now, &mut sink);
            drop(sink);
            for batch in out.batches() {
                assert!(batch.count <= 64 && batch.count > 0);
                if self.behaviours[batch.server.0 as usize].refused_here.is_some() {
                    continue;
                }
                for octets in out.octets(batch).chunks(usize::from(batch.segment)) {
                    self.note_live(batch.socket, octets);
                    self.serve(batch.server.0, batch.socket, batch.to, octets);
                }
            }
            for stream in out.streams() {
                if self.behaviours[stream.server.0 as usize].refused_here.is_none() {
                    self.streams.submit(self.now, stream, out.message(stream));
                }
            }
            self.see_to_streams();
        }
        let in_flight = self.engine.servers().map(|server| server.in_flight).sum();
        self.peak_in_flight = self.peak_in_flight.max(in_flight);
    }

    fn note_live(&mut self, socket: SocketId, octets: &[u8]) {
        let message = Message::parse(octets).expect("the engine sends well-formed queries");
        let key = (socket, message.id());
        // The sink does not see the end of the engine's own questions.
        let unseen = self.engine.config().own_queries;
        assert!(self.live.insert(key) || unseen, "ID {key:?} is live twice");
        let name = message.question().unwrap().name.to_buf();
        self.live_of.entry(name).or_default().push(key);
    }

    fn at(&mut self, at: Time, event: Event) {
        self.in_flight.push(at, event);
    }

    fn chance(&mut self, share: f64) -> bool {
        share > 0.0 && self.rng.random_bool(share)
    }

    fn delay(&mut self, server: u32) -> Duration {
        let (low, high) = self.behaviours[server as usize].delay;
        let jitter = self.behaviours[server as usize].jitter;
        let more = if jitter > 0.0 { -self.rng.random::<f64>().ln() * jitter } else { 0.0 };
        Duration::from_micros(self.rng.random_range(low..=high) + more as u64)
    }

    fn serve(&mut self, server: u32, socket: SocketId, from: SocketAddr, query: &[u8]) {
        let behaviour = self.behaviours[server as usize].clone();
        if server == 0 {
            self.arrivals.push(self.now);
        }
        self.queries[server as usize] += 1;
        if self.chance(behaviour.forged) {
            self.forge(socket, from, query);
        }
        let Some(served) = self.served(server) else { return };
        if behaviour.dead_socket == Some(socket.0) {
            return;
        }
        if behaviour.no_neighbour {
            let (at, octets) = (self.now + Duration::from_secs(3), query.to_vec());
            return self.at(at, Event::Undelivered { socket, to: from, octets });
        }
        if behaviour.forged_icmp {
            let (at, octets) = (self.now + Duration::from_micros(1), query.to_vec());
            self.at(at, Event::Icmp { socket, to: from, octets });
        }
        if !self.is_within_limit(server) {
            if behaviour.refuses_over_limit {
                let octets = build(query, Flags::QR.with_rcode(Rcode::REFUSED), None, false);
                let at = served + self.delay(server);
                self.at(at, Event::Datagram { socket, from, octets });
            }
            return;
        }
        if behaviour.unreachable {
            let at = self.now + self.delay(server);
            let octets = query.to_vec();
            return self.at(at, Event::Icmp { socket, to: from, octets });
        }
        let hash = query[12..].iter().fold(7u64, |h, &b| {
            h.wrapping_mul(0x100_0000_01B3) ^ u64::from(b.to_ascii_lowercase())
        });
        let silent = (hash >> 8) % 10_000 < (behaviour.silent * 10_000.0) as u64;
        let last_digit = query[12 + usize::from(query[12])];
        let silent = silent || self.odd_names_are_silent && last_digit % 2 == 1;
        let dead = self.queries[server as usize] > behaviour.dies_after;
        if silent || dead || self.chance(behaviour.loss) {
            return;
        }
        let octets = self.answer(server, query, false);
        let at = served + self.delay(server);
        if self.chance(behaviour.duplicates) {
            let again = at + self.delay(server);
            self.at(again, Event::Datagram { socket, from, octets: octets.clone() });
        }
        self.at(at, Event::Datagram { socket, from, octets });
    }

    /// When a query that arrives now is worked off; `None` if there is no room for it.
    fn served(&mut self, server: u32) -> Option<Time> {
        let behaviour = &self.behaviours[server as usize];
        let mut begins = self.now;
        if let Some((every, pause)) = behaviour.pauses {
            let into = self.now.as_nanos() / 1000 % every;
            begins = begins + Duration::from_micros(pause.saturating_sub(into));
        }
        let Some((rate, room)) = behaviour.service else {
            return Some(begins);
        };
        let busy_until = &mut self.busy_until[server as usize];
        let waiting = busy_until.since(self.now).as_secs_f64() * rate;
        if waiting >= room as f64 {
            return None;
        }
        *busy_until = begins.max(*busy_until) + Duration::from_secs_f64(1.0 / rate);
        Some(*busy_until)
    }

    fn is_within_limit(&mut self, server: u32) -> bool {
        let Some((rate, burst)) = self.behaviours[server as usize].limit else { return true };
        let (left, since) = &mut self.allowances[server as usize];
        *left = (*left + self.now.since(*since).as_secs_f64() * rate).min(burst);
        *since = self.now;
        let within = *left >= 1.0;
        *left -= f64::from(u8::from(within));
        within
    }

    fn answer(&mut self, server: u32, query: &[u8], stream: bool) -> Vec<u8> {
        let behaviour = self.behaviours[server as usize].clone();
        let message = Message::parse(query).unwrap();
        let flags = Flags::QR.with(Flags::RD);
        if behaviour.no_edns && message.opt().is_some() {
            return build(query, flags.with_rcode(Rcode::FORMERR), None, false);
        }
        if self.chance(behaviour.refused) {
            return build(query, flags.with_rcode(Rcode::REFUSED), None, false);
        }
        if self.chance(behaviour.servfail) {
            return build(query, flags.with(Flags::RA).with_rcode(Rcode::SERVFAIL), None, false);
        }
        if behaviour.lame {
            return build(query, flags, None, false);
        }
        if !stream && self.chance(behaviour.truncated) {
            return build(query, flags.with(Flags::RA).with(Flags::TC), None, false);
        }
        build(query, flags.with(Flags::RA), Some(TRUE), behaviour.lowers_case)
    }

    /// Sends what an attacker could, just before the true answer can come.
    fn forge(&mut self, socket: SocketId, from: SocketAddr, query: &[u8]) {
        let at = self.now + Duration::from_micros(1);
        let good = build(query, Flags::QR.with(Flags::RA), Some(FORGED), false);
        // A wrong guess: a right one cannot be told from an answer.
        let id = u16::from_be_bytes([query[0], query[1]]);
        let is_live = |socket, id| self.live.contains(&(socket, id));
        let wrong = (1..).map(|i| id.wrapping_add(i)).find(|&id| !is_live(socket, id)).unwrap();
        let mut other_id = good.clone();
        other_id[..2].copy_from_slice(&wrong.to_be_bytes());
        let mut other_question = good.clone();
        other_question[13] ^= 0x01;
        let mut other_type = good.clone();
        let type_at =
            12 + Message::parse(query).unwrap().question().unwrap().name.to_buf().as_wire().len();
        other_type[type_at + 1] = 28;
        let mut no_response = good.clone();
        no_response[2] &= 0x7F;
        let stranger = SocketAddr::from(([198, 51, 100, 9], 53));
        let mut other_port = from;
        other_port.set_port(5353);
        let mut other_sockets = (1..4).map(|i| SocketId((socket.0 + i) % 4));
        let other_socket = other_sockets.find(|&other| !is_live(other, id)).unwrap();
        for (socket, from, octets) in [
            (socket, from, other_id),
            (socket, from, other_question),
            (socket, from, other_type),
            (socket, from, no_response),
            (socket, from, good[..11].to_vec()),
            (socket, stranger, good.clone()),
            (socket, other_port, good.clone()),
            (other_socket, from, good),
        ] {
            self.at(at, Event::Datagram { socket, from, octets });
        }
    }

    /// What must be true at any time.
    pub fn check_accounting(&self) {
        let t = self.engine.totals();
        assert_eq!(
            t.submitted,
            t.answered + t.truncated + t.timed_out + t.unreachable + t.cancelled + t.open,
            "an exchange got lost: {t:?}"
        );
        if self.engine.is_idle() {
            for server in self.engine.servers() {
                let c = server.counts;
                let answered = c.answered + c.late;
                let failed = c.lost + c.unreachable + c.not_sent + c.stream_failed;
                let all = answered + failed + c.abandoned;
                // Questions of the engine's own may still be in flight.
                let lost = if t.own_attempts > 0 { c.sent < all } else { c.sent != all };
                assert!(!lost, "an attempt got lost: {c:?}");
                assert!(server.in_flight == 0 || t.own_attempts > 0, "idle, with one in flight");
            }
        }
    }

    /// When the last attempt was sent, in seconds.
    pub fn last_sent(&self) -> f64 {
        let attempts = self.results.iter().flat_map(|result| &result.attempts);
        attempts.map(|attempt| attempt.sent).max().unwrap().as_nanos() as f64 / 1e9
    }

    /// When the last exchange ended.
    pub fn last_ended(&self) -> Time {
        self.results.iter().map(|result| result.ended).max().unwrap()
    }

    /// Attempts for each name.
    pub fn attempts_per_name(&self) -> f64 {
        self.engine.totals().attempts as f64 / self.results.len() as f64
    }

    /// Names that ended without a useful answer.
    pub fn unanswered(&self) -> usize {
        self.results.iter().filter(|r| !matches!(r.end, Ok((Rcode::NOERROR, Some(_), _)))).count()
    }
}

/// A sink that keeps results and forgets the IDs that they free.
fn collector(
    now: Time,
    results: &mut Vec<Result>,
    live: &mut HashSet<(SocketId, u16)>,
    live_of: &mut HashMap<NameBuf, Vec<(SocketId, u16)>>,
) -> impl FnMut(Finished<'_>) {
    move |finished| {
        for id in live_of.remove(&finished.name_buf()).unwrap_or_default() {
            live.remove(&id);
        }
        let mut truncated = false;
        results.push(Result {
            tag: finished.tag,
            ended: now,
            name: finished.name_buf(),
            attempts: finished.attempts.to_vec(),
            end: match finished.end {
                Ending::Answered { response, attempt } => Ok(read(response.octets(), attempt)),
                Ending::Truncated { response, attempt } => {
                    truncated = true;
                    Ok(read(response.octets(), attempt))
                }
                Ending::Failed(failure) => Err(failure),
            },
            truncated,
        });
    }
}

fn read(response: &[u8], attempt: usize) -> (Rcode, Option<[u8; 4]>, usize) {
    let message = Message::parse(response).unwrap();
    let address = message.answers().find_map(|record| record.rdata().try_into().ok());
    (message.rcode(), address, attempt)
}

fn build(query: &[u8], flags: Flags, address: Option<[u8; 4]>, lower: bool) -> Vec<u8> {
    let message = Message::parse(query).unwrap();
    let question = message.question().unwrap();
    let mut name = question.name.to_buf();
    if lower {
        name = name.to_lowercase();
    }
    let mut buffer = [0; 512];
    let mut builder = Builder::new(&mut buffer, message.id(), flags).unwrap();
    builder.question(name.as_wire(), question.rtype, question.class).unwrap();
    if let Some(address) = address {
        builder
            .record(Section::Answer, name.as_wire(), RecordType::A, Class::IN, 60, |rdata| {
                rdata.octets(&address)
            })
            .unwrap();
    }
    let len = builder.finish();
    buffer[..len].to_vec()
}
