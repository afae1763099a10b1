//! A histogram in characters.

use std::fmt::Write as _;
use std::time::Duration;

use crate::stats::Durations;

/// Rows at most.
const ROWS: u32 = 16;
/// Characters of the longest bar.
const WIDTH: f64 = 50.0;
/// What is beyond this share of all is one row: it would make all others narrow.
const TAIL: f64 = 0.995;

/// The histogram, a row for each range of latencies. Ranges grow by the same factor from one row to the
/// next, so that a few slow answers leave room for what is usual.
pub(super) fn bars(distribution: &Durations) -> String {
    let edges = edges(distribution);
    let rows: Vec<(Duration, Duration, u64)> = edges
        .windows(2)
        .map(|pair| (pair[0], pair[1], distribution.between(pair[0], pair[1])))
        .collect();
    let most = rows.iter().map(|row| row.2).max().unwrap_or(0).max(1);
    let mut text = String::new();
    for (_, to, count) in rows {
        let bar = "#".repeat((count as f64 / most as f64 * WIDTH).ceil() as usize);
        let _ = writeln!(text, "  {:>12} |{bar:<50} {count}", milliseconds(to));
    }
    text
}

/// Between the rows, and at both ends.
fn edges(distribution: &Durations) -> Vec<Duration> {
    let (Some(min), Some(max)) = (distribution.min(), distribution.max()) else {
        return Vec::new();
    };
    let usual = distribution.quantile(TAIL).unwrap_or(max);
    let first = min.max(Duration::from_nanos(1));
    let factor = (usual.as_secs_f64() / first.as_secs_f64()).max(1.0).powf(1.0 / f64::from(ROWS));
    let mut edges = vec![Duration::ZERO];
    for row in 1..=ROWS {
        let edge = first.mul_f64(factor.powi(row.cast_signed())).min(max);
        if edges.last().is_some_and(|last| edge > *last) {
            edges.push(edge);
        }
    }
    if edges.last().is_some_and(|last| max > *last) {
        edges.push(max);
    }
    edges
}

/// A latency in milliseconds.
pub(super) fn milliseconds(span: Duration) -> String {
    format!("{:.3} ms", span.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(micros: impl IntoIterator<Item = u64>) -> Durations {
        let mut distribution = Durations::default();
        micros.into_iter().for_each(|micros| distribution.record(Duration::from_micros(micros)));
        distribution
    }

    fn counts(text: &str) -> Vec<u64> {
        text.lines().map(|line| line.rsplit(' ').next().unwrap().parse().unwrap()).collect()
    }

    #[test]
    fn every_answer_is_in_one_row() {
        for some in [of([7]), of([7, 7, 7]), of(1..5_000), of([1, 9_000_000]), of([0, 1])] {
            let text = bars(&some);
            assert_eq!(counts(&text).iter().sum::<u64>(), some.count(), "{text}");
            assert!(text.lines().count() <= 17, "{text}");
        }
        assert_eq!(bars(&Durations::default()), "");
    }

    #[test]
    fn the_longest_bar_is_that_of_the_fullest_row() {
        let text = bars(&of((0..1_000).map(|i| 1_000 + i % 7).chain([500_000])));
        let lengths: Vec<usize> = text.lines().map(|line| line.matches('#').count()).collect();
        let fullest = counts(&text).iter().zip(&lengths).max().map(|(_, length)| *length);
        assert_eq!(fullest, Some(50));
        assert!(text.lines().last().unwrap().contains("500.000 ms |# "), "{text}");
    }
}
