//! What is rendered besides exchanges: lines that cannot be asked, and questions of an iterative scan.

use super::status::Status;
use crate::engine::{Response, Time};
use crate::walk::ResolutionExchange;
use crate::wire::{Class, RecordType};

/// A line of input that cannot be asked.
#[derive(Debug, Clone, Copy)]
pub struct Invalid<'a> {
    /// Its place in the input, counted from 1.
    pub line: u64,
    /// Its text, cut to a sane length.
    pub text: &'a [u8],
    /// Why it cannot be asked.
    pub error: &'a str,
    /// The type it would have been asked for.
    pub rtype: RecordType,
    /// The class it would have been asked in.
    pub class: Class,
}

/// What became of a question that was put to authoritative servers, from the root on.
#[derive(Debug, Clone, Copy)]
pub struct Settled<'a> {
    /// QNAME in uncompressed wire form, as it was given.
    pub name: &'a [u8],
    /// QTYPE; the class is IN.
    pub rtype: RecordType,
    /// What was asked for it.
    pub exchanges: &'a [ResolutionExchange],
    /// How it ended.
    pub end: Conclusion<'a>,
    /// When, on the engine's clock.
    pub at: Time,
}

/// How a question ended that was put to authoritative servers.
#[derive(Debug, Clone, Copy)]
pub enum Conclusion<'a> {
    /// A message has the answer: one that was received, or one made of what was known.
    Answered(Response<'a>),
    /// There is no answer.
    Unresolved {
        /// What a resolver would say, in one word.
        status: Status,
        /// Why, in one sentence.
        error: &'a str,
    },
}

impl Invalid<'_> {
    pub(super) fn reason(&self) -> String {
        format!("line {}: {}", self.line, self.error)
    }
}
