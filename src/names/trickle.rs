//! A source for tests that gives little at a time.

use std::io::{self, Read};

/// Gives at most so many octets at a time.
pub(super) struct Trickle(pub(super) io::Cursor<Vec<u8>>, pub(super) usize);

impl Read for Trickle {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = out.len().min(self.1);
        self.0.read(&mut out[..len])
    }
}
