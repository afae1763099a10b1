//! What stands above the evidence: an answer for people who run no name servers.

use std::collections::BTreeSet;

use dnsonde::judge::provider::PROVIDERS;
use dnsonde::judge::severity::Severity;

use super::worlds::{Reported, reports};
use super::{PAGE, as_html, as_text};

/// Whatever is written in capitals must be one of these: what providers and services show to their
/// customers, and "UDP", which stands with firewalls.
const TERMS: &[&str] = &[
    "A",
    "AAAA",
    "ACM",
    "ACME",
    "CAA",
    "CNAME",
    "DKIM",
    "DMARC",
    "DNS",
    "DNSSEC",
    "DS",
    "IPv4",
    "IPv6",
    "MX",
    "NS",
    "PENDING",
    "VERIFIED",
    "FLAKY",
    "INCONCLUSIVE",
    "RSA",
    "SES",
    "SOA",
    "SPF",
    "TCP",
    "TXT",
    "UDP",
];

/// Words of those who run name servers or count packets, in lower case; each at the beginning of a
/// word.
const JARGON: &[&str] = &[
    "alias",
    "anycast",
    "apex",
    "authoritative",
    "bailiwick",
    "bogus",
    "confidence",
    "delegat",
    "edns",
    "glue",
    "idempot",
    "instance",
    "interval",
    "lame",
    "nodata",
    "nsid",
    "nxdomain",
    "octet",
    "opcode",
    "p-value",
    "p value",
    "percent",
    "probab",
    "rcode",
    "rdata",
    "recursi",
    "referral",
    "rrset",
    "serial",
    "servfail",
    "truncat",
    "ttl",
    "zone cut",
    "zone transfer",
];

fn answer(text: &str) -> &str {
    text.split_once("\nEvidence\n").expect("a report has evidence").0
}

/// The words of a page above its evidence, but for what is to be typed.
fn answer_of_page(page: &str) -> String {
    let body = page.split_once("<body>").unwrap().1;
    let answer = body.split_once("<details").expect("a page has evidence").0;
    let without_entries = answer.split("<dl class=\"entry\">").enumerate().map(|(place, part)| {
        let typed = if place == 0 { None } else { part.split_once("</dl>") };
        typed.map_or(part, |(_, rest)| rest)
    });
    let text = without_entries.collect::<String>();
    let words = text.split('<').map(|part| part.split_once('>').map_or(part, |(_, words)| words));
    words.collect::<Vec<_>>().join(" ")
}

/// What on a first screen only those understand who run name servers.
fn jargon(answer: &str) -> BTreeSet<String> {
    // What is to be typed is not ours to word, nor is a name.
    let is_typed = |line: &&str| {
        ["Host: ", "Type: ", "Value:"].iter().any(|label| line.trim_start().starts_with(label))
    };
    let lines: Vec<&str> = answer.lines().filter(|line| !is_typed(line)).collect();
    let text = lines.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    let words = text.split(|c: char| !(c.is_alphanumeric() || "._-".contains(c)));
    let is_capitals = |word: &&str| {
        word.len() > 1
            && word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.chars().filter(char::is_ascii_uppercase).count() > 1
    };
    let mut found: BTreeSet<String> = words
        .map(|word| word.trim_matches(['.', '-']))
        .filter(is_capitals)
        .filter(|word| !TERMS.contains(word))
        .filter(|word| PROVIDERS.iter().all(|provider| !provider.name.contains(word)))
        .map(str::to_owned)
        .collect();
    let lower = format!(" {}", text.to_lowercase().replace(['(', '"', '\''], " "));
    found.extend(
        JARGON
            .iter()
            .filter(|word| lower.contains(&format!(" {word}")))
            .map(|&word| word.to_owned()),
    );
    found.extend(text.contains('%').then(|| "%".to_owned()));
    found
}

#[test]
fn the_first_screen_of_no_world_has_a_term_that_its_readers_do_not_know() {
    let mut found = Vec::new();
    for Reported { scenario, report } in reports() {
        let text = as_text(report, 80, false);
        let page = answer_of_page(&as_html(report, PAGE));
        for (form, answer) in [("text", answer(&text)), ("page", &page[..])] {
            let jargon = jargon(answer);
            if !jargon.is_empty() {
                found.push(format!("{}, {form}: {jargon:?}", scenario.name));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn jargon_is_found() {
    for (text, word) in [
        ("the server says SERVFAIL", "SERVFAIL"),
        ("see RFC 1034", "RFC"),
        ("its serial is old", "serial"),
        ("the authoritative\n   servers", "authoritative"),
        ("(p value 0.01)", "p value"),
        ("3 of 300, 1.0 %", "%"),
        ("the zone\n  transfer fails", "zone transfer"),
    ] {
        assert!(jargon(text).contains(word), "{text}");
    }
    assert_eq!(jargon("PENDING: add the CNAME record at ns1.example.com"), BTreeSet::new());
    assert_eq!(jargon("  Value: p=MIIBIjANBgkqhkiG"), BTreeSet::new());
}

#[test]
fn the_first_screen_of_every_world_says_what_to_do() {
    for Reported { scenario, report } in reports() {
        let text = as_text(report, 80, false);
        let answer = answer(&text);
        let name = &scenario.name;
        let has_cause = report.findings.iter().any(|finding| finding.severity > Severity::Notice);
        assert_eq!(answer.contains("What to do:"), has_cause, "{name}: {answer}");
        // Verdict, cause and action fit on a screen, whatever there is to copy.
        let first = answer.find("What to do:").map_or(0, |end| answer[..end].lines().count());
        assert!(first <= 12, "{name}: what to do is on line {first}: {answer}");
    }
}
