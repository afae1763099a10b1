//! A rate as text: always a count and an interval, never a bare percentage.

use std::fmt;

use super::CONFIDENCE;
use super::proportion::{Interval, Proportion};

/// A share of 0 to 1 in percent, without the sign: one decimal, and more of them only where that
/// would round a share that is not nothing to 0 or one that is not everything to 100.
///
/// ```
/// use dnsonde::stats::percent;
///
/// assert_eq!([percent(0.0289), percent(0.00008), percent(0.99992)], ["2.9", "0.008", "99.992"]);
/// assert_eq!([percent(0.0), percent(1.0)], ["0", "100"]);
/// ```
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    // The distance from the nearer end decides; both ends themselves are exact.
    let distance = percent.min((1.0 - share) * 100.0);
    if distance <= 0.0 {
        return format!("{percent:.0}");
    }
    // One digit that is not 0 (or not 9, at the upper end) has to stay after rounding.
    let decimals = (1..MOST_DECIMALS)
        .find(|&decimals| distance >= 0.95 * 10f64.powi(-(decimals as i32)))
        .unwrap_or(MOST_DECIMALS);
    format!("{percent:.decimals$}")
}

/// No count of probes needs more.
const MOST_DECIMALS: usize = 12;

/// The text of a share: see [`Proportion::text`].
struct Rate<'a> {
    proportion: Proportion,
    what: &'a str,
}

impl Proportion {
    /// The count, the rate and its 95 % interval, where `what` says what befell the hits.
    ///
    /// ```
    /// use dnsonde::stats::Proportion;
    ///
    /// let lost = |hits, trials| Proportion::new(hits, trials).text("lost").to_string();
    /// assert_eq!(lost(3, 300), "3 of 300 lost, 1.0 % (95 %: 0.2–2.9 %)");
    /// assert_eq!(lost(0, 300), "0 of 300 lost, at most 1.2 %");
    /// assert_eq!(lost(300, 300), "300 of 300 lost, at least 98.8 %");
    /// assert_eq!(lost(0, 0), "0 of 0 lost");
    /// ```
    pub fn text(self, what: &str) -> impl fmt::Display {
        Rate { proportion: self, what }
    }
}

impl fmt::Display for Rate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { proportion, what } = self;
        let (hits, trials) = (proportion.hits(), proportion.trials());
        write!(f, "{hits} of {trials} {what}")?;
        let Some(share) = proportion.share() else { return Ok(()) };
        let Interval { low, high } = proportion.interval(CONFIDENCE);
        if hits == 0 {
            write!(f, ", at most {} %", percent(high))
        } else if hits == trials {
            write!(f, ", at least {} %", percent(low))
        } else {
            let confidence = CONFIDENCE * 100.0;
            let (share, low, high) = (percent(share), percent(low), percent(high));
            write!(f, ", {share} % ({confidence:.0} %: {low}–{high} %)")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rates_read_as_counts_with_intervals() {
        for (hits, trials, text) in [
            (1, 300, "1 of 300 lost, 0.3 % (95 %: 0.008–1.8 %)"),
            (299, 300, "299 of 300 lost, 99.7 % (95 %: 98.2–99.992 %)"),
            (1, 2, "1 of 2 lost, 50.0 % (95 %: 1.3–98.7 %)"),
            (0, 14, "0 of 14 lost, at most 23.2 %"),
            (0, 100_000, "0 of 100000 lost, at most 0.004 %"),
            (14, 14, "14 of 14 lost, at least 76.8 %"),
            (3, 1_000_000, "3 of 1000000 lost, 0.0003 % (95 %: 0.00006–0.0009 %)"),
        ] {
            assert_eq!(Proportion::new(hits, trials).text("lost").to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn only_nothing_is_0_and_only_everything_is_100(hits in 0u64..=100_000) {
            let shown: f64 = percent(hits as f64 / 100_000.0).parse().unwrap();
            prop_assert_eq!(shown == 0.0, hits == 0);
            prop_assert_eq!(shown == 100.0, hits == 100_000);
            prop_assert!((shown - hits as f64 / 1000.0).abs() <= 0.05 + 1e-9);
        }
    }
}
