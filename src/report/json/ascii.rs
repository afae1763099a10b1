//! Values that serde writes, in printable ASCII only.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Appends a value as JSON; what there is in its strings besides printable ASCII is escaped, so that
/// it may be shown on a terminal.
///
/// # Panics
/// If the value has keys that are no strings, or fails by itself.
pub fn write(value: &impl Serialize, out: &mut Vec<u8>) {
    let mut serializer = Serializer::with_formatter(out, Ascii);
    // Neither a buffer nor plain data with text as keys can fail.
    value.serialize(&mut serializer).expect("plain data is always JSON");
}

/// Appends a character as `\u001b`, one beyond the first plane as two of these.
pub(super) fn write_escape(character: char, out: &mut Vec<u8>) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        out.extend_from_slice(b"\\u");
        for shift in [12, 8, 4, 0] {
            out.push(b"0123456789abcdef"[usize::from(*unit >> shift & 0xF)]);
        }
    }
}

/// JSON without blanks, in which everything but printable ASCII is escaped.
struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let mut rest = fragment;
        // Controls, quotes and backslashes are not in fragments.
        while let Some(at) = rest.find(|character: char| !matches!(character, ' '..='~')) {
            let (plain, behind) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut characters = behind.chars();
            if let Some(character) = characters.next() {
                let mut escape = Vec::with_capacity(12);
                write_escape(character, &mut escape);
                writer.write_all(&escape)?;
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}
