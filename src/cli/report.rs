//! The report of a verification or a diagnosis, in the format that was asked for.

use std::process::ExitCode;

use clap::ValueEnum;

use super::output::print;
use super::shell::command_line;
use super::style::{Color, style};
use crate::report::judgement::{
    Page, Report, Verdict, write_report_html, write_report_json, write_report_text,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum Format {
    /// Plain text
    #[default]
    Text,
    /// One JSON object
    Json,
    /// A web page, for example for a provider's support
    Html,
}

/// Writes a report to standard output.
pub(super) fn show<V: Verdict>(
    report: &Report<V>,
    format: Format,
    color: Color,
) -> anyhow::Result<ExitCode> {
    let mut out = Vec::new();
    match format {
        Format::Text => write_report_text(report, style(color), &mut out),
        Format::Json => write_report_json(report, &mut out),
        Format::Html => {
            let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
            let command_line = &command_line(words);
            write_report_html(report, Page { command_line }, &mut out);
        }
    }
    print(&out)
}
