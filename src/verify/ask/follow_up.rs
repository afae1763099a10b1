//! What to ask because of what was seen of records: where else they may be.

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use super::near_miss;
use crate::probe::ProbeLog;
use crate::probe::baseline::{ZoneServers, random_below};
use crate::probe::query::{ProbeQuery, QueryForm, Role};
use crate::verify::check::Check;
use crate::verify::expect::ExpectationKind;
use crate::verify::plan::VerifyPlan;
use crate::verify::purpose::VerifyPurpose;
use crate::verify::zones::zone_of;
use crate::walk;
use crate::wire::{NameBuf, RecordType};

/// For records that are not right everywhere: where else they may be, and what else is there.
pub(super) fn near_misses(plan: &VerifyPlan, log: &ProbeLog, rng: &mut StdRng) -> Vec<ProbeQuery> {
    let mut all = Vec::new();
    for (i, expectation) in plan.expectations.iter().enumerate() {
        let checks = log
            .probes_for(VerifyPurpose::Record(i).into())
            .filter(|probe| probe.query.role == Role::Authoritative);
        let mut checks = checks.filter_map(|probe| Check::new(expectation, probe));
        // What stands behind an alias is not elsewhere.
        let wrong = |check: &Check| match check {
            Check::Right | Check::Cname(_) => false,
            Check::Wrong(_) => !is_in_other_zone(plan, log, i),
            check => check.is_answer(),
        };
        if !checks.any(|check| wrong(&check)) {
            continue;
        }
        let Some(zone) = zone_of(&log.walk, &expectation.owner) else { continue };
        let servers = log.servers_of(&zone);
        let servers = ZoneServers { zone, role: Role::Authoritative, servers: &servers };
        let mut ask = |name: NameBuf, rtype: RecordType, purpose: VerifyPurpose| {
            all.extend(servers.ask(name, rtype, QueryForm::Udp, purpose.into()));
        };
        for (kind, name) in near_miss::names(&expectation.owner, &zone) {
            ask(name, expectation.rtype, VerifyPurpose::NearMiss(i, kind));
            if let Some(parent) = name.parent().filter(|_| name != zone)
                && let Some(sibling) = random_below(&parent, rng)
            {
                ask(sibling, expectation.rtype, VerifyPurpose::NearMissSibling(i, kind));
            }
        }
        let others =
            [RecordType::A, RecordType::AAAA, RecordType::MX, RecordType::TXT, RecordType::CNAME];
        // Policies were once published as a type of their own (RFC 7208 §3.1).
        let spf = matches!(expectation.kind, ExpectationKind::Spf { .. });
        let others = others.into_iter().chain(spf.then_some(RecordType::SPF));
        for rtype in others {
            if expectation.asked_types().all(|asked| asked != rtype) {
                ask(expectation.owner, rtype, VerifyPurpose::OtherType(i));
            }
        }
    }
    all
}

/// Whether the alias of a token leads to another zone of SES, which was left open, and a text is
/// there: then it is no mistake.
fn is_in_other_zone(plan: &VerifyPlan, log: &ProbeLog, number: usize) -> bool {
    let mut found = log.probes_for(VerifyPurpose::FoundTarget(number).into());
    plan.ses.as_ref().is_some_and(|tokens| !tokens.zone_given)
        && found.any(|probe| {
            probe.reading().is_some_and(|reading| reading.kind == walk::ResponseKind::Answer)
        })
}

/// Puts queries in an order of chance, and what may go at once before what has to wait.
pub(super) fn mix(all: &mut [ProbeQuery], rng: &mut StdRng) {
    all.shuffle(rng);
    all.sort_by_key(|query| query.not_before);
}
