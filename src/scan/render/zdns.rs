//! The result lines of zdns, for tools that read them.
//!
//! The shape follows `src/zdns/qa.go` and `answers.go` of zdns 2 with `--result-verbosity=long`:
//! names without their final dot, empty sections left out, the OPT record among the additionals,
//! and the RDATA of the common types taken apart into members of their own. Types that are not in
//! the table below have their presentation format under `answer`.

use super::{
    Context, Invalid, Reply, Status, View, data_records, push_class, push_data, push_type,
};
use crate::report::json::{write_json_string, write_json_text, write_type_json};
use crate::report::time::write_rfc3339;
use crate::wire::{Flags, OptionCode, Record, RecordType, Section, write_decimal, write_labels};

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
        push_class(view.finished.class, out);
        out.extend_from_slice(b"\",\"name\":");
        write_json_text(out, |out| {
            view.write_name(out);
            trim_dot(out);
        });
        out.extend_from_slice(b",\"results\":{");
        write_type_json(view.finished.rtype, out);
        out.extend_from_slice(b":{\"data\":{");
        match &view.reply {
            Some(reply) => self.write_data(context, reply, out),
            None => out.extend_from_slice(b"\"protocol\":\"\",\"resolver\":\"\""),
        }
        out.extend_from_slice(b"},\"duration\":");
        let end = view.last_event();
        let start = view.finished.attempts.first().map_or(end, |first| first.sent);
        let micros = end.since(start).as_micros() as u64;
        write_decimal(micros / 1_000_000, out);
        out.extend_from_slice(format!(".{:06}", micros % 1_000_000).as_bytes());
        out.extend_from_slice(b",\"status\":\"");
        match view.status {
            Status::Unreachable => out.extend_from_slice(b"ERROR"),
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
            if section == Section::Additional {
                write_edns(reply, out);
            }
            for record in data_records(reply.message.records(section)) {
                if out.len() > first {
                    out.push(b',');
                }
                self.write_record(&record, out);
            }
            if out.len() == first {
                out.truncate(start);
            } else {
                out.extend_from_slice(b"],");
            }
        }
        write_flags(reply, out);
        out.extend_from_slice(b",\"protocol\":\"");
        out.extend_from_slice(reply.attempt.transport.as_str().as_bytes());
        out.extend_from_slice(b"\",\"resolver\":\"");
        out.extend_from_slice(context.server(reply.attempt).as_bytes());
        out.push(b'"');
    }

    fn write_record(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        self.data.clear();
        push_data(record, &mut self.data);
        out.push(b'{');
        // RDATA that is malformed comes in the generic form, which has no columns.
        let generic = self.data.starts_with(b"\\#");
        match columns(record.rtype).filter(|_| !generic) {
            Some(columns) => write_columns(columns, &self.data, out),
            None if record.rtype == RecordType::TXT && !generic => {
                out.extend_from_slice(b"\"answer\":");
                write_strings(record, &mut self.data, out);
                out.push(b',');
            }
            None => {
                out.extend_from_slice(b"\"answer\":");
                write_json_string(&self.data, out);
                out.push(b',');
            }
        }
        out.extend_from_slice(b"\"class\":\"");
        push_class(record.class, out);
        out.extend_from_slice(b"\",\"name\":");
        write_json_text(out, |out| {
            write_labels(record.name.labels(), out);
            trim_dot(out);
        });
        out.extend_from_slice(b",\"ttl\":");
        write_decimal(record.ttl_seconds(), out);
        out.extend_from_slice(b",\"type\":\"");
        push_type(record.rtype, out);
        out.extend_from_slice(b"\"}");
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

/// How a column of the presentation format is shown.
#[derive(Clone, Copy)]
enum Kind {
    Number,
    Text,
    /// A name that loses its final dot.
    Name,
    /// Hexadecimal digits of this column and all that follow, in lower case.
    Hex,
    /// This column and all that follow; the blanks stay.
    Rest,
    /// This column and all that follow, joined.
    Joined,
    /// A type as its number.
    TypeNumber,
    /// A salt; `-` stands for none.
    Salt,
    /// A string that loses its quotes.
    Unquoted,
}

type Columns = &'static [(&'static str, Kind)];

/// The columns of a type, in the order of its presentation format.
fn columns(rtype: RecordType) -> Option<Columns> {
    use Kind::{Hex, Joined, Name, Number, Rest, Salt, Text, TypeNumber, Unquoted};
    Some(match rtype {
        RecordType::MX => &[("preference", Number), ("answer", Text)],
        RecordType::SOA => &[
            ("ns", Name),
            ("mbox", Name),
            ("serial", Number),
            ("refresh", Number),
            ("retry", Number),
            ("expire", Number),
            ("min_ttl", Number),
        ],
        RecordType::SRV => {
            &[("priority", Number), ("weight", Number), ("port", Number), ("target", Text)]
        }
        RecordType::CAA => &[("flag", Number), ("tag", Text), ("value", Unquoted)],
        RecordType::DS | RecordType::CDS => {
            &[("key_tag", Number), ("algorithm", Number), ("digest_type", Number), ("digest", Hex)]
        }
        RecordType::DNSKEY | RecordType::CDNSKEY => &[
            ("flags", Number),
            ("protocol", Number),
            ("algorithm", Number),
            ("public_key", Joined),
        ],
        RecordType::RRSIG => &[
            ("type_covered", TypeNumber),
            ("algorithm", Number),
            ("labels", Number),
            ("original_ttl", Number),
            ("expiration", Text),
            ("inception", Text),
            ("keytag", Number),
            ("signer_name", Text),
            ("signature", Joined),
        ],
        RecordType::NSEC => &[("next_domain", Name), ("type_bit_map", Rest)],
        RecordType::NSEC3 => &[
            ("hash_algorithm", Number),
            ("flags", Number),
            ("iterations", Number),
            ("salt", Salt),
            ("next_domain", Text),
            ("type_bit_map", Rest),
        ],
        RecordType::NSEC3PARAM => {
            &[("hash_algorithm", Number), ("flags", Number), ("iterations", Number), ("salt", Salt)]
        }
        RecordType::TLSA => &[
            ("cert_usage", Number),
            ("selector", Number),
            ("matching_type", Number),
            ("certificate", Hex),
        ],
        _ => return None,
    })
}

fn write_columns(columns: Columns, data: &[u8], out: &mut Vec<u8>) {
    let mut rest = data;
    for &(name, kind) in columns {
        let all = rest;
        let end = rest.iter().position(|&octet| octet == b' ').unwrap_or(rest.len());
        let (column, tail) = rest.split_at(end);
        rest = tail.strip_prefix(b" ").unwrap_or(tail);
        out.push(b'"');
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        match kind {
            Kind::Number => out.extend_from_slice(column),
            Kind::Text => write_json_string(column, out),
            Kind::Name => write_json_text(out, |out| {
                out.extend_from_slice(column);
                trim_dot(out);
            }),
            Kind::Salt => write_json_string(column.strip_prefix(b"-").unwrap_or(column), out),
            Kind::Rest => write_json_string(all, out),
            Kind::Joined => write_json_text(out, |out| {
                out.extend(all.iter().filter(|&&octet| octet != b' '));
            }),
            Kind::Hex => write_json_text(out, |out| {
                let digits = all.iter().filter(|&&octet| octet != b' ');
                out.extend(digits.map(u8::to_ascii_lowercase));
            }),
            Kind::TypeNumber => {
                let rtype: Option<RecordType> =
                    std::str::from_utf8(column).ok().and_then(|text| text.parse().ok());
                write_decimal(rtype.map_or(0, |rtype| rtype.0), out);
            }
            Kind::Unquoted => {
                let inner = all.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\""));
                write_json_string(inner.unwrap_or(all), out);
            }
        }
        out.push(b',');
    }
}

/// The strings of a TXT record, with line ends between them.
fn write_strings(record: &Record<'_>, scratch: &mut Vec<u8>, out: &mut Vec<u8>) {
    scratch.clear();
    let mut rest = record.rdata();
    while let Some((&len, tail)) = rest.split_first() {
        let Some((string, next)) = tail.split_at_checked(usize::from(len)) else { break };
        if !scratch.is_empty() {
            scratch.push(b'\n');
        }
        scratch.extend_from_slice(string);
        rest = next;
    }
    write_json_string(scratch, out);
}

fn write_flags(reply: &Reply<'_>, out: &mut Vec<u8>) {
    let flags = reply.flags();
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
    out.extend_from_slice(b"{\"flags\":\"");
    if opt.dnssec_ok() {
        out.extend_from_slice(b"do");
    }
    out.push(b'"');
    if let Some((_, nsid)) = opt.options().find(|(code, _)| *code == OptionCode::NSID) {
        out.extend_from_slice(b",\"nsid\":{\"nsid\":");
        write_json_string(nsid, out);
        out.push(b'}');
    }
    out.extend_from_slice(b",\"type\":\"EDNS");
    write_decimal(opt.version(), out);
    out.extend_from_slice(b"\",\"udpsize\":");
    write_decimal(opt.udp_payload_size(), out);
    out.extend_from_slice(b",\"version\":");
    write_decimal(opt.version(), out);
    out.push(b'}');
}

/// Takes the final dot off a name that is not the root.
fn trim_dot(out: &mut Vec<u8>) {
    if out.len() > 1 && out.ends_with(b".") && !out.ends_with(b"\".") {
        out.pop();
    }
}
