//! Looking again until all is right: when, and what the [`History`] of the looks is about.

use std::time::Duration;

use super::plan::VerifyPlan;
use super::report::{Verdict, VerifyReport};
use crate::report::judgement::history::{self, Subject};
use crate::verify::verification::Verification;
use crate::wire::RecordType;

/// The shortest and the longest time between two looks that TTLs can ask for.
const SOONEST: Duration = Duration::from_secs(60);
const LATEST: Duration = Duration::from_secs(15 * 60);
/// Without any TTL to go by.
const USUAL: Duration = Duration::from_secs(5 * 60);

/// What was seen so far.
pub type History = history::History<Verdict>;

/// What the history of a plan is about.
pub fn subject(plan: &VerifyPlan) -> Subject {
    Subject {
        command: "verify",
        domain: plan.domain.to_string(),
        expected: plan.expectations.iter().map(ToString::to_string).collect(),
    }
}

/// How long to wait before the next look: until the earliest moment at which caches that hold an old
/// answer may have let it go, but neither too soon nor too late.
pub fn next_check(evidence: &Verification, report: &VerifyReport) -> Duration {
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
    use crate::judge::severity::Severity;
    use crate::probe::ProbeLog;
    use crate::report::judgement::Effort;

    fn report(problems: &[FindingId]) -> VerifyReport {
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
            brief: crate::judge::brief::Brief::default(),
        };
        VerifyReport {
            command: "verify",
            subject: "example.com.".to_owned(),
            verdict: Verdict::Pending,
            sentence: String::new(),
            started: 0,
            duration: Duration::ZERO,
            findings: problems.iter().map(finding).collect(),
            records: Vec::new(),
            servers: Vec::new(),
            chance: None,
            effort: Effort { queries: 0, checks: 1, visible_share: 1.0, cut_short: None },
            measurement: None,
            history: Vec::new(),
        }
    }

    #[test]
    fn the_next_look_waits_for_caches_within_reason() {
        let plan = VerifyPlan::new("example.com".parse().unwrap(), Vec::new());
        let evidence = Verification { plan, log: ProbeLog::default() };
        let next = |problems: &[FindingId]| next_check(&evidence, &report(problems));
        assert_eq!(next(&[FindingId::RecordMissing]), USUAL);
        assert_eq!(
            next(&[FindingId::NegativeCached, FindingId::RecordMissing]),
            Duration::from_secs(200)
        );
    }
}
