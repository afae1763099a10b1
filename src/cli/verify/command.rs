//! Runs `dnsonde verify` and shows its report.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser as _;

use super::args::{Args, Format};
use super::check::{Interrupt, check};
use super::{plan, wait};
use crate::cli::event_loop::event_loop;
use crate::cli::exit::{COULD_NOT, FINE, PROBLEM};
use crate::cli::output::print;
use crate::cli::shell::shell_word;
use crate::report::judgement::{
    Page, Style, write_report_html, write_report_json, write_report_text,
};
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
    let plan = plan::plan(args)?;
    let runtime = event_loop()?;
    let (report, interrupted) = runtime.block_on(async {
        let interrupt = Interrupt::listen();
        let report = match args.wait {
            None => check(plan, &interrupt).await?.1,
            Some(long) => {
                let wait = wait::Wait { long, every: args.every, state: args.state.as_deref() };
                wait::until_verified(&plan, &wait, &interrupt).await?
            }
        };
        anyhow::Ok((report, interrupt.is_set()))
    })?;
    show(&report, args.format)?;
    Ok(ExitCode::from(exit(&report, interrupted)))
}

/// Writes a report to standard output.
pub(in crate::cli) fn show(report: &VerifyReport, format: Format) -> anyhow::Result<ExitCode> {
    let mut out = Vec::new();
    match format {
        Format::Text => write_report_text(report, style(), &mut out),
        Format::Json => write_report_json(report, &mut out),
        Format::Html => {
            let command_line = &command_line(std::env::args_os().skip(1));
            write_report_html(report, Page { command_line }, &mut out);
        }
    }
    print(&out)
}

/// As wide as the terminal; in colour only there, and not for those who want none.
pub(in crate::cli) fn style() -> Style {
    let columns = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
    Style::new(columns, wanted && std::io::stdout().is_terminal())
}

/// The command as it can be typed again.
fn command_line(words: impl Iterator<Item = OsString>) -> String {
    let mut line = String::from("dnsonde");
    for word in words {
        line.push(' ');
        line.push_str(&shell_word(&word.to_string_lossy()));
    }
    line
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
