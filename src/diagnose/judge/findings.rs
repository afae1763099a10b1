//! The rules in order.

use super::context::Context;
use super::{latency, loss, reach, recursive, structure};
use crate::diagnose::plan::DiagnosePlan;
use crate::judge::catalog::FindingId;
use crate::judge::entry::Class;
use crate::judge::finding::{Draft, Finding, finish, sort};
use crate::judge::provider::Hosting;
use crate::judge::rules;
use crate::judge::severity::Severity;
use crate::probe::ProbeLog;

/// One rule: adds to the findings, and notes which servers' losses are explained.
type Rule = fn(&mut Context<'_>, &mut Vec<Draft>);

const RULES: [Rule; 5] =
    [reach::judge, structure::judge, loss::judge, recursive::judge, latency::judge];

/// What a diagnosis judges by itself of every server, whatever it is asked as.
const OWN: [FindingId; 6] = [
    FindingId::ServerUnreachable,
    FindingId::TcpUnavailable,
    FindingId::LargeAnswerLost,
    FindingId::RateLimited,
    FindingId::UnknownTypeMishandled,
    FindingId::EdnsMishandled,
];

/// Queries that our own absence spoiled, as a share of all, from which on the run is of no use.
const SPOILED: f64 = 0.25;

/// Everything that is to be told.
pub(in super::super) fn findings(plan: &DiagnosePlan, log: &ProbeLog) -> Vec<Finding> {
    let mut context = Context::new(plan, log);
    let mut drafts = Vec::new();
    for rule in RULES {
        rule(&mut context, &mut drafts);
    }
    let mut findings = finish(drafts, 0, |subject| Hosting::of_subject(&log.walk, subject));
    let told: Vec<(FindingId, Vec<std::net::SocketAddr>)> =
        findings.iter().map(|finding| (finding.id, finding.servers.clone())).collect();
    let is_told = |finding: &Finding| {
        OWN.contains(&finding.id)
            && told.iter().any(|(id, servers)| {
                *id == finding.id && finding.servers.iter().any(|it| servers.contains(it))
            })
    };
    // Of paths the first pass knows more than the queries that every server of a zone is asked.
    let shared = rules::findings(log)
        .into_iter()
        .filter(|finding| finding.id.entry().class != Class::Path && !is_told(finding));
    findings.extend(shared);
    let spoiled = is_spoiled(log);
    for finding in &mut findings {
        // What was left out, was asked again, and does no harm.
        if finding.id == FindingId::LocalStall && !spoiled {
            finding.severity = Severity::Notice;
        }
    }
    sort(&mut findings);
    findings
}

/// Whether our own absences took so much that nothing can be concluded.
pub(super) fn is_spoiled(log: &ProbeLog) -> bool {
    let absent = log.probes.iter().filter(|probe| probe.absent).count();
    absent as f64 > SPOILED * log.probes.len() as f64
}
