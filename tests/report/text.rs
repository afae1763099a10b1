//! Text for a terminal.

use proptest::prelude::*;

use super::samples::{empty, flaky, healthy, seed_story};
use super::{as_text, compare};
use dnsonde::judge::brief::FormEntry;
use dnsonde::verify::VerifyReport;

#[test]
fn the_seed_story_reads_as_recorded() {
    compare("seed-story-80.txt", &as_text(&seed_story(), 80, false));
}

#[test]
fn a_healthy_domain_reads_as_recorded() {
    compare("healthy-80.txt", &as_text(&healthy(), 80, false));
}

#[test]
fn a_narrow_terminal_is_enough() {
    compare("flaky-40.txt", &as_text(&flaky(), 40, false));
}

#[test]
fn nothing_found_out_reads_as_recorded() {
    compare("empty-80.txt", &as_text(&empty(), 80, false));
}

#[test]
fn the_answer_comes_first_and_the_numbers_last() {
    let text = as_text(&seed_story(), 80, false);
    assert!(text.starts_with("PENDING: One name server of four lacks"), "{text}");
    let order = ["\nWhat is wrong", "What to do:", "\nRecords:", "\nAlso seen", "\nEvidence\n"];
    let places: Vec<Option<usize>> = order.iter().map(|part| text.find(part)).collect();
    assert!(places.is_sorted() && places.iter().all(Option::is_some), "{places:?}");
    let (answer, evidence) = text.split_once("\nEvidence\n").unwrap();
    for number in ["252 of 336", "73.8 %", "0.0000031", "RFC 1034", "911 queries"] {
        assert!(evidence.contains(number) && !answer.contains(number), "{number}");
    }
}

#[test]
fn what_to_enter_can_be_copied_from_a_line_of_its_own() {
    let mut report = seed_story();
    let value = format!("v=DKIM1; k=rsa; p={}", "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ".repeat(9));
    for finding in &mut report.findings[..3] {
        finding.brief.entries = vec![FormEntry {
            host: "mail._domainkey".to_owned(),
            rtype: "TXT".to_owned(),
            priority: None,
            value: value.clone(),
        }];
    }
    for width in [40, 80] {
        let text = as_text(&report, width, false);
        let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
        let host = lines.iter().position(|line| *line == "Host:  mail._domainkey").unwrap();
        assert_eq!(lines[host + 1..host + 3], ["Type:  TXT", &format!("Value: {value}")]);
        assert_eq!(text.matches(&value).count(), 1, "once is enough");
    }
}

#[test]
fn what_was_not_asked_is_not_claimed() {
    let text = as_text(&empty(), 80, false);
    assert!(text.contains("0 queries") && !text.contains("Each record"), "{text}");
}

#[test]
fn colour_changes_nothing_but_the_colour() {
    let plain = as_text(&seed_story(), 80, false);
    let coloured = as_text(&seed_story(), 80, true);
    assert!(coloured.contains("\u{1b}[31m"));
    assert!(!plain.contains('\u{1b}'));
    let mut stripped = String::new();
    let mut rest = &coloured[..];
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        stripped.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    stripped.push_str(rest);
    assert_eq!(stripped, plain);
}

/// Whether a line may be wider than the terminal: one word, or something to be copied as it is.
fn is_unbreakable(line: &str, report: &VerifyReport) -> bool {
    let content = line.trim_start();
    let is_copied = report.records.iter().any(|record| record.line.as_deref() == Some(content));
    let is_form = ["Host: ", "Type: ", "Value: "].iter().any(|label| content.starts_with(label));
    is_copied || is_form || !content.contains(' ')
}

proptest! {
    #[test]
    fn only_what_cannot_be_broken_is_wider_than_the_terminal(
        width in 30usize..=100,
        which in 0usize..4,
        sentence in prop::collection::vec("[a-z.]{1,40}", 1..20),
    ) {
        let mut report = [seed_story, healthy, flaky, empty][which]();
        report.sentence = sentence.join(" ");
        for finding in &mut report.findings {
            finding.advice = sentence.join(" ");
        }
        for line in as_text(&report, width, false).lines() {
            let columns = line.chars().count();
            prop_assert!(
                columns <= width || is_unbreakable(line, &report),
                "{columns} of {width}: {line:?}"
            );
        }
    }
}
