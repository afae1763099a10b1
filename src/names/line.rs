//! One line of input: blank, a comment, a question, or something that cannot be asked.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::wire::{NameBuf, NameError, RecordType};

/// The longest line that is looked at, in octets.
pub const MAX_LINE: usize = 65_536;

/// What a line holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Nothing but white space.
    Blank,
    /// Begins with `#` or `;`.
    Comment,
    /// A name, with its own type if the line has one.
    Question(&'a [u8], Option<RecordType>),
}

/// Why a line cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// The name breaks a rule of RFC 1035.
    #[error("{0}")]
    Name(#[from] NameError),
    /// What stands behind the comma is no type.
    #[error("'{0}' behind the comma is no record type to look up; a line is NAME or NAME,TYPE")]
    Type(String),
    /// A space inside.
    #[error("a space inside the name; a line is NAME or NAME,TYPE")]
    Space,
    /// A control character.
    #[error("control character {0:#04x} in the name; write it as \\DDD")]
    Control(u8),
    /// Not text at all.
    #[error("neither ASCII nor UTF-8; write such octets as \\DDD")]
    Encoding,
    /// A name that IDNA does not allow.
    #[error("not allowed in an internationalized name (IDNA)")]
    Idna,
    /// A URL.
    #[error("a URL, not a name; give the host only")]
    Url,
    /// More than 65,536 octets.
    #[error("the line is longer than {MAX_LINE} octets")]
    TooLong,
}

/// Tells what a line is, without reading the name; `line` may still have its line end.
///
/// # Errors
/// A type that does not exist.
#[inline]
pub fn classify(line: &[u8]) -> Result<Line<'_>, LineError> {
    let text = line.trim_ascii();
    let Some(&first) = text.first() else { return Ok(Line::Blank) };
    if matches!(first, b'#' | b';') {
        return Ok(Line::Comment);
    }
    // Columns end at the first comma that is not escaped.
    let comma = (0..text.len()).find(|&i| text[i] == b',' && (i == 0 || text[i - 1] != b'\\'));
    let Some(comma) = comma else { return Ok(Line::Question(text, None)) };
    let rtype = text[comma + 1..].trim_ascii();
    let rtype = std::str::from_utf8(rtype)
        .ok()
        .and_then(|text| text.parse().ok())
        .filter(|&rtype| is_askable(rtype))
        .ok_or_else(|| {
            LineError::Type(String::from_utf8_lossy(rtype).chars().take(40).collect())
        })?;
    Ok(Line::Question(text[..comma].trim_ascii_end(), Some(rtype)))
}

/// Whether a plain query can ask for this type: zone transfers need another protocol, and the
/// pseudo-types of messages are no data.
pub const fn is_askable(rtype: RecordType) -> bool {
    !matches!(
        rtype,
        RecordType::OPT | RecordType::TSIG | RecordType::TKEY | RecordType::IXFR | RecordType::AXFR
    )
}

/// Appends the wire form of a name; an address becomes its reverse name if `reverse` is set.
///
/// # Errors
/// Says why the name cannot be asked; nothing is appended then.
#[inline]
pub fn write_name(text: &[u8], reverse: bool, names: &mut Vec<u8>) -> Result<(), LineError> {
    let start = names.len();
    if write_plain(text, names) {
        // An IPv4 address is a plain name as well; IPv6 ones have colons.
        if !(reverse && text[text.len() - 1].is_ascii_digit()) {
            return Ok(());
        }
        if let Some(name) = reverse_name(text) {
            names.truncate(start);
            names.extend_from_slice(name.as_wire());
        }
        return Ok(());
    }
    names.truncate(start);
    let name = match reverse_name(text).filter(|_| reverse) {
        Some(name) => name,
        None => parse_name(text)?,
    };
    names.extend_from_slice(name.as_wire());
    Ok(())
}

/// Nearly all names: letters, digits, hyphens and underscores between dots. Gives up on anything
/// else, and on names that are too long.
#[inline]
fn write_plain(text: &[u8], names: &mut Vec<u8>) -> bool {
    let start = names.len();
    let text = text.strip_suffix(b".").unwrap_or(text);
    if text.is_empty() || text.len() > 253 {
        return false;
    }
    // A length octet takes the place of the dot before each label.
    names.push(0);
    names.extend_from_slice(text);
    names.push(0);
    let mut length_at = start;
    for at in start + 1..names.len() - 1 {
        match names[at] {
            b'.' => {
                let len = at - length_at - 1;
                if len == 0 || len > 63 {
                    return false;
                }
                names[length_at] = len as u8;
                length_at = at;
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => {}
            _ => return false,
        }
    }
    let len = names.len() - 1 - length_at - 1;
    names[length_at] = len as u8;
    len > 0 && len <= 63
}

/// Reads any name that a person may write: escapes as in zone files, and other scripts by IDNA.
///
/// # Errors
/// Says what is wrong with it.
pub fn parse_name(text: &[u8]) -> Result<NameBuf, LineError> {
    if let Some(&octet) = text.iter().find(|octet| octet.is_ascii_control()) {
        return Err(LineError::Control(octet));
    }
    if text.contains(&b' ') {
        return Err(LineError::Space);
    }
    if text.windows(3).any(|window| window == b"://") {
        return Err(LineError::Url);
    }
    let ascii: Cow<'_, [u8]> = if text.is_ascii() {
        Cow::Borrowed(text)
    } else {
        let text = std::str::from_utf8(text).map_err(|_| LineError::Encoding)?;
        let ascii = idna::domain_to_ascii(text).map_err(|_| LineError::Idna)?;
        Cow::Owned(ascii.into_bytes())
    };
    Ok(NameBuf::from_text(&ascii, &NameBuf::root())?)
}

fn reverse_name(text: &[u8]) -> Option<NameBuf> {
    let address: IpAddr = std::str::from_utf8(text).ok()?.parse().ok()?;
    reverse_name_of(address)
}

/// The name that holds the PTR records of an address (RFC 1035 §3.5, RFC 3596 §2.5).
pub fn reverse_name_of(address: IpAddr) -> Option<NameBuf> {
    let text = match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa.")
        }
        IpAddr::V6(v6) => {
            let mut text = String::with_capacity(73);
            for octet in v6.octets().into_iter().rev() {
                for nibble in [octet & 15, octet >> 4] {
                    text.extend(char::from_digit(nibble.into(), 16));
                    text.push('.');
                }
            }
            text.push_str("ip6.arpa.");
            text
        }
    };
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, LineError> {
        let mut names = b"before".to_vec();
        let outcome = write_name(text.as_bytes(), true, &mut names);
        assert_eq!(&names[..6], b"before");
        match outcome {
            Ok(()) => Ok(NameBuf::from_wire(&names[6..]).unwrap().to_string()),
            Err(error) => {
                assert_eq!(names.len(), 6, "nothing stays behind after an error");
                Err(error)
            }
        }
    }

    #[test]
    fn names_in_all_their_forms_become_wire_names() {
        for (text, name) in [
            ("example.org", "example.org."),
            ("example.org.", "example.org."),
            ("_dmarc.EXAMPLE.org", "_dmarc.EXAMPLE.org."),
            ("*.example.org", "*.example.org."),
            (".", "."),
            ("a\\.b.example", "a\\.b.example."),
            ("bücher.example", "xn--bcher-kva.example."),
            ("_sip._tcp.BÜCHER.example", "_sip._tcp.xn--bcher-kva.example."),
            ("192.0.2.1", "1.2.0.192.in-addr.arpa."),
            ("192.0.2.300", "192.0.2.300."),
            ("0/25.2.0.192.in-addr.arpa", "0/25.2.0.192.in-addr.arpa."),
            (
                "2001:db8::1",
                "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
            ),
        ] {
            assert_eq!(read(text).as_deref(), Ok(name), "{text}");
        }
    }

    #[test]
    fn names_that_cannot_be_asked_say_why() {
        let label = "a".repeat(64);
        let name = vec!["a".repeat(63); 4].join(".");
        for (text, error) in [
            ("a..b", LineError::Name(NameError::EmptyLabel)),
            (".a", LineError::Name(NameError::EmptyLabel)),
            (label.as_str(), LineError::Name(NameError::LabelTooLong)),
            (name.as_str(), LineError::Name(NameError::NameTooLong)),
            ("a b", LineError::Space),
            ("a\x1b[2J", LineError::Control(0x1b)),
            ("https://example.org/", LineError::Url),
            ("xn--a\u{fffd}", LineError::Idna),
        ] {
            assert_eq!(read(text), Err(error), "{text}");
        }
        assert_eq!(parse_name(b"\xff.example"), Err(LineError::Encoding));
    }

    #[test]
    fn an_address_is_only_reversed_where_that_was_asked_for() {
        let mut names = Vec::new();
        write_name(b"192.0.2.1", false, &mut names).unwrap();
        assert_eq!(NameBuf::from_wire(&names).unwrap().to_string(), "192.0.2.1.");
    }

    #[test]
    fn the_longest_name_fits() {
        let text = format!("{}.{}", vec!["a".repeat(63); 3].join("."), "b".repeat(61));
        assert_eq!(read(&text).unwrap(), format!("{text}."));
        assert_eq!(read(&format!("{text}b")), Err(LineError::Name(NameError::NameTooLong)));
    }

    #[test]
    fn lines_are_told_apart() {
        let question = |name: &'static str, rtype| Ok(Line::Question(name.as_bytes(), rtype));
        for (line, expected) in [
            ("", Ok(Line::Blank)),
            (" \t\r\n", Ok(Line::Blank)),
            ("# a comment", Ok(Line::Comment)),
            ("  ; another\r\n", Ok(Line::Comment)),
            ("example.org\r\n", question("example.org", None)),
            ("example.org,mx\n", question("example.org", Some(RecordType::MX))),
            ("example.org , TYPE65280 ", question("example.org", Some(RecordType(65280)))),
            ("a\\,b.example", question("a\\,b.example", None)),
            ("example.org,", Err(LineError::Type(String::new()))),
            ("1,example.org", Err(LineError::Type("example.org".into()))),
        ] {
            assert_eq!(classify(line.as_bytes()), expected, "{line:?}");
        }
    }
}
