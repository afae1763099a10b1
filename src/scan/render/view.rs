//! What all formats show of a question.

use std::io::Write as _;

use super::question::{Conclusion, Settled};
use super::status::Status;
use super::words::push_rcode;
use crate::engine::{Answer, Attempt, Ending, Failure, Finished, Response, Time, Unmatched};
use crate::report::reason::write_reason;
use crate::walk::ResolutionExchange;
use crate::wire::{
    Class, Flags, Message, Name, ParseError, Rcode, Record, RecordType, write_labels,
};

/// A question and what became of it, with everything looked up that all formats need.
pub(super) struct View<'a> {
    pub(super) name: &'a [u8],
    pub(super) rtype: RecordType,
    pub(super) class: Class,
    pub(super) attempts: &'a [Attempt],
    pub(super) status: Status,
    pub(super) reply: Option<Reply<'a>>,
    /// Why there is no answer, where that does not follow from the attempts.
    pub(super) error: Option<&'a str>,
    /// The exchanges that the attempts belong to, by the number of their server; none if all belong
    /// to the question itself.
    pub(super) exchanges: &'a [ResolutionExchange],
    /// What came and was not taken for an answer.
    pub(super) unmatched: &'a [Unmatched],
    /// When it ended, if no attempt tells.
    pub(super) at: Time,
}

pub(super) struct Reply<'a> {
    pub(super) message: Message<'a>,
    /// Where the message is malformed.
    pub(super) malformed: Option<ParseError>,
    /// The attempt that it answers; `None` if nobody had to be asked.
    pub(super) attempt: Option<&'a Attempt>,
    pub(super) answer: Option<Answer>,
}

impl<'a> View<'a> {
    #[inline]
    pub(super) fn new(finished: &Finished<'a>) -> Option<Self> {
        let (status, reply) = match finished.end {
            Ending::Answered { response, attempt } => {
                let reply = Reply::new(response, Some(finished.attempts.get(attempt)?));
                (reply.status(), Some(reply))
            }
            Ending::Truncated { response, attempt } => {
                let reply = Reply::new(response, Some(finished.attempts.get(attempt)?));
                (Status::Truncated, Some(reply))
            }
            Ending::Failed(Failure::TimedOut) => (Status::Timeout, None),
            Ending::Failed(Failure::Unreachable) => (Status::Unreachable, None),
            Ending::Failed(Failure::Cancelled) => return None,
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

    pub(super) fn settled(
        settled: &Settled<'a>,
        attempts: &'a [Attempt],
        unmatched: &'a [Unmatched],
    ) -> Self {
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
            unmatched,
            at: settled.at,
        }
    }

    /// When the answer came, or, without one, when the last attempt was sent.
    pub(super) fn last_event(&self) -> Time {
        let received = self.reply.as_ref().and_then(Reply::received);
        received.or(self.attempts.last().map(|last| last.sent)).unwrap_or(self.at)
    }

    /// The labels of the question.
    pub(super) fn write_name(&self, out: &mut Vec<u8>) {
        if let Ok((name, _)) = Name::parse_uncompressed(self.name, 0) {
            write_labels(name.labels(), out);
        }
    }

    pub(super) fn write_status(&self, out: &mut Vec<u8>) {
        match self.status.word() {
            Ok(rcode) => push_rcode(rcode, out),
            Err(word) => out.extend_from_slice(word.as_str().as_bytes()),
        }
    }

    /// The response code of a message whose status is another word.
    pub(super) fn hidden_rcode(&self) -> Option<Rcode> {
        let reply = self.reply.as_ref().filter(|_| !matches!(self.status, Status::Rcode(_)))?;
        Some(reply.rcode())
    }

    /// Whether there is something to be said by [`View::write_error`]: wherever the status is no
    /// response code.
    pub(super) fn has_error(&self) -> bool {
        self.error.is_some() || !matches!(self.status, Status::Rcode(_))
    }

    /// Appends why there is no answer.
    pub(super) fn write_error(&self, out: &mut Vec<u8>) {
        let malformed = self.reply.as_ref().and_then(|reply| reply.malformed);
        match (self.error, malformed) {
            (Some(error), _) => out.extend_from_slice(error.as_bytes()),
            (None, Some(error)) if self.status == Status::Malformed => {
                // Nothing that is written to memory fails.
                let _ = write!(out, "the response is malformed: {error}");
            }
            (None, _) => write_reason(self.attempts, self.status == Status::Truncated, out),
        }
    }
}

impl<'a> Reply<'a> {
    #[inline]
    pub(super) fn new(response: Response<'a>, attempt: Option<&'a Attempt>) -> Self {
        let answer = attempt.and_then(Attempt::answer);
        Self { message: response.message, malformed: response.malformed, attempt, answer }
    }

    pub(super) fn status(&self) -> Status {
        match self.malformed {
            Some(_) => Status::Malformed,
            None => Status::Rcode(self.rcode()),
        }
    }

    pub(super) fn received(&self) -> Option<Time> {
        let sent = self.attempt?.sent;
        Some(self.answer.map_or(sent, |answer| sent + answer.rtt))
    }

    pub(super) fn rtt_us(&self) -> u64 {
        self.answer.map_or(0, |answer| answer.rtt.as_micros() as u64)
    }

    pub(super) fn rcode(&self) -> Rcode {
        self.answer.map_or_else(|| self.message.rcode(), |answer| answer.rcode)
    }

    pub(super) fn flags(&self) -> Flags {
        self.message.flags()
    }
}

/// The records of a section without the pseudo-record OPT (RFC 6891 §6.1.1), which is no data.
pub(super) fn data_records<'a>(
    records: impl Iterator<Item = Record<'a>>,
) -> impl Iterator<Item = Record<'a>> {
    records.filter(|record| record.rtype != RecordType::OPT)
}
