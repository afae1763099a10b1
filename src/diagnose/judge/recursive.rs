//! What only recursive servers do: failing to resolve, and answers that nobody gave.

use std::collections::BTreeMap;
use std::time::Duration;

use super::context::{Context, Examined};
use crate::diagnose::sample::{Came, Seen, count};
use crate::diagnose::task::{Asked, Step};
use crate::judge::catalog::FindingId;
use crate::judge::finding::Draft;
use crate::judge::severity::Severity;
use crate::probe::query::Role;
use crate::stats::{CONFIDENCE, Proportion};
use crate::walk::ResponseKind;
use crate::wire::Rcode;

/// The lower end of the share of SERVFAIL from which on it is told.
const WORTH_TELLING: f64 = 0.005;
/// The share of failures from which on a kind of names fails as good as always, and the queries it takes.
const ALWAYS: f64 = 0.9;
const ENOUGH: u64 = 10;
/// Cold names are slow if they take so many times as long as cached ones, and at least so long.
const COLD_TIMES: u32 = 5;
const COLD_SLOW: Duration = Duration::from_millis(300);

pub(super) fn judge(context: &mut Context<'_>, findings: &mut Vec<Draft>) {
    // What answers SERVFAIL only does not say that it resolves.
    let may_resolve = |server: &&mut Examined<'_>| server.subject.role != Role::Authoritative;
    for server in context.servers.iter_mut().filter(may_resolve) {
        findings.extend(rewritten(server));
        if server.is_explained {
            continue;
        }
        if let Some(draft) = upstream(server) {
            findings.push(draft);
        } else if let Some(draft) = servfail(server) {
            findings.push(draft);
        } else {
            findings.extend(cold(server));
        }
    }
}

fn has_failed(seen: &Seen<'_>) -> bool {
    seen.came != Came::Unreachable
        && (seen.is_lost() || seen.rcode().is_some_and(|rcode| rcode == Rcode::SERVFAIL))
}

fn of(server: &Examined<'_>, step: Step, asked: Asked) -> Proportion {
    count(server.sample.udp(step).filter(|seen| seen.task.asked == asked), has_failed)
}

/// Names that a cache does not know fail, and others do not.
fn upstream(server: &Examined<'_>) -> Option<Draft> {
    let share = |it: Proportion| it.share().unwrap_or(0.0);
    let tells = |step: Step| {
        let (cold, known) = (of(server, step, Asked::Fresh), of(server, step, Asked::Known));
        cold.trials() >= ENOUGH && share(cold) >= ALWAYS && share(known) <= 1.0 - ALWAYS
    };
    if !(tells(Step::FirstPass) && tells(Step::SecondLook)) {
        return None;
    }
    let label = &server.label;
    let cold = of(server, Step::FirstPass, Asked::Fresh);
    let known = of(server, Step::FirstPass, Asked::Known);
    Some(
        server
            .draft(FindingId::UpstreamUnreachable, Severity::Error)
            .summary(format!(
                "{label}: names that its cache does not know fail ({}), names that it knows do not ({})",
                cold.text("failed"),
                known.text("failed")
            ))
            .fault(format!("{label} answers from its cache only: it cannot reach other name servers"))
            .action(format!("check the connection of {label} to the Internet"))
            .advice(format!(
                "check whether {label} can reach the Internet, or the resolver that it forwards to: \
                 what is in its cache runs out"
            ))
            .evidence("fresh_asked", cold.trials())
            .evidence("fresh_failed", cold.hits())
            .evidence("known_asked", known.trials())
            .evidence("known_failed", known.hits()),
    )
}

fn servfail(server: &Examined<'_>) -> Option<Draft> {
    let fails = |seen: &Seen<'_>| seen.rcode().is_some_and(|rcode| rcode == Rcode::SERVFAIL);
    let known = |step: Step| server.sample.udp(step).filter(|seen| seen.task.asked == Asked::Known);
    let (first, second) =
        (count(known(Step::FirstPass), fails), count(known(Step::SecondLook), fails));
    let all = Proportion::new(first.hits() + second.hits(), first.trials() + second.trials());
    if second.hits() == 0
        || first.interval(CONFIDENCE).low <= WORTH_TELLING
        || all.interval(CONFIDENCE).low <= WORTH_TELLING
    {
        return None;
    }
    let mut errors: BTreeMap<String, u64> = BTreeMap::new();
    for seen in known(Step::FirstPass).filter(|seen| fails(seen)) {
        for code in seen.probe.reply.iter().flat_map(|reply| reply.extended_errors()) {
            *errors.entry(code.to_string()).or_default() += 1;
        }
    }
    let always = all.share().is_some_and(|share| share >= ALWAYS);
    let severity = if always { Severity::Error } else { Severity::Warning };
    let label = &server.label;
    let extended: Vec<String> =
        errors.iter().map(|(code, count)| format!("{code}: {count}")).collect();
    let with = if extended.is_empty() {
        String::new()
    } else {
        format!("; extended errors {}", extended.join(", "))
    };
    Some(
        server
            .draft(FindingId::ResolverServfail, severity)
            .summary(format!("{label} answers SERVFAIL: {}{with}", all.text("failed")))
            .fault(format!(
                "{label} {} to look up names that exist",
                if always { "fails" } else { "fails now and then" }
            ))
            .action(format!("ask whoever runs {label} to look at its log"))
            .advice(format!(
                "ask whoever runs {label} to look at its log for failures upstream and of validation, \
                 and use another resolver meanwhile"
            ))
            .evidence("asked", all.trials())
            .evidence("failed", all.hits())
            .evidence("extended_errors", serde_json::json!(errors)),
    )
}

/// The first query for a name is slow, the second one is not.
fn cold(server: &Examined<'_>) -> Option<Draft> {
    let median = |asked: Asked| {
        let mut all = server.sample.latencies_us(&[Step::FirstPass], asked);
        all.sort_unstable();
        all.get(all.len() / 2).copied().map(Duration::from_micros)
    };
    let (cold, known) = (median(Asked::Fresh)?, median(Asked::Known)?);
    if cold < COLD_SLOW || cold < known * COLD_TIMES {
        return None;
    }
    let label = &server.label;
    Some(
        server
            .draft(FindingId::ColdSlow, Severity::Notice)
            .summary(format!(
                "{label}: names that its cache does not know take {} ms (median), names that it knows \
                 {} ms: the time goes upstream, not on the path to it",
                cold.as_millis(),
                known.as_millis()
            ))
            .fault(format!("{label} is slow for names that its cache does not know"))
            .advice(format!("nothing, unless {label} should be nearer to the Internet"))
            .evidence("fresh_median_us", cold.as_micros() as u64)
            .evidence("known_median_us", known.as_micros() as u64),
    )
}

/// A name below a top-level domain that does not exist has an address.
fn rewritten(server: &Examined<'_>) -> Option<Draft> {
    let reserved = || server.sample.all.iter().filter(|seen| seen.task.asked == Asked::Reserved);
    let has_address = |seen: &Seen<'_>| {
        seen.probe.reading().is_some_and(|reading| {
            matches!(reading.kind, ResponseKind::Answer) && reading.answer.is_some()
        })
    };
    let found = count(reserved(), has_address);
    if found.hits() < 2 || found.share()? < 0.5 {
        return None;
    }
    let label = &server.label;
    let addresses: Vec<String> = {
        let mut all: Vec<String> = reserved()
            .filter_map(|seen| seen.probe.reading()?.answer.as_ref())
            .flat_map(|rrset| rrset.addresses().map(|it| it.to_string()).collect::<Vec<_>>())
            .collect();
        all.sort();
        all.dedup();
        all.truncate(8);
        all
    };
    Some(
        server
            .draft(FindingId::NxdomainRewritten, Severity::Warning)
            .summary(format!(
                "{label}: names below `invalid`, where none exists, have the address {}: {}",
                addresses.join(", "),
                found.text("rewritten")
            ))
            .fault(format!("{label} gives addresses to names that do not exist"))
            .action("turn that off in the account at the provider, or use another resolver")
            .advice(
                "turn it off in the account at the provider, or use another resolver: programs that rely \
                 on names that do not exist, such as mail servers and VPNs, go wrong",
            )
            .evidence("asked", found.trials())
            .evidence("rewritten", found.hits())
            .evidence("addresses", addresses),
    )
}
