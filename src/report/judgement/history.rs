//! What changed from one report to the next, where someone looks again and again.
//!
//! A [`History`] takes one [`Report`] after the other and keeps each change of state with its time,
//! so that a fault which came and went in hour 30 of 72 is there at the end. It is plain data that
//! goes to a file and comes back after a restart. Pure: the times come in.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::report::{Moment, RecordState, Report, Verdict};
use crate::judge::severity::Severity;

/// Changes that are kept; beyond, the oldest but the first are left out.
const MOST_CHANGES: usize = 10_000;

/// What the reports of a history are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The command that makes the reports.
    pub command: &'static str,
    /// The domain.
    pub domain: String,
    /// What is expected of it, each as `OWNER TYPE VALUE`.
    pub expected: Vec<String>,
}

/// What was seen so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History<V> {
    /// The version of this form.
    schema: u32,
    domain: String,
    expected: Vec<String>,
    /// When the first look was, in seconds since the Unix epoch.
    pub began: u64,
    /// Looks so far.
    pub looks: u64,
    /// Each look that showed another state than the one before, the first look included.
    pub changes: Vec<Change<V>>,
    /// Changes that were left out, because there were too many.
    pub left_out: u64,
}

/// A look that showed another state than the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change<V> {
    /// When, in seconds since the Unix epoch.
    pub at: u64,
    /// The outcome from then on.
    pub verdict: V,
    /// How each expected record stands, in their order.
    pub records: Vec<RecordState>,
    /// What is wrong: ids and subjects of findings above `notice`, in order, each once.
    pub problems: Vec<(String, String)>,
    /// What is different now, in one sentence.
    pub summary: String,
}

/// Why a history does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// It is none.
    #[error("it is not a state of `dnsonde {command}`: {why}")]
    Form {
        /// Whose it should be.
        command: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// It was written by another version.
    #[error("it has the form {0}, and this version knows form {SCHEMA}")]
    Schema(u32),
    /// It is of another domain.
    #[error("it is the state of {0}")]
    Domain(String),
    /// Other records were expected.
    #[error("it is the state of other records of the same domain, such as {0}")]
    Expected(String),
}

const SCHEMA: u32 = 1;

impl<V: Verdict + PartialEq + Serialize + DeserializeOwned> History<V> {
    /// A history in which nothing was seen yet; `now` is in seconds since the Unix epoch.
    pub fn new(subject: &Subject, now: u64) -> Self {
        Self {
            schema: SCHEMA,
            domain: subject.domain.clone(),
            expected: subject.expected.clone(),
            began: now,
            looks: 0,
            changes: Vec::new(),
            left_out: 0,
        }
    }

    /// Reads what [`History::to_json`] wrote, and sees that it is about the same records.
    ///
    /// # Errors
    /// [`HistoryError`]: it is no history, or one of something else.
    pub fn from_json(text: &[u8], subject: &Subject) -> Result<Self, HistoryError> {
        let command = subject.command;
        let history: Self = serde_json::from_slice(text)
            .map_err(|error| HistoryError::Form { command, why: error.to_string() })?;
        if history.schema != SCHEMA {
            return Err(HistoryError::Schema(history.schema));
        }
        if history.domain != subject.domain {
            return Err(HistoryError::Domain(history.domain));
        }
        let other = history.expected.iter().find(|record| !subject.expected.contains(record));
        let missing = subject.expected.iter().find(|record| !history.expected.contains(record));
        match other.or(missing) {
            Some(record) => Err(HistoryError::Expected(record.clone())),
            None => Ok(history),
        }
    }

    /// The history as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        // Plain data with text keys: this cannot fail.
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }

    /// The changes, for a report.
    pub fn moments(&self) -> Vec<Moment<V>> {
        let moment = |change: &Change<V>| Moment {
            at: change.at,
            verdict: change.verdict,
            summary: change.summary.clone(),
        };
        self.changes.iter().map(moment).collect()
    }

    /// Takes one more look; gives the change if it shows another state than the one before.
    pub fn add(&mut self, at: u64, report: &Report<V>) -> Option<&Change<V>> {
        self.looks += 1;
        let records: Vec<RecordState> = report.records.iter().map(|record| record.state).collect();
        let mut problems: Vec<(String, String)> = report
            .findings
            .iter()
            .filter(|finding| finding.severity > Severity::Notice)
            .map(|finding| (finding.id.to_string(), finding.subject.clone()))
            .collect();
        problems.sort();
        problems.dedup();
        let last = self.changes.last();
        if last.is_some_and(|last| {
            (last.verdict, &last.records, &last.problems) == (report.verdict, &records, &problems)
        }) {
            return None;
        }
        let summary = summary(last, report, &records, &problems);
        if self.changes.len() >= MOST_CHANGES {
            self.changes.remove(1);
            self.left_out += 1;
        }
        self.changes.push(Change { at, verdict: report.verdict, records, problems, summary });
        self.changes.last()
    }
}

/// What is different from the state before.
fn summary<V: Verdict + PartialEq>(
    last: Option<&Change<V>>,
    report: &Report<V>,
    records: &[RecordState],
    problems: &[(String, String)],
) -> String {
    let Some(last) = last else { return report.sentence.clone() };
    let mut parts: Vec<String> = Vec::new();
    if last.verdict != report.verdict {
        parts.push(format!("was {} and is {}", last.verdict.word(), report.verdict.word()));
    }
    for (record, (now, before)) in report.records.iter().zip(records.iter().zip(&last.records)) {
        if now != before {
            let (name, rtype) = (&record.name, &record.rtype);
            parts.push(format!("{name} {rtype} was {} and is {}", before.as_str(), now.as_str()));
        }
    }
    let told = |(id, subject): &(String, String)| format!("{id} ({subject})");
    let new: Vec<String> =
        problems.iter().filter(|problem| !last.problems.contains(problem)).map(told).collect();
    let gone: Vec<String> =
        last.problems.iter().filter(|problem| !problems.contains(problem)).map(told).collect();
    if !new.is_empty() {
        parts.push(format!("new: {}", new.join(", ")));
    }
    if !gone.is_empty() {
        parts.push(format!("gone: {}", gone.join(", ")));
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::judge::brief::Brief;
    use crate::judge::catalog::FindingId;
    use crate::judge::finding::Finding;
    use crate::report::judgement::{Effort, Outlook, RecordReport};

    fn subject(records: &[&str]) -> Subject {
        let expected = records.iter().map(|&record| record.to_owned()).collect();
        Subject { command: "verify", domain: "example.com.".to_owned(), expected }
    }

    #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
    enum Word {
        Pending,
        Flaky,
        Verified,
    }

    impl Verdict for Word {
        fn word(self) -> &'static str {
            match self {
                Self::Pending => "pending",
                Self::Flaky => "flaky",
                Self::Verified => "verified",
            }
        }

        fn outlook(self) -> Outlook {
            Outlook::Unknown
        }
    }

    fn report(verdict: Word, state: RecordState, problems: &[FindingId]) -> Report<Word> {
        let finding = |&id: &FindingId| Finding {
            id,
            who: id.entry().who[0],
            severity: Severity::Error,
            subject: "example.com.".to_owned(),
            providers: Vec::new(),
            servers: Vec::new(),
            summary: String::new(),
            evidence: serde_json::Map::new(),
            advice: String::new(),
            reference: "",
            retry_after_s: (id == FindingId::NegativeCached).then_some(200),
            brief: Brief::default(),
        };
        Report {
            command: "verify",
            subject: "example.com.".to_owned(),
            verdict,
            sentence: "the first sentence".to_owned(),
            started: 0,
            duration: Duration::ZERO,
            findings: problems.iter().map(finding).collect(),
            records: vec![RecordReport {
                name: "a.example.com.".to_owned(),
                rtype: "TXT".to_owned(),
                expected: None,
                purpose: String::new(),
                state,
                line: None,
                right: 0,
                asked: 0,
                servers: Vec::new(),
            }],
            servers: Vec::new(),
            chance: None,
            effort: Effort { queries: 0, checks: 1, visible_share: 1.0, cut_short: None },
            measurement: None,
            history: Vec::new(),
        }
    }

    #[test]
    fn only_changes_are_kept_and_each_says_what_is_different() {
        let mut history = History::new(&subject(&["a TXT x"]), 1000);
        let missing = report(Word::Pending, RecordState::Missing, &[FindingId::RecordMissing]);
        assert_eq!(history.add(1000, &missing).unwrap().summary, "the first sentence");
        assert_eq!(history.add(1060, &missing), None);
        let flaky = report(Word::Flaky, RecordState::Right, &[FindingId::Loss]);
        assert_eq!(
            history.add(1120, &flaky).unwrap().summary,
            "was pending and is flaky; a.example.com. TXT was missing and is right; \
             new: loss (example.com.); gone: record-missing (example.com.)"
        );
        let fine = report(Word::Verified, RecordState::Right, &[]);
        assert!(history.add(1180, &fine).is_some());
        assert_eq!((history.looks, history.changes.len()), (4, 3));
        assert_eq!(history.changes[1].at, 1120);
    }

    #[test]
    fn a_history_survives_a_restart_and_is_only_taken_for_the_same_records() {
        let records = ["a.example.com. TXT \"x\"", "b.example.com. CNAME c.example.net."];
        let mut history = History::new(&subject(&records), 1000);
        history
            .add(1000, &report(Word::Pending, RecordState::Missing, &[FindingId::RecordMissing]));
        let text = history.to_json();
        assert_eq!(History::<Word>::from_json(&text, &subject(&records)), Ok(history));
        assert!(matches!(
            History::<Word>::from_json(&text, &subject(&records[..1])),
            Err(HistoryError::Expected(record)) if record.starts_with("b.example.com. CNAME")
        ));
        let other = Subject { domain: "example.org.".to_owned(), ..subject(&records) };
        assert!(matches!(History::<Word>::from_json(&text, &other), Err(HistoryError::Domain(_))));
        assert!(matches!(
            History::<Word>::from_json(&text[..text.len() / 2], &subject(&records)),
            Err(HistoryError::Form { command: "verify", .. })
        ));
    }

    #[test]
    fn a_history_does_not_grow_without_bounds_and_keeps_its_beginning() {
        let mut history = History::new(&subject(&["a TXT x"]), 0);
        for at in 0..MOST_CHANGES as u64 + 10 {
            let verdict = if at % 2 == 0 { Word::Pending } else { Word::Flaky };
            history.add(at, &report(verdict, RecordState::Mixed, &[]));
        }
        assert_eq!((history.changes.len(), history.left_out), (MOST_CHANGES, 10));
        assert_eq!((history.changes[0].at, history.changes[1].at), (0, 11));
    }
}
