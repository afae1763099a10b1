//! Questions that are put once each to one address: whom, what, how and why.

use std::net::SocketAddr;

use serde::Serialize;

use crate::engine::Time;
use crate::wire::{NameBuf, RecordType};

/// What a server is asked as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It serves the zone of an expected record.
    Authoritative,
    /// It serves the zone that an alias leads to.
    Target,
    /// A recursive server.
    Recursive,
    /// One that was named by `--also-ask`.
    Other,
}

/// A question that is to be put to an address once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeQuery {
    /// Whom.
    pub server: SocketAddr,
    /// As what.
    pub role: Role,
    /// As a server of which zone; the root for recursive servers.
    pub zone: NameBuf,
    /// QNAME.
    pub name: NameBuf,
    /// QTYPE.
    pub rtype: RecordType,
    /// How.
    pub form: QueryForm,
    /// Why.
    pub purpose: Purpose,
    /// From which UDP socket; by default a random one.
    pub socket: Option<u16>,
    /// Not before this time.
    pub not_before: Time,
}

/// How a question is put. Unless said otherwise: over UDP, without recursion, with EDNS, NSID and
/// 1232 octets, once, and whatever comes is the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QueryForm {
    /// As said.
    Udp,
    /// Over TCP.
    Tcp,
    /// Without EDNS.
    Plain,
    /// With DO and this UDP payload size.
    Sized(u16),
    /// With an option that nobody knows.
    UnknownOption,
    /// With an EDNS version that nobody knows.
    UnknownVersion,
    /// With a client cookie.
    Cookie,
    /// With the server cookie that this server gave: its place among those that were given.
    CookieBack(u8),
    /// With recursion.
    Recursive,
    /// With recursion and CD.
    Unchecked,
}

/// Why a probe was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The expected record with this number, as the zone of its owner has it.
    Record(usize),
    /// What the alias of this expectation is expected to lead to, as its zone has it.
    Target(usize),
    /// What an alias really leads to, where that is not what is expected.
    FoundTarget(usize),
    /// The zone's SOA record.
    Serial,
    /// A random name beside the owner of this expectation: nothing should be there.
    Sibling(usize),
    /// A name where the record of this expectation may have landed instead.
    NearMiss(usize, NearMiss),
    /// A random name beside such a name.
    NearMissSibling(usize, NearMiss),
    /// A name above the owner of this expectation, where CAA records would count, too.
    Ancestor(usize),
    /// Another type at the owner of this expectation.
    OtherType(usize),
    /// The name above the owner of this expectation, which has descendants.
    NonTerminal(usize),
    /// A type that nobody knows, at a name that exists.
    UnknownType,
    /// The name in mixed case, to see whether it comes back so.
    MixedCase,
    /// How the server takes EDNS.
    Edns,
    /// How the server takes cookies.
    Cookie,
    /// Whether the server answers over TCP at all.
    Stream,
    /// Whether answers get lost by their size.
    Size,
    /// Whether answers get lost by the local port.
    Path,
    /// Whether answers get lost by the rate of questions: these go slowly.
    Slow,
    /// The expected record with this number, as a recursive server has it.
    Cached(usize),
}

/// Where a record lands when something goes wrong with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NearMiss {
    /// The zone's name stands twice.
    Doubled,
    /// A label that begins with an underscore was left out (`TOKEN.example.com`).
    LabelLeftOut,
    /// The underscore was left out (`TOKEN.domainkey.example.com`).
    UnderscoreLeftOut,
    /// The dot between the first two labels was left out (`TOKEN_domainkey.example.com`).
    DotLeftOut,
    /// At the apex of the zone.
    Apex,
}

/// Whether a probe is one of those that every address gets, unasked for by any suspicion: only
/// those are a fair sample.
pub fn is_survey(purpose: Purpose) -> bool {
    use Purpose::{Ancestor, Record, Serial, Target};
    matches!(purpose, Record(_) | Target(_) | Serial | Ancestor(_))
}
