//! A record over several lines, in parentheses (RFC 1035 §5.1): as people read zone files, and as
//! programs read them.

use crate::wire::{Record, RecordType};

/// Before each line but the first.
const INDENT: &[u8] = b"\n\t\t\t\t";
/// Data up to this length stays on its line, and lines get no longer than this.
const WIDTH: usize = 60;

/// Appends the data of a record; `data` is its presentation format on one line.
pub(super) fn write_folded(record: &Record<'_>, data: &[u8], out: &mut Vec<u8>) {
    let words = words(data);
    if record.rtype == RecordType::SOA && words.len() == 7 {
        return write_soa(&words, out);
    }
    let comment = key_comment(record);
    if data.len() <= WIDTH && comment.is_none() {
        out.extend_from_slice(data);
        return;
    }
    out.push(b'(');
    let mut width = 0;
    let is_generic = words.first() == Some(&&b"\\#"[..]);
    for (i, word) in words.iter().enumerate() {
        let is_last = i + 1 == words.len();
        if is_last && word.len() > WIDTH && (is_generic || ends_in_octets(record.rtype)) {
            for part in word.chunks(WIDTH) {
                out.extend_from_slice(INDENT);
                out.extend_from_slice(part);
            }
            continue;
        }
        // Strings have a line each.
        if i > 0 && width + word.len() >= WIDTH || word.first() == Some(&b'"') && width > 0 {
            out.extend_from_slice(INDENT);
            width = 0;
        } else {
            out.push(b' ');
        }
        out.extend_from_slice(word);
        width += word.len() + 1;
    }
    out.extend_from_slice(INDENT);
    out.push(b')');
    if let Some(comment) = comment {
        out.extend_from_slice(comment.as_bytes());
    }
}

/// The words of a line: blanks that are quoted or escaped end none.
fn words(data: &[u8]) -> Vec<&[u8]> {
    let (mut words, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, &octet) in data.iter().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b' ' if !quoted => {
                words.push(&data[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    words.push(&data[start..]);
    words.retain(|word| !word.is_empty());
    words
}

fn write_soa(words: &[&[u8]], out: &mut Vec<u8>) {
    out.extend_from_slice(&[words[0], b" ", words[1], b" ("].concat());
    for (word, title) in words[2..].iter().zip(["serial", "refresh", "retry", "expire", "minimum"])
    {
        let text = String::from_utf8_lossy(word);
        out.extend_from_slice(INDENT);
        out.extend_from_slice(format!("{text:<10} ; {title}").as_bytes());
        if title != "serial"
            && let Ok(seconds) = text.parse()
        {
            out.extend_from_slice(format!(" ({})", period(seconds)).as_bytes());
        }
    }
    out.extend_from_slice(INDENT);
    out.push(b')');
}

/// Whether the last field of a type is octets in base64 or hexadecimal, which may have blanks.
fn ends_in_octets(rtype: RecordType) -> bool {
    use RecordType as T;
    matches!(
        rtype,
        T::DNSKEY
            | T::CDNSKEY
            | T::KEY
            | T::RRSIG
            | T::SIG
            | T::DS
            | T::CDS
            | T::CERT
            | T::SSHFP
            | T::TLSA
            | T::SMIMEA
            | T::OPENPGPKEY
            | T::DHCID
            | T::ZONEMD
    )
}

/// What a key is for, and the tag that other records name it by.
fn key_comment(record: &Record<'_>) -> Option<String> {
    let key = record.data().dnskey()?;
    let what = match key.flags {
        flags if flags & 0x0100 == 0 => "key",
        flags if flags & 1 == 1 => "KSK",
        _ => "ZSK",
    };
    Some(format!(" ; {what}, algorithm {}, key tag {}", key.algorithm, key.tag()))
}

/// A span of time in words: `1 day 2 hours`.
fn period(seconds: u32) -> String {
    let part = |count, unit| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    let parts: Vec<String> = in_units(seconds).map(|(count, unit)| part(count, unit)).collect();
    if parts.is_empty() { "0 seconds".to_owned() } else { parts.join(" ") }
}

/// A TTL in the units of BIND: `1d2h`.
pub(super) fn ttl_in_units(seconds: u32) -> String {
    let text: String =
        in_units(seconds).map(|(count, unit)| format!("{count}{}", &unit[..1])).collect();
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// How many weeks, days, hours, minutes and seconds, without those of which there are none.
fn in_units(seconds: u32) -> impl Iterator<Item = (u32, &'static str)> {
    let units =
        [("week", 604_800), ("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)];
    let mut rest = seconds;
    units.into_iter().filter_map(move |(unit, span)| {
        let count = rest / span;
        rest %= span;
        (count > 0).then_some((count, unit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::message::{MessageStyle, RecordStyle, write_message};
    use crate::wire::{Builder, Flags, Message, NameBuf, RecordBuf, Section};

    #[test]
    fn words_end_at_blanks_that_are_neither_quoted_nor_escaped() {
        let text = br#"10 a\032b. "c d" "e\" f"  \  x"#;
        let expected: [&[u8]; 6] = [b"10", br"a\032b.", b"\"c d\"", br#""e\" f""#, br"\ ", b"x"];
        assert_eq!(words(text), expected);
    }

    #[test]
    fn spans_are_told_in_their_units() {
        for (seconds, words, units) in [
            (0, "0 seconds", "0s"),
            (1, "1 second", "1s"),
            (3_600, "1 hour", "1h"),
            (5_400, "1 hour 30 minutes", "1h30m"),
            (1_209_600, "2 weeks", "2w"),
            (90_061, "1 day 1 hour 1 minute 1 second", "1d1h1m1s"),
        ] {
            assert_eq!((period(seconds).as_str(), ttl_in_units(seconds).as_str()), (words, units));
        }
    }

    /// A reader of zone files that is not ours: the data of the record, on the wire.
    fn read_back(zone: &str) -> Vec<u8> {
        use domain::base::rdata::ComposeRecordData as _;
        use domain::zonefile::inplace::{Entry, Zonefile};

        let mut reader = Zonefile::from(zone);
        let entry = reader.next_entry().unwrap_or_else(|error| panic!("{error}: {zone}"));
        let Some(Entry::Record(record)) = entry else { panic!("{zone}") };
        let mut octets = Vec::new();
        record.data().compose_rdata(&mut octets).unwrap();
        assert!(reader.next_entry().unwrap().is_none(), "more than one record: {zone}");
        octets
    }

    #[test]
    fn a_record_over_several_lines_is_the_same_record_to_a_reader_of_zone_files() {
        let key = "AwEAAc".repeat(40);
        let text = format!("\"{}\"", "a;b ( c".repeat(30));
        for (data, folds) in [
            (r"SOA ns.x. a\.b.x. 2026 7200 3600 1209600 300".to_owned(), true),
            (format!("DNSKEY 257 3 8 {key}"), true),
            (format!("TXT {text} \"\" {text}"), true),
            (r#"TXT "short; (""#.to_owned(), false),
            ("A 192.0.2.1".to_owned(), false),
            (format!("RRSIG A 8 2 300 20260101000000 20251201000000 4711 x. {key}"), true),
            (format!("DS 4711 8 2 {}", "AB".repeat(32)), true),
            (format!("TYPE65280 \\# 100 {}", "ab".repeat(100)), true),
        ] {
            let line = format!("x. 300 IN {data}");
            let record = RecordBuf::from_text(line.as_bytes(), &NameBuf::root(), 300).unwrap();
            let mut buffer = vec![0; 4096];
            let mut builder = Builder::new(&mut buffer, 1, Flags::QR).unwrap();
            let rdata = |builder: &mut Builder<'_>| builder.octets(&record.rdata);
            let (owner, class) = (record.name.as_wire(), record.class);
            builder.record(Section::Answer, owner, record.rtype, class, 300, rdata).unwrap();
            let len = builder.finish();
            let message = Message::parse(&buffer[..len]).unwrap();
            let style = MessageStyle {
                header: false,
                comments: false,
                record: RecordStyle { multiline: true, ..RecordStyle::default() },
                ..MessageStyle::default()
            };
            let mut out = Vec::new();
            write_message(&message, &style, &mut out);
            let zone = String::from_utf8(out).unwrap();
            assert_eq!(read_back(&zone), record.rdata, "{zone}");
            assert_eq!(zone.lines().count() > 1, folds, "{zone}");
        }
    }
}
