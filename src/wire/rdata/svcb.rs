//! Service parameters of SVCB and HTTPS records (RFC 9460).

use std::net::{Ipv4Addr, Ipv6Addr};

use data_encoding::BASE64;

use super::super::registry::SvcParamKey;
use super::super::show;
use super::super::text::{Source, TextError, TextErrorKind, Token, unescape};
use super::field::{Field, field};
use super::reader::{RdataError, Reader, Shown};

/// The parameters of a service, in strictly ascending order of their keys (RFC 9460 §2.2).
pub(super) const SERVICE_PARAMETERS: Field = field(show_parameters, parse_parameters);

/// Reserved as invalid (RFC 9460 §14.3.2).
const INVALID_KEY: SvcParamKey = SvcParamKey(65535);

fn show_parameters(reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Shown {
    let mut last = None;
    let start = reader.clone();
    // The keys that have to come yet; they ascend like the keys themselves.
    let mut mandatory: &[u8] = &[];
    while !reader.is_empty() {
        let at = reader.clone();
        let key = reader.u16()?;
        if last.is_some_and(|last| key <= last) {
            return Err(at.wrong("the keys of the service parameters do not strictly ascend"));
        }
        if last.is_some() {
            out.push(b' ');
        }
        last = Some(key);
        let len = usize::from(reader.u16()?);
        let at = reader.clone();
        let value = reader.take(len)?;
        if let Some(rest) = mandatory.strip_prefix(&key.to_be_bytes()) {
            mandatory = rest;
        }
        let key = SvcParamKey(key);
        show_key(key, out);
        show_value(key, &mut Reader::alone(value), out).map_err(|_| {
            at.wrong(
                "the value of a service parameter does not fit its key (RFC 9460, section 2.2)",
            )
        })?;
        if key == SvcParamKey::MANDATORY {
            mandatory = value;
        }
    }
    if !mandatory.is_empty() {
        return Err(start.wrong("a mandatory service parameter is not there (RFC 9460, section 8)"));
    }
    // The key that is reserved as invalid (RFC 9460 §14.3.2) has no text; it is always the last.
    if last == Some(INVALID_KEY.0) { Err(RdataError::NoForm) } else { Ok(()) }
}

fn show_key(key: SvcParamKey, out: &mut Vec<u8>) {
    match key.mnemonic() {
        Some(mnemonic) => out.extend_from_slice(mnemonic.as_bytes()),
        None => {
            out.extend_from_slice(b"key");
            show::decimal(key.0, out);
        }
    }
}

/// Appends `=` and the value; nothing for a key that has none.
fn show_value(key: SvcParamKey, value: &mut Reader<'_>, out: &mut Vec<u8>) -> Shown {
    use SvcParamKey as K;
    if matches!(key, K::NO_DEFAULT_ALPN | K::OHTTP) {
        return ended(value);
    }
    // A parameter that the protocol does not know may be empty; the known ones may not.
    if value.is_empty() {
        return if key.mnemonic().is_some() { Err(value.wrong("empty")) } else { Ok(()) };
    }
    out.push(b'=');
    match key {
        K::MANDATORY => {
            let mut last = 0;
            list(value, out, |value, out| {
                let key = value.u16()?;
                // Also keeps `mandatory` itself out of its list.
                if key <= last {
                    return Err(value.wrong("not ascending"));
                }
                last = key;
                show_key(SvcParamKey(key), out);
                Ok(())
            })
        }
        K::ALPN => {
            out.push(b'"');
            list(value, out, |value, out| {
                let id = value.string()?;
                if id.is_empty() {
                    return Err(value.wrong("empty"));
                }
                show_item(id, out);
                Ok(())
            })?;
            out.push(b'"');
            Ok(())
        }
        K::PORT => {
            show::decimal(value.u16()?, out);
            ended(value)
        }
        K::IPV4HINT => list(value, out, |value, out| {
            show::ipv4(value.array()?, out);
            Ok(())
        }),
        K::IPV6HINT => list(value, out, |value, out| {
            show::ipv6(value.array()?, out);
            Ok(())
        }),
        K::ECH => {
            show::base64(value.rest(), out);
            Ok(())
        }
        K::TLS_SUPPORTED_GROUPS => list(value, out, |value, out| {
            show::decimal(value.u16()?, out);
            Ok(())
        }),
        _ => {
            show::quoted(value.rest(), out);
            Ok(())
        }
    }
}

fn ended(value: &Reader<'_>) -> Shown {
    if value.is_empty() { Ok(()) } else { Err(value.wrong("too long")) }
}

fn list(
    value: &mut Reader<'_>,
    out: &mut Vec<u8>,
    mut item: impl FnMut(&mut Reader<'_>, &mut Vec<u8>) -> Shown,
) -> Shown {
    let mut first = true;
    while !value.is_empty() {
        if !first {
            out.push(b',');
        }
        first = false;
        item(value, out)?;
    }
    Ok(())
}

/// Appends an item of a comma-separated list inside a quoted string: a comma or a backslash of
/// the item is escaped for the list, and its backslashes once more for the string (RFC 9460 §A.1).
fn show_item(item: &[u8], out: &mut Vec<u8>) {
    for &octet in item {
        match octet {
            b',' => out.extend_from_slice(b"\\\\,"),
            b'\\' => out.extend_from_slice(b"\\\\\\\\"),
            b'"' => out.extend_from_slice(b"\\\""),
            0x20..=0x7E => out.push(octet),
            _ => show::escaped_decimal(octet, out),
        }
    }
}

/// Reads parameters in any order of their keys.
fn parse_parameters(source: &mut Source<'_, '_>, out: &mut Vec<u8>) -> Result<(), TextError> {
    let mut parameters: Vec<(u16, Vec<u8>)> = Vec::new();
    let mut first = None;
    while let Some(token) = source.pair()? {
        first.get_or_insert(token);
        let (key, value) = parse_parameter(&token)?;
        parameters.push((key.0, value));
        if u16::try_from(parameters.len()).is_err() {
            break;
        }
    }
    let Some(first) = first else { return Ok(()) };
    parameters.sort();
    if parameters.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(first.error(TextErrorKind::Parameters("a service parameter is given twice")));
    }
    let start = out.len();
    for (key, value) in parameters {
        out.extend(key.to_be_bytes());
        let len = u16::try_from(value.len())
            .map_err(|_| first.error(TextErrorKind::RdataTooLong(value.len())))?;
        out.extend(len.to_be_bytes());
        out.extend(value);
    }
    // The rules for all of them together are those of the wire.
    let check = show_parameters(&mut Reader::alone(&out[start..]), &mut Vec::new());
    check.map_err(|_| {
        first.error(TextErrorKind::Parameters(
            "a service parameter has a value that does not fit it, or 'mandatory' names one that \
             is not there",
        ))
    })
}

fn parse_parameter(token: &Token<'_>) -> Result<(SvcParamKey, Vec<u8>), TextError> {
    const KEY: &str = "a service parameter as KEY or KEY=VALUE";
    let equals = token.raw.iter().position(|&octet| octet == b'=');
    let (key, value) = match equals {
        Some(at) => (&token.raw[..at], &token.raw[at + 1..]),
        None => (token.raw, &[][..]),
    };
    let key: SvcParamKey = std::str::from_utf8(key)
        .ok()
        .filter(|_| !token.quoted)
        .and_then(|key| key.parse().ok())
        .filter(|&key| key != INVALID_KEY)
        .ok_or_else(|| token.expected(KEY))?;
    let value = match value {
        [b'"', inner @ .., b'"'] => inner,
        _ => value,
    };
    let generic = token.raw.to_ascii_lowercase().starts_with(b"key");
    let octets = unescape(value).ok_or_else(|| token.error(TextErrorKind::Escape))?;
    let wire = if generic { Some(octets) } else { value_from_text(key, octets) };
    let wire = wire.ok_or_else(|| token.expected("a value that fits the service parameter"))?;
    Ok((key, wire))
}

/// The wire form of a value, whose first level of escapes is resolved.
fn value_from_text(key: SvcParamKey, value: Vec<u8>) -> Option<Vec<u8>> {
    use SvcParamKey as K;
    let text = || std::str::from_utf8(&value).ok();
    let mut wire = Vec::new();
    match key {
        K::NO_DEFAULT_ALPN | K::OHTTP => return value.is_empty().then_some(wire),
        K::MANDATORY => {
            let mut keys: Vec<u16> = text()?
                .split(',')
                .map(|key| key.parse::<SvcParamKey>().ok().map(|key| key.0))
                .collect::<Option<_>>()?;
            keys.sort_unstable();
            wire.extend(keys.into_iter().flat_map(u16::to_be_bytes));
        }
        K::ALPN => {
            for item in split_list(&value)? {
                wire.push(u8::try_from(item.len()).ok().filter(|&len| len > 0)?);
                wire.extend(item);
            }
        }
        K::PORT => wire.extend(number(text()?)?.to_be_bytes()),
        K::IPV4HINT => {
            for address in text()?.split(',') {
                wire.extend(address.parse::<Ipv4Addr>().ok()?.octets());
            }
        }
        K::IPV6HINT => {
            for address in text()?.split(',') {
                wire.extend(address.parse::<Ipv6Addr>().ok()?.octets());
            }
        }
        K::ECH => wire = BASE64.decode(&value).ok()?,
        K::TLS_SUPPORTED_GROUPS => {
            for group in text()?.split(',') {
                wire.extend(number(group)?.to_be_bytes());
            }
        }
        _ => return Some(value),
    }
    Some(wire)
}

fn number(text: &str) -> Option<u16> {
    text.bytes().all(|octet| octet.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Splits a comma-separated list, resolving its own level of escapes (RFC 9460 §A.1).
fn split_list(value: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut items = vec![Vec::new()];
    let mut octets = value.iter();
    while let Some(&octet) = octets.next() {
        match octet {
            b',' => items.push(Vec::new()),
            b'\\' => match octets.next() {
                Some(&escaped @ (b',' | b'\\')) => items.last_mut()?.push(escaped),
                _ => return None,
            },
            other => items.last_mut()?.push(other),
        }
    }
    Some(items)
}
