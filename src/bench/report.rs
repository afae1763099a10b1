//! What was measured.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use super::comparison::{Comparison, Figures, figures};
use super::counts::{Counts, Latencies};
use super::periods::Period;
use super::plan::Wanted;
use super::reader::Input;
use crate::net::{ConnectCounts, LocalCounts};
use crate::stats::{CONFIDENCE, Durations, Interval, Proportion};

/// How a measurement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The query file was gone through as often as was wanted.
    EndOfFile,
    /// Its time was over.
    TimeLimit,
    /// Somebody wanted it to end.
    Interrupted,
    /// The server answered nothing at all for so long.
    Silence(Duration),
    /// It could not go on.
    Failed,
}

/// What was measured.
#[derive(Debug)]
pub struct Report {
    /// Who was asked, in the order in which they were given.
    pub servers: Vec<ServerReport>,
    /// Each server compared with each other one.
    pub comparisons: Vec<Comparison>,
    /// When it began.
    pub started: SystemTime,
    /// From the first query that counts to the last answer, or to the end of the time that was set.
    pub duration: Duration,
    /// How it ended.
    pub ending: Ending,
    /// The query file.
    pub input: Input,
    /// What happened in each interval, if they were wanted one by one.
    pub intervals: Vec<Period>,
    /// What became of the queries to all servers.
    pub counts: Counts,
    /// How long the answers of all servers took.
    pub latencies: Latencies,
    /// What was asked for.
    pub wanted: Wanted,
    /// This machine's part in it.
    pub client: Client,
}

/// What was measured of one server.
#[derive(Debug)]
pub struct ServerReport {
    /// Its address.
    pub server: SocketAddr,
    /// What became of the queries.
    pub counts: Counts,
    /// How long answers took.
    pub latencies: Latencies,
    /// Of all answers in time: from the time that the query was to be sent.
    pub latency: Durations,
    /// See [`Report::duration`].
    pub duration: Duration,
}

impl ServerReport {
    /// Answers in time a second.
    pub fn rate(&self) -> f64 {
        let seconds = self.duration.as_secs_f64();
        if seconds > 0.0 { self.counts.answered() as f64 / seconds } else { 0.0 }
    }

    /// The share of queries that were not answered in time, of those that were waited for; `None` if
    /// there is none.
    pub fn loss(&self) -> Option<(f64, Interval)> {
        let unanswered = self.counts.late + self.counts.lost;
        let loss = Proportion::new(unanswered, unanswered + self.counts.answered());
        loss.share().map(|share| (share, loss.interval(CONFIDENCE)))
    }

    /// What was measured in blocks of time, if they were kept.
    pub fn figures(&self) -> Vec<Figures> {
        self.latencies.blocks.as_ref().map(figures).unwrap_or_default()
    }

    /// Whether there are samples enough for a percentile: `quantile` of 0.99 needs a thousand.
    pub fn has_enough_for(&self, quantile: f64) -> bool {
        self.latency.count() as f64 * (1.0 - quantile) >= ENOUGH_BEYOND - 1e-6
    }
}

/// This machine's part in a measurement.
#[derive(Debug, Clone)]
pub struct Client {
    /// The processor time that the program took, where the system tells it.
    pub processor: Option<Duration>,
    /// Worker threads.
    pub threads: usize,
    /// What the local system did.
    pub local: LocalCounts,
    /// TCP connections.
    pub connects: ConnectCounts,
}

/// Why figures are not what they seem to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Its name in JSON.
    pub id: &'static str,
    /// What it means.
    pub summary: String,
}

/// A rate that stays below the one that was asked for by more than this is not reached.
const REACHED: f64 = 0.99;
/// Late sends are told if they are more than this share.
const LATE_SHARE: f64 = 0.001;
/// Samples beyond a percentile that make it more than one slow answer.
const ENOUGH_BEYOND: f64 = 10.0;

impl Report {
    /// What should be known before the figures are believed.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut all = Vec::new();
        let mut warn = |id, summary: String| all.push(Warning { id, summary });
        let local = &self.client.local;
        // Who waits for the time of a query may spin.
        if let Some(share) = self.busy()
            && share > 0.95
            && self.wanted.open_loop.is_none()
        {
            warn(
                "client-busy",
                format!(
                    "the client used {:.0} % of the processor time of its threads: it may have been the \
                     bottleneck; more threads (-T, with -c) or a lower load tell",
                    share * 100.0
                ),
            );
        }
        if local.receive_overflow > 0 {
            warn(
                "receive-overflow",
                format!(
                    "this machine dropped {} because its receive buffers were full: that is no loss of \
                     the server; a larger -b or a lower load avoids it",
                    counted(local.receive_overflow, "response", "responses")
                ),
            );
        }
        if local.absences.stalls > 0 {
            warn(
                "client-stalled",
                format!(
                    "this program did not run for {:.1} s in total, because it was stopped or the machine \
                     was busy: queries sent meanwhile were late",
                    local.absences.stalled.as_secs_f64()
                ),
            );
        }
        if local.absences.suspensions > 0 {
            warn("suspended", "this machine was suspended during the run".to_owned());
        }
        if local.absences.clock_steps > 0 {
            warn(
                "clock-step",
                "the clock of this machine was set during the run: a few latencies are by the program's \
                 own clock and not by the kernel's"
                    .to_owned(),
            );
        }
        let sent = self.counts.sent() as f64 / self.servers.len().max(1) as f64;
        if let Some(rate) = self.wanted.rate
            && self.ending == Ending::TimeLimit
            && sent < rate * self.duration.as_secs_f64() * REACHED
        {
            let bound = match self.wanted.open_loop {
                Some(_) => "the client was too slow, or too few could be in flight".to_owned(),
                None => format!(
                    "{} outstanding at once (-q) were too few, or the client too slow",
                    self.wanted.outstanding
                ),
            };
            warn(
                "rate-not-reached",
                format!(
                    "{:.0} queries a second were sent instead of {rate:.0}: {bound}",
                    sent / self.duration.as_secs_f64()
                ),
            );
        }
        self.warn_of_open_loop(&mut warn);
        let connects = &self.client.connects;
        let failed = connects.attempts - connects.handshakes.count();
        // Those that were begun at the end are no failures.
        if failed > 0 && self.counts.undelivered > 0 {
            warn(
                "connections-failed",
                format!(
                    "{failed} of {} could not be made",
                    counted(connects.attempts, "connection", "connections")
                ),
            );
        }
        if self.counts.not_sent > 0 {
            let error = std::io::Error::from_raw_os_error(self.counts.send_error);
            warn(
                "not-sent",
                format!(
                    "this machine refused to send {} ({error})",
                    counted(self.counts.not_sent, "query", "queries")
                ),
            );
        }
        all
    }

    fn warn_of_open_loop(&self, warn: &mut impl FnMut(&'static str, String)) {
        let Latencies { late_sends, held_back, stalls, stalled, .. } = self.latencies;
        if held_back > 0 {
            warn(
                "held-back",
                format!(
                    "{} due while {} were in flight, the most that --max-in-flight allows: the loop was \
                     not open then",
                    counted(held_back, "query was", "queries were"),
                    self.wanted.outstanding
                ),
            );
        }
        let sent = self.latencies.send_delay.count();
        if late_sends as f64 > sent as f64 * LATE_SHARE {
            warn(
                "late-sends",
                format!(
                    "{:.1} % of the queries were sent more than 1 ms after their time: latencies have \
                     delays of the client in them, service times do not",
                    100.0 * late_sends as f64 / sent as f64
                ),
            );
        }
        if stalls > 0 {
            warn(
                "send-stall",
                format!(
                    "the client could not send for {:.0} ms in total, and did not make up for it, which \
                     would have been a burst",
                    stalled.as_secs_f64() * 1e3
                ),
            );
        }
    }

    /// The share of the processor time that the threads could have had.
    fn busy(&self) -> Option<f64> {
        let possible = self.duration.as_secs_f64() * self.client.threads as f64;
        let processor = self.client.processor?.as_secs_f64();
        (possible > 0.1).then(|| processor / possible)
    }
}

/// A count and what is counted.
pub(super) fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}
