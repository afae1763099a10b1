//! Findings about servers and paths, in worlds that are built in and in others.

use std::sync::Arc;

use dnsonde::judge::severity::Severity;
use dnsonde::playground::Scenario;
use dnsonde::probe::query::Role;
use dnsonde::verify::VerifyReport;

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
    "local-stall",
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
fn reported(report: &VerifyReport) -> Vec<&'static str> {
    let mut ids: Vec<&str> = report
        .findings
        .iter()
        .filter(|finding| finding.severity > Severity::Notice && IDS.contains(&finding.id.as_str()))
        .map(|finding| finding.id.as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// What is wrong with the findings about servers and paths.
fn discrepancy(scenario: &Scenario, report: &VerifyReport) -> Option<String> {
    let all: Vec<&str> = report.findings.iter().map(|finding| finding.id.as_str()).collect();
    let is_ours = |id: &&String| IDS.contains(&id.as_str());
    let missed: Vec<&String> = scenario
        .expect
        .findings
        .iter()
        .filter(is_ours)
        .filter(|id| !all.contains(&id.as_str()))
        .collect();
    let known = |id: &&str| scenario.expect.findings.iter().any(|known| known == id);
    let extra: Vec<&str> = reported(report).into_iter().filter(|id| !known(id)).collect();
    (!missed.is_empty() || !extra.is_empty()).then(|| format!("missed {missed:?}, told {extra:?}"))
}

/// A world that is like the healthy one but for this.
struct Case {
    name: &'static str,
    /// More of the scenario file.
    world: &'static str,
    /// What must be told, notices included.
    reported: &'static [&'static str],
    /// Whether it is a matter of chance.
    random: bool,
}

const CASES: &[Case] = &[
    Case {
        name: "one path of eight to one address is dead",
        world: r#"
            [[faults]]
            server = "ns2"
            family = 4
            transport = "udp"
            paths = { of = 8, bad = [3] }
            effect = "drop""#,
        reported: &["loss-path-dependent"],
        random: true,
    },
    Case {
        name: "half of the paths are dead",
        world: r#"
            [[faults]]
            server = "ns2"
            transport = "udp"
            paths = { of = 2, bad = [0] }
            effect = "drop""#,
        reported: &["loss-path-dependent"],
        random: true,
    },
    Case {
        name: "one address loses a fifth",
        world: r#"
            [[faults]]
            server = "ns2"
            family = 6
            transport = "udp"
            share = 0.2
            effect = "drop""#,
        reported: &["loss"],
        random: true,
    },
    Case {
        name: "everyone loses a fifth",
        world: r#"
            [[faults]]
            server = ["ns1", "ns2", "ns3", "ses1", "ses2", "tld", "root"]
            transport = "udp"
            share = 0.2
            effect = "drop""#,
        reported: &["loss"],
        random: true,
    },
    Case {
        name: "a server is away for one second of three",
        world: r#"
            [[faults]]
            server = "ns2"
            from_s = 0
            until_s = 1
            every_s = 3
            transport = "udp"
            effect = "drop""#,
        reported: &["loss-bursty"],
        random: true,
    },
    Case {
        name: "limits with truncated answers",
        world: r#"
            [[faults]]
            server = "ns2"
            transport = "udp"
            above_qps = 8
            effect = "truncate""#,
        reported: &["rate-limited"],
        random: false,
    },
    Case {
        name: "a third of the answers comes late",
        world: r#"
            [[faults]]
            server = "ns2"
            transport = "udp"
            share = 0.3
            effect = { delay = { ms = 3000 } }"#,
        reported: &["late-answers"],
        random: true,
    },
    Case {
        name: "answers take more than a second",
        world: r#"
            [[faults]]
            server = "ns2"
            transport = "udp"
            effect = { delay = { ms = 1200 } }"#,
        reported: &["late-answers"],
        random: false,
    },
    Case {
        name: "one address fails for a fifth of the questions",
        world: r#"
            [[faults]]
            server = "ns2"
            family = 4
            share = 0.25
            effect = "servfail""#,
        reported: &["server-lame"],
        random: true,
    },
    Case {
        name: "a server answers without authority",
        world: r#"
            [[faults]]
            server = "ns2"
            effect = "not_authoritative""#,
        reported: &["server-lame"],
        random: false,
    },
    Case {
        name: "a server refers upwards",
        world: r#"
            [[faults]]
            server = "ns2"
            effect = "upward_referral""#,
        reported: &["server-lame"],
        random: false,
    },
    Case {
        name: "questions for TXT are dropped",
        world: r#"
            [[faults]]
            server = "ns2"
            type = "TXT"
            transport = "udp"
            effect = "drop""#,
        reported: &["loss"],
        random: false,
    },
    Case {
        name: "EDNS is dropped",
        world: r#"
            [[faults]]
            server = "ns3"
            edns = true
            transport = "udp"
            effect = "drop""#,
        reported: &["edns-mishandled"],
        random: false,
    },
    Case {
        name: "EDNS is ignored",
        world: r#"
            [[faults]]
            server = "ns3"
            effect = "ignore_edns""#,
        reported: &["edns-mishandled"],
        random: false,
    },
    Case {
        name: "an unknown option is dropped",
        world: r#"
            [[faults]]
            server = "ns3"
            unknown_option = true
            transport = "udp"
            effect = "drop""#,
        reported: &["edns-mishandled"],
        random: false,
    },
    Case {
        name: "an unknown version gets FORMERR",
        world: r#"
            [[faults]]
            server = "ns3"
            edns_version = true
            effect = "formerr""#,
        reported: &["edns-mishandled"],
        random: false,
    },
    Case {
        name: "queries with a cookie are dropped",
        world: r#"
            [[faults]]
            server = "ns3"
            cookie = true
            transport = "udp"
            effect = "drop""#,
        reported: &["cookie-mishandled"],
        random: false,
    },
    Case {
        name: "unknown types are dropped",
        world: r#"
            [[faults]]
            server = "ns3"
            known_type = false
            transport = "udp"
            effect = "drop""#,
        reported: &["unknown-type-mishandled"],
        random: false,
    },
    Case {
        name: "denials have the SOA record of the zone above",
        world: r#"
            [[faults]]
            server = "ns3"
            effect = "soa_above""#,
        reported: &["negative-answer-malformed"],
        random: false,
    },
    Case {
        name: "answers come from another port",
        world: r#"
            [[faults]]
            server = "ns3"
            transport = "udp"
            effect = "other_port""#,
        reported: &["source-address-mismatch"],
        random: false,
    },
    Case {
        name: "ICMP for half of the questions",
        world: r#"
            [[faults]]
            server = "ns3"
            transport = "udp"
            share = 0.5
            effect = "unreachable""#,
        reported: &["unreachable-icmp"],
        random: true,
    },
    Case {
        name: "UDP is dropped and TCP works",
        world: r#"
            [[faults]]
            server = "ns3"
            transport = "udp"
            effect = "drop""#,
        reported: &["loss"],
        random: false,
    },
    Case {
        name: "TCP is dropped",
        world: r#"
            [[faults]]
            server = "ns3"
            transport = "tcp"
            effect = "drop""#,
        reported: &["tcp-unavailable"],
        random: false,
    },
    Case {
        name: "TCP takes its time",
        world: r#"
            [[faults]]
            server = "ns3"
            transport = "tcp"
            effect = { delay = { ms = 2500 } }"#,
        reported: &[],
        random: false,
    },
    Case {
        name: "TCP is cut and UDP truncated",
        world: r#"
            [[faults]]
            server = "ns3"
            transport = "udp"
            type = "CNAME"
            effect = "truncate"
            [[faults]]
            server = "ns3"
            transport = "tcp"
            effect = "cut_tcp""#,
        reported: &["tcp-unavailable"],
        random: false,
    },
    Case {
        name: "all of a zone's servers are away over IPv6",
        world: r#"
            [[faults]]
            server = ["ns1", "ns2", "ns3"]
            family = 6
            effect = "drop""#,
        reported: &["address-family-fails"],
        random: false,
    },
    Case {
        name: "one server is away over IPv6, and only over UDP",
        world: r#"
            [[faults]]
            server = "ns3"
            family = 6
            transport = "udp"
            effect = "drop""#,
        reported: &["address-family-fails"],
        random: false,
    },
    Case {
        name: "one server is away over UDP",
        world: r#"
            [[faults]]
            server = "ns3"
            transport = "udp"
            effect = "drop""#,
        reported: &["loss"],
        random: false,
    },
    Case {
        name: "all of a zone's servers are away",
        world: r#"
            [[faults]]
            server = ["ns1", "ns2", "ns3"]
            effect = "drop""#,
        reported: &["server-unreachable"],
        random: false,
    },
    Case {
        name: "the old address of a server is dead",
        world: r#"
            [servers.ns3]
            addresses = ["127.53.3.3", "127.53.3.33", "2001:db8:53:3::3"]
            [[zone]]
            name = "com"
            remove = "ns3.example A"
            add = "ns3.example 86400 A 127.53.3.33"
            [[faults]]
            address = "127.53.3.33"
            effect = "drop""#,
        reported: &["glue-mismatch"],
        random: false,
    },
    Case {
        name: "a name server is an alias",
        world: r#"
            [[zone]]
            name = "example.com"
            remove = ["ns3 A", "ns3 AAAA"]
            add = "ns3 3600 CNAME ns2""#,
        reported: &["server-name-unresolvable"],
        random: false,
    },
    Case {
        name: "a fifth of the machines has an old serial and the same records",
        world: r#"
            [servers.ns2]
            instances = [{ nsid = "new", weight = 4 }, { nsid = "old", version = "old" }]
            pick = "dice"
            [[zone]]
            name = "example.com"
            version = "old"
            serial = 2026010104"#,
        reported: &["instances-disagree"],
        random: true,
    },
    // What must not be told, however near it comes.
    Case {
        name: "the zone is changed while it is looked at",
        world: r#"
            [[zone]]
            name = "example.com"
            version = "old"
            serial = 2026010104
            [[faults]]
            server = ["ns1", "ns2", "ns3"]
            until_s = 3
            effect = { version = "old" }"#,
        reported: &[],
        random: false,
    },
    Case {
        name: "the parent gives no IPv6 addresses",
        world: r#"
            [[zone]]
            name = "com"
            remove = ["ns1.example AAAA", "ns2.example AAAA", "ns3.example AAAA"]"#,
        reported: &[],
        random: false,
    },
    Case {
        name: "TCP fails at times",
        world: r#"
            [[faults]]
            server = "ns3"
            transport = "tcp"
            share = 0.5
            effect = "unreachable""#,
        reported: &[],
        random: true,
    },
    Case {
        name: "a forged answer comes first",
        world: r#"
            [[faults]]
            server = "ns3"
            transport = "udp"
            effect = "spoof""#,
        reported: &[],
        random: false,
    },
    Case {
        name: "cookies are asked for",
        world: r#"
            [[faults]]
            server = "ns3"
            cookie = true
            server_cookie = false
            effect = "badcookie""#,
        reported: &[],
        random: false,
    },
    Case {
        name: "one server lacks the records and denies what is above them",
        world: r#"
            [[zone]]
            name = "example.com"
            version = "without"
            remove = ["t1._domainkey", "t2._domainkey", "t3._domainkey"]
            [[faults]]
            server = "ns3"
            effect = { version = "without" }"#,
        reported: &[],
        random: false,
    },
    Case {
        name: "answers take half a second, and some a whole one",
        world: r#"
            [[faults]]
            transport = "udp"
            effect = { delay = { ms = 300, to_ms = 700 } }"#,
        reported: &[],
        random: false,
    },
];

fn scenario(case: &Case) -> Arc<Scenario> {
    let text = format!(
        "base = \"ses\"\ntitle = \"{}\"\nstory = \"None.\"\n[expect]\nverdict = \"flaky\"\n{}",
        case.name, case.world
    );
    Arc::new(Scenario::from_toml(case.name, &text).unwrap())
}

#[test]
fn faults_are_told_apart_and_what_is_none_is_not_told() {
    let only = std::env::var("DNSONDE_SCENARIO").unwrap_or_default();
    let mut failures = Vec::new();
    for case in CASES.iter().filter(|case| case.name.contains(&only)) {
        let scenario = scenario(case);
        let mut failed = Vec::new();
        for seed in 0..runs() {
            let run = examine(&scenario, seed);
            show(case.name, seed, &run);
            let mut ids: Vec<&str> = run
                .report
                .findings
                .iter()
                .filter(|finding| IDS.contains(&finding.id.as_str()))
                .map(|finding| finding.id.as_str())
                .collect();
            ids.dedup();
            if ids != case.reported {
                failed.push(format!("{} {seed}: told {ids:?}, not {:?}", case.name, case.reported));
            }
        }
        let allowed = if case.random { runs() as usize / 20 } else { 0 };
        if failed.len() > allowed {
            failures.push(format!("{} of {}: {}", failed.len(), runs(), failed[0]));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

fn show(name: &str, seed: u64, run: &crate::harness::Examination) {
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
            show(name, seed, &run);
            if let Some(what) = discrepancy(&scenario, &run.report) {
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

#[test]
fn each_server_of_a_zone_is_listed_once_and_as_what_it_is() {
    let examined = |args: &str, world: &str| {
        let text = format!(
            "base = \"ses\"\ntitle = \"t\"\nstory = \"None.\"\n[verify]\nargs = {args}\n\
             [expect]\nverdict = \"verified\"\n{world}"
        );
        examine(&Arc::new(Scenario::from_toml("t", &text).unwrap()), 1).report
    };
    // Where answers of the servers that aliases lead to get lost, there are experiments with them.
    let lossy = r#"
[[faults]]
server = ["ses1", "ses2"]
transport = "udp"
share = 0.3
effect = "drop"
"#;
    let with_alias = r#"["example.com", "--expect", "www A 192.0.2.80"]"#;
    let with_keys = r#"["example.com", "--ses", "t1,t2,t3"]"#;
    for (report, zones) in [
        (examined(with_keys, lossy), &["example.com.", "dkim.amazonses.com."][..]),
        // This alias leads to another name of its own zone.
        (examined(with_alias, ""), &["example.com."]),
    ] {
        let mut seen = Vec::new();
        for server in report.servers.iter().filter(|server| server.role != Role::Recursive) {
            let zone = server.zone.as_deref().unwrap();
            assert!(!seen.contains(&(server.server, zone)), "{server:?} is listed twice");
            seen.push((server.server, zone));
            let owns = zone == "example.com.";
            let role = if owns { Role::Authoritative } else { Role::Target };
            assert_eq!(server.role, role, "{server:?}");
        }
        for zone in zones {
            assert!(seen.iter().any(|(_, seen)| seen == zone), "nobody of {zone} was asked");
        }
    }
}

#[test]
fn how_tcp_fails_is_told_as_what_it_is() {
    for (effect, sentence, advice, count) in [
        ("unreachable", "connections are refused", "listen on TCP port 53", "tcp_refused"),
        (
            "drop_syn",
            "connections time out before they are made",
            "in its firewall, which drops connections",
            "tcp_connect_timed_out",
        ),
        ("reset_tcp", "connections are made and then reset", "what ends TCP", "tcp_reset"),
        (
            "cut_tcp",
            "connections are closed in the middle of the response",
            "what ends TCP",
            "tcp_closed_mid_message",
        ),
        ("drop", "connections are made and nothing is answered", "does not answer over TCP", ""),
    ] {
        let world = format!(
            "base = \"ses\"\ntitle = \"{effect}\"\nstory = \"None.\"\n[expect]\nverdict = \"flaky\"\n\
             [[faults]]\nserver = \"ns3\"\ntransport = \"tcp\"\neffect = \"{effect}\"\n"
        );
        let scenario = Arc::new(Scenario::from_toml(effect, &world).unwrap());
        let report = examine(&scenario, 1).report;
        let finding = report.findings.iter().find(|it| it.id == "tcp-unavailable").unwrap();
        assert!(finding.summary.contains(sentence), "{effect}: {}", finding.summary);
        assert!(finding.advice.contains(advice), "{effect}: {}", finding.advice);
        let counts = [
            "tcp_refused",
            "tcp_unreachable",
            "tcp_connect_timed_out",
            "tcp_reset",
            "tcp_closed",
            "tcp_closed_mid_message",
        ];
        let asked = finding.evidence["tcp_asked"].as_u64().unwrap();
        for name in counts {
            let expected = if name == count { asked } else { 0 };
            assert_eq!(finding.evidence[name], expected, "{effect}: {name}");
        }
    }
}
