//! The command line, end to end: the real program against servers on loopback.

#[cfg(target_os = "linux")]
mod absence;
mod bench;
#[cfg(target_os = "linux")]
mod completion;
mod demo;
mod diagnose;
mod dig;
mod edns;
#[cfg(unix)]
mod files;
mod forgery;
mod hostile;
#[cfg(target_os = "linux")]
mod iterative;
#[cfg(unix)]
mod limits;
mod lists;
mod manual;
mod names;
mod playground;
mod query;
mod readers;
mod scan;
mod servers;
mod standard;
mod stopping;
mod tcp;
#[cfg(target_os = "linux")]
mod terminal;
mod text_files;
mod unmatched;
mod usage;
mod verify;
mod verify_inputs;
#[cfg(target_os = "linux")]
mod world;
#[cfg(unix)]
mod wrong_input;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use dnsonde::playground::{Faults, LoopbackServer};
use serde_json::Value;

/// A server without faults.
fn server() -> LoopbackServer {
    server_with(Faults::default())
}

fn server_with(faults: impl Into<Faults>) -> LoopbackServer {
    LoopbackServer::start("127.0.0.1:0".parse().unwrap(), faults).unwrap()
}

/// The program, with nothing from the environment of the test that could change its output.
fn dnsonde(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dnsonde"));
    command.args(args).stdin(Stdio::null()).env("COLUMNS", "100");
    command
}

/// Runs the program to its end.
fn run(args: &[&str]) -> Run {
    Run::of(dnsonde(args).output().unwrap())
}

/// Runs the program with `input` on its standard input.
fn run_with_input(args: &[&str], input: &[u8]) -> Run {
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, input).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    Run::of(dnsonde(args).stdin(file).output().unwrap())
}

/// What a run left behind.
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The JSON lines of standard output.
    fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[track_caller]
    fn assert_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    fn assert_stderr(&self, text: &str) -> &Self {
        assert!(self.stderr.contains(text), "'{text}' is not in stderr:\n{}", self.stderr);
        self
    }
}

/// Files for one test, gone afterwards.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, octets: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, octets).unwrap();
        text(&path)
    }
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// Asserts that `instance` keeps the contract in `schemas/NAME.schema.json`.
#[track_caller]
fn assert_valid(schema: &str, instance: &Value) {
    let path = format!("{}/schemas/{schema}.schema.json", env!("CARGO_MANIFEST_DIR"));
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(instance).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?} in {instance:#}");
}
