//! `dnsonde scan` on names that a server on loopback makes up.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use dnsonde::engine::Transport;
use dnsonde::playground::{Effect, Fault, Faults};
use dnsonde::wire::NameBuf;
use serde_json::Value;

use super::{Files, Run, assert_valid, run, run_with_input, server, server_with, text};

fn names(count: usize) -> String {
    (0..count).map(|i| format!("n{i}.demo.test\n")).collect()
}

/// Scans `names` on the server at `addr`, with further arguments.
fn scan(names: &str, addr: std::net::SocketAddr, more: &[&str]) -> Run {
    let addr = addr.to_string();
    let mut args = vec!["scan", "-r", &addr];
    args.extend(more);
    run_with_input(&args, names.as_bytes())
}

#[test]
fn every_name_has_its_line_with_the_right_answer() {
    let server = server();
    let run = scan(&names(5000), server.addr(), &[]);
    run.assert_code(0).assert_stderr("5,000 answered (NOERROR 5,000)");
    let lines = run.lines();
    assert_eq!(lines.len(), 5000);
    let mut seen = HashSet::new();
    for line in &lines {
        let name: NameBuf = line["name"].as_str().unwrap().parse().unwrap();
        assert!(seen.insert(name), "{name} has two lines");
        let address: Ipv4Addr = line["answers"][0]["data"].as_str().unwrap().parse().unwrap();
        assert_eq!(server.zone().a(&name), [address], "{line}");
    }
    for line in lines.iter().take(50) {
        assert_valid("scan-line", line);
    }
}

#[test]
fn a_single_line_that_cannot_be_asked_is_told_in_the_singular() {
    let server = server();
    let run = scan("two words\nlast.demo.test\n", server.addr(), &[]);
    run.assert_code(0).assert_stderr("dnsonde: 1 line invalid (status INVALID)");
}

#[test]
fn input_is_understood_in_all_its_forms() {
    let server = server();
    let input = "\u{FEFF}# a comment\r\n\r\nplain.demo.test\r\n  spaces.demo.test  \n; another\n\
                 typed.demo.test,TXT\nbücher.demo.test\n192.0.2.1,PTR\n_under.score.demo.test\n\
                 two words\nbad..name\nx.demo.test,NOTYPE\n\x07bell.demo.test\nlast.demo.test";
    let run = scan(input, server.addr(), &["-t", "A,AAAA"]);
    run.assert_code(0).assert_stderr("4 lines invalid");
    let lines = run.lines();
    let mut seen: Vec<String> = lines
        .iter()
        .filter(|line| line["status"] != "INVALID")
        .map(|line| {
            format!("{} {}", line["name"].as_str().unwrap(), line["type"].as_str().unwrap())
        })
        .collect();
    seen.sort();
    assert_eq!(
        seen,
        [
            "1.2.0.192.in-addr.arpa. PTR",
            "_under.score.demo.test. A",
            "_under.score.demo.test. AAAA",
            "last.demo.test. A",
            "last.demo.test. AAAA",
            "plain.demo.test. A",
            "plain.demo.test. AAAA",
            "spaces.demo.test. A",
            "spaces.demo.test. AAAA",
            "typed.demo.test. TXT",
            "xn--bcher-kva.demo.test. A",
            "xn--bcher-kva.demo.test. AAAA",
        ]
    );
    let mut errors: Vec<&str> = lines
        .iter()
        .filter(|line| line["status"] == "INVALID")
        .map(|line| line["error"].as_str().unwrap())
        .collect();
    errors.sort_unstable();
    assert_eq!(errors.len(), 4);
    assert!(errors[0].starts_with("line 10: more than a name and a type"), "{errors:?}");
    assert!(errors[1].starts_with("line 11: "), "{errors:?}");
    assert!(errors[2].starts_with("line 12: unknown record type 'NOTYPE'"), "{errors:?}");
    assert!(errors[3].starts_with("line 13: control character 0x07"), "{errors:?}");
    assert!(!run.stdout.contains('\x07'));
    lines.iter().for_each(|line| assert_valid("scan-line", line));
}

#[test]
fn an_endless_line_is_one_invalid_line_and_the_next_one_is_asked() {
    let server = server();
    let input = format!("{}\nshort.demo.test\n", "x".repeat(3_000_000));
    let run = scan(&input, server.addr(), &[]);
    run.assert_code(0);
    let mut lines = run.lines();
    lines.sort_by_key(|line| line["status"].to_string());
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["error"], "line 1: the line is longer than 65536 octets");
    assert_eq!(lines[1]["name"], "short.demo.test.");
}

#[test]
fn the_accounting_adds_up_under_faults() {
    let server = server_with(Faults::seeded(
        3,
        [
            Fault { transport: Some(Transport::Udp), ..Fault::sometimes(0.05, Effect::Drop) },
            Fault::sometimes(0.05, Effect::Truncate),
            Fault::sometimes(0.02, Effect::Refuse),
            Fault::sometimes(0.05, Effect::Duplicate),
            Fault::sometimes(0.05, Effect::Spoof),
            Fault { right_follows: true, ..Fault::sometimes(0.02, Effect::WrongQuestion) },
        ],
    ));
    let files = Files::new();
    let (out, stats) = (text(&files.path("out.jsonl")), text(&files.path("stats.json")));
    let run = scan(
        &names(2000),
        server.addr(),
        &["--timeout", "250", "-o", &out, "--stats", &stats, "--attempts"],
    );
    run.assert_code(0);
    assert!(run.stdout.is_empty());
    let lines: Vec<Value> = std::fs::read_to_string(&out)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2000);
    // Two refusals in a row from the only server there is are taken for its word.
    for line in &lines {
        assert!(line["status"] == "NOERROR" || line["status"] == "REFUSED", "{line:#}");
    }
    let stats: Value = serde_json::from_str(&std::fs::read_to_string(&stats).unwrap()).unwrap();
    assert_valid("scan-stats", &stats);
    lines.iter().take(300).for_each(|line| assert_valid("scan-line", line));
    assert_eq!(stats["end"], "complete");
    assert_eq!(stats["input"]["questions"], 2000);
    assert_eq!(stats["output"]["lines"], 2000);
    let number = |pointer: &str| stats.pointer(pointer).unwrap().as_u64().unwrap();
    assert_eq!(
        number("/totals/submitted"),
        number("/totals/answered")
            + number("/totals/failed/timeout")
            + number("/totals/failed/unreachable")
            + number("/totals/cancelled")
    );
    let sent = number("/servers/0/sent");
    let ends =
        ["answered", "late", "lost", "unreachable", "not_sent", "stream_failed", "abandoned"];
    let ended: u64 = ends.iter().map(|end| number(&format!("/servers/0/{end}"))).sum();
    assert_eq!(sent, ended);
    assert_eq!(number("/totals/attempts"), sent);
    // What the server did on purpose is seen and told apart.
    for pointer in [
        "/servers/0/lost",
        "/servers/0/mismatched",
        "/servers/0/truncated",
        "/servers/0/rcodes/REFUSED",
    ] {
        assert!(number(pointer) > 0, "{pointer} in {stats:#}");
    }
    let attempts: u64 = lines.iter().map(|line| line["attempts"].as_u64().unwrap()).sum();
    // A server that was slow for a moment is asked questions of the engine's own.
    let asked = sent - number("/totals/own_attempts");
    assert_eq!(attempts, asked);
    let logged: usize =
        lines.iter().map(|line| line["attempt_log"].as_array().unwrap().len()).sum();
    assert_eq!(logged as u64, asked);
}

#[test]
fn names_that_are_never_answered_time_out_and_are_told() {
    let server = server_with([
        Fault::over(Transport::Udp, Effect::Drop),
        Fault::over(Transport::Tcp, Effect::Unreachable),
    ]);
    let run = scan("a.demo.test\n", server.addr(), &["--timeout", "50", "--retries", "1"]);
    run.assert_code(0).assert_stderr("1 timed out");
    let line = &run.lines()[0];
    assert_eq!((&line["status"], &line["attempts"]), (&"TIMEOUT".into(), &2.into()));
    assert_valid("scan-line", line);
}

#[test]
fn a_port_where_nobody_listens_is_unreachable() {
    let addr = {
        let gone = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        gone.local_addr().unwrap()
    };
    let run = scan("a.demo.test\n", addr, &["--timeout", "500", "--retries", "1", "--attempts"]);
    run.assert_code(3).assert_stderr("no server can be reached (Connection refused");
    let line = &run.lines()[0];
    assert_eq!(line["status"], "UNREACHABLE", "{line}");
    assert_eq!(line["attempt_log"][0]["outcome"], "unreachable");
    assert_valid("scan-line", line);
}

#[test]
fn large_answers_come_over_tcp() {
    let server = server();
    let run = scan("large-1.demo.test\n", server.addr(), &[]);
    run.assert_code(0);
    let line = &run.lines()[0];
    assert_eq!((&line["transport"], &line["attempts"]), (&"tcp".into(), &2.into()));
    assert_eq!(line["answers"].as_array().unwrap().len(), 120);
}

#[test]
fn tcp_from_the_start_works_by_option_and_by_address() {
    let server = server();
    let by_option = scan(&names(200), server.addr(), &["--tcp"]);
    let url = format!("tcp://{}", server.addr());
    let by_address = run_with_input(&["scan", "-r", &url], names(200).as_bytes());
    for run in [by_option, by_address] {
        run.assert_code(0);
        let lines = run.lines();
        assert_eq!(lines.len(), 200);
        assert!(lines.iter().all(|line| line["transport"] == "tcp"));
    }
    assert_eq!(server.counts().udp_queries, 0);
}

#[test]
fn several_threads_and_servers_lose_nothing() {
    let (one, two) = (server(), server());
    let (first, second) = (one.addr().to_string(), two.addr().to_string());
    let files = Files::new();
    let list = files.write("resolvers.txt", format!("# two\n{first}\n{second} ; the other\n"));
    let stats = text(&files.path("stats.json"));
    let input = names(3000);
    let args = ["scan", "-R", &list, "--threads", "3", "--sockets", "2", "--stats", &stats];
    let run = run_with_input(&args, input.as_bytes());
    run.assert_code(0);
    let distinct: HashSet<String> =
        run.lines().iter().map(|line| line["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(distinct.len(), 3000);
    let stats: Value = serde_json::from_str(&std::fs::read_to_string(stats).unwrap()).unwrap();
    assert_eq!(stats["servers"].as_array().unwrap().len(), 2);
    assert_eq!(stats["totals"]["answered"], 3000);
}

#[test]
fn options_reach_the_wire() {
    let server = server();
    let all = ["--dnssec", "--norecurse", "--nsid", "--0x20", "--bufsize", "600"];
    let run = scan("a.demo.test\n", server.addr(), &all);
    run.assert_code(0);
    let line = &run.lines()[0];
    assert_eq!(line["name"], "a.demo.test.");
    assert_eq!(line["answers"][0]["name"], "a.demo.test.", "not in the case of 0x20");
    assert_eq!(line["edns"]["flags"][0], "do");
    assert_eq!(line["edns"]["options"][0]["name"], "NSID");
    assert!(!line["flags"].as_array().unwrap().contains(&"rd".into()), "{line}");
    let plain = scan("a.demo.test\n", server.addr(), &["--no-edns"]);
    plain.assert_code(0);
    assert!(plain.lines()[0]["flags"].as_array().unwrap().contains(&"rd".into()));
}

#[test]
fn an_empty_list_is_done_at_once() {
    let server = server();
    let files = Files::new();
    let empty = files.write("empty.txt", "");
    let run = run(&["scan", &empty, "-r", &server.addr().to_string(), "--format", "csv"]);
    run.assert_code(0);
    assert_eq!(run.stdout.lines().count(), 1, "the header of the table");
}
