//! Which of many sockets have something.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::batch::BATCH;

/// What a socket is ready for.
#[derive(Clone, Copy, Default)]
pub(in crate::net) struct Ready {
    /// What it was registered as.
    pub(in crate::net) token: u32,
    /// Something can be received.
    pub(in crate::net) readable: bool,
    /// Something can be sent.
    pub(in crate::net) writable: bool,
    /// There is an error to fetch.
    pub(in crate::net) error: bool,
}

/// An epoll instance of our own, itself watched by tokio through `AsyncFd`.
///
/// tokio's registrations would ask for writability too, and be woken by every packet that has
/// left; would not wake a reader for an error; and would cost a lock per socket and wait. Here one
/// call that never waits tells which sockets have what, level-triggered.
pub(in crate::net) struct Poller(OwnedFd);

impl Poller {
    pub(in crate::net) fn new() -> io::Result<Self> {
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
    pub(in crate::net) fn watched_by_tokio(self) -> io::Result<AsyncFd<Self>> {
        // SAFETY: the descriptor is owned by `self`, which AsyncFd owns from here on and never
        // hands out mutably, so it stays open and the same.
        unsafe { AsyncFd::register_with_interest(self, Interest::READABLE) }
            .map_err(io::Error::from)
    }

    /// Watches `socket` for datagrams and errors; [`Ready`] will name it `token`.
    pub(in crate::net) fn add(&self, socket: BorrowedFd<'_>, token: u32) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, socket, token, false)
    }

    /// Watches `socket`, which was added before, for room to send too, or no longer.
    pub(in crate::net) fn watch_writable(
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
    pub(in crate::net) fn poll(&self, found: &mut [Ready; BATCH]) -> io::Result<usize> {
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
