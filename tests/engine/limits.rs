//! Servers that limit their clients, and lists of servers of which few are good.

use std::time::Duration;

use dnsonde::engine::{EngineConfig, Failure, ServerChoice, ServerStatus, Time};
use dnsonde::wire::Rcode;

use crate::network::{Behaviour, Network};

/// A scan of servers with limits.
#[derive(Debug, Clone)]
struct Case {
    servers: usize,
    /// Answers a second of each, and at once after a pause.
    rate: f64,
    burst: f64,
    rtt_ms: u64,
    jitter_ms: f64,
    loss: f64,
    seconds: u64,
    /// The rate from half of the time on.
    then: Option<f64>,
    refuses: bool,
}

/// What came of it.
#[derive(Debug)]
struct Figures {
    /// Names answered from the tenth second on, as a share of what the limits let through.
    share: f64,
    /// Attempts a name beyond those that loss on the way makes necessary.
    attempts: f64,
    unanswered: usize,
}

const CASE: Case = Case {
    servers: 1,
    rate: 30.0,
    burst: 10.0,
    rtt_ms: 30,
    jitter_ms: 10.0,
    loss: 0.01,
    seconds: 40,
    then: None,
    refuses: false,
};

fn scan(case: &Case, seed: u64) -> Figures {
    let config = EngineConfig { own_queries: true, ..EngineConfig::default() };
    let behaviour = Behaviour {
        delay: (case.rtt_ms * 1000, case.rtt_ms * 1000),
        jitter: case.jitter_ms * 1000.0,
        loss: case.loss,
        limit: Some((case.rate, case.burst)),
        refuses_over_limit: case.refuses,
        ..crate::good()
    };
    let mut network = Network::new(config, vec![behaviour.clone(); case.servers], seed);
    let at = |seconds| Time::ZERO + Duration::from_secs(seconds);
    let (mut next, mut changed) = (0, false);
    while network.now < at(case.seconds) {
        while network.engine.room() > 0 {
            network.ask(next, ServerChoice::Any);
            next += 1;
        }
        if let (Some(rate), false) = (case.then, changed)
            && network.now >= at(case.seconds / 2)
        {
            changed = true;
            for server in 0..case.servers {
                let limit = Some((rate, case.burst));
                network.set_behaviour(server, Behaviour { limit, ..behaviour.clone() });
            }
        }
        assert!(network.step());
    }
    // The names that were asked last come to their end.
    network.drain();
    while !network.engine.is_idle() {
        assert!(network.step());
    }
    network.check_accounting();
    let cancelled = network.engine.totals().cancelled as usize;
    let answered = |from, to| {
        let good = network.results.iter().filter(|r| matches!(r.end, Ok((_, Some(_), _))));
        good.filter(|r| (at(from)..at(to)).contains(&r.ended)).count() as f64
    };
    let let_through = |seconds: u64, rate: f64| case.servers as f64 * rate * seconds as f64;
    let half = case.seconds / 2;
    let late =
        let_through(half - 10, case.rate) + let_through(half, case.then.unwrap_or(case.rate));
    let names = (network.results.len() - cancelled) as f64;
    Figures {
        share: answered(10, case.seconds) / late,
        attempts: network.engine.totals().attempts as f64 / names * (1.0 - case.loss),
        unanswered: network.unanswered() - cancelled,
    }
}

/// From the tenth second on at least `share` of what the limits let through, with at most so many
/// attempts a name; and no name is lost.
fn assert_reaches(case: &Case, share: f64, attempts: f64) {
    let figures = scan(case, 1);
    assert!(
        figures.share >= share && figures.attempts <= attempts && figures.unanswered == 0,
        "{figures:?} for {case:?}"
    );
}

#[test]
fn what_servers_let_through_is_used_and_hardly_exceeded() {
    for (rate, burst, rtt_ms) in [
        (30.0, 10.0, 1),
        (30.0, 10.0, 300),
        (50.0, 100.0, 30),
        (500.0, 10.0, 1),
        (500.0, 10.0, 30),
        (500.0, 100.0, 300),
        (5000.0, 10.0, 30),
        (5000.0, 100.0, 1),
    ] {
        let jitter_ms = rtt_ms as f64 / 3.0;
        assert_reaches(&Case { rate, burst, rtt_ms, jitter_ms, ..CASE }, 0.9, 1.09);
    }
    assert_reaches(&Case { servers: 20, rate: 500.0, seconds: 20, ..CASE }, 0.9, 1.05);
    assert_reaches(&Case { servers: 100, seconds: 40, ..CASE }, 0.95, 1.08);
    // With many, one that is held to next to nothing by mistake shows.
    let near = Case { rate: 50.0, servers: 20, rtt_ms: 1, jitter_ms: 0.3, ..CASE };
    assert_reaches(&near, 0.95, 1.09);
    assert_reaches(&Case { rate: 50.0, burst: 100.0, servers: 20, ..CASE }, 0.95, 1.11);
}

#[test]
fn a_server_that_takes_few_queries_is_not_asked_many() {
    // So few answers say little of a rate, and the first burst costs what it costs.
    for (burst, share) in [(1.0, 0.6), (10.0, 0.9)] {
        assert_reaches(&Case { rate: 5.0, burst, servers: 20, ..CASE }, share, 1.6);
    }
    let far = Case { rate: 5.0, burst: 100.0, servers: 20, rtt_ms: 300, ..CASE };
    assert_reaches(&far, 0.9, 1.45);
}

#[test]
fn a_limit_that_changes_is_found_anew() {
    for (rate, then, share) in [(30.0, 60.0, 0.75), (60.0, 30.0, 0.95), (100.0, 500.0, 0.75)] {
        let case = Case { rate, then: Some(then), servers: 10, ..CASE };
        assert_reaches(&case, share, 1.08);
    }
}

#[test]
fn refusals_over_a_limit_slow_down_and_lose_no_name() {
    assert_reaches(&Case { servers: 20, refuses: true, seconds: 20, ..CASE }, 0.9, 1.14);
}

/// Seconds until nine tenths of so many names are answered by one server, for each attempt a name.
fn seconds(config: &EngineConfig, behaviour: Behaviour, names: u64, seed: u64) -> f64 {
    let mut network = Network::new(config.clone(), vec![behaviour], seed);
    network.run(names);
    let answered = network.results.iter().filter(|r| r.end.is_ok());
    let mut ends: Vec<_> = answered.map(|r| r.ended.as_nanos() as f64 / 1e9).collect();
    ends.sort_by(f64::total_cmp);
    ends[names as usize * 9 / 10] * names as f64 / network.engine.totals().attempts as f64
}

#[test]
fn loss_at_random_is_no_limit() {
    // Whether a server is held to a window only, or to a rate that is learned.
    for own_queries in [false, true] {
        let config = EngineConfig { own_queries, ..EngineConfig::default() };
        for delay in [(100, 300), (20_000, 30_000)] {
            let server = Behaviour { delay, service: Some((2_000.0, 400)), ..crate::good() };
            let clean = seconds(&config, server.clone(), 20_000, 9);
            for loss in [0.1, 0.3, 0.5] {
                let lossy = Behaviour { loss, ..server.clone() };
                let lossy = seconds(&config, lossy, 20_000, 1);
                let which = format!("{loss} lost, {delay:?} µs away, paced: {own_queries}");
                assert!(lossy < 1.6 * clean, "{lossy} s, {clean} s where none is lost: {which}");
            }
        }
    }
}

#[test]
fn what_is_lost_of_the_last_names_is_no_limit() {
    // All are asked before it shows that any is lost.
    for seed in 1..=6 {
        let near = Behaviour {
            delay: (40, 80),
            jitter: 0.0,
            loss: 0.1,
            service: Some((1_000_000.0, 100_000)),
            ..crate::good()
        };
        let config = EngineConfig { own_queries: true, ..EngineConfig::default() };
        let mut network = Network::new(config, vec![near], seed);
        network.run(10_000);
        let seconds = network.now.as_nanos() as f64 / 1e9;
        assert!(seconds < 8.0, "{seconds} s for five attempts a second apart");
        assert_eq!(network.unanswered(), 0);
    }
}

#[test]
fn a_server_that_pauses_now_and_then_has_no_limit() {
    // As where its processor is busy with something else: nothing is lost.
    let queueing = Behaviour { service: Some((50_000.0, 100_000)), ..crate::good() };
    // So fast and so near that no queue ends the opening of its window.
    let fast = Behaviour {
        delay: (60, 60),
        jitter: 0.0,
        service: Some((1_000_000.0, 100_000)),
        ..crate::good()
    };
    let run = |behaviour, names| {
        let config = EngineConfig { own_queries: true, ..EngineConfig::default() };
        let mut network = Network::new(config, vec![behaviour], 5);
        network.run(names);
        assert_eq!(network.unanswered(), 0);
        let limit = network.engine.servers().next().unwrap().limit;
        (network.now.as_nanos() as f64 / 1e9, limit)
    };
    for (steady, names) in [(queueing, 200_000), (fast, 100_000)] {
        let pausing = Behaviour { pauses: Some((500_000, 60_000)), ..steady.clone() };
        let ((steady, _), (pausing, limit)) = (run(steady, names), run(pausing, names));
        // A pause takes its time, and so does the opening of the window after it.
        let allowed = 1.5 * steady + 0.2;
        assert!(pausing < allowed, "{pausing} s with pauses, {steady} s without");
        assert_eq!(limit, None);
    }
}

fn list(good: usize, refusing: usize, dead: usize, names: u64) -> Network {
    let dead = vec![Behaviour { loss: 1.0, ..crate::good() }; dead];
    let refusing = vec![Behaviour { refused: 1.0, ..crate::good() }; refusing];
    let servers = [dead, refusing, vec![crate::good(); good]].concat();
    let config = EngineConfig { own_queries: true, ..EngineConfig::default() };
    let mut network = Network::new(config, servers, 12);
    network.run(names);
    network
}

#[test]
fn names_go_to_servers_that_have_answered() {
    let network = list(100, 200, 700, 5_000);
    assert_eq!(network.unanswered(), 0);
    assert!(network.results.iter().all(|result| result.attempts.len() == 1));
    let standings: Vec<_> = network.engine.servers().map(|server| server.status).collect();
    let count = |status| standings.iter().filter(|&&other| other == status).count();
    assert!(count(ServerStatus::Good) > 0 && count(ServerStatus::Refusing) > 0);
    assert_eq!(
        count(ServerStatus::Good) + count(ServerStatus::Refusing) + count(ServerStatus::Silent),
        { 1_000 - count(ServerStatus::Untried) }
    );
}

#[test]
fn one_live_server_among_thousands_is_found_and_answers_all() {
    let network = list(1, 0, 9_999, 2_000);
    assert_eq!(network.unanswered(), 0);
    let seconds = network.results.iter().map(|r| r.ended).max().unwrap().as_nanos() as f64 / 1e9;
    assert!(seconds < 60.0, "{seconds} s");
    let attempts = network.results.iter().map(|result| result.attempts.len()).max();
    assert_eq!(attempts, Some(1), "names were sent to dead servers");
}

#[test]
fn names_end_where_no_server_is_of_any_use() {
    let refusing = list(0, 5, 0, 100);
    let refused = refusing.results.iter().filter(|r| matches!(r.end, Ok((Rcode::REFUSED, ..))));
    assert_eq!(refused.count(), 100);
    let dead = list(0, 0, 5, 100);
    assert!(dead.results.iter().all(|result| result.end == Err(Failure::TimedOut)));
}

/// A scan whose names come in stretches: so many that are answered, so many that nobody answers, ...
fn in_stretches(servers: usize, stretches: &[(u64, bool)], seed: u64) -> (Network, f64) {
    let config = EngineConfig { own_queries: true, ..EngineConfig::default() };
    let mut network = Network::new(config, vec![crate::good(); servers], seed);
    let mut names = Vec::new();
    for &(count, answered) in stretches {
        for _ in 0..count {
            let i = names.len() as u64 * 2 + u64::from(!answered);
            names.push(i);
        }
    }
    network.odd_names_are_silent = true;
    let (mut next, mut longest_silence) = (0, Duration::ZERO);
    loop {
        while next < names.len() && network.engine.room() > 0 {
            network.ask(names[next], ServerChoice::Any);
            next += 1;
        }
        let silence = network.engine.silent_for(network.now).unwrap_or_default();
        longest_silence = longest_silence.max(silence);
        if network.engine.is_idle() && next == names.len() || !network.step() {
            break;
        }
    }
    assert_eq!(network.results.len(), names.len());
    for result in &network.results {
        assert_eq!(result.end.is_ok(), result.tag % 2 == 0, "{result:?}");
    }
    (network, longest_silence.as_secs_f64())
}

#[test]
fn a_stretch_of_names_that_nobody_answers_is_passed() {
    for servers in [1, 4] {
        let (network, silence) =
            in_stretches(servers, &[(300, true), (500, false), (300, true)], 3);
        let answered = network.results.iter().filter(|r| r.end.is_ok()).map(|r| r.ended);
        let last = answered.max().unwrap().as_nanos() as f64 / 1e9;
        assert!(last < 12.0, "the last answer came after {last} s");
        assert!(silence < 6.0, "{silence} s without a word, and the server was alive");
    }
}

#[test]
fn names_that_nobody_answers_may_be_many_or_mixed() {
    let mixed: Vec<_> = (0..1_000).map(|i| (5, i % 2 == 0)).collect();
    for stretches in [vec![(100, true), (10_000, false), (100, true)], mixed] {
        let (network, silence) = in_stretches(1, &stretches, 4);
        let seconds = network.now.as_nanos() as f64 / 1e9;
        assert!(seconds < 30.0, "it took {seconds} s");
        assert!(silence < 10.0, "{silence} s without a word, and the server was alive");
    }
}

#[test]
fn a_server_that_is_gone_is_not_taken_for_silent_names() {
    let config = EngineConfig { own_queries: true, ..EngineConfig::default() };
    let dying = Behaviour { dies_after: 500, ..crate::good() };
    let mut network = Network::new(config, vec![dying], 7);
    let mut next = 0;
    while network.engine.silent_for(network.now) < Some(Duration::from_secs(30)) {
        while network.engine.room() > 0 {
            network.ask(next, ServerChoice::Any);
            next += 1;
        }
        assert!(network.step());
    }
    // It is hardly asked any more: what is not asked can be said not to have been.
    let attempts = network.engine.totals().attempts;
    assert!(attempts < 2_000, "{attempts} queries to a server that is gone");
}
