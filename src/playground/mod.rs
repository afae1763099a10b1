//! A small DNS world on loopback, with faults to order.
//!
//! [`server::Server`] is a DNS server on its own threads. It answers for a zone of generated names
//! ([`zone`]), whose content follows from the name alone, so that whoever asks knows what the
//! answer must be; and it can be told to misbehave ([`faults::Faults`]) by seeded dice.
//!
//! Nothing here ever leaves the machine: a server binds to loopback addresses only.

mod answer;
pub mod faults;
pub mod server;
pub mod zone;

pub use faults::Faults;
pub use server::{Counts, Server};
