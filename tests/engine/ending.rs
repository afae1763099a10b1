//! How exchanges end before their time: cancelled at once, or after what is on its way.

use std::time::Duration;

use dnsonde::engine::{
    EngineConfig, Failure, Outcome, QueryProfile, ServerChoice, ServerId, Window,
};
use proptest::prelude::*;

use super::network::{Behaviour, Network};
use super::{behaviour, good};

/// 500 exchanges, after some steps.
fn under_way(config: EngineConfig, behaviours: Vec<Behaviour>, steps: usize, seed: u64) -> Network {
    let mut network = Network::new(config, behaviours, seed);
    for i in 0..500 {
        network.ask(i, ServerChoice::Any);
    }
    for _ in 0..steps {
        network.step();
    }
    network
}

#[test]
fn cancelling_ends_every_exchange_once() {
    let mut network = under_way(EngineConfig::default(), vec![good()], 1, 20);
    network.cancel();
    network.check_accounting();
    assert!(network.engine.is_idle());
    while network.step() {}
    let totals = network.engine.totals();
    assert_eq!((network.results.len(), totals.open, totals.answered), (500, 0, 1));
}

#[test]
fn a_response_after_the_end_moves_its_attempt_from_abandoned_to_late() {
    let mut network = under_way(EngineConfig::default(), vec![good()], 1, 20);
    network.cancel();
    let counts = network.engine.server(ServerId(0)).counts;
    let (sent, abandoned) = (counts.sent, counts.abandoned);
    assert_eq!((counts.answered, counts.late, abandoned), (1, 0, sent - 1));
    assert!(abandoned > 0, "nothing was on its way");
    while network.step() {}
    let counts = network.engine.server(ServerId(0)).counts;
    assert_eq!((counts.answered, counts.late, counts.abandoned), (1, abandoned, 0));
    assert_eq!((counts.sent, counts.lost), (sent, 0));
}

#[test]
fn draining_waits_for_what_is_on_its_way() {
    let mut network = under_way(EngineConfig::default(), vec![good()], 1, 20);
    network.drain();
    network.check_accounting();
    assert!(!network.engine.is_idle());
    while network.step() {}
    let totals = network.engine.totals();
    assert_eq!((network.results.len(), totals.open, totals.answered), (500, 0, 4));
}

#[test]
fn a_drained_engine_makes_no_retry_and_waits_for_one_timeout_at_most() {
    for (what, fault) in [
        ("silent", Behaviour { loss: 1.0, ..good() }),
        ("refusing", Behaviour { refused: 1.0, ..good() }),
        ("failing", Behaviour { servfail: 1.0, ..good() }),
        ("truncating", Behaviour { truncated: 1.0, ..good() }),
        ("without EDNS", Behaviour { no_edns: true, ..good() }),
        ("not there", Behaviour { unreachable: true, ..good() }),
        ("lossy", Behaviour { loss: 0.5, ..good() }),
    ] {
        for servers in [1, 3] {
            let config = EngineConfig { window: Window::Fixed(100), ..EngineConfig::default() };
            let mut network = under_way(config, vec![fault.clone(); servers], 0, 21);
            // Deep in the retries.
            network.sleep(Duration::from_millis(3));
            while network.engine.totals().attempts < 700 && network.step() {}
            let attempts = network.engine.totals().attempts;
            network.drain();
            let began = network.now;
            while !network.engine.is_idle() && network.step() {}
            assert_eq!(
                network.engine.totals().attempts,
                attempts,
                "{what}: attempts after the end"
            );
            assert!(network.engine.is_idle(), "{what}");
            network.check_accounting();
            // A tenth is jitter.
            let timeout = QueryProfile::default().timeout.mul_f64(1.1);
            let waited = network.now.since(began);
            assert!(waited <= timeout, "{what}: waited {waited:?}");
            assert_eq!(network.results.len(), 500, "{what}");
        }
    }
}

#[test]
fn what_might_have_been_answered_at_another_attempt_is_cancelled_not_failed() {
    let config = EngineConfig { window: Window::Fixed(1000), ..EngineConfig::default() };
    let mut network = under_way(config, vec![Behaviour { loss: 1.0, ..good() }], 0, 22);
    network.transmit();
    network.drain();
    while network.step() {}
    for result in &network.results {
        assert_eq!(result.end, Err(Failure::Cancelled), "{result:?}");
        assert_eq!(result.attempts.len(), 1);
        assert_eq!(result.attempts[0].outcome, Outcome::TimedOut);
    }
    // Without a retry that was left, silence is what there is to say.
    let profile = QueryProfile { retries: 0, ..QueryProfile::default() };
    let config = EngineConfig { window: Window::Fixed(1000), profile, ..EngineConfig::default() };
    let mut network = under_way(config, vec![Behaviour { loss: 1.0, ..good() }], 0, 23);
    network.transmit();
    network.drain();
    while network.step() {}
    assert_eq!(network.engine.totals().timed_out, 500);
}

#[test]
fn a_drained_engine_takes_nothing_more() {
    let mut network = under_way(EngineConfig::default(), vec![good()], 1, 24);
    network.drain();
    assert_eq!(network.engine.room(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_servers_do_draining_ends_every_exchange_once_and_sends_nothing(
        behaviours in prop::collection::vec(behaviour(), 1..4),
        steps in 0usize..2_000,
        seed in any::<u64>(),
    ) {
        let mut network = under_way(EngineConfig::default(), behaviours, steps, seed);
        let attempts = network.engine.totals().attempts;
        network.drain();
        let began = network.now;
        while !network.engine.is_idle() && network.step() {}
        network.check_accounting();
        prop_assert!(network.engine.is_idle());
        prop_assert_eq!(network.engine.totals().attempts, attempts);
        prop_assert_eq!(network.results.len(), 500);
        let timeout = QueryProfile::default().timeout.mul_f64(1.1);
        prop_assert!(network.now.since(began) <= timeout);
    }
}
