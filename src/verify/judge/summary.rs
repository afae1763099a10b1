//! How each record and each server stands: the tables of a report.

use super::observations::{AtServer, RecordObservations, RecordStatus};
use crate::judge::writing::{data, short};
use crate::report::judgement::{RecordAtServer, RecordReport, RecordState};
use crate::verify::check::Check;
use crate::verify::expect::ExpectationKind;

/// Values that are shown of what stands at an address.
const MOST_FOUND: usize = 5;

/// One row for each expected record.
pub(super) fn records(observed: &RecordObservations<'_>) -> Vec<RecordReport> {
    observed.statuses.iter().map(record).collect()
}

fn record(status: &RecordStatus<'_>) -> RecordReport {
    let expectation = status.expectation;
    let state = status.state();
    let line = expectation.suggestion().map(|record| record.to_string());
    RecordReport {
        name: expectation.owner.to_string(),
        rtype: expectation.rtype.to_string(),
        expected: expectation.record().map(|record| data(&record)),
        purpose: purpose(&expectation.kind).to_owned(),
        state,
        line: line.filter(|_| !matches!(state, RecordState::Right | RecordState::Unknown)),
        right: status.right(),
        asked: status.checks().count() as u64,
        servers: status.servers.iter().map(at_server).collect(),
    }
}

fn at_server(at: &AtServer<'_>) -> RecordAtServer {
    let mut found: Vec<String> = Vec::new();
    for seen in &at.checks {
        let (Check::Wrong(records) | Check::Several(records)) = &seen.check else { continue };
        for text in records.iter().map(|record| short(&data(record))) {
            if found.len() < MOST_FOUND && !found.contains(&text) {
                found.push(text);
            }
        }
    }
    RecordAtServer {
        server: at.server,
        state: at.state(),
        right: at.right(),
        asked: at.checks.len() as u64,
        found,
    }
}

const fn purpose(kind: &ExpectationKind) -> &'static str {
    match kind {
        ExpectationKind::Record => "",
        ExpectationKind::DkimCname { rotates: true } => "DKIM key of SES",
        ExpectationKind::DkimCname { rotates: false } => "alias of a DKIM key",
        ExpectationKind::DkimKey => "DKIM key",
        ExpectationKind::MailFromMx => "MX of the MAIL FROM domain",
        ExpectationKind::Spf { .. } => "SPF policy",
        ExpectationKind::Dmarc => "DMARC policy",
        ExpectationKind::AcmValidation => "validation for ACM",
        ExpectationKind::AcmeChallenge => "ACME challenge",
        ExpectationKind::Caa { .. } => "CAA: who may issue certificates",
    }
}
