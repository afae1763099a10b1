//! What an engine holds, and what it is told and asked at any time: servers, profiles, exchanges, timers.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::config::{EngineConfig, QueryProfile, TransportPolicy, Window};
use super::control::Again;
use super::exchange::{
    AttemptKey, ExchangeRequest, Full, LateAnswer, ProfileId, ServerChoice, ServerId, Sink,
    Transport,
};
use super::ids::IdTable;
use super::ports::Ports;
use super::ready::Ready;
use super::server::{Server, ServerCounts, ServerState};
use super::slot::{AttemptPlan, Case, Slots, Timer};
use super::suspicion::Suspicion;
use super::time::Time;
use super::token_bucket::TokenBucket;
use super::totals::Totals;
use super::uplink::{DeliveryErrors, Uplink};
use super::wheel::Wheel;
use crate::wire::Flags;

/// Exchanges that may wait for a server before [`Engine::room`] says that there is enough. Some
/// hundreds let queries be grouped by length; more would only be memory.
const BACKLOG: usize = 1024;

/// Attempts that an exchange may have beyond its retries, where it was not its fault that others
/// failed: its server was asked too much, or is of no use.
const SPARE: u8 = 12;

/// Trials of servers that may be begun in a second.
const TRIALS_PER_SECOND: f64 = 5_000.0;

/// See the [module](super).
#[derive(Debug)]
pub struct Engine {
    pub(super) config: EngineConfig,
    /// The query profiles, that of the configuration first.
    pub(super) profiles: Vec<Prepared>,
    pub(super) rng: StdRng,
    pub(super) slots: Slots,
    /// Exchanges that may go to any server.
    pub(super) ready: Ready,
    pub(super) timers: Wheel,
    pub(super) servers: Vec<Server>,
    pub(super) server_ids: HashMap<SocketAddr, ServerId>,
    /// One timer a server: the end of its back-off, or its next token.
    pub(super) server_timers: Wheel,
    /// Servers that can take an exchange now, in no order.
    pub(super) available: Vec<ServerId>,
    /// Servers in good health, and those that may yet pass a trial.
    pub(super) good: usize,
    pub(super) hopeful: usize,
    /// Servers whose next trial may be made.
    pub(super) untried: VecDeque<ServerId>,
    pub(super) trial_tokens: TokenBucket,
    pub(super) trials_open: usize,
    /// When to look again for servers that suit what waits.
    pub(super) look_again: Option<Time>,
    /// Exchanges of the engine's own that are held.
    pub(super) own_open: usize,
    /// What became of second attempts.
    pub(super) again: Again,
    /// Servers with something in their own queue.
    pub(super) queued: Vec<ServerId>,
    pub(super) ports: Ports,
    pub(super) ids: Vec<IdTable>,
    /// Timeouts of each socket since its last response.
    pub(super) silent_sockets: Vec<u16>,
    /// Live message IDs over TCP, by server.
    pub(super) stream_ids: HashMap<(ServerId, u16), (u32, u16)>,
    pub(super) suspicion: Suspicion,
    pub(super) tokens: Option<TokenBucket>,
    pub(super) in_flight: usize,
    pub(super) totals: Totals,
    /// Room for the check of responses.
    pub(super) scratch: Vec<u8>,
    /// No attempt is made any more.
    pub(super) draining: bool,
    /// The first attempt after the last word from any server.
    pub(super) unanswered_since: Option<Time>,
    /// The ways out of this machine, over IPv4 and over IPv6.
    pub(super) uplinks: [Uplink; 2],
    /// Attempts that the local system refused, until it is known whether it refuses all.
    pub(super) refusals: Vec<(AttemptKey, i32)>,
    pub(super) delivery_errors: DeliveryErrors,
    /// Answers that came after the end of their exchange, where a measurement wants them. Each is of
    /// another message ID, so there are never many.
    pub(super) late: Vec<LateAnswer>,
}

/// A profile with what every attempt needs of it, worked out once.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) profile: QueryProfile,
    /// The header flags of its queries.
    pub(super) flags: Flags,
    /// How much longer than set a timeout may be, in nanoseconds: a tenth, so that retries do not
    /// come in step. Below 2^32, so that its product with 32 random bits fits.
    pub(super) jitter: u64,
}

impl Prepared {
    fn new(profile: QueryProfile, window: Window) -> Self {
        let tenth = (profile.timeout / 10).as_nanos().min(u128::from(u32::MAX)) as u64;
        let jitter = if window.is_strict() { 0 } else { tenth };
        Self { flags: profile.query_flags(), jitter, profile }
    }
}

impl Engine {
    /// An engine for `servers`.
    ///
    /// The driver has `sockets` UDP sockets for each address family: [`SocketId`](super::SocketId) 0 to
    /// `sockets - 1` for IPv4 and the next `sockets` for IPv6. It says with
    /// [`Engine::socket_opened`] when they are open, and asks [`Engine::poll_socket`] which to
    /// replace; then further numbers follow. `seed` feeds the generator of
    /// message IDs, sockets and jitter, and has to come from the system's source of randomness
    /// outside of tests.
    ///
    /// # Panics
    /// If `sockets` is 0, or more than 32,768: a [`SocketId`](super::SocketId) has room for those of both families.
    pub fn new(config: EngineConfig, servers: &[SocketAddr], sockets: u16, seed: [u8; 32]) -> Self {
        assert!(sockets > 0, "a driver has at least one socket");
        assert!(sockets <= 1 << 15, "a socket has a number for itself");
        // So many that at least half of the IDs of all sockets stay free, retries included.
        let attempts = usize::from(config.profile.retries) + 1;
        let capacity =
            config.capacity.clamp(1, (usize::from(sockets) * (1 << 15) / attempts).max(1));
        let ports = Ports::new(sockets);
        let mut engine = Self {
            profiles: vec![Prepared::new(config.profile.clone(), config.window)],
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
            trial_tokens: TokenBucket::new(TRIALS_PER_SECOND),
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
            uplinks: Default::default(),
            refusals: Vec::new(),
            delivery_errors: DeliveryErrors::default(),
            late: Vec::new(),
            config,
        };
        let digits = rtt_digits(servers.len());
        for &addr in servers {
            engine.add(addr, digits);
        }
        if engine.config.own_queries && engine.servers.len() > 1 {
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
        self.uplinks[usize::from(addr.is_ipv6())].servers += 1;
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
    ) -> Option<(SocketAddr, ServerCounts)> {
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
        self.uplinks[usize::from(old.is_ipv6())].servers -= 1;
        self.uplinks[usize::from(addr.is_ipv6())].servers += 1;
        self.relist(id);
        Some((old, counts))
    }

    /// Adds a query profile, or finds it if it was added before.
    ///
    /// # Panics
    /// If there are 256 of them.
    pub fn add_profile(&mut self, profile: QueryProfile) -> ProfileId {
        let place = self.profiles.iter().position(|known| known.profile == profile);
        let place = place.unwrap_or_else(|| {
            self.profiles.push(Prepared::new(profile, self.config.window));
            self.profiles.len() - 1
        });
        ProfileId(u8::try_from(place).expect("a handful of profiles"))
    }

    /// How an exchange is put.
    #[inline]
    pub(super) fn profile(&self, index: u32) -> &QueryProfile {
        &self.prepared(index).profile
    }

    #[inline]
    pub(super) fn prepared(&self, index: u32) -> &Prepared {
        &self.profiles[usize::from(self.slots[index].profile.0)]
    }

    /// What the engine was told at its start.
    pub fn config(&self) -> &EngineConfig {
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
    /// [`Full`] if [`EngineConfig::capacity`] exchanges are held, or after [`Engine::drain`].
    ///
    /// # Panics
    /// If the name is not a name in uncompressed wire form, or the server not one of this engine.
    #[inline]
    pub fn submit(&mut self, request: &ExchangeRequest<'_>) -> Result<(), Full> {
        assert!(is_wire_name(request.name), "a name in uncompressed wire form");
        if self.draining {
            return Err(Full);
        }
        let index = self.take_slot(request).ok_or(Full)?;
        match request.servers {
            ServerChoice::Any => self.make_ready(index),
            ServerChoice::Only(server) => {
                self.servers[server.0 as usize].own_open += 1;
                self.enqueue(index, server);
            }
        }
        self.totals.submitted += 1;
        self.totals.open += 1;
        Ok(())
    }

    /// Takes a slot for a query, with the plan of its first attempt.
    #[inline]
    pub(super) fn take_slot(&mut self, request: &ExchangeRequest<'_>) -> Option<u32> {
        let index = self.slots.take(request)?;
        let several = request.servers == ServerChoice::Any && self.servers.len() > 1;
        let profile = self.profile(index);
        let plan = AttemptPlan {
            transport: match profile.transport {
                TransportPolicy::TcpOnly => Transport::Tcp,
                TransportPolicy::UdpThenTcp | TransportPolicy::UdpOnly => Transport::Udp,
            },
            server: None,
            retries: profile.retries,
            spare: if self.config.own_queries { SPARE } else { 0 },
            same_again: if several { u8::MAX } else { 1 },
            fell_back_to_tcp: false,
            fell_back_to_plain: false,
            case: Case::Mixed,
            forgery_suspected: false,
            bad_cookie: false,
        };
        let slot = &mut self.slots[index];
        slot.plan = plan;
        if self.config.mixed_case {
            slot.case_mask = std::array::from_fn(|_| self.rng.next_u64());
        }
        Some(index)
    }

    /// Handles every timer that is due at `now`.
    pub fn handle_timeout(&mut self, now: Time, sink: &mut Sink<'_>) {
        while let Some(index) = self.timers.pop_due(now) {
            match std::mem::replace(&mut self.slots[index].timer, Timer::None) {
                Timer::PresumeLost | Timer::Deadline if self.is_frozen(index) => {}
                Timer::PresumeLost => self.presume_lost(index, now),
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
            self.change_health(id, |server| server.end_backoff(now));
            self.relist(id);
            if self.servers[index as usize].is_backed_off() {
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

    /// The answers that came since the last call to queries whose exchange had ended without one. Only
    /// [`Window::Strict`] has them.
    pub fn take_late(&mut self) -> impl Iterator<Item = LateAnswer> {
        self.late.drain(..)
    }

    /// Whether no exchange is held, but for the engine's own.
    pub fn is_idle(&self) -> bool {
        self.slots.held() == self.own_open
    }

    /// One server.
    ///
    /// # Panics
    /// If `id` is not from this engine.
    pub fn server(&self, id: ServerId) -> ServerState<'_> {
        self.servers[id.0 as usize].state()
    }

    /// All servers, in the order of their [`ServerId`].
    pub fn servers(&self) -> impl Iterator<Item = ServerState<'_>> {
        self.servers.iter().map(Server::state)
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
