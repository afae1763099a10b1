//! dnsonde: a raw-packet DNS probing engine, and the parts that its command line is made of.
//!
//! - [`wire`]: octets to DNS messages and back.
//! - [`engine`]: the exchange state machine, without I/O.

pub mod engine;
pub mod wire;
