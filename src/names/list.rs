//! A list, from the octets of its source to its lines.

use std::io::Read;

use super::encoding::{EncodingError, Utf8Reader};

/// The longest line that is read, in octets of UTF-8.
pub const MAX_LINE: usize = 65_536;
/// Octets of one read.
const CHUNK: usize = 64 * 1024;

/// One line, without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawLine<'a> {
    /// A line of at most [`MAX_LINE`] octets.
    Text(&'a [u8]),
    /// The beginning of a longer line, of which the rest is passed over.
    TooLong(&'a [u8]),
}

/// Reads lines from a source in any encoding of [`super::encoding`]. A line ends at LF, CRLF or CR, or
/// at the end of the source. Nothing is allocated for a line.
///
/// Lines are taken from what was read until there are no more, and then more is read: so whoever reads
/// knows when the source may let it wait.
pub struct ListReader {
    source: Utf8Reader,
    buffer: Vec<u8>,
    /// What of the buffer is still to be taken.
    start: usize,
    filled: usize,
    /// The line that was begun is too long; its rest is to be passed over.
    skipping: bool,
    /// The last line ended with CR; a LF behind it belongs to it.
    after_cr: bool,
    ended: bool,
}

impl ListReader {
    /// Reads from `source`.
    pub fn new(source: Box<dyn Read + Send>) -> Self {
        Self {
            source: Utf8Reader::new(source),
            buffer: vec![0; MAX_LINE + CHUNK],
            start: 0,
            filled: 0,
            skipping: false,
            after_cr: false,
            ended: false,
        }
    }

    /// Octets of the source read so far.
    pub const fn octets(&self) -> u64 {
        self.source.octets()
    }

    /// Reads more; false at the end of the source. All lines must have been taken.
    ///
    /// # Errors
    /// The source cannot be read, or is no text.
    pub fn fill(&mut self) -> Result<bool, EncodingError> {
        self.buffer.copy_within(self.start..self.filled, 0);
        self.filled -= self.start;
        self.start = 0;
        // At most MAX_LINE octets are left of a line that was begun.
        let room = &mut self.buffer[self.filled..];
        let read = self.source.read(room)?;
        self.filled += read;
        self.ended = read == 0;
        Ok(read > 0)
    }

    /// The next line of what was read; the last line of the source has no end, and comes after
    /// [`Self::fill`] has told that there is no more.
    #[inline]
    pub fn next_line(&mut self) -> Option<RawLine<'_>> {
        loop {
            let text = &self.buffer[self.start..self.filled];
            if self.after_cr && !text.is_empty() {
                self.after_cr = false;
                if text[0] == b'\n' {
                    self.start += 1;
                    continue;
                }
            }
            let begin = self.start;
            let end = match memchr::memchr2(b'\n', b'\r', text) {
                Some(end) => {
                    self.after_cr = text[end] == b'\r';
                    self.start += end + 1;
                    if std::mem::take(&mut self.skipping) {
                        continue;
                    }
                    end
                }
                None if self.ended || text.len() > MAX_LINE => {
                    self.start = self.filled;
                    let passed = text.is_empty() || self.skipping;
                    self.skipping |= !self.ended;
                    if passed {
                        return None;
                    }
                    text.len()
                }
                None => {
                    if self.skipping {
                        self.start = self.filled;
                    }
                    return None;
                }
            };
            let line = &self.buffer[begin..begin + end];
            return Some(match line.get(..MAX_LINE) {
                Some(front) if line.len() > MAX_LINE => RawLine::TooLong(front),
                _ => RawLine::Text(line),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::trickle::Trickle;
    use std::io;

    /// The lines; one that is too long as its length behind an exclamation mark.
    fn lines(octets: &[u8], at_once: usize) -> Vec<String> {
        let source = Trickle(io::Cursor::new(octets.to_vec()), at_once);
        let mut reader = ListReader::new(Box::new(source));
        let mut lines = Vec::new();
        loop {
            let more = reader.fill().unwrap();
            while let Some(line) = reader.next_line() {
                lines.push(match line {
                    RawLine::Text(text) => String::from_utf8_lossy(text).into_owned(),
                    RawLine::TooLong(text) => format!("!{}", text.len()),
                });
            }
            if !more {
                return lines;
            }
        }
    }

    #[test]
    fn a_line_ends_as_on_any_system() {
        for (text, expected) in [
            ("", &[][..]),
            ("a", &["a"]),
            ("a\n", &["a"]),
            ("a\nb", &["a", "b"]),
            ("a\r\nb\r\n", &["a", "b"]),
            ("a\rb\r", &["a", "b"]),
            ("a\n\nb\r\n\r\nc\r\rd", &["a", "", "b", "", "c", "", "d"]),
            ("\n\r\n", &["", ""]),
            ("\u{FEFF}a\nb", &["a", "b"]),
        ] {
            for at_once in [1, 2, 5, usize::MAX] {
                assert_eq!(lines(text.as_bytes(), at_once), expected, "{text:?} by {at_once}");
            }
        }
    }

    #[test]
    fn the_longest_line_is_read_and_a_longer_one_passed_over() {
        let longest = "x".repeat(MAX_LINE);
        for end in ["\n", "\r\n", "\r"] {
            for at_once in [1000, 65_536, usize::MAX] {
                let text = format!("a{end}{longest}{end}b{end}{longest}y{end}c{end}");
                let read = lines(text.as_bytes(), at_once);
                assert_eq!(read, ["a", &longest, "b", "!65536", "c"], "by {at_once}");
                let text = format!("{}{end}c", longest.repeat(40));
                assert_eq!(lines(text.as_bytes(), at_once), ["!65536", "c"], "by {at_once}");
                assert_eq!(lines(longest.repeat(9).as_bytes(), at_once), ["!65536"]);
            }
        }
    }
}
