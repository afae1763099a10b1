//! What to ask next: discovery, the first pass, then what its outcome asks for.

use std::net::SocketAddr;

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::plan::{DiagnosePlan, Target};
use super::sample::Sample;
use super::schedule::{Pace, Schedule};
use super::subject::{Subject, subjects, zone_of};
use super::task::Step;
use crate::engine::{SocketId, Time};
use crate::probe::ProbeLog;
use crate::probe::baseline::ZoneServers;
use crate::probe::query::{ProbeQuery, Role};
use crate::probe::result::Probe;
use crate::probe::session::{Planner, Session, Stage};
use crate::walk::Walk;
use crate::wire::{NameBuf, RecordType};

/// Queries of a second look, as a share of those of the first pass.
const SECOND_LOOK: f64 = 0.3;
/// Ports that lost something, and as many that lost nothing, which are tried again, so often each.
const PORTS: usize = 24;
const REPEATS: usize = 6;
/// The pace of slow queries, and how many there are.
const SLOW: (f64, usize) = (8.0, 48);
/// Fast queries after the slow ones.
const FAST_AGAIN: usize = 300;
/// The steps of the ramp: queries per second, and for how many seconds. Limits let a burst pass, so that
/// the highest pace has to last, without a pause in which a burst would be allowed again.
const RAMP: [(f64, usize); 2] = [(200.0, 1), (400.0, 4)];
/// How long the pace is tried again where the ramp ended, in seconds.
const RAMP_AGAIN_S: usize = 4;
/// The share of unanswered queries that ends the ramp.
const RAMP_ENDS_AT: f64 = 0.1;
/// Queries to an address that has not answered the first ones, and their pace.
const SILENT: (usize, f64) = (24, 6.0);
/// How much of the losses a fast pace must have for it to be worth a look whether a slow one has them.
const WORTH_SLOWING: f64 = 0.02;

/// Knows what to ask in a diagnosis.
#[derive(Debug)]
pub struct DiagnosePlanner {
    plan: DiagnosePlan,
    rng: StdRng,
    next: Next,
}

/// The round that comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Discover,
    FirstPass,
    SecondLook,
    Slow,
    FastAgain,
    Ramp(usize),
    RampAgain,
    Nothing,
}

impl DiagnosePlanner {
    /// The plan, when all is over.
    pub(super) fn into_plan(self) -> DiagnosePlan {
        self.plan
    }

    fn round(&mut self, round: Next, log: &ProbeLog) -> Vec<ProbeQuery> {
        let begin = log.last_outcome();
        let subjects = subjects(&self.plan, log);
        let mut all: Vec<ProbeQuery> = Vec::new();
        if round == Next::Discover {
            all.extend(self.baseline(log));
        }
        for subject in &subjects {
            all.extend(self.of_subject(round, subject, log, begin));
        }
        all
    }

    fn of_subject(
        &mut self,
        round: Next,
        subject: &Subject,
        log: &ProbeLog,
        begin: Time,
    ) -> Vec<ProbeQuery> {
        let rate = self.rate(subject);
        let plan = &self.plan;
        let mut schedule =
            Schedule { types: &plan.types, sockets: plan.sockets, rng: &mut self.rng };
        let pace = |count: usize, per_second: f64| Pace { begin, count, per_second };
        let sample = Sample::of(log, subject.server);
        let is_suspected = sample.is_suspicious();
        match round {
            Next::Discover => schedule.discovery(subject, begin),
            Next::FirstPass if !subject.answers => {
                let (count, per_second) = SILENT;
                schedule.plain(subject, Step::FirstPass, pace(count, per_second), &[])
            }
            Next::FirstPass => {
                schedule.balanced(subject, Step::FirstPass, pace(plan.probes as usize, rate))
            }
            _ if !subject.answers || subject.tcp_only => Vec::new(),
            Next::SecondLook if is_suspected => {
                let count = (f64::from(plan.probes) * SECOND_LOOK).ceil() as usize;
                let ports = sample.ports_to_repeat(PORTS);
                // Both together go no faster than the first pass went.
                let repeats = ports.len() * REPEATS;
                let share = count as f64 / (count + repeats) as f64;
                let mut all =
                    schedule.balanced(subject, Step::SecondLook, pace(count, rate * share));
                if repeats > 0 {
                    let pace = pace(repeats, rate * (1.0 - share));
                    let places: Vec<u16> = ports
                        .iter()
                        .map(|socket| place_of(*socket, plan, subject.server))
                        .collect();
                    all.extend(schedule.plain(subject, Step::PortRepeat, pace, &places));
                }
                all
            }
            Next::Slow if sample.hindered_share() >= WORTH_SLOWING => {
                let (per_second, count) = SLOW;
                schedule.plain(subject, Step::Slow, pace(count, per_second), &[])
            }
            Next::FastAgain if sample.is_better_slow() => {
                schedule.plain(subject, Step::FastAgain, pace(FAST_AGAIN, rate), &[])
            }
            Next::Ramp(step) if !subject.found && !is_suspected => {
                let (per_second, seconds) = RAMP[step];
                if per_second > subject.max_rate || sample.ramp_failed(RAMP_ENDS_AT) {
                    return Vec::new();
                }
                let count = per_second as usize * seconds;
                schedule.plain(subject, Step::Ramp, pace(count, per_second), &[])
            }
            Next::RampAgain if !subject.found && sample.ramp_failed(RAMP_ENDS_AT) => {
                let per_second = sample.last_second(Step::Ramp).trials() as usize;
                let count = per_second * RAMP_AGAIN_S;
                schedule.plain(subject, Step::RampAgain, pace(count, per_second as f64), &[])
            }
            _ => Vec::new(),
        }
    }

    /// The pace of the first pass.
    fn rate(&self, subject: &Subject) -> f64 {
        let wanted = f64::from(self.plan.probes) / self.plan.first_pass().as_secs_f64();
        wanted.min(subject.max_rate).max(0.1)
    }

    /// What every server of a zone is asked.
    fn baseline(&mut self, log: &ProbeLog) -> Vec<ProbeQuery> {
        let mut all = Vec::new();
        for zone in zones(&self.plan, log) {
            let servers = log.servers_of(&zone);
            let zone = ZoneServers { zone, role: Role::Authoritative, servers: &servers };
            all.extend(zone.serials());
            all.extend(zone.serials());
            all.extend(zone.conformance(&mut self.rng));
        }
        all
    }
}

/// The zones whose servers are examined.
pub(super) fn zones(plan: &DiagnosePlan, log: &ProbeLog) -> Vec<NameBuf> {
    let names = plan.targets.iter().filter_map(|target| match target {
        Target::Name(name) => zone_of(log, name),
        Target::Server { .. } => None,
    });
    let mut zones: Vec<NameBuf> = Vec::new();
    names.for_each(|zone| {
        if !zones.contains(&zone) {
            zones.push(zone);
        }
    });
    zones
}

/// The place of a socket among those of its family, as queries name it.
fn place_of(socket: SocketId, plan: &DiagnosePlan, server: SocketAddr) -> u16 {
    if server.is_ipv6() { socket.0.saturating_sub(plan.sockets) } else { socket.0 }
}

impl Planner for DiagnosePlanner {
    fn next_round(&mut self, log: &ProbeLog) -> Vec<ProbeQuery> {
        while self.next != Next::Nothing {
            let round = self.next;
            self.next = match round {
                Next::Discover => Next::FirstPass,
                Next::FirstPass => Next::SecondLook,
                Next::SecondLook => Next::Slow,
                Next::Slow => Next::FastAgain,
                Next::FastAgain => Next::Ramp(0),
                Next::Ramp(step) if step + 1 < RAMP.len() => Next::Ramp(step + 1),
                Next::Ramp(_) => Next::RampAgain,
                Next::RampAgain | Next::Nothing => Next::Nothing,
            };
            let queries = self.round(round, log);
            if !queries.is_empty() {
                return queries;
            }
        }
        Vec::new()
    }

    fn react(&mut self, _: &Probe) -> Vec<ProbeQuery> {
        Vec::new()
    }

    fn stage(&self) -> Stage {
        match self.next {
            Next::Discover | Next::FirstPass | Next::SecondLook => Stage::Baseline,
            _ => Stage::FollowUp,
        }
    }
}

/// A session that carries a plan out.
pub fn session(now: Time, plan: DiagnosePlan) -> Session<DiagnosePlanner> {
    let names: Vec<NameBuf> = plan
        .targets
        .iter()
        .filter_map(|target| match target {
            Target::Name(name) => Some(*name),
            Target::Server { .. } => None,
        })
        .collect();
    let walk = Walk::to_several(now, &names, RecordType::A, &plan.hints, plan.walk.clone());
    let rng = StdRng::seed_from_u64(plan.seed);
    Session::new(walk, DiagnosePlanner { plan, rng, next: Next::Discover })
}
