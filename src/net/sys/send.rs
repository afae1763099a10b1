//! Sending: many messages with one system call, each one datagram or a batch of them.

use std::io;
use std::mem::{self, MaybeUninit};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::address::{Address, encode};
use super::batch::BATCH;
use super::control::{Control, SEGMENT_CONTROL};

/// One message to send.
pub(in crate::net) struct Outgoing<'a> {
    /// The destination.
    pub(in crate::net) to: SocketAddr,
    /// Its payload: one datagram, or several of `segment` octets each.
    pub(in crate::net) octets: &'a [u8],
    /// Lets the kernel cut `octets` into datagrams of this length (`UDP_SEGMENT`).
    pub(in crate::net) segment: Option<u16>,
}

/// Sends up to [`BATCH`] messages from `socket` with one system call and returns how many the
/// kernel took; more than that are not looked at.
///
/// # Errors
/// What the kernel said of the first message; nothing was sent then. An error at a later message
/// shows only when that message is sent again as the first.
pub(in crate::net) fn send<'a>(
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
