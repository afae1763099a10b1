//! `dnsonde playground`: serves a DNS world with something wrong in it, for whoever wants to look.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap_complete::engine::ArgValueCompleter;

use super::candidates::scenarios;
use super::cli_error::CliError;
use super::event_loop::event_loop;
use super::exit::FINE;
use super::input::read_text;
use super::interrupts::Interrupts;
use super::output::print_text;
use super::shell::command_line;
use super::style::{columns, laid_out};
use crate::playground::{Scenario, ServeError, World, serve};
use crate::report::judgement::plain;
use crate::walk::Hints;

/// Serve a DNS world with a fault in it, without a network
///
/// Starts the name servers and resolvers of a scenario on loopback addresses of this machine, and prints
/// the command that examines them. No packet leaves the machine. Without a scenario, lists the built-in
/// ones; you can also write your own as a TOML file. Ctrl-C ends it.
///
/// Exit status: 0 ended by Ctrl-C, 2 unknown or invalid scenario, 3 the scenario cannot be served.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dnsonde playground
  dnsonde playground record-missing-on-some
  dnsonde playground ./mine.toml --port 5353")]
pub(super) struct Args {
    /// A built-in scenario, or a file
    #[arg(add = ArgValueCompleter::new(scenarios))]
    scenario: Option<String>,

    /// The port of every server; 0 means any free port
    #[arg(long, default_value_t = 0, value_name = "N")]
    port: u16,

    /// The seed of random faults
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,

    /// Print the command that examines the world, and nothing else
    #[arg(short = 'q', long, requires = "scenario")]
    quiet: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Some(wanted) = &args.scenario else { return print_text(&list(columns())) };
    let scenario = load(wanted)?;
    let scenario = scenario.on_loopback().map_err(|error| wrong(wanted, &error))?;
    if let Err(error) = Hints::from_text(scenario.root_hints().as_bytes()) {
        let sentence = format!("{wanted}: the scenario has no usable root server: {error}");
        return Err(CliError::usage(sentence)
            .hint("only servers with addresses in 127.0.0.0/8, or ::1, can be served")
            .into());
    }
    let directory = tempfile::Builder::new()
        .prefix("dnsonde-")
        .tempdir()
        .context("cannot create a temporary directory")?;
    let hints = directory.path().join("root.hints");
    std::fs::write(&hints, scenario.root_hints())
        .with_context(|| format!("{}: cannot be written", hints.display()))?;
    let scenario = Arc::new(scenario);
    let runtime = event_loop()?;
    let service =
        serve(World::new(Arc::clone(&scenario), args.seed), args.port).map_err(refused)?;
    let command = command(&scenario, &hints, service.port());
    let introduction = match args.quiet {
        true => command,
        false => introduce(&scenario, &command, service.port(), columns()),
    };
    // Whoever reads what is printed may interrupt at once, and must find someone listening.
    let mut interrupts = Interrupts::listen(2, |_| None)?;
    let printing = runtime.spawn_blocking(move || print_text(&introduction));
    runtime.block_on(async {
        tokio::select! {
            () = interrupts.next() => return Ok(()),
            printed = printing => printed??,
        };
        interrupts.next().await;
        anyhow::Ok(())
    })?;
    // What nobody reads is not waited for.
    runtime.shutdown_background();
    drop(service);
    directory.close().with_context(|| format!("{}: cannot be removed", hints.display()))?;
    Ok(ExitCode::from(FINE))
}

/// The scenarios that are built in, each on a line; on a narrow terminal the title has its own.
fn list(columns: Option<usize>) -> String {
    let scenarios: Vec<(&str, String)> = Scenario::built_in().collect();
    let width = scenarios.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let widest = scenarios.iter().map(|(_, title)| width + 2 + title.len()).max();
    let is_narrow = columns.is_some_and(|columns| widest > Some(columns));
    laid_out(columns, |out| {
        for (name, title) in scenarios {
            if is_narrow {
                out.paragraph(0, 0, &[plain(name)]);
                out.paragraph(4, 4, &[plain(title)]);
            } else {
                out.literal(0, &format!("{name:width$}  {title}"));
            }
        }
    })
}

/// A scenario that is built in, else a file.
fn load(wanted: &str) -> anyhow::Result<Scenario> {
    if let Some(scenario) = Scenario::named(wanted) {
        return scenario.map_err(|error| wrong(wanted, &error));
    }
    let path = Path::new(wanted);
    if path.components().count() == 1 && path.extension().is_none() && !path.exists() {
        let cli_error = CliError::usage(format!("unknown scenario '{wanted}'")).hint(
            "`dnsonde playground` lists the built-in ones; write a file with its path, as ./FILE",
        );
        return Err(cli_error.into());
    }
    let text = read_text(path)?;
    let name = path.file_stem().map_or(wanted.into(), |stem| stem.to_string_lossy());
    Scenario::from_toml(&name, &text).map_err(|error| wrong(wanted, &error))
}

fn wrong(what: &str, error: &dyn std::fmt::Display) -> anyhow::Error {
    CliError::in_file(what, error).into()
}

fn refused(error: ServeError) -> anyhow::Error {
    let hint = match &error {
        ServeError::Bind { error, .. } if error.kind() == std::io::ErrorKind::AddrInUse => {
            "without --port, dnsonde chooses a free port"
        }
        ServeError::Bind { .. } if !cfg!(target_os = "linux") => {
            "only Linux has all of 127.0.0.0/8 on loopback by default"
        }
        _ => return error.into(),
    };
    CliError::could_not(error.to_string()).hint(hint).into()
}

/// What is there, and what to do with it.
fn introduce(scenario: &Scenario, command: &str, port: u16, columns: Option<usize>) -> String {
    laid_out(columns, |out| {
        out.paragraph(0, 0, &[plain(scenario.title.trim())]);
        for paragraph in scenario.story.trim().split("\n\n") {
            out.blank();
            out.paragraph(
                0,
                0,
                &[plain(paragraph.split_whitespace().collect::<Vec<_>>().join(" "))],
            );
        }
        out.blank();
        let serving = format!("Serving on port {port} of these addresses, until Ctrl-C:");
        out.paragraph(0, 0, &[plain(serving)]);
        out.blank();
        let hosts: Vec<(String, &str, String)> = scenario
            .hosts()
            .map(|(name, role, addresses)| {
                let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                (addresses.join(" "), name, role)
            })
            .collect();
        let width = hosts.iter().map(|(addresses, ..)| addresses.len()).max().unwrap_or_default();
        for (addresses, name, role) in hosts {
            let line = format!("{addresses:width$}  {name:<8} {role}");
            out.paragraph(2, 4, &[plain(line)]);
        }
        out.blank();
        out.paragraph(0, 0, &[plain("To examine it, run:")]);
        out.blank();
        out.literal(2, command);
        if !scenario.expect.findings.is_empty() {
            out.blank();
            let findings = scenario.expect.findings.join(", ");
            out.paragraph(0, 0, &[plain(format!("It should find: {findings}."))]);
        }
    })
}

/// The command that examines the world.
fn command(scenario: &Scenario, hints: &Path, port: u16) -> String {
    let mut words: Vec<String> = vec!["verify".to_owned()];
    words.extend(scenario.verify.iter().cloned());
    words.extend(["--root-hints".to_owned(), hints.display().to_string()]);
    words.extend(["--port".to_owned(), port.to_string()]);
    for resolver in scenario.resolvers() {
        words.extend(["-r".to_owned(), SocketAddr::new(resolver, port).to_string()]);
    }
    command_line(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_world_is_introduced_on_a_narrow_terminal() {
        for (name, _) in Scenario::built_in() {
            let scenario = Scenario::named(name).unwrap().unwrap();
            let text = introduce(&scenario, "COMMAND", 5353, Some(40));
            let too_wide = text.lines().find(|line| line.chars().count() > 40);
            assert_eq!(too_wide, None, "{name}: {text}");
            assert!(text.contains("\n\n  COMMAND\n"), "{name}: {text}");
        }
    }
}
