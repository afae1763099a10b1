//! What came late or twice.

use std::net::SocketAddr;
use std::time::Duration;

use crate::engine::Outcome;
use crate::judge::catalog::FindingId;
use crate::judge::explained::Explained;
use crate::judge::finding::Draft;
use crate::judge::observations::{Observations, ServerObservations};
use crate::judge::severity::Severity;
use crate::stats::{Proportion, SIGNIFICANCE};
use crate::wire::NameBuf;

/// After so long the impatient among resolvers and stubs have given up.
const IMPATIENT: Duration = Duration::from_secs(1);
/// Late answers and second ones from which on they are no accident.
const LATE: u64 = 3;
const TWICE: u64 = 2;
/// The share of late answers that is told.
const WORTH_TELLING: f64 = 0.005;

pub(crate) fn judge(observed: &Observations<'_>, _: &mut Explained, findings: &mut Vec<Draft>) {
    for zone in observed.log.zones.iter().chain(&observed.target_zones()) {
        findings.extend(late(observed, zone));
        findings.extend(twice(observed, zone));
    }
}

/// Answers that came in time for us, and too late for others.
fn slow(host: &ServerObservations<'_>) -> u64 {
    let slow = host.probes.iter().filter(|probe| {
        probe.is_udp()
            && matches!(probe.outcome(), Some(Outcome::Answered(_)))
            && probe.rtt().is_some_and(|rtt| rtt > IMPATIENT)
    });
    slow.count() as u64
}

fn late(observed: &Observations<'_>, zone: &NameBuf) -> Option<Draft> {
    // Each address is a test of its own.
    let confidence = 1.0 - 2.0 * SIGNIFICANCE / observed.servers.len().max(1) as f64;
    let found: Vec<(SocketAddr, &ServerObservations<'_>)> = observed
        .servers_of(zone)
        .filter(|(_, host)| {
            let late = slow(host) + host.other_responses.late;
            let low = Proportion::new(late, host.udp.asked).interval(confidence).low;
            late >= LATE && low > WORTH_TELLING
        })
        .collect();
    let servers: Vec<SocketAddr> = found.iter().map(|(server, _)| *server).collect();
    if servers.is_empty() {
        return None;
    }
    let slow: u64 = found.iter().map(|(_, host)| slow(host)).sum();
    let late: u64 = found.iter().map(|(_, host)| host.other_responses.late).sum();
    let asked: u64 = found.iter().map(|(_, host)| host.udp.asked).sum();
    let rate = Proportion::new(slow + late, asked).text("late").to_string();
    let who = observed.who(zone, &servers);
    let names = observed.at_fault(zone, &servers);
    let subject = zone.to_string();
    Some(
        Draft::new(FindingId::LateAnswers, Severity::Warning, subject)
            .who(observed.operator(zone))
            .servers(servers)
            .summary(format!(
                "{who}: responses come so late that those who ask have given up: {rate}; {slow} \
                 after 1 second and {late} after 2 seconds or more"
            ))
            .fault(format!("{names} {} too late", names.verb("answers", "answer")))
            .action(format!("ask whoever runs {names} why it is so slow"))
            .advice(format!(
                "ask whoever runs {names} why it takes so long now and then (an overloaded server, \
                 or a queue on the way)"
            ))
            .evidence("asked", asked)
            .evidence("after_1_s", slow)
            .evidence("after_2_s", late),
    )
}

fn twice(observed: &Observations<'_>, zone: &NameBuf) -> Option<Draft> {
    let count = |host: &ServerObservations<'_>| {
        let attempts = host.probes.iter().filter_map(|probe| probe.attempt);
        let seen = attempts.map(|attempt| u64::from(attempt.duplicates)).sum();
        host.other_responses.duplicates.max(seen)
    };
    let found: Vec<(SocketAddr, u64)> = observed
        .servers_of(zone)
        .map(|(server, host)| (server, count(host)))
        .filter(|(_, count)| *count >= TWICE)
        .collect();
    let servers: Vec<SocketAddr> = found.iter().map(|(server, _)| *server).collect();
    if servers.is_empty() {
        return None;
    }
    let hosts = servers.iter().filter_map(|server| observed.servers.get(server));
    let asked: u64 = hosts.map(|host| host.udp.asked).sum();
    let duplicates: u64 = found.iter().map(|(_, count)| count).sum();
    let who = observed.who(zone, &servers);
    let names = observed.at_fault(zone, &servers);
    let subject = zone.to_string();
    Some(
        Draft::new(FindingId::DuplicateAnswers, Severity::Notice, subject)
            .servers(servers)
            .summary(format!(
                "{who}: {duplicates} responses came twice, to {asked} queries over UDP; what the \
                 second ones said was not kept"
            ))
            .fault(format!("some responses from {names} come twice"))
            .advice(format!(
                "no harm as long as both say the same; tell whoever runs {names} if it goes on"
            ))
            .evidence("asked", asked)
            .evidence("duplicates", duplicates),
    )
}
