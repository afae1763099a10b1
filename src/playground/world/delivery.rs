//! What comes back from a world, and whoever can be asked for it.

use std::net::SocketAddr;
use std::time::Duration;

use crate::engine::{Time, Transport};

/// Something that comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// How long after the query.
    pub after: Duration,
    /// What comes.
    pub arrival: Arrival,
}

/// What comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// A message; over TCP, on the connection that the query came over.
    Message {
        /// Where it comes from: over UDP not always from where the query went.
        from: SocketAddr,
        /// The message.
        octets: Vec<u8>,
    },
    /// ICMP says that nobody listens; a TCP connection is refused.
    Unreachable,
    /// The TCP connection is closed behind these octets, which are the first ones of a response
    /// with its two octets of length.
    Cut(Vec<u8>),
    /// The TCP connection is reset.
    Reset,
    /// The TCP handshake is not answered, so there is no connection and nothing will come.
    Unanswered,
}

/// Whatever takes queries: what a recursive resolver needs of the world that it is part of.
pub(super) trait Network {
    /// Takes a query and adds what comes back to `out`.
    fn put(
        &mut self,
        now: Time,
        to: SocketAddr,
        from: SocketAddr,
        transport: Transport,
        query: &[u8],
        out: &mut Vec<Delivery>,
    );
}
