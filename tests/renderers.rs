//! Any message, in every form that it is shown in, read back by readers of others.

#[path = "../fuzz/src/lib.rs"]
#[allow(dead_code, reason = "what is there for other users of the checks")]
mod checks;

use dnsonde::wire::{OptBuf, OptionCode, RecordType};
use proptest::collection::vec;
use proptest::prelude::*;

/// A label: mostly letters, or what formats treat as special, or anything.
fn label() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[a-zA-Z0-9_-]{1,8}".prop_map(String::into_bytes),
        "[\"\\\\.,;@$() \t\r\n'&<>/]{1,6}".prop_map(String::into_bytes),
        vec(any::<u8>(), 1..12),
    ]
}

/// A name of a few labels that ends in the root, or in a pointer to the question.
fn name() -> impl Strategy<Value = Vec<u8>> {
    let end = prop_oneof![Just(vec![0]), Just(vec![0xC0, 12])];
    (vec(label(), 0..3), end).prop_map(|(labels, end)| {
        let mut octets = Vec::new();
        for label in labels {
            octets.push(label.len() as u8);
            octets.extend(label);
        }
        octets.extend(end);
        octets
    })
}

/// What the fields of an RDATA are made of.
fn rdata() -> impl Strategy<Value = Vec<u8>> {
    let string = vec(any::<u8>(), 0..12).prop_map(|octets| {
        let mut string = vec![octets.len() as u8];
        string.extend(octets);
        string
    });
    let part = prop_oneof![
        3 => name(),
        2 => string,
        2 => vec(any::<u8>(), 1..5),
        1 => vec(any::<u8>(), 16),
        1 => Just(vec![0, 10]),
        1 => Just(vec![192, 0, 2, 1]),
    ];
    let option = (prop_oneof![0u16..20, any::<u16>()], vec(any::<u8>(), 0..10));
    let options = vec(option, 0..4).prop_map(|options| {
        let mut opt = OptBuf::default();
        for (code, value) in options {
            opt.option(OptionCode(code), &value);
        }
        opt.options().to_vec()
    });
    prop_oneof![5 => vec(part, 0..4).prop_map(|parts| parts.concat()), 1 => options]
}

fn record() -> impl Strategy<Value = Vec<u8>> {
    let rtype = prop_oneof![
        8 => proptest::sample::select(RecordType::KNOWN).prop_map(|rtype| rtype.0),
        4 => proptest::sample::select(vec![1u16, 2, 5, 6, 12, 15, 16, 28, 33, 64, 65, 257]),
        1 => any::<u16>(),
    ];
    let class = prop_oneof![6 => Just(1u16), 1 => Just(3), 1 => Just(4), 1 => any::<u16>()];
    (name(), rtype, class, any::<u32>(), rdata()).prop_map(|(owner, rtype, class, ttl, rdata)| {
        let owner = if rtype == RecordType::OPT.0 { vec![0] } else { owner };
        let mut octets = owner;
        octets.extend(rtype.to_be_bytes());
        octets.extend(class.to_be_bytes());
        octets.extend(ttl.to_be_bytes());
        octets.extend((rdata.len() as u16).to_be_bytes());
        octets.extend(rdata);
        octets
    })
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    let sections = [vec(record(), 0..4), vec(record(), 0..3), vec(record(), 0..3)];
    let question =
        (vec(label(), 0..3), any::<u16>(), prop_oneof![4 => Just(1u16), 1 => any::<u16>()]);
    (any::<u16>(), any::<u16>(), question, sections, any::<prop::sample::Index>(), 0..8u8).prop_map(
        |(id, flags, (labels, rtype, class), sections, cut, cuts)| {
            let mut octets = [id, flags, 1].map(u16::to_be_bytes).concat();
            for section in &sections {
                octets.extend((section.len() as u16).to_be_bytes());
            }
            for label in labels {
                octets.push(label.len() as u8);
                octets.extend(label);
            }
            octets.push(0);
            octets.extend([rtype, class].map(u16::to_be_bytes).concat());
            octets.extend(sections.concat().concat());
            // One in eight ends too early.
            if cuts == 0 {
                octets.truncate(cut.index(octets.len()));
            }
            octets
        },
    )
}

proptest! {
    #[test]
    fn every_form_of_any_message_is_read_back(message in message()) {
        checks::render(&message);
    }

    #[test]
    fn every_form_of_any_rdata_is_read_back(
        rtype in proptest::sample::select(RecordType::KNOWN), rdata in rdata(),
    ) {
        checks::render(&checks::wrap(rtype, &rdata));
    }
}
