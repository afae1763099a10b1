//! The command line: arguments, exit codes, progress. One file a command.
//!
//! Arguments become a resolved plan in one step, and the plan is carried out in another, so that
//! everything that is wrong with a command line is said before anything is sent.
//!
//! Machine output goes to standard output and nothing else does; notes and progress go to standard
//! error. Exit status: 0 fine, 1 a problem was found, 2 usage error, 3 could not tell, 141 whoever read the
//! output has closed it.

mod carry_out;
mod complaint;
mod decode;
mod demo;
mod event_loop;
mod files;
mod input;
mod intent;
mod interrupts;
mod limits;
mod neighbours;
mod notes;
mod output;
mod playground;
mod progress;
mod query;
mod rrcheck;
mod scan;
mod servers;
mod streams;
mod summary;
pub mod verify;

use std::borrow::Cow;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Parser, Subcommand};

use complaint::Complaint;
use notes::{hint, note};
use output::{print, print_text};

use crate::net::is_out_of_descriptors;
use crate::playground::ServeError;

/// Fine: verified, healthy, done.
const FINE: u8 = 0;
/// A problem was found.
const PROBLEM: u8 = 1;
/// A command line, or a file that it names, that makes no sense.
const USAGE: u8 = 2;
/// Could not be done, or not be told.
const COULD_NOT: u8 = 3;
/// Nobody reads the output any more: what shells say of a program that SIGPIPE ends.
const CLOSED: u8 = 141;

/// A raw-packet DNS probing engine.
///
/// Sends DNS messages straight to authoritative and recursive servers, many at once, and keeps
/// evidence of every attempt.
#[derive(Debug, Parser)]
#[command(
    name = "dnsonde",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "Examples:
  dnsonde demo                                      look what it does, offline
  dnsonde verify example.com --ses T1,T2,T3         why is it still pending?
  dnsonde example.org MX @192.0.2.53                one exchange, in full, as `dnsonde query` shows it
  dnsonde scan names.txt -r 192.0.2.53 -o out.jsonl look up a list of names

Exit status: 0 fine, 1 a problem was found, 2 usage error, 3 could not tell, 141 nobody read the \
              output to its end."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Query(query::Args),
    Verify(Box<verify::Args>),
    Scan(Box<scan::Args>),
    Demo(demo::Args),
    Playground(playground::Args),
    Decode(decode::Args),
    Rrcheck(Box<rrcheck::Args>),
    /// Write completions for a shell to standard output
    #[command(after_help = "Examples:
  dnsonde completions bash > /etc/bash_completion.d/dnsonde
  dnsonde completions zsh > ~/.zfunc/_dnsonde")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write a manual page to standard output
    #[command(after_help = "Examples:
  dnsonde man | man -l -
  dnsonde man scan > dnsonde-scan.1")]
    Man {
        /// The command to write about; without it, dnsonde as a whole
        command: Option<String>,
    },
}

/// Runs the command that the arguments of the process name.
pub fn main() -> ExitCode {
    let outcome = read_arguments(std::env::args_os().collect()).and_then(run);
    outcome.unwrap_or_else(complain)
}

fn read_arguments(words: Vec<OsString>) -> anyhow::Result<Cli> {
    let words = intent::with_command(words, &Cli::command())?;
    let is_query = words.get(1).is_some_and(|word| word == "query");
    Cli::try_parse_from(words).map_err(|error| match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(option))
            if is_query && error.kind() == ErrorKind::UnknownArgument =>
        {
            match query::instead(option) {
                Some(instead) => {
                    Complaint::usage(format!("{option} is not supported")).hint(instead).into()
                }
                None => error.into(),
            }
        }
        _ => error.into(),
    })
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    // Before anything is sent, not when all is done.
    files::register_notes()?;
    match &cli.command {
        Command::Scan(args) => args.need_output()?,
        _ => drop(output::standard()?),
    }
    match cli.command {
        Command::Query(args) => query::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Scan(args) => scan::run(*args),
        Command::Demo(args) => demo::run(&args),
        Command::Playground(args) => playground::run(&args),
        Command::Decode(args) => decode::run(&args),
        Command::Rrcheck(args) => rrcheck::run(&args),
        Command::Completions { shell } => completions(shell),
        Command::Man { command } => man(command.as_deref()),
    }
}

/// Says what went wrong in one sentence, with a hint where there is one.
fn complain(error: anyhow::Error) -> ExitCode {
    let error = match error.downcast::<clap::Error>() {
        Ok(error) if !error.use_stderr() => {
            // Help, or the version: not an error, and there is no word of the user's in it.
            let shown = streams::need_output().map_err(anyhow::Error::from);
            return shown.and_then(|()| output::printed(error.print())).unwrap_or_else(complain);
        }
        Ok(error) => {
            // Without colours: what clap quotes of the command line could be anything.
            let text = error.render().to_string();
            let lines = text.trim_end().lines().filter(|line| !line.starts_with(NO_OPTION));
            let mut lines: Vec<Cow<'_, str>> = lines.map(in_words).collect();
            lines.dedup_by(|line, before| line.is_empty() && before.is_empty());
            lines.iter().for_each(|line| notes::line(line));
            return ExitCode::from(USAGE);
        }
        Err(error) => error,
    };
    if error.is::<output::Closed>() {
        return ExitCode::from(CLOSED);
    }
    let complaint = error.downcast_ref::<Complaint>();
    note(&sentence(&error));
    match complaint.and_then(|complaint| complaint.hint.as_deref()) {
        Some(text) => hint(text),
        None if wants_descriptors(&error) => hint("raise the limit on open files (`ulimit -n`)"),
        None => {}
    }
    ExitCode::from(complaint.map_or(COULD_NOT, |complaint| complaint.exit))
}

/// What clap says of any unknown option, which is a value with us nowhere but in `query`.
const NO_OPTION: &str = "  tip: to pass '-";

/// A line of clap's with what the standard library says of numbers in words.
fn in_words(line: &str) -> Cow<'_, str> {
    const NUMBERS: [(&str, &str); 4] = [
        ("invalid digit found in string", "not a whole number"),
        ("cannot parse integer from empty string", "a number is missing"),
        ("number too large to fit in target type", "too large a number"),
        ("number too small to fit in target type", "too small a number"),
    ];
    for (theirs, ours) in NUMBERS {
        if let Some(front) = line.strip_suffix(theirs) {
            return Cow::Owned(format!("{front}{ours}"));
        }
    }
    let range = line.rsplit_once(" is not in ").and_then(|(front, range)| {
        let (least, most) = range.split_once("..=")?;
        most.parse::<u64>().ok()?;
        Some(format!("{front} is out of range: write a number from {least} to {most}"))
    });
    range.map_or(Cow::Borrowed(line), Cow::Owned)
}

/// An error and its causes, without those that are told already.
fn sentence(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

/// Whether the process or the system had no file descriptor left for something.
fn wants_descriptors(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let of_system = cause.downcast_ref::<std::io::Error>();
        let of_playground = match cause.downcast_ref::<ServeError>() {
            Some(ServeError::Bind { error, .. } | ServeError::Start(error)) => Some(error),
            _ => None,
        };
        of_system.or(of_playground).is_some_and(is_out_of_descriptors)
    })
}

fn completions(shell: clap_complete::Shell) -> anyhow::Result<ExitCode> {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "dnsonde", &mut out);
    print(&out)
}

fn man(command: Option<&str>) -> anyhow::Result<ExitCode> {
    let mut whole = Cli::command();
    whole.build();
    let page = match command {
        None => whole,
        Some(name) => whole
            .get_subcommands()
            .find(|sub| sub.get_name() == name)
            .cloned()
            .ok_or_else(|| {
                let names = whole.get_subcommands().map(clap::Command::get_name);
                let names: Vec<&str> = names.collect();
                Complaint::usage(format!("unknown command '{name}'"))
                    .hint(format!("the commands are {}", names.join(", ")))
            })?
            .display_name(format!("dnsonde-{name}")),
    };
    let mut out = Vec::new();
    clap_mangen::Man::new(page).render(&mut out)?;
    print(&out)
}

/// A word as a shell has to see it.
fn shell_word(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.,:/=@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_reach_the_command_as_they_are() {
        for (word, expected) in [
            ("--ses", "--ses"),
            ("t1,t2", "t1,t2"),
            ("", "''"),
            ("www A 192.0.2.1", "'www A 192.0.2.1'"),
            ("it's $HOME", r"'it'\''s $HOME'"),
        ] {
            assert_eq!(shell_word(word), expected);
        }
    }
}
