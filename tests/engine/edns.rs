//! When EDNS is given up, for whom, and for how long.

use std::time::Duration;

use dnsonde::engine::{EngineConfig, ServerChoice, ServerId};
use dnsonde::wire::Rcode;

use crate::network::{Behaviour, Network};
use crate::{good, run};

/// Asks for each name after the one before has ended.
fn one_by_one(network: &mut Network, names: std::ops::Range<u64>) {
    for i in names {
        network.ask(i, ServerChoice::Any);
        while network.step() {}
    }
}

#[test]
fn a_server_that_never_refused_edns_is_always_asked_with_it() {
    let refusing = Behaviour { no_edns: true, servfail: 1.0, ..good() };
    let network = run(EngineConfig::default(), vec![refusing, good()], 400, 21);
    assert_eq!(network.unanswered(), 0);
    let attempts = || network.results.iter().flat_map(|result| &result.attempts);
    let plain = attempts().filter(|a| a.server == ServerId(1) && !a.edns).count();
    assert_eq!(plain, 0, "queries without EDNS to a server that never refused it");
    let retried = attempts().filter(|a| a.server == ServerId(0) && !a.edns);
    assert!(retried.clone().count() > 0);
    assert!(retried.clone().all(|attempt| attempt.edns_off == Some(Rcode::FORMERR)));
}

#[test]
fn one_formerr_does_not_switch_edns_off() {
    let mut network = Network::new(EngineConfig::default(), vec![good()], 22);
    network.set_behaviour(0, Behaviour { no_edns: true, ..good() });
    one_by_one(&mut network, 0..1);
    network.set_behaviour(0, good());
    one_by_one(&mut network, 1..100);
    let plain = network.results[1..].iter().filter(|result| !result.attempts[0].edns).count();
    assert_eq!(plain, 0, "names that were asked without EDNS after one FORMERR");
}

#[test]
fn a_server_that_learns_edns_is_asked_with_it_again_after_a_minute() {
    let mut network = Network::new(EngineConfig::default(), vec![good()], 23);
    network.set_behaviour(0, Behaviour { no_edns: true, ..good() });
    one_by_one(&mut network, 0..50);
    let last = network.results.last().unwrap().attempts[0];
    assert_eq!((last.edns, last.edns_off), (false, Some(Rcode::FORMERR)));
    network.set_behaviour(0, good());
    network.now = network.now + Duration::from_secs(60);
    one_by_one(&mut network, 50..60);
    let edns: Vec<_> = network.results[50..].iter().map(|result| result.attempts[0].edns).collect();
    assert_eq!(edns, [true; 10]);
    let counts = network.engine.server(ServerId(0)).counts;
    assert_eq!(counts.edns_off, 50, "each of the names before was asked without EDNS once");
}
