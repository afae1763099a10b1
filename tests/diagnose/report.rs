//! What is shown of a diagnosis.

use dnsonde::report::judgement::{
    Page, Style, write_report_html, write_report_json, write_report_text,
};
use serde_json::Value;

use crate::harness::{Diagnosis, RESOLVER, diagnose, world};

const LOSS: &str =
    "[[faults]]\nserver = \"isp\"\ntransport = \"udp\"\nshare = 0.1\neffect = \"drop\"\n";

fn json(found: &Diagnosis) -> Value {
    let mut out = Vec::new();
    write_report_json(&found.report, &mut out);
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn json_keeps_the_schema_of_reports() {
    let schema: Value =
        serde_json::from_str(include_str!("../../schemas/report.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (faults, words, verdict) in [
        ("", RESOLVER, "healthy"),
        (LOSS, RESOLVER, "flaky"),
        ("", "example.com --budget 100", "healthy"),
        ("", "nowhere.example.com", "inconclusive"),
    ] {
        let report = json(&diagnose(&world(faults), words, 1));
        let errors: Vec<String> = validator
            .iter_errors(&report)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{words}: {errors:#?}");
        assert_eq!(report["verdict"], verdict);
        assert_eq!((&report["records"], &report["chance"]), (&serde_json::json!([]), &Value::Null));
        assert!(report["not_visible"].as_array().is_some_and(|all| !all.is_empty()));
    }
}

#[test]
fn each_experiment_says_what_came_of_it() {
    let report = json(&diagnose(&world(LOSS), RESOLVER, 1));
    let ids: Vec<&str> = report["experiments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["second-look", "same-port", "slow"]);
    assert!(report["servers"][0]["loss"]["low"].as_f64().unwrap() > 0.05);
}

#[test]
fn text_has_the_verdict_first_and_pictures_of_time_and_ports() {
    let found = diagnose(&world(LOSS), RESOLVER, 1);
    let mut out = Vec::new();
    write_report_text(&found.report, Style::new(Some(100), false), &mut out);
    let text = String::from_utf8(out).unwrap();
    assert!(text.starts_with("FLAKY: Some responses from 127.53.9.1 get lost"), "{text}");
    for part in ["What was measured", "Loss by source port", "What this run could not have seen"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.contains(['▁', '█']), "{text}");
    assert!(!text.contains("verifier") && !text.contains("a service that checks"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn a_page_shows_the_same_verdict() {
    let found = diagnose(&world(LOSS), RESOLVER, 1);
    let mut out = Vec::new();
    let page = Page { command_line: "dnsonde diagnose 127.53.9.1" };
    write_report_html(&found.report, page, &mut out);
    let html = String::from_utf8(out).unwrap();
    assert!(html.contains("Some responses from 127.53.9.1 get lost"));
    assert!(html.contains("dnsonde diagnose 127.53.9.1"));
}
