//! One line of a list: blank, a comment, a question, or something that cannot be asked.
//!
//! A question is a name, or a name and a type with a comma, a tab or spaces between them; each may be
//! in quotes, and a comment may follow. Other tables are told by their columns, so that the error says
//! what to keep of them.

use std::net::IpAddr;

use super::error::{LineError, Separator, quoted};
use super::idna::trim_blanks;
use super::name::is_plain;
pub use super::name::parse_name;
pub use super::prefix::reverse_name_of;
use crate::wire::RecordType;

/// What a line holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Nothing but white space.
    Blank,
    /// Begins with `#` or `;`.
    Comment,
    /// What should be a name, with its own type if the line has one.
    Question(&'a [u8], Option<RecordType>),
}

/// Tells what a line is, without reading the name. Allocates nothing unless there is an error.
///
/// # Errors
/// A type that does not exist, and columns of other tables.
#[inline]
pub fn classify(line: &[u8]) -> Result<Line<'_>, LineError> {
    let text = line.trim_ascii();
    match text.iter().position(|&octet| !is_plain(octet) && octet != b'.') {
        None if text.is_empty() => Ok(Line::Blank),
        None => Ok(Line::Question(text, None)),
        Some(0) => classify_other(text),
        Some(end) if is_separator(text[end]) => columns(&text[..end], &text[end..]),
        Some(_) => classify_other(text),
    }
}

const fn is_separator(octet: u8) -> bool {
    matches!(octet, b',' | b' ' | b'\t')
}

const fn begins_comment(text: &[u8]) -> bool {
    matches!(text, [b'#' | b';', ..])
}

/// A line with more than the characters of ordinary names in its first column.
fn classify_other(text: &[u8]) -> Result<Line<'_>, LineError> {
    let text = trim_blanks(text);
    if text.is_empty() {
        return Ok(Line::Blank);
    }
    if begins_comment(text) {
        return Ok(Line::Comment);
    }
    // Spaces and commas do not separate columns there.
    match text {
        [b'{', ..] | [b'[', b'{' | b'"', ..] => return Err(LineError::Json),
        [b'<', ..] => return Err(LineError::Markup),
        [b'|' | b'!', ..] | [b'@', b'@', ..] => return Err(LineError::Adblock),
        _ if text.starts_with(b"[Adblock") => return Err(LineError::Adblock),
        _ => {}
    }
    let (name, rest) = field(text)?;
    if rest.is_empty() { Ok(Line::Question(name, None)) } else { columns(name, rest) }
}

/// The first column, without its quotes and blanks, and what is behind it, separators included.
fn field(text: &[u8]) -> Result<(&[u8], &[u8]), LineError> {
    if let [b'"', inner @ ..] = text {
        let end = memchr::memchr(b'"', inner).ok_or(LineError::Quote)?;
        let rest = &inner[end + 1..];
        if rest.first().is_some_and(|&octet| !is_separator(octet)) {
            return Err(LineError::Quote);
        }
        return Ok((trim_blanks(&inner[..end]), rest));
    }
    let mut end = 0;
    while end < text.len() && !is_separator(text[end]) {
        end += if text[end] == b'\\' { 2 } else { 1 };
    }
    let (name, rest) = text.split_at(end.min(text.len()));
    Ok((trim_blanks(name), rest))
}

/// A column, and what separates it from the one before.
fn next_column(rest: &[u8]) -> Result<(Separator, &[u8], &[u8]), LineError> {
    let blank = if rest.first() == Some(&b'\t') { Separator::Tab } else { Separator::Space };
    let text = trim_blanks(rest);
    let (separator, text) = match text {
        [b',', text @ ..] => (Separator::Comma, trim_blanks(text)),
        text => (blank, text),
    };
    let (column, rest) = field(text)?;
    Ok((separator, column, rest))
}

/// A line with something behind the name.
fn columns<'a>(name: &'a [u8], rest: &[u8]) -> Result<Line<'a>, LineError> {
    if begins_comment(trim_blanks(rest)) {
        return Ok(Line::Question(name, None));
    }
    let (separator, column, behind) = next_column(rest)?;
    if column.is_empty() && behind.iter().all(|&octet| is_separator(octet)) {
        return Err(LineError::NoType);
    }
    let rtype = read_type(column);
    if let Some(rtype) = rtype
        && (trim_blanks(behind).is_empty()
            || !behind.starts_with(b",") && begins_comment(trim_blanks(behind)))
    {
        return if is_askable(rtype) {
            Ok(Line::Question(name, Some(rtype)))
        } else {
            Err(LineError::NotAskable(rtype))
        };
    }
    Err(other_table(name, separator, column, behind))
}

fn read_type(column: &[u8]) -> Option<RecordType> {
    std::str::from_utf8(column).ok()?.parse().ok()
}

/// What a line is whose second column is no type, or that has more columns.
fn other_table(name: &[u8], separator: Separator, column: &[u8], behind: &[u8]) -> LineError {
    let is_last = trim_blanks(behind).is_empty() || begins_comment(trim_blanks(behind));
    if is_address(name) && looks_like_name(column) {
        return LineError::HostsFile(quoted(column));
    }
    if !name.is_empty() && name.iter().all(u8::is_ascii_digit) {
        if let Some(column) = column_of_name(column, behind) {
            return LineError::Ranking { column, separator };
        }
    } else if let Some(rtype) = read_type(name)
        && is_last
        && looks_like_name(column)
    {
        return LineError::TypeFirst(rtype, quoted(column));
    } else if separator != Separator::Comma && is_of_record(column, behind) {
        return LineError::Record;
    } else if is_last && looks_like_name(name) && (is_address(column) || looks_like_name(column)) {
        return LineError::NameServer(quoted(column));
    }
    if separator == Separator::Comma { LineError::Type(quoted(column)) } else { LineError::Columns }
}

/// The number of the first column, from the second on, that may be a name.
fn column_of_name(second: &[u8], behind: &[u8]) -> Option<usize> {
    let (mut column, mut rest) = (second, behind);
    // Tables with more columns in front of the name are rare.
    for number in 2..=16 {
        if looks_like_name(column) {
            return Some(number);
        }
        if trim_blanks(rest).is_empty() {
            return None;
        }
        (_, column, rest) = next_column(rest).ok()?;
    }
    None
}

/// Whether what follows a name is the rest of a record: a TTL or a class or a type, and then more.
fn is_of_record(column: &[u8], behind: &[u8]) -> bool {
    let mut rest = trim_blanks(behind);
    let mut word = column;
    for _ in 0..3 {
        if read_type(word).is_some() {
            return !rest.is_empty();
        }
        let is_class = ["IN", "CH", "HS"].iter().any(|it| word.eq_ignore_ascii_case(it.as_bytes()));
        let is_ttl = !word.is_empty() && word.iter().all(u8::is_ascii_digit);
        if !is_class && !is_ttl {
            return false;
        }
        let Ok((next, behind)) = field(rest) else { return false };
        (word, rest) = (next, trim_blanks(behind));
    }
    false
}

fn is_address(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    text.parse::<IpAddr>().is_ok() || text.parse::<std::net::SocketAddr>().is_ok()
}

/// Whether a column may be a name: it has a dot and a letter, or is `localhost`.
fn looks_like_name(text: &[u8]) -> bool {
    let has_letter = text.iter().any(|octet| octet.is_ascii_alphabetic() || !octet.is_ascii());
    has_letter && (text.contains(&b'.') || text.eq_ignore_ascii_case(b"localhost"))
}

/// Whether a plain query can ask for this type: zone transfers need another protocol, and the
/// pseudo-types of messages are no data.
pub const fn is_askable(rtype: RecordType) -> bool {
    !matches!(
        rtype,
        RecordType::OPT | RecordType::TSIG | RecordType::TKEY | RecordType::IXFR | RecordType::AXFR
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart() {
        let question = |name: &'static str, rtype| Ok(Line::Question(name.as_bytes(), rtype));
        let mx = Some(RecordType::MX);
        for (line, expected) in [
            ("", Ok(Line::Blank)),
            (" \t\r\n", Ok(Line::Blank)),
            ("\u{A0}\u{3000}", Ok(Line::Blank)),
            ("# a comment", Ok(Line::Comment)),
            ("  ; another\r\n", Ok(Line::Comment)),
            ("\u{FEFF}# another", Ok(Line::Comment)),
            ("example.org\r\n", question("example.org", None)),
            ("\u{A0}example.org\u{3000}", question("example.org", None)),
            ("example.org # a comment", question("example.org", None)),
            ("example.org\t; a comment, with a comma", question("example.org", None)),
            ("example.org,mx\n", question("example.org", mx)),
            ("example.org , TYPE65280 ", question("example.org", Some(RecordType(65280)))),
            ("example.org\tMX", question("example.org", mx)),
            ("example.org MX", question("example.org", mx)),
            ("example.org  \t MX ; a comment", question("example.org", mx)),
            ("bücher.example MX", question("bücher.example", mx)),
            ("\"example.org\"", question("example.org", None)),
            ("\" example.org \",\"MX\"", question("example.org", mx)),
            ("\"example.org\"\tMX", question("example.org", mx)),
            ("a\\,b.example", question("a\\,b.example", None)),
            ("a\\ b.example,MX", question("a\\ b.example", mx)),
            ("192.0.2.1,PTR", question("192.0.2.1", Some(RecordType::PTR))),
        ] {
            assert_eq!(classify(line.as_bytes()), expected, "{line:?}");
        }
    }

    #[test]
    fn tables_of_other_columns_say_what_they_are() {
        let ranking = |column, separator| LineError::Ranking { column, separator };
        let host = || "example.org".to_owned();
        for (line, error) in [
            ("1,example.org", ranking(2, Separator::Comma)),
            ("1,\"example.org\"", ranking(2, Separator::Comma)),
            ("\"1\",\"example.org\"", ranking(2, Separator::Comma)),
            ("1\texample.org", ranking(2, Separator::Tab)),
            ("1 example.org", ranking(2, Separator::Space)),
            ("1,1,example.org,org,501,1", ranking(3, Separator::Comma)),
            ("rank,domain", LineError::Type("domain".into())),
            ("GlobalRank,TldRank,Domain", LineError::Type("TldRank".into())),
            ("example.org,192.0.2.53", LineError::NameServer("192.0.2.53".into())),
            ("example.org,[2001:db8::53]:53", LineError::NameServer("[2001:db8::53]:53".into())),
            ("example.org ns1.example.net", LineError::NameServer("ns1.example.net".into())),
            ("0.0.0.0 example.org", LineError::HostsFile(host())),
            ("127.0.0.1\tlocalhost", LineError::HostsFile("localhost".into())),
            ("::1 example.org alias # a comment", LineError::HostsFile(host())),
            ("example.org. 300 IN A 192.0.2.1", LineError::Record),
            ("example.org.\t300\tA\t192.0.2.1", LineError::Record),
            ("example.org. A 192.0.2.1", LineError::Record),
            ("example.org. IN MX 10 mail.example.org.", LineError::Record),
            ("MX example.org", LineError::TypeFirst(RecordType::MX, host())),
            ("example.org,", LineError::NoType),
            ("example.org,\"\"", LineError::NoType),
            ("example.org,NOTYPE", LineError::Type("NOTYPE".into())),
            ("example.org,MX,1", LineError::Type("MX".into())),
            ("example.org,AXFR", LineError::NotAskable(RecordType::AXFR)),
            ("two words", LineError::Columns),
            ("- example.org", LineError::Columns),
            ("{\"name\": \"example.org\", \"type\": \"A\"}", LineError::Json),
            ("<a href=\"https://example.org\">", LineError::Markup),
            ("[Adblock Plus 2.0]", LineError::Adblock),
            ("! a comment, of theirs", LineError::Adblock),
            ("\"example.org", LineError::Quote),
            ("\"example.org\"x", LineError::Quote),
        ] {
            assert_eq!(classify(line.as_bytes()), Err(error), "{line:?}");
        }
    }
}
