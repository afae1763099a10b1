//! Control messages: what the kernel says beside the octets of a message.

use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Room for control messages, aligned as `cmsghdr` must be.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
pub(super) struct Control<const N: usize>(pub(super) [u8; N]);

/// Enough for a time stamp (32), an overflow count (24), a segment size (24), or for an extended
/// error with the address of its sender (16 + 16 + 28).
pub(super) const CONTROL: usize = 128;

/// `CMSG_SPACE` of the `u16` of `UDP_SEGMENT`, on every ABI.
pub(super) const SEGMENT_CONTROL: usize = 24;

/// A type of which the kernel writes values into control messages.
///
/// # Safety
/// Any octets are a value of it: it is made of integers only.
pub(super) unsafe trait Plain: Copy {}
// SAFETY: an integer.
unsafe impl Plain for u32 {}
// SAFETY: an integer.
unsafe impl Plain for libc::c_int {}
// SAFETY: two integers; padding may have any value.
unsafe impl Plain for libc::timespec {}
// SAFETY: integers.
unsafe impl Plain for libc::sock_extended_err {}

/// The control messages of a received message.
pub(super) struct ControlMessages<'a> {
    header: &'a libc::msghdr,
    next: *const libc::cmsghdr,
}

/// One control message.
pub(super) struct ControlMessage<'a> {
    pub(super) level: libc::c_int,
    pub(super) kind: libc::c_int,
    data: &'a [u8],
}

impl<'a> ControlMessages<'a> {
    /// # Safety
    /// `header` was filled by a receiving system call, and its control buffer stays alive and
    /// unchanged for 'a.
    pub(super) unsafe fn new(header: &'a libc::msghdr) -> Self {
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
    pub(super) fn offender(&self) -> Option<IpAddr> {
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
    pub(super) fn value<T: Plain>(&self) -> Option<T> {
        // SAFETY: the slice has enough octets, and any of them are a `T`: it is `Plain`.
        (self.data.len() >= mem::size_of::<T>())
            .then(|| unsafe { self.data.as_ptr().cast::<T>().read_unaligned() })
    }
}
