//! Runs a scan plan to its end, with progress, Ctrl-C and what it means.

use std::sync::Arc;

use super::PROBLEM;
use super::event_loop::event_loop;
use super::interrupts::Interrupts;
use super::notes::note;
use super::progress::Progress;
use crate::scan::{self, Level, Plan, Report, ScanError, Stop};

/// Carries out a plan, with Ctrl-C and what it means.
pub(super) fn carry_out(
    plan: Plan,
    progress: &mut Progress,
) -> anyhow::Result<(Report, Result<(), ScanError>)> {
    let stop = Arc::new(Stop::default());
    let runtime = event_loop()?;
    let outcome = runtime.block_on(async {
        let interrupts = heed_interrupts(Arc::clone(&stop));
        let mut watch = |state: &scan::Progress| progress.show(state);
        tokio::select! {
            outcome = scan::run(plan, Arc::clone(&stop), &mut watch) => outcome,
            never = interrupts => match never {},
        }
    });
    // The reader may wait for input that never comes; it is not waited for.
    runtime.shutdown_background();
    Ok(outcome)
}

/// The first interrupt stops asking, the second one waiting, the third one everything.
async fn heed_interrupts(stop: Arc<Stop>) -> std::convert::Infallible {
    let mut interrupts = Interrupts::listen();
    loop {
        interrupts.next().await;
        let level = stop.level();
        // Before it is told: standard error may hold up whoever writes there.
        stop.escalate();
        match level {
            Level::Run => {
                note("stopping; waiting for answers on their way (Ctrl-C again: do not wait)");
            }
            Level::Drain | Level::Cancel => {}
            Level::Abandon => std::process::exit(PROBLEM.into()),
        }
    }
}
