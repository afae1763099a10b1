//! ICMP says that queries are not delivered: forged, for a moment, or for good.

use std::time::Duration;

use dnsonde::engine::{
    EngineConfig, Failure, Outcome, QueryProfile, ServerChoice, ServerId, Time, Transport,
    Unreachable,
};

use crate::forgery::{Watched, answer, end, server};
use crate::network::{Behaviour, Network, TRUE};
use crate::{good, run};

const NAMES: u64 = 10_000;
const PORT_UNREACHABLE: Unreachable = Unreachable { icmp_type: 3, icmp_code: 3, errno: 111 };

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn at(seconds: f64) -> Time {
    Time::ZERO + Duration::from_secs_f64(seconds)
}

fn unreachable() -> Behaviour {
    Behaviour { unreachable: true, ..good() }
}

fn is_rejected(outcome: Outcome) -> bool {
    outcome == Outcome::Unreachable(PORT_UNREACHABLE)
}

#[test]
fn a_forged_icmp_error_costs_neither_an_attempt_nor_a_retry() {
    for delay in [(1_000, 20_000), (300_000, 900_000)] {
        let server = Behaviour { forged_icmp: true, delay, ..good() };
        let profile = QueryProfile { retries: 0, ..QueryProfile::default() };
        let network =
            run(EngineConfig { profile, ..EngineConfig::default() }, vec![server], 200, 11);
        assert_eq!((network.unanswered(), network.engine.totals().attempts), (0, 200));
        let counts = network.engine.server(ServerId(0)).counts;
        assert_eq!((counts.answered, counts.unreachable, counts.lost), (200, 0, 0));
        let reported = &network.engine.delivery_errors(network.now).unreachable;
        assert!(matches!(reported[..], [(error, 200)] if error.icmp_code == 3), "{reported:?}");
    }
}

/// Whoever knows a port has to know the message ID as well, and what was asked.
#[test]
fn an_icmp_error_counts_only_if_it_quotes_what_was_sent() {
    let config = EngineConfig { mixed_case: true, ..EngineConfig::default() };
    let mut watched = Watched::new(config);
    let (_, socket, query) = watched.sent[0].clone();
    let mut other_id = query.clone();
    other_id[0] ^= 1;
    let mut other_case = query.clone();
    other_case[13] ^= 0x20;
    let mut other_type = query.clone();
    let rtype = 12 + "victim.example".len() + 3;
    other_type[rtype] = 28;
    let mut other_class = query.clone();
    other_class[rtype + 2] = 3;
    for quoted in [&[][..], &query[..1], &other_id, &other_case, &other_type, &other_class] {
        let to = server();
        let mut sink = end(&mut watched.ended);
        watched.engine.handle_unreachable(
            at(0.01),
            socket,
            to,
            PORT_UNREACHABLE,
            quoted,
            &mut sink,
        );
    }
    assert!(watched.engine.delivery_errors(at(0.02)).unreachable.is_empty());
    assert_eq!(watched.engine.totals().unmatched, 6);
    // A router may quote eight octets of UDP and a little more.
    for quoted in [&query[..2], &query[..20], &query] {
        let mut sink = end(&mut watched.ended);
        watched.engine.handle_unreachable(
            at(0.02),
            socket,
            server(),
            PORT_UNREACHABLE,
            quoted,
            &mut sink,
        );
    }
    assert_eq!(watched.engine.delivery_errors(at(0.02)).unreachable, [(PORT_UNREACHABLE, 1)]);
    watched.transmit(at(0.9));
    assert_eq!(watched.sent.len(), 1, "the error ended the attempt");
    let reply = answer(&query, TRUE);
    watched.datagram(at(0.9), socket, server(), &reply);
    let ended = watched.ended.unwrap();
    assert_eq!((ended.attempts.len(), ended.attempts[0].transport), (1, Transport::Udp));
    assert!(ended.answer.is_ok());
}

#[test]
fn a_server_that_restarts_costs_no_name() {
    for (span, own_queries, retries) in
        [(0.002, true, 0), (0.3, true, 0), (0.9, true, 0), (0.9, false, 4), (1.5, true, 4)]
    {
        let profile = QueryProfile { retries, ..QueryProfile::default() };
        let config =
            EngineConfig { profile, own_queries, rate: Some(1_000.0), ..EngineConfig::default() };
        let mut network = Network::new(config, vec![good()], 51);
        let next = network.run_until(seconds(2.0), 0, NAMES);
        network.set_behaviour(0, unreachable());
        let next = network.run_until(seconds(2.0 + span), next, NAMES);
        network.set_behaviour(0, good());
        network.run_from(next, NAMES);
        let reported = network.engine.delivery_errors(network.now).unreachable;
        assert!(matches!(reported[..], [(PORT_UNREACHABLE, count)] if count > 0), "{reported:?}");
        assert_eq!(network.unanswered(), 0, "away for {span} s with {retries} retries");
    }
}

#[test]
fn repeated_icmp_errors_end_the_wait_for_the_only_server() {
    let mut network = Network::new(EngineConfig::default(), vec![unreachable()], 52);
    let mut took = |first: u64, count: u64| {
        let begun = network.now;
        for i in first..first + count {
            network.ask(i, ServerChoice::Any);
        }
        while network.results.len() < (first + count) as usize {
            assert!(network.step(), "no end");
        }
        for result in &network.results {
            assert_eq!(result.end, Err(Failure::Unreachable));
            assert!(result.attempts.iter().all(|attempt| is_rejected(attempt.outcome)));
            assert_eq!(result.attempts.len(), 5);
        }
        network.now.since(begun).as_secs_f64()
    };
    // One name by itself has to find it out; 5 s and more would be silence.
    let alone = took(0, 1);
    assert!((2.0..4.2).contains(&alone), "{alone} s");
    let later = took(1, 20);
    assert!(later < 2.0, "{later} s");
}

#[test]
fn a_server_that_rejects_everything_hands_its_names_to_others_at_once() {
    for own_queries in [true, false] {
        let config = EngineConfig { own_queries, rate: Some(1_000.0), ..EngineConfig::default() };
        let mut network = Network::new(config, vec![good(), good()], 53);
        let next = network.run_until(seconds(2.0), 0, NAMES);
        network.set_behaviour(0, unreachable());
        network.run_from(next, NAMES);
        assert_eq!((network.unanswered(), network.results.len() as u64), (0, NAMES));
        let took = network.last_sent();
        assert!(took < 11.5, "{took} s for {NAMES} names at 1,000 a second");
        let rejected = network.engine.server(ServerId(0)).counts.unreachable;
        assert!(rejected < 100, "{rejected} attempts went there");
        assert!(network.results.iter().all(|result| result.attempts.len() <= 3));
    }
}

#[test]
fn an_answer_ends_what_icmp_is_believed() {
    let mut network = Network::new(EngineConfig::default(), vec![unreachable()], 54);
    network.run(20);
    network.set_behaviour(0, good());
    network.run_from(20, 40);
    // Believed for good, this one would end each attempt at once.
    network.set_behaviour(0, Behaviour { forged_icmp: true, ..good() });
    let before = network.engine.totals().attempts;
    network.run_from(40, 60);
    assert_eq!(network.engine.totals().attempts - before, 20);
    assert_eq!(network.unanswered(), 20);
}
