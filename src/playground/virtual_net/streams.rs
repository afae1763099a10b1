//! TCP as the driver does it, under virtual time: the queries to a server share one connection, wait
//! while it has its fill, and fail with it; how many of them a server answers on one is learnt.
//!
//! What happens on the network flows in, with the time; what is to be done because of it comes out of
//! [`Streams::poll`]. What a server does with a connection or a query is not known here.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use crate::engine::{AttemptKey, ServerId, Stream, StreamCause, StreamFailure, Time};

/// Unanswered queries on a connection, and how long it is kept without any.
const PIPELINE: usize = 256;
const IDLE: Duration = Duration::from_secs(10);
/// A connection keeps a query for so many times its timeout.
const TIMES: u32 = 2;
/// After so many connections without harm the quota of a server is doubled.
const GOOD_CONNECTIONS: u32 = 16;
/// Nothing came, and the connection was given up.
const SILENT: StreamFailure = StreamFailure { cause: StreamCause::Silent, errno: 110 };

/// A connection, of all that were ever begun to any server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    /// Its server.
    pub server: ServerId,
    /// Which one it is, counted from 1.
    pub number: u64,
}

/// What is to be done.
#[derive(Debug)]
pub enum Step {
    /// A connection is begun because of this query: say [`Streams::made`] or [`Streams::ended`].
    Connect(Connection, Query),
    /// A query is put on a connection, which is made. Say [`Streams::answered`] when its response comes,
    /// and [`Streams::overdue`] after this time.
    Send(Connection, Query, Duration),
    /// A query has failed with its connection.
    Fail(AttemptKey, StreamFailure),
}

/// A query, as the engine wants it sent.
#[derive(Debug, Clone)]
pub struct Query {
    /// The engine's key.
    pub key: AttemptKey,
    /// The server's address.
    pub to: SocketAddr,
    /// The message.
    pub octets: Vec<u8>,
    timeout: Duration,
    deadline: Time,
    /// When it was put on its connection.
    sent: Time,
}

/// The connections to all servers, and the queries that wait for one.
#[derive(Debug, Default)]
pub struct Streams {
    lines: HashMap<ServerId, Line>,
    begun: u64,
    steps: VecDeque<Step>,
}

/// What there is of a server.
#[derive(Debug, Default)]
struct Line {
    open: Option<Open>,
    queue: VecDeque<Query>,
    /// Queries that it answers on one connection, if it has shown that there is such a number.
    quota: Option<u32>,
    /// Connections in a row that came to the quota without harm.
    good: u32,
}

#[derive(Debug)]
struct Open {
    connection: Connection,
    made: bool,
    waiting: Vec<Query>,
    asked: u32,
    answered: u32,
    active: Time,
}

impl Streams {
    /// How many connections were begun.
    pub fn begun(&self) -> u64 {
        self.begun
    }

    /// What is to be done next.
    pub fn poll(&mut self) -> Option<Step> {
        self.steps.pop_front()
    }

    /// Takes a query of the engine's.
    pub fn submit(&mut self, now: Time, stream: &Stream, octets: &[u8]) {
        let &Stream { server, to, key, timeout, deadline, .. } = stream;
        let query = Query { key, to, octets: octets.to_vec(), timeout, deadline, sent: now };
        self.lines.entry(server).or_default().queue.push_back(query);
        self.pump(now, server);
    }

    /// A connection is made.
    pub fn made(&mut self, now: Time, connection: Connection) {
        let Some(open) = self.open(connection) else { return };
        open.made = true;
        open.active = now;
        let waiting = open.waiting.iter_mut();
        let sent: Vec<Step> = waiting.map(|query| query.send(now, connection)).collect();
        self.steps.extend(sent);
        self.pump(now, connection.server);
    }

    /// A message came on a connection, for this query as far as is known. How many have come on it by
    /// now; `None` if it has ended before.
    pub fn answered(&mut self, now: Time, connection: Connection, key: AttemptKey) -> Option<u32> {
        let open = self.open(connection)?;
        open.active = now;
        let waiting = open.waiting.len();
        open.waiting.retain(|query| query.key != key);
        open.answered += (waiting - open.waiting.len()) as u32;
        Some(open.answered)
    }

    /// Goes on after a response was handed to the engine.
    pub fn settle(&mut self, now: Time, server: ServerId) {
        let line = self.lines.entry(server).or_default();
        let done = |open: &mut Open| {
            line.quota.is_some_and(|quota| open.asked >= quota) && open.waiting.is_empty()
        };
        if line.open.take_if(done).is_some() {
            line.reached_quota();
        }
        self.pump(now, server);
    }

    /// The time for a query is over: it is given up, and with it a connection on which nothing has come
    /// since it was sent.
    pub fn overdue(&mut self, now: Time, connection: Connection, key: AttemptKey) {
        let Some(open) = self.open(connection) else { return };
        let place = open.waiting.iter().position(|query| query.key == key);
        let query = place.map(|place| open.waiting.remove(place));
        if query.is_some_and(|query| open.active <= query.sent) {
            self.ended(now, connection, SILENT);
        }
    }

    /// A connection has ended, or could not be made; whatever waits on it fails.
    pub fn ended(&mut self, now: Time, connection: Connection, failure: StreamFailure) {
        let Some(line) = self.lines.get_mut(&connection.server) else { return };
        let Some(open) = line.open.take_if(|open| open.connection == connection) else { return };
        let mut failed = open.waiting;
        if !open.made {
            failed.extend(line.queue.drain(..));
        } else if !failed.is_empty() && failure.cause == StreamCause::Closed {
            line.quota = Some(open.answered.max(1));
            line.good = 0;
        } else if line.quota.is_some_and(|quota| open.asked >= quota) {
            line.reached_quota();
        }
        self.steps.extend(failed.into_iter().map(|query| Step::Fail(query.key, failure)));
        self.pump(now, connection.server);
    }

    fn open(&mut self, connection: Connection) -> Option<&mut Open> {
        let line = self.lines.get_mut(&connection.server)?;
        line.open.as_mut().filter(|open| open.connection == connection)
    }

    /// Moves what waits for a connection to one, as far as there is room.
    fn pump(&mut self, now: Time, server: ServerId) {
        let line = self.lines.entry(server).or_default();
        line.queue.retain(|query| query.deadline > now);
        line.open.take_if(|it| it.made && it.waiting.is_empty() && now.since(it.active) >= IDLE);
        while let Some(query) = line.queue.front() {
            let open = line.open.get_or_insert_with(|| {
                self.begun += 1;
                let connection = Connection { server, number: self.begun };
                self.steps.push_back(Step::Connect(connection, query.clone()));
                let (waiting, made, asked, answered) = (Vec::new(), false, 0, 0);
                Open { connection, made, waiting, asked, answered, active: now }
            });
            let full = open.waiting.len() >= PIPELINE;
            if full || line.quota.is_some_and(|quota| open.asked >= quota) {
                return;
            }
            let Some(mut query) = line.queue.pop_front() else { return };
            if open.made {
                self.steps.push_back(query.send(now, open.connection));
            }
            open.asked += 1;
            open.waiting.push(query);
        }
    }
}

impl Line {
    /// A connection came to its quota without harm.
    fn reached_quota(&mut self) {
        self.good += 1;
        if self.good >= GOOD_CONNECTIONS {
            self.good = 0;
            self.quota = self.quota.map(|quota| quota.saturating_mul(2));
        }
    }
}

impl Query {
    fn send(&mut self, now: Time, connection: Connection) -> Step {
        self.sent = now;
        Step::Send(connection, self.clone(), self.timeout * TIMES)
    }
}
