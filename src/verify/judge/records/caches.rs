//! What recursive servers say while authoritative servers say something else.

use crate::judge::brief::{IT, RECORD, agree};
use crate::judge::catalog::FindingId;
use crate::judge::finding::Draft;
use crate::judge::resolver::validation;
use std::net::SocketAddr;

use super::case::Case;
use crate::judge::writing::{counted, data, list, short, span};
use crate::probe::query::QueryForm;
use crate::probe::result::Probe;
use crate::report::judgement::RecordState;
use crate::verify::check::Check;
use crate::verify::judge::observations::Seen;
use crate::verify::purpose::VerifyPurpose;
use crate::wire::NameBuf;

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
fn checks<'e>(case: Case<'_, 'e>) -> Vec<Seen<'e>> {
    let number = case.status.number;
    let probes = case.observed.probes(VerifyPurpose::Cached(number)).iter();
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
    let checks = checks(case);
    let denials: Vec<&Seen<'_>> =
        checks.iter().filter(|seen| matches!(seen.check, Check::Missing { .. })).collect();
    if denials.is_empty() {
        return None;
    }
    let left = denials.iter().filter_map(|seen| seconds_left(seen.probe)).max();
    let servers: Vec<SocketAddr> = denials.iter().map(|seen| seen.probe.query.server).collect();
    let (names, wait) = (resolvers(&servers), wait(left));
    Some(
        Draft::warning(FindingId::NegativeCached, case.subject())
            .servers(servers)
            .summary("every name server has the record, and a resolver still denies it")
            .fault(format!("{names} still remembers that {RECORD} did not exist"))
            .action(format!("change nothing, and check again {wait}"))
            .evidence("denials", denials.len())
            .evidence("answers", checks.iter().filter(|seen| seen.check.is_answer()).count())
            .evidence("ttl_left_s", left)
            .advice(format!(
                "change nothing, and check again {wait}: the resolver asked before the record was there"
            ))
            .retry_after(left),
    )
}

fn stale(case: Case<'_, '_>) -> Option<Draft> {
    let checks = checks(case);
    let old: Vec<(&Seen<'_>, String)> = checks
        .iter()
        .filter_map(|seen| match &seen.check {
            Check::Wrong(records) | Check::Several(records) => {
                Some((seen, records.first().map(|record| short(&data(record)))?))
            }
            _ => None,
        })
        .collect();
    let (_, value) = old.first()?;
    let left = old.iter().filter_map(|(seen, _)| seconds_left(seen.probe)).max();
    let servers: Vec<SocketAddr> = old.iter().map(|(seen, _)| seen.probe.query.server).collect();
    let (names, wait) = (resolvers(&servers), wait(left));
    Some(
        Draft::warning(FindingId::StaleCached, case.subject())
            .servers(servers)
            .summary("every name server has the expected value, and a resolver still has another one")
            .fault(format!("{names} still remembers the old {} of {RECORD}", agree("value", "values")))
            .action(format!("change nothing, and check again {wait}"))
            .evidence("old_answers", old.len())
            .evidence("answers", checks.iter().filter(|seen| seen.check.is_answer()).count())
            .evidence("old_value", value.clone())
            .evidence("ttl_left_s", left)
            .advice(format!(
                "change nothing, and check again {wait}: the resolver asked before the value was changed"
            ))
            .retry_after(left),
    )
}

/// Resolvers as the subject of a sentence; each has a memory of its own.
fn resolvers(servers: &[SocketAddr]) -> String {
    let mut ips: Vec<String> = servers.iter().map(|server| server.ip().to_string()).collect();
    ips.sort_unstable();
    ips.dedup();
    match &ips[..] {
        [ip] => format!("the resolver {ip}"),
        ips => format!("each of the resolvers {}", list(ips)),
    }
}

/// How long what is remembered is kept.
fn wait(left: Option<u32>) -> String {
    match left {
        Some(left) => format!("in {}", span(left.into())),
        None => "later".to_owned(),
    }
}

/// A resolver has what no authoritative server has.
pub(super) fn split_horizon(case: Case<'_, '_>) -> Option<Draft> {
    let checks = checks(case);
    let right = || checks.iter().filter(|seen| seen.check == Check::Right);
    right().next()?;
    let resolvers: Vec<SocketAddr> = right().map(|seen| seen.probe.query.server).collect();
    Some(
        Draft::warning(FindingId::SplitHorizon, case.subject())
            .summary(format!(
                "a resolver answers with the record, and none of {} has it: the resolver has a view of \
                 its own, or a copy from before the record was removed",
                counted(case.status.servers.len(), "server address", "server addresses")
            ))
            .fault(format!("only {} has {RECORD}; no name server of the domain does", self::resolvers(&resolvers)))
            .action(format!("publish {IT} at {}", case.provider()))
            .evidence("resolver_has_it", right().count())
            .evidence("answers_of_name_servers", case.status.answers())
            .servers(resolvers)
            .advice(format!("publish {IT} where everyone sees it, at {}", case.provider()))
            .entry(case.entry()),
    )
}

/// A validating resolver fails, and answers where it need not validate.
fn bogus(case: Case<'_, '_>) -> Option<Draft> {
    let expectation = case.status.expectation;
    let takes =
        |probe: &Probe| Check::new(expectation, probe).is_some_and(|check| check.is_answer());
    let target = case.observed.target(case.status.number);
    let names: Vec<NameBuf> = std::iter::once(expectation.owner).chain(target).collect();
    let probes = case.observed.probes(VerifyPurpose::Cached(case.status.number));
    let log = &case.observed.evidence.log;
    let rejected = validation::rejected(log, &names, probes, takes)?;
    Some(validation::bogus(&case.observed.evidence.log.walk, case.subject(), case.zone(), rejected))
}
