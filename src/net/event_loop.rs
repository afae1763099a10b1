//! The event loop that a thread runs in.

use std::fs::File;
use std::io;

use tokio::runtime::{Builder, Runtime};

/// File descriptors that tokio opens for a loop that also watches signals.
const DESCRIPTORS: usize = 8;

/// An event loop on this thread.
///
/// # Errors
/// The system has no file descriptors left for it.
pub(crate) fn event_loop() -> io::Result<Runtime> {
    room_for_descriptors()?;
    Builder::new_current_thread().enable_all().build()
}

/// tokio panics where there is no descriptor for its pipe of signals, so we look before.
fn room_for_descriptors() -> io::Result<()> {
    if cfg!(unix) {
        let null = File::open("/dev/null")?;
        let _held = (1..DESCRIPTORS).map(|_| null.try_clone()).collect::<io::Result<Vec<_>>>()?;
    }
    Ok(())
}
