//! Runs a scan plan to its end, with progress, Ctrl-C and what it means.

use std::io::ErrorKind;
use std::sync::Arc;

use super::cli_error::CliError;
use super::event_loop::event_loop;
use super::exit::PROBLEM;
use super::input::no_text;
use super::interrupts::Interrupts;
use super::notes::{leave, note};
use super::output::Closed;
use super::progress::ProgressLine;
use super::summary::left_over;
use crate::crew::CrewError;
use crate::scan::{self, Level, ScanError, ScanPlan, ScanReport, Stop};

/// Carries out a plan, with Ctrl-C and what it means.
pub(super) fn run_scan(
    plan: ScanPlan,
    progress: &mut ProgressLine,
) -> anyhow::Result<(ScanReport, Result<(), ScanError>)> {
    let stop = Arc::new(Stop::default());
    let runtime = event_loop()?;
    let outcome = runtime.block_on(async {
        let interrupts = handle_interrupts(Arc::clone(&stop));
        let mut watch = |state: &scan::ScanProgress| progress.show(state);
        tokio::select! {
            outcome = scan::run(plan, Arc::clone(&stop), &mut watch) => outcome,
            never = interrupts => match never {},
        }
    });
    // The reader may wait for input that never comes; it is not waited for.
    runtime.shutdown_background();
    Ok(outcome)
}

/// What it means that a scan could not go on, and what is left of it.
pub(super) fn failure(error: ScanError, report: &ScanReport) -> anyhow::Error {
    let sentence = format!("{error}; {}", left_over(report));
    match error {
        ScanError::Crew(CrewError::Output { source, .. })
            if source.kind() == ErrorKind::BrokenPipe =>
        {
            Closed.into()
        }
        // It is a file that makes no sense, and was no list from the start.
        ScanError::Encoding { label, error } => no_text(&label, &error).into(),
        ScanError::WrongListFormat { wrong_format, .. } => CliError::usage(sentence)
            .hint(format!("{}; or continue with --keep-going", wrong_format.hint()))
            .into(),
        _ => CliError::could_not(sentence).into(),
    }
}

/// The first interrupt stops asking, the second one waiting, the third one everything.
async fn handle_interrupts(stop: Arc<Stop>) -> std::convert::Infallible {
    let mut interrupts = Interrupts::listen();
    loop {
        interrupts.next().await;
        let level = stop.level();
        // Before it is told: standard error may hold up whoever writes there.
        stop.escalate();
        match level {
            Level::Run => {
                note("stopping; waiting for outstanding responses (Ctrl-C again: do not wait)");
            }
            Level::Drain | Level::Cancel => {}
            Level::Abandon => leave(PROBLEM),
        }
    }
}
