//! Names in other scripts: Unicode text to the ASCII form that the DNS has (IDNA, UTS #46).
//!
//! UTS #46 maps characters before it judges them, and some of them to what has a meaning of its own in
//! a name as text: a space, a backslash, a dot. Such a name would not be asked as it was meant.

use std::borrow::Cow;

/// Why a name in another script has no ASCII form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdnaError {
    /// A character that stands for something else.
    #[error("U+{:04X} in the name, which looks like {}; write the name without it", u32::from(*.0), meaning(*.1))]
    Mapped(char, char),
    /// A character that IDNA does not allow.
    #[error("U+{:04X} is not allowed in a name ({})", u32::from(*.0), note(*.0))]
    Disallowed(char),
    /// The characters are allowed, but not in this order.
    #[error("not a valid internationalized name (IDNA, UTS #46)")]
    Invalid,
    /// Escapes beside characters that are not ASCII.
    #[error(
        "a backslash next to letters that are not ASCII; write them as \\DDD as well, or in their \
         form for the DNS (xn--...)"
    )]
    Escape,
}

fn meaning(mapped: char) -> &'static str {
    match mapped {
        ' ' => "a space",
        '\\' => "a backslash",
        '.' => "a dot inside a label",
        '/' => "a slash",
        ':' => "a colon",
        '@' => "an at sign",
        _ => "a character that no name has",
    }
}

fn note(character: char) -> &'static str {
    match character {
        '\u{2024}'..='\u{2026}' => "it stands for dots inside a label",
        '\u{FFFD}' => "it stands for text that was damaged",
        _ if is_invisible(character) => "it is invisible",
        _ if character.is_control() => "it is a control character",
        _ => "IDNA, UTS #46",
    }
}

/// Marks of direction, joiners and the like.
const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{AD}'
            | '\u{61C}'
            | '\u{180E}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
    )
}

/// Text without what is not seen at its ends: white space of any script, byte order marks, marks of
/// direction. Joiners stay: some scripts end words with them.
pub fn trim_blanks(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii();
    let (Some(first), Some(last)) = (text.first(), text.last()) else { return text };
    if first.is_ascii() && last.is_ascii() {
        return text;
    }
    let is_blank = |character: char| {
        character.is_whitespace()
            || is_invisible(character) && !matches!(character, '\u{200C}' | '\u{200D}')
    };
    std::str::from_utf8(text).map_or(text, |text| text.trim_matches(is_blank).as_bytes())
}

/// The ASCII form of a name.
///
/// # Errors
/// What has none, or one that would not be read as it was meant.
pub fn to_ascii(text: &str) -> Result<String, IdnaError> {
    if text.contains('\\') {
        return Err(IdnaError::Escape);
    }
    let Ok(ascii) = convert(text) else {
        let culprit = text.chars().find(|&character| !is_allowed(character));
        return Err(culprit.map_or(IdnaError::Invalid, IdnaError::Disallowed));
    };
    // Only letters, digits and hyphens may come of other characters, and dots of the full stops that
    // separate labels. So nearly always all others are where they were.
    let is_special = |it: &char| it.is_ascii() && !it.is_ascii_alphanumeric() && *it != '-';
    let written = text.chars().map(stands_for).filter(is_special);
    if ascii.bytes().map(char::from).filter(is_special).eq(written) {
        return Ok(ascii.into_owned());
    }
    // How many of each there are more than were written.
    let mut surplus = [0i32; 128];
    ascii.bytes().for_each(|octet| surplus[usize::from(octet & 127)] += 1);
    for character in text.chars().map(stands_for).filter(char::is_ascii) {
        surplus[character as usize] -= 1;
    }
    let special =
        (0..128u8).map(char::from).find(|it| is_special(it) && surplus[*it as usize] != 0);
    if let Some(special) = special {
        let culprit = text.chars().find(|it| {
            let maps = || convert(it.encode_utf8(&mut [0; 4])).is_ok_and(|it| it.contains(special));
            stands_for(*it) != special && maps()
        });
        return Err(culprit.map_or(IdnaError::Invalid, |it| IdnaError::Mapped(it, special)));
    }
    Ok(ascii.into_owned())
}

fn convert(text: &str) -> Result<Cow<'_, str>, idna::Errors> {
    idna::domain_to_ascii_cow(text.as_bytes(), idna::AsciiDenyList::EMPTY)
}

/// The full stops of other scripts separate labels (RFC 3490 §3.1).
const fn stands_for(character: char) -> char {
    match character {
        '\u{3002}' | '\u{FF0E}' | '\u{FF61}' => '.',
        other => other,
    }
}

/// Whether a character is allowed by itself, or at least behind a letter.
fn is_allowed(character: char) -> bool {
    character.is_ascii()
        || convert(character.encode_utf8(&mut [0; 4])).is_ok()
        || convert(&format!("a{character}")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_other_scripts_have_their_ascii_form() {
        for (text, ascii) in [
            ("bücher.example", "xn--bcher-kva.example"),
            ("_sip._tcp.BÜCHER.example", "_sip._tcp.xn--bcher-kva.example"),
            ("bu\u{308}cher.example", "xn--bcher-kva.example"),
            ("straße.example", "xn--strae-oqa.example"),
            ("пример.испытание", "xn--e1afmkfd.xn--80akhbyknj4f"),
            ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
            ("例え．テスト｡", "xn--r8jz45g.xn--zckzah."),
            ("مثال.إختبار", "xn--mgbh0fb.xn--kgbechtv"),
            ("ｅｘａｍｐｌｅ．org", "example.org"),
            ("exa\u{AD}mple.o\u{200B}rg", "example.org"),
            ("*.bücher.example", "*.xn--bcher-kva.example"),
            // A joiner where the script has one (RFC 5892, appendix A).
            ("\u{915}\u{94D}\u{200D}\u{937}.example", "xn--11b2ezcw70k.example"),
        ] {
            assert_eq!(to_ascii(text).as_deref(), Ok(ascii), "{text}");
        }
    }

    #[test]
    fn what_stands_for_something_else_is_refused() {
        for (text, mapped, special) in [
            ("a\u{A0}b.example", '\u{A0}', ' '),
            ("a\u{3000}b.example", '\u{3000}', ' '),
            ("a\u{2003}b.example", '\u{2003}', ' '),
            ("a\u{FF3C}b.example", '\u{FF3C}', '\\'),
            ("a\u{2100}b.example", '\u{2100}', '/'),
            ("a\u{FF1A}443.example", '\u{FF1A}', ':'),
            ("a\u{FF20}b.example", '\u{FF20}', '@'),
            ("a\u{FF0F}b/c.example", '\u{FF0F}', '/'),
        ] {
            assert_eq!(to_ascii(text), Err(IdnaError::Mapped(mapped, special)), "{text}");
        }
    }

    #[test]
    fn what_is_not_allowed_is_named() {
        for (text, error) in [
            ("a\u{FFFD}.example", IdnaError::Disallowed('\u{FFFD}')),
            ("a\u{2024}b.example", IdnaError::Disallowed('\u{2024}')),
            ("a\u{2026}b.example", IdnaError::Disallowed('\u{2026}')),
            ("a\u{85}b.example", IdnaError::Disallowed('\u{85}')),
            ("a\u{202E}b.example", IdnaError::Disallowed('\u{202E}')),
            ("a\u{200D}b.example", IdnaError::Disallowed('\u{200D}')),
            ("\u{308}a.example", IdnaError::Invalid),
            ("bücher\\.example", IdnaError::Escape),
        ] {
            assert_eq!(to_ascii(text), Err(error), "{text}");
        }
    }

    #[test]
    fn what_is_not_seen_at_the_ends_is_no_part_of_a_name() {
        for blank in
            ["\u{A0}", "\u{3000}", "\u{FEFF}", "\u{2028}", "\u{85}", "\u{200E}", "\u{202C}"]
        {
            let text = format!("{blank} {blank}a.example\t{blank}");
            assert_eq!(trim_blanks(text.as_bytes()), b"a.example", "{blank:?}");
        }
        assert_eq!(trim_blanks(b" a "), b"a");
        assert_eq!(trim_blanks("\u{A0}".as_bytes()), b"");
        assert_eq!(trim_blanks(b"\xFFa\xFF"), b"\xFFa\xFF");
    }
}
