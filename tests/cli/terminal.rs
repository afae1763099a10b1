//! What people see on a terminal, which tmux plays here: colours, widths, and the line of progress.
//! `DNSONDE_REQUIRE_TOOLS` makes it a failure that tmux is not there, as in CI.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::{Files, Run, dnsonde, run, server, text};

/// A terminal. What runs in it ends with it.
pub struct Terminal {
    /// The name of a server of tmux of its own.
    socket: String,
}

impl Terminal {
    /// A terminal of so many columns in which a shell runs `command`, if there is tmux.
    pub fn open(columns: usize, command: &str) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Relaxed);
        let terminal = Self { socket: format!("dnsonde-{}-{number}", std::process::id()) };
        // The shell stays, so that what it ran can be read.
        let command = format!("stty -echoctl; PATH={}:$PATH; {command}; cat", folder());
        let columns = columns.to_string();
        let words = ["new-session", "-d", "-x", &columns, "-y", "40", &command];
        let mut tmux = terminal.tmux(&words);
        for variable in ["COLUMNS", "LINES", "NO_COLOR"] {
            tmux.env_remove(variable);
        }
        match tmux.env("LC_ALL", "C.UTF-8").status() {
            Ok(status) => assert!(status.success(), "tmux opens no terminal"),
            Err(error) => {
                let required = std::env::var_os("DNSONDE_REQUIRE_TOOLS").is_some();
                assert!(!required, "tmux cannot be run: {error}");
                eprintln!("skipped: tmux cannot be run: {error}");
                return None;
            }
        }
        Some(terminal)
    }

    fn tmux(&self, words: &[&str]) -> Command {
        let mut tmux = Command::new("tmux");
        tmux.args(["-L", &self.socket, "-f", "/dev/null"]).args(words);
        tmux
    }

    fn resize(&self, columns: usize) {
        let columns = columns.to_string();
        assert!(
            self.tmux(&["resize-window", "-x", &columns, "-y", "40"]).status().unwrap().success()
        );
    }

    /// Presses keys; the words are those of tmux.
    pub fn type_keys(&self, keys: &[&str]) {
        let words = [&["send-keys"], keys].concat();
        assert!(self.tmux(&words).status().unwrap().success());
    }

    /// The lines on the screen, with colours as escape sequences if they are wanted.
    fn lines(&self, colours: &[&str]) -> Vec<String> {
        let words = [&["capture-pane", "-p"], colours].concat();
        let screen = Run::of(self.tmux(&words).output().unwrap());
        screen.assert_code(0);
        let lines = screen.stdout.trim_end().lines();
        lines.map(|line| line.trim_end().to_owned()).collect()
    }

    /// The lines on the screen as soon as they are as they should be.
    #[track_caller]
    pub fn lines_once(&self, ready: impl Fn(&[String]) -> bool) -> Vec<String> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let lines = self.lines(&[]);
            if ready(&lines) {
                return lines;
            }
            assert!(Instant::now() < deadline, "after a minute:\n{}", lines.join("\n"));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]).status();
    }
}

/// Where the program is.
fn folder() -> &'static str {
    env!("CARGO_BIN_EXE_dnsonde").rsplit_once('/').unwrap().0
}

/// Whether a line is the one of progress, at its beginning or broken off.
fn is_progress(line: &str) -> bool {
    line.contains(" %") || line.contains("answered") && !line.contains("dnsonde")
}

#[test]
fn the_line_of_progress_fits_the_terminal_whatever_its_width_becomes() {
    let server = server();
    let files = Files::new();
    let names: String = (0..100_000).map(|i| format!("host-{i}.demo.test\n")).collect();
    let names = files.write("names.txt", names);
    let command = format!(
        "dnsonde scan {names} -r {} --rate 100 -o {}",
        server.addr(),
        text(&files.path("out.jsonl"))
    );
    let Some(terminal) = Terminal::open(200, &command) else { return };
    let lines = terminal.lines_once(|lines| lines.iter().any(|line| line.contains(" answered")));
    assert!(lines.last().unwrap().contains(" ["), "a bar has room in {lines:?}");
    for columns in [80, 40, 20, 200, 40, 132] {
        terminal.resize(columns);
        // It is the last line, and there is one of it, as soon as it is drawn anew.
        let drawn = |lines: &[String]| lines.last().is_some_and(|line| is_progress(line));
        let mut seen = Vec::new();
        while seen.len() < 3 {
            let lines = terminal.lines_once(drawn);
            let line = lines.last().unwrap().clone();
            if seen.last() != Some(&line) {
                seen.push(line);
            }
            // From the second on, it was drawn after the terminal had its width.
            if seen.len() >= 2 {
                let of_progress = lines.iter().filter(|line| is_progress(line)).count();
                assert_eq!(of_progress, 1, "{columns} columns:\n{}", lines.join("\n"));
            }
        }
        let line = seen.pop().unwrap();
        assert!(line.len() < columns, "{columns} columns: {line:?}");
        // Whole parts only.
        let ends = [" %", "answered", "/s", "left"];
        assert!(ends.iter().any(|end| line.ends_with(end)), "{columns} columns: {line:?}");
    }
    terminal.type_keys(&["C-c"]);
    terminal.type_keys(&["C-c"]);
    let ended = |lines: &[String]| lines.iter().any(|line| line.contains("interrupted;"));
    let lines = terminal.lines_once(ended);
    assert!(!lines.iter().any(|line| is_progress(line)), "{}", lines.join("\n"));
}

#[test]
fn the_line_of_progress_of_verify_fits_narrow_terminals_and_goes() {
    for columns in [40, 80, 200] {
        let Some(terminal) = Terminal::open(columns, "dnsonde demo > /dev/null; echo done") else {
            return;
        };
        let has_progress = |lines: &[String]| lines.iter().any(|line| line.contains("response"));
        let lines = terminal.lines_once(has_progress);
        assert_eq!(lines.len(), 1, "{lines:?}");
    }
}

#[test]
fn the_line_of_progress_of_bench_fits_the_terminal_and_goes() {
    let (server, files) = (server(), Files::new());
    let queries = files.write("queries.txt", "www.demo.test A\n");
    let port = server.addr().port();
    let command = format!("dnsonde bench -p {port} -d {queries} -l 600 -Q 200");
    for columns in [30, 120] {
        let Some(terminal) =
            Terminal::open(columns, &format!("{command} > /dev/null; echo status $?"))
        else {
            return;
        };
        let lines = terminal.lines_once(|lines| lines.iter().any(|line| line.contains("/s")));
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains(" of 10:00  "), "{lines:?}");
        assert_eq!(lines[0].contains("answered"), columns == 120, "{lines:?}");
        terminal.type_keys(&["C-c"]);
        let ended = |lines: &[String]| lines.iter().any(|line| line == "status 1");
        let lines = terminal.lines_once(ended);
        assert!(lines.iter().all(|line| !line.contains("10:00")), "{lines:?}");
        assert!(lines[0].contains("interrupted"), "{lines:?}");
    }
    // Its lines are on the screen, or it is to be quiet: then there is no other.
    for quiet in ["--quiet > /dev/null", "-S 0.1"] {
        let command = format!("{command} {quiet}").replace("-l 600", "-l 0.5 -t 0.4");
        let Some(terminal) = Terminal::open(80, &format!("{command}; echo status $?")) else {
            return;
        };
        let lines = terminal.lines_once(|lines| lines.iter().any(|line| line == "status 0"));
        assert!(lines.iter().all(|line| !line.contains(" of 0:00")), "{lines:?}");
    }
}

#[test]
fn a_quiet_command_draws_nothing_and_says_nothing() {
    let server = server();
    let files = Files::new();
    let names: String = (0..200).map(|i| format!("host-{i}.demo.test\n")).collect();
    let names = files.write("names.txt", names);
    let out = text(&files.path("out.jsonl"));
    let addr = server.addr().to_string();
    let scan = ["scan", &names, "-r", &addr, "--rate", "500", "-o", &out];
    let quiet = run(&[&scan[..], &["--quiet"]].concat());
    quiet.assert_code(0);
    assert_eq!(quiet.stderr, "");
    run(&scan).assert_code(0).assert_stderr("200 answered");
    // On a terminal as well.
    let command = format!("dnsonde {} -q; echo status $?", scan.join(" "));
    let Some(terminal) = Terminal::open(80, &command) else { return };
    let lines = terminal.lines_once(|lines| !lines.is_empty());
    assert_eq!(lines, ["status 0"]);
    // What went wrong is said all the same.
    let nowhere = ["scan", "/nonexistent", "-r", &addr, "-q"];
    run(&nowhere).assert_code(2).assert_stderr("/nonexistent");
}

#[test]
fn colours_are_used_on_terminals_or_as_the_command_line_says() {
    for (color, plain) in [("auto", true), ("never", true), ("always", false)] {
        let piped = run(&["demo", "-q", "--color", color]);
        piped.assert_code(0);
        assert_eq!(!piped.stdout.contains('\x1b'), plain, "--color {color} in a pipe");
    }
    for (environment, color, coloured) in [
        ("", "auto", true),
        ("NO_COLOR=1", "auto", false),
        ("NO_COLOR=", "auto", true),
        ("TERM=dumb", "auto", false),
        ("NO_COLOR=1", "always", true),
        ("", "never", false),
    ] {
        let command = format!("{environment} dnsonde demo -q --color {color}; echo done");
        let Some(terminal) = Terminal::open(100, &command) else { return };
        terminal.lines_once(|lines| lines.last().is_some_and(|line| line == "done"));
        let screen = terminal.lines(&["-e"]).join("\n");
        let case = format!("{environment} --color {color}");
        assert_eq!(screen.contains("\x1b[1m"), coloured, "{case}: {screen:?}");
    }
}

#[test]
fn text_is_as_wide_as_columns_says_also_in_a_pipe() {
    for (columns, most) in [("40", 40), ("200", 100), ("nonsense", 80)] {
        let mut command = dnsonde(&["demo", "-q", "--color", "never"]);
        let shown = Run::of(command.env("COLUMNS", columns).output().unwrap());
        shown.assert_code(0);
        // Sentences only: what is to be copied stays whole.
        let is_sentence = |line: &&str| line.ends_with('.') && !line.contains("_domainkey");
        let sentences = shown.stdout.lines().filter(is_sentence);
        let widest = sentences.map(|line| line.chars().count()).max().unwrap();
        assert!((most - 10..=most).contains(&widest), "COLUMNS={columns}: {widest} columns");
    }
}
