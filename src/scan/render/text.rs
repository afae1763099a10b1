//! Text for people: answer records as in a zone file, everything else as a comment, the records of a
//! malformed answer included.

use super::context::Context;
use super::question::Invalid;
use super::status::Status;
use super::view::{View, data_records};
use super::words::{push_class, push_data, push_rcode, push_type};
use crate::wire::{Rcode, write_decimal, write_labels};

pub(super) fn render(context: &Context, view: &View<'_>, out: &mut Vec<u8>) {
    let mut records = 0;
    if let Some(reply) = &view.reply {
        for record in data_records(reply.message.answers()) {
            if view.status == Status::Malformed {
                out.extend_from_slice(b"; ");
            }
            write_labels(record.name.labels(), out);
            out.push(b'\t');
            write_decimal(record.ttl_seconds(), out);
            out.push(b'\t');
            push_class(record.class, out);
            out.push(b'\t');
            push_type(record.rtype, out);
            out.push(b'\t');
            push_data(&record, out);
            out.push(b'\n');
            records += 1;
        }
    }
    let fine = Status::Rcode(Rcode::NOERROR);
    if records > 0 && view.status == fine {
        return;
    }
    out.extend_from_slice(b"; ");
    view.write_name(out);
    out.push(b'\t');
    push_class(view.class, out);
    out.push(b'\t');
    push_type(view.rtype, out);
    out.push(b'\t');
    if view.status == fine && records == 0 {
        out.extend_from_slice(b"no such record (NOERROR)");
    } else {
        view.write_status(out);
    }
    if let Some(rcode) = view.hidden_rcode() {
        out.extend_from_slice(b" (");
        push_rcode(rcode, out);
        out.push(b')');
    }
    if let Some(attempt) = view.reply.as_ref().and_then(|reply| reply.attempt) {
        out.extend_from_slice(b" from ");
        out.extend_from_slice(context.server(attempt).as_bytes());
    }
    let attempts = view.attempts.len();
    if attempts > 1 {
        out.extend_from_slice(format!(" after {attempts} attempts").as_bytes());
    }
    if view.has_error() {
        out.extend_from_slice(b": ");
        view.write_error(out);
    }
    out.push(b'\n');
}

pub(super) fn render_invalid(invalid: &Invalid<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"; INVALID line ");
    write_decimal(invalid.line, out);
    out.extend_from_slice(b": ");
    out.extend(invalid.error.bytes().map(|octet| if octet.is_ascii() { octet } else { b'?' }));
    out.push(b'\n');
}
