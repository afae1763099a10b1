//! Every value survives wire -> text -> wire and text -> wire -> text.

use dnsonde::wire::{
    Builder, Class, Flags, Message, NameBuf, RecordBuf, RecordType, Section, ZoneOptions,
    ZoneReader,
};
use proptest::prelude::*;

/// Octets that are often small, zero or a likely length, so that structures come about by chance.
fn octet() -> impl Strategy<Value = u8> {
    prop_oneof![4 => 0u8..8, 2 => Just(0u8), 2 => any::<u8>(), 1 => Just(0x40u8), 1 => 8u8..64]
}

fn rdata() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(octet(), 0..48)
}

fn known_type() -> impl Strategy<Value = RecordType> {
    prop::sample::select(RecordType::KNOWN)
        .prop_filter("no record of a file has it", |rtype| !rtype.is_meta())
}

fn name() -> impl Strategy<Value = NameBuf> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 1..12), 0..6).prop_map(|labels| {
        labels.iter().rev().fold(NameBuf::root(), |name, label| name.prepend(label).unwrap())
    })
}

fn text_of(record: &RecordBuf) -> String {
    let mut text = Vec::new();
    record.write_text(&mut text);
    assert!(text.iter().all(|octet| matches!(octet, 0x20..=0x7E)), "{text:?}");
    String::from_utf8(text).unwrap()
}

fn read(text: &str) -> RecordBuf {
    RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 0)
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A record for each line of the table, as text without owner and TTL.
fn table() -> impl Iterator<Item = (&'static str, &'static str)> {
    include_str!("data/rrcheck.tsv")
        .lines()
        .filter(|line| !line.starts_with("# "))
        .map(|line| line.split_once('\t').unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2048, max_global_rejects: 1 << 20, max_local_rejects: 1 << 20,
        ..ProptestConfig::default()
    })]

    /// Random RDATA: whatever is well-formed reads back to the same octets.
    #[test]
    fn wire_to_text_to_wire(
        rtype in known_type(), rdata in rdata(), name in name(), ttl in 0u32..=i32::MAX as u32,
        class in prop::sample::select(&[Class::IN, Class::CH, Class(32)][..]),
    ) {
        let record = RecordBuf { name, ttl, class, rtype, rdata };
        prop_assume!(record.write_data(&mut Vec::new()).is_ok());
        let text = text_of(&record);
        let back = read(&text);
        prop_assert_eq!(&back, &record, "{}", text);
        prop_assert_eq!(back.name.as_wire(), record.name.as_wire());
        prop_assert_eq!(text_of(&back), text);
        let mut generic = Vec::new();
        record.write_generic(&mut generic);
        prop_assert_eq!(read(std::str::from_utf8(&generic).unwrap()), record);
    }

    /// RDATA that is nearly well-formed: a good one with some octets changed.
    #[test]
    fn changed_wire_to_text_to_wire(
        line in 0..table().count(), changes in prop::collection::vec((0usize..64, octet()), 0..4),
        cut in 0usize..4,
    ) {
        let (text, _) = table().nth(line).unwrap();
        let mut record = read(&format!("x. 5 {text}"));
        for (at, octet) in changes {
            if let Some(place) = record.rdata.get_mut(at) {
                *place = octet;
            }
        }
        record.rdata.truncate(record.rdata.len().saturating_sub(cut));
        prop_assume!(record.write_data(&mut Vec::new()).is_ok());
        prop_assert_eq!(read(&text_of(&record)), record);
    }

    /// Into a message, compressed, and out again.
    #[test]
    fn record_to_message_to_record(
        rtype in known_type(), rdata in rdata(), names in prop::collection::vec(name(), 1..4),
    ) {
        let records: Vec<RecordBuf> = names
            .iter()
            .map(|&name| RecordBuf { name, ttl: 1, class: Class::IN, rtype, rdata: rdata.clone() })
            .collect();
        prop_assume!(records[0].write_data(&mut Vec::new()).is_ok());
        // SIG(0) signs a message and may only stand at its end (RFC 2931 §3).
        prop_assume!(rtype != RecordType::SIG || rdata[..2] != [0, 0]);
        let mut buffer = [0; 4096];
        let mut builder = Builder::new(&mut buffer, 1, Flags::QR).unwrap();
        for record in &records {
            record.build(Section::Answer, &mut builder).unwrap();
        }
        let len = builder.finish();
        let message = Message::parse(&buffer[..len]).unwrap();
        let back: Vec<RecordBuf> =
            message.answers().map(|record| record.to_buf().unwrap()).collect();
        prop_assert_eq!(back, records);
    }

    /// Nothing that is text, or nearly, makes the reader panic or stand still.
    #[test]
    fn any_text_is_read_to_its_end(text in "[a-zA-Z0-9@$.\\\\\"(); \\t\\n#=,:/-]{0,120}") {
        for multiline in [true, false] {
            let options = ZoneOptions { ttl: Some(1), multiline, ..ZoneOptions::default() };
            let entries = ZoneReader::new(text.as_bytes(), &options).count();
            prop_assert!(entries <= text.lines().count() + 1);
        }
    }

    /// The same for the text of each type, with changes.
    #[test]
    fn changed_text_is_read_or_refused_and_what_is_read_reads_back(
        line in 0..table().count(),
        changes in prop::collection::vec((0usize..80, prop::sample::select(&b"0 1.-\\\"(;a=,:/@+"[..])), 1..4),
    ) {
        let (text, _) = table().nth(line).unwrap();
        let mut text = format!("x. 5 {text}").into_bytes();
        for (at, octet) in changes {
            let at = at % text.len();
            text[at] = octet;
        }
        if let Ok(record) = RecordBuf::from_text(&text, &NameBuf::root(), 0) {
            prop_assert_eq!(read(&text_of(&record)), record);
        }
    }
}

#[test]
fn each_type_has_the_generic_form_that_bind_gives_it() {
    for (text, generic) in table() {
        let record = read(&format!("x. 5 {text}"));
        let mut out = Vec::new();
        record.write_generic(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), format!("x. 5 {generic}"), "{text}");
        let canonical = text_of(&record);
        assert_eq!(read(&canonical), record, "{canonical}");
        assert_eq!(text_of(&read(&canonical)), canonical);
    }
}

#[test]
fn keys_and_signatures_of_transactions_read_back() {
    for (rtype, text) in [
        (RecordType::TSIG, "hmac-sha256. 1700000000 300 4 YWJjZA== 5 BADTIME 6 AAAAAAAB"),
        (RecordType::TSIG, "hmac-sha256. 281474976710655 300 0 5 NOERROR 0"),
        (RecordType::TKEY, "gss.example. 20200101000000 20300101000000 3 NOERROR 4 YWJjZA== 0"),
        (RecordType::TKEY, "gss.example. 20200101000000 20300101000000 3 99 0 0"),
    ] {
        let read = |text: &str| {
            RecordBuf::rdata_from_text(rtype, Class::ANY, text.as_bytes(), &NameBuf::root())
        };
        let rdata = read(text).unwrap();
        let record = RecordBuf { name: NameBuf::root(), ttl: 0, class: Class::ANY, rtype, rdata };
        let mut out = Vec::new();
        record.write_data(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }
    let read = |text: &str| {
        let (rtype, root) = (RecordType::TSIG, NameBuf::root());
        RecordBuf::rdata_from_text(rtype, Class::ANY, text.as_bytes(), &root)
    };
    assert!(read("a. 281474976710656 300 0 5 NOERROR 0").is_err());
    assert!(read("a. 1 300 5 YWJjZA== 5 NOERROR 0").is_err());
}

#[test]
fn the_table_has_every_type_with_a_text_of_its_own() {
    // What is left out has no presentation format, or is never in a file.
    let generic_only = [RecordType::NXNAME, RecordType::CLA, RecordType::IPN];
    for &rtype in RecordType::KNOWN {
        if rtype.is_meta() || generic_only.contains(&rtype) {
            continue;
        }
        let there = table().any(|(_, generic)| {
            generic.split(' ').nth(1) == Some(format!("TYPE{}", rtype.0).as_str())
        });
        assert!(there, "{rtype}");
    }
}
