//! `dnsonde scan --iterative`: from the root of a world on loopback to the answer of every name.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::{Arc, Mutex};

use dnsonde::playground::Scenario;
use dnsonde::wire::{Builder, Class, Flags, Message, NameBuf, RecordBuf, Section};
use serde_json::Value;

use super::world::Served;
use super::{Files, Run, assert_valid, dnsonde, run_with_input, text};

/// Zones of which each fails in a way of its own, beside one that is well.
const FAULTY: &str = r#"
base = "ses"
title = "Zones with something wrong"
story = "Each in its own way."

[expect]
findings = []
verdict = "verified"

[servers.silent]
addresses = "127.53.4.1"
zones = "silent.com"

[[faults]]
server = "silent"
effect = "drop"

[[zone]]
name = "com"
add = """
lame       NS   ns1.example
silent     NS   ns.silent
ns.silent  A    127.53.4.1
gone       NS   ns.gone
ns.gone    A    127.53.4.9
lost       NS   ns.nowhere.net.
glueless   NS   ns1.amazonses
"""

[[zone]]
name = "silent.com"
text = """
@  SOA  ns hostmaster 1 1 1 1 1
@  NS   ns
ns A    127.53.4.1
"""

[[zone]]
name = "example.com"
add = """
loop   CNAME pool
pool   CNAME loop
away   CNAME www.nosuch.net.
"""
"#;

fn scan(world: &Served, names: &str, more: &[&str]) -> Run {
    let (hints, port) = (world.hints(), world.port());
    let words = ["scan", "--iterative", "--root-hints", &hints, "--port", &port];
    let words: Vec<&str> = words.into_iter().chain(more.iter().copied()).collect();
    run_with_input(&words, names.as_bytes())
}

/// The line for a name and type.
#[track_caller]
fn line<'l>(lines: &'l [Value], name: &str, rtype: &str) -> &'l Value {
    let mut found = lines.iter().filter(|line| line["name"] == name && line["type"] == rtype);
    let line = found.next().unwrap_or_else(|| panic!("no line for {name} {rtype}: {lines:#?}"));
    assert!(found.next().is_none(), "several lines for {name} {rtype}");
    line
}

fn data<'l>(line: &'l Value, section: &str) -> Vec<(&'l str, &'l str)> {
    let records = line[section].as_array().unwrap();
    let text = |value: &'l Value| value.as_str().unwrap();
    records.iter().map(|record| (text(&record["type"]), text(&record["data"]))).collect()
}

#[test]
fn every_name_has_the_answer_of_its_authoritative_servers() {
    let world = Served::named("healthy");
    let names = "example.com\nwww.example.com\nt2._domainkey.example.com,TXT\nno.example.com\n\
                 example.com,TXT\nexample.org\nexample.com,DS\na..b\n";
    let files = Files::new();
    let stats = text(&files.path("stats.json"));
    let run = scan(&world, names, &["--attempts", "--stats", &stats]);
    run.assert_code(0).assert_stderr("7 queries in");
    let lines = run.lines();
    lines.iter().for_each(|line| assert_valid("scan-line", line));
    assert_eq!(lines.len(), 8);

    let apex = line(&lines, "example.com.", "A");
    assert_eq!((&apex["status"], &apex["flags"]), (&"NOERROR".into(), &["qr", "aa"][..].into()));
    assert_eq!(data(apex, "answers"), [("A", "192.0.2.80")]);
    // From the root by way of com; each attempt says as whose server it was asked.
    let zones: Vec<&str> = apex["attempt_log"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| attempt["zone"].as_str().unwrap())
        .collect();
    assert_eq!(zones, [".", "com.", "example.com."]);
    assert_eq!(apex["attempts"], 3);
    assert_eq!(apex["server"], apex["attempt_log"][2]["server"]);
    assert!(apex["attempt_log"][0]["port"].is_u64());

    let alias = line(&lines, "www.example.com.", "A");
    assert_eq!(data(alias, "answers"), [("CNAME", "example.com."), ("A", "192.0.2.80")]);
    // The alias and its target are in different zones, and come in different messages.
    let key = line(&lines, "t2._domainkey.example.com.", "TXT");
    let answers = [("CNAME", "t2.dkim.amazonses.com."), ("TXT", "\"\"")];
    assert_eq!(data(key, "answers"), answers);
    let denied = line(&lines, "no.example.com.", "A");
    assert_eq!(denied["status"], "NXDOMAIN");
    assert_eq!(data(denied, "authorities")[0].0, "SOA");
    let empty = line(&lines, "example.com.", "TXT");
    assert_eq!((&empty["status"], data(empty, "answers")), (&"NOERROR".into(), vec![]));
    assert_eq!(line(&lines, "example.org.", "A")["attempts"], 1);
    // A delegation's DS records are the parent's.
    let signer = line(&lines, "example.com.", "DS");
    assert_eq!(signer["attempt_log"].as_array().unwrap().last().unwrap()["zone"], "com.");

    let stats: Value = serde_json::from_slice(&std::fs::read(stats).unwrap()).unwrap();
    assert_valid("scan-stats", &stats);
    assert_eq!(stats["iterative"]["questions"]["answered"], 7);
    assert_eq!(stats["totals"]["submitted"], stats["totals"]["answered"]);
    assert_eq!(stats["rcodes"]["NXDOMAIN"], 2);
}

#[test]
fn what_is_known_is_not_asked_again() {
    let world = Served::named("healthy");
    let names = "example.com\nexample.com\nwww.example.com\nNO.example.com\nno.EXAMPLE.com\n";
    // One at a time, so that each knows what the one before has learned.
    let run = scan(&world, names, &["--concurrency", "1"]);
    run.assert_code(0);
    let lines = run.lines();
    lines.iter().for_each(|line| assert_valid("scan-line", line));
    let attempts: Vec<u64> = lines.iter().map(|line| line["attempts"].as_u64().unwrap()).collect();
    assert_eq!(attempts, [3, 0, 1, 1, 0]);
    assert_eq!(data(&lines[1], "answers"), data(&lines[0], "answers"));
    assert_eq!((&lines[1]["server"], &lines[1]["flags"]), (&Value::Null, &["qr"][..].into()));
    assert_eq!(
        (&lines[4]["status"], &lines[4]["name"]),
        (&"NXDOMAIN".into(), &"no.EXAMPLE.com.".into())
    );
}

#[test]
fn a_name_that_cannot_be_resolved_has_a_line_that_says_why() {
    let world = Served::new(Scenario::from_toml("faulty", FAULTY).unwrap());
    let names = "www.lame.com\nwww.silent.com\nwww.gone.com\nwww.lost.com\nloop.example.com\n\
                 away.example.com\nexample.com\nwww.glueless.com\n";
    let (files, more) = (Files::new(), ["--timeout", "100", "--stats"]);
    let stats = text(&files.path("stats.json"));
    let run = scan(&world, names, &[&more[..], &[&stats]].concat());
    run.assert_code(0)
        .assert_stderr("2 answered (NOERROR 1, NXDOMAIN 1), 4 unresolved, 1 timed out");
    let lines = run.lines();
    lines.iter().for_each(|line| assert_valid("scan-line", line));
    for (name, status, error) in [
        ("www.lame.com.", "SERVFAIL", "no server of lame.com. gives a useful response: 1 REFUSED"),
        (
            "www.silent.com.",
            "TIMEOUT",
            "no server of silent.com. gives a useful response: 1 silent",
        ),
        (
            "www.gone.com.",
            "UNREACHABLE",
            "no server of gone.com. gives a useful response: 1 unreachable \
             (ICMP port unreachable: nothing listens there)",
        ),
        ("www.lost.com.", "SERVFAIL", "no name server of lost.com. has a usable address"),
        (
            "www.glueless.com.",
            "SERVFAIL",
            "no server of glueless.com. gives a useful response: 1 REFUSED",
        ),
        ("loop.example.com.", "SERVFAIL", "the CNAME at loop.example.com. leads back to itself"),
    ] {
        let line = line(&lines, name, "A");
        assert_eq!((&line["status"], &line["error"]), (&status.into(), &error.into()), "{line:#}");
        assert_eq!((&line["server"], data(line, "answers")), (&Value::Null, vec![]));
    }
    // An alias to a name that does not exist is an answer: the alias, and NXDOMAIN (RFC 2308 §2.1).
    let away = line(&lines, "away.example.com.", "A");
    assert_eq!((&away["status"], &away["error"]), (&"NXDOMAIN".into(), &Value::Null));
    assert_eq!(data(away, "answers"), [("CNAME", "www.nosuch.net.")]);

    let stats: Value = serde_json::from_slice(&std::fs::read(stats).unwrap()).unwrap();
    assert_valid("scan-stats", &stats);
    let questions = stats["iterative"]["questions"].as_object().unwrap();
    let sum: u64 = questions.values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(sum, stats["input"]["questions"].as_u64().unwrap());
    // Nothing is left open, lookups that nobody needed in the end included.
    let total = |path: &str| stats["totals"].pointer(path).unwrap().as_u64().unwrap();
    let ended = ["/answered", "/failed/timeout", "/failed/unreachable", "/cancelled"].map(total);
    assert_eq!(total("/submitted"), ended.iter().sum::<u64>());
}

#[test]
fn a_zone_that_cannot_be_reached_is_no_failure_of_the_scan() {
    let world = Served::new(Scenario::from_toml("faulty", FAULTY).unwrap());
    let run = scan(&world, "www.gone.com\n", &["--format", "massdns"]);
    run.assert_code(0).assert_stderr("1 unreachable");
    assert!(run.stdout.contains("UNREACHABLE"), "{}", run.stdout);
}

#[test]
fn every_format_shows_aliases_of_other_zones_and_reasons() {
    let world = Served::new(Scenario::from_toml("faulty", FAULTY).unwrap());
    let names = "t2._domainkey.example.com,TXT\nwww.lame.com\nwww.silent.com\n";
    let why = "no server of lame.com. gives a useful response: 1 REFUSED";
    for (format, contained) in [
        ("text", &["t2.dkim.amazonses.com.\t", "SERVFAIL after", why][..]),
        ("csv", &["CNAME,t2.dkim.amazonses.com.", ",SERVFAIL,", why]),
        (
            "massdns",
            &["\"t2.dkim.amazonses.com.\"", "\"error\":\"SERVFAIL\"", "\"error\":\"TIMEOUT\""],
        ),
        ("zdns", &["\"t2.dkim.amazonses.com\"", "\"status\":\"SERVFAIL\"", why]),
    ] {
        let run = scan(&world, names, &["--timeout", "100", "--format", format]);
        run.assert_code(0);
        for text in contained {
            assert!(run.stdout.contains(text), "{format}: '{text}' is not in\n{}", run.stdout);
        }
    }
}

#[test]
fn an_iterative_scan_with_attempts_tells_what_was_not_taken() {
    let toml = r#"
        base = "ses"
        title = "Answers to other questions"
        story = "The right one follows."
        [expect]
        findings = []
        verdict = "verified"
        [[faults]]
        name = "www.example.com"
        effect = "wrong_question"
        right_follows = true
    "#;
    let world = Served::new(Scenario::from_toml("unmatched", toml).unwrap());
    let run = scan(&world, "www.example.com\n", &["--attempts"]);
    run.assert_code(0);
    let line = &run.lines()[0];
    assert_valid("scan-line", line);
    assert_eq!(line["unmatched"][0]["why"], "other-question", "{line:#}");
    let without = scan(&world, "www.example.com\n", &[]);
    assert!(without.lines()[0].get("unmatched").is_none());
}

#[test]
fn several_workers_share_the_names_and_one_accounting() {
    let world = Served::named("healthy");
    let names: String = (0..2_000).map(|i| format!("n{i}.example.com\n")).collect();
    let files = Files::new();
    let stats = text(&files.path("stats.json"));
    let run = scan(&world, &names, &["--threads", "3", "--stats", &stats]);
    run.assert_code(0);
    assert_eq!(run.stdout.lines().count(), 2_000);
    assert!(run.lines().iter().all(|line| line["status"] == "NXDOMAIN"));
    let stats: Value = serde_json::from_slice(&std::fs::read(stats).unwrap()).unwrap();
    assert_valid("scan-stats", &stats);
    let servers = stats["servers"].as_array().unwrap();
    let sent: u64 = servers.iter().map(|server| server["sent"].as_u64().unwrap()).sum();
    assert_eq!(stats["totals"]["attempts"], sent);
    let mut addresses: Vec<&str> =
        servers.iter().map(|server| server["address"].as_str().unwrap()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), servers.len(), "a server is listed twice");
    // Names that begin together ask the root servers for com only while nobody knows it yet.
    let root = servers
        .iter()
        .find(|server| server["address"].as_str().unwrap().starts_with("127.53.0.1:"));
    let asked = root.unwrap()["sent"].as_u64().unwrap();
    assert!(asked <= 3 * 60, "{asked} questions to the root server");
}

#[test]
fn an_interrupt_leaves_names_unfinished_and_says_so() {
    use std::io::{Read as _, Write as _};
    let world = Served::new(Scenario::from_toml("faulty", FAULTY).unwrap());
    let (hints, port) = (world.hints(), world.port());
    let files = Files::new();
    let stats = text(&files.path("stats.json"));
    // Nobody answers for these names, and an attempt may wait for ten minutes.
    let args = ["scan", "--iterative", "--root-hints", &hints, "--port", &port];
    let more = ["--timeout", "600000", "--stats", &stats];
    let mut child = dnsonde(&[&args[..], &more].concat())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"a.silent.com\nb.silent.com\nexample.com\n").unwrap();
    drop(stdin);
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    std::io::BufRead::read_line(&mut stdout, &mut first).unwrap();
    assert!(first.contains("example.com."), "{first}");
    for _ in 0..2 {
        super::stopping::interrupt(&child);
        // The program says that it has heard it, or it is over.
        let mut octet = [0];
        let _ = child.stderr.as_mut().unwrap().read(&mut octet).unwrap();
    }
    let (code, stderr) = super::stopping::end(child);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("2 responses were not waited for"), "{stderr}");
    let stats: Value = serde_json::from_slice(&std::fs::read(stats).unwrap()).unwrap();
    assert_valid("scan-stats", &stats);
    assert_eq!(super::stopping::assert_all_is_accounted_for(&stats, 3), 0);
    assert_eq!(stats["iterative"]["questions"]["unfinished"], 2);
    assert_eq!(stats["output"]["lines"], 1);
}

/// A root server, and a server of the zone `evil.test.` that adds to each answer whatever would
/// serve it. Both remember the names that they were asked for, as they came.
struct Hostile {
    port: u16,
    asked: Arc<Mutex<Vec<Vec<u8>>>>,
    files: Files,
}

impl Hostile {
    const ROOT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
    const EVIL: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

    fn new() -> Self {
        // The same port at both addresses, which somebody else may have.
        let (root, evil) = std::iter::repeat_with(|| {
            let root = UdpSocket::bind((Self::ROOT, 0)).unwrap();
            let port = root.local_addr().unwrap().port();
            Some((root, UdpSocket::bind((Self::EVIL, port)).ok()?))
        })
        .find_map(|sockets| sockets)
        .unwrap();
        let (port, asked) = (root.local_addr().unwrap().port(), Arc::default());
        let glue = format!("ns.evil.test. A {}", Self::EVIL);
        Self::serve(
            root,
            &asked,
            false,
            vec![
                (Section::Authority, "evil.test. NS ns.evil.test.".to_owned()),
                (Section::Additional, glue),
            ],
        );
        Self::serve(
            evil,
            &asked,
            true,
            vec![
                (Section::Answer, "victim.test. A 192.0.2.66".to_owned()),
                (Section::Authority, ". NS ns.evil.test.".to_owned()),
                (Section::Authority, "evil.test. TXT 192.0.2.66".to_owned()),
                (Section::Additional, "victim.test. A 192.0.2.66".to_owned()),
            ],
        );
        let files = Files::new();
        files.write("root.hints", format!(". NS a.root.\na.root. A {}\n", Self::ROOT));
        Self { port, asked, files }
    }

    /// Answers as long as the test runs: from the zone, with an address, or as its parent.
    fn serve(
        socket: UdpSocket,
        asked: &Arc<Mutex<Vec<Vec<u8>>>>,
        authoritative: bool,
        records: Vec<(Section, String)>,
    ) {
        let asked = Arc::clone(asked);
        std::thread::spawn(move || {
            let (mut query, mut response) = ([0; 512], [0; 512]);
            while let Ok((len, from)) = socket.recv_from(&mut query) {
                let query = Message::parse(&query[..len]).unwrap();
                let question = query.question().unwrap();
                let name = question.name.to_buf();
                asked.lock().unwrap().push(name.as_wire().to_vec());
                let flags = if authoritative { Flags::QR.with(Flags::AA) } else { Flags::QR };
                let mut builder = Builder::new(&mut response, query.header().id, flags).unwrap();
                builder.question(name.as_wire(), question.rtype, Class::IN).unwrap();
                let own = authoritative.then(|| (Section::Answer, format!("{name} A 192.0.2.1")));
                for (section, text) in own.iter().chain(&records) {
                    let record = RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 300);
                    record.unwrap().build(*section, &mut builder).unwrap();
                }
                let len = builder.finish();
                socket.send_to(&response[..len], from).unwrap();
            }
        });
    }

    fn scan(&self, names: &str, more: &[&str]) -> Run {
        let (hints, port) = (text(&self.files.path("root.hints")), self.port.to_string());
        let words = ["scan", "--iterative", "--root-hints", &hints, "--port", &port];
        let words: Vec<&str> = words.into_iter().chain(more.iter().copied()).collect();
        run_with_input(&words, names.as_bytes())
    }
}

#[test]
fn a_line_shows_nothing_that_a_zone_says_unasked() {
    let world = Hostile::new();
    for format in ["jsonl", "text", "csv", "massdns", "zdns"] {
        let run = world.scan("www.evil.test\n", &["--format", format]);
        run.assert_code(0);
        assert!(run.stdout.contains("192.0.2.1"), "{}", run.stdout);
        for unasked in ["victim", "192.0.2.66"] {
            assert!(
                !run.stdout.contains(unasked),
                "{unasked} in the form {format}: {}",
                run.stdout
            );
        }
    }
    let line = &world.scan("www.evil.test\n", &[]).lines()[0];
    assert_valid("scan-line", line);
    assert_eq!(data(line, "answers"), [("A", "192.0.2.1")]);
    assert_eq!((data(line, "authorities"), data(line, "additionals")), (vec![], vec![]));
}

#[test]
fn an_iterative_scan_mixes_the_case_of_its_questions_unless_told_otherwise() {
    let upper = |asked: &[Vec<u8>]| asked.iter().flatten().any(u8::is_ascii_uppercase);
    for (more, mixed) in [(&[][..], true), (&["--no-0x20"], false), (&["--0x20"], true)] {
        let world = Hostile::new();
        let run = world.scan("a-name-of-many-letters.evil.test\n", more);
        run.assert_code(0);
        // What is shown is what was asked for.
        assert!(!run.stdout.contains("victim"));
        let line = &run.lines()[0];
        assert_eq!(line["name"], "a-name-of-many-letters.evil.test.");
        assert_eq!(line["answers"][0]["name"], line["name"], "{line:#}");
        let asked = world.asked.lock().unwrap();
        assert!(!asked.is_empty());
        assert_eq!(upper(&asked), mixed, "{more:?}");
    }
}

#[test]
fn servers_that_do_not_keep_the_case_of_a_question_are_asked_without_and_believed() {
    let world = r#"
base = "ses"
title = "No server keeps the case of questions"
story = "All of them answer in lower case."

[[faults]]
effect = "fold_case"

[expect]
findings = []
verdict = "verified"
"#;
    let world = Served::new(Scenario::from_toml("folded", world).unwrap());
    let names = "eXample.com\nwww.example.com\nno.example.com\nt2._domainkey.example.com,TXT\n";
    let run = scan(&world, names, &["--timeout", "200", "--attempts"]);
    run.assert_code(0);
    let lines = run.lines();
    lines.iter().for_each(|line| assert_valid("scan-line", line));
    let apex = line(&lines, "eXample.com.", "A");
    assert_eq!(data(apex, "answers"), [("A", "192.0.2.80")]);
    assert_eq!(line(&lines, "no.example.com.", "A")["status"], "NXDOMAIN");
    let key = line(&lines, "t2._domainkey.example.com.", "TXT");
    assert_eq!(data(key, "answers").len(), 2);
}

#[test]
fn contradictions_are_usage_errors() {
    let files = Files::new();
    let empty = files.write("empty", "");
    for (words, sentence) in [
        (&["--iterative", "-r", "192.0.2.1"][..], "cannot be used with"),
        (&["--root-hints", &empty], "--iterative"),
        (&["--iterative", "--root-hints", &empty], "no root server with an address"),
        (&["--iterative", "-4", "-6"], "cannot be used with"),
    ] {
        let words: Vec<&str> = ["scan"].into_iter().chain(words.iter().copied()).collect();
        let run = run_with_input(&words, b"example.com\n");
        run.assert_code(2).assert_stderr(sentence);
        assert_eq!(run.stdout, "");
    }
}
