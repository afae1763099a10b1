//! JSON lines, by the contract in `schemas/scan-line.schema.json`.

use std::ops::Range;

use super::{Context, Invalid, Reply, View, data_records, push_rcode};
use crate::engine::Transport;
use crate::report::attempts::write_attempt_json;
use crate::report::json::{
    RecordWriter, write_class_json, write_flags_json, write_json_string, write_json_text,
    write_opt_json, write_type_json,
};
use crate::walk::Question;
use crate::wire::{Class, HEADER_LEN, Rcode, Section, write_decimal, write_labels};

pub(super) fn render(context: &Context, view: &View<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"name\":");
    let start = out.len();
    write_json_text(out, |out| view.write_name(out));
    let name = start..out.len();
    out.extend_from_slice(b",\"type\":");
    write_type_json(view.rtype, out);
    if view.class == Class::IN {
        out.extend_from_slice(b",\"class\":\"IN\",\"status\":\"");
    } else {
        out.extend_from_slice(b",\"class\":");
        write_class_json(view.class, out);
        out.extend_from_slice(b",\"status\":\"");
    }
    view.write_status(out);
    out.push(b'"');
    if let Some(rcode) = view.hidden_rcode() {
        out.extend_from_slice(b",\"rcode\":\"");
        push_rcode(rcode, out);
        out.push(b'"');
    }
    if let Some(reply) = &view.reply
        && let Some(attempt) = reply.attempt
    {
        out.extend_from_slice(b",\"server\":\"");
        out.extend_from_slice(context.server(attempt).as_bytes());
        out.extend_from_slice(match attempt.transport {
            Transport::Udp => b"\",\"transport\":\"udp\",\"rtt_us\":",
            Transport::Tcp => b"\",\"transport\":\"tcp\",\"rtt_us\":",
        });
        write_decimal(reply.rtt_us(), out);
        if let Some(rcode) = attempt.edns_off {
            write_edns_off(rcode, context.server(attempt), out);
        }
    }
    out.extend_from_slice(b",\"attempts\":");
    write_decimal(view.attempts.len() as u64, out);
    match &view.reply {
        Some(reply) => write_reply(reply, view.name, name, out),
        None => out.extend_from_slice(b",\"answers\":[],\"authorities\":[],\"additionals\":[]"),
    }
    if view.has_error() {
        out.extend_from_slice(b",\"error\":");
        write_json_text(out, |out| view.write_error(out));
    }
    if context.attempt_log {
        write_attempts(context, view, out);
    }
    out.extend_from_slice(b"}\n");
}

pub(super) fn render_invalid(invalid: &Invalid<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"name\":");
    write_json_string(invalid.text, out);
    out.extend_from_slice(b",\"type\":");
    write_type_json(invalid.rtype, out);
    out.extend_from_slice(b",\"class\":\"IN\",\"status\":\"INVALID\",\"line\":");
    write_decimal(invalid.line, out);
    out.extend_from_slice(b",\"error\":");
    write_json_string(format!("line {}: {}", invalid.line, invalid.error).as_bytes(), out);
    out.extend_from_slice(
        b",\"attempts\":0,\"answers\":[],\"authorities\":[],\"additionals\":[]}\n",
    );
}

/// Why the server was asked without EDNS, and so without what needs it.
#[cold]
fn write_edns_off(rcode: Rcode, server: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"edns_off\":");
    write_json_string(format!("{rcode} from {server}").as_bytes(), out);
}

/// `name` is where the question's name stands in `out`, as a JSON string.
fn write_reply(reply: &Reply<'_>, question: &[u8], name: Range<usize>, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"flags\":");
    write_flags_json(reply.flags(), out);
    // An owner that points to the question is the name that was just written, if the question
    // came back as it was sent.
    let octets = reply.message.octets();
    let echoed = octets.get(HEADER_LEN..HEADER_LEN + question.len()) == Some(question);
    let counts = reply.message.header().counts;
    let mut records =
        if echoed { RecordWriter::knowing(HEADER_LEN, name) } else { RecordWriter::new() };
    for (section, count, member) in [
        (Section::Answer, counts[1], &b",\"answers\":"[..]),
        (Section::Authority, counts[2], b",\"authorities\":"),
        (Section::Additional, counts[3], b",\"additionals\":"),
    ] {
        out.extend_from_slice(member);
        if count > 0 {
            records.write_all(data_records(reply.message.records(section)), out);
        } else {
            out.extend_from_slice(b"[]");
        }
    }
    if counts[3] > 0 {
        write_edns(reply, out);
    }
    if let Some(error) = reply.malformed {
        out.extend_from_slice(b",\"malformed\":");
        write_json_string(error.to_string().as_bytes(), out);
    }
}

/// The OPT record, where it says more than that the server knows EDNS: who the server is (RFC
/// 5001), extended errors (RFC 8914), and so on.
fn write_edns(reply: &Reply<'_>, out: &mut Vec<u8>) {
    if let Some(opt) = reply.message.opt()
        && opt.options().next().is_some()
    {
        out.extend_from_slice(b",\"edns\":");
        write_opt_json(&opt, out);
    }
}

fn write_attempts(context: &Context, view: &View<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"attempt_log\":[");
    let start = view.attempts.first().map_or_else(Default::default, |first| first.sent);
    for (i, attempt) in view.attempts.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_attempt_json(attempt, context.address(attempt), context.port(attempt), start, out);
        if let Some(asked) = view.exchanges.get(attempt.server.0 as usize) {
            // The closing brace comes after the question.
            out.pop();
            write_question(&asked.question, out);
            out.push(b'}');
        }
    }
    out.push(b']');
}

/// What an attempt on the way to an answer asked, and as whose server it was asked.
fn write_question(question: &Question, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"zone\":");
    write_json_text(out, |out| write_labels(question.zone.labels(), out));
    out.extend_from_slice(b",\"name\":");
    write_json_text(out, |out| write_labels(question.name.labels(), out));
    out.extend_from_slice(b",\"type\":");
    write_type_json(question.rtype, out);
}
