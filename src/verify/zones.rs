//! The zones that a plan is about, as the walk found them.

use super::expect::{Expectation, ExpectationKind};
use super::plan::VerifyPlan;
use crate::probe::query::Role;
use crate::walk::WalkReport;
use crate::wire::NameBuf;

/// The zones of all owners, each once.
pub(super) fn zones(plan: &VerifyPlan, walk: &WalkReport) -> Vec<NameBuf> {
    let mut zones = Vec::new();
    for expectation in &plan.expectations {
        if let Some(zone) = zone_of(walk, &expectation.owner)
            && !zones.contains(&zone)
        {
            zones.push(zone);
        }
    }
    zones
}

/// The zone of a name: the last one on the way to it, or to the nearest name above it that the walk
/// was for.
pub(super) fn zone_of(walk: &WalkReport, name: &NameBuf) -> Option<NameBuf> {
    std::iter::successors(Some(*name), NameBuf::parent)
        .find_map(|name| walk.zone_of(&name))
        .map(|delegation| delegation.zone)
}

/// What the servers of a zone are asked as, whatever they are asked: an alias may lead to another
/// name of the zone that it is in.
pub(super) fn role_of(plan: &VerifyPlan, walk: &WalkReport, zone: &NameBuf) -> Role {
    let owners = plan
        .expectations
        .iter()
        .flat_map(|expectation| std::iter::once(expectation.owner).chain(ancestors(expectation)));
    let mut zones = owners.filter_map(|owner| zone_of(walk, &owner));
    if zones.any(|owners_zone| owners_zone == *zone) { Role::Authoritative } else { Role::Target }
}

/// The names above an owner where records count, too: CAA sets are looked for upwards (RFC 8659
/// §3). Those of the top-level domain are not worth a query.
pub(super) fn ancestors(expectation: &Expectation) -> Vec<NameBuf> {
    if !matches!(expectation.kind, ExpectationKind::Caa { .. }) {
        return Vec::new();
    }
    std::iter::successors(expectation.owner.parent(), NameBuf::parent)
        .take_while(|name| name.labels().count() >= 2)
        .collect()
}
