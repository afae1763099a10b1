//! How long many things took: a histogram of fixed size with three significant digits, and exact
//! moments beside it.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Significant digits that the histogram keeps.
const DIGITS: u8 = 3;

/// Durations, of which none is kept: in nanoseconds, with three significant digits. Least, greatest,
/// mean and deviation are exact.
///
/// Its size grows with the greatest duration, to some 300 KiB for one of an hour.
#[derive(Debug, Clone)]
pub struct Durations {
    histogram: Histogram<u64>,
    min: u64,
    max: u64,
    sum: u128,
    squares: u128,
}

impl Default for Durations {
    fn default() -> Self {
        let histogram = Histogram::new(DIGITS).expect("one to five digits are always possible");
        Self { histogram, min: u64::MAX, max: 0, sum: 0, squares: 0 }
    }
}

impl Durations {
    /// Adds one duration; what is longer than 584 years counts as that.
    #[inline]
    pub fn record(&mut self, span: Duration) {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        // The histogram grows as needed, and no wait of ours is as long as it can hold.
        let _ = self.histogram.record(nanos);
        self.min = self.min.min(nanos);
        self.max = self.max.max(nanos);
        self.sum += u128::from(nanos);
        self.squares += u128::from(nanos) * u128::from(nanos);
    }

    /// Adds all durations of another one.
    pub fn add(&mut self, other: &Self) {
        if self.is_empty() {
            // A copy is far cheaper than going through all its places.
            self.clone_from(other);
            return;
        }
        // Both grow as needed, so adding cannot fail.
        let _ = self.histogram.add(&other.histogram);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sum += other.sum;
        self.squares += other.squares;
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.histogram.is_empty()
    }

    /// The least one.
    pub fn min(&self) -> Option<Duration> {
        (!self.is_empty()).then(|| Duration::from_nanos(self.min))
    }

    /// The greatest one.
    pub fn max(&self) -> Option<Duration> {
        (!self.is_empty()).then(|| Duration::from_nanos(self.max))
    }

    /// The arithmetic mean.
    pub fn mean(&self) -> Option<Duration> {
        let mean = self.sum.checked_div(u128::from(self.count()))?;
        Some(Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX)))
    }

    /// The standard deviation of the population that these are a sample of; `None` of fewer than two.
    pub fn deviation(&self) -> Option<Duration> {
        let count = u128::from(self.count());
        if count < 2 {
            return None;
        }
        // Exact until the last step: what floating point would take the difference of is nearly equal.
        let spread = (self.squares * count).saturating_sub(self.sum * self.sum);
        let variance = spread as f64 / count as f64 / (count - 1) as f64;
        Some(Duration::from_nanos(variance.sqrt() as u64))
    }

    /// The least duration that at least the share `quantile` (0 to 1) of all are not longer than.
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        if self.is_empty() {
            return None;
        }
        let nanos = self.histogram.value_at_quantile(quantile);
        Some(Duration::from_nanos(nanos.clamp(self.min, self.max)))
    }

    /// How many are longer than `from` and not longer than `to`, as far as three digits tell; from zero
    /// on, all that are not longer. Each one lies in exactly one of a row of ranges.
    pub fn between(&self, from: Duration, to: Duration) -> u64 {
        let nanos = |span: Duration| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        let (from, to) = (nanos(from).min(self.max), nanos(to).min(self.max));
        // What cannot be told from an edge counts below it.
        let above = if from == 0 { 0 } else { self.histogram.next_non_equivalent(from) };
        if above > to { 0 } else { self.histogram.count_between(above, to) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(nanos: impl IntoIterator<Item = u64>) -> Durations {
        let mut distribution = Durations::default();
        nanos.into_iter().for_each(|nanos| distribution.record(Duration::from_nanos(nanos)));
        distribution
    }

    #[test]
    fn nothing_has_no_figures() {
        let none = Durations::default();
        assert!(none.is_empty());
        assert_eq!([none.min(), none.max(), none.mean(), none.quantile(0.5)], [None; 4]);
        assert_eq!((none.deviation(), of([7]).deviation()), (None, None));
    }

    #[test]
    fn least_greatest_mean_and_deviation_are_exact() {
        let some = of([1_000_001, 1_000_003, 1_000_005, 1_000_007]);
        assert_eq!(some.min(), Some(Duration::from_nanos(1_000_001)));
        assert_eq!(some.max(), Some(Duration::from_nanos(1_000_007)));
        assert_eq!(some.mean(), Some(Duration::from_nanos(1_000_004)));
        // The square root of 20 / 3, in whole nanoseconds.
        assert_eq!(some.deviation(), Some(Duration::from_nanos(2)));
        let apart = of([10_000, 20_000, 30_000]);
        assert_eq!(apart.deviation(), Some(Duration::from_nanos(10_000)));
    }

    #[test]
    fn a_quantile_has_three_digits_and_stays_between_least_and_greatest() {
        let some = of((1..=100_000).map(|i| i * 1_000));
        for (quantile, nanos) in [(0.5, 5.0e7), (0.9, 9.0e7), (0.999, 9.99e7)] {
            let found = some.quantile(quantile).unwrap().as_nanos() as f64;
            assert!((found / nanos - 1.0).abs() < 0.001, "{quantile}: {found}");
        }
        assert_eq!(some.quantile(1.0), some.max());
        assert_eq!(of([1_234_567]).quantile(0.5), Some(Duration::from_nanos(1_234_567)));
    }

    #[test]
    fn two_of_them_added_are_as_all_recorded_in_one() {
        let (mut odd, even) = (of((1..999).step_by(2)), of((0..998).step_by(2)));
        odd.add(&even);
        let all = of(0..999);
        assert_eq!((odd.count(), odd.min(), odd.max()), (998, all.min(), of([997]).max()));
        odd.add(&of([998]));
        assert_eq!((odd.mean(), odd.deviation()), (all.mean(), all.deviation()));
        for quantile in [0.01, 0.5, 0.99] {
            assert_eq!(odd.quantile(quantile), all.quantile(quantile));
        }
        let mut none = Durations::default();
        none.add(&all);
        none.add(&Durations::default());
        assert_eq!((none.count(), none.min(), none.max()), (999, all.min(), all.max()));
    }

    #[test]
    fn each_one_lies_in_one_of_a_row_of_ranges() {
        let some = of([0, 10, 11, 20, 3_000]);
        let edges = [0, 10, 20, 1_000, 1_000_000].map(Duration::from_nanos);
        let counts: Vec<u64> =
            edges.windows(2).map(|pair| some.between(pair[0], pair[1])).collect();
        assert_eq!(counts, [2, 2, 0, 1]);
    }
}
