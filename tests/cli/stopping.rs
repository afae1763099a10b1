//! How a command ends before its end: signals, closed pipes, silence. Each test waits for an event of
//! the program or of the server, never for a length of time.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdout, Stdio};
use std::thread;
use std::time::Duration;

use dnsonde::playground::{Delay, Effect, Fault, LoopbackServer};
use dnsonde::wire::RecordType;
use serde_json::Value;

use super::{Files, dnsonde, server, server_with, text};

pub fn interrupt(child: &Child) {
    kill(child, "INT");
}

pub fn kill(child: &Child, signal: &str) {
    let done = std::process::Command::new("kill")
        .args([&format!("-{signal}"), &child.id().to_string()])
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

/// A scan of so many names that has begun, and where its accounting will be.
struct Begun {
    child: Child,
    stdout: BufReader<ChildStdout>,
    files: Files,
}

impl Begun {
    fn new(server: &LoopbackServer, names: usize, options: &[&str]) -> Self {
        let files = Files::new();
        let list: String = (0..names).map(|i| format!("n{i}.demo.test\n")).collect();
        let list = files.write("names.txt", list);
        let (addr, stats) = (server.addr().to_string(), text(&files.path("stats.json")));
        let args = [&["scan", &list, "-r", &addr, "--stats", &stats], options].concat();
        let mut child =
            dnsonde(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout, files }
    }

    /// Waits for the first line.
    fn first_line(&mut self) -> String {
        let mut first = String::new();
        self.stdout.read_line(&mut first).unwrap();
        first
    }

    /// What is left of the lines.
    fn rest(&mut self) -> String {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        rest
    }

    /// Its exit status, what is left on standard error, and its accounting.
    fn end(self) -> (Option<i32>, String, Value) {
        let (code, stderr) = end(self.child);
        let stats = std::fs::read(self.files.path("stats.json")).unwrap();
        (code, stderr, serde_json::from_slice(&stats).unwrap())
    }
}

#[test]
fn an_interrupt_writes_what_is_finished_and_counts_the_rest() {
    let server = server();
    let mut scan = Begun::new(&server, 20_000, &["--rate", "500"]);
    scan.first_line();
    interrupt(&scan.child);
    let rest = scan.rest();
    let (code, stderr, stats) = scan.end();
    assert_eq!(code, Some(1), "{stderr}");
    let lines = 1 + rest.lines().count() as u64;
    rest.lines().for_each(|line| drop(serde_json::from_str::<Value>(line).unwrap()));
    assert_eq!(stats["end"], "interrupted");
    assert_eq!(stats["output"]["lines"], lines);
    assert_eq!(stats["totals"]["answered"], lines);
    let not_asked = assert_all_is_accounted_for(&stats, 20_000);
    assert_eq!(stats["input"]["whole"], true);
    let reported = format!("; {} queries were not sent", grouped(not_asked));
    assert!(stderr.contains(&reported), "'{reported}' is not in\n{stderr}");
}

/// Every question has its line, was not asked, or was not waited for. Gives how many were not asked.
#[track_caller]
pub fn assert_all_is_accounted_for(stats: &Value, questions: u64) -> u64 {
    super::assert_valid("scan-stats", stats);
    let input = |member: &str| stats["input"][member].as_u64().unwrap();
    let lines = stats["output"]["lines"].as_u64().unwrap();
    assert_eq!(input("questions"), questions, "{stats:#}");
    let sum = lines + input("not_asked") + input("cut_short");
    assert_eq!(sum, questions + input("invalid"), "{stats:#}");
    input("not_asked")
}

/// Comes back when a server that takes its time has answered: meanwhile a scan stands still, for longer than
/// it lets pass as normal.
fn watch_it_stand_still() {
    let slow = server_with([Fault::always(Effect::Delay(Delay::of_ms(700.0)))]);
    let at = format!("@{}", slow.addr());
    super::run(&["query", &at, "a.demo.test", "A", "+timeout=60"]).assert_code(0);
}

#[test]
fn a_scan_that_is_stopped_and_goes_on_blames_nobody_else() {
    let server = server();
    let mut scan = Begun::new(&server, 600, &["--rate", "500"]);
    let mut lines = scan.first_line();
    kill(&scan.child, "STOP");
    watch_it_stand_still();
    kill(&scan.child, "CONT");
    lines += &scan.rest();
    let (code, stderr, stats) = scan.end();
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(lines.lines().count(), 600);
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&line["status"], &line["attempts"]), (&"NOERROR".into(), &1.into()), "{line}");
    }
    assert!(stderr.contains("this program did not run for"), "{stderr}");
    super::assert_valid("scan-stats", &stats);
    assert!(stats["local"]["stalls"].as_u64() >= Some(1), "{stats:#}");
    assert_eq!(stats["local"]["suspensions"], 0, "{stats:#}");
}

/// Whether a thread of the child waits for somebody to read what it writes into a pipe.
#[cfg(target_os = "linux")]
fn waits_for_its_reader(child: &Child) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", child.id())).unwrap();
    tasks
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("wchan")).ok())
        .any(|waits_in| waits_in.contains("pipe_write"))
}

#[cfg(target_os = "linux")]
#[track_caller]
fn wait_until_it_waits_for_its_reader(child: &mut Child) {
    let begun = std::time::Instant::now();
    while !waits_for_its_reader(child) {
        let ended = child.try_wait().unwrap();
        assert!(
            ended.is_none(),
            "the program ended with {ended:?} and never waited for its reader"
        );
        assert!(begun.elapsed() < PATIENCE, "the program never waited for its reader");
        thread::yield_now();
    }
}

/// So long an event is waited for that comes within moments.
#[cfg(target_os = "linux")]
const PATIENCE: Duration = Duration::from_secs(120);

#[cfg(target_os = "linux")]
#[test]
fn a_reader_that_is_slow_stops_the_scan_and_nothing_is_lost() {
    const NAMES: usize = 50_000;
    let server = server();
    let mut scan = Begun::new(&server, NAMES, &["--rate", "unlimited"]);
    wait_until_it_waits_for_its_reader(&mut scan.child);
    watch_it_stand_still();
    let lines = scan.rest();
    let (code, stderr, stats) = scan.end();
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(lines.lines().count(), NAMES);
    let (answered, lost) = (&stats["totals"]["answered"], &stats["servers"][0]["lost"]);
    assert_eq!((answered, lost), (&NAMES.into(), &0.into()), "{stats:#}");
}

#[test]
fn what_is_left_in_a_pipe_is_told_as_at_least() {
    for interrupts in 1..=2 {
        let server = server();
        let addr = server.addr().to_string();
        let files = Files::new();
        let stats = text(&files.path("stats.json"));
        let args = ["scan", "-r", &addr, "--rate", "50", "--threads", "2", "--stats", &stats];
        let mut child = dnsonde(&args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The pipe has room for them all, and stays open.
        let mut stdin = child.stdin.take().unwrap();
        let names: String = (0..3_000).map(|i| format!("n{i}.demo.test\n")).collect();
        stdin.write_all((names + "a..b\nhalf.of.a.na").as_bytes()).unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        while !first.contains("INVALID") {
            first.clear();
            assert_ne!(stdout.read_line(&mut first).unwrap(), 0, "no line of the last name");
        }
        for _ in 0..interrupts {
            interrupt(&child);
        }
        std::io::copy(&mut stdout, &mut std::io::sink()).unwrap();
        let (code, stderr) = end(child);
        assert_eq!(code, Some(1), "{stderr}");
        let stats: Value = serde_json::from_slice(&std::fs::read(stats).unwrap()).unwrap();
        let not_asked = assert_all_is_accounted_for(&stats, 3_000);
        assert_eq!(stats["input"]["whole"], false, "{stats:#}");
        let reported = format!("; at least {} queries were not sent", grouped(not_asked));
        assert!(stderr.contains(&reported), "'{reported}' is not in\n{stderr}");
        drop(stdin);
    }
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
    let server = server_with([Fault::always(Effect::Drop)]);
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
    assert!(said.contains("waiting for outstanding responses"), "{said}");
    interrupt(&child);
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{rest}");
    assert!(rest.contains("1 response was not waited for"), "{rest}");
    // Standard input is open to the end: the program has not waited for it either.
    drop(stdin);
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

/// What asks a program to end. Whoever runs these tests may have SIGHUP ignored, and the program then
/// leaves it at that.
fn signals() -> Vec<&'static str> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let hangup = (ignored.unwrap_or(0) & 1 == 0).then_some("HUP");
    ["INT", "TERM"].into_iter().chain(hangup).collect()
}

#[test]
fn every_signal_to_end_ends_a_scan_with_all_lines_that_are_finished() {
    for signal in signals() {
        let server = server();
        let mut scan = Begun::new(&server, 20_000, &["--rate", "500"]);
        scan.first_line();
        kill(&scan.child, signal);
        let rest = scan.rest();
        let (code, stderr, stats) = scan.end();
        assert_eq!(code, Some(1), "{signal}: {stderr}");
        assert!(stderr.contains("dnsonde: interrupted; "), "{signal}: {stderr}");
        let lines = 1 + rest.lines().count() as u64;
        assert_eq!(stats["end"], "interrupted", "{signal}");
        assert_eq!(stats["output"]["lines"], lines, "{signal}");
    }
}

#[test]
fn under_nohup_a_hangup_is_ignored() {
    let server = server();
    let script = "trap '' HUP; exec \"$@\"";
    let addr = server.addr().to_string();
    let mut child = std::process::Command::new("sh")
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_dnsonde"), "scan", "-r", &addr])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    // A hangup between two names: the second one is asked all the same.
    for name in ["a", "b"] {
        stdin.write_all(format!("{name}.demo.test\n").as_bytes()).unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(line.contains(&format!("{name}.demo.test.")), "{line}");
        kill(&child, "HUP");
    }
    drop(stdin);
    let (code, stderr) = end(child);
    assert_eq!(code, Some(0), "{stderr}");
}

/// The resolver is a socket of the test: when it is asked, the servers of the zone are found, and as
/// it says nothing, the verification is not over.
#[cfg(target_os = "linux")]
#[test]
fn every_signal_to_end_ends_a_verification_with_a_report_of_what_was_seen() {
    for signal in signals() {
        let served = super::world::Served::named("healthy");
        let resolver = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let (hints, port) = (served.hints(), served.port());
        let addr = resolver.local_addr().unwrap().to_string();
        let mut args = vec!["verify"];
        args.extend(served.scenario.verify.iter().map(String::as_str));
        args.extend(["--root-hints", &hints, "--port", &port, "-r", &addr, "--format", "json"]);
        let child = dnsonde(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        resolver.recv(&mut [0; 512]).unwrap();
        kill(&child, signal);
        let run = super::Run::of(child.wait_with_output().unwrap());
        run.assert_code(1);
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        super::assert_valid("report", &report);
        assert_eq!(report["effort"]["cut_short"], "it was interrupted", "{signal}: {report:#}");
        assert!(!report["servers"].as_array().unwrap().is_empty(), "{signal}: {report:#}");
    }
}

/// The first answer is there, and the second one never comes.
#[test]
fn every_signal_to_end_ends_queries_with_what_is_finished_and_a_count_of_the_rest() {
    for signal in signals() {
        let silent = Fault { types: vec![RecordType::AAAA], ..Fault::always(Effect::Drop) };
        let server = server_with([silent]);
        let at = format!("@{}", server.addr());
        let args = ["query", &at, "a.demo.test", "A", "AAAA", "MX", "+short", "+timeout=600"];
        let child = dnsonde(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while server.counts().udp_queries < 2 {
            thread::yield_now();
        }
        kill(&child, signal);
        let run = super::Run::of(child.wait_with_output().unwrap());
        run.assert_code(1).assert_stderr("dnsonde: interrupted; 2 of 3 queries were not finished");
        assert_eq!(run.stdout.lines().count(), 1, "{signal}: {}", run.stdout);
        assert_eq!(server.counts().udp_queries, 2, "{signal}");
    }
}

/// The root is a socket of the test, which says nothing.
#[test]
fn every_signal_to_end_ends_a_trace_and_says_so() {
    for signal in signals() {
        let root = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = root.local_addr().unwrap().port().to_string();
        let files = Files::new();
        let hints = files.write("hints", ". 60 IN NS root.test.\nroot.test. 60 IN A 127.0.0.1\n");
        let args = ["query", "--trace", "a.demo.test", "--root-hints", &hints, "--port", &port];
        let args = [&args[..], &["+timeout=600"]].concat();
        let child = dnsonde(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        root.recv(&mut [0; 512]).unwrap();
        kill(&child, signal);
        let run = super::Run::of(child.wait_with_output().unwrap());
        run.assert_code(1).assert_stderr("dnsonde: interrupted; the query was not finished");
    }
}

/// Runs a program whose standard output is a pipe that is full and that nobody reads.
#[cfg(target_os = "linux")]
const FULL_PIPE: &str = "\
import os, sys
reader, writer = os.pipe()
os.set_blocking(writer, False)
try:
    while True:
        os.write(writer, b'x')
except BlockingIOError:
    os.set_blocking(writer, True)
os.set_inheritable(reader, True)
os.dup2(writer, 1)
os.execv(sys.argv[1], sys.argv[1:])
";

#[cfg(target_os = "linux")]
fn into_full_pipe(args: &[&str]) -> Child {
    let mut child = std::process::Command::new("python3")
        .args(["-c", FULL_PIPE, env!("CARGO_BIN_EXE_dnsonde")])
        .args(args)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until_it_waits_for_its_reader(&mut child);
    child
}

#[cfg(target_os = "linux")]
#[test]
fn a_second_interrupt_ends_every_command_whose_output_nobody_takes() {
    let served = super::world::Served::named("healthy");
    let (hints, port) = (served.hints(), served.port());
    let world = ["--root-hints", &hints, "--port", &port];
    let mut verify = vec!["verify"];
    verify.extend(served.scenario.verify.iter().map(String::as_str));
    verify.extend(world);
    let trace = [&["query", "--trace", &served.scenario.verify[0]][..], &world].concat();
    let server = server();
    let at = format!("@{}", server.addr());
    for args in [
        &verify[..],
        &[&verify[..], &["--format", "json"]].concat(),
        &[&verify[..], &["--format", "html"]].concat(),
        &["query", &at, "a.demo.test", "A", "MX"],
        &trace,
        &["demo"],
    ] {
        let mut child = into_full_pipe(args);
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let (mut said, mut rest) = (String::new(), String::new());
        interrupt(&child);
        stderr.read_line(&mut said).unwrap();
        assert!(said.contains("waiting for the reader of the output"), "{args:?}: {said}");
        interrupt(&child);
        stderr.read_to_string(&mut rest).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(1), "{args:?}: {rest}");
        assert!(rest.contains("not all that was finished is written"), "{args:?}: {rest}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_ends_a_playground_whose_introduction_nobody_reads() {
    let temporary = Files::new();
    let mut child = {
        let mut command = std::process::Command::new("env");
        command.arg(format!("TMPDIR={}", text(&temporary.path(""))));
        command.args(["python3", "-c", FULL_PIPE, env!("CARGO_BIN_EXE_dnsonde")]);
        command.args(["playground", "healthy"]);
        command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    wait_until_it_waits_for_its_reader(&mut child);
    interrupt(&child);
    let (code, stderr) = end(child);
    assert_eq!((code, &stderr[..]), (Some(0), ""));
    let left = std::fs::read_dir(temporary.path("")).unwrap().count();
    assert_eq!(left, 0, "it has left its root hints behind");
}

#[test]
fn after_an_interrupt_nothing_is_asked_again() {
    let server = server_with([Fault::always(Effect::Drop)]);
    let addr = server.addr().to_string();
    let files = Files::new();
    let names = files.write("names.txt", "a.demo.test\nb.demo.test\nc.demo.test\n");
    let stats = text(&files.path("stats.json"));
    let args = ["scan", &names, "-r", &addr, "--timeout", "2000", "--stats", &stats];
    let child = dnsonde(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while server.counts().udp_queries < 3 {
        thread::yield_now();
    }
    interrupt(&child);
    let (code, stderr) = end(child);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("3 responses were not waited for"), "{stderr}");
    let stats: Value = serde_json::from_slice(&std::fs::read(stats).unwrap()).unwrap();
    assert_eq!((&stats["totals"]["attempts"], server.counts().udp_queries), (&3.into(), 3));
    assert_eq!(stats["totals"]["failed"]["timeout"], 0, "three of five attempts were never made");
}

#[test]
fn an_interrupt_that_costs_nothing_leaves_a_scan_complete() {
    let server = server_with([Fault::always(Effect::Delay(Delay::of_ms(2000.0)))]);
    let addr = server.addr().to_string();
    let files = Files::new();
    let names = files.write("names.txt", "a.demo.test\n");
    let stats = text(&files.path("stats.json"));
    let args = ["scan", &names, "-r", &addr, "--timeout", "60000", "--stats", &stats];
    let child = dnsonde(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while server.counts().udp_queries == 0 {
        thread::yield_now();
    }
    interrupt(&child);
    let run = super::Run::of(child.wait_with_output().unwrap());
    run.assert_code(0).assert_stderr("stopping; waiting for outstanding responses");
    assert_eq!(run.lines().len(), 1);
    let stats: Value = serde_json::from_slice(&std::fs::read(stats).unwrap()).unwrap();
    assert_eq!(stats["end"], "complete");
}

#[test]
fn a_second_interrupt_does_not_wait_for_an_output_that_takes_nothing() {
    let server = server();
    let addr = server.addr().to_string();
    let files = Files::new();
    let names: String = (0..50_000).map(|i| format!("n{i}.demo.test\n")).collect();
    let names = files.write("names.txt", names);
    let stats = text(&files.path("stats.json"));
    let args = ["scan", &names, "-r", &addr, "--threads", "2", "--stats", &stats];
    let mut child = dnsonde(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Nobody reads this, and a pipe does not hold the lines of so many.
    let stdout = child.stdout.take().unwrap();
    while server.counts().udp_queries < 2_000 {
        thread::yield_now();
    }
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    interrupt(&child);
    let mut said = String::new();
    stderr.read_line(&mut said).unwrap();
    assert!(said.contains("waiting for outstanding responses"), "{said}");
    interrupt(&child);
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{rest}");
    assert!(rest.contains("and some finished lines were not written"), "{rest}");
    drop(stdout);
    let stats: Value = serde_json::from_slice(&std::fs::read(stats).unwrap()).unwrap();
    super::assert_valid("scan-stats", &stats);
    assert_eq!((&stats["end"], &stats["output"]["whole"]), (&"interrupted".into(), &false.into()));
    let written = stats["output"]["lines"].as_u64().unwrap();
    assert!(written < stats["totals"]["answered"].as_u64().unwrap(), "{stats:#}");
}

/// Runs a program on a terminal of its own, which is hung up at the next line of standard input.
#[cfg(target_os = "linux")]
const TERMINAL: &str = "\
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
sys.stdin.readline()
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_hangs_up_costs_no_line_and_no_count() {
    let server = server();
    let addr = server.addr().to_string();
    let files = Files::new();
    let names: String = (0..20_000).map(|i| format!("n{i}.demo.test\n")).collect();
    let names = files.write("names.txt", names);
    let (out, stats) = (files.path("out.jsonl"), text(&files.path("stats.json")));
    let mut terminal = std::process::Command::new("python3")
        .args(["-c", TERMINAL, env!("CARGO_BIN_EXE_dnsonde"), "scan", &names, "-r", &addr])
        .args(["--rate", "500", "-o", &text(&out), "--stats", &stats])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    while server.counts().udp_queries < 50 {
        assert_eq!(terminal.try_wait().unwrap(), None, "it still runs");
        thread::yield_now();
    }
    terminal.stdin.take().unwrap().write_all(b"\n").unwrap();
    let ended = terminal.wait_with_output().unwrap();
    // Where SIGHUP is ignored, the scan goes on to its end.
    let (code, end) =
        if signals().contains(&"HUP") { ("1\n", "interrupted") } else { ("0\n", "complete") };
    assert_eq!(String::from_utf8(ended.stdout).unwrap(), code);
    let stats: Value = serde_json::from_slice(&std::fs::read(stats).unwrap()).unwrap();
    assert_eq!(stats["end"], end);
    assert_all_is_accounted_for(&stats, 20_000);
    let lines = std::fs::read_to_string(out).unwrap().lines().count();
    assert_eq!(stats["output"]["lines"], lines);
}
