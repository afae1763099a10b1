//! How many attempts may be in flight to one server: a window that opens and closes with what comes back.

use std::time::Duration;

use super::lowest::Lowest;
use super::time::Time;

/// Attempts in flight that an adaptive window starts with: few, because a server may take no more,
/// and its rate is not known yet.
const INITIAL: f64 = 4.0;
/// What a response adds to a window that still opens. Whatever a server allows at once before it
/// begins to lose, no more is lost than this part of it.
const OPENING: f64 = 0.25;
/// An adaptive window never gets smaller: a few attempts must be out to see a server recover.
const FLOOR: f64 = 4.0;
/// And never larger: more than a server's usual queue of packets is only asking for loss.
const CEILING: f64 = 2048.0;
/// Up to here each response opens the window. A UDP socket with Linux's usual buffer holds about 270 small
/// packets; what comes on top while the server is busy is lost.
const OPENING_CEILING: f64 = 192.0;
/// Where packets are long on their way, more of them are needed: this many a second.
const OPENING_RATE: f64 = 100_000.0;
/// Queueing that does no harm: below it, scheduling noise of either side looks the same.
const QUEUE_ALLOWED: Duration = Duration::from_micros(1500);
/// The fastest of fewer responses than this may be slow by chance, and not because of a queue.
const LEAST_FASTEST_OF: f64 = 64.0;
/// Of so few nothing is made at all.
const LEAST_ANSWERS: u32 = 16;
/// The least time without a response after which an attempt is no longer counted as in flight.
const PRESUME_LOST_AFTER: Duration = Duration::from_millis(20);
/// The same where one that was sent later has been answered: then it is not we who slept.
const PRESUME_LOST_REORDERED_AFTER: Duration = Duration::from_millis(3);
/// How long a lowest round-trip time stands before it is measured anew.
const BASE_AGE: Duration = Duration::from_secs(20);

/// How many attempts may be in flight to one server, learned from how long answers take.
///
/// The window opens while answers come, and closes when even the fastest of a window of responses are
/// much slower than the fastest ever: a queue delays every packet, a hard name only its own. Loss
/// does not close it: that is the [limiter](super::limiter)'s business.
///
/// Until the first sign of a queue or of loss each response opens it a little; from then on the size
/// changes once an epoch, and an epoch lasts until the fate of its first attempts is known.
#[derive(Debug, Clone)]
pub(super) struct AdaptiveWindow {
    size: f64,
    /// Opening with each response, until the first sign of congestion.
    opening: bool,
    /// What these were before the window followed a rate.
    unlimited: Option<(f64, bool)>,
    smoothed: Option<Smoothed>,
    /// When the latest of the attempts that were answered was sent.
    newest_answered: Time,
    base: Lowest<Duration>,
    base_since: Time,
    epoch: Epoch,
    /// The epoch after a cut: what it saw was caused before the cut.
    aftermath: bool,
    backoff: u32,
}

/// Round-trip time and its variation, smoothed as in RFC 6298 §2; nanoseconds.
#[derive(Debug, Clone, Copy)]
struct Smoothed {
    rtt: f64,
    variation: f64,
}

#[derive(Debug, Clone, Copy)]
struct Epoch {
    since: Time,
    sent: u32,
    answered: u32,
    unanswered: u32,
    /// The fastest of the current window of responses, and how many it has so far.
    fastest: Duration,
    answers: u32,
    /// The sum of the fastest of each full window of responses, and how many there were.
    fastest_sum: Duration,
    windows: u32,
}

impl Epoch {
    const fn new(since: Time) -> Self {
        Self {
            since,
            sent: 0,
            answered: 0,
            unanswered: 0,
            fastest: Duration::MAX,
            answers: 0,
            fastest_sum: Duration::ZERO,
            windows: 0,
        }
    }
}

impl AdaptiveWindow {
    pub(super) fn new() -> Self {
        Self {
            size: INITIAL,
            opening: true,
            unlimited: None,
            smoothed: None,
            newest_answered: Time::ZERO,
            base: Lowest::new(Duration::MAX),
            base_since: Time::ZERO,
            epoch: Epoch::new(Time::ZERO),
            aftermath: false,
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
    pub(super) fn presume_lost_after(&self, timeout: Duration) -> Duration {
        self.usual_within(PRESUME_LOST_AFTER, timeout)
    }

    /// The same for an attempt that [others were reordered past](Self::is_reordered_past).
    #[inline]
    pub(super) fn overdue_after(&self, timeout: Duration) -> Duration {
        self.usual_within(PRESUME_LOST_REORDERED_AFTER, timeout)
    }

    /// Whether an attempt that was sent later than `sent` has been answered. A name that is never
    /// answered then frees its place after a round trip, and not only after the longest pause that
    /// either side may make.
    #[inline]
    pub(super) fn is_reordered_past(&self, sent: Time) -> bool {
        sent < self.newest_answered
    }

    fn usual_within(&self, least: Duration, timeout: Duration) -> Duration {
        let Some(smoothed) = self.smoothed else { return timeout };
        let nanos = smoothed.rtt + 4.0 * smoothed.variation;
        let after = Duration::from_nanos(nanos as u64).max(least);
        after.saturating_mul(1 << self.backoff).min(timeout)
    }

    /// A first attempt is sent.
    #[inline]
    pub(super) fn on_send(&mut self) {
        self.epoch.sent += 1;
    }

    /// A first attempt was answered; `presumed_lost` if it had been taken for lost, `open` if there is
    /// no reason against a wider window.
    #[inline]
    pub(super) fn on_answer(&mut self, now: Time, rtt: Duration, presumed_lost: bool, open: bool) {
        self.backoff = 0;
        self.newest_answered = self.newest_answered.max(now - rtt);
        let nanos = rtt.as_nanos() as u64 as f64;
        match &mut self.smoothed {
            Some(Smoothed { rtt, variation }) => {
                *variation += ((nanos - *rtt).abs() - *variation) / 4.0;
                *rtt += (nanos - *rtt) / 8.0;
            }
            none => *none = Some(Smoothed { rtt: nanos, variation: nanos / 2.0 }),
        }
        if now.since(self.base_since) > BASE_AGE {
            self.base.next_period(Duration::MAX);
            self.base_since = now;
        }
        self.base.add(rtt);
        if open && self.opening && self.size < self.opening_ceiling() {
            self.size += OPENING;
        }
        let epoch = &mut self.epoch;
        epoch.answered += 1;
        epoch.answers += 1;
        epoch.fastest = epoch.fastest.min(rtt);
        if f64::from(epoch.answers) >= self.size.max(LEAST_FASTEST_OF) {
            epoch.fastest_sum += epoch.fastest;
            epoch.windows += 1;
            epoch.answers = 0;
            epoch.fastest = Duration::MAX;
        }
        if presumed_lost {
            epoch.unanswered = epoch.unanswered.saturating_sub(1);
        }
        self.end_epoch_if_over(now);
    }

    /// A first attempt is taken for lost; `slow` unless it is known that the server is not the reason.
    #[inline]
    pub(super) fn on_presumed_lost(&mut self, now: Time, slow: bool) {
        self.epoch.unanswered += 1;
        // Nothing at all came back during this epoch, and not because nothing was sent: be slower
        // to presume the next ones lost.
        let Epoch { sent, answered, unanswered, .. } = self.epoch;
        if slow && sent > 0 && answered == 0 && unanswered.is_multiple_of(8) {
            self.backoff = (self.backoff + 1).min(6);
        }
        self.end_epoch_if_over(now);
    }

    /// Begins anew after the server did not answer for a while.
    pub(super) fn restart(&mut self, now: Time) {
        self.size = FLOOR;
        self.opening = true;
        self.epoch = Epoch::new(now);
        self.aftermath = false;
        self.backoff = 0;
    }

    #[inline]
    fn end_epoch_if_over(&mut self, now: Time) {
        let seen = self.epoch.answered + self.epoch.unanswered;
        // Three quarters of a window, because what is presumed lost frees its place a little late.
        if seen >= 16 && f64::from(seen) >= 0.75 * self.size {
            let known_after = self.presume_lost_after(Duration::MAX);
            if now.since(self.epoch.since) >= known_after {
                self.end_epoch(now);
            }
        }
    }

    fn end_epoch(&mut self, now: Time) {
        let epoch = std::mem::replace(&mut self.epoch, Epoch::new(now));
        // Losses show later than answers: when there is nothing left to send, an epoch sees little
        // but the losses of what was sent in the one before.
        if epoch.sent == 0 {
            return;
        }
        if std::mem::take(&mut self.aftermath) {
            return;
        }
        let queue = match epoch.windows {
            0 if epoch.answered < LEAST_ANSWERS => Duration::ZERO,
            0 => epoch.fastest.saturating_sub(self.base.get()),
            windows => (epoch.fastest_sum / windows).saturating_sub(self.base.get()),
        };
        let allowed = QUEUE_ALLOWED.max(self.base.get() / 4);
        if queue > allowed {
            self.size *= if self.opening { 0.6 } else { 0.85 };
            self.opening = false;
            self.aftermath = true;
        } else if queue * 2 > allowed {
            self.opening = false;
        } else if !self.opening || self.size >= self.opening_ceiling() {
            self.size += (self.size / 16.0).max(1.0);
        }
        self.size = self.size.clamp(FLOOR, CEILING);
    }

    /// More is lost than is usual.
    pub(super) fn narrow(&mut self) {
        self.size = (self.size * 0.6).max(FLOOR);
        self.opening = false;
        self.aftermath = true;
    }

    /// Whether it still opens with each response.
    #[inline]
    pub(super) fn is_opening(&self) -> bool {
        self.opening
    }

    /// It is a rate of queries that the server limits: the window is twice what that fills, and does
    /// not stand in its way.
    #[inline]
    pub(super) fn follow(&mut self, rate: f64) {
        self.unlimited.get_or_insert((self.size, self.opening));
        self.opening = false;
        let filled = rate * self.usual_rtt().as_secs_f64();
        self.size = (2.0 * filled).clamp(FLOOR, CEILING);
    }

    /// It limits no rate after all: the window is what it was.
    #[inline]
    pub(super) fn unfollow(&mut self) {
        if let Some(before) = self.unlimited.take() {
            (self.size, self.opening) = before;
        }
    }

    /// How long a response usually takes, its variation included; nothing before the first one.
    #[inline]
    pub(super) fn usual_rtt(&self) -> Duration {
        let nanos = self.smoothed.map_or(0.0, |smoothed| smoothed.rtt + smoothed.variation);
        Duration::from_nanos(nanos as u64)
    }

    fn opening_ceiling(&self) -> f64 {
        (self.base.get().as_secs_f64() * OPENING_RATE).max(OPENING_CEILING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(us: u64) -> Time {
        Time::ZERO + Duration::from_micros(us)
    }

    /// What a server and the path to it do to attempts.
    #[derive(Clone, Copy)]
    struct Path {
        /// Answers a second.
        rate: f64,
        /// Packets that its queue holds.
        room: f64,
        /// Without queueing.
        rtt: Duration,
        /// One in this many is lost at random.
        one_lost_in: u32,
    }

    /// Sends whole windows for `seconds`, learns of loss as late as it shows, and gives the final
    /// size and the share that the queue had no room for.
    fn settle(path: Path, seconds: f64) -> (f64, f64) {
        let mut window = AdaptiveWindow::new();
        let (mut now, mut sent, mut dropped, mut n) = (at(0), 0.0, 0.0, 0u32);
        let mut lost: std::collections::VecDeque<Time> = std::collections::VecDeque::new();
        while now < Time::ZERO + Duration::from_secs_f64(seconds) {
            while lost.front().is_some_and(|&known| known <= now) {
                lost.pop_front();
                window.on_presumed_lost(now, true);
            }
            let in_pipe = path.rate * path.rtt.as_secs_f64();
            let size = window.size().saturating_sub(lost.len());
            let fitting = (in_pipe + path.room) as usize;
            let queue = (size.min(fitting) as f64 - in_pipe).max(0.0) / path.rate;
            let rtt = path.rtt + Duration::from_secs_f64(queue);
            for i in 0..size {
                n = n.wrapping_add(1);
                sent += 1.0;
                window.on_send();
                if i >= fitting || path.one_lost_in > 0 && n.is_multiple_of(path.one_lost_in) {
                    dropped += f64::from(u8::from(i >= fitting));
                    lost.push_back(now + window.presume_lost_after(Duration::from_secs(1)));
                } else {
                    window.on_answer(now + rtt, rtt, false, true);
                }
            }
            now = now + rtt;
        }
        (window.size, dropped / sent)
    }

    const FAR: Path =
        Path { rate: 50_000.0, room: 300.0, rtt: Duration::from_millis(20), one_lost_in: 0 };

    #[test]
    fn the_window_fills_the_path_and_hardly_overflows_the_queue() {
        let (size, dropped) = settle(FAR, 20.0);
        assert!(size > 700.0 && dropped < 0.005, "size {size}, dropped {dropped}");
        let near = Path { rtt: Duration::from_micros(100), ..FAR };
        let (size, dropped) = settle(near, 5.0);
        assert!((20.0..200.0).contains(&size) && dropped < 0.005, "size {size}, dropped {dropped}");
        let slow = Path { rate: 1_000.0, room: 100.0, ..FAR };
        let (size, dropped) = settle(slow, 20.0);
        assert!((15.0..130.0).contains(&size) && dropped < 0.02, "size {size}, dropped {dropped}");
    }

    #[test]
    fn what_later_responses_were_reordered_past_is_presumed_lost_sooner() {
        let mut window = AdaptiveWindow::new();
        let timeout = Duration::from_secs(1);
        for i in 0..100 {
            window.on_answer(at(1_000 + i), Duration::from_micros(200), false, true);
        }
        assert_eq!(window.overdue_after(timeout), Duration::from_millis(3));
        assert_eq!(window.presume_lost_after(timeout), Duration::from_millis(20));
        // The newest that was answered left at 899 us.
        assert!(window.is_reordered_past(at(898)) && !window.is_reordered_past(at(899)));
    }

    #[test]
    fn a_suspicion_follows_the_round_trip_times() {
        let mut window = AdaptiveWindow::new();
        let timeout = Duration::from_secs(1);
        assert_eq!(window.presume_lost_after(timeout), timeout);
        for _ in 0..100 {
            window.on_answer(at(0), Duration::from_millis(50), false, true);
        }
        let after = window.presume_lost_after(timeout);
        assert!(
            after >= Duration::from_millis(50) && after < Duration::from_millis(60),
            "{after:?}"
        );
    }
}
