//! The outcome that follows from the findings.

use std::net::SocketAddr;

use super::findings::is_spoiled;
use crate::diagnose::plan::DiagnosePlan;
use crate::diagnose::report::Verdict;
use crate::diagnose::subject::subjects;
use crate::judge::finding::Finding;
use crate::judge::severity::Severity;
use crate::probe::ProbeLog;
use crate::wire::Rcode;

/// Responses from which on a server can be called healthy.
const ENOUGH: usize = 30;

/// The outcome.
pub(in super::super) fn verdict(
    plan: &DiagnosePlan,
    log: &ProbeLog,
    findings: &[Finding],
) -> Verdict {
    let servers: Vec<SocketAddr> =
        subjects(plan, log).iter().map(|subject| subject.server).collect();
    let counted = |server: &SocketAddr| {
        log.probes.iter().filter(|probe| probe.query.server == *server && probe.counts()).count()
    };
    // A server that we cannot even ask says nothing, and neither does a run that was cut off early.
    let asked: Vec<&SocketAddr> = servers.iter().filter(|it| counted(it) > 0).collect();
    if asked.is_empty() || is_spoiled(log) {
        return Verdict::Inconclusive;
    }
    let problems = || findings.iter().filter(|finding| finding.severity > Severity::Notice);
    let is_down = |server: &&SocketAddr| {
        problems().any(|finding| {
            finding.severity == Severity::Error
                && finding.id.entry().breaks
                && finding.servers.contains(server)
        })
    };
    if asked.iter().all(is_down) {
        return Verdict::Broken;
    }
    if problems().next().is_some() {
        return Verdict::Flaky;
    }
    // Whoever refuses everything shows that it is there, and nothing else.
    if refuses_everything(log) || asked.iter().any(|server| counted(server) < ENOUGH) {
        return Verdict::Inconclusive;
    }
    Verdict::Healthy
}

/// Whether there is nothing but REFUSED.
pub(in super::super) fn refuses_everything(log: &ProbeLog) -> bool {
    let mut rcodes = log.probes.iter().filter_map(|probe| Some(probe.reading()?.rcode)).peekable();
    rcodes.peek().is_some() && rcodes.all(|rcode| rcode == Rcode::REFUSED)
}
