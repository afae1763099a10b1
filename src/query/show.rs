//! An exchange as text in the manner of dig, as the bare data of its answers, and as JSON.

use serde::Serialize;

use super::QueryResult;
use crate::engine::{Answer, Attempt, Failure, Outcome, Response, Stamp, Time, Transport};
use crate::report::attempts::AttemptJson;
use crate::report::json::{self, MessageJson};
use crate::report::message::{MessageStyle, write_message, write_record_data};
use crate::report::reason::{stream_cause_clause, write_reason};
use crate::report::time::rfc3339_of;
use crate::report::unmatched::{UnmatchedJson, unmatched_text};
use crate::wire::{Builder, Class, Flags, Message, ParseError, RecordType, Section};

/// The answer of an exchange, as far as it can be read.
pub struct Reply<'e> {
    /// The message.
    pub message: Message<'e>,
    /// The first thing that is wrong with it.
    pub malformed: Option<ParseError>,
    /// The attempt that it answers.
    pub attempt: &'e Attempt,
    answer: Option<Answer>,
}

impl QueryResult {
    /// The answer, if there is one.
    pub fn reply(&self) -> Option<Reply<'_>> {
        let (octets, attempt) = self.end.as_ref().ok()?;
        let Response { message, malformed } = Response::read(octets)?;
        let (attempt, _) = self.attempts.get(*attempt)?;
        Some(Reply { message, malformed, attempt, answer: attempt.answer() })
    }

    /// The status, where it is another word than the response code.
    fn status_word(&self) -> Option<&'static str> {
        match (&self.end, self.reply()) {
            (Err(Failure::Unreachable), _) => Some("UNREACHABLE"),
            (_, None) => Some("TIMEOUT"),
            (_, Some(_)) if self.truncated => Some("TRUNCATED"),
            (_, Some(reply)) => reply.malformed.map(|_| "MALFORMED"),
        }
    }

    /// When the first attempt was sent.
    fn start(&self) -> Time {
        self.attempts.first().map_or(Time::ZERO, |(first, _)| first.sent)
    }

    fn server(&self, attempt: &Attempt) -> String {
        self.servers.get(attempt.server.0 as usize).map(ToString::to_string).unwrap_or_default()
    }
}

/// What is shown of an exchange, as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// The message that answers.
    pub message: MessageStyle,
    /// How it was obtained: time, server, size, attempts, and what was not taken for an answer.
    pub stats: bool,
    /// The query, before all else.
    pub query: bool,
    /// Of the bare data: which server gave it, and in what time.
    pub identify: bool,
}

impl Default for View {
    /// All of the answer and how it was obtained.
    fn default() -> Self {
        Self { message: MessageStyle::default(), stats: true, query: false, identify: false }
    }
}

/// Appends an exchange: the message as dig shows it, then how it was obtained.
pub fn write_text(exchange: &QueryResult, view: &View, out: &mut Vec<u8>) {
    let start = out.len();
    if view.query {
        write_queries(exchange, view, out);
    }
    let comments = view.message.comments;
    let reply = exchange.reply();
    if let Some(reply) = &reply {
        write_message(&reply.message, &view.message, out);
        if let Some(error) = reply.malformed.filter(|_| comments) {
            line(out, &format!("\n;; MALFORMED: {error}"));
        }
        if exchange.truncated && comments {
            line(out, &format!("\n;; WARNING: the response is not complete: {}", reason(exchange)));
        }
    } else if comments {
        line(out, &format!(";; {}", no_response(exchange)));
    }
    if view.stats {
        if out.len() > start && reply.is_some() {
            out.push(b'\n');
        }
        write_stats(exchange, reply.as_ref(), out);
    }
}

fn write_stats(exchange: &QueryResult, reply: Option<&Reply<'_>>, out: &mut Vec<u8>) {
    if let Some(reply) = reply {
        if let Some(answer) = reply.answer {
            let stamp = match answer.stamp {
                Stamp::Kernel => "by the kernel's timestamp",
                Stamp::Clock => "by our clock",
            };
            line(out, &format!(";; Query time: {} ms ({stamp})", millis(&answer)));
        }
        let transport = match reply.attempt.transport {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
        };
        line(out, &format!(";; SERVER: {} ({transport})", exchange.server(reply.attempt)));
        write_when(exchange, out);
        line(out, &format!(";; MSG SIZE rcvd: {}", reply.message.octets().len()));
    } else {
        write_when(exchange, out);
    }
    line(out, &format!(";; ATTEMPTS: {}", exchange.attempts.len()));
    for (number, (attempt, port)) in (1..).zip(&exchange.attempts) {
        let mut text = format!(
            ";;  {number}. {} over {}",
            exchange.server(attempt),
            attempt.transport.as_str().to_uppercase()
        );
        if let (Transport::Udp, Some(port)) = (attempt.transport, port) {
            text.push_str(&format!(" from port {port}"));
        }
        text.push_str(&format!(", id {}: {}", attempt.id, became(&attempt.outcome)));
        for (count, what) in
            [(attempt.duplicates, "duplicate"), (attempt.mismatched, "mismatched message")]
        {
            match count {
                0 => {}
                1 => text.push_str(&format!(", 1 {what}")),
                _ => text.push_str(&format!(", {count} {what}s")),
            }
        }
        line(out, &text);
    }
    if !exchange.unmatched.is_empty() {
        line(out, ";; NOT ACCEPTED AS A RESPONSE:");
        for unmatched in &exchange.unmatched {
            line(out, &format!(";;  {}", unmatched_text(unmatched, exchange.start())));
        }
    }
}

/// Appends the query of the first attempt, and that of each that was put in another way.
fn write_queries(exchange: &QueryResult, view: &View, out: &mut Vec<u8>) {
    let mut before = None;
    for (attempt, _) in &exchange.attempts {
        if before.replace(attempt.edns) == Some(attempt.edns) {
            continue;
        }
        let Some(octets) = query_octets(exchange, attempt) else { continue };
        let Ok(message) = Message::parse(&octets) else { continue };
        if view.message.comments {
            line(out, ";; Sending:");
        }
        write_message(&message, &view.message, out);
        if view.message.comments {
            line(out, &format!("\n;; QUERY SIZE: {}\n", octets.len()));
        }
    }
}

/// The query of an attempt, as it was sent.
fn query_octets(exchange: &QueryResult, attempt: &Attempt) -> Option<Vec<u8>> {
    let profile = &exchange.profile;
    let mut buffer = vec![0; 65_535];
    let mut builder = Builder::new(&mut buffer, attempt.id, profile.query_flags()).ok()?;
    builder.question(exchange.name.as_wire(), exchange.rtype, exchange.class).ok()?;
    if let Some(edns) = profile.edns.as_ref().filter(|_| attempt.edns) {
        let ttl = u32::from(edns.version) << 16 | u32::from(edns.dnssec_ok) << 15;
        let class = Class(edns.udp_payload_size);
        let rdata = |builder: &mut Builder<'_>| builder.octets(&edns.options);
        builder.record(Section::Additional, &[0], RecordType::OPT, class, ttl, rdata).ok()?;
    }
    let len = builder.finish();
    buffer.truncate(len);
    Some(buffer)
}

/// Appends the data of the answer records, one a line.
pub fn write_short(exchange: &QueryResult, view: &View, out: &mut Vec<u8>) {
    let Some(reply) = exchange.reply() else { return };
    for record in reply.message.answers() {
        write_record_data(&record, view.message.record.generic, out);
        if let Some(answer) = reply.answer.filter(|_| view.identify) {
            let server = exchange.server(reply.attempt);
            out.extend_from_slice(
                format!(" from server {server} in {} ms.", millis(&answer)).as_bytes(),
            );
        }
        out.push(b'\n');
    }
}

/// Appends the exchange as one JSON object and a line end; the contract is in
/// `schemas/query.schema.json`.
pub fn write_json(exchange: &QueryResult, out: &mut Vec<u8>) {
    let reply = exchange.reply();
    let start = exchange.start();
    let unmatched = exchange.unmatched.iter().map(|it| UnmatchedJson::new(it, start));
    let log = exchange.attempts.iter().filter_map(|(attempt, port)| {
        let server = *exchange.servers.get(attempt.server.0 as usize)?;
        Some(AttemptJson::new(attempt, server, *port, start))
    });
    let malformed = reply.as_ref().and_then(|reply| reply.malformed);
    let word = exchange.status_word();
    let exchange = ExchangeJson {
        name: exchange.name.to_string(),
        rtype: exchange.rtype.to_string(),
        class: exchange.class.to_string(),
        message: reply.as_ref().map(|reply| MessageJson::new(&reply.message, word)),
        status: word.filter(|_| reply.is_none()),
        malformed: malformed.map(|error| error.to_string()),
        error: word.map(|_| reason(exchange)),
        answer: reply.as_ref().map(|reply| AnsweredJson {
            server: exchange.server(reply.attempt),
            transport: reply.attempt.transport.as_str(),
            rtt_us: reply.answer.map_or(0, |answer| answer.rtt.as_micros() as u64),
            size: reply.message.octets().len(),
        }),
        attempts: exchange.attempts.len(),
        attempt_log: log.collect(),
        unmatched: unmatched.collect(),
    };
    json::write(&exchange, out);
    out.push(b'\n');
}

#[derive(Serialize)]
struct ExchangeJson {
    name: String,
    #[serde(rename = "type")]
    rtype: String,
    class: String,
    #[serde(flatten)]
    message: Option<MessageJson>,
    /// That of an exchange without a message, which has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    malformed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(flatten)]
    answer: Option<AnsweredJson>,
    attempts: usize,
    attempt_log: Vec<AttemptJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unmatched: Vec<UnmatchedJson>,
}

/// Who answered, and how.
#[derive(Serialize)]
struct AnsweredJson {
    server: String,
    transport: &'static str,
    rtt_us: u64,
    size: usize,
}

/// That there is no response, and why, as far as that is known.
pub fn no_response(exchange: &QueryResult) -> String {
    let reason = reason(exchange);
    if reason.starts_with("no response") { reason } else { format!("no response: {reason}") }
}

/// Why there is no answer, or not the whole of it, in words.
pub fn reason(exchange: &QueryResult) -> String {
    if let Some(error) = exchange.reply().and_then(|reply| reply.malformed)
        && !exchange.truncated
    {
        return format!("the response is malformed: {error}");
    }
    let attempts: Vec<Attempt> = exchange.attempts.iter().map(|(attempt, _)| *attempt).collect();
    let mut text = Vec::new();
    write_reason(&attempts, exchange.truncated, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

fn write_when(exchange: &QueryResult, out: &mut Vec<u8>) {
    out.extend_from_slice(format!(";; WHEN: {}\n", rfc3339_of(exchange.started)).as_bytes());
}

fn became(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Waiting => "still waiting".into(),
        Outcome::Answered(answer) => facts("answered", answer),
        Outcome::Late(answer) => facts("answered late", answer),
        Outcome::TimedOut => "timed out".into(),
        Outcome::Unreachable(error) if error.icmp_type != 0 => format!(
            "unreachable ({}; ICMP type {}, code {})",
            system_error(error.errno),
            error.icmp_type,
            error.icmp_code
        ),
        Outcome::Unreachable(error) => format!("unreachable ({})", system_error(error.errno)),
        Outcome::NotSent(errno) => format!("not sent ({})", system_error(*errno)),
        Outcome::StreamFailed(failure) => {
            let clause = stream_cause_clause(failure.cause);
            match failure.errno {
                0 => clause.into(),
                errno => format!("{clause} ({})", system_error(errno)),
            }
        }
        Outcome::Abandoned => "abandoned".into(),
    }
}

fn facts(what: &str, answer: &Answer) -> String {
    let (millis, rcode, size) = (millis(answer), answer.rcode, answer.size);
    let truncated = if answer.flags.contains(Flags::TC) { ", truncated" } else { "" };
    let malformed = if answer.malformed { ", malformed" } else { "" };
    format!("{what} in {millis} ms, {rcode}, {size} octets{truncated}{malformed}")
}

fn millis(answer: &Answer) -> String {
    let micros = answer.rtt.as_micros();
    format!("{}.{:03}", micros / 1000, micros % 1000)
}

fn system_error(errno: i32) -> String {
    std::io::Error::from_raw_os_error(errno).to_string()
}

fn line(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
    out.push(b'\n');
}
