//! Statistics for judgements: how sure a count or a percentile is, and whether two of them differ.
//!
//! Counts and latencies come in; intervals, probabilities and the text of a rate come out. All of it is
//! exact where exactness is affordable: the Clopper-Pearson interval, Fisher's test, the runs test and
//! the ranks of percentiles take no normal approximation, so they hold for three losses as well as for
//! three thousand.
//!
//! | the question | the answer |
//! |---|---|
//! | how large is a share, and how sure is that | [`Proportion`]; with losses in bursts [`loss_interval`] |
//! | do two counts differ | [`fisher_exact`], over all tests of a run [`holm`] |
//! | do losses cluster, and how | [`RunsTest`], [`Transitions`], [`GilbertElliott`] |
//! | how long do answers take | [`Latencies`], or [`QuantileRanks`] into a histogram |
//! | is one server faster than another | [`PairedBlocks`] |
//! | are there two kinds of answers | [`Dip`], then [`TwoModes`] |
//! | did something change during the run | [`change_points`] |
//! | what could a run have seen | [`probes_to_see`], [`largest_unseen_share`], [`PairedBlocks::detectable`] |
//!
//! This module never does I/O, never reads a clock and never draws a random number. What the
//! numbers assume (independent probes, mostly) is said at each function; to make that true is up
//! to whoever plans the probes.

mod change;
mod compare;
mod dip;
mod distribution;
mod durations;
mod paired;
mod proportion;
mod quantile;
mod rate;
mod sequence;
mod verifier;

pub use change::{ChangePoint, change_points};
pub use compare::{fisher_exact, holm};
pub use dip::{Dip, TwoModes};
pub use distribution::StudentT;
pub use durations::Durations;
pub use paired::PairedBlocks;
pub use proportion::{Interval, Proportion, largest_unseen_share, probes_to_see};
pub use quantile::{Latencies, Latency, LatencyQuantile, QuantileRanks};
pub use rate::percent;
pub use sequence::{GilbertElliott, RunsTest, Transitions, effective_probes, loss_interval};
pub use verifier::{Chance, ServerTally, all_succeed, verifier_success};

/// The confidence of the intervals that are shown: 95 %.
pub const CONFIDENCE: f64 = 0.95;
/// The significance that a difference must reach after Holm's correction.
pub const SIGNIFICANCE: f64 = 0.01;
