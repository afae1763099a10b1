//! One question to one address, put once, and what came of it.
//!
//! - [`query`]: whom to ask what, how and why.
//! - [`log`]: what was asked and what came back, as plain data.
//! - [`runner`]: carries questions to a driver.
//! - `sample`: what became of them, counted and compared.

#![allow(
    clippy::large_enum_variant,
    reason = "names are inline arrays: an allocation for each would cost more than the copies"
)]

pub(crate) mod form;
pub mod log;
pub mod query;
pub mod runner;
pub(crate) mod sample;

pub use runner::{Asker, Order, carry_out};
