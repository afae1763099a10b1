//! One record that is judged, and what was seen at its owner.

use std::net::SocketAddr;

use crate::judge::actor::Actor;
use crate::judge::brief::FormEntry;
use crate::judge::provider::{Hosting, Provider, entry, provider};
use crate::judge::writing::AtFault;
use crate::probe::query::Role;
use crate::probe::result::Probe;
use crate::report::judgement::RecordState;
use crate::verify::expect::Expectation;
use crate::verify::judge::observations::{RecordObservations, RecordStatus, texts};
use crate::verify::purpose::VerifyPurpose;
use crate::walk::Rrset;
use crate::wire::{NameBuf, RecordBuf, RecordType};

/// One record that is judged.
#[derive(Clone, Copy)]
pub(super) struct Case<'c, 'e> {
    pub(super) observed: &'c RecordObservations<'e>,
    pub(super) status: &'c RecordStatus<'e>,
}

impl Case<'_, '_> {
    pub(super) fn zone(&self) -> NameBuf {
        self.status.zone_or_parent()
    }

    pub(super) fn subject(&self) -> String {
        subject(self.status.expectation)
    }

    /// What to enter in the zone of the record, if it can be told.
    pub(super) fn entry(&self) -> Option<FormEntry> {
        let record = self.status.expectation.suggestion()?;
        Some(entry(&record, &self.zone(), self.hosting().only()))
    }

    /// The same at one of the DNS providers of the zone.
    pub(super) fn entry_at(&self, provider: &'static Provider) -> Option<FormEntry> {
        let record = self.status.expectation.suggestion()?;
        Some(entry(&record, &self.zone(), Some(provider)))
    }

    /// The DNS providers of the zone.
    pub(super) fn hosting(&self) -> Hosting {
        Hosting::of(&self.observed.evidence.log.walk, &self.zone())
    }

    /// Where the records of the zone are entered, in words.
    pub(super) fn provider(&self) -> String {
        provider(&self.observed.evidence.log.walk, &self.zone())
    }

    /// Servers of the zone that are at fault.
    pub(super) fn at_fault(&self, servers: &[SocketAddr]) -> AtFault {
        AtFault::of(&self.observed.evidence.log, &self.zone(), servers)
    }

    /// Who can change what stands at a name: the owner of the domain, or, where an alias leads out
    /// of it, the service behind that.
    pub(super) fn who_has(&self, name: &NameBuf) -> Actor {
        who_has(self.observed, name)
    }

    /// The addresses that said anything of the record.
    pub(super) fn reported(&self) -> Vec<SocketAddr> {
        self.status.at(|state| state != RecordState::Unknown)
    }
}

/// Who can change what stands at a name.
pub(super) fn who_has(observed: &RecordObservations<'_>, name: &NameBuf) -> Actor {
    let domain = observed.evidence.plan.domain;
    // What stands above, such as CAA records, is the owner's as well.
    if name.is_at_or_below(&domain) || domain.is_at_or_below(name) {
        Actor::DomainOwner
    } else {
        Actor::Service
    }
}

/// `OWNER TYPE`.
pub(super) fn subject(expectation: &Expectation) -> String {
    format!("{} {}", expectation.owner, expectation.rtype)
}

/// What anyone at the owner said of types other than the expected one, the records with each.
pub(super) fn other_types<'e>(case: Case<'_, 'e>) -> impl Iterator<Item = (&'e Probe, &'e Rrset)> {
    let number = case.status.number;
    let expectation = case.status.expectation;
    let others = case.observed.probes(VerifyPurpose::OtherType(number)).iter();
    let own = case.observed.probes(VerifyPurpose::Record(number)).iter();
    others
        .chain(own)
        .copied()
        .filter(|probe| probe.query.role == Role::Authoritative)
        .filter_map(move |probe| {
            let reading = probe.reading()?;
            // An answer by an alias is none of the owner's own: the alias is.
            let set = reading.chain.first().or(reading.answer.as_ref())?;
            Some((probe, set)).filter(|_| set.rtype != expectation.rtype)
        })
        .filter(move |(_, set)| set.name == expectation.owner)
}

/// Records of the expected type that stand at the owner beside these: for other purposes.
pub(super) fn records_beside<'r>(
    case: Case<'_, '_>,
    these: &'r [RecordBuf],
) -> impl Iterator<Item = RecordBuf> + 'r {
    let rtype = case.status.expectation.rtype;
    let sets = case.status.checks().filter_map(|seen| seen.probe.reading()?.answer.as_ref());
    let records: Vec<RecordBuf> =
        sets.filter(|set| set.rtype == rtype).flat_map(Rrset::records).collect();
    records.into_iter().filter(|record| these.iter().all(|it| it.rdata != record.rdata))
}

/// The first text of the owner itself that an answer of another type has.
pub(super) fn own_texts<'e>(case: Case<'_, 'e>) -> impl Iterator<Item = (&'e Probe, Vec<u8>)> {
    other_types(case).filter(|(_, set)| set.rtype == RecordType::TXT).filter_map(|(probe, set)| {
        let records: Vec<RecordBuf> = set.records().collect();
        Some((probe, texts(&records).next()?))
    })
}

/// Addresses of the owner itself.
pub(super) fn own_addresses<'e>(
    case: Case<'_, 'e>,
) -> impl Iterator<Item = (&'e Probe, &'e Rrset)> {
    other_types(case).filter(|(_, set)| matches!(set.rtype, RecordType::A | RecordType::AAAA))
}

/// The types of RRsets, each once, in their order.
pub(super) fn type_names<'e>(sets: impl Iterator<Item = &'e Rrset>) -> Vec<String> {
    let mut types: Vec<String> = Vec::new();
    for name in sets.map(|set| set.rtype.to_string()) {
        if !types.contains(&name) {
            types.push(name);
        }
    }
    types
}
