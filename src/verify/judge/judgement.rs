//! The judgement of a verification as a whole.

use std::time::Duration;

use super::observations::RecordObservations;
use super::{records, summary, verdict};
use crate::judge::catalog::FindingId;
use crate::judge::finding::{Draft, Finding, finish, sort};
use crate::judge::provider::Hosting;
use crate::judge::summary::servers;
use crate::report::judgement::Effort;
use crate::stats::{CONFIDENCE, largest_unseen_share};
use crate::verify::report::{Verdict, VerifyReport};
use crate::verify::verification::Verification;

/// Judges what was found; `started` is in seconds since the Unix epoch.
pub fn judge(evidence: &Verification, started: u64, duration: Duration) -> VerifyReport {
    let observed = RecordObservations::new(evidence);
    let mut findings = records::findings(&observed);
    findings.extend(crate::judge::rules::findings(&evidence.log));
    // Whom nobody answers can say nothing of others.
    if evidence.log.walk.is_unanswered()
        && evidence.log.probes.iter().all(|probe| probe.reply.is_none())
    {
        findings.clear();
    }
    sort(&mut findings);
    let (verdict, sentence) = verdict::verdict(&observed, &findings);
    if verdict == Verdict::Verified {
        findings.push(verifier_lag(evidence));
    }
    sort(&mut findings);
    let checks = fewest_checks(&observed);
    let sent_by_walk = evidence.log.walk.evidence.exchanges.iter().map(|it| it.attempts.len());
    let sent = evidence.log.probes.iter().filter(|probe| probe.attempt.is_some()).count();
    VerifyReport {
        command: "verify",
        subject: evidence.plan.domain.to_string(),
        verdict,
        sentence,
        started,
        duration,
        measurement: None,
        history: Vec::new(),
        findings,
        records: summary::records(&observed),
        servers: servers(&evidence.log),
        chance: verdict::chance(&observed),
        effort: Effort {
            queries: (sent_by_walk.sum::<usize>() + sent) as u64,
            checks,
            visible_share: largest_unseen_share(checks, CONFIDENCE),
            cut_short: evidence.log.cut_short.clone(),
        },
    }
}

/// How often each record was asked for over UDP, at each address: what the least asked one of them
/// got, for no more than that may be said of all.
fn fewest_checks(observed: &RecordObservations<'_>) -> u64 {
    let addresses = observed.statuses.iter().flat_map(|status| &status.servers);
    let checks = addresses.map(|at| at.checks.iter().filter(|seen| seen.probe.is_udp()).count());
    checks.min().unwrap_or(0) as u64
}

/// Nothing is wrong, so whoever still waits is waited for.
fn verifier_lag(evidence: &Verification) -> Finding {
    let draft = Draft::notice(FindingId::VerifierLag, evidence.plan.domain.to_string())
        .summary("every record is right; whoever still says \"pending\" has not checked again")
        .evidence("looks", evidence.plan.checks())
        .advice(
            "change nothing in the DNS: have the service check again or, if its time is over (72 hours \
             with SES), begin the verification anew there",
        );
    finish(vec![draft], 0, |_| Hosting::default()).remove(0)
}
