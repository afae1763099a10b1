//! What is shown of a distribution.

use std::time::Duration;

use crate::stats::Durations;

/// The percentiles that are shown, each with its names in JSON and for people.
pub(super) const PERCENTILES: [(f64, &str, &str); 5] = [
    (0.5, "p50", "50 %"),
    (0.9, "p90", "90 %"),
    (0.95, "p95", "95 %"),
    (0.99, "p99", "99 %"),
    (0.999, "p999", "99.9 %"),
];

/// What is shown of a distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// The least one.
    pub min: Duration,
    /// The mean.
    pub mean: Duration,
    /// The standard deviation; `None` of one.
    pub deviation: Option<Duration>,
    /// Those of 50, 90, 95, 99 and 99.9 %.
    pub percentiles: [Duration; 5],
    /// The greatest one.
    pub max: Duration,
}

impl Figures {
    /// `None` if there is nothing.
    pub fn of(distribution: &Durations) -> Option<Self> {
        Some(Self {
            min: distribution.min()?,
            mean: distribution.mean()?,
            deviation: distribution.deviation(),
            percentiles: PERCENTILES
                .map(|(quantile, ..)| distribution.quantile(quantile).unwrap_or_default()),
            max: distribution.max()?,
        })
    }
}
