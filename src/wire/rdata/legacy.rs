//! Fields of types that were given up long ago, and of APL: what else has a shape of its own.

use std::net::{Ipv4Addr, Ipv6Addr};

use data_encoding::HEXLOWER_PERMISSIVE;

use super::super::name::write_labels;
use super::super::show;
use super::super::text::{Source, TextError, Token};
use super::field::{Field, field};
use super::reader::{RdataError, Reader, Shown};

/// The protocol and the ports of a WKS record (RFC 1035 §3.4.2), as numbers.
pub(super) const SERVICES: Field = field(show_services, parse_services);

fn show_services(reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Shown {
    show::decimal(reader.u8()?, out);
    let ports = reader.rest();
    // Zeros at the end, or more ports than there are, have no text.
    if ports.last() == Some(&0) || ports.len() > 8192 {
        return Err(RdataError::NoForm);
    }
    for (i, &octet) in ports.iter().enumerate() {
        for bit in (0..8u32).filter(|bit| octet & 0x80 >> bit != 0) {
            out.push(b' ');
            show::decimal(i as u32 * 8 + bit, out);
        }
    }
    Ok(())
}

/// Services that a port may be named by, from RFC 1010 and today's zones.
const PORTS: &[(&str, u16)] = &[
    ("ftp-data", 20),
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("time", 37),
    ("nameserver", 42),
    ("whois", 43),
    ("nicname", 43),
    ("domain", 53),
    ("tftp", 69),
    ("gopher", 70),
    ("finger", 79),
    ("http", 80),
    ("www", 80),
    ("kerberos", 88),
    ("hostname", 101),
    ("pop2", 109),
    ("pop3", 110),
    ("sunrpc", 111),
    ("auth", 113),
    ("sftp", 115),
    ("nntp", 119),
    ("ntp", 123),
    ("imap", 143),
    ("snmp", 161),
    ("irc", 194),
    ("https", 443),
];

fn parse_services(source: &mut Source<'_, '_>, out: &mut Vec<u8>) -> Result<(), TextError> {
    const PROTOCOL: &str = "a protocol: TCP, UDP or a number from 0 to 255";
    const PORT: &str = "a port: a number from 0 to 65535 or the name of a service";
    let token = source.token(PROTOCOL)?;
    out.push(match token.raw.to_ascii_lowercase().as_slice() {
        b"tcp" => 6,
        b"udp" => 17,
        _ => token.number(PROTOCOL)?,
    });
    let start = out.len();
    while let Some(token) = source.optional()? {
        let known = PORTS.iter().find(|(name, _)| token.raw.eq_ignore_ascii_case(name.as_bytes()));
        let port: u16 = match known {
            Some((_, port)) => *port,
            None => token.number(PORT)?,
        };
        let at = start + usize::from(port / 8);
        if out.len() <= at {
            out.resize(at + 1, 0);
        }
        out[at] |= 0x80 >> (port % 8);
    }
    Ok(())
}

/// An OSI address (RFC 1706 §5).
pub(super) const NSAP: Field = field(show_nsap, parse_nsap);

fn show_nsap(reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Shown {
    let octets = reader.rest();
    if octets.is_empty() {
        return Err(RdataError::NoForm);
    }
    out.extend_from_slice(b"0x");
    show::hex_lower(octets, out);
    Ok(())
}

fn parse_nsap(source: &mut Source<'_, '_>, out: &mut Vec<u8>) -> Result<(), TextError> {
    const WHAT: &str = "0x and hexadecimal digits, with dots where you like";
    let token = source.token(WHAT)?;
    let digits = match token.raw {
        [b'0', b'x' | b'X', digits @ ..] if !digits.is_empty() => digits,
        _ => return Err(token.expected(WHAT)),
    };
    let digits: Vec<u8> = digits.iter().copied().filter(|&octet| octet != b'.').collect();
    out.extend(HEXLOWER_PERMISSIVE.decode(&digits).map_err(|_| token.expected(WHAT))?);
    Ok(())
}

/// An ATM address (ATM Forum, af-saa-0069): a number of E.164 after a `+`, or the digits of an address in
/// the form of NSAP.
pub(super) const ATM_ADDRESS: Field = field(show_atm, parse_atm);

fn show_atm(reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Shown {
    let format = reader.u8()?;
    let at = reader.clone();
    let address = reader.rest();
    match format {
        _ if address.is_empty() => Err(at.wrong("the address of an ATMA record is empty")),
        0 => {
            show::hex_lower(address, out);
            Ok(())
        }
        1 if address.iter().all(u8::is_ascii_digit) => {
            out.push(b'+');
            out.extend_from_slice(address);
            Ok(())
        }
        1 => Err(at.wrong("the E.164 number of an ATMA record has something else than digits")),
        _ => Err(RdataError::NoForm),
    }
}

fn parse_atm(source: &mut Source<'_, '_>, out: &mut Vec<u8>) -> Result<(), TextError> {
    const WHAT: &str =
        "an ATM address: + and digits, or pairs of hexadecimal digits, with dots between digits";
    let token = source.token(WHAT)?;
    let number = token.raw.strip_prefix(b"+");
    let text = number.unwrap_or(token.raw);
    // A dot stands between two digits only.
    let digits: Vec<u8> = text.iter().copied().filter(|&octet| octet != b'.').collect();
    let dots_fit = text.split(|&octet| octet == b'.').all(|part| !part.is_empty());
    if token.quoted || !dots_fit || digits.is_empty() {
        return Err(token.expected(WHAT));
    }
    match number {
        Some(_) if digits.iter().all(u8::is_ascii_digit) => {
            out.push(1);
            out.extend(digits);
        }
        Some(_) => return Err(token.expected(WHAT)),
        None => {
            out.push(0);
            out.extend(HEXLOWER_PERMISSIVE.decode(&digits).map_err(|_| token.expected(WHAT))?);
        }
    }
    Ok(())
}

/// Prefix length, address suffix and prefix name of an A6 record (RFC 2874 §3.1).
pub(super) const A6: Field = field(show_a6, parse_a6);

fn show_a6(reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Shown {
    let at = reader.clone();
    let prefix = reader.u8()?;
    if prefix > 128 {
        return Err(at.wrong("the prefix length of an A6 record is over 128"));
    }
    show::decimal(prefix, out);
    if prefix < 128 {
        let suffix = reader.take(usize::from((135 - prefix) / 8))?;
        // Bits before the suffix should be zero; text that keeps them could not be read back.
        if prefix % 8 != 0 && suffix[0] >> (8 - prefix % 8) != 0 {
            return Err(RdataError::NoForm);
        }
        let mut address = [0; 16];
        address[16 - suffix.len()..].copy_from_slice(suffix);
        out.push(b' ');
        show::ipv6(address, out);
    }
    if prefix > 0 {
        out.push(b' ');
        write_labels(reader.name(false)?.labels(), out);
    }
    Ok(())
}

fn parse_a6(source: &mut Source<'_, '_>, out: &mut Vec<u8>) -> Result<(), TextError> {
    const WHAT: &str = "a prefix length from 0 to 128";
    let token = source.token(WHAT)?;
    let prefix: u8 = token.number(WHAT)?;
    if prefix > 128 {
        return Err(token.expected(WHAT));
    }
    out.push(prefix);
    if prefix < 128 {
        let mut address = source.ipv6()?.octets();
        let first = usize::from(prefix / 8);
        address[first] &= 0xFF >> (prefix % 8);
        out.extend_from_slice(&address[first..]);
    }
    if prefix > 0 {
        out.extend_from_slice(source.name()?.as_wire());
    }
    Ok(())
}

/// The address prefixes of an APL record (RFC 3123 §4).
pub(super) const PREFIXES: Field = field(show_prefixes, parse_prefixes);

fn show_prefixes(reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Shown {
    let mut first = true;
    let mut plain: Shown = Ok(());
    while !reader.is_empty() {
        let family = reader.u16()?;
        let prefix = reader.u8()?;
        let at = reader.clone();
        let head = reader.u8()?;
        let address = reader.take(usize::from(head & 0x7F))?;
        let width = match family {
            1 => 4,
            2 => 16,
            _ => {
                plain = Err(RdataError::NoForm);
                continue;
            }
        };
        if address.len() > width || usize::from(prefix) > width * 8 {
            return Err(at.wrong("an address or a prefix of an APL record is too long"));
        }
        // Zeros at the end are not sent (RFC 3123 §4); text could not say that they were.
        if address.last() == Some(&0) {
            plain = Err(RdataError::NoForm);
        }
        if !first {
            out.push(b' ');
        }
        first = false;
        if head & 0x80 != 0 {
            out.push(b'!');
        }
        show::decimal(family, out);
        out.push(b':');
        let mut octets = [0; 16];
        octets[..address.len()].copy_from_slice(address);
        show::address(&octets[..width], out);
        out.push(b'/');
        show::decimal(prefix, out);
    }
    plain
}

fn parse_prefixes(source: &mut Source<'_, '_>, out: &mut Vec<u8>) -> Result<(), TextError> {
    const WHAT: &str = "a prefix as 1:192.0.2.0/24 or !2:2001:db8::/32";
    while let Some(token) = source.optional()? {
        parse_prefix(&token, out).ok_or_else(|| token.expected(WHAT))?;
    }
    Ok(())
}

fn parse_prefix(token: &Token<'_>, out: &mut Vec<u8>) -> Option<()> {
    let text = token.text()?;
    let (negated, text) = match text.strip_prefix('!') {
        Some(text) => (0x80, text),
        None => (0, text),
    };
    let (family, text) = text.split_once(':')?;
    let (address, prefix) = text.split_once('/')?;
    let (family, address): (u16, Vec<u8>) = match family {
        "1" => (1, address.parse::<Ipv4Addr>().ok()?.octets().into()),
        "2" => (2, address.parse::<Ipv6Addr>().ok()?.octets().into()),
        _ => return None,
    };
    if !prefix.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let prefix: u8 = prefix.parse().ok()?;
    if usize::from(prefix) > address.len() * 8 {
        return None;
    }
    // Zeros at the end are not sent.
    let len = address.iter().rposition(|&octet| octet != 0).map_or(0, |last| last + 1);
    out.extend(family.to_be_bytes());
    out.extend([prefix, negated | len as u8]);
    out.extend_from_slice(&address[..len]);
    Some(())
}
