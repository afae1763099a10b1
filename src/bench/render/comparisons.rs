//! What a comparison of two servers shows, as a sentence.

use super::bars::milliseconds;
use crate::bench::comparison::{Comparison, Measure, Verdict};
use crate::stats::percent;
use std::time::Duration;

/// "A is 2.100 ms faster than B at the median (95 %: 1.800 ms to 2.400 ms)".
pub(super) fn sentence(comparison: &Comparison, names: &[String]) -> String {
    let name = |place: usize| &names[place];
    let Comparison { first, second, measure, interval, detectable, .. } = *comparison;
    let place = match measure {
        Measure::Percentile(0.5, _) => "at the median".to_owned(),
        Measure::Percentile(share, _) => format!("at the {:.0}th percentile", share * 100.0),
        Measure::Loss => "in loss".to_owned(),
    };
    let amount = |difference: f64| amount(measure, difference);
    let (better, worse, low, high) = match comparison.verdict {
        Verdict::NoDifference => {
            return format!(
                "{} and {}: no difference shown {place}; one of {} would have been",
                name(first),
                name(second),
                amount(detectable)
            );
        }
        Verdict::First => (first, second, -interval.high, -interval.low),
        Verdict::Second => (second, first, interval.low, interval.high),
    };
    let (better, worse) = (name(better), name(worse));
    let difference = amount(comparison.difference.abs());
    let what = match measure {
        Measure::Percentile(..) => format!("is {difference} faster than {worse} {place}"),
        Measure::Loss => format!("loses {difference} of the queries less than {worse}"),
    };
    format!("{better} {what} (95 %: {} to {})", amount(low), amount(high))
}

/// A difference with its unit. What is below nothing has a sign.
fn amount(measure: Measure, difference: f64) -> String {
    let sign = if difference < 0.0 { "-" } else { "" };
    let size = difference.abs();
    match measure {
        Measure::Percentile(..) => {
            format!("{sign}{}", milliseconds(Duration::try_from_secs_f64(size).unwrap_or_default()))
        }
        Measure::Loss => format!("{sign}{} %", percent(size.min(1.0))),
    }
}
