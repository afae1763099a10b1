//! Where a server does not do what resolvers rely on, or so it seems: the same again.

use super::limits::Limits;
use crate::probe::log::ProbeLog;
use crate::probe::purpose::{Baseline, Purpose};
use crate::probe::query::{ProbeQuery, QueryForm};
use crate::probe::result::Probe;
use crate::walk::ResponseKind;
use crate::wire::Rcode;

/// Further queries where the first one had an odd answer.
const AGAIN: usize = 3;

pub(super) fn suggest(log: &ProbeLog, _: Limits) -> Vec<ProbeQuery> {
    let answering = log.answering();
    let mut all: Vec<ProbeQuery> = Vec::new();
    for probe in log.probes.iter().filter(|probe| is_odd(probe)) {
        // A server's own cookie is asked for again, to be given back again.
        let form = match probe.query.form {
            QueryForm::CookieBack => QueryForm::Cookie,
            form => form,
        };
        let again = ProbeQuery { form, socket: None, ..probe.query };
        // Whether it is for EDNS shows where there is none.
        let plain = ProbeQuery { form: QueryForm::Plain, ..again };
        let without = (again.purpose == Purpose::Baseline(Baseline::Edns)).then_some(plain);
        for again in std::iter::once(again).chain(without) {
            if answering.contains(&again.server) && !all.contains(&again) {
                all.extend(std::iter::repeat_n(again, AGAIN));
            }
        }
    }
    all
}

/// Whether what every server is asked had another answer than it should, or none.
fn is_odd(probe: &Probe) -> bool {
    let Purpose::Baseline(baseline) = probe.query.purpose else { return false };
    if !probe.counts() {
        return false;
    }
    let kind = probe.reading().map(|reading| &reading.kind);
    let rcode = probe.reading().map(|reading| reading.rcode);
    match (baseline, probe.query.form) {
        (Baseline::UnknownType, _) => kind != Some(&ResponseKind::NoData),
        (Baseline::Edns, QueryForm::UnknownVersion) => rcode != Some(Rcode::BADVERS),
        // The first cookie of a client may be answered with nothing but one of the server's.
        (Baseline::Cookie, QueryForm::Cookie) => {
            !matches!(rcode, Some(Rcode::NOERROR | Rcode::NXDOMAIN | Rcode::BADCOOKIE))
        }
        (Baseline::Edns | Baseline::Cookie, _) => {
            kind.is_none_or(|kind| matches!(kind, ResponseKind::Fault(_)))
        }
        (Baseline::EmptyNonTerminal, _) => kind == Some(&ResponseKind::NxDomain),
        (Baseline::Serial | Baseline::MixedCase, _) => false,
    }
}
