//! Walks through worlds under virtual time.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use dnsonde::engine::{Outcome, Time};
use dnsonde::playground::{Scenario, VirtualNet, World};
use dnsonde::walk::{Hints, PathEnd, ResponseOutcome, Walk, WalkConfig, WalkReport, engine_config};
use dnsonde::wire::{NameBuf, Rcode, RecordType};

fn name(text: &str) -> NameBuf {
    text.parse().unwrap()
}

fn scenario(name: &str) -> Arc<Scenario> {
    Arc::new(Scenario::named(name).expect("a built-in scenario").unwrap())
}

/// Walks to a name and gives the report and how long it took.
fn walk(scenario: &Arc<Scenario>, seed: u64, text: &str, rtype: RecordType) -> (WalkReport, Time) {
    let hints = Hints::from_text(scenario.root_hints().as_bytes()).unwrap();
    let mut net =
        VirtualNet::new(World::new(Arc::clone(scenario), seed), engine_config(None), seed);
    let mut walk = Walk::new(Time::ZERO, name(text), rtype, &hints, WalkConfig::default());
    net.run(&mut walk);
    (walk.into_report(), net.now())
}

#[test]
fn a_walk_through_the_healthy_world_finds_everything_in_order() {
    let (report, took) =
        walk(&scenario("healthy"), 1, "t1._domainkey.example.com", RecordType::TXT);
    assert!(took < Time::ZERO + Duration::from_secs(2), "{took:?}");
    assert_eq!(report.paths.len(), 2, "the name and what it is an alias of");
    for path in &report.paths {
        assert_eq!(path.end, PathEnd::Reached, "{}", path.name);
    }
    let zones: Vec<String> = report.delegations.iter().map(|it| it.zone.to_string()).collect();
    for zone in [".", "com.", "example.com.", "amazonses.com.", "dkim.amazonses.com."] {
        assert!(zones.iter().any(|it| it == zone), "{zone} is not in {zones:?}");
    }
    let zone = report.zone_of(&name("t1._domainkey.example.com")).unwrap();
    assert_eq!(zone.name_servers.len(), 3);
    assert_eq!(zone.child_servers.len(), 6, "three servers with two addresses each");
    for server in &zone.child_servers {
        assert_eq!(server.serial(), Some(2_026_010_105));
        assert_eq!(server.ns().unwrap().data.iter().count(), 3);
    }
    let answers = &report.paths[1].answers;
    assert_eq!(answers.len(), 4, "two servers with two addresses each");
    for answer in answers {
        let key = answer.reading().unwrap().answer.as_ref().unwrap();
        assert!(key.data.iter().next().unwrap().len() > 380, "a 2048-bit key");
    }
    for exchange in &report.evidence.exchanges {
        assert_eq!(exchange.attempts.len(), 1, "nothing is lost: {exchange:?}");
        assert!(matches!(exchange.attempts[0].outcome, Outcome::Answered(_)));
    }
}

#[test]
fn one_server_lacks_the_records_over_both_families() {
    let scenario = scenario("record-missing-on-some");
    let (report, _) = walk(&scenario, 1, "t2._domainkey.example.com", RecordType::CNAME);
    for answer in &report.paths[0].answers {
        let lacks = matches!(answer.server.ip(), IpAddr::V4(ip) if ip.octets()[3] == 3)
            || matches!(answer.server.ip(), IpAddr::V6(ip) if ip.segments()[7] == 3);
        let ResponseOutcome::Reply(reading) = &answer.outcome else { panic!("{answer:?}") };
        let rcode = if lacks { Rcode::NXDOMAIN } else { Rcode::NOERROR };
        assert_eq!(reading.rcode, rcode, "{}", answer.server);
    }
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_one_another() {
    let scenario = scenario("seed-story");
    let run = |seed| walk(&scenario, seed, "t1._domainkey.example.com", RecordType::CNAME);
    let (first, again, other) = (run(3), run(3), run(4));
    assert_eq!(first.1, again.1);
    assert_eq!(first.0.evidence, again.0.evidence);
    assert_ne!(first.1, other.1);
}
