//! Runs a scan plan to its end, with progress, Ctrl-C and what it means.

use std::sync::Arc;

use super::PROBLEM;
use super::event_loop::event_loop;
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
    loop {
        interrupt().await;
        match stop.level() {
            Level::Run => eprintln!(
                "dnsonde: stopping; waiting for answers on their way (Ctrl-C again: do not wait)"
            ),
            Level::Drain | Level::Cancel => {}
            Level::Abandon => std::process::exit(PROBLEM.into()),
        }
        stop.escalate();
    }
}

/// Comes back when someone wants the program to end.
#[cfg(unix)]
pub(super) async fn interrupt() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => signals.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = terminated => {}
        Ok(()) = tokio::signal::ctrl_c() => {}
        else => std::future::pending().await,
    }
}

#[cfg(not(unix))]
pub(super) async fn interrupt() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
