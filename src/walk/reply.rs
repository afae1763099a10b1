//! What a response says, read with the eyes of someone who asked a server of one zone.
//!
//! A server is believed about the names of the zone that it was asked for, and about nothing else
//! (RFC 2181 §5.4.1, RFC 9471): records beyond the zone, and records that nobody needs to get
//! on, are passed over. A pure function from octets to [`Reading`].

use std::collections::{HashMap, HashSet};

use super::rrset::{Gathered, Rrset};
use crate::engine::Response;
use crate::wire::{Class, Flags, Message, NameBuf, Rcode, Record, RecordType, Records};

/// CNAME records that are followed within one message.
const LONGEST_CHAIN: usize = 16;

/// What a response says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Response code, extended where there was an OPT record.
    pub rcode: Rcode,
    /// AA.
    pub authoritative: bool,
    /// What it amounts to.
    pub kind: ResponseKind,
    /// CNAME records from the name asked for, each leading to the next, within the zone.
    pub chain: Vec<Rrset>,
    /// The records asked for, at the end of the chain.
    pub answer: Option<Rrset>,
    /// The SOA record of a negative response.
    pub soa: Option<Rrset>,
    /// Addresses of the servers that the NS records of a referral, or those that were asked for,
    /// name, as far as they are in the zone.
    pub glue: Vec<Rrset>,
    /// The zone that an authoritative answer is from, if it shows.
    pub zone: Option<NameBuf>,
}

/// What a response amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponseKind {
    /// The records, in [`Reading::answer`].
    Answer,
    /// The name is an alias; this is the end of the chain.
    Cname(NameBuf),
    /// The name exists, and has no such records (RFC 2308 §2.2).
    NoData,
    /// The name does not exist (NXDOMAIN).
    NxDomain,
    /// Servers of a zone below are to be asked.
    Referral(Referral),
    /// Nothing that helps: not a server of this zone, or one that fails.
    Fault(ResponseFault),
}

/// A referral to a zone below; the addresses that came with it are in [`Reading::glue`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referral {
    /// NS records of the zone below, as the parent has them.
    pub ns: Rrset,
    /// DS records of it.
    pub ds: Option<Rrset>,
}

/// Why a response is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResponseFault {
    /// It is malformed, as a whole or inside a record.
    Malformed,
    /// It is truncated.
    Truncated,
    /// A response code that says nothing of the name.
    Rcode(Rcode),
    /// The server has no authority over the zone (AA is not set).
    NotAuthoritative,
    /// It refers to the zone itself or to one above.
    UpwardReferral,
}

impl Reading {
    /// Reads what a server of `zone` answered to the query for `name` and `rtype`.
    pub fn new(octets: &[u8], zone: &NameBuf, name: &NameBuf, rtype: RecordType) -> Self {
        let Some(Response { message, malformed: None }) = Response::read(octets) else {
            return Self::fault(Rcode::NOERROR, false, ResponseFault::Malformed);
        };
        let (flags, rcode) = (message.flags(), message.rcode());
        let authoritative = flags.contains(Flags::AA);
        let fault = |fault| Self::fault(rcode, authoritative, fault);
        if flags.contains(Flags::TC) {
            return fault(ResponseFault::Truncated);
        }
        if rcode != Rcode::NOERROR && rcode != Rcode::NXDOMAIN {
            return fault(ResponseFault::Rcode(rcode));
        }
        let (chain, answer) = follow(message.answers(), zone, name, rtype);
        if authoritative && (!chain.is_empty() || answer.is_some()) {
            return Self::positive(&message, zone, chain, answer);
        }
        if !authoritative && message.answers().next().is_some() {
            return fault(ResponseFault::NotAuthoritative);
        }
        let soa = of_type(message.authorities(), RecordType::SOA)
            .map(|record| record.name.to_buf())
            .find(|owner| name.is_at_or_below(owner) && owner.is_at_or_below(zone))
            .and_then(|owner| collect(message.authorities(), &owner, RecordType::SOA));
        if rcode == Rcode::NOERROR && soa.is_none() {
            if let Some(ns) = referral(&message, zone, name) {
                return Self::referral(&message, zone, ns, authoritative);
            }
            let refers = of_type(message.authorities(), RecordType::NS).next().is_some();
            if !authoritative && refers {
                return fault(ResponseFault::UpwardReferral);
            }
        }
        if !authoritative {
            return fault(ResponseFault::NotAuthoritative);
        }
        let kind =
            if rcode == Rcode::NXDOMAIN { ResponseKind::NxDomain } else { ResponseKind::NoData };
        let source = soa.as_ref().map(|soa| soa.name);
        Self { soa, zone: source, ..Self::bare(rcode, authoritative, kind) }
    }

    /// Reads what a recursive server answered: believed as it is, whatever zone it is of.
    pub fn of_recursive(octets: &[u8], name: &NameBuf, rtype: RecordType) -> Self {
        let Some(Response { message, malformed: None }) = Response::read(octets) else {
            return Self::fault(Rcode::NOERROR, false, ResponseFault::Malformed);
        };
        let (flags, rcode) = (message.flags(), message.rcode());
        let authoritative = flags.contains(Flags::AA);
        if flags.contains(Flags::TC) {
            return Self::fault(rcode, authoritative, ResponseFault::Truncated);
        }
        if rcode != Rcode::NOERROR && rcode != Rcode::NXDOMAIN {
            return Self::fault(rcode, authoritative, ResponseFault::Rcode(rcode));
        }
        let root = NameBuf::root();
        let (chain, answer) = follow(message.answers(), &root, name, rtype);
        // The name that is denied is the one at the end of the aliases.
        let end = chain.last().and_then(|cname| cname.targets().next());
        let soa = of_type(message.authorities(), RecordType::SOA)
            .map(|record| record.name.to_buf())
            .find(|owner| end.unwrap_or(*name).is_at_or_below(owner))
            .and_then(|owner| collect(message.authorities(), &owner, RecordType::SOA));
        let kind = match (&answer, end) {
            (Some(_), _) => ResponseKind::Answer,
            _ if rcode == Rcode::NXDOMAIN => ResponseKind::NxDomain,
            (None, Some(target)) if soa.is_none() => ResponseKind::Cname(target),
            _ => ResponseKind::NoData,
        };
        let zone = soa.as_ref().map(|soa| soa.name);
        Self { chain, answer, soa, zone, ..Self::bare(rcode, authoritative, kind) }
    }

    fn bare(rcode: Rcode, authoritative: bool, kind: ResponseKind) -> Self {
        Self {
            rcode,
            authoritative,
            kind,
            chain: Vec::new(),
            answer: None,
            soa: None,
            glue: Vec::new(),
            zone: None,
        }
    }

    fn fault(rcode: Rcode, authoritative: bool, fault: ResponseFault) -> Self {
        Self::bare(rcode, authoritative, ResponseKind::Fault(fault))
    }

    fn positive(
        message: &Message<'_>,
        zone: &NameBuf,
        chain: Vec<Rrset>,
        answer: Option<Rrset>,
    ) -> Self {
        let last = chain.last().and_then(|cname| cname.targets().next());
        let kind = match (&answer, last) {
            (None, Some(target)) => ResponseKind::Cname(target),
            _ => ResponseKind::Answer,
        };
        let end = answer.as_ref().or(chain.last()).map_or(*zone, |set| set.name);
        let apex = of_type(message.authorities(), RecordType::NS)
            .map(|record| record.name.to_buf())
            .find(|owner| end.is_at_or_below(owner) && owner.is_at_or_below(zone));
        let at_apex = answer
            .as_ref()
            .filter(|set| matches!(set.rtype, RecordType::NS | RecordType::SOA))
            .map(|set| set.name);
        // Nobody asked for the NS records of an authority section: they show which zone this is, and
        // neither they nor the addresses beside them are believed.
        let ns = answer.as_ref().filter(|set| set.rtype == RecordType::NS);
        let glue = ns.map_or_else(Vec::new, |ns| glue(message, zone, ns));
        let source = at_apex.or(apex);
        let rcode = message.rcode();
        Self { chain, answer, glue, zone: source, ..Self::bare(rcode, true, kind) }
    }

    fn referral(message: &Message<'_>, zone: &NameBuf, ns: Rrset, authoritative: bool) -> Self {
        let glue = glue(message, zone, &ns);
        let ds = collect(message.authorities(), &ns.name, RecordType::DS);
        let kind = ResponseKind::Referral(Referral { ns, ds });
        Self { glue, ..Self::bare(message.rcode(), authoritative, kind) }
    }

    /// The referral, if it is one.
    pub fn as_referral(&self) -> Option<&Referral> {
        match &self.kind {
            ResponseKind::Referral(referral) => Some(referral),
            _ => None,
        }
    }

    /// Whether it helps: anything but a fault.
    pub fn is_useful(&self) -> bool {
        !matches!(self.kind, ResponseKind::Fault(_))
    }

    /// The zone cut that it shows, if that is strictly below `zone`: by a referral, or because the
    /// server is one of the zone below, too, and answers from there.
    pub(super) fn cut_below(&self, zone: &NameBuf) -> Option<NameBuf> {
        let cut = self.as_referral().map(|referral| referral.ns.name).or(self.zone)?;
        (cut != *zone && cut.is_at_or_below(zone)).then_some(cut)
    }
}

/// Follows aliases from `name` to the records of the type, within the zone.
pub(super) fn follow(
    answers: Records<'_>,
    zone: &NameBuf,
    name: &NameBuf,
    rtype: RecordType,
) -> (Vec<Rrset>, Option<Rrset>) {
    let mut chain: Vec<Rrset> = Vec::new();
    let mut name = *name;
    loop {
        if !name.is_at_or_below(zone) {
            return (chain, None);
        }
        if let Some(answer) = collect(answers.clone(), &name, rtype) {
            return (chain, Some(answer));
        }
        if chain.len() >= LONGEST_CHAIN || chain.iter().any(|cname| cname.name == name) {
            return (chain, None);
        }
        let Some(cname) = collect(answers.clone(), &name, RecordType::CNAME) else {
            return (chain, None);
        };
        let Some(target) = cname.targets().next() else { return (chain, None) };
        chain.push(cname);
        name = target;
    }
}

/// The NS records of a zone between `zone` (exclusive) and `name`.
fn referral(message: &Message<'_>, zone: &NameBuf, name: &NameBuf) -> Option<Rrset> {
    let owner =
        of_type(message.authorities(), RecordType::NS).map(|record| record.name.to_buf()).find(
            |owner| name.is_at_or_below(owner) && owner.is_at_or_below(zone) && owner != zone,
        )?;
    collect(message.authorities(), &owner, RecordType::NS)
}

/// The addresses in the additional section of servers that `ns` names, within the zone.
fn glue(message: &Message<'_>, zone: &NameBuf, ns: &Rrset) -> Vec<Rrset> {
    let wanted: HashSet<NameBuf> = ns.targets().filter(|name| name.is_at_or_below(zone)).collect();
    let mut sets: HashMap<(NameBuf, RecordType), Gathered> = HashMap::new();
    let mut order = Vec::new();
    for record in message.additionals() {
        if !matches!(record.rtype, RecordType::A | RecordType::AAAA)
            || record.data().address().is_none()
        {
            continue;
        }
        let name = record.name.to_buf();
        if wanted.contains(&name) {
            let key = (name, record.rtype);
            sets.entry(key)
                .or_insert_with(|| {
                    order.push(key);
                    Gathered::default()
                })
                .add(&record);
        }
    }
    order.into_iter().filter_map(|key| sets.remove(&key)?.into_set(key.0, key.1)).collect()
}

/// The records of a type in a section, all of them in class IN: of another class nobody was asked.
fn of_type(records: Records<'_>, rtype: RecordType) -> impl Iterator<Item = Record<'_>> {
    records.filter(move |record| record.rtype == rtype && record.class == Class::IN)
}

/// The RRset of one name and type in a section.
fn collect(records: Records<'_>, name: &NameBuf, rtype: RecordType) -> Option<Rrset> {
    let mut gathered = Gathered::default();
    for record in of_type(records, rtype).filter(|record| record.name == *name) {
        gathered.add(&record);
    }
    gathered.into_set(*name, rtype)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::wire::{Builder, RecordBuf, Section};

    const TOP: RecordType = RecordType::A;

    /// A response to `www.example.org. A` with these records, asked of a server of `example.org.`
    /// unless `zone` says otherwise.
    fn read(zone: &str, flags: Flags, records: &[(Section, &str)]) -> Reading {
        let name: NameBuf = "www.example.org".parse().unwrap();
        let mut buffer = [0; 2048];
        let mut builder = Builder::new(&mut buffer, 1, flags.with(Flags::QR)).unwrap();
        builder.question(name.as_wire(), TOP, Class::IN).unwrap();
        for (section, text) in records {
            let record = RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 300).unwrap();
            record.build(*section, &mut builder).unwrap();
        }
        let len = builder.finish();
        Reading::new(&buffer[..len], &zone.parse().unwrap(), &name, TOP)
    }

    use Section::{Additional, Answer, Authority};

    #[test]
    fn an_answer_needs_authority() {
        let records = [(Answer, "www.example.org. A 192.0.2.1")];
        let reading = read("example.org", Flags::AA, &records);
        assert_eq!(reading.kind, ResponseKind::Answer);
        assert_eq!(reading.answer.unwrap().addresses().count(), 1);
        let reading = read("example.org", Flags::default(), &records);
        assert_eq!(reading.kind, ResponseKind::Fault(ResponseFault::NotAuthoritative));
    }

    #[test]
    fn a_chain_ends_where_the_zone_ends() {
        let records = [
            (Answer, "www.example.org. CNAME a.example.org."),
            (Answer, "a.example.org. CNAME victim.example.net."),
            (Answer, "victim.example.net. A 192.0.2.66"),
        ];
        let reading = read("example.org", Flags::AA, &records);
        assert_eq!(reading.kind, ResponseKind::Cname("victim.example.net".parse().unwrap()));
        assert_eq!((reading.chain.len(), reading.answer), (2, None));
        // A server of the root may say it all.
        assert_eq!(read(".", Flags::AA, &records).kind, ResponseKind::Answer);
    }

    #[test]
    fn aliases_that_go_round_do_not_hang_the_reader() {
        let records = [
            (Answer, "www.example.org. CNAME a.example.org."),
            (Answer, "a.example.org. CNAME www.example.org."),
        ];
        let reading = read("example.org", Flags::AA, &records);
        assert_eq!(reading.kind, ResponseKind::Cname("www.example.org".parse().unwrap()));
    }

    #[test]
    fn referrals_go_down_and_bring_glue_from_the_zone_only() {
        let records = [
            (Authority, "example.org. NS ns.example.org."),
            (Authority, "example.org. NS ns.example.net."),
            (Authority, "example.org. DS 1 13 2 aabb"),
            (Additional, "ns.example.org. A 192.0.2.53"),
            (Additional, "ns.example.net. A 192.0.2.66"),
            (Additional, "www.example.org. A 192.0.2.66"),
        ];
        let reading = read("org", Flags::default(), &records);
        let referral = reading.as_referral().unwrap();
        assert_eq!((referral.ns.data.iter().count(), referral.ds.is_some()), (2, true));
        let glue: Vec<IpAddr> = reading.glue.iter().flat_map(Rrset::addresses).collect();
        assert_eq!(glue, ["192.0.2.53".parse::<IpAddr>().unwrap()]);
        assert_eq!(reading.cut_below(&"org".parse().unwrap()), "example.org".parse().ok());
        let reading = read("example.org", Flags::default(), &records);
        assert_eq!(reading.kind, ResponseKind::Fault(ResponseFault::UpwardReferral));
        let root = [(Authority, ". NS a.root-servers.net.")];
        let reading = read("example.org", Flags::default(), &root);
        assert_eq!(reading.kind, ResponseKind::Fault(ResponseFault::UpwardReferral));
    }

    #[test]
    fn negative_answers_are_told_apart_and_show_their_zone() {
        let soa = [(Authority, "example.org. 900 SOA a. b. 7 1 1 1 60")];
        let reading = read("org", Flags::AA, &soa);
        assert_eq!(reading.kind, ResponseKind::NoData);
        assert_eq!(reading.soa.as_ref().unwrap().negative_ttl(), Some(60));
        assert_eq!(reading.cut_below(&"org".parse().unwrap()), "example.org".parse().ok());
        let reading = read("example.org", Flags::AA.with_rcode(Rcode::NXDOMAIN), &soa);
        assert_eq!(
            (reading.kind, reading.zone),
            (ResponseKind::NxDomain, "example.org".parse().ok())
        );
        let above = [(Authority, "org. 900 SOA a. b. 7 1 1 1 60")];
        assert_eq!(read("example.org", Flags::AA, &above).soa, None);
        let reading = read("org", Flags::default(), &soa);
        assert_eq!(reading.kind, ResponseKind::Fault(ResponseFault::NotAuthoritative));
        let reading = read("org", Flags::default().with_rcode(Rcode::REFUSED), &[]);
        assert_eq!(reading.kind, ResponseKind::Fault(ResponseFault::Rcode(Rcode::REFUSED)));
    }

    #[test]
    fn records_of_another_class_hide_none_of_what_was_asked_for() {
        let records = [
            (Authority, "www.example.org. CH NS ns.attacker.test."),
            (Authority, "example.org. NS ns.example.org."),
        ];
        let reading = read("org", Flags::default(), &records);
        let owner = reading.as_referral().map(|referral| referral.ns.name);
        assert_eq!(owner, "example.org".parse().ok());
        let records = [
            (Authority, "www.example.org. 900 CH SOA a. b. 7 1 1 1 60"),
            (Authority, "example.org. 900 SOA a. b. 7 1 1 1 60"),
        ];
        let reading = read("org", Flags::AA, &records);
        assert_eq!(
            (reading.kind, reading.zone),
            (ResponseKind::NoData, "example.org".parse().ok())
        );
        assert!(reading.soa.is_some());
    }
}
