//! `dnsonde decode`: shows the messages of captures, dumps and files.

use std::cell::RefCell;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

use super::cli_error::CliError;
use super::files::reason;
use super::input::{self, Input};
use super::output::print;
use crate::decode::{self, InputError, Item, Options, Origin};
use crate::report::json::{self, MessageJson};
use crate::report::message;
use crate::wire::{Message, ParseError};

/// Output is written when there is so much of it, and before more input is waited for.
const CHUNK: usize = 1 << 16;

/// Show the DNS messages in a capture, a dump or a file
///
/// Detects the format of its input: a capture (pcap or pcapng: UDP and TCP of port 53, with VLANs;
/// fragments and segments are reassembled), the text of a dump (xxd, hexdump -C, od -A x -t x1,
/// tcpdump -x, -xx and -X, tshark -x, Wireshark), hexadecimal digits, a C array (0x12, 0x34), an
/// escaped string (\x12\x34), Base64, or one message in binary. A message written as text may be
/// preceded by its TCP length or its packet headers. In text, a message ends at an empty line, or at
/// the end of the line that completes it.
///
/// Writes messages as dig does, or as JSON; messages from packets with the number and time of the
/// packet, addresses and ports. Shows as much of a malformed message as can be read, and then where it
/// breaks and why. For a packet that cannot be read, says why in one sentence.
///
/// Exit status: 0 all messages are well-formed, 1 a message is malformed or a packet cannot be read,
/// 2 the input cannot be read, is in none of these formats, or has no DNS message.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dnsonde decode capture.pcapng
  tcpdump -i any -U -w - port 53 | dnsonde decode
  xxd packet.bin | dnsonde decode
  echo 12340100000100000000000003777777076578616d706c65036f72670000010001 | dnsonde decode
  dnsonde decode --tcp --format json stream.bin")]
pub struct Args {
    /// Treat the input as text, even if it looks like something else
    #[arg(long)]
    hex: bool,
    /// Treat the input as one binary message; with --tcp, as a stream of them
    #[arg(long, conflicts_with = "hex")]
    octets: bool,
    /// Treat the input as a TCP stream: a length of two octets precedes each message
    #[arg(long)]
    tcp: bool,
    /// The port of DNS in captured packets; may be repeated
    #[arg(long, value_name = "PORT", default_value = "53", value_delimiter = ',')]
    port: Vec<u16>,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The file to read; `-` is standard input
    #[arg(default_value = "-", value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// As dig does
    #[default]
    Text,
    /// One JSON object per line
    Json,
}

/// Runs the command: messages go to standard output as they are found.
///
/// # Errors
/// The input cannot be read or is none of the forms, or the output not be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Input { label, mut read, .. } = input::open(&args.file)?;
    let options =
        Options { text: args.hex, octets: args.octets, tcp: args.tcp, ports: args.port.clone() };
    let writer = RefCell::new(Writer {
        format: args.format,
        out: Vec::new(),
        empty: true,
        fine: true,
        failed: None,
    });
    let mut read = WriteFirst { read: &mut *read, writer: &writer };
    let ended = decode::read(&mut read, &options, &mut |item| writer.borrow_mut().item(&item));
    let mut writer = writer.into_inner();
    if let Some(error) = writer.failed.take() {
        return Err(error);
    }
    // What was found before an error is of use all the same.
    print(&writer.out)?;
    match ended {
        Ok(()) | Err(InputError::Stopped) => Ok(ExitCode::from(u8::from(!writer.fine))),
        Err(InputError::Io(error)) => {
            Err(CliError::usage(format!("{label}: cannot be read: {}", reason(&error))).into())
        }
        Err(InputError::Form { sentence, hint }) => {
            let cli_error = CliError::in_file(&label, sentence);
            Err(match hint {
                Some(hint) => cli_error.hint(hint),
                None => cli_error,
            }
            .into())
        }
    }
}

/// The input, which may be a pipe that brings a packet now and then: what was found so far is written
/// before it is waited for, so that it is seen, and not lost if the program is ended meanwhile.
struct WriteFirst<'a> {
    read: &'a mut dyn Read,
    writer: &'a RefCell<Writer>,
}

impl Read for WriteFirst<'_> {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        match self.writer.borrow_mut().write() {
            ControlFlow::Continue(()) => self.read.read(octets),
            // The writer knows why.
            ControlFlow::Break(()) => Err(io::ErrorKind::Other.into()),
        }
    }
}

/// Writes items, a chunk at a time.
struct Writer {
    format: Format,
    out: Vec<u8>,
    /// Whether nothing was written yet.
    empty: bool,
    /// Whether all messages were well-formed.
    fine: bool,
    failed: Option<anyhow::Error>,
}

impl Writer {
    fn item(&mut self, item: &Item<'_>) -> ControlFlow<()> {
        let before = self.out.len();
        if self.format == Format::Text && !self.empty {
            self.out.push(b'\n');
        }
        match item {
            Item::Message { octets, origin, incomplete } => {
                self.fine &= write_message(
                    octets,
                    origin,
                    incomplete.as_deref(),
                    self.format,
                    &mut self.out,
                );
            }
            Item::Problem { origin, offset, reason } => {
                self.fine = false;
                write_problem(origin, *offset, reason, self.format, &mut self.out);
            }
        }
        self.empty &= self.out.len() == before;
        if self.out.len() >= CHUNK { self.write() } else { ControlFlow::Continue(()) }
    }

    fn write(&mut self) -> ControlFlow<()> {
        if !self.out.is_empty()
            && let Err(error) = print(&self.out)
        {
            self.failed = Some(error);
            return ControlFlow::Break(());
        }
        self.out.clear();
        ControlFlow::Continue(())
    }
}

/// Writes what can be read of a message and all that is wrong with it; says whether nothing is.
fn write_message(
    octets: &[u8],
    origin: &Origin,
    incomplete: Option<&str>,
    format: Format,
    out: &mut Vec<u8>,
) -> bool {
    let (message, errors) = match Message::parse_prefix(octets) {
        Ok((message, error)) => (Some(message), all_errors(&message, error)),
        Err(error) => (None, vec![error]),
    };
    match format {
        Format::Text => {
            write_heading(origin, out);
            if let Some(message) = &message {
                message::write_message_text(message, out);
            }
            for error in &errors {
                out.extend_from_slice(format!("\n;; MALFORMED: {error}\n").as_bytes());
            }
            if let Some(reason) = incomplete {
                out.extend_from_slice(format!("\n;; INCOMPLETE: {reason}\n").as_bytes());
            }
        }
        Format::Json => {
            let errors = errors
                .iter()
                .map(|error| ErrorJson { offset: error.offset, reason: error.kind.to_string() });
            let incomplete = incomplete
                .map(|reason| ErrorJson { offset: octets.len(), reason: reason.to_owned() });
            write_json(message.as_ref(), origin, errors.chain(incomplete).collect(), out);
        }
    }
    errors.is_empty() && incomplete.is_none()
}

/// Where a message of a packet came from.
fn write_heading(origin: &Origin, out: &mut Vec<u8>) {
    let Some(packet) = origin.packet else { return };
    let mut heading = format!(";; packet {packet}");
    if let Some(time) = origin.time {
        heading += &format!(", {time}");
    }
    if let Some(flow) = origin.flow {
        let (transport, source, destination) =
            (flow.transport.name(), flow.source, flow.destination);
        heading += &format!(", {transport} {source} -> {destination}");
    }
    out.extend_from_slice(heading.as_bytes());
    out.push(b'\n');
}

/// The malformations of the RDATA that can be read, and then the one that ends the reading.
fn all_errors(message: &Message<'_>, end: Option<ParseError>) -> Vec<ParseError> {
    let records = message.answers().chain(message.authorities()).chain(message.additionals());
    let inside = records.filter_map(|record| record.check().err());
    let opt = message.opt().and_then(|opt| opt.check().err());
    inside.chain(opt).chain(end).collect()
}

/// `offset` counts from the start of the stream.
fn write_problem(origin: &Origin, offset: usize, reason: &str, format: Format, out: &mut Vec<u8>) {
    match format {
        Format::Text if origin.packet.is_some() => {
            write_heading(origin, out);
            out.extend_from_slice(format!(";; UNREADABLE: {reason}\n").as_bytes());
        }
        Format::Text => {
            let text = format!(";; MALFORMED: octet {offset} of the stream: {reason}\n");
            out.extend_from_slice(text.as_bytes());
        }
        Format::Json => {
            write_json(None, origin, vec![ErrorJson { offset, reason: reason.to_owned() }], out);
        }
    }
}

/// A line of JSON. Without a header nothing is known, but the sections are always there.
fn write_json(
    message: Option<&Message<'_>>,
    origin: &Origin,
    errors: Vec<ErrorJson>,
    out: &mut Vec<u8>,
) {
    let origin = OriginJson {
        line: origin.line,
        packet: origin.packet,
        time: origin.time.map(|time| time.to_string()),
        transport: origin.flow.map(|flow| flow.transport.name()),
        source: origin.flow.map(|flow| flow.source.to_string()),
        destination: origin.flow.map(|flow| flow.destination.to_string()),
    };
    match message {
        Some(message) => {
            json::write(&Line { origin, message: MessageJson::new(message, None), errors }, out);
        }
        None => json::write(&Line { origin, message: NoMessage::default(), errors }, out),
    }
    out.push(b'\n');
}

#[derive(Serialize)]
struct Line<M> {
    #[serde(flatten)]
    origin: OriginJson,
    #[serde(flatten)]
    message: M,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ErrorJson>,
}

#[derive(Serialize)]
struct OriginJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packet: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transport: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<String>,
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
