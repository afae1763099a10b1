//! Files that are inputs and outputs: no output destroys an input or another output, and what was in a file
//! before is there until there is something better.
#![cfg(unix)]

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use dnsonde::playground::LoopbackServer;
use serde_json::Value;

use super::{Files, Run, server, text};

/// A directory to work in, and a shell in it: `$D` is the program and `$A` the address of a server.
struct Bench {
    files: Files,
    server: LoopbackServer,
}

impl Bench {
    fn new() -> Self {
        let (files, server) = (Files::new(), server());
        files.write("list", "a.demo.test\nb.demo.test\n");
        files.write("servers", format!("{}\n", server.addr()));
        files.write("hints", ". NS ns.test.\nns.test. A 127.0.0.1\n");
        files.write("zone", "a.demo.test. A 192.0.2.1\n");
        files.write("hex", "1234 0100 0001 0000 0000 0000 00 0001 0001\n");
        files.write("world.toml", "title = 'none'\n");
        files.write("old", "what was here before\n");
        std::os::unix::fs::symlink("list", files.path("soft")).unwrap();
        fs::hard_link(files.path("list"), files.path("hard")).unwrap();
        fs::hard_link(files.path("old"), files.path("old-hard")).unwrap();
        Self { files, server }
    }

    fn command(&self, script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(self.files.path("."));
        command.env("D", env!("CARGO_BIN_EXE_dnsonde")).env("A", self.server.addr().to_string());
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, script: &str) -> Run {
        Run::of(self.command(script).output().unwrap())
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.files.path(name)).unwrap()
    }

    /// Every file and what is in it.
    fn contents(&self) -> Vec<(String, String)> {
        let entries = fs::read_dir(self.files.path(".")).unwrap().map(Result::unwrap);
        let name = |entry: &fs::DirEntry| text(entry.file_name().as_ref());
        let mut all: Vec<_> =
            entries.map(|entry| (name(&entry), self.read(&name(&entry)))).collect();
        all.sort();
        all
    }
}

const OVERWRITES: &str = "the output would overwrite it";
const MIXED: &str = "are the same file, where their contents would mix";

/// What is asked for, what became of it before there was a check, and what is said now.
const CLASHES: [(&str, &str, &str); 32] = [
    ("scan list -r $A --stats list", "the list lost, exit 0", OVERWRITES),
    ("scan list -r $A -o list", "refused", OVERWRITES),
    ("scan list -R servers -o servers", "the servers lost, exit 0", OVERWRITES),
    ("scan list -R servers --stats servers", "the servers lost, exit 0", OVERWRITES),
    ("scan list --iterative --root-hints hints -o hints", "the hints lost", OVERWRITES),
    ("scan list --iterative --root-hints hints --stats ./hints", "the hints lost", OVERWRITES),
    ("scan -r $A -o list < list", "the list lost, exit 0", OVERWRITES),
    ("scan /dev/stdin -r $A -o list < list", "refused", OVERWRITES),
    ("scan /dev/fd/3 -r $A --stats list 3< list", "the list lost, exit 0", OVERWRITES),
    ("scan list -r $A -o hard", "the list lost, exit 0", OVERWRITES),
    ("scan list -r $A -o soft", "refused", OVERWRITES),
    ("scan soft -r $A -o hard", "the list lost, exit 0", OVERWRITES),
    ("scan list -r $A --stats soft", "the list lost, exit 0", OVERWRITES),
    ("scan list -r $A >> list", "lines in the list, exit 0", OVERWRITES),
    ("scan list -r $A 1<> list", "lines over the list, exit 0", OVERWRITES),
    ("scan list -r $A -o new --stats ./new", "the lines under the accounting, exit 0", MIXED),
    ("scan list -r $A -o old --stats ./old", "the lines under the accounting, exit 0", MIXED),
    ("scan list -r $A -o old --stats old-hard", "the lines under the accounting, exit 0", MIXED),
    ("scan list -r $A --stats old >> old", "the lines under the accounting, exit 0", MIXED),
    ("scan list -r $A --stats /dev/stdout >> old", "the file lost, exit 0", MIXED),
    ("scan list -r $A --stats - > /dev/null", "a file with the name -, exit 0", MIXED),
    ("scan list -r $A -o /dev/fd/3 --stats old 3>> old", "the lines under the accounting", MIXED),
    ("rrcheck zone >> zone", "records added to the zone, exit 0", OVERWRITES),
    ("rrcheck < zone >> zone", "records added to the zone, exit 0", OVERWRITES),
    ("decode --hex hex >> hex", "the message added to its input", OVERWRITES),
    ("query --trace a.test --root-hints hints >> hints", "the trace in the hints", OVERWRITES),
    ("verify demo.test --dmarc --records zone >> zone", "the report in the records", OVERWRITES),
    (
        "verify demo.test --records zone --wait 1s --state zone",
        "the records taken for a state, exit 2",
        OVERWRITES,
    ),
    ("playground ./world.toml >> world.toml", "not noticed", OVERWRITES),
    ("demo scan --names 1 -o old >> old", "the text over the lines, exit 0", MIXED),
    ("demo scan --names 1 -o - > /dev/null", "a file with the name -, exit 0", MIXED),
    (
        "verify demo.test --records - --root-hints /dev/stdin < zone",
        "the same text read anew",
        "is given twice, but can be read only once",
    ),
];

#[test]
fn no_output_is_an_input_or_another_output() {
    for (script, before, sentence) in CLASHES {
        let bench = Bench::new();
        let contents = bench.contents();
        let run = bench.run(&format!("exec $D {script}"));
        assert_eq!(run.code, Some(2), "{script}, before: {before}\n{}", run.stderr);
        run.assert_stderr(sentence);
        assert_eq!(bench.contents(), contents, "{script}, before: {before}");
    }
}

/// The sentence goes where notes go, and nothing else does.
#[test]
fn standard_error_is_no_input_and_no_output() {
    for (script, file, sentence) in [
        ("scan list -r $A -o new 2>> list", "list", OVERWRITES),
        ("scan list -r $A -o old 2>> old", "old", MIXED),
        ("scan list -r $A --stats old 2>> old", "old", MIXED),
        ("rrcheck zone 2>> zone", "zone", OVERWRITES),
    ] {
        let bench = Bench::new();
        let before = bench.read(file);
        let run = bench.run(&format!("exec $D {script}"));
        run.assert_code(2);
        let after = bench.read(file);
        let said = after.strip_prefix(&before).unwrap();
        assert!(said.starts_with("dnsonde: ") && said.contains(sentence), "{script}: {said}");
        assert_eq!(said.lines().count(), 2, "{script}: {said}");
        assert!(!bench.files.path("new").exists(), "{script}");
    }
}

#[test]
fn what_goes_together_is_let_be() {
    for script in [
        // One list for two ends.
        "scan list -r $A -o new",
        "scan list -r $A,$A -R servers -o new",
        "scan list -r $A > new 2>&1",
        "scan list -r $A -o new > new",
        "scan list -r $A --stats /dev/stderr > new 2>&1",
        "scan list -r $A -o /dev/null --stats /dev/null",
        "scan list -r $A -o /dev/stdout --stats /dev/stderr > new",
        "rrcheck zone > new 2> new-too",
        // Standard input is not read.
        "query @$A a.demo.test >> list < list",
        "scan zone -r $A >> list < list",
    ] {
        Bench::new().run(&format!("exec $D {script}")).assert_code(0);
    }
}

/// No line has been written when it fails.
#[test]
fn a_command_that_fails_leaves_its_outputs_as_they_were() {
    for (script, code) in [
        ("scan list -r $A -o old --stats nowhere/stats", 2),
        ("scan list -r $A -o old --stats /", 2),
        ("scan list -r $A -o nowhere/lines --stats old", 2),
        ("scan list -r $A -o new --stats nowhere/stats", 2),
        ("scan list -r $A -o old --rate 0", 2),
        ("scan list -r $A -o old --attempts --format csv", 2),
        ("scan list -r $A:x -o old", 2),
        ("scan list -R /dev/null -o old", 2),
        ("scan nothing -r $A -o old", 2),
        ("scan . -r $A -o old", 2),
        ("demo scan --names 0 -o old", 2),
        // It can be opened, and not be read at its beginning.
        ("scan /proc/self/mem -r $A -o old", 3),
        ("scan /proc/self/mem -r $A -o old --format csv", 3),
        ("scan /proc/self/mem -r $A -o new", 3),
    ] {
        if script.contains("/proc") && !cfg!(target_os = "linux") {
            continue;
        }
        let bench = Bench::new();
        let contents = bench.contents();
        bench.run(&format!("exec $D {script}")).assert_code(code);
        assert_eq!(bench.contents(), contents, "{script}");
    }
}

/// The first line could be told to be INVALID, and the header of a table be written, without a socket.
#[test]
fn without_descriptors_outputs_are_left_as_they_were() {
    for limit in 8..26 {
        let bench = Bench::new();
        bench.files.write("list", "a..b\na.demo.test\n");
        let contents = bench.contents();
        for options in ["", "--format csv", "--threads 2", "--iterative --root-hints hints"] {
            let server = if options.contains("--iterative") { "" } else { "-r $A" };
            let script = format!(
                "ulimit -n {limit}; exec $D scan list {server} {options} --sockets 64 -o old"
            );
            let run = bench.run(&script);
            run.assert_code(3);
            assert_eq!(bench.contents(), contents, "{limit}, {options}: {}", run.stderr);
        }
    }
}

#[test]
fn an_output_is_replaced_in_place() {
    let bench = Bench::new();
    let old = bench.files.path("old");
    fs::write(&old, "a long line\n".repeat(10_000)).unwrap();
    fs::set_permissions(&old, fs::Permissions::from_mode(0o640)).unwrap();
    let before = fs::metadata(&old).unwrap();
    std::os::unix::fs::symlink("old", bench.files.path("link")).unwrap();
    std::os::unix::fs::symlink("not-yet", bench.files.path("dangling")).unwrap();
    for name in ["old", "old-hard", "link", "dangling", "new"] {
        bench.run(&format!("exec $D scan list -r $A -o {name}")).assert_code(0);
        assert_eq!(bench.read(name).lines().count(), 2, "{name}");
    }
    let after = fs::metadata(&old).unwrap();
    let facts = |meta: &fs::Metadata| (meta.ino(), meta.mode(), meta.nlink());
    assert_eq!(facts(&after), facts(&before));
    assert!(fs::symlink_metadata(bench.files.path("link")).unwrap().is_symlink());
    assert_eq!(bench.read("not-yet").lines().count(), 2);
    // Nothing to ask is no reason to leave the lines of another list there.
    bench.run("exec $D scan /dev/null -r $A -o old").assert_code(0);
    assert_eq!(bench.read("old"), "");
    bench.run("exec $D scan /dev/null -r $A -o old --format csv").assert_code(0);
    assert_eq!(bench.read("old").lines().count(), 1);
}

#[test]
fn fifos_devices_and_descriptors_are_outputs() {
    let accounting = |text: &str| {
        let stats: Value = serde_json::from_str(text).unwrap();
        super::assert_valid("scan-stats", &stats);
        assert_eq!(stats["output"]["lines"], 2);
    };
    let bench = Bench::new();
    bench.run("mkfifo fifo; cat fifo > got & $D scan list -r $A -o fifo && wait").assert_code(0);
    assert_eq!(bench.read("got").lines().count(), 2);
    assert!(fs::metadata(bench.files.path("fifo")).unwrap().file_type().is_fifo());
    let script = "cat fifo > got & $D scan list -r $A --stats fifo > lines && wait";
    bench.run(script).assert_code(0);
    accounting(&bench.read("got"));
    let run = bench.run("exec $D scan list -r $A -o lines --stats -");
    accounting(&run.assert_code(0).stdout);
    let run = bench.run("exec $D scan list -r $A --stats /dev/fd/3 3> got");
    assert_eq!(run.assert_code(0).lines().len(), 2);
    accounting(&bench.read("got"));
    bench.run("exec $D scan list -r $A -o /dev/null --stats got > unused").assert_code(0);
    accounting(&bench.read("got"));
    assert_eq!(bench.read("unused"), "");
    // What is opened for appending is appended to.
    for target in ["/dev/stdout >> log", "/dev/fd/3 3>> log", "/proc/self/fd/3 3>> log"] {
        bench.files.write("log", "first\n");
        bench.run(&format!("exec $D scan list -r $A -o {target}")).assert_code(0);
        let log = bench.read("log");
        assert!(log.starts_with("first\n{") && log.lines().count() == 3, "{target}: {log}");
    }
    bench.run("(echo first; $D scan list -r $A -o /dev/stdout) > log").assert_code(0);
    assert!(bench.read("log").starts_with("first\n{"));
}

/// As services have it whose output goes to a log.
#[test]
fn a_socket_is_an_output_too() {
    let bench = Bench::new();
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let mut command = bench.command("exec $D scan list -r $A -o /dev/stdout");
    let status = command.stdout(Stdio::from(std::os::fd::OwnedFd::from(theirs))).status().unwrap();
    assert_eq!(status.code(), Some(0));
    drop(command);
    let mut lines = String::new();
    ours.read_to_string(&mut lines).unwrap();
    assert_eq!(lines.lines().count(), 2);
}

/// The history is not written beside its file under a name that may be someone's, and a link to it stays.
#[test]
fn a_state_is_replaced_and_nothing_beside_it() {
    let bench = Bench::new();
    bench.files.write("state.new", "mine\n");
    std::os::unix::fs::symlink("state", bench.files.path("link")).unwrap();
    let script = "exec $D verify a.test --dmarc --no-resolver --root-hints hints --port 9 -4 \
                  --wait 0s --state link";
    for _ in 0..2 {
        let run = bench.run(script);
        assert!(matches!(run.code, Some(1 | 3)), "{}", run.stderr);
        assert!(fs::symlink_metadata(bench.files.path("link")).unwrap().is_symlink());
        assert!(bench.read("state").starts_with('{'));
        assert_eq!(bench.read("state.new"), "mine\n");
    }
}

/// 4,000 names, so that there is some to do after the first block of lines.
fn many_names(bench: &Bench) -> u64 {
    let names: String = (0..4_000).map(|i| format!("n{i}.demo.test\n")).collect();
    bench.files.write("list", names);
    4_000
}

/// What is said of an output that is full agrees with what is in it.
#[track_caller]
fn assert_told_truly(stderr: &str, lines: &str, output: &str, names: u64, stats: &Value) {
    let whole = lines.matches('\n').count();
    let torn =
        if lines.ends_with('\n') || lines.is_empty() { "" } else { " and a part of the next" };
    let reported =
        format!("dnsonde: {output}: cannot be written after {whole} whole lines{torn}: ");
    assert!(stderr.contains(&reported), "'{reported}' is not in\n{stderr}");
    assert_eq!(stats["end"], "failed");
    let expected = (whole.into(), lines.len().into(), false.into());
    let output = &stats["output"];
    assert_eq!((&output["lines"], &output["octets"], &output["whole"]), {
        let (lines, octets, whole): &(Value, Value, Value) = &expected;
        (lines, octets, whole)
    });
    assert_eq!(stats["input"]["questions"], names);
    let not_asked = stats["input"]["not_asked"].as_u64().unwrap();
    let left = match not_asked {
        0 => "; every query was sent".to_owned(),
        1 => "; 1 query was not sent".to_owned(),
        count if count < 1000 => format!("; {count} queries were not sent"),
        count => format!("; {},{:03} queries were not sent", count / 1000, count % 1000),
    };
    assert!(stderr.contains(&left), "'{left}' is not in\n{stderr}");
}

/// A file may grow to a limit, which is in the middle of a block of lines and of a line.
#[test]
fn what_has_no_room_is_told_to_the_line_and_the_octet() {
    let bench = Bench::new();
    let names = many_names(&bench);
    // In blocks of 512 octets.
    let script = "trap '' XFSZ; ulimit -f 300; \
                  exec $D scan list -r $A --rate 20000 -o lines --stats stats";
    let run = bench.run(script);
    run.assert_code(3);
    let stats = serde_json::from_str(&bench.read("stats")).unwrap();
    assert_eq!(bench.read("lines").len(), 300 * 512);
    assert_told_truly(&run.stderr, &bench.read("lines"), "lines", names, &stats);
}

#[cfg(target_os = "linux")]
#[test]
fn neither_a_full_disk_nor_an_accounting_that_fails_too_hides_the_other() {
    let bench = Bench::new();
    for script in [
        "exec $D scan list -r $A -o /dev/full --stats /dev/full",
        "exec $D scan list -r $A --stats /dev/fd/3 > /dev/full 3> /dev/full",
    ] {
        let run = bench.run(script);
        run.assert_code(3).assert_stderr("the statistics cannot be written: No space left");
        run.assert_stderr(": cannot be written after 0 whole lines: No space left");
        assert_eq!(run.stderr.matches("No space left").count(), 2, "{}", run.stderr);
    }
}

/// A disk of our own, which needs the right to mount one.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_with_what_is_on_it() {
    let bench = Bench::new();
    let names = many_names(&bench);
    fs::create_dir(bench.files.path("disk")).unwrap();
    let mount = "mount -t tmpfs -o size=200k dnsonde-test disk";
    let tried = bench.command(&format!("unshare -m sh -c '{mount}'")).output().unwrap();
    if !tried.status.success() {
        println!("skipped: no disk can be mounted: {}", String::from_utf8_lossy(&tried.stderr));
        return;
    }
    let script = format!(
        "exec unshare -m sh -c '{mount} && $D scan list -r $A -o disk/lines --stats stats; \
         code=$?; cat disk/lines > lines; exit $code'"
    );
    let run = bench.run(&script);
    run.assert_code(3).assert_stderr("No space left on device");
    let stats = serde_json::from_str(&bench.read("stats")).unwrap();
    assert_told_truly(&run.stderr, &bench.read("lines"), "disk/lines", names, &stats);
}

/// Nobody reads it, from the beginning on.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

#[test]
fn every_command_ends_quietly_when_nobody_reads_its_output() {
    let bench = Bench::new();
    for command in [
        "scan list -r $A",
        "scan list -r $A --format csv",
        "scan list -r $A --threads 2 -o /dev/stdout",
        "scan list -r $A -o lines --stats -",
        "query @$A a.demo.test",
        "query @$A a.demo.test +short",
        "query @$A a.demo.test --format json",
        "query --trace a.test --root-hints hints -p 9",
        "verify a.test --dmarc --no-resolver --root-hints hints --port 9",
        "decode --hex hex",
        "decode --octets list",
        "rrcheck zone",
        "rrcheck --format json list",
        "demo",
        "demo scan --names 100",
        "playground",
        "man",
        "man scan",
        "completions bash",
        "--help",
        "-h",
        "--version",
        "help",
        "scan --help",
        "help query",
    ] {
        let mut command_line = bench.command(&format!("exec $D {command}"));
        let run = Run::of(command_line.stdout(closed()).output().unwrap());
        assert_eq!((run.code, run.stderr.as_str()), (Some(141), ""), "{command}");
    }
    #[cfg(target_os = "linux")]
    {
        let run = bench.command("exec $D playground healthy").stdout(closed()).output().unwrap();
        let run = Run::of(run);
        assert_eq!((run.code, run.stderr.as_str()), (Some(141), ""));
    }
}

#[test]
fn a_scan_that_nobody_reads_any_more_has_its_accounting() {
    let bench = Bench::new();
    let names = many_names(&bench);
    bench.run("mkfifo fifo").assert_code(0);
    for (script, fifo) in [
        ("exec $D scan list -r $A --stats stats", None),
        ("exec $D scan list -r $A --stats stats > fifo", Some("fifo")),
        ("exec $D scan list -r $A --stats stats -o fifo", Some("fifo")),
    ] {
        let mut child =
            bench.command(script).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 1];
        match fifo {
            // To open it waits for the other end.
            Some(fifo) => {
                fs::File::open(bench.files.path(fifo)).unwrap().read_exact(&mut first).unwrap();
            }
            None => child.stdout.take().unwrap().read_exact(&mut first).unwrap(),
        }
        let run = Run::of(child.wait_with_output().unwrap());
        assert_eq!((run.code, run.stderr.as_str()), (Some(141), ""), "{script}");
        let stats: Value = serde_json::from_str(&bench.read("stats")).unwrap();
        super::assert_valid("scan-stats", &stats);
        assert_eq!(stats["input"]["questions"], names);
        assert_eq!(stats["output"]["whole"], false);
        fs::remove_file(bench.files.path("stats")).unwrap();
    }
}

#[test]
fn an_accounting_that_fails_after_the_reader_has_gone_is_told() {
    let bench = Bench::new();
    let limited = "trap '' XFSZ; ulimit -f 0; exec $D scan list -r $A --stats stats";
    let run = Run::of(bench.command(limited).stdout(closed()).output().unwrap());
    run.assert_code(3).assert_stderr("dnsonde: stats: the statistics cannot be written: ");
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
}

#[test]
fn files_that_cannot_be_opened_are_told_with_the_reason() {
    let bench = Bench::new();
    let socket = std::os::unix::net::UnixListener::bind(bench.files.path("socket")).unwrap();
    for (script, sentence) in [
        ("scan nothing -r $A", "nothing: cannot be opened: No such file or directory\n"),
        ("scan . -r $A", ".: is a directory, not a file\n"),
        ("scan list -R nothing", "nothing: cannot be opened: No such file or directory\n"),
        ("scan list -r $A -o .", ".: is a directory, not a file\n"),
        ("scan list -r $A -o list/new", "list/new: cannot be created: Not a directory\n"),
        ("scan list -r $A -o no/new", "no/new: cannot be created: there is no directory no\n"),
        ("scan list -r $A --stats no/new", "no/new: cannot be created: there is no directory no\n"),
        ("scan list -r $A -o socket", "socket: cannot be written: No such device or address\n"),
        ("scan list -r $A -o /dev/fd/77", "/dev/fd/77: cannot be written: Bad file descriptor\n"),
        ("decode .", ".: is a directory, not a file\n"),
        ("rrcheck nothing", "nothing: cannot be opened: No such file or directory\n"),
        ("playground ./nothing", "./nothing: cannot be opened: No such file or directory\n"),
        (
            "verify demo.test --records nothing",
            "nothing: cannot be opened: No such file or directory",
        ),
        ("verify a.test --dmarc --wait 1s --state .", "--state .: is not a regular file\n"),
    ] {
        let run = bench.run(&format!("exec $D {script}"));
        run.assert_code(2).assert_stderr(&format!("dnsonde: {sentence}"));
    }
    drop(socket);
}
