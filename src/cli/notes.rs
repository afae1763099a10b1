//! Notes, errors and progress for whoever watches: lines on standard error.
//!
//! This is the one place that writes there. Standard error may be full, closed, or a terminal that
//! was hung up: a line that cannot be written is lost, and the command goes on. What a line says may come
//! from anywhere, so nothing in it can take hold of a terminal.
//!
//! The line of progress is drawn over again and again, below all others: it is erased before one of them
//! is written. When it is drawn, the cursor goes back to its beginning. So a terminal that becomes
//! narrower and breaks the line in two leaves nothing of it above the cursor, and to erase from the cursor
//! on takes it away whole.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

use super::style::terminal_columns;
use crate::report::printable::printable;

/// Whether notes and progress are left out.
static QUIET: AtomicBool = AtomicBool::new(false);
/// Whether the line of progress stands on the terminal.
static DRAWN: Mutex<bool> = Mutex::new(false);
/// Erases from the beginning of the line, where a terminal may have echoed `^C`, to the end of the screen.
const ERASE: &str = "\r\x1b[J";
/// How long a terminal has to take that when the program ends at once.
const LAST_MOMENT: Duration = Duration::from_millis(100);
/// Stands for a space at which no line is broken, while lines are broken.
const GLUE: char = '\u{A0}';

/// Leaves out notes and progress from now on. Errors stay, and what to do about them.
pub(super) fn be_quiet() {
    QUIET.store(true, Relaxed);
}

/// Whether notes and progress are left out.
pub(super) fn is_quiet() -> bool {
    QUIET.load(Relaxed)
}

/// Writes a line that is good to know, with the name of the program in front.
pub(super) fn note(text: &str) {
    if !is_quiet() {
        error(text);
    }
}

/// Writes a line that says what went wrong, with the name of the program in front.
pub(super) fn error(text: &str) {
    line(&format!("dnsonde: {text}"));
}

/// Writes what to do about the line before.
pub(super) fn hint(text: &str) {
    line(&format!("  hint: {text}"));
}

/// Writes a line, in one piece; on a terminal several lines, broken between words.
pub(super) fn line(text: &str) {
    let mut stderr = std::io::stderr();
    let text = printable(text);
    let text = if stderr.is_terminal() { broken(&text, terminal_columns()) } else { text.into() };
    let mut drawn = drawn();
    let erase = if std::mem::take(&mut *drawn) { ERASE } else { "" };
    let _ = stderr.write_all(format!("{erase}{text}\n").as_bytes());
}

/// Draws the line of progress over the one before; the caller sees to it that it fits the terminal.
pub(super) fn draw_progress(text: &str) {
    let mut drawn = drawn();
    let line = format!("{ERASE}{}\r", printable(text));
    *drawn = std::io::stderr().write_all(line.as_bytes()).is_ok();
}

/// Takes the line of progress away.
pub(super) fn erase_progress() {
    if std::mem::take(&mut *drawn()) {
        let _ = std::io::stderr().write_all(ERASE.as_bytes());
    }
}

/// Ends the program at once with a last error, and leaves no line of progress behind, if the terminal
/// takes anything.
pub(super) fn leave(code: u8, last: Option<&'static str>) -> ! {
    let (told, is_told) = mpsc::channel();
    let teller = std::thread::Builder::new().spawn(move || {
        erase_progress();
        last.map(error);
        told.send(())
    });
    if teller.is_ok() {
        let _ = is_told.recv_timeout(LAST_MOMENT);
    }
    std::process::exit(code.into())
}

fn drawn() -> MutexGuard<'static, bool> {
    DRAWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A text in lines of at most `width` columns, all but the first indented. A word that is longer has a
/// line of its own, and a command in backquotes stays on one line, to be copied.
fn broken(text: &str, width: usize) -> String {
    let indent = " ".repeat(text.len() - text.trim_start().len() + 2);
    let quoted = text.split('`').enumerate().map(|(number, part)| match number % 2 {
        0 => part.to_owned(),
        _ => part.replace(' ', &GLUE.to_string()),
    });
    let options = Options::new(width)
        .subsequent_indent(&indent)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::fill(&quoted.collect::<Vec<_>>().join("`"), options).replace(GLUE, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_broken_between_words_and_commands_stay_whole() {
        let hint =
            "  hint: did you mean `dnsonde query --trace`? `dnsonde --help` lists the commands";
        assert_eq!(
            broken(hint, 40),
            "  hint: did you mean\n    `dnsonde query --trace`?\n    `dnsonde --help` lists the commands"
        );
        assert_eq!(broken(hint, 100), hint);
        let name = "a-name-that-is-wider-than-the-terminal.example.org";
        assert_eq!(broken(&format!("no {name} here"), 20), format!("no\n  {name}\n  here"));
    }
}
