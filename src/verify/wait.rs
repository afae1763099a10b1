//! Looking again until all is right: when, what has changed since, and what is kept of it.
//!
//! A [`History`] takes one [`Report`] after the other and keeps each change of state with its time,
//! so that a fault which came and went in hour 30 of 72 is there at the end. It is plain data that
//! goes to a file and comes back after a restart. Pure: the times come in.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::plan::Plan;
use super::report::{Report, Verdict};
use crate::judge::severity::Severity;
use crate::report::judgement::{Moment, RecordState};
use crate::verify::evidence::Evidence;
use crate::wire::RecordType;

/// The shortest and the longest time between two looks that TTLs can ask for.
const SOONEST: Duration = Duration::from_secs(60);
const LATEST: Duration = Duration::from_secs(15 * 60);
/// Without any TTL to go by.
const USUAL: Duration = Duration::from_secs(5 * 60);
/// Changes that are kept; beyond, the oldest but the first are left out.
const MOST_CHANGES: usize = 10_000;

/// What was seen so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// The version of this form.
    schema: u32,
    /// The domain.
    domain: String,
    /// What is expected of it, each as `OWNER TYPE VALUE`.
    expected: Vec<String>,
    /// When the first look was, in seconds since the Unix epoch.
    pub began: u64,
    /// Looks so far.
    pub looks: u64,
    /// Each look that showed another state than the one before, the first look included.
    pub changes: Vec<Change>,
    /// Changes that were left out, because there were too many.
    pub left_out: u64,
}

/// A look that showed another state than the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// When, in seconds since the Unix epoch.
    pub at: u64,
    /// The outcome from then on.
    pub verdict: Verdict,
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
    #[error("it is not a state of `dnsonde verify`: {0}")]
    Form(String),
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

impl History {
    /// A history in which nothing was seen yet; `now` is in seconds since the Unix epoch.
    pub fn new(plan: &Plan, now: u64) -> Self {
        Self {
            schema: SCHEMA,
            domain: plan.domain.to_string(),
            expected: plan.expectations.iter().map(ToString::to_string).collect(),
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
    pub fn from_json(text: &[u8], plan: &Plan) -> Result<Self, HistoryError> {
        let history: Self =
            serde_json::from_slice(text).map_err(|error| HistoryError::Form(error.to_string()))?;
        let fresh = Self::new(plan, 0);
        if history.schema != SCHEMA {
            return Err(HistoryError::Schema(history.schema));
        }
        if history.domain != fresh.domain {
            return Err(HistoryError::Domain(history.domain));
        }
        let other = history.expected.iter().find(|record| !fresh.expected.contains(record));
        let missing = fresh.expected.iter().find(|record| !history.expected.contains(record));
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
    pub fn moments(&self) -> Vec<Moment<Verdict>> {
        let moment = |change: &Change| Moment {
            at: change.at,
            verdict: change.verdict,
            summary: change.summary.clone(),
        };
        self.changes.iter().map(moment).collect()
    }

    /// Takes one more look; gives the change if it shows another state than the one before.
    pub fn add(&mut self, at: u64, report: &Report) -> Option<&Change> {
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
fn summary(
    last: Option<&Change>,
    report: &Report,
    records: &[RecordState],
    problems: &[(String, String)],
) -> String {
    let Some(last) = last else { return report.sentence.clone() };
    let mut parts: Vec<String> = Vec::new();
    if last.verdict != report.verdict {
        parts.push(format!("was {} and is {}", last.verdict.as_str(), report.verdict.as_str()));
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

/// How long to wait before the next look: until the earliest moment at which caches that hold an old
/// answer may have let it go, but neither too soon nor too late.
pub fn next_look(evidence: &Evidence, report: &Report) -> Duration {
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    let waits = report.findings.iter().filter_map(|finding| finding.retry_after_s).map(seconds);
    let ttls = evidence.log.probes.iter().filter_map(|probe| {
        let reading = probe.reading()?;
        let negative = reading.soa.as_ref().and_then(|soa| soa.negative_ttl());
        let positive = reading.chain.first().or(reading.answer.as_ref()).map(|set| set.ttl);
        negative.or(positive.filter(|_| probe.query.rtype != RecordType::SOA)).map(seconds)
    });
    let earliest = waits.min().or_else(|| ttls.min());
    earliest.unwrap_or(USUAL).clamp(SOONEST, LATEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::catalog::FindingId;
    use crate::judge::finding::Finding;
    use crate::report::judgement::{Effort, RecordReport};
    use crate::verify::expect::parse_expectation;

    fn plan(records: &[&str]) -> Plan {
        let domain = "example.com".parse().unwrap();
        let expectations = records.iter().map(|it| parse_expectation(it, &domain).unwrap());
        Plan::new(domain, expectations.collect())
    }

    fn report(verdict: Verdict, state: RecordState, problems: &[FindingId]) -> Report {
        let finding = |&id: &FindingId| Finding {
            id,
            severity: Severity::Error,
            subject: "example.com.".to_owned(),
            servers: Vec::new(),
            summary: String::new(),
            evidence: serde_json::Map::new(),
            advice: String::new(),
            reference: "",
            retry_after_s: (id == FindingId::NegativeCached).then_some(200),
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
            effort: Effort { questions: 0, looks: 1, visible_share: 1.0, cut_short: None },
            history: Vec::new(),
        }
    }

    #[test]
    fn only_changes_are_kept_and_each_says_what_is_different() {
        let mut history = History::new(&plan(&["a TXT x"]), 1000);
        let missing = report(Verdict::Pending, RecordState::Missing, &[FindingId::RecordMissing]);
        assert_eq!(history.add(1000, &missing).unwrap().summary, "the first sentence");
        assert_eq!(history.add(1060, &missing), None);
        let flaky = report(Verdict::Flaky, RecordState::Right, &[FindingId::Loss]);
        assert_eq!(
            history.add(1120, &flaky).unwrap().summary,
            "was pending and is flaky; a.example.com. TXT was missing and is right; \
             new: loss (example.com.); gone: record-missing (example.com.)"
        );
        let fine = report(Verdict::Verified, RecordState::Right, &[]);
        assert!(history.add(1180, &fine).is_some());
        assert_eq!((history.looks, history.changes.len()), (4, 3));
        assert_eq!(history.changes[1].at, 1120);
    }

    #[test]
    fn a_history_survives_a_restart_and_is_only_taken_for_the_same_records() {
        let records = ["a TXT x", "b CNAME c.example.net"];
        let mut history = History::new(&plan(&records), 1000);
        history.add(
            1000,
            &report(Verdict::Pending, RecordState::Missing, &[FindingId::RecordMissing]),
        );
        let text = history.to_json();
        assert_eq!(History::from_json(&text, &plan(&records)), Ok(history));
        assert!(matches!(
            History::from_json(&text, &plan(&records[..1])),
            Err(HistoryError::Expected(record)) if record.starts_with("b.example.com. CNAME")
        ));
        let other = Plan { domain: "example.org".parse().unwrap(), ..plan(&records) };
        assert!(matches!(History::from_json(&text, &other), Err(HistoryError::Domain(_))));
        assert!(matches!(
            History::from_json(&text[..text.len() / 2], &plan(&records)),
            Err(HistoryError::Form(_))
        ));
    }

    #[test]
    fn a_history_does_not_grow_without_bounds_and_keeps_its_beginning() {
        let mut history = History::new(&plan(&["a TXT x"]), 0);
        for at in 0..MOST_CHANGES as u64 + 10 {
            let verdict = if at % 2 == 0 { Verdict::Pending } else { Verdict::Flaky };
            history.add(at, &report(verdict, RecordState::Mixed, &[]));
        }
        assert_eq!((history.changes.len(), history.left_out), (MOST_CHANGES, 10));
        assert_eq!((history.changes[0].at, history.changes[1].at), (0, 11));
    }

    #[test]
    fn the_next_look_waits_for_caches_within_reason() {
        let evidence =
            Evidence { plan: plan(&["a TXT x"]), log: crate::probe::ProbeLog::default() };
        let next = |problems: &[FindingId]| {
            next_look(&evidence, &report(Verdict::Pending, RecordState::Missing, problems))
        };
        assert_eq!(next(&[FindingId::RecordMissing]), USUAL);
        assert_eq!(
            next(&[FindingId::NegativeCached, FindingId::RecordMissing]),
            Duration::from_secs(200)
        );
    }
}
