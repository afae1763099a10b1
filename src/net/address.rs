//! Whether a local address is one of this machine: it may go while sockets are bound to it, and come
//! back, or another one in its place.

use std::io;
use std::net::{IpAddr, UdpSocket};
use std::time::Duration;

/// How often the addresses that sockets are bound to are looked at: often enough that what was sent
/// from one that is gone is not taken for lost, which takes hundreds of milliseconds.
pub(super) const LOOK: Duration = Duration::from_millis(100);

/// The system's error number for an address that is not one of this machine.
pub(super) const GONE: i32 = {
    #[cfg(unix)]
    let code = libc::EADDRNOTAVAIL;
    #[cfg(not(unix))]
    let code = 10_049; // WSAEADDRNOTAVAIL
    code
};

/// Tells whether an address is known not to be one of this machine.
pub(super) type IsGone = fn(IpAddr) -> bool;

/// Whether this machine does not have an address (any more): only its own can be bound to.
///
/// Linux sends from a socket whose IPv6 address is gone as if nothing had happened, and says no more
/// than EINVAL for an IPv4 one, so nothing else tells.
pub(super) fn is_gone(ip: IpAddr) -> bool {
    // That there is no descriptor for this says nothing of the address.
    UdpSocket::bind((ip, 0)).is_err_and(|error| error.kind() == io::ErrorKind::AddrNotAvailable)
}

/// Whether the system may say so of a datagram because its source address is gone.
pub(super) fn may_be_gone(errno: i32) -> bool {
    #[cfg(unix)]
    return [libc::EINVAL, GONE].contains(&errno);
    #[cfg(not(unix))]
    return errno == GONE;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_gone_if_this_machine_has_none_such() {
        assert!(is_gone("192.0.2.77".parse().unwrap()));
        assert!(!is_gone("127.0.0.1".parse().unwrap()));
    }
}
