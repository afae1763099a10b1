//! Every value survives wire -> text -> wire and text -> wire -> text.

use data_encoding::HEXLOWER;
use dnsonde::wire::{
    Builder, Class, Flags, Message, NameBuf, RecordBuf, RecordType, Section, TextErrorKind,
    ZoneOptions, ZoneReader,
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

    /// The same for what only messages have.
    #[test]
    fn wire_of_messages_to_text_to_wire(
        rtype in prop::sample::select(RecordType::KNOWN), rdata in rdata(), name in name(),
        class in prop::sample::select(&[Class::ANY, Class::NONE, Class(1232)][..]),
    ) {
        let record = RecordBuf { name, ttl: 0, class, rtype, rdata };
        prop_assume!(record.write_data(&mut Vec::new()).is_ok());
        prop_assert_eq!(read(&text_of(&record)), record);
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

/// A record that only messages have: its text without owner, and its RDATA in hexadecimal digits.
const OF_MESSAGES: &[(&str, &str)] = &[
    // Algorithm, time signed, fudge, MAC size and MAC, original ID, error, other length and data.
    (
        "0 ANY TSIG hmac-sha256. 1700000000 300 4 YWJjZA== 5 BADTIME 6 AAAAAAAB",
        "0b686d61632d73686132353600 00006553f100 012c 0004 61626364 0005 0012 0006 000000000001",
    ),
    // Sent by dig 9.18 and shown by it so.
    (
        "0 ANY TSIG hmac-sha256. 1795535262 300 32 c6zFYOgxh9cx9q+O0VKHIKzFCW+Ic+Cyf7N+4dLEhuI= \
         20172 NOERROR 0",
        "0b686d61632d7368613235360000006b05b19e012c002073acc560e83187d731f6af8ed1528720acc5096f8873e0\
         b27fb37ee1d2c486e24ecc00000000",
    ),
    (
        "0 ANY TSIG hmac-sha256. 281474976710655 300 0 5 NOERROR 0",
        "0b686d61632d73686132353600 ffffffffffff 012c 0000 0005 0000 0000",
    ),
    // Algorithm, inception, expiration, mode, error, key size and key, other size and data.
    (
        "0 ANY TKEY gss-tsig. 20200101000000 20300101000000 3 NOERROR 4 YWJjZA== 0",
        "086773732d7473696700 5e0be100 70dbd880 0003 0000 0004 61626364 0000",
    ),
    (
        "0 ANY TKEY a. 19700101000000 19700101000001 3 99 0 2 qrs=",
        "016100 00000000 00000001 0003 0063 0000 0002 aabb",
    ),
    // Options, and flags in the place of the TTL: extended RCODE 255, DO.
    ("4278222848 CLASS1232 OPT \\# 4 00030000", "00030000"),
    ("0 CLASS512 OPT \\# 0", ""),
    // Updates: no RRset of this type, none at all, delete an RRset or one record (RFC 2136 §2).
    ("0 NONE AAAA \\# 0", ""),
    ("0 NONE ANY \\# 0", ""),
    ("0 ANY TXT \\# 0", ""),
    ("0 ANY ANY \\# 0", ""),
    ("0 NONE A 192.0.2.1", "c0000201"),
    // What nobody sends.
    ("0 ANY IXFR \\# 0", ""),
    ("0 ANY AXFR \\# 0", ""),
    ("0 ANY MAILB \\# 0", ""),
    ("0 ANY MAILA \\# 0", ""),
    ("0 ANY NXNAME \\# 0", ""),
    ("0 ANY TYPE200 \\# 3 abcdef", "abcdef"),
];

#[test]
fn records_of_messages_read_back_from_their_text() {
    for (text, rdata) in OF_MESSAGES {
        let text = format!("x. {text}");
        let record = read(&text);
        assert_eq!(record.rdata, HEXLOWER.decode(rdata.replace(' ', "").as_bytes()).unwrap());
        assert_eq!(text_of(&record), text);
        let mut generic = Vec::new();
        record.write_generic(&mut generic);
        assert_eq!(read(std::str::from_utf8(&generic).unwrap()), record, "{text}");
    }
}

#[test]
fn every_type_that_no_zone_has_is_refused_in_the_class_of_zones() {
    let mut seen = 0;
    for &rtype in RecordType::KNOWN.iter().filter(|rtype| rtype.is_meta()) {
        for class in ["IN", "CH", "HS"] {
            let text = format!("x. 0 {class} {rtype} \\# 0");
            let error = RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 0).unwrap_err();
            assert_eq!(error.kind, TextErrorKind::MetaType(rtype), "{text}");
        }
        let rtype = rtype.to_string();
        let there = |(text, _): &(&str, &str)| text.split(' ').nth(2) == Some(rtype.as_str());
        assert!(OF_MESSAGES.iter().any(there), "{rtype}");
        seen += 1;
    }
    assert_eq!(seen, 9);
}

#[test]
fn the_base64_of_a_signature_may_be_cut_into_words() {
    let whole = read("x. 0 ANY TSIG hmac-sha256. 1 300 4 YWJjZA== 5 NOERROR 6 AAAAAAAB");
    for text in [
        "x. 0 ANY TSIG hmac-sha256. 1 300 4 YWJj ZA== 5 0 6 AAAA AAAB",
        "x. ANY 0 TSIG hmac-sha256. 1 300 4 ( Y WJj\nZA==\n ) 5 noerror 6 A AAAAAAB",
    ] {
        assert_eq!(read(text), whole);
    }
    for text in [
        "a. 281474976710656 300 0 5 NOERROR 0",
        "a. 1 300 5 YWJjZA== 5 NOERROR 0",
        "a. 1 300 3 YWJjZA== 5 NOERROR 0",
        "a. 1 300 4 YWJj",
        "a. 1 300 4 !WJjZA== 5 NOERROR 0",
        "a. 1 300 65536 YWJj 5 NOERROR 0",
        "a. 1 300 0 5 NOERROR 0 x",
        "a. 1 300 0 5 NONSENSE 0",
    ] {
        let text = format!("x. 0 ANY TSIG {text}");
        assert!(RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 0).is_err(), "{text}");
    }
}

#[test]
fn a_ttl_that_is_too_long_is_written_as_zero_but_the_flags_of_opt_stay() {
    let record = |rtype, class| RecordBuf {
        name: NameBuf::root(),
        ttl: 1 << 31,
        class,
        rtype,
        rdata: Vec::new(),
    };
    assert_eq!(text_of(&record(RecordType::NULL, Class::IN)), ". 0 IN NULL \\# 0");
    assert_eq!(text_of(&record(RecordType::OPT, Class(1232))), ". 2147483648 CLASS1232 OPT \\# 0");
    for text in ["x. 2147483648 A 192.0.2.1", "x. 4294967296 CLASS1232 OPT \\# 0"] {
        assert!(RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 0).is_err(), "{text}");
    }
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
