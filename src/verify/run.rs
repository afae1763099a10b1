//! Carries a plan to the network and brings the evidence back.

use super::ask::{self, Progress};
use super::plan::Plan;
use crate::engine::{Config, Window};
use crate::net::{Driver, NetError, Options};
use crate::probe::carry_out;
use crate::verify::evidence::Evidence;
use crate::walk::engine_config;

/// Attempts in flight at once; the rate for each address is what limits.
const WINDOW: usize = 16_384;

/// Why nothing could be found out.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The local system.
    #[error(transparent)]
    Net(#[from] NetError),
}

/// How the engine of a verification is set up.
pub fn engine(plan: &Plan) -> Config {
    // Which port an answer came to is evidence: sockets stay what they are.
    Config {
        window: Window::Fixed(WINDOW),
        socket_life: None,
        ends_at_icmp: true,
        ..engine_config(Some(plan.rate))
    }
}

/// Carries out a plan. Must be called in a current-thread tokio runtime with I/O and time enabled.
/// `watch` sees the progress after each answer, and ends the search by a sentence that says why.
///
/// # Errors
/// [`VerifyError`]: the network side cannot work at all.
pub async fn run(
    plan: Plan,
    watch: &mut dyn FnMut(Progress) -> Option<&'static str>,
) -> Result<Evidence, VerifyError> {
    let options = Options { sockets: plan.sockets, ..Options::default() };
    let mut driver = Driver::open(engine(&plan), &[], &options)?;
    let mut session = ask::session(driver.now(), plan);
    carry_out(&mut driver, &mut session, &mut |session| {
        if let Some(why) = watch(session.progress()) {
            session.stop(why);
        }
    })
    .await?;
    let mut evidence = ask::evidence(session);
    evidence.log.add_engine(driver.engine(), &|socket| driver.port(socket));
    driver.compare_clocks();
    evidence.log.local = driver.local_counts();
    evidence.log.leave_out(driver.absences(), &driver.overflows());
    Ok(evidence)
}
