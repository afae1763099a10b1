//! `diagnose` against real sockets: its verdicts, its JSON, and how it ends.

use std::net::UdpSocket;
use std::process::Stdio;

use serde_json::Value;

use super::stopping::interrupt;
use super::world::Served;
use super::{Run, assert_valid, dnsonde, run};

/// The resolver of the worlds.
const RESOLVER: &str = "127.53.9.1";
/// So few queries that a run takes a few seconds.
const SHORT: [&str; 5] = ["--duration", "1s", "--budget", "96", "--quiet"];

fn report(run: &Run) -> Value {
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_valid("report", &report);
    assert_eq!(report["command"], "diagnose");
    report
}

#[cfg(target_os = "linux")]
#[test]
fn a_resolver_that_answers_well_is_healthy_and_the_sums_agree() {
    let served = Served::named("healthy");
    let (hints, port) = (served.hints(), served.port());
    let args = ["diagnose", RESOLVER, "--port", &port, "--root-hints", &hints, "--format", "json"];
    let run = run(&[&args[..], &SHORT].concat());
    let report = report(&run);
    assert_eq!(report["verdict"], "healthy", "{report:#}");
    run.assert_code(0);
    assert_eq!(run.stderr, "");
    let servers = report["servers"].as_array().unwrap();
    assert_eq!(servers.len(), 1, "{report:#}");
    let count = |member: &str| servers[0][member].as_u64().unwrap();
    let ends = ["answered", "late", "lost", "refused"].map(count);
    assert_eq!(count("sent"), ends.iter().sum::<u64>(), "{:#}", servers[0]);
    assert!(count("answered") >= 96, "{:#}", servers[0]);
    assert!(!report["not_visible"].as_array().unwrap().is_empty());
}

#[test]
fn a_port_that_nobody_listens_at_is_broken_in_every_format() {
    let port = {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.local_addr().unwrap().port().to_string()
    };
    let args = ["diagnose", "127.0.0.1", "--port", &port, "--name", "example.com"];
    let args = [&args[..], &SHORT].concat();
    let text = run(&args);
    text.assert_code(1);
    assert!(text.stdout.starts_with("BROKEN: 127.0.0.1:"), "{}", text.stdout);
    let json = run(&[&args[..], &["--format", "json"]].concat());
    json.assert_code(1);
    assert_eq!(report(&json)["verdict"], "broken");
    let html = run(&[&args[..], &["--format", "html"]].concat());
    html.assert_code(1);
    assert!(html.stdout.contains("is-broken"), "{}", html.stdout);
}

#[test]
fn an_interrupt_ends_a_diagnosis_with_what_was_seen() {
    // It says nothing: the run would go on for a while.
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = server.local_addr().unwrap().to_string();
    let args = ["diagnose", &addr, "--name", "example.com", "--format", "json"];
    let child = dnsonde(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    server.recv(&mut [0; 512]).unwrap();
    interrupt(&child);
    let run = Run::of(child.wait_with_output().unwrap());
    run.assert_code(1);
    assert_eq!(report(&run)["effort"]["cut_short"], "it was interrupted");
}
