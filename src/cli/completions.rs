//! `dnsonde completions`: what a shell completes.
//!
//! The script that is written asks the program itself whenever someone presses the key: so it knows
//! scenarios, record types and the options of a query, and never lags behind the program.

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Command;
use clap_complete::env::Shells;

use super::output::print;

/// The shell that asks stands in it.
const VARIABLE: &str = "DNSONDE_COMPLETE";
const NAME: &str = "dnsonde";

/// Bash takes "=" and ":" for words of their own. Here they belong to the word around them, of which bash
/// wants back only what stands behind the last of them.
const WHOLE_WORDS: &str = r#"
_dnsonde() {
    local rest="${COMP_LINE:0:COMP_POINT}" words=() piece last prefix index
    for ((index = 0; index <= COMP_CWORD; index++)); do
        piece="${COMP_WORDS[index]}"
        if [[ ${#words[@]} == 0 || $rest == [[:blank:]]* ]]; then
            words+=("")
            rest="${rest#"${rest%%[![:blank:]]*}"}"
        fi
        ((index == COMP_CWORD)) && piece="$rest"
        words[${#words[@]} - 1]+="$piece"
        rest="${rest#"$piece"}"
    done
    last="${words[${#words[@]} - 1]}"
    prefix="${last%"$2"}"
    COMP_WORDS=("${words[@]}")
    COMP_CWORD=$((${#words[@]} - 1))
    _clap_complete_dnsonde "$1" "$last" "$3"
    for index in "${!COMPREPLY[@]}"; do
        COMPREPLY[index]="${COMPREPLY[index]#"$prefix"}"
    done
}
"#;

/// Runs the command.
pub(super) fn write(shell: clap_complete::Shell) -> anyhow::Result<ExitCode> {
    let shells = Shells::builtins();
    let name = shell.to_string();
    let completer = shells.completer(&name).context("this shell cannot be completed")?;
    let mut out = Vec::new();
    completer.write_registration(VARIABLE, NAME, NAME, NAME, &mut out)?;
    if shell == clap_complete::Shell::Bash {
        let script = String::from_utf8(out).context("the script is not text")?;
        out = script.replace("-F _clap_complete_dnsonde ", "-F _dnsonde ").into_bytes();
        out.extend_from_slice(WHOLE_WORDS.as_bytes());
    }
    if shell == clap_complete::Shell::Zsh {
        // In a file of $fpath, the script itself is what is asked first.
        out.extend_from_slice(
            b"[[ ${funcstack[1]-} == _dnsonde ]] && _clap_dynamic_completer_dnsonde \"$@\"\n",
        );
    }
    print(&out)
}

/// The answer to a shell that asks what completes the line behind `--`; `None` if none does.
pub(super) fn answer(words: &[OsString], mut whole: Command) -> Option<anyhow::Result<ExitCode>> {
    let shell = env::var_os(VARIABLE)?;
    let shells = Shells::builtins();
    let completer = shells.completer(shell.to_str()?)?;
    let line = words.get(2..).filter(|line| words[1] == "--" && !line.is_empty())?;
    if is_query(line, &whole) {
        whole = whole.find_subcommand("query")?.clone();
    }
    let mut out = Vec::new();
    let here = env::current_dir().ok();
    // There is nothing to complete: that is no error, and a shell says nothing of it.
    let _ = completer.write_complete(&mut whole, line.to_vec(), here.as_deref(), &mut out);
    Some(print(&out))
}

/// Whether a line leaves out the command, and is a query. Its first word alone may be a command that is
/// not yet written out.
fn is_query(line: &[OsString], whole: &Command) -> bool {
    let Some(first) = line.get(1).map(|word| word.to_string_lossy()) else { return false };
    if first.starts_with('+') {
        return true;
    }
    let is_command = first == "help" || whole.find_subcommand(&*first).is_some();
    line.len() > 2 && !is_command
}
