//! Text of any origin without characters that do anything.

use std::borrow::Cow;

/// Escapes, as `\u{1b}`, every character that is not shown as itself: controls (C0, DEL, C1),
/// those that turn the direction of writing, end a line or are invisible. Everything that reaches a
/// terminal and is not printable ASCII by its making goes through here.
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

/// Whether a character acts on the text around it, or hides in it, instead of being shown: controls,
/// separators of lines, format characters (Cf), and what Unicode calls default ignorable.
pub fn acts(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            // Hyphens and joiners that are not seen, fillers of Hangul and Khmer.
            '\u{AD}' | '\u{34F}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
            | '\u{3164}' | '\u{FFA0}'
            // Marks in front of Arabic, Syriac and Kaithi numbers.
            | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}'
            | '\u{890}'..='\u{891}' | '\u{8E2}' | '\u{110BD}' | '\u{110CD}'
            // Choices between forms of a character.
            | '\u{180B}'..='\u{180F}' | '\u{FE00}'..='\u{FE0F}'
            // Spaces without a width, marks of direction.
            | '\u{200B}'..='\u{200F}' | '\u{FEFF}'
            // Ends of lines and paragraphs, embeddings and overrides.
            | '\u{2028}'..='\u{202E}'
            // Joiners, invisible operators, isolates.
            | '\u{2060}'..='\u{206F}'
            // Annotations and tags.
            | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}'
            // Controls of hieroglyphs, shorthand and music.
            | '\u{13430}'..='\u{1343F}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
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
            ("\u{ad}\u{3164}\u{fe0f}\u{34f}", Some("\\u{ad}\\u{3164}\\u{fe0f}\\u{34f}")),
        ] {
            assert_eq!(printable(text), shown.unwrap_or(text));
        }
    }
}
