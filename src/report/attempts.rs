//! The evidence of an exchange: its attempts, as JSON and as words.

use std::net::SocketAddr;

use serde::Serialize;

use super::reason::stream_cause_text;
use crate::engine::{Attempt, Outcome, RetryReason, Stamp, Time, Transport};

/// What became of an attempt, in one word; these words are part of the output contracts.
pub const fn outcome_text(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Waiting => "waiting",
        Outcome::Answered(_) => "answered",
        Outcome::TimedOut => "timed-out",
        Outcome::Late(_) => "late",
        Outcome::Unreachable(_) => "unreachable",
        Outcome::NotSent(_) => "not-sent",
        Outcome::StreamFailed(_) => "stream-failed",
        Outcome::Abandoned => "abandoned",
    }
}

/// Why another attempt followed, in one word; these words are part of the output contracts.
pub const fn retry_reason_text(reason: RetryReason) -> &'static str {
    match reason {
        RetryReason::Timeout => "timeout",
        RetryReason::ServerFailure => "servfail",
        RetryReason::Refused => "refused",
        RetryReason::OtherError => "other-error",
        RetryReason::WithoutEdns => "without-edns",
        RetryReason::Truncated => "truncated",
        RetryReason::Lame => "lame",
        RetryReason::CaseChanged => "case-changed",
        RetryReason::Mismatched => "mismatched",
        RetryReason::BadCookie => "bad-cookie",
        RetryReason::Unreachable => "unreachable",
        RetryReason::NotSent => "not-sent",
        RetryReason::StreamFailed => "stream-failed",
        RetryReason::Malformed => "malformed",
    }
}

/// One attempt, as the output contracts have it.
#[derive(Debug, Clone, Serialize)]
pub struct AttemptJson {
    server: SocketAddr,
    transport: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    id: u16,
    edns: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    edns_off: Option<String>,
    sent_us: u64,
    outcome: &'static str,
    #[serde(flatten)]
    answer: Option<AnswerJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icmp_type: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icmp_code: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errno: Option<u32>,
    duplicates: u16,
    mismatched: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    retried_because: Option<&'static str>,
}

/// The facts of an answer.
#[derive(Debug, Clone, Serialize)]
struct AnswerJson {
    rtt_us: u64,
    stamp: &'static str,
    size: u16,
    rcode: String,
    flags: Vec<&'static str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    malformed: bool,
}

impl AttemptJson {
    /// `server` is its address, `port` the local UDP port where it is known, and `start` the time
    /// that `sent_us` counts from: that of the first attempt of the exchange.
    pub fn new(attempt: &Attempt, server: SocketAddr, port: Option<u16>, start: Time) -> Self {
        let (icmp, cause, errno) = match attempt.outcome {
            Outcome::Unreachable(error) => (Some(error), None, Some(error.errno)),
            Outcome::NotSent(errno) => (None, None, Some(errno)),
            Outcome::StreamFailed(failure) => {
                (None, Some(stream_cause_text(failure.cause)), Some(failure.errno))
            }
            _ => (None, None, None),
        };
        Self {
            server,
            transport: attempt.transport.as_str(),
            port: port.filter(|_| attempt.transport == Transport::Udp),
            id: attempt.id,
            edns: attempt.edns,
            edns_off: attempt.edns_off.map(|rcode| rcode.to_string()),
            sent_us: attempt.sent.since(start).as_micros() as u64,
            outcome: outcome_text(&attempt.outcome),
            answer: attempt.answer().map(|answer| AnswerJson {
                rtt_us: answer.rtt.as_micros() as u64,
                stamp: match answer.stamp {
                    Stamp::Kernel => "kernel",
                    Stamp::Clock => "clock",
                },
                size: answer.size,
                rcode: answer.rcode.to_string(),
                flags: answer.flags.names().collect(),
                malformed: answer.malformed,
            }),
            icmp_type: icmp.map(|error| error.icmp_type),
            icmp_code: icmp.map(|error| error.icmp_code),
            cause,
            errno: errno.map(i32::unsigned_abs),
            duplicates: attempt.duplicates,
            mismatched: attempt.mismatched,
            retried_because: attempt.retried_because.map(retry_reason_text),
        }
    }
}
