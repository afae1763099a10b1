//! Bulk look-ups: a stream of names in, a line of output for each of them out.
//!
//! ```text
//! reader ──blocks of questions──▶ workers ──blocks of rendered lines──▶ writer
//! ```
//!
//! The reader parses lines into blocks of compact questions. Each worker owns an engine, its
//! sockets and a renderer; it takes a block when its engine has room, and hands on rendered lines
//! in blocks of about 64 KiB. All channels are bounded, so the list of names never sits in memory
//! and a slow disk slows the questions down. Buffers go round; nothing is allocated and no lock is
//! taken for a single name.
//!
//! The questions go to certain servers or, in an iterative scan, to the authoritative servers that
//! delegations lead to ([`FromRoot`]).
//!
//! Nothing gets lost without a word: every question that was read ends as a line of output or in
//! one of the counts of the [`Report`].

mod block;
mod input;
mod iterate;
mod pool;
pub mod render;
mod run;
mod stats;
mod stop;
mod tally;
mod worker;
mod writer;

pub use input::Source;
pub use iterate::{FromRoot, Others};
pub use render::Format;
pub use run::{Output, Plan, Progress, ScanError, Whom, run};
pub use stats::{End, InputCounts, OutputCounts, Report, ServerStats};
pub use stop::{Level, Stop};
pub use tally::Tally;
