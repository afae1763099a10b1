//! Whether this thread ran when it wanted to, and this machine with it: a process may be stopped, a
//! machine busy or suspended, its clock set.

use std::time::Duration;

use crate::engine::Time;

/// So late a thread has not run, for whatever reason. A timer or a scheduler is late by a few
/// milliseconds; an attempt waits for its answer for hundreds.
const STALL: Duration = Duration::from_millis(250);
/// So much a clock has to be ahead of another one of a sudden to have been set, or stopped.
const STEP_NS: i64 = 250_000_000;
/// How often the clocks are compared.
const COMPARED_EVERY: Duration = Duration::from_millis(100);

/// Clocks beside the monotonic one, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clocks {
    /// How far the clock that runs on while the machine is suspended is ahead of the monotonic one.
    pub(crate) boot: i64,
    /// How far the wall clock is ahead of that.
    pub(crate) wall: i64,
}

/// Finds out, from when a thread was seen to run and until when it meant to sleep, when it did not
/// run although it wanted to; and from other clocks, when the machine did not.
#[derive(Debug, Default)]
pub(crate) struct Attendance {
    /// When the thread was seen last.
    seen: Time,
    /// Until when it meant to sleep.
    sleeps_until: Option<Time>,
    /// What the other clocks said last, and when.
    clocks: Option<(Time, Clocks)>,
    /// When the last absence was over.
    back_since: Option<Time>,
    pub(crate) counts: AbsenceCounts,
}

/// How often this program, or the machine, was absent, and for how long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AbsenceCounts {
    /// How often this thread did not run for a quarter of a second or more although it wanted to, and
    /// how long that was in all: the process was stopped, or the machine was busy.
    pub stalls: u64,
    /// See `stalls`.
    pub stalled: Duration,
    /// How often the machine was suspended, and how long that was in all.
    pub suspensions: u64,
    /// See `suspensions`.
    pub suspended: Duration,
    /// How often the wall clock was set by a quarter of a second or more.
    pub clock_steps: u64,
}

impl AbsenceCounts {
    /// Adds what another thread saw. It is the machine that is suspended, and its clock that is set: each
    /// thread sees the same of these.
    pub fn add(&mut self, other: &Self) {
        self.stalls += other.stalls;
        self.stalled += other.stalled;
        self.suspensions = self.suspensions.max(other.suspensions);
        self.suspended = self.suspended.max(other.suspended);
        self.clock_steps = self.clock_steps.max(other.clock_steps);
    }
}

impl Attendance {
    /// The thread runs; `clocks` reads the others, if they are to be had.
    #[inline]
    pub(crate) fn note(&mut self, now: Time, clocks: impl FnOnce() -> Option<Clocks>) {
        let expected = self.sleeps_until.take().unwrap_or(Time::ZERO).max(self.seen);
        let late = now.since(expected);
        // Not before the first time.
        if late >= STALL && self.seen > Time::ZERO {
            self.counts.stalls += 1;
            self.counts.stalled += late;
            self.back_since = Some(now);
        }
        self.seen = now;
        if self.clocks.is_none_or(|(then, _)| now.since(then) >= COMPARED_EVERY)
            && let Some(clocks) = clocks()
        {
            self.compare(now, clocks);
        }
    }

    fn compare(&mut self, now: Time, clocks: Clocks) {
        let Some((_, before)) = self.clocks.replace((now, clocks)) else { return };
        let slept = clocks.boot - before.boot;
        if slept >= STEP_NS {
            self.counts.suspensions += 1;
            self.counts.suspended += Duration::from_nanos(slept.unsigned_abs());
            self.back_since = Some(now);
        }
        if (clocks.wall - before.wall).abs() >= STEP_NS {
            self.counts.clock_steps += 1;
            self.back_since = Some(now);
        }
    }

    /// Compares the clocks now, however short it is since that was done: what ends now is to be judged.
    pub(super) fn compare_now(&mut self, now: Time, clocks: Option<Clocks>) {
        if let Some(clocks) = clocks {
            self.compare(now, clocks);
        }
    }

    /// When the last absence was over, as far as was noted.
    pub(crate) fn back_since(&self) -> Option<Time> {
        self.back_since
    }

    /// The thread goes to sleep, until something comes or it is `until`.
    #[inline]
    pub(crate) fn sleeps(&mut self, until: Time) {
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
        let stalls =
            |attendance: &Attendance| (attendance.counts.stalls, attendance.counts.stalled);
        attendance.note(at(10), || None);
        // Woken early by a packet, then in time, then a little late.
        for (until, woken) in [(1_000, 30), (1_000, 1_000), (2_000, 2_020)] {
            attendance.sleeps(at(until));
            attendance.note(at(woken), || None);
        }
        assert_eq!(stalls(&attendance), (0, Duration::ZERO));
        // Stopped while it slept: late by what comes after the time that it meant to wake.
        attendance.sleeps(at(2_100));
        attendance.note(at(4_600), || None);
        assert_eq!(stalls(&attendance), (1, Duration::from_millis(2_500)));
        // Stopped while it worked.
        attendance.note(at(4_900), || None);
        assert_eq!(stalls(&attendance), (2, Duration::from_millis(2_800)));
        assert_eq!(attendance.back_since(), Some(at(4_900)));
    }

    #[test]
    fn a_suspended_machine_and_a_clock_that_is_set_are_told_apart() {
        let mut attendance = Attendance::default();
        let clocks = |boot_ms: i64, wall_ms: i64| {
            Some(Clocks { boot: boot_ms * 1_000_000, wall: wall_ms * 1_000_000 })
        };
        attendance.note(at(100), || clocks(5, 1_000));
        attendance.note(at(150), || panic!("they are not compared so often"));
        // Reading them takes a moment.
        attendance.note(at(300), || clocks(7, 999));
        assert_eq!(attendance.counts, AbsenceCounts::default());
        attendance.note(at(450), || clocks(60_007, 999));
        attendance.note(at(600), || clocks(60_007, -2_000));
        attendance.note(at(750), || clocks(60_006, -2_001));
        assert_eq!(attendance.back_since(), Some(at(600)));
        let AbsenceCounts { stalls, suspensions, suspended, clock_steps, .. } = attendance.counts;
        assert_eq!((stalls, suspensions, clock_steps), (0, 1, 1));
        assert_eq!(suspended, Duration::from_secs(60));
    }

    #[test]
    fn what_happened_since_the_clocks_were_compared_is_seen_at_the_end() {
        let mut attendance = Attendance::default();
        let clocks = |boot_ms: i64| Some(Clocks { boot: boot_ms * 1_000_000, wall: 0 });
        attendance.note(at(100), || clocks(0));
        attendance.note(at(150), || clocks(60_000));
        assert_eq!(attendance.back_since(), None);
        attendance.compare_now(at(150), clocks(60_000));
        assert_eq!(attendance.counts.suspensions, 1);
        assert_eq!(attendance.back_since(), Some(at(150)));
    }
}
