//! How bad a finding is.

use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Worth a thought; nothing is broken.
    Notice,
    /// Something is wrong and may do harm.
    Warning,
    /// Something is wrong and does harm.
    Error,
}
