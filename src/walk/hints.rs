//! Where the descent begins: names and addresses of the root servers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::wire::{Class, NameBuf, RecordType, TextError, ZoneOptions, ZoneReader};

/// The root servers, as IANA publishes them (`named.root` of 2024-04-18).
const ROOT: [(u8, Ipv4Addr, Ipv6Addr); 13] = [
    (b'a', Ipv4Addr::new(198, 41, 0, 4), v6([0x2001, 0x503, 0xba3e, 0, 0, 0, 2, 0x30])),
    (b'b', Ipv4Addr::new(170, 247, 170, 2), v6([0x2801, 0x1b8, 0x10, 0, 0, 0, 0, 0xb])),
    (b'c', Ipv4Addr::new(192, 33, 4, 12), v6([0x2001, 0x500, 2, 0, 0, 0, 0, 0xc])),
    (b'd', Ipv4Addr::new(199, 7, 91, 13), v6([0x2001, 0x500, 0x2d, 0, 0, 0, 0, 0xd])),
    (b'e', Ipv4Addr::new(192, 203, 230, 10), v6([0x2001, 0x500, 0xa8, 0, 0, 0, 0, 0xe])),
    (b'f', Ipv4Addr::new(192, 5, 5, 241), v6([0x2001, 0x500, 0x2f, 0, 0, 0, 0, 0xf])),
    (b'g', Ipv4Addr::new(192, 112, 36, 4), v6([0x2001, 0x500, 0x12, 0, 0, 0, 0, 0xd0d])),
    (b'h', Ipv4Addr::new(198, 97, 190, 53), v6([0x2001, 0x500, 1, 0, 0, 0, 0, 0x53])),
    (b'i', Ipv4Addr::new(192, 36, 148, 17), v6([0x2001, 0x7fe, 0, 0, 0, 0, 0, 0x53])),
    (b'j', Ipv4Addr::new(192, 58, 128, 30), v6([0x2001, 0x503, 0xc27, 0, 0, 0, 2, 0x30])),
    (b'k', Ipv4Addr::new(193, 0, 14, 129), v6([0x2001, 0x7fd, 0, 0, 0, 0, 0, 1])),
    (b'l', Ipv4Addr::new(199, 7, 83, 42), v6([0x2001, 0x500, 0x9f, 0, 0, 0, 0, 0x42])),
    (b'm', Ipv4Addr::new(202, 12, 27, 33), v6([0x2001, 0xdc3, 0, 0, 0, 0, 0, 0x35])),
];

const fn v6(s: [u16; 8]) -> Ipv6Addr {
    Ipv6Addr::new(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7])
}

/// Names and addresses of the root servers; there is at least one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hints {
    servers: Vec<(NameBuf, Vec<IpAddr>)>,
}

/// Why a text gives no root hints.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HintsError {
    /// An entry cannot be read.
    #[error("{0}")]
    Text(#[from] TextError),
    /// No server of the root has an address in it.
    #[error(
        "no root server with an address: root hints need the NS records of '.' and the A or AAAA \
         records of their targets"
    )]
    Empty,
}

impl Hints {
    /// The thirteen root servers of the Internet.
    pub fn built_in() -> Self {
        let servers = ROOT.into_iter().map(|(letter, v4, v6)| {
            let name = format!("{}.root-servers.net", char::from(letter)).parse();
            // Letters and dots always are a name.
            (name.unwrap_or(NameBuf::root()), vec![IpAddr::V4(v4), IpAddr::V6(v6)])
        });
        Self { servers: servers.collect() }
    }

    /// Reads a root hints file (master file format, as `named.root` is).
    ///
    /// # Errors
    /// [`HintsError`]: an entry that cannot be read, with its line, or no address at all.
    pub fn from_text(text: &[u8]) -> Result<Self, HintsError> {
        // Hints do not expire, so an entry without a TTL is no mistake.
        let options = ZoneOptions { ttl: Some(3_600_000), ..ZoneOptions::default() };
        let mut records = ZoneReader::new(text, &options).collect::<Result<Vec<_>, _>>()?;
        records.retain(|record| record.class == Class::IN);
        let mut servers: Vec<(NameBuf, Vec<IpAddr>)> = Vec::new();
        for record in &records {
            if record.rtype == RecordType::NS
                && record.name.is_root()
                && let Some(name) = record.data().target().map(|target| target.to_buf())
                && servers.iter().all(|(known, _)| *known != name)
            {
                servers.push((name, Vec::new()));
            }
        }
        for record in &records {
            if let Some(ip) = record.data().address()
                && let Some((_, addresses)) = servers.iter_mut().find(|(n, _)| *n == record.name)
                && !addresses.contains(&ip)
            {
                addresses.push(ip);
            }
        }
        if servers.iter().all(|(_, addresses)| addresses.is_empty()) {
            return Err(HintsError::Empty);
        }
        Ok(Self { servers })
    }

    /// The servers, each with its addresses.
    pub fn servers(&self) -> impl Iterator<Item = (&NameBuf, &[IpAddr])> {
        self.servers.iter().map(|(name, addresses)| (name, addresses.as_slice()))
    }

    /// Whether the root is on this machine.
    pub(super) fn on_loopback(&self) -> bool {
        self.servers.iter().flat_map(|(_, addresses)| addresses).any(IpAddr::is_loopback)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_hints_are_thirteen_servers_with_two_addresses_each() {
        let hints = Hints::built_in();
        let mut all: Vec<IpAddr> = Vec::new();
        for (name, addresses) in hints.servers() {
            assert!(name.to_string().ends_with(".root-servers.net."), "{name}");
            assert_eq!(addresses.len(), 2);
            all.extend(addresses);
        }
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 26);
        assert!(!hints.on_loopback());
    }

    #[test]
    fn a_hints_file_is_read() {
        let text = b"; comment\n. 3600000 NS A.ROOT.\nA.ROOT. 3600000 A 127.0.0.1\n\
            A.ROOT. AAAA ::1\n. NS b.root.\nother. A 192.0.2.1\n";
        let hints = Hints::from_text(text).unwrap();
        let servers: Vec<_> = hints.servers().collect();
        assert_eq!(servers.len(), 2);
        assert_eq!(servers[0].1.len(), 2);
        assert!(servers[1].1.is_empty());
        assert!(hints.on_loopback());
    }

    #[test]
    fn a_root_of_another_class_is_not_ours() {
        let text = ". NS a.root.\na.root. A 192.0.2.1\n. CH NS b.root.\nb.root. IN A 192.0.2.2\n";
        let hints = Hints::from_text(text.as_bytes()).unwrap();
        assert_eq!(hints.servers().count(), 1);
    }

    #[test]
    fn a_file_without_an_address_of_a_root_server_is_refused() {
        assert_eq!(Hints::from_text(b"a. A 192.0.2.1\n"), Err(HintsError::Empty));
        assert_eq!(Hints::from_text(b". 1 NS a.\n"), Err(HintsError::Empty));
        assert!(matches!(Hints::from_text(b". 1 NS\n"), Err(HintsError::Text(e)) if e.line == 1));
    }
}
