//! What becomes of names whose response is truncated over UDP, when TCP fails as well.

use dnsonde::engine::Transport;
use dnsonde::playground::{Effect, Fault};

use super::{assert_valid, run, run_with_input, server_with};

const REFUSED: &str =
    "the response was truncated over UDP; the TCP connection was refused (2 times)";

fn refusing() -> dnsonde::playground::LoopbackServer {
    server_with([Fault::always(Effect::Truncate), Fault::over(Transport::Tcp, Effect::Unreachable)])
}

#[test]
fn query_shows_the_truncated_response_with_a_warning() {
    let server = refusing();
    let at = format!("@{}", server.addr());
    let words = ["query", &at, "a.demo.test", "+retry=1"];
    let text = run(&words);
    text.assert_code(3);
    assert!(text.stdout.contains("->>HEADER<<-"), "{}", text.stdout);
    let warning = format!(";; WARNING: the response is not complete: {REFUSED}");
    assert!(text.stdout.contains(&warning), "{}", text.stdout);

    let json = run(&[&words[..], &["--format", "json"]].concat());
    json.assert_code(3);
    let value = json.lines().remove(0);
    assert_valid("query", &value);
    assert_eq!((&value["status"], &value["rcode"]), (&"TRUNCATED".into(), &"NOERROR".into()));
    assert_eq!(value["error"], REFUSED);
    assert_eq!((&value["transport"], &value["flags"][2]), (&"udp".into(), &"tc".into()));
    let last = &value["attempt_log"][2];
    assert_eq!((&last["outcome"], &last["cause"]), (&"stream-failed".into(), &"refused".into()));

    let short = run(&[&words[..], &["+short"]].concat());
    short.assert_code(3).assert_stderr(&format!("the response is not complete: {REFUSED}"));

    // Whoever does not want TCP takes what UDP brings.
    run(&[&words[..], &["+ignore"]].concat()).assert_code(0);
}

#[test]
fn scan_says_truncated_and_what_tcp_did_in_every_format() {
    let server = refusing();
    let at = server.addr().to_string();
    let scan = |format: &str| {
        let args = ["scan", "-r", &at, "--retries", "1", "--format", format];
        let run = run_with_input(&args, b"a.demo.test\n");
        run.assert_code(0).assert_stderr("1 truncated");
        run
    };
    let jsonl = scan("jsonl").lines().remove(0);
    assert_valid("scan-line", &jsonl);
    assert_eq!((&jsonl["status"], &jsonl["error"]), (&"TRUNCATED".into(), &REFUSED.into()));
    assert_eq!((&jsonl["rcode"], &jsonl["flags"][2]), (&"NOERROR".into(), &"tc".into()));
    let csv = scan("csv").stdout;
    assert!(csv.contains(",TRUNCATED,") && csv.contains(REFUSED), "{csv}");
    let text = scan("text").stdout;
    assert!(text.contains("TRUNCATED") && text.contains(REFUSED), "{text}");
    assert_eq!(scan("massdns").lines().remove(0)["error"], "TIMEOUT");
    let zdns = &scan("zdns").lines().remove(0)["results"]["A"];
    assert_eq!((&zdns["status"], &zdns["error"]), (&"TRUNCATED".into(), &REFUSED.into()));
    assert_eq!(zdns["data"]["flags"]["truncated"], true);
}

#[test]
fn a_connection_that_is_closed_within_a_response_is_told_as_that() {
    let server = server_with([Effect::Truncate, Effect::CutTcp].map(Fault::always));
    let at = server.addr().to_string();
    let run = run_with_input(&["scan", "-r", &at, "--retries", "0"], b"a.demo.test\n");
    run.assert_code(0);
    let error = "the response was truncated over UDP; \
                 the server closed the TCP connection in the middle of a response";
    assert_eq!(run.lines()[0]["error"], error);
}

#[cfg(target_os = "linux")]
#[test]
fn a_trace_says_what_tcp_did() {
    use std::sync::Arc;

    use dnsonde::playground::{Scenario, World, serve};

    let faults = "[[faults]]\nserver = 'ns3'\ntransport = 'udp'\neffect = 'truncate'\n\
                  [[faults]]\nserver = 'ns3'\ntransport = 'tcp'\neffect = 'unreachable'\n";
    let text = format!(
        "base = 'ses'\ntitle = 'A test'\nstory = 'None.'\n[expect]\nverdict = 'flaky'\n{faults}"
    );
    let scenario = Scenario::from_toml("test", &text).unwrap().on_loopback().unwrap();
    let files = super::Files::new();
    let hints = files.write("root.hints", scenario.root_hints());
    let service = serve(World::new(Arc::new(scenario), 1), 0).unwrap();
    let port = service.port().to_string();
    let words = ["query", "--trace", "example.com", "NS", "--root-hints", &hints, "-p", &port];
    let said = "the response was truncated over UDP; the TCP connection was refused";
    let text = run(&words);
    assert!(text.stdout.contains(said), "{}", text.stdout);
    let json = run(&[&words[..], &["--format", "json"]].concat());
    assert!(json.lines()[0].to_string().contains(said), "{}", json.stdout);
}
