//! The servers of a diagnosis: what each is, and what it is asked for.

use std::net::SocketAddr;

use super::plan::{DiagnosePlan, Target};
use super::task::{Step, Task};
use crate::probe::ProbeLog;
use crate::probe::query::Role;
use crate::probe::result::Probe;
use crate::wire::{Flags, NameBuf};

/// Top-level domains that are stable, and have been for decades.
const STABLE: [&str; 3] = ["com", "net", "org"];

/// A server that is examined.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) server: SocketAddr,
    pub(super) role: Role,
    /// The zone that it is asked as a server of; the root where that is not known.
    pub(super) zone: NameBuf,
    /// Names that it should know.
    pub(super) names: Vec<NameBuf>,
    /// Names below which it is asked for random ones.
    pub(super) parents: Vec<NameBuf>,
    pub(super) tcp_only: bool,
    /// Queries per second at most.
    pub(super) max_rate: f64,
    /// Whether it was found through a domain, and is asked no faster than it must be.
    pub(super) found: bool,
    /// Whether it has answered anything yet.
    pub(super) answers: bool,
}

/// The servers that the targets lead to, each once; what they are as far as the log says it by now.
pub(super) fn subjects(plan: &DiagnosePlan, log: &ProbeLog) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = Vec::new();
    let mut add = |subject: Subject| {
        if subjects.iter().all(|known| known.server != subject.server) {
            subjects.push(subject);
        }
    };
    let answering = log.answering();
    for target in &plan.targets {
        match target {
            Target::Server { address, tcp } => add(named(plan, log, *address, *tcp)),
            Target::Name(name) => match zone_of(log, name) {
                Some(zone) => {
                    for server in log.servers_of(&zone) {
                        let names =
                            if plan.names.is_empty() { vec![zone] } else { plan.names.clone() };
                        add(Subject {
                            server,
                            role: Role::Authoritative,
                            zone,
                            names,
                            parents: vec![zone],
                            tcp_only: false,
                            max_rate: plan.max_rate.min(DiagnosePlan::MOST_TO_FOUND),
                            found: true,
                            answers: answering.contains(&server),
                        });
                    }
                }
                None => {
                    for address in addresses_of(plan, log, name) {
                        add(named(plan, log, address, false));
                    }
                }
            },
        }
    }
    subjects
}

/// The zone that a target is the apex of.
pub(super) fn zone_of(log: &ProbeLog, name: &NameBuf) -> Option<NameBuf> {
    log.zone_of(name).filter(|zone| zone == name)
}

fn addresses_of(plan: &DiagnosePlan, log: &ProbeLog, name: &NameBuf) -> Vec<SocketAddr> {
    let path = log.walk.path(name);
    let answers = path.into_iter().flat_map(|path| &path.answers);
    let mut found: Vec<SocketAddr> = Vec::new();
    for response in answers {
        let crate::walk::ResponseOutcome::Reply(reading) = &response.outcome else { continue };
        for ip in reading.answer.iter().flat_map(|rrset| rrset.addresses()) {
            let address = SocketAddr::new(ip, plan.walk.port);
            if !found.contains(&address) {
                found.push(address);
            }
        }
    }
    found
}

fn named(plan: &DiagnosePlan, log: &ProbeLog, server: SocketAddr, tcp_only: bool) -> Subject {
    let replies = || log.probes.iter().filter(move |probe| probe.query.server == server);
    let recursive = replies().any(offers_recursion);
    let zones: Vec<NameBuf> = plan
        .targets
        .iter()
        .filter_map(|target| match target {
            Target::Name(name) => zone_of(log, name),
            Target::Server { .. } => None,
        })
        .collect();
    let names = match (plan.names.is_empty(), zones.is_empty()) {
        (false, _) => plan.names.clone(),
        (true, false) => zones.clone(),
        (true, true) => std::iter::once(NameBuf::root()).chain(stable()).collect(),
    };
    let parents = match (plan.names.is_empty(), zones.is_empty()) {
        (false, _) => plan.names.clone(),
        (true, false) => zones,
        (true, true) => stable().collect(),
    };
    Subject {
        server,
        role: if recursive { Role::Recursive } else { Role::Other },
        zone: NameBuf::root(),
        names,
        parents,
        tcp_only,
        max_rate: plan.max_rate,
        found: false,
        answers: replies().any(|probe| probe.reply.is_some()),
    }
}

fn offers_recursion(probe: &Probe) -> bool {
    Task::of(probe.query.purpose).is_some_and(|task| task.step == Step::Discover)
        && probe.reply.as_ref().is_some_and(|reply| reply.flags().contains(Flags::RA))
}

fn stable() -> impl Iterator<Item = NameBuf> {
    STABLE.iter().filter_map(|name| name.parse().ok())
}
