//! What resolvers rely on besides the records: the case of the QNAME, unknown types, empty
//! non-terminals, denials, TTLs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;

use serde_json::Value;

use crate::judge::catalog::FindingId;
use crate::judge::explained::Explained;
use crate::judge::finding::Draft;
use crate::judge::observations::{Observations, ServerObservations, short};
use crate::judge::severity::Severity;
use crate::probe::purpose::{Baseline, Purpose};
use crate::probe::query::Role;
use crate::probe::result::{Probe, Reply};
use crate::walk::{ResponseFault, ResponseKind};
use crate::wire::{Class, NameBuf, RecordType, Section};

/// Queries of one kind, all with the same odd answer, from which on it is how the server behaves.
const ENOUGH: usize = 3;
/// Denials without what they need, from which on it is how the server behaves.
const DENIALS: usize = 2;
/// Answers and different TTLs among them that show a clock at work.
const TTL_ANSWERS: usize = 6;
const TTL_VALUES: usize = 3;
/// How far the times at which records expire may lie apart for one countdown, in seconds: TTLs are
/// whole ones.
const TTL_SLACK: f64 = 1.2;
/// Countdowns that a cache in front begins during one run.
const COUNTDOWNS: usize = 2;

/// What resolvers rely on, and what is said of servers that do otherwise.
struct Behaviour {
    id: FindingId,
    severity: Severity,
    examine: fn(&ServerObservations<'_>, &NameBuf) -> Option<String>,
    /// What one server does, and what several do, in plain words.
    fault: [&'static str; 2],
    /// What those who run it are to be asked, in few words, and with the reason.
    action: &'static str,
    advice: &'static str,
}

const BEHAVIOURS: [Behaviour; 5] = [
    Behaviour {
        id: FindingId::EmptyNonterminalDenied,
        severity: Severity::Warning,
        examine: denied_nonterminal,
        fault: [
            "says that a name does not exist although there are records below it",
            "say that a name does not exist although there are records below it",
        ],
        action: "to update the server software",
        advice: "to update the server software, which should give an empty response there instead: \
                 many resolvers take the denial for all names below",
    },
    Behaviour {
        id: FindingId::NegativeAnswerMalformed,
        severity: Severity::Warning,
        examine: malformed_denial,
        fault: [
            "does not say how long its \"no such record\" may be remembered",
            "do not say how long their \"no such record\" may be remembered",
        ],
        action: "to send the zone's SOA record with it",
        advice: "to send the zone's SOA record with every \"no such record\", so that resolvers know \
                 how long to remember it",
    },
    Behaviour {
        id: FindingId::UnknownTypeMishandled,
        severity: Severity::Warning,
        examine: unknown_type,
        fault: [
            "fails when asked for a record type that it does not know",
            "fail when asked for a record type that they do not know",
        ],
        action: "to update the server software",
        advice: "to update the server software, which should give an empty response to queries for \
                 types that it does not know",
    },
    Behaviour {
        id: FindingId::CaseNotPreserved,
        severity: Severity::Notice,
        examine: other_case,
        fault: [
            "changes capital and small letters of the names it is asked for",
            "change capital and small letters of the names they are asked for",
        ],
        action: "to send names back as they came",
        advice: "to send names back as they came: resolvers that mix capital and small letters as a \
                 protection take such responses for forged",
    },
    Behaviour {
        id: FindingId::CacheInFront,
        severity: Severity::Notice,
        examine: countdown,
        fault: ["responds from a cache", "respond from a cache"],
        action: "whether a cache or a proxy stands in front of it",
        advice: "whether a cache or a proxy stands in front of it: changes show there only when it \
                 forgets what it has",
    },
];

pub(crate) fn judge(
    observed: &Observations<'_>,
    explained: &mut Explained,
    findings: &mut Vec<Draft>,
) {
    for (zone, behaviour) in
        observed.log.zones.iter().flat_map(|zone| BEHAVIOURS.iter().map(move |it| (zone, it)))
    {
        let mut groups: BTreeMap<String, Vec<SocketAddr>> = BTreeMap::new();
        for (server, host) in observed.serving(zone, explained) {
            if let Some(text) = (behaviour.examine)(host, zone) {
                groups.entry(text).or_default().push(server);
            }
        }
        for (text, servers) in groups {
            let who = observed.who(zone, &servers);
            let names = observed.at_fault(zone, &servers);
            let [one, many] = behaviour.fault;
            let subject = zone.to_string();
            let seen: Value = text.clone().into();
            findings.push(
                Draft::new(behaviour.id, behaviour.severity, subject)
                    .servers(servers)
                    .summary(format!("{who}: {text}"))
                    .fault(format!("{names} {}", names.verb(one, many)))
                    .action(format!("ask whoever runs {names} {}", behaviour.action))
                    .advice(format!("ask whoever runs {names} {}", behaviour.advice))
                    .evidence("seen", seen),
            );
        }
    }
}

fn unknown_type(host: &ServerObservations<'_>, zone: &NameBuf) -> Option<String> {
    let probes = host.probes_for(zone, Purpose::Baseline(Baseline::UnknownType));
    let fault = |probe: &Probe| match probe.reading().map(|reading| &reading.kind) {
        None => Some("no response".to_owned()),
        Some(ResponseKind::Fault(ResponseFault::Rcode(rcode))) => Some(rcode.to_string()),
        Some(ResponseKind::NxDomain) => Some("NXDOMAIN, though the name exists".to_owned()),
        _ => None,
    };
    let text = fault(probes.first()?)?;
    let all = probes.iter().all(|probe| fault(probe).as_ref() == Some(&text));
    let reported = all && probes.len() >= ENOUGH && host.failure_is_telling(&probes);
    reported.then(|| {
        format!("a type that it does not know (TYPE65280) gets {text} ({0} of {0})", probes.len())
    })
}

fn other_case(host: &ServerObservations<'_>, zone: &NameBuf) -> Option<String> {
    let changed = |probe: &&&Probe| {
        let asked = probe.query.name;
        let echoed = probe
            .reply
            .as_ref()
            .and_then(|reply| reply.message()?.question().map(|question| question.name.to_buf()));
        echoed.is_some_and(|name| name.as_wire() != asked.as_wire())
    };
    let probes = host.probes_for(zone, Purpose::Baseline(Baseline::MixedCase));
    let example = probes.iter().find(changed)?;
    Some(format!("the name {} came back in another case", short(&example.query.name)))
}

/// A name that is denied although there is a record below it, at the same address, each time.
fn denied_nonterminal(host: &ServerObservations<'_>, zone: &NameBuf) -> Option<String> {
    let mut names: BTreeMap<NameBuf, Vec<&Probe>> = BTreeMap::new();
    let purpose = Purpose::Baseline(Baseline::EmptyNonTerminal);
    for probe in host.probes_for(zone, purpose).into_iter().filter(|it| it.reply.is_some()) {
        names.entry(probe.query.name).or_default().push(probe);
    }
    names.into_iter().find_map(|(name, answers)| {
        let denies = |probe: &&Probe| {
            probe.reading().is_some_and(|reading| reading.kind == ResponseKind::NxDomain)
        };
        if answers.len() < ENOUGH || !answers.iter().all(denies) {
            return None;
        }
        let below = existing_below(host, zone, &name)?;
        Some(format!(
            "{} is said not to exist (NXDOMAIN, {1} of {1}), though {2} is below it",
            short(&name),
            answers.len(),
            short(&below)
        ))
    })
}

/// A name below another one that this address has always.
fn existing_below(
    host: &ServerObservations<'_>,
    zone: &NameBuf,
    name: &NameBuf,
) -> Option<NameBuf> {
    // Useful answers, and denials among them.
    let mut below: BTreeMap<NameBuf, [usize; 2]> = BTreeMap::new();
    for probe in host.usual_probes(zone) {
        let asked = probe.query.name;
        if let Some(reading) = probe.reading().filter(|reading| reading.is_useful())
            && asked != *name
            && asked.is_at_or_below(name)
        {
            let [answers, denials] = below.entry(asked).or_default();
            *answers += 1;
            *denials +=
                usize::from(reading.kind == ResponseKind::NxDomain && reading.chain.is_empty());
        }
    }
    let has_always =
        |(_, [answers, denials]): &(NameBuf, [usize; 2])| *answers >= ENOUGH && *denials == 0;
    below.into_iter().find(has_always).map(|(name, _)| name)
}

fn malformed_denial(host: &ServerObservations<'_>, zone: &NameBuf) -> Option<String> {
    let authoritative = host.of_zone(zone).filter(|probe| probe.query.role != Role::Other);
    let denials: Vec<&Reply> = authoritative
        .filter_map(|probe| probe.reply.as_ref())
        .filter(|reply| matches!(reply.reading.kind, ResponseKind::NoData | ResponseKind::NxDomain))
        .collect();
    let malformed: Vec<&&Reply> =
        denials.iter().filter(|reply| reply.reading.soa.is_none()).collect();
    if malformed.len() < DENIALS || malformed.len() * 2 <= denials.len() {
        return None;
    }
    let soa = malformed.iter().find_map(|reply| {
        let mut records = reply.records(Section::Authority).into_iter();
        records.find(|it| (it.rtype, it.class) == (RecordType::SOA, Class::IN))
    });
    let count = format!("{} of {} denials", malformed.len(), denials.len());
    Some(match soa {
        Some(soa) => {
            format!("{count} have the SOA record of {}, not of the zone", short(&soa.name))
        }
        None => format!("{count} are without a SOA record"),
    })
}

/// TTLs of authoritative answers that go down as time goes by.
fn countdown(host: &ServerObservations<'_>, zone: &NameBuf) -> Option<String> {
    let mut sets: HashMap<(NameBuf, RecordType), Vec<(f64, u32)>> = HashMap::new();
    for probe in host.usual_probes(zone) {
        let (Some(reading), Some(sent), Some(rtt)) = (probe.reading(), probe.sent(), probe.rtt())
        else {
            continue;
        };
        let set = reading.chain.first().or(reading.answer.as_ref());
        if let Some(set) = set.filter(|_| reading.authoritative) {
            let at = (sent + rtt / 2).as_nanos() as f64 / 1e9;
            sets.entry((set.name, set.rtype)).or_default().push((at, set.ttl));
        }
    }
    let mut counting: Vec<_> = sets.into_iter().filter(|(_, seen)| counts_down(seen)).collect();
    counting.sort_by_key(|((name, rtype), _)| (name.to_string(), *rtype));
    let ((name, rtype), seen) = counting.first()?;
    let ttls = || seen.iter().map(|(_, ttl)| *ttl);
    Some(format!(
        "TTLs of its own records count down, as from a cache ({} {rtype}: from {} to {} in {} \
         responses)",
        short(name),
        ttls().max()?,
        ttls().min()?,
        seen.len()
    ))
}

fn counts_down(seen: &[(f64, u32)]) -> bool {
    let values: BTreeSet<u32> = seen.iter().map(|(_, ttl)| *ttl).collect();
    if seen.len() < TTL_ANSWERS || values.len() < TTL_VALUES {
        return false;
    }
    let mut ends: Vec<f64> = seen.iter().map(|(at, ttl)| at + f64::from(*ttl)).collect();
    ends.sort_by(f64::total_cmp);
    let mut begins: Vec<f64> = Vec::new();
    for end in ends {
        if begins.last().is_none_or(|begin| end - begin > TTL_SLACK) {
            begins.push(end);
        }
    }
    begins.len() <= COUNTDOWNS
}
