//! `dnsonde demo` shows what it promises.

use super::{Files, run, text};

#[test]
fn every_name_of_the_demo_scan_gets_its_right_answer() {
    let files = Files::new();
    let out = text(&files.path("lines.jsonl"));
    let run = run(&["demo", "scan", "--names", "5000", "-o", &out]);
    run.assert_code(0);
    assert!(run.stdout.contains("5,000 answered correctly"), "{}", run.stdout);
    for role in ["healthy", "lossy", "difficult"] {
        assert!(run.stdout.contains(&format!("\n  {role} ")), "{}", run.stdout);
    }
    assert_eq!(std::fs::read_to_string(out).unwrap().lines().count(), 5000);
}

#[test]
fn the_demo_scan_fits_a_narrow_terminal() {
    let mut command = super::dnsonde(&["demo", "scan", "--names", "1000"]);
    let output = command.env("COLUMNS", "40").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    // What is to be copied stays whole: the command, and the lines of the output.
    let is_whole = |line: &&str| line.starts_with("  {") || line.contains("scan names.txt");
    let mut lines = text.lines().filter(|line| !is_whole(line));
    assert_eq!(lines.find(|line| line.chars().count() > 40), None, "{text}");
}

#[test]
fn the_story_of_the_demo_is_told_and_its_faults_are_found() {
    let run = run(&["demo"]);
    run.assert_code(0);
    for part in ["no packet leaves", "ns4.example.com does not have the 3 records", "What to do:"] {
        assert!(run.stdout.contains(part), "{part} is not in {}", run.stdout);
    }
}
