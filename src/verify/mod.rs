//! Why is my verification still pending? Plan, run, judge.
//!
//! - [`expect`]: what a domain should publish, and whether a record is well-formed.
//! - [`ask`]: whom to ask what, and what to ask next: a session, without I/O.
//! - [`judge`]: what follows from it. Pure.
//! - [`wait`]: looking again until all is right, and what is kept of it.
//!
//! A [`VerifyPlan`] goes into [`run`], [`Verification`] comes out, and [`judge::judge`] makes a
//! [`VerifyReport`] of it.

#![allow(
    clippy::large_enum_variant,
    reason = "names are inline arrays: an allocation for each would cost more than the copies"
)]

pub mod ask;
mod check;
pub mod expect;
pub mod judge;
mod plan;
pub mod purpose;
mod report;
mod run;
mod verification;
pub mod wait;
mod zones;

pub use crate::verify::verification::Verification;
pub use ask::session;
pub use check::Check;
pub use plan::{SesTokens, VerifyPlan};
pub use report::{Verdict, VerifyReport};
pub use run::{engine, run};
