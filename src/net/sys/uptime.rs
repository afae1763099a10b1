//! The clock that runs on while the machine is suspended.

use std::time::Duration;

/// How long ago the machine was started, the times included that it was suspended
/// (`CLOCK_BOOTTIME`).
pub(in crate::net) fn since_boot() -> Option<Duration> {
    let mut at = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes one timespec, which outlives it.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut at) };
    let seconds = u64::try_from(at.tv_sec).ok().filter(|_| result == 0)?;
    Some(Duration::new(seconds, u32::try_from(at.tv_nsec).ok()?))
}
