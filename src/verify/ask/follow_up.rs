//! What to ask because of what was seen: experiments that tell causes apart.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use super::survey::{inquiry, random_below, zone_of};
use super::{addresses, is_survey, near_miss};
use crate::engine::{Outcome, Time};
use crate::report::finding::Role;
use crate::verify::evidence::{How, Inquiry, Probe, Purpose};
use crate::verify::look::Look;
use crate::verify::plan::Plan;
use crate::walk::{Fault, Kind, WalkReport};
use crate::wire::{NameBuf, Rcode, RecordType};

/// Questions from each port in the first experiment about paths.
const PER_PORT: u32 = 3;
/// Further ones from each port that lost one of them, and from as many others.
const PER_SUSPECTED_PORT: u32 = 5;
/// Addresses that experiments about loss are made with.
const LOSSY_ADDRESSES: usize = 8;
/// Questions that go slowly, and the time between two of them.
const SLOW: u32 = 12;
const SLOWLY: Duration = Duration::from_millis(500);
/// Payload sizes between which large answers get lost.
const SIZES: [u16; 4] = [512, 1232, 1400, 4096];
/// Questions with each of them.
const PER_SIZE: u32 = 4;
/// Questions of one sort, all lost, that raise a suspicion.
const LOST_IN_A_ROW: u64 = 3;

/// One round of following up.
pub(super) struct Round<'s> {
    pub(super) plan: &'s Plan,
    pub(super) walk: &'s WalkReport,
    pub(super) probes: &'s [Probe],
    /// From 1 on.
    pub(super) number: usize,
    pub(super) rng: &'s mut StdRng,
}

/// The fates of some questions.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    lost: u64,
    answered: u64,
}

impl Round<'_> {
    pub(super) fn inquiries(&mut self) -> Vec<Inquiry> {
        let mut all = Vec::new();
        match self.number {
            1 => {
                self.near_misses(&mut all);
                self.unchecked(&mut all);
                self.paths(&mut all);
                self.sizes(&mut all);
            }
            2 => {
                self.suspected_paths(&mut all);
                self.slowly(&mut all);
            }
            _ => {}
        }
        all.shuffle(self.rng);
        // What may go at once goes before what has to wait; among equals the order is random.
        all.sort_by_key(|inquiry| inquiry.not_before);
        all
    }

    /// For records that are not right everywhere: where else they may be, and what else is there.
    fn near_misses(&mut self, all: &mut Vec<Inquiry>) {
        for (i, expectation) in self.plan.expectations.iter().enumerate() {
            let looks = self.probes.iter().filter(|probe| {
                probe.inquiry.purpose == Purpose::Record(i)
                    && probe.inquiry.role == Role::Authoritative
            });
            let mut looks = looks.filter_map(|probe| Look::new(expectation, probe));
            if !looks.any(|look| look.is_answer() && look != Look::Right) {
                continue;
            }
            let Some(zone) = zone_of(self.walk, &expectation.owner) else { continue };
            let servers = addresses(self.walk, &zone);
            let mut ask = |name: NameBuf, rtype: RecordType, purpose: Purpose| {
                for &server in &servers {
                    let role = Role::Authoritative;
                    all.push(inquiry(server, role, zone, name, rtype, How::Udp, purpose));
                }
            };
            for (kind, name) in near_miss::names(&expectation.owner, &zone) {
                ask(name, expectation.rtype, Purpose::NearMiss(i, kind));
                if let Some(parent) = name.parent().filter(|_| name != zone)
                    && let Some(sibling) = random_below(&parent, self.rng)
                {
                    ask(sibling, expectation.rtype, Purpose::NearMissSibling(i, kind));
                }
            }
            let others = [
                RecordType::A,
                RecordType::AAAA,
                RecordType::MX,
                RecordType::TXT,
                RecordType::CNAME,
            ];
            for rtype in others {
                if expectation.asked_types().all(|asked| asked != rtype) {
                    ask(expectation.owner, rtype, Purpose::OtherType(i));
                }
            }
        }
    }

    /// Where a recursive server fails: does it answer when it need not validate?
    fn unchecked(&mut self, all: &mut Vec<Inquiry>) {
        let mut done = BTreeSet::new();
        for probe in self.probes {
            let failed = probe.inquiry.role == Role::Recursive
                && probe.reading().is_some_and(|reading| {
                    reading.kind == Kind::Fault(Fault::Rcode(Rcode::SERVFAIL))
                });
            let Inquiry { server, name, rtype, .. } = probe.inquiry;
            if failed && done.insert((server, name, rtype)) {
                for _ in 0..2 {
                    all.push(Inquiry { how: How::Unchecked, ..probe.inquiry });
                }
            }
        }
    }

    /// Addresses that answered some questions of the survey over UDP and not others.
    fn lossy(&self) -> Vec<(SocketAddr, NameBuf)> {
        let mut tallies: BTreeMap<SocketAddr, (Tally, Inquiry)> = BTreeMap::new();
        for probe in self.probes {
            let of_interest = is_survey(probe.inquiry.purpose)
                && matches!(probe.inquiry.role, Role::Authoritative | Role::Target);
            if of_interest && probe.is_udp() {
                let (tally, _) = tallies
                    .entry(probe.inquiry.server)
                    .or_insert((Tally::default(), probe.inquiry));
                tally.add(probe);
            }
        }
        let lossy =
            tallies.into_iter().filter(|(_, (tally, _))| tally.lost > 0 && tally.answered > 0);
        lossy.map(|(server, (_, inquiry))| (server, inquiry.zone)).take(LOSSY_ADDRESSES).collect()
    }

    /// Where answers get lost: a few small questions from each port.
    fn paths(&self, all: &mut Vec<Inquiry>) {
        for (server, zone) in self.lossy() {
            for socket in 0..self.plan.sockets {
                for _ in 0..PER_PORT {
                    all.push(small(server, zone, Purpose::Path, Some(socket)));
                }
            }
        }
    }

    /// More from the ports that lost some, and from as many that did not: is it the port?
    fn suspected_paths(&self, all: &mut Vec<Inquiry>) {
        for (server, zone) in self.lossy() {
            let mut ports: BTreeMap<u16, Tally> = BTreeMap::new();
            for probe in self.probes {
                if probe.inquiry.server == server
                    && probe.inquiry.purpose == Purpose::Path
                    && let Some(socket) = probe.inquiry.socket
                {
                    ports.entry(socket).or_default().add(probe);
                }
            }
            let (suspects, others): (Vec<_>, Vec<_>) =
                ports.into_iter().partition(|(_, tally)| tally.lost > 0);
            let controls = others.iter().take(suspects.len());
            for (socket, _) in suspects.iter().chain(controls) {
                for _ in 0..PER_SUSPECTED_PORT {
                    all.push(small(server, zone, Purpose::Path, Some(*socket)));
                }
            }
        }
    }

    /// Where answers get lost: the same small question, slowly.
    fn slowly(&self, all: &mut Vec<Inquiry>) {
        let now = self.probes.last().map_or(Time::ZERO, |probe| probe.finished);
        for (server, zone) in self.lossy() {
            for i in 0..SLOW {
                let not_before = now + SLOWLY * (i + 1);
                let probe = small(server, zone, Purpose::Slow, None);
                all.push(Inquiry { not_before, ..probe });
            }
        }
    }

    /// Where one question is never answered over UDP and others are: is it the size of the answer?
    fn sizes(&self, all: &mut Vec<Inquiry>) {
        let mut questions: BTreeMap<(SocketAddr, NameBuf, RecordType), (Tally, Inquiry)> =
            BTreeMap::new();
        for probe in self.probes {
            let Inquiry { server, name, rtype, role, purpose, .. } = probe.inquiry;
            if probe.is_udp() && is_survey(purpose) && role != Role::Recursive {
                let (tally, _) = questions
                    .entry((server, name, rtype))
                    .or_insert((Tally::default(), probe.inquiry));
                tally.add(probe);
            }
        }
        let answering: BTreeSet<SocketAddr> = questions
            .iter()
            .filter(|(_, (tally, _))| tally.answered > 0)
            .map(|((server, ..), _)| *server)
            .collect();
        let mut done = BTreeSet::new();
        for ((server, ..), (tally, asked)) in questions {
            let suspicious =
                tally.answered == 0 && tally.lost >= LOST_IN_A_ROW && answering.contains(&server);
            if suspicious && done.len() < LOSSY_ADDRESSES && done.insert(server) {
                for size in SIZES {
                    for _ in 0..PER_SIZE {
                        let how = How::Sized(size);
                        all.push(Inquiry { how, purpose: Purpose::Size, ..asked });
                        let (zone, rtype) = (asked.zone, RecordType::DNSKEY);
                        let apex =
                            Inquiry { name: zone, rtype, purpose: Purpose::Size, how, ..asked };
                        all.push(apex);
                    }
                }
                let over_tcp = Inquiry { how: How::Tcp, purpose: Purpose::Size, ..asked };
                all.push(over_tcp);
                all.push(Inquiry { name: asked.zone, rtype: RecordType::DNSKEY, ..over_tcp });
            }
        }
    }
}

impl Tally {
    fn add(&mut self, probe: &Probe) {
        match probe.outcome() {
            Some(Outcome::TimedOut | Outcome::Late(_)) => self.lost += 1,
            Some(Outcome::Answered(_)) => self.answered += 1,
            _ => {}
        }
    }
}

/// A question whose answer is small.
fn small(server: SocketAddr, zone: NameBuf, purpose: Purpose, socket: Option<u16>) -> Inquiry {
    let rtype = RecordType::SOA;
    let probe = inquiry(server, Role::Authoritative, zone, zone, rtype, How::Udp, purpose);
    Inquiry { socket, ..probe }
}
