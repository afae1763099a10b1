//! Whom to ask what, and what to ask next.
//!
//! A [`session`] walks to the names first; then surveys what every address says about every record,
//! repeatedly and in mixed order; then follows up what looks wrong, with queries that tell causes
//! apart (hypothesis, then experiment). What is asked of servers and paths whatever the job is in
//! [`probe`](crate::probe); here is what is asked because of the expected records.

mod baseline;
mod caches;
mod follow_up;
mod near_miss;
mod planner;

pub use crate::probe::session::{ProbeProgress, Stage};
pub use planner::{VerifyPlanner, evidence, session};
