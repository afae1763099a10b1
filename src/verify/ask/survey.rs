//! The first pass: what every address says about every record, again and again, in mixed order.

use std::collections::HashMap;
use std::net::SocketAddr;

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, RngExt as _};

use super::addresses;
use crate::engine::Time;
use crate::probe::query::Role;
use crate::probe::query::{ProbeQuery, Purpose, QueryForm};
use crate::verify::expect::{Expectation, Kind};
use crate::verify::plan::Plan;
use crate::verify::undelegated::undelegated;
use crate::walk::WalkReport;
use crate::wire::{NameBuf, RecordType};

/// Looks at the records for each one at the SOA record.
const LOOKS_PER_SERIAL: u32 = 2;
/// Of so many looks at a record one is for as large an answer as there is: with signatures.
const LOOKS_PER_SIZED: u32 = 7;
/// The UDP payload size that resolvers tell (RFC 9715 §3.2).
const USUAL_SIZE: u16 = 1232;
/// Looks at each record over TCP.
const TCP_LOOKS: u32 = 2;
/// Names that the alias of one record is followed to.
const MOST_TARGETS: usize = 16;
/// A type that no server knows, from the range for private use (RFC 6895 §3.1).
const UNKNOWN_TYPE: RecordType = RecordType(65_280);

/// The names that the walk is for: the domain, every owner, and where aliases are to lead.
pub(super) fn names(plan: &Plan) -> Vec<NameBuf> {
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

/// The names above an owner where records count, too: CAA sets are looked for upwards (RFC 8659
/// §3). Those of the top-level domain are not worth a question.
fn ancestors(expectation: &Expectation) -> Vec<NameBuf> {
    if !matches!(expectation.kind, Kind::Caa { .. }) {
        return Vec::new();
    }
    std::iter::successors(expectation.owner.parent(), NameBuf::parent)
        .take_while(|name| name.labels().count() >= 2)
        .collect()
}

/// What is asked first, in the order of asking.
pub(super) fn queries(plan: &Plan, walk: &WalkReport, rng: &mut StdRng) -> Vec<ProbeQuery> {
    // The servers of a registry have nothing to do with records of a domain that is not there, and
    // those of the root have none of any domain.
    if undelegated(walk, &plan.domain).is_some() || walk.is_unanswered() {
        return Vec::new();
    }
    let mut survey = Survey { plan, walk, all: Vec::new() };
    for round in 0..plan.looks() {
        let start = survey.all.len();
        let sized = round % LOOKS_PER_SIZED == LOOKS_PER_SIZED - 2;
        survey.records(round, if sized { QueryForm::Sized(USUAL_SIZE) } else { QueryForm::Udp });
        if round % LOOKS_PER_SERIAL == 0 {
            survey.serials();
        }
        if round < TCP_LOOKS {
            survey.records(round, QueryForm::Tcp);
        }
        if round == 0 {
            survey.siblings(rng);
            survey.checks(rng);
        }
        // Mixed within each round, so that no question always comes first.
        survey.all[start..].shuffle(rng);
    }
    spread_over_sockets(&mut survey.all, plan.sockets, rng);
    survey.all
}

/// Has each server asked from all ports alike, in an order of its own: a few bad ones among them
/// are not missed by chance.
fn spread_over_sockets(all: &mut [ProbeQuery], sockets: u16, rng: &mut StdRng) {
    let mut orders: HashMap<SocketAddr, (Vec<u16>, usize)> = HashMap::new();
    for query in all.iter_mut().filter(|query| query.form != QueryForm::Tcp) {
        let (order, used) = orders.entry(query.server).or_insert_with(|| {
            let mut order: Vec<u16> = (0..sockets).collect();
            order.shuffle(rng);
            (order, 0)
        });
        if !order.is_empty() {
            query.socket = Some(order[*used % order.len()]);
            *used += 1;
        }
    }
}

struct Survey<'p> {
    plan: &'p Plan,
    walk: &'p WalkReport,
    all: Vec<ProbeQuery>,
}

impl Survey<'_> {
    /// One look at each record, and at what each alias leads to, at each address.
    fn records(&mut self, round: u32, form: QueryForm) {
        for (i, expectation) in self.plan.expectations.iter().enumerate() {
            let types: Vec<RecordType> = expectation.asked_types().collect();
            let rtype = types[round as usize % types.len()];
            self.everywhere(&expectation.owner, rtype, form, Purpose::Record(i));
            for &server in &self.plan.also_ask {
                let zone = self.zone_of(&expectation.owner).unwrap_or(self.plan.domain);
                let purpose = Purpose::Record(i);
                let query =
                    query(server, Role::Other, zone, expectation.owner, rtype, form, purpose);
                self.all.push(query);
            }
            if matches!(expectation.kind, Kind::DkimAlias { .. })
                && let Some(target) = expectation.target()
            {
                self.at_target(&target, RecordType::TXT, form, Purpose::Target(i));
            }
            if round == 0 {
                for name in ancestors(expectation) {
                    self.everywhere(&name, expectation.rtype, form, Purpose::Ancestor(i));
                }
            }
            // Where aliases really lead, if that is somewhere else.
            let rtype = match expectation.rtype {
                RecordType::CNAME => expectation.asked_types().find(|it| *it == RecordType::TXT),
                rtype => Some(rtype),
            };
            for target in leads_to(self.walk, expectation) {
                if let Some(rtype) = rtype {
                    self.at_target(&target, rtype, form, Purpose::FoundTarget(i));
                }
            }
        }
    }

    fn at_target(
        &mut self,
        target: &NameBuf,
        rtype: RecordType,
        form: QueryForm,
        purpose: Purpose,
    ) {
        let Some(zone) = self.zone_of(target) else { return };
        let role = role_of(self.plan, self.walk, &zone);
        for server in addresses(self.walk, &zone) {
            self.all.push(query(server, role, zone, *target, rtype, form, purpose));
        }
    }

    fn serials(&mut self) {
        for zone in self.zones() {
            for server in addresses(self.walk, &zone) {
                self.at(server, zone, zone, RecordType::SOA, QueryForm::Udp, Purpose::Serial);
            }
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
                self.everywhere(&sibling, expectation.rtype, QueryForm::Udp, Purpose::Sibling(i));
            }
        }
    }

    /// Whether servers do what resolvers rely on: one question for each habit and address.
    fn checks(&mut self, rng: &mut StdRng) {
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
                self.everywhere(&above, RecordType::A, QueryForm::Udp, Purpose::NonTerminal(i));
            }
        }
        for zone in self.zones() {
            let mixed = mix_case(&zone, rng);
            for server in addresses(self.walk, &zone) {
                let soa = RecordType::SOA;
                self.at(server, zone, zone, UNKNOWN_TYPE, QueryForm::Udp, Purpose::UnknownType);
                self.at(server, zone, mixed, soa, QueryForm::Udp, Purpose::MixedCase);
                self.at(server, zone, zone, soa, QueryForm::Plain, Purpose::Edns);
                self.at(server, zone, zone, soa, QueryForm::UnknownOption, Purpose::Edns);
                self.at(server, zone, zone, soa, QueryForm::UnknownVersion, Purpose::Edns);
                self.at(server, zone, zone, soa, QueryForm::Cookie, Purpose::Cookie);
            }
        }
    }

    /// Asks every address of the zone that a name is in.
    fn everywhere(&mut self, name: &NameBuf, rtype: RecordType, form: QueryForm, purpose: Purpose) {
        let Some(zone) = self.zone_of(name).or_else(|| self.zone_of(&self.plan.domain)) else {
            return;
        };
        for server in addresses(self.walk, &zone) {
            self.at(server, zone, *name, rtype, form, purpose);
        }
    }

    fn at(
        &mut self,
        server: SocketAddr,
        zone: NameBuf,
        name: NameBuf,
        rtype: RecordType,
        form: QueryForm,
        purpose: Purpose,
    ) {
        self.all.push(query(server, Role::Authoritative, zone, name, rtype, form, purpose));
    }

    /// The zones of all owners.
    fn zones(&self) -> Vec<NameBuf> {
        zones(self.plan, self.walk)
    }

    /// The zone of a name: the last one on the way to it, or to what is above it.
    fn zone_of(&self, name: &NameBuf) -> Option<NameBuf> {
        zone_of(self.walk, name)
    }
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

/// The zones of all owners, each once.
pub(crate) fn zones(plan: &Plan, walk: &WalkReport) -> Vec<NameBuf> {
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

/// What the servers of a zone are asked as, whatever they are asked: an alias may lead to another
/// name of the zone that it is in.
fn role_of(plan: &Plan, walk: &WalkReport, zone: &NameBuf) -> Role {
    let owners = plan
        .expectations
        .iter()
        .flat_map(|expectation| std::iter::once(expectation.owner).chain(ancestors(expectation)));
    let mut zones = owners.filter_map(|owner| zone_of(walk, &owner));
    if zones.any(|owners_zone| owners_zone == *zone) { Role::Authoritative } else { Role::Target }
}

/// The zone of a name: the last one on the way to it, or to the nearest name above it that the walk
/// was for.
pub(super) fn zone_of(walk: &WalkReport, name: &NameBuf) -> Option<NameBuf> {
    std::iter::successors(Some(*name), NameBuf::parent)
        .find_map(|name| walk.zone_of(&name))
        .map(|delegation| delegation.zone)
}

/// A probe as usual: from any port, as soon as it can be.
pub(super) fn query(
    server: SocketAddr,
    role: Role,
    zone: NameBuf,
    name: NameBuf,
    rtype: RecordType,
    form: QueryForm,
    purpose: Purpose,
) -> ProbeQuery {
    let (socket, not_before) = (None, Time::ZERO);
    ProbeQuery { server, role, zone, name, rtype, form, purpose, socket, not_before }
}

/// A name that nobody has made, directly below `parent`.
pub(super) fn random_below(parent: &NameBuf, rng: &mut StdRng) -> Option<NameBuf> {
    let label: Vec<u8> = (0..20).map(|_| rng.random_range(b'a'..=b'z')).collect();
    parent.prepend(&label).ok()
}

/// The name with the case of its letters at random, and at least one of them turned.
fn mix_case(name: &NameBuf, rng: &mut StdRng) -> NameBuf {
    let lower = name.to_lowercase();
    let mut first = true;
    let mut mixed = lower.as_wire().to_vec();
    for octet in mixed.iter_mut().filter(|octet| octet.is_ascii_alphabetic()) {
        if std::mem::take(&mut first) || rng.next_u32() & 1 == 1 {
            octet.make_ascii_uppercase();
        }
    }
    NameBuf::from_wire(&mixed).unwrap_or(lower)
}
