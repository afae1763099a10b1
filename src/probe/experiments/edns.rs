//! Where nothing but plain DNS is answered: the queries of the sample, as resolvers put them there.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::limits::Limits;
use crate::probe::log::ProbeLog;
use crate::probe::query::{ProbeQuery, QueryForm};
use crate::probe::result::Probe;
use crate::walk::ResponseKind;

/// Nothing for servers that were asked so at once.
pub(super) fn suggest(log: &ProbeLog, _: Limits) -> Vec<ProbeQuery> {
    let is_good = |probe: &Probe| {
        probe.reading().is_some_and(|reading| !matches!(reading.kind, ResponseKind::Fault(_)))
    };
    let mut plain: BTreeSet<SocketAddr> = BTreeSet::new();
    let mut with_edns: BTreeSet<SocketAddr> = BTreeSet::new();
    for probe in log.probes.iter().filter(|probe| probe.is_udp() && is_good(probe)) {
        let set = if probe.query.form == QueryForm::Plain { &mut plain } else { &mut with_edns };
        set.insert(probe.query.server);
    }
    let sampled =
        || log.probes.iter().map(|probe| probe.query).filter(|it| it.purpose.is_sampled());
    let done = sampled().filter(|query| query.form == QueryForm::Plain);
    with_edns.extend(done.map(|query| query.server));
    let plain_only: BTreeSet<_> = plain.difference(&with_edns).collect();
    sampled()
        .filter(|query| query.form == QueryForm::Udp && plain_only.contains(&query.server))
        .map(|query| ProbeQuery { form: QueryForm::Plain, ..query })
        .collect()
}
