//! Servers and resolvers, and what they know.

use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;

use crate::wire::{EdeCode, NameBuf, RecordBuf, RecordType};

/// The largest UDP response of a server of which nothing else is said, in octets.
pub(super) const MAX_UDP: u16 = 1232;

/// A server or a resolver.
#[derive(Debug, Clone)]
pub(in super::super) struct Host {
    pub name: String,
    /// Each with its round-trip time.
    pub addresses: Vec<(IpAddr, Duration)>,
    pub nsid: Option<String>,
    pub max_udp: u16,
    pub role: Role,
}

/// What a host does.
#[derive(Debug, Clone)]
pub(in super::super) enum Role {
    /// Answers from these zones.
    Authoritative { zones: Vec<NameBuf>, instances: Vec<Instance>, pick: Pick },
    /// Resolves.
    Recursive(Recursive),
}

/// One of several machines behind an address.
#[derive(Debug, Clone)]
pub(in super::super) struct Instance {
    pub nsid: Option<String>,
    /// The version of the zones that it has, where there is one.
    pub version: Option<String>,
    pub weight: u32,
}

/// How the instance that gets a query is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// By the client's address and port: the same for the same flow.
    #[default]
    Port,
    /// By dice.
    Dice,
    /// Each for ten seconds.
    Time,
}

/// How a resolver resolves.
#[derive(Debug, Clone)]
pub(in super::super) struct Recursive {
    /// Zones that it does not believe, with the extended error that it gives.
    pub bogus: Vec<(NameBuf, EdeCode)>,
    pub rewrites_nxdomain: Option<IpAddr>,
    /// Whether it can reach anyone.
    pub upstream: bool,
    /// Whether it gives what has expired when it cannot get anything better (RFC 8767).
    pub serves_stale: bool,
    /// How many caches share its address.
    pub caches: u32,
    pub learned: Vec<Learned>,
}

/// What a resolver knows from before the world began.
#[derive(Debug, Clone)]
pub(in super::super) struct Learned {
    pub fact: Fact,
    pub age: Duration,
    /// Only one of several caches.
    pub of: Option<u32>,
}

#[expect(clippy::large_enum_variant, reason = "there are a few, made once")]
#[derive(Debug, Clone)]
pub(in super::super) enum Fact {
    Record(RecordBuf),
    /// The name does not exist, or has no records of a type; with the SOA record that says so.
    Absent {
        name: NameBuf,
        rtype: Option<RecordType>,
        soa: RecordBuf,
    },
}
