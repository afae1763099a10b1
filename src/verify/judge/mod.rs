//! From evidence to findings. Pure functions.

mod servers;

use std::time::Duration;

use super::evidence::Evidence;
use crate::report::finding::{Effort, Report, Verdict};
use crate::stats::largest_unseen_share;

/// Judges what was found; `started` is in seconds since the Unix epoch.
pub fn judge(evidence: &Evidence, started: u64, duration: Duration) -> Report {
    let looks = u64::from(evidence.plan.looks());
    Report {
        command: "verify",
        subject: evidence.plan.domain.to_string(),
        verdict: Verdict::Inconclusive,
        sentence: String::new(),
        started,
        duration,
        findings: servers::examine(evidence).findings,
        records: Vec::new(),
        servers: Vec::new(),
        chance: None,
        effort: Effort {
            questions: (evidence.walk.evidence.exchanges.len() + evidence.probes.len()) as u64,
            looks,
            visible_share: largest_unseen_share(looks, crate::stats::CONFIDENCE),
            cut_short: evidence.cut_short.clone(),
        },
        history: Vec::new(),
    }
}
