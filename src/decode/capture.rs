//! Captures: pcap, and pcapng with its sections and interfaces.
//!
//! One record or block is read at a time, and no more than [`LONGEST`] octets of it are believed; the
//! crate `pcap_parser` then reads what is in it. A record with an impossible length leaves no way to find
//! the next one, and ends the reading with one sentence.

use std::io::{self, Read};

use pcap_parser::pcapng::{
    InterfaceDescriptionBlock, parse_enhancedpacketblock_be, parse_enhancedpacketblock_le,
    parse_interfacedescriptionblock_be, parse_interfacedescriptionblock_le,
};
use pcap_parser::traits::PcapNGPacketBlock as _;
use pcap_parser::{OptionCode, parse_pcap_frame, parse_pcap_frame_be, parse_pcap_header};

use super::analysis::Analysis;
use super::item::{InputError, Origin, Sink, Timestamp};
use super::packet::Link;

/// The longest record that is read: four times what capturing programs keep of a packet.
const LONGEST: usize = 1 << 20;
/// Interfaces of one section.
const MOST_INTERFACES: usize = 4096;

const SECTION: u32 = 0x0A0D_0D0A;
const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// Reads until `buffer` is full or the input ends; says how much there was.
fn fill(input: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut there = 0;
    while there < buffer.len() {
        match input.read(&mut buffer[there..]) {
            Ok(0) => break,
            Ok(len) => there += len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(there)
}

/// Ends the reading, and says why where it is not at the end of a record.
fn end(
    problem: Option<String>,
    analysis: &mut Analysis<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), InputError> {
    analysis.finish(sink)?;
    if let Some(reason) = problem {
        let packet = Some(analysis.packets() + 1);
        return analysis.problem(Origin { packet, ..Origin::default() }, reason, sink);
    }
    Ok(())
}

/// Reads a pcap.
pub(super) fn read_pcap(
    input: &mut dyn Read,
    analysis: &mut Analysis<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), InputError> {
    let mut head = [0; 24];
    let there = fill(input, &mut head)?;
    let Ok((_, header)) = parse_pcap_header(&head[..there]) else {
        return Err(InputError::form("the capture ends inside its header"));
    };
    let big = header.is_bigendian();
    // The upper half says how long frame check sequences are.
    let link = Link(header.network.0 as u16);
    let fine = header.is_nanosecond_precision();
    let mut record = vec![0; 16];
    loop {
        record.resize(16, 0);
        match fill(input, &mut record)? {
            16 => {}
            0 => return end(None, analysis, sink),
            _ => {
                return end(
                    Some("the capture ends inside the header of this packet".to_owned()),
                    analysis,
                    sink,
                );
            }
        }
        let number = |at: usize| {
            let four = [0, 1, 2, 3].map(|i| record[at + i]);
            if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
        };
        let (captured, original) = (number(8) as usize, number(12) as usize);
        if captured > LONGEST {
            let reason =
                format!("the capture is damaged here: this packet claims {captured} octets");
            return end(Some(reason), analysis, sink);
        }
        record.resize(16 + captured, 0);
        let there = fill(input, &mut record[16..])?;
        if there < captured {
            let reason = format!(
                "the capture ends inside this packet: {there} of {captured} octets are present"
            );
            return end(Some(reason), analysis, sink);
        }
        let parsed = if big { parse_pcap_frame_be(&record) } else { parse_pcap_frame(&record) };
        let Ok((_, frame)) = parsed else {
            return end(Some("this packet cannot be read".to_owned()), analysis, sink);
        };
        let nanos = if fine { Some(frame.ts_usec) } else { frame.ts_usec.checked_mul(1_000) };
        let time = nanos.and_then(|nanos| Timestamp::new(u64::from(frame.ts_sec), nanos, fine));
        let missing = original.saturating_sub(captured);
        analysis.packet(link, time, frame.data, missing, None, sink)?;
    }
}

/// An interface of a section.
#[derive(Debug, Clone, Copy)]
struct Interface {
    link: Link,
    snaplen: u32,
    /// `if_tsresol`: a power of ten, or with the highest bit a power of two.
    resolution: u8,
    /// Seconds to add.
    offset: i64,
}

impl Interface {
    fn new(block: &InterfaceDescriptionBlock<'_>, big: bool) -> Self {
        let value =
            |code| block.options.iter().find(|option| option.code == code).map(|o| o.value());
        let resolution = value(OptionCode::IfTsresol).and_then(|value| value.first().copied());
        let offset =
            value(OptionCode::IfTsoffset).and_then(|value| value.first_chunk::<8>().copied());
        let seconds = if big { i64::from_be_bytes } else { i64::from_le_bytes };
        Self {
            link: Link(block.linktype.0 as u16),
            snaplen: block.snaplen,
            resolution: resolution.unwrap_or(6),
            offset: offset.map_or(0, seconds),
        }
    }

    fn time(&self, high: u32, low: u32) -> Option<Timestamp> {
        let ticks = u128::from(high) << 32 | u128::from(low);
        let exponent = u32::from(self.resolution & 0x7F);
        let binary = self.resolution & 0x80 != 0;
        let base: u128 = if binary { 2 } else { 10 };
        // No clock is finer than these, and the product below fits.
        let second = base.checked_pow(exponent).filter(|&second| second <= 1 << 64)?;
        let seconds = i64::try_from(ticks / second).ok()?.checked_add(self.offset)?;
        let nanos = (ticks % second) * 1_000_000_000 / second;
        Timestamp::new(u64::try_from(seconds).ok()?, nanos as u32, second > 1_000_000)
    }
}

/// Reads a pcapng.
pub(super) fn read_pcapng(
    input: &mut dyn Read,
    analysis: &mut Analysis<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), InputError> {
    let mut big = false;
    let mut interfaces: Vec<Interface> = Vec::new();
    let mut block = vec![0; 8];
    loop {
        block.resize(8, 0);
        match fill(input, &mut block)? {
            8 => {}
            0 => return end(None, analysis, sink),
            _ => return end(Some("the capture ends inside a block".to_owned()), analysis, sink),
        }
        let head = |at: usize| [0, 1, 2, 3].map(|i| block[at + i]);
        let (kind, length) = (head(0), head(4));
        if u32::from_be_bytes(kind) == SECTION {
            // The same octets in both orders; the next four say which one.
            block.resize(12, 0);
            fill(input, &mut block[8..])?;
            big = match &block[8..12] {
                b"\x1A\x2B\x3C\x4D" => true,
                b"\x4D\x3C\x2B\x1A" => false,
                _ => {
                    let reason = "the capture is damaged here: a section without a byte order";
                    return end(Some(reason.to_owned()), analysis, sink);
                }
            };
            interfaces.clear();
        }
        let number = |four| if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) };
        let (kind, length) = (number(kind), number(length) as usize);
        let there = block.len();
        if length < there + 4 || !length.is_multiple_of(4) {
            let reason = format!("the capture is damaged here: a block claims {length} octets");
            return end(Some(reason), analysis, sink);
        }
        if !matches!(kind, INTERFACE | OLD_PACKET | SIMPLE_PACKET | ENHANCED_PACKET) {
            // Names, statistics, keys, and whatever others put there.
            let rest = (length - there) as u64;
            if io::copy(&mut input.take(rest), &mut io::sink())? < rest {
                return end(Some("the capture ends inside a block".to_owned()), analysis, sink);
            }
            continue;
        }
        if length > LONGEST {
            let reason = format!("the capture is damaged here: a block claims {length} octets");
            return end(Some(reason), analysis, sink);
        }
        block.resize(length, 0);
        if fill(input, &mut block[there..])? < length - there {
            return end(Some("the capture ends inside this packet".to_owned()), analysis, sink);
        }
        match kind {
            INTERFACE => {
                let parsed = if big {
                    parse_interfacedescriptionblock_be(&block)
                } else {
                    parse_interfacedescriptionblock_le(&block)
                };
                match parsed {
                    Ok((_, parsed)) if interfaces.len() < MOST_INTERFACES => {
                        interfaces.push(Interface::new(&parsed, big));
                    }
                    Ok(_) => {}
                    Err(_) => {
                        let reason = "an interface description before this packet is malformed";
                        return end(Some(reason.to_owned()), analysis, sink);
                    }
                }
            }
            _ => read_packet(kind, &block, big, &interfaces, analysis, sink)?,
        }
    }
}

/// Reads a block with a packet in it.
fn read_packet(
    kind: u32,
    block: &[u8],
    big: bool,
    interfaces: &[Interface],
    analysis: &mut Analysis<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), InputError> {
    let field = |at: usize| {
        let four = block.get(at..)?.first_chunk::<4>().copied()?;
        Some(if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
    };
    // The number of the interface, the time, the octets, and how long the packet was.
    let found = match kind {
        ENHANCED_PACKET => {
            let parsed = if big {
                parse_enhancedpacketblock_be(block)
            } else {
                parse_enhancedpacketblock_le(block)
            };
            parsed.ok().map(|(_, packet)| {
                let data = packet.data.get(..packet.packet_data().len()).unwrap_or_default();
                (packet.if_id, Some((packet.ts_high, packet.ts_low)), data, packet.origlen)
            })
        }
        OLD_PACKET => (|| {
            let pair = block.get(8..)?.first_chunk::<2>().copied()?;
            let id = if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) };
            let (high, low) = (field(12)?, field(16)?);
            let (captured, original) = (field(20)? as usize, field(24)?);
            let data = block.get(28..block.len() - 4)?.get(..captured)?;
            Some((u32::from(id), Some((high, low)), data, original))
        })(),
        _ => (|| {
            // It has no length of its own but that of the block, and the interface's limit.
            let original = field(8)?;
            let data = block.get(12..block.len() - 4)?;
            let limit = interfaces.first().map(|first| first.snaplen).filter(|&limit| limit > 0);
            let captured = original.min(limit.unwrap_or(original)) as usize;
            Some((0, None, &data[..captured.min(data.len())], original))
        })(),
    };
    let Some((id, ticks, data, original)) = found else {
        return analysis.unreadable("the block of this packet is malformed", sink);
    };
    let Some(interface) = interfaces.get(id as usize) else {
        let reason = format!("this packet belongs to interface {id}, which is not described");
        return analysis.unreadable(&reason, sink);
    };
    let time = ticks.and_then(|(high, low)| interface.time(high, low));
    let missing = (original as usize).saturating_sub(data.len());
    analysis.packet(interface.link, time, data, missing, None, sink)
}
