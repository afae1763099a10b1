//! What reports say to those whose DNS provider is known, and that `docs/providers.md` is what the
//! table says.

use std::fmt::Write as _;

use dnsonde::judge::provider::{FinalDot, Form, HostForm, PROVIDERS, Priority};

use super::worlds::reports;
use super::{PAGE, as_html, as_text};

/// Where the table begins; what stands before is written by hand.
const TABLE: &str = "| provider |";

fn row(form: &Form) -> [String; 5] {
    let host = match (form.host, form.apex) {
        (HostForm::Full, _) => "full, with a final dot".to_owned(),
        (HostForm::Short, "") => "short; empty for the domain itself".to_owned(),
        (HostForm::Short, apex) => format!("short; `{apex}` for the domain itself"),
    };
    let target = match form.target {
        FinalDot::Needed => "with a final dot",
        FinalDot::Absent => "without a final dot",
        FinalDot::Either => "with or without a final dot",
    };
    let priority = match form.priority {
        Priority::OwnField => "a field of its own",
        Priority::BeforeValue => "before the value",
        Priority::Unsaid => "",
    };
    let hint = form.hint.map(|(rtype, hint)| format!("{rtype}: {hint}"));
    [
        host,
        target.to_owned(),
        priority.to_owned(),
        hint.unwrap_or_default(),
        format!("[page]({})", form.source),
    ]
}

fn table() -> String {
    let mut text = format!(
        "{TABLE} name servers | host | names as values | priority of MX | besides | form |\n\
         |---|---|---|---|---|---|---|\n"
    );
    for provider in PROVIDERS {
        let servers: Vec<String> = provider.servers.iter().map(|end| format!("`.{end}`")).collect();
        let source = provider.servers_source.map(|page| format!(" ([page]({page}))"));
        let form = provider.form.as_ref().map(row).unwrap_or_default();
        writeln!(
            text,
            "| {} | {}{} | {} |",
            provider.name,
            servers.join(" "),
            source.unwrap_or_default(),
            form.join(" | ")
        )
        .unwrap();
    }
    text
}

#[test]
fn the_table_of_providers_is_that_of_the_program() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/providers.md");
    let text = std::fs::read_to_string(path).unwrap();
    let at = text.find(TABLE).expect("docs/providers.md has a table");
    let expected = table();
    if std::env::var_os("DNSONDE_RECORD").is_some() {
        std::fs::write(path, format!("{}{expected}", &text[..at])).unwrap();
    } else {
        assert_eq!(text[at..], expected, "run with DNSONDE_RECORD=1 to write it anew");
    }
}

/// A text in one line.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_known_provider_is_named_and_its_form_described() {
    let of = |name: &str| &reports().iter().find(|it| it.scenario.name == name).unwrap().report;
    let report = of("provider-known");
    let known = &report.findings[0].providers;
    assert_eq!(known.iter().map(|it| it.name).collect::<Vec<_>>(), ["Namecheap"]);
    for shown in [as_text(report, 80, false), as_html(report, PAGE)] {
        let words = words(&shown);
        for part in [
            "Namecheap (the DNS provider of example.com)",
            "in the records of your zone at Namecheap",
            "The form of Namecheap wants the host without the domain and the value with a dot at its \
             end.",
            "t1.dkim.amazonses.com.",
            known[0].source.unwrap(),
        ] {
            assert!(words.contains(part), "no {part:?} in {shown}");
        }
    }
    // Nobody knows whose servers ns1.example.com and its like are.
    let report = of("record-missing");
    assert!(report.findings.iter().all(|finding| finding.providers.is_empty()));
    assert!(
        words(&as_text(report, 80, false)).contains("add it at the DNS provider of example.com.")
    );
}

#[test]
fn of_two_providers_the_owner_is_told_at_which_one_the_records_are_missing() {
    let report = reports().iter().find(|it| it.scenario.name == "providers-differ").unwrap();
    let text = words(&as_text(&report.report, 80, false));
    assert!(text.starts_with(
        "PENDING: The servers of Cloudflare do not have the 3 records, which the other servers have: \
         add them at Cloudflare, too. "
    ), "{text}");
    let names: Vec<&str> = report.report.findings[0].providers.iter().map(|it| it.name).collect();
    assert_eq!(names, ["Cloudflare"]);
}
