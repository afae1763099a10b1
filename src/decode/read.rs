//! The entrance: from octets to items.

use std::io::{BufReader, Cursor, Read};
use std::ops::ControlFlow;

use super::analysis::Analysis;
use super::item::{InputError, Item, Options};
use super::sniff::{self, Form};
use super::{binary, capture, text};

/// How much of the input is looked at to find out what it is.
const HEAD: usize = 64;

/// Reads `input` to its end and hands each item to `sink`.
///
/// # Errors
/// The input cannot be read, is none of the known forms, or `sink` wants no more.
pub fn read(
    input: &mut dyn Read,
    options: &Options,
    sink: &mut dyn FnMut(Item<'_>) -> ControlFlow<()>,
) -> Result<(), InputError> {
    let mut head = Vec::with_capacity(HEAD);
    Read::take(&mut *input, HEAD as u64).read_to_end(&mut head)?;
    if head.is_empty() {
        return Err(InputError::empty());
    }
    let form = sniff::form(&head, options)?;
    let mut input = BufReader::with_capacity(1 << 16, Cursor::new(head).chain(input));
    let mut analysis = Analysis::new(&options.ports);
    match form {
        Form::Pcap => capture::read_pcap(&mut input, &mut analysis, sink)?,
        Form::Pcapng => capture::read_pcapng(&mut input, &mut analysis, sink)?,
        Form::Text => text::read(&mut input, options, &mut analysis, sink)?,
        Form::Stream => binary::read_stream(&mut input, sink)?,
        Form::Octets => binary::read_octets(&mut input, options, &mut analysis, sink)?,
    }
    let packets = analysis.packets();
    if analysis.found() || packets == 0 && !matches!(form, Form::Pcap | Form::Pcapng) {
        return Ok(());
    }
    let ports: Vec<String> = options.ports.iter().map(u16::to_string).collect();
    let sentence = format!("no DNS message on port {} in {packets} packets", ports.join(" or "));
    Err(InputError::with_hint(sentence, "use --port for another port"))
}
