//! The outcomes of the queries that went to one address over UDP: the sample behind every statement
//! about loss. Pure; whoever follows up suspicions and whoever judges read it alike.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::SocketAddr;

use super::purpose::{Experiment, Purpose};
use super::query::{ProbeQuery, QueryForm, Role};
use super::result::Probe;
use crate::engine::{Outcome, SocketId};
use crate::stats::fisher_exact;
use crate::wire::{NameBuf, RecordType};

/// Queries of one kind, all lost, from which on their kind is suspected.
const SUSPICIOUS: u64 = 2;
/// How much more the one part of a comparison has to lose for a difference to be worth telling.
const WORTH_TELLING: f64 = 0.3;
/// The p-value from which on a comparison within one address leaves no doubt, whatever else is
/// compared.
const NO_DOUBT: f64 = 1e-5;

/// Addresses that experiments about loss are made with.
pub(crate) const LOSSY_ADDRESSES: usize = 8;

/// What became of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProbeOutcome {
    /// There is a response.
    Answered,
    /// There is none.
    Lost,
    /// The response is empty and truncated, although it usually comes as a whole: what servers
    /// that limit their rate do instead of not answering.
    RateLimitSlip,
}

/// Lost and answered queries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LossTally {
    pub(crate) lost: u64,
    pub(crate) answered: u64,
}

/// A kind of query: name, type, and whether it was sent so that the response is as large as can
/// be.
pub(crate) type QueryKind = (NameBuf, RecordType, bool);

/// Queries to one address, in the order of sending.
#[derive(Debug, Default)]
pub(crate) struct Sample<'p> {
    /// Those of the baseline and of the experiments about loss, without those of kinds that are
    /// never answered.
    pub(crate) outcomes: Vec<(&'p Probe, ProbeOutcome)>,
    /// Kinds of the baseline queries that are never answered, while others are: the last query of each,
    /// and how many there were.
    pub(crate) never_answered: BTreeMap<QueryKind, (&'p Probe, u64)>,
}

impl LossTally {
    pub(crate) fn of(outcomes: impl Iterator<Item = ProbeOutcome>) -> Self {
        let mut tally = Self::default();
        outcomes.for_each(|outcome| tally.add(outcome));
        tally
    }

    fn add(&mut self, outcome: ProbeOutcome) {
        match outcome {
            ProbeOutcome::Lost => self.lost += 1,
            ProbeOutcome::Answered | ProbeOutcome::RateLimitSlip => self.answered += 1,
        }
    }

    /// All of them.
    pub(crate) fn asked(self) -> u64 {
        self.lost + self.answered
    }

    /// The share that was lost; 0 without a query.
    pub(crate) fn share(self) -> f64 {
        self.lost as f64 / self.asked().max(1) as f64
    }

    /// As a row of Fisher's table.
    pub(crate) fn row(self) -> [u64; 2] {
        [self.lost, self.answered]
    }
}

/// Two parts of a sample that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Contrast {
    /// The part that is thought to lose more.
    pub(crate) suspected: LossTally,
    /// The other one.
    pub(crate) others: LossTally,
}

impl Contrast {
    /// Fisher's p-value for "both lose alike".
    pub(crate) fn p_value(self) -> f64 {
        fisher_exact([self.suspected.row(), self.others.row()])
    }

    /// Whether the suspected part loses so much more that it matters.
    pub(crate) fn is_worth_telling(self) -> bool {
        self.suspected.share() - self.others.share() >= WORTH_TELLING
    }

    /// Whether it is worth to look whether the others lose less by more than chance.
    pub(crate) fn is_better_slow(self) -> bool {
        self.others.share() * 2.0 < self.suspected.share()
    }

    /// Whether no further query could change the conclusion.
    pub(crate) fn leaves_no_doubt(self) -> bool {
        self.is_worth_telling() && self.p_value() <= NO_DOUBT
    }
}

impl<'p> Sample<'p> {
    /// The samples of all authoritative addresses.
    pub(crate) fn of_all(probes: &'p [Probe]) -> BTreeMap<SocketAddr, Self> {
        let mut by_server: BTreeMap<SocketAddr, Vec<&Probe>> = BTreeMap::new();
        for probe in probes {
            let authoritative = matches!(probe.query.role, Role::Authoritative | Role::Target);
            if authoritative && is_of_interest(probe) && probe.counts() {
                by_server.entry(probe.query.server).or_default().push(probe);
            }
        }
        by_server.into_iter().map(|(server, probes)| (server, Self::of(probes))).collect()
    }

    /// Some of the addresses that answered some queries over UDP and not others, or not as they
    /// should.
    pub(crate) fn lossy(probes: &'p [Probe]) -> impl Iterator<Item = (SocketAddr, Self)> {
        let samples = Self::of_all(probes).into_iter();
        samples.filter(|(_, sample)| sample.is_hindered()).take(LOSSY_ADDRESSES)
    }

    /// The first query.
    pub(crate) fn first(&self) -> Option<&'p Probe> {
        self.outcomes.first().map(|(probe, _)| *probe)
    }

    fn of(mut probes: Vec<&'p Probe>) -> Self {
        probes.sort_by_key(|probe| probe.sent());
        let whole: HashSet<QueryKind> =
            probes.iter().filter(|probe| is_whole(probe)).map(|probe| kind_of(probe)).collect();
        let outcomes: Vec<(&Probe, ProbeOutcome)> = probes
            .iter()
            .filter_map(|probe| Some((*probe, outcome(probe, whole.contains(&kind_of(probe)))?)))
            .collect();
        let mut kinds: HashMap<QueryKind, LossTally> = HashMap::new();
        for (probe, outcome) in &outcomes {
            kinds.entry(kind_of(probe)).or_default().add(*outcome);
        }
        let answers = kinds.values().any(|tally| tally.answered > 0);
        let silent = |sort: &QueryKind| {
            answers && kinds[sort].answered == 0 && kinds[sort].lost >= SUSPICIOUS
        };
        let (silent, outcomes): (Vec<_>, Vec<_>) =
            outcomes.into_iter().partition(|(probe, _)| silent(&kind_of(probe)));
        let with_count = |(probe, _): (&'p Probe, ProbeOutcome)| {
            let sort = kind_of(probe);
            (sort, (probe, kinds[&sort].lost))
        };
        let never_answered = silent.into_iter().map(with_count).collect();
        Self { outcomes, never_answered }
    }

    /// All of them.
    pub(crate) fn tally(&self) -> LossTally {
        LossTally::of(self.outcomes.iter().map(|(_, outcome)| *outcome))
    }

    /// Whether some were answered and some not, or not as they should be.
    pub(crate) fn is_hindered(&self) -> bool {
        let hindered =
            self.outcomes.iter().filter(|(_, outcome)| *outcome != ProbeOutcome::Answered).count();
        (1..self.outcomes.len()).contains(&hindered)
    }

    /// The baseline by the socket that was asked from.
    pub(crate) fn baseline_by_socket(&self) -> BTreeMap<SocketId, LossTally> {
        let baseline = self.outcomes.iter().filter(|(probe, _)| probe.query.purpose.is_sampled());
        by_socket(baseline)
    }

    /// Everything by the socket that was asked from.
    pub(crate) fn by_socket(&self) -> BTreeMap<SocketId, LossTally> {
        by_socket(self.outcomes.iter())
    }

    /// The experiment about ports: the outcomes of fresh queries from ports that had lost some in
    /// the baseline, against those from ports that had not. What made a port suspicious is no part
    /// of it.
    pub(crate) fn suspects_against_controls(&self) -> Contrast {
        let suspects: BTreeSet<SocketId> = self
            .baseline_by_socket()
            .into_iter()
            .filter(|(_, tally)| tally.lost > 0)
            .map(|(socket, _)| socket)
            .collect();
        let fresh = self
            .outcomes
            .iter()
            .filter(|(probe, _)| probe.query.purpose == Purpose::Experiment(Experiment::Port));
        let (suspected, others): (Vec<_>, Vec<_>) = fresh.partition(|(probe, _)| {
            probe.socket().is_some_and(|socket| suspects.contains(&socket))
        });
        let tally = |part: Vec<&(&Probe, ProbeOutcome)>| {
            LossTally::of(part.into_iter().map(|(_, outcome)| *outcome))
        };
        Contrast { suspected: tally(suspected), others: tally(others) }
    }

    /// The experiment about the rate: what went fast before the slow queries, and what went fast
    /// after them, each against the slow ones. Truncated responses count as lost here. The first
    /// one alone, twice, while there is no second one.
    pub(crate) fn by_rate(&self) -> [Contrast; 2] {
        let is_slow = |probe: &Probe| probe.query.purpose == Purpose::Experiment(Experiment::Rate);
        let begin = self
            .outcomes
            .iter()
            .find(|(probe, _)| is_slow(probe))
            .and_then(|(probe, _)| probe.sent());
        let hindered = |part: &mut dyn Iterator<Item = &(&'p Probe, ProbeOutcome)>| {
            LossTally::of(part.map(|(_, outcome)| match outcome {
                ProbeOutcome::Answered => ProbeOutcome::Answered,
                ProbeOutcome::Lost | ProbeOutcome::RateLimitSlip => ProbeOutcome::Lost,
            }))
        };
        let slow = hindered(&mut self.outcomes.iter().filter(|(probe, _)| is_slow(probe)));
        let after = |probe: &Probe| begin.is_some_and(|begin| probe.sent() > Some(begin));
        let fast = || self.outcomes.iter().filter(|(probe, _)| !is_slow(probe));
        let first = hindered(&mut fast().filter(|(probe, _)| !after(probe)));
        let second = hindered(&mut fast().filter(|(probe, _)| after(probe)));
        let second = if second.asked() == 0 { first } else { second };
        [first, second].map(|suspected| Contrast { suspected, others: slow })
    }

    /// Whether anything went fast after the slow queries.
    pub(crate) fn was_fast_again(&self) -> bool {
        let is_slow = |probe: &Probe| probe.query.purpose == Purpose::Experiment(Experiment::Rate);
        let begin = self.outcomes.iter().position(|(probe, _)| is_slow(probe));
        begin.is_some_and(|begin| self.outcomes[begin..].iter().any(|(probe, _)| !is_slow(probe)))
    }

    /// How many answers a second the baseline got, as far as it can be told.
    pub(crate) fn answers_a_second(&self) -> Option<f64> {
        let baseline =
            || self.outcomes.iter().filter(|(probe, _)| probe.query.purpose.is_sampled());
        let sent = || baseline().filter_map(|(probe, _)| probe.sent());
        let span = sent().max()?.since(sent().min()?).as_secs_f64();
        let answered = baseline().filter(|(_, outcome)| *outcome == ProbeOutcome::Answered).count();
        (span > 0.0).then(|| answered as f64 / span)
    }
}

fn by_socket<'s, 'p: 's>(
    outcomes: impl Iterator<Item = &'s (&'p Probe, ProbeOutcome)>,
) -> BTreeMap<SocketId, LossTally> {
    let mut sockets: BTreeMap<SocketId, LossTally> = BTreeMap::new();
    for (probe, outcome) in outcomes {
        if let Some(socket) = probe.socket() {
            sockets.entry(socket).or_default().add(*outcome);
        }
    }
    sockets
}

/// Whether a probe is one whose loss says something about the way to the server.
fn is_of_interest(probe: &Probe) -> bool {
    let ProbeQuery { purpose, form, .. } = probe.query;
    matches!(purpose, Purpose::Experiment(Experiment::Port | Experiment::Rate))
        || purpose.is_sampled() && matches!(form, QueryForm::Udp | QueryForm::Sized(_))
}

/// The kind of a query.
pub(crate) fn kind_of(probe: &Probe) -> QueryKind {
    let sized = matches!(probe.query.form, QueryForm::Sized(_));
    (probe.query.name, probe.query.rtype, sized)
}

fn is_whole(probe: &Probe) -> bool {
    matches!(probe.outcome(), Some(Outcome::Answered(_))) && !probe.is_truncated()
}

fn outcome(probe: &Probe, usually_whole: bool) -> Option<ProbeOutcome> {
    match probe.outcome()? {
        Outcome::Answered(_) if usually_whole && probe.is_truncated() => {
            Some(ProbeOutcome::RateLimitSlip)
        }
        Outcome::Answered(_) => Some(ProbeOutcome::Answered),
        Outcome::TimedOut | Outcome::Late(_) => Some(ProbeOutcome::Lost),
        _ => None,
    }
}
