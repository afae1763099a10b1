//! Prefixes of addresses, and the names that hold the PTR records of addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::wire::NameBuf;

/// A prefix stands for no more addresses than this: those of an IPv4 /8, or of an IPv6 /104.
pub const MOST_ADDRESSES: u64 = 1 << 24;

/// A run of addresses that share their first bits, at most [`MOST_ADDRESSES`] of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefix {
    first: IpAddr,
    count: u64,
}

/// Why a prefix cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrefixError {
    /// Behind the slash is no length of a prefix.
    #[error("invalid prefix length (0 to {0}) after the slash")]
    Length(u8),
    /// Bits are set behind the prefix.
    #[error("bits are set beyond the prefix length; write {0}/{1} for the prefix, or {2} alone")]
    HostBits(IpAddr, u8, IpAddr),
    /// More than [`MOST_ADDRESSES`].
    #[error("the prefix has more than {MOST_ADDRESSES} addresses; the shortest allowed is /{0}")]
    TooShort(u8),
}

impl Prefix {
    /// Takes an address and a length; `None` if what is before the slash is no address.
    ///
    /// # Errors
    /// The length is out of range or too short, or bits are set behind it.
    pub fn parse(text: &str) -> Option<Result<Self, PrefixError>> {
        let (address, length) = text.split_once('/')?;
        let bare = address.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        let address: IpAddr = match bare {
            Some(bare) => IpAddr::V6(bare.parse().ok()?),
            None => address.parse().ok()?,
        };
        Some(Self::new(address, length))
    }

    fn new(address: IpAddr, length: &str) -> Result<Self, PrefixError> {
        let (width, bits) = match address {
            IpAddr::V4(v4) => (32u8, u128::from(v4.to_bits())),
            IpAddr::V6(v6) => (128, v6.to_bits()),
        };
        let digits = (1..=3).contains(&length.len()) && length.bytes().all(|o| o.is_ascii_digit());
        let length = length.parse().ok().filter(|length| digits && *length <= width);
        let length: u8 = length.ok_or(PrefixError::Length(width))?;
        let free = width - length;
        let behind = u128::MAX.checked_shr(u32::from(128 - free)).unwrap_or(0);
        if bits & behind != 0 {
            let first = match address {
                IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & !(behind as u32)).into(),
                IpAddr::V6(_) => Ipv6Addr::from_bits(bits & !behind).into(),
            };
            return Err(PrefixError::HostBits(first, length, address));
        }
        let most = MOST_ADDRESSES.ilog2() as u8;
        if free > most {
            return Err(PrefixError::TooShort(width - most));
        }
        Ok(Self { first: address, count: 1 << free })
    }

    /// How many addresses there are: 1 to [`MOST_ADDRESSES`].
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The addresses, from the lowest on.
    pub fn addresses(self) -> impl Iterator<Item = IpAddr> {
        // The lowest has zeros behind the prefix, so nothing is carried into it.
        (0..self.count).map(move |offset| match self.first {
            IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() | offset as u32).into(),
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() | u128::from(offset)).into(),
        })
    }
}

/// Appends the name that holds the PTR records of an address, in wire form (RFC 1035 §3.5, RFC 3596
/// §2.5).
pub fn write_reverse(address: IpAddr, names: &mut Vec<u8>) {
    match address {
        IpAddr::V4(v4) => {
            for octet in v4.octets().into_iter().rev() {
                let digits = [octet / 100, octet / 10 % 10, octet % 10].map(|digit| b'0' + digit);
                let skip = usize::from(octet < 100) + usize::from(octet < 10);
                names.push((3 - skip) as u8);
                names.extend_from_slice(&digits[skip..]);
            }
            names.extend_from_slice(b"\x07in-addr\x04arpa\0");
        }
        IpAddr::V6(v6) => {
            for octet in v6.octets().into_iter().rev() {
                for nibble in [octet & 15, octet >> 4] {
                    names.extend([1, b"0123456789abcdef"[usize::from(nibble)]]);
                }
            }
            names.extend_from_slice(b"\x03ip6\x04arpa\0");
        }
    }
}

/// The name that holds the PTR records of an address.
pub fn reverse_name_of(address: IpAddr) -> Option<NameBuf> {
    let mut name = Vec::with_capacity(80);
    write_reverse(address, &mut name);
    NameBuf::from_wire(&name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_of_both_families_are_their_addresses() {
        for (text, count, first, last) in [
            ("192.0.2.0/24", 256, "192.0.2.0", "192.0.2.255"),
            ("192.0.2.1/32", 1, "192.0.2.1", "192.0.2.1"),
            ("10.0.0.0/8", 1 << 24, "10.0.0.0", "10.255.255.255"),
            ("2001:db8::/120", 256, "2001:db8::", "2001:db8::ff"),
            ("[2001:db8::10]/127", 2, "2001:db8::10", "2001:db8::11"),
            ("::/128", 1, "::", "::"),
        ] {
            let prefix = Prefix::parse(text).unwrap().unwrap();
            assert_eq!(prefix.count(), count, "{text}");
            let ends = [prefix.addresses().next(), prefix.addresses().last()];
            assert_eq!(ends.map(|end| end.unwrap().to_string()), [first, last]);
        }
    }

    #[test]
    fn a_prefix_that_cannot_be_taken_says_why() {
        for (text, why) in [
            ("192.0.2.0/33", "invalid prefix length (0 to 32)"),
            ("192.0.2.0/", "invalid prefix length"),
            ("192.0.2.0/+8", "invalid prefix length"),
            ("192.0.2.0/255.255.255.0", "invalid prefix length"),
            ("2001:db8::/129", "invalid prefix length (0 to 128)"),
            ("192.0.2.77/26", "write 192.0.2.64/26 for the prefix, or 192.0.2.77 alone"),
            ("2001:db8::1/64", "write 2001:db8::/64 for the prefix"),
            ("0.0.0.0/0", "the shortest allowed is /8"),
            ("::/0", "the shortest allowed is /104"),
            ("2001:db8::/64", "the shortest allowed is /104"),
        ] {
            let error = Prefix::parse(text).unwrap().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
        assert_eq!(Prefix::parse("example.org/24"), None);
    }
}
