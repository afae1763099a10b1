//! From an exchange to its lines, in the format that is wanted.

use super::context::Context;
use super::csv::{self, Cells, Rows};
use super::format::Format;
use super::question::{Conclusion, Invalid, Settled};
use super::status::Status;
use super::view::View;
use super::{jsonl, massdns, text, zdns};
use crate::engine::{Attempt, Ending, Finished, Response, ServerId, Unmatched};
use crate::wire::{HEADER_LEN, Message};

/// Messages that were not taken for answers and stand in one line.
const MOST_UNMATCHED: usize = 8;

/// Turns finished exchanges into lines.
pub struct Renderer {
    format: Format,
    context: Context,
    zdns: zdns::State,
    csv: Rows,
    /// An answer whose question got its case back.
    restored: Vec<u8>,
    /// The attempts of a settled question, each with the number of its exchange as its server.
    attempts: Vec<Attempt>,
    /// What came in the exchanges of a settled question and was not taken for an answer.
    unmatched: Vec<Unmatched>,
}

impl Renderer {
    /// A renderer for one format.
    pub fn new(format: Format, context: Context) -> Self {
        let cells = if format == Format::CsvSafe { Cells::Safe } else { Cells::Exact };
        Self {
            format,
            context,
            zdns: zdns::State::default(),
            csv: Rows::new(cells),
            restored: Vec::new(),
            attempts: Vec::new(),
            unmatched: Vec::new(),
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
        if let Ending::Answered { response, attempt } | Ending::Truncated { response, attempt } =
            finished.end
        {
            let mut restored = std::mem::take(&mut self.restored);
            let response = restore_case(finished.name, response, &mut restored);
            let end = match finished.end {
                Ending::Truncated { .. } => Ending::Truncated { response, attempt },
                _ => Ending::Answered { response, attempt },
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
        let mut unmatched = std::mem::take(&mut self.unmatched);
        attempts.clear();
        unmatched.clear();
        self.context.clear_servers();
        for (number, asked) in settled.exchanges.iter().enumerate() {
            self.context.push_server(asked.query.server);
            let server = ServerId(number as u32);
            let before = attempts.len() as u16;
            let room = MOST_UNMATCHED.saturating_sub(unmatched.len());
            unmatched.extend(asked.unmatched.iter().take(room).map(|it| Unmatched {
                attempt: it.attempt.map(|attempt| attempt.saturating_add(before)),
                ..*it
            }));
            attempts.extend(asked.attempts.iter().map(|attempt| Attempt { server, ..*attempt }));
        }
        let end = match settled.end {
            Conclusion::Answered(response) => {
                Conclusion::Answered(restore_case(settled.name, response, &mut restored))
            }
            end @ Conclusion::Unresolved { .. } => end,
        };
        let view = View::settled(&Settled { end, ..*settled }, &attempts, &unmatched);
        let status = self.render_as_is(&view, out);
        self.restored = restored;
        self.attempts = attempts;
        self.unmatched = unmatched;
        status
    }

    #[inline]
    fn render_as_is(&mut self, view: &View<'_>, out: &mut Vec<u8>) -> Status {
        match self.format {
            Format::Jsonl => jsonl::render(&self.context, view, out),
            Format::Csv | Format::CsvSafe => self.csv.render(&self.context, view, out),
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
            Format::Csv | Format::CsvSafe => self.csv.render_invalid(invalid, out),
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
