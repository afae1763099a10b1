//! What went wrong, for a person: one sentence, a hint, and the exit status.

use super::{COULD_NOT, USAGE};

/// An error that knows its exit status.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub(super) struct Complaint {
    pub exit: u8,
    /// What, where, and with what; without a final full stop.
    pub sentence: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Complaint {
    /// The command line, or a file that it names, makes no sense.
    pub fn usage(sentence: impl Into<String>) -> Self {
        Self { exit: USAGE, sentence: sentence.into(), hint: None }
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
