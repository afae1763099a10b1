//! A cache of RRsets and of their absence, with TTLs and limits.
//!
//! Time is handed in, never read. Data of a lower rank never replaces data of a higher one that is
//! still alive (RFC 2181 §5.4.1). When the cache is half full, everything becomes the older
//! generation; what is used moves to the younger one, and the rest goes with the next turn.

use std::collections::HashMap;
use std::time::Duration;

use super::reply::{Reading, ResponseKind};
use super::rrset::{RdataSet, Rrset};
use crate::engine::Time;
use crate::wire::{NameBuf, RecordType};

/// The longest that anything is kept; RFC 8767 §4 asks for a cap of days to a week at most.
const LONGEST: u32 = 86_400;
/// The longest that a negative response is kept (RFC 2308 §5: one to three hours).
const LONGEST_NEGATIVE: u32 = 10_800;
/// What holds for every type of a name is kept under a type that no record has.
const EVERY_TYPE: RecordType = RecordType(0);
/// Octets that an entry takes besides its data, about.
const OVERHEAD: usize = 96;

/// How far data is to be trusted, least first (RFC 2181 §5.4.1). NS sets that came in the authority
/// section of a response are not among it: nobody asked for them, and one forged answer about one
/// name would take the whole zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// From an additional section: good enough to reach a server, and for nothing else.
    Glue,
    /// The NS set of a delegation, from a server of the parent.
    Delegation,
    /// The response of an authoritative server.
    Answer,
}

/// What is known of a name and type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cached {
    /// These records; the TTL is what is left of it.
    Records(Rrset),
    /// The name exists, and has no records of the type.
    NoData,
    /// The name does not exist.
    NxDomain,
}

#[derive(Debug, Clone)]
struct Entry {
    rank: Rank,
    expires: Time,
    data: Data,
}

#[derive(Debug, Clone)]
enum Data {
    Records(RdataSet),
    Absent,
}

/// RRsets and their absence, each until its time is over, within limits.
#[derive(Debug)]
pub struct Cache {
    young: Generation,
    old: Generation,
    entries: usize,
    octets: usize,
}

#[derive(Debug, Default)]
struct Generation {
    entries: HashMap<Box<[u8]>, Entry>,
    octets: usize,
}

impl Cache {
    /// A cache that keeps at most so many entries and, about, so many octets.
    pub fn new(entries: usize, octets: usize) -> Self {
        Self {
            young: Generation::default(),
            old: Generation::default(),
            entries: entries.max(2),
            octets,
        }
    }

    /// How many entries are held, expired ones included.
    pub fn len(&self) -> usize {
        self.young.entries.len() + self.old.entries.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is known of a name and type with at least this rank.
    pub fn lookup(
        &mut self,
        now: Time,
        name: &NameBuf,
        rtype: RecordType,
        least: Rank,
    ) -> Option<Cached> {
        if let Some(entry) = self.entry(now, name, rtype).filter(|entry| entry.rank >= least) {
            return Some(match entry.data {
                Data::Absent => Cached::NoData,
                Data::Records(data) => {
                    // At most a day, see `expiry`.
                    let ttl = entry.expires.since(now).as_secs() as u32;
                    Cached::Records(Rrset { name: *name, rtype, ttl, data })
                }
            });
        }
        self.entry(now, name, EVERY_TYPE).map(|_| Cached::NxDomain)
    }

    /// The NS set of the deepest zone at or above `name` that is known.
    pub fn deepest_cut(&mut self, now: Time, name: &NameBuf) -> Option<Rrset> {
        let mut zone = Some(*name);
        while let Some(name) = zone {
            if let Some(Cached::Records(ns)) =
                self.lookup(now, &name, RecordType::NS, Rank::Delegation)
            {
                return Some(ns);
            }
            zone = name.parent();
        }
        None
    }

    /// Keeps what a response to the query for `name` and `rtype` says.
    pub fn learn(&mut self, now: Time, name: &NameBuf, rtype: RecordType, reading: &Reading) {
        for cname in &reading.chain {
            self.insert(now, cname, Rank::Answer);
        }
        if let Some(answer) = &reading.answer {
            self.insert(now, answer, Rank::Answer);
        }
        if let ResponseKind::Referral(referral) = &reading.kind {
            self.insert(now, &referral.ns, Rank::Delegation);
        }
        for set in &reading.glue {
            self.insert(now, set, Rank::Glue);
        }
        // Without a SOA record nobody knows how long it holds (RFC 2308 §5).
        let absent = match reading.kind {
            ResponseKind::NoData => rtype,
            ResponseKind::NxDomain => EVERY_TYPE,
            _ => return,
        };
        if let Some(ttl) = reading.soa.as_ref().and_then(Rrset::negative_ttl) {
            let expires = expiry(now, ttl.min(LONGEST_NEGATIVE));
            self.put(key(name, absent), Entry { rank: Rank::Answer, expires, data: Data::Absent });
        }
    }

    fn insert(&mut self, now: Time, set: &Rrset, rank: Rank) {
        let mut expires = expiry(now, set.ttl);
        if let Some(known) = self.entry(now, &set.name, set.rtype) {
            if known.rank > rank {
                return;
            }
            // The zone's own NS set may not outlive the delegation that led to it; else a zone
            // that its parent has withdrawn lives on for ever.
            if set.rtype == RecordType::NS && rank > Rank::Delegation {
                expires = expires.min(known.expires);
            }
        }
        let data = Data::Records(set.data.clone());
        self.put(key(&set.name, set.rtype), Entry { rank, expires, data });
    }

    /// An entry that is still alive; it becomes young again.
    fn entry(&mut self, now: Time, name: &NameBuf, rtype: RecordType) -> Option<Entry> {
        let key = key(name, rtype);
        if let Some(entry) = self.young.entries.get(&key) {
            return (entry.expires > now).then(|| entry.clone());
        }
        let entry = self.old.remove(&key)?;
        if entry.expires <= now {
            return None;
        }
        self.put(key, entry.clone());
        Some(entry)
    }

    fn put(&mut self, key: Box<[u8]>, entry: Entry) {
        self.old.remove(&key);
        self.young.insert(key, entry);
        if self.young.entries.len() >= self.entries.div_ceil(2)
            || self.young.octets >= self.octets / 2
        {
            self.old = std::mem::take(&mut self.young);
        }
    }
}

impl Generation {
    fn insert(&mut self, key: Box<[u8]>, entry: Entry) {
        self.remove(&key);
        self.octets += entry.octets(&key);
        self.entries.insert(key, entry);
    }

    fn remove(&mut self, key: &[u8]) -> Option<Entry> {
        let entry = self.entries.remove(key)?;
        self.octets -= entry.octets(key);
        Some(entry)
    }
}

impl Entry {
    fn octets(&self, key: &[u8]) -> usize {
        let data = match &self.data {
            Data::Records(data) => data.size(),
            Data::Absent => 0,
        };
        OVERHEAD + key.len() + data
    }
}

fn expiry(now: Time, ttl: u32) -> Time {
    now + Duration::from_secs(u64::from(ttl.min(LONGEST)))
}

/// The name without case, and the type.
fn key(name: &NameBuf, rtype: RecordType) -> Box<[u8]> {
    [name.to_lowercase().as_wire(), &rtype.0.to_be_bytes()].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Class, RecordBuf};

    fn set(text: &str) -> Rrset {
        let record = RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 60).unwrap();
        assert_eq!(record.class, Class::IN);
        Rrset::from(&record)
    }

    fn at(seconds: u64) -> Time {
        Time::ZERO + Duration::from_secs(seconds)
    }

    fn negative(kind: ResponseKind) -> Reading {
        Reading {
            rcode: crate::wire::Rcode::NOERROR,
            authoritative: true,
            kind,
            chain: Vec::new(),
            answer: None,
            soa: Some(set("org. 300 SOA a. b. 1 1 1 1 60")),
            glue: Vec::new(),
            zone: None,
        }
    }

    #[test]
    fn records_expire_and_their_ttl_counts_down() {
        let mut cache = Cache::new(100, 1 << 20);
        let name: NameBuf = "A.example".parse().unwrap();
        cache.insert(at(0), &set("a.example. 10 A 192.0.2.1"), Rank::Answer);
        let Some(Cached::Records(found)) = cache.lookup(at(4), &name, RecordType::A, Rank::Answer)
        else {
            panic!("the record is gone")
        };
        assert_eq!(found.ttl, 6);
        assert_eq!(cache.lookup(at(10), &name, RecordType::A, Rank::Answer), None);
    }

    #[test]
    fn negative_answers_are_kept_for_the_minimum_of_ttl_and_soa() {
        let mut cache = Cache::new(100, 1 << 20);
        let name: NameBuf = "a.org".parse().unwrap();
        cache.learn(at(0), &name, RecordType::A, &negative(ResponseKind::NoData));
        let lookup = |cache: &mut Cache, now, rtype| cache.lookup(now, &name, rtype, Rank::Answer);
        assert_eq!(lookup(&mut cache, at(59), RecordType::A), Some(Cached::NoData));
        assert_eq!(lookup(&mut cache, at(59), RecordType::MX), None);
        assert_eq!(lookup(&mut cache, at(60), RecordType::A), None);
        cache.learn(at(60), &name, RecordType::A, &negative(ResponseKind::NxDomain));
        assert_eq!(lookup(&mut cache, at(61), RecordType::MX), Some(Cached::NxDomain));
        assert_eq!(lookup(&mut cache, at(121), RecordType::MX), None);
    }

    #[test]
    fn glue_neither_answers_nor_replaces_an_answer() {
        let mut cache = Cache::new(100, 1 << 20);
        let name: NameBuf = "ns.example".parse().unwrap();
        let found = |cache: &mut Cache, least| cache.lookup(at(1), &name, RecordType::A, least);
        cache.insert(at(0), &set("ns.example. A 192.0.2.66"), Rank::Glue);
        assert!(found(&mut cache, Rank::Glue).is_some());
        assert_eq!(found(&mut cache, Rank::Answer), None);
        cache.insert(at(0), &set("ns.example. A 192.0.2.1"), Rank::Answer);
        cache.insert(at(0), &set("ns.example. A 192.0.2.66"), Rank::Glue);
        let Some(Cached::Records(records)) = found(&mut cache, Rank::Glue) else {
            panic!("the record is gone")
        };
        assert_eq!(records.addresses().next(), "192.0.2.1".parse().ok());
    }

    #[test]
    fn a_zone_does_not_outlive_its_delegation_by_its_own_word() {
        let mut cache = Cache::new(100, 1 << 20);
        let name: NameBuf = "www.zone.example".parse().unwrap();
        cache.insert(at(0), &set("zone.example. 100 NS ns.parent."), Rank::Delegation);
        for now in [1, 40, 80] {
            cache.insert(at(now), &set("zone.example. 100 NS ns.child."), Rank::Answer);
        }
        let found = cache.deepest_cut(at(99), &name).unwrap();
        assert_eq!(found.targets().next(), "ns.child".parse().ok());
        assert_eq!(cache.deepest_cut(at(100), &name), None);
    }

    #[test]
    fn what_was_asked_for_is_kept_and_no_name_server_beside_it() {
        let mut cache = Cache::new(100, 1 << 20);
        let (zone, name): (NameBuf, NameBuf) =
            ("zone.example".parse().unwrap(), "www.zone.example".parse().unwrap());
        cache.insert(at(0), &set("zone.example. NS ns.parent."), Rank::Delegation);
        let mut buffer = [0; 512];
        let flags = crate::wire::Flags::QR.with(crate::wire::Flags::AA);
        let mut builder = crate::wire::Builder::new(&mut buffer, 1, flags).unwrap();
        builder.question(name.as_wire(), RecordType::A, Class::IN).unwrap();
        use crate::wire::Section::{Additional, Answer, Authority};
        for (section, text) in [
            (Answer, "www.zone.example. A 192.0.2.1"),
            (Authority, "zone.example. NS ns.zone.example."),
            (Additional, "ns.zone.example. A 192.0.2.66"),
        ] {
            let record = RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 60).unwrap();
            record.build(section, &mut builder).unwrap();
        }
        let len = builder.finish();
        let reading = Reading::new(&buffer[..len], &zone, &name, RecordType::A);
        cache.learn(at(0), &name, RecordType::A, &reading);
        assert!(cache.lookup(at(1), &name, RecordType::A, Rank::Answer).is_some());
        let cut = cache.deepest_cut(at(1), &name).unwrap();
        assert_eq!(cut.targets().collect::<Vec<_>>(), ["ns.parent".parse().unwrap()]);
        let server = "ns.zone.example".parse().unwrap();
        assert_eq!(cache.lookup(at(1), &server, RecordType::A, Rank::Glue), None);
    }

    #[test]
    fn the_cache_keeps_its_limits_and_what_is_used() {
        let mut cache = Cache::new(100, 1 << 20);
        let used: NameBuf = "used.example".parse().unwrap();
        cache.insert(at(0), &set("used.example. A 192.0.2.1"), Rank::Answer);
        for i in 0..10_000 {
            cache.insert(at(0), &set(&format!("n{i}.example. A 192.0.2.2")), Rank::Answer);
            assert!(cache.lookup(at(0), &used, RecordType::A, Rank::Answer).is_some());
            assert!(cache.len() <= 100);
        }
        let mut cache = Cache::new(1 << 20, 10_000);
        for i in 0..1_000 {
            let text = format!("n{i}.example. TXT {}", "x".repeat(200));
            cache.insert(at(0), &set(&text), Rank::Answer);
            assert!(cache.young.octets + cache.old.octets <= 11_000);
        }
    }
}
