//! How much may be sent: a window for each server, and token buckets for rates.

use std::time::Duration;

use super::time::Time;

/// Attempts in flight that an adaptive window starts with.
const INITIAL: f64 = 16.0;
/// An adaptive window never gets smaller: a few attempts must be out to see a server recover.
const FLOOR: f64 = 4.0;
/// And never larger: more than a server's usual queue of packets is only asking for loss.
const CEILING: f64 = 2048.0;
/// Queueing that does no harm: below it, scheduling noise of either side looks the same.
const QUEUE_ALLOWED: Duration = Duration::from_micros(1500);
/// The least time without an answer after which an attempt is no longer counted as in flight.
const SUSPECT_AFTER: Duration = Duration::from_millis(20);
/// How long a lowest round-trip time stands before it is measured anew.
const BASE_AGE: Duration = Duration::from_secs(20);

/// How many attempts may be in flight to one server, learned from what comes back.
///
/// The window opens while answers come. It closes on two signs of congestion, looked at once per
/// window of answers: even the fastest answer was much slower than the fastest ever (a queue
/// delays every packet, a hard name only its own), or more attempts went unanswered than is usual
/// for this server at smaller windows. Names that never get an answer raise what is usual, so
/// they do not close the window for the others.
#[derive(Debug, Clone)]
pub(super) struct AdaptiveWindow {
    size: f64,
    /// Doubling in each round trip, until the first sign of congestion.
    slow_start: bool,
    smoothed: Option<Smoothed>,
    base: Base,
    epoch: Epoch,
    usual_loss: f64,
    backoff: u32,
}

/// Round-trip time and its variation, smoothed as in RFC 6298 §2; nanoseconds.
#[derive(Debug, Clone, Copy)]
struct Smoothed {
    rtt: f64,
    variation: f64,
}

/// The lowest round-trip time of the last one or two periods.
#[derive(Debug, Clone, Copy)]
struct Base {
    current: Duration,
    previous: Duration,
    since: Time,
}

#[derive(Debug, Clone, Copy)]
struct Epoch {
    answered: u32,
    unanswered: u32,
    fastest: Duration,
}

const FRESH: Epoch = Epoch { answered: 0, unanswered: 0, fastest: Duration::MAX };

impl AdaptiveWindow {
    pub(super) fn new() -> Self {
        Self {
            size: INITIAL,
            slow_start: true,
            smoothed: None,
            base: Base { current: Duration::MAX, previous: Duration::MAX, since: Time::ZERO },
            epoch: FRESH,
            usual_loss: 0.0,
            backoff: 0,
        }
    }

    /// Attempts that may be in flight.
    #[inline]
    pub(super) fn size(&self) -> usize {
        self.size as usize
    }

    /// How long an attempt counts as in flight before it is taken for lost. It may still be
    /// answered; only the window does not wait for it.
    #[inline]
    pub(super) fn suspect_after(&self, timeout: Duration) -> Duration {
        let Some(smoothed) = self.smoothed else { return timeout };
        let nanos = smoothed.rtt + 4.0 * smoothed.variation;
        let after = Duration::from_nanos(nanos as u64).max(SUSPECT_AFTER);
        after.saturating_mul(1 << self.backoff).min(timeout)
    }

    #[inline]
    pub(super) fn on_answer(&mut self, now: Time, rtt: Duration, suspected: bool) {
        self.backoff = 0;
        let nanos = rtt.as_nanos() as u64 as f64;
        match &mut self.smoothed {
            Some(Smoothed { rtt, variation }) => {
                *variation += ((nanos - *rtt).abs() - *variation) / 4.0;
                *rtt += (nanos - *rtt) / 8.0;
            }
            none => *none = Some(Smoothed { rtt: nanos, variation: nanos / 2.0 }),
        }
        if now.since(self.base.since) > BASE_AGE {
            self.base = Base { current: Duration::MAX, previous: self.base.current, since: now };
        }
        self.base.current = self.base.current.min(rtt);
        self.epoch.answered += 1;
        self.epoch.fastest = self.epoch.fastest.min(rtt);
        if suspected {
            self.epoch.unanswered = self.epoch.unanswered.saturating_sub(1);
        }
        if self.slow_start {
            self.size = (self.size + 1.0).min(CEILING);
        }
        self.end_epoch_if_full();
    }

    #[inline]
    pub(super) fn on_suspect(&mut self) {
        self.epoch.unanswered += 1;
        // Nothing at all came back during this epoch: be slower to suspect the next ones.
        if self.epoch.answered == 0 && self.epoch.unanswered.is_multiple_of(8) {
            self.backoff = (self.backoff + 1).min(6);
        }
        self.end_epoch_if_full();
    }

    /// Begins anew after the server did not answer for a while.
    pub(super) fn restart(&mut self) {
        self.size = FLOOR;
        self.slow_start = true;
        self.epoch = FRESH;
        self.backoff = 0;
    }

    fn end_epoch_if_full(&mut self) {
        let Epoch { answered, unanswered, fastest } = self.epoch;
        let seen = f64::from(answered + unanswered);
        if seen < self.size.max(32.0) {
            return;
        }
        self.epoch = FRESH;
        let base = self.base.current.min(self.base.previous);
        let queue = if answered == 0 { Duration::ZERO } else { fastest.saturating_sub(base) };
        let allowed = QUEUE_ALLOWED.max(base / 4);
        let loss = f64::from(unanswered) / seen;
        // Three standard errors over the usual share, and a little that is never worth a reaction.
        let spread = 3.0 * (self.usual_loss * (1.0 - self.usual_loss) / seen).sqrt();
        let lossy = loss > 1.5 * self.usual_loss + spread + 0.01;
        self.usual_loss += (loss - self.usual_loss) / 4.0;
        if lossy {
            self.size *= 0.7;
            self.slow_start = false;
        } else if queue > allowed {
            self.size *= 0.85;
            self.slow_start = false;
        } else if queue * 2 > allowed {
            self.slow_start = false;
        } else if !self.slow_start {
            self.size += (self.size / 16.0).max(1.0);
        }
        self.size = self.size.clamp(FLOOR, CEILING);
    }
}

/// A token bucket: `rate` tokens a second, and as many saved up as two milliseconds bring.
///
/// Two milliseconds, because timers are no finer than one: less would not reach the rate.
#[derive(Debug, Clone)]
pub(super) struct TokenBucket {
    rate: f64,
    burst: f64,
    tokens: f64,
    filled: Time,
}

impl TokenBucket {
    /// A bucket for `rate` tokens a second; not over 10^9, and not under one in 1,000 seconds.
    pub(super) fn new(rate: f64) -> Self {
        let rate = rate.clamp(0.001, 1e9);
        Self { rate, burst: (rate * 0.002).max(1.0), tokens: 1.0, filled: Time::ZERO }
    }

    /// Whole tokens that are there at `now`.
    #[inline]
    pub(super) fn available(&mut self, now: Time) -> usize {
        let gained = now.since(self.filled).as_secs_f64() * self.rate;
        // Very short times would be lost in rounding if `filled` moved on with each look.
        if gained >= 0.001 {
            self.tokens = (self.tokens + gained).min(self.burst);
            self.filled = now;
        }
        self.tokens as usize
    }

    #[inline]
    pub(super) fn take(&mut self, count: usize) {
        self.tokens -= count as f64;
    }

    /// Whether there was less than one token at the last look.
    pub(super) fn is_empty(&self) -> bool {
        self.tokens < 1.0
    }

    /// When there will be one token.
    pub(super) fn next(&self) -> Time {
        let missing = (1.0 - self.tokens).max(0.001);
        self.filled + Duration::from_secs_f64(missing / self.rate) + Duration::from_nanos(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(us: u64) -> Time {
        Time::ZERO + Duration::from_micros(us)
    }

    #[test]
    fn a_bucket_gives_its_rate_and_no_long_bursts() {
        let mut bucket = TokenBucket::new(1000.0);
        let (mut now, mut given, mut largest) = (at(0), 0, 0);
        while now < at(10_000_000) {
            let n = bucket.available(now);
            bucket.take(n);
            given += n;
            largest = largest.max(n);
            now = bucket.next().max(now + Duration::from_micros(700));
        }
        assert!((9_990..=10_003).contains(&given), "{given}");
        assert!(largest <= 2, "{largest}");
        // After a long pause there is no pile of saved tokens.
        assert_eq!(bucket.available(now + Duration::from_secs(60)), 2);
    }

    #[test]
    fn a_slow_bucket_says_when_its_next_token_comes() {
        let mut bucket = TokenBucket::new(0.5);
        assert_eq!(bucket.available(at(0)), 1);
        bucket.take(1);
        let next = bucket.next();
        assert!(next >= at(2_000_000) && next <= at(2_000_001));
        assert_eq!(bucket.available(next), 1);
    }

    /// A server with a queue: `rate` answers a second, `room` places, a path of `path`.
    fn settle(rate: f64, room: f64, path: Duration, unanswerable: u32) -> (f64, f64) {
        let mut window = AdaptiveWindow::new();
        let (mut now, mut sent, mut dropped, mut n) = (at(0), 0.0, 0.0, 0u32);
        for _ in 0..3000 {
            // One round trip: a window of queries, all at once.
            let size = window.size();
            let fitting = rate * path.as_secs_f64() + room;
            for i in 0..size {
                n = n.wrapping_add(1);
                sent += 1.0;
                if i as f64 >= fitting {
                    dropped += 1.0;
                    window.on_suspect();
                } else if unanswerable > 0 && n.is_multiple_of(unanswerable) {
                    window.on_suspect();
                } else {
                    let standing = (size as f64).min(fitting) - rate * path.as_secs_f64();
                    let queue = Duration::from_secs_f64(standing.max(0.0) / rate);
                    window.on_answer(now, path + queue, false);
                }
            }
            now = now + path;
        }
        (window.size, dropped / sent)
    }

    #[test]
    fn the_window_fills_the_path_and_hardly_overflows_the_queue() {
        let path = Duration::from_millis(20);
        let (size, dropped) = settle(50_000.0, 300.0, path, 0);
        assert!(size > 700.0 && dropped < 0.02, "size {size}, dropped {dropped}");
        let (size, dropped) = settle(1_000.0, 100.0, path, 0);
        assert!((15.0..130.0).contains(&size) && dropped < 0.02, "size {size}, dropped {dropped}");
    }

    #[test]
    fn names_that_are_never_answered_do_not_close_the_window() {
        let path = Duration::from_millis(20);
        let (clean, _) = settle(50_000.0, 300.0, path, 0);
        let (size, _) = settle(50_000.0, 300.0, path, 40);
        assert!(size > clean * 0.6, "{size} of {clean}");
    }

    #[test]
    fn a_suspicion_follows_the_round_trip_times() {
        let mut window = AdaptiveWindow::new();
        let timeout = Duration::from_secs(1);
        assert_eq!(window.suspect_after(timeout), timeout);
        for _ in 0..100 {
            window.on_answer(at(0), Duration::from_millis(50), false);
        }
        let after = window.suspect_after(timeout);
        assert!(
            after >= Duration::from_millis(50) && after < Duration::from_millis(60),
            "{after:?}"
        );
    }
}
