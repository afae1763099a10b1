//! Why is my verification still pending? Plan, run, judge.
//!
//! - [`expect`]: what a domain should publish, and whether a record is well-formed.
//! - [`ask`]: whom to ask what, and what to ask next: a [`Session`], without I/O.
//! - [`evidence`]: what was asked and what came back, as plain data.
//! - [`judge`]: what follows from it. Pure.
//! - [`wait`]: looking again until all is right, and what is kept of it.
//!
//! A [`Plan`] goes into [`run`], [`Evidence`] comes out, and [`judge::judge`] makes a
//! [`Report`](crate::report::finding::Report) of it.

#![allow(
    clippy::large_enum_variant,
    reason = "names are inline arrays: an allocation for each would cost more than the copies"
)]

pub mod ask;
pub mod evidence;
pub mod expect;
pub mod judge;
mod look;
mod plan;
mod run;
mod sample;
pub mod wait;

pub use ask::Session;
pub use evidence::Evidence;
pub use look::{Look, Useless};
pub use plan::{Plan, SesTokens};
pub use run::{VerifyError, engine, run};
