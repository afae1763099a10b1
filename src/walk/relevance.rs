//! Which records of a response bear on its query, for those who show it.
//!
//! What [`super::Reading`] takes from a response is believed; the rest of it nobody has asked for, and
//! a hostile server may put anything there. Whoever shows a response as that of a zone shows what
//! [`Relevance::keeps`].

use super::reply::follow;
use crate::wire::{Class, Message, NameBuf, Record, RecordType, Section};

/// Tells the records that bear on a query, put to a server of a zone, from all others.
pub struct Relevance {
    zone: NameBuf,
    rtype: RecordType,
    /// The name that was asked for, and where aliases within the zone lead to.
    names: Vec<NameBuf>,
    /// The servers that NS records which are kept point to.
    servers: Vec<NameBuf>,
}

impl Relevance {
    /// For the response of a server of `zone` to the query for `name` and `rtype`.
    pub fn new(message: &Message<'_>, zone: &NameBuf, name: &NameBuf, rtype: RecordType) -> Self {
        let (chain, _) = follow(message.answers(), zone, name, rtype);
        let targets = chain.iter().filter_map(|cname| cname.targets().next());
        let names = [*name].into_iter().chain(targets).filter(|name| name.is_at_or_below(zone));
        let names = names.collect();
        let mut relevance = Self { zone: *zone, rtype, names, servers: Vec::new() };
        relevance.servers = [Section::Answer, Section::Authority]
            .into_iter()
            .flat_map(|section| message.records(section).map(move |record| (section, record)))
            .filter(|(section, record)| {
                record.rtype == RecordType::NS && relevance.keeps(*section, record)
            })
            .filter_map(|(_, record)| record.data().target().map(|server| server.to_buf()))
            .collect();
        relevance
    }

    /// Whether it keeps every record.
    pub fn keeps_all(&self, message: &Message<'_>) -> bool {
        [Section::Answer, Section::Authority, Section::Additional]
            .into_iter()
            .all(|section| message.records(section).all(|record| self.keeps(section, &record)))
    }

    /// Whether a record of a section bears on the query.
    pub fn keeps(&self, section: Section, record: &Record<'_>) -> bool {
        if record.rtype == RecordType::OPT {
            return section == Section::Additional;
        }
        let owner = record.name.to_buf();
        if record.class != Class::IN || !owner.is_at_or_below(&self.zone) {
            return false;
        }
        // A signature goes where what it signs goes.
        let signs = record.data().rrsig().map(|rrsig| rrsig.type_covered);
        let rtype = signs.unwrap_or(record.rtype);
        let above = || self.names.iter().any(|name| name.is_at_or_below(&owner));
        match section {
            Section::Answer => match rtype {
                // It stands above the names that it renames.
                RecordType::DNAME if rtype != self.rtype => above(),
                _ => self.is_asked(rtype, record.rtype) && self.names.contains(&owner),
            },
            Section::Authority => match rtype {
                RecordType::NS | RecordType::SOA | RecordType::DS => above(),
                RecordType::NSEC | RecordType::NSEC3 => true,
                _ => false,
            },
            Section::Additional => {
                matches!(rtype, RecordType::A | RecordType::AAAA) && self.servers.contains(&owner)
            }
        }
    }

    /// Whether a type in the answer section was asked for: the type itself, or what its signature
    /// covers.
    fn is_asked(&self, rtype: RecordType, own: RecordType) -> bool {
        [rtype, own].contains(&self.rtype)
            || rtype == RecordType::CNAME
            || self.rtype == RecordType::ANY
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Builder, Flags, RecordBuf};
    use Section::{Additional, Answer, Authority};

    /// The records that are kept of a response to `www.evil.test.` of this type, asked of a server of
    /// `evil.test.`
    fn kept(rtype: RecordType, records: &[(Section, &str)]) -> Vec<String> {
        let name: NameBuf = "www.evil.test".parse().unwrap();
        let mut buffer = [0; 4096];
        let mut builder = Builder::new(&mut buffer, 1, Flags::QR.with(Flags::AA)).unwrap();
        builder.question(name.as_wire(), rtype, Class::IN).unwrap();
        for (section, text) in records {
            let record = RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 300).unwrap();
            record.build(*section, &mut builder).unwrap();
        }
        let len = builder.finish();
        let message = Message::parse(&buffer[..len]).unwrap();
        let relevance = Relevance::new(&message, &"evil.test".parse().unwrap(), &name, rtype);
        let kept: Vec<String> = [Answer, Authority, Additional]
            .into_iter()
            .flat_map(|section| message.records(section).map(move |record| (section, record)))
            .filter(|(section, record)| relevance.keeps(*section, record))
            .map(|(_, record)| format!("{} {}", record.name, record.rtype))
            .collect();
        assert_eq!(relevance.keeps_all(&message), kept.len() == records.len());
        kept
    }

    #[test]
    fn nothing_beyond_the_zone_is_kept_in_any_section() {
        let poison = [
            (Answer, "www.evil.test. A 192.0.2.1"),
            (Answer, "victim.test. A 192.0.2.66"),
            (Answer, ". NS ns.evil.test."),
            (Authority, ". NS ns.evil.test."),
            (Authority, "test. NS ns.evil.test."),
            (Authority, "victim.test. SOA a. b. 1 1 1 1 1"),
            (Additional, "victim.test. A 192.0.2.66"),
            (Additional, "a.root-servers.net. A 192.0.2.66"),
        ];
        assert_eq!(kept(RecordType::A, &poison), ["www.evil.test. A"]);
    }

    #[test]
    fn of_the_zone_itself_only_what_was_asked_for_is_kept() {
        let records = [
            (Answer, "www.evil.test. CNAME a.evil.test."),
            (Answer, "a.evil.test. A 192.0.2.1"),
            (Answer, "a.evil.test. TXT unasked"),
            (Answer, "b.evil.test. A 192.0.2.2"),
            (Authority, "evil.test. NS ns.evil.test."),
            (Authority, "evil.test. TXT unasked"),
            (Authority, "b.evil.test. NS ns.b.evil.test."),
            (Additional, "ns.evil.test. A 192.0.2.3"),
            (Additional, "ns.b.evil.test. A 192.0.2.4"),
        ];
        let expected =
            ["www.evil.test. CNAME", "a.evil.test. A", "evil.test. NS", "ns.evil.test. A"];
        assert_eq!(kept(RecordType::A, &records), expected);
    }

    #[test]
    fn an_alias_that_leaves_the_zone_is_kept_and_what_it_leads_to_is_not() {
        let records =
            [(Answer, "www.evil.test. CNAME victim.test."), (Answer, "victim.test. A 192.0.2.66")];
        assert_eq!(kept(RecordType::A, &records), ["www.evil.test. CNAME"]);
    }

    #[test]
    fn signatures_proofs_and_renamings_come_along() {
        let signature = "13 2 300 20300101000000 20200101000000 1 evil.test. AAAA";
        let records = [
            (Answer, "evil.test. DNAME other.evil.test.".to_owned()),
            (Answer, "www.evil.test. A 192.0.2.1".to_owned()),
            (Answer, format!("www.evil.test. RRSIG A {signature}")),
            (Answer, format!("www.evil.test. RRSIG TXT {signature}")),
            (Authority, format!("evil.test. RRSIG SOA {signature}")),
            (Authority, "a.evil.test. NSEC z.evil.test. A".to_owned()),
            (Authority, "victim.test. NSEC z.victim.test. A".to_owned()),
        ];
        let records: Vec<_> = records.iter().map(|(s, text)| (*s, text.as_str())).collect();
        let expected = [
            "evil.test. DNAME",
            "www.evil.test. A",
            "www.evil.test. RRSIG",
            "evil.test. RRSIG",
            "a.evil.test. NSEC",
        ];
        assert_eq!(kept(RecordType::A, &records), expected);
    }

    #[test]
    fn any_is_every_type_of_the_name() {
        let records = [
            (Answer, "www.evil.test. A 192.0.2.1"),
            (Answer, "www.evil.test. TXT x"),
            (Answer, "b.evil.test. TXT x"),
        ];
        assert_eq!(kept(RecordType::ANY, &records), ["www.evil.test. A", "www.evil.test. TXT"]);
    }
}
