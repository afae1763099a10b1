//! `dnsonde man`: manual pages.

use std::process::ExitCode;

use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::cli_error::CliError;
use super::output::print;

/// Runs the command: the page of the command that `words` name, or of all; `whole` is the command line
/// as a whole.
pub(super) fn write(words: &[String], mut whole: clap::Command) -> anyhow::Result<ExitCode> {
    whole.build();
    let mut command = &whole;
    for (number, word) in words.iter().enumerate() {
        command = command.find_subcommand(word).ok_or_else(|| {
            let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
            let unknown =
                CliError::usage(format!("unknown command '{}'", words[..=number].join(" ")));
            match &names[..] {
                [] => unknown.hint(format!("`dnsonde {}` has no subcommands", command.get_name())),
                names => unknown.hint(format!("the commands are {}", names.join(", "))),
            }
        })?;
    }
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim().to_owned();
    let after = command.get_after_help().map(ToString::to_string);
    let name = [&["dnsonde".to_owned()][..], words].concat().join("-");
    // The date between the title and the source is empty, which the library's own line cannot have.
    let title = format!(".TH {name} 1 \"\" \"dnsonde {}\"\n", env!("CARGO_PKG_VERSION"));
    let mut out = title.into_bytes();
    let page = command.clone().display_name(name).override_usage(usage);
    let has_commands = page.has_subcommands();
    let page = Man::new(page);
    page.render_name_section(&mut out)?;
    page.render_synopsis_section(&mut out)?;
    page.render_description_section(&mut out)?;
    page.render_options_section(&mut out)?;
    if has_commands {
        page.render_subcommands_section(&mut out)?;
    }
    after_help(&after.unwrap_or_default()).to_writer(&mut out)?;
    print(&out)
}

/// What the help has behind its options: examples in a section of their own, and tables, which are
/// indented, as they stand.
fn after_help(text: &str) -> Roff {
    let mut roff = Roff::new();
    let (mut section, mut table) = ("", false);
    for line in text.lines() {
        let indented = line.starts_with(' ');
        let of_line = if line == "Examples:" { "EXAMPLES" } else { "NOTES" };
        if !indented && !line.is_empty() && (section != of_line) {
            if std::mem::take(&mut table) {
                roff.control("fi", []);
            }
            section = of_line;
            roff.control("SH", [section]);
        }
        if line == "Examples:" {
            continue;
        }
        if indented != table && !line.is_empty() {
            roff.control(if indented { "nf" } else { "fi" }, []);
            table = indented;
        }
        match line {
            "" => roff.control("PP", []),
            line => roff.text([roman(line)]),
        };
    }
    if table {
        roff.control("fi", []);
    }
    roff
}
