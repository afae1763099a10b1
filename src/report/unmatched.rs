//! Messages that were not taken for answers, as JSON and as words.

use std::net::SocketAddr;

use serde::Serialize;

use crate::engine::{Mismatch, Time, Unmatched};

/// Why a message was not taken, in one word; these words are part of the output contracts.
pub const fn mismatch_word(why: Mismatch) -> &'static str {
    match why {
        Mismatch::TooShort => "too-short",
        Mismatch::NotAResponse => "not-a-response",
        Mismatch::OtherAddress => "other-address",
        Mismatch::OtherPort => "other-port",
        Mismatch::OtherId => "other-id",
        Mismatch::NoQuestion => "no-question",
        Mismatch::SeveralQuestions => "several-questions",
        Mismatch::OtherQuestion => "other-question",
        Mismatch::CaseChanged => "case-changed",
        Mismatch::LateAndDoubtful => "late-and-doubtful",
        Mismatch::NoCookie => "no-cookie",
        Mismatch::WrongCookie => "wrong-cookie",
        Mismatch::GivenUp => "given-up",
    }
}

/// The same in words.
pub const fn mismatch_text(why: Mismatch) -> &'static str {
    match why {
        Mismatch::TooShort => "it is shorter than a DNS header",
        Mismatch::NotAResponse => "it is a query, not a response (QR is clear)",
        Mismatch::OtherAddress => "it comes from an address that was not queried",
        Mismatch::OtherPort => "it comes from a port that was not queried",
        Mismatch::OtherId => "no query has its message ID",
        Mismatch::NoQuestion => "it has no question",
        Mismatch::SeveralQuestions => "it has more than one question",
        Mismatch::OtherQuestion => "its question is not the query's",
        Mismatch::CaseChanged => "its question is not in the case of the query",
        Mismatch::LateAndDoubtful => "it came late, after messages that did not match",
        Mismatch::NoCookie => "it lacks the cookie, which this server has returned before",
        Mismatch::WrongCookie => "its cookie is not the one that was sent",
        Mismatch::GivenUp => "its query had been abandoned",
    }
}

/// One message, as the output contracts have it.
#[derive(Debug, Clone, Serialize)]
pub struct UnmatchedJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    from: SocketAddr,
    received_us: u64,
    size: u16,
    #[serde(flatten)]
    header: Option<HeaderJson>,
    why: &'static str,
}

#[derive(Debug, Clone, Serialize)]
struct HeaderJson {
    id: u16,
    rcode: String,
    flags: Vec<&'static str>,
}

impl UnmatchedJson {
    /// `start` is the time that `received_us` counts from: that of the first attempt.
    pub fn new(unmatched: &Unmatched, start: Time) -> Self {
        Self {
            attempt: unmatched.attempt.map(|attempt| u32::from(attempt) + 1),
            from: unmatched.from,
            received_us: unmatched.received.since(start).as_micros() as u64,
            size: unmatched.size,
            header: unmatched.header.map(|header| HeaderJson {
                id: header.id,
                rcode: header.flags.rcode().to_string(),
                flags: header.flags.names().collect(),
            }),
            why: mismatch_word(unmatched.why),
        }
    }
}

/// One message as a sentence without its end.
pub fn unmatched_text(unmatched: &Unmatched, start: Time) -> String {
    let micros = unmatched.received.since(start).as_micros();
    let mut text = format!(
        "{} octets from {} after {}.{:03} ms",
        unmatched.size,
        unmatched.from,
        micros / 1000,
        micros % 1000
    );
    if let Some(header) = unmatched.header {
        text.push_str(&format!(", id {}, {}", header.id, header.flags.rcode()));
    }
    text.push_str(": ");
    text.push_str(mismatch_text(unmatched.why));
    text
}
