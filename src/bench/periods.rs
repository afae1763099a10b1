//! What happened from one look at the clock to the next: each worker counts for itself, and what all of
//! them counted for an interval is put together.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use super::figures::Figures;
use crate::stats::Durations;

/// Intervals that stay in memory for the report; all of them go to whoever takes them as they come.
const MOST_KEPT: usize = 100_000;

/// What happened in one interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Period {
    /// Its number, from 0 on.
    pub number: u64,
    /// From when to when, from the start of the run on.
    pub from: Duration,
    /// See `from`.
    pub to: Duration,
    /// Queries sent.
    pub sent: u64,
    /// Queries answered in time.
    pub answered: u64,
    /// Queries that were answered after their timeout.
    pub late: u64,
    /// Queries whose timeout was over.
    pub timed_out: u64,
    /// The latencies of those answered.
    pub latency: Option<Figures>,
}

impl Period {
    /// Answers a second.
    pub fn rate(&self) -> f64 {
        let seconds = self.to.saturating_sub(self.from).as_secs_f64();
        if seconds > 0.0 { self.answered as f64 / seconds } else { 0.0 }
    }
}

/// What one worker, or several, counted in an interval.
#[derive(Debug, Default)]
pub(super) struct Slice {
    pub sent: u64,
    pub answered: u64,
    pub late: u64,
    pub timed_out: u64,
    pub latency: Durations,
    /// When it began and ended, from the start on: the end of the run may cut one short.
    pub from: Duration,
    /// See `from`.
    pub to: Duration,
}

impl Slice {
    /// Whether nothing happened.
    pub(super) fn is_empty(&self) -> bool {
        self.sent + self.answered + self.late + self.timed_out == 0
    }

    fn add(&mut self, other: &Self) {
        // Whoever ended before all others is behind them.
        self.from = self.from.max(other.from);
        self.sent += other.sent;
        self.answered += other.answered;
        self.late += other.late;
        self.timed_out += other.timed_out;
        self.latency.add(&other.latency);
        self.to = self.to.max(other.to);
    }
}

/// Slices on their way from the workers to whoever puts them together. Locked once an interval.
#[derive(Debug, Default)]
pub(super) struct Slices(Mutex<Vec<(u64, Slice)>>);

impl Slices {
    pub(super) fn push(&self, number: u64, slice: Slice) {
        if let Ok(mut slices) = self.0.lock() {
            slices.push((number, slice));
        }
    }

    fn take(&self) -> Vec<(u64, Slice)> {
        self.0.lock().map(|mut slices| std::mem::take(&mut *slices)).unwrap_or_default()
    }
}

/// Puts slices together.
#[derive(Debug, Default)]
pub(super) struct Collector {
    /// Intervals that some workers have not told of yet, and how many have.
    open: BTreeMap<u64, (usize, Slice)>,
    /// Those that are complete.
    done: Vec<Period>,
}

impl Collector {
    /// Takes what workers have told. Gives the intervals that are complete now: `workers` have told of
    /// them, or nobody will tell more (`over`).
    pub(super) fn collect(&mut self, slices: &Slices, workers: usize, over: bool) -> Vec<Period> {
        for (number, slice) in slices.take() {
            let (told, sum) = self.open.entry(number).or_default();
            *told += 1;
            sum.add(&slice);
        }
        let mut complete = Vec::new();
        while let Some(first) = self.open.first_entry()
            && (over || first.get().0 >= workers)
        {
            let (number, (_, slice)) = first.remove_entry();
            complete.push(Period {
                number,
                from: slice.from,
                to: slice.to,
                sent: slice.sent,
                answered: slice.answered,
                late: slice.late,
                timed_out: slice.timed_out,
                latency: Figures::of(&slice.latency),
            });
        }
        let room = MOST_KEPT.saturating_sub(self.done.len());
        self.done.extend(complete.iter().take(room));
        complete
    }

    /// All intervals that were complete, the first [`MOST_KEPT`].
    pub(super) fn into_done(self) -> Vec<Period> {
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn slice(answered: u64, from: Duration, to: Duration) -> Slice {
        let mut latency = Durations::default();
        (0..answered).for_each(|i| latency.record(Duration::from_micros(100 + i)));
        Slice { sent: answered + 1, answered, late: 1, timed_out: 2, latency, from, to }
    }

    #[test]
    fn an_interval_is_complete_when_all_workers_have_told_of_it() {
        let (slices, mut collector) = (Slices::default(), Collector::default());
        slices.push(0, slice(3, Duration::ZERO, SECOND));
        assert_eq!(collector.collect(&slices, 2, false), []);
        slices.push(1, slice(1, SECOND, 2 * SECOND));
        slices.push(0, slice(4, Duration::ZERO, SECOND));
        let complete = collector.collect(&slices, 2, false);
        let [only] = complete[..] else { panic!("{complete:?}") };
        assert_eq!((only.number, only.from, only.to), (0, Duration::ZERO, SECOND));
        assert_eq!((only.sent, only.answered, only.late, only.timed_out), (9, 7, 2, 4));
        assert_eq!(only.latency.unwrap().max, Duration::from_micros(103));
        assert!((only.rate() - 7.0).abs() < 1e-9);
        // The run is over in the middle of an interval.
        slices.push(1, slice(2, SECOND, SECOND + SECOND / 2));
        let last = collector.collect(&slices, 2, true);
        assert_eq!((last[0].number, last[0].answered, last[0].to), (1, 3, 2 * SECOND));
        assert_eq!(collector.into_done().len(), 2);
    }

    #[test]
    fn intervals_come_in_their_order() {
        let (slices, mut collector) = (Slices::default(), Collector::default());
        for number in [2, 0, 1] {
            slices.push(number, slice(1, Duration::ZERO, SECOND));
        }
        let numbers: Vec<u64> =
            collector.collect(&slices, 1, false).iter().map(|it| it.number).collect();
        assert_eq!(numbers, [0, 1, 2]);
    }
}
