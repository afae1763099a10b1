//! What the threads of a scan leave to each other.

use super::error::ScanError;
use super::iterate::Others;
use super::tally::Tally;
use crate::crew::{self, Job};

/// A scan, as a job of a crew.
pub(super) struct Scan;

impl Job for Scan {
    type Tally = Tally;
    type Rest = Others;
    type Error = ScanError;
}

impl crew::Tally for Tally {
    fn add(&mut self, other: &Self) {
        self.add(other);
    }
}
