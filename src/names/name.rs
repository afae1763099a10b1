//! One name as a person writes it, to its wire form: escapes as in zone files, other scripts by IDNA.
//!
//! What only looks like a name is told from it, and the error says what it is: an address, a URL, a
//! port, a mailbox, a rule of a blocklist. Characters that such forms are made of belong to a name
//! only behind a backslash, so nothing is asked that was not meant.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::error::{LineError, quoted};
use super::idna::{IdnaError, to_ascii, trim_blanks};
use super::prefix::Prefix;
use crate::wire::NameBuf;

/// Appends the wire form of a name, which has no blanks at its ends. Allocates nothing for an ordinary
/// one.
///
/// # Errors
/// Says why the name cannot be asked; nothing is appended then. An address is an error that has it, and
/// so is a prefix.
#[inline]
pub fn write_name(text: &[u8], names: &mut Vec<u8>) -> Result<(), LineError> {
    let start = names.len();
    // An IPv4 address is made of the same characters.
    if write_plain(text, names) && !ends_in_number(text) {
        return Ok(());
    }
    names.truncate(start);
    let name = parse_name(text)?;
    names.extend_from_slice(name.as_wire());
    Ok(())
}

/// Letters, digits, hyphens and underscores: what nearly all names are made of, between dots.
#[inline]
pub(super) const fn is_plain(octet: u8) -> bool {
    PLAIN[octet as usize]
}

/// A table is faster than ranges, and each octet of a list is looked up twice.
const PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut octet = 0;
    while octet < 256 {
        let it = octet as u8;
        table[octet] = it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_');
        octet += 1;
    }
    table
};

/// Nearly all names. Gives up on anything else, and on names that are too long; what it appended stays.
#[inline]
fn write_plain(text: &[u8], names: &mut Vec<u8>) -> bool {
    let start = names.len();
    let text = text.strip_suffix(b".").unwrap_or(text);
    if text.is_empty() || text.len() > 253 {
        return false;
    }
    // A length octet takes the place of the dot before each label.
    names.push(0);
    names.extend_from_slice(text);
    names.push(0);
    let mut length_at = start;
    for at in start + 1..names.len() - 1 {
        match names[at] {
            b'.' => {
                let len = at - length_at - 1;
                if len == 0 || len > 63 {
                    return false;
                }
                names[length_at] = len as u8;
                length_at = at;
            }
            octet if is_plain(octet) => {}
            _ => return false,
        }
    }
    let len = names.len() - 1 - length_at - 1;
    names[length_at] = len as u8;
    len > 0 && len <= 63
}

/// Whether the last label is a number.
#[inline]
fn ends_in_number(text: &[u8]) -> bool {
    let text = text.strip_suffix(b".").unwrap_or(text);
    if !text.last().is_some_and(u8::is_ascii_digit) {
        return false;
    }
    let label = text.rsplit(|&octet| octet == b'.').next().unwrap_or(text);
    label.iter().all(u8::is_ascii_digit)
}

/// Quotation marks that IDNA would take into the name.
const TYPOGRAPHIC_QUOTES: &[char] =
    &['\u{AB}', '\u{BB}', '\u{2018}', '\u{2019}', '\u{201A}', '\u{201C}', '\u{201D}', '\u{201E}'];

/// Reads any name that a person may write.
///
/// # Errors
/// Says what is wrong with it, or what it is instead.
pub fn parse_name(text: &[u8]) -> Result<NameBuf, LineError> {
    let text = trim_blanks(text);
    if let Some(&octet) = text.iter().find(|octet| octet.is_ascii_control()) {
        return Err(LineError::Control(octet));
    }
    let readable = std::str::from_utf8(text).map_err(|_| LineError::Encoding)?;
    if let Some(error) = address(readable) {
        return Err(error);
    }
    if let Some(error) = other_form(text) {
        return Err(error);
    }
    if !readable.is_ascii() {
        if readable.contains(TYPOGRAPHIC_QUOTES) {
            return Err(LineError::Quote);
        }
        let ascii = to_ascii(readable)?;
        let ascii = ascii.as_bytes();
        // Digits of other scripts make addresses, too.
        return if ascii.iter().all(|&octet| is_plain(octet) || octet == b'.')
            && !ends_in_number(ascii)
        {
            Ok(NameBuf::from_text(ascii, &NameBuf::root())?)
        } else if ascii.is_ascii() {
            parse_name(ascii)
        } else {
            Err(IdnaError::Invalid.into())
        };
    }
    if let Some(error) = misplaced(text) {
        return Err(error);
    }
    let name = NameBuf::from_text(text, &NameBuf::root())?;
    if ends_in_number(text) {
        return Err(LineError::Numeric);
    }
    let mut labels = name.labels();
    if let (Some(label), None) = (labels.next(), labels.next())
        && label.contains(&b'.')
    {
        return Err(LineError::Regex);
    }
    Ok(name)
}

/// An address, in any of the forms in which it is written, as the error that says so.
fn address(text: &str) -> Option<LineError> {
    // Nothing else begins with one of these.
    let first = text.bytes().next()?;
    if !first.is_ascii_hexdigit() && !matches!(first, b':' | b'[') {
        return None;
    }
    let unrooted = text.strip_suffix('.').unwrap_or(text);
    if let Ok(address) = unrooted.parse() {
        return Some(LineError::Address(address));
    }
    if let Some(prefix) = Prefix::parse(text) {
        return Some(match prefix {
            Ok(prefix) => LineError::Prefix(prefix),
            Err(error) => LineError::BadPrefix(error),
        });
    }
    if let Ok(socket) = text.parse::<SocketAddr>() {
        return Some(LineError::AddressPort(socket.ip()));
    }
    let bare = text.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(text);
    if let Some((address, _)) = bare.split_once('%') {
        return address.parse().ok().map(LineError::AddressZone);
    }
    bare.parse::<Ipv6Addr>().ok().map(|v6| LineError::Address(IpAddr::V6(v6)))
}

/// What is no name as a whole, by its form.
fn other_form(text: &[u8]) -> Option<LineError> {
    // What is searched for has one of these; nearly no name has.
    let has = |mark: &[u8]| memchr::memmem::find(text, mark);
    let telling = memchr::memchr2(b':', b'#', text).is_some();
    if telling && let Some(at) = has(b"://") {
        return Some(LineError::Url(host_of(&text[at + 3..])));
    }
    if let Some(rest) = text.strip_prefix(b"//") {
        return Some(LineError::Url(host_of(rest)));
    }
    match text {
        [b'{', ..] | [b'[', b'{' | b'"', ..] => Some(LineError::Json),
        [b'<', ..] => Some(LineError::Markup),
        [b'|' | b'!', ..] | [b'@', b'@', ..] => Some(LineError::Adblock),
        _ if telling && [&b"##"[..], b"#@#", b"#?#"].iter().any(|mark| has(mark).is_some()) => {
            Some(LineError::Adblock)
        }
        _ => None,
    }
}

/// What stands in a name without a backslash and should not.
fn misplaced(text: &[u8]) -> Option<LineError> {
    let mut at = 0;
    while at < text.len() {
        let before = &text[..at];
        let behind = &text[at + 1..];
        match text[at] {
            b'\\' => at += 1,
            b'/' if is_rfc_2317(text, at) => {}
            b'/' => return Some(LineError::Path(host_of(text))),
            b':' => {
                let digits = behind.iter().take_while(|octet| octet.is_ascii_digit()).count();
                let port = digits > 0 && matches!(behind.get(digits), None | Some(b'/'));
                return Some(if port && !before.is_empty() {
                    LineError::Port(quoted(before))
                } else if before.eq_ignore_ascii_case(b"mailto") {
                    LineError::Mailbox(host_of(behind))
                } else {
                    LineError::Character(':')
                });
            }
            b'@' if !behind.is_empty() => return Some(LineError::Mailbox(host_of(behind))),
            b' ' => return Some(LineError::Space),
            b'"' | b'\'' => return Some(LineError::Quote),
            b'*' => {
                let whole = matches!(before, [] | [.., b'.']) && matches!(behind, [] | [b'.', ..]);
                if !whole {
                    return Some(LineError::Pattern);
                }
            }
            b'-' | b'_' | b'.' | b'!' | b'$' | b'&' | b'+' | b'~' => {}
            octet if octet.is_ascii_alphanumeric() => {}
            other => return Some(LineError::Character(char::from(other))),
        }
        at += 1;
    }
    None
}

/// Whether a slash is one of RFC 2317: in a name of addresses, or between digits in a label that
/// others follow.
fn is_rfc_2317(text: &[u8], at: usize) -> bool {
    let unrooted = text.strip_suffix(b".").unwrap_or(text);
    let is_below = |zone: &[u8]| {
        let at = unrooted.len().checked_sub(zone.len());
        at.is_some_and(|at| unrooted[at..].eq_ignore_ascii_case(zone))
    };
    if is_below(b".in-addr.arpa") || is_below(b".ip6.arpa") {
        return true;
    }
    let is_digit = |octet: &&u8| octet.is_ascii_digit();
    let before = text[..at].iter().rev().take_while(is_digit).count();
    let behind = text[at + 1..].iter().take_while(is_digit).count();
    let begins = before > 0 && matches!(text[..at - before], [] | [.., b'.']);
    let ends = behind > 0 && text.get(at + 1 + behind) == Some(&b'.');
    begins && ends && text.len() > at + 2 + behind
}

/// The host at the front of what stands behind `//`, or behind a user.
fn host_of(text: &[u8]) -> String {
    let end = text.iter().position(|octet| b"/?#^ \t\\".contains(octet)).unwrap_or(text.len());
    let text = &text[..end];
    let host = text.rsplit(|&octet| octet == b'@').next().unwrap_or(text);
    // An IPv6 address has colons of its own.
    let end = match host.first() {
        Some(b'[') => host.iter().position(|&octet| octet == b']').map(|end| end + 1),
        _ => host.iter().position(|&octet| octet == b':'),
    };
    quoted(&host[..end.unwrap_or(host.len())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::NameError;

    fn read(text: &str) -> Result<String, LineError> {
        let mut names = b"before".to_vec();
        let outcome = write_name(text.as_bytes(), &mut names);
        assert_eq!(&names[..6], b"before");
        match outcome {
            Ok(()) => Ok(NameBuf::from_wire(&names[6..]).unwrap().to_string()),
            Err(error) => {
                assert_eq!(names.len(), 6, "nothing stays behind after an error");
                Err(error)
            }
        }
    }

    #[test]
    fn names_in_all_their_forms_become_wire_names() {
        for (text, name) in [
            ("example.org", "example.org."),
            ("example.org.", "example.org."),
            ("_dmarc.EXAMPLE.org", "_dmarc.EXAMPLE.org."),
            ("*.example.org", "*.example.org."),
            ("a.*.example.org", "a.*.example.org."),
            ("com", "com."),
            (".", "."),
            ("x1.2y", "x1.2y."),
            ("a\\.b.example", "a\\.b.example."),
            ("a\\:b.example", "a:b.example."),
            ("My\\032Printer._ipp._tcp.local", "My\\032Printer._ipp._tcp.local."),
            ("My\\ Printer._ipp._tcp.local", "My\\032Printer._ipp._tcp.local."),
            ("\\042quoted\\\".example", "*quoted\\\".example."),
            ("user\\@host.example", "user\\@host.example."),
            ("a\\/b.example", "a/b.example."),
            ("192.0.2.\\049", "192.0.2.1."),
            ("bücher.example", "xn--bcher-kva.example."),
            ("bücher。example．", "xn--bcher-kva.example."),
            ("_sip._tcp.BÜCHER.example", "_sip._tcp.xn--bcher-kva.example."),
            ("xn--a-.example", "xn--a-.example."),
            ("xn--99999999.example", "xn--99999999.example."),
            ("0/25.2.0.192.in-addr.arpa", "0/25.2.0.192.in-addr.arpa."),
            ("64/26.2.0.192.IN-ADDR.ARPA.", "64/26.2.0.192.IN-ADDR.ARPA."),
            ("1.0/25.customer.example", "1.0/25.customer.example."),
            ("0-127.2.0.192.in-addr.arpa", "0-127.2.0.192.in-addr.arpa."),
            ("1.2.0.192.in-addr.arpa", "1.2.0.192.in-addr.arpa."),
        ] {
            assert_eq!(read(text).as_deref(), Ok(name), "{text}");
        }
    }

    #[test]
    fn names_that_break_a_rule_say_which() {
        let label = "a".repeat(64);
        let name = vec!["a".repeat(63); 4].join(".");
        for (text, error) in [
            ("a..b", LineError::Name(NameError::EmptyLabel)),
            (".a", LineError::Name(NameError::EmptyLabel)),
            ("..", LineError::Name(NameError::EmptyLabel)),
            (label.as_str(), LineError::Name(NameError::LabelTooLong)),
            (name.as_str(), LineError::Name(NameError::NameTooLong)),
            ("a\\", LineError::Name(NameError::Escape)),
            ("a\\300.b", LineError::Name(NameError::Escape)),
            ("a\x1b[2J", LineError::Control(0x1b)),
            ("a\0b", LineError::Control(0)),
            ("a\\\x07.b", LineError::Control(7)),
        ] {
            assert_eq!(read(text), Err(error), "{text}");
        }
        assert_eq!(parse_name(b"\xff.example"), Err(LineError::Encoding));
    }

    #[test]
    fn what_is_no_name_says_what_it_is() {
        let host = || "example.org".to_owned();
        let v4: IpAddr = "192.0.2.1".parse().unwrap();
        let v6: IpAddr = "2001:db8::1".parse().unwrap();
        let link_local: IpAddr = "fe80::1".parse().unwrap();
        for (text, error) in [
            ("http://example.org/path?query", LineError::Url(host())),
            ("https://user:secret@example.org:8443/", LineError::Url(host())),
            ("//example.org/path", LineError::Url(host())),
            ("http://[2001:db8::1]:80/", LineError::Url("[2001:db8::1]".into())),
            ("example.org/path", LineError::Path(host())),
            ("example.org/24", LineError::Path(host())),
            ("example.org/", LineError::Path(host())),
            ("example.org:443", LineError::Port(host())),
            ("example.org:443/path", LineError::Port(host())),
            ("bücher.example:443", LineError::Port("xn--bcher-kva.example".into())),
            ("user@example.org", LineError::Mailbox(host())),
            ("mailto:user@example.org", LineError::Mailbox(host())),
            ("192.0.2.1", LineError::Address(v4)),
            ("192.0.2.1.", LineError::Address(v4)),
            ("１９２．０．２．１", LineError::Address(v4)),
            ("2001:db8::1", LineError::Address(v6)),
            ("2001:DB8:0::1", LineError::Address(v6)),
            ("[2001:db8::1]", LineError::Address(v6)),
            ("192.0.2.1:53", LineError::AddressPort(v4)),
            ("[2001:db8::1]:53", LineError::AddressPort(v6)),
            ("fe80::1%eth0", LineError::AddressZone(link_local)),
            ("[fe80::1%eth0]", LineError::AddressZone(link_local)),
            ("192.0.2.0/24", LineError::Prefix(Prefix::parse("192.0.2.0/24").unwrap().unwrap())),
            ("192.0.2.300", LineError::Numeric),
            ("192.0.2", LineError::Numeric),
            ("192.0.2.1-192.0.2.9", LineError::Numeric),
            ("1000000", LineError::Numeric),
            ("||ads.example^", LineError::Adblock),
            ("@@||ads.example^$third-party", LineError::Adblock),
            ("example.org##.ad", LineError::Adblock),
            ("!comment", LineError::Adblock),
            ("{\"name\":\"example.org\"}", LineError::Json),
            ("<html>", LineError::Markup),
            ("'example.org'", LineError::Quote),
            ("exam\"ple.org", LineError::Quote),
            ("\u{201C}example.org\u{201D}", LineError::Quote),
            ("\u{AB}example.org\u{BB}", LineError::Quote),
            ("ads*.example.org", LineError::Pattern),
            ("example\\.org", LineError::Regex),
            ("example\\.org.", LineError::Regex),
            ("^ads.example$", LineError::Character('^')),
            ("a:b.example", LineError::Character(':')),
            ("a%20b.example", LineError::Character('%')),
            ("a(b).example", LineError::Character('(')),
            ("example.org;", LineError::Character(';')),
            ("name=example.org", LineError::Character('=')),
            ("@", LineError::Character('@')),
            ("a b", LineError::Space),
            ("a\u{A0}b.example", LineError::Idna(IdnaError::Mapped('\u{A0}', ' '))),
            ("a\u{FF3C}b.example", LineError::Idna(IdnaError::Mapped('\u{FF3C}', '\\'))),
            ("xn--a\u{fffd}", LineError::Idna(IdnaError::Disallowed('\u{fffd}'))),
        ] {
            assert_eq!(read(text), Err(error), "{text}");
        }
        assert!(matches!(read("192.0.2.1/24"), Err(LineError::BadPrefix(_))));
    }

    #[test]
    fn the_longest_name_fits() {
        let text = format!("{}.{}", vec!["a".repeat(63); 3].join("."), "b".repeat(61));
        assert_eq!(read(&text).unwrap(), format!("{text}."));
        assert_eq!(read(&format!("{text}b")), Err(LineError::Name(NameError::NameTooLong)));
    }
}
