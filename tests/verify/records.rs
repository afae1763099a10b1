//! Findings about records, in worlds that are close to each other: what must be told of one must not
//! be told of its neighbour.

use std::sync::Arc;

use dnsonde::judge::finding::Finding;
use dnsonde::judge::severity::Severity;
use dnsonde::playground::Scenario;
use dnsonde::report::judgement::RecordState;
use dnsonde::verify::{Verdict, VerifyReport};

use crate::harness::{examine, problems};
use crate::scenarios::runs;

/// A world that is like the healthy one but for this.
struct Case {
    name: &'static str,
    /// More words of the command line; without any, the three tokens are examined.
    args: &'static [&'static str],
    /// More of the scenario file.
    world: &'static str,
    /// What must be told above `notice`: this and nothing else.
    reported: &'static [&'static str],
    /// What else must be told.
    noted: &'static [&'static str],
    verdict: Verdict,
}

fn scenario(name: &str, args: &[&str], world: &str) -> Arc<Scenario> {
    let args = if args.is_empty() { &["--ses", "t1,t2,t3"] } else { args };
    let args: Vec<String> = args.iter().map(|word| format!("{word:?}")).collect();
    let text = format!(
        "base = \"ses\"\ntitle = \"{name}\"\nstory = \"None.\"\n[verify]\n\
         args = [\"example.com\", {}]\n[expect]\nverdict = \"verified\"\n{world}",
        args.join(", ")
    );
    Arc::new(Scenario::from_toml(name, &text).unwrap_or_else(|error| panic!("{name}: {error}")))
}

fn report(args: &[&str], world: &str) -> VerifyReport {
    examine(&scenario("a world", args, world), 1).report
}

fn finding<'r>(report: &'r VerifyReport, id: &str) -> &'r Finding {
    let reported: Vec<&str> = report.findings.iter().map(|finding| finding.id.as_str()).collect();
    let mut of_id = report.findings.iter().filter(|finding| finding.id == id);
    of_id.next().unwrap_or_else(|| panic!("no {id} among {reported:?}"))
}

/// Removes the records of SES.
const NO_TOKENS: &str = r#"
[[zone]]
name = "example.com"
remove = ["t1._domainkey", "t2._domainkey", "t3._domainkey"]
"#;

use Verdict::{Flaky, Inconclusive, Pending, Verified};

const CASES: &[Case] = &[
    // Where a record landed instead.
    Case {
        name: "a wildcard below the doubled name is no doubled record",
        args: &["--ses", "t1"],
        world: r#"
[[zone]]
name = "example.com"
remove = "t1._domainkey"
add = "*.example.com CNAME t1.dkim.amazonses.com."
"#,
        reported: &["record-missing"],
        noted: &[],
        verdict: Pending,
    },
    Case {
        name: "doubled with the token in another zone of SES",
        args: &["--ses", "t1"],
        world: r#"
[[zone]]
name = "example.com"
remove = "t1._domainkey"
add = "t1._domainkey.example.com CNAME t1.eu.dkim.amazonses.com."
"#,
        reported: &["owner-doubled"],
        noted: &[],
        verdict: Pending,
    },
    Case {
        name: "what stands at the apex anyway is no mistyped MAIL FROM",
        args: &["--mail-from", "bounce"],
        world: r#"
[[zone]]
name = "example.com"
add = """
@ TXT "v=spf1 include:amazonses.com ~all"
bounce MX 10 feedback-smtp.us-east-1.amazonses.com.
"""
"#,
        reported: &["record-missing"],
        noted: &["record-present"],
        verdict: Pending,
    },
    Case {
        name: "a DMARC policy at the apex is one in the wrong place",
        args: &["--dmarc"],
        world: r#"
[[zone]]
name = "example.com"
add = '@ TXT "v=DMARC1; p=none"'
"#,
        reported: &["owner-mistyped"],
        noted: &[],
        verdict: Pending,
    },
    Case {
        name: "a text that stands as an alias",
        args: &["--expect", "_check TXT token123.example.net"],
        world: r#"
[[zone]]
name = "example.com"
add = "_check CNAME token123.example.net."
"#,
        reported: &["wrong-type"],
        noted: &[],
        verdict: Pending,
    },
    Case {
        name: "another text beside the name is not the value in another type",
        args: &["--ses", "t1"],
        world: r#"
[[zone]]
name = "example.com"
remove = "t1._domainkey"
add = "t1._domainkey TXT something-else"
"#,
        reported: &["record-missing"],
        noted: &[],
        verdict: Pending,
    },
    Case {
        name: "a zone of its own that has the record",
        args: &["--ses", "t1"],
        world: r#"
[servers.elsewhere]
addresses = "127.53.4.1"
zones = "_domainkey.example.com"
[[zone]]
name = "example.com"
remove = ["t1._domainkey", "t2._domainkey", "t3._domainkey"]
add = """
_domainkey    NS ns._domainkey
ns._domainkey A  127.53.4.1
"""
[[zone]]
name = "_domainkey.example.com"
text = """
@  SOA ns hostmaster 1 7200 900 1209600 900
@  NS  ns
ns A   127.53.4.1
t1 CNAME t1.dkim.amazonses.com.
"""
"#,
        reported: &[],
        noted: &["record-present", "verifier-lag"],
        verdict: Verified,
    },
    Case {
        name: "servers asked in addition that lack the record, too",
        args: &["--ses", "t1", "--also-ask", "127.53.3.3"],
        world: NO_TOKENS,
        reported: &["record-missing"],
        noted: &[],
        verdict: Pending,
    },
    Case {
        name: "a parked domain",
        args: &["--ses", "t1"],
        world: r#"
[[zone]]
name = "com"
remove = ["example NS", "ns1.example", "ns2.example", "ns3.example"]
add = """
example NS ns1.parking-lot
ns1.parking-lot A 127.53.3.1
parking-lot NS ns1.parking-lot
"""
[[zone]]
name = "example.com"
remove = ["@ NS", "t1._domainkey", "t2._domainkey", "t3._domainkey"]
add = "@ NS ns1.parking-lot.com."
"#,
        reported: &["domain-not-delegated"],
        noted: &[],
        verdict: Pending,
    },
    // Wildcards.
    Case {
        name: "a wildcard that gives the expected value does no harm",
        args: &["--expect", "www2 A 192.0.2.80"],
        world: r#"
[[zone]]
name = "example.com"
add = "* A 192.0.2.80"
"#,
        reported: &[],
        noted: &["record-present"],
        verdict: Verified,
    },
    Case {
        name: "a wildcard of another type is no flattened alias",
        args: &["--ses", "t1"],
        world: r#"
[[zone]]
name = "example.com"
remove = ["t1._domainkey", "t2._domainkey", "t3._domainkey"]
add = "* A 192.0.2.80"
"#,
        reported: &["wildcard-match"],
        noted: &[],
        verdict: Pending,
    },
    Case {
        name: "an address in place of the alias",
        args: &["--ses", "t1"],
        world: r#"
[[zone]]
name = "example.com"
remove = "t1._domainkey"
add = "t1._domainkey A 192.0.2.80"
"#,
        reported: &["alias-flattened"],
        noted: &[],
        verdict: Pending,
    },
    // Zones of SES.
    Case {
        name: "a zone of SES that was left open",
        args: &[],
        world: r#"
[[zone]]
name = "dkim.amazonses.com"
add = 't1.eu TXT "p="'
[[zone]]
name = "dkim.amazonses.com"
remove = ["t1", "t2", "t3"]
add = """
t1.eu TXT ""
t2.eu TXT ""
"""
[[zone]]
name = "dkim.amazonses.com"
remove = "t1.eu"
add = """
t1.eu TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
t3.eu TXT ""
"""
[[zone]]
name = "example.com"
remove = ["t1._domainkey", "t2._domainkey", "t3._domainkey"]
add = """
t1._domainkey CNAME t1.eu.dkim.amazonses.com.
t2._domainkey CNAME t2.eu.dkim.amazonses.com.
t3._domainkey CNAME t3.eu.dkim.amazonses.com.
"""
"#,
        reported: &[],
        noted: &["ses-zone-differs", "dkim-key-standby", "record-present"],
        verdict: Verified,
    },
    Case {
        name: "a zone of SES that was named is another one",
        args: &["--ses", "t1", "--ses-zone", "dkim.amazonses.com"],
        world: r#"
[[zone]]
name = "dkim.amazonses.com"
add = 't1.eu TXT ""'
[[zone]]
name = "example.com"
remove = "t1._domainkey"
add = "t1._domainkey CNAME t1.eu.dkim.amazonses.com."
"#,
        reported: &["ses-zone-differs"],
        noted: &[],
        verdict: Pending,
    },
    Case {
        name: "another zone of SES where there is no key",
        args: &["--ses", "t1"],
        world: r#"
[[zone]]
name = "example.com"
remove = "t1._domainkey"
add = "t1._domainkey CNAME t1.eu.dkim.amazonses.com."
"#,
        reported: &["value-differs"],
        noted: &[],
        verdict: Pending,
    },
    // Keys.
    Case {
        name: "a selector of SES that is on standby",
        args: &["--dkim", "t2"],
        world: "",
        reported: &[],
        noted: &["dkim-key-standby", "record-present"],
        verdict: Verified,
    },
    Case {
        name: "one token alone that is on standby",
        args: &["--ses", "t2"],
        world: "",
        reported: &[],
        noted: &["dkim-key-standby"],
        verdict: Verified,
    },
    Case {
        name: "a selector of another provider that is empty",
        args: &["--dkim", "mail"],
        world: r#"
[[zone]]
name = "example.com"
add = 'mail._domainkey TXT ""'
"#,
        reported: &["dkim-key-invalid"],
        noted: &[],
        verdict: Pending,
    },
    Case {
        name: "a key within quotation marks",
        args: &["--dkim", "mail"],
        world: r#"
[[zone]]
name = "example.com"
add = 'mail._domainkey TXT "\"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\""'
"#,
        reported: &["value-quoted"],
        noted: &[],
        verdict: Pending,
    },
    Case {
        name: "two keys at one selector",
        args: &["--dkim", "mail"],
        world: r#"
[[zone]]
name = "example.com"
add = """
mail._domainkey TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
mail._domainkey TXT "v=DKIM1; p="
"""
"#,
        reported: &["records-multiple"],
        noted: &[],
        verdict: Pending,
    },
    Case {
        name: "a revoked key where an alias leads",
        args: &["--expect", "s._domainkey CNAME k.provider.net"],
        world: r#"
[servers.provider]
addresses = "127.53.4.1"
zones = "provider.net"
[[zone]]
name = "net"
add = """
provider NS ns.provider
ns.provider A 127.53.4.1
"""
[[zone]]
name = "provider.net"
text = """
@  SOA ns hostmaster 1 7200 900 1209600 900
@  NS  ns
ns A   127.53.4.1
k  CNAME k2
k2 TXT "v=DKIM1; p="
"""
[[zone]]
name = "example.com"
add = "s._domainkey CNAME k.provider.net."
"#,
        reported: &["dkim-key-revoked"],
        noted: &["record-present"],
        verdict: Verified,
    },
    // Aliases that others than keys have.
    Case {
        name: "a challenge that is answered where an alias leads",
        args: &["--expect", "_acme-challenge TXT abc"],
        world: r#"
[[zone]]
name = "amazonses.com"
add = "challenge TXT abc"
[[zone]]
name = "example.com"
add = "_acme-challenge CNAME challenge.amazonses.com."
"#,
        reported: &[],
        noted: &["record-present"],
        verdict: Verified,
    },
    Case {
        name: "a challenge that is not answered where an alias leads",
        args: &["--expect", "_acme-challenge TXT abc"],
        world: r#"
[[zone]]
name = "amazonses.com"
add = "challenge TXT old"
[[zone]]
name = "example.com"
add = "_acme-challenge CNAME challenge.amazonses.com."
"#,
        reported: &["record-missing"],
        noted: &[],
        verdict: Pending,
    },
    Case {
        name: "a challenge whose alias leads to no name",
        args: &["--expect", "_acme-challenge TXT abc"],
        world: r#"
[[zone]]
name = "example.com"
add = "_acme-challenge CNAME challenge.amazonses.com."
"#,
        reported: &["alias-broken"],
        noted: &[],
        verdict: Pending,
    },
    Case {
        name: "aliases that go round",
        args: &["--expect", "a CNAME b.example.com"],
        world: r#"
[[zone]]
name = "example.com"
add = """
a CNAME b
b CNAME a
"""
"#,
        reported: &["alias-broken"],
        noted: &["record-present"],
        verdict: Pending,
    },
    Case {
        name: "an alias to no name that nobody follows",
        args: &[
            "--expect",
            "_x CNAME _y.acm-validations.aws",
            "--expect",
            "z CNAME no.amazonses.com",
        ],
        world: r#"
[[zone]]
name = "example.com"
add = """
_x CNAME _y.acm-validations.aws.
z CNAME no.amazonses.com.
"""
"#,
        reported: &[],
        noted: &["alias-broken", "record-present"],
        verdict: Verified,
    },
    // Policies.
    Case {
        name: "CAA records above that forbid",
        args: &["--expect", "_acme-challenge TXT abc", "--issuer", "ca.example.net"],
        world: r#"
[[zone]]
name = "example.com"
add = """
@ CAA 0 issue "other.example.net"
_acme-challenge TXT abc
"""
"#,
        reported: &["caa-forbids"],
        noted: &[],
        verdict: Pending,
    },
    Case {
        name: "an SPF policy that stands as a type of its own",
        args: &["--expect", "bounce TXT \"v=spf1 -all\""],
        world: r#"
[[zone]]
name = "example.com"
add = 'bounce SPF "v=spf1 -all"'
"#,
        reported: &["wrong-type"],
        noted: &[],
        verdict: Pending,
    },
    Case {
        name: "texts beside a policy that are none",
        args: &["--expect", "@ TXT \"v=spf1 -all\""],
        world: r#"
[[zone]]
name = "example.com"
add = """
@ TXT "v=spf1 -all"
@ TXT "google-site-verification=1"
"""
"#,
        reported: &[],
        noted: &["record-present"],
        verdict: Verified,
    },
    // Some servers.
    Case {
        name: "a server with another value",
        args: &["--ses", "t1"],
        world: r#"
[[zone]]
name = "example.com"
version = "old"
remove = "t1._domainkey"
add = "t1._domainkey CNAME old.dkim.amazonses.com."
[[faults]]
server = "ns2"
effect = { version = "old" }
"#,
        reported: &["record-missing-on-some"],
        noted: &[],
        verdict: Pending,
    },
    Case {
        name: "a server without the zone lacks no record",
        args: &["--ses", "t1"],
        world: r#"
[[faults]]
server = "ns2"
effect = "refuse"
"#,
        reported: &["server-lame"],
        noted: &["record-present"],
        verdict: Flaky,
    },
    Case {
        name: "answers that are cut off come over TCP",
        args: &["--ses", "t1"],
        world: r#"
[[faults]]
server = ["ns1", "ns2", "ns3"]
name = "_domainkey.example.com"
transport = "udp"
effect = "truncate"
"#,
        reported: &[],
        noted: &["record-present"],
        verdict: Verified,
    },
    // Caches.
    Case {
        name: "a cache that denies what a server lacks",
        args: &["--ses", "t1"],
        world: r#"
[[zone]]
name = "example.com"
version = "without"
remove = "t1._domainkey"
[[faults]]
server = "ns3"
effect = { version = "without" }
[[resolvers.isp.cache]]
absent = "t1._domainkey.example.com"
ttl_s = 900
"#,
        reported: &["record-missing-on-some"],
        noted: &[],
        verdict: Pending,
    },
    Case {
        name: "a signed domain that a resolver fails for with checking disabled, too",
        args: &["--ses", "t1"],
        world: r#"
[[zone]]
name = "com"
add = "example 86400 DS 12345 13 2 3A7D6C2F0B5E49A18C9D7E6F5A4B3C2D1E0F9A8B7C6D5E4F3A2B1C0D9E8F7A6B"
[[faults]]
server = "isp"
effect = "servfail"
"#,
        reported: &[],
        noted: &["record-present"],
        verdict: Verified,
    },
    // Nobody there.
    Case {
        name: "no server of the domain answers",
        args: &["--ses", "t1"],
        world: r#"
[[faults]]
server = ["ns1", "ns2", "ns3"]
effect = "drop"
"#,
        reported: &["server-unreachable"],
        noted: &[],
        verdict: Inconclusive,
    },
    Case {
        name: "no server of the root answers",
        args: &["--ses", "t1"],
        world: r#"
[[faults]]
server = ["root"]
effect = "drop"
"#,
        reported: &[],
        noted: &[],
        verdict: Inconclusive,
    },
];

#[test]
fn each_fault_of_a_record_is_told_once_and_as_what_it_is() {
    let mut wrong = Vec::new();
    for case in CASES {
        let scenario = scenario(case.name, case.args, case.world);
        for seed in 0..runs() {
            let report = examine(&scenario, seed).report;
            let all: Vec<&str> =
                report.findings.iter().map(|finding| finding.id.as_str()).collect();
            let missed: Vec<_> = case.noted.iter().filter(|id| !all.contains(id)).collect();
            if problems(&report) != case.reported
                || !missed.is_empty()
                || report.verdict != case.verdict
            {
                wrong.push(format!(
                    "{} ({seed}): {:?}, {:?} ({})",
                    case.name, report.verdict, all, report.sentence
                ));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn whoever_lacks_all_records_is_told_every_line_to_enter() {
    let report = report(&[], NO_TOKENS);
    let missing: Vec<&Finding> =
        report.findings.iter().filter(|finding| finding.id == "record-missing").collect();
    assert_eq!(missing.len(), 3);
    for finding in &missing {
        assert_eq!(finding.summary, "none of 6 server addresses has the record");
        assert_eq!(finding.advice, missing[0].advice, "they are shown as one");
    }
    assert_eq!(
        missing[0].advice,
        "add them at the DNS provider of example.com: host t1._domainkey, type CNAME, value \
         t1.dkim.amazonses.com; host t2._domainkey, type CNAME, value t2.dkim.amazonses.com; host \
         t3._domainkey, type CNAME, value t3.dkim.amazonses.com"
    );
    assert_eq!(
        report.records[0].line.as_deref(),
        Some("t1._domainkey.example.com. 300 IN CNAME t1.dkim.amazonses.com.")
    );
    assert_eq!(report.records[0].state, RecordState::Missing);
    assert_eq!(report.chance.map(|chance| chance.estimate), Some(0.0));
}

#[test]
fn the_chance_of_a_verifier_follows_from_the_share_of_servers_that_lack_the_records() {
    let lacking = Scenario::named("record-missing-on-some").unwrap().unwrap();
    let report = examine(&Arc::new(lacking), 1).report;
    // Two thirds for each of three records, which are looked up one by one.
    let chance = report.chance.unwrap();
    assert!((chance.estimate - 8.0 / 27.0).abs() < 1e-9, "{chance:?}");
    assert!(chance.interval.contains(chance.estimate) && chance.interval.low > 0.1, "{chance:?}");
    let healthy = Scenario::named("healthy").unwrap().unwrap();
    let chance = examine(&Arc::new(healthy), 1).report.chance.unwrap();
    assert_eq!((chance.estimate, chance.interval.high), (1.0, 1.0));
    assert!(chance.interval.low > 0.8, "{chance:?}");
}

#[test]
fn a_truncated_look_counts_by_what_tcp_brings() {
    let cut = r#"
[[faults]]
server = ["ns1", "ns2", "ns3"]
name = "_domainkey.example.com"
transport = "udp"
effect = "truncate"
"#;
    let fine = report(&["--ses", "t1"], cut);
    assert_eq!(fine.chance.map(|chance| chance.estimate), Some(1.0));
    let blocked = format!(
        "{cut}[[faults]]\nserver = ['ns1', 'ns2', 'ns3']\ntransport = 'tcp'\neffect = 'unreachable'\n"
    );
    let blocked = report(&["--ses", "t1"], &blocked);
    assert_eq!(blocked.chance.map(|chance| chance.estimate), Some(0.0));
    assert_ne!(blocked.verdict, Verified);
}

#[test]
fn a_record_that_appears_during_the_look_is_called_neither_missing_nor_unstable_for_good() {
    let appears = r#"
[[zone]]
name = "example.com"
version = "before"
remove = "t1._domainkey"
[[faults]]
server = ["ns1", "ns2", "ns3"]
until_s = 2.0
effect = { version = "before" }
"#;
    let report = report(&["--ses", "t1"], appears);
    let reported = finding(&report, "record-unstable");
    assert_eq!((reported.severity, reported.retry_after_s), (Severity::Warning, Some(300)));
    assert_eq!(report.verdict, Pending);
    assert!(report.findings.iter().all(|finding| finding.id != "record-missing"));
}

#[test]
fn what_a_cache_keeps_is_told_with_its_seconds() {
    let cached = r#"
[[resolvers.isp.cache]]
absent = "t1._domainkey.example.com"
ttl_s = 900
age_s = 100
"#;
    let report = report(&["--ses", "t1"], cached);
    let wait = finding(&report, "negative-cached").retry_after_s.unwrap();
    assert!((790..=800).contains(&wait), "{wait}");
}

#[test]
fn the_first_octet_that_differs_is_shown_with_what_was_expected_there() {
    let differs = r#"
[[zone]]
name = "example.com"
add = '_check TXT "token=abcDEF"'
"#;
    let report = report(&["--expect", "_check TXT token=abcXEF"], differs);
    let reported = finding(&report, "value-differs");
    assert_eq!(reported.evidence["first_difference_octet"], 10);
    assert_eq!(reported.evidence["expected_there"], "XEF");
    assert_eq!(reported.evidence["found_there"], "DEF");
}

#[test]
fn without_a_verdict_there_is_one_clear_sentence() {
    let gone = Scenario::named("domain-not-delegated").unwrap().unwrap();
    let gone = examine(&Arc::new(gone), 1);
    assert_eq!(
        gone.report.sentence,
        "the registry of com does not know example.com: see at the registrar whether the domain has \
         expired or is on hold"
    );
    // The registry is not asked for the records.
    let asked = gone.evidence.log.probes.iter().map(|probe| probe.query.server.ip().to_string());
    assert!(asked.into_iter().all(|ip| ip == "127.53.9.1"));
    let dark = |servers: &str| {
        let fault = format!("[[faults]]\nserver = [{servers}]\neffect = \"drop\"\n");
        report(&["--ses", "t1"], &fault).sentence
    };
    assert!(dark("'root'").starts_with("no root server answered: "), "{}", dark("'root'"));
    let sentence = dark("'ns1', 'ns2', 'ns3'");
    assert_eq!(
        sentence,
        "the name servers of t1._domainkey.example.com could not be reached (no server of \
         example.com. gives a useful response): run this again later, and tell whoever runs them if it \
         stays so"
    );
}

#[test]
fn nothing_that_servers_say_gets_into_a_report_as_it_is() {
    let hostile = r#"
[[zone]]
name = "example.com"
add = '_check TXT "\027[2J\027]0;owned\007" "\226\128\174 <script>alert(1)</script>\010\013"'
"#;
    // Beside the text, and a part of it.
    let reports =
        ["_check TXT abc", "_check TXT script"].map(|it| report(&["--expect", it], hostile));
    for finding in reports.iter().flat_map(|report| &report.findings) {
        let texts = [&finding.summary, &finding.advice, &finding.subject];
        let evidence = serde_json::to_string(&finding.evidence).unwrap();
        for text in texts.into_iter().chain([&evidence]) {
            assert!(text.chars().all(|it| it.is_ascii_graphic() || it == ' '), "{text:?}");
        }
    }
    let found = &reports[1].records[0].servers[0].found;
    assert_eq!(found.len(), 1);
    assert!(found[0].bytes().all(|octet| (b' '..=b'~').contains(&octet)), "{found:?}");
}
