//! A judgement as JSON, by the contract of `schemas/report.schema.json`.

use serde::Serialize;

use super::super::json;
use super::measurement::{ExperimentReport, MeasuredServer};
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
        measurement,
        history,
    } = report;
    let measured = |server: &ServerReport| {
        let servers = measurement.iter().flat_map(|measurement| &measurement.servers);
        servers.into_iter().find(|measured| measured.server == server.server)
    };
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
        servers: servers
            .iter()
            .map(|server| ServerMember { server, measured: measured(server) })
            .collect(),
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
        experiments: measurement.as_ref().map(|measurement| &measurement.experiments[..]),
        not_visible: measurement.as_ref().map(|measurement| &measurement.not_visible[..]),
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
    servers: Vec<ServerMember<'r>>,
    chance: Option<ChanceMember>,
    effort: &'r Effort,
    history: Vec<MomentMember<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    experiments: Option<&'r [ExperimentReport]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_visible: Option<&'r [String]>,
}

/// Who was asked, with what was measured of it, if anything was.
#[derive(Serialize)]
struct ServerMember<'r> {
    #[serde(flatten)]
    server: &'r ServerReport,
    #[serde(flatten)]
    measured: Option<&'r MeasuredServer>,
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
