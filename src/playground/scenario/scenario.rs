//! A scenario, and what can be asked of it.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::super::faults::{Fault, Faults};
use super::super::zone::Zone;
use super::error::ScenarioError;
use super::expect::Expect;
use super::host::{Host, MAX_UDP, Pick, Role};
use crate::wire::{NameBuf, RecordBuf, RecordType};

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
    pub(in super::super) hosts: Vec<Host>,
    pub(in super::super) faults: Vec<Fault>,
    pub(in super::super) zones: Vec<ZoneVersion>,
}

/// One version of a zone.
#[derive(Debug, Clone)]
pub(in super::super) struct ZoneVersion {
    /// Empty for the one that servers have if nothing says otherwise.
    pub version: String,
    pub zone: Arc<Zone>,
}

impl Scenario {
    /// A world of one server at one address, next door, that has one zone. There is nothing to be
    /// found out about it.
    pub(in super::super) fn of_server(address: IpAddr, zone: Zone, faults: &Faults) -> Self {
        let (zones, instances, pick) = (vec![*zone.apex()], Vec::new(), Pick::default());
        let host = Host {
            name: "server".to_owned(),
            addresses: vec![(address, Duration::ZERO)],
            nsid: Some("dnsonde-playground".to_owned()),
            max_udp: MAX_UDP,
            role: Role::Authoritative { zones, instances, pick },
        };
        Self {
            name: host.name.clone(),
            title: "One server".to_owned(),
            story: String::new(),
            verify: Vec::new(),
            expect: Expect::default(),
            hosts: vec![host],
            faults: faults.list().to_vec(),
            zones: vec![ZoneVersion { version: String::new(), zone: Arc::new(zone) }],
        }
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
            let error = |error| ScenarioError::zone(version.zone.apex(), &version.version, error);
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
    pub(in super::super) fn zone(&self, apex: &NameBuf, version: Option<&str>) -> Option<&Zone> {
        let find = |wanted: &str| {
            self.zones
                .iter()
                .find(|known| known.version == wanted && known.zone.apex() == apex)
                .map(|known| &*known.zone)
        };
        version.and_then(find).or_else(|| find(""))
    }
}
