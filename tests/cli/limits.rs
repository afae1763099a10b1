//! Limits of a scan: told at the start, and kept.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::UdpSocket;
use std::process::Stdio;

use serde_json::Value;

use super::{Files, dnsonde, run_with_input, server, text};

#[test]
fn limits_are_told_once_at_the_start() {
    let server = server();
    let addr = server.addr().to_string();
    for (options, sentence) in [
        (&[][..], None),
        (&["--rate", "5000"], Some("dnsonde: at most 5,000 queries per second\n")),
        (&["--rate-per-server", "700"], Some("dnsonde: at most 700 queries per second\n")),
        (&["--rate", "unlimited"], None),
    ] {
        // On this machine nothing is limited by default.
        let args = [&["scan", "-r", &addr][..], options].concat();
        let run = run_with_input(&args, b"a.demo.test\n");
        run.assert_code(0);
        match sentence {
            Some(sentence) => assert!(run.stderr.starts_with(sentence), "{}", run.stderr),
            None => assert!(!run.stderr.contains("at most"), "{}", run.stderr),
        }
        assert_eq!(
            run.stderr.matches("queries per second").count(),
            usize::from(sentence.is_some())
        );
    }
}

/// Nothing is sent, for there is no name to ask.
#[test]
fn a_total_leaves_the_limit_of_each_server() {
    let one = "at most 1,000 queries per second (by default); --rate sets another limit\n";
    let strangers = "at most 100 queries per second to one server (by default) and 20,000 in total";
    let few = "at most 100 queries per second to one server (by default) and 5,000 in total;";
    let two = "at most 1,000 queries per second to one server (by default) and 5 in total;";
    for (args, sentence) in [
        (&["-r", "192.0.2.1"][..], one),
        (&["-r", "192.0.2.1", "--rate", "5"], "at most 5 queries per second\n"),
        (&["-r", "192.0.2.1,192.0.2.2", "--rate", "5"], two),
        (&["--iterative"], strangers),
        (&["--iterative", "--rate", "5000"], few),
    ] {
        let args = [&["scan"][..], args].concat();
        run_with_input(&args, b"# nothing\n").assert_code(0).assert_stderr(sentence);
    }
}

/// The server says nothing, so the first query stays in flight until the end.
#[test]
fn one_query_at_a_time_is_one_for_all_threads() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = server.local_addr().unwrap().to_string();
    let files = Files::new();
    let names: String = (0..20_000).map(|i| format!("n{i}.demo.test\n")).collect();
    let names = files.write("names.txt", names);
    let stats = text(&files.path("stats.json"));
    let args = ["scan", &names, "-r", &addr, "--concurrency", "1", "--threads", "4"];
    let args = [&args[..], &["--timeout", "600000", "--stats", &stats]].concat();
    let mut child = dnsonde(&args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    server.recv(&mut [0; 512]).unwrap();
    super::stopping::interrupt(&child);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    stderr.read_line(&mut String::new()).unwrap();
    super::stopping::interrupt(&child);
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{rest}");
    let stats: Value = serde_json::from_slice(&std::fs::read(stats).unwrap()).unwrap();
    assert_eq!(stats["totals"]["attempts"], 1, "{stats:#}");
}
