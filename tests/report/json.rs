//! JSON by its contract.

use serde_json::Value;

use super::as_json;
use super::samples::{empty, flaky, healthy, seed_story, with_text_everywhere};

#[track_caller]
pub fn assert_valid(line: &str) -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/report.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let value: Value = serde_json::from_str(line).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?} in {value:#}");
    value
}

#[test]
fn reports_of_every_verdict_keep_the_schema() {
    let unusual = with_text_everywhere("\u{1b}[31m\"\\ \u{202e}\u{1f600}\n");
    for (report, verdict) in [
        (seed_story(), "pending"),
        (healthy(), "verified"),
        (flaky(), "flaky"),
        (empty(), "inconclusive"),
        (unusual, "pending"),
    ] {
        let line = as_json(&report);
        assert_eq!(line.lines().count(), 1);
        assert_eq!(assert_valid(&line)["verdict"], verdict);
    }
}

#[test]
fn a_member_that_the_schema_does_not_know_breaks_it() {
    // So that the other test cannot pass because the schema allows anything.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/report.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let report: Value = serde_json::from_str(&as_json(&seed_story())).unwrap();
    for place in [
        "",
        "/findings/0",
        "/records/0",
        "/records/0/servers/0",
        "/servers/0",
        "/chance",
        "/effort",
    ] {
        let mut changed = report.clone();
        changed.pointer_mut(place).unwrap()["unknown"] = Value::Null;
        assert!(!validator.is_valid(&changed), "{place}");
    }
}

#[test]
fn the_members_say_what_the_report_says() {
    let value: Value = serde_json::from_str(&as_json(&seed_story())).unwrap();
    for (pointer, expected) in [
        ("/schema", Value::from(1)),
        ("/command", "verify".into()),
        ("/subject", "example.com.".into()),
        ("/started", "2026-01-31T12:00:00Z".into()),
        ("/duration_ms", 4310.into()),
        ("/findings/0/id", "record-missing-on-some".into()),
        ("/findings/0/severity", "error".into()),
        ("/findings/0/servers/1", "[2001:db8:4::53]:53".into()),
        ("/findings/3/evidence/ports/0/port", 40_961.into()),
        ("/findings/4/retry_after_s", 2712.into()),
        ("/records/0/type", "CNAME".into()),
        ("/records/0/servers/7/state", "missing".into()),
        ("/servers/10/role", "recursive".into()),
        ("/chance/low", 0.6481.into()),
        ("/effort/checks", 14.into()),
    ] {
        assert_eq!(value.pointer(pointer), Some(&expected), "{pointer}");
    }
    let value: Value = serde_json::from_str(&as_json(&empty())).unwrap();
    assert_eq!(value["chance"], Value::Null);
}
