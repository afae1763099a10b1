//! Master files: what is read, and what is refused with which line and column.

use dnsonde::wire::{
    Class, NameBuf, RecordBuf, RecordType, TextErrorKind as Kind, ZoneOptions, ZoneReader,
    write_printable,
};

fn options(origin: &str) -> ZoneOptions {
    ZoneOptions { origin: origin.parse().unwrap(), ..ZoneOptions::default() }
}

/// Each entry as canonical text, or as its error.
fn read_with(text: &str, options: &ZoneOptions) -> Vec<String> {
    ZoneReader::new(text.as_bytes(), options)
        .map(|entry| entry.map_or_else(|error| error.to_string(), |record| record.to_string()))
        .collect()
}

fn read(text: &str) -> Vec<String> {
    read_with(text, &options("example.org"))
}

/// The one error of a text: line, column, kind.
fn error(text: &str) -> (usize, usize, Kind) {
    let mut errors = ZoneReader::new(text.as_bytes(), &options(".")).filter_map(Result::err);
    let error = errors.next().unwrap_or_else(|| panic!("{text:?} was taken"));
    assert_eq!(errors.next(), None);
    (error.line, error.column, error.kind)
}

#[test]
fn the_zone_of_rfc_1035_is_read() {
    let text = "\
@   IN  SOA     VENERA      Action\\.domains (
                                 20     ; SERIAL
                                 7200   ; REFRESH
                                 600    ; RETRY
                                 3600000; EXPIRE
                                 60)    ; MINIMUM

        NS      A.ISI.EDU.
        NS      VENERA
        MX      10      VENERA

A       A       26.3.0.103

VENERA  A       10.1.0.52
        A       128.9.0.32
";
    let zone = read_with(text, &ZoneOptions { ttl: Some(60), ..options("ISI.EDU") });
    assert_eq!(
        zone,
        [
            "ISI.EDU. 60 IN SOA VENERA.ISI.EDU. Action\\.domains.ISI.EDU. 20 7200 600 3600000 60",
            "ISI.EDU. 60 IN NS A.ISI.EDU.",
            "ISI.EDU. 60 IN NS VENERA.ISI.EDU.",
            "ISI.EDU. 60 IN MX 10 VENERA.ISI.EDU.",
            "A.ISI.EDU. 60 IN A 26.3.0.103",
            "VENERA.ISI.EDU. 60 IN A 10.1.0.52",
            "VENERA.ISI.EDU. 60 IN A 128.9.0.32",
        ]
    );
}

#[test]
fn ttl_and_class_stand_in_either_order_or_are_left_out() {
    assert_eq!(
        read("a 5 CH TXT x\nb CH 6 TXT x\nc 7 TXT x\nd TXT x\n HS TXT x\ne 1w2d3h4m5s TXT x\n"),
        [
            "a.example.org. 5 CH TXT \"x\"",
            "b.example.org. 6 CH TXT \"x\"",
            "c.example.org. 7 CH TXT \"x\"",
            "d.example.org. 7 CH TXT \"x\"",
            "d.example.org. 7 HS TXT \"x\"",
            "e.example.org. 788645 HS TXT \"x\"",
        ]
    );
}

#[test]
fn owners_that_look_like_types_or_classes_are_owners() {
    assert_eq!(
        read("IN 1 IN A 192.0.2.1\nA A 192.0.2.2\n60 60 A 192.0.2.3\n\\@ A 192.0.2.4"),
        [
            "IN.example.org. 1 IN A 192.0.2.1",
            "A.example.org. 1 IN A 192.0.2.2",
            "60.example.org. 60 IN A 192.0.2.3",
            "\\@.example.org. 60 IN A 192.0.2.4",
        ]
    );
}

#[test]
fn origin_and_ttl_directives_count_from_where_they_stand() {
    assert_eq!(
        read(
            "$TTL 1h\na A 192.0.2.1\n$ORIGIN sub\nb 5 A 192.0.2.2\n@ A 192.0.2.3\n$ORIGIN .\nc A 192.0.2.4"
        ),
        [
            "a.example.org. 3600 IN A 192.0.2.1",
            "b.sub.example.org. 5 IN A 192.0.2.2",
            "sub.example.org. 3600 IN A 192.0.2.3",
            "c. 3600 IN A 192.0.2.4",
        ]
    );
}

#[test]
fn strings_keep_their_octets_through_quotes_and_escapes() {
    let record = RecordBuf::from_text(
        br#"x. 1 TXT "a b" c\ d "e;f" g\;h "\"" \" "\\" \065\000 "(" \( """#,
        &NameBuf::root(),
        0,
    )
    .unwrap();
    let data = record.data();
    let strings: Vec<&[u8]> = data.strings().unwrap().collect();
    let expected: [&[u8]; 11] =
        [b"a b", b"c d", b"e;f", b"g;h", b"\"", b"\"", b"\\", b"A\0", b"(", b"(", b""];
    assert_eq!(strings, expected);
}

#[test]
fn parentheses_may_open_and_close_anywhere_behind_the_owner() {
    assert_eq!(
        read("a ( 5\n IN (TXT)\n x ; comment )\n\"y\")z\nb A 192.0.2.1"),
        ["a.example.org. 5 IN TXT \"x\" \"y\" \"z\"", "b.example.org. 5 IN A 192.0.2.1"]
    );
}

#[test]
fn line_ends_of_other_systems_and_a_missing_last_one_are_fine() {
    assert_eq!(
        read("\u{FEFF}a 1 A 192.0.2.1\r\n\r\n \t \r\nb A 192.0.2.2"),
        ["a.example.org. 1 IN A 192.0.2.1", "b.example.org. 1 IN A 192.0.2.2"]
    );
    assert_eq!(read("; only a comment"), [""; 0]);
    assert_eq!(read(""), [""; 0]);
}

#[test]
fn the_generic_form_is_taken_for_known_types_too() {
    assert_eq!(
        read(
            "a 1 CLASS1 TYPE1 \\# 4 c0000201\nb IN MX \\# 5 ( 000a\n 016100 )\nc TYPE65280 \\# 0\n\
             d CLASS32 A \\# 1 ff"
        ),
        [
            "a.example.org. 1 IN A 192.0.2.1",
            "b.example.org. 1 IN MX 10 a.",
            "c.example.org. 1 IN TYPE65280 \\# 0",
            "d.example.org. 1 CLASS32 A \\# 1 ff",
        ]
    );
}

#[test]
fn service_parameters_have_two_levels_of_escapes() {
    // RFC 9460 §D.2, figures 7 to 10 of the test vectors.
    let quoted = RecordBuf::from_text(
        br#"x. 1 SVCB 16 foo.example.org. alpn="f\\\\oo\\,bar,h2""#,
        &NameBuf::root(),
        0,
    );
    let plain = RecordBuf::from_text(
        br"x. 1 SVCB 16 foo.example.org. alpn=f\\\092oo\092,bar,h2",
        &NameBuf::root(),
        0,
    );
    let (quoted, plain) = (quoted.unwrap(), plain.unwrap());
    assert_eq!(quoted, plain);
    assert!(quoted.rdata.ends_with(b"\x08f\\oo,bar\x02h2"));
    assert_eq!(quoted.to_string(), r#"x. 1 IN SVCB 16 foo.example.org. alpn="f\\\\oo\\,bar,h2""#);
}

#[test]
fn a_service_parameter_ends_with_its_quotation_mark() {
    let apart = read("x. 1 SVCB 1 foo. alpn=\"bar\" port=\"8004\"");
    assert_eq!(apart, ["x. 1 IN SVCB 1 foo. alpn=\"bar\" port=8004"]);
    assert_eq!(read("x. 1 SVCB 1 foo. alpn=\"bar\"port=\"8004\""), apart);
}

#[test]
fn service_parameters_that_contradict_each_other_are_refused() {
    for parameters in [
        "key123=abc key123=def",
        "mandatory",
        "alpn",
        "port",
        "ipv4hint",
        "ipv6hint",
        "no-default-alpn=abc",
        "mandatory=key123",
        "mandatory=mandatory",
        "mandatory=key123,key123 key123=abc",
        "port=65536",
        "port=+1",
        "alpn=\\",
        "alpn=\"h2,,h3\"",
        "alpn=a\\\\b",
        "ipv4hint=1.2.3",
        "ech=!",
        "key65535=x",
        "nonsense=1",
        "key03=\"\\000\"",
    ] {
        let text = format!("x. 1 SVCB 1 foo. {parameters}");
        assert!(read(&text)[0].starts_with("line 1"), "{parameters}: {:?}", read(&text));
    }
}

#[test]
fn include_is_refused_unless_there_is_a_loader() {
    let text = "$INCLUDE other.zone sub\na 1 A 192.0.2.1\n";
    assert_eq!(
        read(text),
        ["line 1, column 10: $INCLUDE is not allowed here", "a.example.org. 1 IN A 192.0.2.1"]
    );
    let mut asked = Vec::new();
    let mut loader = |file: &str| {
        asked.push(file.to_owned());
        match file {
            "other.zone" => Ok(b"@ 2 TXT x\nb TXT y\nc A nonsense\n$ORIGIN z.\n".to_vec()),
            other => Err(format!("there is no {other}")),
        }
    };
    let options = options("example.org");
    let zone: Vec<String> =
        ZoneReader::new(b"$INCLUDE other.zone sub\na A 192.0.2.1\n$INCLUDE none\n", &options)
            .with_include(&mut loader)
            .map(|entry| entry.map_or_else(|error| error.to_string(), |record| record.to_string()))
            .collect();
    assert_eq!(
        zone,
        [
            "sub.example.org. 2 IN TXT \"x\"",
            "b.sub.example.org. 2 IN TXT \"y\"",
            "line 1, column 10: cannot include 'other.zone': line 3, column 5: expected an IPv4 \
             address, found 'nonsense'",
            "a.example.org. 2 IN A 192.0.2.1",
            "line 3, column 10: cannot include 'none': there is no none",
        ]
    );
    assert_eq!(asked, ["other.zone", "none"]);
}

#[test]
fn files_that_include_each_other_come_to_an_end() {
    let mut loads = 0;
    let mut loader = |_: &str| {
        loads += 1;
        Ok(b"$INCLUDE again\n".to_vec())
    };
    let options = options(".");
    let entries = ZoneReader::new(b"$INCLUDE again\n", &options).with_include(&mut loader).count();
    assert_eq!((entries, loads), (1, 16));
}

#[test]
fn mistakes_are_told_with_line_and_column() {
    let expected = |what: &'static str, found: &str| Kind::Expected { what, found: found.into() };
    let long = "a".repeat(256);
    for (text, line, column, kind) in [
        ("a. 1 A 192.0.2.256", 1, 8, expected("an IPv4 address", "192.0.2.256")),
        ("\n a. 1 A ::1", 2, 2, Kind::NoOwner),
        ("a. A 192.0.2.1", 1, 4, Kind::NoTtl),
        ("a. 1 A", 1, 7, Kind::Missing("an IPv4 address")),
        ("a. 1", 1, 5, Kind::Missing("a record type")),
        ("a. 1 A 192.0.2.1 x\x1B[", 1, 18, Kind::Extra("x\\027[".into())),
        ("a. 1 NONSENSE x", 1, 6, expected("a TTL, a class or a record type", "NONSENSE")),
        ("a. 1 MX 65536 b.", 1, 9, expected("a number from 0 to 65535", "65536")),
        ("a. 1 MX -1 b.", 1, 9, expected("a number from 0 to 65535", "-1")),
        (
            "a. 2147483648 A 192.0.2.1",
            1,
            4,
            expected("a TTL from 0 to 2147483647 seconds", "2147483648"),
        ),
        ("a. 1h2 A 192.0.2.1", 1, 4, expected("a TTL from 0 to 2147483647 seconds", "1h2")),
        ("a. 1 TXT \"x\nb. 1 A 192.0.2.1", 1, 10, Kind::OpenQuote),
        ("a. 1 TXT x\\", 1, 11, Kind::Escape),
        ("a. 1 TXT \\256", 1, 10, Kind::Escape),
        ("a. 1 TXT (x", 1, 10, Kind::OpenParenthesis),
        ("a. 1 TXT \"x\"y", 1, 13, Kind::RunsOn),
        ("a. 1 TXT x\"y\"", 1, 11, Kind::RunsOn),
        ("a. 1 TXT x)", 1, 11, Kind::NoParenthesis),
        (&format!("a. 1 TXT {long}"), 1, 10, Kind::StringTooLong(256)),
        ("a. 1 TYPE1 \\# 4 c00002", 1, 15, Kind::Length { said: 4, there: 3 }),
        ("a. 1 TYPE65280 \\# 1 a", 1, 21, expected("an even number of hexadecimal digits", "a")),
        ("a. 1 ANY \\# 0", 1, 6, Kind::MetaType(RecordType::ANY)),
        ("a. 1 TSIG \\# 0", 1, 6, Kind::MetaType(RecordType::TSIG)),
        ("a. 1 ANY TSIG \\# 0", 1, 6, Kind::MetaType(RecordType::ANY)),
        ("a. 1 NONE TSIG \\# 0", 1, 11, Kind::MetaType(RecordType::TSIG)),
        ("a. 1 CLASS1232 OPT \\# 0", 1, 16, Kind::MetaType(RecordType::OPT)),
        ("$GENERATE 1-2 a A 192.0.2.1", 1, 1, Kind::GenerateRefused),
        ("$DATE", 1, 1, Kind::Directive("$DATE".into())),
        ("$TTL", 1, 5, Kind::Missing("a TTL")),
        ("$ORIGIN a. b.", 1, 12, Kind::Extra("b.".into())),
        (
            "a. 1 NULL x",
            1,
            11,
            expected("the generic form, '\\# LENGTH HEX', as the type has no other", "x"),
        ),
    ] {
        assert_eq!(error(text), (line, column, kind), "{text:?}");
    }
    let (line, column, kind) = error("a. 1 (\nNS\n b..c )");
    assert_eq!((line, column), (3, 2));
    assert_eq!(
        kind.to_string(),
        "'b..c' is not a domain name: a label is empty (two dots in a row, or a dot at the start)"
    );
    let (_, column, kind) = error("a. 1 A \\# 3 010203");
    assert_eq!(column, 8);
    assert!(kind.to_string().starts_with("the RDATA does not fit the type"), "{kind}");
    let (_, _, kind) = error(&format!("a. 1 URI 1 1 \"{}\"", "x".repeat(65_532)));
    assert_eq!(kind, Kind::RdataTooLong(65_536));
}

#[test]
fn each_field_refuses_what_it_cannot_hold() {
    for text in [
        "EUI48 00-00-5e-00-53",
        "EUI48 00-00-5e-00-53-2g",
        "EUI48 0-00-5e-00-53-2a0",
        "EUI64 00-00-5e-ef-10-00-00",
        "NID 10 1:2:3",
        "NID 10 1:2:3:+4",
        "NID 10 1:2:3:12345",
        "NID 10 1:2:3:00004",
        "LOC 91 N 0 E 0",
        "LOC 90 0 0.001 N 0 E 0",
        "LOC 1 60 N 0 E 0",
        "LOC 1 0 60 N 0 E 0",
        "LOC 1 0 0.0001 N 0 E 0",
        "LOC N 0 E 0",
        "LOC 1 N 181 E 0",
        "LOC 1 N 1 E -100000.01m",
        "LOC 1 N 1 E 0 90000001m0",
        "LOC 1 N 1 E 0 -1m",
        "LOC 1 N 1 E 42849672.96m",
        "LOC 1 N 1 E 0 100000000m",
        "LOC 1 2 3 4 N 1 E 0",
        "LOC 1 N 1 E .5",
        "APL 3:aa/1",
        "APL 1:192.0.2.0/33",
        "APL 1:192.0.2.0",
        "APL 1:::/0",
        "APL 2:1.2.3.4/3",
        "APL 1:192.0.2.0/+3",
        "APL 192.0.2.0/24",
        "WKS 192.0.2.1 256 25",
        "WKS 192.0.2.1 6 65536",
        "WKS 192.0.2.1 6 nonsense",
        "NSAP 47",
        "NSAP 0x",
        "NSAP 0x4",
        "A6 129 ::1",
        "A6 64 ::1",
        "A6 0 x",
        "IPSECKEY 10 4 2 x AAAA",
        "IPSECKEY 10 0 2 192.0.2.1 AAAA",
        "IPSECKEY 10 1 2 . AAAA",
        "AMTRELAY 10 2 0 .",
        "AMTRELAY 10 0 4 .",
        "HIP 2 xx AAAA",
        "HIP 2 aa !",
        "CAA 256 issue x",
        "CAA 0 is-sue x",
        "CAA 0 \"\" x",
        "CAA 0 issue",
        "RRSIG A 8 2 60 20300101000000 20301301000000 7 a. aaaa",
        "RRSIG A 8 2 60 20300101000000 2030010100000 7 a. aaaa",
        "RRSIG A 8 2 60 1 1 7 a. aaa",
        "NSEC a. NONSENSE",
        "NXT a.",
        "NXT a. TYPE128",
        "NSEC3 1 0 0 abc 0123",
        "NSEC3 1 0 0 - !",
        "NSEC3 1 0 0 -",
        "NSEC3PARAM 1 0 0 zz",
        "CERT NONSENSE 1 1 AAAA",
        "DS 1 8 2",
        "DS 1 NONSENSE 2 aa",
        "DOA 1 1 1 x !",
        "HINFO x",
        "ISDN a b c",
        "X25",
        "TXT",
        "ATMA",
        "ATMA +",
        "ATMA +12a",
        "ATMA +1..2",
        "ATMA 3",
        "ATMA .39",
        "ATMA 39.",
        "ATMA \"39\"",
        "ATMA +123 456",
        "ATMA \\# 1 01",
        "ATMA \\# 0",
        "NSAP \\# 0",
        "EID \\# 0",
        "NIMLOC \\# 0",
        "DHCID \\# 0",
        "OPENPGPKEY \\# 0",
        "HHIT \\# 0",
        "BRID \\# 0",
        "ATMA \\# 2 0161",
        "CNAME a. b.",
        "DSYNC CDS SCHEME 1 a.",
        "DHCID",
        "TLSA 3 1 1 a",
        "DNSKEY 1 3 8",
        "MINFO a.",
    ] {
        let text = format!("x. 5 {text}");
        assert!(RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 0).is_err(), "{text}");
    }
    for text in ["CH A b. 200000", "CH A b. 8", "CH A 192.0.2.1"] {
        let text = format!("x. 5 {text}");
        assert!(RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 0).is_err(), "{text}");
    }
}

#[test]
fn a_broken_entry_leaves_the_others_alone() {
    assert_eq!(
        read("a 1 A x (\n y )\nb 2 TXT \"x\nc 3 A 192.0.2.1\nd 4 TXT (a \"b\n)\ne 5 A 192.0.2.2"),
        [
            "line 1, column 7: expected an IPv4 address, found 'x'",
            "line 3, column 9: a quoted string does not end on its line",
            "c.example.org. 3 IN A 192.0.2.1",
            "line 5, column 12: a quoted string does not end on its line",
            "e.example.org. 5 IN A 192.0.2.2",
        ]
    );
    let options = ZoneOptions { multiline: false, ttl: Some(1), ..options(".") };
    assert_eq!(
        read_with("a TXT ( x\nb TXT y\nc TXT )\nd TXT z\n", &options),
        [
            "line 1, column 10: a parenthesis is not closed",
            "b. 1 IN TXT \"y\"",
            "line 3, column 7: a closing parenthesis without an opening one",
            "d. 1 IN TXT \"z\"",
        ]
    );
}

#[test]
fn the_canonical_form_has_names_in_lower_case_where_dnssec_wants_it() {
    let canonical = |text: &str| {
        let record = RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 0).unwrap();
        let rdata = record.canonical_rdata().unwrap();
        RecordBuf { rdata, ..record }.to_string()
    };
    assert_eq!(canonical("x. 1 MX 10 Mail.Example."), "x. 1 IN MX 10 mail.example.");
    assert_eq!(canonical("x. 1 SRV 1 2 3 A.B."), "x. 1 IN SRV 1 2 3 a.b.");
    assert_eq!(canonical("x. 1 DNAME A."), "x. 1 IN DNAME a.");
    assert_eq!(canonical("x. 1 NSEC A. A"), "x. 1 IN NSEC A. A");
    assert_eq!(canonical("x. 1 SVCB 1 A."), "x. 1 IN SVCB 1 A.");
    assert_eq!(canonical("x. 1 TXT A"), "x. 1 IN TXT \"A\"");
    let broken = RecordBuf {
        name: NameBuf::root(),
        ttl: 1,
        class: Class::IN,
        rtype: RecordType::MX,
        rdata: vec![0],
    };
    assert!(broken.canonical_rdata().is_err());
    assert_eq!(broken.to_string(), ". 1 IN MX \\# 1 00");
}

#[test]
fn text_from_anywhere_is_made_printable() {
    let mut out = Vec::new();
    write_printable(b"a\\b\x1B[2J\r\n\x7F\xC2\x9B", &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), "a\\\\b\\027[2J\\013\\010\\127\\194\\155");
}
