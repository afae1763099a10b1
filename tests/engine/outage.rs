//! This machine cannot send for a while, or not everywhere.

use std::time::Duration;

use dnsonde::engine::{EngineConfig, Failure, Outcome, QueryProfile, ServerChoice, ServerId};

use crate::network::{Behaviour, EADDRNOTAVAIL, ENETUNREACH, EPERM, Network};
use crate::{good, run};

const NAMES: u64 = 10_000;

fn config() -> EngineConfig {
    EngineConfig { rate: Some(1_000.0), give_up_after: None, ..EngineConfig::default() }
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// Every name answered, by its first attempt, and nothing else ever counted.
fn assert_nothing_was_lost(network: &Network) {
    let totals = network.engine.totals();
    assert_eq!((network.unanswered(), network.results.len() as u64), (0, NAMES));
    assert_eq!(totals.attempts, NAMES, "attempts that were not sent are counted");
    network.check_accounting();
}

#[test]
fn a_scan_pauses_while_nothing_can_be_sent_and_loses_no_attempt() {
    for span in [0.05, 1.0, 3.0, 10.0] {
        for errno in [EPERM, ENETUNREACH] {
            let mut network = Network::new(config(), vec![good(), good()], 41);
            let next = network.run_until(seconds(2.0), 0, NAMES);
            for server in 0..2 {
                network.behaviour(server).refused_here = Some(errno);
            }
            let next = network.run_until(seconds(2.0 + span / 2.0), next, NAMES);
            let pause = network.engine.cannot_send().expect("the engine pauses");
            assert_eq!(pause.errno, errno);
            assert_eq!(network.engine.silent_for(network.now), None, "silence is not of servers");
            let paused = network.engine.delivery_errors(network.now).paused.as_secs_f64();
            assert!((span / 2.0 - paused).abs() < 1.1, "{paused} s of a pause that goes on");
            let next = network.run_until(seconds(2.0 + span), next, NAMES);
            for server in 0..2 {
                network.behaviour(server).refused_here = None;
            }
            network.run_from(next, NAMES);
            assert_nothing_was_lost(&network);
            let delivery_errors = network.engine.delivery_errors(network.now);
            let [(reported, count)] = delivery_errors.not_sent[..] else {
                panic!("{delivery_errors:?}")
            };
            // One when it began, or a batch of them, and then one a second.
            assert!(reported == errno && count < 40 + span as u64, "{delivery_errors:?}");
            assert_eq!(delivery_errors.pauses, 1);
            let over = delivery_errors.paused.as_secs_f64() - span;
            assert!((-0.1..1.1).contains(&over), "{delivery_errors:?}");
        }
    }
}

/// What was out when the link went down has no answer, and one attempt more.
#[test]
fn what_is_in_flight_does_not_time_out_during_a_pause() {
    let dead = Behaviour { loss: 1.0, ..good() };
    let mut network = Network::new(config(), vec![good()], 42);
    network.run_until(seconds(0.5), 0, 400);
    network.set_behaviour(0, dead);
    let next = network.run_until(seconds(0.6), 400, 500);
    network.behaviour(0).refused_here = Some(ENETUNREACH);
    network.run_until(seconds(8.0), next, 600);
    network.set_behaviour(0, good());
    while network.step() {}
    assert_eq!((network.unanswered(), network.results.len()), (0, 600));
    let attempts = network.results.iter().map(|result| result.attempts.len()).max();
    assert_eq!(attempts, Some(2), "attempts were burnt during the pause");
    network.check_accounting();
}

/// Its answers have nowhere to come to.
#[test]
fn what_is_in_flight_when_the_local_address_goes_was_never_sent() {
    let slow = Behaviour { delay: (100_000, 200_000), ..good() };
    let mut network = Network::new(config(), vec![slow], 49);
    let next = network.run_until(seconds(2.0), 0, NAMES);
    network.behaviour(0).refused_here = Some(EADDRNOTAVAIL);
    network.lose_sockets();
    let lost = network.engine.delivery_errors(network.now).not_sent;
    assert!(matches!(lost[..], [(EADDRNOTAVAIL, 20..200)]), "{lost:?}");
    network.check_accounting();
    let next = network.run_until(seconds(5.0), next, NAMES);
    let pause = network.engine.cannot_send().map(|pause| pause.errno);
    assert_eq!(pause, Some(EADDRNOTAVAIL));
    network.behaviour(0).refused_here = None;
    network.run_from(next, NAMES);
    assert_nothing_was_lost(&network);
}

#[test]
fn one_server_that_cannot_be_sent_to_stops_no_other() {
    let mut network = Network::new(config(), vec![good(), good()], 43);
    network.behaviour(0).refused_here = Some(EPERM);
    network.run(NAMES);
    assert_eq!((network.unanswered(), network.results.len() as u64), (0, NAMES));
    let took = network.last_sent();
    assert!(took < 10.5, "{took} s for {NAMES} names at 1,000 a second");
    // It is tried again now and then, and its names go elsewhere.
    let refused = network.engine.server(ServerId(0)).counts;
    assert!(refused.sent == refused.not_sent && refused.sent < 200, "{refused:?}");
    assert!(network.results.iter().all(|result| result.attempts.len() <= 3));
}

#[test]
fn a_family_that_never_worked_stops_no_other() {
    let ipv6 = Behaviour { ipv6: true, refused_here: Some(ENETUNREACH), ..good() };
    let network = run(config(), vec![ipv6.clone(), good(), ipv6], NAMES, 44);
    assert_eq!(network.unanswered(), 0);
    let took = network.last_sent();
    assert!(took < 10.5, "{took} s for {NAMES} names at 1,000 a second");
    assert!(network.results.iter().all(|result| result.attempts.len() <= 4));
}

#[test]
fn a_family_that_stops_to_work_leaves_the_other_one_running() {
    let mut network = Network::new(config(), vec![Behaviour { ipv6: true, ..good() }, good()], 45);
    let next = network.run_until(seconds(2.0), 0, NAMES);
    network.behaviour(0).refused_here = Some(ENETUNREACH);
    let next = network.run_until(seconds(6.0), next, NAMES);
    assert_eq!(network.engine.cannot_send(), None);
    assert!(network.engine.totals().answered > 5_900, "{:?}", network.engine.totals());
    network.behaviour(0).refused_here = None;
    network.run_from(next, NAMES);
    assert_nothing_was_lost(&network);
    assert!(network.engine.server(ServerId(0)).counts.answered > 1_500, "it is used again");
}

#[test]
fn a_pause_that_lasts_too_long_ends_in_failures() {
    let config = EngineConfig { give_up_after: Some(seconds(5.0)), ..config() };
    let mut network = Network::new(config, vec![good()], 46);
    network.behaviour(0).refused_here = Some(ENETUNREACH);
    for i in 0..100 {
        network.ask(i, ServerChoice::Any);
    }
    while network.results.is_empty() {
        assert!(network.step());
    }
    let took = network.now.as_nanos() as f64 / 1e9;
    assert!((5.0..7.5).contains(&took), "{took}");
    while network.step() {}
    for result in &network.results {
        assert_eq!(result.end, Err(Failure::Unreachable));
        let refused = |outcome| outcome == Outcome::NotSent(ENETUNREACH);
        assert!(result.attempts.iter().all(|attempt| refused(attempt.outcome)));
    }
    network.check_accounting();
}

/// Linux looks for the next machine on the way for three seconds before it gives a datagram up.
#[test]
fn what_found_no_neighbour_was_never_sent() {
    let profile = QueryProfile { timeout: seconds(0.5), retries: 7, ..QueryProfile::default() };
    let mut network = Network::new(EngineConfig { profile, ..config() }, vec![good()], 47);
    let next = network.run_until(seconds(1.0), 0, NAMES);
    network.behaviour(0).no_neighbour = true;
    let next = network.run_until(seconds(9.0), next, NAMES);
    assert_eq!(network.engine.cannot_send().map(|pause| pause.errno), Some(113));
    network.behaviour(0).no_neighbour = false;
    network.run_from(next, NAMES);
    assert_eq!((network.unanswered(), network.results.len() as u64), (0, NAMES));
    network.check_accounting();
}

#[test]
fn a_stopped_scan_does_not_wait_for_the_end_of_a_pause() {
    let mut network = Network::new(config(), vec![good()], 48);
    let next = network.run_until(seconds(1.0), 0, NAMES);
    network.behaviour(0).loss = 1.0;
    let next = network.run_until(seconds(1.1), next, NAMES);
    network.behaviour(0).refused_here = Some(ENETUNREACH);
    network.run_until(seconds(2.0), next, NAMES);
    network.drain();
    let stopped = network.now;
    network.behaviour(0).refused_here = None;
    while network.results.len() < 1_100 && network.step() {}
    assert!(network.now.since(stopped) < seconds(8.0), "{:?}", network.now);
}
