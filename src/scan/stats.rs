//! The whole accounting of a scan, and its JSON form (`schemas/scan-stats.schema.json`).

use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};

use super::iterate::Others;
use super::job::Scan;
use super::tally::{ScanTally, by_rcode};
use crate::crew::{Account, OutputCounts, ServerStats, Sum};
use crate::engine::{DeliveryErrors, ServerCounts, ServerStatus, Totals};
use crate::names::list_format::WrongListFormat;
use crate::net::LocalCounts;
use crate::report::time::rfc3339_of;

/// What became of the lines of the input.
///
/// `lines` is the sum of `blank`, `comments`, `invalid` and the lines that are questions; a line is
/// one question for each type, but an address is one for its PTR records, and a prefix one for those
/// of each address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InputCounts {
    /// Lines read.
    pub lines: u64,
    /// Lines with nothing on them.
    pub blank: u64,
    /// Lines that begin with `#` or `;`.
    pub comments: u64,
    /// Lines that cannot be asked; each has a line of output that says why.
    pub invalid: u64,
    /// Questions read.
    pub questions: u64,
    /// Questions read that no message was sent for, because the scan ended before. If the input
    /// was not read to its end, there are more that nobody has counted.
    pub not_asked: u64,
    /// Whether the input was read to its end. A scan that is stopped counts the rest of a file, but
    /// not what may still come from a pipe.
    pub whole: bool,
}

/// How a scan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanEnd {
    /// Every line of the input has its line of output.
    Complete,
    /// It was told to stop.
    Interrupted,
    /// No server answered anything for so long.
    Silence(Duration),
    /// This machine could not send anything for so long; the system's error number.
    CannotSend(Duration, i32),
    /// No server could be reached at all.
    Unreachable,
    /// It could not go on.
    Failed,
}

/// The accounting of a whole scan.
#[derive(Debug, Clone)]
pub struct ScanReport {
    /// When it began.
    pub started: SystemTime,
    /// How long it took.
    pub duration: Duration,
    /// How it ended.
    pub end: ScanEnd,
    /// The input.
    pub input: InputCounts,
    /// The output.
    pub output: OutputCounts,
    /// The engines' accounting.
    pub totals: Totals,
    /// What became of the exchanges.
    pub tally: ScanTally,
    /// The servers, in the order in which they were given or met.
    pub servers: Vec<ServerStats>,
    /// Servers of an iterative scan that had to make room for others; `None` if the scan was none.
    pub others: Option<Others>,
    /// What the local system did.
    pub local: LocalCounts,
    /// What kept messages from being sent or delivered.
    pub delivery_errors: DeliveryErrors,
    /// What the input looks like, if more than half of its first lines could not be asked.
    pub wrong_format: Option<WrongListFormat>,
    /// Questions that were read and that no worker asked.
    pub(super) untaken: u64,
}

impl ScanReport {
    /// The report of a scan that begins now.
    pub(super) fn begin(iterative: bool) -> Self {
        Self {
            started: SystemTime::now(),
            duration: Duration::ZERO,
            end: ScanEnd::Complete,
            input: InputCounts::default(),
            output: OutputCounts::default(),
            totals: Totals::default(),
            tally: ScanTally::default(),
            servers: Vec::new(),
            others: iterative.then(Others::default),
            local: LocalCounts::default(),
            delivery_errors: DeliveryErrors::default(),
            wrong_format: None,
            untaken: 0,
        }
    }

    /// Takes what the workers and the writer did.
    pub(super) fn take(&mut self, sum: Sum<Scan>) {
        let Account { totals, servers, local, delivery_errors, .. } = sum.account;
        (self.totals, self.servers, self.local, self.delivery_errors) =
            (totals, servers, local, delivery_errors);
        self.tally = sum.tally;
        self.untaken = sum.not_asked;
        self.output = sum.output;
        for other in sum.rests {
            if let (Some(mine), Some(counts)) = (&mut self.others, &other.counts) {
                mine.add(other.servers, counts);
            }
        }
    }

    /// Takes the counts of the input, once all workers and the reader have ended. Then `questions` is
    /// the sum of the lines, of `not_asked` and of those that were asked and not waited for.
    pub(super) fn take_input(&mut self, counts: InputCounts) {
        self.input = counts;
        self.input.not_asked += self.untaken + self.tally.never_sent;
    }

    /// Whether there are questions without a line, or may be.
    pub(super) fn is_partial(&self) -> bool {
        !self.input.whole
            || !self.output.whole
            || self.input.not_asked > 0
            || self.tally.cut_short > 0
    }

    /// The JSON form.
    pub fn to_json(&self) -> Value {
        let end = match self.end {
            ScanEnd::Complete => "complete",
            ScanEnd::Interrupted => "interrupted",
            ScanEnd::Silence(_) => "silence",
            ScanEnd::CannotSend(..) => "cannot-send",
            ScanEnd::Unreachable => "unreachable",
            ScanEnd::Failed => "failed",
        };
        let (input, totals) = (&self.input, &self.totals);
        let mut report = json!({
            "schema": 1,
            "command": "scan",
            "started": rfc3339_of(self.started).to_string(),
            "duration_ms": self.duration.as_millis() as u64,
            "last_answer_ms": self.tally.last_answer.as_nanos() / 1_000_000,
            "end": end,
            "input": {
                "lines": input.lines,
                "blank": input.blank,
                "comments": input.comments,
                "invalid": input.invalid,
                "questions": input.questions,
                "not_asked": input.not_asked,
                "cut_short": self.tally.cut_short,
                "whole": input.whole,
            },
            "output": {
                "lines": self.output.lines,
                "octets": self.output.octets,
                "whole": self.output.whole,
            },
            "totals": {
                "submitted": totals.submitted,
                "answered": totals.answered,
                "failed": {
                    "timeout": totals.timed_out,
                    "truncated": totals.truncated,
                    "unreachable": totals.unreachable,
                },
                "cancelled": totals.cancelled,
                "attempts": totals.attempts,
                "own_attempts": totals.own_attempts,
                "unmatched": totals.unmatched,
                "suspected": totals.suspected,
                "edns_off": self.tally.edns_off,
            },
            "rcodes": rcodes(&self.tally.answered),
            "malformed": self.tally.malformed,
            "servers": self.servers.iter().map(server_json).collect::<Vec<_>>(),
            "local": local(&self.local),
            "troubles": delivery_errors(&self.delivery_errors),
        });
        if let Some(others) = &self.others {
            let tally = &self.tally;
            report["iterative"] = json!({
                "questions": {
                    "answered": tally.answers(),
                    "unresolved": tally.unresolved,
                    "timeout": tally.timed_out,
                    "unreachable": tally.unreachable,
                    "unfinished": tally.cut_short,
                },
                "other_servers": others.servers,
            });
            if let Some(counts) = &others.counts {
                report["iterative"]["others"] = counts_json(counts);
            }
        }
        report
    }
}

fn server_json(stats: &ServerStats) -> Value {
    let mut server = counts_json(&stats.counts);
    server["standing"] = match stats.status {
        ServerStatus::Good => "good",
        ServerStatus::Refusing => "refusing",
        ServerStatus::Silent => "silent",
        ServerStatus::Untried => "untried",
    }
    .into();
    server["limit_qps"] = stats.limit.map(|rate| (rate * 10.0).round() / 10.0).into();
    server["address"] = stats.address.to_string().into();
    server
}

fn counts_json(counts: &ServerCounts) -> Value {
    json!({
        "sent": counts.sent,
        "answered": counts.answered,
        "lost": counts.lost,
        "late": counts.late,
        "unreachable": counts.unreachable,
        "not_sent": counts.not_sent,
        "stream_failed": counts.stream_failed,
        "abandoned": counts.abandoned,
        "duplicates": counts.duplicates,
        "mismatched": counts.mismatched,
        "edns_off": counts.edns_off,
        "truncated": counts.truncated,
        "malformed": counts.malformed,
        "rcodes": rcodes(&counts.rcodes),
        "rtt_us": percentiles(&counts.rtt_us),
    })
}

fn rcodes(counts: &[u64]) -> Value {
    Value::Object(by_rcode(counts).map(|(name, count)| (name, count.into())).collect::<Map<_, _>>())
}

fn percentiles(rtt: &Histogram<u32>) -> Value {
    if rtt.is_empty() {
        return json!({ "samples": 0 });
    }
    json!({
        "samples": rtt.len(),
        "p50": rtt.value_at_quantile(0.50),
        "p90": rtt.value_at_quantile(0.90),
        "p99": rtt.value_at_quantile(0.99),
        "max": rtt.max(),
    })
}

fn delivery_errors(delivery_errors: &DeliveryErrors) -> Value {
    let not_sent = delivery_errors.not_sent.iter().map(|&(errno, count)| {
        let error = std::io::Error::from_raw_os_error(errno).to_string();
        json!({ "errno": errno, "error": error, "count": count })
    });
    let unreachable = delivery_errors.unreachable.iter().map(|(error, count)| {
        json!({
            "icmp_type": error.icmp_type,
            "icmp_code": error.icmp_code,
            "errno": error.errno,
            "count": count,
        })
    });
    json!({
        "not_sent": not_sent.collect::<Vec<_>>(),
        "unreachable": unreachable.collect::<Vec<_>>(),
        "pauses": delivery_errors.pauses,
        "paused_ms": delivery_errors.paused.as_millis() as u64,
    })
}

fn local(counts: &LocalCounts) -> Value {
    let absences = &counts.absences;
    json!({
        "receive_overflow": counts.receive_overflow,
        "stalls": absences.stalls,
        "stalled_ms": absences.stalled.as_millis() as u64,
        "suspensions": absences.suspensions,
        "suspended_ms": absences.suspended.as_millis() as u64,
        "clock_steps": absences.clock_steps,
        "send_errors": counts.send_errors,
        "truncated_receives": counts.truncated_receives,
        "datagrams_sent": counts.datagrams_sent,
        "datagrams_received": counts.datagrams_received,
        "send_calls": counts.send_calls,
        "receive_calls": counts.receive_calls,
        "gso": counts.gso,
        "gro": counts.gro,
        "kernel_timestamps": counts.kernel_timestamps,
    })
}
