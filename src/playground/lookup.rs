//! What an authoritative server says: the algorithm of RFC 1034 §4.3.2, over the zones that it has.

use super::query::Query;
use super::response::Response;
use super::zone::Zone;
use crate::wire::{Class, Flags, NameBuf, Rcode, RecordBuf, RecordType};

/// CNAME records that one response follows.
const LONGEST_CHAIN: usize = 16;

/// Answers a query from `zones`, which are those of one server.
pub(super) fn respond(zones: &[&Zone], query: &Query<'_>) -> Response {
    if let Some(refusal) = Response::refusal(query) {
        return refusal;
    }
    let zone = nearest(zones, &query.name, query.rtype);
    let Some(zone) = zone.filter(|_| query.class == Class::IN) else {
        return Response::error(Rcode::REFUSED);
    };
    let dnssec_ok = query.message.opt().is_some_and(|opt| opt.dnssec_ok());
    let response =
        Response { zone: Some((*zone.apex(), zone.serial())), ..Response::error(Rcode::NOERROR) };
    let mut lookup = Lookup { zones, rtype: query.rtype, dnssec_ok, response };
    lookup.follow(zone, query.name);
    lookup.response
}

/// The zone that is nearest to a name.
///
/// DS records are at the parent (RFC 4035 §3.1.4.1): a server of both has to look there.
fn nearest<'z>(zones: &[&'z Zone], name: &NameBuf, rtype: RecordType) -> Option<&'z Zone> {
    let depth = |zone: &&&Zone| zone.apex().labels().count();
    let at_or_above = zones.iter().filter(|zone| name.is_at_or_below(zone.apex()));
    let above = at_or_above.clone().filter(|zone| rtype == RecordType::DS && zone.apex() != name);
    above.max_by_key(depth).or_else(|| at_or_above.max_by_key(depth)).copied()
}

struct Lookup<'z> {
    zones: &'z [&'z Zone],
    rtype: RecordType,
    dnssec_ok: bool,
    response: Response,
}

impl Lookup<'_> {
    /// Answers for a name in a zone, and for what it is an alias of.
    fn follow(&mut self, zone: &Zone, name: NameBuf) {
        let (mut zone, mut name) = (zone, name);
        for _ in 0..LONGEST_CHAIN {
            let Some(target) = self.look_up(zone, &name) else { return };
            // Beyond its own zones a server leaves the rest to others.
            let Some(next) = nearest(self.zones, &target, self.rtype) else { return };
            (zone, name) = (next, target);
        }
    }

    /// Adds what a zone says of a name; gives the target if that is an alias.
    fn look_up(&mut self, zone: &Zone, name: &NameBuf) -> Option<NameBuf> {
        if let Some(cut) = zone.cut(name)
            && !(self.rtype == RecordType::DS && cut == *name)
        {
            self.refer(zone, &cut);
            return None;
        }
        self.response.flags = self.response.flags.with(Flags::AA);
        let covered = || zone.wildcard(name).and_then(|wildcard| zone.node(&wildcard));
        let Some(records) = zone.node(name).or_else(covered) else {
            self.deny(zone, Rcode::NXDOMAIN);
            return None;
        };
        // The owner has the case that the question has.
        let named = |record: &RecordBuf| RecordBuf { name: *name, ..record.clone() };
        let every = self.rtype == RecordType::ANY;
        let wanted = |record: &&RecordBuf| every || record.rtype == self.rtype;
        let answers: Vec<RecordBuf> = records.iter().filter(wanted).map(named).collect();
        if !answers.is_empty() {
            for record in &answers {
                self.add_addresses(zone, record);
            }
            self.response.answers.extend(answers);
            return None;
        }
        if let Some(cname) = records.iter().find(|record| record.rtype == RecordType::CNAME) {
            self.response.answers.push(named(cname));
            return cname.data().target().map(|target| target.to_buf());
        }
        self.response.empty_nonterminal = records.is_empty();
        self.deny(zone, Rcode::NOERROR);
        None
    }

    /// Says that there is nothing, and how long that holds (RFC 2308 §3).
    fn deny(&mut self, zone: &Zone, rcode: Rcode) {
        self.response.rcode = rcode;
        let mut soa = zone.soa().clone();
        soa.ttl = soa.ttl.min(soa.data().soa().map_or(soa.ttl, |soa| soa.minimum));
        self.response.authorities.push(soa);
    }

    /// Refers to the servers of a zone below.
    fn refer(&mut self, zone: &Zone, cut: &NameBuf) {
        for ns in zone.rrset(cut, RecordType::NS) {
            let server = ns.data().target().map(|target| target.to_buf());
            self.response.authorities.push(ns);
            let Some(server) = server else { continue };
            for rtype in [RecordType::A, RecordType::AAAA] {
                let addresses = zone.rrset(&server, rtype);
                // Only servers within the zone below cannot be found without glue.
                if server.is_at_or_below(cut) {
                    self.response.glue.extend(addresses);
                } else {
                    self.response.extras.extend(addresses);
                }
            }
        }
        if self.dnssec_ok {
            self.response.authorities.extend(zone.rrset(cut, RecordType::DS));
        }
    }

    /// Adds the addresses of the host that an NS or MX record names.
    fn add_addresses(&mut self, zone: &Zone, record: &RecordBuf) {
        let data = record.data();
        let host = match record.rtype {
            RecordType::NS => data.target().map(|target| target.to_buf()),
            RecordType::MX => data.mx().map(|mx| mx.exchange.to_buf()),
            _ => None,
        };
        if let Some(host) = host {
            for rtype in [RecordType::A, RecordType::AAAA] {
                self.response.extras.extend(zone.rrset(&host, rtype));
            }
        }
    }
}
