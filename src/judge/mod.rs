//! From what probes saw to findings. Pure functions: no I/O, no clock, no dice.
//!
//! - [`catalog`]: whatever can be concluded, and nothing else. [`finding`]: what was; [`brief`]: the
//!   same in plain words; [`actor`]: who must act on it.
//! - `observations`: what was seen of each server; `explained`: faults whose causes are known.
//! - `server`, `path`, `resolver`, `host`: one file a rule, or a few that belong together.
//! - [`provider`]: well-known DNS providers, and how their forms want a record typed.
//! - [`content`]: what records of mail and certificates say, and whether that is valid.
//! - [`rules`]: the rules in order. [`summary`]: the table of who was asked.
//!
//! What a job knows beyond servers and paths, such as the records that `verify` expects, it judges
//! itself, by the same catalog and with the same builder of findings.

#![allow(
    clippy::large_enum_variant,
    reason = "names are inline arrays: an allocation for each would cost more than the copies"
)]

pub mod actor;
pub mod brief;
pub mod catalog;
pub mod content;
pub mod entry;
mod explained;
pub mod finding;
mod host;
pub(crate) mod observations;
mod path;
pub mod provider;
pub(crate) mod resolver;
pub mod rules;
pub(crate) mod server;
pub mod severity;
pub mod summary;
#[cfg(test)]
mod tests;
pub(crate) mod writing;
