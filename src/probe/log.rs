//! What was asked to verify a domain, and what came back: plain data, for those who judge.
//!
//! The [`WalkReport`] has what the servers on the way to the names say of zones and delegations.
//! Beside it stand the [`Probe`]s: single questions, each one message and at most one answer, so that
//! counting them is statistics. Nothing is concluded here.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::query::{ProbeQuery, Purpose, QueryForm};
use crate::engine::{Attempt, Engine, Outcome, SocketId, Time, Transport};
use crate::net::LocalCounts;
use crate::verify::Plan;
use crate::walk::{Reading, WalkReport};
use crate::wire::{
    EdeCode, Flags, Message, NameBuf, OptionCode, Rcode, RecordBuf, RecordType, Section,
};

/// Everything that there is to judge.
#[derive(Debug)]
pub struct Evidence {
    /// What was to be found out.
    pub plan: Plan,
    /// The ways to the names, and what the servers on them say.
    pub walk: WalkReport,
    /// Every probe that was put, in the order of their ends.
    pub probes: Vec<Probe>,
    /// What came from each address besides answers in time.
    pub strays: HashMap<SocketAddr, Strays>,
    /// The local port of each UDP socket, where it is known.
    pub ports: HashMap<SocketId, u16>,
    /// What our own system did to messages.
    pub local: LocalCounts,
    /// The search was ended before everything was asked; why, in one sentence.
    pub cut_short: Option<String>,
}

/// What came from an address besides answers in time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Strays {
    /// Answers after the timeout.
    pub late: u64,
    /// Second and further answers.
    pub duplicates: u64,
    /// Messages that answer nothing that was asked of it.
    pub mismatched: u64,
}

/// One question to one address, put once, and what came of it.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Whom, what, how and why.
    pub query: ProbeQuery,
    /// The one message; `None` if the local system could not ask this address at all.
    pub attempt: Option<Attempt>,
    /// The answer.
    pub reply: Option<Reply>,
    /// When its outcome was known.
    pub finished: Time,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The message.
    pub octets: Vec<u8>,
    /// What it says to someone who asked a server of [`ProbeQuery::zone`]; for recursive servers, to
    /// someone who believes them everything.
    pub reading: Reading,
}

impl Probe {
    /// What became of it.
    pub fn outcome(&self) -> Option<Outcome> {
        self.attempt.map(|attempt| attempt.outcome)
    }

    /// Whether it was sent, and nothing of ours stood in its way: only then it counts.
    pub fn counts(&self) -> bool {
        !matches!(
            self.outcome(),
            None | Some(Outcome::NotSent(_) | Outcome::Abandoned | Outcome::Waiting)
        )
    }

    /// Whether it was put over UDP.
    pub fn is_udp(&self) -> bool {
        self.query.form != QueryForm::Tcp
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

    /// The round-trip time of its answer.
    pub fn rtt(&self) -> Option<Duration> {
        Some(self.attempt?.answer()?.rtt)
    }

    /// What the answer says.
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

impl Evidence {
    /// Adds what only the engine that asked knows; `port` gives the local port of a UDP socket.
    pub fn add_engine(&mut self, engine: &Engine, port: &dyn Fn(SocketId) -> Option<u16>) {
        for server in engine.servers() {
            let counts = server.counts;
            let strays = Strays {
                late: counts.late,
                duplicates: counts.duplicates,
                mismatched: counts.mismatched,
            };
            self.strays.insert(server.addr, strays);
        }
        let sockets = self.probes.iter().filter_map(Probe::socket);
        self.ports = sockets.filter_map(|socket| Some((socket, port(socket)?))).collect();
    }

    /// The probes for a purpose, in the order of their ends.
    pub fn probes_for(&self, purpose: Purpose) -> impl Iterator<Item = &Probe> {
        self.probes.iter().filter(move |probe| probe.query.purpose == purpose)
    }

    /// The addresses that were asked as servers of a zone.
    pub fn servers_of(&self, zone: &NameBuf) -> Vec<SocketAddr> {
        crate::verify::ask::addresses(&self.walk, zone)
    }

    /// The zones of the expected records, each once.
    pub fn zones(&self) -> Vec<NameBuf> {
        crate::verify::ask::zones(&self.plan, &self.walk)
    }

    /// The zone that has a name, if the walk got to one: the last zone on the way.
    pub fn zone_of(&self, name: &NameBuf) -> Option<NameBuf> {
        self.walk.zone_of(name).map(|delegation| delegation.zone)
    }

    /// The names of the name servers that have an address, in a zone.
    pub fn names_of(&self, zone: &NameBuf, server: SocketAddr) -> Vec<NameBuf> {
        let Some(delegation) = self.walk.delegation(zone) else { return Vec::new() };
        delegation
            .addresses()
            .filter(|(_, address)| address.ip == server.ip())
            .map(|(name, _)| *name)
            .collect()
    }
}
