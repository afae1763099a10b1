//! That `docs/findings.md` and the schema say of findings what the catalog says.

use std::fmt::Write as _;

use dnsonde::judge::actor::Actor;
use dnsonde::judge::catalog::FindingId;
use dnsonde::judge::entry::{Class, Needs};
use dnsonde::judge::severity::Severity;

/// Where the tables begin; what stands before is written by hand.
const TABLES: &str = "## The record\n";

fn letter(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "i",
        Severity::Notice => "n",
        Severity::Warning => "w",
        Severity::Error => "e",
    }
}

fn needs(needs: Needs) -> &'static str {
    match needs {
        Needs::Servers => "",
        Needs::Resolver => " (needs a resolver that is asked as well: `--resolver`)",
        Needs::AlsoAsk => " (needs `--also-ask`)",
        Needs::Tokens => " (needs tokens: `--ses`)",
        Needs::BothFamilies => " (needs IPv4 and IPv6 of this machine's own)",
    }
}

fn tables() -> String {
    let mut text = String::new();
    for (class, heading) in [
        (Class::Record, "The record"),
        (Class::Server, "Authoritative servers"),
        (Class::Resolver, "Recursive servers"),
        (Class::Path, "The path"),
        (Class::Host, "This machine"),
    ] {
        let space = if text.is_empty() { "" } else { "\n" };
        writeln!(text, "{space}## {heading}\n").unwrap();
        writeln!(
            text,
            "| id | | concluded when | who must act | reference |\n|---|---|---|---|---|"
        )
        .unwrap();
        let of_class = FindingId::ALL.iter().map(|id| id.entry()).filter(|it| it.class == class);
        for entry in of_class {
            let letters: Vec<_> = entry.severities.iter().copied().map(letter).collect();
            let who: Vec<_> = entry.who.iter().map(|actor| actor.as_str()).collect();
            writeln!(
                text,
                "| `{}` | {} | {}{} | {} | {} |",
                entry.id,
                letters.join(", "),
                entry.concluded_when,
                needs(entry.needs),
                who.join(", "),
                entry.reference
            )
            .unwrap();
        }
    }
    text
}

#[test]
fn the_tables_of_findings_are_those_of_the_catalog() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/findings.md");
    let mut text = std::fs::read_to_string(path).unwrap();
    let begin = text.find(TABLES).unwrap();
    if std::env::var_os("DNSONDE_RECORD").is_some() {
        text.truncate(begin);
        text.push_str(&tables());
        std::fs::write(path, &text).unwrap();
    }
    for (is, should) in text[begin..].lines().zip(tables().lines()) {
        assert_eq!(is, should, "DNSONDE_RECORD=1 cargo test --test report writes it anew");
    }
    assert_eq!(&text[begin..], tables());
}

#[test]
fn the_schema_knows_the_ids_of_the_catalog_and_who_may_have_to_act() {
    let schema = include_str!("../../schemas/report.schema.json");
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    let known = &schema["$defs"]["finding"]["properties"]["id"]["enum"];
    let ids: Vec<&str> = FindingId::ALL.iter().map(|id| id.as_str()).collect();
    assert_eq!(*known, serde_json::json!(ids));
    let known = &schema["$defs"]["finding"]["properties"]["who"]["enum"];
    let actors: Vec<&str> = Actor::ALL.iter().map(|actor| actor.as_str()).collect();
    assert_eq!(*known, serde_json::json!(actors));
}
