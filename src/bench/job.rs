//! What the threads of a measurement leave to each other.

use super::counts::{Counts, Latencies};
use super::error::BenchError;
use crate::crew::{self, Job};

/// A measurement, as a job of a crew.
pub(super) struct Bench;

impl Job for Bench {
    type Tally = Tally;
    /// Of each server.
    type Rest = Vec<Latencies>;
    type Error = BenchError;
}

/// What became of the queries to each server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tally(pub Vec<Counts>);

impl Tally {
    /// Of so many servers.
    pub(super) fn of(servers: usize) -> Self {
        Self(vec![Counts::default(); servers])
    }

    /// Of all servers together.
    pub(super) fn sum(&self) -> Counts {
        let mut sum = Counts::default();
        self.0.iter().for_each(|counts| sum.add(counts));
        sum
    }
}

impl crew::WorkerTally for Tally {
    fn add(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize_with(other.0.len(), Counts::default);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            mine.add(theirs);
        }
    }
}
