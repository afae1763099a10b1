//! Messages, results and judgements as text, JSON and HTML.
//!
//! Everything that comes from the network is escaped here: what is written is printable, and a
//! control octet of a peer never reaches a terminal. Pure: octets in, octets out.

pub mod attempts;
mod folded;
pub mod json;
pub mod judgement;
pub mod message;
pub mod printable;
pub mod reason;
pub mod time;
pub mod unmatched;
