//! The event loop that a command runs in.

use anyhow::Context as _;
use tokio::runtime::Runtime;

use crate::net;

/// An event loop on this thread.
///
/// # Errors
/// The system has no file descriptors left for it.
pub(super) fn event_loop() -> anyhow::Result<Runtime> {
    net::event_loop().context("cannot set up an event loop")
}
