//! What a job's part works with in its worker.

use super::block::Block;
use super::lines::Lines;
use super::stop::Level;
use crate::net::Driver;
use crate::wire::RecordType;

/// What a job's part works with in its worker.
pub struct Desk {
    /// The engine and its sockets.
    pub driver: Driver,
    /// The questions that this worker has taken from the feeder.
    pub questions: Questions,
    /// Lines on their way to the writer.
    pub lines: Lines,
    pub(super) level: Level,
}

impl Desk {
    pub(super) fn new(driver: Driver, lines: Lines) -> Self {
        Self { driver, questions: Questions::default(), lines, level: Level::Run }
    }

    /// How far the crew was told to stop, as far as this worker has heeded it.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Whether further questions are to be asked now: nobody has said stop, and the writer keeps up.
    pub fn asks(&self) -> bool {
        self.level == Level::Run && !self.lines.are_waiting()
    }
}

/// Questions that a worker has taken from the feeder.
#[derive(Default)]
pub struct Questions {
    block: Block,
    /// Place of the next one.
    next: usize,
}

impl Questions {
    /// The next question, its name in uncompressed wire form. It stays the next one until
    /// [`Self::advance`].
    #[inline]
    pub fn peek(&self) -> Option<(&[u8], RecordType)> {
        self.block.question(self.next)
    }

    /// The next question was taken.
    #[inline]
    pub fn advance(&mut self) {
        self.next += 1;
    }

    /// How many there are.
    pub(super) fn left(&self) -> usize {
        self.block.len() - self.next
    }

    /// Takes a block in the place of one that is used up, which it gives back.
    pub(super) fn replace(&mut self, block: Block) -> Block {
        self.next = 0;
        std::mem::replace(&mut self.block, block)
    }
}
