//! What to ask because of what was seen: experiments that tell causes apart.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use super::survey::{self, query, random_below, zone_of};
use super::{addresses, near_miss};
use crate::engine::{SocketId, Time};
use crate::probe::log::Probe;
use crate::probe::query::Role;
use crate::probe::query::is_survey;
use crate::probe::query::{ProbeQuery, Purpose, QueryForm};
use crate::probe::sample::Sample;
use crate::verify::expect;
use crate::verify::look::Look;
use crate::verify::plan::Plan;
use crate::walk::{Fault, Kind, Rrset, WalkReport};
use crate::wire::{NameBuf, Rcode, RecordType};

/// Questions in an experiment about ports, spread over them.
const PATH_QUESTIONS: usize = 64;
/// Questions from one port in such an experiment.
const PER_PORT: std::ops::RangeInclusive<usize> = 3..=6;
/// Ports that lost some in the survey and are looked at more closely, and as many others; at least
/// so many of those.
const MOST_SUSPECTS: usize = 12;
const LEAST_CONTROLS: usize = 4;
/// Addresses that experiments about loss are made with.
const LOSSY_ADDRESSES: usize = 8;
/// The time between two questions that go slowly. Servers that limit their rates do not begin
/// below this one.
const SLOWLY: Duration = Duration::from_millis(250);
/// How many go slowly: so many that none would be lost with this probability, if they were lost
/// as often as the fast ones.
const SLOW: std::ops::RangeInclusive<u64> = 24..=40;
const SLOW_BY_CHANCE: f64 = 5e-4;
/// So few losses could not be told from none.
const FEW: u64 = 4;
/// Fast questions after the slow ones.
const FAST_AGAIN: u16 = 48;
/// Payload sizes between which large answers get lost.
const SIZES: [u16; 4] = [512, 1232, 1400, 4096];
/// Questions with each of them.
const PER_SIZE: u32 = 4;
/// Further questions where the first one had an odd answer.
const AGAIN: u32 = 3;
/// Further questions over TCP where none was answered, and the time between two of them.
const TCP_AGAIN: u32 = 4;
const TCP_SPACING: Duration = Duration::from_millis(700);
/// Further questions to servers that fail now and then.
const FAILURES_AGAIN: usize = 40;
/// Further questions for serials where they differ.
const SERIALS_AGAIN: u32 = 10;
const SERIAL_SPACING: Duration = Duration::from_millis(300);

/// One round of following up.
pub(super) struct Round<'s> {
    pub(super) plan: &'s Plan,
    pub(super) walk: &'s WalkReport,
    pub(super) probes: &'s [Probe],
    /// From 1 on.
    pub(super) number: usize,
    pub(super) rng: &'s mut StdRng,
}

/// A zone, and what its servers are asked as: experiments with them count where what led to them
/// counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Zone {
    apex: NameBuf,
    role: Role,
}

impl Zone {
    fn of(query: &ProbeQuery) -> Self {
        Self { apex: query.zone, role: query.role }
    }
}

impl Round<'_> {
    pub(super) fn queries(&mut self) -> Vec<ProbeQuery> {
        let mut all = Vec::new();
        match self.number {
            1 => {
                self.near_misses(&mut all);
                self.unchecked(&mut all);
                self.odd_answers(&mut all);
                self.plainly(&mut all);
                self.streams(&mut all);
                self.serials(&mut all);
                self.failures(&mut all);
                self.sizes(&mut all);
                self.paths(&mut all);
            }
            // Between fast ones, so that a bad minute is not taken for a limit.
            2 => self.slowly(&mut all),
            3 => self.fast_again(&mut all),
            _ => {}
        }
        all.shuffle(self.rng);
        // What may go at once goes before what has to wait; among equals the order is random.
        all.sort_by_key(|query| query.not_before);
        all
    }

    /// For records that are not right everywhere: where else they may be, and what else is there.
    fn near_misses(&mut self, all: &mut Vec<ProbeQuery>) {
        for (i, expectation) in self.plan.expectations.iter().enumerate() {
            let looks = self.probes.iter().filter(|probe| {
                probe.query.purpose == Purpose::Record(i) && probe.query.role == Role::Authoritative
            });
            let mut looks = looks.filter_map(|probe| Look::new(expectation, probe));
            // What stands behind an alias is not elsewhere.
            let wrong = |look: &Look| match look {
                Look::Right | Look::Alias(_) => false,
                Look::Wrong(_) => !self.is_in_other_zone(i),
                look => look.is_answer(),
            };
            if !looks.any(|look| wrong(&look)) {
                continue;
            }
            let Some(zone) = zone_of(self.walk, &expectation.owner) else { continue };
            let servers = addresses(self.walk, &zone);
            let mut ask = |name: NameBuf, rtype: RecordType, purpose: Purpose| {
                for &server in &servers {
                    let role = Role::Authoritative;
                    all.push(query(server, role, zone, name, rtype, QueryForm::Udp, purpose));
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
            // Policies were once published as a type of their own (RFC 7208 §3.1).
            let spf = matches!(expectation.kind, expect::Kind::Spf { .. });
            let others = others.into_iter().chain(spf.then_some(RecordType::SPF));
            for rtype in others {
                if expectation.asked_types().all(|asked| asked != rtype) {
                    ask(expectation.owner, rtype, Purpose::OtherType(i));
                }
            }
        }
    }

    /// Whether the alias of a token leads to another zone of SES, which was left open, and a text is
    /// there: then it is no mistake.
    fn is_in_other_zone(&self, number: usize) -> bool {
        self.plan.ses.as_ref().is_some_and(|tokens| !tokens.zone_given)
            && self.probes.iter().any(|probe| {
                probe.query.purpose == Purpose::FoundTarget(number)
                    && probe.reading().is_some_and(|reading| reading.kind == Kind::Answer)
            })
    }

    /// Where a recursive server fails: does it answer when it need not validate?
    fn unchecked(&mut self, all: &mut Vec<ProbeQuery>) {
        let mut done = BTreeSet::new();
        for probe in self.probes {
            let failed = probe.query.role == Role::Recursive
                && probe.reading().is_some_and(|reading| {
                    reading.kind == Kind::Fault(Fault::Rcode(Rcode::SERVFAIL))
                });
            let ProbeQuery { server, name, rtype, .. } = probe.query;
            if failed && done.insert((server, name, rtype)) {
                for _ in 0..2 {
                    all.push(ProbeQuery { form: QueryForm::Unchecked, ..probe.query });
                }
            }
        }
    }

    /// Where a server has an odd habit, or so it seems: the same again.
    fn odd_answers(&self, all: &mut Vec<ProbeQuery>) {
        let answering = self.answering();
        for probe in self.probes.iter().filter(|probe| is_odd(probe)) {
            // A server's own cookie is asked for again, to be given back again.
            let form = match probe.query.form {
                QueryForm::CookieBack(_) => QueryForm::Cookie,
                form => form,
            };
            let again = ProbeQuery { form, socket: None, ..probe.query };
            // Whether it is for EDNS shows where there is none.
            let plain = ProbeQuery { form: QueryForm::Plain, ..again };
            let without = (again.purpose == Purpose::Edns).then_some(plain);
            for again in std::iter::once(again).chain(without) {
                if answering.contains(&again.server) && !all.contains(&again) {
                    all.extend(std::iter::repeat_n(again, AGAIN as usize));
                }
            }
        }
    }

    /// Where nothing but plain DNS is answered: the records, as resolvers ask for them there,
    /// unless that was done at once.
    fn plainly(&self, all: &mut Vec<ProbeQuery>) {
        let is_good = |probe: &Probe| {
            probe.reading().is_some_and(|reading| !matches!(reading.kind, Kind::Fault(_)))
        };
        let mut plain: BTreeSet<SocketAddr> = BTreeSet::new();
        let mut with_edns: BTreeSet<SocketAddr> = BTreeSet::new();
        for probe in self.probes.iter().filter(|probe| probe.is_udp() && is_good(probe)) {
            let set =
                if probe.query.form == QueryForm::Plain { &mut plain } else { &mut with_edns };
            set.insert(probe.query.server);
        }
        let is_plain_look =
            |probe: &&Probe| probe.query.form == QueryForm::Plain && is_survey(probe.query.purpose);
        let done = self.probes.iter().filter(is_plain_look).map(|probe| probe.query.server);
        with_edns.extend(done);
        let plain_only: BTreeSet<_> = plain.difference(&with_edns).collect();
        let looks = self.probes.iter().map(|probe| probe.query).filter(|query| {
            is_survey(query.purpose)
                && query.form == QueryForm::Udp
                && plain_only.contains(&query.server)
        });
        all.extend(looks.map(|look| ProbeQuery { form: QueryForm::Plain, ..look }));
    }

    /// Authoritative addresses that answered anything.
    fn answering(&self) -> BTreeSet<SocketAddr> {
        let answered = self.probes.iter().filter(|probe| probe.reply.is_some());
        answered.map(|probe| probe.query.server).collect()
    }

    /// Where nothing comes over TCP: does it ever?
    fn streams(&self, all: &mut Vec<ProbeQuery>) {
        let mut failed: BTreeMap<SocketAddr, Option<ProbeQuery>> = BTreeMap::new();
        for probe in self.probes.iter().filter(|probe| probe.query.form == QueryForm::Tcp) {
            let place = failed.entry(probe.query.server).or_insert(Some(probe.query));
            if probe.reply.is_some() || !probe.counts() {
                *place = None;
            }
        }
        let answering = self.answering();
        let failed = failed.into_values().flatten();
        for query in failed.filter(|query| answering.contains(&query.server)) {
            let ProbeQuery { server, role, zone, .. } = query;
            for i in 0..TCP_AGAIN {
                let (rtype, purpose) = (RecordType::SOA, Purpose::Stream);
                let probe = survey::query(server, role, zone, zone, rtype, QueryForm::Tcp, purpose);
                all.push(ProbeQuery { not_before: self.now() + TCP_SPACING * i, ..probe });
            }
        }
    }

    /// Where servers of a zone have it with different serials: do those behind come up, and does
    /// one address show now this one and now that?
    fn serials(&self, all: &mut Vec<ProbeQuery>) {
        let mut zones: BTreeMap<Zone, BTreeSet<u32>> = BTreeMap::new();
        for probe in self.probes.iter().filter(|probe| probe.query.purpose == Purpose::Serial) {
            let answer = probe.reading().and_then(|reading| reading.answer.as_ref());
            if let Some(serial) = answer.and_then(Rrset::serial) {
                zones.entry(Zone::of(&probe.query)).or_default().insert(serial);
            }
        }
        for (zone, _) in zones.into_iter().filter(|(_, serials)| serials.len() > 1) {
            for server in addresses(self.walk, &zone.apex) {
                for i in 0..SERIALS_AGAIN {
                    let probe = small(server, zone, Purpose::Serial, None);
                    let not_before = self.now() + SERIAL_SPACING * i;
                    all.push(ProbeQuery { not_before, ..probe });
                }
            }
        }
    }

    /// Where a server fails for what it answers at other times: how often does it?
    fn failures(&self, all: &mut Vec<ProbeQuery>) {
        let mut servers: BTreeMap<(SocketAddr, Zone), [u32; 2]> = BTreeMap::new();
        for probe in self.probes.iter().filter(|probe| is_survey(probe.query.purpose)) {
            let (server, zone) = (probe.query.server, Zone::of(&probe.query));
            if zone.role == Role::Authoritative
                && let Some(reading) = probe.reading()
            {
                let failed = matches!(reading.kind, Kind::Fault(Fault::Rcode(_)));
                servers.entry((server, zone)).or_default()[usize::from(failed)] += 1;
            }
        }
        for ((server, zone), [good, failed]) in servers {
            if good > 0 && failed > 1 {
                let probe = small(server, zone, Purpose::Serial, None);
                all.extend(std::iter::repeat_n(probe, FAILURES_AGAIN));
            }
        }
    }

    /// Addresses that answered some questions over UDP and not others, or not as they should.
    fn lossy(&self) -> Vec<(SocketAddr, Zone, Sample<'_>)> {
        let samples = Sample::of_all(self.probes).into_iter();
        samples
            .filter(|(_, sample)| sample.is_hindered())
            .filter_map(|(server, sample)| {
                let zone = Zone::of(&sample.outcomes.first()?.0.query);
                Some((server, zone, sample))
            })
            .take(LOSSY_ADDRESSES)
            .collect()
    }

    /// Where answers get lost: small questions from ports that lost some, and from as many that
    /// did not. Is it the port?
    fn paths(&self, all: &mut Vec<ProbeQuery>) {
        for (server, zone, sample) in self.lossy() {
            let ports: BTreeMap<_, _> = sample.survey_by_socket();
            let (suspects, others): (Vec<_>, Vec<_>) =
                ports.into_iter().partition(|(_, tally)| tally.lost > 0);
            let suspects = &suspects[..suspects.len().min(MOST_SUSPECTS)];
            let controls = others.iter().take(suspects.len().max(LEAST_CONTROLS));
            let sockets: Vec<SocketId> =
                suspects.iter().chain(controls).map(|(socket, _)| *socket).collect();
            let each = PATH_QUESTIONS / sockets.len().max(1);
            for socket in sockets {
                let probe = small(server, zone, Purpose::Path, Some(self.place(socket)));
                let each = each.clamp(*PER_PORT.start(), *PER_PORT.end());
                all.extend(std::iter::repeat_n(probe, each));
            }
        }
    }

    /// The place of a socket among those of its address family.
    fn place(&self, socket: SocketId) -> u16 {
        socket.0 % self.plan.sockets.max(1)
    }

    /// Where answers get lost and the port does not explain it: small questions, slowly.
    fn slowly(&self, all: &mut Vec<ProbeQuery>) {
        for (server, zone, sample) in self.lossy() {
            if sample.suspects_against_controls().leaves_no_doubt() {
                continue;
            }
            let [fast, _] = sample.by_rate();
            if fast.suspected.lost < FEW {
                continue;
            }
            let passed = (1.0 - fast.suspected.share()).clamp(0.01, 0.99);
            let count = (SLOW_BY_CHANCE.ln() / passed.ln()).ceil() as u64;
            for i in 0..count.clamp(*SLOW.start(), *SLOW.end()) {
                let not_before = self.now() + SLOWLY * (i as u32 + 1);
                let probe = small(server, zone, Purpose::Slow, None);
                all.push(ProbeQuery { not_before, ..probe });
            }
        }
    }

    /// Where slow questions fare better: fast ones again.
    fn fast_again(&self, all: &mut Vec<ProbeQuery>) {
        for (server, zone, sample) in self.lossy() {
            let [fast, _] = sample.by_rate();
            if fast.others.asked() > 0 && fast.is_better_slow() {
                for i in 0..FAST_AGAIN {
                    let socket = Some(i % self.plan.sockets.max(1));
                    all.push(small(server, zone, Purpose::Path, socket));
                }
            }
        }
    }

    /// Where one sort of question is never answered over UDP and others are: is it the size of
    /// the answer?
    fn sizes(&self, all: &mut Vec<ProbeQuery>) {
        let samples = Sample::of_all(self.probes).into_iter();
        let silent = samples.filter_map(|(_, sample)| {
            let silent = sample.never_answered.into_values();
            let (probe, _) = silent.max_by_key(|(_, count)| *count)?;
            Some(probe.query)
        });
        for asked in silent.take(LOSSY_ADDRESSES) {
            let asked = ProbeQuery { socket: None, purpose: Purpose::Size, ..asked };
            let apex = ProbeQuery { name: asked.zone, rtype: RecordType::DNSKEY, ..asked };
            for size in SIZES {
                for query in [asked, apex] {
                    let probe = ProbeQuery { form: QueryForm::Sized(size), ..query };
                    all.extend(std::iter::repeat_n(probe, PER_SIZE as usize));
                }
            }
            // As large as without EDNS, and as it is without the limits of UDP.
            all.extend(std::iter::repeat_n(
                ProbeQuery { form: QueryForm::Plain, ..asked },
                PER_SIZE as usize,
            ));
            all.extend([asked, apex].map(|query| ProbeQuery { form: QueryForm::Tcp, ..query }));
        }
    }

    /// The time of the last outcome.
    fn now(&self) -> Time {
        self.probes.last().map_or(Time::ZERO, |probe| probe.finished)
    }
}

/// Whether a question about a habit had another answer than it should, or none.
fn is_odd(probe: &Probe) -> bool {
    if !probe.counts() {
        return false;
    }
    let kind = probe.reading().map(|reading| &reading.kind);
    let rcode = probe.reading().map(|reading| reading.rcode);
    match (probe.query.purpose, probe.query.form) {
        (Purpose::UnknownType, _) => kind != Some(&Kind::NoData),
        (Purpose::Edns, QueryForm::UnknownVersion) => rcode != Some(Rcode::BADVERS),
        // The first cookie of a client may be answered with nothing but one of the server's.
        (Purpose::Cookie, QueryForm::Cookie) => {
            !matches!(rcode, Some(Rcode::NOERROR | Rcode::NXDOMAIN | Rcode::BADCOOKIE))
        }
        (Purpose::Edns | Purpose::Cookie, _) => kind.is_none_or(|it| matches!(it, Kind::Fault(_))),
        (Purpose::NonTerminal(_), _) => kind == Some(&Kind::NameError),
        _ => false,
    }
}

/// A question to a server of a zone whose answer is small.
fn small(server: SocketAddr, zone: Zone, purpose: Purpose, socket: Option<u16>) -> ProbeQuery {
    let Zone { apex, role } = zone;
    let probe = query(server, role, apex, apex, RecordType::SOA, QueryForm::Udp, purpose);
    ProbeQuery { socket, ..probe }
}
