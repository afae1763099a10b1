//! Where responses get lost: small queries from ports that lost some, and from as many that did not.
//! Is it the port, and so the path?

use std::collections::BTreeMap;

use super::limits::Limits;
use super::zone::ZoneSample;
use crate::engine::SocketId;
use crate::probe::log::ProbeLog;
use crate::probe::purpose::{Experiment, Purpose};
use crate::probe::query::ProbeQuery;
use crate::probe::sample::Sample;

/// Queries in an experiment about ports, spread over them.
const QUERIES: usize = 64;
/// Queries from one port in such an experiment.
const PER_PORT: std::ops::RangeInclusive<usize> = 3..=6;
/// Ports that lost some in the baseline and are looked at more closely, and as many others; at least
/// so many of those.
const MOST_SUSPECTS: usize = 12;
const LEAST_CONTROLS: usize = 4;

pub(super) fn suggest(log: &ProbeLog, limits: Limits) -> Vec<ProbeQuery> {
    let mut all = Vec::new();
    for (server, sample) in Sample::lossy(&log.probes) {
        let Some(zone) = sample.first().map(|probe| ZoneSample::of(&probe.query)) else { continue };
        let ports: BTreeMap<_, _> = sample.baseline_by_socket();
        let (suspects, others): (Vec<_>, Vec<_>) =
            ports.into_iter().partition(|(_, tally)| tally.lost > 0);
        let suspects = &suspects[..suspects.len().min(MOST_SUSPECTS)];
        let controls = others.iter().take(suspects.len().max(LEAST_CONTROLS));
        let sockets: Vec<SocketId> =
            suspects.iter().chain(controls).map(|(socket, _)| *socket).collect();
        let each = (QUERIES / sockets.len().max(1)).clamp(*PER_PORT.start(), *PER_PORT.end());
        for socket in sockets {
            let place = Some(place(socket, limits));
            let probe = zone.small(server, Purpose::Experiment(Experiment::Port), place);
            all.extend(std::iter::repeat_n(probe, each));
        }
    }
    all
}

/// The place of a socket among those of its address family.
fn place(socket: SocketId, limits: Limits) -> u16 {
    socket.0 % limits.sockets.max(1)
}
