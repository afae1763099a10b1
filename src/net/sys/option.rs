//! Socket options: what is asked of the kernel once for each socket.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};

/// `SO_MEMINFO` of `asm-generic/socket.h`, which libc does not name.
const SO_MEMINFO: libc::c_int = 55;

/// Sets a socket option whose value is an `int`.
fn set_int(
    socket: BorrowedFd<'_>,
    level: libc::c_int,
    name: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    // SAFETY: the kernel reads one int, which is alive for the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            (&raw const value).cast(),
            mem::size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Whether the kernel knows `UDP_SEGMENT` (Linux 4.18). One that does not would ignore the control
/// message and send a whole batch as one datagram, so this must be asked before the first batch.
pub(in crate::net) fn knows_segmentation(socket: BorrowedFd<'_>) -> bool {
    set_int(socket, libc::SOL_UDP, libc::UDP_SEGMENT, 0).is_ok()
}

/// Lets the kernel hand over runs of datagrams as one message (`UDP_GRO`, Linux 5.0).
pub(in crate::net) fn enable_coalescing(socket: BorrowedFd<'_>) -> io::Result<()> {
    set_int(socket, libc::SOL_UDP, libc::UDP_GRO, 1)
}

/// Asks for the time of arrival with each message (`SO_TIMESTAMPNS`).
pub(in crate::net) fn enable_timestamps(socket: BorrowedFd<'_>) -> io::Result<()> {
    set_int(socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)
}

/// Asks for the count of datagrams that the socket had no room for (`SO_RXQ_OVFL`).
pub(in crate::net) fn enable_overflow_count(socket: BorrowedFd<'_>) -> io::Result<()> {
    set_int(socket, libc::SOL_SOCKET, libc::SO_RXQ_OVFL, 1)
}

/// Asks for ICMP errors in the error queue (`IP_RECVERR`, `IPV6_RECVERR`).
pub(in crate::net) fn enable_error_queue(socket: BorrowedFd<'_>, ipv6: bool) -> io::Result<()> {
    if ipv6 {
        set_int(socket, libc::SOL_IPV6, libc::IPV6_RECVERR, 1)
    } else {
        set_int(socket, libc::SOL_IP, libc::IP_RECVERR, 1)
    }
}

/// Enlarges the buffers beyond the system's limit, which only an administrator may.
pub(in crate::net) fn force_buffers(
    socket: BorrowedFd<'_>,
    receive: usize,
    send: usize,
) -> io::Result<()> {
    let int = |octets: usize| libc::c_int::try_from(octets).unwrap_or(libc::c_int::MAX);
    set_int(socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, int(receive))?;
    set_int(socket, libc::SOL_SOCKET, libc::SO_SNDBUFFORCE, int(send))
}

/// Datagrams that `socket` has had no room for since it was opened, modulo 2³², as of now
/// (`SO_MEMINFO`, Linux 4.12). The counts that come with messages miss what was lost after the
/// last of them.
pub(in crate::net) fn overflow_count(socket: BorrowedFd<'_>) -> Option<u32> {
    let mut info = [0_u32; 16];
    let mut len = mem::size_of_val(&info) as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` octets to `info`, and how many to `len`.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            SO_MEMINFO,
            info.as_mut_ptr().cast(),
            &raw mut len,
        )
    };
    let drops = libc::SK_MEMINFO_DROPS as usize;
    (result == 0 && len as usize >= (drops + 1) * mem::size_of::<u32>()).then(|| info[drops])
}
