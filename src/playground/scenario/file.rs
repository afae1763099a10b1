//! The file format of scenarios, as it is written; [`super::Scenario`] is what it means.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;

use super::super::faults::Fault;
use super::super::field;
use super::expect::Expect;
use super::host::Pick;
use crate::wire::{NameBuf, RecordType};

/// A scenario file. What it leaves out comes from its base.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub base: Option<String>,
    pub title: Option<String>,
    pub story: Option<String>,
    pub verify: Option<Verify>,
    pub expect: Option<Expect>,
    #[serde(default)]
    pub servers: BTreeMap<String, ServerEntry>,
    #[serde(default)]
    pub resolvers: BTreeMap<String, ResolverEntry>,
    #[serde(default)]
    pub zone: Vec<ZoneEntry>,
    #[serde(default)]
    pub faults: Vec<Fault>,
}

/// `[verify]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verify {
    pub args: Vec<String>,
}

/// `[servers.NAME]`: an authoritative server.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServerEntry {
    #[serde(flatten)]
    pub host: HostEntry,
    #[serde(default, deserialize_with = "field::some_names")]
    pub zones: Option<Vec<NameBuf>>,
    pub instances: Option<Vec<InstanceEntry>>,
    pub pick: Option<Pick>,
}

/// What servers and resolvers have in common.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct HostEntry {
    #[serde(default, deserialize_with = "field::some_addresses")]
    pub addresses: Option<Vec<IpAddr>>,
    /// Round trip.
    pub latency_ms: Option<f64>,
    /// Round trip to single addresses.
    #[serde(default)]
    pub latencies_ms: BTreeMap<IpAddr, f64>,
    pub nsid: Option<String>,
    pub max_udp: Option<u16>,
}

/// An entry of `instances`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InstanceEntry {
    pub nsid: Option<String>,
    pub version: Option<String>,
    pub weight: Option<u32>,
}

/// `[resolvers.NAME]`: a recursive resolver.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResolverEntry {
    #[serde(flatten)]
    pub host: HostEntry,
    /// Zones that it does not believe, with the extended error that it gives.
    pub bogus: Option<BTreeMap<String, u16>>,
    pub rewrites_nxdomain: Option<IpAddr>,
    pub upstream: Option<bool>,
    pub serves_stale: Option<bool>,
    pub caches: Option<u32>,
    pub cache: Option<Vec<CacheEntry>>,
}

/// `[[resolvers.NAME.cache]]`: something that was learned before the world began.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CacheEntry {
    /// A record, as text.
    pub record: Option<String>,
    /// A name that was not there.
    #[serde(default, deserialize_with = "field::names")]
    pub absent: Vec<NameBuf>,
    /// Without it, the name did not exist at all.
    #[serde(default, rename = "type", deserialize_with = "field::types")]
    pub types: Vec<RecordType>,
    /// Of the SOA record that came with the denial.
    pub ttl_s: Option<u32>,
    #[serde(default)]
    pub age_s: u32,
    /// Only one of several caches, counted from 0.
    pub of: Option<u32>,
}

/// `[[zone]]`: a zone, a change to one, or another version of one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ZoneEntry {
    #[serde(deserialize_with = "field::name")]
    pub name: NameBuf,
    /// The version that this entry makes or changes.
    #[serde(default)]
    pub version: String,
    /// The whole of it.
    pub text: Option<String>,
    /// Whether all other names have what is generated for them.
    #[serde(default)]
    pub generated: bool,
    /// `OWNER` or `OWNER TYPE`, relative to the zone.
    #[serde(default, deserialize_with = "field::texts")]
    pub remove: Vec<String>,
    #[serde(default)]
    pub add: String,
    pub serial: Option<u32>,
}

impl File {
    /// This file with what it leaves out taken from `base`.
    pub fn over(self, mut base: Self) -> Self {
        for (name, server) in self.servers {
            let below = base.servers.remove(&name).unwrap_or_default();
            base.servers.insert(name, server.over(below));
        }
        for (name, resolver) in self.resolvers {
            let below = base.resolvers.remove(&name).unwrap_or_default();
            base.resolvers.insert(name, resolver.over(below));
        }
        base.zone.extend(self.zone);
        base.faults.extend(self.faults);
        Self {
            base: base.base,
            title: self.title.or(base.title),
            story: self.story.or(base.story),
            verify: self.verify.or(base.verify),
            expect: self.expect.or(base.expect),
            ..base
        }
    }
}

impl ServerEntry {
    fn over(self, base: Self) -> Self {
        Self {
            host: self.host.over(base.host),
            zones: self.zones.or(base.zones),
            instances: self.instances.or(base.instances),
            pick: self.pick.or(base.pick),
        }
    }
}

impl HostEntry {
    fn over(self, mut base: Self) -> Self {
        base.latencies_ms.extend(self.latencies_ms);
        Self {
            addresses: self.addresses.or(base.addresses),
            latency_ms: self.latency_ms.or(base.latency_ms),
            latencies_ms: base.latencies_ms,
            nsid: self.nsid.or(base.nsid),
            max_udp: self.max_udp.or(base.max_udp),
        }
    }
}

impl ResolverEntry {
    fn over(self, base: Self) -> Self {
        Self {
            host: self.host.over(base.host),
            bogus: self.bogus.or(base.bogus),
            rewrites_nxdomain: self.rewrites_nxdomain.or(base.rewrites_nxdomain),
            upstream: self.upstream.or(base.upstream),
            serves_stale: self.serves_stale.or(base.serves_stale),
            caches: self.caches.or(base.caches),
            cache: self.cache.or(base.cache),
        }
    }
}
