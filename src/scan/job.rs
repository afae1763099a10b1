//! What the threads of a scan leave to each other.

use super::error::ScanError;
use super::iterate::Others;
use super::tally::ScanTally;
use crate::crew::{self, Job};

/// A scan, as a job of a crew.
pub(super) struct Scan;

impl Job for Scan {
    type Tally = ScanTally;
    type Rest = Others;
    type Error = ScanError;
}

impl crew::WorkerTally for ScanTally {
    fn add(&mut self, other: &Self) {
        self.add(other);
    }
}
