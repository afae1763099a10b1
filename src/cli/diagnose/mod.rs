//! `dnsonde diagnose`: is it flaky, how badly, and why?

mod args;
mod command;
mod plan;

pub(super) use args::Args;
pub use command::plan_of;
pub(super) use command::run;
