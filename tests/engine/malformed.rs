//! Malformed answers: each kind is asked again, and is the last resort.

use std::time::Duration;

use dnsonde::engine::{
    Accept, Ending, Engine, EngineConfig, ExchangeRequest, Finished, Outcome, QueryProfile,
    RetryReason, Stamp, Time, Transmits,
};
use dnsonde::wire::{NameBuf, ParseError, Rcode, RecordType};

use super::network::address;

/// What stands behind the question of each malformed response: the counts of its records, and they.
const MALFORMED: [(&str, [u8; 3], &[u8]); 8] = [
    ("an A record of three octets", [1, 0, 0], b"\xC0\x0C\0\x01\0\x01\0\0\0\x3C\0\x03\xC0\0\x02"),
    (
        "an A record of five octets",
        [1, 0, 0],
        b"\xC0\x0C\0\x01\0\x01\0\0\0\x3C\0\x05\xC0\0\x02\x01\0",
    ),
    ("a CNAME that points ahead", [1, 0, 0], b"\xC0\x0C\0\x05\0\x01\0\0\0\x3C\0\x02\xC0\xFF"),
    ("a string that overruns its TXT", [1, 0, 0], b"\xC0\x0C\0\x10\0\x01\0\0\0\x3C\0\x03\x05ab"),
    (
        "a SRV of the additional section that is cut short",
        [0, 0, 1],
        b"\xC0\x0C\0\x21\0\x01\0\0\0\x3C\0\x04\0\0\0\x01",
    ),
    ("an option that overruns the OPT", [0, 0, 1], b"\0\0\x29\x04\xD0\0\0\0\0\0\x06\0\x03\0\x09ab"),
    (
        "an owner that points to itself",
        [1, 0, 0],
        b"\xC0\x21\0\x01\0\x01\0\0\0\x3C\0\x04\xC0\0\x02\x01",
    ),
    ("a record that is not there", [1, 0, 0], b""),
];

/// The question in every test; its answers have the first record at octet 33.
const NAME: &str = "mal.formed.example";

/// What ended an exchange.
struct Ended {
    rcode: Rcode,
    malformed: Option<ParseError>,
    outcomes: Vec<(Outcome, Option<RetryReason>)>,
    servers: Vec<u32>,
}

/// Puts one question, and answers attempt number `i` with what `answer` makes of the query.
fn exchange(
    profile: QueryProfile,
    servers: usize,
    answer: impl Fn(usize, &[u8]) -> Vec<u8>,
) -> (Ended, Engine) {
    let servers: Vec<_> = (0..servers).map(address).collect();
    let config = EngineConfig { profile, ..EngineConfig::default() };
    let mut engine = Engine::new(config, &servers, 4, [3; 32]);
    let name: NameBuf = NAME.parse().unwrap();
    engine.submit(&ExchangeRequest::new(0, name.as_wire(), RecordType::A)).unwrap();
    let (mut out, mut now, mut number) = (Transmits::default(), Time::ZERO, 0);
    let mut ended = None;
    while !engine.is_idle() {
        let mut sink = |finished: Finished<'_>| {
            let Ending::Answered { response, .. } = finished.end else { panic!("no answer") };
            ended = Some(Ended {
                rcode: response.message.rcode(),
                malformed: response.malformed,
                outcomes: finished
                    .attempts
                    .iter()
                    .map(|a| (a.outcome, a.retried_because))
                    .collect(),
                servers: finished.attempts.iter().map(|a| a.server.0).collect(),
            });
        };
        engine.poll_transmit(now, &mut out);
        let sent: Vec<_> =
            out.batches().iter().map(|batch| (*batch, out.octets(batch).to_vec())).collect();
        now = now + Duration::from_millis(5);
        for (batch, query) in sent {
            let octets = answer(number, &query);
            number += 1;
            engine.handle_datagram(now, Stamp::Clock, batch.socket, batch.to, &octets, &mut sink);
        }
        if let Some(due) = engine.poll_timeout() {
            now = now.max(due);
            engine.handle_timeout(now, &mut sink);
        }
    }
    (ended.expect("every exchange ends"), engine)
}

/// A NOERROR response to `query` with other records than its own.
fn response(query: &[u8], counts: [u8; 3], records: &[u8]) -> Vec<u8> {
    let mut octets = query[..12 + NAME.len() + 2 + 4].to_vec();
    octets[2] |= 0x80;
    octets[3] |= 0x80;
    for (i, count) in counts.into_iter().enumerate() {
        octets[7 + 2 * i] = count;
    }
    octets.extend_from_slice(records);
    octets
}

fn good(query: &[u8]) -> Vec<u8> {
    response(query, [1, 0, 0], b"\xC0\x0C\0\x01\0\x01\0\0\0\x3C\0\x04\xC0\0\x02\x01")
}

#[test]
fn an_answer_that_stays_malformed_ends_as_that_after_it_was_asked_again() {
    for accept in [Accept::Useful, Accept::Anything] {
        for (what, counts, records) in MALFORMED {
            let profile = QueryProfile { accept, ..QueryProfile::default() };
            let (ended, engine) = exchange(profile, 1, |_, query| response(query, counts, records));
            assert_eq!(ended.outcomes.len(), 2, "{what}: attempts");
            assert_eq!(ended.outcomes[0].1, Some(RetryReason::Malformed), "{what}");
            let reported =
                |outcome| matches!(outcome, Outcome::Answered(answer) if answer.malformed);
            assert!(ended.outcomes.iter().all(|(outcome, _)| reported(*outcome)), "{what}");
            assert_eq!(ended.rcode, Rcode::NOERROR, "{what}");
            let offset = ended.malformed.unwrap_or_else(|| panic!("{what} passes as fine")).offset;
            assert!((33..=60).contains(&offset), "{what}: octet {offset}");
            let server = engine.servers().next().unwrap();
            assert_eq!((server.counts.malformed, server.counts.answered), (2, 2), "{what}");
        }
    }
}

#[test]
fn a_malformed_answer_gives_way_to_a_good_one_from_another_server() {
    for accept in [Accept::Useful, Accept::Anything] {
        for (what, counts, records) in MALFORMED {
            let profile = QueryProfile { accept, ..QueryProfile::default() };
            let (ended, _) = exchange(profile, 2, |number, query| match number {
                0 => response(query, counts, records),
                _ => good(query),
            });
            assert_eq!((ended.malformed, ended.outcomes.len()), (None, 2), "{what}");
            assert_ne!(ended.servers[0], ended.servers[1], "{what}");
        }
    }
}

#[test]
fn an_answer_that_only_says_servfail_is_better_than_a_malformed_one() {
    let (_, counts, records) = MALFORMED[0];
    for malformed_first in [true, false] {
        let (ended, _) = exchange(QueryProfile::default(), 2, |number, query| {
            if (number % 2 == 0) == malformed_first {
                return response(query, counts, records);
            }
            let mut octets = response(query, [0; 3], b"");
            octets[3] |= 2;
            octets
        });
        assert_eq!((ended.rcode, ended.malformed), (Rcode::SERVFAIL, None));
    }
}

#[test]
fn rdata_that_servers_compress_against_the_rules_and_types_without_rdata_are_no_fault() {
    for records in [
        // SRV with a compressed target (RFC 2782 forbids it; RFC 3597 §4 wants it read).
        &b"\xC0\x0C\0\x21\0\x01\0\0\0\x3C\0\x08\0\0\0\0\0\x50\xC0\x0C"[..],
        // An unknown type, a NULL record without octets, an A record of the class CH.
        b"\xC0\x0C\xFF\0\0\x01\0\0\0\x3C\0\x01\x07",
        b"\xC0\x0C\0\x0A\0\x01\0\0\0\x3C\0\0",
        b"\xC0\x0C\0\x01\0\x03\0\0\0\x3C\0\x04\xC0\x0C\0\x01",
        // HTTPS in alias form, with alpn in service form, CAA, and an empty DS digest.
        b"\xC0\x0C\0\x41\0\x01\0\0\0\x3C\0\x03\0\0\0",
        b"\xC0\x0C\0\x41\0\x01\0\0\0\x3C\0\x0A\0\x01\0\0\x01\0\x03\x02h2",
        b"\xC0\x0C\x01\x01\0\x01\0\0\0\x3C\0\x08\0\x05issue;",
        b"\xC0\x0C\0\x2B\0\x01\0\0\0\x3C\0\x04\0\x01\x08\x02",
    ] {
        let (ended, _) =
            exchange(QueryProfile::default(), 1, |_, query| response(query, [1, 0, 0], records));
        assert_eq!(ended.malformed, None, "{records:02x?}");
        assert_eq!(ended.outcomes.len(), 1);
    }
}
