//! How findings are put together.

use std::net::SocketAddr;

use serde_json::{Map, Value};

use crate::report::finding::{Finding, Severity};

/// A finding whose words are still to come.
pub(super) fn finding(
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
    pub(super) fn says(mut self, summary: String) -> Self {
        self.summary = summary;
        self
    }

    /// With what to do.
    pub(super) fn advises(mut self, advice: String) -> Self {
        self.advice = advice;
        self
    }

    /// With one more number.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.evidence.insert(name.to_owned(), value.into());
        self
    }
}
