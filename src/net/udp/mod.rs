//! The pool of UDP sockets: batches of datagrams go out, datagrams and errors come in.
//!
//! Two backends with one face. On Linux `batched` sends and receives many datagrams with one
//! system call and hears from the kernel about time stamps, overflow and ICMP. Elsewhere, or on
//! demand, `portable` does one datagram at a time with what every system has. Neither looks into a
//! datagram, and neither waits outside of `poll`.

#[cfg(target_os = "linux")]
mod batched;
mod event;
mod pool;
mod portable;
mod send_batches;
mod send_queue;
mod socket;
#[cfg(test)]
mod tests;

pub(super) use event::Event;
pub(super) use pool::{AddressChange, Udp};
