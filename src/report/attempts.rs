//! The evidence of an exchange: its attempts, as JSON and as words.

use std::net::SocketAddr;

use super::json::{write_flags_json, write_json_string};
use super::reason::stream_cause_text;
use crate::engine::{Answer, Attempt, Outcome, RetryReason, Stamp, Time, Transport};
use crate::wire::write_decimal;

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
        RetryReason::Unreachable => "unreachable",
        RetryReason::NotSent => "not-sent",
        RetryReason::StreamFailed => "stream-failed",
        RetryReason::Malformed => "malformed",
    }
}

/// Appends one attempt as a JSON object.
///
/// `server` is its address, `port` the local UDP port where it is known, and `start` the time that
/// `sent_us` counts from: that of the first attempt of the exchange.
pub fn write_attempt_json(
    attempt: &Attempt,
    server: SocketAddr,
    port: Option<u16>,
    start: Time,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(b"{\"server\":");
    write_json_string(server.to_string().as_bytes(), out);
    text_member("transport", attempt.transport.as_str(), out);
    if attempt.transport == Transport::Udp
        && let Some(port) = port
    {
        number_member("port", port.into(), out);
    }
    number_member("id", attempt.id.into(), out);
    out.extend_from_slice(if attempt.edns { b",\"edns\":true" } else { b",\"edns\":false" });
    if let Some(rcode) = attempt.edns_off {
        text_member("edns_off", &rcode.to_string(), out);
    }
    number_member("sent_us", attempt.sent.since(start).as_micros() as u64, out);
    text_member("outcome", outcome_text(&attempt.outcome), out);
    match attempt.outcome {
        Outcome::Answered(answer) | Outcome::Late(answer) => write_answer(&answer, out),
        Outcome::Unreachable(error) => {
            number_member("icmp_type", error.icmp_type.into(), out);
            number_member("icmp_code", error.icmp_code.into(), out);
            number_member("errno", error.errno.unsigned_abs().into(), out);
        }
        Outcome::NotSent(errno) => number_member("errno", errno.unsigned_abs().into(), out),
        Outcome::StreamFailed(failure) => {
            text_member("cause", stream_cause_text(failure.cause), out);
            number_member("errno", failure.errno.unsigned_abs().into(), out);
        }
        Outcome::Waiting | Outcome::TimedOut | Outcome::Abandoned => {}
    }
    number_member("duplicates", attempt.duplicates.into(), out);
    number_member("mismatched", attempt.mismatched.into(), out);
    if let Some(reason) = attempt.retried_because {
        text_member("retried_because", retry_reason_text(reason), out);
    }
    out.push(b'}');
}

fn write_answer(answer: &Answer, out: &mut Vec<u8>) {
    number_member("rtt_us", answer.rtt.as_micros() as u64, out);
    let stamp = match answer.stamp {
        Stamp::Kernel => "kernel",
        Stamp::Clock => "clock",
    };
    text_member("stamp", stamp, out);
    number_member("size", answer.size.into(), out);
    out.extend_from_slice(b",\"rcode\":");
    write_json_string(answer.rcode.to_string().as_bytes(), out);
    out.extend_from_slice(b",\"flags\":");
    write_flags_json(answer.flags, out);
    if answer.malformed {
        out.extend_from_slice(b",\"malformed\":true");
    }
}

fn member(name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

fn number_member(name: &str, value: u64, out: &mut Vec<u8>) {
    member(name, out);
    write_decimal(value, out);
}

/// `text` is one of our own words and needs no escapes.
fn text_member(name: &str, text: &str, out: &mut Vec<u8>) {
    member(name, out);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}
