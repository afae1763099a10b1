//! The evidence by zone and by address, and how addresses are told of.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::engine::Outcome;
use crate::judge::actor::Actor;
use crate::judge::explained::Explained;
use crate::judge::writing::{AtFault, plain};
use crate::probe::log::{OtherResponses, ProbeLog};
use crate::probe::purpose::Purpose;
use crate::probe::query::{QueryForm, Role};
use crate::probe::result::Probe;
use crate::probe::sample::Sample;
use crate::walk::{ResponseFault, ResponseKind};
use crate::wire::NameBuf;

/// Attempts without any answer from which on nobody is there.
const SILENT: u64 = 5;
/// Addresses that a sentence names; the rest is counted.
const NAMED: usize = 4;
/// Characters of a name that a sentence shows.
const LONGEST_NAME: usize = 80;
/// The probability that a silence came about by the loss on the way, below which it has another
/// cause.
const BY_LOSS: f64 = 1e-4;

/// Everything that was seen of servers.
pub(crate) struct Observations<'e> {
    pub(crate) log: &'e ProbeLog,
    /// The addresses that were asked as servers of a zone.
    pub(crate) servers: BTreeMap<SocketAddr, ServerObservations<'e>>,
}

/// One address that was asked as a server of a zone.
#[derive(Default)]
pub(crate) struct ServerObservations<'e> {
    /// What was sent to it, in the order of sending.
    pub(crate) probes: Vec<&'e Probe>,
    /// What can be said of loss.
    pub(crate) sample: Sample<'e>,
    pub(crate) udp: Count,
    pub(crate) tcp: Count,
    pub(crate) other_responses: OtherResponses,
}

/// What became of queries over one transport.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Count {
    pub(crate) asked: u64,
    pub(crate) answered: u64,
    /// Ended by ICMP, or a refused connection.
    pub(crate) unreachable: u64,
    /// No answer, but something that came to the same port with the same ID, and from elsewhere.
    pub(crate) from_elsewhere: u64,
}

impl Count {
    fn add(&mut self, probe: &Probe) {
        self.asked += 1;
        match probe.outcome() {
            Some(Outcome::Answered(_) | Outcome::Late(_)) => self.answered += 1,
            Some(Outcome::Unreachable(_)) => self.unreachable += 1,
            Some(Outcome::StreamFailed(failure)) if failure.cause.is_rejection() => {
                self.unreachable += 1;
            }
            Some(Outcome::TimedOut) => {
                let mismatched = probe.attempt.is_some_and(|attempt| attempt.mismatched > 0);
                self.from_elsewhere += u64::from(mismatched);
            }
            _ => {}
        }
    }

    pub(crate) fn failed(self) -> u64 {
        self.asked - self.answered
    }
}

impl ServerObservations<'_> {
    /// Whether it has never answered, and was asked often enough to say so.
    pub(crate) fn is_silent(&self) -> bool {
        self.udp.asked + self.tcp.asked >= SILENT
            && self.udp.answered + self.tcp.answered + self.other_responses.late == 0
            && !self.answers_from_elsewhere()
    }

    /// Whether that is so of UDP alone.
    pub(crate) fn is_silent_over_udp(&self) -> bool {
        self.udp.asked >= SILENT
            && self.udp.answered + self.other_responses.late == 0
            && !self.answers_from_elsewhere()
    }

    /// Whether answers come, and from where they must not.
    pub(crate) fn answers_from_elsewhere(&self) -> bool {
        let lost = self.udp.failed();
        self.udp.from_elsewhere >= SILENT.min(3) && self.udp.from_elsewhere * 2 > lost
    }

    /// Whether it answers anything over UDP.
    pub(crate) fn answers_over_udp(&self) -> bool {
        self.udp.answered > 0
    }

    /// Whether `silent` queries without an answer say something about these queries, and
    /// not only about the loss on the way.
    pub(crate) fn silence_is_telling(&self, silent: u64) -> bool {
        let tally = self.sample.tally();
        let failed = tally.lost + self.udp.unreachable;
        let share = (failed + 1) as f64 / (tally.asked() + self.udp.unreachable + 2) as f64;
        share.powi(silent.min(1000) as i32) <= BY_LOSS
    }

    /// Whether these, which all failed, say something about what they have in common, and not only
    /// that queries to this server fail now and then.
    pub(crate) fn failure_is_telling(&self, failed: &[&Probe]) -> bool {
        let silent = failed.iter().filter(|probe| probe.reply.is_none()).count() as u64;
        if silent > 0 && !self.silence_is_telling(silent) {
            return false;
        }
        let refuses = |probe: &&Probe| {
            let kind = probe.reading().map(|reading| &reading.kind);
            matches!(kind, Some(ResponseKind::Fault(ResponseFault::Rcode(_))))
        };
        let usual_probes: Vec<&Probe> =
            self.probes.iter().copied().filter(|it| it.query.purpose.is_sampled()).collect();
        let refused = usual_probes.iter().filter(|probe| refuses(probe)).count();
        let share = (refused + 1) as f64 / (usual_probes.len() + 2) as f64;
        share.powi(failed.iter().filter(|probe| refuses(probe)).count() as i32) <= BY_LOSS
            || silent > 0
            || !failed.iter().any(refuses)
    }

    /// The probes of the survey that were sent as usual, as to a server of a zone.
    pub(crate) fn usual_probes(&self, zone: &NameBuf) -> impl Iterator<Item = &Probe> {
        self.of_zone(zone).filter(|probe| {
            probe.query.purpose.is_sampled()
                && matches!(probe.query.form, QueryForm::Udp | QueryForm::Sized(_) | QueryForm::Tcp)
        })
    }

    /// The probes to it as a server of a zone.
    pub(crate) fn of_zone(&self, zone: &NameBuf) -> impl Iterator<Item = &Probe> {
        let zone = *zone;
        self.probes.iter().copied().filter(move |probe| probe.query.zone == zone)
    }

    /// The probes that were sent to it as a server of a zone for a purpose.
    pub(crate) fn probes_for(&self, zone: &NameBuf, purpose: Purpose) -> Vec<&Probe> {
        self.of_zone(zone).filter(|probe| probe.query.purpose == purpose).collect()
    }
}

impl<'e> Observations<'e> {
    pub(crate) fn new(log: &'e ProbeLog) -> Self {
        let mut servers: BTreeMap<SocketAddr, ServerObservations<'e>> = BTreeMap::new();
        for probe in &log.probes {
            if matches!(probe.query.role, Role::Authoritative | Role::Target) && probe.counts() {
                servers.entry(probe.query.server).or_default().probes.push(probe);
            }
        }
        let mut samples = Sample::of_all(&log.probes);
        for (server, host) in &mut servers {
            host.probes.sort_by_key(|probe| probe.sent());
            host.sample = samples.remove(server).unwrap_or_default();
            host.other_responses = log.other_responses.get(server).copied().unwrap_or_default();
            for probe in &host.probes {
                let count = if probe.is_udp() { &mut host.udp } else { &mut host.tcp };
                count.add(probe);
            }
        }
        Self { log, servers }
    }

    /// The addresses of a zone's servers that were asked, with what was seen of them.
    pub(crate) fn servers_of(
        &self,
        zone: &NameBuf,
    ) -> impl Iterator<Item = (SocketAddr, &ServerObservations<'e>)> {
        self.log
            .servers_of(zone)
            .into_iter()
            .filter_map(|server| Some((server, self.servers.get(&server)?)))
    }

    /// Those that answer as servers of the zone.
    pub(crate) fn serving<'s>(
        &'s self,
        zone: &'s NameBuf,
        explained: &'s Explained,
    ) -> impl Iterator<Item = (SocketAddr, &'s ServerObservations<'e>)> {
        self.servers_of(zone).filter(|(server, _)| {
            !explained.is_silent(*server)
                && !explained.plain_only.contains(server)
                && !explained.is_lame(*server, zone)
        })
    }

    /// The zones that aliases lead to, as far as they are not zones of expected records.
    pub(crate) fn target_zones(&self) -> Vec<NameBuf> {
        let mut zones = Vec::new();
        for probe in &self.log.probes {
            let zone = probe.query.zone;
            if probe.query.role == Role::Target
                && !self.log.zones.contains(&zone)
                && !zones.contains(&zone)
            {
                zones.push(zone);
            }
        }
        zones
    }

    /// Who runs the servers of a zone: one of expected records, or one that aliases lead to.
    pub(crate) fn operator(&self, zone: &NameBuf) -> Actor {
        if self.log.zones.contains(zone) { Actor::DnsHost } else { Actor::Service }
    }

    /// Whether someone has answered over an address family, so that our own way there is good.
    pub(crate) fn family_works(&self, ipv6: bool) -> bool {
        let walk = self.log.walk.evidence.exchanges.iter();
        let mut walked = walk.filter(|exchange| exchange.response().is_some());
        let mut probed = self.log.probes.iter().filter(|probe| probe.reply.is_some());
        walked.any(|exchange| exchange.query.server.is_ipv6() == ipv6)
            || probed.any(|probe| probe.query.server.is_ipv6() == ipv6)
    }

    /// Addresses as the subject of a sentence.
    pub(crate) fn who(&self, zone: &NameBuf, servers: &[SocketAddr]) -> String {
        let all = self.log.servers_of(zone).len().max(servers.len());
        match servers {
            [server] => self.label(zone, *server),
            _ => {
                let named: Vec<String> =
                    servers.iter().take(NAMED).map(|it| self.label(zone, *it)).collect();
                let more = match servers.len().saturating_sub(NAMED) {
                    0 => String::new(),
                    more => format!(", and {more} more"),
                };
                let count = servers.len();
                format!("{count} of {all} server addresses ({}{more})", named.join(", "))
            }
        }
    }

    /// Servers of a zone that are at fault, in plain words.
    pub(crate) fn at_fault(&self, zone: &NameBuf, servers: &[SocketAddr]) -> AtFault {
        AtFault::of(self.log, zone, servers)
    }

    /// The same by their names alone.
    pub(crate) fn at_fault_by_name(&self, zone: &NameBuf, servers: &[SocketAddr]) -> AtFault {
        AtFault::by_name(self.log, zone, servers)
    }

    /// The zone that an address is told of as a server of: one of expected records, if there is one.
    pub(crate) fn zone_of(&self, host: &ServerObservations<'_>) -> NameBuf {
        let zones = || host.probes.iter().map(|probe| probe.query.zone);
        let expected = zones().find(|zone| self.log.zones.contains(zone));
        expected.or_else(|| zones().next()).unwrap_or_else(NameBuf::root)
    }

    /// An address with the name of its server.
    pub(crate) fn label(&self, zone: &NameBuf, server: SocketAddr) -> String {
        match self.log.names_of(zone, server).first() {
            Some(name) => format!("{} at {}", short(name), ip(server)),
            None => ip(server),
        }
    }
}

/// An address without the usual port.
pub(crate) fn ip(server: SocketAddr) -> String {
    if server.port() == 53 { server.ip().to_string() } else { server.to_string() }
}

/// A name, cut off where it is longer than a sentence bears.
pub(crate) fn short(name: &NameBuf) -> String {
    let text = plain(name);
    // Presentation format is ASCII, so every place is one between characters.
    if text.len() <= LONGEST_NAME { text } else { format!("{}…", &text[..LONGEST_NAME]) }
}
