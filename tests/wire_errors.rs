//! What the codec's errors and values say to people.

use dnsonde::wire::{
    BufferFull, Builder, Class, Flags, Message, Name, NameBuf, NameError, RecordType, Section,
};
use std::collections::HashSet;

fn name(text: &str) -> NameBuf {
    text.parse().unwrap()
}

#[test]
fn a_malformed_message_is_told_with_its_octet_and_reason() {
    let header = [0, 1, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    let after = |rest: &[u8]| [&header[..], rest].concat();
    for (octets, said) in [
        (vec![0; 5], "octet 5: the message ends inside the header"),
        (after(b""), "octet 12: the message ends inside a name"),
        (after(b"\x05ab"), "octet 12: the message ends inside a label"),
        (after(b"\xC0"), "octet 12: the message ends inside a compression pointer"),
        (
            after(b"\xC0\x0C"),
            "octet 12: a compression pointer that does not point strictly backwards",
        ),
        (after(b"\xC0\x02"), "octet 12: a compression pointer into the header"),
        (after(b"\x80"), "octet 12: label type 0x80 is not in use"),
        (after(b"\0\0"), "octet 13: the message ends inside the fixed part of a record"),
        (
            after(b"\0\0\x01\0\x01\0\0\0\0\0\x04\x01"),
            "octet 21: the message ends inside an RDATA (RDLENGTH is too large)",
        ),
        (after(b"\0\0\x0A\0\x01\0\0\0\0\0\0xyz"), "octet 23: 3 octets after the last record"),
        (
            after(b"\0\0\xFA\0\x01\0\0\0\0\0\0"),
            "octet 12: a TSIG or SIG(0) record that is not the last additional record",
        ),
        (
            after(b"\0\0\x29\0\x01\0\0\0\0\0\0"),
            "octet 12: an OPT record outside the additional section",
        ),
    ] {
        let error = Message::parse(&octets).err().unwrap();
        assert_eq!(error.to_string(), said);
    }
    let long = [&[0; 12][..], &[1, b'a'].repeat(130)].concat();
    let error = Name::parse(&long, 12).unwrap_err().to_string();
    assert_eq!(error, "octet 12: a name of more than 255 octets");
    let mut chain = [0; 13].to_vec();
    for at in 0..200u16 {
        chain.extend((0xC000 | if at == 0 { 12 } else { 13 + 2 * (at - 1) }).to_be_bytes());
    }
    let error = Name::parse(&chain, chain.len() - 2).unwrap_err().to_string();
    assert_eq!(error, "octet 411: more than 127 compression pointers in one name");
    let error = Name::parse_uncompressed(&chain, 13).unwrap_err().to_string();
    assert_eq!(
        error,
        "octet 13: a compression pointer where none is allowed (RFC 3597, section 4)"
    );
}

#[test]
fn names_are_put_together_label_by_label() {
    let (www, org) = (name("www"), name("example.org"));
    assert_eq!(www.append(&org), Ok(name("www.example.org")));
    assert_eq!(org.prepend(b"www"), Ok(name("www.example.org")));
    assert_eq!(org.prepend(b""), Err(NameError::EmptyLabel));
    assert_eq!(org.prepend(&[b'a'; 64]), Err(NameError::LabelTooLong));
    let long = name(&"a.".repeat(127));
    assert_eq!(long.append(&org), Err(NameError::NameTooLong));
    assert!(NameBuf::root().is_root() && !org.is_root());
    assert_eq!(format!("{org:?} {}", NameBuf::root()), "example.org. .");
}

#[test]
fn names_that_differ_in_case_only_are_one_in_a_set() {
    let names: HashSet<NameBuf> = ["a.example", "A.Example", "b.example"].map(name).into();
    assert_eq!(names.len(), 2);
}

#[test]
fn a_name_in_a_message_is_equal_to_itself_written_otherwise() {
    let octets = b"\0\0\0\0\0\0\0\0\0\0\0\0\x03FOO\x00\x01a\xC0\x0C\x01A\x03foo\x00";
    let (first, end) = Name::parse(octets, 17).unwrap();
    let (second, _) = Name::parse(octets, end).unwrap();
    assert!(first == second && first == name("a.foo") && first != name("b.foo"));
    assert_eq!((first.offset(), format!("{first:?} {second}").as_str()), (17, "a.FOO. A.foo."));
    assert!(!first.is_root() && Name::parse(octets, 16).unwrap().0.is_root());
}

#[test]
fn a_full_buffer_takes_back_what_did_not_fit() {
    let org = name("example.org");
    for room in 12..29 {
        let mut buffer = vec![0; room];
        let mut builder = Builder::new(&mut buffer, 1, Flags::RD).unwrap();
        assert!(builder.is_empty());
        assert_eq!(builder.question(org.as_wire(), RecordType::A, Class::IN), Err(BufferFull));
        assert!(builder.is_empty() && builder.len() == 12);
        *builder.flags_mut() = Flags::QR.with(Flags::TC);
        let len = builder.finish();
        let message = Message::parse(&buffer[..len]).unwrap();
        assert_eq!(message.header().counts, [0; 4]);
        assert!(message.flags().contains(Flags::TC));
        assert_eq!(message.octets().len(), 12);
    }
    assert!(Builder::new(&mut [0; 11], 1, Flags::RD).is_err());
    assert_eq!(BufferFull.to_string(), "the message does not fit into the buffer");
}

#[test]
fn a_name_that_does_not_fit_is_not_left_in_part() {
    let (org, other) = (name("example.org"), name("mail.example.net"));
    let mut buffer = [0; 45];
    let mut builder = Builder::new(&mut buffer, 1, Flags::QR).unwrap();
    builder.question(org.as_wire(), RecordType::A, Class::IN).unwrap();
    let rdata = |rdata: &mut Builder<'_>| rdata.name(other.as_wire());
    let added =
        builder.record(Section::Answer, org.as_wire(), RecordType::NS, Class::IN, 60, rdata);
    assert_eq!((added, builder.len()), (Err(BufferFull), 29));
}

#[test]
fn a_section_takes_no_more_records_than_its_count_can_say() {
    let mut buffer = vec![0; 65_535];
    let mut builder = Builder::new(&mut buffer, 1, Flags::QR).unwrap();
    let mut added = 0;
    while builder.record(Section::Answer, &[0], RecordType::NULL, Class::IN, 0, |_| Ok(())).is_ok()
    {
        added += 1;
    }
    let len = builder.finish();
    assert_eq!(Message::parse(&buffer[..len]).unwrap().answers().count(), added);
    assert_eq!(added, (65_535 - 12) / 11);
}
