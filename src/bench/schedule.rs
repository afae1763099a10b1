//! When queries are to be sent in an open loop: at a rate of their own, whatever the answers do.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::time::Duration;

use crate::engine::Time;

/// How queries follow each other in an open loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Arrivals {
    /// At equal distances.
    #[default]
    Constant,
    /// At random, as from many clients that know nothing of each other.
    Poisson,
}

/// So long a worker that sends was away before what it missed is not made up for: that would be a burst
/// that nobody asked for.
const STALL: Duration = Duration::from_millis(10);

/// The times at which one worker is to send.
#[derive(Debug)]
pub(super) struct Schedule {
    /// Nanoseconds between two queries of this worker, on average.
    gap: f64,
    arrivals: Arrivals,
    /// From where the times are counted, and how far the next one is from there, in nanoseconds.
    base: Time,
    ahead: f64,
    /// When it was looked at last.
    seen: Time,
    rng: StdRng,
}

impl Schedule {
    /// The times of worker number `place` of `of`, which send `rate` queries a second together.
    pub(super) fn new(
        start: Time,
        rate: f64,
        (place, of): (usize, usize),
        arrivals: Arrivals,
        seed: u64,
    ) -> Self {
        let all = 1e9 / rate;
        let gap = all * of as f64;
        let mut rng = StdRng::seed_from_u64(seed);
        let ahead = match arrivals {
            // The workers take turns.
            Arrivals::Constant => all * place as f64,
            Arrivals::Poisson => exponential(&mut rng) * gap,
        };
        Self { gap, arrivals, base: start, ahead, seen: start, rng }
    }

    /// When the next query is to be sent.
    pub(super) fn next(&self) -> Time {
        self.base + Duration::from_nanos(self.ahead as u64)
    }

    /// Goes on to the one behind it.
    pub(super) fn advance(&mut self) {
        self.ahead += match self.arrivals {
            Arrivals::Constant => self.gap,
            Arrivals::Poisson => exponential(&mut self.rng) * self.gap,
        };
    }

    /// The worker looks. If it was away for long, all times move by as much as the next one is late;
    /// gives by how much.
    pub(super) fn look(&mut self, now: Time) -> Duration {
        let away = now.since(self.seen);
        self.seen = now;
        let late = now.since(self.next());
        if away <= STALL || late <= STALL {
            return Duration::ZERO;
        }
        self.base = self.base + late;
        late
    }
}

/// A random number with an exponential distribution and the mean 1.
fn exponential(rng: &mut StdRng) -> f64 {
    // Never the logarithm of 0.
    -(1.0 - rng.random::<f64>()).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Time::from_nanos(5_000_000_000);

    fn at(span: Duration) -> Time {
        START + span
    }

    /// The first times of all workers together, in order.
    fn times(rate: f64, workers: usize, arrivals: Arrivals, count: usize) -> Vec<Time> {
        let mut all: Vec<Time> = (0..workers)
            .flat_map(|place| {
                let seed = 7 + place as u64;
                let mut schedule = Schedule::new(START, rate, (place, workers), arrivals, seed);
                (0..count / workers)
                    .map(|_| {
                        let next = schedule.next();
                        schedule.advance();
                        next
                    })
                    .collect::<Vec<_>>()
            })
            .collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn constant_arrivals_are_evenly_spaced_over_all_workers_and_never_drift() {
        for workers in [1, 3] {
            let times = times(3_000.0, workers, Arrivals::Constant, 300_000);
            assert_eq!(times[0], START);
            for (i, &time) in times.iter().enumerate() {
                let exact = at(Duration::from_secs_f64(i as f64 / 3_000.0));
                assert!(
                    time.since(exact).max(exact.since(time)) < Duration::from_nanos(100),
                    "{i}"
                );
            }
        }
    }

    #[test]
    fn poisson_arrivals_have_the_rate_and_the_spread_of_chance() {
        for workers in [1, 4] {
            let times = times(1_000.0, workers, Arrivals::Poisson, 100_000);
            let gaps: Vec<f64> =
                times.windows(2).map(|pair| pair[1].since(pair[0]).as_secs_f64()).collect();
            // The ends, where some workers are through, aside.
            let gaps = &gaps[..gaps.len() * 9 / 10];
            let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
            let spread =
                gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
            assert!((mean * 1_000.0 - 1.0).abs() < 0.02, "{mean}");
            assert!((spread.sqrt() / mean - 1.0).abs() < 0.02, "{spread}");
        }
    }

    #[test]
    fn a_worker_that_was_away_makes_up_for_nothing() {
        let mut schedule = Schedule::new(START, 1_000.0, (0, 1), Arrivals::Constant, 0);
        let mut sent = Vec::new();
        // It looks each millisecond, but for half a second from the first second on.
        for millis in (0..1_000).chain(1_500..2_000) {
            let now = at(Duration::from_millis(millis));
            let moved = schedule.look(now);
            assert_eq!(!moved.is_zero(), millis == 1_500, "{millis}");
            let before = sent.len();
            while schedule.next() <= now {
                sent.push(schedule.next());
                schedule.advance();
            }
            assert!(sent.len() - before <= 2, "a burst of {} at {millis}", sent.len() - before);
        }
        assert!((1_499..=1_501).contains(&sent.len()), "{}", sent.len());
    }

    #[test]
    fn a_worker_that_is_kept_from_sending_keeps_its_times() {
        // It looks all the time, and cannot send: what it sends later is late, and counts as that.
        let mut schedule = Schedule::new(START, 1_000.0, (0, 1), Arrivals::Constant, 0);
        for millis in 0..500 {
            assert_eq!(schedule.look(at(Duration::from_millis(millis))), Duration::ZERO);
        }
        assert_eq!(schedule.next(), START);
    }
}
