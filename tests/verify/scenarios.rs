//! Every scenario that is built in.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dnsonde::judge::catalog::FindingId;
use dnsonde::playground::Scenario;

use crate::harness::{discrepancy, examine, problems};

/// Runs of each scenario, of the healthy ones ten times as many.
pub fn runs() -> u64 {
    match std::env::var("DNSONDE_RUNS") {
        Ok(text) => text.parse().expect("DNSONDE_RUNS is a number of runs"),
        Err(_) => 4,
    }
}

/// Scenarios to run: those whose name holds `DNSONDE_SCENARIO`, or all.
fn scenarios() -> Vec<Arc<Scenario>> {
    let wanted = std::env::var("DNSONDE_SCENARIO").unwrap_or_default();
    Scenario::built_in()
        .filter(|(name, _)| name.contains(&wanted))
        .map(|(name, _)| Arc::new(Scenario::named(name).unwrap().unwrap()))
        .collect()
}

fn is_healthy(scenario: &Scenario) -> bool {
    scenario.expect.verdict == "verified" && scenario.expect.findings.is_empty()
}

/// Runs that went wrong, by scenario, and what went wrong in the first of them.
fn failures(scenarios: &[Arc<Scenario>], runs_of: impl Fn(&Scenario) -> u64 + Sync) -> Vec<String> {
    let jobs: Vec<(usize, u64)> = scenarios
        .iter()
        .enumerate()
        .flat_map(|(place, scenario)| (0..runs_of(scenario)).map(move |seed| (place, seed)))
        .collect();
    let next = AtomicUsize::new(0);
    let failed: Mutex<BTreeMap<usize, Vec<(u64, String)>>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(&(place, seed)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let scenario = &scenarios[place];
                    let report = examine(scenario, seed).report;
                    if let Some(what) = discrepancy(scenario, &report) {
                        failed.lock().unwrap().entry(place).or_default().push((seed, what));
                    }
                }
            });
        }
    });
    let mut failures = Vec::new();
    for (place, mut runs) in failed.into_inner().unwrap() {
        let scenario = &scenarios[place];
        let all = runs_of(scenario);
        // A fault that comes and goes may be missed by one run in twenty.
        let allowed = if scenario.expect.random { all / 20 } else { 0 };
        runs.sort();
        let (seed, what) = &runs[0];
        let line =
            format!("{}: {} of {all} runs, such as {seed}: {what}", scenario.name, runs.len());
        if runs.len() as u64 > allowed {
            failures.push(line);
        } else {
            eprintln!("allowed: {line}");
        }
    }
    failures
}

#[test]
fn what_is_wrong_is_found_and_nothing_else() {
    let broken: Vec<_> = scenarios().into_iter().filter(|scenario| !is_healthy(scenario)).collect();
    let failures = failures(&broken, |_| runs());
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn a_healthy_world_is_silent() {
    let healthy: Vec<_> = scenarios().into_iter().filter(|scenario| is_healthy(scenario)).collect();
    let failures = failures(&healthy, |_| 10 * runs());
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// Some scenario or test here, or one of the judges' own tests, expects each finding by its id.
#[test]
fn every_finding_of_the_catalog_is_expected_somewhere() {
    let mut expected: Vec<String> =
        scenarios().iter().flat_map(|scenario| scenario.expect.findings.clone()).collect();
    let tests = [
        include_str!("records.rs"),
        include_str!("servers.rs"),
        include_str!("stories.rs"),
        include_str!("../diagnose/servers.rs"),
        include_str!("../../src/judge/tests.rs"),
    ];
    for id in FindingId::ALL {
        let (quoted, named) = (format!("\"{id}\""), format!("FindingId::{id:?}"));
        if tests.iter().any(|test| test.contains(&quoted) || test.contains(&named)) {
            expected.push(id.to_string());
        }
    }
    let missed: Vec<_> =
        FindingId::ALL.iter().filter(|id| !expected.iter().any(|it| it == id.as_str())).collect();
    assert!(missed.is_empty(), "no test expects {missed:?}");
}

#[test]
fn a_healthy_domain_is_examined_within_five_seconds() {
    let scenario = Arc::new(Scenario::named("healthy").unwrap().unwrap());
    let examination = examine(&scenario, 1);
    assert!(problems(&examination.report).is_empty());
    assert!(examination.took < Duration::from_secs(5), "{:?}", examination.took);
    // Three dual-stack servers, and no question that was not answered.
    let zone = "example.com".parse().unwrap();
    assert_eq!(examination.evidence.log.servers_of(&zone).len(), 6);
    assert!(examination.evidence.log.probes.iter().all(|probe| probe.reply.is_some()));
}
