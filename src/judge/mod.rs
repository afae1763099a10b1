//! From what probes saw to findings. Pure functions: no I/O, no clock, no dice.
//!
//! Each judge of [`rules`] looks at all observations and at what the judges before it explained.

#![allow(
    clippy::large_enum_variant,
    reason = "names are inline arrays: an allocation for each would cost more than the copies"
)]

pub mod catalog;
pub mod entry;
mod explained;
pub mod finding;
mod host;
mod observations;
mod path;
pub(crate) mod rules;
mod server;
pub mod severity;
#[cfg(test)]
mod tests;
