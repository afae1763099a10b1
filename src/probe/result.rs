//! One query to one address, sent once, and its outcome.

use std::time::Duration;

use bytes::Bytes;

use super::query::{ProbeQuery, Role};
use crate::engine::{Attempt, Outcome, SocketId, Time, Transport};
use crate::walk::{Exchange, ExchangeEnd, Reading, ResponseFault, ResponseKind};
use crate::wire::{EdeCode, Flags, Message, OptionCode, Rcode, RecordBuf, RecordType, Section};

/// One query to one address, sent once, and its outcome.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Whom, what, how and why.
    pub query: ProbeQuery,
    /// The one message; `None` if the local system could not ask this address at all.
    pub attempt: Option<Attempt>,
    /// The response.
    pub reply: Option<Reply>,
    /// When its outcome was known.
    pub finished: Time,
    /// This program, or the machine, was absent while it waited, or its response may have found no room here:
    /// what became of it says nothing of a server or a path.
    pub absent: bool,
}

/// A response.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The message.
    pub octets: Bytes,
    /// What it says to someone who asked a server of [`ProbeQuery::zone`]; for recursive servers, to
    /// someone who believes them everything.
    pub reading: Reading,
}

impl Probe {
    /// A query with its exchange, of which `finished` is the end.
    pub fn new(query: ProbeQuery, exchange: Exchange, finished: Time) -> Self {
        let Exchange { mut attempts, end, spoiled, .. } = exchange;
        let (attempt, reply) = match end {
            ExchangeEnd::Answered { response, attempt } => {
                let reading = read(&query, &response);
                (attempts.get(attempt).copied(), Some(Reply { octets: response, reading }))
            }
            ExchangeEnd::Failed(_) => (attempts.pop(), None),
            ExchangeEnd::NotAsked(_) => (None, None),
        };
        Self { query, attempt, reply, finished, absent: spoiled }
    }

    /// What became of it.
    pub fn outcome(&self) -> Option<Outcome> {
        self.attempt.map(|attempt| attempt.outcome)
    }

    /// Whether it was sent, and nothing of ours stood in its way: only then it counts.
    pub fn counts(&self) -> bool {
        let not_sent = matches!(
            self.outcome(),
            None | Some(Outcome::NotSent(_) | Outcome::Abandoned | Outcome::Waiting)
        );
        !not_sent && !self.absent
    }

    /// Whether it was sent over UDP.
    pub fn is_udp(&self) -> bool {
        !self.query.form.is_tcp()
    }

    /// The transport.
    pub fn transport(&self) -> Transport {
        if self.is_udp() { Transport::Udp } else { Transport::Tcp }
    }

    /// When it was sent.
    pub fn sent(&self) -> Option<Time> {
        self.attempt.map(|attempt| attempt.sent)
    }

    /// The socket it was sent from, if that was a UDP socket.
    pub fn socket(&self) -> Option<SocketId> {
        self.attempt.filter(|_| self.is_udp()).map(|attempt| attempt.socket)
    }

    /// The round-trip time of its response.
    pub fn rtt(&self) -> Option<Duration> {
        Some(self.attempt?.answer()?.rtt)
    }

    /// Whether its response was truncated.
    pub fn is_truncated(&self) -> bool {
        self.reading()
            .is_some_and(|reading| reading.kind == ResponseKind::Fault(ResponseFault::Truncated))
    }

    /// What the response says.
    pub fn reading(&self) -> Option<&Reading> {
        self.reply.as_ref().map(|reply| &reply.reading)
    }
}

impl Reply {
    /// The message, as far as it can be read; `None` if not even its header can.
    pub fn message(&self) -> Option<Message<'_>> {
        Message::parse_prefix(&self.octets).ok().map(|(message, _)| message)
    }

    /// The response code.
    pub fn rcode(&self) -> Option<Rcode> {
        self.message().map(|message| message.rcode())
    }

    /// The header flags.
    pub fn flags(&self) -> Flags {
        self.message().map_or(Flags::default(), |message| message.flags())
    }

    /// The value of an EDNS option.
    pub fn option(&self, code: OptionCode) -> Option<&[u8]> {
        let opt = self.message()?.opt()?;
        opt.options().find(|(found, _)| *found == code).map(|(_, value)| value)
    }

    /// What the server calls itself (RFC 5001).
    pub fn nsid(&self) -> Option<&[u8]> {
        self.option(OptionCode::NSID)
    }

    /// The extended errors (RFC 8914).
    pub fn extended_errors(&self) -> Vec<EdeCode> {
        let Some(opt) = self.message().and_then(|message| message.opt()) else { return Vec::new() };
        opt.options()
            .filter(|(code, _)| *code == OptionCode::EDE)
            .filter_map(|(_, value)| Some(EdeCode(u16::from_be_bytes(*value.first_chunk()?))))
            .collect()
    }

    /// The records of a section, OPT left out.
    pub fn records(&self, section: Section) -> Vec<RecordBuf> {
        let Some(message) = self.message() else { return Vec::new() };
        message
            .records(section)
            .filter(|record| record.rtype != RecordType::OPT)
            .filter_map(|record| record.to_buf().ok())
            .collect()
    }
}

fn read(query: &ProbeQuery, response: &[u8]) -> Reading {
    let ProbeQuery { role, zone, name, rtype, .. } = query;
    match role {
        Role::Recursive => Reading::of_recursive(response, name, *rtype),
        Role::Authoritative | Role::Target | Role::Other => {
            Reading::new(response, zone, name, *rtype)
        }
    }
}
