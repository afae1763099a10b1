//! The report of every built-in world, as recorded in `tests/report/snapshots`.
//!
//! The worlds run under virtual time with one seed, so a report is the same each time. After a wanted
//! change, `INSTA_UPDATE=always cargo test --test report` records them anew; the change then shows in
//! the diff. Where `CI` is set, nothing is written.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use dnsonde::playground::Scenario;
use dnsonde::verify::VerifyReport;
use serde_json::Value;

use crate::harness::examine;
use crate::html::style_sheet;
use crate::{Page, as_html, as_json, as_text};

const SEED: u64 = 1;

/// A world and what is reported of it.
pub struct Reported {
    pub scenario: Arc<Scenario>,
    pub report: VerifyReport,
}

/// The report of each world, in their order; made once, by as many threads as there are processors.
pub fn reports() -> &'static [Reported] {
    static REPORTS: OnceLock<Vec<Reported>> = OnceLock::new();
    REPORTS.get_or_init(|| {
        let names: Vec<&str> = Scenario::built_in().map(|(name, _)| name).collect();
        let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let work = || {
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(name) = names.get(place) else { break };
                let scenario = Arc::new(Scenario::named(name).unwrap().unwrap());
                let report = examine(&scenario, SEED).report;
                done.lock().unwrap().push((place, Reported { scenario, report }));
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(work);
            }
        });
        let mut done = done.into_inner().unwrap();
        done.sort_by_key(|(place, _)| *place);
        done.into_iter().map(|(_, reported)| reported).collect()
    })
}

/// The JSON of a report in lines of a length that a diff can be read in: one for each finding,
/// record, server and single member.
fn lines_of_json(line: &str) -> String {
    let mut report: Value = serde_json::from_str(line).unwrap();
    round(&mut report);
    let mut text = String::new();
    for (name, member) in report.as_object().unwrap() {
        match member.as_array().filter(|items| !items.is_empty()) {
            Some(items) => {
                text.push_str(&format!("{name}:\n"));
                items.iter().for_each(|item| text.push_str(&format!("  {item}\n")));
            }
            None => text.push_str(&format!("{name}: {member}\n")),
        }
    }
    text
}

/// Leaves as many digits of fractions as every mathematical library gets right.
fn round(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let digits = format!("{:.6e}", number.as_f64().unwrap());
            *value = digits.parse::<f64>().unwrap().into();
        }
        Value::Array(values) => values.iter_mut().for_each(round),
        Value::Object(members) => members.values_mut().for_each(round),
        _ => {}
    }
}

#[test]
fn the_reports_of_the_built_in_worlds_are_as_recorded() {
    for Reported { scenario, report } in reports() {
        let words = scenario.verify.join(" ");
        let page = as_html(report, Page { command_line: &format!("dnsonde verify {words}") });
        // The style sheet is a file of its own, and its hash is that of the file.
        let (_, rest) = page.split_once("style-src 'sha256-").unwrap();
        let (hash, _) = rest.split_once('\'').unwrap();
        let body = page.replace(style_sheet(&page), "").replace(hash, "");
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            let name = &scenario.name;
            insta::assert_snapshot!(format!("{name}.80"), as_text(report, 80, false));
            insta::assert_snapshot!(format!("{name}.40"), as_text(report, 40, false));
            insta::assert_snapshot!(format!("{name}.json"), lines_of_json(&as_json(report)));
            insta::assert_snapshot!(format!("{name}.html"), body);
        });
    }
}
