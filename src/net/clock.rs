//! The driver's clock: engine time from the monotonic clock, and kernel time stamps put onto it.
//!
//! The kernel stamps packets with the wall clock, which may be set while we run. So each batch of
//! packets is stamped against both clocks, read once right after it; when the distance between the
//! two has changed since the batch before, the wall clock was stepped and the stamps of this batch
//! are not used.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::attendance::Clocks;
#[cfg(target_os = "linux")]
use super::sys;
use crate::engine::{Stamp, Time};

/// How long reading several clocks may take.
const READ_WITHIN: Duration = Duration::from_millis(20);

/// How much the distance between the clocks may change between two batches: the two readings are
/// not taken at one instant.
const TOLERANCE_NS: u64 = 1_000_000;

/// How much more it may change per nanosecond between two batches, as 1/n. Both clocks are slewed
/// alike; this is for systems on which they are not, and far above the usual 500 ppm.
const DRIFT: u64 = 1_000;

#[derive(Debug)]
pub(super) struct Clock {
    origin: Instant,
    /// When the clocks were last compared, and their distance, in nanoseconds.
    last: Option<(u64, i128)>,
}

/// The clocks right after a batch of packets was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch {
    /// Engine time.
    pub(super) now: Time,
    /// Wall clock minus engine time, in nanoseconds; `None` if the wall clock cannot be trusted.
    distance: Option<i128>,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { origin: Instant::now(), last: None }
    }

    pub(super) fn now(&self) -> Time {
        Time::from_nanos(nanos(self.origin.elapsed()))
    }

    /// The clocks beside the monotonic one, against which it is seen that the machine was suspended or
    /// its clock set.
    pub(super) fn others(&self) -> Option<Clocks> {
        let before = self.now();
        #[cfg(target_os = "linux")]
        let boot = signed(sys::since_boot()?);
        // Elsewhere the wall clock alone can be seen to be set, or to run on.
        #[cfg(not(target_os = "linux"))]
        let boot = before.as_nanos().cast_signed();
        let wall = signed(SystemTime::now().duration_since(UNIX_EPOCH).ok()?);
        let now = self.now();
        // Something came in between: they belong to no one instant.
        (now.since(before) < READ_WITHIN)
            .then(|| Clocks { boot: boot - now.as_nanos().cast_signed(), wall: wall - boot })
    }

    /// Reads both clocks; to be called right after a batch of packets was read.
    pub(super) fn batch(&mut self) -> Batch {
        let now = self.now();
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).ok();
        self.compare(now, wall)
    }

    fn compare(&mut self, now: Time, wall: Option<Duration>) -> Batch {
        let now_ns = now.as_nanos();
        let distance = wall.map(|wall| i128::from(nanos(wall)) - i128::from(now_ns));
        let before = self.last;
        self.last = distance.map(|distance| (now_ns, distance));
        let steady = match (before, distance) {
            (Some((then, before)), Some(distance)) => {
                let elapsed = now_ns.saturating_sub(then);
                let allowed = TOLERANCE_NS.saturating_add(elapsed / DRIFT);
                (distance - before).unsigned_abs() <= u128::from(allowed)
            }
            _ => true,
        };
        Batch { now, distance: distance.filter(|_| steady) }
    }
}

impl Batch {
    /// When a packet of this batch was received, and who says so.
    ///
    /// Never after the batch was read and never before the clock began.
    #[inline]
    pub(super) fn received(&self, stamp: Option<Duration>) -> (Time, Stamp) {
        let (Some(stamp), Some(distance)) = (stamp, self.distance) else {
            return (self.now, Stamp::Clock);
        };
        let at = i128::from(nanos(stamp)) - distance;
        let now = i128::from(self.now.as_nanos());
        if at > now + i128::from(TOLERANCE_NS) {
            // Stamped after it was read: the wall clock went back in between.
            return (self.now, Stamp::Clock);
        }
        let at = u64::try_from(at.clamp(0, now)).unwrap_or(0);
        (Time::from_nanos(at), Stamp::Kernel)
    }
}

fn signed(span: Duration) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALL: Duration = Duration::from_secs(1_700_000_000);

    fn batch(clock: &mut Clock, now_us: u64, wall_us: i64) -> Batch {
        let wall = WALL + Duration::from_secs(100);
        let wall = if wall_us < 0 {
            wall - Duration::from_micros(wall_us.unsigned_abs())
        } else {
            wall + Duration::from_micros(wall_us.unsigned_abs())
        };
        clock.compare(Time::from_nanos(now_us * 1000), Some(wall))
    }

    fn at(wall_us: u64) -> Option<Duration> {
        Some(WALL + Duration::from_secs(100) + Duration::from_micros(wall_us))
    }

    #[test]
    fn a_stamp_is_put_onto_the_engines_time() {
        let mut clock = Clock::new();
        let batch = batch(&mut clock, 5_000, 9_000);
        assert_eq!(batch.received(at(8_000)), (Time::from_nanos(4_000_000), Stamp::Kernel));
    }

    #[test]
    fn a_packet_without_stamp_was_received_when_it_was_read() {
        let mut clock = Clock::new();
        let batch = batch(&mut clock, 5_000, 9_000);
        assert_eq!(batch.received(None), (Time::from_nanos(5_000_000), Stamp::Clock));
    }

    #[test]
    fn stamps_stay_between_the_origin_and_now() {
        let mut clock = Clock::new();
        let batch = batch(&mut clock, 5_000, 9_000);
        assert_eq!(batch.received(at(9_500)), (Time::from_nanos(5_000_000), Stamp::Kernel));
        assert_eq!(batch.received(at(3_000)), (Time::ZERO, Stamp::Kernel));
    }

    #[test]
    fn a_stamp_from_the_future_is_not_believed() {
        let mut clock = Clock::new();
        let batch = batch(&mut clock, 5_000, 9_000);
        assert_eq!(batch.received(at(30_000)), (Time::from_nanos(5_000_000), Stamp::Clock));
    }

    #[test]
    fn the_batch_after_a_step_of_the_wall_clock_is_not_believed_and_the_next_one_is() {
        for step in [500_000_i64, -500_000] {
            let mut clock = Clock::new();
            assert_eq!(batch(&mut clock, 1_000, 1_000).received(at(900)).1, Stamp::Kernel);
            let stepped = batch(&mut clock, 2_000, 2_000 + step);
            assert_eq!(stepped.received(at(1_900)), (Time::from_nanos(2_000_000), Stamp::Clock));
            let after = batch(&mut clock, 3_000, 3_000 + step);
            assert_ne!(after.distance, None, "step {step}");
        }
    }

    #[test]
    fn slow_drift_over_a_long_pause_is_no_step() {
        let mut clock = Clock::new();
        batch(&mut clock, 0, 0);
        let later = batch(&mut clock, 100_000_000, 100_050_000);
        assert_eq!(later.received(at(100_050_000)).1, Stamp::Kernel);
    }
}
