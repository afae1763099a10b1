//! What one probe says about one expected record.

use super::expect::{Expectation, ExpectationKind};
use crate::judge::content::caa::{self, Caa};
use crate::probe::heard::{Heard, Unusable};
use crate::probe::result::Probe;
use crate::walk::{self, Rrset};
use crate::wire::{NameBuf, RecordBuf, RecordType};

/// What an address said when it was asked for an expected record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// The record is there and as expected; and no other beside it, where it must be alone.
    Right,
    /// There are no such records.
    Missing {
        /// Whether the name exists, with other records or with names below it.
        name_exists: bool,
    },
    /// There are records of the type, and none is as expected.
    Wrong(Vec<RecordBuf>),
    /// The expected one has others beside it, where it must be alone.
    Several(Vec<RecordBuf>),
    /// The name is an alias of this one, whose zone decides.
    Cname(NameBuf),
    /// An answer that no resolver takes.
    Unusable(Unusable),
    /// No answer.
    Silent,
}

impl Check {
    /// What `probe`, which asked for the owner of `expectation`, says about it. `None` if it tells
    /// nothing.
    pub fn new(expectation: &Expectation, probe: &Probe) -> Option<Self> {
        let reading = match probe.heard()? {
            Heard::Answer(reading) => reading,
            Heard::Unusable(why) => return Some(Self::Unusable(why)),
            Heard::Silence => return Some(Self::Silent),
        };
        Some(match &reading.kind {
            walk::ResponseKind::NxDomain if reading.chain.is_empty() => {
                Self::absent(expectation, false)
            }
            // Whether the name is an alias was asked, and it is none: nothing about the record.
            walk::ResponseKind::NoData
                if reading.chain.is_empty()
                    && expectation.rtype != RecordType::CNAME
                    && probe.query.rtype != expectation.rtype =>
            {
                return None;
            }
            _ => Self::records(expectation, &reading.chain, reading.answer.as_ref()),
        })
    }

    fn absent(expectation: &Expectation, name_exists: bool) -> Self {
        match expectation.kind {
            // Without CAA records everyone may issue (RFC 8659 §3).
            ExpectationKind::Caa { .. } => Self::Right,
            _ => Self::Missing { name_exists },
        }
    }

    fn records(expectation: &Expectation, chain: &[Rrset], answer: Option<&Rrset>) -> Self {
        let owner = &expectation.owner;
        if expectation.rtype == RecordType::CNAME {
            let sets = chain.iter().chain(answer);
            let own =
                sets.filter(|set| set.rtype == RecordType::CNAME).find(|set| set.name == *owner);
            return match own {
                Some(set) => Self::judge(expectation, set.records().collect()),
                None => Self::absent(expectation, true),
            };
        }
        // Where aliases were asked for, the answer itself is one.
        let cname = answer.filter(|set| set.rtype == RecordType::CNAME).or(chain.last());
        match (answer.filter(|set| set.rtype == expectation.rtype), cname) {
            (Some(set), _) => {
                // At the end of an alias the records count as those of the owner.
                let records = set.records().map(|record| RecordBuf { name: *owner, ..record });
                Self::judge(expectation, records.collect())
            }
            (None, Some(cname)) => match cname.targets().next() {
                Some(target) => Self::Cname(target),
                None => Self::absent(expectation, true),
            },
            (None, None) => Self::absent(expectation, true),
        }
    }

    /// Judges the records of the expected type that stand at the owner.
    pub(super) fn judge(expectation: &Expectation, mut records: Vec<RecordBuf>) -> Self {
        // Servers turn the order of an RRset from answer to answer; it means nothing.
        records.sort_by(|a, b| a.rdata.cmp(&b.rdata));
        if let ExpectationKind::Caa { issuer, wildcard } = &expectation.kind {
            let set: Vec<Caa<'_>> =
                records.iter().filter_map(|record| Caa::parse(&record.rdata)).collect();
            let permitted = caa::permits(&set, issuer, *wildcard);
            return if permitted { Self::Right } else { Self::Wrong(records) };
        }
        let of_kind: Vec<RecordBuf> =
            records.iter().filter(|record| expectation.concerns(record)).cloned().collect();
        if !of_kind.iter().any(|record| expectation.matches(record)) {
            // Texts of other purposes stand beside what is missing, not in its place.
            records.retain(|record| expectation.is_meant_by(record));
            if records.is_empty() {
                Self::Missing { name_exists: true }
            } else {
                Self::Wrong(records)
            }
        } else if of_kind.len() > 1 && expectation.is_single() {
            Self::Several(of_kind)
        } else {
            Self::Right
        }
    }

    /// Whether it is an answer that a resolver takes, right or wrong.
    pub fn is_answer(&self) -> bool {
        !matches!(self, Self::Unusable(_) | Self::Silent)
    }
}
