//! Whether records are there: everywhere, nowhere, on some servers, now and then.

use crate::judge::actor::Actor;
use crate::judge::brief::{IT, RECORD};
use crate::judge::catalog::FindingId;
use crate::judge::finding::Draft;
use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::{Value, json};

use super::case::Case;
use super::{cname, elsewhere};
use crate::judge::provider::Hosting;
use crate::judge::summary::serials;
use crate::judge::writing::{counted, plain, printable};
use crate::report::judgement::RecordState;
use crate::stats::Proportion;
use crate::verify::check::Check;
use crate::verify::judge::observations::{AtServer, Seen};

/// An order of answers that chance gives less often than this is no chance.
const NO_CHANCE: f64 = 0.01;

pub(super) fn judge(case: Case<'_, '_>) -> Vec<Draft> {
    let status = case.status;
    match status.state() {
        RecordState::Unknown => Vec::new(),
        RecordState::Right => vec![present(case)],
        RecordState::Missing | RecordState::Wrong => elsewhere::judge(case),
        RecordState::Mixed => {
            let mut drafts = Vec::new();
            let mixed = status.servers.iter().filter(|at| at.state() == RecordState::Mixed);
            let (by_type, unstable): (Vec<_>, Vec<_>) = mixed.partition(|at| at.depends_on_type());
            if !by_type.is_empty() {
                drafts.push(cname::depends_on_type(case, &by_type));
            }
            if !unstable.is_empty() {
                drafts.push(self::unstable(case, &unstable));
            }
            let lacking = |state| matches!(state, RecordState::Missing | RecordState::Wrong);
            let lacking: Vec<&AtServer<'_>> =
                status.servers.iter().filter(|at| lacking(at.state())).collect();
            if !lacking.is_empty() {
                drafts.push(missing_on_some(case, &lacking));
            }
            drafts
        }
    }
}

fn present(case: Case<'_, '_>) -> Draft {
    let status = case.status;
    let (reported, all) = (case.reported(), status.servers.len());
    let summary = if reported.len() == all {
        format!("all {} have it as expected", counted(all, "server address", "server addresses"))
    } else {
        format!(
            "{} of {all} server addresses have it as expected; the others did not respond",
            reported.len()
        )
    };
    Draft::info(FindingId::RecordPresent, case.subject())
        .servers(reported)
        .summary(summary)
        .evidence("right", status.right())
        .evidence("answers", status.answers())
        .advice("change nothing about this record")
}

fn addresses(all: &[&AtServer<'_>]) -> Vec<SocketAddr> {
    all.iter().map(|at| at.server).collect()
}

fn missing_on_some(case: Case<'_, '_>, lacking: &[&AtServer<'_>]) -> Draft {
    let (status, zone) = (case.status, case.zone());
    let servers = addresses(lacking);
    let reported = case.reported().len();
    let several = |at: &AtServer<'_>| at.count(|check| matches!(check, Check::Several(_))) > 0;
    let missing = lacking.iter().all(|at| at.state() == RecordState::Missing);
    let ((one, many), others) = match (missing, lacking.iter().all(|at| several(at))) {
        (true, _) => (("does not have", "do not have"), ", which the other servers have"),
        (false, true) => {
            (("has others beside", "have others beside"), ", which the other servers have alone")
        }
        (false, false) => {
            (("has another value of", "have another value of"), " than other servers")
        }
    };
    let shown = |servers: &[SocketAddr]| {
        let mut all: Vec<u32> = servers
            .iter()
            .flat_map(|server| serials(&case.observed.evidence.log, &zone, *server))
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let there = status.at(|state| state == RecordState::Right);
    let (here, elsewhere) = (shown(&servers), shown(&there));
    let names = case.at_fault(&servers);
    let (provider, copy) = (case.provider(), plain(&zone));
    let behind = match (&here[..], &elsewhere[..]) {
        ([here], [elsewhere]) if here != elsewhere => {
            format!("; the serial number of the zone there is {here}, elsewhere {elsewhere}")
        }
        ([here], [_]) => format!("; the serial number of the zone is {here} everywhere"),
        _ => String::new(),
    };
    let answers: u64 = lacking.iter().map(|at| at.answers()).sum();
    let mut draft = Draft::error(FindingId::RecordMissingOnSome, case.subject())
        .servers(servers.iter().copied())
        .summary(format!(
            "{} of {reported} server addresses {} the record{behind}",
            servers.len(),
            if servers.len() == 1 { one } else { many }
        ))
        .fault(format!("{names} {} {RECORD}{others}", names.verb(one, many)))
        .action(format!("ask {provider} to bring {} up to date", names.verb("it", "them")))
        .evidence("addresses_asked", reported)
        .evidence("addresses_lacking", servers.len())
        .evidence("answers_there", answers)
        .evidence("right_there", 0)
        .advice(format!(
            "ask {} why {names} {} not have the same copy of {copy} as the other servers, and send \
             this report along; you need not enter {RECORD} again",
            case.provider(),
            names.verb("does", "do"),
        ));
    let hosting = case.hosting();
    if hosting.is_shared() {
        draft = draft.who(Actor::DomainOwner);
        let log = &case.observed.evidence.log;
        let without = Hosting::of_servers(log, &zone, &servers);
        let with = Hosting::of_servers(log, &zone, &there);
        let is_there = with.providers().iter().any(|it| without.providers().contains(it));
        if let Some(provider) = without.only().filter(|_| !is_there) {
            let name = provider.name;
            draft = draft
                .at_provider(Some(provider))
                .fault(format!("the servers of {name} {} {RECORD}{others}", many))
                .action(format!("add {IT} at {name}, too"))
                .advice(format!(
                    "{copy} has several DNS providers ({}), and each has a copy of its own: add {IT} at \
                     {name}, too",
                    hosting.names()
                ))
                .entry(case.entry_at(provider));
        }
    }
    for (name, serials) in [("serials_lacking", here), ("serials_elsewhere", elsewhere)] {
        if !serials.is_empty() {
            draft = draft.evidence(name, serials);
        }
    }
    draft
}

fn unstable(case: Case<'_, '_>, unstable: &[&AtServer<'_>]) -> Draft {
    let (zone, reported) = (case.zone(), case.reported().len());
    let servers = addresses(unstable);
    let answers: u64 = unstable.iter().map(|at| at.answers()).sum();
    let wrong = answers - unstable.iter().map(|at| at.right()).sum::<u64>();
    let names = case.at_fault(&servers);
    let changed = unstable.iter().all(|at| changed_once(at));
    let groups: Vec<Value> = unstable.iter().flat_map(|at| by_instance(at)).collect();
    let draft = if changed {
        Draft::warning(FindingId::RecordUnstable, case.subject())
            .summary(format!(
                "{} of {reported} server addresses got the record while it was being checked",
                servers.len()
            ))
            .who(Actor::Nobody)
            .fault(format!("{names} got {RECORD} only while this check ran"))
            .action("wait five minutes, then check again")
            .advice("the zone was being changed: wait a few minutes, then check again")
            .retry_after(Some(300))
    } else {
        Draft::error(FindingId::RecordUnstable, case.subject())
            .summary(format!(
                "the responses of {} of {reported} server addresses are inconsistent",
                servers.len()
            ))
            .fault(format!(
                "{names} sometimes {} {RECORD} right and sometimes not",
                names.verb("has", "have")
            ))
            .action(format!(
                "ask {} to bring all machines behind {names} up to date",
                case.provider()
            ))
            .advice(format!(
                "ask {} why the machines behind {names} have different copies of {}, and send this \
                 report along",
                case.provider(),
                plain(&zone),
            ))
    };
    draft
        .servers(servers)
        .evidence("answers_there", answers)
        .evidence("not_right", wrong)
        .evidence("rate", Proportion::new(wrong, answers).text("not right").to_string())
        .evidence("instances", groups)
}

/// How the answers of each instance behind an address are, by what it calls itself.
fn by_instance(at: &AtServer<'_>) -> Vec<Value> {
    let mut groups: BTreeMap<Option<String>, (u64, u64, Vec<u32>)> = BTreeMap::new();
    for Seen { probe, check } in at.checks.iter().filter(|seen| seen.check.is_answer()) {
        let nsid = probe.reply.as_ref().and_then(|reply| reply.nsid()).map(printable);
        let (right, answers, serials) = groups.entry(nsid).or_default();
        *right += u64::from(*check == Check::Right);
        *answers += 1;
        // Denials show the serial of the copy that they are from.
        let soa = probe.reading().and_then(|reading| reading.soa.as_ref());
        if let Some(serial) = soa.and_then(crate::walk::Rrset::serial)
            && !serials.contains(&serial)
        {
            serials.push(serial);
        }
    }
    groups
        .into_iter()
        .map(|(nsid, (right, answers, serials))| {
            json!({
                "address": at.server.to_string(), "nsid": nsid, "right": right,
                "answers": answers, "serials_of_denials": serials,
            })
        })
        .collect()
}

/// Whether all wrong answers came before all right ones, in an order that chance hardly gives.
fn changed_once(at: &AtServer<'_>) -> bool {
    let answers: Vec<bool> = at
        .checks
        .iter()
        .filter(|seen| seen.check.is_answer())
        .map(|seen| seen.check == Check::Right)
        .collect();
    let wrong = answers.iter().filter(|right| !**right).count();
    let in_order = answers[..wrong].iter().all(|right| !right);
    // One order of so many: 1 / C(n, k).
    let orders =
        (0..wrong).fold(1.0, |orders, i| orders * (answers.len() - i) as f64 / (i + 1) as f64);
    in_order && 1.0 / orders <= NO_CHANCE
}
