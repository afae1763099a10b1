//! What became of the queries to one address: the sample behind whatever is said of it. Pure.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use super::task::{Asked, Step, Task};
use crate::engine::{Outcome, SocketId, Time};
use crate::probe::ProbeLog;
use crate::probe::query::{ProbeQuery, QueryForm, Shape};
use crate::probe::result::Probe;
use crate::stats::{Proportion, fisher_exact};
use crate::wire::{NameBuf, Rcode, RecordType};

/// Slower responses are too late for the impatient among stubs and resolvers.
pub(super) const IMPATIENT: Duration = Duration::from_secs(1);
/// Losses, SERVFAILs or slow responses that are worth a second look.
const SUSPICIOUS: u64 = 1;
/// The chance that a difference between fast and slow came about by itself, below which it is tried again.
const WORTH_TRYING: f64 = 0.05;

/// Queries to one address, in the order of sending.
pub(super) struct Sample<'p> {
    pub(super) all: Vec<Seen<'p>>,
}

/// One query that was sent, and nothing of ours stood in its way.
#[derive(Clone, Copy)]
pub(super) struct Seen<'p> {
    pub(super) probe: &'p Probe,
    pub(super) shape: Shape,
    pub(super) task: Task,
    pub(super) came: Came,
    /// The response is truncated although others of its kind are not: what servers that limit their rate
    /// send instead of nothing.
    pub(super) is_slip: bool,
}

/// Name in small letters, type, UDP payload size and DO.
type Kind = (NameBuf, RecordType, Option<u16>, bool);

/// What came of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// A response, after so long.
    Answer(Duration),
    /// No response.
    Nothing,
    /// ICMP, or a refused connection.
    Unreachable,
}

impl Seen<'_> {
    pub(super) fn is_lost(&self) -> bool {
        self.came == Came::Nothing
    }

    pub(super) fn rtt(&self) -> Option<Duration> {
        match self.came {
            Came::Answer(rtt) => Some(rtt),
            _ => None,
        }
    }

    pub(super) fn rcode(&self) -> Option<Rcode> {
        self.probe.reading().map(|reading| reading.rcode)
    }

    pub(super) fn kind(&self) -> Kind {
        let ProbeQuery { name, rtype, .. } = self.probe.query;
        (name.to_lowercase(), rtype, self.shape.edns, self.shape.dnssec_ok)
    }
}

impl<'p> Sample<'p> {
    pub(super) fn of(log: &'p ProbeLog, server: SocketAddr) -> Self {
        let of_server = log.probes.iter().filter(|probe| probe.query.server == server);
        let mut all: Vec<Seen<'_>> = of_server.filter_map(seen).collect();
        all.sort_by_key(|seen| seen.probe.sent());
        let is_whole = |seen: &&Seen<'_>| seen.rtt().is_some() && !seen.probe.is_truncated();
        let whole: HashSet<Kind> =
            all.iter().filter(|seen| !seen.shape.tcp).filter(is_whole).map(Seen::kind).collect();
        for seen in &mut all {
            seen.is_slip = seen.probe.is_truncated() && whole.contains(&seen.kind());
        }
        Self { all }
    }

    /// Those of a step over UDP.
    pub(super) fn udp(&self, step: Step) -> impl Iterator<Item = &Seen<'p>> {
        self.all.iter().filter(move |seen| seen.task.step == step && !seen.shape.tcp)
    }

    /// Those over TCP.
    pub(super) fn tcp(&self) -> impl Iterator<Item = &Seen<'p>> {
        self.all.iter().filter(|seen| seen.shape.tcp)
    }

    /// The share of queries over UDP in the first pass that had no response, or an empty one.
    pub(super) fn hindered_share(&self) -> f64 {
        hindered(self.udp(Step::FirstPass)).share().unwrap_or(0.0)
    }

    /// Whether there is anything that a second look could confirm.
    pub(super) fn is_suspicious(&self) -> bool {
        let odd = self.all.iter().filter(|seen| {
            seen.task.step == Step::FirstPass
                && (seen.came == Came::Nothing
                    || seen.came == Came::Unreachable
                    || seen.is_slip
                    || seen.rtt().is_some_and(|rtt| rtt > IMPATIENT)
                    || seen.rcode().is_some_and(|rcode| {
                        !matches!(rcode, Rcode::NOERROR | Rcode::NXDOMAIN | Rcode::REFUSED)
                    }))
        });
        odd.count() as u64 >= SUSPICIOUS
    }

    /// Lost and sent by the socket that was asked from.
    pub(super) fn by_socket(&self, steps: &[Step]) -> BTreeMap<SocketId, Proportion> {
        let mut sockets: BTreeMap<SocketId, (u64, u64)> = BTreeMap::new();
        for seen in self.all.iter().filter(|seen| steps.contains(&seen.task.step)) {
            if let Some(socket) = seen.probe.socket() {
                let (lost, sent) = sockets.entry(socket).or_default();
                *lost += u64::from(seen.is_lost());
                *sent += 1;
            }
        }
        sockets.into_iter().map(|(it, (lost, sent))| (it, Proportion::new(lost, sent))).collect()
    }

    /// The ports that lost most in the first pass, and those that lost least, at most so many of each;
    /// none if none lost anything.
    pub(super) fn ports_to_repeat(&self, most: usize) -> Vec<SocketId> {
        let mut ports: Vec<(SocketId, Proportion)> =
            self.by_socket(&[Step::FirstPass]).into_iter().collect();
        ports.sort_by(|(_, a), (_, b)| {
            let share = |it: &Proportion| it.share().unwrap_or(0.0);
            share(b).total_cmp(&share(a))
        });
        let suspects = ports.iter().filter(|(_, lost)| lost.hits() > 0).count().min(most);
        let others = ports.len().saturating_sub(suspects).min(suspects.max(most / 4));
        if suspects == 0 {
            return Vec::new();
        }
        let first = ports.iter().take(suspects);
        first.chain(ports.iter().rev().take(others)).map(|(socket, _)| *socket).collect()
    }

    /// Fresh queries from ports that had lost something in the first pass, and from others; what made a
    /// port suspicious is no part of it.
    pub(super) fn repeats(&self) -> [Proportion; 2] {
        let first = self.by_socket(&[Step::FirstPass]);
        let suspects: BTreeSet<SocketId> =
            first.iter().filter(|(_, lost)| lost.hits() > 0).map(|(socket, _)| *socket).collect();
        let of = |suspected: bool| {
            let part = self.udp(Step::PortRepeat).filter(|seen| {
                seen.probe.socket().is_some_and(|socket| suspects.contains(&socket) == suspected)
            });
            lost(part)
        };
        [of(true), of(false)]
    }

    /// Hindered queries: fast before the slow ones, slow ones, and fast ones after them.
    pub(super) fn by_rate(&self) -> [Proportion; 3] {
        [Step::FirstPass, Step::Slow, Step::FastAgain].map(|step| hindered(self.udp(step)))
    }

    /// Whether slow queries fare so much better that it is worth to be fast again.
    pub(super) fn is_better_slow(&self) -> bool {
        let [fast, slow, _] = self.by_rate();
        let share = |it: Proportion| it.share().unwrap_or(0.0);
        slow.trials() > 0 && share(slow) * 2.0 < share(fast) && p_value(fast, slow) <= WORTH_TRYING
    }

    /// Whether the last step of the ramp had at least this share of hindered queries.
    pub(super) fn ramp_failed(&self, share: f64) -> bool {
        self.last_second(Step::Ramp).share().is_some_and(|failed| failed >= share)
    }

    /// The last second of a step.
    pub(super) fn last_second(&self, step: Step) -> Proportion {
        let last = self.udp(step).filter_map(|seen| seen.probe.sent()).max();
        let second = Duration::from_secs(1);
        let recent = self.udp(step).filter(|seen| {
            matches!((last, seen.probe.sent()), (Some(last), Some(sent)) if last.since(sent) < second)
        });
        hindered(recent)
    }

    /// Truncated, empty responses.
    pub(super) fn slips(&self) -> u64 {
        self.all.iter().filter(|seen| !seen.shape.tcp && seen.is_slip).count() as u64
    }

    /// How long the step took.
    pub(super) fn span(&self, step: Step) -> Duration {
        let sent = || self.udp(step).filter_map(|seen| seen.probe.sent());
        let (first, last) = (sent().min(), sent().max());
        match (first, last) {
            (Some(first), Some(last)) => Time::since(last, first),
            _ => Duration::ZERO,
        }
    }

    /// Latencies of known names over UDP.
    pub(super) fn latencies_us(&self, steps: &[Step], asked: Asked) -> Vec<u64> {
        let part = self.all.iter().filter(|seen| {
            steps.contains(&seen.task.step) && !seen.shape.tcp && seen.task.asked == asked
        });
        part.filter_map(Seen::rtt).map(|rtt| rtt.as_micros() as u64).collect()
    }
}

fn seen(probe: &Probe) -> Option<Seen<'_>> {
    let (task, QueryForm::Shaped(shape)) = (Task::of(probe.query.purpose)?, probe.query.form)
    else {
        return None;
    };
    if !probe.counts() {
        return None;
    }
    let came = match probe.outcome()? {
        Outcome::Answered(answer) | Outcome::Late(answer) => Came::Answer(answer.rtt),
        Outcome::TimedOut => Came::Nothing,
        Outcome::Unreachable(_) => Came::Unreachable,
        Outcome::StreamFailed(failure) if failure.cause.is_rejection() => Came::Unreachable,
        Outcome::StreamFailed(_) => Came::Nothing,
        Outcome::Waiting | Outcome::NotSent(_) | Outcome::Abandoned => return None,
    };
    Some(Seen { probe, shape, task, came, is_slip: false })
}

/// Lost and sent.
pub(super) fn lost<'s, 'p: 's>(part: impl Iterator<Item = &'s Seen<'p>>) -> Proportion {
    count(part, Seen::is_lost)
}

/// Without a response, or with one that is a rate limit's.
pub(super) fn hindered<'s, 'p: 's>(part: impl Iterator<Item = &'s Seen<'p>>) -> Proportion {
    count(part, |seen| seen.is_lost() || seen.is_slip)
}

pub(super) fn count<'s, 'p: 's>(
    part: impl Iterator<Item = &'s Seen<'p>>,
    is_hit: impl Fn(&Seen<'p>) -> bool,
) -> Proportion {
    let (mut hits, mut trials) = (0, 0);
    for seen in part {
        hits += u64::from(is_hit(seen));
        trials += 1;
    }
    Proportion::new(hits, trials)
}

/// Fisher's p-value for "both have the same share".
pub(super) fn p_value(a: Proportion, b: Proportion) -> f64 {
    let row = |it: Proportion| [it.hits(), it.trials() - it.hits()];
    fisher_exact([row(a), row(b)])
}
