//! dnsonde: a raw-packet DNS probing engine, and the parts that its command line is made of.
//!
//! - [`wire`]: octets to DNS messages and back.
//! - [`engine`]: the exchange state machine, without I/O.
//! - [`net`]: the drivers that move bytes for the engine.
//! - [`playground`]: a DNS server on loopback with faults to order.
//! - [`report`]: messages and results as text and JSON.
//! - [`cli`]: the command line.

pub mod cli;
pub mod engine;
pub mod net;
pub mod playground;
pub mod report;
pub mod wire;
