//! Resolvers that validate (DNSSEC) and reject what there is.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::judge::actor::Actor;
use crate::judge::catalog::FindingId;
use crate::judge::finding::Draft;
use crate::judge::provider::provider;
use crate::judge::writing::plain;
use crate::probe::ProbeLog;
use crate::probe::heard::{Heard, Unusable};
use crate::probe::query::QueryForm;
use crate::probe::result::Probe;
use crate::walk::WalkReport;
use crate::wire::{EdeCode, NameBuf, Rcode};

/// Queries that fail with validation, and as many that do not without, before validation is
/// blamed.
const LEAST_PROBES: usize = 2;
/// Extended errors by which resolvers say that validation failed (RFC 8914 §4.7 to §4.13).
const VALIDATION: std::ops::RangeInclusive<u16> = 6..=12;
/// Those among them that signing the zone again cures: signatures that have expired, are not yet valid
/// or are missing, a key without its flag, and missing NSEC records.
const SIGNING: [u16; 5] = [7, 8, 10, 11, 12];

/// Resolvers that fail where they validate, and answer where they need not.
pub(crate) struct Rejected {
    servers: Vec<SocketAddr>,
    failures: usize,
    /// What they say of it.
    codes: Vec<u16>,
    /// The zone with a DS record, if there is one on the way.
    signed: Option<NameBuf>,
}

/// Whether any of the resolvers that `probes` asked reject what is found by way of `names`; `takes` says
/// whether an answer is one.
pub(crate) fn rejected(
    log: &ProbeLog,
    names: &[NameBuf],
    probes: &[&Probe],
    takes: impl Fn(&Probe) -> bool,
) -> Option<Rejected> {
    let mut by_server: BTreeMap<SocketAddr, (Vec<&Probe>, Vec<&Probe>)> = BTreeMap::new();
    for probe in probes {
        let (checked, unchecked) = by_server.entry(probe.query.server).or_default();
        match probe.query.form {
            QueryForm::Recursive => checked.push(probe),
            QueryForm::Unchecked => unchecked.push(probe),
            _ => {}
        }
    }
    let signed = signed(&log.walk, names);
    let servfail = Unusable::Rcode(Rcode::SERVFAIL);
    let failed =
        |probe: &&&Probe| matches!(probe.heard(), Some(Heard::Unusable(why)) if why == servfail);
    let mut all = Rejected { servers: Vec::new(), failures: 0, codes: Vec::new(), signed };
    for (server, (checked, unchecked)) in &by_server {
        let fails: Vec<&&Probe> = checked.iter().filter(failed).collect();
        let answers = unchecked.iter().filter(|probe| takes(probe));
        let said: Vec<u16> = fails
            .iter()
            .filter_map(|probe| probe.reply.as_ref())
            .flat_map(|reply| reply.extended_errors())
            .map(|EdeCode(code)| code)
            .filter(|code| VALIDATION.contains(code))
            .collect();
        let always = fails.len() == checked.len() && answers.count() == unchecked.len();
        let often = fails.len() >= LEAST_PROBES && unchecked.len() >= LEAST_PROBES;
        // By its own account, or because there is a signature to check.
        if always && often && (!said.is_empty() || signed.is_some()) {
            all.servers.push(*server);
            all.failures += fails.len();
            all.codes.extend(said);
        }
    }
    all.codes.sort_unstable();
    all.codes.dedup();
    (!all.servers.is_empty()).then_some(all)
}

/// What is to be said of it; `zone` is the one of the record.
pub(crate) fn bogus(
    walk: &WalkReport,
    subject: String,
    zone: NameBuf,
    rejected: Rejected,
) -> Draft {
    let Rejected { servers, failures, codes, signed } = rejected;
    let names: Vec<String> = codes.iter().map(|code| EdeCode(*code).to_string()).collect();
    let actor = match signed {
        // There is nothing of the domain's own to check.
        None => Actor::ResolverOperator,
        Some(_) if !codes.is_empty() && codes.iter().all(|code| SIGNING.contains(code)) => {
            Actor::DnsHost
        }
        Some(_) => Actor::Registrar,
    };
    let signed = plain(&signed.unwrap_or(zone));
    Draft::error(FindingId::DnssecBogus, subject)
        .who(actor)
        .summary(format!(
            "{} the data of {signed} because of their signatures (DNSSEC), and gives them when asked \
             not to check",
            match servers.len() {
                1 => "a resolver that validates rejects".to_owned(),
                count => format!("each of {count} resolvers that validate rejects"),
            }
        ))
        .fault(format!("the DNSSEC signatures of {signed} do not match, so many resolvers reject it"))
        .action(format!("remove or replace the DS record at the registrar of {signed}"))
        .evidence("failures", failures)
        .evidence("ede_codes", codes)
        .evidence("ede", names)
        .servers(servers)
        .advice(format!(
            "ask {} for the DS record of the key in use, or whether the zone must be signed again, and \
             enter that record at the registrar of {signed} in place of the old one; if {signed} need \
             not be signed, remove the DS record there. Until then all of {signed} fails where \
             signatures are checked, websites and mail, too",
            provider(walk, &zone)
        ))
}

/// The zone on the way to one of the names that has a DS record, the deepest first.
fn signed(walk: &WalkReport, names: &[NameBuf]) -> Option<NameBuf> {
    let zones = names
        .iter()
        .filter_map(|name| walk.path(name))
        .flat_map(|path| path.zones.iter().rev().take_while(|zone| zone.labels().count() > 1));
    zones.copied().find(|zone| {
        walk.delegation(zone).is_some_and(|delegation| {
            delegation.parent_servers.iter().any(|parent| parent.ds().is_some())
        })
    })
}
