//! Runs `dnsonde diagnose` and shows its report.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use clap::Parser as _;

use super::args::Args;
use super::plan;
use crate::cli::event_loop::event_loop;
use crate::cli::exit::{COULD_NOT, FINE, PROBLEM};
use crate::cli::interrupts::{Interrupts, waits_for_reader};
use crate::cli::notes::be_quiet;
use crate::cli::report::show;
use crate::cli::session_progress::SessionProgress;
use crate::diagnose::plan::DiagnosePlan;
use crate::diagnose::report::{DiagnoseReport, Verdict};
use crate::diagnose::run;

/// The plan that `dnsonde diagnose` makes of the words behind it.
///
/// # Errors
/// What is wrong with them, in one sentence.
pub fn plan_of(
    words: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> anyhow::Result<DiagnosePlan> {
    #[derive(clap::Parser)]
    #[command(no_binary_name = true)]
    struct Words {
        #[command(flatten)]
        args: Args,
    }
    plan::plan(&Words::try_parse_from(words)?.args)
}

/// Runs the command.
pub(in crate::cli) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.quiet {
        be_quiet();
    }
    let plan = plan::plan(args)?;
    let runtime = event_loop()?;
    // The first one ends the search and shows what was found.
    let interrupts = Interrupts::listen(2, waits_for_reader)?;
    let report = runtime.block_on(examine(plan, &interrupts))?;
    let interrupted = interrupts.is_set();
    show(&report, args.format, args.color)?;
    Ok(ExitCode::from(exit(&report, interrupted)))
}

async fn examine(plan: DiagnosePlan, interrupts: &Interrupts) -> anyhow::Result<DiagnoseReport> {
    let (began, wall) = (Instant::now(), SystemTime::now());
    let mut progress = SessionProgress::new(interrupts);
    let evidence = run::run(plan, &mut |at| progress.see(at)).await;
    drop(progress);
    let (plan, log) = evidence?;
    let started = wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    Ok(run::judge(&plan, &log, started, began.elapsed()))
}

fn exit(report: &DiagnoseReport, interrupted: bool) -> u8 {
    match report.verdict {
        _ if interrupted && report.effort.cut_short.is_some() => PROBLEM,
        Verdict::Healthy => FINE,
        Verdict::Flaky | Verdict::Broken => PROBLEM,
        Verdict::Inconclusive => COULD_NOT,
    }
}
