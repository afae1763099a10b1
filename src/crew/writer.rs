//! The writer: blocks of rendered lines go to the output, in the order in which they come.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;

use super::pool::Pool;
use super::stop::{Level, Stop};

/// Where lines go.
pub struct Output {
    /// What it is called in messages: a path, or `standard output`.
    pub label: String,
    /// Takes the octets. It should not keep some back, or what is counted as written may not be.
    pub write: Box<dyn Write + Send>,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutputCounts {
    /// Lines.
    pub lines: u64,
    /// Octets.
    pub octets: u64,
    /// Whether what is written ends inside a line.
    pub torn: bool,
    /// Whether all that was finished is written: the output did not fail, and was waited for.
    pub whole: bool,
}

/// What the writer is sent.
pub(super) enum ToWriter {
    /// Whole lines.
    Lines(Vec<u8>),
    /// Nothing more will come. Whether all went well: without a line, the header is written only then.
    End(bool),
}

/// Writes until the end, or until the output fails: then the crew is told to stop. Others can see in
/// `written` how far it has come.
///
/// # Errors
/// What the output said. The counts say what it took before, which may end inside a line.
pub(super) fn write_all(
    mut blocks: mpsc::Receiver<ToWriter>,
    header: &[u8],
    mut output: Box<dyn Write + Send>,
    pool: &Arc<Pool<Vec<u8>>>,
    stop: &Stop,
    written: &Mutex<OutputCounts>,
) -> (OutputCounts, io::Result<()>) {
    let mut counts = OutputCounts::default();
    let mut header = Some(header).filter(|header| !header.is_empty());
    loop {
        let (mut block, over) = match blocks.blocking_recv() {
            Some(ToWriter::Lines(block)) => (block, false),
            Some(ToWriter::End(true)) => (Vec::new(), true),
            Some(ToWriter::End(false)) | None => break,
        };
        let first = header.take().map_or(Ok(()), |header| write(header, &mut output, &mut counts));
        // Flushed at once: whoever follows the output sees whole lines as they come.
        let done = first.and_then(|()| write(&block, &mut output, &mut counts));
        if let Err(error) = done.and_then(|()| output.flush()) {
            stop.raise(Level::Cancel);
            return (counts, Err(error));
        }
        if let Ok(mut written) = written.lock() {
            *written = counts;
        }
        if over {
            break;
        }
        block.clear();
        pool.give(block);
    }
    counts.whole = true;
    (counts, Ok(()))
}

/// Writes a block and counts what the output takes of it: a disk may have room for a part.
fn write(mut rest: &[u8], output: &mut dyn Write, counts: &mut OutputCounts) -> io::Result<()> {
    while !rest.is_empty() {
        let taken = match output.write(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let (written, left) = rest.split_at(taken);
        counts.lines += memchr::memchr_iter(b'\n', written).count() as u64;
        counts.octets += taken as u64;
        counts.torn = !written.ends_with(b"\n");
        rest = left;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk with room for so many octets.
    struct Disk(usize);

    impl Write for Disk {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            // No more than three at a time.
            let taken = octets.len().min(self.0).min(3);
            self.0 -= taken;
            if taken == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_a_full_disk_has_taken_is_counted_to_the_octet() {
        for (room, lines, torn) in
            [(0, 0, false), (2, 0, true), (4, 1, false), (9, 2, true), (12, 3, false)]
        {
            let (blocks, received) = mpsc::channel(2);
            for block in [b"one\ntwo\n", b"six\nten\n"] {
                blocks.try_send(ToWriter::Lines(block.to_vec())).unwrap();
            }
            drop(blocks);
            let stop = Stop::default();
            let disk = Box::new(Disk(room));
            let (counts, outcome) =
                write_all(received, b"", disk, &Arc::default(), &stop, &Mutex::default());
            assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::StorageFull);
            assert_eq!((counts.lines, counts.octets, counts.torn), (lines, room as u64, torn));
            assert!(!counts.whole);
            assert_eq!(stop.level(), Level::Cancel);
        }
    }
}
