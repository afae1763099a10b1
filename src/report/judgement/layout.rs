//! Paragraphs and tables for a terminal of a given width.
//!
//! Lines are broken between words only. A name, an address or a line to be copied that is wider
//! than the terminal stays whole, on a line of its own: the terminal wraps it, and what is copied
//! from there is still right. Everything that is written goes through [`printable`] here.

use std::borrow::Cow;

use anstyle::{AnsiColor, Style as Ansi};
use textwrap::core::display_width;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

use super::super::printable::printable;

/// Columns between the columns of a table.
const GAP: usize = 2;
/// Stands for a space at which no line is broken, while lines are broken.
const GLUE: char = '\u{A0}';

/// How text is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether to use colour, which only a terminal understands, and not everybody wants there.
    pub colour: bool,
    /// Columns of a line.
    pub width: usize,
}

impl Style {
    /// For a terminal of so many columns: 30 to 100 of them are used, longer lines are hard to
    /// read. 80 where the number is not known.
    pub fn new(columns: Option<usize>, colour: bool) -> Self {
        Self { colour, width: columns.map_or(80, |columns| columns.clamp(30, 100)) }
    }
}

/// What a piece of text is, and so its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Text.
    Plain,
    /// A heading, or a word that stands out.
    Strong,
    /// Said by the way.
    Faint,
    /// All is well.
    Good,
    /// It may do harm.
    Doubtful,
    /// It does harm.
    Bad,
}

impl Tone {
    fn ansi(self) -> Ansi {
        let colour =
            |colour: AnsiColor| Ansi::new().bold().fg_color(Some(anstyle::Color::Ansi(colour)));
        match self {
            Self::Plain => Ansi::new(),
            Self::Strong => Ansi::new().bold(),
            Self::Faint => Ansi::new().dimmed(),
            Self::Good => colour(AnsiColor::Green),
            Self::Doubtful => colour(AnsiColor::Yellow),
            Self::Bad => colour(AnsiColor::Red),
        }
    }
}

/// A piece of text of one tone.
#[derive(Debug, Clone)]
pub struct Span<'t> {
    tone: Tone,
    text: Cow<'t, str>,
}

/// A piece of text.
pub fn span<'t>(tone: Tone, text: impl Into<Cow<'t, str>>) -> Span<'t> {
    Span { tone, text: text.into() }
}

/// A piece of text without a tone of its own.
pub fn plain<'t>(text: impl Into<Cow<'t, str>>) -> Span<'t> {
    span(Tone::Plain, text)
}

/// One row of a table: its cells, and what is to be said of it below.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// As many as the head has.
    pub cells: Vec<String>,
    /// Sentences without a full stop.
    pub notes: Vec<String>,
}

/// Appends lines to a buffer.
pub struct Writer<'o> {
    style: Style,
    out: &'o mut Vec<u8>,
}

impl<'o> Writer<'o> {
    pub fn new(style: Style, out: &'o mut Vec<u8>) -> Self {
        Self { style, out }
    }

    /// An empty line.
    pub fn blank(&mut self) {
        self.out.push(b'\n');
    }

    /// Text, broken into lines; the first is indented by `first`, the others by `rest`.
    pub fn paragraph(&mut self, first: usize, rest: usize, spans: &[Span<'_>]) {
        let text: String = spans.iter().map(|span| self.painted(span)).collect();
        let (first, rest) = (" ".repeat(first), " ".repeat(rest));
        let options = Options::new(self.style.width)
            .initial_indent(&first)
            .subsequent_indent(&rest)
            .break_words(false)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation)
            .wrap_algorithm(WrapAlgorithm::FirstFit);
        for line in textwrap::wrap(&glued(&text), options) {
            self.line(&line.replace(GLUE, " "));
        }
    }

    /// Something to be copied, on one line however long it is.
    pub fn literal(&mut self, indent: usize, text: &str) {
        self.line(&format!("{}{}", " ".repeat(indent), printable(text)));
    }

    /// Rows in columns under a head. Columns that are empty are left out. Those on the right for
    /// which there is no room follow below each row, named by the head.
    pub fn table(&mut self, indent: usize, head: &[&str], rows: &[Row]) {
        let rows: Vec<Row> = rows.iter().map(printable_row).collect();
        let cell = |row: &'_ Row, column: usize| row.cells.get(column).cloned().unwrap_or_default();
        let columns: Vec<usize> = (0..head.len())
            .filter(|&column| rows.iter().any(|row| !cell(row, column).is_empty()))
            .collect();
        let width_of = |column: usize| {
            let cells = rows.iter().map(|row| display_width(&cell(row, column)));
            cells.chain([display_width(head[column])]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = columns.iter().map(|&column| width_of(column)).collect();
        let mut used = indent;
        let fitting = widths
            .iter()
            .take_while(|&&width| {
                used += width + GAP;
                used - GAP <= self.style.width
            })
            .count()
            .max(1);
        let (shown, below) = columns.split_at(fitting.min(columns.len()));

        let aligned = |cells: &mut dyn Iterator<Item = String>| {
            let mut line = " ".repeat(indent);
            for (text, width) in cells.zip(&widths) {
                let padding = (width + GAP).saturating_sub(display_width(&text));
                line.push_str(&text);
                line.extend(std::iter::repeat_n(' ', padding));
            }
            line.truncate(line.trim_end().len());
            line
        };
        if shown.len() > 1 {
            let line = aligned(&mut shown.iter().map(|&column| head[column].to_owned()));
            let line = self.painted(&span(Tone::Faint, line));
            self.line(&line);
        }
        for row in &rows {
            let line = aligned(&mut shown.iter().map(|&column| cell(row, column)));
            self.line(&line);
            let mut notes: Vec<String> = below
                .iter()
                .map(|&column| {
                    (head[column].trim_start(), cell(row, column).trim_start().to_owned())
                })
                .filter(|(_, text)| !text.is_empty())
                .map(|(name, text)| format!("{name} {text}"))
                .collect();
            notes.extend(row.notes.iter().cloned());
            if !notes.is_empty() {
                self.paragraph(indent + 2, indent + 2, &[plain(notes.join("; "))]);
            }
        }
    }

    fn painted(&self, span: &Span<'_>) -> String {
        let text = printable(&span.text);
        if !self.style.colour || span.tone == Tone::Plain {
            return text.into_owned();
        }
        let ansi = span.tone.ansi();
        format!("{ansi}{text}{ansi:#}")
    }

    fn line(&mut self, line: &str) {
        self.out.extend_from_slice(line.trim_end().as_bytes());
        self.out.push(b'\n');
    }
}

fn printable_row(row: &Row) -> Row {
    let printables = |texts: &[String]| texts.iter().map(|t| printable(t).into_owned()).collect();
    Row { cells: printables(&row.cells), notes: printables(&row.notes) }
}

/// Binds numbers to their units.
fn glued(text: &str) -> String {
    ["%", "ms", "s"].iter().fold(text.to_owned(), |text, unit| {
        let mut out = String::with_capacity(text.len());
        let mut rest = &text[..];
        while let Some(at) = rest.find(&format!(" {unit}")) {
            let (before, after) = (&rest[..at], &rest[at + 1 + unit.len()..]);
            let is_unit = before.ends_with(|c: char| c.is_ascii_digit())
                && !after.starts_with(|c: char| c.is_alphanumeric());
            out.push_str(before);
            out.push(if is_unit { GLUE } else { ' ' });
            out.push_str(unit);
            rest = after;
        }
        out.push_str(rest);
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(width: usize, colour: bool, write: impl FnOnce(&mut Writer<'_>)) -> String {
        let mut out = Vec::new();
        write(&mut Writer::new(Style { colour, width }, &mut out));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_are_broken_between_words_and_names_stay_whole() {
        let text = "see a-very-long-name._domainkey.example.com. for 5.0 % of them";
        let shown = written(20, false, |out| out.paragraph(2, 4, &[plain(text)]));
        assert_eq!(
            shown,
            "  see\n    a-very-long-name._domainkey.example.com.\n    for 5.0 % of\n    them\n"
        );
        let shown = written(12, false, |out| out.paragraph(0, 0, &[plain("loss of 55.5 % and s")]));
        assert_eq!(shown, "loss of\n55.5 % and s\n");
    }

    #[test]
    fn columns_without_room_follow_below() {
        let row = |cells: [&str; 4], notes: &[&str]| Row {
            cells: cells.map(str::to_owned).to_vec(),
            notes: notes.iter().map(|&note| note.to_owned()).collect(),
        };
        let rows =
            [row(["192.0.2.1:53", "7/7", "", "1 ms"], &[]), row(["a", "10/10", "", ""], &["odd"])];
        let head = ["address", "UDP", "TCP", "median"];
        let table = |width| written(width, false, |out| out.table(1, &head, &rows));
        assert_eq!(
            table(40),
            " address       UDP    median\n 192.0.2.1:53  7/7    1 ms\n a             10/10\n   odd\n"
        );
        assert_eq!(
            table(21),
            " address       UDP\n 192.0.2.1:53  7/7\n   median 1 ms\n a             10/10\n   odd\n"
        );
        assert_eq!(
            table(10),
            " 192.0.2.1:53\n   UDP\n   7/7;\n   median\n   1 ms\n a\n   UDP\n   10/10;\n   odd\n"
        );
    }

    #[test]
    fn colour_is_used_where_wanted_and_takes_no_room() {
        let spans = [span(Tone::Bad, "error"), plain(": it is so")];
        assert_eq!(written(11, false, |out| out.paragraph(0, 0, &spans)), "error: it\nis so\n");
        assert_eq!(
            written(11, true, |out| out.paragraph(0, 0, &spans)),
            "\u{1b}[1m\u{1b}[31merror\u{1b}[0m: it\nis so\n"
        );
    }

    #[test]
    fn whatever_is_written_is_printable() {
        let text = "a\u{1b}[2J\u{202e}\n\u{9b}b";
        let shown = written(80, false, |out| {
            out.paragraph(0, 0, &[span(Tone::Bad, text)]);
            out.literal(0, text);
            out.table(0, &["h"], &[Row { cells: vec![text.into()], notes: vec![text.into()] }]);
        });
        assert_eq!(shown.lines().count(), 4);
        assert!(
            !shown.contains(|c| super::super::super::printable::acts(c) && c != '\n'),
            "{shown:?}"
        );
    }
}
