//! RRsets as they are kept: in a cache, in readings, in results.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use crate::wire::{Class, NameBuf, Rdata, Record, RecordBuf, RecordType};

/// The records of one name and type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rrset {
    /// The owner.
    pub name: NameBuf,
    /// TYPE; the class is IN.
    pub rtype: RecordType,
    /// The lowest TTL among the records, in seconds.
    pub ttl: u32,
    /// The RDATA of each, names uncompressed; none twice.
    pub data: RdataSet,
}

/// RDATA, none twice, in the order of the records; all of it in one buffer, which clones share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RdataSet {
    /// Each RDATA behind its length in two octets, as in a message.
    octets: Arc<[u8]>,
}

impl Rrset {
    /// The records.
    pub fn records(&self) -> impl Iterator<Item = RecordBuf> {
        self.data.iter().map(|rdata| RecordBuf {
            name: self.name,
            ttl: self.ttl,
            class: Class::IN,
            rtype: self.rtype,
            rdata: rdata.to_vec(),
        })
    }

    /// The addresses in an A or AAAA RRset.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.values().filter_map(|rdata| rdata.address())
    }

    /// The names that an NS or CNAME RRset points to.
    pub fn targets(&self) -> impl Iterator<Item = NameBuf> {
        self.values().filter_map(|rdata| rdata.target().map(|name| name.to_buf()))
    }

    /// SERIAL of a SOA record.
    pub fn serial(&self) -> Option<u32> {
        self.values().find_map(|rdata| rdata.soa().map(|soa| soa.serial))
    }

    /// How long a negative answer with this SOA record may be kept, in seconds (RFC 2308 §5).
    pub fn negative_ttl(&self) -> Option<u32> {
        self.values().find_map(|rdata| rdata.soa().map(|soa| soa.minimum.min(self.ttl)))
    }

    fn values(&self) -> impl Iterator<Item = Rdata<'_>> {
        self.data.iter().map(|rdata| Rdata::alone(self.rtype, Class::IN, rdata))
    }
}

impl RdataSet {
    /// Each RDATA.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        each(&self.octets)
    }

    /// Octets that it takes in memory, about.
    pub(super) fn size(&self) -> usize {
        self.octets.len()
    }
}

impl From<&RecordBuf> for Rrset {
    /// The set of this record alone.
    fn from(record: &RecordBuf) -> Self {
        let mut octets = Vec::with_capacity(2 + record.rdata.len());
        push(&record.rdata, &mut octets);
        let data = RdataSet { octets: octets.into() };
        Self { name: record.name, rtype: record.rtype, ttl: record.ttl, data }
    }
}

fn push(rdata: &[u8], octets: &mut Vec<u8>) {
    debug_assert!(rdata.len() <= usize::from(u16::MAX));
    octets.extend((rdata.len() as u16).to_be_bytes());
    octets.extend_from_slice(rdata);
}

/// What stands in `octets`, each part behind its length.
fn each(octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = octets;
    std::iter::from_fn(move || {
        let (len, behind) = rest.split_first_chunk()?;
        let (rdata, behind) = behind.split_at_checked(u16::from_be_bytes(*len).into())?;
        rest = behind;
        Some(rdata)
    })
}

/// Gathers the records of one RRset.
#[derive(Default)]
pub(super) struct Gathered {
    ttl: Option<u32>,
    /// As in [`RdataSet`], but some of it perhaps twice.
    octets: Vec<u8>,
    records: usize,
}

impl Gathered {
    /// Adds a record; one whose RDATA cannot be read is passed over.
    pub(super) fn add(&mut self, record: &Record<'_>) {
        let start = self.octets.len();
        self.octets.extend([0; 2]);
        let expanded = record.expand_rdata(&mut self.octets);
        // Names that are no longer compressed may have made it too long.
        let len = u16::try_from(self.octets.len() - start - 2);
        let (Ok(()), Ok(len)) = (expanded, len) else {
            self.octets.truncate(start);
            return;
        };
        self.octets[start..start + 2].copy_from_slice(&len.to_be_bytes());
        self.records += 1;
        let ttl = record.ttl_seconds();
        self.ttl = Some(self.ttl.map_or(ttl, |lowest| lowest.min(ttl)));
    }

    /// The set, each RDATA where it came first; `None` if there are no records.
    pub(super) fn into_set(mut self, name: NameBuf, rtype: RecordType) -> Option<Rrset> {
        let ttl = self.ttl?;
        if self.records > 1 {
            let mut seen = HashSet::with_capacity(self.records);
            if !each(&self.octets).all(|rdata| seen.insert(rdata)) {
                seen.clear();
                let mut once = Vec::with_capacity(self.octets.len());
                each(&self.octets).filter(|it| seen.insert(it)).for_each(|it| push(it, &mut once));
                self.octets = once;
            }
        }
        Some(Rrset { name, rtype, ttl, data: RdataSet { octets: self.octets.into() } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Message;

    /// The NS records of the root among these: TTL and RDATA.
    fn gathered(records: &[(u32, &[u8])]) -> Option<Rrset> {
        let mut octets = vec![0, 7, 0x84, 0, 0, 0, 0, records.len() as u8, 0, 0, 0, 0];
        for (ttl, rdata) in records {
            octets.extend([0, 0, 2, 0, 1]);
            octets.extend(ttl.to_be_bytes());
            push(rdata, &mut octets);
        }
        let mut gathered = Gathered::default();
        Message::parse(&octets).unwrap().answers().for_each(|record| gathered.add(&record));
        gathered.into_set(NameBuf::root(), RecordType::NS)
    }

    #[test]
    fn what_stands_twice_is_kept_once_in_its_first_place() {
        let records: [(u32, &[u8]); 4] =
            [(9, b"\x01b\0"), (8, b"\x01a\0"), (3, b"\x01b\0"), (7, b"\x01c\0")];
        let set = gathered(&records).unwrap();
        let targets: Vec<String> = set.targets().map(|name| name.to_string()).collect();
        assert_eq!((targets.join(" ").as_str(), set.ttl), ("b. a. c.", 3));
    }

    #[test]
    fn of_an_rdata_that_cannot_be_read_nothing_is_left() {
        let set = gathered(&[(5, b"\x01a\0"), (1, b"\x01b\x05c"), (6, b"\x01d\0")]).unwrap();
        let data: Vec<&[u8]> = set.data.iter().collect();
        assert_eq!((data, set.ttl), (vec![&b"\x01a\0"[..], b"\x01d\0"], 5));
        assert_eq!(gathered(&[(1, b"\x01b\x05c")]), None);
    }
}
