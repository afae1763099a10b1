//! The first pass: what every address says about every record, again and again, in mixed order.

use std::net::SocketAddr;

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use crate::judge::server::registry::undelegated;
use crate::probe::ProbeLog;
use crate::probe::baseline::{ZoneServers, random_below, spread_over_sockets};
use crate::probe::purpose::{self, Baseline};
use crate::probe::query::{ProbeQuery, QueryForm, Role};
use crate::verify::expect::{Expectation, ExpectationKind};
use crate::verify::plan::VerifyPlan;
use crate::verify::purpose::VerifyPurpose;
use crate::verify::zones::{ancestors, role_of, zone_of, zones};
use crate::walk::WalkReport;
use crate::wire::{NameBuf, RecordType};

/// Looks at the records for each one at the SOA record.
const CHECKS_PER_SERIAL: u32 = 2;
/// Of so many looks at a record one is for as large an answer as there is: with signatures.
const CHECKS_PER_SIZED: u32 = 7;
/// The UDP payload size that resolvers tell (RFC 9715 §3.2).
const USUAL_SIZE: u16 = 1232;
/// Looks at each record over TCP.
const TCP_CHECKS: u32 = 2;
/// Names that the alias of one record is followed to.
const MOST_TARGETS: usize = 16;

/// The names that the walk is for: the domain, every owner, and where aliases are to lead.
pub(super) fn names(plan: &VerifyPlan) -> Vec<NameBuf> {
    let mut names = vec![plan.domain];
    for expectation in &plan.expectations {
        names.push(expectation.owner);
        if expectation.rtype == RecordType::CNAME {
            names.extend(expectation.target());
        }
        names.extend(ancestors(expectation));
    }
    names
}

/// What is asked first, in the order of asking.
pub(super) fn queries(plan: &VerifyPlan, log: &ProbeLog, rng: &mut StdRng) -> Vec<ProbeQuery> {
    // The servers of a registry have nothing to do with records of a domain that is not there, and
    // those of the root have none of any domain.
    if undelegated(&log.walk, &plan.domain).is_some() || log.walk.is_unanswered() {
        return Vec::new();
    }
    let mut baseline = BaselineQueries { plan, log, all: Vec::new() };
    for round in 0..plan.checks() {
        let start = baseline.all.len();
        let sized = round % CHECKS_PER_SIZED == CHECKS_PER_SIZED - 2;
        baseline.records(round, if sized { QueryForm::Sized(USUAL_SIZE) } else { QueryForm::Udp });
        if round % CHECKS_PER_SERIAL == 0 {
            baseline.serials();
        }
        if round < TCP_CHECKS {
            baseline.records(round, QueryForm::Tcp);
        }
        if round == 0 {
            baseline.siblings(rng);
            baseline.conformance(rng);
        }
        // Mixed within each round, so that no query always comes first.
        baseline.all[start..].shuffle(rng);
    }
    spread_over_sockets(&mut baseline.all, plan.sockets, rng);
    baseline.all
}

struct BaselineQueries<'p> {
    plan: &'p VerifyPlan,
    log: &'p ProbeLog,
    all: Vec<ProbeQuery>,
}

impl BaselineQueries<'_> {
    /// One look at each record, and at what each alias leads to, at each address.
    fn records(&mut self, round: u32, form: QueryForm) {
        for (i, expectation) in self.plan.expectations.iter().enumerate() {
            let types: Vec<RecordType> = expectation.asked_types().collect();
            let rtype = types[round as usize % types.len()];
            self.everywhere(&expectation.owner, rtype, form, VerifyPurpose::Record(i));
            for &server in &self.plan.also_ask {
                let zone = self.zone_of(&expectation.owner).unwrap_or(self.plan.domain);
                let (role, name) = (Role::Other, expectation.owner);
                let purpose = VerifyPurpose::Record(i).into();
                self.all.push(ProbeQuery::new(server, role, zone, name, rtype, form, purpose));
            }
            if matches!(expectation.kind, ExpectationKind::DkimCname { .. })
                && let Some(target) = expectation.target()
            {
                self.at_target(&target, RecordType::TXT, form, VerifyPurpose::Target(i));
            }
            if round == 0 {
                for name in ancestors(expectation) {
                    self.everywhere(&name, expectation.rtype, form, VerifyPurpose::Ancestor(i));
                }
            }
            // Where aliases really lead, if that is somewhere else.
            let rtype = match expectation.rtype {
                RecordType::CNAME => expectation.asked_types().find(|it| *it == RecordType::TXT),
                rtype => Some(rtype),
            };
            for target in leads_to(&self.log.walk, expectation) {
                if let Some(rtype) = rtype {
                    self.at_target(&target, rtype, form, VerifyPurpose::FoundTarget(i));
                }
            }
        }
    }

    fn at_target(
        &mut self,
        target: &NameBuf,
        rtype: RecordType,
        form: QueryForm,
        purpose: VerifyPurpose,
    ) {
        let Some(zone) = self.zone_of(target) else { return };
        let role = role_of(self.plan, &self.log.walk, &zone);
        let servers = self.log.servers_of(&zone);
        let servers = ZoneServers { zone, role, servers: &servers };
        self.all.extend(servers.ask(*target, rtype, form, purpose.into()));
    }

    fn serials(&mut self) {
        for zone in zones(self.plan, &self.log.walk) {
            let servers = self.log.servers_of(&zone);
            self.all.extend(of_zone(zone, &servers).serials());
        }
    }

    /// A random name beside each owner, once for owners that are side by side.
    fn siblings(&mut self, rng: &mut StdRng) {
        let mut done: Vec<(NameBuf, RecordType)> = Vec::new();
        for (i, expectation) in self.plan.expectations.iter().enumerate() {
            let Some(parent) = expectation.owner.parent() else { continue };
            let apex = self.zone_of(&expectation.owner) == Some(expectation.owner);
            if apex || done.contains(&(parent, expectation.rtype)) {
                continue;
            }
            done.push((parent, expectation.rtype));
            if let Some(sibling) = random_below(&parent, rng) {
                self.everywhere(
                    &sibling,
                    expectation.rtype,
                    QueryForm::Udp,
                    VerifyPurpose::Sibling(i),
                );
            }
        }
    }

    /// Whether servers do what resolvers rely on: one query for each matter and address.
    fn conformance(&mut self, rng: &mut StdRng) {
        for (i, expectation) in self.plan.expectations.iter().enumerate() {
            let (Some(above), Some(zone)) =
                (expectation.owner.parent(), self.zone_of(&expectation.owner))
            else {
                continue;
            };
            let first = self.plan.expectations[..i]
                .iter()
                .all(|earlier| earlier.owner.parent() != Some(above));
            if first && above != zone && above.is_at_or_below(&zone) {
                let purpose = purpose::Purpose::Baseline(Baseline::EmptyNonTerminal);
                self.everywhere(&above, RecordType::A, QueryForm::Udp, purpose);
            }
        }
        for zone in zones(self.plan, &self.log.walk) {
            let servers = self.log.servers_of(&zone);
            self.all.extend(of_zone(zone, &servers).conformance(rng));
        }
    }

    /// Asks every address of the zone that a name is in.
    fn everywhere(
        &mut self,
        name: &NameBuf,
        rtype: RecordType,
        form: QueryForm,
        purpose: impl Into<purpose::Purpose>,
    ) {
        let Some(zone) = self.zone_of(name).or_else(|| self.zone_of(&self.plan.domain)) else {
            return;
        };
        let servers = self.log.servers_of(&zone);
        self.all.extend(of_zone(zone, &servers).ask(*name, rtype, form, purpose.into()));
    }

    /// The zone of a name: the last one on the way to it, or to what is above it.
    fn zone_of(&self, name: &NameBuf) -> Option<NameBuf> {
        zone_of(&self.log.walk, name)
    }
}

/// The servers that serve a zone of expected records.
fn of_zone(zone: NameBuf, servers: &[SocketAddr]) -> ZoneServers<'_> {
    ZoneServers { zone, role: Role::Authoritative, servers }
}

/// Where the aliases lead that the walk saw, from the owner of an expectation and from the target
/// that it expects on; that target itself left out.
fn leads_to(walk: &WalkReport, expectation: &Expectation) -> Vec<NameBuf> {
    let expected = expectation.target().filter(|_| expectation.rtype == RecordType::CNAME);
    let mut names: Vec<NameBuf> =
        [Some(expectation.owner), expected].into_iter().flatten().collect();
    let begun = names.len();
    let mut at = 0;
    while let Some(path) = names.get(at).map(|name| walk.path(name)) {
        at += 1;
        for target in path.map_or(&[][..], |path| &path.targets) {
            if names.len() < begun + MOST_TARGETS && !names.contains(target) {
                names.push(*target);
            }
        }
    }
    names.split_off(begun)
}
