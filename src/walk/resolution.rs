//! What is found for a name and type, or why it is not.

use bytes::Bytes;

use super::evidence::WalkQuery;
use super::rrset::Rrset;
use crate::engine::{Attempt, Unmatched};
use crate::wire::{NameBuf, RecordType};

/// What was found for a name and type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// As it was submitted.
    pub tag: u64,
    /// As it was submitted.
    pub name: NameBuf,
    /// As it was submitted.
    pub rtype: RecordType,
    /// CNAME RRsets from the name to the one that the outcome is about.
    pub chain: Vec<Rrset>,
    /// The outcome.
    pub outcome: Result<Resolved, Unresolved>,
    /// The message that says so, the last one of `exchanges`; `None` if the cache did, or if there
    /// is no such message.
    pub response: Option<Bytes>,
    /// What was asked for this name, in this order; without what was asked to find the addresses of
    /// name servers.
    pub exchanges: Vec<ResolutionExchange>,
}

/// A query on the way to a [`Resolution`], and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolutionExchange {
    /// What was asked whom.
    pub query: WalkQuery,
    /// Every attempt, as far as they were handed in.
    pub attempts: Vec<Attempt>,
    /// Messages that came and were not taken for answers.
    pub unmatched: Vec<Unmatched>,
    /// Whether it was answered, usefully or not.
    pub answered: bool,
}

/// What authoritative servers say of a name and type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// These records.
    Records(Rrset),
    /// The name exists, and has no such records.
    NoData,
    /// The name does not exist.
    NxDomain,
}

/// Why a name cannot be resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Unresolved {
    /// No name server of a zone has an address that can be asked.
    #[error("no name server of {zone} has a usable address")]
    NoAddress {
        /// The zone.
        zone: NameBuf,
    },
    /// The addresses of a zone's name servers can only be found by way of themselves.
    #[error("the addresses of the name servers of {zone} depend on each other")]
    Circular {
        /// The zone.
        zone: NameBuf,
    },
    /// Every server of a zone was asked and none was of use.
    #[error("no server of {zone} gives a useful response")]
    NoUsefulAnswer {
        /// The zone.
        zone: NameBuf,
    },
    /// An alias leads back to an earlier one.
    #[error("the CNAME at {0} leads back to itself")]
    CnameLoop(NameBuf),
    /// More aliases than a chain may have.
    #[error("too many CNAMEs in a row, the last one to {0}")]
    CnameChainTooLong(NameBuf),
    /// It takes more exchanges, or deeper lookups, than allowed.
    #[error("it takes more queries than allowed")]
    TooMuchWork,
}
