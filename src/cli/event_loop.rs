//! The event loop that a command runs in.

use std::fs::File;
use std::io;

use anyhow::Context as _;
use tokio::runtime::{Builder, Runtime};

/// File descriptors that tokio opens for a loop that also watches signals.
const DESCRIPTORS: usize = 8;

/// An event loop on this thread.
///
/// # Errors
/// The system has no file descriptors left for it.
pub(super) fn event_loop() -> anyhow::Result<Runtime> {
    room_for_descriptors()
        .and_then(|()| Builder::new_current_thread().enable_all().build())
        .context("no event loop can be set up")
}

/// tokio panics where there is no descriptor for its pipe of signals, so we look before.
fn room_for_descriptors() -> io::Result<()> {
    if cfg!(unix) {
        let null = File::open("/dev/null")?;
        let _held = (1..DESCRIPTORS).map(|_| null.try_clone()).collect::<io::Result<Vec<_>>>()?;
    }
    Ok(())
}
