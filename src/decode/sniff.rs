//! Finds out what an input is by its first octets, and what a group of octets is.

use super::item::{InputError, Options};
use super::packet::{self, Link};
use crate::names::encoding;
use crate::wire::{Header, Message};

/// What an input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Pcap,
    Pcapng,
    Text,
    /// Messages with their lengths before them.
    Stream,
    /// One message.
    Octets,
}

/// What cannot be read and has a sign of its own, with what to do about it.
const KNOWN: &[(&[u8], &str, &str)] = &[
    (b"snoop\0\0\0", "a snoop capture", "convert it: editcap -F pcapng FILE NEW"),
    (
        b"\x34\xCD\xB2\xA1",
        "a pcap in an old, modified format",
        "convert it: editcap -F pcapng FILE NEW",
    ),
];

/// The form of an input that begins with `head`.
pub(super) fn form(head: &[u8], options: &Options) -> Result<Form, InputError> {
    if options.octets {
        return Ok(if options.tcp { Form::Stream } else { Form::Octets });
    }
    if options.text {
        return Ok(Form::Text);
    }
    if is_pcapng(head) {
        return Ok(Form::Pcapng);
    }
    if is_pcap(head) {
        return Ok(Form::Pcap);
    }
    if let Some((_, what, hint)) = KNOWN.iter().find(|(sign, ..)| head.starts_with(sign)) {
        return Err(InputError::with_hint(
            format!("the input is {what}, which is not supported"),
            *hint,
        ));
    }
    if let Some((what, unpack)) = encoding::compression(head) {
        return Err(InputError::with_hint(
            format!("the input is compressed with {what}, which is not supported"),
            format!("{unpack} FILE | dnsonde decode"),
        ));
    }
    if let Some(name) = wide_text(head) {
        return Err(InputError::with_hint(
            format!("the input is text in {name}, which is not supported"),
            format!("iconv -f {name} -t UTF-8 FILE | dnsonde decode"),
        ));
    }
    Ok(match (is_text(head), options.tcp) {
        (true, _) => Form::Text,
        (false, true) => Form::Stream,
        (false, false) => Form::Octets,
    })
}

/// A section header with its mark of the byte order.
fn is_pcapng(head: &[u8]) -> bool {
    head.starts_with(b"\x0A\x0D\x0D\x0A")
        && head
            .get(8..12)
            .is_some_and(|mark| matches!(mark, b"\x1A\x2B\x3C\x4D" | b"\x4D\x3C\x2B\x1A"))
}

fn is_pcap(head: &[u8]) -> bool {
    let Some((&magic, rest)) = head.split_first_chunk::<4>() else { return false };
    let version = rest.first_chunk::<2>();
    match u32::from_be_bytes(magic) {
        0xA1B2_C3D4 | 0xA1B2_3C4D => version == Some(&[0, 2]),
        0xD4C3_B2A1 | 0x4D3C_B2A1 | 0x34CD_B2A1 => version == Some(&[2, 0]),
        _ => false,
    }
}

/// Text of two or four octets a character: a mark of the byte order, and then characters of ASCII. A
/// message can begin with the zeros of text that has no mark.
fn wide_text(head: &[u8]) -> Option<&'static str> {
    let (name, mark, ascii_at) = match head {
        [0, 0, 0xFE, 0xFF, ..] => ("UTF-32", 4, 3),
        [0xFF, 0xFE, 0, 0, ..] => ("UTF-32", 4, 0),
        [0xFE, 0xFF, ..] => ("UTF-16", 2, 1),
        [0xFF, 0xFE, ..] => ("UTF-16", 2, 0),
        _ => return None,
    };
    let is_ascii =
        |unit: &[u8]| unit.iter().enumerate().all(|(at, &it)| (at == ascii_at) == (it != 0));
    (head.len() > 8 && head[mark..].chunks_exact(mark).all(is_ascii)).then_some(name)
}

/// Whether there is text, and nothing that no text has. A DNS message of printable octets would
/// have more questions than fit in it.
fn is_text(head: &[u8]) -> bool {
    let valid = match std::str::from_utf8(head) {
        Ok(_) => true,
        // A character may be cut at the end.
        Err(error) => error.error_len().is_none(),
    };
    let control = |octet: &u8| matches!(octet, 0..=8 | 11 | 14..=0x1F | 0x7F);
    valid && !head.is_empty() && !head.iter().any(control)
}

/// What some octets are that someone wrote down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Message,
    /// Messages with their lengths before them.
    Framed,
    Packet(Link),
}

/// The shape of octets, and whether they are whole and well-formed in it.
pub(super) fn shape(octets: &[u8]) -> (Shape, bool) {
    if Message::parse(octets).is_ok() {
        return (Shape::Message, true);
    }
    if let Some(sound) = frames(octets)
        && sound
    {
        return (Shape::Framed, true);
    }
    for link in Link::GUESSES {
        if let Some(whole) = packet::looks_like(link, octets) {
            return (Shape::Packet(link), whole);
        }
    }
    match frames(octets) {
        Some(_) => (Shape::Framed, false),
        None => (Shape::Message, false),
    }
}

/// Whether the octets are frames to their very end; with whether all messages in them are sound.
fn frames(octets: &[u8]) -> Option<bool> {
    let mut rest = octets;
    let mut sound = true;
    while let Some((&length, behind)) = rest.split_first_chunk::<2>() {
        let (message, next) = behind.split_at_checked(usize::from(u16::from_be_bytes(length)))?;
        // Zeros would be frames without end.
        if message.len() < 12 {
            return None;
        }
        sound &= Message::parse(message).is_ok();
        rest = next;
    }
    (rest.is_empty() && !octets.is_empty()).then_some(sound)
}

/// Whether a header claims more than 65,535 octets can hold, so that these are no message.
pub(super) fn is_no_message(octets: &[u8]) -> bool {
    let Ok(header) = Header::parse(octets) else { return false };
    let [questions, records @ ..] = header.counts.map(u32::from);
    12 + 5 * questions + 11 * records.iter().sum::<u32>() > 65_535
}
