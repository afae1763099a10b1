//! Percentiles of latencies, with intervals that assume no shape of their distribution.
//!
//! A latency that was not waited for to its end is known to be at least so long: it counts, as that.

use super::distribution::{binomial_at_most, normal_critical};

/// Samples beyond which the binomial distribution is taken for the normal one: it is, to all the
/// digits of a rank that a percentile needs.
const NEARLY_NORMAL: u64 = 10_000_000;

/// Which of the samples in ascending order, counted from 1, stand for a quantile and bound it.
///
/// The limits are those of the sign test (Thompson, Annals of Mathematical Statistics 7, 1936): for
/// independent samples of any distribution the true quantile lies between the two with at least
/// the confidence that was asked for, and beyond each with at most half of the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuantileRanks {
    /// The sample that is the estimate.
    pub estimate: u64,
    /// The lower limit; `None` if so few samples bound the quantile on no side below.
    pub low: Option<u64>,
    /// The upper limit; `None` if so few samples do not bound it above.
    pub high: Option<u64>,
}

impl QuantileRanks {
    /// The ranks for the quantile `share` (0.99 for the 99th percentile) of so many samples. `None`
    /// without a sample, and for a share that is not between 0 and 1.
    ///
    /// ```
    /// use dnsonde::stats::QuantileRanks;
    ///
    /// let median = QuantileRanks::of(100, 0.5, 0.95).unwrap();
    /// assert_eq!((median.low, median.estimate, median.high), (Some(40), 50, Some(61)));
    /// // 100 samples say nothing of how long the 99th percentile may be.
    /// assert_eq!(QuantileRanks::of(100, 0.99, 0.95).unwrap().high, None);
    /// ```
    pub fn of(samples: u64, share: f64, confidence: f64) -> Option<Self> {
        // Written so that it is false for NaN too.
        let usable = samples > 0 && 0.0 < share && share < 1.0;
        if !usable {
            return None;
        }
        let estimate = ((samples as f64 * share).ceil() as u64).clamp(1, samples);
        let (low, high) = if samples > NEARLY_NORMAL {
            let spread = (samples as f64 * share * (1.0 - share)).sqrt();
            let reach = (normal_critical(confidence) * spread).ceil();
            // A float beyond the integers is cut to their end.
            let reach = (reach as u64).saturating_add(1);
            (estimate.saturating_sub(reach), estimate.checked_add(reach))
        } else {
            let tail = (1.0 - confidence) / 2.0;
            let at_most = |hits: u64| binomial_at_most(hits, samples, share);
            // The first count that is not too unlikely from below; all lower ones are.
            let low = first(samples, |hits| at_most(hits) > tail);
            (low, first(samples, |hits| at_most(hits) >= 1.0 - tail).checked_add(1))
        };
        let high = high.filter(|&rank| rank <= samples);
        Some(Self { estimate, low: (low > 0).then_some(low), high })
    }
}

/// The first number up to `end` for which `holds`, which stays true from there on.
fn first(end: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, end);
    while low < high {
        let middle = low.midpoint(high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// How long one answer took, in µs or any other unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Latency {
    /// The answer came after so long.
    Measured(u64),
    /// No answer within so long, and then nobody listened any more.
    AtLeast(u64),
}

/// Latencies of one group of probes, timeouts among them.
///
/// ```
/// use dnsonde::stats::{Latencies, Latency};
///
/// let answered = (1..=90).map(Latency::Measured);
/// let lost = std::iter::repeat_n(Latency::AtLeast(5000), 10);
/// let all: Latencies = answered.chain(lost).collect();
/// assert_eq!(all.quantile(0.5, 0.95).unwrap().estimate, Latency::Measured(50));
/// assert_eq!(all.quantile(0.99, 0.95).unwrap().estimate, Latency::AtLeast(5000));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Latencies {
    /// In ascending order: what each took at least,
    at_least: Vec<u64>,
    /// and, in an order of its own, what each took at most; those without a limit are left out.
    at_most: Vec<u64>,
}

/// A quantile of latencies, and what it lies between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatencyQuantile {
    /// The estimate; of latencies that were cut off, what it is at least.
    pub estimate: Latency,
    /// The lower limit; `None` if there are too few samples for one.
    pub low: Option<u64>,
    /// The upper limit; `None` if there are too few samples for one, or timeouts reach so far down.
    pub high: Option<u64>,
}

impl FromIterator<Latency> for Latencies {
    fn from_iter<T: IntoIterator<Item = Latency>>(latencies: T) -> Self {
        let mut all = Self::default();
        for latency in latencies {
            let (Latency::Measured(value) | Latency::AtLeast(value)) = latency;
            all.at_least.push(value);
            if latency == Latency::Measured(value) {
                all.at_most.push(value);
            }
        }
        all.at_least.sort_unstable();
        all.at_most.sort_unstable();
        all
    }
}

impl Latencies {
    /// How many there are, with those that were cut off.
    pub fn count(&self) -> u64 {
        self.at_least.len() as u64
    }

    /// How many were cut off.
    pub fn cut_off(&self) -> u64 {
        (self.at_least.len() - self.at_most.len()) as u64
    }

    /// The quantile `share` (0 to 1, both excluded) with its interval; `None` without a latency.
    ///
    /// What was cut off lies anywhere from there on: the limits hold whatever it was.
    pub fn quantile(&self, share: f64, confidence: f64) -> Option<LatencyQuantile> {
        let ranks = QuantileRanks::of(self.count(), share, confidence)?;
        let ranked = |values: &[u64], rank: u64| -> Option<u64> {
            values.get(usize::try_from(rank).ok()?.checked_sub(1)?).copied()
        };
        let at_least = ranked(&self.at_least, ranks.estimate)?;
        let exact = ranked(&self.at_most, ranks.estimate) == Some(at_least);
        Some(LatencyQuantile {
            estimate: if exact { Latency::Measured(at_least) } else { Latency::AtLeast(at_least) },
            low: ranks.low.and_then(|rank| ranked(&self.at_least, rank)),
            high: ranks.high.and_then(|rank| ranked(&self.at_most, rank)),
        })
    }

    /// By how much the quantile `share` of these is longer than that of `other`: what
    /// [`PairedBlocks`](super::PairedBlocks) takes of each block of time. `None` if one of the two
    /// is not known, for want of samples or because answers to it were not waited for.
    pub fn difference(&self, other: &Self, share: f64) -> Option<f64> {
        let of = |all: &Self| match all.quantile(share, super::CONFIDENCE)?.estimate {
            Latency::Measured(value) => Some(value as f64),
            Latency::AtLeast(_) => None,
        };
        Some(of(self)? - of(other)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::PairedBlocks;
    use proptest::prelude::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn the_ranks_are_those_of_the_printed_table() {
        // Conover, Practical Nonparametric Statistics, after Nair (Sankhya 4, 1940): for the median
        // at 95 %, the k-th smallest and the k-th largest of n.
        for (samples, low) in
            [(6, 1), (9, 2), (12, 3), (15, 4), (20, 6), (25, 8), (30, 10), (50, 18)]
        {
            let ranks = QuantileRanks::of(samples, 0.5, 0.95).unwrap();
            assert_eq!((ranks.low, ranks.high), (Some(low), Some(samples + 1 - low)), "{samples}");
        }
    }

    #[test]
    fn too_few_samples_bound_nothing() {
        let of = |samples, share| QuantileRanks::of(samples, share, 0.95).unwrap();
        // 5 samples are no interval of a median; 368 are the fewest that bound a 99th percentile
        // from above with 97.5 %.
        assert_eq!((of(5, 0.5).low, of(5, 0.5).high), (None, None));
        assert_eq!((of(367, 0.99).high, of(368, 0.99).high), (None, Some(368)));
        assert_eq!(of(1, 0.999).estimate, 1);
        for (samples, share) in [(0, 0.5), (9, 0.0), (9, 1.0), (9, f64::NAN), (9, -1.0)] {
            assert_eq!(QuantileRanks::of(samples, share, 0.95), None, "{samples} {share}");
        }
        let sure = QuantileRanks::of(9, 0.5, 1.0).unwrap();
        assert_eq!((sure.low, sure.high), (None, None));
    }

    #[test]
    fn huge_counts_go_on_as_large_ones_do() {
        for share in [0.5, 0.99, 0.9999] {
            let exact = QuantileRanks::of(NEARLY_NORMAL, share, 0.95).unwrap();
            let normal = QuantileRanks::of(NEARLY_NORMAL + 1, share, 0.95).unwrap();
            let apart = |a: Option<u64>, b: Option<u64>| a.unwrap().abs_diff(b.unwrap());
            assert!(apart(exact.low, normal.low) < 4, "{exact:?} {normal:?}");
            assert!(apart(exact.high, normal.high) < 4, "{exact:?} {normal:?}");
        }
        let most = QuantileRanks::of(u64::MAX, 0.5, 0.95).unwrap();
        assert!(most.low.unwrap() < most.estimate && most.estimate < most.high.unwrap());
        assert_eq!(QuantileRanks::of(u64::MAX, 0.5, 1.0).unwrap().high, None);
    }

    #[test]
    fn timeouts_lengthen_the_tail_and_are_never_taken_for_answers() {
        let answered = (1..=950).map(Latency::Measured);
        let lost = std::iter::repeat_n(Latency::AtLeast(2000), 50);
        let all: Latencies = answered.chain(lost).collect();
        assert_eq!((all.count(), all.cut_off()), (1000, 50));
        let p99 = all.quantile(0.99, 0.95).unwrap();
        assert_eq!((p99.estimate, p99.low, p99.high), (Latency::AtLeast(2000), Some(2000), None));
        let p90 = all.quantile(0.9, 0.95).unwrap();
        assert_eq!(p90.estimate, Latency::Measured(900));
        assert!(p90.low < Some(900) && p90.high > Some(900));
        // Its upper limit is among the timeouts.
        assert_eq!(all.quantile(0.945, 0.95).unwrap().high, None);
        // One that was given up early may have been the longest or not: the estimate says so.
        let early: Latencies = [Latency::Measured(10), Latency::AtLeast(5), Latency::Measured(20)]
            .into_iter()
            .collect();
        assert_eq!(early.quantile(0.5, 0.5).unwrap().estimate, Latency::AtLeast(10));
        assert_eq!(Latencies::default().quantile(0.5, 0.95), None);
        assert_eq!(all.difference(&early, 0.5), None);
        let other: Latencies = (11..=960).map(Latency::Measured).collect();
        assert_eq!(all.difference(&other, 0.5), Some(500.0 - 485.0));
    }

    /// A latency with a long tail, as from a server with a cache in front.
    fn latency(random: &mut StdRng) -> u64 {
        let share = random.random_range(1e-9..1.0f64);
        (1000.0 / share.powf(0.3)) as u64
    }

    #[test]
    fn intervals_hold_the_true_quantile_as_often_as_they_say() {
        let mut random = StdRng::seed_from_u64(3);
        for (samples, share) in [(40, 0.5), (200, 0.9), (600, 0.99)] {
            let truth = (1000.0 / (1.0f64 - share).powf(0.3)) as u64;
            let mut held = 0;
            for _ in 0..400 {
                // Whatever took longer than 3 ms was not waited for.
                let one = |_| match latency(&mut random) {
                    long @ 3000.. => Latency::AtLeast(long.min(3000)),
                    short => Latency::Measured(short),
                };
                let all: Latencies = (0..samples).map(one).collect();
                let found = all.quantile(share, 0.95).unwrap();
                held += usize::from(
                    found.low.is_none_or(|low| low <= truth)
                        && found.high.is_none_or(|high| truth <= high),
                );
            }
            assert!(held >= 372, "{share}: {held} of 400");
        }
    }

    #[test]
    fn paired_blocks_hold_the_true_difference_of_quantiles() {
        let mut random = StdRng::seed_from_u64(4);
        for share in [0.5, 0.9] {
            let factor = (1.0f64 - share).powf(-0.3);
            let (mut held, mut told_apart) = (0, 0);
            for _ in 0..40 {
                let differences: Option<Vec<f64>> = (0..20)
                    .map(|_| {
                        // A bad minute lengthens both.
                        let minute = random.random_range(0..400);
                        let mut block = |percent: u64| -> Latencies {
                            let one = |_| latency(&mut random) * percent / 100 + minute;
                            (0..100).map(one).map(Latency::Measured).collect()
                        };
                        let (a, b) = (block(110), block(100));
                        a.difference(&b, share)
                    })
                    .collect();
                let paired = PairedBlocks::of(&differences.unwrap(), 1.0).unwrap();
                held += usize::from(paired.interval(0.95).contains(100.0 * factor));
                told_apart += usize::from(paired.p_value() < 0.01);
            }
            assert!(held >= 36, "{share}: {held} of 40");
            assert!(share > 0.5 || told_apart >= 38, "{share}: {told_apart} of 40");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_limits_enclose_the_estimate_and_mirror_each_other(
            samples in 1u64..3000, share in 0.001f64..0.999, confidence in 0.5f64..0.9999,
        ) {
            let ranks = QuantileRanks::of(samples, share, confidence).unwrap();
            prop_assert!(ranks.low.is_none_or(|low| low <= ranks.estimate));
            prop_assert!(ranks.high.is_none_or(|high| high >= ranks.estimate));
            let mirror = QuantileRanks::of(samples, 1.0 - share, confidence).unwrap();
            let turned = mirror.high.map(|high| samples + 1 - high);
            // Rounding may decide differently where a probability is all but the limit.
            let (low, turned) = (ranks.low.unwrap_or(0), turned.unwrap_or(0));
            prop_assert!(low.abs_diff(turned) <= 1, "{low} {turned}");
        }
    }
}
