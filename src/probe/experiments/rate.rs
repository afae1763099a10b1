//! Where responses get lost and the port does not explain it: is it the rate of queries?

use std::time::Duration;

use super::limits::Limits;
use super::zone::ZoneSample;
use crate::probe::log::ProbeLog;
use crate::probe::purpose::{Experiment, Purpose};
use crate::probe::query::ProbeQuery;
use crate::probe::sample::Sample;

/// The time between two queries that go slowly. Servers that limit their rates do not begin below
/// this one.
const SLOWLY: Duration = Duration::from_millis(250);
/// How many go slowly: so many that none would be lost with this probability, if they were lost
/// as often as the fast ones.
const SLOW: std::ops::RangeInclusive<u64> = 24..=40;
const SLOW_BY_CHANCE: f64 = 5e-4;
/// So few losses could not be told from none.
const FEW: u64 = 4;
/// Fast queries after the slow ones.
const FAST_AGAIN: u16 = 48;

/// Small queries, slowly.
pub(super) fn slowly(log: &ProbeLog, _: Limits) -> Vec<ProbeQuery> {
    let mut all = Vec::new();
    for (server, sample) in Sample::lossy(&log.probes) {
        let Some(zone) = sample.first().map(|probe| ZoneSample::of(&probe.query)) else { continue };
        let [fast, _] = sample.by_rate();
        if sample.suspects_against_controls().leaves_no_doubt() || fast.suspected.lost < FEW {
            continue;
        }
        let passed = (1.0 - fast.suspected.share()).clamp(0.01, 0.99);
        let count = (SLOW_BY_CHANCE.ln() / passed.ln()).ceil() as u64;
        for i in 0..count.clamp(*SLOW.start(), *SLOW.end()) {
            let not_before = log.last_outcome() + SLOWLY * (i as u32 + 1);
            let probe = zone.small(server, Purpose::Experiment(Experiment::Rate), None);
            all.push(ProbeQuery { not_before, ..probe });
        }
    }
    all
}

/// Where slow queries fare better: fast ones again.
pub(super) fn fast_again(log: &ProbeLog, limits: Limits) -> Vec<ProbeQuery> {
    let mut all = Vec::new();
    for (server, sample) in Sample::lossy(&log.probes) {
        let Some(zone) = sample.first().map(|probe| ZoneSample::of(&probe.query)) else { continue };
        let [fast, _] = sample.by_rate();
        if fast.others.asked() > 0 && fast.is_better_slow() {
            for i in 0..FAST_AGAIN {
                let socket = Some(i % limits.sockets.max(1));
                all.push(zone.small(server, Purpose::Experiment(Experiment::Port), socket));
            }
        }
    }
    all
}
