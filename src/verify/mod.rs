//! Why is my verification still pending? Plan, run, judge.
//!
//! - [`expect`]: what a domain should publish, and whether a record is well-formed.
//! - [`ask`]: whom to ask what, and what to ask next: a session, without I/O.
//! - [`judge`]: what follows from it. Pure.
//! - [`wait`]: looking again until all is right, and what is kept of it.
//!
//! A [`Plan`] goes into [`run`], [`Evidence`] comes out, and [`judge::judge`] makes a
//! [`Report`] of it.

#![allow(
    clippy::large_enum_variant,
    reason = "names are inline arrays: an allocation for each would cost more than the copies"
)]

pub mod ask;
mod evidence;
pub mod expect;
pub mod judge;
mod look;
mod plan;
pub mod purpose;
mod report;
mod run;
pub mod wait;
mod zones;

pub use crate::verify::evidence::Evidence;
pub use ask::session;
pub use look::Look;
pub use plan::{Plan, SesTokens};
pub use report::{Report, Verdict};
pub use run::{engine, run};
