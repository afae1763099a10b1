//! The writer: blocks of rendered lines go to the output, in the order in which they come.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;

use super::pool::Pool;
use super::stats::OutputCounts;
use super::stop::{Level, Stop};

/// Octets at which a block of lines is handed to the writer.
pub(super) const BLOCK: usize = 64 * 1024;

/// What the writer is sent.
pub(super) enum ToWriter {
    /// Whole lines.
    Lines(Vec<u8>),
    /// Nothing more will come.
    End,
}

/// Writes until the end, or until the output fails: then the scan is told to stop. Others can see in
/// `written` how far it has come.
///
/// # Errors
/// What the output said. Everything before is written, and nothing after.
pub(super) fn write_all(
    mut blocks: mpsc::Receiver<ToWriter>,
    mut output: Box<dyn Write + Send>,
    pool: &Arc<Pool<Vec<u8>>>,
    stop: &Stop,
    written: &Mutex<OutputCounts>,
) -> (OutputCounts, io::Result<()>) {
    let mut counts = OutputCounts::default();
    while let Some(ToWriter::Lines(mut block)) = blocks.blocking_recv() {
        // Flushed at once: whoever follows the output sees whole lines as they come.
        if let Err(error) = output.write_all(&block).and_then(|()| output.flush()) {
            stop.raise(Level::Cancel);
            return (counts, Err(error));
        }
        counts.lines += memchr::memchr_iter(b'\n', &block).count() as u64;
        counts.octets += block.len() as u64;
        if let Ok(mut written) = written.lock() {
            *written = counts;
        }
        block.clear();
        pool.give(block);
    }
    counts.whole = true;
    (counts, Ok(()))
}
