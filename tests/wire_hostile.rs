//! Messages made to break a parser: each must be refused for its reason, or read for what it is,
//! in time that is linear in its size.

use dnsonde::wire::{
    Builder, Class, Flags, MAX_POINTERS, Message, Name, NameBuf, OptBuf, OptionCode, ParseError,
    ParseErrorKind as Kind, RecordType, Section,
};

/// A header with these counts.
fn header(counts: [u16; 4]) -> Vec<u8> {
    let mut octets = vec![0x12, 0x34, 0x80, 0x00];
    octets.extend(counts.into_iter().flat_map(u16::to_be_bytes));
    octets
}

/// A message with one answer owned by the root.
fn answer(rtype: RecordType, rdata: &[u8]) -> Vec<u8> {
    // These have their place in the additional section only.
    let additional = matches!(rtype, RecordType::OPT | RecordType::TSIG | RecordType::SIG);
    let mut octets = header(if additional { [0, 0, 0, 1] } else { [0, 1, 0, 0] });
    push_record(&mut octets, &[0], rtype, rdata);
    octets
}

fn push_record(octets: &mut Vec<u8>, owner: &[u8], rtype: RecordType, rdata: &[u8]) {
    octets.extend_from_slice(owner);
    octets.extend(rtype.0.to_be_bytes());
    octets.extend([0, 1, 0, 0, 0, 60]);
    octets.extend((rdata.len() as u16).to_be_bytes());
    octets.extend_from_slice(rdata);
}

/// A message with one question, whose name these octets are.
fn question(name: &[u8]) -> Vec<u8> {
    let mut octets = header([1, 0, 0, 0]);
    octets.extend_from_slice(name);
    octets.extend([0, 1, 0, 1]);
    octets
}

fn refused(octets: &[u8]) -> Kind {
    match Message::parse(octets) {
        Ok(_) => panic!("a malformed message was taken"),
        Err(error) => {
            assert!(error.offset <= octets.len());
            error.kind
        }
    }
}

/// What the check of the first record's RDATA says.
fn checked(octets: &[u8]) -> Result<(), ParseError> {
    let message = Message::parse(octets).unwrap();
    message.answers().chain(message.additionals()).next().unwrap().check()
}

fn text_of(rtype: RecordType, rdata: &[u8]) -> String {
    let octets = answer(rtype, rdata);
    let mut out = Vec::new();
    Message::parse(&octets).unwrap().answers().next().unwrap().write_data(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_pointer_to_itself_is_refused() {
    assert_eq!(refused(&question(b"\xC0\x0C")), Kind::PointerNotBackwards);
}

#[test]
fn a_pointer_forward_is_refused() {
    assert_eq!(refused(&question(b"\xC0\x0E\x01a\x00")), Kind::PointerNotBackwards);
}

#[test]
fn pointers_in_a_loop_are_refused() {
    let mut octets = header([2, 0, 0, 0]);
    // 12: a. then a pointer to 20; 20: b. then a pointer to 12.
    octets.extend(b"\x01a\xC0\x14\x00\x01\x00\x01\x01b\xC0\x0C\x00\x01\x00\x01");
    assert_eq!(refused(&octets), Kind::PointerNotBackwards);
}

#[test]
fn a_pointer_into_the_header_is_refused() {
    assert_eq!(refused(&question(b"\xC0\x04")), Kind::PointerIntoHeader);
    assert_eq!(refused(&question(b"\xC0\x00")), Kind::PointerIntoHeader);
}

#[test]
fn a_pointer_cut_in_half_is_refused() {
    let mut octets = header([1, 0, 0, 0]);
    octets.push(0xC0);
    assert_eq!(refused(&octets), Kind::Truncated("a compression pointer"));
}

#[test]
fn labels_that_overlap_their_own_pointer_are_refused() {
    // RFC 9267 §2: a pointer into the middle of a label whose octets are labels again, so that
    // the name runs into its own pointer and on.
    let mut octets = header([2, 0, 0, 0]);
    octets.extend(b"\x03\x01a\x01\x00\x00\x01\x00\x01"); // 12: a label of 01 61 01
    octets.extend(b"\x01b\xC0\x0F\x00\x01\x00\x01"); // b. and a pointer to that last 01
    // At 15 stands 01 00 00: a label of one zero octet and the root. It is read backwards only.
    assert!(Message::parse(&octets).is_ok());
    // A name that comes back to the run that pointed at it is not.
    let mut octets = header([1, 0, 0, 0]);
    octets.extend(b"\x02\x01a\x01b\xC0\x0D\x00\x01\x00\x01");
    assert_eq!(refused(&octets), Kind::PointerNotBackwards);
}

#[test]
fn a_name_of_255_octets_is_read_and_one_of_256_refused() {
    let name = |last: usize| {
        let mut name = Vec::new();
        for len in [63, 63, 63, last] {
            name.push(len as u8);
            name.extend(std::iter::repeat_n(b'a', len));
        }
        name.push(0);
        name
    };
    assert_eq!(name(61).len(), 255);
    assert!(Message::parse(&question(&name(61))).is_ok());
    assert_eq!(refused(&question(&name(62))), Kind::NameTooLong);
}

#[test]
fn a_name_that_only_its_pointer_makes_too_long_is_refused() {
    let mut octets = header([2, 0, 0, 0]);
    for _ in 0..4 {
        octets.push(60);
        octets.extend([b'a'; 60]);
    }
    octets.extend(b"\x00\x00\x01\x00\x01");
    octets.push(20);
    octets.extend([b'b'; 20]);
    octets.extend(b"\xC0\x0C\x00\x01\x00\x01");
    assert_eq!(refused(&octets), Kind::NameTooLong);
}

#[test]
fn label_types_40_and_80_are_refused() {
    assert_eq!(refused(&question(b"\x40\x00")), Kind::LabelType(0x40));
    assert_eq!(refused(&question(b"\x7F\x00")), Kind::LabelType(0x7F));
    assert_eq!(refused(&question(b"\x80\x00")), Kind::LabelType(0x80));
    assert_eq!(refused(&question(b"\xBF\x00")), Kind::LabelType(0xBF));
}

#[test]
fn more_than_127_pointers_in_a_name_are_refused() {
    let chain = |pointers: usize| {
        let mut octets = header([pointers as u16 + 1, 0, 0, 0]);
        octets.extend(b"\x00\x00\x01\x00\x01");
        let mut target = 12;
        for _ in 0..pointers {
            let at = octets.len();
            octets.extend((0xC000 | target as u16).to_be_bytes());
            octets.extend(b"\x00\x01\x00\x01");
            target = at;
        }
        octets
    };
    assert!(Message::parse(&chain(MAX_POINTERS)).is_ok());
    assert_eq!(refused(&chain(MAX_POINTERS + 1)), Kind::TooManyPointers);
}

#[test]
fn counts_that_lie_are_refused_and_reserve_nothing() {
    for counts in [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0xFFFF, 0], [0xFFFF; 4]] {
        assert!(matches!(refused(&header(counts)), Kind::Truncated(_)), "{counts:?}");
    }
    let mut octets = question(b"\x01a\x00");
    octets[7] = 0xFF; // ANCOUNT
    let (message, error) = Message::parse_prefix(&octets).unwrap();
    assert_eq!(error.unwrap().offset, octets.len());
    assert_eq!((message.questions().count(), message.answers().count()), (1, 0));
}

#[test]
fn an_rdlength_that_is_too_long_is_refused() {
    let mut octets = answer(RecordType::A, &[192, 0, 2, 1]);
    octets[22] = 5;
    assert!(matches!(refused(&octets), Kind::Truncated(_)));
}

#[test]
fn an_rdlength_that_is_too_short_is_refused() {
    assert!(checked(&answer(RecordType::A, &[192, 0, 2])).is_err());
    assert!(checked(&answer(RecordType::A, &[192, 0, 2, 1, 0])).is_err());
    let mut octets = answer(RecordType::A, &[192, 0, 2, 1]);
    octets[22] = 3;
    assert_eq!(refused(&octets), Kind::TrailingOctets(1));
}

#[test]
fn an_rdlength_that_ends_inside_a_name_is_a_fence() {
    // The name would go on in the next record; the fence stands.
    let mut octets = header([0, 2, 0, 0]);
    push_record(&mut octets, &[0], RecordType::CNAME, b"\x05ab");
    push_record(&mut octets, &[0], RecordType::A, &[192, 0, 2, 1]);
    let message = Message::parse(&octets).unwrap();
    assert!(message.answers().next().unwrap().check().is_err());
    assert!(message.answers().nth(1).unwrap().check().is_ok());
}

#[test]
fn old_types_are_read_compressed() {
    let compressed: [(RecordType, &[u8]); 8] = [
        (RecordType::SRV, b"\x00\x01\x00\x02\x00\x03\x01x\xC0\x0C"),
        (RecordType::RP, b"\xC0\x0C\x01x\xC0\x0C"),
        (RecordType::AFSDB, b"\x00\x01\xC0\x0C"),
        (RecordType::RT, b"\x00\x01\xC0\x0C"),
        (RecordType::PX, b"\x00\x01\xC0\x0C\xC0\x0C"),
        (RecordType::NXT, b"\xC0\x0C\x40"),
        (RecordType::NAPTR, b"\x00\x01\x00\x02\x00\x00\x00\xC0\x0C"),
        (RecordType::SIG, b"\x00\x01\x05\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xC0\x0C\x01"),
    ];
    for (rtype, rdata) in compressed {
        let mut octets = question(b"\x03foo\x00");
        octets[7] = 1; // ANCOUNT
        push_record(&mut octets, b"\xC0\x0C", rtype, rdata);
        let message = Message::parse(&octets).unwrap();
        let record = message.answers().next().unwrap();
        let mut out = Vec::new();
        record.write_data(&mut out).unwrap_or_else(|error| panic!("{rtype}: {error}"));
        assert!(String::from_utf8(out).unwrap().contains("foo."), "{rtype}");
        // On its own, the record has no pointers any more.
        assert!(record.to_buf().unwrap().rdata.windows(4).any(|octets| octets == b"foo\0"));
    }
}

#[test]
fn compression_where_it_is_forbidden_is_refused() {
    let compressed: [(RecordType, &[u8]); 9] = [
        (RecordType::DNAME, b"\xC0\x0C"),
        (RecordType::KX, b"\x00\x01\xC0\x0C"),
        (RecordType::NSEC, b"\xC0\x0C\x00\x01\x40"),
        (RecordType::RRSIG, b"\x00\x01\x05\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xC0\x0C\x01"),
        (RecordType::SVCB, b"\x00\x01\xC0\x0C"),
        (RecordType::HTTPS, b"\x00\x00\xC0\x0C"),
        (RecordType::LP, b"\x00\x01\xC0\x0C"),
        (RecordType::TALINK, b"\x00\xC0\x0C"),
        (RecordType::IPSECKEY, b"\x01\x03\x00\xC0\x0C"),
    ];
    for (rtype, rdata) in compressed {
        let mut octets = question(b"\x03foo\x00");
        octets[7] = 1; // ANCOUNT
        push_record(&mut octets, b"\xC0\x0C", rtype, rdata);
        assert_eq!(checked(&octets).unwrap_err().kind, Kind::PointerForbidden, "{rtype}");
    }
}

#[test]
fn compression_is_never_written_outside_rfc_1035() {
    let names = |rtype: RecordType, text: &str| {
        let class = Class::IN;
        let rdata = dnsonde::wire::RecordBuf::rdata_from_text(
            rtype,
            class,
            text.as_bytes(),
            &NameBuf::root(),
        )
        .unwrap();
        let name: NameBuf = "foo.example".parse().unwrap();
        let record = dnsonde::wire::RecordBuf { name, ttl: 60, class, rtype, rdata: rdata.clone() };
        let mut buffer = [0; 512];
        let mut builder = Builder::new(&mut buffer, 1, Flags::QR).unwrap();
        builder.question(name.as_wire(), rtype, class).unwrap();
        record.build(Section::Answer, &mut builder).unwrap();
        let len = builder.finish();
        let message = Message::parse(&buffer[..len]).unwrap();
        let built = message.answers().next().unwrap();
        assert_eq!(built.to_buf().unwrap(), record, "{rtype}");
        built.rdata().len() < rdata.len()
    };
    assert!(names(RecordType::MX, "10 mail.foo.example."));
    assert!(names(RecordType::SOA, "foo.example. host.foo.example. 1 2 3 4 5"));
    assert!(names(RecordType::MINFO, "foo.example. foo.example."));
    assert!(!names(RecordType::SRV, "1 2 3 foo.example."));
    assert!(!names(RecordType::RP, "foo.example. foo.example."));
    assert!(!names(RecordType::DNAME, "foo.example."));
    assert!(!names(RecordType::NSEC, "foo.example. A"));
}

#[test]
fn two_opt_records_are_refused() {
    let mut octets = header([0, 0, 0, 2]);
    push_record(&mut octets, &[0], RecordType::OPT, &[]);
    push_record(&mut octets, &[0], RecordType::OPT, &[]);
    assert!(matches!(refused(&octets), Kind::Edns(_)));
}

#[test]
fn an_opt_record_outside_the_additional_section_is_refused() {
    for counts in [[0, 1, 0, 0], [0, 0, 1, 0]] {
        let mut octets = header(counts);
        push_record(&mut octets, &[0], RecordType::OPT, &[]);
        assert!(matches!(refused(&octets), Kind::Edns(_)));
    }
}

#[test]
fn an_opt_record_with_another_owner_than_the_root_is_refused() {
    let mut octets = header([0, 0, 0, 1]);
    push_record(&mut octets, b"\x01a\x00", RecordType::OPT, &[]);
    assert!(matches!(refused(&octets), Kind::Edns(_)));
}

/// The RDATA of a SIG record over `covered`, without a signature.
fn sig(covered: u16) -> Vec<u8> {
    let mut rdata = covered.to_be_bytes().to_vec();
    rdata.extend([0; 17]);
    rdata
}

#[test]
fn a_transaction_signature_that_is_not_the_last_additional_record_is_refused() {
    let address = (RecordType::A, vec![192, 0, 2, 1]);
    for signature in [(RecordType::TSIG, vec![]), (RecordType::SIG, sig(0))] {
        for (counts, records) in [
            ([0, 0, 0, 2], vec![&signature, &address]),
            ([0, 1, 0, 1], vec![&signature, &address]),
            ([0, 0, 0, 2], vec![&signature, &signature]),
            ([0, 1, 0, 0], vec![&signature]),
            ([0, 0, 1, 0], vec![&signature]),
        ] {
            let mut octets = header(counts);
            for (rtype, rdata) in records {
                push_record(&mut octets, &[0], *rtype, rdata);
            }
            assert_eq!(refused(&octets), Kind::SignatureNotLast, "{} {counts:?}", signature.0);
        }
        let mut octets = header([0, 0, 0, 2]);
        for (rtype, rdata) in [&address, &signature] {
            push_record(&mut octets, &[0], *rtype, rdata);
        }
        assert!(Message::parse(&octets).is_ok(), "{}", signature.0);
    }
}

#[test]
fn a_sig_record_over_a_type_may_stand_anywhere() {
    let mut octets = header([0, 2, 1, 1]);
    for _ in 0..4 {
        push_record(&mut octets, &[0], RecordType::SIG, &sig(1));
    }
    assert!(Message::parse(&octets).is_ok());
}

#[test]
fn an_option_that_runs_over_its_opt_record_is_refused() {
    for rdata in [&b"\x00"[..], b"\x00\x03\x00", b"\x00\x03\x00\x05abcd", b"\x00\x0C\x00\x00\x00"] {
        let mut octets = header([0, 0, 0, 1]);
        push_record(&mut octets, &[0], RecordType::OPT, rdata);
        let message = Message::parse(&octets).unwrap();
        assert!(matches!(message.opt().unwrap().check().unwrap_err().kind, Kind::Edns(_)));
    }
}

#[test]
fn unknown_and_repeated_options_are_kept_in_order() {
    let mut buffer = [0; 512];
    let mut builder = Builder::new(&mut buffer, 1, Flags::QR).unwrap();
    let mut opt = OptBuf::new(1232);
    opt.version = 7;
    opt.option(OptionCode(65001), b"x").nsid().option(OptionCode(65001), b"y").nsid();
    opt.build(&mut builder).unwrap();
    let len = builder.finish();
    let message = Message::parse(&buffer[..len]).unwrap();
    let read = message.opt().unwrap();
    assert_eq!((read.version(), read.check()), (7, Ok(())));
    let options: Vec<_> = read.options().map(|(code, value)| (code.0, value)).collect();
    assert_eq!(options, [(65001, &b"x"[..]), (3, b""), (65001, b"y"), (3, b"")]);
}

#[test]
fn bitmap_windows_of_no_octets_or_over_32_or_unordered_are_refused() {
    let mut long = b"\x00\x00\x21".to_vec();
    long.extend([0x40; 33]);
    for rdata in [
        &b"\x00\x00\x00"[..],
        &long,
        b"\x00\x01\x01\x40\x00\x01\x40",
        b"\x00\x00\x01\x40\x00\x01\x40",
        b"\x00\x00\x02\x40",
        b"\x00\x00",
    ] {
        assert!(checked(&answer(RecordType::NSEC, rdata)).is_err(), "{rdata:?}");
    }
    assert_eq!(text_of(RecordType::NSEC, b"\x00\x00\x01\x40\x01\x01\x40"), ". A CAA");
    // Zeros at the end are read, but have no text of their own.
    assert_eq!(text_of(RecordType::NSEC, b"\x00\x00\x02\x40\x00"), "\\# 5 0000024000");
}

#[test]
fn an_empty_txt_record_is_refused_and_an_empty_string_is_not() {
    assert!(checked(&answer(RecordType::TXT, b"")).is_err());
    assert_eq!(text_of(RecordType::TXT, b"\x00"), "\"\"");
    assert!(checked(&answer(RecordType::TXT, b"\x05abcd")).is_err());
}

#[test]
fn service_parameters_unsorted_or_duplicate_or_truncated_are_refused() {
    let svcb = |parameters: &[u8]| {
        let mut rdata = b"\x00\x01\x00".to_vec();
        rdata.extend_from_slice(parameters);
        checked(&answer(RecordType::SVCB, &rdata))
    };
    assert!(svcb(b"\x00\x03\x00\x02\x01\xBB\x00\x04\x00\x04\xC0\x00\x02\x01").is_ok());
    for parameters in [
        &b"\x00\x04\x00\x04\xC0\x00\x02\x01\x00\x03\x00\x02\x01\xBB"[..], // unsorted
        b"\x00\x03\x00\x02\x01\xBB\x00\x03\x00\x02\x01\xBB",              // duplicate
        b"\x00\x03\x00\x02\x01",                                          // truncated
        b"\x00\x03\x00",                                                  // truncated
        b"\x00\x03\x00\x03\x01\xBB\x00",                                  // a port of three octets
        b"\x00\x01\x00\x00",                                              // alpn without a value
        b"\x00\x01\x00\x02\x02h",                                         // alpn cut short
        b"\x00\x01\x00\x01\x00",                                          // an empty alpn
        b"\x00\x02\x00\x01x",                                             // a value for none
        b"\x00\x04\x00\x05\xC0\x00\x02\x01\x00",                          // not whole addresses
        b"\x00\x00\x00\x02\x00\x03",                                      // mandatory, not there
        b"\x00\x00\x00\x02\x00\x00",                                      // mandatory itself
    ] {
        assert!(svcb(parameters).is_err(), "{parameters:?}");
    }
}

#[test]
fn the_service_parameter_that_is_reserved_as_invalid_is_shown_in_the_generic_form() {
    let text = text_of(RecordType::SVCB, b"\x00\x01\x00\xFF\xFF\x00\x01x");
    assert_eq!(text, "\\# 8 000100ffff000178");
}

#[test]
fn octets_behind_the_last_record_are_refused() {
    let mut octets = question(b"\x01a\x00");
    octets.extend(b"junk");
    assert_eq!(refused(&octets), Kind::TrailingOctets(4));
    let mut octets = header([0; 4]);
    octets.resize(70_000, 0);
    assert_eq!(refused(&octets), Kind::TrailingOctets(70_000 - 12));
}

#[test]
fn lengths_inside_an_rdata_never_reach_behind_it() {
    // Each type that has lengths of its own, with a length that is too large.
    let overruns: [(RecordType, &[u8]); 9] = [
        (RecordType::HIP, b"\xFF\x02\xFF\xFF\x01"),
        (RecordType::NSEC3, b"\x01\x00\x00\x01\xFFab"),
        (RecordType::NSEC3PARAM, b"\x01\x00\x00\x01\x05ab"),
        (RecordType::APL, b"\x00\x01\x10\x7F\x01"),
        (RecordType::TSIG, b"\x00\0\0\0\0\0\0\0\0\xFF\xFFx"),
        (RecordType::TKEY, b"\x00\0\0\0\0\0\0\0\0\0\0\0\0\x00\x09"),
        (RecordType::CAA, b"\x00\xFFissue"),
        (RecordType::ISDN, b"\x01a\x05b"),
        (RecordType::A6, b"\x81"),
    ];
    for (rtype, rdata) in overruns {
        assert!(checked(&answer(rtype, rdata)).is_err(), "{rtype}");
    }
}

#[test]
fn every_type_survives_every_short_rdata() {
    let mut out = Vec::new();
    for &rtype in RecordType::KNOWN {
        for len in 0..40 {
            for fill in [0x00, 0x01, 0x3F, 0x40, 0x80, 0xC0, 0xFF] {
                let octets = answer(rtype, &vec![fill; len]);
                let Ok(message) = Message::parse(&octets) else { continue };
                for record in message.answers().chain(message.additionals()) {
                    out.clear();
                    let shown = record.write_data(&mut out);
                    assert!(shown.is_ok() || out.is_empty(), "{rtype} {len} {fill}");
                    assert!(out.iter().all(|octet| matches!(octet, 0x20..=0x7E)));
                    let _ = record.to_buf();
                    let data = record.data();
                    let _ = (data.address(), data.target(), data.soa(), data.mx());
                    let _ = (data.strings(), data.rrsig(), data.ds(), data.dnskey());
                }
            }
        }
    }
}

/// A message of 64 KiB as full of records as can be, each owned by the root, with empty RDATA.
fn most_records() -> Vec<u8> {
    let count = (65_535 - 12) / 11;
    let mut octets = header([0, count as u16, 0, 0]);
    for _ in 0..count {
        push_record(&mut octets, &[0], RecordType::NULL, &[]);
    }
    octets
}

#[test]
fn a_message_full_of_records_is_walked_once() {
    let octets = most_records();
    let message = Message::parse(&octets).unwrap();
    assert_eq!(message.answers().count(), (65_535 - 12) / 11);
}

#[test]
fn a_message_full_of_pointers_to_a_long_chain_costs_no_more_than_its_hops() {
    // CVE-2024-8508 and RUSTSEC-2026-0119 are about names that make a program work long for few
    // octets. A name costs at most 127 hops and 255 octets here, whatever it is.
    let mut octets = header([0, 0, 0, 0]);
    let mut target = 12;
    octets.extend(b"\x01a\x00\x00\x01\x00\x01");
    let mut questions = 1u16;
    for _ in 0..MAX_POINTERS - 1 {
        let at = octets.len();
        octets.extend((0xC000 | target as u16).to_be_bytes());
        octets.extend(b"\x00\x01\x00\x01");
        target = at;
        questions += 1;
    }
    while octets.len() + 6 <= 65_535 {
        octets.extend((0xC000 | target as u16).to_be_bytes());
        octets.extend(b"\x00\x01\x00\x01");
        questions += 1;
    }
    octets[4..6].copy_from_slice(&questions.to_be_bytes());
    let message = Message::parse(&octets).unwrap();
    assert_eq!(message.questions().count(), usize::from(questions));
    let (name, end) = Name::parse(&octets, octets.len() - 6).unwrap();
    assert_eq!((name.to_string().as_str(), end), ("a.", octets.len() - 4));
}

#[test]
fn names_built_to_make_compression_quadratic_are_built_in_bounded_probes() {
    // Thousands of different long names of one-octet labels, none a suffix of another.
    let mut buffer = vec![0; 65_535];
    let mut builder = Builder::new(&mut buffer, 1, Flags::QR).unwrap();
    let mut owners = Vec::new();
    for i in 0u32.. {
        let mut owner = Vec::new();
        for label in 0..120u32 {
            owner.extend([1, b'a' + ((i >> (label % 20)) & 1) as u8]);
        }
        owner.extend([4]);
        owner.extend(i.to_be_bytes().map(|octet| octet | 0x80));
        owner.push(0);
        let name = NameBuf::from_wire(&owner).unwrap();
        let built = builder.record(
            Section::Answer,
            name.as_wire(),
            RecordType::A,
            Class::IN,
            60,
            |rdata| rdata.octets(&[192, 0, 2, 1]),
        );
        if built.is_err() {
            break;
        }
        owners.push(name);
    }
    let len = builder.finish();
    let message = Message::parse(&buffer[..len]).unwrap();
    assert!(message.answers().map(|record| record.name.to_buf()).eq(owners));
}

#[test]
fn pointers_are_never_written_past_offset_3fff() {
    let mut buffer = vec![0; 65_535];
    let mut builder = Builder::new(&mut buffer, 1, Flags::QR).unwrap();
    let filler: NameBuf = "filler.example".parse().unwrap();
    builder
        .record(Section::Answer, filler.as_wire(), RecordType::NULL, Class::IN, 0, |rdata| {
            rdata.octets(&[0xAB; 0x4000])
        })
        .unwrap();
    let late: NameBuf = "late.other".parse().unwrap();
    for name in [&late, &late, &filler, &late] {
        builder
            .record(Section::Answer, name.as_wire(), RecordType::A, Class::IN, 0, |rdata| {
                rdata.octets(&[192, 0, 2, 1])
            })
            .unwrap();
    }
    let len = builder.finish();
    let message = Message::parse(&buffer[..len]).unwrap();
    let owners: Vec<NameBuf> = message.answers().map(|record| record.name.to_buf()).collect();
    assert_eq!(owners, [filler, late, late, filler, late]);
}
