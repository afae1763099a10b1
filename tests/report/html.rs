//! The page.

use data_encoding::BASE64;
use dnsonde::judge::catalog::FindingId;
use sha2::{Digest, Sha256};

use super::samples::{empty, flaky, healthy, seed_story};
use super::worlds::{Reported, reports};
use super::{PAGE, as_html, compare};

pub fn style_sheet(html: &str) -> &str {
    html.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0
}

#[test]
fn the_seed_story_is_the_recorded_page() {
    let html = as_html(&seed_story(), PAGE);
    // The style sheet is a file of its own.
    compare("seed-story.html", &html.replace(style_sheet(&html), ""));
}

#[test]
fn the_policy_allows_the_style_sheet_and_nothing_else() {
    let html = as_html(&healthy(), PAGE);
    let hash = BASE64.encode(&Sha256::digest(style_sheet(&html)));
    let policy = format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'\">"
    );
    assert!(html.contains(&policy), "the policy in templates/report.html should be {policy}");
}

#[test]
fn a_page_fetches_and_runs_nothing() {
    for report in [seed_story(), healthy(), flaky(), empty()] {
        let html = as_html(&report, PAGE).to_lowercase();
        for forbidden in [
            "<script",
            "<link",
            "<img",
            "<iframe",
            "<base",
            "<form",
            " src=",
            " style=",
            "url(",
            "@import",
            "javascript:",
            "http://",
        ] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        // Links to RFCs are followed by whoever wants to.
        let links = html.matches("<a href=\"https://www.rfc-editor.org/rfc/rfc").count();
        assert_eq!(
            (html.matches(" href=").count(), html.matches("https://").count()),
            (links, links)
        );
    }
}

#[test]
fn every_element_is_closed_in_its_place() {
    for report in [seed_story(), healthy(), flaky(), empty()] {
        let html = as_html(&report, PAGE);
        let body = html.replace(style_sheet(&html), "");
        let mut open: Vec<&str> = Vec::new();
        for tag in body.split('<').skip(2).map(|piece| piece.split_once('>').unwrap().0) {
            let name = tag.split([' ', '\n']).next().unwrap();
            match name.strip_prefix('/') {
                Some(closed) => assert_eq!(open.pop(), Some(closed), "{tag}"),
                None if ["meta", "br"].contains(&name) => {}
                None => open.push(name),
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }
}

#[test]
fn the_page_says_what_support_asks_for() {
    let html = as_html(&seed_story(), PAGE);
    for expected in [
        "<html lang=\"en\">",
        "<title>example.com is pending",
        "2026-01-31 12:00:00 UTC",
        concat!("dnsonde ", env!("CARGO_PKG_VERSION")),
        "One name server of four lacks the three records",
        "Some servers lack the record",
        "<a href=\"https://www.rfc-editor.org/rfc/rfc1034#section-4.3.5\">RFC 1034 §4.3.5</a>",
        "ns4.dns.example (192.0.2.4, 2001:db8:4::53)",
        "11 of 90 without a response, 12.2 % (95 %: 6.3–20.8 %)",
        "dnsonde verify example.com --ses &#39;A,B,C&#39;",
    ] {
        assert!(html.contains(expected), "{expected}");
    }
}

#[test]
fn every_reference_to_an_rfc_is_a_link_to_its_page() {
    for Reported { scenario, report } in reports() {
        let page = as_html(report, PAGE);
        for finding in report.findings.iter().filter(|it| it.id != FindingId::RecordPresent) {
            let numbers = finding.reference.split("RFC ").skip(1);
            for number in numbers.map(|rest| rest.split([' ', ',']).next().unwrap()) {
                let link = format!("<a href=\"https://www.rfc-editor.org/rfc/rfc{number}");
                let name = &scenario.name;
                assert!(page.contains(&link), "{name}: {} has no {link}", finding.id);
            }
        }
    }
}
