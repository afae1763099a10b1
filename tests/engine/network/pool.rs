//! TCP as the driver does it, under virtual time: the queries to a server share one connection, wait
//! while it has its fill, and fail with it; how many of them a server answers on one is learnt.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use dnsonde::engine::{
    AttemptKey, HANDSHAKE, ServerId, Stream, StreamCause, StreamFailure, Time, Transmits,
};

use super::{Event, Network, collector};

/// Unanswered queries on a connection, and how long it is kept without any.
const PIPELINE: usize = 256;
const IDLE: Duration = Duration::from_secs(10);
/// A connection keeps a query for so many times its timeout.
const TIMES: u32 = 2;
/// After so many connections without harm the quota of a server is doubled.
const GOOD_CONNECTIONS: u32 = 16;

const CLOSED: StreamFailure = StreamFailure { cause: StreamCause::Closed, errno: 0 };
const SILENT: StreamFailure = StreamFailure { cause: StreamCause::Silent, errno: 110 };
const REFUSED: StreamFailure = StreamFailure { cause: StreamCause::Refused, errno: 111 };
const TIMED_OUT: StreamFailure = StreamFailure { cause: StreamCause::ConnectTimedOut, errno: 110 };

#[derive(Default)]
pub(super) struct Pool {
    lines: HashMap<u32, Line>,
    /// Connections that were ever begun.
    begun: u64,
}

/// What there is of a server.
#[derive(Default)]
struct Line {
    connection: Option<Connection>,
    queue: VecDeque<Query>,
    /// Queries that it answers on one connection, if it has shown that there is such a number.
    quota: Option<u32>,
    good: u32,
}

struct Connection {
    number: u64,
    made: bool,
    /// The server closes it instead of answering.
    breaks: bool,
    waiting: Vec<Query>,
    asked: u32,
    answered: u32,
    active: Time,
}

#[derive(Clone)]
struct Query {
    key: AttemptKey,
    octets: Vec<u8>,
    timeout: Duration,
    deadline: Time,
    /// When it was sent.
    at: Time,
}

/// Something that happens to a connection.
pub(super) struct StreamEvent {
    server: u32,
    number: u64,
    what: What,
}

enum What {
    Made,
    Answer { key: AttemptKey, octets: Vec<u8> },
    GivenUp { key: AttemptKey },
    Ended(StreamFailure),
}

impl Network {
    /// How many TCP connections were begun.
    pub fn connections_begun(&self) -> u64 {
        self.pool.begun
    }

    pub(super) fn submit_stream(&mut self, out: &Transmits, stream: &Stream) {
        let &Stream { server, key, timeout, deadline, .. } = stream;
        let octets = out.message(stream).to_vec();
        let query = Query { key, octets, timeout, deadline, at: self.now };
        self.pool.lines.entry(server.0).or_default().queue.push_back(query);
        self.pump(server.0);
    }

    pub(super) fn handle_stream(&mut self, StreamEvent { server, number, what }: StreamEvent) {
        let now = self.now;
        let line = self.pool.lines.get_mut(&server);
        let connection = line.and_then(|line| line.connection.as_mut());
        let Some(connection) = connection.filter(|it| it.number == number) else { return };
        match what {
            What::Made => {
                connection.made = true;
                connection.active = now;
                (0..connection.waiting.len()).for_each(|place| self.send_on(server, place));
                self.pump(server);
            }
            What::Answer { key, octets } => {
                connection.active = now;
                let waiting = connection.waiting.len();
                connection.waiting.retain(|query| query.key != key);
                connection.answered += (waiting - connection.waiting.len()) as u32;
                let mut sink = collector(now, &mut self.results, &mut self.live, &mut self.live_of);
                self.engine.handle_stream_message(now, ServerId(server), &octets, &mut sink);
                drop(sink);
                self.retire(server);
                self.pump(server);
            }
            What::GivenUp { key } => {
                let place = connection.waiting.iter().position(|query| query.key == key);
                let query = place.map(|place| connection.waiting.remove(place));
                if query.is_some_and(|query| connection.active <= query.at) {
                    self.end_stream(server, SILENT);
                }
            }
            What::Ended(failure) => self.end_stream(server, failure),
        }
    }

    /// Moves what waits for a connection to one, as far as there is room.
    fn pump(&mut self, server: u32) {
        let now = self.now;
        loop {
            let line = self.pool.lines.entry(server).or_default();
            while line.queue.front().is_some_and(|query| query.deadline <= now) {
                line.queue.pop_front();
            }
            line.connection
                .take_if(|it| it.made && it.waiting.is_empty() && now.since(it.active) >= IDLE);
            if line.queue.is_empty() {
                return;
            }
            let quota = line.quota.unwrap_or(u32::MAX);
            let Some(connection) = &mut line.connection else {
                self.connect(server);
                continue;
            };
            if connection.asked >= quota || connection.waiting.len() >= PIPELINE {
                return;
            }
            connection.waiting.extend(line.queue.pop_front());
            connection.asked += 1;
            if connection.made {
                let place = connection.waiting.len() - 1;
                self.send_on(server, place);
            }
        }
    }

    fn connect(&mut self, server: u32) {
        let behaviour = self.behaviours[server as usize].clone();
        let breaks = self.chance(behaviour.stream_breaks);
        self.pool.begun += 1;
        let number = self.pool.begun;
        let (waiting, active) = (Vec::new(), self.now);
        let (made, asked, answered) = (false, 0, 0);
        let connection = Connection { number, made, breaks, waiting, asked, answered, active };
        self.pool.lines.entry(server).or_default().connection = Some(connection);
        let stream = behaviour.stream;
        let (after, what) = if stream.drops_syns || stream.handshake >= HANDSHAKE {
            (HANDSHAKE, What::Ended(TIMED_OUT))
        } else if stream.refuses {
            (self.delay(server), What::Ended(REFUSED))
        } else {
            (stream.handshake, What::Made)
        };
        self.at(self.now + after, Event::Stream(StreamEvent { server, number, what }));
    }

    /// Sends one of the queries that wait on a connection.
    fn send_on(&mut self, server: u32, place: usize) {
        let now = self.now;
        let line = self.pool.lines.get_mut(&server);
        let Some(connection) = line.and_then(|line| line.connection.as_mut()) else { return };
        connection.waiting[place].at = now;
        let (number, breaks) = (connection.number, connection.breaks);
        let Query { key, octets, timeout, .. } = connection.waiting[place].clone();
        self.engine.handle_stream_sent(now, key);
        let event = |what| Event::Stream(StreamEvent { server, number, what });
        let answered = now + self.delay(server);
        if breaks {
            self.at(answered, event(What::Ended(CLOSED)));
        } else if !self.behaviours[server as usize].stream.silent {
            let octets = self.answer(server, &octets, true);
            self.at(answered, event(What::Answer { key, octets }));
        }
        self.at(now + timeout * TIMES, event(What::GivenUp { key }));
    }

    /// Closes a connection that has had as many answers as it will have.
    fn retire(&mut self, server: u32) {
        let closes_after = self.behaviours[server as usize].stream.closes_after;
        let line = self.pool.lines.entry(server).or_default();
        let Some(connection) = &line.connection else { return };
        if closes_after == Some(connection.answered) {
            return self.end_stream(server, CLOSED);
        }
        if line.quota.is_some_and(|quota| connection.asked >= quota)
            && connection.waiting.is_empty()
        {
            line.connection = None;
            line.reached_quota();
        }
    }

    /// Ends a connection and whatever waits on it, or for it to be made.
    fn end_stream(&mut self, server: u32, failure: StreamFailure) {
        let line = self.pool.lines.entry(server).or_default();
        let Some(connection) = line.connection.take() else { return };
        let mut failed = connection.waiting;
        if !connection.made {
            failed.extend(line.queue.drain(..));
        } else if !failed.is_empty() && failure.cause == StreamCause::Closed {
            line.quota = Some(connection.answered.max(1));
            line.good = 0;
        } else if line.quota.is_some_and(|quota| connection.asked >= quota) {
            line.reached_quota();
        }
        let mut sink = collector(self.now, &mut self.results, &mut self.live, &mut self.live_of);
        for query in failed {
            self.engine.handle_stream_failed(self.now, query.key, failure, &mut sink);
        }
        drop(sink);
        self.pump(server);
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
