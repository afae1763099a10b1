//! Says on standard error what went wrong, and ends with the exit status that it has.

use std::borrow::Cow;
use std::io;
use std::process::ExitCode;

use super::cli_error::CliError;
use super::exit::{CLOSED, COULD_NOT, USAGE};
use super::notes::{self, hint};
use super::{output, streams};
use crate::net::{NO_DESCRIPTORS, OUT_OF_DESCRIPTORS};

/// Says what went wrong in one sentence, with a hint where there is one.
pub(super) fn report_error(error: anyhow::Error) -> ExitCode {
    let error = match error.downcast::<clap::Error>() {
        Ok(error) if !error.use_stderr() => {
            // Help, or the version: not an error, and there is no word of the user's in it.
            let shown = streams::need_output().map_err(anyhow::Error::from);
            return shown
                .and_then(|()| output::printed(error.print()))
                .unwrap_or_else(report_error);
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
    let cli_error = error.downcast_ref::<CliError>();
    let sentence = sentence(&error);
    notes::error(&sentence);
    match cli_error.and_then(|cli_error| cli_error.hint.as_deref()) {
        Some(text) => hint(text),
        None if sentence.contains(NO_DESCRIPTORS) => {
            hint("raise the limit on open files (`ulimit -n`)")
        }
        None => {}
    }
    ExitCode::from(cli_error.map_or(COULD_NOT, |cli_error| cli_error.exit))
}

/// What clap says of any unknown option, which is a value with us nowhere but in `query`.
const NO_OPTION: &str = "  tip: to pass '-";

/// A line of clap's with what the standard library says of numbers in words.
fn in_words(line: &str) -> Cow<'_, str> {
    const NUMBERS: [(&str, &str); 4] = [
        ("invalid digit found in string", "not a whole number"),
        ("cannot parse integer from empty string", "missing number"),
        ("number too large to fit in target type", "number too large"),
        ("number too small to fit in target type", "number too small"),
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
    OUT_OF_DESCRIPTORS.iter().fold(text, |text, &code| {
        text.replace(&io::Error::from_raw_os_error(code).to_string(), NO_DESCRIPTORS)
    })
}
