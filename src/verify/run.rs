//! Carries a plan to the network and brings the evidence back.

use super::ask::{self, ProbeProgress};
use super::plan::VerifyPlan;
use crate::engine::EngineConfig;
use crate::net::NetError;
use crate::probe::examine;
use crate::verify::verification::Verification;

/// How the engine of a verification is set up.
pub fn engine(plan: &VerifyPlan) -> EngineConfig {
    examine::engine(plan.rate)
}

/// Carries out a plan. Must be called in a current-thread tokio runtime with I/O and time enabled.
/// `watch` sees the progress after each answer, and ends the search by a sentence that says why.
///
/// # Errors
/// [`NetError`]: the network side cannot work at all.
pub async fn run(
    plan: VerifyPlan,
    watch: &mut dyn FnMut(ProbeProgress) -> Option<&'static str>,
) -> Result<Verification, NetError> {
    let (engine, sockets) = (engine(&plan), plan.sockets);
    let begin = |now| ask::session(now, plan);
    let (planner, log) = examine::examine(engine, sockets, begin, watch).await?;
    Ok(planner.evidence(log))
}
