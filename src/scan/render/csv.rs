//! Comma-separated values (RFC 4180): the columns of the question, then those of one answer
//! record. A question without answer records has one row, its record columns empty. `error` says why
//! the status is no response code, and `rcode` is the one of a message whose status is another word.

use super::context::Context;
use super::question::Invalid;
use super::view::{View, data_records};
use super::words::{push_class, push_data, push_rcode, push_type};
use crate::wire::{Record, write_decimal, write_labels, write_padded};

pub(super) const HEADER: &[u8] =
    b"name,type,class,status,server,transport,rtt_us,attempts,flags,rr_name,rr_ttl,rr_class,rr_type,rr_data,error,rcode\r\n";

/// What cells hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cells {
    /// What the DNS has.
    Exact,
    /// The same, with an apostrophe before what spreadsheets take for a formula. Everything else that
    /// they may (tabs, line ends) is never written as it is.
    Safe,
}

/// Writes rows.
pub(super) struct Rows {
    cells: Cells,
    /// Knows which octets a cell must be quoted for (RFC 4180 §2).
    rules: csv_core::Writer,
    /// A cell while it is put in quotes.
    plain: Vec<u8>,
}

impl Rows {
    pub(super) fn new(cells: Cells) -> Self {
        Self { cells, rules: csv_core::Writer::new(), plain: Vec::new() }
    }

    pub(super) fn render(&mut self, context: &Context, view: &View<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        self.write_question(context, view, out);
        let question = start..out.len();
        let mut rows = 0;
        let records = view.reply.iter().flat_map(|reply| data_records(reply.message.answers()));
        for record in records {
            if rows > 0 {
                out.extend_from_within(question.clone());
            }
            self.write_record(&record, out);
            self.write_error(view, out);
            rows += 1;
        }
        if rows == 0 {
            out.extend_from_slice(b",,,,,");
            self.write_error(view, out);
        }
    }

    pub(super) fn render_invalid(&mut self, invalid: &Invalid<'_>, out: &mut Vec<u8>) {
        self.cell(out, |out| {
            for &octet in invalid.text {
                match octet {
                    b' '..=b'~' => out.push(octet),
                    _ => {
                        out.push(b'\\');
                        write_padded(octet.into(), 3, out);
                    }
                }
            }
        });
        out.push(b',');
        push_type(invalid.rtype, out);
        out.push(b',');
        push_class(invalid.class, out);
        out.extend_from_slice(b",INVALID,,,,0,,,,,,,");
        self.cell(out, |out| {
            out.extend_from_slice(invalid.reason().as_bytes());
        });
        out.extend_from_slice(b",\r\n");
    }

    fn write_question(&mut self, context: &Context, view: &View<'_>, out: &mut Vec<u8>) {
        self.cell(out, |out| view.write_name(out));
        out.push(b',');
        push_type(view.rtype, out);
        out.push(b',');
        push_class(view.class, out);
        out.push(b',');
        view.write_status(out);
        out.push(b',');
        if let Some(reply) = &view.reply
            && let Some(attempt) = reply.attempt
        {
            out.extend_from_slice(context.server(attempt).as_bytes());
            out.push(b',');
            out.extend_from_slice(attempt.transport.as_str().as_bytes());
            out.push(b',');
            write_decimal(reply.rtt_us(), out);
        } else {
            out.extend_from_slice(b",,");
        }
        out.push(b',');
        write_decimal(view.attempts.len() as u64, out);
        out.push(b',');
        if let Some(reply) = &view.reply {
            for (i, name) in reply.flags().names().enumerate() {
                if i > 0 {
                    out.push(b' ');
                }
                out.extend_from_slice(name.as_bytes());
            }
        }
    }

    fn write_record(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        out.push(b',');
        self.cell(out, |out| write_labels(record.name.labels(), out));
        out.push(b',');
        write_decimal(record.ttl_seconds(), out);
        out.push(b',');
        push_class(record.class, out);
        out.push(b',');
        push_type(record.rtype, out);
        out.push(b',');
        self.cell(out, |out| push_data(record, out));
    }

    fn write_error(&mut self, view: &View<'_>, out: &mut Vec<u8>) {
        out.push(b',');
        if view.has_error() {
            self.cell(out, |out| view.write_error(out));
        }
        out.push(b',');
        if let Some(rcode) = view.hidden_rcode() {
            push_rcode(rcode, out);
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Appends what `write` writes, in quotes if it needs them. Few do: so it is written where it
    /// belongs, and moved only then.
    fn cell(&mut self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        let start = out.len();
        write(out);
        if self.cells == Cells::Safe && matches!(out.get(start), Some(b'=' | b'+' | b'-' | b'@')) {
            out.insert(start, b'\'');
        }
        if self.rules.should_quote(&out[start..]) {
            self.plain.clear();
            self.plain.extend_from_slice(&out[start..]);
            // Octets that are all quotes take twice their room.
            out.resize(start + 1 + 2 * self.plain.len(), b'"');
            let (_, _, len) = csv_core::quote(&self.plain, &mut out[start + 1..], b'"', b'"', true);
            out.truncate(start + 1 + len);
            out[start] = b'"';
            out.push(b'"');
        }
    }
}
