//! Comma-separated values (RFC 4180): the columns of the question, then those of one answer
//! record. A question without answer records has one row, its record columns empty. `error` says why
//! the status is no response code, and `rcode` is the one of a message whose status is another word.

use super::context::Context;
use super::question::Invalid;
use super::view::{View, data_records};
use super::words::{push_class, push_data, push_rcode, push_type};
use crate::wire::{Record, write_decimal, write_labels};

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

pub(super) fn render(context: &Context, view: &View<'_>, cells: Cells, out: &mut Vec<u8>) {
    let start = out.len();
    write_question(context, view, cells, out);
    let question = start..out.len();
    let mut rows = 0;
    let records = view.reply.iter().flat_map(|reply| data_records(reply.message.answers()));
    for record in records {
        if rows > 0 {
            out.extend_from_within(question.clone());
        }
        write_record(&record, cells, out);
        write_error(view, cells, out);
        rows += 1;
    }
    if rows == 0 {
        out.extend_from_slice(b",,,,,");
        write_error(view, cells, out);
    }
}

pub(super) fn render_invalid(invalid: &Invalid<'_>, cells: Cells, out: &mut Vec<u8>) {
    field(cells, out, |out| {
        for &octet in invalid.text {
            match octet {
                b' '..=b'~' => out.push(octet),
                _ => out.extend_from_slice(format!("\\{octet:03}").as_bytes()),
            }
        }
    });
    out.push(b',');
    push_type(invalid.rtype, out);
    out.push(b',');
    push_class(invalid.class, out);
    out.extend_from_slice(b",INVALID,,,,0,,,,,,,");
    field(cells, out, |out| {
        out.extend_from_slice(invalid.reason().as_bytes());
    });
    out.extend_from_slice(b",\r\n");
}

fn write_question(context: &Context, view: &View<'_>, cells: Cells, out: &mut Vec<u8>) {
    field(cells, out, |out| view.write_name(out));
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

fn write_record(record: &Record<'_>, cells: Cells, out: &mut Vec<u8>) {
    out.push(b',');
    field(cells, out, |out| write_labels(record.name.labels(), out));
    out.push(b',');
    write_decimal(record.ttl_seconds(), out);
    out.push(b',');
    push_class(record.class, out);
    out.push(b',');
    push_type(record.rtype, out);
    out.push(b',');
    field(cells, out, |out| push_data(record, out));
}

fn write_error(view: &View<'_>, cells: Cells, out: &mut Vec<u8>) {
    out.push(b',');
    if view.has_error() {
        field(cells, out, |out| view.write_error(out));
    }
    out.push(b',');
    if let Some(rcode) = view.hidden_rcode() {
        push_rcode(rcode, out);
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends what `write` writes, in quotes if it needs them (RFC 4180 §2).
fn field(cells: Cells, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    write(out);
    if cells == Cells::Safe && matches!(out.get(start), Some(b'=' | b'+' | b'-' | b'@')) {
        out.insert(start, b'\'');
    }
    if out[start..].iter().any(|octet| matches!(octet, b',' | b'"' | b'\r' | b'\n')) {
        let plain = out.split_off(start);
        out.push(b'"');
        for octet in plain {
            if octet == b'"' {
                out.push(b'"');
            }
            out.push(octet);
        }
        out.push(b'"');
    }
}
