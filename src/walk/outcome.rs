//! How the state of a [`Walk`] becomes its report.

use std::net::SocketAddr;

use super::descent::{Walk, ZoneState};
use super::evidence::ExchangeEnd;
use super::report::{
    ChildServer, Delegation, ParentServer, Path, PathEnd, ResponseOutcome, ServerResponse,
    WalkReport,
};
use super::resolution::Unresolved;
use crate::wire::{NameBuf, RecordType};

impl Walk {
    /// What the walk has found. One that is not done may be taken, too: paths that have not ended
    /// count as too much work.
    pub fn into_report(self) -> WalkReport {
        report(self)
    }
}

fn report(walk: Walk) -> WalkReport {
    let delegations = walk.zones.iter().map(|zone| delegation(&walk, zone)).collect();
    let paths = walk
        .paths
        .iter()
        .map(|path| Path {
            name: path.name,
            zones: path.zones.iter().map(|&zone| walk.zones[zone].name).collect(),
            end: path.end.unwrap_or(PathEnd::Failed(Unresolved::TooMuchWork)),
            answers: path.zones.last().map_or_else(Vec::new, |&zone| {
                answers(&walk, &walk.zones[zone], &path.name, walk.rtype)
            }),
            targets: path.targets.clone(),
            cname_fault: path.cname_fault,
        })
        .collect();
    WalkReport {
        rtype: walk.rtype,
        paths,
        subjects: walk.subjects,
        delegations,
        ipv4_abandoned: walk.ipv4_abandoned,
        ipv6_abandoned: walk.ipv6_abandoned,
        cut_short: walk.cut_short,
        evidence: walk.evidence,
    }
}

fn delegation(walk: &Walk, zone: &ZoneState) -> Delegation {
    let parent = zone.parent.map(|parent| &walk.zones[parent]);
    let parent_servers = parent.map_or_else(Vec::new, |parent| {
        let own = answers(walk, parent, &zone.name, RecordType::NS);
        let mut ds = answers(walk, parent, &zone.name, RecordType::DS).into_iter();
        own.into_iter()
            .map(|own| {
                let referral = walk.referrals.get(&(own.server, zone.name)).copied();
                let delegation = match referral {
                    Some(exchange) => server_answer(walk, own.server, Some(exchange)),
                    None => own,
                };
                let ds = ds.next().filter(|ds| ds.exchange.is_some());
                ParentServer { delegation, ds }
            })
            .collect()
    });
    let ns = answers(walk, zone, &zone.name, RecordType::NS);
    let soa = answers(walk, zone, &zone.name, RecordType::SOA);
    let child_servers = ns.into_iter().zip(soa).map(|(ns, soa)| ChildServer { ns, soa }).collect();
    Delegation {
        zone: zone.name,
        parent: parent.map(|parent| parent.name),
        parent_servers,
        child_servers,
        name_servers: zone.servers.clone(),
        left_out: zone.left_out.len(),
    }
}

/// What each address of a zone's servers says to one query.
fn answers(
    walk: &Walk,
    zone: &ZoneState,
    name: &NameBuf,
    rtype: RecordType,
) -> Vec<ServerResponse> {
    walk.every_address(zone)
        .into_iter()
        .map(|server| {
            let key = (server, zone.name, *name, rtype);
            server_answer(walk, server, walk.answers.get(&key).copied().flatten())
        })
        .collect()
}

fn server_answer(walk: &Walk, server: SocketAddr, exchange: Option<usize>) -> ServerResponse {
    let outcome = match exchange {
        None => ResponseOutcome::Skipped,
        Some(place) => match (&walk.readings[place], &walk.evidence.exchanges[place].end) {
            (Some(reading), _) => ResponseOutcome::Reply(Box::new(reading.clone())),
            (None, ExchangeEnd::NotAsked(why)) => ResponseOutcome::NotAsked(why.clone()),
            (None, ExchangeEnd::Failed(failure)) => ResponseOutcome::Silent(*failure),
            (None, ExchangeEnd::Answered { .. }) => ResponseOutcome::Skipped,
        },
    };
    ServerResponse { server, exchange, outcome }
}
