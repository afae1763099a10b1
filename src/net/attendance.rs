//! Whether this thread ran when it wanted to: a process may be stopped, a machine busy.

use std::time::Duration;

use crate::engine::Time;

/// So late a thread has not run, for whatever reason. A timer or a scheduler is late by a few
/// milliseconds; an attempt waits for its answer for hundreds.
const STALL: Duration = Duration::from_millis(250);

/// Finds out, from when a thread was seen to run and until when it meant to sleep, when it did not
/// run although it wanted to.
#[derive(Debug, Default)]
pub(super) struct Attendance {
    /// When the thread was seen last.
    seen: Time,
    /// Until when it meant to sleep.
    sleeps_until: Option<Time>,
    /// How often it stalled, and for how long in all.
    pub(super) stalls: u64,
    pub(super) stalled: Duration,
}

impl Attendance {
    /// The thread runs.
    #[inline]
    pub(super) fn note(&mut self, now: Time) {
        let expected = self.sleeps_until.take().unwrap_or(Time::ZERO).max(self.seen);
        let late = now.since(expected);
        // Not before the first time.
        if late >= STALL && self.seen > Time::ZERO {
            self.stalls += 1;
            self.stalled += late;
        }
        self.seen = now;
    }

    /// The thread goes to sleep, until something comes or it is `until`.
    #[inline]
    pub(super) fn sleeps(&mut self, until: Time) {
        self.sleeps_until = Some(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::ZERO + Duration::from_millis(ms)
    }

    #[test]
    fn a_thread_that_does_not_run_when_it_wants_to_is_stalled() {
        let mut attendance = Attendance::default();
        attendance.note(at(10));
        // Woken early by a packet, then in time, then a little late.
        for (until, woken) in [(1_000, 30), (1_000, 1_000), (2_000, 2_020)] {
            attendance.sleeps(at(until));
            attendance.note(at(woken));
        }
        assert_eq!((attendance.stalls, attendance.stalled), (0, Duration::ZERO));
        // Stopped while it slept: late by what comes after the time that it meant to wake.
        attendance.sleeps(at(2_100));
        attendance.note(at(4_600));
        assert_eq!((attendance.stalls, attendance.stalled), (1, Duration::from_millis(2_500)));
        // Stopped while it worked.
        attendance.note(at(4_900));
        assert_eq!((attendance.stalls, attendance.stalled), (2, Duration::from_millis(2_800)));
    }
}
