//! The codec beside `hickory-proto` and `domain`: what both take, we take, with the same content.

#[path = "../fuzz/src/lib.rs"]
#[allow(dead_code, reason = "what is there for other users of the checks")]
mod checks;

use std::sync::LazyLock;

use dnsonde::wire::{NameBuf, RecordBuf, RecordType};
use proptest::prelude::*;

/// A record for each line of the table.
static RECORDS: LazyLock<Vec<RecordBuf>> = LazyLock::new(|| {
    include_str!("data/rrcheck.tsv")
        .lines()
        .filter(|line| !line.starts_with("# "))
        .map(|line| {
            let text = format!("x. 5 {}", line.split_once('\t').unwrap().0);
            RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 0).unwrap()
        })
        .collect()
});

#[test]
fn every_type_of_the_table_has_the_same_content() {
    for record in RECORDS.iter() {
        checks::differential(&checks::wrap(record.rtype, &record.rdata));
        checks::rebuild(&checks::wrap(record.rtype, &record.rdata));
        checks::render(&checks::wrap(record.rtype, &record.rdata));
    }
}

#[test]
fn the_references_take_what_they_are_compared_on() {
    // Without this, a comparison could be empty because nobody takes anything.
    let taken = |record: &&RecordBuf| {
        let octets = checks::wrap(record.rtype, &record.rdata);
        hickory_proto::op::Message::from_vec(&octets).is_ok()
    };
    let taken: Vec<RecordType> = RECORDS.iter().filter(taken).map(|record| record.rtype).collect();
    for rtype in [RecordType::A, RecordType::MX, RecordType::SOA, RecordType::SVCB] {
        assert!(taken.contains(&rtype), "{rtype}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    /// Messages with a record of each type, some octets of them changed, names compressed by
    /// chance.
    #[test]
    fn changed_messages_have_the_same_content(
        line in 0..RECORDS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..5),
    ) {
        let record = &RECORDS[line];
        let mut octets = checks::wrap(record.rtype, &record.rdata);
        for (at, octet) in changes {
            let at = at.index(octets.len());
            octets[at] = octet;
        }
        checks::differential(&octets);
        checks::message(&octets);
        checks::rebuild(&octets);
    }

    #[test]
    fn any_octets_are_read_to_their_end(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        checks::message(&octets);
        checks::differential(&octets);
        checks::rebuild(&octets);
        checks::name(&octets);
        checks::rdata(&octets);
        checks::text(&octets);
    }
}
