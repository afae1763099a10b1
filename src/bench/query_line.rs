//! One line of a query file: a name and a type, as dnsperf writes them.

use crate::wire::{NameBuf, NameError, RecordType};

/// Why a line cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// A name and nothing behind it.
    #[error("has a name and no type: write a line like 'example.com A'")]
    NoType,
    /// Something that is the name of no type.
    #[error("unknown record type '{0}'")]
    Type(String),
    /// Something that is no name.
    #[error("invalid name '{0}': {1}")]
    Name(String, NameError),
    /// More than any query has.
    #[error("is longer than 65,536 octets")]
    TooLong,
}

/// Octets of a line that an error quotes.
const QUOTED: usize = 64;

/// The name and type of a line without its end, the name as it is written; `None` for a line that is
/// blank or a comment. What follows the type is passed over.
///
/// # Errors
/// A type is missing, or is none.
pub(super) fn read_line(line: &[u8]) -> Result<Option<(&[u8], RecordType)>, LineError> {
    if line.first() == Some(&b';') {
        return Ok(None);
    }
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let Some(name) = words.next() else { return Ok(None) };
    let word = words.next().ok_or(LineError::NoType)?;
    let rtype = std::str::from_utf8(word).ok().and_then(|text| text.parse().ok());
    Ok(Some((name, rtype.ok_or_else(|| LineError::Type(quoted(word)))?)))
}

/// Appends the wire form of a name. It is taken as it is: dnsperf sends the octets that it is given.
///
/// # Errors
/// Says why it is none; nothing is appended then.
pub(super) fn write_name(text: &[u8], names: &mut Vec<u8>) -> Result<(), LineError> {
    let name = NameBuf::from_text(text, &NameBuf::root())
        .map_err(|error| LineError::Name(quoted(text), error))?;
    names.extend_from_slice(name.as_wire());
    Ok(())
}

fn quoted(word: &[u8]) -> String {
    let text = String::from_utf8_lossy(&word[..word.len().min(QUOTED)]).into_owned();
    if word.len() > QUOTED { text + "…" } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Option<(String, RecordType)>, LineError> {
        let Some((name, rtype)) = read_line(line.as_bytes())? else { return Ok(None) };
        let mut names = vec![9];
        let written = write_name(name, &mut names);
        assert!(written.is_ok() || names == [9], "nothing is appended for {line:?}");
        written?;
        Ok(Some((NameBuf::from_wire(&names[1..]).unwrap().to_string(), rtype)))
    }

    #[test]
    fn a_line_is_a_name_and_a_type() {
        for (line, name, rtype) in [
            ("www.example.com A", "www.example.com.", RecordType::A),
            ("www.example.com. aaaa", "www.example.com.", RecordType::AAAA),
            ("example.com\tMX", "example.com.", RecordType::MX),
            ("  example.com   TYPE65280  ", "example.com.", RecordType(65280)),
            (". NS", ".", RecordType::NS),
            ("example.com A ; with a comment", "example.com.", RecordType::A),
            ("#1.example.com A", "#1.example.com.", RecordType::A),
            ("a\\.b.example TXT", "a\\.b.example.", RecordType::TXT),
            ("a\\000b.example TXT", "a\\000b.example.", RecordType::TXT),
            ("_a._b.example ANY", "_a._b.example.", RecordType::ANY),
        ] {
            assert_eq!(read(line), Ok(Some((name.to_owned(), rtype))), "{line:?}");
        }
    }

    #[test]
    fn blank_lines_and_comments_ask_for_nothing() {
        for line in ["", "  \t", "; example.com A"] {
            assert_eq!(read(line), Ok(None), "{line:?}");
        }
    }

    #[test]
    fn what_cannot_be_asked_says_why() {
        for (line, sentence) in [
            ("example.com", "has a name and no type: write a line like 'example.com A'"),
            ("example.com NOTYPE", "unknown record type 'NOTYPE'"),
            (
                "a..b A",
                "invalid name 'a..b': a label is empty (two dots in a row, or a dot at the start)",
            ),
            (
                "a\\ A",
                "invalid name 'a\\': a backslash must be followed by three digits (000 to 255) or one other character",
            ),
        ] {
            assert_eq!(read(line).unwrap_err().to_string(), sentence, "{line:?}");
        }
        let long = format!("{} A", "a".repeat(100));
        let quoted =
            format!("invalid name '{}…': a label is longer than 63 octets", "a".repeat(64));
        assert_eq!(read(&long).unwrap_err().to_string(), quoted);
    }
}
