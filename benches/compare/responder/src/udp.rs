//! The socket, in batches. All that is unsafe is here.

use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};

use libc::{c_int, c_void};

/// Datagrams a system call.
pub const BATCH: usize = 256;
/// Octets of a query that are read: more than any that is answered.
const DATAGRAM: usize = 512;
/// For the address, the stamp and the count of what overflowed, in words so that it is aligned.
const CONTROL: usize = 16;
const SOCKET_BUFFER: c_int = 64 << 20;

static STOPPED: AtomicBool = AtomicBool::new(false);

/// Where a query came from.
#[derive(Clone, Copy)]
pub struct Peer(libc::sockaddr_in);

pub struct Query<'a> {
    pub peer: Peer,
    /// The address that was asked.
    pub local: u32,
    /// When the kernel had it, in the system's time.
    pub at_ns: u64,
    pub octets: &'a [u8],
}

struct Slot {
    peer: libc::sockaddr_in,
    vector: libc::iovec,
    control: [u64; CONTROL],
    octets: [u8; DATAGRAM],
    local: u32,
    at_ns: u64,
}

/// Room for the datagrams of one system call.
pub struct Batch {
    headers: Vec<libc::mmsghdr>,
    /// Never grows: the headers point into it.
    slots: Box<[Slot]>,
    /// Datagrams that found no room in the socket's buffer, since it was opened.
    pub overflow: u32,
}

impl Batch {
    pub fn new() -> Self {
        let slots = (0..BATCH).map(|_| Slot {
            // SAFETY: all of these are plain C structures, for which zeros are valid.
            peer: unsafe { mem::zeroed() },
            vector: unsafe { mem::zeroed() },
            control: [0; CONTROL],
            octets: [0; DATAGRAM],
            local: 0,
            at_ns: 0,
        });
        let mut slots: Box<[Slot]> = slots.collect();
        let headers = slots.iter_mut().map(|slot| {
            slot.vector.iov_base = slot.octets.as_mut_ptr().cast();
            // SAFETY: as above.
            let mut header: libc::mmsghdr = unsafe { mem::zeroed() };
            header.msg_hdr.msg_name = (&raw mut slot.peer).cast();
            header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_in>() as u32;
            header.msg_hdr.msg_iov = &raw mut slot.vector;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = slot.control.as_mut_ptr().cast();
            header
        });
        Self { headers: headers.collect(), slots, overflow: 0 }
    }

    /// A datagram of those that were received last.
    pub fn get(&self, index: usize) -> Query<'_> {
        let slot = &self.slots[index];
        Query {
            peer: Peer(slot.peer),
            local: slot.local,
            at_ns: slot.at_ns,
            octets: &slot.octets[..(self.headers[index].msg_len as usize).min(DATAGRAM)],
        }
    }

    /// Writes a datagram to send, from `local` to `peer`.
    pub fn put(&mut self, index: usize, peer: Peer, local: u32, octets: &[u8]) {
        let slot = &mut self.slots[index];
        slot.peer = peer.0;
        slot.octets[..octets.len()].copy_from_slice(octets);
        slot.vector.iov_len = octets.len();
        let header = &mut self.headers[index].msg_hdr;
        // SAFETY: the control buffer is aligned, and longer than the one message that is written.
        unsafe {
            header.msg_controllen = libc::CMSG_SPACE(size_of::<libc::in_pktinfo>() as u32) as usize;
            let message = libc::CMSG_FIRSTHDR(header);
            (*message).cmsg_level = libc::IPPROTO_IP;
            (*message).cmsg_type = libc::IP_PKTINFO;
            (*message).cmsg_len = libc::CMSG_LEN(size_of::<libc::in_pktinfo>() as u32) as usize;
            let mut info: libc::in_pktinfo = mem::zeroed();
            info.ipi_spec_dst.s_addr = local.to_be();
            libc::CMSG_DATA(message).cast::<libc::in_pktinfo>().write_unaligned(info);
        }
    }
}

pub struct Socket(c_int);

impl Socket {
    pub fn bind(port: u16) -> io::Result<Self> {
        // SAFETY: no pointers.
        let fd = unsafe {
            libc::socket(
                libc::AF_INET,
                libc::SOCK_DGRAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC,
                0,
            )
        };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        let socket = Self(fd);
        socket.set(libc::IPPROTO_IP, libc::IP_PKTINFO, 1)?;
        socket.set(libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)?;
        socket.set(libc::SOL_SOCKET, libc::SO_RXQ_OVFL, 1)?;
        socket.set(libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, SOCKET_BUFFER)?;
        socket.set(libc::SOL_SOCKET, libc::SO_SNDBUFFORCE, SOCKET_BUFFER)?;
        // SAFETY: a plain C structure, for which zeros are valid: every address.
        let mut address: libc::sockaddr_in = unsafe { mem::zeroed() };
        address.sin_family = libc::AF_INET as u16;
        address.sin_port = port.to_be();
        // SAFETY: the pointer and the length are those of `address`.
        let result = unsafe {
            libc::bind(fd, (&raw const address).cast(), size_of::<libc::sockaddr_in>() as u32)
        };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(socket) }
    }

    fn set(&self, level: c_int, option: c_int, value: c_int) -> io::Result<()> {
        let pointer = (&raw const value).cast::<c_void>();
        // SAFETY: the pointer and the length are those of `value`.
        let result =
            unsafe { libc::setsockopt(self.0, level, option, pointer, size_of::<c_int>() as u32) };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Reads what is there, up to a batch; the number of datagrams.
    pub fn receive(&self, batch: &mut Batch) -> io::Result<usize> {
        for (header, slot) in batch.headers.iter_mut().zip(&mut batch.slots) {
            header.msg_hdr.msg_controllen = size_of_val(&slot.control);
            slot.vector.iov_len = DATAGRAM;
        }
        // SAFETY: the headers point to buffers of the lengths that they say, in `batch`.
        let count = unsafe {
            libc::recvmmsg(
                self.0,
                batch.headers.as_mut_ptr(),
                BATCH as u32,
                0,
                std::ptr::null_mut(),
            )
        };
        let Ok(count) = usize::try_from(count) else {
            let error = io::Error::last_os_error();
            return match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(0),
                _ => Err(error),
            };
        };
        let mut now = None;
        for (header, slot) in batch.headers.iter().zip(&mut batch.slots).take(count) {
            slot.at_ns = 0;
            // SAFETY: the kernel has filled the control buffer, and says how far.
            unsafe {
                let mut message = libc::CMSG_FIRSTHDR(&raw const header.msg_hdr);
                while !message.is_null() {
                    let data = libc::CMSG_DATA(message);
                    match ((*message).cmsg_level, (*message).cmsg_type) {
                        (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                            let info = data.cast::<libc::in_pktinfo>().read_unaligned();
                            slot.local = u32::from_be(info.ipi_addr.s_addr);
                        }
                        (libc::SOL_SOCKET, libc::SO_TIMESTAMPNS) => {
                            slot.at_ns = ns(data.cast::<libc::timespec>().read_unaligned());
                        }
                        (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => {
                            batch.overflow = data.cast::<u32>().read_unaligned();
                        }
                        _ => {}
                    }
                    message = libc::CMSG_NXTHDR(&raw const header.msg_hdr, message);
                }
            }
            if slot.at_ns == 0 {
                slot.at_ns = *now.get_or_insert_with(now_ns);
            }
        }
        Ok(count)
    }

    /// Sends the first `count` datagrams; how many could not be sent.
    pub fn send(&self, batch: &mut Batch, count: usize) -> usize {
        let (mut next, mut failed) = (0, 0);
        while next < count {
            let headers = &mut batch.headers[next..count];
            // SAFETY: the headers point to buffers of the lengths that they say, in `batch`.
            let sent =
                unsafe { libc::sendmmsg(self.0, headers.as_mut_ptr(), headers.len() as u32, 0) };
            // An error is that of the first datagram, which is passed over.
            match usize::try_from(sent) {
                Ok(sent) => next += sent,
                Err(_) => (next, failed) = (next + 1, failed + 1),
            }
        }
        failed
    }

    /// Waits for a query, a signal, or so long.
    pub fn wait(&self, ns: u64) -> io::Result<()> {
        let mut poll = libc::pollfd { fd: self.0, events: libc::POLLIN, revents: 0 };
        let time = libc::timespec { tv_sec: 0, tv_nsec: ns.min(999_999_999) as i64 };
        // SAFETY: one descriptor, as said; no signal mask.
        let result = unsafe { libc::ppoll(&raw mut poll, 1, &raw const time, std::ptr::null()) };
        let error = io::Error::last_os_error();
        if result < 0 && error.kind() != io::ErrorKind::Interrupted { Err(error) } else { Ok(()) }
    }
}

/// The system's time, in which the kernel stamps datagrams.
pub fn now_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is that of `time`. This clock is always there.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut time) };
    ns(time)
}

fn ns(time: libc::timespec) -> u64 {
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// From now on SIGTERM and SIGINT do no more than make `stopped` true.
pub fn stop_on_signals() {
    extern "C" fn stop(_: c_int) {
        STOPPED.store(true, Ordering::Relaxed);
    }
    for signal in [libc::SIGTERM, libc::SIGINT] {
        // SAFETY: the handler does nothing but store to an atomic.
        unsafe { libc::signal(signal, stop as *const () as usize) };
    }
    // SAFETY: no pointers. Timers are exact to a microsecond instead of 50.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1_000) };
}

pub fn stopped() -> bool {
    STOPPED.load(Ordering::Relaxed)
}
