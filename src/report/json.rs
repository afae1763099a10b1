//! Pieces of JSON, appended to a buffer without an allocation of their own.

mod records;

pub use records::{RecordWriter, write_record_buf_json};

use crate::wire::{
    Class, Flags, HEADER_LEN, Message, Opt, OptionValue, Record, RecordType, write_decimal,
    write_hex, write_labels,
};

/// Appends `octets` as a JSON string with its quotes.
///
/// Only printable ASCII is written, so that no text can do anything to a terminal (reverse its
/// direction, say): all else is escaped, and octets that are not UTF-8 become U+FFFD.
pub fn write_json_string(octets: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    write_escaped(octets, out);
    out.push(b'"');
}

fn write_escaped(octets: &[u8], out: &mut Vec<u8>) {
    // Nearly all strings are plain, and are copied whole.
    if octets.iter().all(|&octet| is_plain(octet)) {
        out.extend_from_slice(octets);
        return;
    }
    for chunk in octets.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' | '\\' => out.extend([b'\\', character as u8]),
                '\n' => out.extend_from_slice(b"\\n"),
                '\t' => out.extend_from_slice(b"\\t"),
                ' '..='~' => out.push(character as u8),
                _ => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        write_unicode_escape(*unit, out);
                    }
                }
            }
        }
        if !chunk.invalid().is_empty() {
            write_unicode_escape(0xFFFD, out);
        }
    }
}

#[inline]
fn is_plain(octet: u8) -> bool {
    matches!(octet, 0x20..=0x7E) && octet != b'"' && octet != b'\\'
}

fn write_unicode_escape(unit: u16, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        out.push(b"0123456789abcdef"[usize::from(unit >> shift & 0xF)]);
    }
}

/// Appends what `write` appends, as a JSON string. `write` must append printable ASCII only.
#[inline]
pub fn write_json_text(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    let start = out.len();
    write(out);
    // Escapes are put in from the back to the front, in place.
    let specials = out[start..].iter().filter(|&&octet| octet == b'"' || octet == b'\\').count();
    if specials > 0 {
        let mut from = out.len();
        out.resize(from + specials, 0);
        let mut to = out.len();
        while from < to {
            from -= 1;
            to -= 1;
            out[to] = out[from];
            if matches!(out[to], b'"' | b'\\') {
                to -= 1;
                out[to] = b'\\';
            }
        }
    }
    out.push(b'"');
}

/// Appends a type as a JSON string: its mnemonic or `TYPE65280`.
pub fn write_type_json(rtype: RecordType, out: &mut Vec<u8>) {
    write_mnemonic(rtype.mnemonic(), "TYPE", rtype.0, out);
}

/// Appends a class as a JSON string: its mnemonic or `CLASS32`.
pub fn write_class_json(class: Class, out: &mut Vec<u8>) {
    write_mnemonic(class.mnemonic(), "CLASS", class.0, out);
}

fn write_mnemonic(mnemonic: Option<&str>, generic: &str, value: u16, out: &mut Vec<u8>) {
    out.push(b'"');
    match mnemonic {
        Some(mnemonic) => out.extend_from_slice(mnemonic.as_bytes()),
        None => {
            out.extend_from_slice(generic.as_bytes());
            write_decimal(value, out);
        }
    }
    out.push(b'"');
}

/// Appends a whole message as a JSON object; see [`write_message_members`].
pub fn write_message_json(message: &Message<'_>, out: &mut Vec<u8>) {
    out.push(b'{');
    write_message_members(message, None, out);
    out.push(b'}');
}

/// Appends what a message says as members of an object whose braces are the caller's: `id`,
/// `opcode`, `status`, `flags`, `questions`, `answers`, `authorities`, `additionals` (without the
/// OPT record) and `edns` (null for none). Where `status` is another word than the response code,
/// that is in `rcode`.
pub fn write_message_members(message: &Message<'_>, status: Option<&str>, out: &mut Vec<u8>) {
    let flags = message.flags();
    out.extend_from_slice(b"\"id\":");
    write_decimal(message.id(), out);
    out.extend_from_slice(format!(",\"opcode\":\"{}\"", flags.opcode()).as_bytes());
    if let Some(status) = status {
        out.extend_from_slice(b",\"status\":");
        write_json_string(status.as_bytes(), out);
    }
    let member = if status.is_some() { "rcode" } else { "status" };
    out.extend_from_slice(format!(",\"{member}\":\"{}\"", message.rcode()).as_bytes());
    out.extend_from_slice(b",\"flags\":");
    write_flags_json(flags, out);
    out.extend_from_slice(b",\"questions\":[");
    let mut records = RecordWriter::new();
    for (i, question) in message.questions().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"name\":");
        let start = out.len();
        write_json_text(out, |out| write_labels(question.name.labels(), out));
        if i == 0 {
            records = RecordWriter::knowing(HEADER_LEN, start..out.len());
        }
        out.extend_from_slice(b",\"type\":");
        write_type_json(question.rtype, out);
        out.extend_from_slice(b",\"class\":");
        write_class_json(question.class, out);
        out.push(b'}');
    }
    out.extend_from_slice(b"],\"answers\":");
    records.write_all(message.answers(), out);
    out.extend_from_slice(b",\"authorities\":");
    records.write_all(message.authorities(), out);
    out.extend_from_slice(b",\"additionals\":");
    let is_plain = |record: &Record<'_>| record.rtype != RecordType::OPT;
    records.write_all(message.additionals().filter(is_plain), out);
    out.extend_from_slice(b",\"edns\":");
    match message.opt() {
        Some(opt) => write_opt_json(&opt, out),
        None => out.extend_from_slice(b"null"),
    }
}

/// Appends the header flags that are set as an array of dig's names.
pub fn write_flags_json(flags: Flags, out: &mut Vec<u8>) {
    // What a recursive and an authoritative server say most often.
    match flags.0 & 0x87F0 {
        0x8180 => return out.extend_from_slice(b"[\"qr\",\"rd\",\"ra\"]"),
        0x8500 => return out.extend_from_slice(b"[\"qr\",\"aa\",\"rd\"]"),
        _ => {}
    }
    out.push(b'[');
    for (i, name) in flags.names().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(name.as_bytes());
        out.push(b'"');
    }
    out.push(b']');
}

/// Appends an OPT record as `{"version":0,"udp":1232,"flags":["do"],"options":[…]}`. An option has
/// its `code`, `name`, `data` as text and its octets as `hex`; an extended error its `info_code`,
/// `purpose` and `extra_text` too.
pub fn write_opt_json(opt: &Opt<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"version\":");
    write_decimal(opt.version(), out);
    out.extend_from_slice(b",\"udp\":");
    write_decimal(opt.udp_payload_size(), out);
    out.extend_from_slice(b",\"flags\":[");
    for (i, name) in super::message::flag_names(opt.flags()).enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_json_string(name.as_bytes(), out);
    }
    out.extend_from_slice(b"],\"options\":[");
    for (i, (code, value)) in opt.options().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"code\":");
        write_decimal(code.0, out);
        out.extend_from_slice(b",\"name\":");
        write_mnemonic(code.mnemonic(), "OPT", code.0, out);
        out.extend_from_slice(b",\"data\":");
        write_json_text(out, |out| super::message::write_option_value(code, value, out));
        if let Ok(OptionValue::ExtendedError { code, text }) = OptionValue::parse(code, value) {
            out.extend_from_slice(b",\"info_code\":");
            write_decimal(code.0, out);
            out.extend_from_slice(b",\"purpose\":");
            write_json_string(code.mnemonic().unwrap_or_default().as_bytes(), out);
            out.extend_from_slice(b",\"extra_text\":");
            write_json_string(text, out);
        }
        out.extend_from_slice(b",\"hex\":");
        write_json_text(out, |out| write_hex(value, out));
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Builder, NameBuf, OptBuf, OptionCode, Section};

    #[test]
    fn strings_are_escaped_whatever_they_hold() {
        for octets in [
            &b"plain"[..],
            b"\"\\\n\t\x1B\x7F",
            "\u{9B}31m \u{202E} \u{e9} \u{1F600}".as_bytes(),
            b"\xFF",
        ] {
            let mut out = Vec::new();
            write_json_string(octets, &mut out);
            assert!(out.iter().all(|octet| matches!(octet, b' '..=b'~')), "{out:?}");
            let read: String = serde_json::from_slice(&out).unwrap();
            assert_eq!(read, String::from_utf8_lossy(octets));
        }
    }

    #[test]
    fn escapes_are_put_into_presentation_format_in_place() {
        let mut out = b"x".to_vec();
        write_json_text(&mut out, |out| out.extend_from_slice(br#""a\"b" \\"#));
        assert_eq!(out, br#"x"\"a\\\"b\" \\\\""#);
    }

    #[test]
    fn a_message_is_an_object_that_json_parsers_read() {
        let name: NameBuf = "a\\\"b.example".parse().unwrap();
        let mut buffer = [0; 512];
        let mut builder = Builder::new(&mut buffer, 7, Flags::QR.with(Flags::AA)).unwrap();
        builder.question(name.as_wire(), RecordType::A, Class::IN).unwrap();
        for rdata in [&[192, 0, 2, 1][..], &[1, 2, 3]] {
            builder
                .record(Section::Answer, name.as_wire(), RecordType::A, Class::IN, 60, |builder| {
                    builder.octets(rdata)
                })
                .unwrap();
        }
        let mut opt = OptBuf::new(1400);
        opt.extended_rcode = 1;
        opt.option(OptionCode::EDE, b"\x00\x0Fblocked");
        opt.build(&mut builder).unwrap();
        let len = builder.finish();
        let mut out = Vec::new();
        write_message_json(&Message::parse(&buffer[..len]).unwrap(), &mut out);
        let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(
            read,
            serde_json::json!({
                "id": 7, "opcode": "QUERY", "status": "BADVERS", "flags": ["qr", "aa"],
                "questions": [{"name": "a\\\"b.example.", "type": "A", "class": "IN"}],
                "answers": [
                    {"name": "a\\\"b.example.", "type": "A", "class": "IN", "ttl": 60,
                     "data": "192.0.2.1"},
                    {"name": "a\\\"b.example.", "type": "A", "class": "IN", "ttl": 60,
                     "data": "\\# 3 010203", "error": "octet 57: the RDATA ends inside a field"},
                ],
                "authorities": [], "additionals": [],
                "edns": {"version": 0, "udp": 1400, "flags": [], "options": [
                    {"code": 15, "name": "EDE", "data": "15 (Blocked): \"blocked\"",
                     "info_code": 15, "purpose": "Blocked", "extra_text": "blocked",
                     "hex": "000f626c6f636b6564"},
                ]},
            })
        );
    }
}
