//! The lowest value of late: what a path is like when nothing is in its way.

/// The lowest of this period and of the one before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lowest<T> {
    current: T,
    previous: T,
}

impl<T: PartialOrd + Copy> Lowest<T> {
    pub(super) const fn new(highest: T) -> Self {
        Self { current: highest, previous: highest }
    }

    pub(super) fn add(&mut self, value: T) {
        if value < self.current {
            self.current = value;
        }
    }

    pub(super) fn next_period(&mut self, highest: T) {
        self.previous = self.current;
        self.current = highest;
    }

    pub(super) fn get(&self) -> T {
        if self.current < self.previous { self.current } else { self.previous }
    }
}
