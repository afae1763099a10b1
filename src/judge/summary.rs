//! Who was asked, and how each address did: a table that every report ends with.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;

use crate::probe::ProbeLog;
use crate::probe::purpose::{Baseline, Purpose};
use crate::probe::query::{QueryForm, Role};
use crate::probe::result::Probe;
use crate::walk;
use crate::wire::{NameBuf, write_hex};

/// The longest name of an instance that is shown, in characters.
const LONGEST_NAME: usize = 300;

/// One address that was asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServerReport {
    /// The address.
    pub server: SocketAddr,
    /// Names of name servers that have it.
    pub names: Vec<String>,
    /// What it was asked as.
    pub role: Role,
    /// The zone, where it was asked as an authoritative server.
    pub zone: Option<String>,
    /// Queries over UDP.
    pub udp_asked: u64,
    /// Those that had an answer.
    pub udp_answered: u64,
    /// Queries over TCP.
    pub tcp_asked: u64,
    /// Those that had an answer.
    pub tcp_answered: u64,
    /// Median round-trip time over UDP, in microseconds.
    pub rtt_median_us: Option<u64>,
    /// The 90th percentile.
    pub rtt_p90_us: Option<u64>,
    /// SERIALs of the zone that it showed; each once, in order.
    pub serials: Vec<u32>,
    /// What it calls itself (NSID), printable or as hexadecimal digits; each once.
    pub instances: Vec<String>,
}

/// The serials of its zone that an address showed, each once, in their order.
pub(crate) fn serials(log: &ProbeLog, zone: &NameBuf, server: SocketAddr) -> Vec<u32> {
    let of_walk = log.walk.delegation(zone).into_iter().flat_map(|delegation| {
        delegation.child_servers.iter().filter(|child| child.soa.server == server)
    });
    let of_probes = log
        .probes_for(Purpose::Baseline(Baseline::Serial))
        .filter(|probe| probe.query.zone == *zone && probe.query.server == server)
        .filter_map(|probe| probe.reading()?.answer.as_ref()?.serial());
    let mut serials = Vec::new();
    for serial in of_walk.filter_map(walk::ChildServer::serial).chain(of_probes) {
        if !serials.contains(&serial) {
            serials.push(serial);
        }
    }
    serials
}

/// One row for each address, role and zone.
pub fn servers(log: &ProbeLog) -> Vec<ServerReport> {
    let mut rows: BTreeMap<(Role, NameBuf, SocketAddr), Row> = BTreeMap::new();
    for probe in &log.probes {
        let query = &probe.query;
        let row = rows.entry((query.role, query.zone, query.server)).or_default();
        row.add(probe);
    }
    rows.into_iter()
        .map(|((role, zone, server), mut row)| {
            // A server of which only the address is known is asked as if it served the root.
            let is_of_zone = role != Role::Recursive && !(role == Role::Other && zone.is_root());
            let zone = Some(zone).filter(|_| is_of_zone);
            let serials = zone.map_or_else(Vec::new, |zone| serials(log, &zone, server));
            row.rtts.sort_unstable();
            ServerReport {
                server,
                names: zone.map_or_else(Vec::new, |zone| {
                    let names = log.names_of(&zone, server);
                    names.iter().map(ToString::to_string).collect()
                }),
                role,
                zone: zone.map(|zone| zone.to_string()),
                udp_asked: row.udp.0,
                udp_answered: row.udp.1,
                tcp_asked: row.tcp.0,
                tcp_answered: row.tcp.1,
                rtt_median_us: quantile(&row.rtts, 0.5),
                rtt_p90_us: quantile(&row.rtts, 0.9),
                serials,
                instances: row.instances,
            }
        })
        .collect()
}

#[derive(Default)]
struct Row {
    /// Asked and answered.
    udp: (u64, u64),
    tcp: (u64, u64),
    rtts: Vec<Duration>,
    instances: Vec<String>,
}

impl Row {
    fn add(&mut self, probe: &Probe) {
        if let Some(nsid) = probe.reply.as_ref().and_then(|reply| reply.nsid()) {
            let name = instance_name(nsid);
            if self.instances.len() < 64 && !self.instances.contains(&name) {
                self.instances.push(name);
            }
        }
        // Experiments that servers may leave unanswered would blur the picture.
        let count = match probe.query.form {
            QueryForm::Udp | QueryForm::Recursive => &mut self.udp,
            QueryForm::Sized(_) | QueryForm::Plain if probe.query.purpose.is_sampled() => {
                &mut self.udp
            }
            QueryForm::Shaped(_) if probe.is_udp() => &mut self.udp,
            QueryForm::Tcp | QueryForm::Shaped(_) => &mut self.tcp,
            _ => return,
        };
        if !probe.counts() {
            return;
        }
        count.0 += 1;
        count.1 += u64::from(probe.reply.is_some());
        if probe.is_udp()
            && let Some(rtt) = probe.rtt()
        {
            self.rtts.push(rtt);
        }
    }
}

/// The value below which the share `q` of sorted times lies, in microseconds.
fn quantile(sorted: &[Duration], q: f64) -> Option<u64> {
    let last = sorted.len().checked_sub(1)?;
    let rtt = sorted.get((q * last as f64).round() as usize)?;
    u64::try_from(rtt.as_micros()).ok()
}

/// What a server calls itself: as text if it is one, else as hexadecimal digits.
pub(crate) fn instance_name(nsid: &[u8]) -> String {
    let mut out = Vec::new();
    if !nsid.is_empty() && nsid.iter().all(u8::is_ascii_graphic) {
        out.extend_from_slice(nsid);
    } else {
        write_hex(nsid, &mut out);
    }
    // Both forms are ASCII, so every place is one between characters.
    let text = String::from_utf8_lossy(&out);
    match text.get(..LONGEST_NAME).filter(|_| text.len() > LONGEST_NAME) {
        Some(begin) => format!("{begin}..."),
        None => text.into_owned(),
    }
}
