//! Whether the DNS is flaky here, how badly, and why.
//!
//! - [`plan`]: what is examined, and how much may be asked for it. `subject`: the servers that it leads to.
//! - [`task`]: what each query is for. `schedule`: factors balanced, on a jittered schedule.
//! - [`planner`]: what to ask next. [`run`]: carries it to the network.
//! - `sample`: what became of the queries. `judge`: from that to findings. `measurement`: to tables.
//! - [`report`]: the outcome.
//! - [`lookup`]: what one look-up of a program costs, from what each of its servers does. Pure.
//! - [`surroundings`]: what kind of resolver this machine's configuration leads to. Pure.
//!
//! The files are read by whoever calls; `resolv.conf` is understood by
//! [`names::resolv_conf`](crate::names::resolv_conf), for all commands alike.

mod judge;
pub mod lookup;
mod measurement;
pub mod plan;
pub mod planner;
pub mod report;
pub mod run;
mod sample;
mod schedule;
mod subject;
pub mod surroundings;
pub mod task;
