//! What can be wrong with an expectation, and where.

use std::fmt;

use crate::names::error::LineError;
use crate::wire::{NameError, RecordType, TextError, TextErrorKind, excerpt};

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
    /// What looks like a name and is something else.
    #[error("'{text}': {error}")]
    NoName {
        /// The text.
        text: String,
        /// What it is.
        error: LineError,
    },
    /// A name of another domain.
    #[error("{0}")]
    Outside(Box<Outside>),
    /// A name in a zone file that would be complete with the dot at its end.
    #[error(
        "'{text}' has no final dot, so it is {read} in a zone file{}; write '{text}.' if the name \
         is complete",
        others(*.more)
    )]
    NoFinalDot {
        /// The name.
        text: String,
        /// What it is without the dot.
        read: String,
        /// How many others there are.
        more: usize,
    },
    /// The root where a domain should be.
    #[error("the root zone has no such records; give a domain name")]
    Root,
    /// A domain without a dot.
    #[error("'{0}' has no dot: write the whole name, or '{0}.' for a top-level domain")]
    SingleLabel(String),
    /// A region of AWS where a domain should be.
    #[error("'{0}' is an AWS region, not a domain name")]
    RegionAsDomain(String),
    /// A region of AWS where a host should be.
    #[error(
        "'{0}' is an AWS region, not a host name; write the MAIL FROM domain here, such as \
         mail.example.com, and the region with --mail-from-region"
    )]
    RegionAsHost(String),
    /// A DKIM selector that is none.
    #[error("'{0}' has no selector: write the part before '._domainkey'")]
    Selector(String),
    /// Quotation marks that would be a part of the text.
    #[error(
        "the value has single or typographic quotation marks; write none, or plain ones (\"...\")"
    )]
    Quotes,
    /// Two columns that contradict each other.
    #[error("the priority is {column} in its own column and {value} in the value")]
    Priority {
        /// In the column.
        column: String,
        /// In the value.
        value: String,
    },
    /// The type in front of the name.
    #[error("the type comes after the name: NAME TYPE VALUE")]
    TypeFirst,
    /// Text in a form that holds no records as lines.
    #[error("the file is {0}, which is not supported")]
    Form(&'static str),
    /// A table with a column too few.
    #[error("the first row has no column for the {missing}, only {found}")]
    Column {
        /// What is missing.
        missing: &'static str,
        /// The columns that are there.
        found: String,
    },
    /// A validation record that is not a name and a target.
    #[error("'{0}' is not a name and a target")]
    AcmPair(String),
    /// A word that is no record type.
    #[error("unknown record type '{0}'")]
    Type(String),
    /// A type that only queries or messages have.
    #[error("records of type {0} cannot be published in a zone")]
    MetaType(RecordType),
    /// The entry ends too early.
    #[error("the entry ends where {0} is expected")]
    Missing(&'static str),
    /// A value that its type cannot have, or a broken line of a zone file.
    #[error("{0}")]
    Value(TextErrorKind),
    /// A value that is too long for a record.
    #[error("the value has {0} octets; the maximum is 65535")]
    TooLong(usize),
    /// A record of another class.
    #[error("the class of the record is not IN")]
    Class,
    /// A list that begins or ends with a comma, or has two in a row.
    #[error("the list has an empty item (two commas in a row, or one at the end)")]
    EmptyPlace,
    /// Something that is no token of SES.
    #[error("'{0}' is not an SES token: write the part before '._domainkey', letters and digits")]
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
    #[error("'{0}' is not an AWS Certificate Manager target: these end in .acm-validations.aws")]
    AcmTarget(String),
    /// A challenge response of the wrong shape.
    #[error("'{0}' is not a DNS-01 value: expected 43 characters of base64url (RFC 8555 §8.4)")]
    Challenge(String),
    /// An authority that is no domain name.
    #[error("'{0}' is not the domain name of a certificate authority, such as letsencrypt.org")]
    Issuer(String),
    /// What does not look like a region of AWS.
    #[error("'{0}' is not a region such as us-east-1")]
    Region(String),
    /// A file in which nothing is expected.
    #[error("the file has no record to check")]
    Nothing,
}

/// A name that is not at or below the domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// The name.
    pub name: String,
    /// The domain.
    pub domain: String,
    /// The domain that it seems to be of.
    pub instead: Option<String>,
    /// What it would be as a relative name, if it can be one.
    pub in_full: Option<String>,
    /// How many others there are of the same domain.
    pub more: usize,
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, domain, instead, in_full, more } = self;
        write!(f, "'{name}' is not at or below {domain}")?;
        match more {
            0 => {}
            1 => write!(f, ", nor is one other name")?,
            more => write!(f, ", nor are {more} other names")?,
        }
        if let Some(instead) = instead {
            write!(f, ": did you mean `verify {instead}`?")?;
        }
        match (in_full, instead) {
            (Some(in_full), Some(_)) => write!(f, " If not, write {in_full}"),
            (Some(in_full), None) => write!(f, "; write {in_full} if that is meant"),
            (None, _) => Ok(()),
        }
    }
}

impl ExpectErrorKind {
    /// The error of a text that is no name.
    pub(super) fn of_name(text: &[u8], error: LineError) -> Self {
        let text = excerpt(text);
        match error {
            LineError::Name(error) => Self::Name { text, error },
            error => Self::NoName { text, error },
        }
    }

    /// Takes another error into this one that says the same.
    pub(super) fn absorb(&mut self, other: &Self) -> bool {
        match (self, other) {
            (Self::Outside(first), Self::Outside(other)) if first.instead == other.instead => {
                first.more += 1;
                true
            }
            (Self::NoFinalDot { more, .. }, Self::NoFinalDot { .. }) => {
                *more += 1;
                true
            }
            _ => false,
        }
    }
}

fn others(more: usize) -> String {
    match more {
        0 => String::new(),
        1 => " (and so is one other name)".to_owned(),
        more => format!(" (and so are {more} other names)"),
    }
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
