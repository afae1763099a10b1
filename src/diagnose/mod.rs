//! Whether the DNS is flaky here, how badly, and why.
//!
//! - [`lookup`]: what one look-up of a program costs, from what each of its servers does. Pure.
//! - [`surroundings`]: what kind of resolver this machine's configuration leads to. Pure.
//!
//! The files are read by whoever calls; `resolv.conf` is understood by
//! [`names::resolv_conf`](crate::names::resolv_conf), for all commands alike.

pub mod lookup;
pub mod surroundings;
