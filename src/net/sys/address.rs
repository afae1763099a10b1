//! Socket addresses in the form that the kernel reads and writes.

use std::mem;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// Room for an address of either family, as `sockaddr` in `msg_name`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) union Address {
    family: libc::sa_family_t,
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
}

/// Puts an address into the kernel's form.
pub(super) fn encode(addr: SocketAddr) -> (Address, libc::socklen_t) {
    match addr {
        SocketAddr::V4(addr) => (
            Address {
                v4: libc::sockaddr_in {
                    sin_family: libc::AF_INET as libc::sa_family_t,
                    sin_port: addr.port().to_be(),
                    sin_addr: libc::in_addr { s_addr: u32::from(*addr.ip()).to_be() },
                    sin_zero: [0; 8],
                },
            },
            mem::size_of::<libc::sockaddr_in>() as libc::socklen_t,
        ),
        SocketAddr::V6(addr) => (
            Address {
                v6: libc::sockaddr_in6 {
                    sin6_family: libc::AF_INET6 as libc::sa_family_t,
                    sin6_port: addr.port().to_be(),
                    sin6_flowinfo: addr.flowinfo(),
                    sin6_addr: libc::in6_addr { s6_addr: addr.ip().octets() },
                    sin6_scope_id: addr.scope_id(),
                },
            },
            mem::size_of::<libc::sockaddr_in6>() as libc::socklen_t,
        ),
    }
}

/// Reads the address of a received message.
///
/// # Safety
/// The kernel filled `header`, and `msg_name` points to an [`Address`] that is alive.
pub(super) unsafe fn decode(header: &libc::msghdr) -> Option<SocketAddr> {
    let address = header.msg_name.cast::<Address>().cast_const();
    let len = header.msg_namelen as usize;
    if len < mem::size_of::<libc::sa_family_t>() {
        return None;
    }
    // SAFETY: the kernel wrote `len` octets of a sockaddr, so the family is there; each variant is
    // read only if the family names it and all its octets were written.
    unsafe {
        match i32::from((*address).family) {
            libc::AF_INET if len >= mem::size_of::<libc::sockaddr_in>() => {
                let v4 = (*address).v4;
                let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
                Some(SocketAddrV4::new(ip, u16::from_be(v4.sin_port)).into())
            }
            libc::AF_INET6 if len >= mem::size_of::<libc::sockaddr_in6>() => {
                let v6 = (*address).v6;
                let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
                let port = u16::from_be(v6.sin6_port);
                Some(SocketAddrV6::new(ip, port, v6.sin6_flowinfo, v6.sin6_scope_id).into())
            }
            _ => None,
        }
    }
}
