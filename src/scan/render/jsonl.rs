//! JSON lines, by the contract in `schemas/scan-line.schema.json`.

use super::{Context, Invalid, Reply, View, data_records, text_member};
use crate::report::attempts::write_attempt_json;
use crate::report::json::{
    write_class_json, write_flags_json, write_json_string, write_json_text, write_opt_json,
    write_records_json, write_type_json,
};
use crate::wire::{Section, write_decimal};

pub(super) fn render(context: &Context, view: &View<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"name\":");
    write_json_text(out, |out| view.write_name(out));
    out.extend_from_slice(b",\"type\":");
    write_type_json(view.finished.rtype, out);
    out.extend_from_slice(b",\"class\":");
    write_class_json(view.finished.class, out);
    out.extend_from_slice(b",\"status\":\"");
    view.write_status(out);
    out.push(b'"');
    if let Some(reply) = &view.reply {
        text_member("server", context.server(reply.attempt), out);
        text_member("transport", reply.attempt.transport.as_str(), out);
        out.extend_from_slice(b",\"rtt_us\":");
        write_decimal(reply.rtt_us(), out);
    }
    out.extend_from_slice(b",\"attempts\":");
    write_decimal(view.finished.attempts.len() as u64, out);
    match &view.reply {
        Some(reply) => write_reply(reply, out),
        None => out.extend_from_slice(b",\"answers\":[],\"authorities\":[],\"additionals\":[]"),
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

fn write_reply(reply: &Reply<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"flags\":");
    write_flags_json(reply.flags(), out);
    for (section, name) in [
        (Section::Answer, ",\"answers\":"),
        (Section::Authority, ",\"authorities\":"),
        (Section::Additional, ",\"additionals\":"),
    ] {
        out.extend_from_slice(name.as_bytes());
        write_records_json(data_records(reply.message.records(section)), out);
    }
    write_edns(reply, out);
    if let Some(error) = reply.error {
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
    let start = view.finished.attempts.first().map_or_else(Default::default, |first| first.sent);
    for (i, attempt) in view.finished.attempts.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_attempt_json(attempt, context.address(attempt), context.port(attempt), start, out);
    }
    out.push(b']');
}
