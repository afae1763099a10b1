//! The dnsonde command.

use std::process::ExitCode;

fn main() -> ExitCode {
    dnsonde::cli::main()
}
