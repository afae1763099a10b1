//! The result lines of zdns, for tools that read them.
//!
//! The shape is that of zdns 2.1 with `--result-verbosity=long`: names without their final dot, empty
//! sections left out, the OPT record among the additionals, and the RDATA of many types taken apart
//! into members of their own. `tests/formats/recorded/` has its lines for the same messages.
//!
//! `MALFORMED` is `ERROR` here, the status that zdns gives to a message that it cannot unpack, and
//! what can be read is shown; `UNREACHABLE` is `ERROR`, too; `TIMEOUT` and `TRUNCATED` are words of zdns, too, and the truncated
//! message is shown. `error` says why.
//!
//! Two things are more than zdns gives. Records of types that it does not take apart have their
//! name, TTL and presentation format here (there only class and type). And what came with an answer
//! that is not NOERROR is shown, where zdns leaves the flags at zero and the authorities out.

mod data;

use std::net::IpAddr;

use super::{Context, Invalid, Reply, Status, View, push_class, push_data, push_type};
use crate::engine::Attempt;
use crate::report::json::{write_json_string, write_json_text, write_type_json};
use crate::report::time::write_rfc3339;
use crate::wire::{
    EdeCode, Flags, OptionCode, OptionValue, Rcode, Record, RecordType, Section, write_decimal,
    write_hex, write_labels,
};

/// What is kept from line to line.
#[derive(Default)]
pub(super) struct State {
    /// The last timestamp and its second: it changes once a second only.
    timestamp: Vec<u8>,
    second: u64,
    data: Vec<u8>,
}

impl State {
    pub(super) fn render(&mut self, context: &Context, view: &View<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"class\":\"");
        push_class(view.class, out);
        out.extend_from_slice(b"\",\"name\":");
        write_json_text(out, |out| {
            view.write_name(out);
            trim_dot(out);
        });
        out.extend_from_slice(b",\"results\":{");
        write_type_json(view.rtype, out);
        out.extend_from_slice(b":{\"data\":{");
        match &view.reply {
            Some(reply) => self.write_data(context, reply, out),
            None => write_no_data(context, view, out),
        }
        out.extend_from_slice(b"},\"duration\":");
        let end = view.last_event();
        let start = view.attempts.first().map_or(end, |first| first.sent);
        let micros = end.since(start).as_micros() as u64;
        write_decimal(micros / 1_000_000, out);
        out.extend_from_slice(format!(".{:06}", micros % 1_000_000).as_bytes());
        match (view.error, view.status) {
            (Some(error), _) => write_error(error.as_bytes(), out),
            (None, Status::Rcode(Rcode::NOERROR)) => {}
            (None, Status::Rcode(_)) => write_error(b"the answer is an error", out),
            (None, _) => {
                self.data.clear();
                view.write_error(&mut self.data);
                write_error(&self.data, out);
            }
        }
        out.extend_from_slice(b",\"status\":\"");
        match view.status {
            Status::Malformed | Status::Unreachable => out.extend_from_slice(b"ERROR"),
            _ => view.write_status(out),
        }
        out.extend_from_slice(b"\",\"timestamp\":\"");
        self.write_timestamp(context.unix_nanos(end) / 1_000_000_000, out);
        out.extend_from_slice(b"\"}}}\n");
    }

    fn write_timestamp(&mut self, second: u64, out: &mut Vec<u8>) {
        if self.timestamp.is_empty() || self.second != second {
            self.timestamp.clear();
            self.second = second;
            write_rfc3339(second, &mut self.timestamp);
        }
        out.extend_from_slice(&self.timestamp);
    }

    fn write_data(&mut self, context: &Context, reply: &Reply<'_>, out: &mut Vec<u8>) {
        for (section, name) in [
            (Section::Additional, "\"additionals\":["),
            (Section::Answer, "\"answers\":["),
            (Section::Authority, "\"authorities\":["),
        ] {
            let start = out.len();
            out.extend_from_slice(name.as_bytes());
            let first = out.len();
            for record in reply.message.records(section) {
                if out.len() > first {
                    out.push(b',');
                }
                if record.rtype == RecordType::OPT {
                    let before = out.len();
                    write_edns(reply, out);
                    if out.len() == before && out.ends_with(b",") {
                        out.pop();
                    }
                } else {
                    self.write_record(&record, out);
                }
            }
            if out.len() == first {
                out.truncate(start);
            } else {
                out.extend_from_slice(b"],");
            }
        }
        write_flags(reply.flags(), out);
        if let Some(attempt) = reply.attempt {
            write_server(context, attempt, out);
        }
    }

    fn write_record(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        self.data.clear();
        push_data(record, &mut self.data);
        out.push(b'{');
        let typed = data::write(record, &self.data, out);
        out.extend_from_slice(b"\"class\":\"");
        push_class(record.class, out);
        out.extend_from_slice(b"\",\"name\":");
        write_json_text(out, |out| {
            write_labels(record.name.labels(), out);
            trim_dot(out);
        });
        out.extend_from_slice(b",\"ttl\":");
        write_decimal(record.ttl_seconds(), out);
        if !typed {
            out.extend_from_slice(b",\"type\":\"");
            push_type(record.rtype, out);
            out.push(b'"');
        }
        out.push(b'}');
    }
}

pub(super) fn render_invalid(invalid: &Invalid<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"class\":\"IN\",\"name\":");
    write_json_string(invalid.text, out);
    out.extend_from_slice(b",\"results\":{");
    write_type_json(invalid.rtype, out);
    out.extend_from_slice(b":{\"error\":");
    write_json_string(format!("line {}: {}", invalid.line, invalid.error).as_bytes(), out);
    out.extend_from_slice(b",\"status\":\"ILLEGAL_INPUT\"}}}\n");
}

fn write_error(error: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"error\":");
    write_json_string(error, out);
}

/// What stands in the place of an answer that never came.
fn write_no_data(context: &Context, view: &View<'_>, out: &mut Vec<u8>) {
    write_flags(Flags::default(), out);
    if let Some(attempt) = view.attempts.last() {
        write_server(context, attempt, out);
    }
}

fn write_server(context: &Context, attempt: &Attempt, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"protocol\":\"");
    out.extend_from_slice(attempt.transport.as_str().as_bytes());
    out.extend_from_slice(b"\",\"resolver\":\"");
    out.extend_from_slice(context.server(attempt).as_bytes());
    out.push(b'"');
}

fn write_flags(flags: Flags, out: &mut Vec<u8>) {
    let mut mark = &b"\"flags\":{"[..];
    for (name, flag) in [
        ("authenticated", Flags::AD),
        ("authoritative", Flags::AA),
        ("checking_disabled", Flags::CD),
    ] {
        out.extend_from_slice(mark);
        mark = b",";
        write_flag(name, flags.contains(flag), out);
    }
    out.extend_from_slice(b",\"error_code\":");
    write_decimal(flags.rcode().0, out);
    out.extend_from_slice(b",\"opcode\":");
    write_decimal(flags.opcode().0, out);
    for (name, flag) in [
        ("recursion_available", Flags::RA),
        ("recursion_desired", Flags::RD),
        ("response", Flags::QR),
        ("truncated", Flags::TC),
    ] {
        out.push(b',');
        write_flag(name, flags.contains(flag), out);
    }
    out.push(b'}');
}

fn write_flag(name: &str, set: bool, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(if set { b"\":true" } else { b"\":false" });
}

/// The OPT record, which zdns shows among the additionals.
fn write_edns(reply: &Reply<'_>, out: &mut Vec<u8>) {
    let Some(opt) = reply.message.opt() else { return };
    out.push(b'{');
    write_extended_errors(opt.options(), out);
    out.extend_from_slice(b"\"flags\":\"");
    if opt.dnssec_ok() {
        out.extend_from_slice(b"do");
    }
    out.push(b'"');
    for (code, value) in opt.options() {
        match code {
            OptionCode::NSID => {
                out.extend_from_slice(b",\"nsid\":{\"nsid\":");
                write_json_string(value, out);
                out.push(b'}');
            }
            OptionCode::COOKIE => {
                out.extend_from_slice(b",\"cookie\":{\"cookie\":\"");
                write_hex(value, out);
                out.extend_from_slice(b"\"}");
            }
            OptionCode::ECS => write_client_subnet(code, value, out),
            _ => {}
        }
    }
    out.extend_from_slice(b",\"type\":\"EDNS");
    write_decimal(opt.version(), out);
    out.extend_from_slice(b"\",\"udpsize\":");
    write_decimal(opt.udp_payload_size(), out);
    out.extend_from_slice(b",\"version\":");
    write_decimal(opt.version(), out);
    out.push(b'}');
}

fn write_extended_errors<'a>(
    options: impl Iterator<Item = (OptionCode, &'a [u8])>,
    out: &mut Vec<u8>,
) {
    let mut mark = &b"\"ede\":["[..];
    for (_, value) in options.filter(|(code, _)| *code == OptionCode::EDE) {
        let Some((code, text)) = value.split_first_chunk::<2>() else { continue };
        let code = EdeCode(u16::from_be_bytes(*code));
        out.extend_from_slice(mark);
        mark = b",";
        out.extend_from_slice(b"{\"error_text\":\"");
        out.extend_from_slice(code.mnemonic().unwrap_or_default().as_bytes());
        out.extend_from_slice(b"\",\"extra_text\":");
        write_json_string(text, out);
        out.extend_from_slice(b",\"info_code\":");
        write_decimal(code.0, out);
        out.push(b'}');
    }
    if mark == b"," {
        out.extend_from_slice(b"],");
    }
}

fn write_client_subnet(code: OptionCode, value: &[u8], out: &mut Vec<u8>) {
    let Ok(OptionValue::ClientSubnet { family, source_prefix, scope_prefix, address }) =
        OptionValue::parse(code, value)
    else {
        return;
    };
    let address: IpAddr = if family == 1 {
        let mut octets = [0; 4];
        octets.iter_mut().zip(address).for_each(|(octet, &given)| *octet = given);
        octets.into()
    } else {
        let mut octets = [0; 16];
        octets.iter_mut().zip(address).for_each(|(octet, &given)| *octet = given);
        octets.into()
    };
    out.extend_from_slice(
        format!(
            ",\"csubnet\":{{\"address\":\"{address}\",\"family\":{family},\
             \"source_netmask\":{source_prefix},\"source_scope\":{scope_prefix}}}"
        )
        .as_bytes(),
    );
}

/// Takes the final dot off a name that is not the root.
fn trim_dot(out: &mut Vec<u8>) {
    if out.len() > 1 && out.ends_with(b".") && !out.ends_with(b"\".") {
        out.pop();
    }
}
