//! Puts the segments of TCP connections in order and cuts them into messages.
//!
//! Each direction is a stream of its own. Segments come twice, late, early, or were never captured;
//! a capture may begin in the middle of a connection. Where octets are missing, the messages up to
//! there are given, the gap is told, and reading goes on with the next segment that begins like a
//! message.

use std::collections::{BTreeMap, HashMap};

use super::item::{Flow, InputError, Item, Origin, Sink, give};
use super::packet::TcpHeader;

/// Streams that are kept at a time; half of them, those longest without a segment, make room.
const MOST_STREAMS: usize = 4096;
/// Octets that are kept for all of them together, and for one before its gap is given up.
const MOST_OCTETS: usize = 16 << 20;
const MOST_EARLY: usize = 256 << 10;
/// Segments that wait for an earlier one, for one stream.
const MOST_SEGMENTS: usize = 1024;
/// What a segment costs besides its octets.
const OVERHEAD: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Streams {
    streams: HashMap<Flow, Stream>,
    /// All that the streams keep, in octets.
    kept: usize,
    /// Counts segments, to know which stream is oldest.
    clock: u64,
}

#[derive(Debug)]
struct Stream {
    /// The sequence number that comes next.
    next: u32,
    /// Where the stream began, if that was seen.
    initial: Option<u32>,
    /// The beginning of a message that is not whole.
    frame: Vec<u8>,
    /// Segments that came early, by their distance from `base`.
    early: BTreeMap<u64, Vec<u8>>,
    early_octets: usize,
    /// Octets since the stream was first seen: the place of `next` in it.
    position: u64,
    /// Whether `next` may be in the middle of a message.
    lost: bool,
    /// The last segment, for what is said at the end.
    origin: Origin,
    used: u64,
}

impl Stream {
    fn kept(&self) -> usize {
        self.frame.len() + self.early_octets + self.early.len() * OVERHEAD
    }

    /// Takes octets that are next.
    fn take(
        &mut self,
        octets: &[u8],
        origin: Origin,
        sink: &mut Sink<'_>,
    ) -> Result<(), InputError> {
        self.next = self.next.wrapping_add(octets.len() as u32);
        self.position += octets.len() as u64;
        if self.lost {
            if !begins_message(octets) {
                return Ok(());
            }
            self.lost = false;
        }
        self.frame.extend_from_slice(octets);
        let mut used = 0;
        while let Some((&length, behind)) = self.frame[used..].split_first_chunk::<2>()
            && let Some(octets) = behind.get(..usize::from(u16::from_be_bytes(length)))
        {
            used += 2 + octets.len();
            give(sink, Item::Message { octets, origin, incomplete: None })?;
        }
        self.frame.drain(..used);
        Ok(())
    }

    /// Takes the early segments that are next by now.
    fn take_early(&mut self, sink: &mut Sink<'_>) -> Result<(), InputError> {
        while let Some(entry) = self.early.first_entry()
            && *entry.key() <= self.position
        {
            let (place, octets) = entry.remove_entry();
            self.early_octets -= octets.len();
            let known = (self.position - place) as usize;
            if let Some(octets) = octets.get(known..) {
                self.take(octets, self.origin, sink)?;
            }
        }
        Ok(())
    }

    /// Gives up what is missing before the first early segment, or behind what is there.
    fn give_up(&mut self, origin: Origin, sink: &mut Sink<'_>) -> Result<(), InputError> {
        let to = self.early.keys().next().copied().unwrap_or(self.position);
        let gap = to - self.position;
        self.next = self.next.wrapping_add(gap as u32);
        self.position = to;
        self.lost = true;
        let frame = std::mem::take(&mut self.frame);
        if gap > 0 {
            let reason = format!(
                "{gap} octets of this TCP stream were not captured{}",
                if frame.is_empty() { "" } else { ", and so the end of a message" }
            );
            give(sink, Item::Problem { origin, offset: 0, reason })?;
        } else if !frame.is_empty() {
            give(sink, Item::Problem { origin, offset: 0, reason: unfinished(&frame) })?;
        }
        self.take_early(sink)
    }
}

fn unfinished(frame: &[u8]) -> String {
    match frame.split_first_chunk::<2>() {
        Some((&length, there)) => format!(
            "this TCP stream ends inside a message: {} of {} octets are present",
            there.len(),
            u16::from_be_bytes(length)
        ),
        None => "this TCP stream ends inside the length of a message".to_owned(),
    }
}

/// Whether octets look like a length and the header of a message behind it.
fn begins_message(octets: &[u8]) -> bool {
    let Some(head) = octets.first_chunk::<14>() else {
        // A length alone in its segment, as some servers send it.
        return octets.len() == 2 && u16::from_be_bytes([octets[0], octets[1]]) >= 12;
    };
    let length = u16::from_be_bytes([head[0], head[1]]);
    let (opcode, questions) = (head[4] >> 3 & 0xF, u16::from_be_bytes([head[6], head[7]]));
    length >= 12 && opcode <= 6 && questions <= 1
}

impl Streams {
    /// Takes a segment of which `missing` octets at the end were not captured.
    pub(super) fn add(
        &mut self,
        flow: Flow,
        header: TcpHeader,
        payload: &[u8],
        missing: usize,
        origin: Origin,
        sink: &mut Sink<'_>,
    ) -> Result<(), InputError> {
        self.clock += 1;
        // SYN takes a number of its own.
        let start = header.sequence.wrapping_add(u32::from(header.syn));
        let again = |stream: &&Stream| !header.syn || stream.initial == Some(start);
        if self.streams.get(&flow).filter(again).is_none() {
            if let Some(mut old) = self.streams.remove(&flow) {
                self.kept -= old.kept();
                finish(&mut old, sink)?;
            }
            // What only ends a stream, or says that octets have arrived, begins none.
            if payload.is_empty() && missing == 0 && !header.syn {
                return Ok(());
            }
            self.make_room(sink)?;
            let initial = header.syn.then_some(start);
            let stream = Stream {
                next: start,
                initial,
                frame: Vec::new(),
                early: BTreeMap::new(),
                early_octets: 0,
                position: 0,
                lost: !header.syn,
                origin,
                used: self.clock,
            };
            if !header.syn && !payload.is_empty() && !begins_message(payload) {
                let reason = "the capture of this TCP stream starts in the middle of a message";
                give(sink, Item::Problem { origin, offset: 0, reason: reason.to_owned() })?;
            }
            self.streams.insert(flow, stream);
        }
        let Some(stream) = self.streams.get_mut(&flow) else { return Ok(()) };
        self.kept -= stream.kept();
        (stream.origin, stream.used) = (origin, self.clock);
        let added = stream.add(start, payload, missing, header.ends, sink);
        self.kept += stream.kept();
        added
    }

    /// Lets the oldest streams go where there are too many, or where they keep too much.
    fn make_room(&mut self, sink: &mut Sink<'_>) -> Result<(), InputError> {
        if self.streams.len() < MOST_STREAMS && self.kept < MOST_OCTETS {
            return Ok(());
        }
        let mut used: Vec<u64> = self.streams.values().map(|stream| stream.used).collect();
        let middle = used.len() / 2;
        let (_, &mut middle, _) = used.select_nth_unstable(middle);
        let mut old: Vec<Stream> =
            self.streams.extract_if(|_, stream| stream.used <= middle).map(|(_, s)| s).collect();
        old.sort_unstable_by_key(|stream| stream.used);
        for mut stream in old {
            self.kept -= stream.kept();
            finish(&mut stream, sink)?;
        }
        Ok(())
    }

    /// No more packets come: what is left cannot be finished.
    pub(super) fn finish(&mut self, sink: &mut Sink<'_>) -> Result<(), InputError> {
        let mut streams: Vec<Stream> = std::mem::take(&mut self.streams).into_values().collect();
        self.kept = 0;
        streams.sort_unstable_by_key(|stream| stream.used);
        streams.iter_mut().try_for_each(|stream| finish(stream, sink))
    }
}

fn finish(stream: &mut Stream, sink: &mut Sink<'_>) -> Result<(), InputError> {
    let origin = stream.origin;
    while !stream.early.is_empty() {
        stream.give_up(origin, sink)?;
    }
    if stream.frame.is_empty() { Ok(()) } else { stream.give_up(origin, sink) }
}

impl Stream {
    fn add(
        &mut self,
        start: u32,
        payload: &[u8],
        missing: usize,
        ends: bool,
        sink: &mut Sink<'_>,
    ) -> Result<(), InputError> {
        let origin = self.origin;
        // How far from what is next, at most half of the numbers away either way.
        let distance = start.wrapping_sub(self.next) as i32;
        if distance > 0 {
            if payload.is_empty() {
                return Ok(());
            }
            let place = self.position + distance as u64;
            // Of two that begin at one place the longer one stays.
            let known = self.early.get(&place).map_or(0, Vec::len);
            if payload.len() > known {
                self.early_octets += payload.len() - known;
                self.early.insert(place, payload.to_vec());
            }
            if self.early_octets > MOST_EARLY || self.early.len() > MOST_SEGMENTS {
                self.give_up(origin, sink)?;
            }
            return Ok(());
        }
        let known = distance.unsigned_abs() as usize;
        let fresh = payload.get(known..).unwrap_or_default();
        if !fresh.is_empty() {
            self.take(fresh, origin, sink)?;
        }
        if missing > 0 && known <= payload.len() {
            let (there, all) = (payload.len(), payload.len() + missing);
            let reason = format!("the capture kept {there} of {all} octets of this TCP segment");
            give(sink, Item::Problem { origin, offset: 0, reason })?;
            self.frame.clear();
            self.lost = true;
            self.next = self.next.wrapping_add(missing as u32);
            self.position += missing as u64;
        }
        self.take_early(sink)?;
        if ends && self.early.is_empty() && !self.frame.is_empty() && known <= payload.len() {
            self.give_up(origin, sink)?;
        }
        Ok(())
    }
}
