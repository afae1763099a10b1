//! Which experiments are made when.

use super::limits::Limits;
use super::{conformance, edns, failure, port, rate, serial, size, tcp, validation};
use crate::probe::log::ProbeLog;
use crate::probe::query::ProbeQuery;

/// What to ask because of what was seen.
pub type Suggest = fn(&ProbeLog, Limits) -> Vec<ProbeQuery>;

/// The experiments of each round. What goes slowly stands between two rounds that go fast, so that a
/// bad minute is not taken for a limit on the rate.
pub const ROUNDS: [&[Suggest]; 3] = [
    &[
        validation::suggest,
        conformance::suggest,
        edns::suggest,
        tcp::suggest,
        serial::suggest,
        failure::suggest,
        size::suggest,
        port::suggest,
    ],
    &[rate::slowly],
    &[rate::fast_again],
];

/// What the experiments of a round suggest, the first round being 0; nothing beyond the last one.
pub fn suggest(round: usize, log: &ProbeLog, limits: Limits) -> Vec<ProbeQuery> {
    let experiments = ROUNDS.get(round).copied().unwrap_or_default();
    experiments.iter().flat_map(|suggest| suggest(log, limits)).collect()
}
