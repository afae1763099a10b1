//! A report: the outcome, what was concluded, and what that rests on.
//!
//! Plain data. A job fills a [`Report`]; the other files here show it as text, JSON and HTML. Texts in
//! it may hold octets from the network only in presentation format, so that nothing in them is a
//! control character; whoever shows them escapes for the medium.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::measurement::Measurement;
use crate::judge::finding::Finding;
use crate::judge::summary::ServerReport;
use crate::stats::Chance;

/// The outcome in one word: each command has its own.
pub trait Verdict: Copy {
    /// The word, as in the output contracts.
    fn word(self) -> &'static str;

    /// How good it is.
    fn outlook(self) -> Outlook;
}

/// How good an outcome is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outlook {
    /// Nothing is wrong.
    Good,
    /// It works now and then.
    Doubtful,
    /// Something is wrong.
    Bad,
    /// It could not be told.
    Unknown,
}

/// A finished judgement.
#[derive(Debug, Clone, PartialEq)]
pub struct Report<V> {
    /// The command that made it.
    pub command: &'static str,
    /// The domain or server that was examined.
    pub subject: String,
    /// The outcome.
    pub verdict: V,
    /// The outcome in one sentence.
    pub sentence: String,
    /// When it began, in seconds since the Unix epoch.
    pub started: u64,
    /// How long it took.
    pub duration: Duration,
    /// The most likely cause first.
    pub findings: Vec<Finding>,
    /// What was expected, and what is there; nothing where a command expects no records.
    pub records: Vec<RecordReport>,
    /// Who was asked.
    pub servers: Vec<ServerReport>,
    /// How likely a verifier that asks now, once, over UDP and with one retry, sees every record
    /// right; `None` if that cannot be told.
    pub chance: Option<Chance>,
    /// What was asked and how often.
    pub effort: Effort,
    /// What was measured, where a command measures.
    pub measurement: Option<Measurement>,
    /// The changes since the first look, where it was looked more than once: the first look first.
    pub history: Vec<Moment<V>>,
}

impl<V> Report<V> {
    /// Whether what to enter for a record stands with a finding.
    pub(super) fn shows_entry_for(&self, record: &RecordReport) -> bool {
        let subject = record.subject();
        let has_entries = |finding: &Finding| !finding.brief.entries.is_empty();
        self.findings.iter().any(|finding| finding.subject == subject && has_entries(finding))
    }
}

impl RecordReport {
    /// What findings call it: `OWNER TYPE`.
    pub(super) fn subject(&self) -> String {
        format!("{} {}", self.name, self.rtype)
    }
}

/// A look that showed another state than the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment<V> {
    /// When, in seconds since the Unix epoch.
    pub at: u64,
    /// The outcome from then on.
    pub verdict: V,
    /// What was different, in one sentence.
    pub summary: String,
}

/// One expected record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecordReport {
    /// The owner.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub rtype: String,
    /// The data it should have, in presentation format, where they are known.
    pub expected: Option<String>,
    /// What it is for, in a few words (`DKIM key of SES`, `SPF policy`).
    pub purpose: String,
    /// How it stands over all servers.
    pub state: RecordState,
    /// The line to enter, as a record of a zone file, if it is not right everywhere.
    pub line: Option<String>,
    /// Answers that had it right, over all authoritative addresses.
    pub right: u64,
    /// Answers that were asked for, lost ones included.
    pub asked: u64,
    /// How it stands at each address.
    pub servers: Vec<RecordAtServer>,
}

/// How a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordState {
    /// Right in every answer.
    Right,
    /// Right in some answers and not in others.
    Mixed,
    /// Not there.
    Missing,
    /// There, and not as it should be.
    Wrong,
    /// No answer that would tell.
    Unknown,
}

impl RecordState {
    /// The word, as in the output contracts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Mixed => "mixed",
            Self::Missing => "missing",
            Self::Wrong => "wrong",
            Self::Unknown => "unknown",
        }
    }
}

/// An expected record as one address has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecordAtServer {
    /// The address.
    pub server: SocketAddr,
    /// How it stands there.
    pub state: RecordState,
    /// Answers that had it right.
    pub right: u64,
    /// Questions, unanswered ones included.
    pub asked: u64,
    /// What stands there instead, in presentation format; each once.
    pub found: Vec<String>,
}

/// How much was asked, and so how much could be seen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Effort {
    /// Messages sent, all told.
    pub queries: u64,
    /// How often each record was checked, at each address, over UDP.
    pub checks: u64,
    /// The smallest share of failures that so many checks at one address show with a probability of
    /// 95 %, from 0 to 1.
    pub visible_share: f64,
    /// Why not all was asked that should have been (interrupted, limits), in one sentence.
    pub cut_short: Option<String>,
}
