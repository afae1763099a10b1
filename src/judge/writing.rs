//! How a finding is written down: its parts by name, and the words that many of them share.

use std::net::SocketAddr;

use super::content::text::text_of;
use crate::probe::ProbeLog;
use crate::wire::{NameBuf, RecordBuf, RecordType, write_generic_rdata, write_printable};

/// Longest text from the network in a finding, in characters.
const LONGEST: usize = 300;
/// Names in one list.
const MOST_NAMES: usize = 4;

/// A name as people write it: without its final dot.
pub(crate) fn plain(name: &NameBuf) -> String {
    let text = name.to_string();
    match text.strip_suffix('.') {
        Some(short) if !short.is_empty() && !short.ends_with('\\') => short.to_owned(),
        _ => text,
    }
}

/// What consoles want as the host of a record: the part of its owner before the zone.
pub(crate) fn host(owner: &NameBuf, zone: &NameBuf) -> String {
    if owner == zone {
        return "@".to_owned();
    }
    let (owner_text, zone_text) = (plain(owner), plain(zone));
    if !owner.is_at_or_below(zone) || zone.is_root() {
        return owner_text;
    }
    // The zone's part has the length of its text, whatever its case.
    let end = owner_text.len().saturating_sub(zone_text.len() + 1);
    owner_text.get(..end).unwrap_or(&owner_text).to_owned()
}

/// A record as consoles want it, in words: host, type and value.
pub(crate) fn entry(record: &RecordBuf, zone: &NameBuf) -> String {
    let host = host(&record.name, zone);
    format!("host {host}, type {}, value {}", record.rtype, value(record))
}

/// The value of a record as consoles want it: names without their final dot, texts as they are.
pub(crate) fn value(record: &RecordBuf) -> String {
    if let Some(target) = record.data().target() {
        return plain(&target.to_buf());
    }
    let printable = |text: &[u8]| text.iter().all(|octet| matches!(octet, b' '..=b'~'));
    if matches!(record.rtype, RecordType::TXT | RecordType::SPF)
        && let Some(text) = text_of(record)
        && !text.is_empty()
        && printable(&text)
    {
        return String::from_utf8_lossy(&text).into_owned();
    }
    if let Some(mx) = record.data().mx() {
        return format!("{} {}", mx.preference, plain(&mx.exchange.to_buf()));
    }
    data(record)
}

/// The RDATA in presentation format, as a whole.
pub(crate) fn data(record: &RecordBuf) -> String {
    let mut text = Vec::new();
    if record.write_data(&mut text).is_err() {
        write_generic_rdata(&record.rdata, &mut text);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Octets in printable form, shortened.
pub(crate) fn printable(octets: &[u8]) -> String {
    let mut text = Vec::new();
    write_printable(&octets[..octets.len().min(LONGEST)], &mut text);
    if octets.len() > LONGEST {
        text.extend_from_slice(b"...");
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// A text that is printable already, shortened.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// `a`, `a and b`, `a, b and c`; beyond a few: `a, b, c, d and 3 more`.
pub(crate) fn list(words: &[String]) -> String {
    let listed = |words: &[String], last: &str| match words {
        [] => last.to_owned(),
        words => format!("{} and {last}", words.join(", ")),
    };
    match words {
        [] => String::new(),
        [start @ .., last] if words.len() <= MOST_NAMES => listed(start, last),
        words => listed(&words[..MOST_NAMES], &format!("{} more", words.len() - MOST_NAMES)),
    }
}

/// `1 address`, `2 addresses`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The names of the servers that have these addresses in a zone; the addresses where they have none.
pub(crate) fn server_names(log: &ProbeLog, zone: &NameBuf, servers: &[SocketAddr]) -> String {
    let mut names: Vec<String> = Vec::new();
    for &server in servers {
        let known: Vec<String> = log.names_of(zone, server).iter().map(plain).collect();
        let known = if known.is_empty() { vec![server.to_string()] } else { known };
        names.extend(known.into_iter().filter(|name| !names.contains(name)).collect::<Vec<_>>());
    }
    list(&names)
}

/// Where the records of a zone are entered: `the DNS provider of example.com (name servers a and
/// b)`.
pub(crate) fn provider(log: &ProbeLog, zone: &NameBuf) -> String {
    let names: Vec<String> = log.walk.delegation(zone).map_or_else(Vec::new, |delegation| {
        delegation.name_servers.iter().map(|server| plain(&server.name)).collect()
    });
    let zone = plain(zone);
    match &names[..] {
        [] => format!("the DNS provider of {zone}"),
        [name] => format!("the DNS provider of {zone} (name server {name})"),
        names => format!("the DNS provider of {zone} (name servers {})", list(names)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(text: &str) -> RecordBuf {
        RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 300).unwrap()
    }

    #[test]
    fn a_line_says_what_consoles_ask_for() {
        let zone: NameBuf = "example.com".parse().unwrap();
        for (text, expected) in [
            (
                "t1._domainkey.EXAMPLE.com. CNAME t1.dkim.amazonses.com.",
                "host t1._domainkey, type CNAME, value t1.dkim.amazonses.com",
            ),
            ("example.com. TXT \"v=spf1 -all\"", "host @, type TXT, value v=spf1 -all"),
            ("m.example.com. MX 10 mx.example.net.", "host m, type MX, value 10 mx.example.net"),
            ("a.example.com. TXT \"a\\200\"", "host a, type TXT, value \"a\\200\""),
            ("example.org. A 192.0.2.1", "host example.org, type A, value 192.0.2.1"),
        ] {
            assert_eq!(entry(&record(text), &zone), expected);
        }
        assert_eq!(plain(&"a\\..".parse().unwrap()), "a\\.");
        assert_eq!(plain(&NameBuf::root()), ".");
    }

    #[test]
    fn texts_from_the_network_are_printable_and_short() {
        let text = printable(&[b'\x1b'; 4000]);
        assert!(text.len() < 1300 && text.bytes().all(|octet| (b' '..=b'~').contains(&octet)));
        assert_eq!(list(&["a".into(), "b".into(), "c".into()]), "a, b and c");
        assert_eq!(
            list(&["a", "b", "c", "d", "e", "f"].map(String::from)),
            "a, b, c, d and 2 more"
        );
    }
}
