//! The story that began it all: the records are there, and the verification stays pending.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;

use crate::cli::event_loop::event_loop;
use crate::cli::exit::{FINE, PROBLEM};
use crate::cli::interrupts::{Interrupts, waits_for_reader};
use crate::cli::notes::be_quiet;
use crate::cli::output::print;
use crate::cli::report::{Format, show};
use crate::cli::shell::command_line;
use crate::cli::style::{Color, style};
use crate::cli::verify::{check, plan_of};
use crate::playground::{Scenario, World, serve};
use crate::verify::VerifyPlan;
use crate::walk::Hints;

/// The scenario.
const SCENARIO: &str = "seed-story";
/// Questions a second to one address: the servers are our own, so they need not be spared.
const RATE: f64 = 100.0;

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// What the dice of the faulty path begin with
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,

    /// How to show what was found
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// When to use colours in text
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    color: Color,

    /// Show the report only, without an introduction and without progress; errors stay
    #[arg(short = 'q', long)]
    quiet: bool,
}

/// Tells the story.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.quiet {
        be_quiet();
    }
    let scenario = Scenario::named(SCENARIO).context("the scenario of the demo is missing")??;
    let scenario = Arc::new(scenario.on_loopback()?);
    let runtime = event_loop()?;
    let service = serve(World::new(Arc::clone(&scenario), args.seed), 0)
        .context("cannot start the servers of the demo")?;
    let plan = plan(&scenario, service.port())?;
    let interrupts = Interrupts::listen(2, waits_for_reader)?;
    if args.format == Format::Text && !args.quiet {
        print(introduction(&scenario, service.port(), style(args.color).width).as_bytes())?;
    }
    let (_, report) = runtime.block_on(check(plan, &interrupts))?;
    show(&report, args.format, args.color)?;
    let found = |id: &String| report.findings.iter().any(|finding| finding.id.as_str() == id);
    let all = scenario.expect.findings.iter().all(found);
    Ok(ExitCode::from(if all { FINE } else { PROBLEM }))
}

fn introduction(scenario: &Scenario, port: u16, width: usize) -> String {
    let story = scenario.story.split_whitespace().collect::<Vec<_>>().join(" ");
    let what = format!(
        "This world is now being served on port {port} of this machine; no packet leaves it. The report \
         of `dnsonde verify` follows. To look around in the world yourself:"
    );
    let fill = |text: &str| textwrap::fill(text, width);
    let command = command_line(["playground", SCENARIO]);
    format!("{}\n\n{}\n\n  {command}\n\n", fill(&story), fill(&what))
}

fn plan(scenario: &Scenario, port: u16) -> anyhow::Result<VerifyPlan> {
    let words = scenario.verify.iter().map(String::as_str).chain(["--no-resolver"]);
    let mut plan = plan_of(words)?;
    plan.hints = Hints::from_text(scenario.root_hints().as_bytes())?;
    plan.walk.port = port;
    plan.resolvers = scenario.resolvers().map(|ip| (ip, port).into()).collect();
    plan.rate = RATE;
    Ok(plan)
}
