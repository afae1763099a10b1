//! Why is my verification still pending? Plan, run, judge.
//!
//! - [`expect`]: what a domain should publish, and whether a record is well-formed.

pub mod expect;
