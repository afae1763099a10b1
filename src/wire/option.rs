//! What an EDNS option says, and its text.

use super::name::{Name, write_labels};
use super::registry::{EdeCode, OptionCode, RecordType};
use super::show;

/// The value of an EDNS option, read by its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionValue<'a> {
    /// A long-lived query (RFC 8764 §3.2).
    Llq {
        /// Version of the protocol.
        version: u16,
        /// 1 setup, 2 refresh, 3 event.
        opcode: u16,
        /// Error code.
        error: u16,
        /// Identifier of the query.
        id: u64,
        /// Lease in seconds.
        lease: u32,
    },
    /// The lease of a dynamic update (RFC 9664 §4), in seconds.
    UpdateLease {
        /// For all records, KEY records aside if they have a lease of their own.
        lease: u32,
        /// For KEY records.
        key_lease: Option<u32>,
    },
    /// The server's identifier, any octets (RFC 5001).
    Nsid(&'a [u8]),
    /// The algorithms that the sender understands, one an octet (RFC 6975).
    Algorithms(&'a [u8]),
    /// The network that an answer is for (RFC 7871 §6).
    ClientSubnet {
        /// 1 IPv4, 2 IPv6.
        family: u16,
        /// Bits of the address that the question was for.
        source_prefix: u8,
        /// Bits of the address that the answer is for; 0 in a query.
        scope_prefix: u8,
        /// The first octets of the address, as many as `source_prefix` needs.
        address: &'a [u8],
    },
    /// Seconds until a secondary's copy of the zone expires; nothing in a query (RFC 7314).
    Expire(Option<u32>),
    /// A cookie (RFC 7873 §4).
    Cookie {
        /// The client's eight octets.
        client: [u8; 8],
        /// The server's 8 to 32 octets, or none.
        server: &'a [u8],
    },
    /// How long an idle connection is kept, in units of 100 ms; nothing in a query (RFC 7828).
    Keepalive(Option<u16>),
    /// Octets without a meaning (RFC 7830).
    Padding(&'a [u8]),
    /// The closest trust point of a chain query (RFC 7901 §4).
    Chain(Name<'a>),
    /// The tags of the trust anchors that the sender has, two octets each (RFC 8145 §4).
    KeyTags(&'a [u8]),
    /// An extended error (RFC 8914).
    ExtendedError {
        /// The code.
        code: EdeCode,
        /// Text for people, in UTF-8 if its sender keeps the rules.
        text: &'a [u8],
    },
    /// An opaque tag of the client or the server.
    Tag(u16),
    /// The agent that wants reports of errors (RFC 9567 §5).
    ReportChannel(Name<'a>),
    /// The version of the zone (RFC 9660 §3); nothing in a query.
    ZoneVersion(Option<ZoneVersion<'a>>),
    /// More types that the question is for.
    Types(&'a [u8]),
    /// An option without a format that is known here.
    Opaque(&'a [u8]),
}

/// The version of a zone (RFC 9660 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZoneVersion<'a> {
    /// Labels of the name of the zone.
    pub labels: u8,
    /// 0: the serial of its SOA record.
    pub kind: u8,
    /// The version itself.
    pub version: &'a [u8],
}

impl<'a> OptionValue<'a> {
    /// Reads the value of an option.
    ///
    /// # Errors
    /// Says in a sentence why the value does not fit its code.
    pub fn parse(code: OptionCode, value: &'a [u8]) -> Result<Self, &'static str> {
        use OptionCode as C;
        let parsed = match code {
            C::LLQ => llq(value),
            C::UPDATE_LEASE => match chunks::<4>(value) {
                Some([lease]) => Some(Self::UpdateLease { lease: number(*lease), key_lease: None }),
                Some([lease, key]) => {
                    Some(Self::UpdateLease { lease: number(*lease), key_lease: Some(number(*key)) })
                }
                _ => None,
            },
            C::NSID => Some(Self::Nsid(value)),
            C::DAU | C::DHU | C::N3U => Some(Self::Algorithms(value)),
            C::ECS => return client_subnet(value),
            C::EXPIRE => match value {
                [] => Some(Self::Expire(None)),
                _ => value.try_into().ok().map(|octets| Self::Expire(Some(number(octets)))),
            },
            C::COOKIE => value
                .split_first_chunk::<8>()
                .filter(|(_, server)| matches!(server.len(), 0 | 8..=32))
                .map(|(&client, server)| Self::Cookie { client, server }),
            C::KEEPALIVE => match *value {
                [] => Some(Self::Keepalive(None)),
                [high, low] => Some(Self::Keepalive(Some(u16::from_be_bytes([high, low])))),
                _ => None,
            },
            C::PADDING => Some(Self::Padding(value)),
            C::CHAIN => whole_name(value).map(Self::Chain),
            C::KEY_TAG => {
                (!value.is_empty() && value.len().is_multiple_of(2)).then_some(Self::KeyTags(value))
            }
            C::EDE => value.split_first_chunk::<2>().map(|(&code, text)| Self::ExtendedError {
                code: EdeCode(u16::from_be_bytes(code)),
                text,
            }),
            C::CLIENT_TAG | C::SERVER_TAG => {
                value.try_into().ok().map(|octets| Self::Tag(u16::from_be_bytes(octets)))
            }
            C::REPORT_CHANNEL => whole_name(value).map(Self::ReportChannel),
            C::ZONEVERSION => match value {
                [] => Some(Self::ZoneVersion(None)),
                // A serial has four octets; what other kinds have is not ours to say.
                [_, 0, version @ ..] if version.len() != 4 => None,
                [labels, kind, version @ ..] => {
                    let (labels, kind) = (*labels, *kind);
                    Some(Self::ZoneVersion(Some(ZoneVersion { labels, kind, version })))
                }
                _ => None,
            },
            C::MQTYPE_QUERY => value.len().is_multiple_of(2).then_some(Self::Types(value)),
            _ => Some(Self::Opaque(value)),
        };
        parsed.ok_or("an EDNS option has a value that does not fit its code")
    }

    /// Appends the value as text: printable ASCII only.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Llq { version, opcode, error, id, lease } => {
                out.extend_from_slice(b"version ");
                show::decimal(version, out);
                out.extend_from_slice(b", opcode ");
                show::decimal(opcode, out);
                out.extend_from_slice(b", error ");
                show::decimal(error, out);
                out.extend_from_slice(b", identifier ");
                show::decimal(id, out);
                out.extend_from_slice(b", lease ");
                show::decimal(lease, out);
            }
            Self::UpdateLease { lease, key_lease } => {
                show::decimal(lease, out);
                if let Some(key_lease) = key_lease {
                    out.push(b' ');
                    show::decimal(key_lease, out);
                }
            }
            Self::Nsid(octets) | Self::Opaque(octets) => write_octets(octets, out),
            Self::Algorithms(octets) => list(octets.iter(), out, |octet, out| {
                show::decimal(*octet, out);
            }),
            Self::ClientSubnet { family, source_prefix, scope_prefix, address } => {
                let mut octets = [0; 16];
                // The length was checked when the value was made.
                octets[..address.len().min(16)].copy_from_slice(&address[..address.len().min(16)]);
                match family {
                    1 => _ = show::address(&octets[..4], out),
                    2 => _ = show::address(&octets, out),
                    _ => show::hex_lower(address, out),
                }
                for prefix in [source_prefix, scope_prefix] {
                    out.push(b'/');
                    show::decimal(prefix, out);
                }
            }
            Self::Expire(seconds) => {
                if let Some(seconds) = seconds {
                    show::decimal(seconds, out);
                }
            }
            Self::Cookie { client, server } => {
                show::hex_lower(&client, out);
                show::hex_lower(server, out);
            }
            Self::Keepalive(units) => {
                if let Some(units) = units {
                    show::decimal(units / 10, out);
                    out.push(b'.');
                    show::decimal(units % 10, out);
                    out.extend_from_slice(b" s");
                }
            }
            Self::Padding(octets) => {
                show::decimal(octets.len() as u64, out);
                out.extend_from_slice(b" octets");
            }
            Self::Chain(name) | Self::ReportChannel(name) => write_labels(name.labels(), out),
            Self::KeyTags(octets) => list(octets.chunks_exact(2), out, |tag, out| {
                show::decimal(u16::from_be_bytes([tag[0], tag[1]]), out);
            }),
            Self::ExtendedError { code, text } => {
                show::decimal(code.0, out);
                if let Some(purpose) = code.mnemonic() {
                    out.extend_from_slice(b" (");
                    out.extend_from_slice(purpose.as_bytes());
                    out.push(b')');
                }
                if !text.is_empty() {
                    out.extend_from_slice(b": ");
                    show::quoted(text, out);
                }
            }
            Self::Tag(tag) => show::decimal(tag, out),
            Self::ZoneVersion(None) => {}
            Self::ZoneVersion(Some(ZoneVersion { labels, kind, version })) => {
                match (kind, <[u8; 4]>::try_from(version)) {
                    (0, Ok(serial)) => {
                        out.extend_from_slice(b"SOA-SERIAL ");
                        show::decimal(number(serial), out);
                    }
                    _ => {
                        out.extend_from_slice(b"type ");
                        show::decimal(kind, out);
                        out.push(b' ');
                        show::hex_lower(version, out);
                    }
                }
                out.extend_from_slice(b", labels ");
                show::decimal(labels, out);
            }
            Self::Types(octets) => list(octets.chunks_exact(2), out, |rtype, out| {
                show::record_type(RecordType(u16::from_be_bytes([rtype[0], rtype[1]])), out);
            }),
        }
    }
}

/// Octets as hexadecimal digits, and as text where there are some.
fn write_octets(octets: &[u8], out: &mut Vec<u8>) {
    if octets.is_empty() {
        return;
    }
    show::hex_lower(octets, out);
    out.extend_from_slice(b" (");
    show::quoted(octets, out);
    out.push(b')');
}

fn list<T>(items: impl Iterator<Item = T>, out: &mut Vec<u8>, show: impl Fn(T, &mut Vec<u8>)) {
    for (i, item) in items.enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        show(item, out);
    }
}

fn number(octets: [u8; 4]) -> u32 {
    u32::from_be_bytes(octets)
}

/// Pieces of N octets that make up the whole.
fn chunks<const N: usize>(octets: &[u8]) -> Option<&[[u8; N]]> {
    let (chunks, rest) = octets.as_chunks::<N>();
    rest.is_empty().then_some(chunks)
}

fn llq(value: &[u8]) -> Option<OptionValue<'_>> {
    let value: &[u8; 18] = value.try_into().ok()?;
    let word = |at: usize| u16::from_be_bytes([value[at], value[at + 1]]);
    Some(OptionValue::Llq {
        version: word(0),
        opcode: word(2),
        error: word(4),
        id: value[6..14].iter().fold(0, |id, &octet| id << 8 | u64::from(octet)),
        lease: u32::from(word(14)) << 16 | u32::from(word(16)),
    })
}

fn client_subnet(value: &[u8]) -> Result<OptionValue<'_>, &'static str> {
    let Some((&[high, low, source_prefix, scope_prefix], address)) = value.split_first_chunk()
    else {
        return Err("an EDNS client subnet of fewer than four octets");
    };
    let family = u16::from_be_bytes([high, low]);
    let most = match family {
        1 => 32,
        2 => 128,
        _ => u8::MAX,
    };
    if source_prefix > most || scope_prefix > most {
        return Err("an EDNS client subnet with a prefix longer than its address");
    }
    if address.len() != usize::from(source_prefix).div_ceil(8) {
        return Err("an EDNS client subnet with an address that its prefix does not fit");
    }
    // RFC 7871 §6 wants the bits behind the prefix to be zero; servers that break it are read.
    Ok(OptionValue::ClientSubnet { family, source_prefix, scope_prefix, address })
}

fn whole_name(value: &[u8]) -> Option<Name<'_>> {
    Name::parse_uncompressed(value, 0).ok().filter(|(_, end)| *end == value.len()).map(|(n, _)| n)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(code: u16, value: &[u8]) -> Result<String, &'static str> {
        let mut out = Vec::new();
        OptionValue::parse(OptionCode(code), value)?.write_text(&mut out);
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn every_known_option_has_its_text() {
        for (code, value, expected) in [
            (
                1,
                &b"\x00\x01\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0E\x10"[..],
                "version 1, opcode 2, error 0, identifier 256, lease 3600",
            ),
            (2, b"\x00\x00\x0E\x10", "3600"),
            (2, b"\x00\x00\x0E\x10\x00\x00\x00\x01", "3600 1"),
            (3, b"", ""),
            (3, b"ns1\x1B", "6e73311b (\"ns1\\027\")"),
            (5, b"\x08\x0D", "8 13"),
            (6, b"\x01\x02", "1 2"),
            (7, b"\x01", "1"),
            (8, b"\x00\x01\x18\x00\xC0\x00\x02", "192.0.2.0/24/0"),
            (8, b"\x00\x02\x20\x10\x20\x01\x0D\xB8", "2001:db8::/32/16"),
            (8, b"\x00\x00\x00\x00", "/0/0"),
            (9, b"\x00\x00\x00\x3C", "60"),
            (9, b"", ""),
            (10, b"\x01\x02\x03\x04\x05\x06\x07\x08", "0102030405060708"),
            (10, b"\x01\x02\x03\x04\x05\x06\x07\x08abcdefgh", "01020304050607086162636465666768"),
            (11, b"\x00\x65", "10.1 s"),
            (11, b"", ""),
            (12, b"\x00\x00\x00", "3 octets"),
            (13, b"\x03com\x00", "com."),
            (14, b"\x4F\x66\x4A\x5C", "20326 19036"),
            (15, b"\x00\x16", "22 (No Reachable Authority)"),
            (15, b"\x00\x00a\"b", "0 (Other Error): \"a\\\"b\""),
            (15, b"\x03\xE8x", "1000: \"x\""),
            (16, b"\x00\x07", "7"),
            (17, b"\x00\x07", "7"),
            (18, b"\x01a\x02zz\x00", "a.zz."),
            (19, b"", ""),
            (19, b"\x02\x00\x00\x00\x00\x05", "SOA-SERIAL 5, labels 2"),
            (19, b"\x01\x80\xAB", "type 128 ab, labels 1"),
            (20, b"\x00\x01\x00\x1C", "A AAAA"),
            (65001, b"\x01", "01 (\"\\001\")"),
        ] {
            assert_eq!(text(code, value).as_deref(), Ok(expected), "option {code}");
        }
    }

    #[test]
    fn values_that_do_not_fit_their_option_are_refused() {
        for (code, value) in [
            (1, &b"\x00"[..]),
            (2, b"\x00"),
            (2, b""),
            (8, b"\x00\x01\x18"),
            (8, b"\x00\x01\x21\x00\x01\x01\x01\x01\x01"),
            (8, b"\x00\x01\x18\x00\x01\x01"),
            (8, b"\x00\x01\x18\x00\x01\x01\x01\x01"),
            (9, b"\x00"),
            (10, b"\x00"),
            (10, b"\x01\x02\x03\x04\x05\x06\x07\x08\x09"),
            (11, b"\x00"),
            (13, b""),
            (13, b"\xC0\x00"),
            (13, b"\x00\x00"),
            (14, b""),
            (14, b"\x00"),
            (15, b"\x00"),
            (16, b""),
            (18, b"\x01"),
            (19, b"\x01"),
            (19, b"\x01\x00\x00"),
            (20, b"\x01"),
        ] {
            assert!(text(code, value).is_err(), "option {code} {value:?}");
        }
    }

    #[test]
    fn all_extended_errors_have_a_purpose() {
        assert!((0..=32).all(|code| EdeCode(code).mnemonic().is_some()));
        assert_eq!(EdeCode(33).mnemonic(), None);
    }
}
