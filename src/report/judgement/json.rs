//! A judgement as JSON, by the contract of `schemas/report.schema.json`.

use serde::Serialize;

use super::super::json;
use super::report::{Effort, RecordReport, Report, Verdict};
use super::words::timestamp;
use crate::judge::finding::Finding;
use crate::judge::summary::ServerReport;

/// Appends a judgement as one line of JSON, in printable ASCII only: what else there is in a string
/// is escaped, so that the line may be shown on a terminal.
pub fn write_report_json<V: Verdict>(report: &Report<V>, out: &mut Vec<u8>) {
    let Report {
        command,
        subject,
        verdict,
        sentence,
        started,
        duration,
        findings,
        records,
        servers,
        chance,
        effort,
        history,
    } = report;
    let contract = Contract {
        schema: 1,
        command,
        subject,
        verdict: verdict.word(),
        sentence,
        started: timestamp(*started),
        duration_ms: duration.as_millis().try_into().unwrap_or(u64::MAX),
        findings,
        records,
        servers,
        chance: chance.map(|chance| ChanceMember {
            estimate: chance.estimate,
            low: chance.interval.low,
            high: chance.interval.high,
        }),
        effort,
        history: history
            .iter()
            .map(|moment| MomentMember {
                at: timestamp(moment.at),
                verdict: moment.verdict.word(),
                summary: &moment.summary,
            })
            .collect(),
    };
    json::write(&contract, out);
    out.push(b'\n');
}

/// The members in the order of the contract.
#[derive(Serialize)]
struct Contract<'r> {
    schema: u32,
    command: &'r str,
    subject: &'r str,
    verdict: &'static str,
    sentence: &'r str,
    started: String,
    duration_ms: u64,
    findings: &'r [Finding],
    records: &'r [RecordReport],
    servers: &'r [ServerReport],
    chance: Option<ChanceMember>,
    effort: &'r Effort,
    history: Vec<MomentMember<'r>>,
}

#[derive(Serialize)]
struct MomentMember<'r> {
    at: String,
    verdict: &'static str,
    summary: &'r str,
}

#[derive(Serialize)]
struct ChanceMember {
    estimate: f64,
    low: f64,
    high: f64,
}
