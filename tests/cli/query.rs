//! `dnsonde query` against a server on loopback.

use dnsonde::playground::{Effect, Fault};
use serde_json::Value;

use super::{assert_valid, run, server, server_with};

fn json(args: &[&str], code: i32) -> Value {
    let mut all = vec!["query", "--format", "json"];
    all.extend(args);
    let run = run(&all);
    run.assert_code(code);
    let value = run.lines().remove(0);
    assert_valid("query", &value);
    value
}

#[test]
fn the_exchange_is_shown_as_dig_users_expect() {
    let server = server();
    let at = format!("@{}", server.addr());
    let run = run(&["query", &at, "www.demo.test", "A"]);
    run.assert_code(0);
    let address = server.zone().a(&"www.demo.test".parse().unwrap())[0].to_string();
    let server_line = format!(";; SERVER: {} (UDP)", server.addr());
    for part in [
        "opcode: QUERY, status: NOERROR",
        ";; flags: qr",
        ";; QUESTION SECTION:",
        ";; ANSWER SECTION:",
        &address,
        ";; Query time: ",
        " ms (by ",
        &server_line,
        ";; WHEN: 20",
        ";; MSG SIZE rcvd: ",
        ";; ATTEMPTS: 1",
        ": answered in ",
    ] {
        assert!(run.stdout.contains(part), "'{part}' is not in\n{}", run.stdout);
    }
}

#[test]
fn short_is_the_data_and_nothing_else() {
    let server = server();
    let at = format!("@{}", server.addr());
    let run = run(&["query", &at, "chain2-x.demo.test", "+short"]);
    run.assert_code(0);
    let address = server.zone().a(&"x.demo.test".parse().unwrap())[0];
    assert_eq!(run.stdout, format!("chain1-x.demo.test.\nx.demo.test.\n{address}\n"));
}

#[test]
fn a_missing_name_is_an_answer() {
    let server = server();
    let value = json(&[&format!("@{}", server.addr()), "missing-1.demo.test"], 0);
    assert_eq!(value["status"], "NXDOMAIN");
}

#[test]
fn truncation_leads_to_tcp_unless_it_is_ignored() {
    let server = server();
    let at = format!("@{}", server.addr());
    let value = json(&[&at, "large-1.demo.test"], 0);
    assert_eq!((&value["transport"], &value["attempts"]), (&"tcp".into(), &2.into()));
    assert_eq!(value["attempt_log"][0]["retried_because"], "truncated");
    let value = json(&[&at, "large-1.demo.test", "+ignore"], 0);
    assert_eq!((&value["transport"], &value["attempts"]), (&"udp".into(), &1.into()));
    assert!(value["flags"].as_array().unwrap().contains(&"tc".into()));
    let value = json(&[&at, "large-1.demo.test", "+tcp"], 0);
    assert_eq!((&value["transport"], &value["attempts"]), (&"tcp".into(), &1.into()));
}

#[test]
fn a_refusal_is_shown_as_it_is() {
    let server = server_with([Fault::always(Effect::Refuse)]);
    let value = json(&[&format!("@{}", server.addr()), "a.demo.test"], 0);
    assert_eq!((&value["status"], &value["attempts"]), (&"REFUSED".into(), &1.into()));
}

#[test]
fn wrong_answers_are_counted_and_not_taken() {
    let server =
        server_with([Fault { right_follows: true, ..Fault::always(Effect::WrongQuestion) }]);
    let value = json(&[&format!("@{}", server.addr()), "a.demo.test"], 0);
    assert_eq!(value["status"], "NOERROR");
    assert_eq!(value["attempt_log"][0]["mismatched"], 1, "{value:#}");
}

#[test]
fn silence_is_no_answer() {
    let server = server_with([Fault::always(Effect::Drop)]);
    let at = format!("@{}", server.addr());
    let args = [&at, "a.demo.test", "+timeout=1", "+retry=0"];
    let value = json(&args, 3);
    assert_eq!((&value["status"], &value["attempts"]), (&"TIMEOUT".into(), &1.into()));
    let mut all = vec!["query"];
    all.extend(args);
    all.push("+short");
    let run = run(&all);
    run.assert_code(3).assert_stderr("dnsonde: no response over UDP");
    assert_eq!(run.stdout, "");
}

#[test]
fn a_port_where_nobody_listens_is_unreachable() {
    let addr = {
        let gone = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        gone.local_addr().unwrap()
    };
    for transport in ["+notcp", "+tcp"] {
        let at = format!("@{addr}");
        let value = json(&[&at, "a.demo.test", "+timeout=2", "+retry=0", transport], 3);
        assert_eq!(value["status"], "UNREACHABLE", "{transport}: {value:#}");
    }
}

#[test]
fn the_port_and_the_name_of_a_server_are_used() {
    let server = server();
    let port = server.addr().port().to_string();
    let value = json(&["-4", "-p", &port, "@localhost", "a.demo.test"], 0);
    assert_eq!(value["server"], server.addr().to_string());
}

#[test]
fn addresses_are_asked_by_their_reverse_names() {
    let server = server();
    let value = json(&[&format!("@{}", server.addr()), "-x", "192.0.2.1"], 0);
    assert_eq!(value["questions"][0]["name"], "1.2.0.192.in-addr.arpa.");
    assert_eq!(value["questions"][0]["type"], "PTR");
}
