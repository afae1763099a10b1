//! The opening of one UDP socket.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rand::RngExt;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::net::error::Family;
use crate::net::options::Options;

/// Room for answers that come faster than we read: some 5,000 datagrams, with the kernel's
/// overhead for each.
const RECEIVE_BUFFER: usize = 4 << 20;

/// Room for what waits for the network device: some 16 full batches.
const SEND_BUFFER: usize = 1 << 20;

/// Ports are drawn from here up. Those below may belong to a service of this machine that is not
/// running just now; the kernel's own range begins here on Linux.
pub(super) const LOWEST_PORT: u16 = 32_768;

/// How many ports are tried before the choice is left to the kernel.
const PORT_TRIES: usize = 64;

/// Where sockets are bound, and how much room they have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Local {
    /// The local address; by default any.
    pub ip: Option<IpAddr>,
    /// The port of the first of them; by default each has a random one.
    pub port: Option<u16>,
    /// Octets of each buffer; by default [`RECEIVE_BUFFER`] and [`SEND_BUFFER`].
    pub buffers: Option<usize>,
}

impl Local {
    pub(super) const fn of(options: &Options) -> Self {
        let &Options { bind: ip, port, buffers, .. } = options;
        Self { ip, port, buffers }
    }

    /// Octets of the receive and the send buffer.
    pub(super) fn buffers(&self) -> (usize, usize) {
        let by_default = (RECEIVE_BUFFER, SEND_BUFFER);
        self.buffers.map_or(by_default, |octets| (octets, octets))
    }

    /// Opens the socket of this number, without waiting.
    ///
    /// A port that is not given is drawn here, from the CSPRNG, so that it cannot be guessed (RFC 5452
    /// §9.2) on systems whose own choice can be: some count upwards, and Linux before 5.10 had a weak
    /// generator.
    pub(super) fn open(&self, family: Family, nth: u16) -> io::Result<Socket> {
        let domain = match family {
            Family::V4 => Domain::IPV4,
            Family::V6 => Domain::IPV6,
        };
        let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        if family == Family::V6 {
            socket.set_only_v6(true)?;
        }
        // Only a wish: the system may grant less, and what overflows is counted.
        let (receive, send) = self.buffers();
        let _ = socket.set_recv_buffer_size(receive);
        let _ = socket.set_send_buffer_size(send);
        let ip = self.ip.unwrap_or(match family {
            Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
            Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
        });
        let at = |port| SockAddr::from(SocketAddr::new(ip, port));
        if let Some(first) = self.port {
            let port = first.checked_add(nth).ok_or(io::ErrorKind::AddrNotAvailable)?;
            socket.bind(&at(port))?;
            return Ok(socket);
        }
        let mut random = rand::rng();
        for _ in 0..PORT_TRIES {
            match socket.bind(&at(random.random_range(LOWEST_PORT..=u16::MAX))) {
                Ok(()) => return Ok(socket),
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
                    ) => {}
                Err(error) => return Err(error),
            }
        }
        socket.bind(&at(0))?;
        Ok(socket)
    }
}
