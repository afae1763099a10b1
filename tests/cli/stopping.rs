//! How a scan ends before its end: signals, closed pipes, silence. Each test waits for an event of
//! the program or of the server, never for a length of time.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Stdio};
use std::thread;

use dnsonde::playground::Faults;
use serde_json::Value;

use super::{Files, dnsonde, server, server_with, text};

pub fn interrupt(child: &Child) {
    let done = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(done.success());
}

/// Everything that is left on standard error, and the exit status.
pub fn end(mut child: Child) -> (Option<i32>, String) {
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    (child.wait().unwrap().code(), stderr)
}

#[test]
fn an_interrupt_writes_what_is_finished_and_counts_the_rest() {
    let server = server();
    let files = Files::new();
    let names: String = (0..20_000).map(|i| format!("n{i}.demo.test\n")).collect();
    let names = files.write("names.txt", names);
    let stats = text(&files.path("stats.json"));
    let addr = server.addr().to_string();
    let args = ["scan", &names, "-r", &addr, "--rate", "500", "--stats", &stats];
    let mut child = dnsonde(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    interrupt(&child);
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    let (code, stderr) = end(child);
    assert_eq!(code, Some(1), "{stderr}");
    let lines = 1 + rest.lines().count() as u64;
    rest.lines().for_each(|line| drop(serde_json::from_str::<Value>(line).unwrap()));
    let stats: Value = serde_json::from_slice(&std::fs::read(stats).unwrap()).unwrap();
    assert_eq!(stats["end"], "interrupted");
    assert_eq!(stats["output"]["lines"], lines);
    assert_eq!(stats["totals"]["answered"], lines);
    let cancelled = stats["totals"]["cancelled"].as_u64().unwrap();
    let not_read = stats["input"]["not_asked"].as_u64().unwrap();
    assert_eq!(stats["input"]["questions"], 20_000);
    assert_eq!(lines + cancelled + not_read, 20_000, "{stats:#}");
    let told = format!("{} questions were not asked", grouped(cancelled + not_read));
    assert!(stderr.contains(&told), "'{told}' is not in\n{stderr}");
}

fn grouped(number: u64) -> String {
    if number < 1000 {
        number.to_string()
    } else {
        format!("{},{:03}", number / 1000, number % 1000)
    }
}

#[test]
fn a_second_interrupt_does_not_wait() {
    // Nobody answers, and an attempt may wait for ten minutes.
    let server = server_with(Faults { drop: 1.0, ..Faults::default() });
    let addr = server.addr().to_string();
    let args = ["scan", "-r", &addr, "--timeout", "600000"];
    let mut child = dnsonde(&args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"a.demo.test\n").unwrap();
    while server.counts().udp_queries == 0 {
        assert_eq!(child.try_wait().unwrap(), None, "it still runs");
        thread::yield_now();
    }
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    interrupt(&child);
    let mut said = String::new();
    stderr.read_line(&mut said).unwrap();
    assert!(said.contains("waiting for answers on their way"), "{said}");
    interrupt(&child);
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{rest}");
    assert!(rest.contains("1 were asked and not waited for"), "{rest}");
    // Standard input is open to the end: the program has not waited for it either.
    drop(stdin);
}

#[test]
fn a_reader_that_goes_away_ends_the_scan_with_a_clear_error() {
    let server = server();
    let addr = server.addr().to_string();
    let names: String = (0..50_000).map(|i| format!("n{i}.demo.test\n")).collect();
    let files = Files::new();
    let names = files.write("names.txt", names);
    let mut child = dnsonde(&["scan", &names, "-r", &addr])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let (code, stderr) = end(child);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(stderr.contains("standard output: cannot be written after"), "{stderr}");
}

#[test]
fn names_are_asked_as_they_trickle_in() {
    let server = server();
    let addr = server.addr().to_string();
    let mut child = dnsonde(&["scan", "-r", &addr])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for i in 0..3 {
        stdin.write_all(format!("n{i}.demo.test\n").as_bytes()).unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["name"], format!("n{i}.demo.test."));
    }
    drop(stdin);
    let (code, stderr) = end(child);
    assert_eq!(code, Some(0), "{stderr}");
}
