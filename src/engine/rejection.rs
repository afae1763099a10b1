//! When ICMP errors about queries to a server are believed.
//!
//! Anybody who knows a port may send such an error, and a true one may be true for a moment only: a
//! server that restarts, a route that changes. So an error is a hint. Its attempt stays open for an
//! answer until its own time, or a second, is over, and where none came it ends as undeliverable.
//!
//! Only errors that are repeated are believed: for [`SEVERAL`] attempts, over at least one timeout or
//! a second, and with nothing answered since the first of them. From then on an attempt ends with its
//! error, and other servers are asked if there are any. The first response ends that.
//!
//! Where somebody waits for one response ([`ends_at_icmp`](super::EngineConfig::ends_at_icmp)), an error ends
//! its attempt at once instead, and the next one waits a little longer each time.

use std::time::Duration;

use super::time::Time;

/// Attempts that have to be rejected, one after the other, before that is believed.
const SEVERAL: u32 = 3;

/// How long that takes at most, and how long such an attempt stays open, where attempts may wait
/// longer than that.
pub(super) const LONG_ENOUGH: Duration = Duration::from_secs(1);

/// What ICMP said of one server since it answered last.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rejections {
    attempts: u32,
    since: Time,
    believed: bool,
}

impl Rejections {
    /// One more attempt was rejected. Gives whether that is believed from now on, and was not before.
    pub(super) fn note(&mut self, now: Time, timeout: Duration) -> bool {
        if self.attempts == 0 {
            self.since = now;
        }
        self.attempts = self.attempts.saturating_add(1);
        let span = now.since(self.since);
        let believed = self.attempts >= SEVERAL && span >= timeout.min(LONG_ENOUGH);
        let new = believed && !self.believed;
        self.believed |= believed;
        new
    }

    /// The server answered.
    #[inline]
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether nothing that is sent there arrives, as far as ICMP tells.
    pub(super) fn are_believed(self) -> bool {
        self.believed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_for_several_attempts_over_a_timeout_are_believed() {
        let timeout = Duration::from_secs(1);
        let at = |millis| Time::ZERO + Duration::from_millis(millis);
        for (errors, believed) in [
            (&[0, 1, 2, 3, 999][..], false),
            (&[0, 1_000], false),
            (&[0, 5_000], false),
            (&[0, 500, 1_000], true),
            (&[0, 1, 2, 3, 1_000], true),
        ] {
            // However long an attempt may wait.
            for timeout in [timeout, 600 * timeout] {
                let mut rejections = Rejections::default();
                let news =
                    errors.iter().filter(|&&error| rejections.note(at(error), timeout)).count();
                assert_eq!((rejections.are_believed(), news), (believed, usize::from(believed)));
                rejections.clear();
                assert!(!rejections.note(at(9_000), timeout) && !rejections.are_believed());
            }
        }
    }
}
