//! The exchange engine: a state machine that is handed time and datagrams, and hands back
//! datagrams to send and results.
//!
//! It never reads a clock, opens a socket or sleeps; a driver (see [`crate::net`]) or a test does
//! that for it. So every behaviour can be tested under virtual time, and a run with the same
//! seed, the same input and the same times gives the same result.
//!
//! ```text
//! submit ──► ready ──► poll_transmit ──► driver ──► network
//!                ▲                                     │
//!          retry └── handle_timeout, handle_unreachable┤
//!                                                      ▼
//! sink ◄── finished exchange, all its attempts ◄── handle_datagram
//! ```
//!
//! - **Matching**: an answer counts only if its source, our socket, its ID and its question all
//!   fit an attempt of an open exchange. Anything else is counted and changes nothing.
//! - **Retries** go to another server where there is one, and say why they were needed.
//! - **Pauses**: while this machine cannot send, nothing is sent, counted or timed out.
//! - **Pacing**: a window for each server, token buckets where a rate was set, and a bench for
//!   servers that do not answer.
//! - **Accounting**: every exchange that was submitted ends once, as answered, failed or
//!   cancelled; [`Totals`] shows that nothing is missing.
//!
//! ```
//! use dnsonde::engine::{Ask, Config, End, Engine, SocketId, Stamp, Time, Transmits};
//! use dnsonde::wire::{NameBuf, RecordType};
//! use std::time::Duration;
//!
//! let server = "192.0.2.53:53".parse().unwrap();
//! let mut engine = Engine::new(Config::default(), &[server], 1, [7; 32]);
//! let name: NameBuf = "example.org".parse().unwrap();
//! let now = Time::ZERO;
//! engine.submit(&Ask::new(1, name.as_wire(), RecordType::A)).unwrap();
//!
//! // What a driver would send:
//! let mut transmits = Transmits::default();
//! engine.poll_transmit(now, &mut transmits);
//! let train = transmits.trains()[0];
//! let mut message = transmits.octets(&train).to_vec();
//!
//! // An answer: the same message with QR set.
//! message[2] |= 0x80;
//! message[3] |= 0x80;
//! let later = now + Duration::from_millis(12);
//! let mut finished = 0;
//! engine.handle_datagram(later, Stamp::Clock, train.socket, train.to, &message, &mut |exchange| {
//!     assert!(matches!(exchange.end, End::Answered { attempt: 0, .. }));
//!     finished += 1;
//! });
//! assert_eq!(finished, 1);
//! ```

mod acceptance;
mod config;
mod control;
mod cookie;
mod edns;
mod exchange;
mod ids;
mod limiter;
mod lowest;
mod matching;
mod mismatch;
mod outage;
mod own;
mod ports;
mod question;
mod ready;
mod rejection;
mod retry;
mod send;
mod server;
mod slot;
mod sockets;
mod streams;
mod suspicion;
mod time;
mod token_bucket;
mod transmit;
mod unreachable;
mod way;
mod wheel;
mod window;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

pub use config::{Accept, Config, CookieOption, Edns, Manner, TransportPolicy, Window};
pub use exchange::{
    Answer, Ask, Attempt, AttemptKey, End, Failure, Finished, MannerId, Mismatch, Outcome,
    Response, RetryReason, ServerId, Servers, SocketId, Stamp, StreamCause, StreamFailure,
    Transport, Unmatched, Unreachable,
};
pub use ports::{SocketChange, SocketLife};
pub use server::{Counts, ServerReport, Standing};
pub use time::Time;
pub use transmit::{HANDSHAKE, Stream, Train, Transmits};
pub use way::{CannotSend, Refusal, Troubles};

use control::Again;
use ids::IdTable;
use ports::Ports;
use ready::Ready;
use server::{NOT_LISTED, Server};
use slot::{Case, Ended, Plan, Slot, Slots, Timer};
use suspicion::Suspicion;
use token_bucket::TokenBucket;
use way::Way;
use wheel::Wheel;

use crate::wire::{Flags, NameBuf};

/// Exchanges that may wait for a server before [`Engine::room`] says that there is enough. Some
/// hundreds let queries be grouped by length; more would only be memory.
const BACKLOG: usize = 1024;

/// Attempts that an exchange may have beyond its retries, where it was not its fault that others
/// failed: its server was asked too much, or is of no use.
const SPARE: u8 = 12;

/// Takes finished exchanges; what it wants to keep it copies.
pub type Sink<'s> = dyn FnMut(Finished<'_>) + 's;

/// The engine holds as many exchanges as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the engine holds as many exchanges as it may")]
pub struct Full;

/// The accounting of an engine.
///
/// At any time `submitted` is the sum of `answered`, `truncated`, `timed_out`, `unreachable`,
/// `cancelled` and `open`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Exchanges taken.
    pub submitted: u64,
    /// Exchanges that ended with an answer, whatever it said.
    pub answered: u64,
    /// Exchanges that ended with no more than a truncated answer, because TCP failed.
    pub truncated: u64,
    /// Exchanges that ended without an answer after at least one timeout.
    pub timed_out: u64,
    /// Exchanges of which no attempt could be delivered.
    pub unreachable: u64,
    /// Exchanges that were cancelled.
    pub cancelled: u64,
    /// Exchanges that have not ended.
    pub open: u64,
    /// Attempts handed to the driver.
    pub attempts: u64,
    /// Those of them that were the engine's own: trials of servers, and controls.
    pub own_attempts: u64,
    /// Messages that answer no attempt: strangers, forgeries, and what came too late.
    pub unmatched: u64,
    /// Exchanges that went to TCP because messages came that were not answers: perhaps somebody
    /// forges answers.
    pub suspected: u64,
}

/// See the [module](self).
#[derive(Debug)]
pub struct Engine {
    config: Config,
    /// How questions can be put, that of the configuration first.
    manners: Vec<Prepared>,
    rng: StdRng,
    slots: Slots,
    /// Exchanges that may go to any server.
    ready: Ready,
    timers: Wheel,
    servers: Vec<Server>,
    server_ids: HashMap<SocketAddr, ServerId>,
    /// One timer a server: the end of its time on the bench, or its next token.
    server_timers: Wheel,
    /// Servers that can take an exchange now, in no order.
    available: Vec<ServerId>,
    /// Servers in good health, and those that may yet pass a trial.
    good: usize,
    hopeful: usize,
    /// Servers whose next trial may be made.
    untried: VecDeque<ServerId>,
    trial_tokens: TokenBucket,
    trials_open: usize,
    /// When to look again for servers that suit what waits.
    look_again: Option<Time>,
    /// Exchanges of the engine's own that are held.
    own_open: usize,
    /// What became of second attempts.
    again: Again,
    /// Servers with something in their own queue.
    queued: Vec<ServerId>,
    ports: Ports,
    ids: Vec<IdTable>,
    /// Timeouts of each socket since its last answer.
    silent_sockets: Vec<u16>,
    /// Live message IDs over TCP, by server.
    stream_ids: HashMap<(ServerId, u16), (u32, u16)>,
    suspicion: Suspicion,
    tokens: Option<TokenBucket>,
    in_flight: usize,
    totals: Totals,
    /// Room for the check of answers.
    scratch: Vec<u8>,
    /// No attempt is made any more.
    draining: bool,
    /// The first attempt after the last word from any server.
    unanswered_since: Option<Time>,
    /// The ways out of this machine, over IPv4 and over IPv6.
    ways: [Way; 2],
    /// Attempts that the local system refused, until it is known whether it refuses all.
    refusals: Vec<(AttemptKey, i32)>,
    troubles: Troubles,
}

/// A manner with what every attempt needs of it, worked out once.
#[derive(Debug)]
struct Prepared {
    manner: Manner,
    /// The header flags of its queries.
    flags: Flags,
    /// How much longer than set a timeout may be, in nanoseconds: a tenth, so that retries do not
    /// come in step. Below 2^32, so that its product with 32 random bits fits.
    jitter: u64,
}

impl Prepared {
    fn new(manner: Manner) -> Self {
        let tenth = (manner.timeout / 10).as_nanos().min(u128::from(u32::MAX)) as u64;
        Self { flags: manner.query_flags(), jitter: tenth, manner }
    }
}

impl Engine {
    /// An engine for `servers`.
    ///
    /// The driver has `sockets` UDP sockets for each address family: [`SocketId`] 0 to
    /// `sockets - 1` for IPv4 and the next `sockets` for IPv6. It says with
    /// [`Engine::socket_opened`] when they are open, and asks [`Engine::poll_socket`] which to
    /// replace; then further numbers follow. `seed` feeds the generator of
    /// message IDs, sockets and jitter, and has to come from the system's source of randomness
    /// outside of tests.
    ///
    /// # Panics
    /// If `sockets` is 0, or more than 32,768: a [`SocketId`] has room for those of both families.
    pub fn new(config: Config, servers: &[SocketAddr], sockets: u16, seed: [u8; 32]) -> Self {
        assert!(sockets > 0, "a driver has at least one socket");
        assert!(sockets <= 1 << 15, "a socket has a number for itself");
        // So many that at least half of the IDs of all sockets stay free, retries included.
        let attempts = usize::from(config.manner.retries) + 1;
        let capacity =
            config.capacity.clamp(1, (usize::from(sockets) * (1 << 15) / attempts).max(1));
        let ports = Ports::new(sockets);
        let mut engine = Self {
            manners: vec![Prepared::new(config.manner.clone())],
            rng: StdRng::from_seed(seed),
            slots: Slots::new(capacity),
            ready: Ready::new(),
            timers: Wheel::new(),
            servers: Vec::with_capacity(servers.len()),
            server_ids: HashMap::with_capacity(servers.len()),
            server_timers: Wheel::new(),
            available: Vec::with_capacity(servers.len()),
            good: 0,
            hopeful: 0,
            untried: VecDeque::new(),
            trial_tokens: TokenBucket::new(own::TRIALS_PER_SECOND),
            trials_open: 0,
            look_again: None,
            own_open: 0,
            again: Again::default(),
            queued: Vec::new(),
            ids: (0..ports.numbers()).map(|_| IdTable::new()).collect(),
            silent_sockets: vec![0; ports.numbers()],
            ports,
            stream_ids: HashMap::new(),
            suspicion: Suspicion::default(),
            tokens: config.rate.map(TokenBucket::new),
            in_flight: 0,
            totals: Totals::default(),
            scratch: Vec::new(),
            draining: false,
            unanswered_since: None,
            ways: Default::default(),
            refusals: Vec::new(),
            troubles: Troubles::default(),
            config,
        };
        let digits = rtt_digits(servers.len());
        for &addr in servers {
            engine.add(addr, digits);
        }
        if engine.config.own_questions && engine.servers.len() > 1 {
            engine.await_trials();
        }
        engine
    }

    /// Adds a server, or finds it if it was added before.
    pub fn add_server(&mut self, addr: SocketAddr) -> ServerId {
        self.add(addr, rtt_digits(self.servers.len()))
    }

    fn add(&mut self, addr: SocketAddr, rtt_digits: u8) -> ServerId {
        if let Some(&id) = self.server_ids.get(&addr) {
            return id;
        }
        let id = ServerId(self.servers.len() as u32);
        self.servers.push(Server::new(addr, &self.config, rtt_digits));
        self.good += 1;
        self.server_ids.insert(addr, id);
        self.ways[usize::from(addr.is_ipv6())].servers += 1;
        self.relist(id);
        id
    }

    /// The number of a server that was added.
    pub fn server_id(&self, addr: SocketAddr) -> Option<ServerId> {
        self.server_ids.get(&addr).copied()
    }

    /// Puts another server in the place of `id`, which begins anew, and gives the accounting of the
    /// one that was there; `None`, and nothing is changed, if an exchange is held that only it may
    /// answer, or if an attempt of any is in flight to it.
    ///
    /// Whoever meets ever more servers can so hold on to those that matter. Attempts that were
    /// handed out before still name the place, not the server.
    ///
    /// # Panics
    /// If `id` is not from this engine, or `addr` is a server of it already.
    pub fn replace_server(
        &mut self,
        id: ServerId,
        addr: SocketAddr,
    ) -> Option<(SocketAddr, Counts)> {
        assert!(!self.server_ids.contains_key(&addr), "a server that is not known yet");
        let server = &self.servers[id.0 as usize];
        if server.in_flight > 0 || server.own_open > 0 || server.queued {
            return None;
        }
        self.unlist(id);
        self.server_timers.cancel(id.0);
        let fresh = Server::new(addr, &self.config, rtt_digits(self.servers.len()));
        let Server { addr: old, counts, .. } =
            self.change_health(id, |server| std::mem::replace(server, fresh));
        self.server_ids.remove(&old);
        self.server_ids.insert(addr, id);
        self.ways[usize::from(old.is_ipv6())].servers -= 1;
        self.ways[usize::from(addr.is_ipv6())].servers += 1;
        self.relist(id);
        Some((old, counts))
    }

    /// Adds a manner in which questions can be put, or finds it if it was added before.
    ///
    /// # Panics
    /// If there are 256 of them.
    pub fn add_manner(&mut self, manner: Manner) -> MannerId {
        let place = self.manners.iter().position(|known| known.manner == manner);
        let place = place.unwrap_or_else(|| {
            self.manners.push(Prepared::new(manner));
            self.manners.len() - 1
        });
        MannerId(u8::try_from(place).expect("a handful of manners"))
    }

    /// How an exchange is put.
    #[inline]
    fn manner(&self, index: u32) -> &Manner {
        &self.prepared(index).manner
    }

    #[inline]
    fn prepared(&self, index: u32) -> &Prepared {
        &self.manners[usize::from(self.slots[index].manner.0)]
    }

    /// What the engine was told at its start.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// How many more exchanges it makes sense to submit now.
    #[inline]
    pub fn room(&self) -> usize {
        if self.draining {
            return 0;
        }
        // Not less because much is asked again: new names have their share.
        self.slots.room().min(BACKLOG.saturating_sub(self.ready.new_len()))
    }

    /// Takes an exchange.
    ///
    /// # Errors
    /// [`Full`] if [`Config::capacity`] exchanges are held, or after [`Engine::drain`].
    ///
    /// # Panics
    /// If the name is not a name in uncompressed wire form, or the server not one of this engine.
    #[inline]
    pub fn submit(&mut self, ask: &Ask<'_>) -> Result<(), Full> {
        assert!(is_wire_name(ask.name), "a name in uncompressed wire form");
        if self.draining {
            return Err(Full);
        }
        let index = self.take_slot(ask).ok_or(Full)?;
        match ask.servers {
            Servers::Any => self.make_ready(index),
            Servers::Only(server) => {
                self.servers[server.0 as usize].own_open += 1;
                self.enqueue(index, server);
            }
        }
        self.totals.submitted += 1;
        self.totals.open += 1;
        Ok(())
    }

    /// Takes a slot for a question, with the plan of its first attempt.
    #[inline]
    fn take_slot(&mut self, ask: &Ask<'_>) -> Option<u32> {
        let index = self.slots.take(ask)?;
        let several = ask.servers == Servers::Any && self.servers.len() > 1;
        let manner = self.manner(index);
        let plan = Plan {
            transport: match manner.transport {
                TransportPolicy::TcpOnly => Transport::Tcp,
                TransportPolicy::UdpThenTcp | TransportPolicy::UdpOnly => Transport::Udp,
            },
            server: None,
            retries: manner.retries,
            spare: if self.config.own_questions { SPARE } else { 0 },
            same_again: if several { u8::MAX } else { 1 },
            fell_back_to_tcp: false,
            fell_back_to_plain: false,
            case: Case::Mixed,
            suspected: false,
            bad_cookie: false,
        };
        let slot = &mut self.slots[index];
        slot.plan = plan;
        if self.config.mixed_case {
            slot.case_mask = std::array::from_fn(|_| self.rng.next_u64());
        }
        Some(index)
    }

    /// Lets no server have names before it has passed a trial.
    fn await_trials(&mut self) {
        for i in 0..self.servers.len() as u32 {
            let id = ServerId(i);
            self.change_health(id, Server::await_trial);
            self.unlist(id);
            self.untried.push_back(id);
        }
        // Lists are often sorted, by network or by quality: those who ask much learn sooner from a
        // mixture.
        self.untried.make_contiguous().shuffle(&mut self.rng);
    }

    /// Changes what decides over a server's health, and keeps count.
    fn change_health<T>(&mut self, id: ServerId, change: impl FnOnce(&mut Server) -> T) -> T {
        let server = &mut self.servers[id.0 as usize];
        let (good, hopeful) = (server.is_good(), server.is_hopeful());
        let result = change(server);
        self.good = self.good + usize::from(server.is_good()) - usize::from(good);
        self.hopeful = self.hopeful + usize::from(server.is_hopeful()) - usize::from(hopeful);
        result
    }

    /// Handles every timer that is due at `now`.
    pub fn handle_timeout(&mut self, now: Time, sink: &mut Sink<'_>) {
        while let Some(index) = self.timers.pop_due(now) {
            match std::mem::replace(&mut self.slots[index].timer, Timer::None) {
                Timer::Suspect | Timer::Deadline if self.is_frozen(index) => {}
                Timer::Suspect => self.suspect(index, now),
                Timer::Deadline => self.attempt_timed_out(index, now, sink),
                Timer::Delay => self.queue_next_attempt(index),
                Timer::Linger => self.release(index, None, sink),
                Timer::None => {}
            }
        }
        while let Some(index) = self.server_timers.pop_due(now) {
            let id = ServerId(index);
            if self.servers[index as usize].is_untried() {
                self.untried.push_back(id);
                continue;
            }
            self.change_health(id, |server| server.end_bench(now));
            self.relist(id);
            if self.servers[index as usize].is_benched() {
                self.rearm(id);
            }
        }
    }

    /// When [`Engine::handle_timeout`] and [`Engine::poll_transmit`] have something to do next, if
    /// nothing comes in before; `None` if there is nothing to wait for.
    pub fn poll_timeout(&self) -> Option<Time> {
        let takers = !self.available.is_empty() || !self.untried.is_empty();
        let waiting = !self.queued.is_empty() || !self.ready.is_empty() && takers;
        let token = self.tokens.as_ref().filter(|t| waiting && t.is_empty()).map(TokenBucket::next);
        let timers = [
            self.timers.next(),
            self.server_timers.next(),
            token,
            self.next_trial(),
            self.look_again,
            self.next_try(),
        ];
        timers.into_iter().flatten().min()
    }

    /// Makes no attempt and takes no exchange from now on. An exchange whose last attempt is on its way
    /// waits for the answer, for one timeout at most; one that would need another attempt, now or
    /// then, ends as cancelled: nothing is said of it that might be said otherwise after a retry.
    pub fn drain(&mut self, now: Time, sink: &mut Sink<'_>) {
        self.draining = true;
        self.abandon_own();
        self.end_all(now, sink, |slot| {
            slot.ended.is_some() || !matches!(slot.timer, Timer::Suspect | Timer::Deadline)
        });
        // A handshake does not get the time that it has besides.
        for index in self.slots.indices() {
            let latest = now + self.manner(index).timeout;
            let slot = &mut self.slots[index];
            if slot.timer == Timer::Deadline && latest < slot.deadline {
                slot.deadline = latest;
                self.timers.set(index, latest);
            }
        }
    }

    /// Ends all exchanges, as cancelled if they have no answer.
    pub fn cancel(&mut self, now: Time, sink: &mut Sink<'_>) {
        self.abandon_own();
        self.end_all(now, sink, |_| true);
    }

    /// Ends those exchanges that are to end now.
    fn end_all(&mut self, now: Time, sink: &mut Sink<'_>, ends: impl Fn(&Slot) -> bool) {
        for index in self.slots.indices() {
            let slot = &self.slots[index];
            if slot.own.is_some() || !ends(slot) {
                continue;
            }
            if slot.ended.is_some() {
                self.release(index, None, sink);
            } else {
                self.end(index, Ended::Failed(Failure::Cancelled), None, now, sink);
            }
        }
        self.sweep_queues();
    }

    /// Ends as cancelled the exchanges that wait for this server, may go to no other, and were not
    /// sent yet.
    ///
    /// # Panics
    /// If `id` is not from this engine.
    pub fn recall(&mut self, id: ServerId, now: Time, sink: &mut Sink<'_>) {
        let mut queue = std::mem::take(&mut self.servers[id.0 as usize].queue);
        queue.retain(|&index| {
            let slot = &self.slots[index];
            let unsent = slot.ended.is_none()
                && slot.attempts.is_empty()
                && slot.servers == Servers::Only(id);
            if unsent {
                self.slots.left_queue(index);
                self.end(index, Ended::Failed(Failure::Cancelled), None, now, sink);
            }
            !unsent
        });
        self.servers[id.0 as usize].queue = queue;
    }

    /// Whether no exchange is held, but for the engine's own.
    pub fn is_idle(&self) -> bool {
        self.slots.held() == self.own_open
    }

    /// One server.
    ///
    /// # Panics
    /// If `id` is not from this engine.
    pub fn server(&self, id: ServerId) -> ServerReport<'_> {
        self.servers[id.0 as usize].report()
    }

    /// All servers, in the order of their [`ServerId`].
    pub fn servers(&self) -> impl Iterator<Item = ServerReport<'_>> {
        self.servers.iter().map(Server::report)
    }

    /// The accounting.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// How long servers have been asked without a word from any of them; `None` if nobody is being
    /// asked, or this machine cannot send.
    pub fn silent_for(&self, now: Time) -> Option<Duration> {
        if self.cannot_send().is_some() {
            return None;
        }
        self.unanswered_since.filter(|_| self.totals.open > 0).map(|since| now.since(since))
    }

    /// Puts an exchange into the queue of the one server that is to have it. One that is asked again
    /// goes first: else a server that is silent is found out only when all have been asked once.
    fn enqueue(&mut self, index: u32, id: ServerId) {
        let server = &mut self.servers[id.0 as usize];
        let slot = &mut self.slots[index];
        slot.queued = true;
        if slot.attempts.is_empty() && slot.own.is_none() {
            server.queue.push_back(index);
        } else {
            server.queue.push_front(index);
        }
        if !server.queued {
            server.queued = true;
            self.queued.push(id);
        }
    }

    /// Puts an exchange among those that any server may have.
    #[inline]
    fn make_ready(&mut self, index: u32) {
        let slot = &mut self.slots[index];
        slot.queued = true;
        let length = slot.name().len();
        if slot.attempts.is_empty() {
            self.ready.push(index, length);
        } else {
            self.ready.push_again(index, length);
        }
    }

    /// The same for one that the servers with room now do not suit: it waits behind all others.
    fn make_ready_last(&mut self, index: u32) {
        let slot = &mut self.slots[index];
        slot.queued = true;
        let length = slot.name().len();
        self.ready.push(index, length);
    }

    /// Takes exchanges that have ended out of the queues.
    fn sweep_queues(&mut self) {
        let ready: Vec<u32> = self.ready.drain().collect();
        for index in ready {
            if !self.slots.left_queue(index) {
                self.make_ready(index);
            }
        }
        for server in &mut self.servers {
            server.queue.retain(|&index| {
                let ended = self.slots.left_queue(index);
                self.slots[index].queued = !ended;
                !ended
            });
        }
    }

    /// Lists a server as available, or not, by what it can take now.
    #[inline]
    fn relist(&mut self, id: ServerId) {
        if self.is_out(id) {
            return self.unlist(id);
        }
        let server = &mut self.servers[id.0 as usize];
        let room = server.room(self.config.window);
        let listed = server.listed_at != NOT_LISTED;
        if listed && room == 0 {
            self.unlist(id);
        } else if !listed && room > 0 {
            // Not for a single place of a large window: longer runs cost less a query.
            let enough = (server.window.size() / 8).clamp(1, 16);
            if room >= enough || server.in_flight == 0 {
                server.listed_at = self.available.len() as u32;
                self.available.push(id);
            }
        }
    }

    /// Sets the timer of a server for what it waits for next.
    fn rearm(&mut self, id: ServerId) {
        let server = &mut self.servers[id.0 as usize];
        if server.is_untried() {
            return;
        }
        if let Some(at) = server.next_timer() {
            self.server_timers.set(id.0, at);
        }
    }

    fn unlist(&mut self, id: ServerId) {
        let place = std::mem::replace(&mut self.servers[id.0 as usize].listed_at, NOT_LISTED);
        if place == NOT_LISTED {
            return;
        }
        self.available.swap_remove(place as usize);
        if let Some(&moved) = self.available.get(place as usize) {
            self.servers[moved.0 as usize].listed_at = place;
        }
    }

    /// Leaves a server alone for a while; what waits for it goes elsewhere if it may.
    fn bench(&mut self, id: ServerId, now: Time) {
        self.change_health(id, |server| server.bench(now));
        self.rearm(id);
        self.unlist(id);
        self.move_queue(id);
    }

    /// Lets others have the exchanges that wait for this server and may go anywhere.
    fn move_queue(&mut self, id: ServerId) {
        let server = &mut self.servers[id.0 as usize];
        let (movable, staying) = std::mem::take(&mut server.queue)
            .into_iter()
            .partition::<std::collections::VecDeque<u32>, _>(|&index| {
            self.slots[index].servers == Servers::Any
        });
        server.queue = staying;
        for index in movable {
            if !self.slots.left_queue(index) {
                self.slots[index].plan.server = None;
                self.make_ready(index);
            }
        }
    }
}

/// Significant digits that are kept of round-trip times: a table of them costs kilobytes, so
/// thousands of servers get coarser ones.
fn rtt_digits(servers: usize) -> u8 {
    if servers > 512 { 1 } else { 2 }
}

/// Whether `octets` are exactly one name in uncompressed wire form.
#[inline]
fn is_wire_name(octets: &[u8]) -> bool {
    let mut at = 0;
    while let Some(&len) = octets.get(at) {
        at += 1 + usize::from(len);
        match len {
            0 => return at == octets.len() && at <= crate::wire::MAX_NAME_LEN,
            1..=63 => {}
            _ => return false,
        }
    }
    false
}

impl Finished<'_> {
    /// QNAME as an owned name.
    pub fn name_buf(&self) -> NameBuf {
        // The engine has taken nothing but names.
        NameBuf::from_wire(self.name).unwrap_or_else(|_| NameBuf::root())
    }
}
