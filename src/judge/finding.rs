//! Findings, and how they are put together.

use std::net::SocketAddr;

use serde::Serialize;
use serde_json::{Map, Value};

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

/// What was concluded, and from what. Its `id` is a promise to scripts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// What it is, in words joined by hyphens.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about: `OWNER TYPE`, a zone, or a server.
    pub subject: String,
    /// The addresses that show it.
    pub servers: Vec<SocketAddr>,
    /// One sentence.
    pub summary: String,
    /// The numbers behind it, by name.
    pub evidence: Map<String, Value>,
    /// One sentence that its reader can act on.
    pub advice: String,
    /// RFC and section.
    pub reference: &'static str,
    /// Where waiting is the cure: how long, in seconds.
    pub retry_after_s: Option<u32>,
}

/// A finding whose words are still to come.
pub(crate) fn finding(
    id: &'static str,
    severity: Severity,
    subject: String,
    mut servers: Vec<SocketAddr>,
    reference: &'static str,
) -> Finding {
    servers.sort_unstable();
    servers.dedup();
    Finding {
        id,
        severity,
        subject,
        servers,
        summary: String::new(),
        evidence: Map::new(),
        advice: String::new(),
        reference,
        retry_after_s: None,
    }
}

impl Finding {
    /// With the sentence that says it.
    pub(crate) fn says(mut self, summary: String) -> Self {
        self.summary = summary;
        self
    }

    /// With what to do.
    pub(crate) fn advises(mut self, advice: String) -> Self {
        self.advice = advice;
        self
    }

    /// With one more number.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.evidence.insert(name.to_owned(), value.into());
        self
    }
}
