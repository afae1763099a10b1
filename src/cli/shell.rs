//! Command lines that a user may copy into a shell.

use std::borrow::Cow;
use std::env;
use std::ffi::OsStr;
use std::path::Path;

/// The program as a shell finds it that looks into PATH.
const NAME: &str = "dnsonde";

/// A word as a shell has to see it.
pub(in crate::cli) fn shell_word(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.,:/=@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
    }
}

/// A command line that runs this very program, from the directory where it runs now.
pub(in crate::cli) fn command_line(words: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut line = shell_word(&program()).into_owned();
    for word in words {
        line.push(' ');
        line.push_str(&shell_word(word.as_ref()));
    }
    line
}

/// How this program is called: by its name where that leads to it, else by a path.
fn program() -> String {
    let path = env::var_os("PATH").unwrap_or_default();
    let invoked = env::args_os().next().unwrap_or_default();
    let here = env::current_dir().unwrap_or_default();
    match env::current_exe() {
        Ok(this) => called(&this, &invoked, &here, &path),
        // Nothing better is known.
        Err(_) => NAME.to_owned(),
    }
}

/// How the program `this` is called in the directory `here`, if it was called as `invoked` before.
fn called(this: &Path, invoked: &OsStr, here: &Path, path: &OsStr) -> String {
    let is_this = |file: &Path| match (file.canonicalize(), this.canonicalize()) {
        (Ok(file), Ok(this)) => file == this,
        _ => false,
    };
    // A shell takes the first that there is.
    let by_name = |name: &str| {
        let name = format!("{name}{}", env::consts::EXE_SUFFIX);
        env::split_paths(path).map(|folder| folder.join(&name)).find(|file| file.is_file())
    };
    if by_name(NAME).is_some_and(|file| is_this(&file)) {
        return NAME.to_owned();
    }
    let invoked = Path::new(invoked);
    // A word without a slash is looked for in PATH, and its file may be another one.
    if invoked.components().count() > 1 && is_this(&here.join(invoked)) {
        return invoked.to_string_lossy().into_owned();
    }
    match this.strip_prefix(here) {
        Ok(below) => Path::new(".").join(below).to_string_lossy().into_owned(),
        Err(_) => this.to_string_lossy().into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_reach_the_command_as_they_are() {
        for (word, expected) in [
            ("--ses", "--ses"),
            ("t1,t2", "t1,t2"),
            ("", "''"),
            ("www A 192.0.2.1", "'www A 192.0.2.1'"),
            ("it's $HOME", r"'it'\''s $HOME'"),
        ] {
            assert_eq!(shell_word(word), expected);
        }
    }

    #[test]
    fn the_program_is_called_by_its_name_only_where_that_leads_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path().canonicalize().unwrap();
        let file = |path: &str| {
            let file = here.join(format!("{path}{}", env::consts::EXE_SUFFIX));
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, "").unwrap();
            file
        };
        let (this, other) = (file("target/debug/dnsonde"), file("other/dnsonde"));
        let (in_path, elsewhere) = (this.parent().unwrap(), other.parent().unwrap());
        let paths = |folders: &[&Path]| env::join_paths(folders).unwrap();
        let below = Path::new(".").join(this.strip_prefix(&here).unwrap());
        let below = below.to_str().unwrap();
        let whole = this.to_str().unwrap();
        for (invoked, path, from, expected) in [
            ("dnsonde", paths(&[in_path, elsewhere]), &here, NAME),
            ("target/debug/dnsonde", paths(&[in_path]), &here, NAME),
            // Another dnsonde comes first, or there is none.
            ("target/debug/dnsonde", paths(&[elsewhere, in_path]), &here, "target/debug/dnsonde"),
            ("./target/debug/dnsonde", paths(&[]), &here, "./target/debug/dnsonde"),
            (whole, paths(&[elsewhere]), &here, whole),
            // What was invoked is not a path that leads to it from here.
            ("dnsonde", paths(&[elsewhere]), &here, below),
            ("other/dnsonde", paths(&[]), &here, below),
            ("dnsonde", paths(&[]), &elsewhere.to_owned(), whole),
        ] {
            if invoked.contains('/') && !env::consts::EXE_SUFFIX.is_empty() {
                continue;
            }
            let called = called(&this, OsStr::new(invoked), from, &path);
            assert_eq!(called, expected, "{invoked} in {} with {path:?}", from.display());
        }
    }
}
