//! A zone: its nodes, zone cuts, and wildcards. Its records are read from text, and it may have
//! records for all other names, too, that are [generated] from the names.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use super::generated;
use crate::wire::{NameBuf, RecordBuf, RecordType, TextError, ZoneOptions, ZoneReader};

/// The apex of the zone that [`Zone::demo`] gives.
pub const DEMO_APEX: &str = "demo.test.";

/// TTL of records whose text gives none, in seconds.
const DEFAULT_TTL: u32 = 300;

/// A zone with all its names, empty non-terminals included.
#[derive(Debug, Clone)]
pub struct Zone {
    apex: NameBuf,
    soa: RecordBuf,
    /// What was read, owner by owner.
    records: Vec<RecordBuf>,
    /// Where the records of an owner are; a name without any is an empty non-terminal.
    nodes: HashMap<NameBuf, Range<usize>>,
    /// Whether all other names have what is generated for them.
    generated: bool,
}

/// How a version of a zone differs from another one.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// Owners, or owners and types, whose records go.
    pub remove: Vec<(NameBuf, Option<RecordType>)>,
    /// Records that come, as text.
    pub add: String,
    /// The new serial of the SOA record.
    pub serial: Option<u32>,
}

/// Why a text is not a zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// An entry cannot be read.
    #[error("{0}")]
    Text(#[from] TextError),
    /// A record that belongs elsewhere.
    #[error("{0} is not in the zone")]
    Outside(String),
    /// There is no SOA record at the apex.
    #[error("the zone has no SOA record")]
    NoSoa,
    /// An edit removes what is not there.
    #[error("there is no '{0}' to remove")]
    NothingToRemove(String),
}

impl Zone {
    /// Reads the text of a zone; names in it are relative to `apex`.
    ///
    /// # Errors
    /// [`ZoneError`]: an entry that cannot be read, one outside of the zone, no SOA record.
    pub fn from_text(apex: NameBuf, text: &str) -> Result<Self, ZoneError> {
        Self::new(apex, read(apex, text)?, false)
    }

    /// As [`Zone::from_text`], and the names that are not in the text have what is
    /// [generated] for them.
    ///
    /// # Errors
    /// As for [`Zone::from_text`].
    pub fn generated(apex: NameBuf, text: &str) -> Result<Self, ZoneError> {
        Self::new(apex, read(apex, text)?, true)
    }

    /// The zone `demo.test.`, generated but for its apex.
    ///
    /// # Panics
    /// Never: what it is made from are constants.
    pub fn demo() -> Self {
        let apex = DEMO_APEX.parse().expect("a well-formed constant");
        Self::generated(apex, generated::APEX).expect("a well-formed constant")
    }

    fn new(apex: NameBuf, mut records: Vec<RecordBuf>, generated: bool) -> Result<Self, ZoneError> {
        let mut owners = HashMap::new();
        for record in &records {
            if !record.name.is_at_or_below(&apex) {
                return Err(ZoneError::Outside(record.name.to_string()));
            }
            let nth = owners.len();
            owners.entry(record.name).or_insert(nth);
        }
        records.sort_by_key(|record| owners[&record.name]);
        let mut nodes: HashMap<NameBuf, Range<usize>> = HashMap::new();
        let mut start = 0;
        for of_owner in records.chunk_by(|one, next| one.name == next.name) {
            let mut name = of_owner[0].name;
            nodes.insert(name, start..start + of_owner.len());
            start += of_owner.len();
            while name != apex
                && let Some(parent) = name.parent()
            {
                nodes.entry(parent).or_default();
                name = parent;
            }
        }
        let soa = records
            .iter()
            .find(|record| record.rtype == RecordType::SOA && record.name == apex)
            .cloned()
            .ok_or(ZoneError::NoSoa)?;
        Ok(Self { apex, soa, records, nodes, generated })
    }

    /// This zone with an edit applied.
    ///
    /// # Errors
    /// As for [`Zone::from_text`], and something to be removed that is not there.
    pub fn edited(&self, edit: &Edit) -> Result<Self, ZoneError> {
        let mut records = self.records.clone();
        for (owner, rtype) in &edit.remove {
            let before = records.len();
            records.retain(|record| {
                record.name != *owner || rtype.is_some_and(|rtype| rtype != record.rtype)
            });
            if records.len() == before {
                let rtype = rtype.map(|rtype| format!(" {rtype}")).unwrap_or_default();
                return Err(ZoneError::NothingToRemove(format!("{owner}{rtype}")));
            }
        }
        records.extend(read(self.apex, &edit.add)?);
        if let Some(serial) = edit.serial {
            for soa in records.iter_mut().filter(|record| record.rtype == RecordType::SOA) {
                // SERIAL is the first of the five numbers at the end (RFC 1035 §3.3.13).
                let start = soa.rdata.len() - 20;
                soa.rdata[start..start + 4].copy_from_slice(&serial.to_be_bytes());
            }
        }
        Self::new(self.apex, records, self.generated)
    }

    /// This zone without the records that `keep` does not want.
    pub(super) fn filtered(&self, keep: impl Fn(&RecordBuf) -> bool) -> Result<Self, ZoneError> {
        let records = self.records.iter().filter(|record| keep(record)).cloned().collect();
        Self::new(self.apex, records, self.generated)
    }

    /// The name of the zone.
    pub fn apex(&self) -> &NameBuf {
        &self.apex
    }

    /// The SOA record.
    pub fn soa(&self) -> &RecordBuf {
        &self.soa
    }

    /// SERIAL of the SOA record.
    pub fn serial(&self) -> u32 {
        self.soa.data().soa().map_or(0, |soa| soa.serial)
    }

    /// All records that were read, owner by owner.
    pub fn records(&self) -> &[RecordBuf] {
        &self.records
    }

    /// The IPv4 addresses in a right answer for `name`; aliases within the zone are followed.
    pub fn a(&self, name: &NameBuf) -> Vec<Ipv4Addr> {
        let mut name = *name;
        loop {
            let records = self.node(&name).unwrap_or_default();
            let cname = records.iter().find(|record| record.rtype == RecordType::CNAME);
            match cname.and_then(|cname| cname.data().target()) {
                Some(target) => name = target.to_buf(),
                None => {
                    let addresses =
                        records.iter().filter_map(|record| match record.data().address() {
                            Some(IpAddr::V4(address)) => Some(address),
                            _ => None,
                        });
                    return addresses.collect();
                }
            }
        }
    }

    /// The records at a name; `None` if it does not exist.
    pub(super) fn node(&self, name: &NameBuf) -> Option<Cow<'_, [RecordBuf]>> {
        match self.nodes.get(name) {
            Some(place) => Some(Cow::Borrowed(&self.records[place.clone()])),
            None if self.generated && name.is_at_or_below(&self.apex) => {
                generated::records(name).map(Cow::Owned)
            }
            None => None,
        }
    }

    /// The RRset of a name and type.
    pub(super) fn rrset(&self, name: &NameBuf, rtype: RecordType) -> Vec<RecordBuf> {
        let mut records = self.node(name).unwrap_or_default().into_owned();
        records.retain(|record| record.rtype == rtype);
        records
    }

    /// The zone cut at or above `name`, the highest one, if there is one below the apex.
    pub(super) fn cut(&self, name: &NameBuf) -> Option<NameBuf> {
        let mut cut = None;
        let mut at = *name;
        while at != self.apex {
            // Nothing that is generated is a cut.
            if let Some(place) = self.nodes.get(&at)
                && self.records[place.clone()].iter().any(|it| it.rtype == RecordType::NS)
            {
                cut = Some(at);
            }
            at = at.parent()?;
        }
        cut
    }

    /// The wildcard that covers a name which does not exist: the one at its closest encloser
    /// (RFC 4592 §3.3.1).
    pub(super) fn wildcard(&self, name: &NameBuf) -> Option<NameBuf> {
        let mut encloser = name.parent()?;
        while !self.nodes.contains_key(&encloser) {
            encloser = encloser.parent()?;
        }
        let wildcard = encloser.prepend(b"*").ok()?;
        self.nodes.contains_key(&wildcard).then_some(wildcard)
    }
}

fn read(apex: NameBuf, text: &str) -> Result<Vec<RecordBuf>, ZoneError> {
    let options = ZoneOptions { origin: apex, ttl: Some(DEFAULT_TTL), ..ZoneOptions::default() };
    Ok(ZoneReader::new(text.as_bytes(), &options).collect::<Result<Vec<_>, _>>()?)
}
