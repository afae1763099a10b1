//! A message as text, in the shape that users of dig know.
//!
//! All of it is printable ASCII, whatever the message holds.

use std::borrow::Cow;

use super::folded::{ttl_in_units, write_folded};
use crate::wire::{
    Message, Opcode, Opt, OptionCode, OptionValue, Question, Record, RecordType, Section,
    write_decimal, write_generic_rdata, write_labels, write_printable,
};

/// Columns that owners and TTLs are padded to.
const OWNER_WIDTH: usize = 24;
const TTL_WIDTH: usize = 32;

/// What is shown of a message, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageStyle {
    /// The header.
    pub header: bool,
    /// The OPT record, and the titles of sections.
    pub comments: bool,
    /// The question section.
    pub question: bool,
    /// The answer section.
    pub answer: bool,
    /// The authority section.
    pub authority: bool,
    /// The additional section.
    pub additional: bool,
    /// Every record.
    pub record: RecordStyle,
}

impl Default for MessageStyle {
    /// All of it.
    fn default() -> Self {
        Self {
            header: true,
            comments: true,
            question: true,
            answer: true,
            authority: true,
            additional: true,
            record: RecordStyle::default(),
        }
    }
}

/// How a record is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordStyle {
    /// With its class.
    pub class: bool,
    /// With its TTL.
    pub ttl: bool,
    /// The TTL in units (`1h30m`) and not in seconds.
    pub ttl_units: bool,
    /// Class, type and data in the generic form of RFC 3597.
    pub generic: bool,
    /// Long data over several lines, in parentheses.
    pub multiline: bool,
}

impl Default for RecordStyle {
    /// On one line, in full, in the form of its type.
    fn default() -> Self {
        Self { class: true, ttl: true, ttl_units: false, generic: false, multiline: false }
    }
}

/// Appends a message: header, EDNS, questions, and the three sections of records.
///
/// An RDATA that does not fit its type is shown in the generic form of RFC 3597, with the reason
/// in a comment behind it.
pub fn write_message_text(message: &Message<'_>, out: &mut Vec<u8>) {
    write_message(message, &MessageStyle::default(), out);
}

/// Appends what `style` wants of a message. Without comments it is records only, each a line, or
/// several, of a zone file.
pub fn write_message(message: &Message<'_>, style: &MessageStyle, out: &mut Vec<u8>) {
    if style.header {
        write_header(message, out);
    }
    if let Some(opt) = message.opt().filter(|_| style.comments) {
        write_opt(&opt, out);
    }
    let update = message.flags().opcode() == Opcode::UPDATE;
    let mut titled = !style.comments;
    for question in message.questions().filter(|_| style.question) {
        if !titled {
            titled = true;
            let title = if update { "ZONE" } else { "QUESTION" };
            out.extend_from_slice(format!("\n;; {title} SECTION:\n").as_bytes());
        }
        write_question(&question, out);
    }
    let mut before = "";
    for section in Section::ALL {
        let wanted = match section {
            Section::Answer => style.answer,
            Section::Authority => style.authority,
            Section::Additional => style.additional,
        };
        for record in message.records(section).filter(|_| wanted) {
            if record.rtype == RecordType::OPT {
                continue;
            }
            let title = title(section, update, &record);
            if title != before && style.comments {
                before = title;
                out.extend_from_slice(format!("\n;; {title}SECTION:\n").as_bytes());
            }
            write_record(&record, &style.record, out);
        }
    }
}

/// What stands above a record before `SECTION:`; a signature of the message has its own.
fn title(section: Section, update: bool, record: &Record<'_>) -> &'static str {
    match (section, update) {
        (Section::Answer, false) => "ANSWER ",
        (Section::Answer, true) => "PREREQUISITE ",
        (Section::Authority, false) => "AUTHORITY ",
        (Section::Authority, true) => "UPDATE ",
        (Section::Additional, _) => match record.rtype {
            RecordType::TSIG => "TSIG PSEUDO",
            RecordType::SIG if record.rdata().starts_with(&[0, 0]) => "SIG0 PSEUDO",
            _ => "ADDITIONAL ",
        },
    }
}

fn write_header(message: &Message<'_>, out: &mut Vec<u8>) {
    let flags = message.flags();
    let (opcode, status, id) = (flags.opcode(), message.rcode(), message.id());
    let head = format!(";; ->>HEADER<<- opcode: {opcode}, status: {status}, id: {id}\n;; flags:");
    out.extend_from_slice(head.as_bytes());
    for name in flags.names() {
        out.push(b' ');
        out.extend_from_slice(name.as_bytes());
    }
    let titles = if opcode == Opcode::UPDATE {
        ["ZONE", "PREREQ", "UPDATE", "ADDITIONAL"]
    } else {
        ["QUERY", "ANSWER", "AUTHORITY", "ADDITIONAL"]
    };
    let mut mark = ';';
    for (title, count) in titles.into_iter().zip(message.header().counts) {
        out.extend_from_slice(format!("{mark} {title}: {count}").as_bytes());
        mark = ',';
    }
    out.push(b'\n');
}

/// Appends the OPT record as dig's pseudo-section, one line an option.
fn write_opt(opt: &Opt<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\n;; OPT PSEUDOSECTION:\n; EDNS: version: ");
    write_decimal(opt.version(), out);
    out.extend_from_slice(b", flags:");
    for name in flag_names(opt.flags()) {
        out.push(b' ');
        out.extend_from_slice(name.as_bytes());
    }
    out.extend_from_slice(b"; udp: ");
    write_decimal(opt.udp_payload_size(), out);
    out.push(b'\n');
    for (code, value) in opt.options() {
        out.extend_from_slice(format!("; {code}:").as_bytes());
        let start = out.len();
        out.push(b' ');
        write_option_value(code, value, out);
        if out.len() == start + 1 {
            out.truncate(start);
        }
        out.push(b'\n');
    }
}

/// The names of the EDNS flag bits that are set; a bit without a name as its mask.
pub(super) fn flag_names(flags: u16) -> impl Iterator<Item = Cow<'static, str>> {
    (0..16).map(|bit| 0x8000u16 >> bit).filter(move |mask| flags & mask != 0).map(|mask| match mask
    {
        Opt::DO => "do".into(),
        Opt::CO => "co".into(),
        mask => format!("{mask:#06x}").into(),
    })
}

/// Appends what an option says; one that does not fit its code as its octets and why.
pub(super) fn write_option_value(code: OptionCode, value: &[u8], out: &mut Vec<u8>) {
    match OptionValue::parse(code, value) {
        Ok(value) => value.write_text(out),
        Err(reason) => {
            write_generic_rdata(value, out);
            out.extend_from_slice(b" ; malformed: ");
            out.extend_from_slice(reason.as_bytes());
        }
    }
}

fn write_question(question: &Question<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    out.push(b';');
    write_labels(question.name.labels(), out);
    pad(start, TTL_WIDTH, out);
    out.extend_from_slice(format!("{}\t{}\n", question.class, question.rtype).as_bytes());
}

/// Appends one record as a line of a zone file, in columns.
pub fn write_record_text(record: &Record<'_>, out: &mut Vec<u8>) {
    write_record(record, &RecordStyle::default(), out);
}

/// Appends one record as a zone file may have it.
fn write_record(record: &Record<'_>, style: &RecordStyle, out: &mut Vec<u8>) {
    let start = out.len();
    write_labels(record.name.labels(), out);
    pad(start, OWNER_WIDTH, out);
    let width = out.len();
    if style.ttl {
        if style.ttl_units {
            out.extend_from_slice(ttl_in_units(record.ttl_seconds()).as_bytes());
        } else {
            write_decimal(record.ttl_seconds(), out);
        }
        pad(width, TTL_WIDTH - OWNER_WIDTH, out);
    }
    let (class, rtype) = (record.class, record.rtype);
    match (style.class, style.generic) {
        (true, false) => out.extend_from_slice(format!("{class}\t").as_bytes()),
        (true, true) => out.extend_from_slice(format!("CLASS{}\t", class.0).as_bytes()),
        (false, _) => {}
    }
    if style.generic {
        out.extend_from_slice(format!("TYPE{}\t", rtype.0).as_bytes());
    } else {
        out.extend_from_slice(format!("{rtype}\t").as_bytes());
    }
    let at = out.len();
    let malformed = write_record_data(record, style.generic, out);
    if style.multiline {
        let data = out.split_off(at);
        write_folded(record, &data, out);
    }
    if let Some(reason) = malformed {
        out.extend_from_slice(b" ; malformed: ");
        write_printable(reason.as_bytes(), out);
    }
    out.push(b'\n');
}

/// Appends the data of a record, in the generic form if that is wanted, or if it does not fit its
/// type; says why it does not.
pub fn write_record_data(record: &Record<'_>, generic: bool, out: &mut Vec<u8>) -> Option<String> {
    let malformed = if generic {
        // With its names written out: a pointer says nothing outside its message.
        match record.to_buf() {
            Ok(record) => {
                write_generic_rdata(&record.rdata, out);
                return None;
            }
            Err(error) => error,
        }
    } else {
        match record.write_data(out) {
            Ok(()) => return None,
            Err(error) => error,
        }
    };
    write_generic_rdata(record.rdata(), out);
    Some(malformed.to_string())
}

/// Appends tabs up to a column, and at least one.
fn pad(start: usize, column: usize, out: &mut Vec<u8>) {
    let mut width = out.len() - start;
    loop {
        out.push(b'\t');
        width = width / 8 * 8 + 8;
        if width >= column {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Builder, Class, Flags, NameBuf, OptBuf};

    #[test]
    fn a_message_is_shown_in_digs_shape() {
        let name: NameBuf = "example.org".parse().unwrap();
        let mut buffer = [0; 512];
        let flags = Flags::QR.with(Flags::RD).with(Flags::RA);
        let mut builder = Builder::new(&mut buffer, 4711, flags).unwrap();
        builder.question(name.as_wire(), RecordType::TXT, Class::IN).unwrap();
        for rdata in [&b"\x05\x1B[2J\x07"[..], b"\x05a"] {
            builder
                .record(
                    Section::Answer,
                    name.as_wire(),
                    RecordType::TXT,
                    Class::IN,
                    300,
                    |builder| builder.octets(rdata),
                )
                .unwrap();
        }
        let mut opt = OptBuf::new(1232);
        opt.flags = Opt::DO | 1;
        opt.nsid().option(OptionCode::EDE, b"\x00\x16").option(OptionCode::EDE, b"\x00");
        opt.build(&mut builder).unwrap();
        let len = builder.finish();
        let mut out = Vec::new();
        write_message_text(&Message::parse(&buffer[..len]).unwrap(), &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\
;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 4711
;; flags: qr rd ra; QUERY: 1, ANSWER: 2, AUTHORITY: 0, ADDITIONAL: 1

;; OPT PSEUDOSECTION:
; EDNS: version: 0, flags: do 0x0001; udp: 1232
; NSID:
; EDE: 22 (No Reachable Authority)
; EDE: \\# 1 00 ; malformed: an EDNS option has a value that does not fit its code

;; QUESTION SECTION:
;example.org.\t\t\tIN\tTXT

;; ANSWER SECTION:
example.org.\t\t300\tIN\tTXT\t\"\\027[2J\\007\"
example.org.\t\t300\tIN\tTXT\t\\# 2 0561 ; malformed: octet 60: the RDATA ends inside a field
"
        );
    }
}
