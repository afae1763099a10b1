//! Aliases: whether the owner is one for every type, and what there is at its end.

use crate::judge::actor::Actor;
use crate::judge::brief::{IT, RECORD, agree};
use crate::judge::catalog::FindingId;
use crate::judge::finding::Draft;
use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::json;

use super::case::{Case, own_addresses, own_texts, subject, type_names};
use crate::judge::writing::{counted, list, plain, server_names};
use crate::verify::judge::observations::{
    AtServer, AtTarget, RecordObservations, at_target, texts,
};

use crate::judge::severity::Severity;
use crate::probe::heard::Unusable;
use crate::report::judgement::RecordState;
use crate::stats::Proportion;
use crate::verify::check::Check;
use crate::verify::expect::{ExpectationKind, SES_ZONE};
use crate::walk::{self, PathEnd, Unresolved};
use crate::wire::{NameBuf, RecordBuf, RecordType};

/// Looks at each type before it is said that one works and the other never does.
const LEAST_LOOKS: u64 = 3;
/// Queries to an address, none of them answered, before it counts as dead.
const DEAD_AFTER: u64 = 5;
/// A share of useless answers that is worth telling, if the count leaves hardly a doubt of it.
const WORTH_TELLING: f64 = 0.05;
const HARDLY_A_DOUBT: f64 = 0.999;

/// What is to be said of the alias of one record, besides whether it is there.
pub(super) fn judge(case: Case<'_, '_>) -> Vec<Draft> {
    let through = type_through_alias(case);
    through.into_iter().chain(chain_fault(case).or_else(|| broken(case))).collect()
}

/// An alias is expected, and the provider answers in its place.
pub(super) fn flattened(case: Case<'_, '_>) -> Option<Draft> {
    let expectation = case.status.expectation;
    if expectation.rtype != RecordType::CNAME {
        return None;
    }
    let target = expectation.target()?;
    let behind: Vec<Vec<u8>> = case
        .observed
        .at_target(case.status.number, target)
        .filter_map(|at| match at {
            AtTarget::Texts(set) => {
                let records: Vec<RecordBuf> = set.records().collect();
                texts(&records).next()
            }
            _ => None,
        })
        .collect();
    let by_text = own_texts(case).filter(|(_, text)| behind.contains(text));
    let mut servers: Vec<SocketAddr> = by_text.map(|(probe, _)| probe.query.server).collect();
    let text = !servers.is_empty();
    let addresses: Vec<_> = own_addresses(case).collect();
    servers.extend(addresses.iter().map(|(probe, _)| probe.query.server));
    if servers.is_empty() {
        return None;
    }
    let types = type_names(addresses.iter().map(|(_, set)| *set));
    let what = if text {
        "the text of the alias's target".to_owned()
    } else {
        format!("records of type {}", list(&types))
    };
    Some(
        Draft::error(FindingId::AliasFlattened, case.subject())
            .servers(servers)
            .summary(format!("instead of the alias (CNAME), the servers answer with {what}"))
            .fault(format!("{} answers in place of {RECORD}, as a proxy would", case.provider()))
            .action(format!("switch off the proxy (CNAME flattening) for {IT} there"))
            .evidence("types_served", types)
            .evidence("target_text_served", text)
            .advice(format!(
                "at {}, switch off the proxy or the CNAME flattening for {IT}, so that a plain CNAME \
                 record is served",
                case.provider()
            ))
            .entry(case.entry()),
    )
}

/// Addresses at which the name is the alias for one type and not for another.
pub(super) fn depends_on_type(case: Case<'_, '_>, servers: &[&AtServer<'_>]) -> Draft {
    let mut by_type: BTreeMap<RecordType, [u64; 2]> = BTreeMap::new();
    for seen in servers.iter().flat_map(|at| &at.checks).filter(|seen| seen.check.is_answer()) {
        let [answers, right] = by_type.entry(seen.probe.query.rtype).or_default();
        *answers += 1;
        *right += u64::from(seen.check == Check::Right);
    }
    let types: Vec<_> = by_type
        .iter()
        .map(|(rtype, [answers, right])| {
            json!({"type": rtype.to_string(), "answers": answers, "right": right})
        })
        .collect();
    let (zone, reported) = (case.zone(), case.reported().len());
    let addresses: Vec<SocketAddr> = servers.iter().map(|at| at.server).collect();
    let names = server_names(&case.observed.evidence.log, &zone, &addresses);
    Draft::error(FindingId::AliasNotAlone, case.subject())
        .summary(format!(
            "at {} of {reported} server addresses the answer depends on the type that is asked for",
            servers.len()
        ))
        .fault(format!("other records stand beside {RECORD}"))
        .action(format!("delete the other records of the same host at {}", case.provider()))
        .evidence("by_type", types)
        .servers(addresses)
        .advice(format!(
            "at {}, delete the other records of the same host (seen at {names}): a CNAME record must \
             be the only one of its name",
            case.provider()
        ))
        .entry(case.entry())
}

/// Addresses that answer for the alias, and fail where they are asked for a text by way of it.
fn type_through_alias(case: Case<'_, '_>) -> Option<Draft> {
    let expectation = case.status.expectation;
    if expectation.rtype != RecordType::CNAME {
        return None;
    }
    let (mut servers, mut answers) = (Vec::new(), Vec::new());
    let mut failures = 0;
    for at in &case.status.servers {
        let of = |rtype: RecordType| {
            at.checks.iter().filter(move |seen| seen.probe.query.rtype == rtype)
        };
        let (cname, through) = (of(RecordType::CNAME), of(RecordType::TXT));
        let rcode = |check: &Check| match check {
            Check::Unusable(useless @ Unusable::Rcode(_)) => Some(*useless),
            _ => None,
        };
        let fine = cname.clone().all(|seen| seen.check == Check::Right);
        let fails = through.clone().all(|seen| rcode(&seen.check).is_some());
        let (cname, through) = (cname.count() as u64, of(RecordType::TXT).count() as u64);
        if fine && fails && cname >= LEAST_LOOKS && through >= LEAST_LOOKS {
            servers.push(at.server);
            failures += through;
            for useless in of(RecordType::TXT).filter_map(|seen| rcode(&seen.check)) {
                let words = useless.to_string();
                if !answers.contains(&words) {
                    answers.push(words);
                }
            }
        }
    }
    if servers.is_empty() {
        return None;
    }
    let (all, names) = (case.status.servers.len(), case.at_fault(&servers));
    Some(
        Draft::error(FindingId::TypeThroughAliasFails, case.subject())
            .summary(format!(
                "{} of {all} server addresses have the alias (CNAME), and fail when they are asked \
                 for the text (TXT) through it",
                servers.len()
            ))
            .fault(format!(
                "{names} {} when asked for the TXT record behind {RECORD}",
                names.verb("fails", "fail")
            ))
            .action(format!("ask {} to repair that", case.provider()))
            .evidence("failures", failures)
            .evidence("answers", answers)
            .servers(servers)
            .advice(format!(
                "ask {} why its servers have the CNAME record and fail for TXT at the same name, and \
                 send this report along",
                case.provider()
            )),
    )
}

/// An alias that comes back to where it was, or goes on for too long.
fn chain_fault(case: Case<'_, '_>) -> Option<Draft> {
    let walk = &case.observed.evidence.log.walk;
    // Each with the place of the one that leads to it.
    let mut names: Vec<(NameBuf, Option<usize>)> = vec![(case.status.expectation.owner, None)];
    let mut fault = None;
    let mut at = 0;
    while let Some((name, _)) = names.get(at).copied() {
        let Some(path) = walk.path(&name) else {
            at += 1;
            continue;
        };
        fault = fault.or(path.cname_fault);
        for target in &path.targets {
            let mut before = Some(at);
            while let Some((earlier, from)) = before.and_then(|place| names.get(place)) {
                if earlier == target {
                    fault = fault.or(Some(Unresolved::CnameLoop(*target)));
                }
                before = *from;
            }
            if names.iter().all(|(known, _)| known != target) {
                names.push((*target, Some(at)));
            }
        }
        at += 1;
    }
    let (summary, place) = match fault? {
        Unresolved::CnameLoop(name) => ("the aliases (CNAME) go round in a circle", name),
        Unresolved::CnameChainTooLong(name) => {
            ("the chain of aliases (CNAME) is longer than resolvers follow", name)
        }
        _ => return None,
    };
    let chain: Vec<String> = names.iter().map(|(name, _)| name.to_string()).collect();
    Some(
        Draft::error(FindingId::AliasBroken, case.subject())
            .who(case.who_has(&place))
            .servers(case.reported())
            .summary(summary)
            .evidence("breaks_at", place.to_string())
            .evidence("aliases", chain.len())
            .evidence("chain", chain)
            .advice(format!(
                "let {IT} lead straight to the last name; the chain breaks at {}",
                plain(&place)
            )),
    )
}

/// The alias is there, and what it leads to is not.
fn broken(case: Case<'_, '_>) -> Option<Draft> {
    let expectation = case.status.expectation;
    if case.status.right() == 0 || expectation.rtype != RecordType::CNAME {
        return None;
    }
    let target = case.observed.target(case.status.number)?;
    match expectation.kind {
        ExpectationKind::DkimCname { .. } => broken_key(case, target),
        // Those who look for such an alias look no further.
        ExpectationKind::AcmValidation => None,
        _ => {
            let path = case.observed.evidence.log.walk.path(&target)?;
            let useful = path.answers.iter().filter_map(|answer| answer.reading());
            let mut useful = useful.filter(|reading| reading.is_useful()).peekable();
            useful.peek()?;
            useful.all(|reading| reading.kind == walk::ResponseKind::NxDomain).then(|| {
                leads_nowhere(Draft::notice(FindingId::AliasBroken, case.subject()), &target)
                    .who(Actor::Nobody)
                    .advice("check the target if anything beyond the CNAME record itself is needed")
            })
        }
    }
}

pub(super) fn leads_nowhere(draft: Draft, target: &NameBuf) -> Draft {
    draft
        .summary("the name that the alias (CNAME) leads to does not exist")
        .fault(format!(
            "the {} not exist",
            agree(&format!("target of {RECORD} does"), &format!("targets of {RECORD} do"))
        ))
        .evidence("target", target.to_string())
}

/// Whether the servers of its zone deny a name.
pub(super) fn leads_to_no_name(case: Case<'_, '_>, target: NameBuf) -> bool {
    let mut useful = case
        .observed
        .at_target(case.status.number, target)
        .filter(|at| !matches!(at, AtTarget::Unusable | AtTarget::Silent))
        .peekable();
    useful.peek().is_some() && useful.all(|at| matches!(at, AtTarget::NoName))
}

/// The alias is as it was given, and the service has nothing where it leads.
fn not_published_yet(case: Case<'_, '_>, target: NameBuf) -> Draft {
    Draft::warning(FindingId::TargetNotPublishedYet, case.subject())
        .summary("the alias (CNAME) is as given, and there is no key yet where it leads")
        .fault(format!("{RECORD} {} right, but the service has not published its key yet", agree("is", "are")))
        .action("switch DKIM on at the service, and change nothing in the DNS")
        .evidence("target", target.to_string())
        .advice(
            "change nothing in the DNS: switch DKIM on at the service, which makes the key then; if it is              on already, compare the value with what the service shows now",
        )
}

fn broken_key(case: Case<'_, '_>, target: NameBuf) -> Option<Draft> {
    let mut by_server: BTreeMap<SocketAddr, [u64; 2]> = BTreeMap::new();
    let (mut no_name, mut no_text) = (0, 0);
    for probe in case.observed.target_probes(case.status.number, target) {
        let [fine, gone] = by_server.entry(probe.query.server).or_default();
        match at_target(probe) {
            Some(AtTarget::NoName) => (no_name, *gone) = (no_name + 1, *gone + 1),
            Some(AtTarget::NoText) => (no_text, *gone) = (no_text + 1, *gone + 1),
            Some(AtTarget::Texts(_) | AtTarget::Cname(_)) => *fine += 1,
            _ => {}
        }
    }
    let gone = by_server.iter().filter(|(_, [_, gone])| *gone > 0);
    let servers: Vec<SocketAddr> = gone.map(|(server, _)| *server).collect();
    if servers.is_empty() {
        return None;
    }
    let all = by_server.values().filter(|[fine, gone]| fine + gone > 0).count();
    let disagree = servers.len() < all;
    // SES has its part before it shows the record; others make the key when signing is switched on.
    // Not every alias that repeats its selector is one of SES, whose zones all have this label.
    let of_ses = case.status.expectation.kind == (ExpectationKind::DkimCname { rotates: true })
        && target.labels().skip(1).any(|label| label.eq_ignore_ascii_case(b"dkim"));
    if !disagree && !of_ses && case.status.state() == RecordState::Right {
        return Some(not_published_yet(case, target).servers(servers));
    }
    let draft = Draft::error(FindingId::AliasBroken, case.subject()).who(if disagree {
        Actor::Service
    } else {
        Actor::DomainOwner
    });
    let draft = if no_name > 0 {
        leads_nowhere(draft, &target)
    } else {
        leads_nowhere(draft, &target)
            .summary("there is no key (TXT) where the alias (CNAME) leads")
            .fault(format!("there is no key (TXT) where {RECORD} {}", agree("leads", "lead")))
    };
    let zone = target.parent().unwrap_or(target);
    let ses = SES_ZONE.parse().is_ok_and(|default: NameBuf| zone == default);
    let (action, advice) = if disagree {
        let advice = format!(
            "check again later, then tell the service that gave you the record: the servers of {} do \
             not agree about its target",
            plain(&zone)
        );
        ("check again later, then tell the service", advice)
    } else if ses
        && matches!(case.status.expectation.kind, ExpectationKind::DkimCname { rotates: true })
    {
        let advice = "compare host and value with those in the SES console: newer regions and accounts \
                      have another zone than dkim.amazonses.com (give it as --ses-zone), and old \
                      tokens are dropped";
        ("compare host and value with those in the SES console", advice.to_owned())
    } else {
        let advice =
            "compare the value with what the service gave you, or have it give you a new one";
        ("compare the value with what the service gave you", advice.to_owned())
    };
    Some(
        draft
            .evidence("answers_without_name", no_name)
            .evidence("answers_without_text", no_text)
            .evidence("addresses_asked", all)
            .servers(servers)
            .action(action)
            .advice(advice),
    )
}

/// How often the servers of a zone that aliases lead to were of use.
#[derive(Default)]
struct Use {
    useful: u64,
    useless: BTreeMap<String, u64>,
    silent: u64,
}

impl Use {
    fn asked(&self) -> u64 {
        self.useful + self.useless() + self.silent
    }

    fn useless(&self) -> u64 {
        self.useless.values().sum()
    }
}

/// Zones that aliases lead to and whose servers fail, while those of the aliases are fine. What gets
/// lost on the way to some of them now and then is a matter of the path.
pub(super) fn unreachable_targets(observed: &RecordObservations<'_>) -> Vec<Draft> {
    let mut zones: BTreeMap<NameBuf, (BTreeMap<SocketAddr, Use>, Vec<String>)> = BTreeMap::new();
    let mut drafts: Vec<Draft> = Vec::new();
    for status in &observed.statuses {
        let leads_away = status.state() == RecordState::Right || status.right() > 0;
        let cname = status.expectation.rtype == RecordType::CNAME;
        let target = observed.target(status.number).filter(|_| cname && leads_away);
        // Records of other types have their zone only where an alias leads away from it.
        let target = target.or_else(|| {
            let path = observed.evidence.log.walk.path(&status.expectation.owner)?;
            path.targets.first().copied().filter(|_| !cname)
        });
        let Some(target) = target else { continue };
        let mut asked = false;
        for probe in observed.target_probes(status.number, target) {
            asked = true;
            let (servers, records) = zones.entry(probe.query.zone).or_default();
            let record = subject(status.expectation);
            if !records.contains(&record) {
                records.push(record);
            }
            let at = servers.entry(probe.query.server).or_default();
            match at_target(probe) {
                None => {}
                Some(AtTarget::Silent) => at.silent += 1,
                Some(AtTarget::Unusable) => {
                    let rcode = probe.reading().map(|reading| reading.rcode.to_string());
                    *at.useless.entry(rcode.unwrap_or_default()).or_default() += 1;
                }
                Some(_) => at.useful += 1,
            }
        }
        let path = observed.evidence.log.walk.path(&target);
        if !asked
            && let Some(PathEnd::Failed(why)) = path.map(|path| path.end)
            && !matches!(why, Unresolved::TooMuchWork)
        {
            drafts.push(no_way(subject(status.expectation), &target, why));
        }
    }
    for (zone, (servers, records)) in zones {
        // A target in the domain itself is served by those who serve the alias.
        let own = zone.is_at_or_below(&observed.evidence.plan.domain);
        let actor = if own { Actor::DnsHost } else { Actor::Service };
        drafts.extend(unreachable(&zone, &servers, &records).map(|draft| draft.who(actor)));
    }
    drafts
}

fn no_way(subject: String, target: &NameBuf, why: Unresolved) -> Draft {
    Draft::error(FindingId::AliasTargetUnreachable, subject)
        .summary(format!("the name that the alias (CNAME) leads to cannot be looked up: {why}"))
        .fault("the name where the CNAME record leads cannot be looked up")
        .action("tell the service that gave you the record, or wait")
        .evidence("target", target.to_string())
        .advice(format!(
            "tell whoever runs {}, or wait until its servers answer again: your own records are fine",
            plain(&target.parent().unwrap_or(*target))
        ))
}

fn unreachable(
    zone: &NameBuf,
    servers: &BTreeMap<SocketAddr, Use>,
    records: &[String],
) -> Option<Draft> {
    let useful: u64 = servers.values().map(|at| at.useful).sum();
    let asked: u64 = servers.values().map(Use::asked).sum();
    let bad: Vec<SocketAddr> = servers
        .iter()
        .filter(|(_, at)| {
            let dead = at.useful == 0 && at.asked() >= DEAD_AFTER;
            let share = Proportion::new(at.useless(), at.asked()).interval(HARDLY_A_DOUBT);
            dead || share.low > WORTH_TELLING
        })
        .map(|(server, _)| *server)
        .collect();
    if bad.is_empty() {
        return None;
    }
    let nobody = useful == 0;
    let severity = if nobody { Severity::Error } else { Severity::Warning };
    let mut answers: BTreeMap<&str, u64> = BTreeMap::new();
    let mut silent = 0;
    for at in bad.iter().filter_map(|server| servers.get(server)) {
        silent += at.silent;
        for (rcode, count) in &at.useless {
            *answers.entry(rcode).or_default() += count;
        }
    }
    let asked_there: u64 =
        bad.iter().filter_map(|server| servers.get(server)).map(Use::asked).sum();
    let reported: Vec<String> =
        answers.iter().map(|(rcode, count)| format!("{count} times {rcode}")).collect();
    let lost = Proportion::new(asked - useful, asked).text("without a useful answer");
    Some(
        Draft::new(FindingId::AliasTargetUnreachable, severity, zone.to_string())
            .summary(format!(
                "of the {} of {}, where the alias (CNAME) leads, {}: {lost}",
                counted(servers.len(), "server address", "server addresses"),
                plain(zone),
                if nobody {
                    "none gives a useful answer".to_owned()
                } else {
                    format!("{} often or always gives none", bad.len())
                }
            ))
            .fault(format!(
                "{} servers of {}, where the CNAME record leads, {}",
                if nobody { "the" } else { "some" },
                plain(zone),
                if nobody { "do not answer" } else { "often do not answer" }
            ))
            .action("tell the service that gave you the record, or wait")
            .evidence("asked_there", asked_there)
            .evidence("silent", silent)
            .evidence("useless_answers", reported)
            .evidence("records", records.to_vec())
            .servers(bad)
            .advice(format!(
                "tell whoever runs {}, or wait until its servers answer again: your own records are fine",
                plain(zone)
            )),
    )
}
