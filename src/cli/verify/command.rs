//! Runs `dnsonde verify` and shows its report.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use super::args::Args;
use super::check::check;
use super::{plan, wait};
use crate::cli::event_loop::event_loop;
use crate::cli::exit::{COULD_NOT, FINE, PROBLEM};
use crate::cli::interrupts::{Interrupts, waits_for_reader};
use crate::cli::notes::be_quiet;
use crate::cli::report::show;
use crate::verify::{Verdict, VerifyPlan, VerifyReport};

/// The plan that `dnsonde verify` makes of the words behind it.
///
/// # Errors
/// What is wrong with them, in one sentence.
pub fn plan_of(
    words: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> anyhow::Result<VerifyPlan> {
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
    let report = runtime.block_on(async {
        anyhow::Ok(match args.wait {
            None => check(plan, &interrupts).await?.1,
            Some(long) => {
                let wait = wait::Wait { long, every: args.every, state: args.state.as_deref() };
                wait::until_verified(&plan, &wait, &interrupts).await?
            }
        })
    })?;
    show(&report, args.format, args.color)?;
    Ok(ExitCode::from(exit(&report, interrupts.is_set())))
}

fn exit(report: &VerifyReport, interrupted: bool) -> u8 {
    let unfinished = report.verdict != Verdict::Verified || report.effort.cut_short.is_some();
    match report.verdict {
        _ if interrupted && unfinished => PROBLEM,
        Verdict::Verified => FINE,
        Verdict::Flaky | Verdict::Pending => PROBLEM,
        Verdict::Inconclusive => COULD_NOT,
    }
}
