//! The lines of `massdns -o Je`, for tools that read them.
//!
//! The shape follows `main.c` of massdns: sections only where they have records, no `qr` among
//! the flags, `rx_ts` in nanoseconds, an `error` line for a name without an answer, and the strings
//! of a TXT record joined without quotes. Other data is in presentation format.

use super::{Context, Invalid, Status, View, data_records, push_data, text_member};
use crate::engine::Transport;
use crate::report::json::{write_class_json, write_json_string, write_json_text, write_type_json};
use crate::wire::{Flags, Record, RecordType, Section, write_decimal, write_labels};

pub(super) fn render(context: &Context, view: &View<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"name\":");
    write_json_text(out, |out| view.write_name(out));
    out.extend_from_slice(b",\"type\":");
    write_type_json(view.finished.rtype, out);
    out.extend_from_slice(b",\"class\":");
    write_class_json(view.finished.class, out);
    let Some(reply) = &view.reply else {
        let error = if view.status == Status::Timeout { "TIMEOUT" } else { "UNREACHABLE" };
        text_member("error", error, out);
        out.extend_from_slice(b"}\n");
        return;
    };
    out.extend_from_slice(b",\"status\":\"");
    view.write_status(out);
    out.extend_from_slice(b"\",\"rx_ts\":");
    write_decimal(context.unix_nanos(reply.received()), out);
    out.extend_from_slice(b",\"data\":{");
    let mut sections = 0;
    for (section, name) in [
        (Section::Answer, "\"answers\":["),
        (Section::Authority, "\"authorities\":["),
        (Section::Additional, "\"additionals\":["),
    ] {
        let mut records = 0;
        for record in data_records(reply.message.records(section)) {
            match (records, sections) {
                (0, 0) => out.extend_from_slice(name.as_bytes()),
                (0, _) => {
                    out.push(b',');
                    out.extend_from_slice(name.as_bytes());
                }
                _ => out.push(b','),
            }
            out.extend_from_slice(b"{\"ttl\":");
            write_decimal(record.ttl_seconds(), out);
            out.extend_from_slice(b",\"type\":");
            write_type_json(record.rtype, out);
            out.extend_from_slice(b",\"class\":");
            write_class_json(record.class, out);
            out.extend_from_slice(b",\"name\":");
            write_json_text(out, |out| write_labels(record.name.labels(), out));
            out.extend_from_slice(b",\"data\":");
            write_json_text(out, |out| write_data(&record, out));
            out.push(b'}');
            records += 1;
        }
        if records > 0 {
            out.push(b']');
            sections += 1;
        }
    }
    out.extend_from_slice(b"},\"flags\":[");
    let mut mark = &b"\""[..];
    for (flag, name) in FLAGS {
        if reply.flags().contains(flag) {
            out.extend_from_slice(mark);
            out.extend_from_slice(name.as_bytes());
            out.push(b'"');
            mark = b",\"";
        }
    }
    out.extend_from_slice(b"],\"resolver\":\"");
    out.extend_from_slice(context.server(reply.attempt).as_bytes());
    out.extend_from_slice(match reply.attempt.transport {
        Transport::Udp => b"\",\"proto\":\"UDP\"}\n",
        Transport::Tcp => b"\",\"proto\":\"TCP\"}\n",
    });
}

fn write_data(record: &Record<'_>, out: &mut Vec<u8>) {
    if record.rtype != RecordType::TXT {
        return push_data(record, out);
    }
    let mut rest = record.rdata();
    while let Some((&len, tail)) = rest.split_first() {
        let Some((string, next)) = tail.split_at_checked(usize::from(len)) else { break };
        for &octet in string {
            match octet {
                b' '..=b'~' if octet != b'\\' => out.push(octet),
                _ => out.extend_from_slice(format!("\\x{octet:02x}").as_bytes()),
            }
        }
        rest = next;
    }
}

/// In the order that massdns has.
const FLAGS: [(Flags, &str); 6] = [
    (Flags::AA, "aa"),
    (Flags::TC, "tc"),
    (Flags::RD, "rd"),
    (Flags::RA, "ra"),
    (Flags::AD, "ad"),
    (Flags::CD, "cd"),
];

pub(super) fn render_invalid(invalid: &Invalid<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"name\":");
    write_json_string(invalid.text, out);
    out.extend_from_slice(b",\"type\":");
    write_type_json(invalid.rtype, out);
    out.extend_from_slice(b",\"class\":\"IN\",\"error\":");
    let error = format!("INVALID line {}: {}", invalid.line, invalid.error);
    write_json_string(error.as_bytes(), out);
    out.extend_from_slice(b"}\n");
}
