//! What a driver is told when it is opened.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::engine::SocketId;

/// How a driver is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// UDP sockets per address family, each on a random port; at least 1, at most 4,096.
    pub sockets: u16,
    /// How datagrams are moved.
    pub backend: Backend,
    /// The local address to send from; by default the system chooses.
    pub bind: Option<IpAddr>,
    /// The local port of the first UDP socket of a family, with those of the others next to it; by
    /// default each is a random one.
    pub port: Option<u16>,
    /// Octets of the send and of the receive buffer of each UDP socket; by default room for a few
    /// thousand messages.
    pub buffers: Option<usize>,
    /// Most TCP connections at once, over all servers; further messages wait for one to end.
    pub tcp_connections: u16,
    /// Most TCP connections to one server. One is what RFC 7766 §6.2.2 asks of clients.
    pub tcp_connections_per_server: u16,
    /// Most unanswered queries on one TCP connection; further ones wait.
    pub tcp_pipeline: u16,
    /// Queries on one TCP connection in all, after which it is closed and another one takes its place; by
    /// default as many as the server takes.
    pub tcp_queries: Option<NonZeroU32>,
    /// How long a TCP connection without open queries is kept (RFC 7766 §6.2.3).
    pub tcp_idle: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sockets: 16,
            backend: Backend::Auto,
            bind: None,
            port: None,
            buffers: None,
            tcp_connections: 256,
            tcp_connections_per_server: 1,
            tcp_pipeline: 256,
            tcp_queries: None,
            tcp_idle: Duration::from_secs(10),
        }
    }
}

impl Options {
    /// [`Options::sockets`] within its bounds.
    pub(super) fn sockets_per_family(&self) -> u16 {
        self.sockets.clamp(1, 4_096)
    }

    /// The sockets that a driver may open, of both families.
    pub fn socket_ids(&self) -> impl Iterator<Item = SocketId> + use<> {
        (0..2 * self.sockets_per_family()).map(SocketId)
    }
}

/// How datagrams are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Backend {
    /// The best that the system has.
    #[default]
    Auto,
    /// What every system has: one datagram per system call, time stamps by our own clock.
    Portable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_sockets_of_both_families_have_a_number_each() {
        let options = Options { sockets: u16::MAX, ..Options::default() };
        let ids: Vec<_> = options.socket_ids().collect();
        assert_eq!((ids.len(), ids[0], ids[8_191]), (8_192, SocketId(0), SocketId(8_191)));
    }
}
