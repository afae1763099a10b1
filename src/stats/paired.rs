//! Whether two servers differ, from what both did in the same blocks of time.
//!
//! A run is cut into about 20 blocks; both servers are asked in each of them, interleaved. What hits
//! both in a bad minute cancels out in the difference of the block, and what remains scatters from
//! block to block: that scatter, not the number of packets, says how sure the difference is.

use std::num::NonZeroU64;

use super::distribution::StudentT;
use super::proportion::Interval;

/// The differences "a minus b" of a measure (a percentile, a loss), one for each block of time.
///
/// Intervals and tests are Student's for paired measurements. They assume that blocks are much longer
/// than the time for which one slow answer makes the next one slow, and nothing of the packets
/// within a block.
///
/// ```
/// use dnsonde::stats::PairedBlocks;
///
/// // Medians in µs, in four blocks of time; the third one was slow for both.
/// let (a, b) = ([1010, 1030, 5020, 1000], [900, 940, 4910, 880]);
/// let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| f64::from(a - b)).collect();
/// let paired = PairedBlocks::of(&differences, 1.0).unwrap();
/// assert_eq!(paired.mean(), 107.5);
/// assert!(paired.interval(0.95).low > 80.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedBlocks {
    blocks: u64,
    mean: f64,
    standard_error: f64,
    resolution: f64,
    t: StudentT,
}

impl PairedBlocks {
    /// Takes the difference of each block, and the `resolution` of one of them: by how much rounding
    /// (whole µs, the buckets of a histogram) can have changed it, 0 if not at all. Blocks that agree to
    /// the last digit are no proof of a difference smaller than that.
    ///
    /// `None` with fewer than two blocks, or with a value that is not finite: what could not be
    /// measured in one block must be left out by the caller, who knows why.
    pub fn of(differences: &[f64], resolution: f64) -> Option<Self> {
        let blocks = differences.len() as u64;
        let degrees = NonZeroU64::new(blocks.checked_sub(1)?)?;
        let count = blocks as f64;
        // From the first one on, so that equal ones have no scatter but for rounding.
        let first = differences[0];
        let mean = first + differences.iter().map(|it| it - first).sum::<f64>() / count;
        let squares: f64 = differences.iter().map(|it| (it - mean) * (it - mean)).sum();
        let standard_error = (squares / degrees.get() as f64 / count).sqrt();
        let usable = mean.is_finite() && standard_error.is_finite() && resolution >= 0.0;
        usable.then_some(Self {
            blocks,
            mean,
            standard_error,
            resolution,
            t: StudentT::new(degrees),
        })
    }

    /// Takes what was measured in the blocks of two runs of different times, whose blocks are no pairs, after
    /// Welch (Biometrika 34, 1947): the difference is "first minus second". What hit one of the runs as a
    /// whole is in the difference, and in no scatter.
    ///
    /// `None` with fewer than two blocks of either, or with a value that is not finite.
    pub fn between_runs(first: &[f64], second: &[f64], resolution: f64) -> Option<Self> {
        let [first, second] = [first, second].map(|run| Self::of(run, resolution));
        let (first, second) = (first?, second?);
        let squares = [first, second].map(|run| run.standard_error * run.standard_error);
        let sum = squares[0] + squares[1];
        // Welch and Satterthwaite; fewer whole ones make the interval a little wider.
        let shares = [first, second].map(|run| (run.blocks - 1) as f64);
        let weights: f64 = squares.iter().zip(shares).map(|(it, degrees)| it * it / degrees).sum();
        let degrees = if weights > 0.0 { sum * sum / weights } else { shares[0] + shares[1] };
        let usable = sum.is_finite() && degrees.is_finite();
        usable.then_some(Self {
            blocks: first.blocks + second.blocks,
            mean: first.mean - second.mean,
            standard_error: sum.sqrt(),
            resolution,
            t: StudentT::new(NonZeroU64::new(degrees as u64).unwrap_or(NonZeroU64::MIN)),
        })
    }

    /// How many blocks there were.
    pub const fn blocks(&self) -> u64 {
        self.blocks
    }

    /// The mean of the differences: the estimate.
    pub const fn mean(&self) -> f64 {
        self.mean
    }

    /// How far the mean of so many blocks scatters.
    pub const fn standard_error(&self) -> f64 {
        self.standard_error
    }

    /// The interval that holds the true difference with the probability `confidence` (0 to 1).
    pub fn interval(&self, confidence: f64) -> Interval {
        let reach = self.reach(confidence);
        Interval { low: self.mean - reach, high: self.mean + reach }
    }

    /// The two-sided p-value for "there is no difference".
    pub fn p_value(&self) -> f64 {
        let beyond_rounding = self.mean.abs() - self.resolution;
        if beyond_rounding <= 0.0 {
            return 1.0;
        }
        // Without any scatter this is infinite, and the probability 0.
        self.t.two_sided(beyond_rounding / self.standard_error)
    }

    /// The smallest true difference that a run like this one would have shown with the probability
    /// `power`, in a test whose interval has this `confidence` (both 0 to 1).
    pub fn detectable(&self, confidence: f64, power: f64) -> f64 {
        // The one-sided limit of the power is the two-sided one of this share.
        let power_reach = self.scaled(self.t.critical((2.0 * power - 1.0).abs()));
        let sign = if power < 0.5 { -1.0 } else { 1.0 };
        (self.reach(confidence) + sign * power_reach).max(0.0)
    }

    fn reach(&self, confidence: f64) -> f64 {
        self.scaled(self.t.critical(confidence)) + self.resolution
    }

    /// So many standard errors. Without scatter there is none, however many are asked for.
    fn scaled(&self, times: f64) -> f64 {
        if self.standard_error == 0.0 { 0.0 } else { times * self.standard_error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    /// Student's own data (1908, table of section IX; after Cushny and Peebles): additional hours of
    /// sleep gained by ten patients with the one drug and with the other. R's `sleep`.
    const FIRST: [f64; 10] = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    const SECOND: [f64; 10] = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

    fn differences(a: &[f64], b: &[f64]) -> Vec<f64> {
        a.iter().zip(b).map(|(a, b)| a - b).collect()
    }

    #[test]
    fn the_hours_of_sleep_differ_as_they_did_for_student() {
        // t.test(extra ~ group, sleep, paired = TRUE): t = -4.0621, df = 9, p = 0.002833,
        // interval -2.4598858 to -0.7001142.
        let paired = PairedBlocks::of(&differences(&FIRST, &SECOND), 0.0).unwrap();
        assert!((paired.mean() - -1.58).abs() < 1e-12);
        assert!((paired.p_value() - 0.00283289).abs() < 1e-8, "{}", paired.p_value());
        let interval = paired.interval(0.95);
        assert!((interval.low - -2.4598858).abs() < 1e-7, "{interval:?}");
        assert!((interval.high - -0.7001142).abs() < 1e-7, "{interval:?}");
    }

    #[test]
    fn the_hours_of_sleep_of_two_groups_differ_less_surely_than_those_of_pairs() {
        // t.test(extra ~ group, sleep): t = -1.8608, df = 17.776, p = 0.07939, interval -3.3654832 to
        // 0.2054832. With 17 degrees it is a little wider.
        let groups = PairedBlocks::between_runs(&FIRST, &SECOND, 0.0).unwrap();
        assert!((groups.mean() - -1.58).abs() < 1e-12);
        assert!((0.07939..0.0805).contains(&groups.p_value()), "{}", groups.p_value());
        let interval = groups.interval(0.95);
        assert!((-3.38..-3.3654832).contains(&interval.low), "{interval:?}");
        assert!((0.2054832..0.22).contains(&interval.high), "{interval:?}");
        // Runs without any scatter differ for certain, or not at all.
        let same = |other| PairedBlocks::between_runs(&[1.0; 9], &[other; 7], 0.0).unwrap();
        assert_eq!((same(1.0).p_value(), same(2.0).p_value()), (1.0, 0.0));
        assert_eq!(PairedBlocks::between_runs(&[1.0], &[1.0, 2.0], 0.0), None);
    }

    #[test]
    fn rounding_alone_is_no_difference() {
        let same = PairedBlocks::of(&[1.0; 20], 1.0).unwrap();
        assert_eq!((same.p_value(), same.interval(0.95).low), (1.0, 0.0));
        let more = PairedBlocks::of(&[3.0; 20], 1.0).unwrap();
        assert_eq!((more.p_value(), more.interval(0.95)), (0.0, Interval { low: 2.0, high: 4.0 }));
        assert_eq!(more.detectable(0.95, 0.8), 1.0);
        let none = PairedBlocks::of(&[0.0; 20], 0.0).unwrap();
        assert_eq!((none.p_value(), none.interval(1.0)), (1.0, Interval { low: 0.0, high: 0.0 }));
    }

    #[test]
    fn what_cannot_be_judged_is_not_judged() {
        for (differences, resolution) in [
            (&[][..], 0.0),
            (&[1.0], 0.0),
            (&[1.0, f64::NAN], 0.0),
            (&[1.0, f64::INFINITY], 0.0),
            (&[1e300, -1e300], 0.0),
            (&[1.0, 2.0], f64::NAN),
            (&[1.0, 2.0], -1.0),
        ] {
            assert_eq!(PairedBlocks::of(differences, resolution), None, "{differences:?}");
        }
    }

    /// A normal number, after Box and Muller.
    fn normal(random: &mut StdRng) -> f64 {
        let [radius, angle]: [f64; 2] = [0; 2].map(|_| random.random_range(0.0..1.0));
        (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }

    #[test]
    fn the_interval_holds_the_truth_and_the_detectable_difference_is_detected() {
        let mut random = StdRng::seed_from_u64(20);
        let (runs, truth) = (300, 0.7);
        let (mut held, mut wrong, mut detected) = (0, 0, 0);
        for _ in 0..runs {
            // What hits both cancels out, however large it is.
            let mut block = |difference: f64| {
                let both = 50.0 * normal(&mut random);
                let a = both + normal(&mut random) + difference;
                a - (both + normal(&mut random))
            };
            let blocks: Vec<f64> = (0..20).map(|_| block(truth)).collect();
            held +=
                usize::from(PairedBlocks::of(&blocks, 0.0).unwrap().interval(0.95).contains(truth));
            let equal: Vec<f64> = (0..20).map(|_| block(0.0)).collect();
            let equal = PairedBlocks::of(&equal, 0.0).unwrap();
            wrong += usize::from(equal.p_value() <= 0.05);
            let shifted: Vec<f64> = (0..20).map(|_| block(equal.detectable(0.95, 0.8))).collect();
            detected += usize::from(PairedBlocks::of(&shifted, 0.0).unwrap().p_value() <= 0.05);
        }
        let share = |count: usize| count as f64 / f64::from(runs);
        assert!((0.92..=0.98).contains(&share(held)), "{held}");
        assert!((0.02..=0.08).contains(&share(wrong)), "{wrong}");
        assert!((0.73..=0.87).contains(&share(detected)), "{detected}");
    }

    proptest! {
        #[test]
        fn the_test_and_the_interval_say_the_same(
            differences in prop::collection::vec(-1e3f64..1e3, 2..40), resolution in 0.0f64..50.0,
        ) {
            let paired = PairedBlocks::of(&differences, resolution).unwrap();
            let p = paired.p_value();
            prop_assume!((p - 0.05).abs() > 1e-6);
            prop_assert_eq!(p > 0.05, paired.interval(0.95).contains(0.0));
        }

        #[test]
        fn swapping_the_servers_swaps_the_sign(
            differences in prop::collection::vec(-1e3f64..1e3, 2..40),
        ) {
            let one = PairedBlocks::of(&differences, 1.0).unwrap();
            let swapped: Vec<f64> = differences.iter().map(|it| -it).collect();
            let other = PairedBlocks::of(&swapped, 1.0).unwrap();
            prop_assert_eq!(one.p_value(), other.p_value());
            prop_assert_eq!(one.interval(0.95).low, -other.interval(0.95).high);
        }
    }
}
