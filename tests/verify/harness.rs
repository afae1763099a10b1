//! One examination of a world, from the words of the command line to the report.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use dnsonde::cli::verify::plan_of;
use dnsonde::engine::Time;
use dnsonde::judge::severity::Severity;
use dnsonde::playground::{Scenario, VirtualNet, World};
use dnsonde::verify::{self, Verification, VerifyReport, ask, judge};
use dnsonde::walk::Hints;

/// The port of every server; virtual time knows no others.
const PORT: u16 = 53;

/// What an examination brought, and how long it took in the time of its world.
pub struct Examination {
    pub evidence: Verification,
    pub report: VerifyReport,
    pub took: Duration,
}

/// Examines the world of a scenario once.
pub fn examine(scenario: &Arc<Scenario>, seed: u64) -> Examination {
    examine_from(scenario, seed, |_| {})
}

/// The same, from a machine with which something is wrong.
pub fn examine_from(
    scenario: &Arc<Scenario>,
    seed: u64,
    disturb: impl FnOnce(&mut VirtualNet),
) -> Examination {
    let words = scenario.verify.iter().map(String::as_str).chain(["--no-resolver"]);
    let mut plan = plan_of(words).unwrap();
    plan.hints = Hints::from_text(scenario.root_hints().as_bytes()).unwrap();
    plan.walk.port = PORT;
    plan.resolvers = scenario.resolvers().map(|ip| SocketAddr::new(ip, PORT)).collect();
    plan.seed = seed;
    plan.walk.seed = seed;
    let world = World::new(Arc::clone(scenario), seed);
    let mut net = VirtualNet::new(world, verify::engine(&plan), seed);
    disturb(&mut net);
    let mut session = ask::session(Time::ZERO, plan);
    net.run(&mut session);
    let mut evidence = ask::evidence(session);
    let port = |socket| net.local(socket).map(|local| local.port());
    evidence.log.add_engine(net.engine(), &port);
    evidence.log.local = net.local_counts();
    let took = net.now().since(Time::ZERO);
    let report = judge::judge(&evidence, 1_767_225_600, took);
    Examination { evidence, report, took }
}

/// The findings above `notice`, by id, each once.
pub fn problems(report: &VerifyReport) -> Vec<&'static str> {
    let mut ids: Vec<&'static str> = report
        .findings
        .iter()
        .filter(|finding| finding.severity > Severity::Notice)
        .map(|finding| finding.id.as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// What is not as the scenario says it must be; `None` if all is.
pub fn discrepancy(scenario: &Scenario, report: &VerifyReport) -> Option<String> {
    let expect = &scenario.expect;
    let all: Vec<&str> = report.findings.iter().map(|finding| finding.id.as_str()).collect();
    let missed: Vec<&String> =
        expect.findings.iter().filter(|id| !all.contains(&id.as_str())).collect();
    let extra: Vec<&str> = problems(report)
        .into_iter()
        .filter(|id| !expect.findings.iter().chain(&expect.also).any(|known| known == id))
        .collect();
    let mut parts = Vec::new();
    if !missed.is_empty() {
        parts.push(format!("missed {missed:?}"));
    }
    if !extra.is_empty() {
        parts.push(format!("found {extra:?} as well"));
    }
    if report.verdict.as_str() != expect.verdict {
        parts.push(format!("verdict {} instead of {}", report.verdict.as_str(), expect.verdict));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}
