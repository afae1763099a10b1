//! Lists of servers of which few are good, and names that nobody answers.

use std::net::UdpSocket;

use dnsonde::playground::{Effect, Fault};
use serde_json::Value;

use super::{Files, assert_valid, run_with_input, server, server_with, text};

/// A socket that takes queries and answers none.
fn silent_server() -> (UdpSocket, String) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = socket.local_addr().unwrap().to_string();
    (socket, addr)
}

#[test]
fn a_list_with_one_good_server_answers_every_name_and_is_told_for_what_it_is() {
    let good = server();
    let refusing = [(); 3].map(|()| server_with([Fault::always(Effect::Refuse)]));
    let silent = [(); 6].map(|()| silent_server());
    let mut list: Vec<String> = silent.iter().map(|(_, addr)| addr.clone()).collect();
    list.extend(refusing.iter().map(|server| server.addr().to_string()));
    list.push(good.addr().to_string());
    let files = Files::new();
    let list = files.write("resolvers.txt", list.join("\n"));
    let stats = text(&files.path("stats.json"));
    let names: String = (0..2_000).map(|i| format!("n{i}.demo.test\n")).collect();
    // Slow enough for all of the list to be tried meanwhile.
    let args = ["scan", "-R", &list, "--rate", "1000", "--stats", &stats];
    let run = run_with_input(&args, names.as_bytes());
    run.assert_code(0).assert_stderr("2,000 answered (NOERROR 2,000)");
    for line in run.lines() {
        assert_eq!((&line["status"], &line["attempts"]), (&"NOERROR".into(), &1.into()), "{line}");
    }
    for row in [
        "dnsonde: of 10 servers\n",
        "dnsonde:         1  good\n",
        "dnsonde:         3  without useful responses: REFUSED, SERVFAIL, referrals\n",
        "dnsonde:         6  silent\n",
    ] {
        run.assert_stderr(row);
    }
    let stats: Value = serde_json::from_str(&std::fs::read_to_string(stats).unwrap()).unwrap();
    assert_valid("scan-stats", &stats);
    let standings = stats["servers"].as_array().unwrap().iter().map(|server| &server["standing"]);
    let standings: Vec<_> = standings.collect();
    assert_eq!(standings, [["silent"; 6].as_slice(), &["refusing"; 3], &["good"]].concat());
    assert!(stats["totals"]["own_attempts"].as_u64().unwrap() >= 10);
}

#[test]
fn a_stretch_of_names_that_nobody_answers_ends_no_scan() {
    // By its name, so that a name that is not answered never is.
    let server = server_with([Fault { by_name: true, ..Fault::sometimes(0.5, Effect::Drop) }]);
    let names: String = (0..400).map(|i| format!("n{i}.demo.test\n")).collect();
    let addr = server.addr().to_string();
    let args = ["scan", "-r", &addr, "--timeout", "300", "--give-up-after", "3"];
    let run = run_with_input(&args, names.as_bytes());
    run.assert_code(0);
    let lines = run.lines();
    let count = |status| lines.iter().filter(|line| line["status"] == status).count();
    assert_eq!((lines.len(), count("NOERROR") + count("TIMEOUT")), (400, 400));
    assert!(count("TIMEOUT") > 100 && count("NOERROR") > 100);
}

#[test]
fn a_scan_gives_up_after_the_silence_that_was_asked_for() {
    let (_socket, addr) = silent_server();
    let names: String = (0..5_000).map(|i| format!("n{i}.demo.test\n")).collect();
    let run = run_with_input(&["scan", "-r", &addr, "--give-up-after", "1"], names.as_bytes());
    run.assert_code(3).assert_stderr("no server has answered for 1 s");
    run.assert_stderr("queries were not sent");
}

/// Before, a prefix was one name.
#[test]
fn a_prefix_that_nobody_answers_is_left_and_every_address_of_it_counted() {
    let (_socket, addr) = silent_server();
    let files = Files::new();
    let (out, stats) = (text(&files.path("out.jsonl")), text(&files.path("stats.json")));
    let args =
        ["scan", "-r", &addr, "-t", "PTR", "--give-up-after", "1", "-o", &out, "--stats", &stats];
    let run = run_with_input(&args, b"10.0.0.0/8\nlast.demo.test\n");
    run.assert_code(3).assert_stderr("no server has answered for 1 s");
    let stats: Value = serde_json::from_str(&std::fs::read_to_string(stats).unwrap()).unwrap();
    assert_valid("scan-stats", &stats);
    let input = |name: &str| stats["input"][name].as_u64().unwrap();
    let lines = std::fs::read_to_string(out).unwrap().lines().count() as u64;
    assert_eq!(input("questions"), (1 << 24) + 1);
    assert_eq!(input("questions"), lines + input("not_asked") + input("cut_short"));
}
