//! Why is my verification still pending? Plan, run, judge.
//!
//! - [`expect`]: what a domain should publish, and whether a record is well-formed.
//! - [`ask`]: whom to ask what, and what to ask next: a [`Session`], without I/O.
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
pub mod expect;
pub mod judge;
pub(crate) mod look;
mod plan;
mod run;
mod undelegated;
pub mod wait;

pub use crate::probe::log::Evidence;
pub use ask::Session;
pub use look::{Look, Useless};
pub use plan::{Plan, SesTokens};
pub use run::{VerifyError, engine, run};
