//! What a resolver would make of what came back.

use std::fmt;

use super::result::Probe;
use crate::engine::Outcome;
use crate::walk::{Reading, ResponseFault, ResponseKind};
use crate::wire::Rcode;

/// What a resolver that had asked would have heard.
#[derive(Debug, Clone, Copy)]
pub enum Heard<'p> {
    /// A response that it takes, right or wrong.
    Answer(&'p Reading),
    /// A response that no resolver takes.
    Unusable(Unusable),
    /// No response, or one that comes when nobody waits for it any more.
    Silence,
}

/// Why a response is of no use to a resolver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unusable {
    /// SERVFAIL, REFUSED, or another response code that says nothing of the name.
    Rcode(Rcode),
    /// The server has no authority for the zone, or refers to servers above it.
    Lame,
    /// A referral to a zone below.
    Referral,
    /// It cannot be read.
    Malformed,
}

impl Probe {
    /// What a resolver would have heard. `None` if it tells nothing: our own system did not send it, or
    /// the response was truncated, so that a resolver would ask again over TCP.
    pub fn heard(&self) -> Option<Heard<'_>> {
        if !self.counts() {
            return None;
        }
        let late = matches!(self.outcome(), Some(Outcome::Late(_)));
        let Some(reading) = self.reading().filter(|_| !late) else { return Some(Heard::Silence) };
        if self.is_truncated_over_udp() {
            return None;
        }
        Some(match &reading.kind {
            ResponseKind::Fault(fault) => Heard::Unusable(match fault {
                ResponseFault::Rcode(rcode) => Unusable::Rcode(*rcode),
                ResponseFault::NotAuthoritative | ResponseFault::UpwardReferral => Unusable::Lame,
                ResponseFault::Malformed | ResponseFault::Truncated => Unusable::Malformed,
            }),
            ResponseKind::Referral(_) => Heard::Unusable(Unusable::Referral),
            _ => Heard::Answer(reading),
        })
    }

    /// Whether its response was truncated, so that it settles nothing: a resolver goes on over TCP (RFC
    /// 7766 §5).
    pub fn is_truncated_over_udp(&self) -> bool {
        self.is_udp() && self.is_truncated()
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rcode(rcode) => rcode.fmt(f),
            Self::Lame => f.write_str("no authority for the zone"),
            Self::Referral => f.write_str("a referral"),
            Self::Malformed => f.write_str("an answer that cannot be read"),
        }
    }
}
