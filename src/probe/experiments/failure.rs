//! Where a server fails for what it answers at other times: how often does it?

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::limits::Limits;
use super::zone::ZoneSample;
use crate::probe::log::ProbeLog;
use crate::probe::purpose::{Baseline, Purpose};
use crate::probe::query::{ProbeQuery, Role};
use crate::walk::{ResponseFault, ResponseKind};

/// Further queries to servers that fail now and then.
const AGAIN: usize = 40;

pub(super) fn suggest(log: &ProbeLog, _: Limits) -> Vec<ProbeQuery> {
    let mut servers: BTreeMap<(SocketAddr, ZoneSample), [u32; 2]> = BTreeMap::new();
    for probe in log.probes.iter().filter(|probe| probe.query.purpose.is_sampled()) {
        let (server, zone) = (probe.query.server, ZoneSample::of(&probe.query));
        if zone.role == Role::Authoritative
            && let Some(reading) = probe.reading()
        {
            let failed = matches!(reading.kind, ResponseKind::Fault(ResponseFault::Rcode(_)));
            servers.entry((server, zone)).or_default()[usize::from(failed)] += 1;
        }
    }
    let mut all = Vec::new();
    for ((server, zone), [good, failed]) in servers {
        if good > 0 && failed > 1 {
            let probe = zone.small(server, Purpose::Baseline(Baseline::Serial), None);
            all.extend(std::iter::repeat_n(probe, AGAIN));
        }
    }
    all
}
