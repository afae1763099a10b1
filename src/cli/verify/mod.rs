//! `dnsonde verify`: why is a verification still pending?

mod args;
mod check;
mod command;
mod plan;
mod wait;

pub(super) use args::Args;
pub(super) use check::check;
pub use command::plan_of;
pub(super) use command::run;
