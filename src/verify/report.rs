//! The outcome of a verification.

use serde::{Deserialize, Serialize};

use crate::report::judgement::{self, Outlook};

/// What a verification concludes.
pub type VerifyReport = judgement::Report<Verdict>;

/// The outcome in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every expected record is right at every server asked, every time.
    Verified,
    /// Right wherever an answer came, but answers do not always come.
    Flaky,
    /// Somewhere a record is not right.
    Pending,
    /// It could not be told.
    Inconclusive,
}

impl Verdict {
    /// The word, as in the output contracts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Flaky => "flaky",
            Self::Pending => "pending",
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
            Self::Verified => Outlook::Good,
            Self::Flaky => Outlook::Doubtful,
            Self::Pending => Outlook::Bad,
            Self::Inconclusive => Outlook::Unknown,
        }
    }
}
