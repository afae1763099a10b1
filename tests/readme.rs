//! The samples of the README, against what the program writes today.
//!
//! A marker stands before each block of output:
//!
//! - `<!-- sample: report SCENARIO -->`: the report of a built-in world up to its records, under virtual
//!   time with one seed.
//! - `<!-- sample: commands SCENARIO -->`: commands after `$ `, each with its output, run while the
//!   world is served on loopback. What differs on every run is put as [`steady`] says.
//!
//! `DNSONDE_RECORD=1 cargo test --test readme` writes them anew.
#![cfg(target_os = "linux")]

#[expect(dead_code, reason = "half of it is for the tests of findings")]
#[path = "verify/harness.rs"]
mod harness;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use dnsonde::playground::{Scenario, World, serve};
use dnsonde::report::judgement::{Style, write_report_text};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
const MARKER: &str = "<!-- sample: ";
/// What the README says for the port of the world.
const PORT: &str = "5353";

#[test]
fn the_samples_of_the_readme_are_what_the_program_writes() {
    let readme = std::fs::read_to_string(README).unwrap();
    let fresh = with_fresh_samples(&readme);
    if std::env::var_os("DNSONDE_RECORD").is_some() {
        std::fs::write(README, fresh).unwrap();
    } else {
        assert!(
            fresh == readme,
            "DNSONDE_RECORD=1 cargo test --test readme writes the samples anew:\n{}",
            difference(&readme, &fresh)
        );
    }
}

#[test]
fn every_block_of_output_in_the_readme_is_a_sample() {
    let readme = std::fs::read_to_string(README).unwrap();
    let mut before = "";
    for line in readme.lines() {
        if matches!(line, "```text" | "```console") {
            assert!(before.starts_with(MARKER), "a block without a marker, after {before:?}");
        }
        before = line;
    }
}

#[test]
fn the_readme_has_at_most_200_lines() {
    let readme = std::fs::read_to_string(README).unwrap();
    assert!(readme.lines().count() <= 200, "{} lines", readme.lines().count());
}

/// The README with what the program writes today in place of its samples.
fn with_fresh_samples(readme: &str) -> String {
    let mut fresh = String::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        let _ = writeln!(fresh, "{line}");
        let Some(marker) = line.strip_prefix(MARKER) else { continue };
        let words: Vec<&str> = marker.trim_end_matches(" -->").split(' ').collect();
        let fence = lines.next().expect("a block follows a marker");
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let sample = match words[..] {
            ["report", scenario] => report(scenario),
            ["commands", scenario] => outputs(scenario, &block),
            _ => panic!("no such sample: {marker}"),
        };
        let _ = write!(fresh, "{fence}\n{sample}```\n");
    }
    fresh
}

/// A report up to its records: what is wrong, and what to do.
fn report(scenario: &str) -> String {
    let scenario = Arc::new(Scenario::named(scenario).unwrap().unwrap());
    let mut text = Vec::new();
    let report = harness::examine(&scenario, 1).report;
    write_report_text(&report, Style::new(Some(80), false), &mut text);
    let text = String::from_utf8(text).unwrap();
    let (answer, _) = text.split_once("\n\nRecords").expect("a report has records");
    format!("{answer}\n")
}

/// The commands of a block, each with what it writes, while a world is served on loopback.
fn outputs(scenario: &str, block: &[&str]) -> String {
    let scenario = Scenario::named(scenario).unwrap().unwrap().on_loopback().unwrap();
    let scenario = Arc::new(scenario);
    let service = serve(World::new(Arc::clone(&scenario), 1), 0).unwrap();
    let port = service.port().to_string();
    let directory = tempfile::tempdir().unwrap();
    let commands: Vec<&str> = block.iter().filter_map(|line| line.strip_prefix("$ ")).collect();
    assert!(!commands.is_empty(), "a block without a command");
    let mut text = String::new();
    for command in commands {
        let output = steady(&run(&command.replace(PORT, &port), directory.path()), &port);
        let _ = write!(text, "$ {command}\n{output}");
    }
    text
}

/// What a command line writes to standard output and standard error.
fn run(line: &str, directory: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_dnsonde")).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-c", &format!("{{ {line}\n}} 2>&1")])
        .current_dir(directory)
        .env("PATH", format!("{}:{path}", program.display()))
        .env("COLUMNS", "80")
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout).unwrap()
}

/// Output with the same IDs, ports and times on every run.
fn steady(output: &str, port: &str) -> String {
    let digit = |c: char| c.is_ascii_digit();
    let number = |c: char| c.is_ascii_digit() || c == '.';
    let mut text = with_port(output, port);
    for (before, after, with) in [
        (", id: ", "\n", "4711"),
        (", id ", ":", "4711"),
        (" from port ", ",", "50123"),
        ("\"rtt_us\":", ",", "1234"),
        ("(", "/s)", "1000"),
    ] {
        text = replaced(&text, before, digit, after, with);
    }
    for (before, after, with) in
        [(" in ", " ms", "1.234"), ("Query time: ", " ms", "1.234"), (" in ", " s ", "0.0")]
    {
        text = replaced(&text, before, number, after, with);
    }
    replaced(&text, "WHEN: ", |c| c != '\n', "\n", "2026-01-01T00:00:00Z")
}

/// `text` with `with` in place of what stands between `before` and `after`, where all of it is `of`
/// that kind.
fn replaced(
    text: &str,
    before: &str,
    of: impl Fn(char) -> bool + Copy,
    after: &str,
    with: &str,
) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(before) {
        let (head, tail) = rest.split_at(at + before.len());
        out.push_str(head);
        let end = tail.find(|c| !of(c)).unwrap_or(tail.len());
        let is_value = end > 0 && tail[end..].starts_with(after);
        out.push_str(if is_value { with } else { &tail[..end] });
        rest = &tail[end..];
    }
    out + rest
}

/// `text` with [`PORT`] in place of `port`.
fn with_port(text: &str, port: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        out.push_str(&rest[..at]);
        let end = rest[at..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |end| at + end);
        let number = &rest[at..end];
        out.push_str(if number == port { PORT } else { number });
        rest = &rest[end..];
    }
    out + rest
}

/// The lines that differ.
fn difference(is: &str, should: &str) -> String {
    let (is, should): (Vec<&str>, Vec<&str>) = (is.lines().collect(), should.lines().collect());
    let gone = is.iter().filter(|line| !should.contains(line)).map(|line| format!("-{line}\n"));
    let come = should.iter().filter(|line| !is.contains(line)).map(|line| format!("+{line}\n"));
    gone.chain(come).collect()
}
