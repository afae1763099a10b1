//! From evidence to findings. Pure functions: no I/O, no clock, no dice.
//!
//! `records` judges what was expected, [`crate::judge`] those who were asked and the paths to them;
//! `summary` lays out how each record stands, `verdict` sums it all up, and `judgement` puts the
//! report together.

mod judgement;
mod observations;
mod records;
mod summary;
mod verdict;

pub use judgement::judge;
