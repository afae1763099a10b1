//! The command line: one file a command.

pub mod decode;
pub mod input;
pub mod rrcheck;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The commands.
#[derive(Debug, Parser)]
#[command(name = "dnsonde", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Decode(decode::Args),
    Rrcheck(rrcheck::Args),
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Decode(args) => decode::run(&args),
        Command::Rrcheck(args) => rrcheck::run(&args),
    };
    result.unwrap_or_else(|error| {
        eprintln!("dnsonde: {error:#}");
        ExitCode::from(3)
    })
}
