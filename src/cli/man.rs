//! `dnsonde man`: manual pages.

use std::process::ExitCode;

use super::complaint::Complaint;
use super::output::print;

/// Runs the command; `whole` is the command line as a whole.
pub(super) fn write(command: Option<&str>, mut whole: clap::Command) -> anyhow::Result<ExitCode> {
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
