//! What a scenario promises to whoever examines it.

use serde::Deserialize;

/// What an examination of a scenario must find.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Ids of findings that must be there.
    #[serde(default)]
    pub findings: Vec<String>,
    /// Ids of findings above `notice` that may be there, too.
    #[serde(default)]
    pub also: Vec<String>,
    /// The verdict.
    pub verdict: String,
    /// Whether the fault comes and goes by chance, so that a single examination may miss it.
    #[serde(default)]
    pub random: bool,
}
