//! What became of a question, in one word.

use crate::report::json::{Plain, plain};
use crate::wire::Rcode;

/// What became of a question, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It was answered, with this response code.
    Rcode(Rcode),
    /// It was answered, and the answer is malformed.
    Malformed,
    /// No answer came.
    Timeout,
    /// No message could be delivered.
    Unreachable,
    /// A truncated answer came over UDP, and none over TCP.
    Truncated,
}

impl Status {
    /// The response code or another word.
    pub(super) fn word(self) -> Result<Rcode, Plain> {
        Err(match self {
            Self::Rcode(rcode) => return Ok(rcode),
            Self::Malformed => plain!("MALFORMED"),
            Self::Timeout => plain!("TIMEOUT"),
            Self::Unreachable => plain!("UNREACHABLE"),
            Self::Truncated => plain!("TRUNCATED"),
        })
    }
}
