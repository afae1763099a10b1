//! Buffers that go round instead of being allocated anew.

use std::sync::Mutex;

/// Most buffers that are kept; more are let go.
const KEPT: usize = 64;

/// A store of used buffers. Its lock is taken once a block, never once a name.
#[derive(Debug, Default)]
pub struct Pool<T>(Mutex<Vec<T>>);

impl<T: Default> Pool<T> {
    /// A used buffer if there is one, else a new one.
    pub fn take(&self) -> T {
        self.0.lock().ok().and_then(|mut kept| kept.pop()).unwrap_or_default()
    }

    /// Puts back a buffer that was emptied.
    pub fn give(&self, buffer: T) {
        if let Ok(mut kept) = self.0.lock()
            && kept.len() < KEPT
        {
            kept.push(buffer);
        }
    }
}
