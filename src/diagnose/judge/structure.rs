//! Losses that follow what was asked, or how: such queries are never answered, others are.

use std::collections::BTreeMap;

use super::context::{Context, Examined};
use crate::diagnose::sample::{Seen, count, lost, p_value};
use crate::diagnose::schedule::UNKNOWN_TYPE;
use crate::diagnose::task::Step;
use crate::judge::catalog::FindingId;
use crate::judge::finding::Draft;
use crate::judge::severity::Severity;
use crate::stats::{Proportion, SIGNIFICANCE};
use crate::wire::{NameBuf, RecordType};

/// How much more a level of a factor has to lose than the others.
const WORTH_TELLING: f64 = 0.3;
/// Tests per server.
const TESTS: usize = 12;

/// What queries have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Level {
    /// A response that does not fit into a smaller size, and was asked for as a whole.
    Large,
    /// An OPT record.
    Edns,
    /// A type.
    Type(RecordType),
}

pub(super) fn judge(context: &mut Context<'_>, findings: &mut Vec<Draft>) {
    let significance = context.significance(TESTS);
    for server in context.servers.iter_mut().filter(|server| !server.is_explained) {
        let Some((level, [with, without])) = explaining(server, significance) else { continue };
        findings.push(finding(server, level, with, without));
        server.sample.all.retain({
            let large = large(&server.sample.all);
            move |seen| !level.holds(seen, &large)
        });
    }
}

/// The level of a factor that explains losses, in both passes.
fn explaining(server: &Examined<'_>, significance: f64) -> Option<(Level, [Proportion; 2])> {
    let large = large(&server.sample.all);
    let mut types: Vec<RecordType> = Vec::new();
    for seen in &server.sample.all {
        let rtype = seen.probe.query.rtype;
        if !types.contains(&rtype) {
            types.push(rtype);
        }
    }
    let levels = [Level::Large, Level::Edns].into_iter().chain(types.into_iter().map(Level::Type));
    let contrast = |level: Level, step: Step| {
        let of = |with: bool| {
            lost(server.sample.udp(step).filter(|seen| level.holds(seen, &large) == with))
        };
        [of(true), of(false)]
    };
    let tells = |[with, without]: [Proportion; 2], significance: f64| {
        let (Some(share), Some(others)) = (with.share(), without.share()) else { return false };
        share - others >= WORTH_TELLING && p_value(with, without) <= significance
    };
    let found = levels.filter(|level| {
        tells(contrast(*level, Step::FirstPass), significance)
            && tells(contrast(*level, Step::SecondLook), SIGNIFICANCE)
    });
    found
        .map(|level| {
            let [first, second] =
                [Step::FirstPass, Step::SecondLook].map(|step| contrast(level, step));
            let sum = |place: usize| {
                let (a, b): (Proportion, Proportion) = (first[place], second[place]);
                Proportion::new(a.hits() + b.hits(), a.trials() + b.trials())
            };
            (level, [sum(0), sum(1)])
        })
        .max_by(|(_, a), (_, b)| {
            let effect = |[with, without]: &[Proportion; 2]| {
                with.share().unwrap_or(0.0) - without.share().unwrap_or(0.0)
            };
            effect(a).total_cmp(&effect(b))
        })
}

/// The UDP payload size that the response to a name, a type and DO does not fit into.
type Sizes = BTreeMap<(NameBuf, RecordType, bool), u16>;

/// Where responses to smaller sizes are truncated.
fn large(all: &[Seen<'_>]) -> Sizes {
    let mut sizes = Sizes::new();
    for seen in all.iter().filter(|seen| seen.probe.is_truncated() && !seen.is_slip) {
        let (name, rtype, edns, dnssec_ok) = seen.kind();
        let size = sizes.entry((name, rtype, dnssec_ok)).or_default();
        *size = (*size).max(edns.unwrap_or(512));
    }
    sizes
}

impl Level {
    fn holds(self, seen: &Seen<'_>, large: &Sizes) -> bool {
        match self {
            Self::Edns => seen.shape.edns.is_some(),
            Self::Type(rtype) => seen.probe.query.rtype == rtype,
            Self::Large => {
                let (name, rtype, edns, dnssec_ok) = seen.kind();
                let limit = large.get(&(name, rtype, dnssec_ok));
                limit.is_some_and(|limit| edns.unwrap_or(512) > *limit)
            }
        }
    }
}

fn finding(server: &Examined<'_>, level: Level, with: Proportion, without: Proportion) -> Draft {
    let label = &server.label;
    let (lost, others) = (with.text("lost"), without.text("lost"));
    let draft = match level {
        Level::Large => {
            let sizes = server.sample.all.iter().filter_map(|seen| {
                seen.probe.attempt?.answer().map(|answer| answer.size)
            });
            let largest = sizes.max().unwrap_or(512).max(512);
            let whole = count(server.sample.tcp(), |seen| seen.rtt().is_some());
            let over_tcp = if whole.hits() > 0 { "; over TCP they arrive" } else { "" };
            server
                .draft(FindingId::LargeAnswerLost, Severity::Error)
                .summary(format!(
                    "{label}: responses over UDP that are larger than {largest} octets get lost \
                     ({lost}), others arrive ({others}){over_tcp}"
                ))
                .fault(format!("large responses from {label} get lost"))
                .action("let large UDP packets and fragments through, or limit responses over UDP")
                .advice(format!(
                    "let large UDP packets and fragments through the firewalls on the path, or limit \
                     the server's responses over UDP to {largest} octets, so that larger ones are sent \
                     over TCP"
                ))
                .evidence("largest_arrived_octets", largest)
        }
        Level::Edns => server
            .draft(FindingId::EdnsMishandled, Severity::Warning)
            .summary(format!(
                "{label}: queries with EDNS get no response ({lost}), queries without do ({others})"
            ))
            .fault(format!("{label} does not answer queries with EDNS"))
            .action("update the server, or the firewall in front of it")
            .advice(
                "update the server, or the firewall in front of it, so that it answers queries with an \
                 OPT record",
            ),
        Level::Type(UNKNOWN_TYPE) => server
            .draft(FindingId::UnknownTypeMishandled, Severity::Warning)
            .summary(format!(
                "{label}: queries for a type that it does not know get no response ({lost}), others do \
                 ({others})"
            ))
            .fault(format!("{label} does not answer queries for types that it does not know"))
            .action("update the server, or the firewall in front of it")
            .advice("have the server answer queries for unknown types as RFC 3597 says"),
        Level::Type(rtype) => server
            .draft(FindingId::Loss, Severity::Error)
            .summary(format!(
                "{label}: queries for {rtype} get no response ({lost}), others do ({others})"
            ))
            .fault(format!("{label} does not answer some types of queries"))
            .action(format!("find what drops queries for {rtype}"))
            .advice(format!(
                "find what drops queries for {rtype}: the server itself, or a firewall in front of it"
            ))
            .reference("RFC 8906 §3"),
    };
    draft
        .evidence("asked", with.trials())
        .evidence("lost", with.hits())
        .evidence("others_asked", without.trials())
        .evidence("others_lost", without.hits())
        .evidence("p_value", p_value(with, without))
}
