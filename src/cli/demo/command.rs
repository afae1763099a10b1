//! The arguments of `dnsonde demo`, and which of its demonstrations they name.

use std::process::ExitCode;

use clap::Subcommand;

use super::{scan, story};

/// See what dnsonde does, without a network
///
/// Starts a small DNS world on this machine, from the root down, in which a verification has been
/// pending for days: one of four name servers lacks the records, and one path loses packets. Then
/// verifies the domain as `dnsonde verify` does, and shows what it finds. No packet leaves the machine.
///
/// Exit status: 0 both faults were found, 1 a fault was not found, 3 the demo could not run.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:
  dnsonde demo
  dnsonde demo --format html > report.html
  dnsonde demo scan --names 10000 -o lines.jsonl")]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    what: Option<What>,

    #[command(flatten)]
    story: story::Args,
}

#[derive(Debug, Subcommand)]
enum What {
    Scan(scan::Args),
}

/// Runs the command.
pub(in crate::cli) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.what {
        None => story::run(&args.story),
        Some(What::Scan(args)) => scan::run(args),
    }
}
