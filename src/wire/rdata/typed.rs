//! The RDATA of the types that the rest of the program looks into, as values.

use std::net::IpAddr;

use super::super::name::Name;
use super::super::registry::{Class, RecordType};
use super::reader::Reader;

/// An RDATA with its type, to be read as a value. Every reader gives `None` for another type and
/// for an RDATA that does not fit its type; [`Record::check`](crate::wire::Record::check) says which.
///
/// ```
/// use dnsonde::wire::{NameBuf, RecordBuf};
///
/// let record = RecordBuf::from_text(b"example.org. MX 10 mx", &NameBuf::root(), 60).unwrap();
/// let mx = record.data().mx().unwrap();
/// assert_eq!((mx.preference, mx.exchange.to_string().as_str()), (10, "mx."));
/// assert!(record.data().soa().is_none());
/// ```
#[derive(Clone)]
pub struct Rdata<'a> {
    rtype: RecordType,
    class: Class,
    reader: Reader<'a>,
}

/// SOA (RFC 1035 §3.3.13); all times in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Soa<'a> {
    /// The primary name server.
    pub mname: Name<'a>,
    /// The mailbox of who is responsible.
    pub rname: Name<'a>,
    /// Version of the zone.
    pub serial: u32,
    /// Between refreshes.
    pub refresh: u32,
    /// Between retries of a refresh.
    pub retry: u32,
    /// Until a secondary's copy expires.
    pub expire: u32,
    /// How long negative answers are cached (RFC 2308 §4).
    pub minimum: u32,
}

/// MX (RFC 1035 §3.3.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mx<'a> {
    /// Lower is preferred.
    pub preference: u16,
    /// The mail server.
    pub exchange: Name<'a>,
}

/// RRSIG (RFC 4034 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rrsig<'a> {
    /// Type of the records that are signed.
    pub type_covered: RecordType,
    /// DNSSEC algorithm.
    pub algorithm: u8,
    /// Labels of the owner, without root and wildcard.
    pub labels: u8,
    /// The TTL that was signed.
    pub original_ttl: u32,
    /// End, in seconds since 1970 modulo 2^32.
    pub expiration: u32,
    /// Beginning, in seconds since 1970 modulo 2^32.
    pub inception: u32,
    /// Tag of the key.
    pub key_tag: u16,
    /// The zone.
    pub signer: Name<'a>,
    /// The signature.
    pub signature: &'a [u8],
}

/// DS and CDS (RFC 4034 §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ds<'a> {
    /// Tag of the key.
    pub key_tag: u16,
    /// DNSSEC algorithm of the key.
    pub algorithm: u8,
    /// How the digest was made.
    pub digest_type: u8,
    /// The digest.
    pub digest: &'a [u8],
}

/// DNSKEY and CDNSKEY (RFC 4034 §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dnskey<'a> {
    /// 0x0100 zone key, 0x0001 secure entry point.
    pub flags: u16,
    /// Always 3.
    pub protocol: u8,
    /// DNSSEC algorithm.
    pub algorithm: u8,
    /// The public key.
    pub public_key: &'a [u8],
}

impl Dnskey<'_> {
    /// The tag that RRSIG and DS records name the key by (RFC 4034 §B).
    pub fn tag(&self) -> u16 {
        let key = self.public_key;
        if self.algorithm == 1 {
            // RSA/MD5: the last but one two octets of the modulus (RFC 4034 §B.1).
            return match key {
                [.., high, low, _] => u16::from_be_bytes([*high, *low]),
                _ => 0,
            };
        }
        let head =
            [u32::from(self.flags), u32::from(self.protocol) << 8 | u32::from(self.algorithm)];
        let words = key.chunks(2).map(|pair| {
            u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or_default())
        });
        // A key has fewer than 2^16 octets, so the sum has fewer than 32 bits.
        let sum: u32 = head.into_iter().chain(words).sum();
        (sum + (sum >> 16)) as u16
    }
}

/// Iterator over the strings of a TXT record.
#[derive(Clone)]
pub struct Strings<'a> {
    reader: Reader<'a>,
}

impl<'a> Iterator for Strings<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        // The strings were checked when this was made.
        if self.reader.is_empty() { None } else { self.reader.string().ok() }
    }
}

impl<'a> Rdata<'a> {
    #[inline]
    pub(crate) fn new(rtype: RecordType, class: Class, reader: Reader<'a>) -> Self {
        Self { rtype, class, reader }
    }

    /// An RDATA without a message around it: no name in it is compressed.
    pub(crate) fn alone(rtype: RecordType, class: Class, rdata: &'a [u8]) -> Self {
        Self::new(rtype, class, Reader::alone(rdata))
    }

    fn reader(&self, types: &[RecordType]) -> Option<Reader<'a>> {
        types.contains(&self.rtype).then(|| self.reader.clone())
    }

    /// Whether the RDATA fits its type, where that is seen without writing its text. `false` says
    /// nothing: most types have no other check than to be written.
    #[inline]
    pub(crate) fn is_sound(&self) -> bool {
        use RecordType as T;
        match self.rtype {
            T::A | T::AAAA => self.address().is_some(),
            T::NS | T::CNAME | T::PTR | T::DNAME => self.target().is_some(),
            T::TXT | T::SPF => self.strings().is_some(),
            T::MX => self.mx().is_some(),
            T::SOA => self.soa().is_some(),
            T::DS | T::CDS => self.ds().is_some(),
            T::RRSIG => self.rrsig().is_some(),
            T::DNSKEY | T::CDNSKEY => self.dnskey().is_some(),
            T::OPT => true,
            _ => false,
        }
    }

    /// The address of an A or AAAA record of the class IN.
    pub fn address(&self) -> Option<IpAddr> {
        let mut reader = self.reader(&[RecordType::A, RecordType::AAAA])?;
        if self.class != Class::IN {
            return None;
        }
        let address = if self.rtype == RecordType::A {
            IpAddr::from(reader.array::<4>().ok()?)
        } else {
            IpAddr::from(reader.array::<16>().ok()?)
        };
        whole(address, &reader)
    }

    /// What a NS, CNAME, PTR or DNAME record points to.
    pub fn target(&self) -> Option<Name<'a>> {
        use RecordType as T;
        let mut reader = self.reader(&[T::NS, T::CNAME, T::PTR, T::DNAME])?;
        let name = reader.name(self.rtype != T::DNAME).ok()?;
        whole(name, &reader)
    }

    /// The fields of a SOA record.
    pub fn soa(&self) -> Option<Soa<'a>> {
        let mut reader = self.reader(&[RecordType::SOA])?;
        let soa = Soa {
            mname: reader.name(true).ok()?,
            rname: reader.name(true).ok()?,
            serial: reader.u32().ok()?,
            refresh: reader.u32().ok()?,
            retry: reader.u32().ok()?,
            expire: reader.u32().ok()?,
            minimum: reader.u32().ok()?,
        };
        whole(soa, &reader)
    }

    /// The fields of an MX record.
    pub fn mx(&self) -> Option<Mx<'a>> {
        let mut reader = self.reader(&[RecordType::MX])?;
        let mx = Mx { preference: reader.u16().ok()?, exchange: reader.name(true).ok()? };
        whole(mx, &reader)
    }

    /// The strings of a TXT or SPF record; there is always at least one.
    pub fn strings(&self) -> Option<Strings<'a>> {
        let reader = self.reader(&[RecordType::TXT, RecordType::SPF])?;
        let mut check = reader.clone();
        check.string().ok()?;
        while !check.is_empty() {
            check.string().ok()?;
        }
        Some(Strings { reader })
    }

    /// The fields of an RRSIG record.
    pub fn rrsig(&self) -> Option<Rrsig<'a>> {
        let mut reader = self.reader(&[RecordType::RRSIG])?;
        Some(Rrsig {
            type_covered: RecordType(reader.u16().ok()?),
            algorithm: reader.u8().ok()?,
            labels: reader.u8().ok()?,
            original_ttl: reader.u32().ok()?,
            expiration: reader.u32().ok()?,
            inception: reader.u32().ok()?,
            key_tag: reader.u16().ok()?,
            signer: reader.name(false).ok()?,
            signature: reader.rest(),
        })
    }

    /// The fields of a DS or CDS record.
    pub fn ds(&self) -> Option<Ds<'a>> {
        let mut reader = self.reader(&[RecordType::DS, RecordType::CDS])?;
        Some(Ds {
            key_tag: reader.u16().ok()?,
            algorithm: reader.u8().ok()?,
            digest_type: reader.u8().ok()?,
            digest: reader.rest(),
        })
    }

    /// The fields of a DNSKEY or CDNSKEY record.
    pub fn dnskey(&self) -> Option<Dnskey<'a>> {
        let mut reader = self.reader(&[RecordType::DNSKEY, RecordType::CDNSKEY])?;
        Some(Dnskey {
            flags: reader.u16().ok()?,
            protocol: reader.u8().ok()?,
            algorithm: reader.u8().ok()?,
            public_key: reader.rest(),
        })
    }
}

/// The value, if nothing is left behind it.
fn whole<T>(value: T, reader: &Reader<'_>) -> Option<T> {
    reader.is_empty().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{NameBuf, RecordBuf};

    fn record(text: &str) -> RecordBuf {
        RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 60).unwrap()
    }

    #[test]
    fn values_are_read_from_their_types_only() {
        assert_eq!(record("a. A 192.0.2.1").data().address(), "192.0.2.1".parse().ok());
        assert_eq!(record("a. AAAA ::1").data().address(), "::1".parse().ok());
        assert_eq!(record("a. CH A b. 1").data().address(), None);
        assert_eq!(record("a. TXT x").data().address(), None);
        for text in ["a. NS b.", "a. CNAME b.", "a. PTR b.", "a. DNAME b."] {
            assert_eq!(record(text).data().target().unwrap().to_string(), "b.");
        }
        let soa = record("a. SOA b. c. 1 2 3 4 5");
        let soa = soa.data().soa().unwrap();
        assert_eq!((soa.serial, soa.minimum, soa.rname.to_string()), (1, 5, "c.".to_owned()));
        let txt = record("a. TXT x \"\" yz");
        let strings: Vec<&[u8]> = txt.data().strings().unwrap().collect();
        assert_eq!(strings, [&b"x"[..], b"", b"yz"]);
        let rrsig = record("a. RRSIG A 8 2 60 20300101000000 20200101000000 7 a. aaaa");
        let rrsig = rrsig.data().rrsig().unwrap();
        assert_eq!(
            (rrsig.type_covered, rrsig.key_tag, rrsig.signature.len()),
            (RecordType::A, 7, 3)
        );
        let ds = record("a. DS 1 8 2 aabb");
        assert_eq!(ds.data().ds().unwrap().digest, [0xAA, 0xBB]);
    }

    #[test]
    fn an_rdata_that_does_not_fit_gives_no_value() {
        let broken = |rtype, rdata: &[u8]| RecordBuf {
            name: NameBuf::root(),
            ttl: 0,
            class: Class::IN,
            rtype,
            rdata: rdata.to_vec(),
        };
        assert_eq!(broken(RecordType::A, b"abcde").data().address(), None);
        assert_eq!(broken(RecordType::NS, b"\x01a\x00x").data().target(), None);
        assert_eq!(broken(RecordType::MX, b"\x00").data().mx(), None);
        assert!(broken(RecordType::TXT, b"").data().strings().is_none());
        assert!(broken(RecordType::TXT, b"\x01a\x05b").data().strings().is_none());
    }

    #[test]
    fn the_tag_of_the_root_key_of_2017_is_20326() {
        let key = "AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOLA\
            Jr5emLvN7SWXgnLh4+B5xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF\
            0jLHwVN8efS3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTId\
            sIXxuOLYA4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV7\
            4bU=";
        let record = record(&format!(". DNSKEY 257 3 8 {key}"));
        assert_eq!(record.data().dnskey().unwrap().tag(), 20326);
    }
}
