//! One expectation as text: a name, a type and, if it matters, a value.

use super::error::{ExpectError, ExpectErrorKind as Kind};
use super::expectation::Expectation;
use super::owner::{Owners, unquote};
use crate::judge::content::text::strings;
use crate::names::error::LineError;
use crate::names::idna::to_ascii;
use crate::wire::{Class, NameBuf, RecordBuf, RecordType, excerpt};

/// Reads `NAME TYPE [VALUE]`; a TTL and `IN` may stand before the type, as in a line of dig.
///
/// `domain` completes a name that is relative to it or to the zone that it is in; `@` is the domain
/// itself. The value is in presentation format, its names complete with or without their final dot. The
/// value of a TXT record may be given without quotation marks: it is then the rest of the text, as it
/// stands.
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
    let mut words = Words { text, at: 0 };
    let text = text.as_bytes();
    let name = words.next("a domain name")?;
    let owner = Owners::new(domain).read(name.octets);
    let owner = owner.map_err(|kind| ExpectError::at(text, name.offset, kind))?;
    let mut word = words.next("a record type")?;
    // No type is a number or IN, so these can only be a TTL and a class.
    while word.octets.iter().all(u8::is_ascii_digit) || word.octets.eq_ignore_ascii_case(b"IN") {
        word = words.next("a record type")?;
    }
    let rtype = record_type(text, word).map_err(|error| match record_type(text, name) {
        Ok(_) => ExpectError::at(text, name.offset, Kind::TypeFirst),
        Err(_) => error,
    })?;
    let value = words.rest();
    let value = if value.octets.is_empty() {
        None
    } else {
        let read = parse_value(rtype, value.octets);
        Some(read.map_err(|error| error.at(text, value.offset, 0))?)
    };
    Ok(Expectation::new(owner, rtype, value))
}

/// A part of a text and where it begins.
#[derive(Clone, Copy)]
pub(super) struct Word<'t> {
    pub(super) octets: &'t [u8],
    pub(super) offset: usize,
}

/// The words of a text, with any blanks between them, also those of web pages.
pub(super) struct Words<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
}

impl<'t> Words<'t> {
    fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.text[self.at..].trim_start_matches(is_blank).len();
    }

    pub(super) fn next(&mut self, what: &'static str) -> Result<Word<'t>, ExpectError> {
        self.skip_blanks();
        let rest = &self.text[self.at..];
        let len = rest.find(char::is_whitespace).unwrap_or(rest.len());
        if len == 0 {
            return Err(ExpectError::at(self.text.as_bytes(), self.at, Kind::Missing(what)));
        }
        let word = Word { octets: &rest.as_bytes()[..len], offset: self.at };
        self.at += len;
        Ok(word)
    }

    pub(super) fn rest(&mut self) -> Word<'t> {
        self.skip_blanks();
        Word { octets: self.text[self.at..].trim_end().as_bytes(), offset: self.at }
    }
}

fn is_blank(character: char) -> bool {
    character.is_whitespace() || character == '\u{FEFF}'
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
    /// It is wrong as a whole.
    Whole(Kind),
}

impl ValueError {
    /// The error of a value that begins at an offset of a text, `shift` octets into what was read.
    pub(super) fn at(self, text: &[u8], offset: usize, shift: usize) -> ExpectError {
        match self {
            Self::Whole(kind) => ExpectError::at(text, offset, kind),
            Self::Text(mut error) => {
                error.column = error.column.saturating_sub(shift).max(1);
                ExpectError::in_value(text, offset, error)
            }
        }
    }
}

/// Reads a value that people write: see [`parse_expectation`].
pub(super) fn parse_value(rtype: RecordType, value: &[u8]) -> Result<Vec<u8>, ValueError> {
    let is_text = matches!(rtype, RecordType::TXT | RecordType::SPF);
    if is_text && !value.starts_with(b"\"") && !value.starts_with(b"\\# ") {
        if unquote(value).len() < value.len() {
            return Err(ValueError::Whole(Kind::Quotes));
        }
        let rdata = strings(value);
        let len = rdata.len();
        let fits = len <= usize::from(u16::MAX);
        return if fits { Ok(rdata) } else { Err(ValueError::Whole(Kind::TooLong(len))) };
    }
    // Only names have letters of other scripts there.
    let ascii = if is_text || value.is_ascii() { None } else { Some(ascii_words(value)?) };
    RecordBuf::rdata_from_text(
        rtype,
        Class::IN,
        ascii.as_deref().unwrap_or(value),
        &NameBuf::root(),
    )
    .map_err(ValueError::Text)
}

/// A value with its words in their ASCII form.
fn ascii_words(value: &[u8]) -> Result<Vec<u8>, ValueError> {
    let error = |why| ValueError::Whole(Kind::of_name(value, why));
    let text = std::str::from_utf8(value).map_err(|_| error(LineError::Encoding))?;
    let ascii = text.split_whitespace().map(|word| to_ascii(unquote_text(word)));
    let ascii: Result<Vec<String>, _> = ascii.collect();
    Ok(ascii.map_err(|why| error(why.into()))?.join(" ").into_bytes())
}

fn unquote_text(word: &str) -> &str {
    std::str::from_utf8(unquote(word.as_bytes())).unwrap_or(word)
}
