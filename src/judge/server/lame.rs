//! Servers that do not serve the zone, always or now and then.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use crate::judge::actor::Actor;
use crate::judge::catalog::FindingId;
use crate::judge::explained::Explained;
use crate::judge::finding::Draft;
use crate::judge::observations::{Observations, ServerObservations, short};
use crate::judge::severity::Severity;
use crate::judge::writing::plain;
use crate::probe::result::Probe;
use crate::probe::sample::kind_of;
use crate::stats::{Proportion, SIGNIFICANCE};
use crate::walk::{ResponseFault, ResponseKind};
use crate::wire::{NameBuf, Rcode};

/// Answers from which on it is said what they all say.
const ENOUGH: u64 = 3;
/// The share of failures at a server that does answer, above which it is told.
const OFTEN: f64 = 0.05;

/// Answers of a server that were of use, and those that were not, by what they say.
#[derive(Default)]
struct Service {
    useful: u64,
    faults: BTreeMap<String, u64>,
}

impl Service {
    fn add(&mut self, probe: &Probe) {
        let Some(reading) = probe.reading() else { return };
        match lame(&reading.kind) {
            Some(text) => *self.faults.entry(text).or_default() += 1,
            // Cut off, or about EDNS: that tells nothing of the zone.
            None if matches!(reading.kind, ResponseKind::Fault(_)) => {}
            None => self.useful += 1,
        }
    }

    fn useless(&self) -> u64 {
        self.faults.values().sum()
    }

    fn text(&self) -> String {
        let mut faults: Vec<_> = self.faults.iter().collect();
        faults.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        faults.into_iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(" and ")
    }
}

/// What an answer says, if it is one of a server that does not serve the zone.
fn lame(kind: &ResponseKind) -> Option<String> {
    let ResponseKind::Fault(fault) = kind else { return None };
    match fault {
        ResponseFault::NotAuthoritative => Some("without authority (AA is not set)".to_owned()),
        ResponseFault::UpwardReferral => Some("referrals to servers above".to_owned()),
        ResponseFault::Rcode(Rcode::REFUSED | Rcode::SERVFAIL | Rcode::NOTAUTH) => match fault {
            ResponseFault::Rcode(rcode) => Some(rcode.to_string()),
            _ => None,
        },
        _ => None,
    }
}

pub(crate) fn judge(
    observed: &Observations<'_>,
    explained: &mut Explained,
    findings: &mut Vec<Draft>,
) {
    let targets = observed.target_zones();
    let addresses: usize = observed.servers.len().max(1);
    for zone in observed.log.zones.iter().chain(&targets) {
        let reported = observed.log.zones.contains(zone);
        let mut always: BTreeMap<String, Vec<(SocketAddr, Service)>> = BTreeMap::new();
        for (server, host) in observed.servers_of(zone) {
            if explained.is_silent(server) || explained.plain_only.contains(&server) {
                continue;
            }
            let service = service(host, zone);
            let useless = service.useless();
            if service.useful == 0 && useless >= ENOUGH {
                explained.lame.insert((server, *zone));
                always.entry(service.text()).or_default().push((server, service));
            } else if let Some(mixed) = now_and_then(host, zone, addresses) {
                explained.lame.insert((server, *zone));
                if reported {
                    findings.push(sometimes(observed, zone, server, &mixed));
                }
            }
        }
        if reported {
            for (text, servers) in always {
                findings.push(constantly(observed, zone, &text, &servers));
            }
        }
    }
}

fn service(host: &ServerObservations<'_>, zone: &NameBuf) -> Service {
    let mut service = Service::default();
    host.usual_probes(zone).for_each(|probe| service.add(probe));
    service
}

/// What the answers say to queries that are now answered and now not; `None` if that is too
/// rare. A query that always fails says more of itself than of the server.
fn now_and_then(
    host: &ServerObservations<'_>,
    zone: &NameBuf,
    addresses: usize,
) -> Option<Service> {
    let mut kinds: HashMap<_, Service> = HashMap::new();
    for probe in host.usual_probes(zone) {
        kinds.entry(kind_of(probe)).or_default().add(probe);
    }
    let mut mixed = Service::default();
    for service in kinds.into_values().filter(|service| service.useful > 0) {
        mixed.useful += service.useful;
        for (text, count) in service.faults {
            *mixed.faults.entry(text).or_default() += count;
        }
    }
    let (useless, asked) = (mixed.useless(), mixed.useless() + mixed.useful);
    // Each address is a test of its own.
    let confidence = 1.0 - 2.0 * SIGNIFICANCE / addresses as f64;
    let low = Proportion::new(useless, asked).interval(confidence).low;
    (useless >= ENOUGH && low > OFTEN).then_some(mixed)
}

fn constantly(
    observed: &Observations<'_>,
    zone: &NameBuf,
    text: &str,
    found: &[(SocketAddr, Service)],
) -> Draft {
    let servers: Vec<SocketAddr> = found.iter().map(|(server, _)| *server).collect();
    let answers: u64 = found.iter().map(|(_, service)| service.useless()).sum();
    let who = observed.who(zone, &servers);
    let names = observed.at_fault(zone, &servers);
    let name = short(zone);
    // Where nobody serves it, the domain was delegated to a host that does not have it.
    let nobody = !observed.servers_of(zone).any(|(_, host)| service(host, zone).useful > 0);
    Draft::new(FindingId::ServerLame, Severity::Error, zone.to_string())
        .who(if nobody { Actor::Registrar } else { Actor::DnsHost })
        .servers(servers)
        .summary(format!(
            "{who}: named as a server of {name}, and does not serve it: {answers} of {answers} \
             responses were {text}"
        ))
        .fault(format!(
            "{names} {} listed as a name server of {} and {} not serve it",
            names.verb("is", "are"),
            plain(zone),
            names.verb("does", "do")
        ))
        .action(format!(
            "ask whoever runs {names} to load the zone, or remove {} at the registrar",
            names.verb("it", "them")
        ))
        .advice(format!(
            "ask whoever runs {names} to load the zone {name}, or remove it from the list of name \
             servers at the registrar and from the zone's NS records"
        ))
        .evidence("answers", answers)
        .evidence("useful", 0)
        .evidence("they_say", text)
}

fn sometimes(
    observed: &Observations<'_>,
    zone: &NameBuf,
    server: SocketAddr,
    mixed: &Service,
) -> Draft {
    let (useless, text) = (mixed.useless(), mixed.text());
    let rate = Proportion::new(useless, useless + mixed.useful).text("useless").to_string();
    let who = observed.who(zone, &[server]);
    let names = observed.at_fault(zone, &[server]);
    Draft::new(FindingId::ServerLame, Severity::Error, zone.to_string())
        .servers(vec![server])
        .summary(format!(
            "{who}: now and then it fails for queries that it answers at other times ({text}): {rate}"
        ))
        .fault(format!("{names} fails now and then"))
        .action(format!("ask whoever runs {names} which of the machines behind it fails"))
        .advice(format!(
            "ask whoever runs {names} which of the machines behind this address does not serve \
             {} properly",
            short(zone)
        ))
        .evidence("answers", useless + mixed.useful)
        .evidence("useful", mixed.useful)
        .evidence("they_say", text)
}
