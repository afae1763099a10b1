//! The processor time that this process takes.

use std::time::Duration;

/// The processor time that all threads of this process have taken, where the system tells it.
#[cfg(target_os = "linux")]
pub(crate) fn processor_time() -> Option<Duration> {
    super::sys::process::processor_time()
}

/// The processor time that all threads of this process have taken, where the system tells it.
#[cfg(not(target_os = "linux"))]
pub(crate) fn processor_time() -> Option<Duration> {
    None
}
