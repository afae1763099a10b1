//! `bench`: its figures beside dnsperf's, its JSON, and how it ends.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::UdpSocket;
use std::process::{Command, Stdio};

use dnsonde::playground::{Delay, Effect, Fault, LoopbackServer};
use regex::Regex;
use serde_json::Value;

use super::{Files, Run, assert_valid, dnsonde, run, run_with_input, server, server_with};

/// What scripts take from the closing lines of dnsperf, each with its number.
const FIGURES: [&str; 13] = [
    r"(?m)^  Queries sent: +(\d+)$",
    r"(?m)^  Queries completed: +(\d+) \((?:\d+\.\d\d)%\)$",
    r"(?m)^  Queries completed: +\d+ \((\d+\.\d\d)%\)$",
    r"(?m)^  Queries lost: +(\d+) \(\d+\.\d\d%\)$",
    r"(?m)^  Response codes: +(?:[A-Z]+ \d+ \(\d+\.\d\d%\)(?:, )?)*NOERROR (\d+) \(\d+\.\d\d%\)",
    r"(?m)^  Average packet size: +request (\d+), response \d+$",
    r"(?m)^  Average packet size: +request \d+, response (\d+)$",
    r"(?m)^  Run time \(s\): +(\d+\.\d{6})$",
    r"(?m)^  Queries per second: +(\d+\.\d{6})$",
    r"(?m)^  Average Latency \(s\): +(\d+\.\d{6}) \(min \d+\.\d{6}, max \d+\.\d{6}\)$",
    r"(?m)^  Average Latency \(s\): +\d+\.\d{6} \(min (\d+\.\d{6}), max \d+\.\d{6}\)$",
    r"(?m)^  Average Latency \(s\): +\d+\.\d{6} \(min \d+\.\d{6}, max (\d+\.\d{6})\)$",
    r"(?m)^  Latency StdDev \(s\): +(\d+\.\d{6})$",
];

/// Those of them that the clock has no part in.
const COUNTS: [usize; 7] = [0, 1, 2, 3, 4, 5, 6];

#[track_caller]
fn figures(program: &str, output: &str) -> Vec<String> {
    let figure = |expression: &str| {
        let found = Regex::new(expression).unwrap().captures(output);
        found.unwrap_or_else(|| panic!("{program}: no {expression} in\n{output}"))[1].to_owned()
    };
    FIGURES.iter().map(|expression| figure(expression)).collect()
}

/// A query file: half of its names exist.
fn queries(files: &Files, line_end: &str) -> String {
    let lines = (0..500).map(|i| match i % 2 {
        0 => format!("www.demo.test A{line_end}"),
        _ => format!("n{i}.nowhere.test TXT{line_end}"),
    });
    files.write("queries.txt", format!("; a comment{line_end}{}", lines.collect::<String>()))
}

fn has_dnsperf() -> bool {
    let found =
        Command::new("dnsperf").arg("-h").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_ok() {
        return true;
    }
    assert!(std::env::var_os("DNSONDE_REQUIRE_TOOLS").is_none(), "dnsperf cannot be run");
    eprintln!("skipped: dnsperf cannot be run");
    false
}

#[test]
fn dnsperf_command_lines_give_lines_that_the_same_expressions_read() {
    if !has_dnsperf() {
        return;
    }
    let (server, files) = (server(), Files::new());
    let queries = queries(&files, "\n");
    let port = server.addr().port().to_string();
    let to = ["-s", "127.0.0.1", "-p", &port, "-d", &queries];
    for options in [
        &[][..],
        &["-n", "3", "-c", "4", "-q", "20"],
        &["-c", "2", "-T", "2", "-e"],
        &["-D", "-t", "2", "-f", "inet"],
        &["-E", "10:0011223344556677", "-b", "64", "-W"],
        &["-a", "127.0.0.1", "-l", "20", "-n", "1"],
    ] {
        let theirs = Command::new("dnsperf").args(to).args(options).output().unwrap();
        let theirs = Run::of(theirs);
        let ours = run(&[&["bench"], &to[..], options].concat());
        ours.assert_code(0);
        let reason = "\n[Status] Testing complete (end of file)\n\nStatistics:\n\n  Queries sent: ";
        assert!(theirs.stdout.contains(reason) && ours.stdout.contains(reason), "{}", ours.stdout);
        let (theirs, ours) = (figures("dnsperf", &theirs.stdout), figures("bench", &ours.stdout));
        for place in COUNTS {
            assert_eq!(ours[place], theirs[place], "{} with {options:?}", FIGURES[place]);
        }
    }
}

#[test]
fn lines_of_windows_and_lines_that_cannot_be_asked_leave_the_others() {
    let (server, files) = (server(), Files::new());
    let file = files.write(
        "queries.txt",
        "www.demo.test A\r\nwww.demo.test\r\n\r\n;\r\na..b A\r\nwww.demo.test AAAA\r\nx NOTYPE\r\n",
    );
    let run = bench(&server, &["-d", &file, "--format", "json"]);
    run.assert_code(0);
    for (line, error) in
        [(2, "has a name and no type"), (5, "invalid name 'a..b'"), (7, "'NOTYPE'")]
    {
        let told = run.stderr.lines().find(|told| told.contains(&format!("{file}, line {line}: ")));
        assert!(told.is_some_and(|told| told.contains(error)), "{line}: {}", run.stderr);
    }
    let result = result(&run);
    assert_eq!((&result["queries"], &result["skipped_lines"]), (&2.into(), &3.into()));
    assert_eq!(result["servers"][0]["sent"], 2);
}

fn bench(server: &LoopbackServer, options: &[&str]) -> Run {
    let port = server.addr().port().to_string();
    run(&[&["bench", "-p", &port], options].concat())
}

/// The result in JSON, which keeps its contract.
#[track_caller]
fn result(run: &Run) -> Value {
    let result: Value = serde_json::from_str(&run.stdout)
        .unwrap_or_else(|error| panic!("{error}:\n{}\n{}", run.stdout, run.stderr));
    assert_valid("bench", &result);
    for server in result["servers"].as_array().unwrap() {
        let count = |name: &str| server[name].as_u64().unwrap();
        let parts = ["answered", "late", "lost", "interrupted"].map(count);
        assert_eq!(count("sent"), parts.iter().sum::<u64>(), "{server:#}");
        let rcodes = server["rcodes"].as_object().unwrap().values();
        assert_eq!(rcodes.map(|it| it.as_u64().unwrap()).sum::<u64>(), count("answered"));
    }
    result
}

#[test]
fn latency_is_shown_by_response_code_where_there_are_several() {
    let (server, files) = (server(), Files::new());
    let file = queries(&files, "\n");
    let text = bench(&server, &["-d", &file]).assert_code(0).stdout.clone();
    let table = text.split("Latency by response code:\n\n").nth(1).unwrap();
    let rows: Vec<Vec<&str>> =
        table.lines().take(3).map(|row| row.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["responses", "p50", "p90", "p99", "max"]);
    assert_eq!(rows[1][..2], ["NOERROR", "250"]);
    assert_eq!(rows[1].len(), 10, "four figures, each with its unit: {table}");
    assert_ne!(rows[2][0], "NOERROR");
    assert_eq!(rows[2][1], "250");
    // One code has the table of all.
    let run = run_with_input_to_text(&server, b"www.demo.test A\n");
    assert!(!run.contains("Latency by response code"), "{run}");
}

fn run_with_input_to_text(server: &LoopbackServer, input: &[u8]) -> String {
    let port = server.addr().port().to_string();
    run_with_input(&["bench", "-p", &port], input).assert_code(0).stdout.clone()
}

#[test]
fn every_query_is_sent_once_to_a_server_that_sees_as_many() {
    let (server, files) = (server(), Files::new());
    let file = queries(&files, "\n");
    let options = ["-d", &file, "-n", "4", "-c", "3", "-T", "2", "--format", "json"];
    let result = result(bench(&server, &options).assert_code(0));
    let of_server = &result["servers"][0];
    assert_eq!((&of_server["sent"], &of_server["answered"]), (&2_000.into(), &2_000.into()));
    assert_eq!(server.counts().queries(), 2_000);
    assert_eq!((&result["ended"], &result["mode"]), (&"end-of-file".into(), &"closed".into()));
    let latency = |name: &str| of_server["latency_us"][name].as_f64().unwrap();
    let rising = ["min", "p50", "p90", "p95", "p99", "p999", "max"].map(latency);
    assert!(rising.is_sorted() && rising[0] > 0.0, "{of_server:#}");
}

#[test]
fn a_response_code_is_a_response_and_nothing_is_asked_twice() {
    for effect in [Effect::Servfail, Effect::Refuse, Effect::Truncate] {
        let server = server_with([Fault::always(effect.clone())]);
        let run = run_with_input_to(&server, b"www.demo.test A\n", &["-n", "50"]);
        let result = result(run.assert_code(0));
        assert_eq!(result["servers"][0]["answered"], 50, "{effect:?}");
        assert_eq!(server.counts().queries(), 50, "{effect:?}");
    }
}

fn run_with_input_to(server: &LoopbackServer, input: &[u8], options: &[&str]) -> Run {
    let port = server.addr().port().to_string();
    run_with_input(&[&["bench", "-p", &port, "--format", "json"], options].concat(), input)
}

#[test]
fn what_is_answered_after_the_timeout_is_late_and_lost_to_dnsperf() {
    let delay = Fault::always(Effect::Delay(Delay::of_ms(300.0)));
    let server = server_with([delay]);
    let port = server.addr().port().to_string();
    // Each is lost before the next one is sent, and answered while that is waited for.
    let arguments = ["bench", "-p", &port, "-t", "0.2", "-q", "1", "-n", "5"];
    let text = run_with_input(&arguments, b"www.demo.test A\n");
    text.assert_code(0);
    let lost = Regex::new(r"(?m)^  Queries lost: +5 \(100.00%\)$").unwrap();
    assert!(lost.is_match(&text.stdout), "{}", text.stdout);
    let run =
        run_with_input(&[&arguments[..], &["--format", "json"]].concat(), b"www.demo.test A\n");
    let result = result(run.assert_code(0));
    let of_server = &result["servers"][0];
    let late = of_server["late"].as_u64().unwrap();
    assert!((1..=5).contains(&late), "{of_server:#}");
    assert_eq!(late + of_server["lost"].as_u64().unwrap(), 5);
    assert!(of_server["late_us"]["min"].as_f64().unwrap() >= 299_900.0, "{of_server:#}");
    assert_eq!((&of_server["answered"], &of_server["loss"]["estimate"]), (&0.into(), &1.0.into()));
}

#[test]
fn a_time_limit_goes_through_the_input_again_and_again() {
    let server = server();
    let run = run_with_input_to(&server, b"www.demo.test A\n", &["-l", "0.3", "-q", "5"]);
    let result = result(run.assert_code(0));
    assert_eq!(result["ended"], "time-limit");
    assert!(result["duration_ms"].as_u64().unwrap() >= 300);
    let sent = result["servers"][0]["sent"].as_u64().unwrap();
    assert!(sent > 5 && sent == server.counts().queries(), "{sent}");
}

#[test]
fn no_query_more_is_outstanding_than_was_said() {
    // Answers to nobody.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port().to_string();
    let arguments = [
        "bench", "-p", &port, "-q", "7", "-c", "2", "-T", "2", "-n", "50", "-t", "30", "--format",
        "json",
    ];
    let mut child = dnsonde(&arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"www.demo.test A\n").unwrap();
    let mut buffer = [0; 512];
    for _ in 0..7 {
        silent.recv_from(&mut buffer).unwrap();
    }
    super::stopping::interrupt(&child);
    let run = Run::of(child.wait_with_output().unwrap());
    let result = result(run.assert_code(1).assert_stderr("interrupted"));
    assert_eq!(result["ended"], "interrupted");
    let of_server = &result["servers"][0];
    assert_eq!((&of_server["sent"], &of_server["interrupted"]), (&7.into(), &7.into()));
}

#[test]
fn ctrl_c_ends_with_the_figures_so_far() {
    let server = server();
    let port = server.addr().port().to_string();
    let arguments = ["bench", "-p", &port, "-l", "600", "-v", "-d", "-"];
    let mut child = dnsonde(&arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"www.demo.test A\n").unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("> ") {
        line.clear();
        assert_ne!(stdout.read_line(&mut line).unwrap(), 0);
    }
    let form = Regex::new(r"^> NOERROR www\.demo\.test\. A \d+\.\d{6}\n$").unwrap();
    assert!(form.is_match(&line), "{line}");
    super::stopping::interrupt(&child);
    let rest: Vec<String> = stdout.lines().map(Result::unwrap).collect();
    let rest = rest.join("\n");
    assert!(rest.contains("[Status] Testing complete (interruption)\n\nStatistics:\n"), "{rest}");
    assert_eq!(figures("bench", &rest)[4], figures("bench", &rest)[1], "all answered are NOERROR");
    assert_eq!(super::stopping::end(child).0, Some(1));
}

#[test]
fn a_server_that_is_not_there_is_one_sentence() {
    let port = {
        let closed = UdpSocket::bind("127.0.0.1:0").unwrap();
        closed.local_addr().unwrap().port().to_string()
    };
    let arguments = ["bench", "-p", &port, "-t", "0.1", "-n", "100", "--format", "json"];
    let run = run_with_input(&arguments, b"www.demo.test A\n");
    run.assert_code(3).assert_stderr(&format!("127.0.0.1:{port} did not respond to any"));
    assert_eq!(result(&run)["servers"][0]["lost"], 100);
    // It is left when it has said nothing for long enough.
    let arguments = ["bench", "-p", &port, "-t", "0.1", "-l", "600", "--format", "json"];
    let run = run_with_input(&arguments, b"www.demo.test A\n");
    run.assert_code(3).assert_stderr("did not respond to anything within 2 s");
    assert_eq!(result(&run)["ended"], "silence");
}

#[test]
fn an_input_without_any_query_is_refused() {
    for (input, sentence) in [
        (&b""[..], "standard input: contains no query\n"),
        (b"; a comment\n\n", "standard input: contains no query\n"),
        (b"www.demo.test\n", "standard input: contains no query (1 line cannot be asked)"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03", "is compressed with gzip"),
    ] {
        let run = run_with_input(&["bench", "--format", "json"], input);
        run.assert_code(2).assert_stderr(sentence);
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn what_is_not_measured_and_what_contradicts_itself_is_refused_in_one_sentence() {
    for (options, sentence) in [
        (&["-u"][..], "-u is not supported: dynamic updates are not measured"),
        (&["-y", "name:c2VjcmV0"], "-y is not supported: queries are sent without TSIG"),
        (&["-m", "dot"], "-m dot is not supported: only UDP and TCP are measured"),
        (&["-m", "doh"], "-m doh is not supported: only UDP and TCP are measured"),
        (&["-m", "doq"], "-m doq is not supported: only UDP and TCP are measured"),
        (&["-l", "2", "-t", "3"], "-l 2 is shorter than -t 3"),
        (&["-v", "--format", "json"], "-v and --format json both want standard output"),
        (&["-W", "--format", "json"], "-W and --format json both want standard output"),
        (&["-q", "40000"], "-q 40000 is more than 1 client can have outstanding"),
        (&["-x", "65535", "-c", "2"], "-x 65535 leaves no ports for 2 clients"),
        (&["-Q", "0"], "-Q"),
        (&["-t", "0"], "not a number of seconds above 0"),
        (&["-l", "soon"], "not a number of seconds above 0"),
        (&["-E", "nsid"], "not CODE:VALUE"),
        (&["-E", "10:abc"], "not an even number of hexadecimal digits"),
        (&["-f", "inet6"], "no address of the requested family"),
        (&["-a", "::1"], "no address of the family of -a ::1"),
        (
            &["-s", "127.0.0.1", "-s", "127.0.0.1:53"],
            "-s names the server 127.0.0.1:53 more than once",
        ),
        (
            &["-s", "127.0.0.1", "-s", "127.0.0.2", "-q", "20000"],
            "can have outstanding at each server",
        ),
        (
            &["-s", "127.0.0.1", "-s", "127.0.0.2", "--baseline", "x"],
            "--baseline is for one server",
        ),
        (&["--baseline", "/nonexistent"], "/nonexistent: cannot be read: "),
        (&["--baseline", "/dev/null"], "/dev/null: is not the JSON of a bench run"),
        (&["-s", "tcp://127.0.0.1"], "-s takes a server without tcp://"),
        (&["-O", "num-queries-per-conn=3"], "-O num-queries-per-conn is for -m tcp only"),
        (&["-O", "doh-uri=x"], "'doh-uri' is not supported"),
        (&["-m", "tcp", "-x", "5000"], "-x and -b are for -m udp only"),
        (&["--open-loop", "9", "-q", "5"], "cannot be used with"),
        (&["--open-loop", "9", "-Q", "5"], "cannot be used with"),
        (&["--open-loop", "0"], "not a number of queries a second above 0"),
        (&["--max-in-flight", "9"], "--open-loop"),
        (&["--intervals", "-", "--format", "json"], "--intervals - and --format json both want"),
    ] {
        let run = run(&[&["bench", "-d", "/dev/null"], options].concat());
        run.assert_code(2).assert_stderr(sentence);
        assert_eq!(run.stdout, "", "{options:?}");
    }
}

#[test]
fn a_public_address_is_spared_and_told_unless_a_rate_is_named() {
    // Nothing is sent there: the input has no query.
    for (options, told) in [
        (&["-s", "192.0.2.53"][..], true),
        (&["-s", "192.0.2.53", "-Q", "5000"], false),
        (&["-s", "127.0.0.1"], false),
    ] {
        let run = run(&[&["bench", "-d", "/dev/null"], options].concat());
        let note = "dnsonde: at most 1000 queries a second, because 192.0.2.53 is a public address";
        assert_eq!(run.stderr.contains(note), told, "{options:?}: {}", run.stderr);
    }
}

#[test]
fn clients_have_the_ports_from_the_first_one_on() {
    let files = Files::new();
    let file = queries(&files, "\n");
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port().to_string();
    // Ports that are free, as far as the system says.
    let first = {
        let pair = (0..100).find_map(|_| {
            let one = UdpSocket::bind("0.0.0.0:0").unwrap();
            let first = one.local_addr().unwrap().port();
            UdpSocket::bind(("0.0.0.0", first.checked_add(1)?)).ok().map(|_| first)
        });
        pair.unwrap()
    };
    let first_text = first.to_string();
    let arguments =
        ["bench", "-p", &port, "-d", &file, "-x", &first_text, "-c", "2", "-T", "2", "-t", "30"];
    let child = dnsonde(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut ports = std::collections::BTreeSet::new();
    let mut buffer = [0; 512];
    for _ in 0..100 {
        ports.insert(silent.recv_from(&mut buffer).unwrap().1.port());
    }
    super::stopping::interrupt(&child);
    Run::of(child.wait_with_output().unwrap()).assert_code(1);
    assert_eq!(ports.into_iter().collect::<Vec<_>>(), [first, first + 1]);
}

#[test]
fn an_open_loop_sends_on_time_whatever_the_answers_do_and_counts_from_then() {
    // Each query takes 150 ms: a closed loop of one would send seven a second.
    let server = server_with([Fault::always(Effect::Delay(Delay::of_ms(150.0)))]);
    for arrivals in ["constant", "poisson"] {
        let options = ["--open-loop", "200", "--arrivals", arrivals, "-l", "1"];
        let run = run_with_input_to(&server, b"www.demo.test A\n", &options);
        let result = result(run.assert_code(0));
        assert_eq!((&result["mode"], &result["target_qps"]), (&"open".into(), &200.0.into()));
        let (of_server, client) = (&result["servers"][0], &result["client"]);
        let sent = of_server["sent"].as_u64().unwrap();
        // What a busy machine misses is not made up for.
        assert!((20..=280).contains(&sent), "{sent} {arrivals}: {client:#}");
        assert_eq!(&of_server["answered"], &of_server["sent"]);
        for name in ["min", "mean", "p50", "p99"] {
            let [latency, service, delay] = [
                &of_server["latency_us"][name],
                &of_server["service_us"][name],
                &client["send_delay_us"][name],
            ]
            .map(|figure| figure.as_f64().unwrap());
            assert!(service >= 149_000.0 && latency >= service && delay <= latency, "{name}");
        }
    }
}

#[test]
fn an_open_loop_that_is_held_back_says_so() {
    let server = server_with([Fault::always(Effect::Delay(Delay::of_ms(300.0)))]);
    let options = ["--open-loop", "500", "--max-in-flight", "2", "-l", "1"];
    let result = result(run_with_input_to(&server, b"www.demo.test A\n", &options).assert_code(0));
    let client = &result["client"];
    assert!(client["held_back"].as_u64().unwrap() > 0, "{client:#}");
    let warnings = client["warnings"].as_array().unwrap();
    assert!(warnings.iter().any(|warning| warning["id"] == "held-back"), "{client:#}");
    // No more than two at a time, of 300 ms each.
    assert!(result["servers"][0]["sent"].as_u64().unwrap() <= 10, "{result:#}");
}

#[test]
fn what_is_sent_to_warm_up_is_in_no_figure() {
    let server = server();
    let options = ["--warmup", "0.3", "-l", "0.3", "-q", "2", "-S", "0.1"];
    let result = result(run_with_input_to(&server, b"www.demo.test A\n", &options).assert_code(0));
    let sent = result["servers"][0]["sent"].as_u64().unwrap();
    assert!(sent > 0 && sent < server.counts().queries(), "{sent} of {:?}", server.counts());
    assert_eq!(result["warmup_ms"], 300);
    let duration = result["duration_ms"].as_u64().unwrap();
    assert!((300..600).contains(&duration), "{duration}");
}

#[test]
fn intervals_add_up_to_the_whole_and_each_has_its_line() {
    let (server, files) = (server(), Files::new());
    let queries = queries(&files, "\n");
    let lines = super::text(&files.path("intervals.jsonl"));
    for threads in ["1", "2"] {
        let options =
            ["-d", &queries, "-l", "0.5", "-q", "4", "-c", "2", "-T", threads, "-S", "0.1"];
        let options = [&options[..], &["--intervals", &lines, "--format", "json"]].concat();
        let result = result(bench(&server, &options).assert_code(0));
        let intervals = result["intervals"].as_array().unwrap();
        let written = std::fs::read_to_string(&lines).unwrap();
        let written: Vec<Value> =
            written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(&written, intervals);
        let numbers: Vec<u64> =
            intervals.iter().map(|it| it["interval"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
        assert!(intervals.len() >= 5, "{}", intervals.len());
        for name in ["sent", "answered"] {
            let sum: u64 = intervals.iter().map(|it| it[name].as_u64().unwrap()).sum();
            assert_eq!(sum, result["servers"][0][name].as_u64().unwrap(), "{name} of {threads}");
        }
    }
    let run = bench(&server, &["-d", &queries, "-l", "0.5", "-S", "0.1"]);
    let line = Regex::new(r"(?m)^\d{10}\.\d{6}: \d+\.\d{6}$").unwrap();
    assert!(line.find_iter(&run.assert_code(0).stdout).count() >= 5, "{}", run.stdout);
}

#[test]
fn a_condition_that_holds_fails_the_run_and_says_what_was_measured() {
    let server = server_with([Fault::always(Effect::Servfail)]);
    let port = server.addr().port().to_string();
    let bench = |conditions: &[&str]| {
        let conditions = conditions.iter().flat_map(|condition| ["--fail-if", condition]);
        let options: Vec<&str> = ["bench", "-p", &port].into_iter().chain(conditions).collect();
        run_with_input(&options, b"www.demo.test A\n")
    };
    let run = bench(&["p99>1us", "loss>0%", "qps<0.001", "errors>=100%"]);
    run.assert_code(1).assert_stderr("failed: errors>=100%, and it is 100.000 %");
    run.assert_stderr("failed: p99>1us, and it is ");
    assert!(!run.stderr.contains("loss") && !run.stderr.contains("qps"), "{}", run.stderr);
    bench(&["p99>60s", "loss>50%"]).assert_code(0);
    bench(&["p98>1s"]).assert_code(2).assert_stderr("'p98' is not measured");
}

#[test]
fn over_tcp_each_client_is_a_connection_and_handshakes_are_told_apart() {
    let (server, files) = (server(), Files::new());
    let file = queries(&files, "\n");
    let options = ["-d", &file, "-m", "tcp", "-c", "3", "-q", "30", "--format", "json"];
    let result = result(bench(&server, &options).assert_code(0));
    let of_server = &result["servers"][0];
    assert_eq!((&of_server["transport"], &of_server["answered"]), (&"tcp".into(), &500.into()));
    assert_eq!(of_server["connections"]["made"], 3, "{of_server:#}");
    assert!(of_server["connect_us"]["min"].as_f64().unwrap() > 0.0);
    assert_eq!(server.counts().tcp_queries, 500);
    let text = bench(&server, &["-d", &file, "-m", "tcp", "-c", "2"]);
    let form = Regex::new(r"(?m)^  Connection attempts:  2 \(2 successful, 100\.00%\)$").unwrap();
    assert!(form.is_match(&text.assert_code(0).stdout), "{}", text.stdout);
}

#[test]
fn a_connection_takes_no_more_queries_than_was_said() {
    let (server, files) = (server(), Files::new());
    let file = queries(&files, "\n");
    let options = ["-d", &file, "-m", "tcp", "-q", "10", "-O", "num-queries-per-conn=50"];
    let options = [&options[..], &["--format", "json"]].concat();
    let result = result(bench(&server, &options).assert_code(0));
    let of_server = &result["servers"][0];
    assert_eq!((&of_server["answered"], &of_server["lost"]), (&500.into(), &0.into()));
    assert_eq!(of_server["connections"]["made"], 10, "{of_server:#}");
}

#[test]
fn refused_connections_are_told() {
    let port = {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        closed.local_addr().unwrap().port().to_string()
    };
    let arguments = ["bench", "-p", &port, "-m", "tcp", "-n", "50", "--format", "json"];
    let run = run_with_input(&arguments, b"www.demo.test A\n");
    run.assert_code(3).assert_stderr("did not respond to any");
    run.assert_stderr("Connection refused");
    let result = result(&run);
    let of_server = &result["servers"][0];
    assert_eq!((&of_server["lost"], &of_server["undelivered"]), (&50.into(), &50.into()));
    assert_eq!(of_server["connections"]["made"], 0);
}

/// The comparison of two servers by a measure.
#[track_caller]
fn comparison<'a>(result: &'a Value, measure: &str) -> &'a Value {
    let all = result["comparisons"].as_array().unwrap();
    all.iter().find(|it| it["measure"] == measure).unwrap_or_else(|| panic!("{result:#}"))
}

#[test]
fn several_servers_get_the_same_queries_and_the_faster_one_is_told() {
    let slow = server_with([Fault::always(Effect::Delay(Delay::of_ms(30.0)))]);
    let (fast, files) = (server(), Files::new());
    let [a, b] = [&slow, &fast].map(|server| server.addr().to_string());
    let queries = queries(&files, "\n");
    let options =
        ["bench", "-s", &a, "-s", &b, "-d", &queries, "-n", "4", "-q", "50", "-c", "2", "-T", "2"];
    let run = run(&[&options[..], &["--format", "json"]].concat());
    let result = result(run.assert_code(0));
    for (place, server) in [&slow, &fast].into_iter().enumerate() {
        let of_server = &result["servers"][place];
        assert_eq!((&of_server["sent"], &of_server["answered"]), (&2_000.into(), &2_000.into()));
        assert_eq!(server.counts().queries(), 2_000);
    }
    let median = comparison(&result, "p50");
    assert_eq!((&median["a"], &median["b"]), (&a.as_str().into(), &b.as_str().into()));
    assert_eq!(median["verdict"], "b-faster", "{result:#}");
    let [low, difference, high] =
        ["low_us", "difference_us", "high_us"].map(|name| median[name].as_f64().unwrap());
    assert!(0.0 < low && low <= difference && difference <= high, "{median:#}");
    assert_eq!(comparison(&result, "loss")["verdict"], "no-difference");
}

#[test]
fn an_open_loop_asks_each_of_several_servers_at_its_rate_and_says_who_is_faster() {
    let slow = server_with([Fault::always(Effect::Delay(Delay::of_ms(50.0)))]);
    let fast = server();
    let [a, b] = [&slow, &fast].map(|server| server.addr().to_string());
    let options = ["bench", "-s", &a, "-s", &b, "--open-loop", "400", "-l", "1"];
    let run = run_with_input(&options, b"www.demo.test A\n");
    run.assert_code(0);
    let [of_slow, of_fast] = [&slow, &fast].map(|server| server.counts().queries());
    // They take turns: the last query may have got to one of them only.
    assert!(of_slow.abs_diff(of_fast) <= 1, "{of_slow} {of_fast}");
    let form = format!(
        r"(?m)^  {} is \d+\.\d{{3}} ms faster than {} at the median \(95 %: \d+\.\d{{3}} ms to \d+\.\d{{3}} ms\)$",
        regex::escape(&b),
        regex::escape(&a)
    );
    assert!(Regex::new(&form).unwrap().is_match(&run.stdout), "{}", run.stdout);
    let none = format!("  {a} and {b}: no difference shown in loss; one of ");
    assert!(run.stdout.contains(&none), "{}", run.stdout);
    // Each has dnsperf's lines.
    assert_eq!(run.stdout.matches("\n  Queries per second:   ").count(), 2, "{}", run.stdout);
    assert_eq!(run.stdout.matches(&format!("\nServer {a}\n")).count(), 1, "{}", run.stdout);
}

#[test]
fn a_server_of_several_that_does_not_respond_is_told() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (there, files) = (server(), Files::new());
    let [a, b] = [silent.local_addr().unwrap(), there.addr()].map(|address| address.to_string());
    let queries = queries(&files, "\n");
    let options = ["bench", "-s", &a, "-s", &b, "-d", &queries, "-t", "0.3", "-q", "500"];
    let options = [&options[..], &["--fail-if", "loss>50%", "--format", "json"]].concat();
    let run = run(&options);
    run.assert_code(3).assert_stderr(&format!("{a} did not respond to any query"));
    run.assert_stderr(&format!("failed: loss>50% of {a}, and it is 100.000 %"));
    assert!(!run.stderr.contains(&format!("{b} did not")), "{}", run.stderr);
    let result = result(&run);
    assert_eq!(
        (&result["servers"][0]["lost"], &result["servers"][1]["answered"]),
        (&500.into(), &500.into())
    );
}

#[test]
fn an_earlier_run_is_compared_with_and_what_was_different_then_is_told() {
    let slow = server_with([Fault::always(Effect::Delay(Delay::of_ms(30.0)))]);
    let (fast, files) = (server(), Files::new());
    let queries = queries(&files, "\n");
    let earlier =
        bench(&fast, &["-d", &queries, "-q", "20", "-l", "1", "-t", "1", "--format", "json"]);
    result(earlier.assert_code(0));
    let baseline = files.write("earlier.json", &earlier.stdout);
    let options = ["-d", &queries, "-q", "50", "-l", "1", "-t", "1", "--baseline", &baseline];
    let run = bench(&slow, &[&options[..], &["--format", "json"]].concat());
    let result = result(run.assert_code(0));
    let compared = &result["baseline"];
    let median = comparison(compared, "p50");
    assert_eq!(median["verdict"], "b-faster", "{compared:#}");
    assert_eq!(median["b"], fast.addr().to_string());
    assert!(median["low_us"].as_f64().unwrap() > 0.0, "{median:#}");
    let conditions = compared["conditions"].as_array().unwrap();
    let different = |text: &str| conditions.iter().any(|it| it == text);
    assert!(
        different("the limit of queries outstanding was 20 then, and is 50 now"),
        "{conditions:?}"
    );
    assert!(
        different(&format!("the server was {} then, and is {} now", fast.addr(), slow.addr())),
        "{conditions:?}"
    );
    assert!(!conditions.iter().any(|it| it.as_str().unwrap().contains("processors")));
    let text = bench(&slow, &options);
    let form = format!(
        r"(?m)^  {} before is \d+\.\d{{3}} ms faster than {} at the median \(95 %: ",
        regex::escape(&fast.addr().to_string()),
        regex::escape(&slow.addr().to_string())
    );
    assert!(Regex::new(&form).unwrap().is_match(&text.assert_code(0).stdout), "{}", text.stdout);
}

#[test]
fn a_file_with_results_of_other_servers_is_no_baseline() {
    let (one, other, asked) = (server(), server(), server());
    let files = Files::new();
    let queries = queries(&files, "\n");
    let [a, b] = [&one, &other].map(|server| server.addr().to_string());
    let both = run(&["bench", "-s", &a, "-s", &b, "-d", &queries, "--format", "json"]);
    let baseline = files.write("both.json", &both.assert_code(0).stdout);
    let options = ["-d", &queries, "--baseline", &baseline, "--format", "json"];
    let sentence = format!("has results of several servers, and none of {}", asked.addr());
    bench(&asked, &options).assert_code(2).assert_stderr(&sentence);
    let result = result(bench(&other, &options).assert_code(0));
    assert_eq!(result["baseline"]["server"], b);
}
