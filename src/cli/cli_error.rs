//! What went wrong, for a person: one sentence, a hint, and the exit status.

use super::exit::{COULD_NOT, USAGE};

/// An error that knows its exit status.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub(super) struct CliError {
    pub exit: u8,
    /// What, where, and with what; without a final full stop.
    pub sentence: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl CliError {
    /// The command line, or a file that it names, makes no sense.
    pub fn usage(sentence: impl Into<String>) -> Self {
        Self { exit: USAGE, sentence: sentence.into(), hint: None }
    }

    /// A file makes no sense. The reason may begin with the place in it, and is then the rest of one
    /// sentence: `FILE, line 3, column 5: …`, and else `FILE: …`.
    pub fn in_file(label: &str, reason: impl std::fmt::Display) -> Self {
        Self::usage(in_file(label, reason))
    }

    /// It makes sense and could not be done.
    pub fn could_not(sentence: impl Into<String>) -> Self {
        Self { exit: COULD_NOT, sentence: sentence.into(), hint: None }
    }

    /// Adds what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// What is wrong in a file, and where; see [`CliError::in_file`].
pub(super) fn in_file(label: &str, reason: impl std::fmt::Display) -> String {
    let reason = reason.to_string();
    let joint = if reason.starts_with("line ") { "," } else { ":" };
    format!("{label}{joint} {reason}")
}
