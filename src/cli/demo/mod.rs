//! `dnsonde demo`: what dnsonde does, shown on this machine.

mod command;
mod scan;
mod story;

pub(super) use command::{Args, run};
