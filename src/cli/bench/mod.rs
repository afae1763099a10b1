//! `dnsonde bench`: how fast a server answers, in dnsperf's habits.

mod args;
mod plan;
mod progress;
mod refused;
mod run;

pub(super) use args::Args;
pub(super) use run::run;
