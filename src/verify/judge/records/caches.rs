//! What recursive servers say while authoritative servers say something else.

use crate::judge::catalog::FindingId;
use crate::judge::finding::Draft;
use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::case::Case;
use crate::judge::writing::{counted, data, plain, short};
use crate::probe::heard::Useless;
use crate::probe::query::QueryForm;
use crate::probe::result::Probe;
use crate::report::judgement::RecordState;
use crate::verify::judge::observations::Seen;
use crate::verify::look::Look;
use crate::verify::purpose::Purpose;
use crate::wire::{EdeCode, NameBuf, Rcode};

/// Questions that fail with validation, and as many that do not without, before validation is
/// blamed.
const LEAST_LOOKS: usize = 2;
/// Extended errors by which resolvers say that validation failed (RFC 8914 §4.7 to §4.13).
const VALIDATION: std::ops::RangeInclusive<u16> = 6..=12;

pub(super) fn judge(case: Case<'_, '_>) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = bogus(case).into_iter().collect();
    // What servers lack, caches lack as well.
    if case.status.state() == RecordState::Right {
        drafts.extend(negative(case));
        drafts.extend(stale(case));
    }
    drafts
}

/// What recursive servers said of the record, in the usual way.
fn looks<'e>(case: Case<'_, 'e>) -> Vec<Seen<'e>> {
    let number = case.status.number;
    let probes = case.observed.probes(Purpose::Cached(number)).iter();
    probes
        .filter(|probe| probe.query.form == QueryForm::Recursive)
        .filter_map(|probe| case.observed.seen(number, probe))
        .collect()
}

/// How much longer an answer is kept, by its own account, in seconds.
fn seconds_left(probe: &Probe) -> Option<u32> {
    let reading = probe.reading()?;
    let negative = reading.soa.as_ref().and_then(|soa| soa.negative_ttl());
    let positive = reading.chain.first().or(reading.answer.as_ref()).map(|set| set.ttl);
    positive.or(negative)
}

fn negative(case: Case<'_, '_>) -> Option<Draft> {
    let looks = looks(case);
    let denials: Vec<&Seen<'_>> =
        looks.iter().filter(|seen| matches!(seen.look, Look::Missing { .. })).collect();
    if denials.is_empty() {
        return None;
    }
    let left = denials.iter().filter_map(|seen| seconds_left(seen.probe)).max();
    let wait = left.map_or("until its time is over".to_owned(), |left| format!("{left} seconds"));
    let servers: Vec<SocketAddr> = denials.iter().map(|seen| seen.probe.query.server).collect();
    Some(
        Draft::warning(FindingId::NegativeCached, case.subject())
            .servers(servers)
            .summary("every name server has the record, and a resolver still denies it")
            .evidence("denials", denials.len())
            .evidence("answers", looks.iter().filter(|seen| seen.look.is_answer()).count())
            .evidence("ttl_left_s", left)
            .advice(format!(
                "change nothing: the resolver looked before the record was there, and keeps that {wait}"
            ))
            .retry_after(left),
    )
}

fn stale(case: Case<'_, '_>) -> Option<Draft> {
    let looks = looks(case);
    let old: Vec<(&Seen<'_>, String)> = looks
        .iter()
        .filter_map(|seen| match &seen.look {
            Look::Wrong(records) | Look::Several(records) => {
                Some((seen, records.first().map(|record| short(&data(record)))?))
            }
            _ => None,
        })
        .collect();
    let (_, value) = old.first()?;
    let left = old.iter().filter_map(|(seen, _)| seconds_left(seen.probe)).max();
    let wait = left.map_or("until its time is over".to_owned(), |left| format!("{left} seconds"));
    Some(
        Draft::warning(FindingId::StaleCached, case.subject())
            .servers(old.iter().map(|(seen, _)| seen.probe.query.server))
            .summary("every name server has the expected value, and a resolver still has another one")
            .evidence("old_answers", old.len())
            .evidence("answers", looks.iter().filter(|seen| seen.look.is_answer()).count())
            .evidence("old_value", value.clone())
            .evidence("ttl_left_s", left)
            .advice(format!(
                "change nothing: the resolver looked before the value was changed, and keeps the old \
                 one {wait}"
            ))
            .retry_after(left),
    )
}

/// A resolver has what no authoritative server has.
pub(super) fn split_horizon(case: Case<'_, '_>) -> Option<Draft> {
    let looks = looks(case);
    let right = || looks.iter().filter(|seen| seen.look == Look::Right);
    right().next()?;
    let resolvers: Vec<SocketAddr> = right().map(|seen| seen.probe.query.server).collect();
    Some(
        Draft::warning(FindingId::SplitHorizon, case.subject())
            .summary(format!(
                "a resolver answers with the record, and none of {} has it: the resolver has a view of \
                 its own, or a copy from before the record was removed",
                counted(case.status.servers.len(), "server address", "server addresses")
            ))
            .evidence("resolver_has_it", right().count())
            .evidence("answers_of_name_servers", case.status.answers())
            .servers(resolvers)
            .advice(format!("publish it where everyone sees it, at {}", case.provider()))
            .line(case.line()),
    )
}

/// A validating resolver fails, and answers where it need not validate.
fn bogus(case: Case<'_, '_>) -> Option<Draft> {
    let number = case.status.number;
    let mut by_server: BTreeMap<SocketAddr, (Vec<&Probe>, Vec<&Probe>)> = BTreeMap::new();
    for probe in case.observed.probes(Purpose::Cached(number)) {
        let (checked, unchecked) = by_server.entry(probe.query.server).or_default();
        match probe.query.form {
            QueryForm::Recursive => checked.push(probe),
            QueryForm::Unchecked => unchecked.push(probe),
            _ => {}
        }
    }
    let look = |probe: &Probe| {
        case.observed.evidence.plan.expectations.get(number).and_then(|it| Look::new(it, probe))
    };
    let failed =
        |probe: &&&Probe| look(probe) == Some(Look::Useless(Useless::Rcode(Rcode::SERVFAIL)));
    let mut codes: Vec<u16> = Vec::new();
    let (mut servers, mut failures) = (Vec::new(), 0);
    for (server, (checked, unchecked)) in &by_server {
        let fails: Vec<&&Probe> = checked.iter().filter(failed).collect();
        let answers =
            unchecked.iter().filter(|probe| look(probe).is_some_and(|look| look.is_answer()));
        let said: Vec<u16> = fails
            .iter()
            .filter_map(|probe| probe.reply.as_ref())
            .flat_map(|reply| reply.extended_errors())
            .map(|EdeCode(code)| code)
            .filter(|code| VALIDATION.contains(code))
            .collect();
        let always = fails.len() == checked.len() && answers.count() == unchecked.len();
        let often = fails.len() >= LEAST_LOOKS && unchecked.len() >= LEAST_LOOKS;
        // By its own account, or because there is a signature to check.
        if always && often && (!said.is_empty() || signed(case).is_some()) {
            servers.push(*server);
            failures += fails.len();
            codes.extend(said);
        }
    }
    if servers.is_empty() {
        return None;
    }
    codes.sort_unstable();
    codes.dedup();
    let zone = signed(case).unwrap_or_else(|| case.zone());
    let names: Vec<String> = codes.iter().map(|code| EdeCode(*code).to_string()).collect();
    Some(
        Draft::error(FindingId::DnssecBogus, case.subject())
            .summary(format!(
                "{} the answers of {} (DNSSEC), and would have them unchecked",
                match servers.len() {
                    1 => "a resolver that validates rejects".to_owned(),
                    count => format!("{count} resolvers that validate reject"),
                },
                plain(&zone)
            ))
            .evidence("failures", failures)
            .evidence("ede_codes", codes)
            .evidence("ede", names)
            .servers(servers)
            .advice(format!(
                "at the registrar of {}, remove the DS record or replace it by that of the key in use; \
                 or have {} sign the zone again",
                plain(&zone),
                case.provider()
            )),
    )
}

/// The zone on the way to the record or to its target that has a DS record, the deepest first.
fn signed(case: Case<'_, '_>) -> Option<NameBuf> {
    let walk = &case.observed.evidence.log.walk;
    let target = case.observed.target(case.status.number);
    let names = [Some(case.status.expectation.owner), target];
    let zones = names
        .into_iter()
        .flatten()
        .filter_map(|name| walk.path(&name))
        .flat_map(|path| path.zones.iter().rev().take_while(|zone| zone.labels().count() > 1));
    zones.copied().find(|zone| {
        walk.delegation(zone).is_some_and(|delegation| {
            delegation.parent_servers.iter().any(|parent| parent.ds().is_some())
        })
    })
}
