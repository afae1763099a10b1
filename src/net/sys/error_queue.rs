//! The error queue of a socket: what ICMP, or this machine, said of datagrams that were taken.

use std::io;
use std::mem::{self, MaybeUninit};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, BorrowedFd};

use super::address::{Address, decode};
use super::control::{CONTROL, Control, ControlMessages};

/// An entry of a socket's error queue (`IP_RECVERR`).
pub(in crate::net) struct QueuedError {
    /// Where the datagram in question was sent; `None` if the kernel does not say.
    pub(in crate::net) to: Option<SocketAddr>,
    /// Whether ICMP or ICMPv6 reported it; if not, the local system did.
    pub(in crate::net) icmp: bool,
    /// The error number.
    pub(in crate::net) errno: i32,
    /// The ICMP or ICMPv6 type.
    pub(in crate::net) icmp_type: u8,
    /// The ICMP or ICMPv6 code.
    pub(in crate::net) icmp_code: u8,
    /// Who reported it, if it was ICMP or ICMPv6.
    pub(in crate::net) offender: Option<IpAddr>,
    /// How many octets of the datagram's payload were quoted and written to the caller's buffer.
    pub(in crate::net) quoted: usize,
}

/// Takes one entry off the error queue of `socket`; the quoted payload goes to `payload`.
///
/// # Errors
/// `WouldBlock` if the queue is empty.
pub(in crate::net) fn receive_error(
    socket: BorrowedFd<'_>,
    payload: &mut [u8],
) -> io::Result<QueuedError> {
    let mut address = MaybeUninit::<Address>::uninit();
    let mut control = MaybeUninit::<Control<CONTROL>>::uninit();
    let mut part = libc::iovec { iov_base: payload.as_mut_ptr().cast(), iov_len: payload.len() };
    // SAFETY: msghdr is plain integers and pointers, for which zero is valid.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_name = address.as_mut_ptr().cast();
    header.msg_namelen = mem::size_of::<Address>() as _;
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = CONTROL as _;
    // SAFETY: everything that `header` points to is alive and writable, with the lengths given.
    let received = unsafe {
        libc::recvmsg(socket.as_raw_fd(), &raw mut header, libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT)
    };
    let quoted = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
    let mut entry = QueuedError {
        // SAFETY: the kernel filled the header, and its buffers are alive.
        to: unsafe { decode(&header) },
        icmp: false,
        errno: 0,
        icmp_type: 0,
        icmp_code: 0,
        offender: None,
        quoted: quoted.min(payload.len()),
    };
    // SAFETY: the kernel filled the header, and its buffers are alive.
    for cmsg in unsafe { ControlMessages::new(&header) } {
        let extended = matches!(
            (cmsg.level, cmsg.kind),
            (libc::SOL_IP, libc::IP_RECVERR) | (libc::SOL_IPV6, libc::IPV6_RECVERR)
        );
        if let (true, Some(error)) = (extended, cmsg.value::<libc::sock_extended_err>()) {
            entry.icmp =
                matches!(error.ee_origin, libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6);
            entry.errno = error.ee_errno.cast_signed();
            entry.icmp_type = error.ee_type;
            entry.icmp_code = error.ee_code;
            entry.offender = cmsg.offender();
        }
    }
    Ok(entry)
}
