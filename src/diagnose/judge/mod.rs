//! From the log of a diagnosis to findings. Pure.
//!
//! - `context`: what is known of each server. `findings`: the rules in order.
//! - `reach`, `structure`, `loss`, `latency`, `recursive`: the rules, what explains others first.
//! - [`verdict`]: the outcome that follows from the findings.

mod context;
mod findings;
mod latency;
mod loss;
mod reach;
mod recursive;
mod structure;
pub(super) mod verdict;

pub(super) use findings::findings;
