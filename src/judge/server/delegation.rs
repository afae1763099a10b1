//! What the parent says of a zone, against what the zone says of itself.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use crate::judge::actor::Actor;
use crate::judge::catalog::FindingId;
use crate::judge::explained::Explained;
use crate::judge::finding::Draft;
use crate::judge::observations::{Observations, ip, short};
use crate::judge::severity::Severity;
use crate::judge::writing::plain;
use crate::walk::{Delegation, NameServer, Resolution, Resolved, Source, Unresolved};
use crate::wire::{NameBuf, RecordType};

/// Names that are listed.
const NAMED: usize = 6;

pub(crate) fn judge(
    observed: &Observations<'_>,
    explained: &mut Explained,
    findings: &mut Vec<Draft>,
) {
    for zone in &observed.log.zones {
        let Some(delegation) = observed.log.walk.delegation(zone) else { continue };
        for server in &delegation.name_servers {
            findings.extend(unresolvable(zone, server));
            findings.extend(other_glue(observed, zone, delegation, server));
        }
        findings.extend(other_servers(observed, zone, delegation, explained));
    }
}

/// Addresses of a zone's servers that only the parent still gives.
pub(crate) fn outdated_glue(observed: &Observations<'_>, zone: &NameBuf) -> BTreeSet<IpAddr> {
    let Some(delegation) = observed.log.walk.delegation(zone) else { return BTreeSet::new() };
    let mut outdated = BTreeSet::new();
    let mut right = BTreeSet::new();
    for server in &delegation.name_servers {
        if let Some(glue) = Glue::of(server) {
            right.extend(glue.right);
            outdated.extend(glue.outdated);
        }
    }
    outdated.retain(|address| !right.contains(address));
    outdated
}

/// The addresses of a name server according to the parent and to its own zone.
struct Glue {
    outdated: BTreeSet<IpAddr>,
    lacking: BTreeSet<IpAddr>,
    right: BTreeSet<IpAddr>,
}

impl Glue {
    /// `None` if they cannot be compared: there is no glue, or its own zone has none at all, or
    /// could not be asked.
    fn of(server: &NameServer) -> Option<Self> {
        if server.cname().is_some() {
            return None;
        }
        let is_glue = |source: &Source| matches!(source, Source::Glue(_));
        let glue: BTreeSet<IpAddr> = server
            .addresses
            .iter()
            .filter(|address| address.sources.iter().any(is_glue))
            .map(|address| address.ip)
            .collect();
        let right: BTreeSet<IpAddr> =
            server.lookups.iter().flat_map(Resolution::addresses).collect();
        if glue.is_empty() || right.is_empty() {
            return None;
        }
        let known = |ipv6: bool| {
            let rtype = if ipv6 { RecordType::AAAA } else { RecordType::A };
            let mut lookups = server.lookups.iter().filter(|lookup| lookup.rtype == rtype);
            lookups.any(|lookup| lookup.outcome.is_ok())
        };
        let outdated = glue.difference(&right).copied().filter(|ip| known(ip.is_ipv6())).collect();
        // A family that is missing altogether may have been left out for want of room.
        let given = |ipv6: bool| glue.iter().any(|ip| ip.is_ipv6() == ipv6);
        let lacking = right.difference(&glue).copied().filter(|ip| given(ip.is_ipv6())).collect();
        Some(Self { outdated, lacking, right })
    }
}

fn list(addresses: &BTreeSet<IpAddr>) -> String {
    addresses.iter().take(NAMED).map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn texts(addresses: &BTreeSet<IpAddr>) -> Vec<String> {
    addresses.iter().map(ToString::to_string).collect()
}

fn other_glue(
    observed: &Observations<'_>,
    zone: &NameBuf,
    delegation: &Delegation,
    server: &NameServer,
) -> Option<Draft> {
    let Glue { outdated, lacking, right } = Glue::of(server)?;
    if outdated.is_empty() && lacking.is_empty() {
        return None;
    }
    let servers: Vec<SocketAddr> = observed
        .log
        .servers_of(zone)
        .into_iter()
        .filter(|server| outdated.contains(&server.ip()))
        .collect();
    // Nobody else is told of an old address at which nobody is any more.
    let dead: Vec<SocketAddr> = servers
        .iter()
        .copied()
        .filter(|server| {
            observed
                .servers
                .get(server)
                .is_some_and(crate::judge::observations::ServerObservations::is_silent)
        })
        .collect();
    let severity = if dead.is_empty() { Severity::Warning } else { Severity::Error };
    let name = short(&server.name);
    let parent = delegation.parent.as_ref().map_or_else(|| ".".to_owned(), short);
    let mut differences = Vec::new();
    if !outdated.is_empty() {
        differences
            .push(format!("gives {}, which the zone of that name does not", list(&outdated)));
    }
    if !lacking.is_empty() {
        differences.push(format!("leaves out {}", list(&lacking)));
    }
    let nobody = match &dead[..] {
        [] => String::new(),
        dead => {
            let dead: Vec<String> = dead.iter().map(|server| ip(*server)).collect();
            format!("; there is no response from {}", dead.join(", "))
        }
    };
    Some(
        Draft::new(FindingId::GlueMismatch, severity, zone.to_string())
            .servers(servers)
            .summary(format!(
                "the addresses of {name} differ: the parent zone {parent} {}{nobody}",
                differences.join(" and ")
            ))
            .fault(format!(
                "the registry has {} of the name server {}",
                if outdated.is_empty() { "only some addresses" } else { "an outdated address" },
                plain(&server.name)
            ))
            .action(format!(
                "correct the addresses of that host at the registrar of {}",
                plain(zone)
            ))
            .advice(format!(
                "at the registrar of {}, set the addresses of the host {name} to {}",
                short(zone),
                list(&right)
            ))
            .evidence("name_server", server.name.to_string())
            .evidence("only_at_parent", texts(&outdated))
            .evidence("missing_at_parent", texts(&lacking))
            .evidence("authoritative", texts(&right)),
    )
}

fn unresolvable(zone: &NameBuf, server: &NameServer) -> Option<Draft> {
    let name = short(&server.name);
    let (why, plain_why, reference) = if let Some(target) = server.cname() {
        let why = format!("is an alias of {}, which it must not be", short(&target));
        (why, "has a CNAME record, which it must not have", "RFC 2181 §10.3")
    } else {
        (no_address(server)?, "has no address", "RFC 1912 §2.8")
    };
    let glue = !server.addresses.is_empty();
    let only_glue = if glue { "; it is found by glue of the parent alone" } else { "" };
    let whose = match (server.at_parent, server.at_child) {
        (true, false) => "the parent names it",
        (false, true) => "the zone itself names it",
        _ => "both the parent and the zone name it",
    };
    let zone_name = short(zone);
    let actor = if server.name.is_at_or_below(zone) {
        Actor::DomainOwner
    } else if server.at_parent {
        Actor::Registrar
    } else {
        Actor::DnsHost
    };
    let subject = zone.to_string();
    Some(
        Draft::new(FindingId::ServerNameUnresolvable, Severity::Error, subject)
            .who(actor)
            .reference(reference)
            .summary(format!("the name server {name} {why} ({whose}){only_glue}"))
            .fault(format!(
                "the name server {} of {} {plain_why}",
                plain(&server.name),
                plain(zone)
            ))
            .action("correct its name, or remove it at the registrar and in the zone")
            .advice(format!(
                "give {name} an address (an A record, not a CNAME) in its own zone, or remove it \
                 from the name servers of {zone_name} at the registrar and in the zone; look for a \
                 typing error in the name first"
            ))
            .evidence("name_server", server.name.to_string())
            .evidence("at_parent", server.at_parent)
            .evidence("at_child", server.at_child)
            .evidence("has_glue", glue),
    )
}

/// Why a name server has no address; `None` if it has one, or that could not be found out.
fn no_address(server: &NameServer) -> Option<String> {
    if server.lookups.is_empty() {
        return None;
    }
    let outcomes = || server.lookups.iter().map(|lookup| &lookup.outcome);
    if outcomes().all(|outcome| matches!(outcome, Ok(Resolved::NxDomain))) {
        return Some("does not exist (NXDOMAIN)".to_owned());
    }
    if outcomes().all(|outcome| matches!(outcome, Ok(Resolved::NxDomain | Resolved::NoData))) {
        return Some("has no address, neither A nor AAAA".to_owned());
    }
    // What stays unanswered on the way there matters only where nothing else is known.
    let failure = outcomes().find_map(|outcome| outcome.as_ref().err());
    match failure.filter(|_| server.addresses.is_empty())? {
        Unresolved::TooMuchWork => None,
        why => Some(format!("cannot be resolved: {why}")),
    }
}

fn other_servers(
    observed: &Observations<'_>,
    zone: &NameBuf,
    delegation: &Delegation,
    explained: &Explained,
) -> Option<Draft> {
    let parents: Vec<(SocketAddr, BTreeSet<String>)> = delegation
        .parent_servers
        .iter()
        .filter_map(|parent| Some((parent.delegation.server, names(parent.ns()?.targets()))))
        .collect();
    let children: Vec<(SocketAddr, BTreeSet<String>)> = delegation
        .child_servers
        .iter()
        .filter(|child| {
            let server = child.ns.server;
            !explained.is_stale(server, zone) && !explained.disagrees(server, zone)
        })
        .filter_map(|child| Some((child.ns.server, names(child.ns()?.targets()))))
        .collect();
    let union = |sets: &[(SocketAddr, BTreeSet<String>)]| -> BTreeSet<String> {
        sets.iter().flat_map(|(_, set)| set.iter().cloned()).collect()
    };
    let (above, own) = (union(&parents), union(&children));
    if above.is_empty() || own.is_empty() {
        return None;
    }
    let only_parent: Vec<String> = above.difference(&own).cloned().collect();
    let only_child: Vec<String> = own.difference(&above).cloned().collect();
    let odd_parents = unlike(&parents, &above);
    let odd_children = unlike(&children, &own);
    let mut differences = Vec::new();
    if !only_parent.is_empty() {
        differences.push(format!("only the parent names {}", listed(&only_parent)));
    }
    if !only_child.is_empty() {
        differences.push(format!("only the zone itself names {}", listed(&only_child)));
    }
    if !odd_parents.is_empty() {
        let (odd, all) = (odd_parents.len(), parents.len());
        differences.push(format!("{odd} of {all} addresses of the parent leave some out"));
    }
    if !odd_children.is_empty() {
        let (odd, all) = (odd_children.len(), children.len());
        differences.push(format!("{odd} of {all} addresses of the zone leave some out"));
    }
    if differences.is_empty() {
        return None;
    }
    let servers: Vec<SocketAddr> = odd_children.iter().chain(&odd_parents).copied().collect();
    let name = short(zone);
    let advice = match (only_parent.is_empty(), only_child.is_empty()) {
        (true, true) => format!(
            "ask {} to give all servers the same NS records of {name}",
            if odd_children.is_empty() {
                "the registry".to_owned()
            } else {
                format!("whoever runs {}", observed.at_fault(zone, &odd_children))
            }
        ),
        (false, true) => format!(
            "if {} should serve {name}, add it to the zone's NS records; if not, remove it at the \
             registrar",
            listed(&only_parent)
        ),
        (true, false) => format!(
            "if {} should serve {name}, add it to the name servers at the registrar; if not, remove \
             its NS record from the zone",
            listed(&only_child)
        ),
        (false, false) => format!(
            "at the registrar, set the name servers of {name} to those that the zone itself names: \
             {}",
            listed(&own.iter().cloned().collect::<Vec<_>>())
        ),
    };
    // The copies of the zone differ, and the delegation is as it should be.
    let only_copies = only_parent.is_empty() && only_child.is_empty() && odd_parents.is_empty();
    let actor = if only_copies { Actor::DnsHost } else { Actor::Registrar };
    let subject = zone.to_string();
    Some(
        Draft::new(FindingId::ServerSetMismatch, Severity::Warning, subject)
            .who(actor)
            .servers(servers)
            .summary(format!(
                "the name servers of {name} at the parent and in the zone are not the same: {}",
                differences.join(", ")
            ))
            .fault(format!(
                "the registrar and the zone {} list different name servers",
                plain(zone)
            ))
            .action("make both lists the same")
            .advice(advice)
            .evidence("only_at_parent", only_parent)
            .evidence("only_in_zone", only_child)
            .evidence("parent_addresses_asked", parents.len())
            .evidence("zone_addresses_asked", children.len()),
    )
}

fn names(targets: impl Iterator<Item = NameBuf>) -> BTreeSet<String> {
    targets.map(|name| name.to_lowercase().to_string()).collect()
}

/// Addresses that do not name all.
fn unlike(sets: &[(SocketAddr, BTreeSet<String>)], all: &BTreeSet<String>) -> Vec<SocketAddr> {
    sets.iter().filter(|(_, set)| set != all).map(|(server, _)| *server).collect()
}

fn listed(names: &[String]) -> String {
    let short = |name: &String| match name.parse::<NameBuf>() {
        Ok(name) => short(&name),
        Err(_) => "?".to_owned(),
    };
    let shown: Vec<String> = names.iter().take(NAMED).map(short).collect();
    match names.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
