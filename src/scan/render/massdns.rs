//! The lines of `massdns -o Je`, for tools that read them.
//!
//! The shape is that of massdns 1.1, whose lines for the same messages are in
//! `tests/formats/recorded/`: sections only where they have records, no `qr` among the flags, `rx_ts`
//! in nanoseconds, an `error` line for a name without an answer. Only some types have a text form;
//! the RDATA of the others is shown octet by octet, `\x0a` for what cannot be printed. That is also
//! how dots inside a label are escaped, and the strings of a TXT record, which are joined.
//!
//! A name whose response was truncated, and that TCP brought no response for, has the error `TIMEOUT`:
//! so it has with massdns, which keeps nothing of such a response. A malformed answer is `MAXRETRIES`,
//! massdns' word for a name whose attempts brought no answer that it takes. `UNREACHABLE` and `INVALID` are
//! errors that massdns does not have. The OPT record is left out: massdns
//! asks without EDNS and gets none.

use super::context::Context;
use super::question::Invalid;
use super::status::Status;
use super::view::{View, data_records};
use crate::engine::Transport;
use crate::report::json::{Object, Plain, key, plain};
use crate::wire::{Flags, Record, RecordType, Section, write_decimal, write_hex, write_labels};

pub(super) fn render(context: &Context, view: &View<'_>, out: &mut Vec<u8>) {
    Object::write(out, |line| {
        line.text(key!("name"), |out| {
            let start = out.len();
            view.write_name(out);
            escape_as_hex(start, out);
        });
        write_type(view.rtype, line);
        line.word(key!("class"), view.class);
        let (Some(reply), Status::Rcode(rcode)) = (&view.reply, view.status) else {
            return match view.status {
                Status::Malformed => line.word(key!("error"), plain!("MAXRETRIES")),
                Status::Truncated => line.word(key!("error"), plain!("TIMEOUT")),
                status => line.word(key!("error"), status.word()),
            };
        };
        line.word(key!("status"), rcode);
        line.number(key!("rx_ts"), context.unix_nanos(view.last_event()));
        line.object(key!("data"), |data| {
            for (section, key) in [
                (Section::Answer, key!("answers")),
                (Section::Authority, key!("authorities")),
                (Section::Additional, key!("additionals")),
            ] {
                let mut records = data_records(reply.message.records(section)).peekable();
                if records.peek().is_some() {
                    data.array(key, |array| {
                        records.for_each(|record| {
                            array.object(|object| write_record(&record, object))
                        });
                    });
                }
            }
        });
        line.array(key!("flags"), |array| {
            for (flag, name) in FLAGS {
                if reply.flags().contains(flag) {
                    array.word(name);
                }
            }
        });
        if let Some(attempt) = reply.attempt {
            line.string(key!("resolver"), context.server(attempt).as_bytes());
            line.word(
                key!("proto"),
                match attempt.transport {
                    Transport::Udp => plain!("UDP"),
                    Transport::Tcp => plain!("TCP"),
                },
            );
        }
    });
    out.push(b'\n');
}

fn write_record(record: &Record<'_>, object: &mut Object<'_>) {
    object.number(key!("ttl"), record.ttl_seconds());
    write_type(record.rtype, object);
    object.word(key!("class"), record.class);
    object.text(key!("name"), |out| {
        let start = out.len();
        write_labels(record.name.labels(), out);
        escape_as_hex(start, out);
    });
    object.text(key!("data"), |out| write_data(record, out));
}

fn write_data(record: &Record<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    let written = match record.rtype {
        RecordType::A | RecordType::AAAA => record.write_data(out).is_ok(),
        RecordType::NS
        | RecordType::CNAME
        | RecordType::DNAME
        | RecordType::PTR
        | RecordType::MX
        | RecordType::SOA
        | RecordType::SRV => {
            let written = record.write_data(out).is_ok();
            escape_as_hex(start, out);
            written
        }
        RecordType::TLSA | RecordType::SMIMEA => {
            let written = record.write_data(out).is_ok();
            out[start..].make_ascii_lowercase();
            written
        }
        RecordType::CAA => write_caa(record.rdata(), out),
        RecordType::TXT => {
            let mut rest = record.rdata();
            while let Some((&len, tail)) = rest.split_first() {
                let Some((string, next)) = tail.split_at_checked(usize::from(len)) else { break };
                write_octets(string, out);
                rest = next;
            }
            true
        }
        _ => false,
    };
    if !written {
        out.truncate(start);
        write_octets(record.rdata(), out);
    }
}

/// Of the flags only the critical one is shown, as 1 or 0.
fn write_caa(rdata: &[u8], out: &mut Vec<u8>) -> bool {
    let Some((&[flags, len], rest)) = rdata.split_first_chunk::<2>() else { return false };
    let Some((tag, value)) = rest.split_at_checked(usize::from(len)) else { return false };
    if !(1..=15).contains(&len) {
        return false;
    }
    out.extend_from_slice(if flags & 0x80 == 0 { b"0 " } else { b"1 " });
    write_octets(tag, out);
    out.extend_from_slice(b" \"");
    write_octets(value, out);
    out.push(b'"');
    true
}

fn write_octets(octets: &[u8], out: &mut Vec<u8>) {
    for &octet in octets {
        write_octet(octet, octet != b'\\', out);
    }
}

fn write_octet(octet: u8, plain: bool, out: &mut Vec<u8>) {
    if plain && matches!(octet, b' '..=b'~') {
        out.push(octet);
    } else {
        out.extend_from_slice(b"\\x");
        write_hex(&[octet], out);
    }
}

/// Turns the escapes of presentation format, from `start` on, into those of massdns.
fn escape_as_hex(start: usize, out: &mut Vec<u8>) {
    if !out[start..].contains(&b'\\') {
        return;
    }
    let text = out.split_off(start);
    let mut rest = &text[..];
    while let Some((&octet, tail)) = rest.split_first() {
        rest = tail;
        if octet != b'\\' {
            out.push(octet);
            continue;
        }
        let digits = tail.first_chunk::<3>().filter(|digits| digits[0].is_ascii_digit());
        let (escaped, len) = match digits {
            Some(digits) => {
                let value = digits.iter().fold(0u32, |sum, d| sum * 10 + u32::from(d - b'0'));
                (value as u8, 3)
            }
            None => (tail.first().copied().unwrap_or(b'\\'), 1),
        };
        rest = tail.get(len..).unwrap_or_default();
        write_octet(escaped, !matches!(escaped, b'\\' | b'.'), out);
    }
}

fn write_type(rtype: RecordType, object: &mut Object<'_>) {
    match rtype.mnemonic() {
        Some(_) => object.word(key!("type"), rtype),
        None => _ = object.text(key!("type"), |out| write_decimal(rtype.0, out)),
    }
}

/// In the order that massdns has.
const FLAGS: [(Flags, Plain); 6] = [
    (Flags::AA, plain!("aa")),
    (Flags::TC, plain!("tc")),
    (Flags::RD, plain!("rd")),
    (Flags::RA, plain!("ra")),
    (Flags::AD, plain!("ad")),
    (Flags::CD, plain!("cd")),
];

pub(super) fn render_invalid(invalid: &Invalid<'_>, out: &mut Vec<u8>) {
    Object::write(out, |line| {
        line.string(key!("name"), invalid.text);
        write_type(invalid.rtype, line);
        line.word(key!("class"), invalid.class);
        line.string(key!("error"), format!("INVALID {}", invalid.reason()).as_bytes());
    });
    out.push(b'\n');
}
