//! What is on its way, under a clock that nobody waits for.

use std::collections::BTreeMap;

use crate::engine::Time;

/// Events by the time at which they happen and, within that, in the order in which they were begun.
#[derive(Debug)]
pub struct InFlight<E> {
    events: BTreeMap<(Time, u64), E>,
    begun: u64,
}

impl<E> Default for InFlight<E> {
    fn default() -> Self {
        Self { events: BTreeMap::new(), begun: 0 }
    }
}

impl<E> InFlight<E> {
    /// Something will happen at a time.
    pub fn push(&mut self, at: Time, event: E) {
        self.begun += 1;
        self.events.insert((at, self.begun), event);
    }

    /// When something happens next.
    pub fn next_at(&self) -> Option<Time> {
        self.events.first_key_value().map(|((at, _), _)| *at)
    }

    /// What happens next, if that is at `now` at the latest; with its time.
    pub fn pop(&mut self, now: Time) -> Option<(Time, E)> {
        let first = self.events.first_entry().filter(|first| first.key().0 <= now)?;
        let ((at, _), event) = first.remove_entry();
        Some((at, event))
    }

    /// What `stays` does not want will never happen.
    pub fn retain(&mut self, mut stays: impl FnMut(&E) -> bool) {
        self.events.retain(|_, event| stays(event));
    }
}
