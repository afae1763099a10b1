//! The reader: octets of the input become blocks of questions.
//!
//! What was read is handed on before the next read, so that names which trickle in through a pipe
//! are asked as they come. Once the scan is told to stop, the rest of a file is only counted, and a
//! pipe is left: what may still come from there nobody knows.

use std::io::{self, Read};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;

use super::block::{Block, QUESTIONS};
use super::pool::Pool;
use super::render::{Invalid, Renderer};
use super::stats::InputCounts;
use super::stop::{Level, Stop};
use super::writer::{self, ToWriter};
use crate::names::line::{self, Line, LineError};
use crate::wire::{Class, RecordType};

/// Octets of one read.
const CHUNK: usize = 64 * 1024;
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
    pub blocks: mpsc::Sender<Block>,
    pub output: mpsc::Sender<ToWriter>,
    pub renderer: Renderer,
    pub block_pool: Arc<Pool<Block>>,
    pub output_pool: Arc<Pool<Vec<u8>>>,
    pub stop: Arc<Stop>,
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
}

impl Reader {
    /// Reads to the end, or until there is no use in it.
    ///
    /// # Errors
    /// What the source said when it could not be read.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut state = State {
            counts: InputCounts::default(),
            block: self.block_pool.take(),
            rendered: self.output_pool.take(),
            discard: false,
        };
        let outcome = self.read_all(&mut state);
        self.hand_over(&mut state);
        state.counts.whole = matches!(outcome, Ok(true));
        self.publish(&state);
        outcome.map(|_| ())
    }

    /// Whether it has come to the end of the input.
    fn read_all(&mut self, state: &mut State) -> io::Result<bool> {
        let mut buffer = vec![0; line::MAX_LINE + CHUNK];
        // Octets of a line that has begun, at the front of the buffer.
        let mut held = 0;
        let mut skipping = false;
        let mut first = true;
        loop {
            self.reading.set_waits(Waits::Input);
            let read = self.source.read.read(&mut buffer[held..held + CHUNK]);
            self.reading.set_waits(Waits::No);
            let read = match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            state.discard |= self.stop.level() > Level::Run;
            self.reading.octets.fetch_add(read as u64, Relaxed);
            let filled = held + read;
            let mut text = &buffer[..filled];
            if first && filled >= 3 {
                first = false;
                // Editors of some systems put a byte order mark in front.
                text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
            }
            while let Some(end) = memchr::memchr(b'\n', text) {
                let (whole, rest) = text.split_at(end + 1);
                text = rest;
                if std::mem::take(&mut skipping) {
                    continue;
                }
                self.take_line(whole, state);
            }
            if read == 0 {
                if !text.is_empty() && !skipping {
                    self.take_line(text, state);
                }
                return Ok(true);
            }
            if text.len() > line::MAX_LINE {
                if !skipping {
                    skipping = true;
                    state.counts.lines += 1;
                    self.take(text, Err(LineError::TooLong), state);
                }
                text = &[];
            }
            held = text.len();
            let start = filled - held;
            buffer.copy_within(start..filled, 0);
            if skipping {
                held = 0;
            }
            self.hand_over(state);
            self.publish(state);
            if self.stop.level() == Level::Abandon || state.discard && self.source.size.is_none() {
                return Ok(false);
            }
        }
    }

    fn take_line(&mut self, text: &[u8], state: &mut State) {
        state.counts.lines += 1;
        self.take(text, line::classify(text), state);
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
            state.counts.questions += types.len() as u64;
            state.counts.not_asked += types.len() as u64;
            return;
        }
        let mut written = Ok(());
        if types.contains(&RecordType::PTR) && types.len() > 1 {
            // Only the PTR question of an address is about its reverse name.
            for &rtype in types {
                let reverse = rtype == RecordType::PTR;
                let write = |names: &mut Vec<u8>| line::write_name(name, reverse, names);
                written = written.and(state.block.push(&[rtype], write));
            }
        } else {
            let reverse = types == [RecordType::PTR];
            written = state
                .block
                .push(types, |names: &mut Vec<u8>| line::write_name(name, reverse, names));
        }
        match written {
            Ok(()) => state.counts.questions += types.len() as u64,
            Err(error) => self.take_invalid(text, &error, types[0], state),
        }
        if state.block.len() >= QUESTIONS {
            self.hand_over(state);
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
        let text = text.trim_ascii();
        let invalid = Invalid {
            line: state.counts.lines,
            text: &text[..text.len().min(SHOWN)],
            error: &error.to_string(),
            rtype,
            class: self.class,
        };
        self.renderer.render_invalid(&invalid, &mut state.rendered);
        if state.rendered.len() >= writer::BLOCK {
            self.hand_over(state);
        }
    }

    /// Gives the workers the questions and the writer the lines that there are.
    fn hand_over(&mut self, state: &mut State) {
        state.discard |= self.stop.level() > Level::Run;
        if state.block.len() > 0 {
            let block = std::mem::replace(&mut state.block, self.block_pool.take());
            let left = if state.discard {
                Some(block)
            } else {
                self.blocks.blocking_send(block).err().map(|unsent| unsent.0)
            };
            if let Some(block) = left {
                state.discard = true;
                state.counts.not_asked += block.len() as u64;
            }
        }
        if !state.rendered.is_empty() {
            let rendered = std::mem::replace(&mut state.rendered, self.output_pool.take());
            self.publish(state);
            self.reading.set_waits(Waits::Output);
            let sent = self.output.blocking_send(ToWriter::Lines(rendered));
            self.reading.set_waits(Waits::No);
            state.discard |= sent.is_err();
        }
    }

    fn publish(&self, state: &State) {
        if let Ok(mut counts) = self.reading.counts.lock() {
            *counts = state.counts;
        }
    }
}
