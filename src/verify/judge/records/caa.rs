//! Servers that answer, and fail when they are asked for CAA records.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::case::Case;
use crate::judge::catalog::FindingId;
use crate::judge::finding::Draft;
use crate::judge::severity::Severity;
use crate::probe::heard::Heard;
use crate::probe::query::Role;
use crate::verify::expect::ExpectationKind;
use crate::wire::RecordType;

/// Queries, none of them answered, before it is said that they always fail.
const ENOUGH: u64 = 3;

/// An authority that cannot look up CAA records must not issue (RFC 8659 §3), whatever else works.
pub(super) fn judge(case: Case<'_, '_>) -> Option<Draft> {
    let ExpectationKind::Caa { issuer, .. } = &case.status.expectation.kind else { return None };
    let zone = case.zone();
    // Of each address: queries for CAA records, those that were answered, and others answered.
    let mut by_server: BTreeMap<SocketAddr, [u64; 3]> = BTreeMap::new();
    let mut says = Vec::new();
    for probe in &case.observed.evidence.log.probes {
        let query = &probe.query;
        if query.role != Role::Authoritative || query.zone != zone {
            continue;
        }
        let Some(heard) = probe.heard() else { continue };
        let [asked, answered, others] = by_server.entry(query.server).or_default();
        let is_answer = matches!(heard, Heard::Answer(_));
        if query.rtype != RecordType::CAA {
            *others += u64::from(is_answer);
            continue;
        }
        *asked += 1;
        *answered += u64::from(is_answer);
        let words = match heard {
            Heard::Answer(_) => continue,
            Heard::Unusable(why) => why.to_string(),
            Heard::Silence => "no response".to_owned(),
        };
        if !says.contains(&words) {
            says.push(words);
        }
    }
    let fails = |[asked, answered, others]: &[u64; 3]| {
        *asked >= ENOUGH && *answered == 0 && *others >= ENOUGH
    };
    let all = by_server.values().filter(|[asked, ..]| *asked > 0).count();
    let failing: Vec<SocketAddr> =
        by_server.iter().filter(|(_, counts)| fails(counts)).map(|(server, _)| *server).collect();
    if failing.is_empty() {
        return None;
    }
    let failures: u64 = failing.iter().map(|server| by_server[server][0]).sum();
    let severity = if failing.len() == all { Severity::Error } else { Severity::Warning };
    let names = case.at_fault(&failing);
    let provider = case.provider();
    Some(
        Draft::new(FindingId::CaaLookupFails, severity, case.subject())
            .summary(format!(
                "{} of {all} server addresses fail for CAA records, and answer other queries",
                failing.len()
            ))
            .fault(format!(
                "{names} {} when asked for CAA records, so {issuer} must refuse the certificate",
                names.verb("fails", "fail")
            ))
            .action(format!("ask {provider} to repair that"))
            .evidence("failures", failures)
            .evidence("answers", says)
            .servers(failing)
            .advice(format!(
                "ask {provider} why its servers fail for the record type CAA (type 257), and send this                  report along; a domain without CAA records has to get an empty answer"
            )),
    )
}
