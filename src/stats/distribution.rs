//! The distributions that intervals and tests are made of: Student's t, the binomial, the normal.
//!
//! The special functions are those of the crate `special`; what is here is how they are inverted.

use std::num::NonZeroU64;

use special::{Beta, Gamma};

/// The natural logarithm of the binomial coefficient; `k` is at most `n`.
pub(super) fn ln_choose(n: u64, k: u64) -> f64 {
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

pub(super) fn ln_factorial(n: u64) -> f64 {
    Gamma::ln_gamma(n as f64 + 1.0).0
}

/// Where the beta distribution with these parameters reaches the probability `p`.
///
/// By bisection on the regularised incomplete beta function, which is monotone; the usual faster
/// inversions do not end for some large counts.
pub(super) fn beta_quantile(a: f64, b: f64, p: f64) -> f64 {
    let ln_beta = a.ln_beta(b);
    let (mut low, mut high) = (0.0f64, 1.0f64);
    while high - low > 1e-15 * high {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if middle.inc_beta(a, b, ln_beta) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The probability of at most `hits` hits in `trials` independent trials, each a hit with the
/// probability `share` (above 0, below 1).
pub(super) fn binomial_at_most(hits: u64, trials: u64, share: f64) -> f64 {
    if hits >= trials {
        return 1.0;
    }
    let (a, b) = ((trials - hits) as f64, hits as f64 + 1.0);
    (1.0 - share).inc_beta(a, b, a.ln_beta(b))
}

/// The standard normal value that is not exceeded with the probability `(1 + confidence) / 2`: 1.96
/// for 95 %. Without end for a confidence of 1.
pub(super) fn normal_critical(confidence: f64) -> f64 {
    solve_upward(normal_inside, confidence)
}

/// The probability that a standard normal value is within `value` of 0: the distribution of the
/// square has a closed form in the incomplete gamma function.
fn normal_inside(value: f64) -> f64 {
    // Beyond this nothing is left that a floating point number could tell from 1.
    if value > 10.0 { 1.0 } else { (value * value / 2.0).inc_gamma(0.5) }
}

/// Degrees of freedom from which on Student's distribution is the normal one with a correction.
const NEARLY_NORMAL: f64 = 1000.0;

/// Student's t distribution: what the mean of few measurements follows when their scatter is known
/// from themselves alone (Student, Biometrika 6, 1908).
///
/// ```
/// use dnsonde::stats::StudentT;
/// use std::num::NonZeroU64;
///
/// // 20 blocks leave 19 degrees of freedom; 2.093 in every table.
/// let t = StudentT::new(NonZeroU64::new(19).unwrap());
/// assert_eq!(format!("{:.3}", t.critical(0.95)), "2.093");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StudentT {
    degrees: NonZeroU64,
}

impl StudentT {
    /// The distribution with these degrees of freedom.
    pub const fn new(degrees: NonZeroU64) -> Self {
        Self { degrees }
    }

    /// The probability of a value at least as far from 0 as `t`, on either side. 1 for NaN, which
    /// is no evidence of anything.
    pub fn two_sided(self, t: f64) -> f64 {
        if !t.is_finite() {
            return if t.is_nan() { 1.0 } else { 0.0 };
        }
        let degrees = self.degrees.get() as f64;
        if degrees > NEARLY_NORMAL {
            // Abramowitz and Stegun, 26.7.8. The error is below 10^-6 here, and the series of the
            // incomplete beta function would take as many terms as there are degrees of freedom.
            let stretch = 1f64.hypot(t / (2.0 * degrees).sqrt());
            let normal = t.abs() / stretch * (1.0 - 0.25 / degrees);
            return 1.0 - normal_inside(normal);
        }
        // Dividing first keeps the square from overflowing.
        let ratio = t.abs() / degrees.sqrt();
        let beyond = 1.0 / (1.0 + ratio * ratio);
        let (a, b) = (degrees / 2.0, 0.5);
        beyond.inc_beta(a, b, a.ln_beta(b)).clamp(0.0, 1.0)
    }

    /// The value that bounds the middle `confidence` (0 to 1) of the distribution on either side.
    /// Without end for a confidence of 1 or more.
    pub fn critical(self, confidence: f64) -> f64 {
        solve_upward(|t| 1.0 - self.two_sided(t), confidence)
    }
}

/// The smallest positive value at which `rising` (0 at 0, towards 1) reaches `probability`.
fn solve_upward(rising: impl Fn(f64) -> f64, probability: f64) -> f64 {
    if probability <= 0.0 {
        return 0.0;
    }
    if probability >= 1.0 || probability.is_nan() {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (0.0f64, 1.0f64);
    while rising(high) < probability && high.is_finite() {
        (low, high) = (high, high * 2.0);
    }
    while high - low > 1e-11 * high {
        let middle = f64::midpoint(low, high);
        if rising(middle) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn t(degrees: u64) -> StudentT {
        StudentT::new(NonZeroU64::new(degrees).unwrap())
    }

    #[test]
    fn critical_values_are_those_of_the_printed_tables() {
        // Fisher and Yates, Statistical Tables, Table III; Abramowitz and Stegun, Table 26.10.
        for (degrees, at_90, at_95, at_99) in [
            (1, 6.314, 12.706, 63.657),
            (2, 2.920, 4.303, 9.925),
            (5, 2.015, 2.571, 4.032),
            (9, 1.833, 2.262, 3.250),
            (19, 1.729, 2.093, 2.861),
            (30, 1.697, 2.042, 2.750),
            (120, 1.658, 1.980, 2.617),
            // As good as the normal distribution.
            (10_000_000_000, 1.645, 1.960, 2.576),
        ] {
            for (confidence, expected) in [(0.9, at_90), (0.95, at_95), (0.99, at_99)] {
                let found = t(degrees).critical(confidence);
                assert!((found - expected).abs() < 6e-4, "{degrees} {confidence}: {found}");
            }
        }
        for (confidence, expected) in
            [(0.9, 1.6448536269), (0.95, 1.9599639845), (0.99, 2.5758293035)]
        {
            assert!((normal_critical(confidence) - expected).abs() < 1e-9);
        }
    }

    #[test]
    fn probabilities_have_a_closed_form_for_one_and_two_degrees() {
        for at in [1e-9f64, 0.1, 1.0, 3.0, 40.0, 1e4, 1e9] {
            let cauchy = 2.0 / std::f64::consts::PI * (1.0 / at).atan();
            println!("{at} {} {cauchy}", t(1).two_sided(at));
            let two = 1.0 - at / (2.0 + at * at).sqrt();
            assert!((t(1).two_sided(at) - cauchy).abs() <= 1e-8 * cauchy, "{at}");
            assert!((t(2).two_sided(at) - two).abs() <= 1e-8, "{at}");
        }
    }

    #[test]
    fn the_edges_give_numbers_too() {
        for degrees in [1, 19, u64::MAX] {
            let t = t(degrees);
            assert_eq!(t.two_sided(0.0), 1.0);
            assert_eq!(t.two_sided(f64::NAN), 1.0);
            assert_eq!(t.two_sided(f64::INFINITY), 0.0);
            assert_eq!(t.critical(0.0), 0.0);
            assert_eq!(t.critical(1.0 + 1e-9), f64::INFINITY);
            assert_eq!(t.critical(f64::NAN), f64::INFINITY);
        }
        assert!(t(19).two_sided(1e308) < 1e-300);
        // No step where the formula changes; from mpmath in 40 digits.
        for (at, p) in [(1.0, 0.317_552_176_5), (2.0, 0.045_770_076_6), (4.0, 0.000_068_005_1)] {
            assert!((t(1001).two_sided(at) - p).abs() < 1e-6, "{at}");
        }
        for at in [0.1, 1.0, 2.0, 4.0] {
            let (below, above) = (t(1000).two_sided(at), t(1001).two_sided(at));
            assert!((below - above).abs() < 1e-6, "{at}: {below} {above}");
        }
    }

    #[test]
    fn the_binomial_sum_agrees_with_adding_up() {
        for (trials, share) in [(1u64, 0.5f64), (10, 0.1), (40, 0.9), (200, 0.03)] {
            let mut sum = 0.0;
            for hits in 0..=trials {
                let misses = (trials - hits) as f64;
                sum += (ln_choose(trials, hits)
                    + hits as f64 * share.ln()
                    + misses * (-share).ln_1p())
                .exp();
                let found = binomial_at_most(hits, trials, share);
                assert!((found - sum).abs() < 1e-9, "{hits} of {trials}: {found} {sum}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_critical_value_leaves_out_what_it_says(
            degrees in 1u64..5000, confidence in 0.01f64..0.9999,
        ) {
            let left = t(degrees).two_sided(t(degrees).critical(confidence));
            prop_assert!((left - (1.0 - confidence)).abs() < 1e-9, "{left}");
        }
    }
}
