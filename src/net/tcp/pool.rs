//! Connections of all servers, and the queries that wait for one.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};
use std::time::Duration;

use super::connection::{Connection, News, Query, errno, not_made};
use crate::engine::{ServerId, StreamCause, StreamFailure, Time};
use crate::net::address::{GONE, IsGone};
use crate::net::clock::Clock;
use crate::net::counts::ConnectCounts;
use crate::net::error::{TIMED_OUT, is_out_of_descriptors};
use crate::net::options::Options;

/// After so many connections in a row that reached a server's quota without harm, it is doubled:
/// the server may have had a bad moment when we learned it.
const GOOD_CONNECTIONS: u32 = 16;

/// How a connection ends that nobody waits for.
const DONE: StreamFailure = StreamFailure { cause: StreamCause::Closed, errno: 0 };

/// What came of a query.
pub(in crate::net) enum Event<'a, K> {
    /// Its connection is made, and it is on its way.
    Sent { key: K },
    /// A message came.
    Message { server: ServerId, received: Time, octets: &'a [u8] },
    /// The connection of this query could not be made, or ended before a response came.
    Failed { key: K, failure: StreamFailure },
    /// The local system could not even try.
    NotSent { key: K, errno: i32 },
    /// Its connection has lost the address of this machine at its end, and no response will come.
    Lost { key: K, errno: i32 },
}

/// Takes events.
pub(in crate::net) type Each<'e, K> = dyn FnMut(Event<'_, K>) + 'e;

pub(in crate::net) struct Pool<K> {
    limits: Limits,
    servers: HashMap<ServerId, Server<K>>,
    connections: Vec<Option<Connection<K>>>,
    open: usize,
    /// Which connection is polled first: another one each time, because tokio lets a task handle
    /// only so many ready sockets before it must yield.
    first: usize,
    /// Servers that wait for a connection to end so that they can have one.
    starved: VecDeque<ServerId>,
    sweep_at: Option<Time>,
    counts: ConnectCounts,
}

struct Limits {
    connections: usize,
    per_server: usize,
    pipeline: usize,
    idle: Duration,
    /// Queries on a connection in all, whatever the server takes.
    queries: Option<u32>,
    bind: Option<IpAddr>,
}

struct Server<K> {
    addr: SocketAddr,
    connections: Vec<usize>,
    /// Queries that no connection has room for.
    queue: VecDeque<Queued<K>>,
    starved: bool,
    /// Most queries on one connection, if the server has shown that there is such a number.
    quota: Option<u32>,
    /// Connections in a row that reached the quota without harm.
    good: u32,
}

struct Queued<K> {
    key: K,
    message: Box<[u8]>,
    timeout: Duration,
    deadline: Time,
}

impl<K: Copy> Queued<K> {
    fn as_query(&self) -> Query<'_, K> {
        let Self { key, ref message, timeout, deadline } = *self;
        Query { key, message, timeout, deadline }
    }
}

impl<K: Copy> Pool<K> {
    pub(in crate::net) fn new(options: &Options) -> Self {
        Self {
            limits: Limits {
                connections: usize::from(options.tcp_connections.max(1)),
                per_server: usize::from(options.tcp_connections_per_server.max(1)),
                pipeline: usize::from(options.tcp_pipeline.max(1)),
                idle: options.tcp_idle,
                queries: options.tcp_queries.map(Into::into),
                bind: options.bind,
            },
            servers: HashMap::new(),
            connections: Vec::new(),
            open: 0,
            first: 0,
            starved: VecDeque::new(),
            sweep_at: None,
            counts: ConnectCounts::default(),
        }
    }

    /// The connections so far.
    pub(in crate::net) fn counts(&self) -> &ConnectCounts {
        &self.counts
    }

    /// Takes a query; [`Pool::poll`] writes it.
    pub(in crate::net) fn submit(
        &mut self,
        now: Time,
        (server, addr): (ServerId, SocketAddr),
        query: Query<'_, K>,
        each: &mut Each<'_, K>,
    ) {
        self.sweep_at.get_or_insert(now + self.limits.sweep_interval());
        let state = self.servers.entry(server).or_insert_with(|| Server::new(addr));
        if state.queue.is_empty()
            && let Some((place, Fit::Good)) = state.room(&self.connections, &self.limits)
            && let Some(connection) = &mut self.connections[place]
        {
            if connection.push(query, now) {
                each(Event::Sent { key: query.key });
            }
            return;
        }
        let Query { key, message, timeout, deadline } = query;
        state.queue.push_back(Queued { key, message: message.into(), timeout, deadline });
        self.pump(server, now, each);
    }

    /// Closes the connections to a server that nobody waits for: another one takes its place.
    pub(in crate::net) fn forget(&mut self, id: ServerId) {
        let Some(server) = self.servers.remove(&id) else { return };
        for place in server.connections {
            self.open -= usize::from(self.connections[place].take().is_some());
        }
    }

    /// Ends connections whose local address is gone: nothing comes over them any more, and nobody
    /// would say so for minutes.
    pub(in crate::net) fn look_at_addresses(
        &mut self,
        is_gone: IsGone,
        now: Time,
        each: &mut Each<'_, K>,
    ) {
        let mut seen: Vec<(IpAddr, bool)> = Vec::new();
        let mut ended = false;
        for place in 0..self.connections.len() {
            let Some(local) = self.connections[place].as_ref().and_then(|it| it.local) else {
                continue;
            };
            let gone = match seen.iter().find(|(ip, _)| *ip == local) {
                Some(&(_, gone)) => gone,
                None => {
                    let gone = is_gone(local);
                    seen.push((local, gone));
                    gone
                }
            };
            let Some(connection) = self.connections[place].take_if(|_| gone) else { continue };
            self.open -= 1;
            ended = true;
            for query in connection.waiting {
                each(Event::Lost { key: query.key, errno: GONE });
            }
            if let Some(server) = self.servers.get_mut(&connection.server) {
                server.connections.retain(|&other| other != place);
            }
        }
        if ended {
            self.serve_queues(now, each);
        }
    }

    /// When [`Pool::sweep`] is to be called.
    pub(in crate::net) fn sweep_at(&self) -> Option<Time> {
        self.sweep_at
    }

    /// Forgets queries that the engine has given up, and closes connections that are idle or dead.
    pub(in crate::net) fn sweep(&mut self, now: Time, each: &mut Each<'_, K>) {
        if self.sweep_at.is_none_or(|at| at > now) {
            return;
        }
        for server in self.servers.values_mut() {
            server.queue.retain(|query| query.deadline > now);
        }
        for place in 0..self.connections.len() {
            let Some(connection) = &mut self.connections[place] else { continue };
            let unmade = connection.connect_by.is_some_and(|by| by <= now);
            let gone = connection.give_up_old(now);
            let idle =
                connection.waiting.is_empty() && now.since(connection.active) >= self.limits.idle;
            let timed_out = |cause| StreamFailure { cause, errno: TIMED_OUT };
            if unmade {
                self.close(place, timed_out(StreamCause::ConnectTimedOut), each);
            } else if gone || idle {
                self.close(place, timed_out(StreamCause::Silent), each);
            } else {
                self.retire(place, each);
            }
        }
        self.serve_queues(now, each);
        self.forget_servers();
        let busy = self.open > 0 || self.servers.values().any(|server| !server.queue.is_empty());
        let connections = self.connections.iter().flatten();
        let handshakes = connections.filter_map(|connection| connection.connect_by);
        let next = now + self.limits.sweep_interval();
        self.sweep_at = busy.then(|| handshakes.fold(next, Time::min));
    }

    /// Reads and writes. Ready when a message came or a connection ended.
    pub(in crate::net) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        clock: &Clock,
        each: &mut Each<'_, K>,
    ) -> Poll<()> {
        if self.open == 0 {
            return Poll::Pending;
        }
        let count = self.connections.len();
        self.first = if self.first + 1 < count { self.first + 1 } else { 0 };
        let mut something = false;
        for nth in 0..count {
            let place = (self.first + nth) % count;
            let Some(connection) = &mut self.connections[place] else { continue };
            let server = connection.server;
            let mut hand_on = |news: News<'_, K>| {
                each(match news {
                    News::Sent(key) => Event::Sent { key },
                    News::Message(received, octets) => Event::Message { server, received, octets },
                });
            };
            let polled = connection.poll(cx, clock, &mut hand_on);
            if let Some(span) = connection.handshake.take() {
                self.counts.handshakes.record(span);
            }
            match polled {
                Ok(false) => continue,
                Ok(true) => self.retire(place, each),
                Err(end) => {
                    if end.cause != StreamCause::Unsolicited {
                        self.learn(place);
                    }
                    self.close(place, end, each);
                }
            }
            something = true;
            self.pump(server, clock.now(), each);
        }
        if something {
            self.serve_starved(clock.now(), each);
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Moves queued queries of a server to its connections, and opens one if there may be more.
    fn pump(&mut self, id: ServerId, now: Time, each: &mut Each<'_, K>) {
        loop {
            let Some(server) = self.servers.get_mut(&id) else { return };
            while server.queue.front().is_some_and(|query| query.deadline <= now) {
                server.queue.pop_front();
            }
            if server.queue.is_empty() {
                return;
            }
            let room = server.room(&self.connections, &self.limits);
            let addr = server.addr;
            let may_open = server.connections.len() < self.limits.per_server
                && !matches!(room, Some((_, Fit::Good)))
                && (self.open < self.limits.connections || self.close_an_idle_one(each));
            if !may_open {
                let Some((place, _)) = room else {
                    self.starve_if_without_connection(id);
                    return;
                };
                self.put_first_of_queue(id, place, now, each);
                continue;
            }
            match Connection::begin(id, addr, self.limits.bind, now) {
                Ok(connection) => self.insert(connection),
                Err(error) if is_out_of_descriptors(&error) && self.open > 0 => {
                    // So this is how many there can be.
                    if let Some((place, _)) = room {
                        self.put_first_of_queue(id, place, now, each);
                    } else if !self.close_an_idle_one(each) {
                        self.starve_if_without_connection(id);
                        return;
                    }
                }
                Err(error) => {
                    self.fail_queue(id, &error, each);
                    return;
                }
            }
        }
    }

    fn insert(&mut self, connection: Connection<K>) {
        let id = connection.server;
        let place = match self.connections.iter().position(Option::is_none) {
            Some(place) => place,
            None => {
                self.connections.push(None);
                self.connections.len() - 1
            }
        };
        self.sweep_at = [self.sweep_at, connection.connect_by].into_iter().flatten().min();
        self.connections[place] = Some(connection);
        self.open += 1;
        self.counts.attempts += 1;
        if let Some(server) = self.servers.get_mut(&id) {
            server.connections.push(place);
        }
    }

    fn put_first_of_queue(
        &mut self,
        id: ServerId,
        place: usize,
        now: Time,
        each: &mut Each<'_, K>,
    ) {
        if let Some(connection) = &mut self.connections[place]
            && let Some(server) = self.servers.get_mut(&id)
            && let Some(query) = server.queue.pop_front()
            && connection.push(query.as_query(), now)
        {
            each(Event::Sent { key: query.key });
        }
    }

    /// Lets a server wait for a connection, if it is not to wait for one of its own.
    fn starve_if_without_connection(&mut self, id: ServerId) {
        if let Some(server) = self.servers.get_mut(&id)
            && server.connections.is_empty()
            && !server.starved
        {
            server.starved = true;
            self.starved.push_back(id);
        }
    }

    /// Gives connections to the servers that wait for one, the longest waiting first.
    fn serve_starved(&mut self, now: Time, each: &mut Each<'_, K>) {
        for _ in 0..self.starved.len() {
            if self.open >= self.limits.connections && !self.close_an_idle_one(each) {
                return;
            }
            let Some(id) = self.starved.pop_front() else { return };
            if let Some(server) = self.servers.get_mut(&id) {
                server.starved = false;
            }
            self.pump(id, now, each);
        }
    }

    fn serve_queues(&mut self, now: Time, each: &mut Each<'_, K>) {
        self.serve_starved(now, each);
        let waiting = |server: &Server<K>| !server.queue.is_empty() && !server.starved;
        let ids: Vec<_> =
            self.servers.iter().filter(|(_, server)| waiting(server)).map(|(id, _)| *id).collect();
        for id in ids {
            self.pump(id, now, each);
        }
    }

    /// The connection attempt could not even begin: tells all queries that wait for it.
    fn fail_queue(&mut self, id: ServerId, error: &io::Error, each: &mut Each<'_, K>) {
        let Some(server) = self.servers.get_mut(&id) else { return };
        if !server.connections.is_empty() {
            return;
        }
        // Only somebody else can refuse; that there is no route at once is our own word.
        let remote = error.kind() == io::ErrorKind::ConnectionRefused;
        for query in server.queue.drain(..) {
            let key = query.key;
            each(if remote {
                Event::Failed { key, failure: not_made(error) }
            } else {
                Event::NotSent { key, errno: errno(error) }
            });
        }
    }

    /// Closes the connection that has been without open queries for longest, if there is one.
    fn close_an_idle_one(&mut self, each: &mut Each<'_, K>) -> bool {
        let idle = self
            .connections
            .iter()
            .enumerate()
            .filter_map(|(place, connection)| Some((place, connection.as_ref()?)))
            .filter(|(_, connection)| connection.waiting.is_empty())
            .min_by_key(|(_, connection)| connection.active);
        let Some((place, _)) = idle else { return false };
        self.close(place, DONE, each);
        true
    }

    /// Closes a connection that has had all its queries answered and may not have more.
    fn retire(&mut self, place: usize, each: &mut Each<'_, K>) {
        let Some(connection) = &self.connections[place] else { return };
        let Some(server) = self.servers.get_mut(&connection.server) else { return };
        let Some(quota) = self.limits.queries.or(server.quota) else { return };
        if connection.asked < quota || !connection.waiting.is_empty() {
            return;
        }
        server.good += 1;
        if server.good >= GOOD_CONNECTIONS && self.limits.queries.is_none() {
            server.good = 0;
            server.quota = Some(quota.saturating_mul(2));
        }
        self.close(place, DONE, each);
    }

    /// If the peer ended a connection with queries open: that many answers are its quota.
    fn learn(&mut self, place: usize) {
        let Some(connection) = &self.connections[place] else { return };
        if connection.connect_by.is_some() || connection.waiting.is_empty() {
            return;
        }
        if let Some(server) = self.servers.get_mut(&connection.server) {
            server.quota = Some(connection.answered.max(1));
            server.good = 0;
        }
    }

    /// Ends a connection and tells its queries. If it was never made, tells those in the queue too.
    fn close(&mut self, place: usize, failure: StreamFailure, each: &mut Each<'_, K>) {
        let Some(connection) = self.connections[place].take() else { return };
        self.open -= 1;
        for query in connection.waiting {
            each(Event::Failed { key: query.key, failure });
        }
        let Some(server) = self.servers.get_mut(&connection.server) else { return };
        server.connections.retain(|&other| other != place);
        if connection.connect_by.is_some() && server.connections.is_empty() {
            for query in server.queue.drain(..) {
                each(Event::Failed { key: query.key, failure });
            }
        }
    }

    /// Keeps only servers of which something is to be remembered.
    fn forget_servers(&mut self) {
        self.servers.retain(|_, server| {
            server.starved
                || server.quota.is_some()
                || !server.connections.is_empty()
                || !server.queue.is_empty()
        });
    }
}

impl Limits {
    fn sweep_interval(&self) -> Duration {
        (self.idle / 2).clamp(Duration::from_millis(10), Duration::from_millis(500))
    }
}

impl<K: Copy> Server<K> {
    fn new(addr: SocketAddr) -> Self {
        Self {
            addr,
            connections: Vec::new(),
            queue: VecDeque::new(),
            starved: false,
            quota: None,
            good: 0,
        }
    }

    /// A connection that takes one more query: the one with the fewest open.
    fn room(&self, connections: &[Option<Connection<K>>], limits: &Limits) -> Option<(usize, Fit)> {
        let quota = limits.queries.or(self.quota).unwrap_or(u32::MAX);
        let (open, place) = self
            .connections
            .iter()
            .filter_map(|&place| Some((connections[place].as_ref()?, place)))
            .filter(|(connection, _)| connection.asked < quota && connection.has_room())
            .map(|(connection, place)| (connection.waiting.len(), place))
            .min()?;
        let good = open == 0 || self.connections.len() >= limits.per_server;
        (open < limits.pipeline).then_some((place, if good { Fit::Good } else { Fit::Second }))
    }
}

/// How well a connection suits one more query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// As well as any.
    Good,
    /// A new connection would be better.
    Second,
}
