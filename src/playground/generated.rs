//! A zone whose content is computed from the names that are asked for.
//!
//! Below the origin every name exists unless its first label says otherwise:
//!
//! | first label | what is there |
//! |---|---|
//! | `missing-…` | nothing: NXDOMAIN |
//! | `empty-…` | a name without records: NOERROR and an empty answer |
//! | `chainN-REST` | a CNAME to `chain(N-1)-REST`, and from `chain1-REST` to `REST` (N from 1 to 9) |
//! | `large-…` | 120 A records, or 16 TXT strings of 200 octets: too much for a usual UDP answer |
//! | anything else | one A, one AAAA and one TXT record |
//!
//! The data follow from a hash of the lower-cased name; [`Zone::a`], [`Zone::aaaa`] and
//! [`Zone::txt`] give what a right answer holds.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::dice::hash;
use crate::wire::NameBuf;

/// The origin of the zone that [`Zone::demo`] gives.
pub const DEMO_ORIGIN: &str = "demo.test.";

/// TTL of every record, in seconds.
pub const TTL: u32 = 300;

/// A records at a `large-…` name.
pub const LARGE_ADDRESSES: u32 = 120;
/// TXT strings at a `large-…` name.
pub const LARGE_STRINGS: usize = 16;

/// A zone of generated names.
#[derive(Debug, Clone)]
pub struct Zone {
    origin: NameBuf,
}

/// What stands at a name.
#[expect(clippy::large_enum_variant, reason = "one lives at a time, on the stack")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// The name is not in this zone.
    Outside,
    /// The origin: SOA and NS.
    Apex,
    /// There is no such name.
    Missing,
    /// The name exists and has no records.
    Empty,
    /// A CNAME to this name.
    Alias(NameBuf),
    /// Many records.
    Large,
    /// One record of each of the types A, AAAA and TXT.
    Host,
}

impl Zone {
    /// A zone with this origin.
    pub const fn new(origin: NameBuf) -> Self {
        Self { origin }
    }

    /// The zone `demo.test.`
    ///
    /// # Panics
    /// Never: the origin is a constant.
    pub fn demo() -> Self {
        Self::new(DEMO_ORIGIN.parse().expect("a well-formed constant"))
    }

    /// The origin.
    pub const fn origin(&self) -> &NameBuf {
        &self.origin
    }

    /// What stands at `name`.
    pub fn node(&self, name: &NameBuf) -> Node {
        if !name.is_at_or_below(&self.origin) {
            return Node::Outside;
        }
        if *name == self.origin {
            return Node::Apex;
        }
        let Some(label) = name.labels().next() else { return Node::Outside };
        if starts_with(label, b"missing-") {
            Node::Missing
        } else if starts_with(label, b"empty-") {
            Node::Empty
        } else if starts_with(label, b"large-") {
            Node::Large
        } else {
            chain_target(name, label).map_or(Node::Host, Node::Alias)
        }
    }

    /// The name at the end of the chain of CNAMEs that begins at `name`, and what stands there.
    pub fn resolve(&self, name: &NameBuf) -> (NameBuf, Node) {
        let mut name = *name;
        loop {
            match self.node(&name) {
                // Every target is shorter than its alias or has a lower number: the loop ends.
                Node::Alias(target) => name = target,
                node => return (name, node),
            }
        }
    }

    /// The addresses in a right answer for `name` and A, in their order; CNAMEs are followed.
    pub fn a(&self, name: &NameBuf) -> Vec<Ipv4Addr> {
        let (name, node) = self.resolve(name);
        addresses(&name, &node).collect()
    }

    /// The addresses in a right answer for `name` and AAAA; CNAMEs are followed.
    pub fn aaaa(&self, name: &NameBuf) -> Vec<Ipv6Addr> {
        let (name, node) = self.resolve(name);
        if has_records(&node) { vec![address6(&name)] } else { Vec::new() }
    }

    /// The strings of the one TXT record in a right answer for `name`; CNAMEs are followed.
    pub fn txt(&self, name: &NameBuf) -> Vec<String> {
        let (name, node) = self.resolve(name);
        strings(&name, &node).collect()
    }
}

pub(super) fn has_records(node: &Node) -> bool {
    matches!(node, Node::Host | Node::Large)
}

/// The IPv4 addresses at a name that is no alias, all within 10.0.0.0/8.
pub(super) fn addresses(name: &NameBuf, node: &Node) -> impl Iterator<Item = Ipv4Addr> + use<> {
    let count = match node {
        Node::Host => 1,
        Node::Large => LARGE_ADDRESSES,
        _ => 0,
    };
    let first = hash(name) as u32;
    (0..count).map(move |i| Ipv4Addr::from(0x0A00_0000 | first.wrapping_add(i) & 0x00FF_FFFF))
}

/// The IPv6 address at a name that is no alias, within 2001:db8::/64.
pub(super) fn address6(name: &NameBuf) -> Ipv6Addr {
    Ipv6Addr::from(0x2001_0DB8_u128 << 96 | u128::from(hash(name)))
}

/// The strings of the TXT record at a name that is no alias.
pub(super) fn strings(name: &NameBuf, node: &Node) -> impl Iterator<Item = String> + use<> {
    let (count, width) = match node {
        Node::Host => (1, 16),
        Node::Large => (LARGE_STRINGS, 200),
        _ => (0, 0),
    };
    let first = hash(name);
    (0..count).map(move |i| format!("{:0width$x}", first.wrapping_add(i as u64)))
}

fn starts_with(label: &[u8], prefix: &[u8]) -> bool {
    label.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

/// Where `chainN-REST` points to.
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

    fn name(text: &str) -> NameBuf {
        text.parse().unwrap()
    }

    #[test]
    fn the_first_label_says_what_is_there() {
        let zone = Zone::demo();
        for (text, node) in [
            ("demo.test", Node::Apex),
            ("test", Node::Outside),
            ("ademo.test", Node::Outside),
            ("www.demo.test", Node::Host),
            ("MISSING-1.demo.test", Node::Missing),
            ("empty-1.demo.test", Node::Empty),
            ("large-1.a.demo.test", Node::Large),
            ("chain2-www.demo.test", Node::Alias(name("chain1-www.demo.test"))),
            ("chain1-www.demo.test", Node::Alias(name("www.demo.test"))),
            ("chain1-.demo.test", Node::Host),
            ("chain0-www.demo.test", Node::Host),
        ] {
            assert_eq!(zone.node(&name(text)), node, "{text}");
        }
    }

    #[test]
    fn data_follow_from_the_name_without_its_case_and_through_aliases() {
        let zone = Zone::demo();
        let host = name("www.demo.test");
        assert_eq!(zone.a(&host).len(), 1);
        assert_eq!(zone.a(&host), zone.a(&name("WWW.Demo.Test")));
        assert_eq!(zone.a(&host), zone.a(&name("chain9-www.demo.test")));
        assert_ne!(zone.a(&host), zone.a(&name("www2.demo.test")));
        assert_eq!(zone.a(&name("large-1.demo.test")).len(), LARGE_ADDRESSES as usize);
        assert!(zone.a(&name("missing-1.demo.test")).is_empty());
        assert!(zone.txt(&name("chain1-missing-1.demo.test")).is_empty());
    }
}
