//! Token buckets: how much a rate lets out.

use std::time::Duration;

use super::time::Time;

/// A token bucket: `rate` tokens a second, and as many saved up as five milliseconds bring.
///
/// Five milliseconds, because timers may be one or two late: less would not reach the rate.
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
        Self { rate, burst: (rate * 0.005).max(1.0), tokens: 1.0, filled: Time::ZERO }
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

    /// A bucket that saves up no more than what makes up for timers that are late, for a server that
    /// may take nothing more at once.
    pub(super) fn even(rate: f64) -> Self {
        let bucket = Self::new(rate);
        Self { burst: 1.0 + bucket.rate * 0.002, ..bucket }
    }

    /// Gives tokens at another rate from now on.
    pub(super) fn set_rate(&mut self, rate: f64) {
        *self = Self { tokens: self.tokens, filled: self.filled, ..Self::even(rate) };
    }

    /// Takes all tokens away.
    pub(super) fn empty(&mut self, now: Time) {
        (self.tokens, self.filled) = (0.0, now);
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
        assert!((9_990..=10_005).contains(&given), "{given}");
        assert!(largest <= 5, "{largest}");
        // After a long pause there is no pile of saved tokens.
        assert_eq!(bucket.available(now + Duration::from_secs(60)), 5);
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
}
