//! What shells complete: real ones, on a terminal that tmux plays, with the key that people press.

use std::process::Command;

use super::terminal::Terminal;
use super::{Files, run};

/// A shell without the user's settings, and how it is told of our completions.
struct Shell {
    name: &'static str,
    start: &'static str,
    load: &'static str,
}

const SHELLS: [Shell; 3] = [
    Shell {
        name: "bash",
        start: "PS1='$ ' bash --norc --noprofile",
        load: "source <(dnsonde completions bash)",
    },
    Shell {
        name: "zsh",
        start: "PS1='$ ' zsh -f",
        load: "autoload -U compinit; compinit -u -D; source <(dnsonde completions zsh)",
    },
    Shell {
        name: "fish",
        start: "fish --no-config --private",
        load: "function fish_prompt; echo -n '$ '; end; dnsonde completions fish | source",
    },
];

/// What is typed before the key is pressed, and what stands there after it.
const LINES: &[(&str, &str)] = &[
    ("dnsonde play", "dnsonde playground"),
    ("dnsonde playground large-", "dnsonde playground large-answer-lost"),
    ("dnsonde playground ./mi", "dnsonde playground ./mine.toml"),
    ("dnsonde query example.org +dn", "dnsonde query example.org +dnssec"),
    ("dnsonde query example.org +norec", "dnsonde query example.org +norecurse"),
    ("dnsonde query example.org +buf", "dnsonde query example.org +bufsize="),
    // Without a command it is a query.
    ("dnsonde example.org +multi", "dnsonde example.org +multiline"),
    ("dnsonde query example.org naptr +sho", "dnsonde query example.org naptr +short"),
    ("dnsonde scan -t A,CNA", "dnsonde scan -t A,CNAME"),
    ("dnsonde scan -t cna", "dnsonde scan -t cname"),
    ("dnsonde verify example.com --format ht", "dnsonde verify example.com --format html"),
    ("dnsonde scan nam", "dnsonde scan names.txt"),
    // Of one word with its value.
    ("dnsonde verify example.com --format=ht", "dnsonde verify example.com --format=html"),
    ("dnsonde scan -r 192.0.2.53:53 --type=cna", "dnsonde scan -r 192.0.2.53:53 --type=cname"),
];

#[test]
fn shells_complete_commands_scenarios_types_options_and_files() {
    let files = Files::new();
    files.write("names.txt", "");
    files.write("mine.toml", "");
    for shell in SHELLS {
        if !is_there(shell.name) {
            continue;
        }
        let start = format!("cd {}; {}", files.path("").display(), shell.start);
        let Some(terminal) = Terminal::open(100, &start) else { return };
        terminal.lines_once(|lines| !lines.is_empty());
        terminal.type_keys(&["-l", shell.load]);
        terminal.type_keys(&["Enter"]);
        for (typed, expected) in LINES {
            // On an empty screen, when the shell has its prompt again.
            terminal.type_keys(&["C-u", "C-l"]);
            terminal.lines_once(|lines| matches!(lines, [prompt] if is_prompt(prompt)));
            terminal.type_keys(&["-l", typed]);
            terminal.type_keys(&["Tab"]);
            let line = format!("$ {expected}");
            terminal.lines_once(|lines| lines.contains(&line));
        }
    }
}

fn is_prompt(line: &str) -> bool {
    line == "$"
}

fn is_there(shell: &str) -> bool {
    let found = Command::new(shell).arg("--version").output().is_ok();
    let required = std::env::var_os("DNSONDE_REQUIRE_TOOLS").is_some();
    assert!(found || !required, "{shell} cannot be run");
    found
}

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = run(&["completions", shell]);
        script.assert_code(0);
        assert!(script.stdout.contains("DNSONDE_COMPLETE"), "{shell}: {}", script.stdout);
    }
}
