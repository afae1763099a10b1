//! The RDATA of records as zdns takes it apart.

use std::net::IpAddr;

use super::text::without_dot;
use crate::report::json::{Array, Key, Object, key};
use crate::wire::{Record, RecordType, SvcParamKey, base64};

/// How a column of the presentation format is shown.
#[derive(Clone, Copy)]
enum Kind {
    Number,
    Text,
    /// A name that loses its final dot.
    Name,
    /// In upper case.
    Upper,
    /// Hexadecimal digits of this column and all that follow, in lower case.
    Hex,
    /// This column and all that follow; the blanks stay.
    Rest,
    /// This column and all that follow, joined.
    Joined,
    /// A type as its number.
    TypeNumber,
    /// A salt, in lower case; `-` stands for none.
    Salt,
    /// A string that loses its quotes, and keeps its escapes.
    Unquoted,
}

type Columns = &'static [(Key, Kind)];

/// The columns of a type, in the order of its presentation format.
fn columns(rtype: RecordType) -> Option<Columns> {
    use Kind::{Hex, Joined, Name, Number, Rest, Salt, Text, TypeNumber, Unquoted, Upper};
    Some(match rtype {
        RecordType::MX | RecordType::KX | RecordType::RT => {
            &[(key!("preference"), Number), (key!("answer"), Text)]
        }
        RecordType::SOA => &[
            (key!("ns"), Name),
            (key!("mbox"), Name),
            (key!("serial"), Number),
            (key!("refresh"), Number),
            (key!("retry"), Number),
            (key!("expire"), Number),
            (key!("min_ttl"), Number),
        ],
        RecordType::SRV => &[
            (key!("priority"), Number),
            (key!("weight"), Number),
            (key!("port"), Number),
            (key!("target"), Text),
        ],
        RecordType::CAA => {
            &[(key!("flag"), Number), (key!("tag"), Text), (key!("value"), Unquoted)]
        }
        RecordType::DS | RecordType::CDS => &[
            (key!("key_tag"), Number),
            (key!("algorithm"), Number),
            (key!("digest_type"), Number),
            (key!("digest"), Hex),
        ],
        RecordType::DNSKEY | RecordType::CDNSKEY => &[
            (key!("flags"), Number),
            (key!("protocol"), Number),
            (key!("algorithm"), Number),
            (key!("public_key"), Joined),
        ],
        RecordType::RRSIG => &[
            (key!("type_covered"), TypeNumber),
            (key!("algorithm"), Number),
            (key!("labels"), Number),
            (key!("original_ttl"), Number),
            (key!("expiration"), Text),
            (key!("inception"), Text),
            (key!("keytag"), Number),
            (key!("signer_name"), Text),
            (key!("signature"), Joined),
        ],
        RecordType::NSEC => &[(key!("next_domain"), Name), (key!("type_bit_map"), Rest)],
        RecordType::NSEC3 => &[
            (key!("hash_algorithm"), Number),
            (key!("flags"), Number),
            (key!("iterations"), Number),
            (key!("salt"), Salt),
            (key!("next_domain"), Upper),
            (key!("type_bit_map"), Rest),
        ],
        // It has the members of NSEC3, empty.
        RecordType::NSEC3PARAM => &[
            (key!("hash_algorithm"), Number),
            (key!("flags"), Number),
            (key!("iterations"), Number),
            (key!("salt"), Salt),
            (key!("next_domain"), Text),
            (key!("type_bit_map"), Text),
        ],
        RecordType::TLSA => &[
            (key!("cert_usage"), Number),
            (key!("selector"), Number),
            (key!("matching_type"), Number),
            (key!("certificate"), Hex),
        ],
        RecordType::SMIMEA => &[
            (key!("usage"), Number),
            (key!("selector"), Number),
            (key!("matching_type"), Number),
            (key!("certificate"), Hex),
        ],
        RecordType::SSHFP => {
            &[(key!("algorithm"), Number), (key!("type"), Number), (key!("fingerprint"), Hex)]
        }
        RecordType::NAPTR => &[
            (key!("order"), Number),
            (key!("preference"), Number),
            (key!("flags"), Unquoted),
            (key!("service"), Unquoted),
            (key!("regexp"), Unquoted),
            (key!("replacement"), Text),
        ],
        RecordType::HINFO => &[(key!("cpu"), Unquoted), (key!("os"), Unquoted)],
        RecordType::AFSDB => &[(key!("subtype"), Number), (key!("hostname"), Text)],
        RecordType::CSYNC => {
            &[(key!("serial"), Number), (key!("flags"), Number), (key!("type_bit_map"), Rest)]
        }
        RecordType::SVCB | RecordType::HTTPS => {
            &[(key!("priority"), Number), (key!("target"), Text)]
        }
        RecordType::OPENPGPKEY | RecordType::DHCID => &[(key!("answer"), Joined)],
        _ => return None,
    })
}

/// Writes the members of a record's RDATA, from its presentation format `data`; whether `type` is one
/// of them.
pub(super) fn write(record: &Record<'_>, data: &[u8], object: &mut Object<'_>) -> bool {
    // RDATA that is malformed comes in the generic form, which has no columns.
    let columns = columns(record.rtype).filter(|_| !data.starts_with(b"\\#"));
    let Some(columns) = columns else {
        if record.rtype == RecordType::TXT && data.starts_with(b"\"") {
            object.text(key!("answer"), |out| write_strings(data, out));
        } else {
            object.string(key!("answer"), data);
        }
        return false;
    };
    write_columns(columns, data, object);
    match record.rtype {
        RecordType::NSEC3 => {
            let salt = record.rdata().get(4).copied().unwrap_or(0);
            let hash = record.rdata().get(5 + usize::from(salt)).copied().unwrap_or(0);
            write_lengths(salt, hash, object);
        }
        RecordType::NSEC3PARAM => write_lengths(0, 0, object),
        RecordType::SVCB | RecordType::HTTPS => write_service_parameters(record, object),
        _ => {}
    }
    record.rtype == RecordType::SSHFP
}

fn write_columns(columns: Columns, data: &[u8], object: &mut Object<'_>) {
    let mut rest = data;
    for &(key, kind) in columns {
        let all = rest;
        let (column, tail) = split_column(rest);
        rest = tail;
        match kind {
            Kind::Number => object.number(key, number(column)),
            Kind::Text => object.string(key, column),
            Kind::Name => object.string(key, without_dot(column)),
            Kind::Upper => {
                _ = object.text(key, |out| {
                    out.extend(column.iter().map(u8::to_ascii_uppercase));
                })
            }
            Kind::Salt => {
                _ = object.text(key, |out| {
                    let salt = column.strip_prefix(b"-").unwrap_or(column);
                    out.extend(salt.iter().map(u8::to_ascii_lowercase));
                })
            }
            Kind::Rest => object.string(key, all),
            Kind::Joined => {
                _ = object.text(key, |out| {
                    out.extend(all.iter().filter(|&&octet| octet != b' '));
                })
            }
            Kind::Hex => {
                _ = object.text(key, |out| {
                    let digits = all.iter().filter(|&&octet| octet != b' ');
                    out.extend(digits.map(u8::to_ascii_lowercase));
                })
            }
            Kind::TypeNumber => {
                let rtype: Option<RecordType> =
                    std::str::from_utf8(column).ok().and_then(|text| text.parse().ok());
                object.number(key, rtype.map_or(0, |rtype| rtype.0));
            }
            Kind::Unquoted => object.string(key, unquoted(column)),
        }
    }
}

/// The number that a column of digits is.
fn number(column: &[u8]) -> u64 {
    let value = std::str::from_utf8(column).ok().and_then(|text| text.parse().ok());
    debug_assert!(value.is_some(), "the column of a number has digits only");
    value.unwrap_or(0)
}

/// The first column, and what follows the blank behind it. A column in quotes may hold blanks.
fn split_column(data: &[u8]) -> (&[u8], &[u8]) {
    let (mut quoted, mut escaped) = (false, false);
    let end = data.iter().position(|&octet| {
        let ends = octet == b' ' && !quoted;
        quoted ^= octet == b'"' && !escaped;
        escaped = octet == b'\\' && !escaped;
        ends
    });
    let (column, rest) = data.split_at(end.unwrap_or(data.len()));
    (column, rest.strip_prefix(b" ").unwrap_or(rest))
}

fn unquoted(column: &[u8]) -> &[u8] {
    let inner = column.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\""));
    inner.unwrap_or(column)
}

/// The strings of a TXT record without their quotes, with line ends between them.
fn write_strings(data: &[u8], out: &mut Vec<u8>) {
    let mut rest = data;
    while !rest.is_empty() {
        let (column, tail) = split_column(rest);
        if rest.len() < data.len() {
            out.push(b'\n');
        }
        out.extend_from_slice(unquoted(column));
        rest = tail;
    }
}

fn write_lengths(salt: u8, hash: u8, object: &mut Object<'_>) {
    object.number(key!("salt_length"), salt);
    object.number(key!("hash_length"), hash);
}

/// The parameters of a service binding (RFC 9460 §2.2). The record was shown in presentation format
/// before, so they are well-formed; where they are not, they end.
fn write_service_parameters(record: &Record<'_>, object: &mut Object<'_>) {
    let mut rest = record.rdata().get(2..).unwrap_or_default();
    while let Some((&len, tail)) = rest.split_first() {
        rest = tail.get(usize::from(len)..).unwrap_or_default();
        if len == 0 {
            break;
        }
    }
    let mut parameters = std::iter::from_fn(|| {
        let (&[k0, k1, l0, l1], tail) = rest.split_first_chunk::<4>()?;
        let len = usize::from(u16::from_be_bytes([l0, l1]));
        let (value, tail) = tail.split_at_checked(len)?;
        rest = tail;
        Some((SvcParamKey(u16::from_be_bytes([k0, k1])), value))
    })
    .peekable();
    if parameters.peek().is_some() {
        object.object(key!("svcparams"), |object| {
            parameters.for_each(|(key, value)| write_service_parameter(key, value, object));
        });
    }
}

fn write_service_parameter(key: SvcParamKey, value: &[u8], object: &mut Object<'_>) {
    match key {
        SvcParamKey::MANDATORY => object.array_under(key, |array| {
            for &code in value.as_chunks::<2>().0 {
                array.word(SvcParamKey(u16::from_be_bytes(code)));
            }
        }),
        SvcParamKey::ALPN => object.array_under(key, |array| {
            let mut rest = value;
            while let Some((&len, tail)) = rest.split_first()
                && let Some((name, tail)) = tail.split_at_checked(usize::from(len))
            {
                array.string(name);
                rest = tail;
            }
        }),
        SvcParamKey::NO_DEFAULT_ALPN => object.boolean_under(key, true),
        SvcParamKey::PORT => {
            let port = value.first_chunk().map_or(0, |port| u16::from_be_bytes(*port));
            object.number_under(key, port);
        }
        SvcParamKey::IPV4HINT => {
            object.array_under(key, |array| write_addresses(value.as_chunks::<4>().0, array));
        }
        SvcParamKey::IPV6HINT => {
            object.array_under(key, |array| write_addresses(value.as_chunks::<16>().0, array));
        }
        SvcParamKey::DOHPATH => object.string_under(key, value),
        _ => object.text_under(key, |out| base64(value, out)),
    }
}

fn write_addresses<const N: usize>(addresses: &[[u8; N]], array: &mut Array<'_>)
where
    IpAddr: From<[u8; N]>,
{
    addresses.iter().for_each(|&octets| array.word(IpAddr::from(octets)));
}
