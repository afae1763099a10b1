//! The loop body: engine, sockets, connections and timer, one turn at a time.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Sleep;

use super::address::{self, GONE};
use super::attendance::Attendance;
use super::clock::Clock;
use super::counts::{ConnectCounts, LocalCounts};
use super::error::{Family, NetError, refusal};
use super::options::Options;
use super::tcp::{self, Pool, Query};
use super::udp::{self, AddressChange, Udp};
use super::unseen::Unseen;
use crate::engine::{
    AttemptKey, Engine, EngineConfig, ServerCounts, ServerId, Sink, SocketChange, SocketId, Stream,
    Time, Transmits, TransportPolicy,
};
use crate::wire::{Message, ParseErrorKind};

/// How long the timer is set when there is nothing to wait for but the network.
const FAR: Duration = Duration::from_secs(3600);

/// Most rounds of reading before timers run: enough to empty every receive buffer. Who sends without
/// a pause does not stop them.
const DRAIN_ROUNDS: usize = 128;

/// An engine with its sockets.
///
/// Give the engine queries through [`Driver::engine_mut`], then call [`Driver::turn`] again and
/// again. A driver stays on its thread, in a tokio runtime of the current-thread kind.
pub struct Driver {
    engine: Engine,
    clock: Clock,
    udp: Udp,
    tcp: Pool<AttemptKey>,
    /// What the engine wants to have sent; not asked for more until the UDP part is gone.
    transmits: Transmits,
    timer: Timer,
    attendance: Attendance,
    bind: Option<IpAddr>,
    /// When it is seen next whether the local addresses of sockets are still there.
    addresses_at: Time,
    /// Whether UDP is used at all.
    udp_wanted: bool,
}

impl Driver {
    /// Opens UDP sockets for the address families of `servers` and learns what the kernel can do.
    ///
    /// # Errors
    /// [`NetError`]: no sockets to be had, no such family, a wrong local address, or no tokio
    /// runtime with I/O and time around the call.
    pub fn open(
        config: EngineConfig,
        servers: &[SocketAddr],
        options: &Options,
    ) -> Result<Self, NetError> {
        tokio::runtime::Handle::try_current().map_err(|_| NetError::NoRuntime)?;
        let udp_wanted = config.profile.transport != TransportPolicy::TcpOnly;
        let tcp = Pool::new(options);
        let udp = Udp::new(options)?;
        let seed = rand::random();
        let engine = Engine::new(config, servers, options.sockets_per_family(), seed);
        let mut driver = Self {
            engine,
            clock: Clock::new(),
            udp,
            tcp,
            transmits: Transmits::default(),
            timer: Timer::new(),
            attendance: Attendance::default(),
            bind: options.bind,
            addresses_at: Time::ZERO,
            udp_wanted,
        };
        for &server in servers {
            driver.open_for(server)?;
        }
        Ok(driver)
    }

    /// Adds a server, and opens sockets if it is the first of its address family.
    ///
    /// # Errors
    /// [`NetError`]; the server is not added then.
    pub fn add_server(&mut self, addr: SocketAddr) -> Result<ServerId, NetError> {
        self.open_for(addr)?;
        Ok(self.engine.add_server(addr))
    }

    /// Puts another server in the place of one, as [`Engine::replace_server`] does.
    ///
    /// # Errors
    /// [`NetError`]; nothing is changed then.
    pub fn replace_server(
        &mut self,
        id: ServerId,
        addr: SocketAddr,
    ) -> Result<Option<(SocketAddr, ServerCounts)>, NetError> {
        self.open_for(addr)?;
        let replaced = self.engine.replace_server(id, addr);
        if replaced.is_some() {
            self.tcp.forget(id);
        }
        Ok(replaced)
    }

    fn open_for(&mut self, server: SocketAddr) -> Result<(), NetError> {
        let family = Family::of(server.ip());
        if let Some(bind) = self.bind
            && Family::of(bind) != family
        {
            return Err(NetError::BindFamily { server, bind });
        }
        if self.udp_wanted && self.udp.open_family(family)? {
            let (now, udp) = (self.clock.now(), &self.udp);
            for socket in udp.family(family) {
                self.engine.socket_opened(now, socket, udp.port(socket));
            }
        }
        Ok(())
    }

    /// Replaces sockets whose time is over.
    fn change_sockets(&mut self, now: Time) {
        let Self { engine, udp, .. } = self;
        while let Some(change) = engine.poll_socket(now) {
            match change {
                SocketChange::Close(socket) => udp.close(socket, now),
                SocketChange::Open { socket, v6 } => {
                    let family = if v6 { Family::V6 } else { Family::V4 };
                    match udp.open(socket, family) {
                        Ok(()) => engine.socket_opened(now, socket, udp.port(socket)),
                        // Perhaps there is no descriptor left: the old one does as well.
                        Err(_) => engine.socket_failed(now, socket),
                    }
                }
            }
        }
    }

    /// Sees to sockets and connections whose local address is gone: what is on its way there never was,
    /// and they are bound anew as soon as that can be.
    fn look_at_addresses(&mut self, now: Time, sink: &mut Sink<'_>) {
        if now < self.addresses_at || !self.udp.is_drained() {
            return;
        }
        self.addresses_at = now + address::LOOK;
        let Self { engine, udp, tcp, .. } = self;
        match udp.look_at_address(now) {
            None => {}
            Some(AddressChange::Gone) => {
                engine.handle_sockets_lost(now, &udp.sockets(), GONE, sink);
            }
            Some(AddressChange::Back) => {
                for socket in udp.sockets() {
                    engine.socket_opened(now, socket, udp.port(socket));
                }
            }
        }
        let mut each = |event: tcp::Event<'_, _>| on_tcp(engine, now, event, sink);
        tcp.look_at_addresses(address::is_gone, now, &mut each);
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The engine, to submit queries and to cancel. Servers are added with
    /// [`Driver::add_server`].
    pub fn engine_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// Engine time: the monotonic clock since this driver was opened.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// The local port of a UDP socket, if it is open.
    pub fn port(&self, socket: SocketId) -> Option<u16> {
        self.udp.port(socket)
    }

    /// What the local system did. Asks the kernel about each socket: not for each turn.
    pub fn local_counts(&self) -> LocalCounts {
        LocalCounts { absences: self.attendance.counts, ..self.udp.counts() }
    }

    /// The TCP connections so far.
    pub fn connect_counts(&self) -> &ConnectCounts {
        self.tcp.counts()
    }

    /// Until when responses may have come unseen: because of absences, and to those sockets, for want of
    /// room. Reads the clocks, and asks the kernel about each socket: not for each exchange.
    pub fn unseen(&mut self, sockets: impl IntoIterator<Item = SocketId>) -> Unseen {
        self.compare_clocks();
        let now = self.now();
        let sockets: BTreeSet<SocketId> = sockets.into_iter().collect();
        let full = |socket| Some((socket, self.udp.full_until(socket, now)?));
        let full_until = sockets.into_iter().filter_map(full).collect();
        Unseen { back_since: self.attendance.back_since(), full_until }
    }

    /// Compares the clocks once more, so that [`Driver::local_counts`] has what happened until now.
    pub fn compare_clocks(&mut self) {
        self.attendance.compare_now(self.clock.now(), self.clock.others());
    }

    /// One turn: handles what timed out, sends a batch, receives what came; finished exchanges go
    /// to `sink`. If there was nothing to receive, waits for a datagram, a TCP event or a
    /// timeout of the engine, at most until `wake` (`None`: no limit). [`Time::ZERO`] never waits,
    /// but lets the runtime look for events.
    ///
    /// Before anything times out, everything that has come until then is read: however late this
    /// thread runs, a response that waits at a socket is not taken for a missing one.
    ///
    /// The engine is asked for one batch a turn, so that sending and receiving take turns. The
    /// timer rounds up to the next millisecond, as tokio's does. Cancel safe: nothing is lost if
    /// the future is dropped.
    ///
    /// # Errors
    /// [`NetError`] if the sockets cannot be used any more.
    pub async fn turn(&mut self, wake: Option<Time>, sink: &mut Sink<'_>) -> Result<(), NetError> {
        let begin = tokio::task::yield_now;
        let mut visit =
            Visit { begin, runtime: pin!(begin()), paid: false, due: None, busy: false };
        poll_fn(|cx| self.poll_turn(cx, wake, &mut visit, sink)).await
    }

    fn poll_turn(
        &mut self,
        cx: &mut Context<'_>,
        wake: Option<Time>,
        visit: &mut Visit<'_, impl Future<Output = ()>>,
        sink: &mut Sink<'_>,
    ) -> Poll<Result<(), NetError>> {
        loop {
            let now = self.clock.now();
            let clock = &self.clock;
            self.attendance.note(now, || clock.others());
            if visit.due.is_none() && self.next_timer().is_some_and(|at| at <= now) {
                visit.due = Some(now);
                visit.renew();
            }
            if let Some(due) = visit.due {
                // Only there is seen what came while this thread did not run.
                ready!(visit.poll(cx));
                visit.due = None;
                visit.busy = true;
                self.drain(cx, sink)?;
                self.look_at_addresses(due, sink);
                self.engine.handle_timeout(due, sink);
                self.sweep_tcp(due, sink);
            }
            visit.busy |= self.send(self.clock.now(), sink);
            let received = self.receive(cx, sink)? | self.poll_tcp(cx, sink);
            if received {
                return Poll::Ready(Ok(()));
            }
            if visit.busy {
                return visit.poll(cx).map(Ok);
            }
            let until = [self.next_timer(), wake, self.udp.retry_at()].into_iter().flatten().min();
            if until.is_some_and(|at| at <= now) {
                return visit.poll(cx).map(Ok);
            }
            let until = until.unwrap_or(now + FAR);
            if self.timer.poll(cx, now, until).is_pending() {
                self.attendance.sleeps(until);
                return Poll::Pending;
            }
        }
    }

    /// When something may time out next.
    fn next_timer(&self) -> Option<Time> {
        [self.engine.poll_timeout(), self.tcp.sweep_at()].into_iter().flatten().min()
    }

    /// Reads until nothing is left of what has come.
    fn drain(&mut self, cx: &mut Context<'_>, sink: &mut Sink<'_>) -> Result<(), NetError> {
        let rounds = poll_fn(|cx| {
            for _ in 0..DRAIN_ROUNDS {
                if !(self.receive(cx, sink)? | self.poll_tcp(cx, sink)) {
                    break;
                }
            }
            Poll::Ready(Ok(()))
        });
        // tokio says that there is nothing when a task has had its share: not here.
        match pin!(tokio::task::unconstrained(rounds)).poll(cx) {
            Poll::Ready(result) => result,
            Poll::Pending => Ok(()),
        }
    }

    /// Sends a batch of the engine's, or what is left of the last one. Returns whether something
    /// came of it that the caller should see, or there may be more at once.
    fn send(&mut self, now: Time, sink: &mut Sink<'_>) -> bool {
        if self.udp.is_drained() {
            self.look_at_addresses(now, sink);
            self.change_sockets(now);
        }
        let Self { engine, udp, tcp, transmits, .. } = self;
        let mut busy = false;
        if udp.is_drained() {
            engine.handle_all_sent(now, sink);
            engine.poll_transmit(now, transmits);
            if transmits.is_empty() {
                return false;
            }
            busy = true;
            let mut each = |event: udp::Event<'_>| on_udp(engine, transmits, now, event, sink);
            udp.load(transmits, &mut each);
            for stream in transmits.streams() {
                let &Stream { server, to, key, timeout, deadline, .. } = stream;
                let query = Query { key, message: transmits.message(stream), timeout, deadline };
                let mut each = |event: tcp::Event<'_, _>| on_tcp(engine, now, event, sink);
                tcp.submit(now, (server, to), query, &mut each);
            }
        }
        let mut each = |event: udp::Event<'_>| {
            busy = true;
            on_udp(engine, transmits, now, event, sink);
        };
        udp.send(now, transmits, &mut each);
        if udp.is_drained() {
            engine.handle_all_sent(now, sink);
            busy = true;
        }
        busy
    }

    /// Receives datagrams. Returns whether something happened; if not, the task will be woken.
    fn receive(&mut self, cx: &mut Context<'_>, sink: &mut Sink<'_>) -> Result<bool, NetError> {
        let Self { engine, udp, transmits, clock, .. } = self;
        let now = clock.now();
        let mut each = |event: udp::Event<'_>| on_udp(engine, transmits, now, event, sink);
        match udp.poll(cx, clock, &mut each) {
            Poll::Ready(result) => result.map(|()| true),
            Poll::Pending => Ok(false),
        }
    }

    /// Reads and writes on TCP connections. Returns whether something happened; if not, the task will
    /// be woken.
    fn poll_tcp(&mut self, cx: &mut Context<'_>, sink: &mut Sink<'_>) -> bool {
        let Self { engine, tcp, clock, .. } = self;
        let mut busy = false;
        let now = clock.now();
        let mut each = |event: tcp::Event<'_, _>| {
            busy = true;
            on_tcp(engine, now, event, sink);
        };
        let ready = tcp.poll(cx, clock, &mut each).is_ready();
        ready || busy
    }

    fn sweep_tcp(&mut self, now: Time, sink: &mut Sink<'_>) {
        let Self { engine, tcp, .. } = self;
        tcp.sweep(now, &mut |event: tcp::Event<'_, _>| on_tcp(engine, now, event, sink));
    }
}

fn on_udp(
    engine: &mut Engine,
    transmits: &Transmits,
    now: Time,
    event: udp::Event<'_>,
    sink: &mut Sink<'_>,
) {
    match event {
        udp::Event::Announced { socket, octets } => engine.expect_datagram(socket, octets),
        udp::Event::Datagram { socket, from, received, stamp, octets } => {
            engine.handle_datagram(received, stamp, socket, from, octets, sink);
        }
        udp::Event::Unreachable { socket, to, error, quoted } => {
            for_each_query(quoted, &mut |query| {
                engine.handle_unreachable(now, socket, to, error, query, sink);
            });
        }
        udp::Event::Undelivered { socket, to, errno, quoted } => {
            for_each_query(quoted, &mut |query| {
                engine.handle_undelivered(now, socket, to, errno, query, sink);
            });
        }
        udp::Event::NotSent { batch, datagrams, errno } => {
            let batch = &transmits.batches()[batch];
            for &key in &transmits.keys(batch)[datagrams] {
                engine.handle_not_sent(now, key, refusal(errno), errno, sink);
            }
        }
    }
}

/// Hands on each of the queries that an error quotes.
///
/// A batch stays in one piece as far as the loopback interface and virtual ones take it, so there
/// its refusal is one ICMP message that quotes several queries, one after the other.
fn for_each_query(mut quoted: &[u8], each: &mut dyn FnMut(&[u8])) {
    while let Err(more) = Message::parse(quoted)
        && matches!(more.kind, ParseErrorKind::TrailingOctets(_))
    {
        let (query, rest) = quoted.split_at(more.offset.min(quoted.len()));
        each(query);
        quoted = rest;
    }
    each(quoted);
}

fn on_tcp(engine: &mut Engine, now: Time, event: tcp::Event<'_, AttemptKey>, sink: &mut Sink<'_>) {
    match event {
        tcp::Event::Sent { key } => engine.handle_stream_sent(now, key),
        tcp::Event::Message { server, received, octets } => {
            engine.handle_stream_message(received, server, octets, sink);
        }
        tcp::Event::Failed { key, failure } => {
            engine.handle_stream_failed(now, key, failure, sink);
        }
        tcp::Event::NotSent { key, errno } => {
            engine.handle_not_sent(now, key, refusal(errno), errno, sink);
        }
        tcp::Event::Lost { key, errno } => engine.handle_stream_lost(now, key, errno, sink),
    }
}

/// The visit that a turn pays to the runtime before anything times out, and before it ends if it
/// received nothing: only there are new events looked for. Without it a caller that always has
/// something to send would never receive.
struct Visit<'v, F> {
    begin: fn() -> F,
    runtime: Pin<&'v mut F>,
    paid: bool,
    /// Timers are to run that are due at this time, after the next visit.
    due: Option<Time>,
    /// The turn did something and need not wait.
    busy: bool,
}

impl<F: Future<Output = ()>> Visit<'_, F> {
    /// Makes the next [`Visit::poll`] a visit, whether there was one before or not.
    fn renew(&mut self) {
        if self.paid {
            self.runtime.set((self.begin)());
            self.paid = false;
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.paid {
            self.paid = self.runtime.as_mut().poll(cx).is_ready();
        }
        if self.paid { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// A timer that is rarely set: firing early costs one turn of the loop, setting it for every turn
/// would cost more.
struct Timer {
    sleep: Pin<Box<Sleep>>,
    /// When it fires; `None` before the first time.
    set_to: Option<Time>,
}

impl Timer {
    fn new() -> Self {
        Self { sleep: Box::pin(tokio::time::sleep(FAR)), set_to: None }
    }

    /// Ready at `until` or before; if pending, the task will be woken by then.
    fn poll(&mut self, cx: &mut Context<'_>, now: Time, until: Time) -> Poll<()> {
        if self.set_to.is_none_or(|at| at > until || at <= now) {
            let wait = until.since(now).min(FAR);
            self.sleep.as_mut().reset(tokio::time::Instant::now() + wait);
            self.set_to = Some(now + wait);
        }
        let fired = self.sleep.as_mut().poll(cx);
        if fired.is_ready() {
            self.set_to = None;
        }
        fired
    }
}
