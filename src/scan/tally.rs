//! What became of the questions of one worker.

use super::render::{Conclusion, Settled, Status};
use crate::engine::{Attempt, Ending, Finished, Outcome, StreamFailure, Time, Unreachable};
use crate::wire::Rcode;

/// Places for response codes; the last one counts all codes from 31 on.
pub const RCODES: usize = 32;

/// Counts of finished exchanges. Every one is counted in exactly one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScanTally {
    /// Answered, by response code.
    pub answered: [u64; RCODES],
    /// Ended with a malformed answer.
    pub malformed: u64,
    /// Ended by a timeout.
    pub timed_out: u64,
    /// Ended with no more than a truncated answer, because TCP failed.
    pub truncated: u64,
    /// No attempt could be delivered.
    pub unreachable: u64,
    /// Authoritative servers answered, and the question has no answer all the same.
    pub unresolved: u64,
    /// Cancelled before anything was sent.
    pub never_sent: u64,
    /// Cancelled while an answer was awaited.
    pub cut_short: u64,
    /// Attempts of all finished exchanges.
    pub attempts: u64,
    /// Answered by a server that was asked without EDNS because it had refused it; a part of
    /// `answered`.
    pub edns_off: u64,
    /// Some server has answered a step of an iterative scan.
    pub heard: bool,
    /// What the system said of the last attempt that could not be delivered; 0 for none.
    pub last_errno: i32,
    /// When the last answer came, on the worker's clock, which starts with the worker.
    pub last_answer: Time,
}

impl ScanTally {
    /// Counts one exchange; `status` is that of its line, `None` if it has none.
    #[inline]
    pub fn count(&mut self, finished: &Finished<'_>, status: Option<Status>) {
        self.attempts += finished.attempts.len() as u64;
        if let Ending::Answered { attempt, .. } | Ending::Truncated { attempt, .. } = finished.end {
            self.note_answer(finished.attempts.get(attempt));
        }
        match status {
            Some(status) => self.count_status(status, finished.attempts.last()),
            None if finished.attempts.is_empty() => self.never_sent += 1,
            None => self.cut_short += 1,
        }
    }

    /// Counts one question of an iterative scan; `status` is that of its line.
    pub fn count_settled(&mut self, settled: &Settled<'_>, status: Status) {
        let attempts = || settled.exchanges.iter().flat_map(|asked| &asked.attempts);
        self.attempts += attempts().count() as u64;
        self.heard |= attempts().any(|attempt| attempt.answer().is_some());
        match (settled.end, status) {
            (Conclusion::Unresolved { .. }, Status::Rcode(_)) => self.unresolved += 1,
            (Conclusion::Unresolved { .. }, _) => self.count_status(status, attempts().last()),
            (Conclusion::Answered(_), _) => {
                self.note_answer(attempts().rfind(|attempt| attempt.answer().is_some()));
                self.count_status(status, None);
            }
        }
    }

    /// `last` is the last attempt.
    fn count_status(&mut self, status: Status, last: Option<&Attempt>) {
        match status {
            Status::Rcode(rcode) => self.answered[usize::from(rcode.0).min(RCODES - 1)] += 1,
            Status::Malformed => self.malformed += 1,
            Status::Timeout => self.timed_out += 1,
            Status::Truncated => self.truncated += 1,
            Status::Unreachable => self.undeliverable(last),
        }
    }

    fn note_answer(&mut self, attempt: Option<&Attempt>) {
        if let Some(attempt) = attempt
            && let Some(answer) = attempt.answer()
        {
            self.last_answer = self.last_answer.max(attempt.sent + answer.rtt);
            self.edns_off += u64::from(attempt.edns_off.is_some());
        }
    }

    fn undeliverable(&mut self, last: Option<&Attempt>) {
        self.unreachable += 1;
        if let Some(
            Outcome::Unreachable(Unreachable { errno, .. })
            | Outcome::NotSent(errno)
            | Outcome::StreamFailed(StreamFailure { errno, .. }),
        ) = last.map(|last| last.outcome)
        {
            self.last_errno = errno;
        }
    }

    /// Adds the counts of another worker.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.answered.iter_mut().zip(other.answered) {
            *mine += theirs;
        }
        self.malformed += other.malformed;
        self.timed_out += other.timed_out;
        self.truncated += other.truncated;
        self.unreachable += other.unreachable;
        self.unresolved += other.unresolved;
        self.never_sent += other.never_sent;
        self.cut_short += other.cut_short;
        self.attempts += other.attempts;
        self.edns_off += other.edns_off;
        self.heard |= other.heard;
        self.last_answer = self.last_answer.max(other.last_answer);
        if other.last_errno != 0 {
            self.last_errno = other.last_errno;
        }
    }

    /// Whether nothing but failures to deliver has been seen, and at least `least` of them.
    pub fn is_cut_off(&self, least: u64) -> bool {
        !self.heard && self.unreachable >= least && self.lines() == self.unreachable
    }

    /// Exchanges with an answer that is well-formed and whole, whatever it says.
    pub fn answers(&self) -> u64 {
        self.answered.iter().sum()
    }

    /// Exchanges that have a line of output: all but the cancelled ones.
    pub fn lines(&self) -> u64 {
        let failed = self.timed_out + self.truncated + self.unreachable + self.unresolved;
        self.answers() + self.malformed + failed
    }

    /// The answers by the name of their response code, without those that did not occur.
    pub fn by_rcode(&self) -> impl Iterator<Item = (String, u64)> + '_ {
        by_rcode(&self.answered)
    }
}

/// Names the counts of a table of response codes; leaves out the empty ones.
pub fn by_rcode(counts: &[u64]) -> impl Iterator<Item = (String, u64)> + '_ {
    counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(code, &count)| {
        let name =
            if code == RCODES - 1 { "OTHER".to_owned() } else { Rcode(code as u16).to_string() };
        (name, count)
    })
}
