//! The opening of one UDP socket.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rand::RngExt;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::net::error::Family;

/// Room for answers that come faster than we read: some 5,000 datagrams, with the kernel's
/// overhead for each.
pub(super) const RECEIVE_BUFFER: usize = 4 << 20;

/// Room for what waits for the network device: some 16 full batches.
pub(super) const SEND_BUFFER: usize = 1 << 20;

/// Ports are drawn from here up. Those below may belong to a service of this machine that is not
/// running just now; the kernel's own range begins here on Linux.
pub(super) const LOWEST_PORT: u16 = 32_768;

/// How many ports are tried before the choice is left to the kernel.
const PORT_TRIES: usize = 64;

/// Opens a socket on a random port, without waiting and with large buffers.
///
/// The port is drawn here, from the CSPRNG, so that it cannot be guessed (RFC 5452 §9.2) on
/// systems whose own choice can be: some count upwards, and Linux before 5.10 had a weak generator.
pub(super) fn open(family: Family, bind: Option<IpAddr>) -> io::Result<Socket> {
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
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    let _ = socket.set_send_buffer_size(SEND_BUFFER);
    let ip = bind.unwrap_or(match family {
        Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
        Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
    });
    let mut random = rand::rng();
    for _ in 0..PORT_TRIES {
        let port = random.random_range(LOWEST_PORT..=u16::MAX);
        match socket.bind(&SockAddr::from(SocketAddr::new(ip, port))) {
            Ok(()) => return Ok(socket),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
                ) => {}
            Err(error) => return Err(error),
        }
    }
    socket.bind(&SockAddr::from(SocketAddr::new(ip, 0)))?;
    Ok(socket)
}
