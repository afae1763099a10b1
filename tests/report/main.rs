//! How judgements are shown: as text, as JSON and as a page, against recorded examples.
//!
//! After a wanted change, `DNSONDE_RECORD=1 cargo test --test report` records the examples anew;
//! the change then shows in the diff.

mod findings;
mod first_screen;
#[expect(dead_code, reason = "half of it is for the tests of findings")]
#[path = "../verify/harness.rs"]
mod harness;
mod hostile;
mod html;
mod json;
mod print;
mod providers;
mod samples;
mod text;
mod verdicts;
mod worlds;

use dnsonde::report::judgement::{
    Page, Report, Style, Verdict, write_report_html, write_report_json, write_report_text,
};

const PAGE: Page<'_> = Page { command_line: "dnsonde verify example.com --ses 'A,B,C'" };

fn as_text<V: Verdict>(report: &Report<V>, columns: usize, colour: bool) -> String {
    let mut out = Vec::new();
    write_report_text(report, Style::new(Some(columns), colour), &mut out);
    String::from_utf8(out).unwrap()
}

fn as_json<V: Verdict>(report: &Report<V>) -> String {
    let mut out = Vec::new();
    write_report_json(report, &mut out);
    String::from_utf8(out).unwrap()
}

fn as_html<V: Verdict>(report: &Report<V>, page: Page<'_>) -> String {
    let mut out = Vec::new();
    write_report_html(report, page, &mut out);
    String::from_utf8(out).unwrap()
}

/// Compares with a file in `tests/report/`, or writes it.
#[track_caller]
fn compare(file: &str, shown: &str) {
    let path = format!("{}/tests/report/{file}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("DNSONDE_RECORD").is_some() {
        std::fs::write(&path, shown).unwrap();
    }
    let recorded = std::fs::read_to_string(&path).unwrap();
    for (number, (is, was)) in (1..).zip(shown.lines().zip(recorded.lines())) {
        assert_eq!(is, was, "line {number} of {file}");
    }
    assert_eq!(shown, recorded, "{file}");
}
