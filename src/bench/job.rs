//! What the threads of a measurement leave to each other.

use super::counts::{Counts, Latencies};
use super::error::BenchError;
use crate::crew::{self, Job};

/// A measurement, as a job of a crew.
pub(super) struct Bench;

impl Job for Bench {
    type Tally = Counts;
    type Rest = Latencies;
    type Error = BenchError;
}

impl crew::WorkerTally for Counts {
    fn add(&mut self, other: &Self) {
        self.add(other);
    }
}
