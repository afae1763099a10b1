//! A trace as text for people: zone by zone, those who agree on one line.

use std::net::SocketAddr;

use super::{grouped, no_address, rtt_us, sources, words};
use crate::walk::{
    ChildServer, Delegation, ParentServer, Path, PathEnd, ResponseKind, Rrset, WalkReport,
};
use crate::wire::NameBuf;

/// Servers that are listed where several say the same.
const LISTED: usize = 4;

/// Appends the trace.
pub fn write_text(report: &WalkReport, out: &mut Vec<u8>) {
    let questions = report.evidence.exchanges.len();
    line(out, 0, &format!(";; {} {}, {questions} queries", report.paths[0].name, report.rtype));
    for (given_up, family) in [(report.ipv4_abandoned, "IPv4"), (report.ipv6_abandoned, "IPv6")] {
        if given_up {
            line(out, 0, &format!(";; no root server answers over {family}: {family} is not used"));
        }
    }
    let mut shown: Vec<NameBuf> = Vec::new();
    for path in &report.paths {
        for zone in &path.zones {
            if !shown.contains(zone)
                && let Some(delegation) = report.delegation(zone)
            {
                shown.push(*zone);
                out.push(b'\n');
                write_zone(report, delegation, out);
            }
        }
        out.push(b'\n');
        write_path(report, path, out);
    }
    if report.cut_short {
        line(out, 0, "\n;; incomplete: the limit of queries was reached");
    }
}

fn write_zone(report: &WalkReport, zone: &Delegation, out: &mut Vec<u8>) {
    line(out, 0, &zone.zone.to_string());
    if let Some(parent) = zone.parent {
        let said = zone.parent_servers.iter().map(|server| (delegates(report, server), server));
        let said = said.map(|(what, server)| (what, server.delegation.server));
        for (what, servers) in grouped(said) {
            line(out, 2, &format!("{parent} says: {what}  {}", list(&servers)));
        }
    }
    let parent_set = zone.parent_servers.iter().find_map(ParentServer::ns).map(names);
    for server in &zone.name_servers {
        let side = match (server.at_parent, server.at_child) {
            _ if zone.parent.is_none() => "",
            (true, false) => "  (in the parent's NS records only)",
            (false, true) => "  (in the zone's own NS records only)",
            _ => "",
        };
        line(out, 2, &format!("{}{side}", server.name));
        if let Some(why) = no_address(server) {
            line(out, 4, &format!("no address: {why}"));
        }
        for address in &server.addresses {
            let sources = sources(&address.sources).join(", ");
            let said = zone.child_servers.iter().find(|c| c.ns.server.ip() == address.ip);
            let said = said.map_or_else(
                || "not queried".into(),
                |child| apex(report, child, parent_set.as_deref()),
            );
            line(out, 4, &format!("{} ({sources}): {said}", address.ip));
        }
    }
    if zone.left_out > 0 {
        line(out, 2, &format!("and {} more name servers, not queried", zone.left_out));
    }
}

/// What a server of the parent says of a delegation.
fn delegates(report: &WalkReport, server: &ParentServer) -> String {
    let Some(ns) = server.ns() else { return words(report, &server.delegation) };
    let ds = match server.ds() {
        Some(ds) => format!("; DS {}", data(ds).join(", ")),
        None => String::new(),
    };
    let own = match server.delegation.reading().map(|reading| &reading.kind) {
        Some(ResponseKind::Referral(_)) => "",
        _ => " (as a server for both zones)",
    };
    format!("NS {}{ds}{own}", names(ns).join(" "))
}

/// What a server of the zone says of its apex.
fn apex(report: &WalkReport, child: &ChildServer, parent_set: Option<&[String]>) -> String {
    let mut parts = Vec::new();
    match child.ns() {
        Some(ns) if parent_set.is_some_and(|set| set == names(ns)) => {
            parts.push("NS as at the parent".into());
        }
        Some(ns) => parts.push(format!("NS {}", names(ns).join(" "))),
        None => parts.push(words(report, &child.ns)),
    }
    match child.serial() {
        Some(serial) => parts.push(format!("serial {serial}")),
        None if child.ns().is_some() => parts.push(format!("SOA: {}", words(report, &child.soa))),
        None => {}
    }
    if let Some(rtt) = rtt_us(report, &child.ns) {
        parts.push(format!("{}.{:03} ms", rtt / 1000, rtt % 1000));
    }
    parts.join(", ")
}

fn write_path(report: &WalkReport, path: &Path, out: &mut Vec<u8>) {
    line(out, 0, &format!("{} {}", path.name, report.rtype));
    if let PathEnd::Failed(why) = path.end {
        line(out, 2, &format!("lookup failed: {why}"));
    }
    let said = path.answers.iter().map(|answer| {
        let records: Vec<String> = answer.reading().map_or_else(Vec::new, |reading| {
            reading.chain.iter().chain(&reading.answer).flat_map(lines).collect()
        });
        let what = if records.is_empty() { vec![words(report, answer)] } else { records };
        (what, answer.server)
    });
    for (what, servers) in grouped(said) {
        line(out, 2, &list(&servers));
        for record in what {
            line(out, 4, &record);
        }
    }
    if let Some(fault) = path.cname_fault {
        line(out, 2, &fault.to_string());
    }
}

/// The records of a set, one a line.
fn lines(set: &Rrset) -> Vec<String> {
    set.records().map(|record| record.to_string()).collect()
}

/// The data of the records of a set.
fn data(set: &Rrset) -> Vec<String> {
    set.records()
        .map(|record| {
            let mut text = Vec::new();
            if record.write_data(&mut text).is_err() {
                crate::wire::write_generic_rdata(&record.rdata, &mut text);
            }
            String::from_utf8_lossy(&text).into_owned()
        })
        .collect()
}

/// The names that an NS set points to, in lower case and in order, so that sets can be compared.
fn names(set: &Rrset) -> Vec<String> {
    let mut names: Vec<NameBuf> = set.targets().map(|name| name.to_lowercase()).collect();
    names.sort();
    names.iter().map(ToString::to_string).collect()
}

fn list(servers: &[SocketAddr]) -> String {
    let listed: Vec<String> =
        servers.iter().take(LISTED).map(|server| server.ip().to_string()).collect();
    let more = match servers.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("[{}{more}]", listed.join(" "))
}

fn line(out: &mut Vec<u8>, indent: usize, text: &str) {
    out.extend(std::iter::repeat_n(b' ', indent));
    out.extend_from_slice(text.as_bytes());
    out.push(b'\n');
}
