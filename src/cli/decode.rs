//! `dnsonde decode`: shows raw messages.

use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

use super::input;
use super::notes::note;
use super::print;
use crate::report::json::{self, MessageJson};
use crate::report::message;
use crate::wire::{Message, ParseError};

/// Show raw DNS messages
///
/// Reads one message as it is on the wire, and writes it like dig does, or as JSON. Of a malformed
/// message, what can be read is shown, and then where it breaks and why.
///
/// Exit status: 0 all messages are well-formed, 1 one is not, 2 the input cannot be read.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dnsonde decode packet.bin
  echo 12340100000100000000000003777777076578616d706c65036f72670000010001 | dnsonde decode --hex
  dnsonde decode --tcp --format json stream.bin")]
pub struct Args {
    /// The input is hexadecimal digits; blanks, colons and comments (#, ;) are passed over, and an
    /// empty line ends a message
    #[arg(long)]
    hex: bool,
    /// The input is a TCP stream: each message has its length in two octets before it
    #[arg(long)]
    tcp: bool,
    /// How to write the messages
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The file to read; `-` is standard input
    #[arg(default_value = "-", value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// Like dig
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

/// Runs the command: messages go to standard output.
///
/// # Errors
/// The input cannot be read, or the output not be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let input = input::read_all(&args.file)?;
    let mut out = Vec::new();
    let mut fine = true;
    let streams = if args.hex {
        match read_hex(&input) {
            Ok(streams) => streams,
            Err(reason) => {
                note(&reason);
                return Ok(ExitCode::FAILURE);
            }
        }
    } else {
        vec![input]
    };
    for stream in &streams {
        let (messages, broken) =
            if args.tcp { split_frames(stream) } else { (vec![&stream[..]], None) };
        for octets in messages {
            fine &= write_message(octets, args.format, &mut out);
        }
        if let Some((offset, reason)) = broken {
            fine = false;
            write_broken_stream(offset, &reason, args.format, &mut out);
        }
    }
    print(&out)?;
    Ok(ExitCode::from(u8::from(!fine)))
}

/// Reads hexadecimal digits; empty lines part the messages, and no digits at all are one empty
/// message.
fn read_hex(text: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut messages = vec![Vec::new()];
    let mut half = None;
    for (number, line) in text.split(|&octet| octet == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            if half.is_none() && messages.last().is_some_and(|message| !message.is_empty()) {
                messages.push(Vec::new());
            }
            continue;
        }
        let line = line.split(|octet| b"#;".contains(octet)).next().unwrap_or_default();
        for (column, &octet) in line.iter().enumerate() {
            if octet.is_ascii_whitespace() || octet == b':' {
                continue;
            }
            let Some(digit) = char::from(octet).to_digit(16) else {
                let (line, column) = (number + 1, column + 1);
                return Err(format!("line {line}, column {column}: not a hexadecimal digit"));
            };
            let digit = digit as u8;
            match (half.take(), messages.last_mut()) {
                (Some(high), Some(message)) => message.push(high << 4 | digit),
                _ => half = Some(digit),
            }
        }
    }
    if half.is_some() {
        return Err("an odd number of hexadecimal digits; the last octet has only one".to_owned());
    }
    if messages.len() > 1 && messages.last().is_some_and(Vec::is_empty) {
        messages.pop();
    }
    Ok(messages)
}

/// Cuts a TCP stream into its messages (RFC 1035 §4.2.2); with the octet and the reason if it ends
/// in the middle of one.
fn split_frames(stream: &[u8]) -> (Vec<&[u8]>, Option<(usize, String)>) {
    let mut messages = Vec::new();
    let mut rest = stream;
    let mut offset = 0;
    while let Some((&length, behind)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(length));
        let Some((message, next)) = behind.split_at_checked(length) else {
            messages.push(behind);
            let there = behind.len();
            let reason = format!("the length says {length} octets, but {there} follow");
            return (messages, Some((offset, reason)));
        };
        messages.push(message);
        offset += 2 + length;
        rest = next;
    }
    let broken = match (rest, stream) {
        ([], [_, ..]) => None,
        ([], []) => Some((0, "the stream is empty".to_owned())),
        _ => Some((offset, "the stream ends inside a length".to_owned())),
    };
    (messages, broken)
}

/// Writes what can be read of a message and all that is wrong with it; says whether nothing is.
fn write_message(octets: &[u8], format: Format, out: &mut Vec<u8>) -> bool {
    let (message, errors) = match Message::parse_prefix(octets) {
        Ok((message, error)) => (Some(message), all_errors(&message, error)),
        Err(error) => (None, vec![error]),
    };
    match format {
        Format::Text => {
            if !out.is_empty() {
                out.push(b'\n');
            }
            if let Some(message) = &message {
                message::write_message_text(message, out);
            }
            for error in &errors {
                out.extend_from_slice(format!("\n;; MALFORMED: {error}\n").as_bytes());
            }
        }
        Format::Json => {
            let errors = errors
                .iter()
                .map(|error| ErrorJson { offset: error.offset, reason: error.kind.to_string() });
            write_json(message.as_ref(), errors.collect(), out);
        }
    }
    errors.is_empty()
}

/// The malformations of the RDATA that can be read, and then the one that ends the reading.
fn all_errors(message: &Message<'_>, end: Option<ParseError>) -> Vec<ParseError> {
    let records = message.answers().chain(message.authorities()).chain(message.additionals());
    let inside = records.filter_map(|record| record.check().err());
    let opt = message.opt().and_then(|opt| opt.check().err());
    inside.chain(opt).chain(end).collect()
}

/// `offset` counts from the start of the stream.
fn write_broken_stream(offset: usize, reason: &str, format: Format, out: &mut Vec<u8>) {
    match format {
        Format::Text => {
            let text = format!("\n;; MALFORMED: octet {offset} of the stream: {reason}\n");
            out.extend_from_slice(text.as_bytes());
        }
        Format::Json => {
            write_json(None, vec![ErrorJson { offset, reason: reason.to_owned() }], out);
        }
    }
}

/// A line of JSON. Without a header nothing is known, but the sections are always there.
fn write_json(message: Option<&Message<'_>>, errors: Vec<ErrorJson>, out: &mut Vec<u8>) {
    match message {
        Some(message) => {
            json::write(&Line { message: MessageJson::new(message, None), errors }, out)
        }
        None => json::write(&Line { message: NoMessage::default(), errors }, out),
    }
    out.push(b'\n');
}

#[derive(Serialize)]
struct Line<M> {
    #[serde(flatten)]
    message: M,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ErrorJson>,
}

#[derive(Default, Serialize)]
struct NoMessage {
    questions: [(); 0],
    answers: [(); 0],
    authorities: [(); 0],
    additionals: [(); 0],
}

#[derive(Serialize)]
struct ErrorJson {
    offset: usize,
    reason: String,
}
