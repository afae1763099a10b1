//! Runs a scan plan to its end, with progress, Ctrl-C and what it means.

use std::io::ErrorKind;
use std::sync::Arc;

use super::cli_error::CliError;
use super::event_loop::event_loop;
use super::input::no_text;
use super::interrupts::Interrupts;
use super::output::Closed;
use super::progress::ProgressLine;
use super::summary::left_over;
use crate::crew::CrewError;
use crate::scan::{self, ScanError, ScanPlan, ScanReport, Stop};

/// Carries out a plan, with Ctrl-C and what it means.
pub(super) fn run_scan(
    plan: ScanPlan,
    progress: &mut ProgressLine,
) -> anyhow::Result<(ScanReport, Result<(), ScanError>)> {
    let stop = Arc::new(Stop::default());
    let runtime = event_loop()?;
    handle_interrupts(Arc::clone(&stop))?;
    let mut watch = |state: &scan::ScanProgress| progress.show(state);
    let outcome = runtime.block_on(scan::run(plan, stop, &mut watch));
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
fn handle_interrupts(stop: Arc<Stop>) -> anyhow::Result<()> {
    let each = move |number| {
        stop.escalate();
        let waits = "stopping; waiting for outstanding responses (Ctrl-C again: do not wait)";
        (number == 1).then_some(waits)
    };
    Interrupts::listen(3, each).map(drop)
}
