//! Where nothing comes over TCP: does it ever?

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::limits::Limits;
use crate::probe::log::ProbeLog;
use crate::probe::purpose::{Experiment, Purpose};
use crate::probe::query::{ProbeQuery, QueryForm};
use crate::wire::RecordType;

/// Further queries where none was answered, and the time between two of them.
const AGAIN: u32 = 4;
const SPACING: Duration = Duration::from_millis(700);

pub(super) fn suggest(log: &ProbeLog, _: Limits) -> Vec<ProbeQuery> {
    let mut failed: BTreeMap<SocketAddr, Option<ProbeQuery>> = BTreeMap::new();
    for probe in log.probes.iter().filter(|probe| !probe.is_udp()) {
        let place = failed.entry(probe.query.server).or_insert(Some(probe.query));
        if probe.reply.is_some() || !probe.counts() {
            *place = None;
        }
    }
    let answering = log.answering();
    let mut all = Vec::new();
    for query in failed.into_values().flatten().filter(|it| answering.contains(&it.server)) {
        let ProbeQuery { server, role, zone, .. } = query;
        let (soa, purpose) = (RecordType::SOA, Purpose::Experiment(Experiment::Tcp));
        let probe = ProbeQuery::new(server, role, zone, zone, soa, QueryForm::Tcp, purpose);
        let spaced = |i| ProbeQuery { not_before: log.last_outcome() + SPACING * i, ..probe };
        all.extend((0..AGAIN).map(spaced));
    }
    all
}
