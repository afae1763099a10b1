//! How servers take EDNS (RFC 6891) and cookies (RFC 7873).

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::judge::catalog::FindingId;
use crate::judge::explained::Explained;
use crate::judge::finding::Draft;
use crate::judge::observations::{Observations, ServerObservations};
use crate::judge::severity::Severity;
use crate::probe::purpose::{Baseline, Purpose};
use crate::probe::query::QueryForm;
use crate::probe::result::Probe;
use crate::walk::{ResponseFault, ResponseKind};
use crate::wire::{NameBuf, Rcode};

/// Queries of one kind, all with the same fault, from which on it is a habit.
const ENOUGH: usize = 3;
/// Refused cookies of a server's own from which on it is a habit; machines behind one address that
/// do not share a secret refuse each other's only.
const SOME: usize = 2;

/// Addresses by what is wrong with them; those with nothing wrong are left out.
fn by_fault(
    faults: impl Iterator<Item = (SocketAddr, Vec<String>)>,
) -> BTreeMap<Vec<String>, Vec<SocketAddr>> {
    let mut groups: BTreeMap<Vec<String>, Vec<SocketAddr>> = BTreeMap::new();
    for (server, faults) in faults.filter(|(_, faults)| !faults.is_empty()) {
        groups.entry(faults).or_default().push(server);
    }
    groups
}

/// Servers that answer nothing with EDNS: what they do with single parts of it is no news then.
pub(crate) fn judge_plain_only(
    observed: &Observations<'_>,
    explained: &mut Explained,
    findings: &mut Vec<Draft>,
) {
    for zone in &observed.log.zones {
        let heard = observed.servers_of(zone).filter(|(server, _)| !explained.is_silent(*server));
        let faults = by_fault(
            heard.map(|(server, host)| (server, no_edns(host, zone).into_iter().collect())),
        );
        for (faults, servers) in faults {
            explained.plain_only.extend(&servers);
            findings.push(edns(observed, zone, &faults, servers));
        }
    }
}

pub(crate) fn judge_edns(
    observed: &Observations<'_>,
    explained: &mut Explained,
    findings: &mut Vec<Draft>,
) {
    for zone in &observed.log.zones {
        let hosts = observed.serving(zone, explained);
        let faults = hosts.map(|(server, host)| (server, mishandled(host, zone)));
        for (faults, servers) in by_fault(faults) {
            findings.push(edns(observed, zone, &faults, servers));
        }
    }
}

/// Queries with EDNS, where only those without it have a good answer.
fn no_edns(host: &ServerObservations<'_>, zone: &NameBuf) -> Option<String> {
    let plain = of(host, zone, Purpose::Baseline(Baseline::Edns), QueryForm::Plain);
    let with = host.usual_probes(zone).filter(|probe| probe.is_udp()).collect::<Vec<_>>();
    let none_good = with.len() >= ENOUGH && with.iter().all(|probe| fault_of(probe).is_some());
    if !none_good || plain.len() < ENOUGH || plain.iter().any(|probe| fault_of(probe).is_some()) {
        return None;
    }
    let text = fault_of(with.first()?)?;
    Some(format!(
        "queries with EDNS get {text} ({0} of {0}), those without it are answered",
        with.len()
    ))
}

fn mishandled(host: &ServerObservations<'_>, zone: &NameBuf) -> Vec<String> {
    let mut faults = Vec::new();
    let good = host.usual_probes(zone).filter(|probe| probe.is_udp() && fault_of(probe).is_none());
    let good: Vec<&Probe> = good.collect();
    if good.is_empty() {
        return faults;
    }
    let without =
        good.iter().filter(|probe| probe.reply.as_ref().is_some_and(|reply| !has_opt(reply)));
    if good.len() >= ENOUGH && without.count() == good.len() {
        // Then it cannot know versions or options either.
        faults.push(format!("EDNS is ignored ({0} of {0} answers without it)", good.len()));
        return faults;
    }
    let option = of(host, zone, Purpose::Baseline(Baseline::Edns), QueryForm::UnknownOption);
    if let Some(text) = common_fault(host, &option, fault_of) {
        faults.push(format!("an unknown option gets {text} ({0} of {0})", option.len()));
    }
    let version = of(host, zone, Purpose::Baseline(Baseline::Edns), QueryForm::UnknownVersion);
    let wrong = |probe: &Probe| match probe.reading() {
        None => Some("no answer".to_owned()),
        Some(reading) if reading.rcode == Rcode::BADVERS => None,
        Some(reading) => Some(format!("{} instead of BADVERS", reading.rcode)),
    };
    if let Some(text) = common_fault(host, &version, wrong) {
        faults.push(format!("an unknown version gets {text} ({0} of {0})", version.len()));
    }
    faults
}

fn has_opt(reply: &crate::probe::result::Reply) -> bool {
    reply.message().is_some_and(|message| message.opt().is_some())
}

fn of<'h>(
    host: &'h ServerObservations<'_>,
    zone: &NameBuf,
    purpose: Purpose,
    form: QueryForm,
) -> Vec<&'h Probe> {
    let mut probes = host.probes_for(zone, purpose);
    probes.retain(|probe| probe.query.form == form);
    probes
}

/// What is wrong with an answer; a truncated one is good enough.
fn fault_of(probe: &Probe) -> Option<String> {
    let Some(reading) = probe.reading() else { return Some("no answer".to_owned()) };
    match &reading.kind {
        ResponseKind::Fault(ResponseFault::Rcode(rcode)) => Some(rcode.to_string()),
        ResponseKind::Fault(ResponseFault::Malformed) => {
            Some("an answer that cannot be read".to_owned())
        }
        _ => None,
    }
}

/// What is wrong with each of these, if it is the same with all, and more than loss.
fn common_fault(
    host: &ServerObservations<'_>,
    probes: &[&Probe],
    fault: impl Fn(&Probe) -> Option<String>,
) -> Option<String> {
    let text = fault(probes.first()?)?;
    let all = probes.iter().all(|probe| fault(probe).as_ref() == Some(&text));
    let reported = all && probes.len() >= ENOUGH && host.failure_is_telling(probes);
    reported.then_some(text)
}

fn edns(
    observed: &Observations<'_>,
    zone: &NameBuf,
    faults: &[String],
    servers: Vec<SocketAddr>,
) -> Draft {
    let who = observed.who(zone, &servers);
    let names = observed.at_fault(zone, &servers);
    let subject = zone.to_string();
    Draft::new(FindingId::EdnsMishandled, Severity::Warning, subject)
        .servers(servers)
        .summary(format!("{who}: {}", faults.join("; ")))
        .fault(format!(
            "{names} {} queries as resolvers send them today",
            names.verb("mishandles", "mishandle")
        ))
        .action(format!(
            "ask whoever runs {names} to update the server or the firewall in front of it"
        ))
        .advice(format!(
            "ask whoever runs {names} to update the server software, or the firewall in front of \
             it, to one that accepts the extensions which resolvers use in every query"
        ))
        .evidence("faults", faults)
}

pub(crate) fn judge_cookies(
    observed: &Observations<'_>,
    explained: &mut Explained,
    findings: &mut Vec<Draft>,
) {
    for zone in &observed.log.zones {
        let hosts = observed.serving(zone, explained);
        let faults =
            hosts.map(|(server, host)| (server, cookie_fault(host, zone).into_iter().collect()));
        for (faults, servers) in by_fault(faults) {
            let who = observed.who(zone, &servers);
            let names = observed.at_fault(zone, &servers);
            let subject = zone.to_string();
            let draft = Draft::new(FindingId::CookieMishandled, Severity::Warning, subject)
                .servers(servers);
            findings.push(
                draft
                    .summary(format!("{who}: {}", faults.join("; ")))
                    .fault(format!(
                        "{names} {} the DNS cookies that it has just given out",
                        names.verb("rejects", "reject")
                    ))
                    .action(format!(
                        "ask whoever runs {names} to repair that, or to switch them off"
                    ))
                    .advice(format!(
                        "ask whoever runs {names} to give all machines behind an address the same \
                         secret for DNS cookies, or to update or switch off what mishandles them"
                    ))
                    .evidence("faults", faults),
            );
        }
    }
}

fn cookie_fault(host: &ServerObservations<'_>, zone: &NameBuf) -> Option<String> {
    let all = host.probes_for(zone, Purpose::Baseline(Baseline::Cookie));
    let (back, first): (Vec<&Probe>, Vec<&Probe>) =
        all.into_iter().partition(|probe| probe.query.form == QueryForm::CookieBack);
    let refused: Vec<String> = back
        .iter()
        .filter(|probe| probe.reply.is_some())
        .filter_map(|probe| fault_of(probe))
        .collect();
    if let Some(text) = refused.first().filter(|_| refused.len() >= SOME) {
        return Some(format!(
            "a cookie that the server has just given is refused ({text}, {} of {})",
            refused.len(),
            back.len()
        ));
    }
    if let Some(text) = common_fault(host, &back, fault_of) {
        return Some(format!("a cookie given back gets {text} ({0} of {0})", back.len()));
    }
    // To ask for a cookie first is allowed.
    let wrong =
        |probe: &Probe| fault_of(probe).filter(|text| *text != Rcode::BADCOOKIE.to_string());
    let text = common_fault(host, &first, wrong)?;
    Some(format!("a query with a cookie gets {text} ({0} of {0})", first.len()))
}
