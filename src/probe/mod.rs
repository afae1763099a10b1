//! One query to one address, sent once, and its outcome: what `verify` has in common with all
//! jobs that examine servers.
//!
//! - [`query`], [`purpose`]: whom to ask what, how and why.
//! - [`result`]: what came of one query, [`heard`]: what a resolver would make of that. [`log`]: what
//!   came of all of them, as plain data.
//! - [`session`]: the scheduler, which has a [`Planner`] say what to ask next.
//! - [`baseline`], [`experiments`]: what to ask in any case, and what because of what was seen.
//! - [`source`]: sources of queries to certain servers. `dispatcher`: submits them to an engine, and hands back
//!   what came of them. `repeats`: what it puts once more.
//! - [`runner`]: sends queries through a [`Driver`](crate::net::Driver), the only part with I/O. [`examine`]:
//!   a whole session, from opening a driver to the log.
//! - `sample`: what became of the queries to one address, counted and compared.
//!
//! Nothing is concluded here: that is for [`judge`](crate::judge).

#![allow(
    clippy::large_enum_variant,
    reason = "names are inline arrays: an allocation for each would cost more than the copies"
)]

pub mod baseline;
mod dispatcher;
pub mod examine;
pub mod experiments;
mod form;
pub mod heard;
pub mod log;
pub mod purpose;
pub mod query;
mod repeats;
pub mod result;
pub mod runner;
pub(crate) mod sample;
pub mod session;
pub mod source;

pub(crate) use dispatcher::Dispatcher;
pub use log::ProbeLog;
pub(crate) use repeats::Repeats;
pub use runner::run;
pub use session::{Planner, Session};
pub use source::{QuerySource, ServerQuery};
