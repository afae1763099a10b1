//! The commands, and which of them the arguments of the process name.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use super::cli_error::CliError;
use super::report_error::report_error;
use super::style::columns;
use super::{
    bench, completions, decode, demo, diagnose, files, intent, man, output, playground, query,
    rrcheck, scan, verify,
};

/// Finds out what DNS servers really answer.
///
/// Sends queries straight to authoritative and recursive servers, many at once, and keeps evidence of
/// every attempt.
#[derive(Debug, Parser)]
#[command(
    name = "dnsonde",
    version,
    propagate_version = true,
    term_width = help_width(),
    after_help = "Examples:
  dnsonde demo                                      see what it does, without a network
  dnsonde verify example.com --ses T1,T2,T3         why is it still pending?
  dnsonde diagnose 192.0.2.53                       is a server flaky, how badly, and why?
  dnsonde example.org MX @192.0.2.53                one query and its response in full
  dnsonde scan names.txt -r 192.0.2.53 -o out.jsonl look up a list of names
  dnsonde bench -s 192.0.2.53 -d queries.txt        how fast does a server answer?

Exit status: 0 success, 1 a problem was found, 2 usage error, 3 no result, 141 the reader of the \
              output closed it."
)]
pub(super) struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Columns of help, at most.
const WIDEST_HELP: usize = 100;

#[derive(Debug, Subcommand)]
enum Command {
    Query(query::Args),
    Verify(Box<verify::Args>),
    Diagnose(Box<diagnose::Args>),
    Scan(Box<scan::Args>),
    Bench(Box<bench::Args>),
    Demo(demo::Args),
    Playground(playground::Args),
    Decode(decode::Args),
    Rrcheck(Box<rrcheck::Args>),
    /// Write shell completions to standard output
    #[command(after_help = "Examples:
  dnsonde completions bash > /etc/bash_completion.d/dnsonde
  dnsonde completions zsh > ~/.zfunc/_dnsonde
  dnsonde completions fish > ~/.config/fish/completions/dnsonde.fish")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write a manual page to standard output
    #[command(after_help = "Examples:
  dnsonde man | man -l -
  dnsonde man scan > dnsonde-scan.1
  dnsonde man demo scan | man -l -")]
    Man {
        /// The command to describe; without it, dnsonde as a whole
        #[arg(add = ArgValueCandidates::new(names_of_commands))]
        command: Vec<String>,
    },
}

/// Runs the command that the arguments of the process name.
pub fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    if let Some(answered) = completions::answer(&words, Cli::command()) {
        return answered.unwrap_or_else(report_error);
    }
    let outcome = read_arguments(words).and_then(run);
    outcome.unwrap_or_else(report_error)
}

fn read_arguments(words: Vec<OsString>) -> anyhow::Result<Cli> {
    let words = intent::with_command(words, &Cli::command())?;
    let is_query = words.get(1).is_some_and(|word| word == "query");
    let mut command = of_one_program(Cli::command());
    let read = command.try_get_matches_from_mut(words);
    let read = read.and_then(|matches| Cli::from_arg_matches(&matches));
    read.map_err(|error| match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(option))
            if is_query && error.kind() == ErrorKind::UnknownArgument =>
        {
            match query::instead(option) {
                Some(instead) => {
                    CliError::usage(format!("{option} is not supported")).hint(instead).into()
                }
                None => error.into(),
            }
        }
        _ => error.format(&mut command).into(),
    })
}

fn names_of_commands() -> Vec<CompletionCandidate> {
    let whole = Cli::command();
    let of_command = |command: &clap::Command| {
        CompletionCandidate::new(command.get_name()).help(command.get_about().cloned())
    };
    whole.get_subcommands().map(of_command).collect()
}

/// As wide as the terminal, but not so wide that it is hard to read.
fn help_width() -> usize {
    columns().unwrap_or(WIDEST_HELP).min(WIDEST_HELP)
}

/// The version of a command is that of the program.
fn of_one_program(command: clap::Command) -> clap::Command {
    command.mut_subcommands(of_one_program).display_name("dnsonde")
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    // Before anything is sent, not when all is done.
    files::register_notes()?;
    match &cli.command {
        Command::Scan(args) => args.need_output()?,
        // It opens it for the lines of its queries.
        Command::Bench(_) => {}
        _ => drop(output::standard()?),
    }
    match cli.command {
        Command::Query(args) => query::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Diagnose(args) => diagnose::run(&args),
        Command::Scan(args) => scan::run(*args),
        Command::Bench(args) => bench::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Playground(args) => playground::run(&args),
        Command::Decode(args) => decode::run(&args),
        Command::Rrcheck(args) => rrcheck::run(&args),
        Command::Completions { shell } => completions::write(shell),
        Command::Man { command } => man::write(&command, Cli::command()),
    }
}
