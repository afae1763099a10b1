//! Bulk look-ups: a stream of names in, a line of output for each of them out.
//!
//! ```text
//! reader ──blocks of questions──▶ workers ──blocks of rendered lines──▶ writer
//! ```
//!
//! The reader parses lines into blocks of compact questions. The workers and the writer are a
//! [`crew`](crate::crew); what a scan does in each worker is its part there: it asks when the engine
//! has room, and renders what comes. The list of names never sits in memory, nothing is allocated and
//! no lock is taken for a single name.
//!
//! The questions go to certain servers or, in an iterative scan, to the authoritative servers that
//! delegations lead to ([`FromRoot`]).
//!
//! Nothing gets lost without a word: every question that was read ends as a line of output or in
//! one of the counts of the [`ScanReport`].

mod direct;
mod error;
mod input;
mod iterate;
mod iterative;
mod job;
mod plan;
pub mod render;
mod run;
mod stats;
mod tally;

pub use crate::crew::{Level, Output, OutputCounts, ServerStats, Stop};
pub use error::ScanError;
pub use input::Source;
pub use iterate::{FromRoot, Others};
pub use plan::{ScanPlan, Targets};
pub use render::Format;
pub use run::{ScanProgress, run};
pub use stats::{InputCounts, ScanEnd, ScanReport};
pub use tally::ScanTally;
