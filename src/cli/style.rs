//! How text is laid out and coloured for whoever reads it: `--color`, `NO_COLOR`, `TERM`, `COLUMNS` and
//! the terminal.

use std::ffi::OsString;
use std::io::IsTerminal as _;

use clap::ValueEnum;

use crate::report::judgement::{Style, Writer};

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb
    #[default]
    Auto,
    /// Also in files and pipes
    Always,
    /// Not at all
    Never,
}

impl Color {
    /// Whether text is coloured that goes to a terminal, or elsewhere. What the command line says
    /// overrules the environment.
    fn is_wanted(self, to_terminal: bool, environment: &Environment) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => to_terminal && !environment.no_color && !environment.dumb,
        }
    }
}

/// What the environment says of the looks of text.
#[derive(Debug, Clone, Copy, Default)]
struct Environment {
    /// `NO_COLOR` is set, and not empty (<https://no-color.org>).
    no_color: bool,
    /// `TERM=dumb`: the terminal knows letters and line ends only.
    dumb: bool,
    /// `COLUMNS`, if it is a number from 1.
    columns: Option<usize>,
}

impl Environment {
    fn read(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let columns = variable("COLUMNS").and_then(|text| text.to_str()?.trim().parse().ok());
        Self {
            no_color: variable("NO_COLOR").is_some_and(|value| !value.is_empty()),
            dumb: variable("TERM").is_some_and(|term| term == "dumb"),
            columns: columns.filter(|&columns| columns > 0),
        }
    }

    fn of_process() -> Self {
        Self::read(|name| std::env::var_os(name))
    }
}

/// The looks of text on standard output.
pub(super) fn style(color: Color) -> Style {
    let to_terminal = std::io::stdout().is_terminal();
    Style::new(columns(), color.is_wanted(to_terminal, &Environment::of_process()))
}

/// Columns to lay text out for: what `COLUMNS` says, also in files and pipes, else those of the terminal.
pub(super) fn columns() -> Option<usize> {
    let of_terminal = || terminal_size::terminal_size().map(|(width, _)| width.0.into());
    Environment::of_process().columns.or_else(of_terminal).filter(|&columns| columns > 0)
}

/// Text for so many columns, without colours.
pub(super) fn laid_out(columns: Option<usize>, write: impl FnOnce(&mut Writer<'_>)) -> String {
    let mut text = Vec::new();
    write(&mut Writer::new(Style::new(columns, false), &mut text));
    String::from_utf8_lossy(&text).into_owned()
}

/// Whether lines on standard error can be drawn over again.
pub(super) fn can_redraw() -> bool {
    std::io::stderr().is_terminal() && !Environment::of_process().dumb
}

/// Columns of the terminal on standard error as it is now: it may be resized at any moment.
pub(super) fn terminal_columns() -> usize {
    let size = terminal_size::terminal_size_of(std::io::stderr());
    let columns = size.map(|(width, _)| usize::from(width.0)).filter(|&columns| columns > 0);
    columns.or_else(|| Environment::of_process().columns).unwrap_or(80)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::read(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn colours_are_used_where_they_are_wanted() {
        for (color, to_terminal, variables, wanted) in [
            (Color::Auto, true, &[][..], true),
            (Color::Auto, false, &[], false),
            (Color::Auto, true, &[("NO_COLOR", "1")], false),
            (Color::Auto, true, &[("NO_COLOR", "0")], false),
            (Color::Auto, true, &[("NO_COLOR", "")], true),
            (Color::Auto, true, &[("TERM", "dumb")], false),
            (Color::Auto, true, &[("TERM", "xterm-256color")], true),
            (Color::Always, false, &[("NO_COLOR", "1"), ("TERM", "dumb")], true),
            (Color::Never, true, &[], false),
        ] {
            let case = format!("{color:?}, to a terminal: {to_terminal}, {variables:?}");
            assert_eq!(color.is_wanted(to_terminal, &environment(variables)), wanted, "{case}");
        }
    }

    #[test]
    fn columns_are_a_number_or_left_to_the_terminal() {
        for (text, columns) in
            [("40", Some(40)), (" 132 ", Some(132)), ("0", None), ("", None), ("wide", None)]
        {
            assert_eq!(environment(&[("COLUMNS", text)]).columns, columns, "{text:?}");
        }
        assert_eq!(environment(&[]).columns, None);
    }
}
