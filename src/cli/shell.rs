//! Words of commands that a user may copy into a shell.

use std::borrow::Cow;

/// A word as a shell has to see it.
pub(in crate::cli) fn shell_word(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.,:/=@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
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
}
