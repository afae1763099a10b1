//! Servers that do not answer over TCP, which every server must (RFC 7766 §5).

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::Explained;
use super::reach::names_of;
use super::scene::Scene;
use super::tell::finding;
use crate::engine::Outcome;
use crate::report::finding::{Finding, Severity};
use crate::walk::{Fault, Kind};
use crate::wire::NameBuf;

/// Questions over TCP, all in vain, from which on it is told.
const ENOUGH: u64 = 5;

pub(super) fn judge(scene: &Scene<'_>, explained: &Explained, findings: &mut Vec<Finding>) {
    for zone in &scene.zones {
        let mut groups: BTreeMap<(&str, bool), Vec<SocketAddr>> = BTreeMap::new();
        for (server, host) in scene.serving(zone, explained) {
            let silent = host.tcp.asked >= ENOUGH && host.tcp.answered == 0;
            if !silent || !host.answers_over_udp() {
                continue;
            }
            let mut udp = host.probes.iter().filter(|probe| probe.is_udp());
            let truncated = udp.any(|probe| {
                let kind = probe.reading().map(|reading| &reading.kind);
                kind == Some(&Kind::Fault(Fault::Truncated))
            });
            let closed = host.probes.iter().filter(|probe| {
                matches!(probe.outcome(), Some(Outcome::StreamFailed(_))) && !probe.is_udp()
            });
            let how = if host.tcp.unreachable * 2 > host.tcp.asked {
                "connections are refused"
            } else if closed.count() as u64 * 2 > host.tcp.asked {
                "connections are closed before the answer is there"
            } else {
                "there is no answer"
            };
            groups.entry((how, truncated)).or_default().push(server);
        }
        for ((how, truncated), servers) in groups {
            findings.push(unavailable(scene, zone, how, truncated, servers));
        }
    }
}

fn unavailable(
    scene: &Scene<'_>,
    zone: &NameBuf,
    how: &str,
    truncated: bool,
    servers: Vec<SocketAddr>,
) -> Finding {
    let hosts = || servers.iter().filter_map(|server| scene.hosts.get(server));
    let tcp: u64 = hosts().map(|host| host.tcp.asked).sum();
    let udp: u64 = hosts().map(|host| host.udp.answered).sum();
    let refused: u64 = hosts().map(|host| host.tcp.unreachable).sum();
    let severity = if truncated { Severity::Error } else { Severity::Warning };
    let harm = if truncated {
        "; answers that do not fit into UDP say to ask over TCP, so they never arrive"
    } else {
        ""
    };
    let who = scene.who(zone, &servers);
    let names = names_of(scene, zone, &servers);
    finding("tcp-unavailable", severity, zone.to_string(), servers, "RFC 7766 §5")
        .says(format!(
            "{who}: {how} over TCP to {tcp} of {tcp} questions, while {udp} were answered over \
             UDP{harm}"
        ))
        .advises(format!(
            "Ask whoever runs {names} to open TCP port 53 of the server in its firewall"
        ))
        .with("tcp_asked", tcp)
        .with("tcp_answered", 0)
        .with("tcp_refused", refused)
        .with("udp_answered", udp)
        .with("truncated_answers_seen", truncated)
}
