//! Whether servers can be reached at all, and whether answers come from where they were asked.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use super::delegation;
use crate::engine::{Outcome, Unreachable};
use crate::judge::actor::Actor;
use crate::judge::catalog::FindingId;
use crate::judge::explained::Explained;
use crate::judge::finding::Draft;
use crate::judge::observations::{Observations, ServerObservations, short};
use crate::judge::severity::Severity;
use crate::probe::result::Probe;
use crate::stats::Proportion;
use crate::wire::NameBuf;

/// Messages of ICMP from which on they are no accident.
const SOME: u64 = 3;

pub(crate) fn judge(
    observed: &Observations<'_>,
    explained: &mut Explained,
    findings: &mut Vec<Draft>,
) {
    for (server, host) in &observed.servers {
        if host.is_silent() || host.answers_from_elsewhere() || only_late(host) {
            explained.silent.insert(*server);
        }
    }
    for zone in &observed.log.zones {
        // That the parent hands out an old address is told as what it is.
        let outdated = delegation::outdated_glue(observed, zone);
        let mut dead: Vec<SocketAddr> = observed
            .servers_of(zone)
            .filter(|(server, host)| host.is_silent() && !outdated.contains(&server.ip()))
            .map(|(server, _)| server)
            .collect();
        for ipv6 in [false, true] {
            let one_sided = one_sided(observed, zone, &outdated, ipv6);
            if !one_sided.is_empty() {
                dead.retain(|server| !one_sided.contains(server));
                explained.silent.extend(&one_sided);
                findings.push(family_fails(observed, zone, one_sided, ipv6));
            }
        }
        let (turned_away, silent): (Vec<SocketAddr>, Vec<SocketAddr>) = dead
            .into_iter()
            .partition(|server| observed.servers.get(server).is_some_and(is_turned_away));
        for servers in [turned_away, silent].into_iter().filter(|servers| !servers.is_empty()) {
            findings.push(unreachable(observed, zone, servers));
        }
        findings.extend(from_elsewhere(observed, zone));
        findings.extend(icmp(observed, explained, zone));
    }
}

fn only_late(host: &ServerObservations<'_>) -> bool {
    host.udp.answered + host.tcp.answered == 0 && host.other_responses.late > 0
}

/// Whether most queries met an ICMP error.
fn is_turned_away(host: &ServerObservations<'_>) -> bool {
    host.udp.unreachable * 2 > host.udp.asked
}

/// Addresses of one family that never answer, or never over UDP, of servers that do so over the
/// other family.
fn one_sided(
    observed: &Observations<'_>,
    zone: &NameBuf,
    outdated: &BTreeSet<IpAddr>,
    ipv6: bool,
) -> Vec<SocketAddr> {
    let Some(delegation) = observed.log.walk.delegation(zone) else { return Vec::new() };
    let mut found = Vec::new();
    for server in &delegation.name_servers {
        let of = |ipv6: bool| {
            let all = observed.servers_of(zone).filter(move |(at, _)| at.is_ipv6() == ipv6);
            all.filter(|(at, _)| server.addresses.iter().any(|address| address.ip == at.ip()))
                .filter(|(at, _)| !outdated.contains(&at.ip()))
                .collect::<Vec<_>>()
        };
        let (these, others) = (of(ipv6), of(!ipv6));
        let silent = these.iter().all(|(_, host)| host.is_silent());
        let dead = silent || these.iter().all(|(_, host)| host.is_silent_over_udp());
        let well = |(_, host): &(SocketAddr, &ServerObservations<'_>)| {
            host.answers_over_udp() || (silent && host.tcp.answered > 0)
        };
        if dead && !these.is_empty() && !others.is_empty() && others.iter().all(well) {
            found.extend(these.into_iter().map(|(at, _)| at));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn family_fails(
    observed: &Observations<'_>,
    zone: &NameBuf,
    servers: Vec<SocketAddr>,
    ipv6: bool,
) -> Draft {
    let (fails, works) = if ipv6 { ("IPv6", "IPv4") } else { ("IPv4", "IPv6") };
    let who = observed.who(zone, &servers);
    let (udp, tcp) = asked(observed, &servers);
    let hosts = servers.iter().filter_map(|server| observed.servers.get(server));
    let over_tcp: u64 = hosts.map(|host| host.tcp.answered).sum();
    let what = match over_tcp {
        0 => format!("to {udp} queries over UDP and {tcp} over TCP"),
        some => format!("to {udp} queries over UDP (over TCP, {some} of {tcp} were answered)"),
    };
    let ours_works = observed.family_works(ipv6);
    let (severity, actor) = if ours_works {
        (Severity::Warning, Actor::DnsHost)
    } else {
        (Severity::Notice, Actor::Local)
    };
    let own = if ours_works {
        format!("; other servers respond over {fails}, so our own path there is good")
    } else {
        format!("; nobody else responded over {fails} either, so our own network may be why")
    };
    let names = observed.at_fault_by_name(zone, &servers);
    let advice = format!(
        "ask whoever runs {names} to make it answer over {fails}, or to remove its {} record: \
         a resolver that tries {fails} first loses seconds each time",
        if ipv6 { "AAAA" } else { "A" },
    );
    Draft::new(FindingId::AddressFamilyFails, severity, zone.to_string())
        .who(actor)
        .servers(servers)
        .summary(format!(
            "{who}: no response over {fails}, {what}, while the same server responds over {works}{own}"
        ))
        .fault(format!(
            "{names} {} over {works} and not over {fails}",
            names.verb("answers", "answer")
        ))
        .action(format!(
            "ask whoever runs {names} to repair {fails}, or to remove the {} {}",
            if ipv6 { "AAAA" } else { "A" },
            names.verb("record", "records")
        ))
        .advice(advice)
        .evidence("family", fails)
        .evidence("udp_asked", udp)
        .evidence("tcp_asked", tcp)
        .evidence("tcp_answered", over_tcp)
        .evidence("own_route_works", ours_works)
}

fn unreachable(observed: &Observations<'_>, zone: &NameBuf, servers: Vec<SocketAddr>) -> Draft {
    let (udp, tcp) = asked(observed, &servers);
    let hosts = || servers.iter().filter_map(|server| observed.servers.get(server));
    let icmp: u64 = hosts().map(|host| host.udp.unreachable).sum();
    let refused: u64 = hosts().map(|host| host.tcp.unreachable).sum();
    let errors = icmp_texts(hosts());
    let (id, how) = if icmp * 2 > udp {
        let how = format!("the network turned {icmp} of them away ({errors})");
        (FindingId::UnreachableIcmp, how)
    } else {
        (FindingId::ServerUnreachable, "nothing came back".to_owned())
    };
    let others = observed.servers_of(zone).count().saturating_sub(servers.len());
    let reach = if others == 0 {
        "none of the zone's servers can be reached from here".to_owned()
    } else {
        format!("the other {others} addresses of the zone are judged by themselves")
    };
    let who = observed.who(zone, &servers);
    let names = observed.at_fault(zone, &servers);
    // Where nobody is heard over the same families, the way out of here is the likelier cause.
    let ours_works = servers.iter().any(|server| observed.family_works(server.is_ipv6()));
    Draft::new(id, Severity::Error, zone.to_string())
        .who(if ours_works { Actor::DnsHost } else { Actor::Local })
        .servers(servers)
        .summary(format!(
            "{who}: no response to {udp} queries over UDP and {tcp} over TCP; {how}; {reach}"
        ))
        .fault(format!("{names} {} not answer at all", names.verb("does", "do")))
        .action(format!(
            "ask whoever runs {names} to bring {0} back, or remove {0} at the registrar",
            names.verb("it", "them")
        ))
        .advice(format!(
            "ask whoever runs {names} to bring it back, or remove it from the list of name servers \
             at the registrar and from the NS records of {}",
            short(zone)
        ))
        .evidence("udp_asked", udp)
        .evidence("tcp_asked", tcp)
        .evidence("answered", 0)
        .evidence("icmp", icmp)
        .evidence("tcp_refused", refused)
        .evidence("icmp_kinds", errors)
}

fn asked(observed: &Observations<'_>, servers: &[SocketAddr]) -> (u64, u64) {
    let hosts = || servers.iter().filter_map(|server| observed.servers.get(server));
    (hosts().map(|host| host.udp.asked).sum(), hosts().map(|host| host.tcp.asked).sum())
}

fn from_elsewhere(observed: &Observations<'_>, zone: &NameBuf) -> Option<Draft> {
    let found: Vec<(SocketAddr, &ServerObservations<'_>)> =
        observed.servers_of(zone).filter(|(_, host)| host.answers_from_elsewhere()).collect();
    let servers: Vec<SocketAddr> = found.iter().map(|(server, _)| *server).collect();
    if servers.is_empty() {
        return None;
    }
    let asked: u64 = found.iter().map(|(_, host)| host.udp.asked).sum();
    let elsewhere: u64 = found.iter().map(|(_, host)| host.udp.from_elsewhere).sum();
    let who = observed.who(zone, &servers);
    let names = observed.at_fault(zone, &servers);
    let rate = Proportion::new(elsewhere, asked).text("answered from elsewhere").to_string();
    let error = Severity::Error;
    let subject = zone.to_string();
    let draft = Draft::new(FindingId::SourceAddressMismatch, error, subject).servers(servers);
    Some(
        draft
            .summary(format!(
                "{who}: responses do not come from the address and port that were asked, so that \
                 every resolver throws them away: {rate}"
            ))
            .fault(format!(
                "{names} {} from another address than was asked, which resolvers ignore",
                names.verb("responds", "respond")
            ))
            .action(format!("ask whoever runs {names} to repair that"))
            .advice(format!(
                "ask whoever runs {names} to have the server respond from the address that it was \
                 asked at (each address needs a socket of its own, or a port translation is wrong)"
            ))
            .evidence("asked", asked)
            .evidence("from_elsewhere", elsewhere),
    )
}

/// ICMP for some of the queries to a server that answers others.
fn icmp(observed: &Observations<'_>, explained: &Explained, zone: &NameBuf) -> Option<Draft> {
    let found: Vec<(SocketAddr, &ServerObservations<'_>)> = observed
        .servers_of(zone)
        .filter(|(server, host)| !explained.is_silent(*server) && host.udp.unreachable >= SOME)
        .collect();
    let servers: Vec<SocketAddr> = found.iter().map(|(server, _)| *server).collect();
    if servers.is_empty() {
        return None;
    }
    let asked: u64 = found.iter().map(|(_, host)| host.udp.asked).sum();
    let icmp: u64 = found.iter().map(|(_, host)| host.udp.unreachable).sum();
    let kinds = icmp_texts(found.iter().map(|(_, host)| *host));
    let who = observed.who(zone, &servers);
    let rate = Proportion::new(icmp, asked).text("turned away").to_string();
    let names = observed.at_fault(zone, &servers);
    let draft =
        Draft::new(FindingId::UnreachableIcmp, Severity::Error, zone.to_string()).servers(servers);
    Some(
        draft
            .summary(format!(
                "{who}: the network says that some queries over UDP cannot be delivered \
                 ({kinds}), while others are answered: {rate}"
            ))
            .fault(format!("the network turns some queries to {names} away"))
            .action(format!("ask whoever runs {names} about its service and its firewall"))
            .advice(format!(
                "ask whoever runs {names} whether its service stops now and then, or a firewall in \
                 front of it turns queries away"
            ))
            .evidence("asked", asked)
            .evidence("icmp", icmp)
            .evidence("icmp_kinds", kinds),
    )
}

/// The kinds of ICMP messages that ended queries over UDP, the most frequent one first.
fn icmp_texts<'h, 'e: 'h>(hosts: impl Iterator<Item = &'h ServerObservations<'e>>) -> String {
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for probe in hosts.flat_map(|host| &host.probes).filter(|probe| Probe::is_udp(probe)) {
        if let Some(Outcome::Unreachable(error)) = probe.outcome() {
            let text = icmp_text(error, probe.query.server.is_ipv6());
            *kinds.entry(text).or_default() += 1;
        }
    }
    let mut kinds: Vec<(String, u64)> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    kinds.into_iter().map(|(text, _)| text).collect::<Vec<_>>().join(", ")
}

fn icmp_text(error: Unreachable, ipv6: bool) -> String {
    let Unreachable { icmp_type, icmp_code, errno } = error;
    if icmp_type == 0 {
        return format!("system error {errno}");
    }
    let what = match (ipv6, icmp_type, icmp_code) {
        (false, 3, 0) | (true, 1, 0) => "no route to the network",
        (false, 3, 1) | (true, 1, 3) => "host unreachable",
        (false, 3, 3) | (true, 1, 4) => "port unreachable",
        (false, 3, 9 | 10 | 13) | (true, 1, 1) => "forbidden by a firewall",
        _ => "unreachable",
    };
    let family = if ipv6 { "ICMPv6" } else { "ICMP" };
    format!("{what}, {family} type {icmp_type} code {icmp_code}")
}
