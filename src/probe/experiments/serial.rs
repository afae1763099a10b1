//! Where servers of a zone have it with different serials: do those behind come up, and does one
//! address show now this one and now that?

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::limits::Limits;
use super::zone::ZoneSample;
use crate::probe::log::ProbeLog;
use crate::probe::purpose::{Baseline, Purpose};
use crate::probe::query::ProbeQuery;
use crate::walk::Rrset;

/// Further queries, and the time between two of them.
const AGAIN: u32 = 10;
const SPACING: Duration = Duration::from_millis(300);

pub(super) fn suggest(log: &ProbeLog, _: Limits) -> Vec<ProbeQuery> {
    let purpose = Purpose::Baseline(Baseline::Serial);
    let mut zones: BTreeMap<ZoneSample, BTreeSet<u32>> = BTreeMap::new();
    for probe in log.probes_for(purpose) {
        let answer = probe.reading().and_then(|reading| reading.answer.as_ref());
        if let Some(serial) = answer.and_then(Rrset::serial) {
            zones.entry(ZoneSample::of(&probe.query)).or_default().insert(serial);
        }
    }
    let mut all = Vec::new();
    for (zone, _) in zones.into_iter().filter(|(_, serials)| serials.len() > 1) {
        for server in log.servers_of(&zone.apex) {
            let probe = zone.small(server, purpose, None);
            let spaced = |i| ProbeQuery { not_before: log.last_outcome() + SPACING * i, ..probe };
            all.extend((0..AGAIN).map(spaced));
        }
    }
    all
}
