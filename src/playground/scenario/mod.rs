//! Scenarios: a DNS world, what is wrong with it, and what an examination of it must find.
//!
//! A scenario is a TOML file. What it leaves out comes from its `base`, so that a reader sees the
//! fault and nothing else:
//!
//! ```
//! use dnsonde::playground::Scenario;
//!
//! let scenario = Scenario::from_toml("mine", r#"
//!     base = "ses"
//!     title = "One server has an old copy of the zone"
//!     story = "Some see the records and some do not."
//!
//!     [[zone]]
//!     name = "example.com"
//!     version = "old"
//!     remove = "t1._domainkey"
//!     serial = 1
//!
//!     [[faults]]
//!     server = "ns2"
//!     effect = { version = "old" }
//!
//!     [expect]
//!     findings = ["record-missing-on-some", "server-stale"]
//!     verdict = "pending"
//! "#).unwrap();
//! assert_eq!(scenario.verify[0], "example.com");
//! ```
//!
//! The parts of a file:
//!
//! | part | what it says |
//! |---|---|
//! | `title`, `story` | what it is about, and what someone would experience |
//! | `base` | the scenario that it differs from: `ses`, or one that is built in |
//! | `[servers.NAME]` | an authoritative server: `addresses`, `zones`, `latency_ms` (round trip) and `latencies_ms` by address, `nsid`, `max_udp`; several machines behind its addresses are its `instances` (each with `nsid`, `version`, `weight`), and `pick` says what chooses among them: `port`, `dice` or `time` |
//! | `[resolvers.NAME]` | a recursive resolver: `addresses` and so on; what it has in its `cache` from the beginning (`record`, or `absent` with `type` and `ttl_s`; `age_s`), how many `caches` it has; whether it `serves_stale`, has no `upstream`, thinks zones `bogus` (with the extended error), or `rewrites_nxdomain` |
//! | `[[zone]]` | a zone: `name` and `text`; or a change to one, or (`version`) another version of one: `remove`, `add`, `serial` |
//! | `[[faults]]` | one fault: see [`Fault`] |
//! | `[verify]` | `args`: what `dnsonde verify` is called with |
//! | `[expect]` | what it must find: see [`Expect`] |

mod assemble;
mod builtin;
pub(crate) mod field;
mod file;

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use self::file::File;
use super::world::{Fault, Zone, ZoneError};
use crate::wire::{EdeCode, NameBuf, RecordBuf, RecordType};

/// How deep scenarios may be based on each other.
const DEEPEST: usize = 4;

/// A DNS world and what is wrong with it.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What it is called.
    pub name: String,
    /// What it is about, in one line.
    pub title: String,
    /// What someone would experience.
    pub story: String,
    /// The arguments of `dnsonde verify`, besides those that say where this world is.
    pub verify: Vec<String>,
    /// What an examination must find.
    pub expect: Expect,
    pub(super) hosts: Vec<Host>,
    pub(super) faults: Vec<Fault>,
    pub(super) zones: Vec<ZoneVersion>,
}

/// What an examination of a scenario must find.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Ids of findings that must be there.
    #[serde(default)]
    pub findings: Vec<String>,
    /// Ids of findings above `notice` that may be there, too.
    #[serde(default)]
    pub also: Vec<String>,
    /// The verdict.
    pub verdict: String,
    /// Whether the fault comes and goes by chance, so that a single examination may miss it.
    #[serde(default)]
    pub random: bool,
}

/// One version of a zone.
#[derive(Debug, Clone)]
pub(super) struct ZoneVersion {
    /// Empty for the one that servers have if nothing says otherwise.
    pub version: String,
    pub zone: Arc<Zone>,
}

/// A server or a resolver.
#[derive(Debug, Clone)]
pub(super) struct Host {
    pub name: String,
    /// Each with its round-trip time.
    pub addresses: Vec<(IpAddr, Duration)>,
    pub nsid: Option<String>,
    pub max_udp: u16,
    pub role: Role,
}

/// What a host does.
#[derive(Debug, Clone)]
pub(super) enum Role {
    /// Answers from these zones.
    Authoritative { zones: Vec<NameBuf>, instances: Vec<Instance>, pick: Pick },
    /// Resolves.
    Recursive(Recursive),
}

/// One of several machines behind an address.
#[derive(Debug, Clone)]
pub(super) struct Instance {
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
pub(super) struct Recursive {
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
pub(super) struct Learned {
    pub fact: Fact,
    pub age: Duration,
    /// Only one of several caches.
    pub of: Option<u32>,
}

#[expect(clippy::large_enum_variant, reason = "there are a few, made once")]
#[derive(Debug, Clone)]
pub(super) enum Fact {
    Record(RecordBuf),
    /// The name does not exist, or has no records of a type; with the SOA record that says so.
    Absent {
        name: NameBuf,
        rtype: Option<RecordType>,
        soa: RecordBuf,
    },
}

/// Why a scenario cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// Not TOML, or not with these fields.
    #[error("line {line}, column {column}: {reason}")]
    Toml {
        /// The line, from 1.
        line: usize,
        /// The character within the line, from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// There is no scenario of this name to be based on.
    #[error("'{0}' is not a scenario that another one can be based on")]
    Base(String),
    /// A part that every scenario has is missing.
    #[error("there is no '{0}', here or in what it is based on")]
    Missing(&'static str),
    /// The text of a zone is wrong.
    #[error("the zone '{zone}'{version}: {error}")]
    Zone {
        /// The zone.
        zone: String,
        /// Its version, as text behind its name; empty for the usual one.
        version: String,
        /// What is wrong.
        error: Box<ZoneError>,
    },
    /// A part refers to something that is not there, or contradicts itself.
    #[error("{place}: {reason}")]
    Part {
        /// Which part.
        place: String,
        /// What is wrong.
        reason: String,
    },
}

impl Scenario {
    /// The names and titles of the scenarios that are built in.
    pub fn built_in() -> impl Iterator<Item = (&'static str, String)> {
        builtin::SCENARIOS.iter().map(|(name, text)| {
            let title = toml::from_str::<File>(text).ok().and_then(|file| file.title);
            (*name, title.unwrap_or_default())
        })
    }

    /// A scenario that is built in; `None` if there is none of this name.
    ///
    /// # Errors
    /// Never: a test reads them all.
    pub fn named(name: &str) -> Option<Result<Self, ScenarioError>> {
        let (name, text) = builtin::SCENARIOS.iter().find(|(known, _)| *known == name)?;
        Some(Self::from_toml(name, text))
    }

    /// Reads a scenario file.
    ///
    /// # Errors
    /// [`ScenarioError`], with the place.
    pub fn from_toml(name: &str, text: &str) -> Result<Self, ScenarioError> {
        let mut file = read(text)?;
        let mut depth = 0;
        while let Some(base) = file.base.take() {
            let text = builtin::text(&base).filter(|_| depth < DEEPEST);
            file = file.over(read(text.ok_or(ScenarioError::Base(base))?)?);
            depth += 1;
        }
        assemble::scenario(name, file)
    }

    /// This world as far as it can be on the loopback interface of one machine: without the
    /// addresses that are not loopback ones, and without records that lead to any such server.
    ///
    /// # Errors
    /// What is left of a zone is none, which no removal of addresses can bring about.
    pub fn on_loopback(&self) -> Result<Self, ScenarioError> {
        let mut world = self.clone();
        let mut gone = HashSet::new();
        for host in &mut world.hosts {
            let far = host.addresses.iter().filter(|(ip, _)| !ip.is_loopback());
            gone.extend(far.map(|(ip, _)| *ip));
            host.addresses.retain(|(ip, _)| ip.is_loopback());
        }
        // Whatever a name server is said to have as its address gets packets.
        let records = self.zones.iter().flat_map(|version| version.zone.records());
        let servers: HashSet<NameBuf> = records
            .filter(|record| record.rtype == RecordType::NS)
            .filter_map(|record| record.data().target().map(|target| target.to_buf()))
            .collect();
        for version in &mut world.zones {
            let stays = |record: &RecordBuf| match record.data().address() {
                Some(ip) => {
                    ip.is_loopback() || !gone.contains(&ip) && !servers.contains(&record.name)
                }
                None => true,
            };
            let zone = version.zone.filtered(stays);
            let error = |error| assemble::zone_error(version.zone.apex(), &version.version, error);
            version.zone = Arc::new(zone.map_err(error)?);
        }
        Ok(world)
    }

    /// Every address in this world.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.hosts.iter().flat_map(|host| &host.addresses).map(|(ip, _)| *ip)
    }

    /// Every server and resolver: its name, what it does, its addresses.
    pub fn hosts(&self) -> impl Iterator<Item = (&str, String, Vec<IpAddr>)> {
        self.hosts.iter().map(|host| {
            let role = match &host.role {
                Role::Authoritative { zones, .. } => {
                    let zones: Vec<String> = zones.iter().map(ToString::to_string).collect();
                    format!("name server of {}", zones.join(" "))
                }
                Role::Recursive(_) => "recursive resolver".to_owned(),
            };
            let addresses = host.addresses.iter().map(|(ip, _)| *ip).collect();
            (host.name.as_str(), role, addresses)
        })
    }

    /// The addresses of the resolvers.
    pub fn resolvers(&self) -> impl Iterator<Item = IpAddr> {
        let recursive = |host: &&Host| matches!(host.role, Role::Recursive(_));
        self.hosts.iter().filter(recursive).flat_map(|host| &host.addresses).map(|(ip, _)| *ip)
    }

    /// A root hints file for this world: name servers of the root, with their addresses.
    pub fn root_hints(&self) -> String {
        let mut text = String::new();
        let Some(root) = self.zone(&NameBuf::root(), None) else { return text };
        let servers = |record: &&RecordBuf| record.rtype == RecordType::NS && record.name.is_root();
        let servers: Vec<&RecordBuf> = root.records().iter().filter(servers).collect();
        for server in servers {
            text.push_str(&format!("{server}\n"));
            let target = server.data().target().map(|target| target.to_buf());
            for record in root.records() {
                if Some(record.name) == target && record.data().address().is_some() {
                    text.push_str(&format!("{record}\n"));
                }
            }
        }
        text
    }

    /// A zone in a version, or as it usually is if it does not have that one.
    pub(super) fn zone(&self, apex: &NameBuf, version: Option<&str>) -> Option<&Zone> {
        let find = |wanted: &str| {
            self.zones
                .iter()
                .find(|known| known.version == wanted && known.zone.apex() == apex)
                .map(|known| &*known.zone)
        };
        version.and_then(find).or_else(|| find(""))
    }
}

fn read(text: &str) -> Result<File, ScenarioError> {
    toml::from_str(text).map_err(|error| {
        let before = &text[..error.span().map_or(0, |span| span.start.min(text.len()))];
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        ScenarioError::Toml {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            reason: error.message().replace('\n', " "),
        }
    })
}
