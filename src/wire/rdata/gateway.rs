//! The types that name a gateway in one of several forms, IPSECKEY (RFC 4025) and AMTRELAY
//! (RFC 8777), and the Host Identity Protocol's HIP (RFC 8005).

use super::super::name::write_labels;
use super::super::show;
use super::super::text::{Source, TextError};
use super::field::{Field, field};
use super::reader::{RdataError, Reader, Shown};

/// Precedence, gateway type, algorithm and gateway of an IPSECKEY record.
pub(super) const IPSEC_GATEWAY: Field = field(
    |reader, out| {
        let [precedence, kind, algorithm] = reader.array()?;
        for number in [precedence, kind, algorithm] {
            show::decimal(number, out);
            out.push(b' ');
        }
        show_gateway(kind, reader, out)
    },
    |source, out| {
        let (precedence, kind) = (source.u8()?, parse_kind(source)?);
        out.extend([precedence, kind, source.u8()?]);
        parse_gateway(kind, source, out)
    },
);

/// Precedence, discovery bit, relay type and relay of an AMTRELAY record.
pub(super) const RELAY: Field = field(
    |reader, out| {
        let [precedence, kind] = reader.array()?;
        for number in [precedence, kind >> 7, kind & 0x7F] {
            show::decimal(number, out);
            out.push(b' ');
        }
        show_gateway(kind & 0x7F, reader, out)
    },
    |source, out| {
        const WHAT: &str = "a discovery bit, 0 or 1";
        out.push(source.u8()?);
        let token = source.token(WHAT)?;
        let discovery: u8 = token.number(WHAT)?;
        if discovery > 1 {
            return Err(token.expected(WHAT));
        }
        let kind = parse_kind(source)?;
        out.push(discovery << 7 | kind);
        parse_gateway(kind, source, out)
    },
);

fn show_gateway(kind: u8, reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Shown {
    match kind {
        0 => out.push(b'.'),
        1 => show::ipv4(reader.array()?, out),
        2 => show::ipv6(reader.array()?, out),
        3 => write_labels(reader.name(false)?.labels(), out),
        _ => return Err(RdataError::NoForm),
    }
    Ok(())
}

fn parse_kind(source: &mut Source<'_, '_>) -> Result<u8, TextError> {
    const WHAT: &str = "a gateway type from 0 to 3";
    let token = source.token(WHAT)?;
    let kind: u8 = token.number(WHAT)?;
    if kind > 3 { Err(token.expected(WHAT)) } else { Ok(kind) }
}

fn parse_gateway(
    kind: u8,
    source: &mut Source<'_, '_>,
    out: &mut Vec<u8>,
) -> Result<(), TextError> {
    match kind {
        0 => {
            const WHAT: &str = "'.', as there is no gateway";
            let token = source.token(WHAT)?;
            if token.raw != b"." {
                return Err(token.expected(WHAT));
            }
        }
        1 => out.extend(source.ipv4()?.octets()),
        2 => out.extend(source.ipv6()?.octets()),
        _ => out.extend_from_slice(source.name()?.as_wire()),
    }
    Ok(())
}

/// A whole HIP RDATA: two lengths come before what they measure.
pub(super) const HOST_IDENTITY: Field = field(show_host, parse_host);

fn show_host(reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Shown {
    let [tag_len, algorithm] = reader.array()?;
    let key_len = reader.u16()?;
    let tag = reader.take(usize::from(tag_len))?;
    let key = reader.take(usize::from(key_len))?;
    show::decimal(algorithm, out);
    out.push(b' ');
    show::hex(tag, out);
    out.push(b' ');
    show::base64(key, out);
    while !reader.is_empty() {
        out.push(b' ');
        write_labels(reader.name(false)?.labels(), out);
    }
    if tag.is_empty() || key.is_empty() { Err(RdataError::NoForm) } else { Ok(()) }
}

fn parse_host(source: &mut Source<'_, '_>, out: &mut Vec<u8>) -> Result<(), TextError> {
    const TAG: &str = "a host identity tag of up to 255 octets in hexadecimal digits";
    const KEY: &str = "a public key of up to 65535 octets in Base64";
    let algorithm = source.u8()?;
    let token = source.token(TAG)?;
    let tag = token.hex()?;
    let tag_len = u8::try_from(tag.len()).map_err(|_| token.expected(TAG))?;
    let token = source.token(KEY)?;
    let key = token.base64()?;
    let key_len = u16::try_from(key.len()).map_err(|_| token.expected(KEY))?;
    out.extend([tag_len, algorithm]);
    out.extend(key_len.to_be_bytes());
    out.extend(tag);
    out.extend(key);
    while let Some(token) = source.optional()? {
        out.extend_from_slice(source.name_from(&token)?.as_wire());
    }
    Ok(())
}
