//! The moment from which a run counts: the same for all threads, each of which has a clock of its own.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::engine::Time;

/// The moment from which a run counts.
#[derive(Debug, Default)]
pub(super) struct Start(OnceLock<Instant>);

impl Start {
    /// It is now.
    pub(super) fn set(&self) {
        self.0.get_or_init(Instant::now);
    }

    /// How long ago it was.
    pub(super) fn elapsed(&self) -> Option<Duration> {
        self.0.get().map(Instant::elapsed)
    }
}

/// A worker's clock, and the moment when it was compared with that of the others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    instant: Instant,
    time: Time,
}

impl Clock {
    /// `now` is what the worker's clock says.
    pub(super) fn compared(now: Time) -> Self {
        Self { instant: Instant::now(), time: now }
    }

    /// The start on the worker's clock; `None` before it.
    pub(super) fn start(&self, start: &Start) -> Option<Time> {
        let start = start.0.get()?;
        Some(self.time + start.saturating_duration_since(self.instant))
    }
}
