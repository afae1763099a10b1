//! Why a verification puts a query: what only it knows of its [`probe::VerifyPurpose`](purpose::Purpose).

use crate::probe::purpose::{self, Job};

/// Why a query of a verification is put. Expectations have numbers: their places in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VerifyPurpose {
    /// The expected record with this number, as the zone of its owner has it.
    Record(usize),
    /// What the alias of this expectation is expected to lead to, as its zone has it.
    Target(usize),
    /// What an alias really leads to, where that is not what is expected.
    FoundTarget(usize),
    /// A random name beside the owner of this expectation: nothing should be there.
    Sibling(usize),
    /// A name above the owner of this expectation, where CAA records would count, too.
    Ancestor(usize),
    /// Another type at the owner of this expectation.
    OtherType(usize),
    /// The expected record with this number, as a recursive server has it.
    Cached(usize),
    /// A name where the record of this expectation may have landed instead.
    NearMiss(usize, NearMiss),
    /// A random name beside such a name.
    NearMissSibling(usize, NearMiss),
}

/// Where a record lands when something goes wrong with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NearMiss {
    /// The zone's name stands twice.
    Doubled,
    /// A label that begins with an underscore was left out (`TOKEN.example.com`).
    LabelLeftOut,
    /// The underscore was left out (`TOKEN.domainkey.example.com`).
    UnderscoreLeftOut,
    /// The dot between the first two labels was left out (`TOKEN_domainkey.example.com`).
    DotLeftOut,
    /// `www` stands before the name.
    Www,
    /// At the apex of the zone.
    Apex,
}

impl NearMiss {
    /// All of them, what is most likely first.
    pub const ALL: [Self; 6] = [
        Self::Doubled,
        Self::LabelLeftOut,
        Self::UnderscoreLeftOut,
        Self::DotLeftOut,
        Self::Www,
        Self::Apex,
    ];
}

/// Sorts of purposes, of which each expectation has one: near misses follow the others.
const SORTS: u32 = NEAR_MISS_SIBLING + NearMiss::ALL.len() as u32;
const NEAR_MISS: u32 = 7;
const NEAR_MISS_SIBLING: u32 = NEAR_MISS + NearMiss::ALL.len() as u32;

impl VerifyPurpose {
    /// What a query was sent for, if that is a matter of verifications alone.
    pub fn of(purpose: purpose::Purpose) -> Option<Self> {
        let purpose::Purpose::Job(Job { number, .. }) = purpose else { return None };
        let (expectation, sort) = ((number / SORTS) as usize, number % SORTS);
        let near_miss = |first: u32| NearMiss::ALL.get((sort - first) as usize).copied();
        Some(match sort {
            0 => Self::Record(expectation),
            1 => Self::Target(expectation),
            2 => Self::FoundTarget(expectation),
            3 => Self::Sibling(expectation),
            4 => Self::Ancestor(expectation),
            5 => Self::OtherType(expectation),
            6 => Self::Cached(expectation),
            NEAR_MISS..NEAR_MISS_SIBLING => Self::NearMiss(expectation, near_miss(NEAR_MISS)?),
            _ => Self::NearMissSibling(expectation, near_miss(NEAR_MISS_SIBLING)?),
        })
    }
}

impl From<VerifyPurpose> for purpose::Purpose {
    fn from(purpose: VerifyPurpose) -> Self {
        let sampled = matches!(
            purpose,
            VerifyPurpose::Record(_) | VerifyPurpose::Target(_) | VerifyPurpose::Ancestor(_)
        );
        let (expectation, sort) = match purpose {
            VerifyPurpose::Record(expectation) => (expectation, 0),
            VerifyPurpose::Target(expectation) => (expectation, 1),
            VerifyPurpose::FoundTarget(expectation) => (expectation, 2),
            VerifyPurpose::Sibling(expectation) => (expectation, 3),
            VerifyPurpose::Ancestor(expectation) => (expectation, 4),
            VerifyPurpose::OtherType(expectation) => (expectation, 5),
            VerifyPurpose::Cached(expectation) => (expectation, 6),
            VerifyPurpose::NearMiss(expectation, kind) => (expectation, NEAR_MISS + kind as u32),
            VerifyPurpose::NearMissSibling(expectation, kind) => {
                (expectation, NEAR_MISS_SIBLING + kind as u32)
            }
        };
        // Plans are far smaller than that: a command line or a file gave them.
        debug_assert!(expectation < (u32::MAX / SORTS) as usize);
        Self::Job(Job { number: expectation as u32 * SORTS + sort, sampled })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purpose_comes_back_from_its_number_and_no_two_share_one() {
        let mut seen = std::collections::HashSet::new();
        for number in [0, 1, 2, 1000] {
            let simple = [
                VerifyPurpose::Record,
                VerifyPurpose::Target,
                VerifyPurpose::FoundTarget,
                VerifyPurpose::Sibling,
                VerifyPurpose::Ancestor,
                VerifyPurpose::OtherType,
                VerifyPurpose::Cached,
            ];
            let near = NearMiss::ALL.into_iter().flat_map(|kind| {
                [
                    VerifyPurpose::NearMiss(number, kind),
                    VerifyPurpose::NearMissSibling(number, kind),
                ]
            });
            for purpose in simple.into_iter().map(|make| make(number)).chain(near) {
                let of_probe = purpose::Purpose::from(purpose);
                assert_eq!(VerifyPurpose::of(of_probe), Some(purpose));
                assert!(seen.insert(of_probe), "{purpose:?}");
            }
        }
        let serial = purpose::Purpose::Baseline(purpose::Baseline::Serial);
        assert_eq!(VerifyPurpose::of(serial), None);
    }
}
