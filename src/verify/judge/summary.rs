//! How each record and each server stands: the tables of a report.

use std::collections::BTreeSet;

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
    RecordAtServer {
        server: at.server,
        state: at.state(),
        right: at.right(),
        asked: at.checks.len() as u64,
        found: found(at.checks.iter().map(|seen| &seen.check)),
    }
}

/// What stands there instead, each once, in an order that does not hang on that of the answers: so
/// addresses that have the same show the same.
fn found<'c>(checks: impl Iterator<Item = &'c Check>) -> Vec<String> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    for check in checks {
        let (Check::Wrong(records) | Check::Several(records)) = check else { continue };
        found.extend(records.iter().map(|record| short(&data(record))));
    }
    found.into_iter().take(MOST_FOUND).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{NameBuf, RecordBuf};

    #[test]
    fn what_stands_at_an_address_does_not_hang_on_the_order_of_its_answers() {
        let record = |number: usize| {
            let text = format!("a.example. TXT \"{number}\"");
            RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 300).unwrap()
        };
        // More than are shown, so that the cut has its say, too.
        let checks: Vec<Check> =
            (0..9).map(|number| Check::Wrong(vec![record(number), record(8 - number)])).collect();
        let forth = found(checks.iter());
        assert_eq!(forth, ["\"0\"", "\"1\"", "\"2\"", "\"3\"", "\"4\""]);
        assert_eq!(forth, found(checks.iter().rev()));
    }
}
