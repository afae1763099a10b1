//! Standard output and standard error that are full, closed, or that nobody reads any more.
#![cfg(unix)]

use std::fs::File;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Files, Run, dnsonde, run, server, text};

/// What standard error can be when nothing can be written there.
fn dead_ends() -> Vec<(&'static str, Stdio)> {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut ends = vec![("nobody reads", Stdio::from(writer))];
    if cfg!(target_os = "linux") {
        let full = File::options().write(true).open("/dev/full").unwrap();
        ends.push(("the disk is full", full.into()));
    }
    ends
}

/// The program behind a shell that closes the descriptors that `redirections` says.
fn behind(redirections: &str, args: &[&str]) -> Command {
    let mut command = Command::new("sh");
    let script = format!("exec \"$@\" {redirections}");
    command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_dnsonde")]).args(args);
    command.stdin(Stdio::null());
    command
}

#[test]
fn a_standard_error_that_cannot_be_written_costs_no_line_and_no_count() {
    let server = server();
    let addr = server.addr().to_string();
    let files = Files::new();
    let names: String = (0..500).map(|i| format!("n{i}.demo.test\n")).collect();
    let names = files.write("names.txt", names + "a..b\n");
    let (out, stats) = (files.path("out.jsonl"), files.path("stats.json"));
    let args = ["scan", &names, "-r", &addr, "-o", &text(&out), "--stats", &text(&stats)];
    // A limit, so that there is something to say at the start as well.
    let args = [&args[..], &["--rate-per-server", "100000", "--threads", "2"]].concat();
    let mut runs = vec![("it is closed", behind("2>&-", &args))];
    for (what, stderr) in dead_ends() {
        let mut command = dnsonde(&args);
        command.stderr(stderr);
        runs.push((what, command));
    }
    for (what, mut command) in runs {
        for file in [&out, &stats] {
            let _ = std::fs::remove_file(file);
        }
        let status = command.status().unwrap();
        assert_eq!(status.code(), Some(0), "{what}");
        let lines = std::fs::read_to_string(&out).unwrap().lines().count();
        assert_eq!(lines, 501, "{what}");
        let stats: Value = serde_json::from_slice(&std::fs::read(&stats).unwrap()).unwrap();
        assert_eq!((&stats["end"], &stats["output"]["lines"]), (&"complete".into(), &501.into()));
    }
}

#[test]
fn a_standard_error_that_cannot_be_written_changes_no_exit_status() {
    let files = Files::new();
    let list = files.write("list", "what is this\n");
    for (args, code) in [
        (&["query", "@127.0.0.1", "a..b"][..], 2),
        (&["scan", "-r", "127.0.0.1:0"], 2),
        (&["scan", "--nonsense"], 2),
        (&["decode", "--hex", &list], 2),
        (&["rrcheck", "/nonexistent"], 2),
        (&["verify", "demo.test"], 2),
    ] {
        assert_eq!(run(args).code, Some(code), "{args:?}");
        let status = behind("2>&-", args).status().unwrap();
        assert_eq!(status.code(), Some(code), "{args:?}, closed");
        for (what, stderr) in dead_ends() {
            let status = dnsonde(args).stderr(stderr).status().unwrap();
            assert_eq!(status.code(), Some(code), "{args:?}, {what}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_standard_output_that_is_closed_is_an_error_before_anything_is_sent() {
    let server = server();
    let addr = server.addr().to_string();
    let files = Files::new();
    let names = files.write("names.txt", "a.demo.test\n");
    let readable = format!("1<{names}");
    for redirection in [">&-", &readable] {
        for args in [
            &["scan", &names, "-r", &addr][..],
            &["query", &format!("@{addr}"), "a.demo.test"],
            &["verify", "demo.test", "--dmarc", "-r", &addr],
            &["decode", &names],
            &["rrcheck", &names],
            &["demo", "scan"],
            &["playground"],
            &["man"],
            &["completions", "bash"],
            &["--help"],
            &["--version"],
        ] {
            Run::of(behind(redirection, args).output().unwrap())
                .assert_code(3)
                .assert_stderr("dnsonde: standard output is closed, or not open for writing\n");
        }
    }
    assert_eq!(server.counts().udp_queries, 0);
    let out = text(&files.path("out"));
    let args = ["scan", &names, "-r", &addr, "-o", &out];
    Run::of(behind(">&-", &args).output().unwrap()).assert_code(0);
    assert_eq!(std::fs::read_to_string(out).unwrap().lines().count(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_standard_input_that_is_closed_is_no_list_of_no_names() {
    for args in [&["scan", "-r", "127.0.0.1"][..], &["decode"], &["rrcheck"]] {
        Run::of(behind("<&-", args).output().unwrap())
            .assert_code(2)
            .assert_stderr("standard input is closed, or not open for reading");
    }
}
