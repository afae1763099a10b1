//! A server whose answers are malformed, or hold what output must not be led astray by.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use dnsonde::wire::{OptBuf, OptionCode};
use serde_json::Value;

use super::{Files, assert_valid, run, run_with_input, text};

/// What stands behind the question of an answer: the counts of its records, and they. The question
/// is for `NAME.x.`, so the records begin at octet 24.
pub type Records = ([u8; 3], Vec<u8>);

/// How many of the [`answers`] are malformed.
const MALFORMED: usize = 5;

/// Names of four letters, and what they are answered with.
pub fn answers() -> Vec<(&'static str, Records)> {
    let answer = |octets: &[u8]| ([1, 0, 0], octets.to_vec());
    let all: Vec<u8> = (0..=255).collect();
    let mut strings = b"\xC0\x0C\0\x10\0\x01\0\0\0\x3C\x01\x03\xFF".to_vec();
    strings.extend(&all[..255]);
    strings.extend(b"\x02\xFF\"");
    let mut options = b"\0\0\x29\x04\xD0\0\0\x80\x01".to_vec();
    let mut opt = OptBuf::default();
    for (code, value) in [
        (15u16, &b"\0\x0F\"\\\x1b[2J\xC2\x9B\xE2\x80\xAE\xFF"[..]),
        (15, b"\xFF\xFF"),
        (3, b"ns\x1b\"1"),
        (3, b"second"),
        (10, b"12345678"),
        (10, b"87654321"),
        (8, b"\0\x01\x18\0\xC0\0\x02"),
        (65001, b"\"\\\0"),
    ] {
        opt.option(OptionCode(code), value);
    }
    options.extend((opt.options().len() as u16).to_be_bytes());
    options.extend(opt.options());
    vec![
        ("mala", answer(b"\xC0\x0C\0\x01\0\x01\0\0\0\x3C\0\x03\xC0\0\x02")),
        ("malb", answer(b"\xC0\x0C\0\x05\0\x01\0\0\0\x3C\0\x02\xC0\xFF")),
        ("malc", answer(b"\xC0\x18\0\x01\0\x01\0\0\0\x3C\0\x04\xC0\0\x02\x01")),
        ("mald", ([0, 0, 1], b"\0\0\x29\x04\xD0\0\0\0\0\0\x06\0\x03\0\x09ab".to_vec())),
        ("male", answer(b"\xC0\x0C\0\x10\0\x01\0\0\0\x3C\0\x03\x05\"\\")),
        ("good", answer(b"\xC0\x0C\0\x01\0\x01\0\0\0\x3C\0\x04\xC0\0\x02\x01")),
        // A of the classes CH and HS, AAAA of CH, CNAME of a class without a name.
        ("clsa", answer(b"\xC0\x0C\0\x01\0\x03\0\0\0\x3C\0\x07\x03\"\\\x1b\0\x01\xFF")),
        ("clsb", answer(b"\xC0\x0C\0\x01\0\x04\0\0\0\x3C\0\x04\xC0\0\x02\x01")),
        ("clsc", answer(b"\xC0\x0C\0\x1C\0\x03\0\0\0\x3C\0\x10\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\")),
        ("clsd", answer(b"\xC0\x0C\0\x05\x7F\x01\0\0\0\x3C\0\x03\x01,\0")),
        ("strs", ([1, 0, 0], strings)),
        ("name", answer(b"\x0E\"\\.,;@$\0\x1b\r\n\x9b\xff \xC0\x0C\0\x05\0\x01\0\0\0\x3C\0\x04\x02\",\0")),
        ("opts", ([0, 0, 1], options)),
        ("type", answer(b"\xC0\x0C\xFF\0\0\x01\xFF\xFF\xFF\xFF\0\x03\"\\\x07")),
        (
            "svcb",
            answer(b"\xC0\x0C\0\x41\0\x01\0\0\0\x3C\0\x15\0\x01\0\0\x01\0\x05\x04\",\\\x1b\x02\x9B\0\x05\"\\\n\x1b,"),
        ),
        ("caaa", answer(b"\xC0\x0C\x01\x01\0\x01\0\0\0\x3C\0\x0E\x80\x05issue\"\",\r\n\x1b\xFF")),
        ("rcod", ([0, 1, 0], b"\xC0\x0C\0\x06\0\x01\0\0\0\x3C\0\x1A\x03\"\\,\0\0\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x01".to_vec())),
    ]
}

/// Answers as [`answers`] has it, until it is dropped.
pub struct Hostile {
    pub addr: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Hostile {
    pub fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let addr = socket.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let answers = answers();
            let mut query = [0; 1500];
            while let Ok((len, from)) = socket.recv_from(&mut query) {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                let Some(name) = query[..len].get(13..17) else { continue };
                let known =
                    answers.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name));
                let Some((name, (counts, records))) = known else { continue };
                let mut answer = query[..24].to_vec();
                answer[2] |= 0x80;
                answer[3] = if *name == "rcod" { 0x83 } else { 0x80 };
                for (i, count) in counts.iter().enumerate() {
                    answer[6 + 2 * i..][..2].copy_from_slice(&[0, *count]);
                }
                answer.extend(records);
                let _ = socket.send_to(&answer, from);
            }
        });
        Self { addr, stop, thread: Some(thread) }
    }

    /// The lines of input that ask for each answer once.
    pub fn names() -> String {
        answers().iter().map(|(name, _)| format!("{name}.x\n")).collect()
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let waker = UdpSocket::bind("127.0.0.1:0").unwrap();
        let _ = waker.send_to(&[0], self.addr);
        let _ = self.thread.take().unwrap().join();
    }
}

fn scan(server: &Hostile, more: &[&str]) -> super::Run {
    let at = server.addr.to_string();
    let scan = ["scan", "-r", &at, "--timeout", "5000", "--threads", "1"];
    run_with_input(&[&scan, more].concat(), Hostile::names().as_bytes())
}

#[test]
fn a_malformed_answer_is_asked_again_told_and_counted_in_every_format() {
    let server = Hostile::start();
    let files = Files::new();
    let stats = text(&files.path("stats.json"));
    let run = scan(&server, &["--attempts", "--stats", &stats]);
    run.assert_code(0).assert_stderr("5 malformed");
    let lines = run.lines();
    assert_eq!(lines.len(), answers().len());
    for line in &lines {
        assert_valid("scan-line", line);
        let malformed = line["name"].as_str().unwrap().starts_with("mal");
        assert_eq!(line["status"] == "MALFORMED", malformed, "{line:#}");
        if !malformed {
            assert!(line.get("malformed").is_none() && line.get("rcode").is_none());
            continue;
        }
        assert_eq!((&line["rcode"], &line["attempts"]), (&"NOERROR".into(), &2.into()));
        let why = line["malformed"].as_str().unwrap();
        assert!(why.starts_with("octet "), "{why}");
        assert_eq!(line["error"], format!("the response is malformed: {why}"));
        let first = &line["attempt_log"][0];
        assert_eq!(
            (&first["malformed"], &first["retried_because"]),
            (&true.into(), &"malformed".into())
        );
    }
    let stats: Value = serde_json::from_slice(&std::fs::read(stats).unwrap()).unwrap();
    assert_valid("scan-stats", &stats);
    assert_eq!((&stats["malformed"], &stats["servers"][0]["malformed"]), (&5.into(), &10.into()));

    let csv = scan(&server, &["--format", "csv"]).stdout;
    assert_eq!(csv.matches(",MALFORMED,").count(), MALFORMED, "{csv}");
    assert_eq!(csv.matches(",NOERROR\r\n").count(), MALFORMED, "{csv}");
    let shown = scan(&server, &["--format", "text"]).stdout;
    let reported =
        |line: &&str| line.starts_with("; mal") && line.contains("MALFORMED (NOERROR) from");
    assert_eq!(shown.lines().filter(reported).count(), MALFORMED, "{shown}");
    assert!(!shown.lines().any(|line| line.starts_with("mal")), "{shown}");
    let massdns = scan(&server, &["--format", "massdns"]).lines();
    let zdns = scan(&server, &["--format", "zdns"]).lines();
    let own = massdns.iter().filter(|line| line["error"] == "MAXRETRIES").count();
    let error = |line: &&Value| line["results"]["A"]["status"] == "ERROR";
    assert_eq!((own, zdns.iter().filter(error).count()), (MALFORMED, MALFORMED));
}

#[test]
fn query_shows_a_malformed_answer_and_fails() {
    let server = Hostile::start();
    let at = format!("@{}", server.addr);
    for (name, _) in answers() {
        let name = format!("{name}.x");
        let malformed = name.starts_with("mal");
        let run = |more: &[&str]| {
            let run = run(&[&["query", &at, &name][..], more].concat());
            run.assert_code(i32::from(malformed));
            run
        };
        let value = run(&["--format", "json"]).lines().remove(0);
        assert_valid("query", &value);
        let shown = run(&[]).stdout;
        run(&["+short"]);
        assert_eq!(shown.contains(";; MALFORMED: octet "), malformed, "{shown}");
        assert_eq!(value["status"] == "MALFORMED", malformed, "{value:#}");
        if malformed {
            assert_eq!((&value["rcode"], &value["attempts"]), (&"NOERROR".into(), &2.into()));
            assert!(value["malformed"].is_string() && value["error"].is_string());
        }
    }
}
