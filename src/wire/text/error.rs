//! What can be wrong with text, and where.

use super::super::error::ParseErrorKind;
use super::super::name::NameError;

/// Why an entry could not be read, and where in the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {kind}")]
pub struct TextError {
    /// The line, from 1.
    pub line: usize,
    /// The octet within the line, from 1.
    pub column: usize,
    /// What is wrong there.
    pub kind: TextErrorKind,
}

/// The kinds of mistakes in text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextErrorKind {
    /// Something else stands where a certain thing must be.
    #[error("expected {what}, found '{found}'")]
    Expected {
        /// What must be there.
        what: &'static str,
        /// What is there, printable.
        found: String,
    },
    /// The entry ends too early.
    #[error("the entry ends where {0} is expected")]
    Missing(&'static str),
    /// More than the entry can have.
    #[error("unexpected '{0}' after the last field")]
    Extra(String),
    /// Text that is no domain name.
    #[error("'{text}' is not a domain name: {error}")]
    Name {
        /// The text, printable.
        text: String,
        /// Why it is none.
        error: NameError,
    },
    /// A backslash without a value behind it.
    #[error("a backslash must be followed by three digits (000 to 255) or one other character")]
    Escape,
    /// A string of more than 255 octets.
    #[error("a string of {0} octets; the maximum is 255")]
    StringTooLong(usize),
    /// A quotation mark without a partner on its line.
    #[error("a quoted string does not end on its line")]
    OpenQuote,
    /// A string that goes on behind its quotation mark, or has one in its middle.
    #[error("text runs into a quotation mark; separate strings with a space")]
    RunsOn,
    /// A parenthesis that is not closed before the end.
    #[error("a parenthesis is not closed")]
    OpenParenthesis,
    /// A line that is not read in pieces.
    #[error("the line is longer than 1 MiB")]
    LineTooLong,
    /// A parenthesis that was not opened.
    #[error("a closing parenthesis without an opening one")]
    NoParenthesis,
    /// An RDATA in the generic form that its type cannot have.
    #[error("the RDATA does not fit the type: {0}")]
    Rdata(ParseErrorKind),
    /// The generic form's length is not the number of octets that follow.
    #[error("the length is {said} octets, but {there} follow")]
    Length {
        /// The number in the text.
        said: usize,
        /// The octets in the text.
        there: usize,
    },
    /// More than 65,535 octets of RDATA.
    #[error("RDATA of {0} octets; the maximum is 65535")]
    RdataTooLong(usize),
    /// An entry that starts with a blank, before any owner.
    #[error("no owner, and no earlier entry to take it from")]
    NoOwner,
    /// An entry without a TTL, and none to take.
    #[error("no TTL, and no $TTL or earlier entry to take it from")]
    NoTtl,
    /// A type of questions and messages, in a class of zones or where only zones are read.
    #[error("records of type {0} do not occur in zones")]
    MetaType(super::super::registry::RecordType),
    /// A `$` word that nobody defined.
    #[error("unknown directive '{0}' (known are $ORIGIN, $TTL and $INCLUDE)")]
    Directive(String),
    /// `$INCLUDE` where it is not allowed.
    #[error("$INCLUDE is not allowed here")]
    IncludeRefused,
    /// `$GENERATE`, which is of some servers only.
    #[error("$GENERATE is not supported: write out the records")]
    GenerateRefused,
    /// A file that `$INCLUDE` names cannot be had.
    #[error("cannot include '{file}': {reason}")]
    Include {
        /// The file, printable.
        file: String,
        /// Why not.
        reason: String,
    },
    /// Service parameters that contradict each other.
    #[error("{0}")]
    Parameters(&'static str),
}
