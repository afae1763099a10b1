//! The kinds of fields that most rows of the table are made of.

use data_encoding::HEXLOWER_PERMISSIVE;

use super::super::name::write_labels;
use super::super::registry::RecordType;
use super::super::show;
use super::super::text::{Source, TextError};
use super::field::{Field, Names, Show, field};
use super::reader::{RdataError, Reader, Shown};

/// An unsigned number of the wire in decimal.
macro_rules! integer {
    ($field:ident, $read:ident) => {
        pub(super) const $field: Field = field(
            |reader, out| {
                show::decimal(reader.$read()?, out);
                Ok(())
            },
            |source, out| {
                out.extend(source.$read()?.to_be_bytes());
                Ok(())
            },
        );
    };
}

integer!(U8, u8);
integer!(U16, u16);
integer!(U32, u32);

pub(super) const U48: Field = field(
    |reader, out| {
        let [a, b, c, d, e, f] = reader.array()?;
        show::decimal(u64::from_be_bytes([0, 0, a, b, c, d, e, f]), out);
        Ok(())
    },
    |source, out| {
        const WHAT: &str = "a number of 48 bits";
        let token = source.token(WHAT)?;
        let [0, 0, octets @ ..] = token.number::<u64>(WHAT)?.to_be_bytes() else {
            return Err(token.expected(WHAT));
        };
        out.extend(octets);
        Ok(())
    },
);
/// The address of a Chaosnet host, in octal (RFC 1035 §3.3.14 leaves it to that net).
pub(super) const OCTAL: Field = field(
    |reader, out| {
        out.extend(format!("{:o}", reader.u16()?).bytes());
        Ok(())
    },
    |source, out| {
        const WHAT: &str = "an octal number up to 177777";
        let token = source.token(WHAT)?;
        let number = token
            .text()
            .filter(|text| text.bytes().all(|octet| octet.is_ascii_digit()))
            .and_then(|text| u16::from_str_radix(text, 8).ok());
        out.extend(number.ok_or_else(|| token.expected(WHAT))?.to_be_bytes());
        Ok(())
    },
);
/// A span of time in seconds; its text may have units.
pub(super) const PERIOD: Field = field(U32.show, |source, out| {
    const WHAT: &str = "a time in seconds, up to 4294967295";
    let token = source.token(WHAT)?;
    out.extend(token.period(u32::MAX, WHAT)?.to_be_bytes());
    Ok(())
});

fn show_name(reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Shown {
    write_labels(reader.name(false)?.labels(), out);
    Ok(())
}

fn show_compressed_name(reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Shown {
    write_labels(reader.name(true)?.labels(), out);
    Ok(())
}

fn parse_name(source: &mut Source<'_, '_>, out: &mut Vec<u8>) -> Result<(), TextError> {
    out.extend_from_slice(source.name()?.as_wire());
    Ok(())
}

const fn name(show: Show, names: Names) -> Field {
    Field { show, parse: parse_name, names }
}

pub(super) const NAME: Field = name(show_name, Names::Kept);
pub(super) const LOWER_NAME: Field = name(show_name, Names::Lower);
pub(super) const READ_NAME: Field = name(show_compressed_name, Names::Read);
pub(super) const OLD_NAME: Field = name(show_compressed_name, Names::Compressed);

pub(super) const IPV4: Field = field(
    |reader, out| {
        show::ipv4(reader.array()?, out);
        Ok(())
    },
    |source, out| {
        out.extend(source.ipv4()?.octets());
        Ok(())
    },
);
pub(super) const IPV6: Field = field(
    |reader, out| {
        show::ipv6(reader.array()?, out);
        Ok(())
    },
    |source, out| {
        out.extend(source.ipv6()?.octets());
        Ok(())
    },
);

pub(super) const STRING: Field = field(
    |reader, out| {
        show::quoted(reader.string()?, out);
        Ok(())
    },
    |source, out| source.string(out),
);
pub(super) const OPTIONAL_STRING: Field = field(
    |reader, out| {
        if !reader.is_empty() {
            show::quoted(reader.string()?, out);
        }
        Ok(())
    },
    |source, out| source.optional()?.map_or(Ok(()), |token| token.string(out)),
);
/// One `<character-string>` or more, to the end.
pub(super) const STRINGS: Field = field(
    |reader, out| {
        show::quoted(reader.string()?, out);
        while !reader.is_empty() {
            out.push(b' ');
            show::quoted(reader.string()?, out);
        }
        Ok(())
    },
    |source, out| {
        source.string(out)?;
        while let Some(token) = source.optional()? {
            token.string(out)?;
        }
        Ok(())
    },
);
/// Everything that is left, as one quoted string without the limit of 255 octets.
pub(super) const QUOTED_REST: Field = field(
    |reader, out| {
        show::quoted(reader.rest(), out);
        Ok(())
    },
    |source, out| {
        out.extend(source.token("a string")?.octets()?);
        Ok(())
    },
);
/// A property tag of a CAA record: letters and digits (RFC 8659 §4.1).
pub(super) const TAG: Field = field(
    |reader, out| {
        let tag = reader.string()?;
        if !is_tag(tag) {
            return Err(RdataError::NoForm);
        }
        out.extend_from_slice(tag);
        Ok(())
    },
    |source, out| {
        const WHAT: &str = "a property tag of letters and digits";
        let token = source.token(WHAT)?;
        if is_tag(token.raw) { token.string(out) } else { Err(token.expected(WHAT)) }
    },
);

fn is_tag(octets: &[u8]) -> bool {
    !octets.is_empty() && octets.iter().all(u8::is_ascii_alphanumeric)
}

/// Shows what is left; nothing left is possible on the wire, but has no text.
fn show_rest(reader: &mut Reader<'_>, out: &mut Vec<u8>, show: fn(&[u8], &mut Vec<u8>)) -> Shown {
    let rest = reader.rest();
    if rest.is_empty() {
        return Err(RdataError::NoForm);
    }
    show(rest, out);
    Ok(())
}

pub(super) const HEX: Field = field(
    |reader, out| show_rest(reader, out, show::hex),
    |source, out| {
        out.extend(source.hex_rest()?);
        Ok(())
    },
);

fn parse_base64(source: &mut Source<'_, '_>, out: &mut Vec<u8>) -> Result<(), TextError> {
    out.extend(source.base64_rest()?);
    Ok(())
}

pub(super) const BASE64: Field =
    field(|reader, out| show_rest(reader, out, show::base64), parse_base64);
pub(super) const OPTIONAL_BASE64: Field = field(
    |reader, out| {
        show::base64(reader.rest(), out);
        Ok(())
    },
    |source, out| {
        if source.peek()?.is_some() { parse_base64(source, out) } else { Ok(()) }
    },
);
/// The rest in Base64, `-` for nothing.
pub(super) const DASH_BASE64: Field = field(
    |reader, out| {
        let rest = reader.rest();
        if rest.is_empty() {
            out.push(b'-');
        }
        show::base64(rest, out);
        Ok(())
    },
    |source, out| {
        if source.peek()?.is_some_and(|token| token.raw == b"-") {
            source.token("Base64")?;
            return Ok(());
        }
        parse_base64(source, out)
    },
);
/// Two octets of length and as many octets, shown as the length and Base64, in the manner of BIND.
pub(super) const LONG_BASE64: Field = field(
    |reader, out| {
        let len = reader.u16()?;
        let octets = reader.take(usize::from(len))?;
        show::decimal(len, out);
        if len > 0 {
            out.push(b' ');
            show::base64(octets, out);
        }
        Ok(())
    },
    |source, out| {
        let len = source.u16()?;
        out.extend(len.to_be_bytes());
        if len > 0 {
            out.extend(source.base64_of(len.into())?);
        }
        Ok(())
    },
);

/// A record type by its mnemonic.
pub(super) const TYPE: Field = field(
    |reader, out| {
        show::record_type(RecordType(reader.u16()?), out);
        Ok(())
    },
    |source, out| {
        out.extend(source.record_type()?.0.to_be_bytes());
        Ok(())
    },
);

/// A number of the wire that has names in a small registry; `shown` says whether its text is the
/// name or, though the name is understood, the number.
macro_rules! named {
    (
        $(#[$meta:meta])*
        $field:ident($int:ty, $read:ident), $what:literal, shown $shown:literal, $names:ident,
        [$($value:literal $name:literal),* $(,)?]
    ) => {
        const $names: &[($int, &str)] = &[$(($value, $name)),*];
        $(#[$meta])*
        pub(super) const $field: Field = field(
            |reader, out| {
                let value = reader.$read()?;
                match $names.iter().find(|(known, _)| $shown && *known == value) {
                    Some((_, name)) => out.extend_from_slice(name.as_bytes()),
                    None => show::decimal(value, out),
                }
                Ok(())
            },
            |source, out| {
                let token = source.token($what)?;
                let known = $names
                    .iter()
                    .find(|(_, name)| token.raw.eq_ignore_ascii_case(name.as_bytes()));
                let value: $int = match known {
                    Some((value, _)) => *value,
                    None => token.number($what)?,
                };
                out.extend(value.to_be_bytes());
                Ok(())
            },
        );
    };
}

named! {
    /// A certificate type (RFC 4398 §2.1).
    CERT_TYPE(u16, u16), "a certificate type", shown true, CERT_TYPES, [
        1 "PKIX", 2 "SPKI", 3 "PGP", 4 "IPKIX", 5 "ISPKI", 6 "IPGP", 7 "ACPKIX", 8 "IACPKIX",
        253 "URI", 254 "OID",
    ]
}
named! {
    /// How a DSYNC target wants to be told (RFC 9859 §6.2).
    DSYNC_SCHEME(u8, u8), "a DSYNC scheme", shown true, DSYNC_SCHEMES, [1 "NOTIFY"]
}
named! {
    /// The error of a TKEY or TSIG record (RFC 8945 §10.3, RFC 2930 §2.6).
    ERROR(u16, u16), "a response code", shown true, ERRORS, [
        0 "NOERROR", 1 "FORMERR", 2 "SERVFAIL", 3 "NXDOMAIN", 4 "NOTIMP", 5 "REFUSED",
        6 "YXDOMAIN", 7 "YXRRSET", 8 "NXRRSET", 9 "NOTAUTH", 10 "NOTZONE",
        16 "BADSIG", 17 "BADKEY", 18 "BADTIME", 19 "BADMODE", 20 "BADNAME", 21 "BADALG",
        22 "BADTRUNC",
    ]
}
named! {
    /// A DNSSEC algorithm, shown as its number (RFC 4034 §A.1).
    ALGORITHM(u8, u8), "a DNSSEC algorithm", shown false, ALGORITHMS, [
        1 "RSAMD5", 2 "DH", 3 "DSA", 5 "RSASHA1", 6 "DSA-NSEC3-SHA1", 6 "NSEC3DSA",
        7 "RSASHA1-NSEC3-SHA1", 7 "NSEC3RSASHA1", 8 "RSASHA256", 10 "RSASHA512", 12 "ECC-GOST",
        13 "ECDSAP256SHA256", 14 "ECDSAP384SHA384", 15 "ED25519", 16 "ED448", 17 "SM2SM3",
        23 "ECC-GOST12", 252 "INDIRECT", 253 "PRIVATEDNS", 254 "PRIVATEOID",
    ]
}

/// Sixty-four bits in groups of four hexadecimal digits (RFC 6742 §2.1.2).
pub(super) const NODE: Field = field(
    |reader, out| {
        for (i, group) in reader.array::<8>()?.chunks(2).enumerate() {
            if i > 0 {
                out.push(b':');
            }
            show::hex_lower(group, out);
        }
        Ok(())
    },
    |source, out| {
        const WHAT: &str = "four groups of hexadecimal digits with colons between them";
        let token = source.token(WHAT)?;
        let groups: Vec<&[u8]> = token.raw.split(|&octet| octet == b':').collect();
        if groups.len() != 4 {
            return Err(token.expected(WHAT));
        }
        for group in groups {
            let value = std::str::from_utf8(group)
                .ok()
                .filter(|text| text.len() <= 4)
                .filter(|text| text.bytes().all(|octet| octet.is_ascii_hexdigit()))
                .and_then(|text| u16::from_str_radix(text, 16).ok());
            out.extend(value.ok_or_else(|| token.expected(WHAT))?.to_be_bytes());
        }
        Ok(())
    },
);

fn show_eui(octets: &[u8], out: &mut Vec<u8>) -> Shown {
    for (i, octet) in octets.iter().enumerate() {
        if i > 0 {
            out.push(b'-');
        }
        show::hex_lower(&[*octet], out);
    }
    Ok(())
}

fn parse_eui(
    source: &mut Source<'_, '_>,
    len: usize,
    what: &'static str,
    out: &mut Vec<u8>,
) -> Result<(), TextError> {
    let token = source.token(what)?;
    let pairs = token.raw.split(|&octet| octet == b'-');
    let digits: Vec<u8> = pairs.clone().flatten().copied().collect();
    if pairs.clone().count() != len || !pairs.clone().all(|pair| pair.len() == 2) {
        return Err(token.expected(what));
    }
    out.extend(HEXLOWER_PERMISSIVE.decode(&digits).map_err(|_| token.expected(what))?);
    Ok(())
}

pub(super) const EUI48: Field = field(
    |reader, out| show_eui(&reader.array::<6>()?, out),
    |source, out| parse_eui(source, 6, "six pairs of hexadecimal digits joined by '-'", out),
);
pub(super) const EUI64: Field = field(
    |reader, out| show_eui(&reader.array::<8>()?, out),
    |source, out| parse_eui(source, 8, "eight pairs of hexadecimal digits joined by '-'", out),
);
