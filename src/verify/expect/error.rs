//! What can be wrong with an expectation, and where.

use crate::wire::{NameError, RecordType, TextError, TextErrorKind};

/// Why an expectation could not be read, and where in the text that the user gave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {kind}")]
pub struct ExpectError {
    /// The line, from 1.
    pub line: usize,
    /// The octet within the line, from 1.
    pub column: usize,
    /// What is wrong there.
    pub kind: ExpectErrorKind,
}

/// The kinds of mistakes. Text from the user is shown in printable form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpectErrorKind {
    /// Text that is no domain name.
    #[error("'{text}' is not a domain name: {error}")]
    Name {
        /// The text.
        text: String,
        /// Why it is none.
        error: NameError,
    },
    /// A name with octets beyond ASCII.
    #[error("'{0}' is not ASCII: write the name in its xn-- form")]
    NotAscii(String),
    /// A word that is no record type.
    #[error("'{0}' is not a record type")]
    Type(String),
    /// A type that only questions or messages have.
    #[error("{0} is not a type that a domain can publish")]
    MetaType(RecordType),
    /// The entry ends too early.
    #[error("the entry ends where {0} should be")]
    Missing(&'static str),
    /// A value that its type cannot have, or a broken line of a zone file.
    #[error("{0}")]
    Value(TextErrorKind),
    /// A value that is too long for a record.
    #[error("the value has {0} octets; 65535 are the most that a record can have")]
    TooLong(usize),
    /// A record of another class.
    #[error("the record is not of the class IN")]
    Class,
    /// A list that begins or ends with a comma, or has two in a row.
    #[error("the list has an empty place (two commas in a row, or one at an end)")]
    EmptyPlace,
    /// Something that is no token of SES.
    #[error(
        "'{0}' is not an SES token: give the part in front of '._domainkey', letters and digits"
    )]
    Token(String),
    /// A token that was given twice.
    #[error("the token '{0}' is given twice")]
    TokenTwice(String),
    /// A table whose first row does not name its columns.
    #[error("the first row must name the columns: Name, Type and Value, in any order")]
    NoHeader,
    /// A row without one of the fields.
    #[error("the row has no {0}")]
    MissingField(&'static str),
    /// A validation target that is not one of AWS Certificate Manager.
    #[error("'{0}' is not a target of AWS Certificate Manager: they end in .acm-validations.aws")]
    AcmTarget(String),
    /// A challenge response of the wrong shape.
    #[error("'{0}' is not a DNS-01 response: 43 characters of base64url (RFC 8555 §8.4)")]
    Challenge(String),
    /// An authority that is no domain name.
    #[error("'{0}' is not the domain name of a certificate authority, such as letsencrypt.org")]
    Issuer(String),
    /// A region of AWS that is no label.
    #[error("'{0}' is not a region such as us-east-1")]
    Region(String),
    /// A file in which nothing is expected.
    #[error("the file has no record that could be expected")]
    Nothing,
}

impl ExpectError {
    /// An error at an offset of a text, which may have several lines.
    pub(super) fn at(text: &[u8], offset: usize, kind: ExpectErrorKind) -> Self {
        let before = &text[..offset.min(text.len())];
        let line_start = before.iter().rposition(|&octet| octet == b'\n').map_or(0, |at| at + 1);
        let line = 1 + before.iter().filter(|&&octet| octet == b'\n').count();
        Self { line, column: before.len() - line_start + 1, kind }
    }

    /// The error of a value that begins at an offset of a text.
    pub(super) fn in_value(text: &[u8], offset: usize, error: TextError) -> Self {
        let start = Self::at(text, offset, ExpectErrorKind::Value(error.kind));
        if error.line == 1 {
            return Self { column: start.column + error.column - 1, ..start };
        }
        Self { line: start.line + error.line - 1, column: error.column, ..start }
    }
}

impl From<TextError> for ExpectError {
    fn from(error: TextError) -> Self {
        let kind = ExpectErrorKind::Value(error.kind);
        Self { line: error.line, column: error.column, kind }
    }
}

/// Text from the user for a message: printable and not long.
pub(super) fn excerpt(text: &[u8]) -> String {
    const LONGEST: usize = 60;
    let mut out = Vec::new();
    crate::wire::write_printable(&text[..text.len().min(LONGEST)], &mut out);
    if text.len() > LONGEST {
        out.extend_from_slice(b"...");
    }
    String::from_utf8_lossy(&out).into_owned()
}
