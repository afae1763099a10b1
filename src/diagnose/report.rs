//! The outcome of a diagnosis, in one word.

use serde::{Deserialize, Serialize};

use crate::report::judgement::{self, Outlook};

/// What a diagnosis concludes.
pub type DiagnoseReport = judgement::Report<Verdict>;

/// The outcome in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing above a notice.
    Healthy,
    /// Something is wrong, and something works.
    Flaky,
    /// It cannot be used at all for what it is asked.
    Broken,
    /// It could not be told.
    Inconclusive,
}

impl Verdict {
    /// The word, as in the output contracts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Flaky => "flaky",
            Self::Broken => "broken",
            Self::Inconclusive => "inconclusive",
        }
    }
}

impl judgement::Verdict for Verdict {
    fn word(self) -> &'static str {
        self.as_str()
    }

    fn outlook(self) -> Outlook {
        match self {
            Self::Healthy => Outlook::Good,
            Self::Flaky => Outlook::Doubtful,
            Self::Broken => Outlook::Bad,
            Self::Inconclusive => Outlook::Unknown,
        }
    }
}
