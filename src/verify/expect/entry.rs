//! One expectation as text: a name, a type and, if it matters, a value.

use super::error::{ExpectError, ExpectErrorKind as Kind, excerpt};
use super::{Expectation, strings};
use crate::wire::{Class, NameBuf, RecordBuf, RecordType};

/// Reads `NAME TYPE [VALUE]`; a TTL and `IN` may stand before the type, as in a line of dig.
///
/// `domain` completes a name that is neither at or below it nor ends with a dot; `@` is the
/// domain itself. The value is in presentation format, its names complete with or without their
/// final dot. The value of a TXT record may be given without quotation marks: it is then the rest
/// of the text, as it stands.
///
/// ```
/// use dnsonde::verify::expect::parse_expectation;
///
/// let domain = "example.org".parse().unwrap();
/// let it = parse_expectation("t1._domainkey CNAME t1.dkim.example.net", &domain).unwrap();
/// assert_eq!(it.to_string(), "t1._domainkey.example.org. CNAME t1.dkim.example.net.");
/// ```
///
/// # Errors
/// What is wrong, with its line and column in `text`.
pub fn parse_expectation(text: &str, domain: &NameBuf) -> Result<Expectation, ExpectError> {
    let text = text.as_bytes();
    let mut words = Words { text, at: 0 };
    let name = words.next("a domain name")?;
    let owner = owner_name(text, name, domain)?;
    let mut word = words.next("a record type")?;
    // No type is a number or IN, so these can only be a TTL and a class.
    while word.octets.iter().all(u8::is_ascii_digit) || word.octets.eq_ignore_ascii_case(b"IN") {
        word = words.next("a record type")?;
    }
    let rtype = record_type(text, word)?;
    let value = words.rest();
    let value = if value.octets.is_empty() {
        None
    } else {
        let located = |error| ExpectError::in_value(text, value.offset, error);
        Some(parse_value(rtype, value.octets).map_err(|error| match error {
            ValueError::Text(error) => located(error),
            ValueError::TooLong(len) => ExpectError::at(text, value.offset, Kind::TooLong(len)),
        })?)
    };
    Ok(Expectation::new(owner, rtype, value))
}

/// A part of a text and where it begins.
#[derive(Clone, Copy)]
pub(super) struct Word<'t> {
    pub(super) octets: &'t [u8],
    pub(super) offset: usize,
}

struct Words<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Words<'t> {
    fn skip_blanks(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn next(&mut self, what: &'static str) -> Result<Word<'t>, ExpectError> {
        self.skip_blanks();
        let rest = &self.text[self.at..];
        let len = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        if len == 0 {
            return Err(ExpectError::at(self.text, self.at, Kind::Missing(what)));
        }
        let word = Word { octets: &rest[..len], offset: self.at };
        self.at += len;
        Ok(word)
    }

    fn rest(&mut self) -> Word<'t> {
        self.skip_blanks();
        Word { octets: self.text[self.at..].trim_ascii_end(), offset: self.at }
    }
}

/// Reads the owner of an expectation about `domain`; errors count from the start of `text`.
pub(super) fn owner_name(
    text: &[u8],
    word: Word<'_>,
    domain: &NameBuf,
) -> Result<NameBuf, ExpectError> {
    let error = |kind| ExpectError::at(text, word.offset, kind);
    if word.octets == b"@" {
        return Ok(*domain);
    }
    if !word.octets.is_ascii() {
        return Err(error(Kind::NotAscii(excerpt(word.octets))));
    }
    let read = |origin: &NameBuf| {
        NameBuf::from_text(word.octets, origin)
            .map_err(|why| error(Kind::Name { text: excerpt(word.octets), error: why }))
    };
    let root = NameBuf::root();
    let complete = read(&root)?;
    if complete.is_at_or_below(domain) { Ok(complete) } else { read(domain) }
}

/// Reads a record type that a zone can have.
pub(super) fn record_type(text: &[u8], word: Word<'_>) -> Result<RecordType, ExpectError> {
    let error = |kind| ExpectError::at(text, word.offset, kind);
    let rtype: RecordType = std::str::from_utf8(word.octets)
        .ok()
        .and_then(|word| word.parse().ok())
        .ok_or_else(|| error(Kind::Type(excerpt(word.octets))))?;
    if rtype.is_meta() { Err(error(Kind::MetaType(rtype))) } else { Ok(rtype) }
}

/// Why a value could not be read.
pub(super) enum ValueError {
    /// It does not fit the type; the place counts from its own start.
    Text(crate::wire::TextError),
    /// It is too long.
    TooLong(usize),
}

/// Reads a value that people write: see [`parse_expectation`].
pub(super) fn parse_value(rtype: RecordType, value: &[u8]) -> Result<Vec<u8>, ValueError> {
    let literal = matches!(rtype, RecordType::TXT | RecordType::SPF)
        && !value.starts_with(b"\"")
        && !value.starts_with(b"\\# ");
    if literal {
        let rdata = strings(value);
        let len = rdata.len();
        return if len > usize::from(u16::MAX) { Err(ValueError::TooLong(len)) } else { Ok(rdata) };
    }
    RecordBuf::rdata_from_text(rtype, Class::IN, value, &NameBuf::root()).map_err(ValueError::Text)
}
