//! How a finding is written down: its parts by name, and the words that many of them share.

use std::fmt;
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

/// Servers that are at fault, by their names, with the verb that fits.
pub(crate) struct AtFault {
    names: String,
    are_many: bool,
}

impl AtFault {
    /// Servers of a zone: `ns3.example.com`; `ns3.example.com (192.0.2.3)` if other addresses of the
    /// same name are not among them.
    pub(crate) fn of(log: &ProbeLog, zone: &NameBuf, servers: &[SocketAddr]) -> Self {
        let all = log.servers_of(zone);
        let mut named: Vec<(Option<NameBuf>, Vec<SocketAddr>)> = Vec::new();
        for &server in servers {
            let name = log.names_of(zone, server).first().copied();
            match named.iter_mut().find(|(known, _)| name.is_some() && *known == name) {
                Some((_, addresses)) => addresses.push(server),
                None => named.push((name, vec![server])),
            }
        }
        if named.len() > 1 && all.iter().all(|server| servers.contains(server)) {
            return Self { names: format!("the name servers of {}", plain(zone)), are_many: true };
        }
        let is_of = |name: &NameBuf, server: &SocketAddr| {
            log.names_of(zone, *server).iter().any(|known| known == name)
        };
        let text = |(name, addresses): &(Option<NameBuf>, Vec<SocketAddr>)| {
            let ips: Vec<String> = addresses.iter().map(|server| server.ip().to_string()).collect();
            let Some(name) = name else { return list(&ips) };
            let others = all.iter().any(|it| is_of(name, it) && !addresses.contains(it));
            if others { format!("{} ({})", plain(name), ips.join(", ")) } else { plain(name) }
        };
        let names: Vec<String> = named.iter().map(text).collect();
        Self { names: list(&names), are_many: names.len() > 1 }
    }

    /// The same where it is clear which of the addresses are meant.
    pub(crate) fn by_name(log: &ProbeLog, zone: &NameBuf, servers: &[SocketAddr]) -> Self {
        let mut names: Vec<String> = Vec::new();
        for server in servers {
            let known = log.names_of(zone, *server);
            let name = known.first().map_or_else(|| server.ip().to_string(), plain);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Self { names: list(&names), are_many: names.len() > 1 }
    }

    /// The verb for one server or for several.
    pub(crate) fn verb<'v>(&self, one: &'v str, many: &'v str) -> &'v str {
        if self.are_many { many } else { one }
    }
}

impl fmt::Display for AtFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names)
    }
}

/// Seconds as people say them, in the two largest units that matter, rounded up: who waits too
/// short has waited for nothing.
pub(crate) fn span(seconds: u64) -> String {
    const UNITS: [(u64, &str, &str); 4] = [
        (86_400, "day", "days"),
        (3600, "hour", "hours"),
        (60, "minute", "minutes"),
        (1, "second", "seconds"),
    ];
    let at = UNITS.iter().position(|(length, ..)| seconds >= *length).unwrap_or(UNITS.len() - 1);
    let (large, one, many) = UNITS[at];
    let words = |count: u64, one, many| format!("{count} {}", if count == 1 { one } else { many });
    let Some(&(small, small_one, small_many)) = UNITS.get(at + 1) else {
        return words(seconds, one, many);
    };
    let smalls = seconds.div_ceil(small);
    let (count, rest) = (smalls / (large / small), smalls % (large / small));
    match rest {
        0 => words(count, one, many),
        rest => format!("{} {}", words(count, one, many), words(rest, small_one, small_many)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_in_two_units_and_never_too_short() {
        for (seconds, text) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (90, "1 minute 30 seconds"),
            (3599, "59 minutes 59 seconds"),
            (3600, "1 hour"),
            (3601, "1 hour 1 minute"),
            (7199, "2 hours"),
            (86_399, "24 hours"),
            (172_800, "2 days"),
            (90_001, "1 day 2 hours"),
            (604_799, "7 days"),
        ] {
            assert_eq!(span(seconds), text, "{seconds}");
        }
        assert!(span(u64::MAX).ends_with("hours"));
    }

    #[test]
    fn names_lose_the_final_dot_and_no_other() {
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
