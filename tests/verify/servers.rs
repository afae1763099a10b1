//! Findings about servers and paths, in worlds that are built in and in others.

use std::sync::Arc;

use dnsonde::playground::Scenario;
use dnsonde::report::finding::{Report, Severity};

use crate::harness::examine;
use crate::scenarios::runs;

/// The ids that are told of servers and paths.
const IDS: &[&str] = &[
    "address-family-fails",
    "cache-in-front",
    "case-not-preserved",
    "cookie-mishandled",
    "duplicate-answers",
    "edns-mishandled",
    "empty-nonterminal-denied",
    "glue-mismatch",
    "instances-disagree",
    "large-answer-lost",
    "late-answers",
    "local-drops",
    "loss",
    "loss-bursty",
    "loss-path-dependent",
    "negative-answer-malformed",
    "one-port-dead",
    "rate-limited",
    "server-lame",
    "server-name-unresolvable",
    "server-set-mismatch",
    "server-stale",
    "server-unreachable",
    "source-address-mismatch",
    "tcp-unavailable",
    "unknown-type-mishandled",
    "unreachable-icmp",
];

/// What is told of servers and paths, above notices.
fn told(report: &Report) -> Vec<&'static str> {
    let mut ids: Vec<&str> = report
        .findings
        .iter()
        .filter(|finding| finding.severity > Severity::Notice && IDS.contains(&finding.id))
        .map(|finding| finding.id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// What is wrong with the findings about servers and paths.
fn complaint(scenario: &Scenario, report: &Report) -> Option<String> {
    let all: Vec<&str> = report.findings.iter().map(|finding| finding.id).collect();
    let is_ours = |id: &&String| IDS.contains(&id.as_str());
    let missed: Vec<&String> = scenario
        .expect
        .findings
        .iter()
        .filter(is_ours)
        .filter(|id| !all.contains(&id.as_str()))
        .collect();
    let known = |id: &&str| scenario.expect.findings.iter().any(|known| known == id);
    let extra: Vec<&str> = told(report).into_iter().filter(|id| !known(id)).collect();
    (!missed.is_empty() || !extra.is_empty()).then(|| format!("missed {missed:?}, told {extra:?}"))
}

#[test]
fn each_fault_of_a_server_or_a_path_is_told_once_and_as_what_it_is() {
    let only = std::env::var("DNSONDE_SCENARIO").unwrap_or_default();
    let mut failures = Vec::new();
    for (name, _) in Scenario::built_in().filter(|(name, _)| name.contains(&only)) {
        let scenario = Arc::new(Scenario::named(name).unwrap().unwrap());
        let mut failed = Vec::new();
        for seed in 0..runs() {
            let run = examine(&scenario, seed);
            if std::env::var("DNSONDE_SHOW").is_ok() {
                for f in &run.report.findings {
                    eprintln!(
                        "{name} {seed} {:.1} s: {} {:?}: {}\n      {}",
                        run.took.as_secs_f64(),
                        f.id,
                        f.severity,
                        f.summary,
                        f.advice
                    );
                }
            }
            if let Some(what) = complaint(&scenario, &run.report) {
                failed.push(format!("{name} {seed}: {what}"));
            }
        }
        let allowed = if scenario.expect.random { runs() as usize / 20 } else { 0 };
        if failed.len() > allowed {
            failures.push(format!("{} of {}: {}", failed.len(), runs(), failed[0]));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
