//! The reader: lines of the input become blocks of questions.
//!
//! What was read is handed on before the next read, so that names which trickle in through a pipe
//! are asked as they come. Once the scan is told to stop, the rest of a file is only counted, and a
//! pipe is left: what may still come from there nobody knows.

use std::convert::Infallible;
use std::io::{self, Read};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use super::render::{Invalid, Renderer};
use super::stats::InputCounts;
use crate::crew::{Block, Feeder, LINES, Level, QUESTIONS};
use crate::names::encoding::EncodingError;
use crate::names::error::LineError;
use crate::names::line::{Line, classify};
use crate::names::list::{ListReader, RawLine};
use crate::names::list_format::{FormatCheck, WrongListFormat};
use crate::names::name::write_name;
use crate::names::prefix::{Prefix, write_reverse};
use crate::wire::{Class, RecordType};

/// Octets of an unaskable line that are shown.
const SHOWN: usize = 256;

/// Where names come from.
pub struct Source {
    /// What it is called in messages: a path, or `standard input`.
    pub label: String,
    /// The octets.
    pub read: Box<dyn Read + Send>,
    /// How many octets there are, if that is known.
    pub size: Option<u64>,
}

impl Source {
    /// Names from memory.
    pub fn from_bytes(label: &str, octets: Vec<u8>) -> Self {
        let size = Some(octets.len() as u64);
        Self { label: label.to_owned(), read: Box::new(io::Cursor::new(octets)), size }
    }
}

/// What the reader has done so far, for other threads to see.
#[derive(Debug, Default)]
pub(super) struct Reading {
    counts: Mutex<InputCounts>,
    octets: AtomicU64,
    waits: AtomicU8,
    wrong_format: Mutex<Option<WrongListFormat>>,
}

/// Why the reader has not come to the end of the input.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The source cannot be read, or is no text.
    Source(EncodingError),
    /// It does not look like a list of names.
    WrongListFormat(WrongListFormat),
}

/// What the reader waits for, perhaps for ever. Meanwhile the counts are complete: it holds no
/// question that is counted nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waits {
    /// Nothing.
    No = 0,
    /// More input.
    Input = 1,
    /// Room at the writer.
    Output = 2,
}

impl Reading {
    pub(super) fn counts(&self) -> InputCounts {
        self.counts.lock().map(|counts| *counts).unwrap_or_default()
    }

    pub(super) fn waits(&self) -> Waits {
        match self.waits.load(Ordering::Acquire) {
            0 => Waits::No,
            1 => Waits::Input,
            _ => Waits::Output,
        }
    }

    fn set_waits(&self, waits: Waits) {
        self.waits.store(waits as u8, Ordering::Release);
    }

    /// What a list looks like of which more than half cannot be asked, once it was read.
    pub(super) fn wrong_format(&self) -> Option<WrongListFormat> {
        self.wrong_format.lock().ok().and_then(|wrong_format| wrong_format.clone())
    }

    /// Octets read so far.
    pub(super) fn octets(&self) -> u64 {
        self.octets.load(Relaxed)
    }
}

/// The reader and what it needs.
pub(super) struct Reader {
    pub source: Source,
    pub types: Vec<RecordType>,
    pub class: Class,
    /// A list is read on although most of it cannot be asked.
    pub keep_going: bool,
    pub feeder: Feeder,
    pub renderer: Renderer,
    pub reading: Arc<Reading>,
}

/// The state of reading, apart from where octets come from and where blocks go.
struct State {
    counts: InputCounts,
    block: Block,
    /// Lines for what cannot be asked.
    rendered: Vec<u8>,
    /// The scan is stopped: questions are counted, not handed on.
    discard: bool,
    format_check: FormatCheck,
}

impl Reader {
    /// Reads to the end, or until there is no use in it.
    ///
    /// # Errors
    /// What the source said when it could not be read, or what the list looks like if it is none.
    pub(super) fn run(mut self) -> Result<(), ReadError> {
        let mut state = State {
            counts: InputCounts::default(),
            block: self.feeder.block(),
            rendered: self.feeder.lines(),
            discard: false,
            format_check: FormatCheck::default(),
        };
        let outcome = self.read_all(&mut state);
        // What was not meant to be asked had better not be.
        state.discard |= matches!(outcome, Err(ReadError::WrongListFormat(_)));
        self.hand_over(&mut state);
        state.counts.whole = matches!(outcome, Ok(true));
        self.publish(&state);
        if outcome.is_ok()
            && let Ok(mut wrong_format) = self.reading.wrong_format.lock()
        {
            *wrong_format = state.format_check.wrong_format();
        }
        outcome.map(|_| ())
    }

    /// Whether it has come to the end of the input.
    fn read_all(&mut self, state: &mut State) -> Result<bool, ReadError> {
        let read = std::mem::replace(&mut self.source.read, Box::new(io::empty()));
        let mut list = ListReader::new(read);
        loop {
            self.reading.set_waits(Waits::Input);
            let more = list.fill();
            self.reading.set_waits(Waits::No);
            let more = more.map_err(ReadError::Source)?;
            state.discard |= self.feeder.level() > Level::Run;
            self.reading.octets.store(list.octets(), Relaxed);
            while let Some(line) = list.next_line() {
                self.take_line(line, state);
                if state.format_check.is_complete() && !self.keep_going {
                    // Judged once: what comes later is no other list.
                    self.keep_going = true;
                    if let Some(wrong_format) = state.format_check.wrong_format() {
                        return Err(ReadError::WrongListFormat(wrong_format));
                    }
                }
            }
            self.hand_over(state);
            self.publish(state);
            if !more {
                return Ok(true);
            }
            if self.feeder.level() == Level::Abandon || state.discard && self.source.size.is_none()
            {
                return Ok(false);
            }
        }
    }

    fn take_line(&mut self, line: RawLine<'_>, state: &mut State) {
        state.counts.lines += 1;
        match line {
            RawLine::Text(text) => self.take(text, classify(text), state),
            RawLine::TooLong(text) => self.take(text, Err(LineError::TooLong), state),
        }
    }

    fn take(&mut self, text: &[u8], line: Result<Line<'_>, LineError>, state: &mut State) {
        let own_type;
        let (name, types) = match line {
            Ok(Line::Blank) => {
                state.counts.blank += 1;
                return;
            }
            Ok(Line::Comment) => {
                state.counts.comments += 1;
                return;
            }
            Ok(Line::Question(name, None)) => (name, &self.types[..]),
            Ok(Line::Question(name, Some(rtype))) => {
                own_type = [rtype];
                (name, &own_type[..])
            }
            Err(error) => return self.take_invalid(text, &error, self.types[0], state),
        };
        if state.discard {
            // A prefix counts as one: what it stands for is not worth the time.
            state.counts.questions += types.len() as u64;
            state.counts.not_asked += types.len() as u64;
            return;
        }
        let written = state.block.push(types, |names: &mut Vec<u8>| write_name(name, names));
        // Only the PTR question of an address means anything.
        let reverse = types.contains(&RecordType::PTR);
        match written {
            Ok(()) => state.counts.questions += types.len() as u64,
            Err(LineError::Address(address)) if reverse => push_reverse(address, state),
            Err(LineError::Prefix(prefix)) if reverse => {
                state.format_check.take_valid();
                return self.take_prefix(prefix, state);
            }
            Err(error) => {
                let rtype = types[0];
                return self.take_invalid(text, &error, rtype, state);
            }
        }
        state.format_check.take_valid();
        if state.block.len() >= QUESTIONS {
            self.hand_over(state);
        }
    }

    /// Asks for the names of all addresses, a block at a time.
    fn take_prefix(&mut self, prefix: Prefix, state: &mut State) {
        for (address, done) in prefix.addresses().zip(0..) {
            if state.discard {
                let left = prefix.count() - done;
                state.counts.questions += left;
                state.counts.not_asked += left;
                return;
            }
            push_reverse(address, state);
            if state.block.len() >= QUESTIONS {
                self.hand_over(state);
                self.publish(state);
            }
        }
    }

    fn take_invalid(
        &mut self,
        text: &[u8],
        error: &LineError,
        rtype: RecordType,
        state: &mut State,
    ) {
        if state.discard {
            // Whether it could be asked does not matter any more.
            state.counts.questions += 1;
            state.counts.not_asked += 1;
            return;
        }
        state.counts.invalid += 1;
        state.format_check.take_invalid(error);
        let text = text.trim_ascii();
        let invalid = Invalid {
            line: state.counts.lines,
            text: &text[..text.len().min(SHOWN)],
            error: &error.to_string(),
            rtype,
            class: self.class,
        };
        self.renderer.render_invalid(&invalid, &mut state.rendered);
        if state.rendered.len() >= LINES {
            self.hand_over(state);
        }
    }

    /// Gives the workers the questions and the writer the lines that there are.
    fn hand_over(&mut self, state: &mut State) {
        state.discard |= self.feeder.level() > Level::Run;
        if !state.block.is_empty() {
            let block = std::mem::replace(&mut state.block, self.feeder.block());
            let left = if state.discard { Some(block) } else { self.feeder.feed(block).err() };
            if let Some(block) = left {
                state.discard = true;
                state.counts.not_asked += block.len() as u64;
            }
        }
        if !state.rendered.is_empty() {
            let rendered = std::mem::replace(&mut state.rendered, self.feeder.lines());
            self.publish(state);
            self.reading.set_waits(Waits::Output);
            let sent = self.feeder.write(rendered);
            self.reading.set_waits(Waits::No);
            state.discard |= !sent;
        }
    }

    fn publish(&self, state: &State) {
        if let Ok(mut counts) = self.reading.counts.lock() {
            *counts = state.counts;
        }
    }
}

fn push_reverse(address: IpAddr, state: &mut State) {
    let write = |names: &mut Vec<u8>| {
        write_reverse(address, names);
        Ok::<_, Infallible>(())
    };
    match state.block.push(&[RecordType::PTR], write) {
        Ok(()) => state.counts.questions += 1,
        Err(never) => match never {},
    }
}
