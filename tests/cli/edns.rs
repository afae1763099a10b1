//! Servers that refuse EDNS: what was asked for and given up is told.

use dnsonde::playground::{Effect, Fault};
use serde_json::Value;

use super::{Files, assert_valid, run_with_input, server_with, text};

#[test]
fn a_scan_tells_where_it_had_to_do_without_edns() {
    let server = server_with([Fault { edns: Some(true), ..Fault::always(Effect::Formerr) }]);
    let files = Files::new();
    let stats = text(&files.path("stats.json"));
    let addr = server.addr().to_string();
    let args = ["scan", "-r", &addr, "--dnssec", "--attempts", "--stats", &stats];
    let names: String = (0..20).map(|i| format!("n{i}.demo.test\n")).collect();
    let run = run_with_input(&args, names.as_bytes());
    run.assert_code(0).assert_stderr("20 responses came without EDNS");
    for line in run.lines() {
        assert_eq!(line["edns_off"], format!("FORMERR from {addr}"), "{line}");
        assert_valid("scan-line", &line);
        let log = line["attempt_log"].as_array().unwrap();
        let last = log.last().unwrap();
        assert_eq!((&last["edns"], &last["edns_off"]), (&false.into(), &"FORMERR".into()));
        assert!(log.len() < 2 || log[0].get("edns_off").is_none());
    }
    let stats: Value = serde_json::from_str(&std::fs::read_to_string(stats).unwrap()).unwrap();
    assert_valid("scan-stats", &stats);
    assert_eq!(stats["totals"]["edns_off"], 20);
    assert_eq!(stats["servers"][0]["edns_off"], 20);
}
