//! What can be wrong with bytes or text, and where.

use std::fmt;

/// Why a message, a name or a record could not be read, and at which octet.
///
/// `offset` counts octets from the start of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseError {
    /// Octets from the start of the message to the thing that is wrong.
    pub offset: usize,
    /// What is wrong there.
    pub kind: ParseErrorKind,
}

/// The kinds of malformation that the parser tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The message ends inside something; the text says inside what.
    Truncated(&'static str),
    /// A compression pointer does not point strictly backwards (RFC 1035 §4.1.4, RFC 9267 §2).
    PointerNotBackwards,
    /// A compression pointer points into the 12 octets of the header.
    PointerIntoHeader,
    /// More than 127 compression pointers in one name.
    TooManyPointers,
    /// A compression pointer in a place that must not have one (RFC 3597 §4).
    PointerForbidden,
    /// A label type other than 00 and 11 (RFC 6891 §5 retired 01; 10 was never given out).
    LabelType(u8),
    /// A name of more than 255 octets (RFC 1035 §3.1).
    NameTooLong,
    /// The RDATA does not fit its type; the text says what was expected.
    Rdata(&'static str),
    /// The EDNS OPT record breaks RFC 6891; the text says how.
    Edns(&'static str),
    /// A TSIG or SIG(0) record that is not the last additional record (RFC 8945 §5.1,
    /// RFC 2931 §3.1).
    SignatureNotLast,
    /// Octets after the last record that the header counts.
    TrailingOctets(usize),
}

impl ParseError {
    pub(crate) const fn new(offset: usize, kind: ParseErrorKind) -> Self {
        Self { offset, kind }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "octet {}: {}", self.offset, self.kind)
    }
}

impl fmt::Display for ParseErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated(what) => write!(f, "the message ends inside {what}"),
            Self::PointerNotBackwards => {
                f.write_str("a compression pointer that does not point strictly backwards")
            }
            Self::PointerIntoHeader => f.write_str("a compression pointer into the header"),
            Self::TooManyPointers => f.write_str("more than 127 compression pointers in one name"),
            Self::PointerForbidden => {
                f.write_str("a compression pointer where none is allowed (RFC 3597, section 4)")
            }
            Self::LabelType(octet) => write!(f, "label type {octet:#04x} is not in use"),
            Self::NameTooLong => f.write_str("a name of more than 255 octets"),
            Self::Rdata(what) | Self::Edns(what) => f.write_str(what),
            Self::SignatureNotLast => {
                f.write_str("a TSIG or SIG(0) record that is not the last additional record")
            }
            Self::TrailingOctets(n) => write!(f, "{n} octets after the last record"),
        }
    }
}

impl std::error::Error for ParseError {}
