//! Queries that are never answered over UDP while others are: is it the size of the answer?

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use crate::engine::Outcome;
use crate::judge::catalog::FindingId;
use crate::judge::explained::Explained;
use crate::judge::finding::Draft;
use crate::judge::observations::{Observations, ServerObservations, short};
use crate::judge::severity::Severity;
use crate::probe::purpose::{Experiment, Purpose};
use crate::probe::query::QueryForm;
use crate::probe::result::Probe;
use crate::probe::sample::{Contrast, LossTally, ProbeOutcome, QueryKind, kind_of};
use crate::stats::{Proportion, SIGNIFICANCE};
use crate::wire::NameBuf;

/// Large answers that were lost, from which on it is said.
const ENOUGH: u64 = 4;
/// The size of answers that are cut off to nothing but a QNAME and an OPT record, roughly.
const TRUNCATED: u16 = 100;
/// The largest answer without EDNS (RFC 1035 §4.2.1).
const WITHOUT_EDNS: u16 = 512;
/// And with the size that we tell unless another one is being tried.
const USUAL: u16 = 1232;

/// What was found at one address.
struct Large {
    contrast: Contrast,
    /// The largest answer that arrived, and the smallest one that was lost, in octets.
    arrived: u16,
    lost: u16,
}

pub(crate) fn judge(
    observed: &Observations<'_>,
    explained: &mut Explained,
    findings: &mut Vec<Draft>,
) {
    let sizes = sizes(observed);
    let suspicious: Vec<(SocketAddr, &ServerObservations<'_>)> = observed
        .servers
        .iter()
        .filter(|(server, host)| {
            !host.sample.never_answered.is_empty() && !explained.is_silent(**server)
        })
        .map(|(server, host)| (*server, host))
        .collect();
    let tests = suspicious.len() as f64;
    let mut by_zone: BTreeMap<NameBuf, Vec<(SocketAddr, Large)>> = BTreeMap::new();
    let mut by_kind: BTreeMap<(NameBuf, QueryKind), Vec<(SocketAddr, u64)>> = BTreeMap::new();
    for (server, host) in suspicious {
        let zone = observed.zone_of(host);
        match large(host, &sizes) {
            Some(large)
                if large.contrast.is_worth_telling()
                    && large.contrast.p_value() * tests <= SIGNIFICANCE =>
            {
                explained.lossy.insert(server);
                by_zone.entry(zone).or_default().push((server, large));
            }
            _ => {
                if let Some((sort, asked)) = one_silent_kind(host) {
                    explained.lossy.insert(server);
                    by_kind.entry((zone, sort)).or_default().push((server, asked));
                }
            }
        }
    }
    for ((zone, sort), found) in by_kind {
        findings.push(silent_kind(observed, &zone, &sort, &found));
    }
    for (zone, found) in by_zone {
        findings.push(finding(observed, &zone, &found));
    }
}

/// The sizes of whole answers by query and DO, the largest seen anywhere.
fn sizes(observed: &Observations<'_>) -> HashMap<QueryKind, u16> {
    let mut sizes = HashMap::new();
    for probe in observed.servers.values().flat_map(|host| &host.probes) {
        let truncated = probe.is_truncated();
        if let (Some(size), false) = (size_of(probe), truncated) {
            let known = sizes.entry(kind_of(probe)).or_insert(0);
            *known = size.max(*known);
        }
    }
    sizes
}

fn size_of(probe: &Probe) -> Option<u16> {
    match probe.outcome()? {
        Outcome::Answered(answer) => Some(answer.size),
        _ => None,
    }
}

fn large(host: &ServerObservations<'_>, sizes: &HashMap<QueryKind, u16>) -> Option<Large> {
    let of_interest = |probe: &&&Probe| {
        let purpose = probe.query.purpose;
        probe.is_udp() && (purpose.is_sampled() || purpose == Purpose::Experiment(Experiment::Size))
    };
    let mut outcomes: Vec<(u16, ProbeOutcome, Purpose)> = Vec::new();
    for probe in host.probes.iter().filter(of_interest) {
        match probe.outcome() {
            Some(Outcome::Answered(answer)) => {
                outcomes.push((answer.size, ProbeOutcome::Answered, probe.query.purpose));
            }
            Some(Outcome::TimedOut | Outcome::Late(_)) => {
                let (name, rtype, signed) = kind_of(probe);
                // Without signatures an answer is at most smaller.
                let whole = sizes.get(&(name, rtype, signed)).or(sizes.get(&(name, rtype, false)));
                let limit = match probe.query.form {
                    QueryForm::Plain => WITHOUT_EDNS,
                    QueryForm::Sized(limit) => limit,
                    _ => USUAL,
                };
                if let Some(&whole) = whole {
                    let size = if whole <= limit { whole } else { TRUNCATED };
                    outcomes.push((size, ProbeOutcome::Lost, probe.query.purpose));
                }
            }
            _ => {}
        }
    }
    let answered = |(size, outcome, _): &(u16, ProbeOutcome, Purpose)| {
        (*outcome == ProbeOutcome::Answered).then_some(*size)
    };
    let arrived = outcomes.iter().filter_map(answered).max()?;
    let (mut large, small): (Vec<_>, Vec<_>) =
        outcomes.into_iter().partition(|(size, ..)| *size > arrived);
    // What raised the suspicion is no evidence for it: fresh queries are.
    large.retain(|(.., purpose)| *purpose == Purpose::Experiment(Experiment::Size));
    let lost = large.iter().map(|(size, ..)| *size).min()?;
    let tally = |part: Vec<(u16, ProbeOutcome, Purpose)>| {
        LossTally::of(part.iter().map(|(_, outcome, _)| *outcome))
    };
    let contrast = Contrast { suspected: tally(large), others: tally(small) };
    let all_lost = contrast.suspected.lost;
    (all_lost >= ENOUGH && host.silence_is_telling(all_lost)).then_some(Large {
        contrast,
        arrived,
        lost,
    })
}

fn finding(observed: &Observations<'_>, zone: &NameBuf, found: &[(SocketAddr, Large)]) -> Draft {
    let servers: Vec<SocketAddr> = found.iter().map(|(server, _)| *server).collect();
    let arrived = found.iter().map(|(_, large)| large.arrived).max().unwrap_or(0);
    let smallest = found.iter().map(|(_, large)| large.lost).min().unwrap_or(0);
    let sum = |part: fn(&Contrast) -> LossTally| {
        let tallies = found.iter().map(|(_, large)| part(&large.contrast));
        tallies.fold((0, 0), |(lost, asked), tally| (lost + tally.lost, asked + tally.asked()))
    };
    let (lost, large) = sum(|contrast| contrast.suspected);
    let (small_lost, small) = sum(|contrast| contrast.others);
    let p_value = found.iter().map(|(_, large)| large.contrast.p_value()).fold(0.0, f64::max);
    let who = observed.who(zone, &servers);
    let names = observed.at_fault(zone, &servers);
    let tcp: u64 = servers
        .iter()
        .filter_map(|server| observed.servers.get(server))
        .map(|host| host.tcp.answered)
        .sum();
    let over_tcp = if tcp > 0 { "; over TCP they arrive" } else { "" };
    let subject = zone.to_string();
    Draft::new(FindingId::LargeAnswerLost, Severity::Error, subject)
        .who(observed.operator(zone))
        .servers(servers)
        .summary(format!(
            "{who}: responses over UDP of {smallest} octets and more get lost ({}), those of up to \
             {arrived} octets arrive ({}){over_tcp}",
            Proportion::new(lost, large).text("lost"),
            Proportion::new(small_lost, small).text("lost"),
        ))
        .fault(format!("large responses from {names} get lost"))
        .action(format!("ask whoever runs {names} to let large UDP packets through its firewall"))
        .advice(format!(
            "ask whoever runs {names} to let large UDP packets and fragments through the firewall, \
             or to limit the server's responses over UDP to {} bytes, so that larger ones are sent \
             over TCP",
            arrived.max(WITHOUT_EDNS)
        ))
        .evidence("largest_arrived_octets", arrived)
        .evidence("smallest_lost_octets", smallest)
        .evidence("large_asked", large)
        .evidence("large_lost", lost)
        .evidence("small_asked", small)
        .evidence("small_lost", small_lost)
        .evidence("p_value", p_value)
}

/// A kind of query without any response, and how often it was sent; `None` if chance may be why.
fn one_silent_kind(host: &ServerObservations<'_>) -> Option<(QueryKind, u64)> {
    let kinds = host.sample.never_answered.keys();
    let (sort, asked) =
        kinds.map(|sort| (*sort, silent(host, sort))).max_by_key(|(_, asked)| *asked)?;
    (asked >= ENOUGH && host.silence_is_telling(asked)).then_some((sort, asked))
}

fn silent_kind(
    observed: &Observations<'_>,
    zone: &NameBuf,
    sort: &QueryKind,
    found: &[(SocketAddr, u64)],
) -> Draft {
    let servers: Vec<SocketAddr> = found.iter().map(|(server, _)| *server).collect();
    let asked: u64 = found.iter().map(|(_, asked)| asked).sum();
    let tallies = servers.iter().filter_map(|server| observed.servers.get(server));
    let (lost, others) = tallies
        .map(|host| host.sample.tally())
        .fold((0, 0), |sum, tally| (sum.0 + tally.lost, sum.1 + tally.asked()));
    let (name, rtype, signed) = sort;
    let with = if *signed { " with DO set" } else { "" };
    let who = observed.who(zone, &servers);
    let names = observed.at_fault(zone, &servers);
    let subject = zone.to_string();
    Draft::new(FindingId::Loss, Severity::Error, subject)
        .who(observed.operator(zone))
        .servers(servers)
        .reference("RFC 8906 §3")
        .summary(format!(
            "{who}: queries for {} {rtype}{with} over UDP are never answered ({}), others are \
             ({}); the size of the response does not explain it",
            short(name),
            Proportion::new(asked, asked).text("lost"),
            Proportion::new(lost, others).text("lost"),
        ))
        .fault(format!("{names} never {} some kinds of queries", names.verb("answers", "answer")))
        .action(format!("ask whoever runs {names} whether a firewall drops them"))
        .advice(format!(
            "ask whoever runs {names} whether the server, or a firewall in front of it, drops queries \
             for {} {rtype}",
            short(name)
        ))
        .evidence("asked", asked)
        .evidence("lost", asked)
        .evidence("others_asked", others)
        .evidence("others_lost", lost)
}

/// How many queries of a kind were sent, all unanswered; 0 if some were answered in the end.
fn silent(host: &ServerObservations<'_>, sort: &QueryKind) -> u64 {
    let of_kind = |probe: &&&Probe| probe.is_udp() && kind_of(probe) == *sort;
    let udp: Vec<&&Probe> = host.probes.iter().filter(of_kind).collect();
    let answered = udp.iter().any(|probe| probe.reply.is_some());
    if answered { 0 } else { udp.len() as u64 }
}
