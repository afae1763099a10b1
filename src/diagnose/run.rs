//! Carries a plan to the network, and makes the report.

use std::time::Duration;

use super::judge::{self, verdict};
use super::measurement::measurement;
use super::plan::DiagnosePlan;
use super::planner::{self, DiagnosePlanner};
use super::report::{DiagnoseReport, Verdict};
use super::subject::subjects;
use crate::engine::EngineConfig;
use crate::judge::finding::Finding;
use crate::judge::summary::servers;
use crate::net::NetError;
use crate::probe::ProbeLog;
use crate::probe::examine;
use crate::probe::query::Role;
use crate::probe::session::{ProbeProgress, Session};
use crate::report::judgement::Effort;
use crate::stats::{CONFIDENCE, largest_unseen_share};

/// How the engine of a diagnosis is set up.
pub fn engine(plan: &DiagnosePlan) -> EngineConfig {
    // The schedule keeps the rates; this is the wall behind it, with room for its jitter.
    examine::engine(plan.max_rate * 1.5)
}

/// Carries out a plan. Must be called in a current-thread tokio runtime with I/O and time enabled.
/// `watch` sees the progress after each response, and ends the run by a sentence that says why.
///
/// # Errors
/// [`NetError`]: the network side cannot work at all.
pub async fn run(
    plan: DiagnosePlan,
    watch: &mut dyn FnMut(ProbeProgress) -> Option<&'static str>,
) -> Result<(DiagnosePlan, ProbeLog), NetError> {
    let (engine, sockets) = (engine(&plan), plan.sockets);
    let begin = |now| planner::session(now, plan);
    let (planner, log) = examine::examine(engine, sockets, begin, watch).await?;
    Ok(with_zones(planner, log))
}

/// What a session has found, when it is over.
pub fn evidence(session: Session<DiagnosePlanner>) -> (DiagnosePlan, ProbeLog) {
    let (planner, log) = session.into_parts();
    with_zones(planner, log)
}

fn with_zones(planner: DiagnosePlanner, mut log: ProbeLog) -> (DiagnosePlan, ProbeLog) {
    let plan = planner.into_plan();
    log.zones = planner::zones(&plan, &log);
    // What a server is, was known only when the first responses were there.
    for subject in subjects(&plan, &log) {
        let of_server = log.probes.iter_mut().filter(|it| it.query.server == subject.server);
        of_server.filter(|it| it.query.role == Role::Other).for_each(|probe| {
            probe.query.role = subject.role;
        });
    }
    (plan, log)
}

/// Judges what was found; `started` is in seconds since the Unix epoch.
pub fn judge(
    plan: &DiagnosePlan,
    log: &ProbeLog,
    started: u64,
    duration: Duration,
) -> DiagnoseReport {
    let findings = judge::findings(plan, log);
    let verdict = verdict::verdict(plan, log, &findings);
    let sent_by_walk = log.walk.evidence.exchanges.iter().map(|it| it.attempts.len());
    let sent = log.probes.iter().filter(|probe| probe.attempt.is_some()).count();
    DiagnoseReport {
        command: "diagnose",
        subject: plan.subject.clone(),
        verdict,
        sentence: sentence(plan, log, verdict, &findings),
        started,
        duration,
        findings,
        records: Vec::new(),
        servers: servers(log),
        chance: None,
        effort: Effort {
            queries: (sent_by_walk.sum::<usize>() + sent) as u64,
            checks: 0,
            visible_share: largest_unseen_share(u64::from(plan.probes), CONFIDENCE),
            cut_short: log.cut_short.clone(),
        },
        measurement: Some(measurement(plan, log)),
        history: Vec::new(),
    }
}

/// The verdict and its cause.
fn sentence(plan: &DiagnosePlan, log: &ProbeLog, verdict: Verdict, findings: &[Finding]) -> String {
    let servers = subjects(plan, log);
    let what = match servers.len() {
        1 => plan.subject.clone(),
        count => format!("{} ({count} addresses)", plan.subject),
    };
    match (verdict, findings.first()) {
        (Verdict::Flaky | Verdict::Broken, Some(first)) => {
            format!("{}; {}", first.fault(), first.action())
        }
        (Verdict::Inconclusive, _) if servers.is_empty() => {
            format!("no server was found for {}, so nothing could be examined", plan.subject)
        }
        (Verdict::Inconclusive, _) if verdict::refuses_everything(log) => format!(
            "{what} answers, and refuses every query: name something that it serves with --name"
        ),
        (Verdict::Inconclusive, _) => {
            format!(
                "too little came back from {what}, or from this machine's own network, to say more"
            )
        }
        _ => format!("{what} answers well"),
    }
}
