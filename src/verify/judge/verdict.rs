//! The outcome in one word and in one sentence, and how likely a verifier is to succeed.

use crate::judge::entry::Effect;
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use super::observations::{RecordObservations, RecordStatus};
use crate::judge::catalog::FindingId;
use crate::judge::finding::Finding;
use crate::judge::severity::Severity;
use crate::judge::writing::plain;
use crate::probe::query::{QueryForm, Role};
use crate::probe::result::Probe;
use crate::report::judgement::RecordState;
use crate::stats::{CONFIDENCE, Chance, Proportion, ServerTally, all_succeed, verifier_success};
use crate::verify::check::Check;
use crate::verify::purpose::VerifyPurpose;
use crate::verify::report::Verdict;
use crate::walk::{PathEnd, ResponseOutcome};
use crate::wire::{NameBuf, RecordType};

/// An address that never answered so many queries does not answer.
const DEAD_AFTER: u64 = 5;
/// A share of looks without an answer that is a matter for the verdict, if the count leaves hardly a
/// doubt of it. What is less is for the tests of single findings.
const WORTH_TELLING: f64 = 0.05;
const HARDLY_A_DOUBT: f64 = 0.999;

/// The verdict, and the sentence that says it.
pub(super) fn verdict(
    observed: &RecordObservations<'_>,
    findings: &[Finding],
) -> (Verdict, String) {
    reported(observed, findings)
        .unwrap_or_else(|| (Verdict::Inconclusive, no_verdict(observed, findings)))
}

/// The verdict, if it can be told.
fn reported(observed: &RecordObservations<'_>, findings: &[Finding]) -> Option<(Verdict, String)> {
    let statuses = &observed.statuses;
    if statuses.is_empty() {
        return None;
    }
    let has = |effect: Effect| findings.iter().any(|finding| is_of(finding, effect));
    let not_right: Vec<&RecordStatus<'_>> = statuses
        .iter()
        .filter(|status| !matches!(status.state(), RecordState::Right | RecordState::Unknown))
        .collect();
    if !not_right.is_empty() || has(Effect::NotRight) {
        return Some((Verdict::Pending, pending(statuses.len(), not_right.len(), findings)));
    }
    let unseen = statuses.iter().any(|status| status.answers() == 0);
    let cut_short =
        observed.evidence.log.cut_short.is_some() || observed.evidence.log.walk.cut_short;
    let not_asked = || {
        statuses.iter().any(|status| {
            let servers = status.zone.map(|zone| observed.evidence.log.servers_of(&zone));
            servers.is_none_or(|servers| servers.len() > status.servers.len())
                || status.servers.iter().any(|at| at.checks.is_empty())
        })
    };
    if unseen || (cut_short && not_asked()) {
        return None;
    }
    let all = addresses(statuses).len();
    let silent = without_answers(statuses);
    if has(Effect::Availability) || !silent.is_empty() {
        return Some((Verdict::Flaky, flaky(statuses.len(), &silent, all, findings)));
    }
    Some((Verdict::Verified, verified(statuses.len(), all, findings)))
}

fn pending(records: usize, not_right: usize, findings: &[Finding]) -> String {
    main_cause(findings, |_| true).map_or_else(|| how_many(records, not_right), headline)
}

/// How many records are not correct.
fn how_many(records: usize, not_right: usize) -> String {
    match (not_right, records) {
        (0, _) => "not everyone sees every record as it should be".to_owned(),
        (1, 1) => "the record is not correct on all servers".to_owned(),
        (count, all) if count == all => {
            format!("none of the {all} records is correct on all servers")
        }
        (1, all) => format!("1 of the {all} records is not correct on all servers"),
        (count, all) => format!("{count} of the {all} records are not correct on all servers"),
    }
}

fn flaky(records: usize, silent: &[SocketAddr], all: usize, findings: &[Finding]) -> String {
    let correct = if records == 1 { "the record is correct" } else { "the records are correct" };
    let cause = main_cause(findings, |finding| is_of(finding, Effect::Availability));
    match cause.or_else(|| main_cause(findings, |_| true)) {
        Some(cause) => format!("{correct}, but {}", headline(cause)),
        None => format!(
            "{correct}, but {} of {all} server addresses often or always do not respond: send this \
             report to whoever runs them",
            silent.len()
        ),
    }
}

fn verified(records: usize, addresses: usize, findings: &[Finding]) -> String {
    let records = match records {
        1 => "the record is".to_owned(),
        count => format!("all {count} records are"),
    };
    let at = match addresses {
        1 => "the only server address".to_owned(),
        count => format!("all {count} server addresses"),
    };
    match main_cause(findings, |_| true) {
        Some(cause) => format!("{records} correct at {at}, but {}", headline(cause)),
        None => format!(
            "{records} correct at {at}: change nothing in the DNS; if the service still says \
             \"pending\", have it check again"
        ),
    }
}

/// What is wrong, and what to do.
fn headline(cause: &Finding) -> String {
    let (fault, action) = (cause.fault(), cause.action());
    let mark = if fault.contains(": ") { ';' } else { ':' };
    format!("{fault}{mark} {action}")
}

/// Whether a finding has this effect on the verdict.
fn is_of(finding: &Finding, effect: Effect) -> bool {
    finding.severity > Severity::Notice && finding.id.entry().effect == effect
}

/// The most likely cause among those that matter here.
fn main_cause(findings: &[Finding], matters: impl Fn(&Finding) -> bool) -> Option<&Finding> {
    findings.iter().find(|finding| finding.severity > Severity::Notice && matters(finding))
}

fn addresses(statuses: &[RecordStatus<'_>]) -> Vec<SocketAddr> {
    let mut all: Vec<SocketAddr> =
        statuses.iter().flat_map(|status| &status.servers).map(|at| at.server).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Addresses whose looks over UDP leave no doubt that answers do not always come.
fn without_answers(statuses: &[RecordStatus<'_>]) -> Vec<SocketAddr> {
    let mut counts: HashMap<SocketAddr, (u64, u64)> = HashMap::new();
    for at in statuses.iter().flat_map(|status| &status.servers) {
        let (none, asked) = counts.entry(at.server).or_default();
        for seen in at.checks.iter().filter(|seen| seen.probe.is_udp()) {
            *asked += 1;
            *none += u64::from(!seen.check.is_answer());
        }
    }
    let mut silent: Vec<SocketAddr> = counts
        .into_iter()
        .filter(|(_, (none, asked))| {
            let low = Proportion::new(*none, *asked).interval(HARDLY_A_DOUBT).low;
            (none == asked && *asked >= DEAD_AFTER) || low > WORTH_TELLING
        })
        .map(|(server, _)| server)
        .collect();
    silent.sort_unstable();
    silent
}

/// Why there is no verdict, in one sentence.
fn no_verdict(observed: &RecordObservations<'_>, findings: &[Finding]) -> String {
    let evidence = observed.evidence;
    let domain = evidence.plan.domain;
    let registry = crate::judge::server::registry::undelegated(&evidence.log.walk, &domain);
    if let Some(registry) = registry {
        let known = findings.iter().find(|it| it.id == FindingId::DomainNotDelegated);
        return known.map_or_else(
            || format!("there is no domain {} in {}", plain(&domain), plain(&registry)),
            headline,
        );
    }
    if evidence.plan.expectations.is_empty() {
        return "no record was asked for".to_owned();
    }
    let root = evidence.log.walk.delegation(&NameBuf::root());
    let root_answers = root.into_iter().flat_map(|root| &root.child_servers);
    let heard = |said: &ResponseOutcome| matches!(said, ResponseOutcome::Reply(_));
    if !root_answers.into_iter().any(|child| heard(&child.ns.outcome) || heard(&child.soa.outcome))
    {
        if let Some(why) = &evidence.log.cut_short {
            return format!("the check was ended before anything was known ({why}): run it again");
        }
        return "no root server answered: this machine cannot reach the DNS; look at its network and \
                at firewalls that block port 53, then run this again"
            .to_owned();
    }
    if let Some(why) = &evidence.log.cut_short {
        return format!(
            "the check was ended before every record was seen at every address ({why}): run it again"
        );
    }
    let unseen = observed.statuses.iter().find(|status| status.answers() == 0);
    let owner = unseen.map_or(domain, |status| status.expectation.owner);
    match evidence.log.walk.path(&owner).map(|path| path.end) {
        Some(PathEnd::Failed(why)) => {
            format!(
                "the name servers of {} could not be reached ({why}): run this again later, and tell \
                 whoever runs them if it stays so",
                plain(&owner)
            )
        }
        _ => {
            let asked = unseen.map_or(0, |status| status.servers.len());
            let zone = unseen.and_then(|status| status.zone).unwrap_or(domain);
            let types = unseen.map_or(RecordType::A, |status| status.expectation.rtype);
            format!(
                "none of the {asked} server addresses of {} answered for {} {types}: tell whoever runs \
                 them, and run this again from another network",
                plain(&zone),
                plain(&owner)
            )
        }
    }
}

/// How likely a verifier that asks now, once, over UDP with one retry, sees every record right.
///
/// Each address is equally likely to be turned to: resolvers spread their queries over the
/// addresses that answer. A look over UDP is one look, and one that was cut off and went on over
/// TCP is one, too, whose outcome is that of TCP. Where only plain DNS is answered, that is how
/// resolvers ask.
///
/// Records are looked up one by one, and each look-up draws its server anew, so all must succeed on
/// their own: see [`all_succeed`].
pub(super) fn chance(observed: &RecordObservations<'_>) -> Option<Chance> {
    let chances: Option<Vec<Chance>> =
        observed.statuses.iter().map(|status| chance_of(observed, status)).collect();
    all_succeed(&chances?)
}

fn chance_of(observed: &RecordObservations<'_>, status: &RecordStatus<'_>) -> Option<Chance> {
    let probes: Vec<&Probe> = observed
        .evidence
        .log
        .probes_for(VerifyPurpose::Record(status.number).into())
        .filter(|probe| probe.query.role == Role::Authoritative)
        .collect();
    let mut used = vec![false; probes.len()];
    // In order, so that sums of the same evidence are the same to the last digit.
    let mut tallies: BTreeMap<SocketAddr, ServerTally> = BTreeMap::new();
    let is_plain = |probe: &Probe| probe.query.form == QueryForm::Plain;
    let plain: Vec<SocketAddr> =
        probes.iter().filter(|probe| is_plain(probe)).map(|probe| probe.query.server).collect();
    let is_look = |probe: &&&Probe| {
        let of_plain_server = plain.contains(&probe.query.server);
        probe.is_udp() && probe.counts() && is_plain(probe) == of_plain_server
    };
    for probe in probes.iter().filter(is_look) {
        let tally = tallies.entry(probe.query.server).or_insert(ServerTally {
            weight: 1.0,
            right: 0,
            wrong: 0,
            unanswered: 0,
        });
        let deciding = if probe.is_truncated_over_udp() {
            let is_next = |next: &Probe| {
                let (a, b) = (&next.query, &probe.query);
                (a.server, a.name, a.rtype, a.form) == (b.server, b.name, b.rtype, QueryForm::Tcp)
                    && next.sent() >= Some(probe.finished)
            };
            let next = (0..probes.len()).find(|&place| !used[place] && is_next(probes[place]));
            next.map(|place| {
                used[place] = true;
                probes[place]
            })
        } else {
            Some(*probe)
        };
        match deciding.and_then(|probe| observed.seen(status.number, probe)).map(|seen| seen.check)
        {
            Some(Check::Right) => tally.right += 1,
            Some(check) if check.is_answer() => tally.wrong += 1,
            Some(_) => tally.unanswered += 1,
            // Cut off, and nothing came of it over TCP.
            None if probe.is_truncated_over_udp() => tally.unanswered += 1,
            None => {}
        }
    }
    let tallies: Vec<ServerTally> = tallies
        .into_values()
        .filter(|tally| tally.right + tally.wrong + tally.unanswered > 0)
        .collect();
    verifier_success(&tallies, CONFIDENCE)
}
