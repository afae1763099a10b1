//! The fates of the questions that went to one address over UDP: the sample behind every statement
//! about loss. Pure; whoever follows up suspicions and whoever judges read it alike.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::SocketAddr;

use super::log::Probe;
use super::query::{How, Inquiry, Purpose, Role, is_survey};
use crate::engine::{Outcome, SocketId};
use crate::stats::fisher_exact;
use crate::walk::{Fault, Kind};
use crate::wire::{NameBuf, RecordType};

/// Questions of one sort, all lost, from which on their sort is suspected.
const SUSPICIOUS: u64 = 2;
/// How much more the one part of a comparison has to lose for a difference to be worth telling.
const WORTH_TELLING: f64 = 0.3;
/// The p-value from which on a comparison within one address leaves no doubt, whatever else is
/// compared.
const NO_DOUBT: f64 = 1e-5;

/// What became of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// There is an answer.
    Answered,
    /// There is none.
    Lost,
    /// The answer is empty and truncated, although it usually comes as a whole: what servers
    /// that limit their rate do instead of not answering.
    Slipped,
}

/// Lost and answered questions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) lost: u64,
    pub(crate) answered: u64,
}

/// A sort of question: name, type, and whether it was put so that the answer is as large as can
/// be.
pub(crate) type Sort = (NameBuf, RecordType, bool);

/// Questions to one address, in the order of sending.
#[derive(Debug, Default)]
pub(crate) struct Sample<'p> {
    /// Those of the survey and of the experiments about loss, without those of sorts that are
    /// never answered.
    pub(crate) fates: Vec<(&'p Probe, Fate)>,
    /// Sorts of the survey that are never answered, while others are: the last question of each,
    /// and how many there were.
    pub(crate) never_answered: BTreeMap<Sort, (&'p Probe, u64)>,
}

impl Tally {
    pub(crate) fn of(fates: impl Iterator<Item = Fate>) -> Self {
        let mut tally = Self::default();
        fates.for_each(|fate| tally.add(fate));
        tally
    }

    fn add(&mut self, fate: Fate) {
        match fate {
            Fate::Lost => self.lost += 1,
            Fate::Answered | Fate::Slipped => self.answered += 1,
        }
    }

    /// All of them.
    pub(crate) fn asked(self) -> u64 {
        self.lost + self.answered
    }

    /// The share that was lost; 0 without a question.
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
    pub(crate) suspected: Tally,
    /// The other one.
    pub(crate) others: Tally,
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

    /// Whether no further question could change the conclusion.
    pub(crate) fn leaves_no_doubt(self) -> bool {
        self.is_worth_telling() && self.p_value() <= NO_DOUBT
    }
}

impl<'p> Sample<'p> {
    /// The samples of all authoritative addresses.
    pub(crate) fn of_all(probes: &'p [Probe]) -> BTreeMap<SocketAddr, Self> {
        let mut by_server: BTreeMap<SocketAddr, Vec<&Probe>> = BTreeMap::new();
        for probe in probes {
            let authoritative = matches!(probe.inquiry.role, Role::Authoritative | Role::Target);
            if authoritative && is_of_interest(probe) {
                by_server.entry(probe.inquiry.server).or_default().push(probe);
            }
        }
        by_server.into_iter().map(|(server, probes)| (server, Self::of(probes))).collect()
    }

    fn of(mut probes: Vec<&'p Probe>) -> Self {
        probes.sort_by_key(|probe| probe.sent());
        let whole: HashSet<Sort> =
            probes.iter().filter(|probe| is_whole(probe)).map(|probe| sort_of(probe)).collect();
        let fates: Vec<(&Probe, Fate)> = probes
            .iter()
            .filter_map(|probe| Some((*probe, fate(probe, whole.contains(&sort_of(probe)))?)))
            .collect();
        let mut sorts: HashMap<Sort, Tally> = HashMap::new();
        for (probe, fate) in &fates {
            sorts.entry(sort_of(probe)).or_default().add(*fate);
        }
        let answers = sorts.values().any(|tally| tally.answered > 0);
        let silent =
            |sort: &Sort| answers && sorts[sort].answered == 0 && sorts[sort].lost >= SUSPICIOUS;
        let (silent, fates): (Vec<_>, Vec<_>) =
            fates.into_iter().partition(|(probe, _)| silent(&sort_of(probe)));
        let with_count = |(probe, _): (&'p Probe, Fate)| {
            let sort = sort_of(probe);
            (sort, (probe, sorts[&sort].lost))
        };
        let never_answered = silent.into_iter().map(with_count).collect();
        Self { fates, never_answered }
    }

    /// All of them.
    pub(crate) fn tally(&self) -> Tally {
        Tally::of(self.fates.iter().map(|(_, fate)| *fate))
    }

    /// Whether some were answered and some not, or not as they should be.
    pub(crate) fn is_hindered(&self) -> bool {
        let hindered = self.fates.iter().filter(|(_, fate)| *fate != Fate::Answered).count();
        (1..self.fates.len()).contains(&hindered)
    }

    /// The survey by the socket that was asked from.
    pub(crate) fn survey_by_socket(&self) -> BTreeMap<SocketId, Tally> {
        let survey = self.fates.iter().filter(|(probe, _)| is_survey(probe.inquiry.purpose));
        by_socket(survey)
    }

    /// Everything by the socket that was asked from.
    pub(crate) fn by_socket(&self) -> BTreeMap<SocketId, Tally> {
        by_socket(self.fates.iter())
    }

    /// The experiment about ports: the fates of fresh questions from ports that had lost some in
    /// the survey, against those from ports that had not. What made a port suspicious is no part
    /// of it.
    pub(crate) fn by_suspicion(&self) -> Contrast {
        let suspects: BTreeSet<SocketId> = self
            .survey_by_socket()
            .into_iter()
            .filter(|(_, tally)| tally.lost > 0)
            .map(|(socket, _)| socket)
            .collect();
        let fresh = self.fates.iter().filter(|(probe, _)| probe.inquiry.purpose == Purpose::Path);
        let (suspected, others): (Vec<_>, Vec<_>) = fresh.partition(|(probe, _)| {
            probe.socket().is_some_and(|socket| suspects.contains(&socket))
        });
        let tally = |part: Vec<&(&Probe, Fate)>| Tally::of(part.into_iter().map(|(_, fate)| *fate));
        Contrast { suspected: tally(suspected), others: tally(others) }
    }

    /// The experiment about the rate: what went fast before the slow questions, and what went fast
    /// after them, each against the slow ones. Truncated answers count as lost here. The first
    /// one alone, twice, while there is no second one.
    pub(crate) fn by_rate(&self) -> [Contrast; 2] {
        let is_slow = |probe: &Probe| probe.inquiry.purpose == Purpose::Slow;
        let begin =
            self.fates.iter().find(|(probe, _)| is_slow(probe)).and_then(|(probe, _)| probe.sent());
        let hindered = |part: &mut dyn Iterator<Item = &(&'p Probe, Fate)>| {
            Tally::of(part.map(|(_, fate)| match fate {
                Fate::Answered => Fate::Answered,
                Fate::Lost | Fate::Slipped => Fate::Lost,
            }))
        };
        let slow = hindered(&mut self.fates.iter().filter(|(probe, _)| is_slow(probe)));
        let after = |probe: &Probe| begin.is_some_and(|begin| probe.sent() > Some(begin));
        let fast = || self.fates.iter().filter(|(probe, _)| !is_slow(probe));
        let first = hindered(&mut fast().filter(|(probe, _)| !after(probe)));
        let second = hindered(&mut fast().filter(|(probe, _)| after(probe)));
        let second = if second.asked() == 0 { first } else { second };
        [first, second].map(|suspected| Contrast { suspected, others: slow })
    }

    /// Whether anything went fast after the slow questions.
    pub(crate) fn was_fast_again(&self) -> bool {
        let is_slow = |probe: &Probe| probe.inquiry.purpose == Purpose::Slow;
        let begin = self.fates.iter().position(|(probe, _)| is_slow(probe));
        begin.is_some_and(|begin| self.fates[begin..].iter().any(|(probe, _)| !is_slow(probe)))
    }

    /// How many answers a second the survey got, as far as it can be told.
    pub(crate) fn answers_a_second(&self) -> Option<f64> {
        let survey = || self.fates.iter().filter(|(probe, _)| is_survey(probe.inquiry.purpose));
        let sent = || survey().filter_map(|(probe, _)| probe.sent());
        let span = sent().max()?.since(sent().min()?).as_secs_f64();
        let answered = survey().filter(|(_, fate)| *fate == Fate::Answered).count();
        (span > 0.0).then(|| answered as f64 / span)
    }
}

fn by_socket<'s, 'p: 's>(
    fates: impl Iterator<Item = &'s (&'p Probe, Fate)>,
) -> BTreeMap<SocketId, Tally> {
    let mut sockets: BTreeMap<SocketId, Tally> = BTreeMap::new();
    for (probe, fate) in fates {
        if let Some(socket) = probe.socket() {
            sockets.entry(socket).or_default().add(*fate);
        }
    }
    sockets
}

/// Whether a probe is one whose loss says something about the way to the server.
fn is_of_interest(probe: &Probe) -> bool {
    let Inquiry { purpose, how, .. } = probe.inquiry;
    matches!(purpose, Purpose::Path | Purpose::Slow)
        || is_survey(purpose) && matches!(how, How::Udp | How::Sized(_))
}

/// The sort of a question.
pub(crate) fn sort_of(probe: &Probe) -> Sort {
    let sized = matches!(probe.inquiry.how, How::Sized(_));
    (probe.inquiry.name, probe.inquiry.rtype, sized)
}

fn is_truncated(probe: &Probe) -> bool {
    probe.reading().is_some_and(|reading| reading.kind == Kind::Fault(Fault::Truncated))
}

fn is_whole(probe: &Probe) -> bool {
    matches!(probe.outcome(), Some(Outcome::Answered(_))) && !is_truncated(probe)
}

fn fate(probe: &Probe, usually_whole: bool) -> Option<Fate> {
    match probe.outcome()? {
        Outcome::Answered(_) if usually_whole && is_truncated(probe) => Some(Fate::Slipped),
        Outcome::Answered(_) => Some(Fate::Answered),
        Outcome::TimedOut | Outcome::Late(_) => Some(Fate::Lost),
        _ => None,
    }
}
