//! What servers do with TCP connections and with the queries on them.

use dnsonde::engine::{AttemptKey, HANDSHAKE, StreamCause, StreamFailure};
use dnsonde::playground::virtual_net::{Connection, Query, Step};

use super::{Event, Network, collector};

const CLOSED: StreamFailure = StreamFailure { cause: StreamCause::Closed, errno: 0 };
const REFUSED: StreamFailure = StreamFailure { cause: StreamCause::Refused, errno: 111 };
const TIMED_OUT: StreamFailure = StreamFailure { cause: StreamCause::ConnectTimedOut, errno: 110 };

/// Something that happens to a connection.
pub(super) enum StreamEvent {
    Made,
    Answer { key: AttemptKey, octets: Vec<u8> },
    Overdue { key: AttemptKey },
    Ended(StreamFailure),
}

impl Network {
    /// How many TCP connections were begun.
    pub fn connections_begun(&self) -> u64 {
        self.streams.begun()
    }

    pub(super) fn handle_stream(&mut self, connection: Connection, event: StreamEvent) {
        let now = self.now;
        match event {
            StreamEvent::Made => self.streams.made(now, connection),
            StreamEvent::Answer { key, octets } => {
                let Some(answered) = self.streams.answered(now, connection, key) else { return };
                let mut sink = collector(now, &mut self.results, &mut self.live, &mut self.live_of);
                self.engine.handle_stream_message(now, connection.server, &octets, &mut sink);
                drop(sink);
                if self.behaviours[connection.server.0 as usize].stream.closes_after
                    == Some(answered)
                {
                    self.streams.ended(now, connection, CLOSED);
                }
                self.streams.settle(now, connection.server);
            }
            StreamEvent::Overdue { key } => self.streams.overdue(now, connection, key),
            StreamEvent::Ended(failure) => self.streams.ended(now, connection, failure),
        }
        self.see_to_streams();
    }

    /// Does what the connections need.
    pub(super) fn see_to_streams(&mut self) {
        let now = self.now;
        while let Some(step) = self.streams.poll() {
            match step {
                Step::Connect(connection, _) => self.connect(connection),
                Step::Send(connection, query, patience) => {
                    self.engine.handle_stream_sent(now, query.key);
                    self.send_on(connection, &query);
                    let overdue = StreamEvent::Overdue { key: query.key };
                    self.at(now + patience, Event::Stream(connection, overdue));
                }
                Step::Fail(key, failure) => {
                    let mut sink =
                        collector(now, &mut self.results, &mut self.live, &mut self.live_of);
                    self.engine.handle_stream_failed(now, key, failure, &mut sink);
                }
            }
        }
    }

    fn connect(&mut self, connection: Connection) {
        let server = connection.server.0;
        let (breaks, stream) = {
            let behaviour = &self.behaviours[server as usize];
            (behaviour.stream_breaks, behaviour.stream)
        };
        if self.chance(breaks) {
            self.breaking.insert(connection.number);
        }
        let (after, event) = if stream.drops_syns || stream.handshake >= HANDSHAKE {
            (HANDSHAKE, StreamEvent::Ended(TIMED_OUT))
        } else if stream.refuses {
            (self.delay(server), StreamEvent::Ended(REFUSED))
        } else {
            (stream.handshake, StreamEvent::Made)
        };
        self.at(self.now + after, Event::Stream(connection, event));
    }

    fn send_on(&mut self, connection: Connection, query: &Query) {
        let server = connection.server.0;
        let answered = self.now + self.delay(server);
        let event = if self.breaking.contains(&connection.number) {
            StreamEvent::Ended(CLOSED)
        } else if self.behaviours[server as usize].stream.silent {
            return;
        } else {
            let octets = self.answer(server, &query.octets, true);
            StreamEvent::Answer { key: query.key, octets }
        };
        self.at(answered, Event::Stream(connection, event));
    }
}
