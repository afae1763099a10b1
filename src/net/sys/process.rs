//! This process: what whoever started it gave it (standard streams, and signals to be ignored), and the
//! processor time that it has taken.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// A bit for each standard stream that nothing can be read from, or written to.
static USELESS: AtomicU8 = AtomicU8::new(0);

/// Rust's runtime opens `/dev/null` in the place of a standard stream that is closed, so only what
/// runs before it can tell. The C library calls what is listed in this section before `main`.
// SAFETY: the section is an array of pointers to functions of this kind, and this one needs nothing of
// what is set up later: it makes a system call and writes to a static.
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = examine_streams;

extern "C" fn examine_streams() {
    for (fd, useless) in [(0, libc::O_WRONLY), (1, libc::O_RDONLY), (2, libc::O_RDONLY)] {
        // SAFETY: only asks how the descriptor was opened; a closed one is an error.
        let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
        if flags == -1 || flags & libc::O_ACCMODE == useless {
            USELESS.fetch_or(1 << fd, Ordering::Relaxed);
        }
    }
}

/// Whether a standard stream (0 to 2) was closed at the start, or open in the other direction only.
/// Standard input and output of the Rust library take both for empty files.
pub(crate) fn is_useless(stream: RawFd) -> bool {
    USELESS.load(Ordering::Relaxed) >> stream & 1 == 1
}

/// Another descriptor of what `descriptor` is.
///
/// # Errors
/// It is not open, or there are no more descriptors.
pub(crate) fn duplicate(descriptor: RawFd) -> io::Result<OwnedFd> {
    if descriptor < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: borrowed for one system call that makes another descriptor of it; one that is not open is an
    // error of that call.
    unsafe { BorrowedFd::borrow_raw(descriptor) }.try_clone_to_owned()
}

/// Whether a signal is ignored, as `nohup` has it for SIGHUP.
pub(crate) fn is_ignored(signal: i32) -> io::Result<bool> {
    // SAFETY: all zeros is a value of this type of integers and pointers.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: without a new action only the present one is written, to a place that is there for it.
    match unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut action) } {
        0 => Ok(action.sa_sigaction == libc::SIG_IGN),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The processor time that all threads of this process have taken.
pub(crate) fn processor_time() -> Option<Duration> {
    let mut at = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes one timespec, which outlives it.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut at) };
    let seconds = u64::try_from(at.tv_sec).ok().filter(|_| result == 0)?;
    Some(Duration::new(seconds, u32::try_from(at.tv_nsec).ok()?))
}
