//! dnsonde: a raw-packet DNS probing engine, and the parts that its command line is made of.
//!
//! - [`wire`]: octets to DNS messages and back.

pub mod wire;
