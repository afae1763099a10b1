//! The RDATA of records as zdns takes it apart.

use super::trim_dot;
use crate::report::json::{write_json_string, write_json_text};
use crate::wire::{Record, RecordType, SvcParamKey, base64, write_decimal};

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

type Columns = &'static [(&'static str, Kind)];

/// The columns of a type, in the order of its presentation format.
fn columns(rtype: RecordType) -> Option<Columns> {
    use Kind::{Hex, Joined, Name, Number, Rest, Salt, Text, TypeNumber, Unquoted, Upper};
    Some(match rtype {
        RecordType::MX | RecordType::KX | RecordType::RT => {
            &[("preference", Number), ("answer", Text)]
        }
        RecordType::SOA => &[
            ("ns", Name),
            ("mbox", Name),
            ("serial", Number),
            ("refresh", Number),
            ("retry", Number),
            ("expire", Number),
            ("min_ttl", Number),
        ],
        RecordType::SRV => {
            &[("priority", Number), ("weight", Number), ("port", Number), ("target", Text)]
        }
        RecordType::CAA => &[("flag", Number), ("tag", Text), ("value", Unquoted)],
        RecordType::DS | RecordType::CDS => {
            &[("key_tag", Number), ("algorithm", Number), ("digest_type", Number), ("digest", Hex)]
        }
        RecordType::DNSKEY | RecordType::CDNSKEY => &[
            ("flags", Number),
            ("protocol", Number),
            ("algorithm", Number),
            ("public_key", Joined),
        ],
        RecordType::RRSIG => &[
            ("type_covered", TypeNumber),
            ("algorithm", Number),
            ("labels", Number),
            ("original_ttl", Number),
            ("expiration", Text),
            ("inception", Text),
            ("keytag", Number),
            ("signer_name", Text),
            ("signature", Joined),
        ],
        RecordType::NSEC => &[("next_domain", Name), ("type_bit_map", Rest)],
        RecordType::NSEC3 => &[
            ("hash_algorithm", Number),
            ("flags", Number),
            ("iterations", Number),
            ("salt", Salt),
            ("next_domain", Upper),
            ("type_bit_map", Rest),
        ],
        // It has the members of NSEC3, empty.
        RecordType::NSEC3PARAM => &[
            ("hash_algorithm", Number),
            ("flags", Number),
            ("iterations", Number),
            ("salt", Salt),
            ("next_domain", Text),
            ("type_bit_map", Text),
        ],
        RecordType::TLSA => &[
            ("cert_usage", Number),
            ("selector", Number),
            ("matching_type", Number),
            ("certificate", Hex),
        ],
        RecordType::SMIMEA => &[
            ("usage", Number),
            ("selector", Number),
            ("matching_type", Number),
            ("certificate", Hex),
        ],
        RecordType::SSHFP => &[("algorithm", Number), ("type", Number), ("fingerprint", Hex)],
        RecordType::NAPTR => &[
            ("order", Number),
            ("preference", Number),
            ("flags", Unquoted),
            ("service", Unquoted),
            ("regexp", Unquoted),
            ("replacement", Text),
        ],
        RecordType::HINFO => &[("cpu", Unquoted), ("os", Unquoted)],
        RecordType::AFSDB => &[("subtype", Number), ("hostname", Text)],
        RecordType::CSYNC => &[("serial", Number), ("flags", Number), ("type_bit_map", Rest)],
        RecordType::SVCB | RecordType::HTTPS => &[("priority", Number), ("target", Text)],
        RecordType::OPENPGPKEY | RecordType::DHCID => &[("answer", Joined)],
        _ => return None,
    })
}

/// Appends the members of a record's RDATA, each with a comma behind it, from its presentation format
/// `data`; whether `type` is one of them.
pub(super) fn write(record: &Record<'_>, data: &[u8], out: &mut Vec<u8>) -> bool {
    // RDATA that is malformed comes in the generic form, which has no columns.
    let columns = columns(record.rtype).filter(|_| !data.starts_with(b"\\#"));
    let Some(columns) = columns else {
        out.extend_from_slice(b"\"answer\":");
        if record.rtype == RecordType::TXT && data.starts_with(b"\"") {
            write_strings(data, out);
        } else {
            write_json_string(data, out);
        }
        out.push(b',');
        return false;
    };
    write_columns(columns, data, out);
    match record.rtype {
        RecordType::NSEC3 => {
            let salt = record.rdata().get(4).copied().unwrap_or(0);
            let hash = record.rdata().get(5 + usize::from(salt)).copied().unwrap_or(0);
            write_lengths(salt, hash, out);
        }
        RecordType::NSEC3PARAM => write_lengths(0, 0, out),
        RecordType::SVCB | RecordType::HTTPS => write_service_parameters(record, out),
        _ => {}
    }
    record.rtype == RecordType::SSHFP
}

fn write_columns(columns: Columns, data: &[u8], out: &mut Vec<u8>) {
    let mut rest = data;
    for &(name, kind) in columns {
        let all = rest;
        let (column, tail) = split_column(rest);
        rest = tail;
        out.push(b'"');
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        match kind {
            Kind::Number => out.extend_from_slice(column),
            Kind::Text => write_json_string(column, out),
            Kind::Name => write_json_text(out, |out| {
                out.extend_from_slice(column);
                trim_dot(out);
            }),
            Kind::Upper => write_json_text(out, |out| {
                out.extend(column.iter().map(u8::to_ascii_uppercase));
            }),
            Kind::Salt => write_json_text(out, |out| {
                let salt = column.strip_prefix(b"-").unwrap_or(column);
                out.extend(salt.iter().map(u8::to_ascii_lowercase));
            }),
            Kind::Rest => write_json_string(all, out),
            Kind::Joined => write_json_text(out, |out| {
                out.extend(all.iter().filter(|&&octet| octet != b' '));
            }),
            Kind::Hex => write_json_text(out, |out| {
                let digits = all.iter().filter(|&&octet| octet != b' ');
                out.extend(digits.map(u8::to_ascii_lowercase));
            }),
            Kind::TypeNumber => {
                let rtype: Option<RecordType> =
                    std::str::from_utf8(column).ok().and_then(|text| text.parse().ok());
                write_decimal(rtype.map_or(0, |rtype| rtype.0), out);
            }
            Kind::Unquoted => write_json_string(unquoted(column), out),
        }
        out.push(b',');
    }
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
    let mut joined = Vec::with_capacity(data.len());
    let mut rest = data;
    while !rest.is_empty() {
        let (column, tail) = split_column(rest);
        if rest.len() < data.len() {
            joined.push(b'\n');
        }
        joined.extend_from_slice(unquoted(column));
        rest = tail;
    }
    write_json_string(&joined, out);
}

fn write_lengths(salt: u8, hash: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("\"salt_length\":{salt},\"hash_length\":{hash},").as_bytes());
}

/// The parameters of a service binding (RFC 9460 §2.2). The record was shown in presentation format
/// before, so they are well-formed; where they are not, they end.
fn write_service_parameters(record: &Record<'_>, out: &mut Vec<u8>) {
    let mut rest = record.rdata().get(2..).unwrap_or_default();
    while let Some((&len, tail)) = rest.split_first() {
        rest = tail.get(usize::from(len)..).unwrap_or_default();
        if len == 0 {
            break;
        }
    }
    let mut mark = &b"\"svcparams\":{\""[..];
    while let Some((&[k0, k1, l0, l1], tail)) = rest.split_first_chunk::<4>() {
        let len = usize::from(u16::from_be_bytes([l0, l1]));
        let Some((value, tail)) = tail.split_at_checked(len) else { break };
        rest = tail;
        let key = SvcParamKey(u16::from_be_bytes([k0, k1]));
        out.extend_from_slice(mark);
        mark = b",\"";
        out.extend_from_slice(key.to_string().as_bytes());
        out.extend_from_slice(b"\":");
        write_service_parameter(key, value, out);
    }
    if mark == b",\"" {
        out.extend_from_slice(b"},");
    }
}

fn write_service_parameter(key: SvcParamKey, value: &[u8], out: &mut Vec<u8>) {
    match key {
        SvcParamKey::MANDATORY => write_list(value.chunks_exact(2), out, |key, out| {
            let key = SvcParamKey(u16::from_be_bytes([key[0], key[1]]));
            write_json_string(key.to_string().as_bytes(), out);
        }),
        SvcParamKey::ALPN => {
            let mut rest = value;
            let names = std::iter::from_fn(|| {
                let (&len, tail) = rest.split_first()?;
                let (name, tail) = tail.split_at_checked(usize::from(len))?;
                rest = tail;
                Some(name)
            });
            write_list(names, out, write_json_string);
        }
        SvcParamKey::NO_DEFAULT_ALPN => out.extend_from_slice(b"true"),
        SvcParamKey::PORT => {
            let port = value.first_chunk().map_or(0, |port| u16::from_be_bytes(*port));
            write_decimal(port, out);
        }
        SvcParamKey::IPV4HINT => write_list(value.as_chunks::<4>().0.iter(), out, |octets, out| {
            let text = std::net::Ipv4Addr::from(*octets).to_string();
            write_json_string(text.as_bytes(), out);
        }),
        SvcParamKey::IPV6HINT => {
            write_list(value.as_chunks::<16>().0.iter(), out, |octets, out| {
                let text = std::net::Ipv6Addr::from(*octets).to_string();
                write_json_string(text.as_bytes(), out);
            })
        }
        SvcParamKey::DOHPATH => write_json_string(value, out),
        _ => write_json_text(out, |out| base64(value, out)),
    }
}

fn write_list<T>(
    items: impl Iterator<Item = T>,
    out: &mut Vec<u8>,
    write: impl Fn(T, &mut Vec<u8>),
) {
    out.push(b'[');
    for (i, item) in items.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(b']');
}
