//! Notes and errors for whoever watches: lines on standard error.
//!
//! This is the one place that writes there. Standard error may be full, closed, or a terminal that
//! was hung up: a line that cannot be written is lost, and the command goes on. What a line says may come
//! from anywhere, so nothing in it can take hold of a terminal.

use std::io::Write as _;

use crate::report::printable::printable;

/// Writes a line that begins with the name of the program.
pub(super) fn note(text: &str) {
    line(&format!("dnsonde: {text}"));
}

/// Writes what to do about the note before.
pub(super) fn hint(text: &str) {
    line(&format!("  hint: {text}"));
}

/// Writes a line, in one piece.
pub(super) fn line(text: &str) {
    let line = format!("{}\n", printable(text));
    let _ = std::io::stderr().write_all(line.as_bytes());
}
