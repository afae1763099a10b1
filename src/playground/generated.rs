//! Records that follow from the name that is asked for, so that whoever asks knows what the response
//! must be, however many names there are.
//!
//! In a [`Zone`](super::zone::Zone) that has them, every name exists unless its first label says
//! otherwise:
//!
//! | first label | what is there |
//! |---|---|
//! | `missing-…` | nothing: NXDOMAIN |
//! | `empty-…` | a name without records: NOERROR and an empty response |
//! | `chainN-REST` | a CNAME to `chain(N-1)-REST`, and from `chain1-REST` to `REST` (N from 1 to 9) |
//! | `large-…` | 120 A records, an AAAA record, and a TXT record with 16 strings of 200 octets: too much for a usual UDP response |
//! | anything else | one A, one AAAA and one TXT record |
//!
//! The data follow from a hash of the lower-cased name.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::dice::hash;
use crate::wire::{Class, NameBuf, RecordBuf, RecordType};

/// What the apex of such a zone has.
pub const APEX: &str = "@ SOA ns1 hostmaster 1 3600 600 86400 300\n@ NS ns1\n";

/// TTL of every record, in seconds.
const TTL: u32 = 300;
/// A records at a `large-…` name.
pub const LARGE_ADDRESSES: u32 = 120;
/// TXT strings at a `large-…` name, and the octets of each.
const LARGE_STRINGS: (u64, usize) = (16, 200);

/// The records at a name; `None` if it does not exist.
pub(super) fn records(name: &NameBuf) -> Option<Vec<RecordBuf>> {
    let label = name.labels().next()?;
    if starts_with(label, b"missing-") {
        return None;
    }
    if starts_with(label, b"empty-") {
        return Some(Vec::new());
    }
    let record = |rtype, rdata| RecordBuf { name: *name, ttl: TTL, class: Class::IN, rtype, rdata };
    if let Some(target) = chain_target(name, label) {
        return Some(vec![record(RecordType::CNAME, target.as_wire().to_vec())]);
    }
    let (addresses, (strings, width)) =
        if starts_with(label, b"large-") { (LARGE_ADDRESSES, LARGE_STRINGS) } else { (1, (1, 16)) };
    let hash = hash(name);
    // Within 10.0.0.0/8 and 2001:db8::/64.
    let mut records: Vec<RecordBuf> = (0..addresses)
        .map(|i| Ipv4Addr::from(0x0A00_0000 | (hash as u32).wrapping_add(i) & 0x00FF_FFFF))
        .map(|address| record(RecordType::A, address.octets().to_vec()))
        .collect();
    let address = Ipv6Addr::from(0x2001_0DB8_u128 << 96 | u128::from(hash));
    records.push(record(RecordType::AAAA, address.octets().to_vec()));
    let mut text = Vec::new();
    for i in 0..strings {
        text.push(width as u8);
        text.extend_from_slice(format!("{:0width$x}", hash.wrapping_add(i)).as_bytes());
    }
    records.push(record(RecordType::TXT, text));
    Some(records)
}

fn starts_with(label: &[u8], prefix: &[u8]) -> bool {
    label.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

/// Where `chainN-REST` points to. Every target is shorter than its alias or has a lower number, so
/// a chain ends.
fn chain_target(name: &NameBuf, label: &[u8]) -> Option<NameBuf> {
    let (head, rest) = label.split_at_checked(7)?;
    let digit = head[5];
    if !starts_with(head, b"chain") || !matches!(digit, b'1'..=b'9') || head[6] != b'-' {
        return None;
    }
    let parent = name.parent()?;
    if digit == b'1' {
        return parent.prepend(rest).ok();
    }
    let mut target = label.to_vec();
    target[5] -= 1;
    parent.prepend(&target).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The types of the records at a name, each once, and where an alias leads.
    fn at(name: &str) -> Option<(Vec<RecordType>, Option<String>)> {
        let records = records(&name.parse().unwrap())?;
        let target = records.iter().find_map(|it| Some(it.data().target()?.to_buf().to_string()));
        let mut types: Vec<RecordType> = records.iter().map(|record| record.rtype).collect();
        types.dedup();
        Some((types, target))
    }

    #[test]
    fn the_first_label_says_what_is_there() {
        let host = || Some((vec![RecordType::A, RecordType::AAAA, RecordType::TXT], None));
        let cname = |to: &str| Some((vec![RecordType::CNAME], Some(to.to_owned())));
        for (text, there) in [
            ("www.demo.test", host()),
            ("MISSING-1.demo.test", None),
            ("empty-1.demo.test", Some((vec![], None))),
            ("large-1.a.demo.test", host()),
            ("chain2-www.demo.test", cname("chain1-www.demo.test.")),
            ("chain1-www.demo.test", cname("www.demo.test.")),
            ("chain1-.demo.test", host()),
            ("chain0-www.demo.test", host()),
        ] {
            assert_eq!(at(text), there, "{text}");
        }
    }

    #[test]
    fn data_follow_from_the_name_without_its_case() {
        let data = |name: &str| -> Vec<Vec<u8>> {
            let records = records(&name.parse().unwrap()).unwrap();
            records.into_iter().map(|record| record.rdata).collect()
        };
        let host = data("www.demo.test");
        assert_eq!(host, data("WWW.Demo.Test"));
        assert!(host.iter().zip(data("www2.demo.test")).all(|(one, other)| *one != other));
        let large = data("large-1.demo.test");
        assert_eq!((large.len(), large.last().unwrap().len()), (122, 16 * 201));
    }
}
