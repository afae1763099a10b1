//! Reports to show: the one that dnsonde was made for, and one of a healthy domain.

use std::net::SocketAddr;
use std::time::Duration;

use dnsonde::judge::brief::{Brief, FormEntry};
use dnsonde::judge::catalog::FindingId;
use dnsonde::judge::finding::Finding;
use dnsonde::judge::severity::Severity;
use dnsonde::judge::summary::ServerReport;
use dnsonde::probe::query::Role;
use dnsonde::report::judgement::{Effort, Moment, RecordAtServer, RecordReport, RecordState};
use dnsonde::stats::{Chance, Interval};
use dnsonde::verify::{Verdict, VerifyReport};
use serde_json::{Map, Value, json};

/// 2026-01-31T12:00:00Z.
const STARTED: u64 = 1_769_860_800;
const TOKENS: [&str; 3] = [
    "4h5mxpo7vkcq2wzjrt3ysnbdlefa6gui",
    "k2wqz7jd5vxm3hcytb4nrpsflao6eigu",
    "zr6ptsy3ndvbw4kmj7qhcx2lfgaoei5u",
];
/// IPv4 and IPv6 of four name servers.
const ADDRESSES: [&str; 8] = [
    "192.0.2.1:53",
    "[2001:db8:1::53]:53",
    "192.0.2.2:53",
    "[2001:db8:2::53]:53",
    "192.0.2.3:53",
    "[2001:db8:3::53]:53",
    "192.0.2.4:53",
    "[2001:db8:4::53]:53",
];
const LOOKS: u64 = 14;

pub fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn evidence(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

fn owner(token: &str) -> String {
    format!("{token}._domainkey.example.com.")
}

fn standby(token: &str) -> Finding {
    Finding {
        id: FindingId::DkimKeyStandby,
        who: FindingId::DkimKeyStandby.entry().who[0],
        severity: Severity::Info,
        subject: format!("{} TXT", owner(token)),
        providers: vec![],
        servers: vec![],
        summary: "the key is empty while another one of the three is in use".to_owned(),
        evidence: evidence(json!({"txt": "\"\""})),
        advice: "Nothing to fix: SES keeps one key active and the others ready".to_owned(),
        reference: "RFC 6376 §3.6.1",
        retry_after_s: None,
        brief: Brief::default(),
    }
}

/// The record of a token at eight addresses, the last `lacking` of which do not have it.
fn record(token: &str, lacking: usize) -> RecordReport {
    let line = format!("{} 3600 IN CNAME {token}.dkim.amazonses.com.", owner(token));
    let servers: Vec<RecordAtServer> = (0..)
        .zip(ADDRESSES)
        .map(|(at, server)| {
            let there = at < ADDRESSES.len() - lacking;
            RecordAtServer {
                server: address(server),
                state: if there { RecordState::Right } else { RecordState::Missing },
                right: if there { LOOKS } else { 0 },
                asked: LOOKS,
                found: vec![],
            }
        })
        .collect();
    RecordReport {
        name: owner(token),
        rtype: "CNAME".to_owned(),
        expected: Some(format!("{token}.dkim.amazonses.com.")),
        purpose: "DKIM key of SES".to_owned(),
        state: if lacking == 0 { RecordState::Right } else { RecordState::Mixed },
        line: (lacking > 0).then_some(line),
        right: servers.iter().map(|server| server.right).sum(),
        asked: servers.iter().map(|server| server.asked).sum(),
        servers,
    }
}

fn server(at: usize) -> ServerReport {
    let site = ["fra", "fra", "ams", "ams", "lhr", "lhr", "iad", "iad"][at];
    ServerReport {
        server: address(ADDRESSES[at]),
        names: vec![format!("ns{}.dns.example.", at / 2 + 1)],
        role: Role::Authoritative,
        zone: Some("example.com.".to_owned()),
        udp_asked: 90,
        udp_answered: 90,
        tcp_asked: 12,
        tcp_answered: 12,
        rtt_median_us: Some(18_234 + 1_100 * at as u64),
        rtt_p90_us: Some(25_901 + 1_100 * at as u64),
        serials: vec![2_026_013_101],
        instances: vec![format!("{site}{}", at % 2 + 1)],
    }
}

fn resolver() -> ServerReport {
    ServerReport {
        server: address("198.51.100.53:53"),
        names: vec![],
        role: Role::Recursive,
        zone: None,
        udp_asked: 6,
        udp_answered: 6,
        tcp_asked: 0,
        tcp_answered: 0,
        rtt_median_us: Some(640),
        rtt_p90_us: None,
        serials: vec![],
        instances: vec![],
    }
}

fn target(at: usize) -> ServerReport {
    ServerReport {
        server: address(["203.0.113.10:53", "203.0.113.20:53"][at]),
        names: vec![format!("ns-{at}.aws.example.")],
        role: Role::Target,
        zone: Some("dkim.amazonses.com.".to_owned()),
        udp_asked: 42,
        udp_answered: 42,
        serials: vec![],
        instances: vec![],
        ..server(at)
    }
}

/// Three SES tokens, two of them on standby; one name server of four lacks all three, and one
/// source port of eight reaches none of 192.0.2.2.
pub fn seed_story() -> VerifyReport {
    let lacking = |token: &str| Finding {
        id: FindingId::RecordMissingOnSome,
        who: FindingId::RecordMissingOnSome.entry().who[0],
        severity: Severity::Error,
        subject: format!("{} CNAME", owner(token)),
        providers: vec![],
        servers: ADDRESSES[6..].iter().copied().map(address).collect(),
        summary: "2 of 8 server addresses do not have the record".to_owned(),
        evidence: evidence(json!({
            "addresses_asked": 8, "addresses_lacking": 2, "answers": 28,
            "serial_there": 2_026_012_900, "serial_elsewhere": 2_026_013_101,
        })),
        advice: "You entered it correctly: ask your DNS provider why ns4.dns.example. has an old \
                 copy of example.com., and send this report along"
            .to_owned(),
        reference: "RFC 1034 §4.3.5",
        retry_after_s: None,
        brief: Brief::default(),
    };
    let loss = Finding {
        id: FindingId::LossPathDependent,
        who: FindingId::LossPathDependent.entry().who[0],
        severity: Severity::Error,
        subject: "192.0.2.2:53".to_owned(),
        providers: vec![],
        servers: vec![address("192.0.2.2:53")],
        summary: "about 1 of 8 network paths to the server loses every packet".to_owned(),
        evidence: evidence(json!({
            "asked": 90, "lost": 11, "p_value": 0.000_003_1, "timeout_ms": 2000,
            "ports": [
                {"port": 40_961, "asked": 11, "lost": 11}, {"port": 52_114, "asked": 11, "lost": 0},
            ],
        })),
        advice: "Ask your DNS provider to look at the links in front of 192.0.2.2: which packets \
                 are lost depends on the source port"
            .to_owned(),
        reference: "RFC 2992 §1",
        retry_after_s: None,
        brief: Brief::default(),
    };
    let cached = Finding {
        id: FindingId::NegativeCached,
        who: FindingId::NegativeCached.entry().who[0],
        severity: Severity::Warning,
        subject: format!("{} CNAME", owner(TOKENS[0])),
        providers: vec![],
        servers: vec![address("198.51.100.53:53")],
        summary: "the resolver still says that the record does not exist".to_owned(),
        evidence: evidence(json!({"ttl_left_s": 2712})),
        advice: "Change nothing".to_owned(),
        reference: "RFC 2308 §5",
        retry_after_s: Some(2712),
        brief: Brief::default(),
    };
    let mut servers: Vec<ServerReport> = (0..8).map(server).collect();
    servers[2].udp_answered = 79;
    servers[6].serials = vec![2_026_012_900];
    servers[7].serials = vec![2_026_012_900];
    servers.extend((0..2).map(target));
    servers.push(resolver());
    let mut findings: Vec<Finding> = TOKENS.iter().map(|token| lacking(token)).collect();
    findings.extend([loss, cached]);
    findings.extend(TOKENS[1..].iter().map(|token| standby(token)));
    VerifyReport {
        command: "verify",
        subject: "example.com.".to_owned(),
        verdict: Verdict::Pending,
        sentence: "one name server of four lacks the three records that SES looks for".to_owned(),
        started: STARTED,
        duration: Duration::from_millis(4310),
        findings,
        records: TOKENS.iter().map(|token| record(token, 2)).collect(),
        servers,
        chance: Some(Chance {
            estimate: 0.738_2,
            interval: Interval { low: 0.648_1, high: 0.751_9 },
        }),
        effort: Effort { queries: 911, checks: LOOKS, visible_share: 0.192_6, cut_short: None },
        measurement: None,
        history: Vec::new(),
    }
}

/// The same domain, with nothing wrong.
pub fn healthy() -> VerifyReport {
    let mut servers: Vec<ServerReport> = (0..8).map(server).collect();
    servers.push(resolver());
    VerifyReport {
        command: "verify",
        subject: "example.com.".to_owned(),
        verdict: Verdict::Verified,
        sentence: "all three records are right at every server, every time".to_owned(),
        started: STARTED,
        duration: Duration::from_millis(2204),
        findings: TOKENS[1..].iter().map(|token| standby(token)).collect(),
        records: TOKENS.iter().map(|token| record(token, 0)).collect(),
        servers,
        chance: Some(Chance { estimate: 1.0, interval: Interval { low: 0.970_4, high: 1.0 } }),
        effort: Effort { queries: 840, checks: LOOKS, visible_share: 0.192_6, cut_short: None },
        measurement: None,
        history: vec![
            Moment {
                at: 1_769_860_800,
                verdict: Verdict::Pending,
                summary: "one of three records is not there".to_owned(),
            },
            Moment {
                at: 1_769_968_800,
                verdict: Verdict::Verified,
                summary: "was pending and is verified; gone: record-missing (example.com.)"
                    .to_owned(),
            },
        ],
    }
}

/// Nothing was found out about anything.
pub fn empty() -> VerifyReport {
    VerifyReport {
        verdict: Verdict::Inconclusive,
        sentence: "no root server answered".to_owned(),
        findings: vec![],
        records: vec![],
        servers: vec![],
        chance: None,
        effort: Effort {
            queries: 0,
            checks: 0,
            visible_share: 1.0,
            cut_short: Some("the network cannot be reached".to_owned()),
        },
        measurement: None,
        history: Vec::new(),
        ..healthy()
    }
}

/// A record that is wrong, and mixed at one address; with what stands there instead.
pub fn flaky() -> VerifyReport {
    let mut report = healthy();
    report.verdict = Verdict::Flaky;
    report.sentence = "one of three records is not always right".to_owned();
    let key = "\"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3\"";
    let record = &mut report.records[0];
    record.state = RecordState::Mixed;
    record.right -= 5;
    record.servers[3].state = RecordState::Mixed;
    record.servers[3].right -= 5;
    record.servers[3].found = vec![key.to_owned(), "(no such name)".to_owned()];
    let record = &mut report.records[1];
    record.state = RecordState::Wrong;
    record.right = 0;
    record.line = Some(format!("{} 3600 IN CNAME {}.dkim.amazonses.com.", record.name, TOKENS[1]));
    for server in &mut record.servers {
        server.state = RecordState::Wrong;
        server.right = 0;
        server.found = vec!["example.com.".to_owned()];
    }
    let record = &mut report.records[2];
    record.state = RecordState::Unknown;
    record.right = 0;
    for server in &mut record.servers {
        server.state = RecordState::Unknown;
        server.right = 0;
    }
    record.expected = None;
    report
}

/// A report with `text` in every place that takes text of any origin.
pub fn with_text_everywhere(text: &str) -> VerifyReport {
    let text = || text.to_owned();
    let mut report = seed_story();
    report.subject = text();
    report.sentence = text();
    report.effort.cut_short = Some(text());
    report.history.iter_mut().for_each(|moment| moment.summary = text());
    for finding in &mut report.findings {
        finding.subject = text();
        finding.summary = text();
        finding.advice = text();
        finding.brief = Brief {
            fault: text(),
            action: text(),
            advice: text(),
            entries: vec![FormEntry {
                host: text(),
                rtype: text(),
                priority: Some(text()),
                value: text(),
            }],
        };
        finding.evidence = evidence(json!({
            text(): text(), "list": [text(), text()], "nested": {text(): [{text(): text()}]},
        }));
    }
    for record in &mut report.records {
        record.name = text();
        record.rtype = text();
        record.expected = Some(text());
        record.purpose = text();
        record.line = Some(text());
        record.servers.iter_mut().for_each(|server| server.found = vec![text(), text()]);
    }
    for server in &mut report.servers {
        server.names = vec![text(), text()];
        server.zone = Some(text());
        server.instances = vec![text(), text()];
    }
    report
}
