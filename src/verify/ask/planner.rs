//! What a verification asks next.

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::caches::Caches;
use super::{baseline, follow_up};
use crate::engine::Time;
use crate::probe::ProbeLog;
use crate::probe::experiments::{self, Limits, ROUNDS};
use crate::probe::query::{ProbeQuery, Role};
use crate::probe::result::Probe;
use crate::probe::session::{Planner, Session, Stage};
use crate::verify::check::Check;
use crate::verify::plan::VerifyPlan;
use crate::verify::purpose::VerifyPurpose;
use crate::verify::verification::Verification;
use crate::verify::zones::zones;
use crate::walk::{self, Walk, WalkConfig};
use crate::wire::RecordType;

/// The plan of a verification that is on its way.
#[derive(Debug)]
pub struct VerifyPlanner {
    plan: VerifyPlan,
    caches: Caches,
    /// What is asked next.
    next: Step,
    rng: StdRng,
}

/// What there is to ask, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// What every address says about every record.
    Baseline,
    /// What the recursive servers say that were not asked yet.
    Caches,
    /// What this round of following up suggests.
    FollowUp(usize),
}

/// Begins to verify: the way to the names first, then what every address says, then what follows.
pub fn session(now: Time, plan: VerifyPlan) -> Session<VerifyPlanner> {
    let names = baseline::names(&plan);
    let config = WalkConfig {
        limits: walk::Limits {
            names: plan.walk.limits.names + 3 * names.len(),
            exchanges: plan.walk.limits.exchanges + 200 * names.len(),
            ..plan.walk.limits
        },
        ..plan.walk.clone()
    };
    // A query for addresses draws the least attention, and shows aliases and referrals.
    let walk = Walk::to_several(now, &names, RecordType::A, &plan.hints, config);
    let planner = VerifyPlanner {
        caches: Caches::new(&plan),
        next: Step::Baseline,
        rng: StdRng::seed_from_u64(plan.seed),
        plan,
    };
    Session::new(walk, planner)
}

/// Hands over what a session found.
pub fn evidence(session: Session<VerifyPlanner>) -> Verification {
    let (planner, log) = session.into_parts();
    planner.evidence(log)
}

impl VerifyPlanner {
    /// The plan with what was found.
    pub(in crate::verify) fn evidence(self, log: ProbeLog) -> Verification {
        let zones = zones(&self.plan, &log.walk);
        Verification { plan: self.plan, log: ProbeLog { zones, ..log } }
    }

    fn queries(&mut self, step: Step, log: &ProbeLog) -> Vec<ProbeQuery> {
        match step {
            Step::Baseline => baseline::queries(&self.plan, log, &mut self.rng),
            Step::Caches => self.caches.rest(&self.plan),
            Step::FollowUp(round) => {
                let limits = Limits { sockets: self.plan.sockets };
                let mut all = match round {
                    0 => follow_up::near_misses(&self.plan, log, &mut self.rng),
                    _ => Vec::new(),
                };
                all.extend(experiments::suggest(round, log, limits));
                follow_up::mix(&mut all, &mut self.rng);
                all
            }
        }
    }
}

impl Planner for VerifyPlanner {
    fn next_round(&mut self, log: &ProbeLog) -> Vec<ProbeQuery> {
        loop {
            let step = self.next;
            self.next = match step {
                Step::Baseline => Step::Caches,
                Step::Caches => Step::FollowUp(0),
                Step::FollowUp(round) if round < ROUNDS.len() => Step::FollowUp(round + 1),
                Step::FollowUp(_) => return Vec::new(),
            };
            let queries = self.queries(step, log);
            if !queries.is_empty() {
                return queries;
            }
        }
    }

    fn react(&mut self, probe: &Probe) -> Vec<ProbeQuery> {
        match VerifyPurpose::of(probe.query.purpose) {
            Some(VerifyPurpose::Record(number))
                if probe.query.role == Role::Authoritative
                    && Check::new(&self.plan.expectations[number], probe) == Some(Check::Right) =>
            {
                self.caches.is_there(&self.plan, number)
            }
            _ => Vec::new(),
        }
    }

    fn stage(&self) -> Stage {
        match self.next {
            Step::Baseline | Step::Caches | Step::FollowUp(0) => Stage::Baseline,
            Step::FollowUp(_) => Stage::FollowUp,
        }
    }
}
