//! Lines of a worker on their way to the writer.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::pool::Pool;
use super::stop::Stop;
use super::writer::ToWriter;

/// Octets at which a block of lines is handed to the writer.
pub const LINES: usize = 64 * 1024;

/// The way to the writer.
#[derive(Clone)]
pub(super) struct Outlet {
    pub(super) writer: mpsc::Sender<ToWriter>,
    pub(super) used: Arc<Pool<Vec<u8>>>,
}

impl Outlet {
    pub(super) fn empty(&self) -> Vec<u8> {
        self.used.take()
    }

    pub(super) fn send_blocking(&self, lines: Vec<u8>) -> bool {
        self.writer.blocking_send(ToWriter::Lines(lines)).is_ok()
    }
}

/// Lines of a worker on their way to the writer.
pub struct Lines {
    current: Vec<u8>,
    /// Full blocks that the writer has no room for yet.
    waiting: VecDeque<Vec<u8>>,
    /// The writer takes no more.
    refused: bool,
    outlet: Outlet,
}

impl Lines {
    pub(super) fn new(outlet: Outlet) -> Self {
        Self { current: Vec::new(), waiting: VecDeque::new(), refused: false, outlet }
    }

    /// Has `write` append whole lines, or nothing.
    #[inline]
    pub fn append<R>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        let written = write(&mut self.current);
        if self.current.len() >= LINES {
            self.cut();
        }
        written
    }

    /// Whether the writer is behind.
    pub(super) fn are_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn are_refused(&self) -> bool {
        self.refused
    }

    /// Puts the lines there are in the queue for the writer.
    pub(super) fn cut(&mut self) {
        if !self.current.is_empty() {
            let empty = self.outlet.empty();
            self.waiting.push_back(std::mem::replace(&mut self.current, empty));
        }
    }

    /// Gives the writer a block of those that wait, or notes that it takes no more.
    pub(super) fn pass(&mut self, permit: Option<mpsc::Permit<'_, ToWriter>>) {
        match permit {
            Some(permit) => {
                if let Some(block) = self.waiting.pop_front() {
                    permit.send(ToWriter::Lines(block));
                }
            }
            None => self.refused = true,
        }
    }

    /// Gives the writer all there is, however long it takes if nobody is in a hurry.
    pub(super) async fn hand_over(&mut self, stop: &Stop) {
        self.cut();
        let mut patience = pin!(stop.patience());
        while !self.refused
            && let Some(block) = self.waiting.pop_front()
        {
            let sent = self.outlet.writer.send(ToWriter::Lines(block));
            tokio::select! {
                biased;
                sent = sent => self.refused = sent.is_err(),
                () = &mut patience => self.refused = true,
            }
        }
    }

    /// Takes away what is no whole line.
    pub(super) fn drop_unfinished(&mut self) {
        let whole = memchr::memrchr(b'\n', &self.current).map_or(0, |end| end + 1);
        self.current.truncate(whole);
    }
}
