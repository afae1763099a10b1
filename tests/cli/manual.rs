//! Manual pages as `man` shows them. `DNSONDE_REQUIRE_TOOLS` makes it a failure that it is not there, as
//! in CI.

use std::io::Write;
use std::process::{Command, Stdio};

use super::run;

const COMMANDS: [&[&str]; 11] = [
    &[],
    &["query"],
    &["verify"],
    &["diagnose"],
    &["scan"],
    &["demo"],
    &["demo", "scan"],
    &["playground"],
    &["decode"],
    &["rrcheck"],
    &["man"],
];

/// A page as it is on a terminal of so many columns.
fn shown(words: &[&str], columns: &str) -> Option<String> {
    let page = run(&[&["man"], words].concat());
    page.assert_code(0);
    let mut man = Command::new("man");
    // Without its hyphens, and without overstriking.
    man.args(["--warnings", "--no-hyphenation", "-P", "cat", "-l", "-"]);
    man.env("MANWIDTH", columns).env("LC_ALL", "C.UTF-8").env("MAN_KEEP_FORMATTING", "");
    let child = man.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            let required = std::env::var_os("DNSONDE_REQUIRE_TOOLS").is_some();
            assert!(!required, "man cannot be run: {error}");
            eprintln!("skipped: man cannot be run: {error}");
            return None;
        }
    };
    child.stdin.take().unwrap().write_all(page.stdout.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let complaints = String::from_utf8(output.stderr).unwrap();
    // On a narrow page some words are longer than a line.
    let is_width =
        |line: &&str| line.contains("cannot adjust line") || line.contains("can't break");
    let complaint = complaints.lines().find(|line| columns == "80" || !is_width(line));
    assert_eq!(complaint, None, "of the page of {words:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn each_command_has_a_page_with_its_name_its_usage_and_the_version_in_the_footer() {
    for words in COMMANDS {
        let Some(page) = shown(words, "80") else { return };
        let name = [&["dnsonde"], words].concat();
        let title = format!("{}(1)", name.join("-"));
        let first = page.lines().next().unwrap();
        assert!(first.starts_with(&title) && first.ends_with(&title), "{first}");
        let last = page.lines().rfind(|line| !line.is_empty()).unwrap();
        let version = concat!("dnsonde ", env!("CARGO_PKG_VERSION"));
        assert!(last.starts_with(version) && last.ends_with(&title), "{last}");
        let usage = format!("\n       {} ", name.join(" "));
        assert!(page.contains(&usage), "no {usage:?} in {page}");
    }
}

#[test]
fn tables_and_examples_stand_in_a_page_as_in_the_help() {
    let of_widths =
        COMMANDS.iter().flat_map(|words| [(words, "40"), (words, "80"), (words, "132")]);
    for (words, columns) in of_widths {
        let Some(page) = shown(words, columns) else { return };
        let help = run(&[*words, &["--help"]].concat());
        let mut in_examples = false;
        let table = help.stdout.lines().filter(|line| {
            in_examples |= *line == "Examples:";
            line.starts_with(if in_examples { "  " } else { "  +" })
        });
        let table: Vec<_> = table.collect();
        assert!(!table.is_empty(), "there is no example of {words:?}");
        for line in table {
            assert!(page.contains(&format!("\n       {line}\n")), "{line:?} is not in {page}");
        }
    }
}

#[test]
fn a_page_of_no_command_is_refused_with_those_that_there_are() {
    run(&["man", "nosuch"]).assert_code(2).assert_stderr("scan");
    run(&["man", "scan", "nosuch"]).assert_code(2).assert_stderr("unknown command 'scan nosuch'");
}

#[test]
fn the_version_is_that_of_the_program_in_every_command() {
    for words in COMMANDS {
        let version = run(&[words, &["--version"]].concat());
        version.assert_code(0);
        assert_eq!(version.stdout, concat!("dnsonde ", env!("CARGO_PKG_VERSION"), "\n"));
    }
}
