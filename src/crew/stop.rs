//! The one word that a crew at work listens to: go on, come to an end, or leave everything.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// How long a crew that is to wait for nothing lets the output take what is finished.
const PATIENCE: Duration = Duration::from_secs(1);

/// How far a crew has been told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Not at all.
    Run,
    /// Ask nothing new, wait for the responses that are on their way.
    Drain,
    /// Ask nothing new and wait for no response, but count what is left of the input.
    Cancel,
    /// Wait for nothing, not even for an output that takes nothing more.
    Abandon,
}

/// Shared by the threads of a crew and by whoever may stop it.
#[derive(Debug, Default)]
pub struct Stop(AtomicU8);

impl Stop {
    /// What the crew is told now.
    pub fn level(&self) -> Level {
        match self.0.load(Ordering::Relaxed) {
            0 => Level::Run,
            1 => Level::Drain,
            2 => Level::Cancel,
            _ => Level::Abandon,
        }
    }

    /// Stops at least as much as `level` says; never takes a stop back.
    pub fn raise(&self, level: Level) {
        self.0.fetch_max(level as u8, Ordering::Relaxed);
    }

    /// Comes back when the crew is to wait for nothing, and has waited long enough for its output.
    pub(super) async fn patience(&self) {
        while self.level() < Level::Abandon {
            tokio::time::sleep(PATIENCE / 10).await;
        }
        tokio::time::sleep(PATIENCE).await;
    }

    /// One step further: the first call drains, the second one abandons.
    pub fn escalate(&self) {
        self.raise(if self.level() == Level::Run { Level::Drain } else { Level::Abandon });
    }
}
