//! The reader: goes through the query file and hands its queries to the workers, as often as is wanted.
//!
//! What was read once is kept, as far as it is no more than [`MOST_KEPT`], and handed out from there. A
//! longer file is read anew each time; a longer pipe can be gone through once only.

use std::fs::File;
use std::io::Read;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::error::BenchError;
use super::plan::Source;
use super::query_line::{LineError, read_line, write_name};
use super::start::Start;
use crate::crew::{Block, Feeder, Level};
use crate::names::encoding::EncodingError;
use crate::names::list::{ListReader, RawLine};
use crate::wire::RecordType;

/// Octets of queries that are kept: some million of them.
const MOST_KEPT: usize = 64 << 20;
/// Lines that cannot be asked and are told one by one.
const MOST_BAD: usize = 5;

/// What was read of the query file, gone through once.
#[derive(Debug, Clone, Default)]
pub struct Input {
    /// Queries in it.
    pub queries: u64,
    /// Lines that cannot be asked, and were passed over.
    pub bad: u64,
    /// The first of them.
    pub bad_lines: Vec<BadLine>,
    /// How often it was gone through to its end.
    pub passes: u32,
}

/// A line that cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, from 1 on.
    pub number: u64,
    /// Why.
    pub error: LineError,
}

/// What the reader has done so far, for other threads to see.
#[derive(Debug, Default)]
pub(super) struct Reading {
    input: Mutex<Input>,
    /// It waits for input, perhaps for ever.
    waits: AtomicBool,
}

impl Reading {
    pub(super) fn input(&self) -> Input {
        self.input.lock().map(|input| input.clone()).unwrap_or_default()
    }

    pub(super) fn waits(&self) -> bool {
        self.waits.load(Ordering::Acquire)
    }
}

/// Queries as they were read: all names one after the other, and the type of each.
#[derive(Debug, Default)]
struct Queries {
    names: Vec<u8>,
    /// Where each name ends, and its type.
    entries: Vec<(usize, RecordType)>,
}

impl Queries {
    fn octets(&self) -> usize {
        self.names.len() + self.entries.len() * size_of::<(usize, RecordType)>()
    }
}

/// See the [module](self).
pub(super) struct Reader {
    pub source: Source,
    pub passes: Option<NonZeroU32>,
    pub feeder: Feeder,
    pub reading: Arc<Reading>,
    pub start: Arc<Start>,
    /// Queries that are handed to a worker at once.
    pub per_block: usize,
}

/// The state of a pass.
struct Pass {
    block: Block,
    /// What was read so far, as long as it may be kept and is wanted again.
    kept: Option<Queries>,
    /// Nobody wants more.
    over: bool,
    input: Input,
    line: u64,
}

impl Reader {
    /// Reads until there was enough.
    ///
    /// # Errors
    /// The source cannot be read, has no query, or cannot be read as often as is wanted.
    pub(super) fn run(mut self) -> Result<(), BenchError> {
        let again = self.passes.is_none_or(|passes| passes.get() > 1);
        let mut pass = Pass {
            block: self.feeder.block(),
            kept: again.then(Queries::default),
            over: false,
            input: Input::default(),
            line: 0,
        };
        let read = std::mem::replace(&mut self.source.read, Box::new(std::io::empty()));
        self.read_through(read, &mut pass)?;
        if pass.input.queries == 0 && !pass.over {
            let (label, bad) = (self.source.label, pass.input.bad);
            return Err(BenchError::Empty { label, bad });
        }
        let mut outcome = Ok(());
        while !pass.over
            && outcome.is_ok()
            && self.passes.is_none_or(|passes| pass.input.passes < passes.get())
        {
            outcome = self.go_through_again(&mut pass);
        }
        self.hand_over(&mut pass);
        self.publish(&pass);
        outcome
    }

    fn go_through_again(&self, pass: &mut Pass) -> Result<(), BenchError> {
        match (pass.kept.take(), &self.source.again) {
            (Some(kept), _) => {
                self.hand_out(&kept, pass);
                pass.kept = Some(kept);
                Self::end_pass(pass);
                Ok(())
            }
            (None, Some(path)) => {
                let file = File::open(path).map_err(|source| BenchError::Input {
                    label: self.source.label.clone(),
                    source,
                })?;
                self.read_through(Box::new(file), pass)
            }
            (None, None) => Err(BenchError::Unrepeatable { label: self.source.label.clone() }),
        }
    }

    /// Hands out everything that comes from `read`.
    fn read_through(&self, read: Box<dyn Read + Send>, pass: &mut Pass) -> Result<(), BenchError> {
        let first = pass.input.passes == 0;
        pass.line = 0;
        let mut list = ListReader::new(read);
        while !pass.over {
            self.reading.waits.store(true, Ordering::Release);
            let more = list.fill();
            self.reading.waits.store(false, Ordering::Release);
            let more = more.map_err(|error| self.unreadable(error))?;
            while let Some(line) = list.next_line() {
                pass.line += 1;
                self.take_line(line, first, pass);
                if pass.over {
                    return Ok(());
                }
            }
            // What trickles in is asked as it comes.
            self.hand_over(pass);
            self.publish(pass);
            if !more {
                Self::end_pass(pass);
                return Ok(());
            }
        }
        Ok(())
    }

    fn end_pass(pass: &mut Pass) {
        if !pass.over {
            pass.input.passes = pass.input.passes.saturating_add(1);
        }
    }

    fn unreadable(&self, error: EncodingError) -> BenchError {
        let label = self.source.label.clone();
        match error {
            EncodingError::Io(source) => BenchError::Input { label, source },
            error => BenchError::Encoding { label, error },
        }
    }

    fn take_line(&self, line: RawLine<'_>, first: bool, pass: &mut Pass) {
        let query = match line {
            RawLine::Text(text) => read_line(text),
            RawLine::TooLong(_) => Err(LineError::TooLong),
        };
        let pushed = query.and_then(|query| {
            let Some((name, rtype)) = query else { return Ok(None) };
            pass.block.push(&[rtype], |names: &mut Vec<u8>| write_name(name, names))?;
            Ok(Some(rtype))
        });
        match pushed {
            Ok(Some(rtype)) => {
                if first {
                    pass.input.queries += 1;
                    keep(pass, rtype);
                }
                if pass.block.len() >= self.per_block {
                    self.hand_over(pass);
                }
            }
            Ok(None) => {}
            Err(error) if first => {
                pass.input.bad += 1;
                if pass.input.bad_lines.len() < MOST_BAD {
                    pass.input.bad_lines.push(BadLine { number: pass.line, error });
                }
            }
            Err(_) => {}
        }
    }

    /// Hands out what was kept, once.
    fn hand_out(&self, kept: &Queries, pass: &mut Pass) {
        let mut start = 0;
        for &(end, rtype) in &kept.entries {
            let written = pass.block.push(&[rtype], |names: &mut Vec<u8>| {
                names.extend_from_slice(&kept.names[start..end]);
                Ok::<_, std::convert::Infallible>(())
            });
            debug_assert!(written.is_ok());
            start = end;
            if pass.block.len() >= self.per_block {
                self.hand_over(pass);
                if pass.over {
                    return;
                }
            }
        }
    }

    fn hand_over(&self, pass: &mut Pass) {
        pass.over |= self.feeder.level() > Level::Run;
        if pass.over || pass.block.is_empty() {
            return;
        }
        self.start.set();
        let block = std::mem::replace(&mut pass.block, self.feeder.block());
        pass.over = self.feeder.feed(block).is_err();
    }

    fn publish(&self, pass: &Pass) {
        if let Ok(mut input) = self.reading.input.lock() {
            input.clone_from(&pass.input);
        }
    }
}

/// Keeps the last query of the block, if that is wanted and there is room for it.
fn keep(pass: &mut Pass, rtype: RecordType) {
    let Some(kept) = &mut pass.kept else { return };
    let last = pass.block.len() - 1;
    let Some((name, _)) = pass.block.question(last) else { return };
    kept.names.extend_from_slice(name);
    kept.entries.push((kept.names.len(), rtype));
    if kept.octets() > MOST_KEPT {
        pass.kept = None;
    }
}
