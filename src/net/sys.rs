//! The system calls that move datagrams on Linux: many per call, segmented by the kernel, with the
//! kernel's word on when they came, how many were lost, and what ICMP said.
//!
//! With the files below it, this is the one place with `unsafe`. Slices and plain values go in and come out; raw pointers
//! live for one system call and never leave the function that made them. Nothing here waits,
//! allocates in a call, or judges what it read.

#![allow(unsafe_code)]

pub(crate) mod process;

use std::io;
use std::mem::{self, MaybeUninit};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Most messages in one system call.
pub(super) const BATCH: usize = 64;

/// The largest payload of one message: what the kernel coalesces never exceeds one IP packet.
const SLOT: usize = 65_536;

/// From one slot of the receive buffer to the next. A power of two would map the first lines of
/// all slots to the same sets of the processor's caches; four lines more spread them.
const STRIDE: usize = SLOT + 256;

/// `SO_MEMINFO` of `asm-generic/socket.h`, which libc does not name.
const SO_MEMINFO: libc::c_int = 55;

/// One message to send.
pub(super) struct Outgoing<'a> {
    /// The destination.
    pub(super) to: SocketAddr,
    /// Its payload: one datagram, or several of `segment` octets each.
    pub(super) octets: &'a [u8],
    /// Lets the kernel cut `octets` into datagrams of this length (`UDP_SEGMENT`).
    pub(super) segment: Option<u16>,
}

/// Room for an address of either family, as `sockaddr` in `msg_name`.
#[repr(C)]
#[derive(Clone, Copy)]
union Address {
    family: libc::sa_family_t,
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
}

/// Room for control messages, aligned as `cmsghdr` must be.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control<const N: usize>([u8; N]);

/// Enough for a time stamp (32), an overflow count (24), a segment size (24), or for an extended
/// error with the address of its sender (16 + 16 + 28).
const CONTROL: usize = 128;

/// `CMSG_SPACE` of the `u16` of `UDP_SEGMENT`, on every ABI.
const SEGMENT_CONTROL: usize = 24;

/// Sends up to [`BATCH`] messages from `socket` with one system call and returns how many the
/// kernel took; more than that are not looked at.
///
/// # Errors
/// What the kernel said of the first message; nothing was sent then. An error at a later message
/// shows only when that message is sent again as the first.
pub(super) fn send<'a>(
    socket: BorrowedFd<'_>,
    messages: impl Iterator<Item = Outgoing<'a>>,
) -> io::Result<usize> {
    let mut headers = [const { MaybeUninit::<libc::mmsghdr>::uninit() }; BATCH];
    let mut parts = [const { MaybeUninit::<libc::iovec>::uninit() }; BATCH];
    let mut addresses = [const { MaybeUninit::<Address>::uninit() }; BATCH];
    let mut controls = [const { MaybeUninit::<Control<SEGMENT_CONTROL>>::uninit() }; BATCH];
    // Every slot is reached through these pointers only, so that writing the next one does not end
    // the validity of pointers to those before.
    let parts = parts.as_mut_ptr();
    let addresses = addresses.as_mut_ptr();
    let controls = controls.as_mut_ptr();

    let mut count = 0;
    for (message, header) in messages.zip(&mut headers) {
        // SAFETY: zip ends with `headers`, so `count` is below BATCH, the length of all arrays.
        let (part, address, control) =
            unsafe { (parts.add(count), addresses.add(count), controls.add(count)) };
        let (encoded, name_len) = encode(message.to);
        // SAFETY: the pointers are to slots of arrays that live until the end of this function;
        // `octets` is borrowed for 'a, which outlasts it. The kernel only reads through iov_base.
        // mmsghdr is plain integers and pointers, for which zero is valid; the control buffer is
        // SEGMENT_CONTROL octets, room for one header and a u16, so CMSG_FIRSTHDR is not null.
        unsafe {
            (*address).write(encoded);
            (*part).write(libc::iovec {
                iov_base: message.octets.as_ptr().cast_mut().cast(),
                iov_len: message.octets.len(),
            });
            let mut head: libc::mmsghdr = mem::zeroed();
            head.msg_hdr.msg_name = address.cast();
            head.msg_hdr.msg_namelen = name_len;
            head.msg_hdr.msg_iov = part.cast();
            head.msg_hdr.msg_iovlen = 1;
            if let Some(segment) = message.segment {
                (*control).write(Control([0; SEGMENT_CONTROL]));
                head.msg_hdr.msg_control = control.cast();
                head.msg_hdr.msg_controllen = libc::CMSG_SPACE(2) as _;
                let cmsg = libc::CMSG_FIRSTHDR(&raw const head.msg_hdr);
                (*cmsg).cmsg_level = libc::SOL_UDP;
                (*cmsg).cmsg_type = libc::UDP_SEGMENT;
                (*cmsg).cmsg_len = libc::CMSG_LEN(2) as _;
                libc::CMSG_DATA(cmsg).cast::<u16>().write_unaligned(segment);
            }
            header.write(head);
        }
        count += 1;
    }
    // SAFETY: the first `count` headers are written, and everything they point to is alive.
    let sent = unsafe {
        libc::sendmmsg(
            socket.as_raw_fd(),
            headers.as_mut_ptr().cast(),
            count as libc::c_uint,
            libc::MSG_DONTWAIT as _,
        )
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Where received messages lie; shared by all sockets of a thread.
///
/// The memory is 4 MiB of address space; the pages that no message reached take none.
pub(super) struct Inbox {
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
pub(super) struct Incoming<'a> {
    /// The sender; `None` if the kernel gave no IP address.
    pub(super) from: Option<SocketAddr>,
    /// The payload.
    pub(super) octets: &'a [u8],
    /// The length of each datagram but the last in `octets`, if there are several (`UDP_GRO`).
    pub(super) segment: Option<usize>,
    /// When the kernel received it, since the Unix epoch (`SO_TIMESTAMPNS`).
    pub(super) stamp: Option<Duration>,
    /// Datagrams that this socket has had no room for since it was opened, modulo 2³², as of this
    /// message's arrival (`SO_RXQ_OVFL`); `None` while there are none.
    pub(super) overflow: Option<u32>,
    /// The payload did not fit and its end is missing.
    pub(super) truncated: bool,
}

impl Inbox {
    pub(super) fn new() -> Self {
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
    pub(super) fn messages(&self) -> impl Iterator<Item = Incoming<'_>> {
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
    pub(super) fn receive(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
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

/// An entry of a socket's error queue (`IP_RECVERR`).
pub(super) struct QueuedError {
    /// Where the datagram in question was sent; `None` if the kernel does not say.
    pub(super) to: Option<SocketAddr>,
    /// Whether ICMP or ICMPv6 reported it; if not, the local system did.
    pub(super) icmp: bool,
    /// The error number.
    pub(super) errno: i32,
    /// The ICMP or ICMPv6 type.
    pub(super) icmp_type: u8,
    /// The ICMP or ICMPv6 code.
    pub(super) icmp_code: u8,
    /// Who reported it, if it was ICMP or ICMPv6.
    pub(super) offender: Option<IpAddr>,
    /// How many octets of the datagram's payload were quoted and written to the caller's buffer.
    pub(super) quoted: usize,
}

/// Takes one entry off the error queue of `socket`; the quoted payload goes to `payload`.
///
/// # Errors
/// `WouldBlock` if the queue is empty.
pub(super) fn receive_error(socket: BorrowedFd<'_>, payload: &mut [u8]) -> io::Result<QueuedError> {
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

/// A type of which the kernel writes values into control messages.
///
/// # Safety
/// Any octets are a value of it: it is made of integers only.
unsafe trait Plain: Copy {}
// SAFETY: an integer.
unsafe impl Plain for u32 {}
// SAFETY: an integer.
unsafe impl Plain for libc::c_int {}
// SAFETY: two integers; padding may have any value.
unsafe impl Plain for libc::timespec {}
// SAFETY: integers.
unsafe impl Plain for libc::sock_extended_err {}

/// The control messages of a received message.
struct ControlMessages<'a> {
    header: &'a libc::msghdr,
    next: *const libc::cmsghdr,
}

/// One control message.
struct ControlMessage<'a> {
    level: libc::c_int,
    kind: libc::c_int,
    data: &'a [u8],
}

impl<'a> ControlMessages<'a> {
    /// # Safety
    /// `header` was filled by a receiving system call, and its control buffer stays alive and
    /// unchanged for 'a.
    unsafe fn new(header: &'a libc::msghdr) -> Self {
        // SAFETY: the caller's promise.
        Self { header, next: unsafe { libc::CMSG_FIRSTHDR(header) } }
    }
}

impl<'a> Iterator for ControlMessages<'a> {
    type Item = ControlMessage<'a>;

    fn next(&mut self) -> Option<ControlMessage<'a>> {
        if self.next.is_null() {
            return None;
        }
        // SAFETY: the promise of `new`: the kernel wrote a chain of whole control messages, and
        // CMSG_FIRSTHDR and CMSG_NXTHDR return null or a header that lies wholly in the buffer.
        unsafe {
            let cmsg = &*self.next;
            let data = libc::CMSG_DATA(self.next);
            let head = data as usize - self.next as usize;
            // The field is a `u32` with musl.
            #[allow(clippy::unnecessary_cast)]
            let len = (cmsg.cmsg_len as usize).saturating_sub(head);
            let data = std::slice::from_raw_parts(data, len);
            self.next = libc::CMSG_NXTHDR(self.header, self.next);
            Some(ControlMessage { level: cmsg.cmsg_level, kind: cmsg.cmsg_type, data })
        }
    }
}

impl ControlMessage<'_> {
    /// The address that stands behind an extended error (`SO_EE_OFFENDER`).
    fn offender(&self) -> Option<IpAddr> {
        let address = self.data.get(mem::size_of::<libc::sock_extended_err>()..)?;
        let family = u16::from_ne_bytes(*address.first_chunk()?);
        match i32::from(family) {
            libc::AF_INET => {
                let octets: [u8; 4] = address.get(4..8)?.try_into().ok()?;
                Some(Ipv4Addr::from(octets).into())
            }
            libc::AF_INET6 => {
                let octets: [u8; 16] = address.get(8..24)?.try_into().ok()?;
                Some(Ipv6Addr::from(octets).into())
            }
            _ => None,
        }
    }

    /// The value, if the message has as many octets as it takes or more.
    fn value<T: Plain>(&self) -> Option<T> {
        // SAFETY: the slice has enough octets, and any of them are a `T`: it is `Plain`.
        (self.data.len() >= mem::size_of::<T>())
            .then(|| unsafe { self.data.as_ptr().cast::<T>().read_unaligned() })
    }
}

/// Puts an address into the kernel's form.
fn encode(addr: SocketAddr) -> (Address, libc::socklen_t) {
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
unsafe fn decode(header: &libc::msghdr) -> Option<SocketAddr> {
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
/// message and send a whole train as one datagram, so this must be asked before the first train.
pub(super) fn knows_segmentation(socket: BorrowedFd<'_>) -> bool {
    set_int(socket, libc::SOL_UDP, libc::UDP_SEGMENT, 0).is_ok()
}

/// Lets the kernel hand over runs of datagrams as one message (`UDP_GRO`, Linux 5.0).
pub(super) fn enable_coalescing(socket: BorrowedFd<'_>) -> io::Result<()> {
    set_int(socket, libc::SOL_UDP, libc::UDP_GRO, 1)
}

/// Asks for the time of arrival with each message (`SO_TIMESTAMPNS`).
pub(super) fn enable_timestamps(socket: BorrowedFd<'_>) -> io::Result<()> {
    set_int(socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)
}

/// Asks for the count of datagrams that the socket had no room for (`SO_RXQ_OVFL`).
pub(super) fn enable_overflow_count(socket: BorrowedFd<'_>) -> io::Result<()> {
    set_int(socket, libc::SOL_SOCKET, libc::SO_RXQ_OVFL, 1)
}

/// Asks for ICMP errors in the error queue (`IP_RECVERR`, `IPV6_RECVERR`).
pub(super) fn enable_error_queue(socket: BorrowedFd<'_>, ipv6: bool) -> io::Result<()> {
    if ipv6 {
        set_int(socket, libc::SOL_IPV6, libc::IPV6_RECVERR, 1)
    } else {
        set_int(socket, libc::SOL_IP, libc::IP_RECVERR, 1)
    }
}

/// Enlarges the buffers beyond the system's limit, which only an administrator may.
pub(super) fn force_buffers(socket: BorrowedFd<'_>, receive: usize, send: usize) -> io::Result<()> {
    let int = |octets: usize| libc::c_int::try_from(octets).unwrap_or(libc::c_int::MAX);
    set_int(socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, int(receive))?;
    set_int(socket, libc::SOL_SOCKET, libc::SO_SNDBUFFORCE, int(send))
}

/// Datagrams that `socket` has had no room for since it was opened, modulo 2³², as of now
/// (`SO_MEMINFO`, Linux 4.12). The counts that come with messages miss what was lost after the
/// last of them.
pub(super) fn overflow_count(socket: BorrowedFd<'_>) -> Option<u32> {
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

/// How long ago the machine was started, the times included that it was suspended
/// (`CLOCK_BOOTTIME`).
pub(super) fn since_boot() -> Option<Duration> {
    let mut at = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes one timespec, which outlives it.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut at) };
    let seconds = u64::try_from(at.tv_sec).ok().filter(|_| result == 0)?;
    Some(Duration::new(seconds, u32::try_from(at.tv_nsec).ok()?))
}

/// What a socket is ready for.
#[derive(Clone, Copy, Default)]
pub(super) struct Ready {
    /// What it was registered as.
    pub(super) token: u32,
    /// Something can be received.
    pub(super) readable: bool,
    /// Something can be sent.
    pub(super) writable: bool,
    /// There is an error to fetch.
    pub(super) error: bool,
}

/// An epoll instance of our own, itself watched by tokio through `AsyncFd`.
///
/// tokio's registrations would ask for writability too, and be woken by every packet that has
/// left; would not wake a reader for an error; and would cost a lock per socket and wait. Here one
/// call that never waits tells which sockets have what, level-triggered.
pub(super) struct Poller(OwnedFd);

impl Poller {
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: no pointers are involved.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: `fd` was just opened and belongs to nobody else.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Lets tokio wake the task when any of the sockets has something.
    ///
    /// # Panics
    /// Outside of a tokio runtime with I/O.
    pub(super) fn watched_by_tokio(self) -> io::Result<AsyncFd<Self>> {
        // SAFETY: the descriptor is owned by `self`, which AsyncFd owns from here on and never
        // hands out mutably, so it stays open and the same.
        unsafe { AsyncFd::register_with_interest(self, Interest::READABLE) }
            .map_err(io::Error::from)
    }

    /// Watches `socket` for datagrams and errors; [`Ready`] will name it `token`.
    pub(super) fn add(&self, socket: BorrowedFd<'_>, token: u32) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, socket, token, false)
    }

    /// Watches `socket`, which was added before, for room to send too, or no longer.
    pub(super) fn watch_writable(
        &self,
        socket: BorrowedFd<'_>,
        token: u32,
        writable: bool,
    ) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, socket, token, writable)
    }

    fn control(
        &self,
        operation: libc::c_int,
        socket: BorrowedFd<'_>,
        token: u32,
        writable: bool,
    ) -> io::Result<()> {
        let interest = if writable { libc::EPOLLIN | libc::EPOLLOUT } else { libc::EPOLLIN };
        let mut event =
            libc::epoll_event { events: interest.cast_unsigned(), u64: u64::from(token) };
        // SAFETY: the kernel reads one event, which is alive for the call.
        let result = unsafe {
            libc::epoll_ctl(self.0.as_raw_fd(), operation, socket.as_raw_fd(), &raw mut event)
        };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Which sockets are ready now; as many as `found` holds. Never waits.
    pub(super) fn poll(&self, found: &mut [Ready; BATCH]) -> io::Result<usize> {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; BATCH];
        // SAFETY: the kernel writes at most BATCH events to the array.
        let count = unsafe {
            libc::epoll_wait(self.0.as_raw_fd(), events.as_mut_ptr(), BATCH as libc::c_int, 0)
        };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        for (event, ready) in events.iter().zip(found.iter_mut()).take(count) {
            let has = |flag: libc::c_int| event.events & flag.cast_unsigned() != 0;
            *ready = Ready {
                token: event.u64 as u32,
                readable: has(libc::EPOLLIN),
                writable: has(libc::EPOLLOUT),
                error: has(libc::EPOLLERR | libc::EPOLLHUP),
            };
        }
        Ok(count)
    }
}

impl AsRawFd for Poller {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
