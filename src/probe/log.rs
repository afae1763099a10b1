//! What was asked and what came back.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;

use super::purpose::Purpose;
use super::result::Probe;
use crate::engine::{Engine, SocketId, Time};
use crate::net::LocalCounts;
use crate::walk::WalkReport;
use crate::wire::NameBuf;

/// What was asked and what came back: plain data, for those who judge.
///
/// The [`WalkReport`] has what the servers on the way to the names say of zones and delegations.
/// Beside it stand the [`Probe`]s: single queries, each one message and at most one response, so that
/// counting them is statistics. Nothing is concluded here.
#[derive(Debug, Default)]
pub struct ProbeLog {
    /// The ways to the names, and what the servers on them say; empty if there was no walk.
    pub walk: WalkReport,
    /// The zones that the job is about, each once: what is found of servers is told of these.
    pub zones: Vec<NameBuf>,
    /// Every probe that was sent, in the order of their ends.
    pub probes: Vec<Probe>,
    /// What came from each address besides answers in time.
    pub other_responses: HashMap<SocketAddr, OtherResponses>,
    /// The local port of each UDP socket, where it is known.
    pub ports: HashMap<SocketId, u16>,
    /// What our own system did to messages.
    pub local: LocalCounts,
    /// The search was ended before everything was asked; why, in one sentence.
    pub cut_short: Option<String>,
}

/// What came from an address besides answers in time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OtherResponses {
    /// Answers after the timeout.
    pub late: u64,
    /// Second and further responses.
    pub duplicates: u64,
    /// Messages that answer nothing that was asked of it.
    pub mismatched: u64,
}

impl ProbeLog {
    /// Adds what only the engine that asked knows; `port` gives the local port of a UDP socket.
    pub fn add_engine(&mut self, engine: &Engine, port: &dyn Fn(SocketId) -> Option<u16>) {
        for server in engine.servers() {
            let counts = server.counts;
            let other_responses = OtherResponses {
                late: counts.late,
                duplicates: counts.duplicates,
                mismatched: counts.mismatched,
            };
            self.other_responses.insert(server.addr, other_responses);
        }
        let sockets = self.probes.iter().filter_map(Probe::socket);
        self.ports = sockets.filter_map(|socket| Some((socket, port(socket)?))).collect();
    }

    /// The probes for a purpose, in the order of their ends.
    pub fn probes_for(&self, purpose: Purpose) -> impl Iterator<Item = &Probe> {
        self.probes.iter().filter(move |probe| probe.query.purpose == purpose)
    }

    /// Every address of a zone's servers that may be asked, none twice.
    pub fn servers_of(&self, zone: &NameBuf) -> Vec<SocketAddr> {
        let walk = &self.walk;
        let given_up = |server: &SocketAddr| {
            if server.is_ipv6() { walk.ipv6_abandoned } else { walk.ipv4_abandoned }
        };
        let delegation = walk.delegation(zone).into_iter();
        let all = delegation.flat_map(|delegation| &delegation.child_servers);
        all.map(|child| child.ns.server).filter(|server| !given_up(server)).collect()
    }

    /// The zone that has a name, if the walk got to one: the last zone on the way.
    pub fn zone_of(&self, name: &NameBuf) -> Option<NameBuf> {
        self.walk.zone_of(name).map(|delegation| delegation.zone)
    }

    /// The addresses that answered anything.
    pub fn answering(&self) -> BTreeSet<SocketAddr> {
        let answered = self.probes.iter().filter(|probe| probe.reply.is_some());
        answered.map(|probe| probe.query.server).collect()
    }

    /// When the last outcome was known.
    pub fn last_outcome(&self) -> Time {
        self.probes.last().map_or(Time::ZERO, |probe| probe.finished)
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
