//! Where a recursive server fails: does it answer when it need not validate?

use std::collections::BTreeSet;

use super::limits::Limits;
use crate::probe::log::ProbeLog;
use crate::probe::query::{ProbeQuery, QueryForm, Role};
use crate::walk::{ResponseFault, ResponseKind};
use crate::wire::Rcode;

/// Queries for each that failed.
const AGAIN: usize = 2;

pub(super) fn suggest(log: &ProbeLog, _: Limits) -> Vec<ProbeQuery> {
    let mut done = BTreeSet::new();
    let mut all = Vec::new();
    for probe in &log.probes {
        let failed = probe.query.role == Role::Recursive
            && probe.reading().is_some_and(|reading| {
                reading.kind == ResponseKind::Fault(ResponseFault::Rcode(Rcode::SERVFAIL))
            });
        let ProbeQuery { server, name, rtype, .. } = probe.query;
        if failed && done.insert((server, name, rtype)) {
            let unchecked = ProbeQuery { form: QueryForm::Unchecked, ..probe.query };
            all.extend(std::iter::repeat_n(unchecked, AGAIN));
        }
    }
    all
}
