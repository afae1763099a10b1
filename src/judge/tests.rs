//! What a world under virtual time cannot bring about, from evidence made by hand.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;

use super::rules::findings;
use crate::engine::{Answer, Attempt, Outcome, ServerId, SocketId, Stamp, Time, Transport};
use crate::judge::catalog::FindingId;
use crate::judge::severity::Severity;
use crate::net::AbsenceCounts;
use crate::probe::log::{OtherResponses, ProbeLog};
use crate::probe::purpose::{Baseline, Experiment, Purpose};
use crate::probe::query::{ProbeQuery, QueryForm, Role};
use crate::probe::result::{Probe, Reply};
use crate::walk::Reading;
use crate::wire::{Flags, NameBuf, Rcode, RecordType};

/// Sockets that queries go out from, one after the other.
const SOCKETS: u16 = 16;
/// The errno of a firewall on this machine that forbids sending.
const EPERM: i32 = 1;

fn server(last: u8) -> SocketAddr {
    (Ipv4Addr::new(192, 0, 2, last), 53).into()
}

fn answered() -> Outcome {
    Outcome::Answered(Answer {
        rtt: Duration::from_millis(20),
        stamp: Stamp::Kernel,
        size: 100,
        flags: Flags::default(),
        rcode: Rcode::NOERROR,
        malformed: false,
    })
}

/// Queries for a SOA record, twenty a second; `outcome` says what becomes of the one with this
/// number, from this socket.
fn probes(
    to: SocketAddr,
    purpose: Purpose,
    count: u16,
    outcome: impl Fn(u16, u16) -> Outcome,
) -> Vec<Probe> {
    let zone: NameBuf = "example.com".parse().unwrap();
    (0..count)
        .map(|number| {
            let socket = number % SOCKETS;
            let begin = Duration::from_secs(if purpose == Purpose::Experiment(Experiment::Port) {
                60
            } else {
                0
            });
            let sent = Time::ZERO + begin + Duration::from_millis(50) * u32::from(number);
            let attempt = Attempt {
                server: ServerId(0),
                transport: Transport::Udp,
                socket: SocketId(socket),
                port: None,
                id: number,
                edns: true,
                mixed_case: false,
                edns_off: None,
                sent,
                outcome: outcome(number, socket),
                duplicates: 0,
                mismatched: 0,
                retried_because: None,
            };
            let query = ProbeQuery {
                server: to,
                role: Role::Target,
                zone,
                name: zone,
                rtype: RecordType::SOA,
                form: QueryForm::Udp,
                purpose,
                socket: Some(socket),
                not_before: Time::ZERO,
            };
            let finished = sent + Duration::from_millis(20);
            Probe { query, attempt: Some(attempt), reply: None, finished, absent: false }
        })
        .collect()
}

fn evidence(probes: Vec<Probe>) -> ProbeLog {
    let ports = (0..SOCKETS).map(|socket| (SocketId(socket), 40_000 + socket)).collect();
    ProbeLog { probes, ports, ..ProbeLog::default() }
}

/// Baseline queries and an experiment about ports in which one port of each server is dead.
fn with_dead_ports(dead: &[(u8, u16)]) -> Vec<Probe> {
    let mut all = Vec::new();
    for &(last, port) in dead {
        let outcome = |_, socket| if socket == port { Outcome::TimedOut } else { answered() };
        all.extend(probes(server(last), Purpose::Baseline(Baseline::Serial), 48, outcome));
        all.extend(probes(server(last), Purpose::Experiment(Experiment::Port), 96, outcome));
    }
    all
}

/// Some of `count` queries lost, evenly.
fn losing(lost: u16, count: u16) -> Vec<Probe> {
    let every = count / lost.max(1);
    let outcome = |number: u16, _| {
        if lost > 0 && number.is_multiple_of(every) { Outcome::TimedOut } else { answered() }
    };
    probes(server(1), Purpose::Baseline(Baseline::Serial), count, outcome)
}

fn reported(evidence: &ProbeLog) -> Vec<(FindingId, Severity)> {
    findings(evidence).iter().map(|finding| (finding.id, finding.severity)).collect()
}

#[test]
fn one_port_that_several_servers_do_not_answer_is_a_matter_of_this_end() {
    let found = findings(&evidence(with_dead_ports(&[(1, 5), (2, 5)])));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].id, found[0].severity), (FindingId::OnePortDead, Severity::Warning));
    assert_eq!(found[0].servers, [server(1), server(2)]);
    assert_eq!(found[0].evidence["port"], 40_005);
    assert!(found[0].summary.contains("18 of 18 lost"), "{}", found[0].summary);
}

#[test]
fn another_port_at_each_server_is_a_matter_of_the_paths() {
    let evidence = evidence(with_dead_ports(&[(1, 5), (2, 9)]));
    assert_eq!(reported(&evidence), [(FindingId::LossPathDependent, Severity::Error)]);
}

#[test]
fn answers_that_this_machine_dropped_are_not_called_loss() {
    let mut evidence = evidence(losing(12, 48));
    assert_eq!(reported(&evidence), [(FindingId::Loss, Severity::Error)]);
    evidence.local.receive_overflow = 12;
    let is_lost = |probe: &Probe| probe.outcome() == Some(Outcome::TimedOut);
    let lost = |probe: &&mut Probe| is_lost(probe);
    evidence.probes.iter_mut().filter(lost).for_each(|probe| probe.absent = true);
    assert_eq!(reported(&evidence), [(FindingId::LocalDrops, Severity::Warning)]);
    // What was lost at other sockets, or at other times, is loss all the same.
    let still = evidence.probes.iter_mut().filter(lost).skip(1);
    still.for_each(|probe| probe.absent = false);
    let found = findings(&evidence);
    let loss = found.iter().find(|finding| finding.id == "loss").unwrap();
    assert_eq!(loss.evidence["lost"], 11);
    assert!(found.iter().any(|finding| finding.id == FindingId::LocalDrops));
}

/// Takes back what was left out.
fn forget(evidence: &mut ProbeLog) {
    evidence.probes.iter_mut().for_each(|probe| probe.absent = false);
}

#[test]
fn what_waited_while_nobody_was_there_is_in_no_figure() {
    let mut evidence = evidence(losing(12, 48));
    let stalled = Duration::from_secs(1);
    evidence.local.absences = AbsenceCounts { stalls: 1, stalled, ..AbsenceCounts::default() };
    evidence.probes.iter_mut().for_each(|probe| probe.absent = true);
    assert_eq!(reported(&evidence), [(FindingId::LocalStall, Severity::Warning)]);
    assert_eq!(findings(&evidence)[0].evidence["left_out"], 48);
    // The losses alone: the rest is counted, and nothing of it was lost.
    let is_lost = |probe: &Probe| probe.outcome() == Some(Outcome::TimedOut);
    evidence.probes.iter_mut().for_each(|probe| probe.absent = is_lost(probe));
    assert_eq!(reported(&evidence), [(FindingId::LocalStall, Severity::Warning)]);
    assert_eq!(findings(&evidence)[0].evidence["left_out"], 12);
    // Nothing waited then: what it was is told, and loss is loss.
    forget(&mut evidence);
    let ids: Vec<_> = reported(&evidence).into_iter().map(|(id, _)| id).collect();
    assert!(ids.contains(&FindingId::Loss) && ids.contains(&FindingId::LocalStall), "{ids:?}");
}

#[test]
fn a_suspended_machine_and_a_clock_that_was_set_are_told() {
    let mut evidence = evidence(losing(0, 48));
    let suspended = Duration::from_secs(90);
    let absences = AbsenceCounts { suspensions: 1, suspended, ..AbsenceCounts::default() };
    evidence.local.absences = AbsenceCounts { clock_steps: 2, ..absences };
    let found = findings(&evidence);
    assert_eq!(
        reported(&evidence),
        [(FindingId::LocalStall, Severity::Warning), (FindingId::ClockStep, Severity::Notice)]
    );
    assert_eq!(found[0].evidence["suspended_ms"], 90_000);
    assert!(found[1].summary.contains("set 2 times"), "{}", found[1].summary);
}

#[test]
fn answers_that_came_late_are_not_called_loss() {
    let mut evidence = evidence(losing(12, 48));
    let late = OtherResponses { late: 12, ..OtherResponses::default() };
    evidence.other_responses.insert(server(1), late);
    assert!(reported(&evidence).iter().all(|(id, _)| *id != "loss"), "{:?}", reported(&evidence));
}

#[test]
fn one_loss_among_many_is_a_note_with_its_interval() {
    let found = findings(&evidence(losing(1, 100)));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].id, found[0].severity), (FindingId::Loss, Severity::Notice));
    assert!(found[0].summary.contains("1 of 100 lost, 1.0 % (95 %: "), "{}", found[0].summary);
    assert_eq!(reported(&evidence(losing(0, 100))), []);
}

#[test]
fn what_this_machine_did_not_send_is_told_if_there_is_a_way_there() {
    let mut all =
        probes(server(1), Purpose::Baseline(Baseline::Serial), 48, |_, _| Outcome::NotSent(EPERM));
    assert_eq!(reported(&evidence(all.clone())), [], "no way there: no fault of the server");
    let mut heard = probes(server(2), Purpose::Baseline(Baseline::Serial), 1, |_, _| answered());
    let ProbeQuery { zone, name, rtype, .. } = heard[0].query;
    let reading = Reading::new(&[], &zone, &name, rtype);
    heard[0].reply = Some(Reply { octets: Bytes::new(), reading });
    all.extend(heard);
    let found = findings(&evidence(all));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].id, found[0].severity), (FindingId::LocalDrops, Severity::Warning));
    assert_eq!(found[0].evidence["not_sent"], 48);
}

#[test]
fn too_few_unanswered_queries_are_no_dead_server() {
    let mut evidence =
        evidence(probes(server(1), Purpose::Baseline(Baseline::Serial), 4, |_, _| {
            Outcome::TimedOut
        }));
    assert_eq!(reported(&evidence), []);
    // Nobody is told of the servers of alias targets here, however dead.
    evidence.probes =
        probes(server(1), Purpose::Baseline(Baseline::Serial), 48, |_, _| Outcome::TimedOut);
    assert_eq!(reported(&evidence), []);
}
