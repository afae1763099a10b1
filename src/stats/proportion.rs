//! A share of a count, with its exact interval (Clopper and Pearson, Biometrika 26, 1934).

use super::distribution::{beta_quantile, normal_critical};

/// How many of a number of trials were hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proportion {
    hits: u64,
    trials: u64,
}

/// What an unknown number lies between: a share (0 to 1), or a difference in the unit of its values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower limit.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
}

impl Interval {
    /// Whether `value` lies within, limits included.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

impl Proportion {
    /// `hits` of `trials`; more hits than trials count as all of them.
    pub const fn new(hits: u64, trials: u64) -> Self {
        Self { hits: if hits > trials { trials } else { hits }, trials }
    }

    /// The hits.
    pub const fn hits(self) -> u64 {
        self.hits
    }

    /// The trials.
    pub const fn trials(self) -> u64 {
        self.trials
    }

    /// The share of hits, 0 to 1; `None` without a trial.
    pub fn share(self) -> Option<f64> {
        (self.trials > 0).then(|| self.hits as f64 / self.trials as f64)
    }

    /// The two-sided Clopper-Pearson interval: for independent trials it holds the true share
    /// with a probability of at least `confidence` (0 to 1, both excluded). Each limit alone
    /// errs with at most half of the rest. Without a trial it is everything. Good for up to
    /// 10^10 trials; beyond, the digits of the floating point run out.
    pub fn interval(self, confidence: f64) -> Interval {
        let tail = (1.0 - confidence) / 2.0;
        let misses = self.trials - self.hits;
        Interval {
            low: 1.0 - upper_limit(misses, self.hits, tail),
            high: upper_limit(self.hits, misses, tail),
        }
        .sharpened(self, tail)
    }

    /// The two-sided interval of Wilson (Journal of the American Statistical Association 22, 1927): it
    /// holds the true share with about the probability `confidence` on average over shares, and is
    /// narrower than [`Proportion::interval`], which never holds it less often. For pictures of
    /// many small groups; a judgement takes the exact one. Without a trial it is everything.
    pub fn wilson(self, confidence: f64) -> Interval {
        let Some(share) = self.share() else { return Interval { low: 0.0, high: 1.0 } };
        let (trials, z) = (self.trials as f64, normal_critical(confidence));
        if z.is_infinite() {
            return Interval { low: 0.0, high: 1.0 };
        }
        let weight = 1.0 + z * z / trials;
        let center = (share + z * z / (2.0 * trials)) / weight;
        let spread = share * (1.0 - share) / trials + z * z / (4.0 * trials * trials);
        let reach = z * spread.sqrt() / weight;
        // Nothing and everything are limits themselves; elsewhere rounding must not push out the share.
        let low = if self.hits == 0 { 0.0 } else { (center - reach).clamp(0.0, share) };
        let high = if self.hits == self.trials { 1.0 } else { (center + reach).clamp(share, 1.0) };
        Interval { low, high }
    }
}

impl Interval {
    /// Takes the lower limit of a small share from its own side: `1.0 - x` has lost the digits.
    fn sharpened(mut self, of: Proportion, tail: f64) -> Self {
        if self.low < 0.5 && of.hits > 0 {
            let (a, b) = (of.hits as f64, (of.trials - of.hits) as f64 + 1.0);
            self.low = beta_quantile(a, b, tail);
        }
        self
    }
}

/// The share at which `hits` or fewer have the probability `tail`.
fn upper_limit(hits: u64, misses: u64, tail: f64) -> f64 {
    if misses == 0 {
        return 1.0;
    }
    if hits == 0 {
        // The closed form keeps all digits: 1 - tail^(1/n).
        return -(tail.ln() / misses as f64).exp_m1();
    }
    beta_quantile(hits as f64 + 1.0, misses as f64, 1.0 - tail)
}

/// How many independent probes it takes to see, with the probability `confidence`, at least one
/// of an effect that hits the share `share` of them: 59 for 5 %, 299 for 1 % and 2,995 for 0.1 %
/// at 95 %. `None` if no number is enough (a share of 0).
///
/// ```
/// assert_eq!(dnsonde::stats::probes_to_see(0.05, 0.95), Some(59));
/// ```
pub fn probes_to_see(share: f64, confidence: f64) -> Option<u64> {
    if share >= 1.0 {
        return Some(1);
    }
    let probes = ((-confidence).ln_1p() / (-share).ln_1p()).ceil();
    // Written so that it is false for NaN too.
    (share > 0.0 && probes < u64::MAX as f64).then_some((probes as u64).max(1))
}

/// The smallest share that `probes` independent probes would have shown with the probability
/// `confidence`: what a run without a hit can rule out. 1 without a probe.
///
/// The one-sided counterpart of [`probes_to_see`]; the upper limit that [`Proportion::interval`]
/// gives for no hit is two-sided and so a little larger.
pub fn largest_unseen_share(probes: u64, confidence: f64) -> f64 {
    upper_limit(0, probes, 1.0 - confidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(found: f64, expected: f64, relative: f64) -> bool {
        (found - expected).abs() <= relative * expected.abs()
    }

    #[test]
    fn intervals_are_those_of_binom_test() {
        // From R's binom.test, and for the large counts from sums of the binomial distribution
        // in 30 digits.
        for (hits, trials, low, high) in [
            (0, 300, 0.0, 0.012220974694293554),
            (3, 300, 0.002067007235092317, 0.02894451125569261),
            (7, 20, 0.153909204784541, 0.592188534532828),
            (50, 100, 0.398321129503301, 0.601678870496699),
            (299, 300, 0.981568747951932, 0.999915610867682),
            (682, 925, 0.7076682640790, 0.7654065582415),
            (5_000, 10_000, 0.4901513805899805, 0.5098486194100195),
            (50_000, 100_000, 0.4968960624918004, 0.5031039375081996),
            (3, 1_000_000, 6.186725501906399e-7, 8.767247788145224e-6),
            (30_000, 10_000_000, 0.002966197338387694, 0.003034090918363567),
        ] {
            let found = Proportion::new(hits, trials).interval(0.95);
            assert!(close(found.low, low, 1e-8), "{hits}/{trials}: {found:?}");
            assert!(close(found.high, high, 1e-8), "{hits}/{trials}: {found:?}");
        }
        assert_eq!(Proportion::new(0, 0).interval(0.95), Interval { low: 0.0, high: 1.0 });
        assert_eq!(Proportion::new(0, 0).share(), None);
        assert_eq!(Proportion::new(5, 5).interval(0.95).high, 1.0);
    }

    #[test]
    fn wilson_intervals_are_the_published_ones() {
        // Newcombe, Statistics in Medicine 17, 1998, Table I, method 3; and the edges.
        for (hits, trials, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
            (29, 29, 0.8830, 1.0),
            (0, 0, 0.0, 1.0),
        ] {
            let found = Proportion::new(hits, trials).wilson(0.95);
            assert!((found.low - low).abs() < 6e-5, "{hits}/{trials}: {found:?}");
            assert!((found.high - high).abs() < 6e-5, "{hits}/{trials}: {found:?}");
        }
        assert_eq!(Proportion::new(1, 2).wilson(1.0 + 1e-9), Interval { low: 0.0, high: 1.0 });
        let huge = Proportion::new(u64::MAX / 2, u64::MAX).wilson(0.95);
        assert!(huge.contains(0.5) && huge.high - huge.low < 1e-8, "{huge:?}");
    }

    #[test]
    fn counts_beyond_any_run_give_an_interval_too() {
        for trials in [100_000_000, 10_000_000_000] {
            for hits in [0, 1, trials / 1000, trials / 2, trials - 1, trials] {
                let proportion = Proportion::new(hits, trials);
                let interval = proportion.interval(0.95);
                assert!(
                    proportion.share().is_some_and(|share| interval.contains(share)),
                    "{hits}/{trials}: {interval:?}"
                );
                assert!(interval.high - interval.low < 1e-3);
            }
        }
    }

    #[test]
    fn the_number_of_probes_is_the_known_one() {
        for (share, confidence, probes) in [
            (0.05, 0.95, Some(59)),
            (0.01, 0.95, Some(299)),
            (0.001, 0.95, Some(2995)),
            (0.2, 0.95, Some(14)),
            (0.5, 0.5, Some(1)),
            (1.0, 0.95, Some(1)),
            (0.0, 0.95, None),
            (-0.1, 0.95, None),
            (f64::NAN, 0.95, None),
        ] {
            assert_eq!(probes_to_see(share, confidence), probes, "{share}");
        }
        assert!(close(largest_unseen_share(299, 0.95), 0.009969, 1e-3));
        assert_eq!(largest_unseen_share(0, 0.95), 1.0);
    }

    /// The probability that the interval holds the true share, over all outcomes.
    fn coverage(trials: u64, share: f64, confidence: f64) -> f64 {
        (0..=trials)
            .filter(|&hits| Proportion::new(hits, trials).interval(confidence).contains(share))
            .map(|hits| {
                let misses = trials - hits;
                let weight = crate::stats::distribution::ln_choose(trials, hits);
                (weight + hits as f64 * share.ln() + misses as f64 * (-share).ln_1p()).exp()
            })
            .sum()
    }

    proptest! {
        #[test]
        fn an_interval_holds_the_truth_as_often_as_it_says(
            trials in 1u64..60, share in 0.001f64..0.999, confidence in 0.5f64..0.999,
        ) {
            prop_assert!(coverage(trials, share, confidence) >= confidence - 1e-9);
        }

        #[test]
        fn hits_and_misses_mirror_each_other(trials in 1u64..5000, part in 0.0f64..=1.0) {
            let hits = (trials as f64 * part) as u64;
            let one = Proportion::new(hits, trials).interval(0.95);
            let other = Proportion::new(trials - hits, trials).interval(0.95);
            prop_assert!((one.low - (1.0 - other.high)).abs() < 1e-9);
            prop_assert!((one.high - (1.0 - other.low)).abs() < 1e-9);
            prop_assert!(one.contains(hits as f64 / trials as f64));
        }

        #[test]
        fn the_probes_are_enough_and_one_less_is_not(
            share in 0.0001f64..0.9, confidence in 0.5f64..0.999,
        ) {
            let probes = probes_to_see(share, confidence).unwrap();
            let seen = |probes: u64| 1.0 - (1.0 - share).powf(probes as f64);
            prop_assert!(seen(probes) >= confidence - 1e-12);
            prop_assert!(seen(probes - 1) < confidence + 1e-12);
        }
    }
}
