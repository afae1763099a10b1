//! TCP: the time that it has, how it fails, and that it holds up nothing else.

use std::time::Duration;

use dnsonde::engine::{
    Attempt, EngineConfig, Failure, HANDSHAKE, Outcome, QueryProfile, RetryReason, ServerChoice,
    ServerId, StreamCause, Time, Transport, TransportPolicy,
};
use dnsonde::wire::Rcode;

use super::network::{Behaviour, EPERM, Network, StreamService};
use super::{good, run};

fn only_tcp(retries: u16) -> EngineConfig {
    let profile =
        QueryProfile { transport: TransportPolicy::TcpOnly, retries, ..QueryProfile::default() };
    EngineConfig { profile, ..EngineConfig::default() }
}

#[test]
fn the_time_for_an_answer_begins_when_the_connection_is_made() {
    // Longer than the timeout, and with it longer than the first SYN that is sent again.
    let stream =
        StreamService { handshake: Duration::from_millis(3_100), ..StreamService::default() };
    let slow = Behaviour { stream, delay: (800_000, 900_000), ..good() };
    let network = run(only_tcp(0), vec![slow], 20, 1);
    assert_eq!(network.unanswered(), 0);
}

#[test]
fn a_connection_that_is_made_and_stays_silent_times_out_after_the_timeout() {
    let handshake = Duration::from_millis(500);
    let stream = StreamService { handshake, silent: true, ..StreamService::default() };
    let network = run(only_tcp(0), vec![Behaviour { stream, ..good() }], 4, 2);
    for result in &network.results {
        assert_eq!(result.end, Err(Failure::TimedOut));
        assert_eq!(result.attempts[0].outcome, Outcome::TimedOut);
    }
    let took = network.last_ended().as_nanos();
    assert!((1_500_000_000..1_600_000_000).contains(&took), "{took} ns");
}

#[test]
fn an_unanswered_handshake_has_one_more_chance_and_is_told_as_what_it_is() {
    let stream = StreamService { drops_syns: true, ..StreamService::default() };
    let dropping = Behaviour { truncated: 1.0, stream, ..good() };
    let network = run(EngineConfig::default(), vec![dropping], 20, 3);
    for result in &network.results {
        assert!(result.truncated, "{result:?}");
        assert_eq!(result.end, Ok((Rcode::NOERROR, None, 0)));
        let [udp, first, second] = result.attempts[..] else { panic!("{:?}", result.attempts) };
        assert_eq!(udp.retried_because, Some(RetryReason::Truncated));
        for tcp in [first, second] {
            assert_eq!(tcp.transport, Transport::Tcp);
            let Outcome::StreamFailed(failure) = tcp.outcome else { panic!("{tcp:?}") };
            assert_eq!(failure.cause, StreamCause::ConnectTimedOut);
        }
    }
    assert!(network.last_ended().as_nanos() < 2 * HANDSHAKE.as_nanos() as u64 + 1_000_000_000);
}

#[test]
fn names_that_go_on_over_tcp_in_vain_hold_up_no_other_names() {
    let last_answer = |truncated| {
        let stream = StreamService { drops_syns: true, ..StreamService::default() };
        let service = Some((20_000.0, 200));
        let server = Behaviour { truncated, stream, service, delay: (9_000, 11_000), ..good() };
        let network = run(EngineConfig::default(), vec![server], 20_000, 4);
        let whole = network.results.iter().filter(|result| !result.truncated);
        let sent = whole.map(|result| result.attempts[0].sent).max().unwrap();
        (sent.as_nanos() as f64, network.engine.totals().truncated)
    };
    let ((clean, none), (some, truncated)) = (last_answer(0.0), last_answer(0.1));
    assert_eq!(none, 0);
    assert!((1_800..2_200).contains(&truncated), "{truncated} of 20000");
    assert!(some < 1.5 * clean, "{some} ns against {clean} ns");
}

#[test]
fn an_answer_over_tcp_says_nothing_of_a_udp_socket() {
    // Sockets are numbered from 0; this one has a path that loses everything.
    const DEAD: u16 = 2;
    let config = EngineConfig { rate: Some(500.0), ..EngineConfig::default() };
    let server = Behaviour { truncated: 1.0, dead_socket: Some(DEAD), ..good() };
    let mut network = Network::new(config, vec![server], 5);
    network.run(4_000);
    assert_eq!(network.unanswered(), 0);
    // After a few timeouts it is known.
    let late = Time::ZERO + Duration::from_secs(5);
    let attempts = network.results.iter().flat_map(|result| &result.attempts);
    let sent = attempts.filter(|attempt| attempt.sent > late);
    let sent = sent.filter(|attempt| attempt.transport == Transport::Udp);
    let all = sent.clone().count();
    let lost = sent.filter(|attempt| attempt.socket.0 == DEAD).count();
    // One in 4^4 draws finds no other socket.
    assert!(lost < all / 50, "{lost} of {all} queries still went out from a dead socket");
}

#[test]
fn truncated_answers_are_fetched_over_one_connection() {
    let stream =
        StreamService { handshake: Duration::from_millis(300), ..StreamService::default() };
    let server = Behaviour { truncated: 1.0, stream, ..good() };
    let network = run(EngineConfig::default(), vec![server], 1_000, 6);
    assert_eq!((network.unanswered(), network.connections_begun()), (0, 1));
    for result in &network.results {
        let [udp, tcp] = result.attempts[..] else { panic!("{:?}", result.attempts) };
        assert_eq!(udp.retried_because, Some(RetryReason::Truncated));
        assert_eq!((tcp.transport, tcp.server), (Transport::Tcp, udp.server));
        assert!(matches!(tcp.outcome, Outcome::Answered(_)), "{tcp:?}");
    }
}

#[test]
fn a_connection_without_queries_is_kept_for_a_while() {
    let mut network = Network::new(only_tcp(0), vec![good()], 7);
    for (i, pause, begun) in [(0, 0, 1), (1, 5, 1), (2, 11, 2)] {
        network.sleep(Duration::from_secs(pause));
        network.ask(i, ServerChoice::Any);
        while network.results.len() <= i as usize {
            assert!(network.step());
        }
        assert_eq!(network.connections_begun(), begun, "after {pause} s");
    }
    assert_eq!(network.unanswered(), 0);
}

#[test]
fn a_server_that_closes_after_some_answers_loses_no_name() {
    for answers in [1, 7] {
        let stream = StreamService { closes_after: Some(answers), ..StreamService::default() };
        let network = run(only_tcp(4), vec![Behaviour { stream, ..good() }], 500, 8);
        assert_eq!(network.unanswered(), 0, "{answers} answers a connection");
        let begun = network.connections_begun();
        assert!(begun >= 500 / u64::from(answers), "{begun} connections");
    }
}

#[test]
fn a_refused_connection_is_told_as_what_it_is() {
    let stream = StreamService { refuses: true, ..StreamService::default() };
    let refusing = Behaviour { truncated: 1.0, stream, ..good() };
    let network = run(EngineConfig::default(), vec![refusing.clone()], 20, 9);
    for result in &network.results {
        assert_eq!((result.end, result.truncated), (Ok((Rcode::NOERROR, None, 0)), true));
        let over_tcp = || result.attempts.iter().filter(|it| it.transport == Transport::Tcp);
        assert!(over_tcp().count() > 0, "{result:?}");
        for attempt in over_tcp() {
            let Outcome::StreamFailed(failure) = attempt.outcome else { panic!("{attempt:?}") };
            assert_eq!((failure.cause, failure.errno), (StreamCause::Refused, 111));
        }
    }
    // Others may have what this one does not take.
    let network = run(only_tcp(2), vec![refusing, good()], 200, 9);
    assert_eq!(network.unanswered(), 0);
    let refused = network.engine.server(ServerId(0)).counts;
    assert!(refused.stream_failed > 0 && refused.answered == 0, "{refused:?}");
    assert!(network.last_ended() < Time::ZERO + HANDSHAKE, "refusals were waited for");
}

/// The kernel has no stamps for these: what is there when we come to read it is an answer.
#[test]
fn answers_over_tcp_that_waited_for_us_are_taken() {
    let mut network = Network::new(only_tcp(0), vec![good()], 10);
    for i in 0..50 {
        network.ask(i, ServerChoice::Any);
    }
    network.transmit();
    assert!(network.step(), "the connection is made");
    network.sleep(Duration::from_secs(3));
    while network.step() {}
    assert_eq!((network.unanswered(), network.results.len()), (0, 50));
    assert_eq!(network.engine.totals().attempts, 50);
}

#[test]
fn nothing_is_counted_that_this_machine_did_not_let_out_over_tcp() {
    const NAMES: u64 = 2_000;
    let config = EngineConfig { rate: Some(500.0), give_up_after: None, ..only_tcp(0) };
    let mut network = Network::new(config, vec![good()], 11);
    let next = network.run_until(Duration::from_secs(1), 0, NAMES);
    network.behaviour(0).refused_here = Some(EPERM);
    let next = network.run_until(Duration::from_secs(4), next, NAMES);
    assert_eq!(network.engine.cannot_send().map(|pause| pause.errno), Some(EPERM));
    network.behaviour(0).refused_here = None;
    network.run_from(next, NAMES);
    assert_eq!((network.unanswered(), network.results.len() as u64), (0, NAMES));
    assert_eq!(network.engine.totals().attempts, NAMES);
}

#[test]
fn where_one_server_has_no_tcp_names_go_to_those_that_have_and_stay_there() {
    let config = EngineConfig { own_queries: true, ..EngineConfig::default() };
    let stream = StreamService { drops_syns: true, ..StreamService::default() };
    let without = Behaviour { truncated: 1.0, stream, ..good() };
    // It closes connections on which many queries wait.
    let stream = StreamService { closes_after: Some(10), ..StreamService::default() };
    let closing = Behaviour { truncated: 1.0, stream, ..good() };
    let mut network = Network::new(config, vec![without, closing], 12);
    let over_tcp_to_first = |network: &Network, from| {
        let attempts = network.results[from..].iter().map(|result| &result.attempts);
        let to_first = |attempts: &Vec<_>| {
            let to_first =
                |it: &&Attempt| it.transport == Transport::Tcp && it.server == ServerId(0);
            attempts.iter().filter(to_first).count()
        };
        attempts.map(to_first).max().unwrap()
    };
    network.run(400);
    assert_eq!(network.unanswered(), 0);
    assert!(network.results.iter().all(|result| !result.truncated));
    assert_eq!(over_tcp_to_first(&network, 0), 1, "a name waited for the same handshake twice");
    // By now it is known.
    network.run_from(400, 800);
    assert_eq!(network.unanswered(), 0);
    assert!(network.results.iter().all(|result| !result.truncated));
    assert_eq!(over_tcp_to_first(&network, 400), 0);
}
