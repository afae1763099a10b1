//! From what a scenario file says to what it means: zones are read and changed, and everything that
//! is referred to has to be there.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::super::faults::{Fault, millis};
use super::super::generated;
use super::super::zone::{Edit, Zone};
use super::error::ScenarioError;
use super::file::{self, File};
use super::host::{Fact, Host, Instance, Learned, MAX_UDP, Recursive, Role};
use super::scenario::{Scenario, ZoneVersion};
use crate::wire::{EdeCode, NameBuf, RecordBuf};

/// The round trip to an address that no scenario says anything of.
const LATENCY_MS: f64 = 20.0;

/// Makes sense of a whole file.
pub(super) fn scenario(name: &str, file: File) -> Result<Scenario, ScenarioError> {
    let mut zones: Vec<ZoneVersion> = Vec::new();
    for entry in &file.zone {
        add_zone(&mut zones, entry)?;
    }
    let mut hosts = Vec::new();
    for (name, server) in file.servers {
        hosts.push(authoritative(name, server, &zones)?);
    }
    for (name, resolver) in file.resolvers {
        hosts.push(recursive(name, resolver, &zones)?);
    }
    let mut seen: Vec<IpAddr> = Vec::new();
    for host in &hosts {
        for (address, _) in &host.addresses {
            if seen.contains(address) {
                return Err(part(
                    &host.name,
                    format!("{address} is also the address of another host"),
                ));
            }
            seen.push(*address);
        }
    }
    for (place, fault) in file.faults.iter().enumerate() {
        check_fault(fault, &hosts, &zones)
            .map_err(|reason| part(format!("entry {} of 'faults'", place + 1), reason))?;
    }
    Ok(Scenario {
        name: name.to_owned(),
        title: file.title.ok_or(ScenarioError::Missing("title"))?,
        story: file.story.ok_or(ScenarioError::Missing("story"))?,
        verify: file.verify.ok_or(ScenarioError::Missing("verify"))?.args,
        expect: file.expect.ok_or(ScenarioError::Missing("expect"))?,
        hosts,
        faults: file.faults,
        zones,
    })
}

fn add_zone(zones: &mut Vec<ZoneVersion>, entry: &file::ZoneEntry) -> Result<(), ScenarioError> {
    let error = |error| ScenarioError::zone(&entry.name, &entry.version, error);
    let find = |version: &str| {
        zones.iter().position(|it| it.version == version && *it.zone.apex() == entry.name)
    };
    let same = find(&entry.version);
    let usual = entry.generated.then_some(generated::APEX);
    let start = match (entry.text.as_deref().or(usual), same.or_else(|| find(""))) {
        (Some(text), _) if entry.generated => Zone::generated(entry.name, text).map_err(error)?,
        (Some(text), _) => Zone::from_text(entry.name, text).map_err(error)?,
        (None, Some(place)) => Zone::clone(&zones[place].zone),
        (None, None) => {
            return Err(part(format!("the zone '{}'", entry.name), "it has no text to change"));
        }
    };
    let mut remove = Vec::new();
    for text in &entry.remove {
        let wrong = || {
            part(
                format!("'remove' of the zone '{}'", entry.name),
                format!("'{text}' is not OWNER or OWNER TYPE"),
            )
        };
        let mut words = text.split_whitespace();
        let owner = words.next().ok_or_else(wrong)?;
        let owner = if owner == "@" {
            entry.name
        } else {
            NameBuf::from_text(owner.as_bytes(), &entry.name).map_err(|_| wrong())?
        };
        let rtype = words.next().map(str::parse).transpose().map_err(|_| wrong())?;
        if words.next().is_some() {
            return Err(wrong());
        }
        remove.push((owner, rtype));
    }
    let edit = Edit { remove, add: entry.add.clone(), serial: entry.serial };
    let zone = Arc::new(start.edited(&edit).map_err(error)?);
    match same {
        Some(place) => zones[place].zone = zone,
        None => zones.push(ZoneVersion { version: entry.version.clone(), zone }),
    }
    Ok(())
}

fn host(name: String, host: file::HostEntry, role: Role) -> Result<Host, ScenarioError> {
    let latency = host.latency_ms.unwrap_or(LATENCY_MS);
    let addresses: Vec<(IpAddr, Duration)> = host
        .addresses
        .unwrap_or_default()
        .into_iter()
        .map(|ip| (ip, millis(host.latencies_ms.get(&ip).copied().unwrap_or(latency))))
        .collect();
    if addresses.is_empty() {
        return Err(part(name, "it has no address"));
    }
    let max_udp = host.max_udp.unwrap_or(MAX_UDP).max(512);
    Ok(Host { name, addresses, nsid: host.nsid, max_udp, role })
}

fn authoritative(
    name: String,
    server: file::ServerEntry,
    known: &[ZoneVersion],
) -> Result<Host, ScenarioError> {
    let zones = server.zones.unwrap_or_default();
    for zone in &zones {
        if known.iter().all(|it| it.zone.apex() != zone) {
            return Err(part(name, format!("unknown zone '{zone}'")));
        }
    }
    let instances: Vec<Instance> = server
        .instances
        .unwrap_or_default()
        .into_iter()
        .map(|it| Instance {
            nsid: it.nsid,
            version: it.version,
            weight: it.weight.unwrap_or(1).max(1),
        })
        .collect();
    for instance in &instances {
        check_version(instance.version.as_deref(), known).map_err(|why| part(&name, why))?;
    }
    let pick = server.pick.unwrap_or_default();
    host(name, server.host, Role::Authoritative { zones, instances, pick })
}

fn recursive(
    name: String,
    resolver: file::ResolverEntry,
    zones: &[ZoneVersion],
) -> Result<Host, ScenarioError> {
    let mut bogus = Vec::new();
    for (zone, ede) in resolver.bogus.unwrap_or_default() {
        let error = |error| part(&name, format!("'{zone}' is not a domain name: {error}"));
        bogus.push((zone.parse().map_err(error)?, EdeCode(ede)));
    }
    let mut learned = Vec::new();
    for entry in resolver.cache.unwrap_or_default() {
        let facts =
            facts(&entry, zones).map_err(|reason| part(format!("'cache' of {name}"), reason))?;
        let age = Duration::from_secs(entry.age_s.into());
        learned.extend(facts.into_iter().map(|fact| Learned { fact, age, of: entry.of }));
    }
    let role = Role::Recursive(Recursive {
        bogus,
        rewrites_nxdomain: resolver.rewrites_nxdomain,
        upstream: resolver.upstream.unwrap_or(true),
        serves_stale: resolver.serves_stale.unwrap_or(false),
        caches: resolver.caches.unwrap_or(1).clamp(1, 64),
        learned,
    });
    host(name, resolver.host, role)
}

/// What an entry of a cache says.
fn facts(entry: &file::CacheEntry, zones: &[ZoneVersion]) -> Result<Vec<Fact>, String> {
    let mut facts = Vec::new();
    if let Some(text) = &entry.record {
        let record = RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 300);
        facts.push(Fact::Record(record.map_err(|error| format!("'{text}': {error}"))?));
    }
    for &name in &entry.absent {
        let above = zones.iter().filter(|it| name.is_at_or_below(it.zone.apex()));
        let zone = above.max_by_key(|it| it.zone.apex().labels().count());
        let mut soa = zone.ok_or_else(|| format!("{name} is not in any zone"))?.zone.soa().clone();
        soa.ttl = match (entry.ttl_s, soa.data().soa()) {
            (Some(ttl), _) => ttl,
            (None, Some(data)) => soa.ttl.min(data.minimum),
            (None, None) => soa.ttl,
        };
        if entry.types.is_empty() {
            facts.push(Fact::Absent { name, rtype: None, soa });
        } else {
            facts.extend(entry.types.iter().map(|&rtype| Fact::Absent {
                name,
                rtype: Some(rtype),
                soa: soa.clone(),
            }));
        }
    }
    if facts.is_empty() {
        return Err("an entry needs 'record' or 'absent'".to_owned());
    }
    Ok(facts)
}

fn check_version(version: Option<&str>, zones: &[ZoneVersion]) -> Result<(), String> {
    match version {
        Some(version) if zones.iter().all(|it| it.version != version) => {
            Err(format!("no zone has a version '{version}'"))
        }
        _ => Ok(()),
    }
}

fn check_fault(fault: &Fault, hosts: &[Host], zones: &[ZoneVersion]) -> Result<(), String> {
    if let Some(server) = fault.server.iter().find(|it| hosts.iter().all(|host| host.name != **it))
    {
        return Err(format!("unknown server or resolver '{server}'"));
    }
    let known =
        |ip: &IpAddr| hosts.iter().any(|host| host.addresses.iter().any(|(it, _)| it == ip));
    if let Some(address) = fault.address.iter().find(|address| !known(address)) {
        return Err(format!("no host has the address {address}"));
    }
    fault.check()?;
    check_version(fault.version(), zones)
}

fn part(place: impl Into<String>, reason: impl Into<String>) -> ScenarioError {
    ScenarioError::Part { place: place.into(), reason: reason.into() }
}
