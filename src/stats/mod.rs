//! Statistics for judgements: how sure a count is, and whether two counts differ.
//!
//! Counts come in; intervals, probabilities and the text of a rate come out. All of it is exact
//! where exactness is affordable: the Clopper-Pearson interval, Fisher's test and the runs test
//! take no normal approximation, so they hold for three losses as well as for three thousand.
//!
//! This module never does I/O, never reads a clock and never draws a random number. What the
//! numbers assume (independent probes, mostly) is said at each function; to make that true is up
//! to whoever plans the probes.

mod compare;
mod distribution;
mod paired;
mod proportion;
mod rate;
mod sequence;
mod verifier;

pub use compare::{fisher_exact, holm};
pub use distribution::StudentT;
pub use paired::PairedBlocks;
pub use proportion::{Interval, Proportion, largest_unseen_share, probes_to_see};
pub use rate::percent;
pub use sequence::{GilbertElliott, RunsTest, Transitions};
pub use verifier::{Chance, ServerTally, all_succeed, verifier_success};

/// The confidence of the intervals that are shown: 95 %.
pub const CONFIDENCE: f64 = 0.95;
/// The significance that a difference must reach after Holm's correction.
pub const SIGNIFICANCE: f64 = 0.01;
