//! What a program makes of a time in which it did not run: it is stopped while it waits for an answer,
//! and goes on after the answer's time is over. No server is to blame for that.
//!
//! Each test stops the program while nothing has timed out yet; one that was itself too late for that
//! begins again. Being absent for longer than an attempt waits is what the tests are about: that alone
//! takes its time.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::stopping::kill;
use super::world::Served;
use super::{Files, Run, assert_valid, dnsonde};

/// How long a program is stopped beyond the time that an attempt waits: it is to be seen that it was.
const BEYOND: Duration = Duration::from_millis(600);
/// How long an event is waited for that comes within moments.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a test that was too late begins again.
const TRIES: usize = 5;
/// How often is looked for what tells nobody that it comes.
const LOOK: Duration = Duration::from_millis(20);

/// A program that runs, and is gone afterwards whatever becomes of the test.
struct Program {
    child: Option<Child>,
    begun: Instant,
}

impl Program {
    fn new(args: &[&str]) -> Self {
        let begun = Instant::now();
        let child = dnsonde(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Self { child: Some(child), begun }
    }

    fn child(&mut self) -> &mut Child {
        self.child.as_mut().unwrap()
    }

    /// Stops it. Whether it was seen to be stopped before anything that it sent could time out, which
    /// takes `timeout`.
    fn stop(&mut self, timeout: Duration) -> bool {
        let begun = self.begun;
        let child = self.child();
        kill(child, "STOP");
        while !is_stopped(child.id()) {
            assert!(begun.elapsed() < PATIENCE, "it is not stopped");
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            thread::yield_now();
        }
        begun.elapsed() < timeout
    }

    /// Has it go on when everything that it has sent, which was before `since`, is overdue.
    fn go_on_after(&mut self, since: Instant, timeout: Duration) {
        thread::sleep((since + timeout + BEYOND).saturating_duration_since(Instant::now()));
        kill(self.child(), "CONT");
    }

    fn end(mut self) -> Run {
        let child = self.child.take().unwrap();
        let pid = child.id();
        let (sender, receiver) = mpsc::channel::<Output>();
        thread::spawn(move || sender.send(child.wait_with_output().unwrap()));
        match receiver.recv_timeout(PATIENCE) {
            Ok(output) => Run::of(output),
            Err(_) => {
                let pid = pid.to_string();
                let _ = std::process::Command::new("kill").args(["-KILL", &pid]).status();
                panic!("it does not end");
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = (child.kill(), child.wait());
        }
    }
}

/// Whether every thread of a process is stopped (`T` in proc_pid_stat(5)).
fn is_stopped(pid: u32) -> bool {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    let mut states = tasks.map(|task| {
        let stat = std::fs::read_to_string(task.ok()?.path().join("stat")).ok()?;
        // The name in parentheses may have any characters.
        stat.rsplit_once(')')?.1.trim_start().chars().next()
    });
    states.all(|state| state == Some('T'))
}

fn listen() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(LOOK)).unwrap();
    socket
}

/// What came to a socket within [`LOOK`].
fn received(socket: &UdpSocket) -> Option<(Vec<u8>, SocketAddr)> {
    let mut octets = vec![0; 4096];
    match socket.recv_from(&mut octets) {
        Ok((len, from)) => {
            octets.truncate(len);
            Some((octets, from))
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => None,
        Err(error) => panic!("{error}"),
    }
}

/// The next query of a program; it has not ended without one.
fn query_of(program: &mut Program, socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let begun = Instant::now();
    loop {
        if let Some(query) = received(socket) {
            return query;
        }
        let ended = program.child().try_wait().unwrap();
        assert_eq!(ended, None, "it ended, and did not ask (again)");
        assert!(begun.elapsed() < PATIENCE, "it does not ask");
    }
}

/// The question of a query, without what comes after.
fn question(query: &[u8]) -> &[u8] {
    let end = 12 + query[12..].iter().position(|&octet| octet == 0).unwrap() + 5;
    &query[12..end]
}

/// That there is no such name, by an authoritative server.
fn denial(query: &[u8]) -> Vec<u8> {
    let mut answer = query[..12 + question(query).len()].to_vec();
    answer[2] |= 0x84;
    answer[3] = 3;
    answer[6..12].fill(0);
    answer
}

/// Runs a test until it was not too late.
fn in_time<T>(mut test: impl FnMut() -> Option<T>) -> T {
    (0..TRIES).find_map(|_| test()).expect("this machine is too busy to stop a program in time")
}

const QUERY_TIMEOUT: Duration = Duration::from_secs(2);

/// `query` with one attempt, which is stopped while that waits, and goes on when its time is over. It
/// is answered while the program is stopped, or only when it has asked again.
fn stopped_query(answered: bool) -> Value {
    in_time(|| {
        let socket = listen();
        let at = format!("@{}", socket.local_addr().unwrap());
        let options = ["+timeout=2", "+retry=0", "--format", "json"];
        let mut program = Program::new(&[&["query", &at, "a.test"], &options[..]].concat());
        let (query, from) = query_of(&mut program, &socket);
        let came = Instant::now();
        if !program.stop(QUERY_TIMEOUT) {
            return None;
        }
        if answered {
            socket.send_to(&denial(&query), from).unwrap();
            if program.begun.elapsed() >= QUERY_TIMEOUT {
                return None;
            }
        }
        program.go_on_after(came, QUERY_TIMEOUT);
        if !answered {
            let (query, from) = query_of(&mut program, &socket);
            socket.send_to(&denial(&query), from).unwrap();
        }
        let run = program.end();
        run.assert_code(0);
        assert_eq!(received(&socket), None, "it asked once more");
        Some(run.lines().remove(0))
    })
}

#[test]
fn an_answer_that_waited_while_query_was_stopped_is_in_time() {
    let answer = stopped_query(true);
    assert_valid("query", &answer);
    assert_eq!((&answer["status"], &answer["attempts"]), (&"NXDOMAIN".into(), &1.into()));
}

#[test]
fn what_query_could_not_see_while_it_was_stopped_is_asked_again() {
    let answer = stopped_query(false);
    assert_valid("query", &answer);
    assert_eq!((&answer["status"], &answer["attempts"]), (&"NXDOMAIN".into(), &1.into()));
}

#[test]
fn what_an_iterative_scan_could_not_see_while_it_was_stopped_is_asked_again() {
    const TIMEOUT: Duration = Duration::from_secs(2);
    let run = in_time(|| {
        let socket = listen();
        let port = socket.local_addr().unwrap().port().to_string();
        let files = Files::new();
        let hints = files.write("root.hints", ". NS a.root\na.root A 127.0.0.1\n");
        let names = files.write("names.txt", "a.test\n");
        let args = ["scan", &names, "--iterative", "--root-hints", &hints, "--port", &port];
        let once = ["--timeout", "2000", "--retries", "0"];
        let mut program = Program::new(&[&args[..], &once].concat());
        query_of(&mut program, &socket);
        let came = Instant::now();
        if !program.stop(TIMEOUT) {
            return None;
        }
        program.go_on_after(came, TIMEOUT);
        let (query, from) = query_of(&mut program, &socket);
        socket.send_to(&denial(&query), from).unwrap();
        Some(program.end())
    });
    run.assert_code(0).assert_stderr("this program did not run for");
    let line = run.lines().remove(0);
    assert_valid("scan-line", &line);
    assert_eq!((&line["status"], &line["error"]), (&"NXDOMAIN".into(), &Value::Null), "{line}");
}

/// How long `verify` waits for a recursive server.
const RECURSIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// How often it asks each one, in the world of these tests.
const RECURSIVE_QUESTIONS: usize = 9;

/// Asks the resolver of a world, and gives its answer back.
fn pass_on(query: &[u8], resolver: SocketAddr) -> Option<Vec<u8>> {
    let socket = listen();
    socket.connect(resolver).unwrap();
    socket.send(query).unwrap();
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some((answer, _)) = received(&socket) {
            return Some(answer);
        }
    }
    None
}

/// `verify` in a world in which all is well, stopped when it has asked the resolver for the first time,
/// and going on when its time is over. Everything is answered at once, or (`answered` is false) what
/// had come before the program went on is not answered at all. Each question has its answer in the end,
/// and only one.
fn stopped_verification(answered: bool) -> Value {
    in_time(|| {
        let served = Served::named("healthy");
        let port = served.service.port();
        let upstream = SocketAddr::new(served.scenario.resolvers().next().unwrap(), port);
        let socket = listen();
        let at = socket.local_addr().unwrap().to_string();
        let (hints, port) = (served.hints(), served.port());
        let words = served.scenario.verify.iter().map(String::as_str);
        let world = ["--root-hints", &hints, "--port", &port, "-r", &at, "--format", "json"];
        let args: Vec<&str> = ["verify"].into_iter().chain(words).chain(world).collect();
        let mut program = Program::new(&args);
        let first = query_of(&mut program, &socket);
        let came = Instant::now();
        if !program.stop(RECURSIVE_TIMEOUT) {
            return None;
        }
        let (over, answers) = (AtomicBool::new(false), AtomicUsize::new(0));
        let serve = |(query, from): (Vec<u8>, SocketAddr)| {
            answers.fetch_add(1, Relaxed);
            let answer = pass_on(&query, upstream).unwrap();
            socket.send_to(&answer, from).unwrap();
        };
        if !answered {
            while received(&socket).is_some() {}
        }
        let run = thread::scope(|scope| {
            scope.spawn(|| {
                if answered {
                    serve(first);
                }
                while !over.load(Relaxed) && came.elapsed() < 2 * PATIENCE {
                    received(&socket).into_iter().for_each(&serve);
                }
            });
            program.go_on_after(came, RECURSIVE_TIMEOUT);
            let run = program.end();
            over.store(true, Relaxed);
            run
        });
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_valid("report", &report);
        run.assert_code(0);
        assert_eq!(answers.into_inner(), RECURSIVE_QUESTIONS, "{report:#}");
        Some(report)
    })
}

/// That all is well, but for this program, which did not run.
#[track_caller]
fn assert_blames_nobody(report: &Value) {
    let findings = report["findings"].as_array().unwrap();
    let ids: Vec<&str> = findings.iter().map(|finding| finding["id"].as_str().unwrap()).collect();
    let well = ["verifier-lag", "record-present", "dkim-key-standby"];
    let (ours, others): (Vec<&str>, Vec<&str>) = ids.into_iter().partition(|id| !well.contains(id));
    assert_eq!(ours, ["local-stall"], "{findings:#?}");
    assert_eq!(others.len(), 6, "{findings:#?}");
    assert_eq!(report["verdict"], "verified");
}

#[test]
fn an_answer_that_waited_while_verify_was_stopped_blames_nobody() {
    assert_blames_nobody(&stopped_verification(true));
}

#[test]
fn what_verify_could_not_see_while_it_was_stopped_is_asked_again_and_blames_nobody() {
    assert_blames_nobody(&stopped_verification(false));
}
