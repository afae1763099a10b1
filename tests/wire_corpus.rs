//! Runs every file of the fuzz targets' corpora, so that what was once found stays found, and is
//! tested where there is no fuzzer.

#[path = "../fuzz/src/lib.rs"]
#[allow(dead_code, reason = "what is there for other users of the checks")]
mod checks;

use std::path::Path;

/// Gives each file of a target's corpus to its check; there must be some.
fn run(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files = 0;
    for entry in entries {
        let path = entry.unwrap().path();
        let octets = std::fs::read(&path).unwrap();
        println!("{}", path.display());
        check(&octets);
        files += 1;
    }
    assert!(files >= 10, "{} has only {files} files", folder.display());
}

#[test]
fn messages_are_read_to_their_end() {
    run("message", checks::message);
}

#[test]
fn messages_that_are_built_again_read_the_same() {
    run("rebuild", checks::rebuild);
}

#[test]
fn names_read_back() {
    run("name", checks::name);
}

#[test]
fn rdata_reads_back_from_its_text() {
    run("rdata", checks::rdata);
}

#[test]
fn records_read_back_from_their_text() {
    run("text", checks::text);
}

#[test]
fn what_every_renderer_shows_reads_back() {
    run("render", checks::render);
}

#[test]
fn what_the_references_take_has_the_same_content() {
    run("differential", checks::differential);
}

#[test]
fn lists_of_names_are_asked_as_they_are_written() {
    run("names", checks::names);
}

#[test]
fn captures_and_dumps_are_read_to_their_end() {
    run("decode", checks::decode);
}

#[test]
fn lists_of_servers_read_the_same_once_more() {
    run("servers", checks::servers);
}

#[test]
fn every_target_of_the_fuzzer_has_a_test_here() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    let this = include_str!("wire_corpus.rs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let target = path.file_stem().unwrap().to_str().unwrap();
        assert!(this.contains(&format!("checks::{target});")), "{target}");
    }
}
