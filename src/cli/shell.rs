//! Words as a shell must see them.

/// A word as a shell has to see it.
pub(super) fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
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
            ("it's $HOME", "'it'\\''s $HOME'"),
        ] {
            assert_eq!(shell_word(word), expected);
        }
    }
}
