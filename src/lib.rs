//! dnsonde: a raw-packet DNS probing engine, and the parts that its command line is made of.
//!
//! - [`wire`]: octets to DNS messages and back.
//! - [`stats`]: intervals and tests. Pure.
//! - [`decode`]: messages out of captures, dumps and digits.
//! - [`engine`]: the exchange state machine, without I/O.
//! - [`net`]: the drivers that move bytes for the engine.
//! - [`walk`]: delegations, iterative resolution and a cache.
//! - [`probe`]: single questions to single addresses, and what came of them.
//! - [`judge`]: from what probes saw to findings. Pure.
//! - [`report`]: messages, results and judgements as text, JSON and HTML.
//! - [`names`]: names and servers as users write them.
//! - [`crew`]: worker threads, each with an engine, fed in blocks and stopped together.
//! - [`scan`]: bulk look-ups.
//! - [`mod@bench`]: load and latency.
//! - [`diagnose`]: whether DNS is flaky here, how badly, and why.
//! - [`query`]: one exchange, carried out and shown in full.
//! - [`playground`]: DNS servers and whole DNS worlds, on loopback or under virtual time, with faults
//!   to order.
//! - [`cli`]: the command line.
//! - [`verify`]: why a verification is still pending: what is expected, whom to ask, what follows.

// Both panic when they cannot write: `cli::notes` and `cli::output::print` do not.
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

pub mod bench;
pub mod cli;
pub mod crew;
pub mod decode;
pub mod diagnose;
pub mod engine;
pub mod judge;
pub mod names;
pub mod net;
pub mod playground;
pub mod probe;
pub mod query;
pub mod report;
pub mod scan;
pub mod stats;
pub mod verify;
pub mod walk;
pub mod wire;
