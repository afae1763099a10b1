//! Faults of servers, resolvers and paths.

use dnsonde::diagnose::report::Verdict;

use crate::harness::{Diagnosis, RESOLVER, SERVER, diagnose, world};

/// A fault of one host, as a table of a scenario.
fn fault(server: &str, rest: &str) -> String {
    let effect = if rest.contains("effect") { "" } else { "effect = \"drop\"" };
    format!("[[faults]]\nserver = \"{server}\"\n{rest}\n{effect}\n")
}

#[track_caller]
fn expect(faults: &str, target: &str, problems: &[&str], verdict: Verdict) -> Diagnosis {
    let found = diagnose(&world(faults), target, 1);
    let shown: Vec<String> = found
        .report
        .findings
        .iter()
        .map(|it| format!("{} {:?}: {}", it.id, it.severity, it.summary))
        .collect();
    let tried = &found.report.measurement.as_ref().unwrap().experiments;
    assert_eq!(found.problems(), problems, "{faults}, {shown:#?}, {tried:#?}");
    assert_eq!(found.report.verdict, verdict, "{shown:#?}");
    found
}

#[test]
fn a_resolver_that_does_not_answer_is_broken() {
    let found = expect(&fault("isp", ""), RESOLVER, &["server-unreachable"], Verdict::Broken);
    assert!(found.log.probes.len() < 60, "whoever does not answer is not asked a thousand times");
}

#[test]
fn a_closed_port_is_told_by_icmp() {
    let faults = fault("isp", "effect = \"unreachable\"");
    expect(&faults, RESOLVER, &["unreachable-icmp"], Verdict::Broken);
}

#[test]
fn one_dead_server_of_a_domain_makes_it_flaky() {
    let found = expect(&fault("ns2", ""), "example.com", &["server-unreachable"], Verdict::Flaky);
    assert!(found.report.sentence.contains("ns2.example.com"), "{}", found.report.sentence);
}

#[test]
fn loss_without_a_pattern_is_loss() {
    for (host, target) in [("isp", RESOLVER), ("ns2", SERVER)] {
        let faults = fault(host, "transport = \"udp\"\nshare = 0.1");
        let found = expect(&faults, target, &["loss"], Verdict::Flaky);
        let loss = found.report.measurement.as_ref().unwrap().servers[0].loss.unwrap();
        assert!(loss.low < 0.1 && 0.1 < loss.high, "{loss:?}");
    }
}

#[test]
fn a_dead_path_is_told_by_the_source_ports() {
    for of in [4, 8] {
        let paths = format!("transport = \"udp\"\npaths = {{ of = {of}, bad = [0] }}");
        let faults = fault("ns2", &paths);
        let found = expect(&faults, SERVER, &["loss-path-dependent"], Verdict::Flaky);
        let evidence = &found.finding("loss-path-dependent").evidence;
        let share =
            evidence["ports_bad"].as_f64().unwrap() / evidence["ports_tried"].as_f64().unwrap();
        assert!((share * f64::from(of) - 1.0).abs() < 0.9, "1 of {of}: {evidence:?}");
    }
}

#[test]
fn losses_that_come_together_are_bursts() {
    // A second in ten without a response.
    let faults = fault("isp", "transport = \"udp\"\nuntil_s = 0.5\nevery_s = 5.0");
    let found = expect(&faults, RESOLVER, &["loss-bursty"], Verdict::Flaky);
    assert!(found.finding("loss-bursty").evidence["mean_bad_queries"].as_f64().unwrap() > 3.0);
}

#[test]
fn a_rate_limit_is_no_loss() {
    for qps in [20, 50, 200, 300] {
        let faults = fault("isp", &format!("transport = \"udp\"\nabove_qps = {qps}"));
        let found = expect(&faults, RESOLVER, &["rate-limited"], Verdict::Flaky);
        let rate = found.finding("rate-limited").evidence["answers_per_second"].as_f64().unwrap();
        assert!((0.7..1.5).contains(&(rate / f64::from(qps))), "{qps}: {rate}");
    }
    let slips = fault("ns2", "transport = \"udp\"\nabove_qps = 50\neffect = \"truncate\"");
    let found = expect(&slips, SERVER, &["rate-limited"], Verdict::Flaky);
    assert!(found.finding("rate-limited").evidence["truncated"].as_u64().unwrap() > 100);
}

#[test]
fn a_server_without_tcp_is_told_so() {
    let faults = fault("ns2", "transport = \"tcp\"\neffect = \"drop_syn\"");
    expect(&faults, SERVER, &["tcp-unavailable"], Verdict::Flaky);
}

#[test]
fn queries_that_are_dropped_by_what_they_are_have_no_loss_besides() {
    let unknown = fault("ns2", "known_type = false");
    expect(&unknown, SERVER, &["unknown-type-mishandled"], Verdict::Flaky);
    let edns = fault("ns2", "edns = true");
    expect(&edns, SERVER, &["edns-mishandled"], Verdict::Flaky);
}

#[test]
fn a_resolver_that_fails_now_and_then_and_always() {
    let sometimes = fault("isp", "share = 0.05\neffect = \"servfail\"");
    expect(&sometimes, RESOLVER, &["resolver-servfail"], Verdict::Flaky);
    let always = fault("isp", "effect = \"servfail\"");
    expect(&always, RESOLVER, &["resolver-servfail"], Verdict::Broken);
}

#[test]
fn a_resolver_without_upstream_answers_from_its_cache() {
    let faults = "[resolvers.isp]\nupstream = false\n\
                  [[resolvers.isp.cache]]\nrecord = \"www.example.com. 86400 A 192.0.2.80\"\n";
    let words = format!("{RESOLVER} --name www.example.com --type A");
    expect(faults, &words, &["upstream-unreachable"], Verdict::Broken);
}

#[test]
fn addresses_for_names_that_do_not_exist_are_told() {
    let rewrites = "[resolvers.isp]\nrewrites_nxdomain = \"192.0.2.200\"\n";
    expect(rewrites, RESOLVER, &["nxdomain-rewritten"], Verdict::Flaky);
}

#[test]
fn late_responses_are_not_lost() {
    for ms in [1500, 8000] {
        let faults = fault(
            "isp",
            &format!("transport = \"udp\"\nshare = 0.1\neffect = {{ delay = {{ ms = {ms} }} }}"),
        );
        expect(&faults, RESOLVER, &["late-answers"], Verdict::Flaky);
    }
}

#[test]
fn two_speeds_and_a_long_tail_are_notices() {
    let slow = fault("isp", "share = 0.3\neffect = { delay = { ms = 60 } }");
    let found = expect(&slow, RESOLVER, &[], Verdict::Healthy);
    found.finding("latency-bimodal");
    let tail = fault("isp", "share = 0.03\neffect = { delay = { ms = 300 } }");
    let found = expect(&tail, RESOLVER, &[], Verdict::Healthy);
    found.finding("latency-tail");
}

/// What is far from the resolver costs time, and not what is far from us.
#[test]
fn a_slow_cold_cache_is_a_notice() {
    let servers = "server = [\"root\", \"tld\", \"ns1\", \"ns2\", \"ns3\"]";
    let far = format!("[[faults]]\n{servers}\neffect = {{ delay = {{ ms = 400 }} }}\n");
    expect(&far, RESOLVER, &[], Verdict::Healthy).finding("cold-slow");
    let near = diagnose(&world(""), RESOLVER, 1);
    assert!(!near.report.findings.iter().any(|it| it.id.as_str() == "cold-slow"));
}

#[test]
fn whoever_refuses_everything_is_lame_for_names_that_were_given() {
    let faults = fault("ns2", "effect = \"refuse\"");
    let words = format!("{SERVER} --name example.com");
    expect(&faults, &words, &["server-lame"], Verdict::Broken);
    expect(&faults, SERVER, &[], Verdict::Inconclusive);
}

#[test]
fn what_all_targets_lose_is_lost_near_this_machine() {
    let faults = fault("isp", "transport = \"udp\"\nshare = 0.1")
        + &fault("ns2", "transport = \"udp\"\nshare = 0.1");
    let words = format!("{RESOLVER} {SERVER}");
    let found = expect(&faults, &words, &["loss"], Verdict::Flaky);
    assert_eq!(found.report.findings[0].who.as_str(), "local");
}

#[test]
fn a_name_that_does_not_exist_leads_to_no_verdict() {
    let found = expect("", "nowhere.example.com", &[], Verdict::Inconclusive);
    assert!(found.report.sentence.contains("no server was found"), "{}", found.report.sentence);
}
