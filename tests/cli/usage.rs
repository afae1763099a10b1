//! Command lines and files that make no sense: one sentence, and exit status 2 or 3.

use super::{Files, run, run_with_input, text};

#[test]
fn help_has_examples_for_every_command() {
    let top = run(&["--help"]);
    top.assert_code(0);
    for command in ["query", "scan", "bench", "demo", "decode", "rrcheck", "completions", "man"] {
        assert!(top.stdout.contains(&format!("\n  {command} ")), "{command}:\n{}", top.stdout);
        let help = run(&[command, "--help"]);
        help.assert_code(0);
        assert!(help.stdout.contains("\nExamples:\n"), "{command}:\n{}", help.stdout);
    }
}

#[test]
fn completions_and_manual_pages_are_written() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(run(&["completions", shell]).assert_code(0).stdout.contains("dnsonde"));
    }
    for args in [&["man"][..], &["man", "scan"], &["man", "query"]] {
        assert!(run(args).assert_code(0).stdout.contains(".TH "));
    }
    run(&["man", "nothing"]).assert_code(2);
}

#[test]
fn what_contradicts_itself_is_refused() {
    let files = Files::new();
    let names = files.write("names.txt", "a.demo.test\n");
    let out = text(&files.path("out"));
    for (args, sentence) in [
        (&["scan", &names, "-r", "127.0.0.1", "-t", "FOO"][..], "'FOO'"),
        (&["scan", &names, "-r", "127.0.0.1", "-t", "AXFR"], "AXFR"),
        (&["scan", &names, "-r", "127.0.0.1:x"], "invalid server"),
        (
            &["scan", &names, "-r", "127.0.0.1,tcp://127.0.0.2"],
            "tcp:// must be on all servers or on none",
        ),
        (&["scan", &names, "-r", "127.0.0.1", "--no-edns", "--dnssec"], "cannot be used with"),
        (&["scan", &names, "-r", "127.0.0.1", "--attempts", "--format", "csv"], "--attempts"),
        (&["scan", &names, "-r", "127.0.0.1", "--rate", "0"], "--rate"),
        (&["scan", &names, "-r", "127.0.0.1", "--rate", "NaN"], "--rate"),
        (&["scan", &names, "-r", "127.0.0.1", "--concurrency", "0"], "--concurrency"),
        (&["scan", &names, "-r", "127.0.0.1", "--threads", "0"], "--threads"),
        (&["scan", &names, "-r", "127.0.0.1", "-o", &names], "the output would overwrite it"),
        (&["scan", &names, "-r", "127.0.0.1", "-o", &out, "--stats", &out], "the same file"),
        (
            &["scan", "/nonexistent/names", "-r", "127.0.0.1"],
            "/nonexistent/names: cannot be opened",
        ),
        (&["scan", "/", "-r", "127.0.0.1"], "is a directory"),
        (&["scan", &names, "-R", "/nonexistent/list"], "/nonexistent/list: cannot be opened"),
        (&["scan", &names, "-r", "127.0.0.1", "-o", "/nonexistent/out"], "/nonexistent/out"),
        (&["query", "@127.0.0.1", "a.demo.test", "-4", "-6"], "cannot be used with"),
        (&["query", "@127.0.0.1", "a.demo.test", "NOTYPE"], "unknown record type 'NOTYPE'"),
        (&["query", "@127.0.0.1", "+short", "--format", "json"], "cannot be used with"),
        (&["query", "@127.0.0.1", "a.demo.test", "--trace"], "cannot be used with @SERVER"),
        (&["query", "--trace"], "--trace needs a name"),
        (&["query", "a.demo.test", "--trace", "ANY"], "not ANY"),
        (&["query", "a.demo.test", "--trace", "CH"], "in class IN only"),
        (&["query", "a.demo.test", "--trace", "--root-hints", "/dev/null"], "no root server"),
        (&["query", "a.demo.test", "--minimise"], "--trace"),
        (&["query", "@127.0.0.1", "-6", "a.demo.test"], "no address of the requested family"),
        (&["nonsense"], "nonsense"),
    ] {
        let run = run(args);
        run.assert_code(2).assert_stderr(sentence);
        assert_eq!(run.stdout, "", "{args:?}");
    }
    assert_eq!(std::fs::read_to_string(&names).unwrap(), "a.demo.test\n");
}

#[test]
fn a_bad_line_of_a_resolver_list_is_named() {
    let files = Files::new();
    let list = files.write("resolvers.txt", "127.0.0.1\n# fine\nnot an address\n");
    run_with_input(&["scan", "-R", &list], b"a.demo.test\n")
        .assert_code(2)
        .assert_stderr(&format!("{list}, line 3: 'not an address' is not a server address"));
}

/// An escape sequence, a reversal of the direction of writing, a space without a width, a tag, a soft
/// hyphen, a filler, a choice of form, an end of a line.
const ACTS: &str =
    "\x1b[31m\u{9b}2J\u{202e}\u{2067}\u{200b}\u{e0041}\u{ad}\u{3164}\u{fe0f}\u{2028}";

#[test]
fn what_is_said_can_not_take_hold_of_the_terminal() {
    let files = Files::new();
    let names = files.write("names.txt", "a.demo.test\n");
    let list = files.write(&format!("list{ACTS}"), format!("127.0.0.1\nx{ACTS}\n"));
    let scenario = files.write(&format!("world{ACTS}.toml"), format!("title = '{ACTS}'"));
    let file = text(&files.path(&format!("nothing{ACTS}")));
    for args in [
        &["query", "@127.0.0.1", ACTS][..],
        &["query", ACTS, "a.demo.test"],
        &["query", "@127.0.0.1", "a.demo.test", ACTS],
        &["query", &format!("@{ACTS}"), "a.demo.test"],
        &["query", "@127.0.0.1", &format!("+{ACTS}")],
        &["query", "--format", ACTS],
        &["query", "--trace", "a.demo.test", "--root-hints", &file],
        &[ACTS],
        &["scan", "-r", ACTS],
        &["scan", "-r", "127.0.0.1", "-t", ACTS],
        &["scan", "-r", "127.0.0.1", "--rate", ACTS],
        &["scan", "-R", &list],
        &["scan", &file, "-r", "127.0.0.1"],
        &["scan", &names, "-r", "127.0.0.1", "-o", &format!("{file}/out")],
        &["scan", &names, "-r", "127.0.0.1", "--stats", &format!("{file}/stats")],
        &["verify", ACTS, "--dmarc"],
        &["verify", "demo.test", "--expect", ACTS],
        &["verify", "demo.test", "--records", &list],
        &["verify", "demo.test", "--acm", ACTS],
        &["verify", "demo.test", "--dkim", "a", "-r", ACTS],
        &["verify", "demo.test", "--dkim", "a", "--wait", ACTS],
        &["decode", &file],
        &["decode", "--hex", &list],
        &["rrcheck", &file],
        &["playground", ACTS],
        &["playground", &scenario],
        &["man", ACTS],
        &["completions", ACTS],
    ] {
        let run = run(args);
        assert_ne!(run.code, Some(0), "{args:?}");
        assert_ne!(run.stderr, "", "{args:?}");
        for said in [&run.stdout, &run.stderr] {
            let acts = |c: char| c != '\n' && (c.is_control() || ACTS.contains(c) && !c.is_ascii());
            assert!(!said.contains(acts), "{args:?} {said:?}");
        }
    }
}

/// Nobody can be told, and yet the help that was asked for did not come.
#[cfg(target_os = "linux")]
#[test]
fn help_that_cannot_be_written_is_an_error() {
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    for args in
        [&["--help"][..], &["--version"], &["man"], &["completions", "bash"], &["playground"]]
    {
        let output = super::dnsonde(args).stdout(full()).output().unwrap();
        super::Run::of(output).assert_code(3).assert_stderr("standard output cannot be written");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_scan_with_a_clear_error() {
    let server = super::server();
    let addr = server.addr().to_string();
    let names: String = (0..2000).map(|i| format!("n{i}.demo.test\n")).collect();
    run_with_input(&["scan", "-r", &addr, "-o", "/dev/full"], names.as_bytes())
        .assert_code(3)
        .assert_stderr("/dev/full: cannot be written after 0 whole lines: No space left");
}

#[cfg(unix)]
#[test]
fn no_file_descriptors_left_is_said_in_a_sentence() {
    let server = super::server();
    let script = format!(
        "ulimit -n 20; echo a.demo.test | {} scan -r {} --sockets 64",
        env!("CARGO_BIN_EXE_dnsonde"),
        server.addr()
    );
    let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    super::Run::of(output).assert_code(3).assert_stderr("no file descriptors left");
}

/// The shell's limit is the simplest to set: it holds for the program that takes its place.
#[cfg(unix)]
#[test]
fn without_file_descriptors_there_is_a_sentence_and_no_panic() {
    let files = Files::new();
    let names = files.write("names.txt", "a.demo.test\n");
    let program = env!("CARGO_BIN_EXE_dnsonde");
    for limit in 6..20 {
        let script = format!("ulimit -n {limit} && exec {program} scan {names} -r 127.0.0.1:9");
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{limit}: {stderr}");
        let last = stderr.lines().rfind(|line| line.starts_with("dnsonde: ")).unwrap_or_default();
        assert!(last.contains("no file descriptors left"), "{limit}: {stderr}");
        assert!(!stderr.contains("panicked"), "{limit}: {stderr}");
    }
}

/// That no socket could be opened is no finding about the DNS.
#[cfg(target_os = "linux")]
#[test]
fn no_file_descriptors_left_is_told_as_that_by_every_command() {
    let files = Files::new();
    let names = files.write("names.txt", "a.demo.test\n");
    let hints = files.write("root.hints", ". NS ns.test.\nns.test. A 127.0.0.1\n");
    let program = env!("CARGO_BIN_EXE_dnsonde");
    let world = format!("--root-hints {hints} --port 9");
    for command in [
        "query @127.0.0.1:9 a.demo.test".to_owned(),
        format!("query --trace a.demo.test --root-hints {hints} -p 9"),
        format!("verify demo.test --expect 'a.demo.test A 192.0.2.1' --no-resolver {world}"),
        format!("scan {names} -r 127.0.0.1:9"),
        format!("scan {names} --iterative {world}"),
        "playground healthy".to_owned(),
        "demo scan".to_owned(),
    ] {
        for limit in [8, 13, 16] {
            let script = format!("ulimit -n {limit} && exec {program} {command}");
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            let run = super::Run::of(output);
            run.assert_code(3);
            let (stderr, stdout) = (&run.stderr, &run.stdout);
            let times = stderr.matches("no file descriptors left").count();
            assert!(times >= 1, "{limit} {command}: {stderr}");
            let times = stderr.matches("(os error 24)").count().max(times);
            assert!(times <= 1, "{limit} {command}: told {times} times: {stderr}");
            assert!(!stdout.contains("answered"), "{limit} {command}: {stdout}");
        }
    }
}
