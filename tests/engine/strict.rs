//! The window of a measurement: what is in flight, for how long, and what comes too late.

use std::time::Duration;

use dnsonde::engine::{
    Accept, EngineConfig, Failure, LateAnswer, Outcome, QueryProfile, ServerChoice, Window,
};
use dnsonde::engine::{ServerId, Time, TransportPolicy};

use super::good;
use super::network::{Behaviour, Network};

const TIMEOUT: Duration = Duration::from_millis(100);
/// Timers go off so late at most.
const TICK: Duration = Duration::from_micros(1_100);

fn network(window: usize, behaviour: Behaviour) -> Network {
    let profile = QueryProfile {
        timeout: TIMEOUT,
        retries: 0,
        transport: TransportPolicy::UdpOnly,
        accept: Accept::Anything,
        ..QueryProfile::default()
    };
    let config =
        EngineConfig { profile, window: Window::Strict(window), ..EngineConfig::default() };
    Network::new(config, vec![behaviour], 5)
}

/// Asks for 1,000 names whose answers take between 1 and 20 ms, but for a third that has none.
fn losing() -> Network {
    let mut network = network(10, Behaviour { loss: 0.33, ..good() });
    for i in 0..1_000 {
        network.ask(i, ServerChoice::Any);
    }
    network
}

#[test]
fn a_query_counts_as_outstanding_until_its_time_is_over() {
    let mut network = losing();
    let mut open: Vec<Time> = Vec::new();
    while network.step() {
        // Of the queries that ended before now, and of all others that were sent.
        let ended = network.results.iter().map(|it| it.ended).collect::<Vec<_>>();
        open.push(network.now);
        let sent = network.engine.totals().attempts as usize;
        assert!(sent - ended.len() <= 10, "{sent} sent, {} ended", ended.len());
    }
    network.check_accounting();
    assert_eq!((network.results.len(), network.engine.totals().attempts), (1_000, 1_000));
}

#[test]
fn a_timeout_is_what_was_said() {
    let mut network = losing();
    while network.step() {}
    let lost: Vec<_> =
        network.results.iter().filter(|it| it.end == Err(Failure::TimedOut)).collect();
    assert!((250..420).contains(&lost.len()), "{}", lost.len());
    for result in lost {
        let waited = result.ended.since(result.attempts[0].sent);
        assert!((TIMEOUT..TIMEOUT + TICK).contains(&waited), "{waited:?}");
    }
}

#[test]
fn nothing_is_asked_twice_whatever_comes_back() {
    for fault in [
        Behaviour { servfail: 1.0, ..good() },
        Behaviour { refused: 1.0, ..good() },
        Behaviour { truncated: 1.0, ..good() },
        Behaviour { lame: true, ..good() },
        Behaviour { no_edns: true, ..good() },
        Behaviour { unreachable: true, ..good() },
        Behaviour { forged: 0.5, loss: 0.5, ..good() },
    ] {
        let mut network = network(10, fault.clone());
        network.run(200);
        assert_eq!(network.engine.totals().attempts, 200, "{fault:?}");
    }
}

#[test]
fn an_icmp_error_frees_no_place_before_its_time() {
    let mut network = network(10, Behaviour { unreachable: true, ..good() });
    network.run(50);
    let rounds = network.last_ended().since(Time::ZERO);
    assert!((5 * TIMEOUT..5 * (TIMEOUT + TICK)).contains(&rounds), "five of ten: {rounds:?}");
    for result in &network.results {
        assert!(
            matches!(result.attempts[..], [it] if matches!(it.outcome, Outcome::Unreachable(_)))
        );
        assert_eq!(result.end, Err(Failure::Unreachable));
    }
}

#[test]
fn answers_that_come_too_late_are_told_with_their_time() {
    let late = Duration::from_millis(150);
    let delay = late.as_micros() as u64;
    let mut network = network(10, Behaviour { delay: (delay, delay), ..good() });
    network.run(20);
    // The second ten were sent when the first had timed out, and their answers are still to come.
    while network.step() {}
    let mut told: Vec<LateAnswer> = network.engine.take_late().collect();
    assert_eq!(told.len(), 20);
    for LateAnswer { server, rtt } in told.drain(..) {
        assert_eq!(server, ServerId(0));
        assert!(rtt.abs_diff(late) < Duration::from_micros(66), "{rtt:?}");
    }
    assert_eq!(network.engine.take_late().count(), 0, "told once");
    assert_eq!(network.engine.servers().next().unwrap().counts.late, 20);
}
