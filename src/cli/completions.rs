//! `dnsonde completions`: what a shell completes.

use std::process::ExitCode;

use super::output::print;

/// Runs the command; `whole` is the command line as a whole.
pub(super) fn write(
    shell: clap_complete::Shell,
    mut whole: clap::Command,
) -> anyhow::Result<ExitCode> {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut whole, "dnsonde", &mut out);
    print(&out)
}
