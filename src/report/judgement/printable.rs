//! Text of any origin without characters that do anything.

use std::borrow::Cow;

/// Escapes, as `\u{1b}`, every character that is not shown as itself: controls (C0, DEL, C1),
/// those that turn the direction of writing, end a line or are invisible.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if acts(character) {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// Whether a character acts on the text around it, or hides in it, instead of being shown.
pub fn acts(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{FEFF}'
            // Spaces without a width, marks of direction.
            | '\u{200B}'..='\u{200F}'
            // Ends of lines and paragraphs, embeddings and overrides.
            | '\u{2028}'..='\u{202E}'
            // Joiners, invisible operators, isolates.
            | '\u{2060}'..='\u{206F}'
            // Annotations and tags.
            | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_escaped_and_what_is_read_stays() {
        for (text, shown) in [
            ("plain \\027 text, 1.0–2.9 %, §3 \u{e9} \u{4e2d}", None),
            ("\u{1b}[31mred", Some("\\u{1b}[31mred")),
            ("a\nb\r\tc\u{7f}", Some("a\\u{a}b\\u{d}\\u{9}c\\u{7f}")),
            ("\u{9b}2J", Some("\\u{9b}2J")),
            ("\u{202e}moc.\u{2066}\u{200f}", Some("\\u{202e}moc.\\u{2066}\\u{200f}")),
            ("a\u{200b}b\u{feff}\u{e0041}", Some("a\\u{200b}b\\u{feff}\\u{e0041}")),
        ] {
            assert_eq!(printable(text), shown.unwrap_or(text));
        }
    }
}
