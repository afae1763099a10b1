//! Finished exchanges as lines of output, in five formats.
//!
//! A [`Renderer`] appends to a buffer of the caller's, allocates nothing for an ordinary answer,
//! and only ever writes printable ASCII and line ends.

mod csv;
mod jsonl;
mod massdns;
mod text;
mod zdns;

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use self::csv::Cells;
use crate::engine::{Answer, Attempt, End, Failure, Finished, Response, ServerId, Time, Unmatched};
use crate::report::json::{Plain, plain};
use crate::report::reason::write_reason;
use crate::walk::Asked;
use crate::wire::{
    Class, Flags, HEADER_LEN, Message, Name, ParseError, Rcode, Record, RecordType, write_decimal,
    write_generic_rdata, write_labels,
};

/// The formats of scan output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line; the contract is in `schemas/scan-line.schema.json`.
    Jsonl,
    /// RFC 4180, one row for each answer record.
    Csv,
    /// The same, with an apostrophe before cells that spreadsheets would take for formulas.
    CsvSafe,
    /// One readable line for each answer record, in the manner of a zone file.
    Text,
    /// The lines of `massdns -o Je`.
    Massdns,
    /// The result lines of zdns in its "long" verbosity.
    Zdns,
}

/// What a renderer has to know besides the exchange itself.
#[derive(Debug, Clone)]
pub struct Context {
    servers: Vec<SocketAddr>,
    /// The same as text, made once.
    server_texts: Vec<String>,
    epoch_nanos: u64,
    attempt_log: bool,
}

impl Context {
    /// `servers` in the order of their [`crate::engine::ServerId`]; `now` and `time_of_day` are the same moment on the engine's clock and on the wall's.
    pub fn new(
        servers: &[SocketAddr],
        now: Time,
        time_of_day: SystemTime,
        attempt_log: bool,
    ) -> Self {
        let wall = time_of_day.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            servers: servers.to_vec(),
            server_texts: servers.iter().map(ToString::to_string).collect(),
            epoch_nanos: (wall.as_nanos() as u64).saturating_sub(now.as_nanos()),
            attempt_log,
        }
    }

    fn clear_servers(&mut self) {
        self.servers.clear();
        self.server_texts.clear();
    }

    fn push_server(&mut self, server: SocketAddr) {
        self.servers.push(server);
        self.server_texts.push(server.to_string());
    }

    fn server(&self, attempt: &Attempt) -> &str {
        self.server_texts.get(attempt.server.0 as usize).map_or("", String::as_str)
    }

    fn address(&self, attempt: &Attempt) -> SocketAddr {
        let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
        self.servers.get(attempt.server.0 as usize).copied().unwrap_or(unknown)
    }

    /// A point of engine time in nanoseconds since the Unix epoch.
    fn unix_nanos(&self, time: Time) -> u64 {
        self.epoch_nanos.saturating_add(time.as_nanos())
    }
}

/// Turns finished exchanges into lines.
pub struct Renderer {
    format: Format,
    context: Context,
    zdns: zdns::State,
    /// An answer whose question got its case back.
    restored: Vec<u8>,
    /// The attempts of a settled question, each with the number of its exchange as its server.
    attempts: Vec<Attempt>,
}

/// A line of input that cannot be asked.
#[derive(Debug, Clone, Copy)]
pub struct Invalid<'a> {
    /// Its place in the input, counted from 1.
    pub line: u64,
    /// Its text, cut to a sane length.
    pub text: &'a [u8],
    /// Why it cannot be asked.
    pub error: &'a str,
    /// The type it would have been asked for.
    pub rtype: RecordType,
    /// The class it would have been asked in.
    pub class: Class,
}

/// What became of a question that was put to authoritative servers, from the root on.
#[derive(Debug, Clone, Copy)]
pub struct Settled<'a> {
    /// QNAME in uncompressed wire form, as it was given.
    pub name: &'a [u8],
    /// QTYPE; the class is IN.
    pub rtype: RecordType,
    /// What was asked for it.
    pub exchanges: &'a [Asked],
    /// How it ended.
    pub end: Conclusion<'a>,
    /// When, on the engine's clock.
    pub at: Time,
}

/// How a question ended that was put to authoritative servers.
#[derive(Debug, Clone, Copy)]
pub enum Conclusion<'a> {
    /// A message has the answer: one that was received, or one made of what was known.
    Answered(Response<'a>),
    /// There is no answer.
    Unresolved {
        /// What a resolver would say, in one word.
        status: Status,
        /// Why, in one sentence.
        error: &'a str,
    },
}

/// A question and what became of it, with everything looked up that all formats need.
struct View<'a> {
    name: &'a [u8],
    rtype: RecordType,
    class: Class,
    attempts: &'a [Attempt],
    status: Status,
    reply: Option<Reply<'a>>,
    /// Why there is no answer, where that does not follow from the attempts.
    error: Option<&'a str>,
    /// The exchanges that the attempts belong to, by the number of their server; none if all belong
    /// to the question itself.
    exchanges: &'a [Asked],
    /// What came and was not taken for an answer; not known of the steps of an iterative scan.
    unmatched: &'a [Unmatched],
    /// When it ended, if no attempt tells.
    at: Time,
}

struct Reply<'a> {
    message: Message<'a>,
    /// Where the message is malformed.
    malformed: Option<ParseError>,
    /// The attempt that it answers; `None` if nobody had to be asked.
    attempt: Option<&'a Attempt>,
    answer: Option<Answer>,
}

/// What became of a question, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It was answered, with this response code.
    Rcode(Rcode),
    /// It was answered, and the answer is malformed.
    Malformed,
    /// No answer came.
    Timeout,
    /// No message could be delivered.
    Unreachable,
    /// A truncated answer came over UDP, and none over TCP.
    Truncated,
}

impl Status {
    /// The response code or another word.
    fn word(self) -> Result<Rcode, Plain> {
        Err(match self {
            Self::Rcode(rcode) => return Ok(rcode),
            Self::Malformed => plain!("MALFORMED"),
            Self::Timeout => plain!("TIMEOUT"),
            Self::Unreachable => plain!("UNREACHABLE"),
            Self::Truncated => plain!("TRUNCATED"),
        })
    }
}

impl Invalid<'_> {
    fn reason(&self) -> String {
        format!("line {}: {}", self.line, self.error)
    }
}

impl Renderer {
    /// A renderer for one format.
    pub fn new(format: Format, context: Context) -> Self {
        Self {
            format,
            context,
            zdns: zdns::State::default(),
            restored: Vec::new(),
            attempts: Vec::new(),
        }
    }

    /// What stands before the first line.
    pub fn header(format: Format) -> &'static [u8] {
        match format {
            Format::Csv | Format::CsvSafe => csv::HEADER,
            _ => b"",
        }
    }

    /// Appends the line or lines of an exchange, and gives its status. A cancelled exchange has no
    /// line.
    #[inline]
    pub fn render(&mut self, finished: &Finished<'_>, out: &mut Vec<u8>) -> Option<Status> {
        if let End::Answered { response, attempt } | End::Truncated { response, attempt } =
            finished.end
        {
            let mut restored = std::mem::take(&mut self.restored);
            let response = restore_case(finished.name, response, &mut restored);
            let end = match finished.end {
                End::Truncated { .. } => End::Truncated { response, attempt },
                _ => End::Answered { response, attempt },
            };
            let view = View::new(&Finished { end, ..*finished });
            let status = view.map(|view| self.render_as_is(&view, out));
            self.restored = restored;
            return status;
        }
        Some(self.render_as_is(&View::new(finished)?, out))
    }

    /// Appends the line or lines of a question that was put to authoritative servers, and gives its
    /// status.
    pub fn render_settled(&mut self, settled: &Settled<'_>, out: &mut Vec<u8>) -> Status {
        let mut restored = std::mem::take(&mut self.restored);
        let mut attempts = std::mem::take(&mut self.attempts);
        attempts.clear();
        self.context.clear_servers();
        for (number, asked) in settled.exchanges.iter().enumerate() {
            self.context.push_server(asked.question.server);
            let server = ServerId(number as u32);
            attempts.extend(asked.attempts.iter().map(|attempt| Attempt { server, ..*attempt }));
        }
        let end = match settled.end {
            Conclusion::Answered(response) => {
                Conclusion::Answered(restore_case(settled.name, response, &mut restored))
            }
            end @ Conclusion::Unresolved { .. } => end,
        };
        let view = View::settled(&Settled { end, ..*settled }, &attempts);
        let status = self.render_as_is(&view, out);
        self.restored = restored;
        self.attempts = attempts;
        status
    }

    #[inline]
    fn render_as_is(&mut self, view: &View<'_>, out: &mut Vec<u8>) -> Status {
        match self.format {
            Format::Jsonl => jsonl::render(&self.context, view, out),
            Format::Csv => csv::render(&self.context, view, Cells::Exact, out),
            Format::CsvSafe => csv::render(&self.context, view, Cells::Safe, out),
            Format::Text => text::render(&self.context, view, out),
            Format::Massdns => massdns::render(&self.context, view, out),
            Format::Zdns => self.zdns.render(&self.context, view, out),
        }
        view.status
    }

    /// Appends the line of an input line that cannot be asked.
    pub fn render_invalid(&mut self, invalid: &Invalid<'_>, out: &mut Vec<u8>) {
        match self.format {
            Format::Jsonl => jsonl::render_invalid(invalid, out),
            Format::Csv => csv::render_invalid(invalid, Cells::Exact, out),
            Format::CsvSafe => csv::render_invalid(invalid, Cells::Safe, out),
            Format::Text => text::render_invalid(invalid, out),
            Format::Massdns => massdns::render_invalid(invalid, out),
            Format::Zdns => zdns::render_invalid(invalid, out),
        }
    }
}

/// Names are shown as they were given, not with the case that 0x20 asked them in; the names of the
/// records mostly point to the question. `restored` has room for a message that has to be changed.
#[inline]
fn restore_case<'a>(
    name: &[u8],
    response: Response<'a>,
    restored: &'a mut Vec<u8>,
) -> Response<'a> {
    let place = HEADER_LEN..HEADER_LEN + name.len();
    if let Some(question) = response.octets().get(place.clone())
        && question != name
        && question.eq_ignore_ascii_case(name)
    {
        restored.clear();
        restored.extend_from_slice(response.octets());
        restored[place].copy_from_slice(name);
        // Only letters of the question have changed, so what was found wrong before still is.
        let Ok((message, _)) = Message::parse_prefix(restored) else { return response };
        return Response { message, ..response };
    }
    response
}

impl<'a> View<'a> {
    #[inline]
    fn new(finished: &Finished<'a>) -> Option<Self> {
        let (status, reply) = match finished.end {
            End::Answered { response, attempt } => {
                let reply = Reply::new(response, Some(finished.attempts.get(attempt)?));
                (reply.status(), Some(reply))
            }
            End::Truncated { response, attempt } => {
                let reply = Reply::new(response, Some(finished.attempts.get(attempt)?));
                (Status::Truncated, Some(reply))
            }
            End::Failed(Failure::TimedOut) => (Status::Timeout, None),
            End::Failed(Failure::Unreachable) => (Status::Unreachable, None),
            End::Failed(Failure::Cancelled) => return None,
        };
        Some(Self {
            name: finished.name,
            rtype: finished.rtype,
            class: finished.class,
            attempts: finished.attempts,
            status,
            reply,
            error: None,
            exchanges: &[],
            unmatched: finished.unmatched,
            at: Time::ZERO,
        })
    }

    fn settled(settled: &Settled<'a>, attempts: &'a [Attempt]) -> Self {
        let (status, reply, error) = match settled.end {
            Conclusion::Answered(response) => {
                let last = attempts.iter().rfind(|attempt| attempt.answer().is_some());
                let reply = Reply::new(response, last);
                (reply.status(), Some(reply), None)
            }
            Conclusion::Unresolved { status, error } => (status, None, Some(error)),
        };
        Self {
            name: settled.name,
            rtype: settled.rtype,
            class: Class::IN,
            attempts,
            status,
            reply,
            error,
            exchanges: settled.exchanges,
            unmatched: &[],
            at: settled.at,
        }
    }

    /// When the answer came, or, without one, when the last attempt was sent.
    fn last_event(&self) -> Time {
        let received = self.reply.as_ref().and_then(Reply::received);
        received.or(self.attempts.last().map(|last| last.sent)).unwrap_or(self.at)
    }

    /// The labels of the question.
    fn write_name(&self, out: &mut Vec<u8>) {
        if let Ok((name, _)) = Name::parse_uncompressed(self.name, 0) {
            write_labels(name.labels(), out);
        }
    }

    fn write_status(&self, out: &mut Vec<u8>) {
        match self.status.word() {
            Ok(rcode) => push_rcode(rcode, out),
            Err(word) => out.extend_from_slice(word.as_str().as_bytes()),
        }
    }

    /// The response code of a message whose status is another word.
    fn hidden_rcode(&self) -> Option<Rcode> {
        let reply = self.reply.as_ref().filter(|_| !matches!(self.status, Status::Rcode(_)))?;
        Some(reply.rcode())
    }

    /// Whether there is something to be said by [`View::write_error`]: wherever the status is no
    /// response code.
    fn has_error(&self) -> bool {
        self.error.is_some() || !matches!(self.status, Status::Rcode(_))
    }

    /// Appends why there is no answer.
    fn write_error(&self, out: &mut Vec<u8>) {
        let malformed = self.reply.as_ref().and_then(|reply| reply.malformed);
        match (self.error, malformed) {
            (Some(error), _) => out.extend_from_slice(error.as_bytes()),
            (None, Some(error)) if self.status == Status::Malformed => {
                // Nothing that is written to memory fails.
                let _ = write!(out, "the answer is malformed: {error}");
            }
            (None, _) => write_reason(self.attempts, self.status == Status::Truncated, out),
        }
    }
}

impl<'a> Reply<'a> {
    #[inline]
    fn new(response: Response<'a>, attempt: Option<&'a Attempt>) -> Self {
        let answer = attempt.and_then(Attempt::answer);
        Self { message: response.message, malformed: response.malformed, attempt, answer }
    }

    fn status(&self) -> Status {
        match self.malformed {
            Some(_) => Status::Malformed,
            None => Status::Rcode(self.rcode()),
        }
    }

    fn received(&self) -> Option<Time> {
        let sent = self.attempt?.sent;
        Some(self.answer.map_or(sent, |answer| sent + answer.rtt))
    }

    fn rtt_us(&self) -> u64 {
        self.answer.map_or(0, |answer| answer.rtt.as_micros() as u64)
    }

    fn rcode(&self) -> Rcode {
        self.answer.map_or_else(|| self.message.rcode(), |answer| answer.rcode)
    }

    fn flags(&self) -> Flags {
        self.message.flags()
    }
}

fn push_rcode(rcode: Rcode, out: &mut Vec<u8>) {
    push_mnemonic(rcode.mnemonic(), "RCODE", rcode.0, out);
}

fn push_type(rtype: RecordType, out: &mut Vec<u8>) {
    push_mnemonic(rtype.mnemonic(), "TYPE", rtype.0, out);
}

fn push_class(class: Class, out: &mut Vec<u8>) {
    push_mnemonic(class.mnemonic(), "CLASS", class.0, out);
}

fn push_mnemonic(mnemonic: Option<&str>, generic: &str, value: u16, out: &mut Vec<u8>) {
    if let Some(mnemonic) = mnemonic {
        out.extend_from_slice(mnemonic.as_bytes());
    } else {
        out.extend_from_slice(generic.as_bytes());
        write_decimal(value, out);
    }
}

/// Appends the presentation format of the RDATA, or, if it is malformed, its octets in the
/// generic form of RFC 3597 §5.
fn push_data(record: &Record<'_>, out: &mut Vec<u8>) {
    if record.write_data(out).is_ok() {
        return;
    }
    write_generic_rdata(record.rdata(), out);
}

/// The records of a section without the pseudo-record OPT (RFC 6891 §6.1.1), which is no data.
fn data_records<'a>(records: impl Iterator<Item = Record<'a>>) -> impl Iterator<Item = Record<'a>> {
    records.filter(|record| record.rtype != RecordType::OPT)
}
