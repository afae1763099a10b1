//! What became of the queries, and how long answers took.

use std::time::Duration;

use super::blocks::Blocks;
use crate::engine::{Answer, Attempt, Outcome, StreamFailure, Unreachable};
use crate::stats::Durations;
use crate::wire::Rcode;

/// Places for response codes; the last one counts all codes from 31 on.
pub const RCODES: usize = 32;

/// What became of the queries of one worker, or of several together. Each query is counted in exactly
/// one of `answered`, `late`, `lost`, `interrupted` and `not_sent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Answered in time, by response code.
    pub rcodes: [u64; RCODES],
    /// Answered after the timeout, before the run was over.
    pub late: u64,
    /// Not answered.
    pub lost: u64,
    /// Of those lost, the ones that somebody said could not be delivered.
    pub undelivered: u64,
    /// Sent and not waited for to their end, because the run was interrupted.
    pub interrupted: u64,
    /// Refused by this machine. They were not sent, and are no part of what was.
    pub not_sent: u64,
    /// Answers with TC set, among those in time.
    pub truncated: u64,
    /// Malformed answers, among those in time.
    pub malformed: u64,
    /// Octets of the queries.
    pub request_octets: u64,
    /// Octets of the answers in time.
    pub response_octets: u64,
    /// When the last query was sent, and the last answer came, from the start of the run on.
    pub last_sent: Duration,
    /// See [`Self::last_sent`].
    pub last_answer: Duration,
    /// The error number with which this machine refused to send the last one; 0 for none.
    pub send_error: i32,
    /// That with which the last one could not be delivered; 0 for none.
    pub delivery_error: i32,
}

impl Counts {
    /// Answered in time, whatever was said.
    pub fn answered(&self) -> u64 {
        self.rcodes.iter().sum()
    }

    /// Queries sent.
    pub fn sent(&self) -> u64 {
        self.answered() + self.late + self.lost + self.interrupted
    }

    /// Counts a query of so many octets, whose one attempt this is, at a time since the start. Gives
    /// what latencies are made of.
    #[inline]
    pub(super) fn count(
        &mut self,
        attempt: &Attempt,
        octets: u64,
        sent: Duration,
    ) -> Option<Timing> {
        if let Outcome::NotSent(errno) = attempt.outcome {
            self.not_sent += 1;
            self.send_error = errno;
            return None;
        }
        self.request_octets += octets;
        self.last_sent = self.last_sent.max(sent);
        match attempt.outcome {
            Outcome::Answered(answer) => {
                self.answer(&answer);
                self.last_answer = self.last_answer.max(sent + answer.rtt);
                return Some(Timing::InTime(answer.rtt, answer.rcode));
            }
            Outcome::Late(answer) => {
                self.late += 1;
                return Some(Timing::Late(answer.rtt));
            }
            Outcome::TimedOut => self.lost += 1,
            Outcome::Unreachable(Unreachable { errno, .. })
            | Outcome::StreamFailed(StreamFailure { errno, .. }) => {
                self.lost += 1;
                self.undelivered += 1;
                self.delivery_error = errno;
            }
            Outcome::Waiting | Outcome::Abandoned | Outcome::NotSent(_) => self.interrupted += 1,
        }
        None
    }

    #[inline]
    fn answer(&mut self, answer: &Answer) {
        self.rcodes[usize::from(answer.rcode.0).min(RCODES - 1)] += 1;
        self.response_octets += u64::from(answer.size);
        self.truncated += u64::from(answer.flags.contains(crate::wire::Flags::TC));
        self.malformed += u64::from(answer.malformed);
    }

    /// One of those that were lost is answered after all.
    pub(super) fn answered_late(&mut self) {
        self.lost = self.lost.saturating_sub(1);
        self.late += 1;
    }

    /// Adds the counts of another worker.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.rcodes.iter_mut().zip(other.rcodes) {
            *mine += theirs;
        }
        self.late += other.late;
        self.lost += other.lost;
        self.undelivered += other.undelivered;
        self.interrupted += other.interrupted;
        self.not_sent += other.not_sent;
        self.truncated += other.truncated;
        self.malformed += other.malformed;
        self.request_octets += other.request_octets;
        self.response_octets += other.response_octets;
        self.last_sent = self.last_sent.max(other.last_sent);
        self.last_answer = self.last_answer.max(other.last_answer);
        for (mine, theirs) in [
            (&mut self.send_error, other.send_error),
            (&mut self.delivery_error, other.delivery_error),
        ] {
            if theirs != 0 {
                *mine = theirs;
            }
        }
    }

    /// The answers in time by the name of their response code, without those that did not occur.
    pub fn by_rcode(&self) -> impl Iterator<Item = (String, u64)> + '_ {
        let counts = self.rcodes.iter().enumerate().filter(|(_, count)| **count > 0);
        counts.map(|(place, &count)| (rcode_name(place), count))
    }
}

/// The name of a place in a table of response codes.
pub(super) fn rcode_name(place: usize) -> String {
    if place == RCODES - 1 { "OTHER".to_owned() } else { Rcode(place as u16).to_string() }
}

/// How long an answer took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timing {
    /// It came in time, with this response code.
    InTime(Duration, Rcode),
    /// It came after the timeout.
    Late(Duration),
}

/// How long answers took.
#[derive(Debug, Clone, Default)]
pub struct Latencies {
    /// Of those in time, by response code; as in [`Counts::rcodes`].
    by_rcode: [Option<Box<Durations>>; RCODES],
    /// Of those after the timeout.
    pub late: Durations,
    /// In an open loop: of those in time, from the time at which the query was sent.
    pub service: Durations,
    /// In an open loop: how much after its time each query was sent, and how many were so late that
    /// it shows.
    pub send_delay: Durations,
    /// See `send_delay`.
    pub late_sends: u64,
    /// Queries that were due while as many were in flight as may be.
    pub held_back: u64,
    /// How often a worker was away for so long that it made up for nothing, and how long in all.
    pub stalls: u64,
    /// See `stalls`.
    pub stalled: Duration,
    /// In blocks of time, where servers are compared.
    pub(super) blocks: Option<Blocks>,
    /// What became of the queries that were sent to warm up. They are counted nowhere else.
    pub warmup: Counts,
}

impl Latencies {
    /// With blocks of time to compare servers by, or without.
    pub(super) fn new(blocks: Option<Blocks>) -> Self {
        Self { blocks, ..Self::default() }
    }

    #[inline]
    pub(super) fn record(&mut self, timing: Timing) {
        match timing {
            Timing::InTime(span, rcode) => {
                let place = usize::from(rcode.0).min(RCODES - 1);
                self.by_rcode[place].get_or_insert_default().record(span);
            }
            Timing::Late(span) => self.late.record(span),
        }
    }

    /// Adds those of another worker.
    pub(super) fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.by_rcode.iter_mut().zip(&other.by_rcode) {
            if let Some(theirs) = theirs {
                mine.get_or_insert_default().add(theirs);
            }
        }
        self.late.add(&other.late);
        self.service.add(&other.service);
        self.send_delay.add(&other.send_delay);
        self.late_sends += other.late_sends;
        self.held_back += other.held_back;
        self.stalls += other.stalls;
        self.stalled += other.stalled;
        self.warmup.add(&other.warmup);
        match (&mut self.blocks, &other.blocks) {
            (Some(mine), Some(theirs)) => mine.add(theirs),
            (mine @ None, Some(theirs)) => *mine = Some(theirs.clone()),
            (_, None) => {}
        }
    }

    /// Of all answers in time.
    pub fn in_time(&self) -> Durations {
        let mut all = Durations::default();
        self.by_rcode.iter().flatten().for_each(|some| all.add(some));
        all
    }

    /// Of the answers in time by the name of their response code, without those that did not occur.
    pub fn by_rcode(&self) -> impl Iterator<Item = (String, &Durations)> {
        let some = self.by_rcode.iter().enumerate();
        some.filter_map(|(place, some)| Some((rcode_name(place), &**some.as_ref()?)))
    }
}
