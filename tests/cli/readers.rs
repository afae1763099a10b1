//! What every command writes for programs, read by programs of others: Python's `json` and `csv`, and
//! `jq`. `DNSONDE_REQUIRE_TOOLS` makes it a failure that one of them is not there, as in CI.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::hostile::{Hostile, answers};
use super::{Files, run, run_with_input, text};

const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/readers.py");

/// Whether the tools are there; where not, says why the test is skipped.
fn have_tools() -> bool {
    let missing: Vec<&str> = ["python3", "jq"]
        .into_iter()
        .filter(|tool| {
            let mut command = Command::new(tool);
            let run = command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
            !run.is_ok_and(|status| status.success())
        })
        .collect();
    if missing.is_empty() {
        return true;
    }
    let reason = format!("{} cannot be run", missing.join(" and "));
    assert!(std::env::var_os("DNSONDE_REQUIRE_TOOLS").is_none(), "{reason}");
    eprintln!("skipped: {reason}");
    false
}

/// What a program writes that gets `input` on its standard input.
#[track_caller]
fn read_by(program: &str, args: &[&str], input: &str) -> Vec<u8> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(input.as_bytes()).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let output = Command::new(program).args(args).stdin(file).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {errors}in\n{input}");
    output.stdout
}

/// Has both read lines of JSON, and asserts that they read the same as serde does.
#[track_caller]
fn assert_json(what: &str, output: &str) -> Vec<Value> {
    assert!(!output.is_empty(), "{what} wrote nothing");
    assert!(output.bytes().all(|octet| matches!(octet, b'\n' | b' '..=b'~')), "{what}: {output}");
    let ours: Vec<Value> = output
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{what}: {e} in {line}")))
        .collect();
    let python = read_by("python3", &[PYTHON, "json"], output);
    assert_eq!(serde_json::from_slice::<Vec<Value>>(&python).unwrap(), ours, "{what}: Python");
    let jq = String::from_utf8(read_by("jq", &["--compact-output", "."], output)).unwrap();
    let jq: Vec<Value> = jq.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        jq.into_iter().map(as_doubles).collect::<Vec<_>>(),
        ours.iter().cloned().map(as_doubles).collect::<Vec<_>>(),
        "{what}: jq"
    );
    ours
}

/// A value with its numbers as jq keeps them.
fn as_doubles(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().into(),
        Value::Array(items) => items.into_iter().map(as_doubles).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, as_doubles(value))).collect()
        }
        other => other,
    }
}

/// Has Python read a table, and gives its rows by the names of their columns.
#[track_caller]
fn assert_csv(output: &str) -> Vec<Value> {
    assert!(output.is_ascii());
    let table = read_by("python3", &[PYTHON, "csv"], output);
    let table: Vec<Vec<String>> = serde_json::from_slice(&table).unwrap();
    let (header, rows) = table.split_first().unwrap();
    let row = |row: &Vec<String>| header.iter().cloned().zip(row.iter().cloned()).collect();
    rows.iter().map(row).collect()
}

#[test]
fn lines_of_scan_in_every_format() {
    if !have_tools() {
        return;
    }
    let server = Hostile::start();
    let files = Files::new();
    let (at, stats) = (server.addr.to_string(), text(&files.path("stats.json")));
    let input = Hostile::names() + "a b\"\\\n\u{202e}..x\nnone.x,TXT\n";
    let scan = |more: &[&str]| {
        let scan = ["scan", "-r", &at, "--timeout", "300", "--retries", "1", "--threads", "1"];
        let run = run_with_input(&[&scan, more].concat(), input.as_bytes());
        run.assert_code(0);
        run.stdout
    };
    let jsonl = assert_json("jsonl", &scan(&["--attempts", "--stats", &stats]));
    assert_eq!(jsonl.len(), answers().len() + 3);
    for format in ["massdns", "zdns"] {
        assert_eq!(assert_json(format, &scan(&["--format", format])).len(), jsonl.len());
    }
    // It is one object on many lines.
    let stats = std::fs::read_to_string(stats).unwrap();
    assert_json("stats", &(stats.trim_end().replace('\n', " ") + "\n"));
    let rows = assert_csv(&scan(&["--format", "csv"]));
    assert!(rows.len() >= jsonl.len());
    // The same records, whoever reads them, in whatever format.
    for line in &jsonl {
        let of_line: Vec<&Value> =
            rows.iter().filter(|row| row["name"] == line["name"] && row["rr_name"] != "").collect();
        let answers = line["answers"].as_array().unwrap();
        assert_eq!(of_line.len(), answers.len(), "{line:#}");
        for (row, answer) in of_line.iter().zip(answers) {
            assert_eq!(
                [&row["rr_name"], &row["rr_type"], &row["rr_class"], &row["rr_data"]],
                [&answer["name"], &answer["type"], &answer["class"], &answer["data"]]
            );
        }
    }
}

#[test]
fn what_query_and_decode_and_rrcheck_write() {
    if !have_tools() {
        return;
    }
    let server = Hostile::start();
    let at = format!("@{}", server.addr);
    let (mut queries, mut messages) = (String::new(), String::new());
    for (name, (counts, records)) in answers() {
        let args = ["query", &at, &format!("{name}.x"), "--format", "json", "+timeout=5"];
        queries += &run(&args).stdout;
        let mut message = b"\0\x01\x80\0\0\x01\0\0\0\0\0\0\x04".to_vec();
        for (i, count) in counts.into_iter().enumerate() {
            message[7 + 2 * i] = count;
        }
        message.extend(name.bytes().chain(*b"\x01x\0\0\x01\0\x01").chain(records));
        messages.extend(message.iter().map(|octet| format!("{octet:02x}")));
        messages += "\n\n";
    }
    queries += &run(&["query", &at, "none.x", "--format", "json", "+timeout=1", "+retry=0"]).stdout;
    let queries = assert_json("query", &queries);
    let decode = run_with_input(&["decode", "--hex", "--format", "json"], messages.as_bytes());
    let decoded = assert_json("decode", &decode.assert_code(1).stdout);
    assert_eq!((queries.len(), decoded.len()), (answers().len() + 1, answers().len()));
    for (query, message) in queries.iter().zip(&decoded) {
        for member in ["questions", "answers", "authorities", "additionals", "edns"] {
            assert_eq!(query[member], message[member], "{query:#}");
        }
    }
    let nothing = run_with_input(&["decode", "--format", "json", "--octets"], b"\"\\");
    assert_json("decode", &nothing.assert_code(1).stdout);

    let records = "\\\"\\\\\\027\\.x. CH A \\\"b. 17\nx. TXT \"\\\"\\\\\\255\" \\\"\nx. CLASS65280 AAAA \\# 2 225c\n\
                   x. A \"\\\n\u{1b}\n";
    let checked = run_with_input(&["rrcheck", "--format", "json"], records.as_bytes());
    assert_json("rrcheck", &checked.assert_code(1).stdout);
}

#[cfg(target_os = "linux")]
#[test]
fn reports_and_traces_of_a_world() {
    use super::world::Served;
    use dnsonde::playground::Scenario;

    const WORLD: &str = r#"
base = "ses"
title = "Text that is not led astray"
story = "Names and data with quotes, backslashes and controls."

[expect]
findings = []
verdict = "verified"

[[zone]]
name = "example.com"
add = '''
odd     TXT    "\"\\,;\027[2J\255" "\010\013"
'''
"#;
    if !have_tools() {
        return;
    }
    let served = Served::new(Scenario::from_toml("odd", WORLD).unwrap());
    let (hints, port) = (served.hints(), served.port());
    let way = ["--root-hints", &hints, "--port", &port];
    let trace =
        run(&[&["query", "--trace", "odd.example.com", "TXT", "--format", "json"], &way[..]]
            .concat());
    let trace = assert_json("trace", &trace.assert_code(0).stdout);
    let data = trace[0]["paths"][0]["answers"][0]["answers"][0]["data"].as_str().unwrap();
    assert_eq!(data, "\"\\\"\\\\,;\\027[2J\\255\" \"\\010\\013\"");

    let expect = "odd.example.com TXT \"\\\"\\\\,;\\027[2J\\255\" \"\\010\\014\"";
    let verify = ["verify", "example.com", "--expect", expect, "--rate", "200"];
    let verify = |format| run(&[&verify[..], &way, &["--format", format]].concat());
    let report = assert_json("report", &verify("json").assert_code(1).stdout);
    assert!(
        report[0]["records"][0]["servers"].to_string().contains("\\\\027[2J"),
        "{:#}",
        report[0]
    );
    let page = verify("html").assert_code(1).stdout.clone();
    let read = "import html.parser, sys\n\
                class Reader(html.parser.HTMLParser):\n\
                \x20   def handle_data(self, data): print(data)\n\
                Reader().feed(sys.stdin.read())\n";
    let page = String::from_utf8(read_by("python3", &["-c", read], &page)).unwrap();
    assert!(page.contains("\"\\\"\\\\,;\\027[2J\\255\" \"\\010\\013\""), "{page}");
}

#[test]
fn the_demonstrations() {
    if !have_tools() {
        return;
    }
    let files = Files::new();
    let lines = text(&files.path("lines.jsonl"));
    run(&["demo", "scan", "--names", "300", "-o", &lines]).assert_code(0);
    assert_json("demo scan", &std::fs::read_to_string(lines).unwrap());
    assert_json("demo", &run(&["demo", "--format", "json"]).stdout);
}
