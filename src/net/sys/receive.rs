//! Receiving: many messages with one system call, and what the kernel knows of each.

use std::io;
use std::mem::{self, MaybeUninit};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use super::address::{Address, decode};
use super::batch::BATCH;
use super::control::{CONTROL, Control, ControlMessages};

/// The largest payload of one message: what the kernel coalesces never exceeds one IP packet.
const SLOT: usize = 65_536;

/// From one slot of the receive buffer to the next. A power of two would map the first lines of
/// all slots to the same sets of the processor's caches; four lines more spread them.
const STRIDE: usize = SLOT + 256;

/// Where received messages lie; shared by all sockets of a thread.
///
/// The memory is 4 MiB of address space; the pages that no message reached take none.
pub(in crate::net) struct Inbox {
    octets: Box<[u8]>,
    messages: [Meta; BATCH],
    count: usize,
}

/// One received message, before its octets are looked at.
#[derive(Clone, Copy)]
struct Meta {
    from: Option<SocketAddr>,
    len: usize,
    segment: Option<usize>,
    stamp: Option<Duration>,
    overflow: Option<u32>,
    truncated: bool,
}

/// One received message: a datagram, or several that the kernel coalesced.
pub(in crate::net) struct Incoming<'a> {
    /// The sender; `None` if the kernel gave no IP address.
    pub(in crate::net) from: Option<SocketAddr>,
    /// The payload.
    pub(in crate::net) octets: &'a [u8],
    /// The length of each datagram but the last in `octets`, if there are several (`UDP_GRO`).
    pub(in crate::net) segment: Option<usize>,
    /// When the kernel received it, since the Unix epoch (`SO_TIMESTAMPNS`).
    pub(in crate::net) stamp: Option<Duration>,
    /// Datagrams that this socket has had no room for since it was opened, modulo 2³², as of this
    /// message's arrival (`SO_RXQ_OVFL`); `None` while there are none.
    pub(in crate::net) overflow: Option<u32>,
    /// The payload did not fit and its end is missing.
    pub(in crate::net) truncated: bool,
}

impl Inbox {
    pub(in crate::net) fn new() -> Self {
        let nothing = Meta {
            from: None,
            len: 0,
            segment: None,
            stamp: None,
            overflow: None,
            truncated: false,
        };
        // Asked for as zeros, so that the system hands out untouched pages.
        let octets = vec![0; BATCH * STRIDE].into_boxed_slice();
        Self { octets, messages: [nothing; BATCH], count: 0 }
    }

    /// The messages of the last [`Inbox::receive`].
    pub(in crate::net) fn messages(&self) -> impl Iterator<Item = Incoming<'_>> {
        self.messages[..self.count].iter().zip(self.octets.chunks_exact(STRIDE)).map(
            |(meta, slot)| Incoming {
                from: meta.from,
                octets: &slot[..meta.len],
                segment: meta.segment,
                stamp: meta.stamp,
                overflow: meta.overflow,
                truncated: meta.truncated,
            },
        )
    }

    /// Receives what waits at `socket`, at most [`BATCH`] messages, and returns how many.
    ///
    /// # Errors
    /// `WouldBlock` if nothing waits, or an error that ICMP left at the socket.
    pub(in crate::net) fn receive(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        self.count = 0;
        let mut headers = [const { MaybeUninit::<libc::mmsghdr>::uninit() }; BATCH];
        let mut parts = [const { MaybeUninit::<libc::iovec>::uninit() }; BATCH];
        let mut addresses = [const { MaybeUninit::<Address>::uninit() }; BATCH];
        let mut controls = [const { MaybeUninit::<Control<CONTROL>>::uninit() }; BATCH];
        let parts = parts.as_mut_ptr();
        let addresses = addresses.as_mut_ptr();
        let controls = controls.as_mut_ptr();
        for (i, (header, slot)) in
            headers.iter_mut().zip(self.octets.chunks_exact_mut(STRIDE)).enumerate()
        {
            // SAFETY: `i` is below BATCH, the length of the arrays, which live until the end of
            // this function; `slot` is SLOT octets or more. mmsghdr is plain, zero is valid.
            unsafe {
                let part = parts.add(i);
                (*part).write(libc::iovec { iov_base: slot.as_mut_ptr().cast(), iov_len: SLOT });
                let mut head: libc::mmsghdr = mem::zeroed();
                head.msg_hdr.msg_name = addresses.add(i).cast();
                head.msg_hdr.msg_namelen = mem::size_of::<Address>() as _;
                head.msg_hdr.msg_iov = part.cast();
                head.msg_hdr.msg_iovlen = 1;
                head.msg_hdr.msg_control = controls.add(i).cast();
                head.msg_hdr.msg_controllen = CONTROL as _;
                header.write(head);
            }
        }
        // SAFETY: all headers are written, and everything they point to is alive and writable.
        let received = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr().cast(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT as _,
                std::ptr::null_mut(),
            )
        };
        let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
        for (header, meta) in headers.iter().zip(&mut self.messages).take(received) {
            // SAFETY: all headers were written above.
            let header = unsafe { header.assume_init_ref() };
            // SAFETY: the kernel filled `msg_namelen` octets of the address and `msg_controllen`
            // octets of control messages, which are alive.
            *meta = unsafe { read_meta(&header.msg_hdr, header.msg_len as usize) };
        }
        self.count = received;
        Ok(received)
    }
}

/// Reads what the kernel said of one received message.
///
/// # Safety
/// `header` was filled by a receiving system call, and its name and control buffers are alive.
unsafe fn read_meta(header: &libc::msghdr, len: usize) -> Meta {
    let mut meta = Meta {
        // SAFETY: the caller's promise.
        from: unsafe { decode(header) },
        len: len.min(SLOT),
        segment: None,
        stamp: None,
        overflow: None,
        truncated: header.msg_flags & libc::MSG_TRUNC != 0,
    };
    // SAFETY: the caller's promise.
    for cmsg in unsafe { ControlMessages::new(header) } {
        match (cmsg.level, cmsg.kind) {
            (libc::SOL_SOCKET, libc::SO_TIMESTAMPNS) => {
                meta.stamp = cmsg.value::<libc::timespec>().and_then(|time| {
                    Some(Duration::new(
                        u64::try_from(time.tv_sec).ok()?,
                        u32::try_from(time.tv_nsec).ok().filter(|&nanos| nanos < 1_000_000_000)?,
                    ))
                });
            }
            (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => meta.overflow = cmsg.value::<u32>(),
            (libc::SOL_UDP, libc::UDP_GRO) => {
                meta.segment = cmsg
                    .value::<libc::c_int>()
                    .and_then(|size| usize::try_from(size).ok())
                    .filter(|&size| size > 0);
            }
            _ => {}
        }
    }
    meta
}
