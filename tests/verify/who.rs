//! Who must act on what is found.

use std::sync::Arc;

use dnsonde::judge::actor::Actor;
use dnsonde::judge::severity::Severity;
use dnsonde::playground::Scenario;
use dnsonde::verify::VerifyReport;

use crate::harness::examine;

/// Every built-in world with something wrong in it, and who must act on what it is there for.
const WORLDS: &[(&str, Actor)] = &[
    ("address-family-fails", Actor::DnsHost),
    ("alias-broken", Actor::DomainOwner),
    ("alias-flattened", Actor::DomainOwner),
    ("alias-not-alone", Actor::DomainOwner),
    ("alias-target-unreachable", Actor::Service),
    ("below-zone-cut", Actor::DomainOwner),
    ("cache-in-front", Actor::DnsHost),
    ("case-not-preserved", Actor::DnsHost),
    ("cookie-mishandled", Actor::DnsHost),
    ("dkim-all-standby", Actor::DomainOwner),
    ("dkim-key-invalid", Actor::DomainOwner),
    ("dkim-key-revoked", Actor::DomainOwner),
    ("dkim-key-weak", Actor::Nobody),
    ("dnssec-bogus", Actor::Registrar),
    ("domain-not-delegated", Actor::Registrar),
    ("duplicate-answers", Actor::Nobody),
    ("edns-mishandled", Actor::DnsHost),
    ("empty-nonterminal-denied", Actor::DnsHost),
    ("glue-mismatch", Actor::Registrar),
    ("instances-disagree", Actor::DnsHost),
    ("large-answer-lost", Actor::DnsHost),
    ("loss", Actor::DnsHost),
    ("loss-path-dependent", Actor::DnsHost),
    ("negative-answer-malformed", Actor::DnsHost),
    ("negative-cached", Actor::Nobody),
    ("owner-doubled", Actor::DomainOwner),
    ("owner-mistyped", Actor::DomainOwner),
    ("provider-known", Actor::DomainOwner),
    ("providers-differ", Actor::DomainOwner),
    ("published-elsewhere", Actor::DomainOwner),
    ("rate-limited", Actor::DnsHost),
    ("record-missing", Actor::DomainOwner),
    ("record-missing-on-some", Actor::DnsHost),
    ("record-unstable", Actor::DnsHost),
    ("records-multiple", Actor::DomainOwner),
    ("seed-story", Actor::DnsHost),
    ("server-lame", Actor::DnsHost),
    ("server-name-unresolvable", Actor::Registrar),
    ("server-set-mismatch", Actor::Registrar),
    ("server-stale", Actor::DnsHost),
    ("server-unreachable", Actor::DnsHost),
    ("source-address-mismatch", Actor::DnsHost),
    ("split-horizon", Actor::DomainOwner),
    ("stale-cached", Actor::Nobody),
    ("target-doubled", Actor::DomainOwner),
    ("tcp-unavailable", Actor::DnsHost),
    ("type-through-alias-fails", Actor::DnsHost),
    ("unknown-type-mishandled", Actor::DnsHost),
    ("unreachable-icmp", Actor::DnsHost),
    ("value-case-folded", Actor::DomainOwner),
    ("value-differs", Actor::DomainOwner),
    ("value-escaped", Actor::DomainOwner),
    ("value-non-ascii", Actor::DomainOwner),
    ("value-quoted", Actor::DomainOwner),
    ("value-truncated", Actor::DomainOwner),
    ("value-whitespace", Actor::DomainOwner),
    ("wildcard-match", Actor::DomainOwner),
    ("wrong-type", Actor::DomainOwner),
];

/// The built-in worlds in which something is to be found.
fn scenarios() -> Vec<Arc<Scenario>> {
    Scenario::built_in()
        .map(|(name, _)| Arc::new(Scenario::named(name).unwrap().unwrap()))
        .filter(|scenario| !scenario.expect.findings.is_empty())
        .collect()
}

/// Who must act on the findings with an id, each once.
fn actors(report: &VerifyReport, id: &str) -> Vec<Actor> {
    let mut actors: Vec<Actor> = Vec::new();
    for finding in report.findings.iter().filter(|finding| finding.id == id) {
        if !actors.contains(&finding.who) {
            actors.push(finding.who);
        }
    }
    actors
}

#[test]
fn each_built_in_world_has_the_right_one_act() {
    let names: Vec<&str> = WORLDS.iter().map(|(name, _)| *name).collect();
    let scenarios = scenarios();
    for scenario in &scenarios {
        assert!(names.contains(&&scenario.name[..]), "{} is not in the table", scenario.name);
    }
    assert_eq!(names.len(), scenarios.len());
    for scenario in &scenarios {
        let (_, expected) = WORLDS.iter().find(|(name, _)| *name == scenario.name).unwrap();
        let report = examine(scenario, 1).report;
        for id in &scenario.expect.findings {
            let actors = actors(&report, id);
            // What comes and goes may be missed once.
            if !(scenario.expect.random && actors.is_empty()) {
                assert_eq!(actors, [*expected], "{id} in {}", scenario.name);
            }
        }
        for finding in report.findings.iter().filter(|it| it.severity > Severity::Notice) {
            let waits = finding.retry_after_s.is_some();
            assert_eq!(finding.who == Actor::Nobody, waits, "{finding:?}");
        }
    }
}
