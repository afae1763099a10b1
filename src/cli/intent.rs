//! What a command line is for that begins with no command.
//!
//! `dnsonde example.com` is `dnsonde query example.com`. A mistyped command is no name, and neither is a
//! file: both are answered with what was probably meant, and nothing is asked.

use std::ffi::OsString;
use std::path::Path;

use clap::Command;

use super::cli_error::CliError;
use super::neighbours::neighbours;
use super::shell::shell_word;
use crate::names::class::parse_class;
use crate::wire::RecordType;

/// What other tools, or other habits, call our commands.
const SYNONYMS: &[(&[&str], &str)] = &[
    (
        &["dig", "kdig", "drill", "host", "nslookup", "doggo", "q", "ask", "lookup", "resolve"],
        "query",
    ),
    (&["trace", "walk", "follow"], "query --trace"),
    (&["massdns", "zdns", "bulk", "batch"], "scan"),
    (&["check"], "diagnose` or `dnsonde verify"),
    (&["ping", "doctor", "diag", "health"], "diagnose"),
    (&["validate", "why"], "verify"),
    (&["parse", "dissect", "dump"], "decode"),
    (&["completion", "complete"], "completions"),
    (&["manual", "manpage"], "man"),
    (&["version"], "--version"),
];

/// The arguments of the process, with the command that they leave out.
pub(super) fn with_command(
    mut words: Vec<OsString>,
    cli: &Command,
) -> Result<Vec<OsString>, CliError> {
    let Some(first) = words.get(1).map(|word| word.to_string_lossy().into_owned()) else {
        return Ok(words);
    };
    let is_command = first == "help" || cli.find_subcommand(&first).is_some();
    if is_command || ["-h", "--help", "-V", "--version"].contains(&first.as_str()) {
        return Ok(words);
    }
    let rest: Vec<_> = words[2..].iter().map(|word| word.to_string_lossy()).collect();
    // A list of names, which is not asked for in the DNS.
    if !first.starts_with(['@', '+', '-']) && Path::new(&first).is_file() {
        let word = shell_word(&first);
        return Err(CliError::usage(format!("'{first}' is a file, not a command")).hint(format!(
            "`dnsonde scan {word}` looks up a list of names; `dnsonde query {word}` asks for that name"
        )));
    }
    let is_query = first.starts_with(['@', '+', '-'])
        || first.contains('.')
        || first.parse::<std::net::IpAddr>().is_ok()
        || !rest.is_empty()
            && (first.parse::<RecordType>().is_ok() || parse_class(&first).is_some());
    if is_query {
        words.insert(1, "query".into());
        return Ok(words);
    }
    let known: Vec<&str> = cli.get_subcommands().map(Command::get_name).collect();
    let unknown = CliError::usage(format!("unknown command '{first}'"));
    if let Some((_, meant)) = SYNONYMS.iter().find(|(words, _)| words.contains(&first.as_str())) {
        return Err(unknown.hint(format!("did you mean `dnsonde {meant}`?")));
    }
    let near = neighbours(&first, known.into_iter());
    // Nothing but a query has such words.
    if near.is_empty() && rest.iter().any(|word| word.starts_with(['@', '+'])) {
        words.insert(1, "query".into());
        return Ok(words);
    }
    let as_name = format!("`dnsonde query {}` asks for that name", shell_word(&first));
    Err(unknown.hint(match near.as_slice() {
        [] => format!("{as_name}; `dnsonde --help` lists the commands"),
        near => format!("did you mean `dnsonde {}`? {as_name}", near.join("` or `dnsonde ")),
    }))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::commands::Cli;

    #[test]
    fn a_command_line_without_a_command_is_a_query_or_a_slip() {
        for (line, expected) in [
            ("", ""),
            ("scan -", "scan -"),
            ("--help", "--help"),
            ("help scan", "help scan"),
            ("example.com", "query example.com"),
            ("example.com MX @192.0.2.1", "query example.com MX @192.0.2.1"),
            ("@192.0.2.1 example.com", "query @192.0.2.1 example.com"),
            ("+short example.com", "query +short example.com"),
            ("-x 192.0.2.1", "query -x 192.0.2.1"),
            ("-t mx example.com", "query -t mx example.com"),
            ("--trace example.com", "query --trace example.com"),
            ("mx example.com", "query mx example.com"),
            ("CH TXT version.bind", "query CH TXT version.bind"),
            ("localhost @192.0.2.1", "query localhost @192.0.2.1"),
            (". NS", "query . NS"),
            ("2001:db8::1", "query 2001:db8::1"),
            ("scna names.txt -r 192.0.2.1", "did you mean `dnsonde scan`?"),
            ("qurey @192.0.2.1 example.com", "did you mean `dnsonde query`?"),
            ("verfy example.com", "did you mean `dnsonde verify`?"),
            ("dig example.com", "did you mean `dnsonde query`?"),
            ("ping 192.0.2.1", "did you mean `dnsonde diagnose`?"),
            ("doctor", "did you mean `dnsonde diagnose`?"),
            ("check example.com", "did you mean `dnsonde diagnose` or `dnsonde verify`?"),
            ("trace example.com", "did you mean `dnsonde query --trace`?"),
            ("localhost", "`dnsonde query localhost` asks for that name"),
            ("nonsense", "`dnsonde --help` lists the commands"),
            ("Cargo.toml", "`dnsonde scan Cargo.toml` looks up a list of names"),
        ] {
            let words = ["dnsonde"].into_iter().chain(line.split_whitespace());
            let words = with_command(words.map(OsString::from).collect(), &Cli::command());
            let read = match words {
                Ok(words) => {
                    let words: Vec<_> = words[1..].iter().map(|it| it.to_string_lossy()).collect();
                    words.join(" ")
                }
                Err(cli_error) => {
                    let hint = cli_error.hint.unwrap();
                    assert!(hint.contains(expected), "{line}: {hint}");
                    continue;
                }
            };
            assert_eq!(read, expected, "{line}");
        }
    }
}
