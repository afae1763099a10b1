//! Octets that are messages already, alone or with their lengths before them.

use std::io::Read;

use super::analysis::Analysis;
use super::item::{InputError, Item, Options, Origin, Sink, give};
use super::sniff::{self, Shape};

const LONGEST: usize = 65_535;

/// Cuts a stream into messages; keeps no more than one of them.
pub(super) struct Framer {
    rest: Vec<u8>,
    /// Where `rest` starts in the stream.
    offset: usize,
    origin: Origin,
}

impl Framer {
    pub(super) fn new(origin: Origin) -> Self {
        Self { rest: Vec::new(), offset: 0, origin }
    }

    /// Takes octets and gives what they complete.
    pub(super) fn push(&mut self, octets: &[u8], sink: &mut Sink<'_>) -> Result<(), InputError> {
        self.rest.extend_from_slice(octets);
        let mut used = 0;
        while let Some((&length, behind)) = self.rest[used..].split_first_chunk::<2>()
            && let Some(octets) = behind.get(..usize::from(u16::from_be_bytes(length)))
        {
            used += 2 + octets.len();
            give(sink, Item::Message { octets, origin: self.origin, incomplete: None })?;
        }
        self.rest.drain(..used);
        self.offset += used;
        Ok(())
    }

    /// Ends the stream: what is left is no whole message.
    pub(super) fn finish(self, sink: &mut Sink<'_>) -> Result<(), InputError> {
        let reason = match self.rest.split_first_chunk::<2>() {
            Some((&length, octets)) => {
                give(sink, Item::Message { octets, origin: self.origin, incomplete: None })?;
                let (said, there) = (u16::from_be_bytes(length), octets.len());
                format!("the length is {said} octets, but {there} follow")
            }
            None if !self.rest.is_empty() => "the stream ends inside a length".to_owned(),
            None if self.offset == 0 => "the stream is empty".to_owned(),
            None => return Ok(()),
        };
        give(sink, Item::Problem { origin: self.origin, offset: self.offset, reason })
    }
}

/// Reads messages with their lengths before them.
pub(super) fn read_stream(input: &mut dyn Read, sink: &mut Sink<'_>) -> Result<(), InputError> {
    let mut framer = Framer::new(Origin::default());
    let mut chunk = vec![0; 1 << 16];
    loop {
        match input.read(&mut chunk) {
            Ok(0) => return framer.finish(sink),
            Ok(len) => framer.push(&chunk[..len], sink)?,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Reads one message.
pub(super) fn read_octets(
    input: &mut dyn Read,
    options: &Options,
    analysis: &mut Analysis<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), InputError> {
    let mut octets = Vec::new();
    input.take(LONGEST as u64 + 3).read_to_end(&mut octets)?;
    let origin = Origin::default();
    if !options.octets {
        // A length or a packet around a message is no header.
        let is_message = sniff::shape(&octets).0 == Shape::Message;
        if octets.len() > LONGEST + 2 || is_message && sniff::is_no_message(&octets) {
            return Err(unknown());
        }
        give_octets(&octets, origin, analysis, sink)?;
        return analysis.finish(sink);
    }
    if octets.len() > LONGEST {
        return Err(InputError::form(
            "the input is longer than 65,535 octets, too long for a DNS message",
        ));
    }
    give(sink, Item::Message { octets: &octets, origin, incomplete: None })
}

/// What is none of the forms.
pub(super) fn unknown() -> InputError {
    InputError::with_hint(
        "the input is not a DNS message, a capture (pcap, pcapng) or a dump",
        "use --octets to read it as one message anyway",
    )
}

/// Gives octets of which it is not said what they are.
pub(super) fn give_octets(
    octets: &[u8],
    origin: Origin,
    analysis: &mut Analysis<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), InputError> {
    match sniff::shape(octets).0 {
        Shape::Message => give(sink, Item::Message { octets, origin, incomplete: None }),
        Shape::Framed => {
            let mut framer = Framer::new(origin);
            framer.push(octets, sink)?;
            framer.finish(sink)
        }
        Shape::Packet(link) => analysis.packet(link, None, octets, 0, origin.line, sink),
    }
}
