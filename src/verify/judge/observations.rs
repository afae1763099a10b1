//! What was seen of each expected record: every look, sorted by record and address.
//!
//! A [`Check`] says what one answer says. Some need more than their own answer to be judged: an alias
//! that leads to another zone is as good as what that zone has; CAA records count from above; and a
//! key on standby is right although it is empty. [`RecordObservations`] settles those, so that a look
//! here is what a verifier would make of it.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use crate::judge::content::text::text_of;
use crate::probe::heard::Heard;
use crate::probe::purpose;
use crate::probe::query::{QueryForm, Role};
use crate::probe::result::Probe;
use crate::report::judgement::RecordState;
use crate::verify::check::Check;
use crate::verify::expect::{Expectation, ExpectationKind};
use crate::verify::purpose::VerifyPurpose;
use crate::verify::verification::Verification;
use crate::walk::{self, Rrset};
use crate::wire::{NameBuf, RecordBuf, RecordType};

/// Aliases that are followed from one to the next.
const LONGEST_CHAIN: usize = 16;

/// All looks; see the [module](self).
pub(super) struct RecordObservations<'e> {
    pub(super) evidence: &'e Verification,
    by_purpose: HashMap<purpose::Purpose, Vec<&'e Probe>>,
    /// For each expectation: another target of the alias that is as good as the expected one.
    other_targets: Vec<Option<NameBuf>>,
    /// For each expectation, in their order.
    pub(super) statuses: Vec<RecordStatus<'e>>,
}

/// How one expected record stands.
pub(super) struct RecordStatus<'e> {
    /// Its place among the expectations.
    pub(super) number: usize,
    pub(super) expectation: &'e Expectation,
    /// The zone that has its owner, if the walk got there.
    pub(super) zone: Option<NameBuf>,
    /// The authoritative addresses that were asked for it, in order.
    pub(super) servers: Vec<AtServer<'e>>,
}

/// What one address says about one record.
pub(super) struct AtServer<'e> {
    pub(super) server: SocketAddr,
    /// In the order of asking.
    pub(super) checks: Vec<Seen<'e>>,
}

/// One look.
pub(super) struct Seen<'e> {
    pub(super) probe: &'e Probe,
    pub(super) check: Check,
}

/// What a server of the zone that an alias leads to says of the target.
pub(super) enum AtTarget<'e> {
    /// These texts.
    Texts(&'e Rrset),
    /// There are none.
    NoText,
    /// The name does not exist.
    NoName,
    /// It is an alias itself.
    Cname(NameBuf),
    /// An answer that no resolver takes.
    Unusable,
    /// No answer.
    Silent,
}

impl<'e> RecordObservations<'e> {
    pub(super) fn new(evidence: &'e Verification) -> Self {
        let mut by_purpose: HashMap<purpose::Purpose, Vec<&Probe>> = HashMap::new();
        for probe in &evidence.log.probes {
            by_purpose.entry(probe.query.purpose).or_default().push(probe);
        }
        let mut observed =
            Self { evidence, by_purpose, other_targets: Vec::new(), statuses: Vec::new() };
        let expectations = &evidence.plan.expectations;
        observed.other_targets =
            (0..expectations.len()).map(|number| observed.other_target(number)).collect();
        observed.statuses = (0..expectations.len()).map(|number| observed.status(number)).collect();
        observed
    }

    pub(super) fn probes(&self, purpose: impl Into<purpose::Purpose>) -> &[&'e Probe] {
        self.by_purpose.get(&purpose.into()).map_or(&[], Vec::as_slice)
    }

    fn status(&self, number: usize) -> RecordStatus<'e> {
        let evidence = self.evidence;
        let expectation = &evidence.plan.expectations[number];
        let mut servers: BTreeMap<SocketAddr, Vec<Seen<'e>>> = BTreeMap::new();
        for &probe in self.probes(VerifyPurpose::Record(number)) {
            if probe.query.role == Role::Authoritative {
                let checks = servers.entry(probe.query.server).or_default();
                checks.extend(self.seen(number, probe));
            }
        }
        let servers = servers.into_iter().map(|(server, mut checks)| {
            // Where only plain DNS is answered, resolvers come to do without EDNS.
            if checks.iter().any(|seen| seen.probe.query.form == QueryForm::Plain) {
                checks.retain(|seen| {
                    seen.probe.query.form == QueryForm::Plain || seen.check.is_answer()
                });
            }
            checks.sort_by_key(|seen| seen.probe.sent());
            AtServer { server, checks }
        });
        RecordStatus {
            number,
            expectation,
            zone: evidence.log.zone_of(&expectation.owner),
            servers: servers.collect(),
        }
    }

    /// What a probe for the expectation with this number says about it, settled.
    pub(super) fn seen(&self, number: usize, probe: &'e Probe) -> Option<Seen<'e>> {
        let expectation = &self.evidence.plan.expectations[number];
        let check = Check::new(expectation, probe)?;
        let check = self.settled(number, probe, check);
        Some(Seen { probe, check })
    }

    fn settled(&self, number: usize, probe: &Probe, check: Check) -> Check {
        let expectation = &self.evidence.plan.expectations[number];
        match &check {
            Check::Cname(target) => self.at_end_of(number, *target),
            Check::Wrong(records)
                if expectation.kind == ExpectationKind::DkimKey && is_standby(probe, records) =>
            {
                Check::Right
            }
            Check::Wrong(records) => {
                let other = self.other_targets.get(number).copied().flatten();
                let takes = |record: &RecordBuf| target_of(record) == other;
                match &records[..] {
                    [record] if other.is_some() && takes(record) => Check::Right,
                    _ => check,
                }
            }
            Check::Right if matches!(expectation.kind, ExpectationKind::Caa { .. }) => {
                let own = probe.reading().and_then(|reading| reading.answer.as_ref());
                if own.is_some() { check } else { self.inherited(number, probe) }
            }
            _ => check,
        }
    }

    /// What stands at the end of an alias that leads out of the zone: whatever is not right there,
    /// if anything is not; no answer if nobody there told.
    fn at_end_of(&self, number: usize, target: NameBuf) -> Check {
        let expectation = &self.evidence.plan.expectations[number];
        let mut target = target;
        for _ in 0..LONGEST_CHAIN {
            let moved = Expectation { owner: target, ..expectation.clone() };
            let probes = self.probes(VerifyPurpose::FoundTarget(number)).iter();
            let checks = probes.filter(|probe| probe.query.name == target).filter_map(|probe| {
                match Check::new(&moved, probe)? {
                    Check::Wrong(records)
                        if expectation.kind == ExpectationKind::DkimKey
                            && texts(&records).any(|text| text.is_empty())
                            && same_first_label(&target, &expectation.owner) =>
                    {
                        Some(Check::Right)
                    }
                    check => Some(check),
                }
            });
            let mut end = Check::Silent;
            let mut on = None;
            for check in checks.filter(Check::is_answer) {
                match check {
                    Check::Cname(next) => on = Some(next),
                    Check::Right if matches!(end, Check::Silent) => end = Check::Right,
                    Check::Right => {}
                    wrong => end = wrong,
                }
            }
            match on {
                Some(next) if end == Check::Silent => target = next,
                _ => return end,
            }
        }
        Check::Silent
    }

    /// Whether CAA records above the owner permit what those at the owner, which has none, do not
    /// forbid: the closest set counts (RFC 8659 §3), as the same address has it.
    fn inherited(&self, number: usize, probe: &Probe) -> Check {
        let expectation = &self.evidence.plan.expectations[number];
        let server = probe.query.server;
        let mut above = expectation.owner.parent();
        while let Some(name) = above {
            let probes = self.probes(VerifyPurpose::Ancestor(number)).iter().rev();
            // The servers of the zones above are others.
            let set = probes
                .filter(|probe| probe.query.name == name)
                .filter_map(|probe| Some((probe, probe.reading()?.answer.as_ref()?)))
                .max_by_key(|(probe, _)| probe.query.server == server);
            if let Some((_, set)) = set {
                return Check::judge(expectation, set.records().collect());
            }
            above = name.parent();
        }
        Check::Right
    }

    /// Where SES has the key if the user left its zone open and the alias leads to another one with
    /// the same token, whose servers have a text there.
    fn other_target(&self, number: usize) -> Option<NameBuf> {
        let tokens = self.evidence.plan.ses.as_ref().filter(|tokens| !tokens.zone_given)?;
        let target = self.target_in_other_zone(number)?;
        self.evidence.plan.expectations[number]
            .target()?
            .parent()
            .is_some_and(|zone| zone == tokens.zone)
            .then_some(target)
    }

    /// Where the alias of a SES token leads instead, if that is the same token in another zone whose
    /// servers have a text there.
    pub(super) fn target_in_other_zone(&self, number: usize) -> Option<NameBuf> {
        let expectation = &self.evidence.plan.expectations[number];
        let expected = expectation.target()?;
        let rotates = expectation.kind == ExpectationKind::DkimCname { rotates: true };
        let probes = self.probes(VerifyPurpose::FoundTarget(number)).iter().filter(|_| rotates);
        probes
            .filter(|probe| probe.query.name != expected)
            .filter(|probe| same_first_label(&probe.query.name, &expected))
            .find(|probe| matches!(at_target(probe), Some(AtTarget::Texts(_))))
            .map(|probe| probe.query.name)
    }

    /// Where the alias of an expectation leads: as expected, or to another place that will do.
    pub(super) fn target(&self, number: usize) -> Option<NameBuf> {
        self.other_targets
            .get(number)
            .copied()
            .flatten()
            .or_else(|| self.evidence.plan.expectations.get(number)?.target())
    }

    /// The probes that asked the servers of its zone for `target`.
    pub(super) fn target_probes(
        &self,
        number: usize,
        target: NameBuf,
    ) -> impl Iterator<Item = &'e Probe> + '_ {
        let expected = self.probes(VerifyPurpose::Target(number)).iter();
        let found = self.probes(VerifyPurpose::FoundTarget(number)).iter();
        expected.chain(found).copied().filter(move |probe| probe.query.name == target)
    }

    /// What servers of its zone say of `target`, in the order of answers.
    pub(super) fn at_target(
        &self,
        number: usize,
        target: NameBuf,
    ) -> impl Iterator<Item = AtTarget<'e>> + '_ {
        self.target_probes(number, target).filter_map(at_target)
    }

    /// The servers of the owner's zone, by what the random name beside the owner is there; only
    /// those that told.
    pub(super) fn siblings(&self, expectation: &Expectation) -> Vec<&'e Probe> {
        let parent = expectation.owner.parent();
        self.evidence
            .log
            .probes
            .iter()
            .filter(|probe| {
                matches!(VerifyPurpose::of(probe.query.purpose), Some(VerifyPurpose::Sibling(_)))
            })
            .filter(|probe| probe.query.rtype == expectation.rtype)
            .filter(|probe| parent.is_some() && probe.query.name.parent() == parent)
            .filter(|probe| probe.reading().is_some_and(walk::Reading::is_useful))
            .collect()
    }
}

impl RecordStatus<'_> {
    /// How it stands over all addresses.
    pub(super) fn state(&self) -> RecordState {
        over_all(self.servers.iter().map(AtServer::state))
    }

    /// The addresses that stand so.
    pub(super) fn at(&self, state: impl Fn(RecordState) -> bool) -> Vec<SocketAddr> {
        let servers = self.servers.iter().filter(|at| state(at.state()));
        servers.map(|at| at.server).collect()
    }

    pub(super) fn checks(&self) -> impl Iterator<Item = &Seen<'_>> {
        self.servers.iter().flat_map(|at| &at.checks)
    }

    /// Answers, right or wrong.
    pub(super) fn answers(&self) -> u64 {
        self.checks().filter(|seen| seen.check.is_answer()).count() as u64
    }

    /// Right answers.
    pub(super) fn right(&self) -> u64 {
        self.checks().filter(|seen| seen.check == Check::Right).count() as u64
    }

    /// The zone, or what is above the owner.
    pub(super) fn zone_or_parent(&self) -> NameBuf {
        let owner = self.expectation.owner;
        self.zone.unwrap_or_else(|| owner.parent().unwrap_or(owner))
    }
}

impl AtServer<'_> {
    pub(super) fn count(&self, which: impl Fn(&Check) -> bool) -> u64 {
        self.checks.iter().filter(|seen| which(&seen.check)).count() as u64
    }

    pub(super) fn answers(&self) -> u64 {
        self.count(Check::is_answer)
    }

    pub(super) fn right(&self) -> u64 {
        self.count(|check| *check == Check::Right)
    }

    /// How the record stands at this address, by its answers.
    pub(super) fn state(&self) -> RecordState {
        let (answers, right) = (self.answers(), self.right());
        let missing = self.count(|check| matches!(check, Check::Missing { .. }));
        match (answers, right, missing) {
            (0, _, _) => RecordState::Unknown,
            (_, right, _) if right == answers => RecordState::Right,
            (_, 0, missing) if missing == answers => RecordState::Missing,
            (_, 0, _) => RecordState::Wrong,
            _ => RecordState::Mixed,
        }
    }

    /// Whether the answers are one way for one type and the other way for another, and never both
    /// for one: the type that was asked decides.
    pub(super) fn depends_on_type(&self) -> bool {
        let mut by_type: BTreeMap<RecordType, [u64; 2]> = BTreeMap::new();
        for seen in self.checks.iter().filter(|seen| seen.check.is_answer()) {
            let counts = by_type.entry(seen.probe.query.rtype).or_default();
            counts[usize::from(seen.check == Check::Right)] += 1;
        }
        by_type.len() > 1
            && by_type.values().all(|[wrong, right]| (*wrong == 0) != (*right == 0))
            && by_type.values().any(|[wrong, _]| *wrong > 0)
            && by_type.values().any(|[_, right]| *right > 0)
    }
}

/// How a record stands over addresses, those aside that tell nothing.
fn over_all(states: impl Iterator<Item = RecordState>) -> RecordState {
    let reported = states.filter(|state| *state != RecordState::Unknown);
    reported
        .reduce(|all, state| match (all, state) {
            (all, state) if all == state => all,
            (RecordState::Missing, RecordState::Wrong)
            | (RecordState::Wrong, RecordState::Missing) => RecordState::Wrong,
            _ => RecordState::Mixed,
        })
        .unwrap_or(RecordState::Unknown)
}

/// What a probe for the texts of a target says; `None` if it tells nothing.
pub(super) fn at_target(probe: &Probe) -> Option<AtTarget<'_>> {
    let reading = match probe.heard()? {
        Heard::Answer(reading) => reading,
        Heard::Unusable(_) => return Some(AtTarget::Unusable),
        Heard::Silence => return Some(AtTarget::Silent),
    };
    Some(match (&reading.kind, &reading.answer) {
        (_, Some(set)) if set.rtype == probe.query.rtype => AtTarget::Texts(set),
        (walk::ResponseKind::Cname(target), _) => AtTarget::Cname(*target),
        (walk::ResponseKind::NxDomain, _) => AtTarget::NoName,
        _ => AtTarget::NoText,
    })
}

/// The texts of TXT records.
pub(super) fn texts(records: &[RecordBuf]) -> impl Iterator<Item = Vec<u8>> {
    records.iter().filter_map(text_of)
}

/// The name that a record points to.
pub(super) fn target_of(record: &RecordBuf) -> Option<NameBuf> {
    Some(record.data().target()?.to_buf())
}

/// Whether two names begin with the same label, whatever its case.
pub(super) fn same_first_label(a: &NameBuf, b: &NameBuf) -> bool {
    match (a.labels().next(), b.labels().next()) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        _ => false,
    }
}

/// Whether an empty key came by an alias that repeats the selector, as SES has them: a key on
/// standby.
fn is_standby(probe: &Probe, records: &[RecordBuf]) -> bool {
    let Some(cname) = probe.reading().and_then(|reading| reading.chain.first()) else {
        return false;
    };
    cname.targets().any(|target| same_first_label(&target, &probe.query.name))
        && !records.is_empty()
        && texts(records).all(|text| text.is_empty())
}
