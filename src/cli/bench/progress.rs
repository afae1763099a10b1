//! The line of progress of a measurement.

use std::path::Path;
use std::time::Duration;

use super::args::{Args, Format};
use crate::bench::Progress;
use crate::cli::summary::grouped;
use crate::cli::terminal_line::{TerminalLine, clock, count, part};

/// Between two looks at the counts that a rate is made of: shorter ones would make it jump.
const SPAN: Duration = Duration::from_millis(500);

/// A line of progress, where there is a terminal for it.
pub(super) struct ProgressLine {
    line: Option<TerminalLine>,
    /// How long queries are sent, if that is known.
    limit: Option<Duration>,
    /// Responses, and when they were counted last.
    last: (u64, Duration),
    /// Responses a second since the time before.
    rate: f64,
}

impl ProgressLine {
    pub(super) fn new(args: &Args) -> Self {
        // What is written as the run goes is progress enough, and would be mixed with the line.
        let lines = args.verbose
            || args.stats_interval.is_some() && args.format == Format::Text
            || args.intervals.as_deref() == Some(Path::new("-"));
        Self {
            line: if lines { None } else { TerminalLine::open() },
            limit: args.limit.map(|limit| limit + args.warmup.unwrap_or_default()),
            last: (0, Duration::ZERO),
            rate: 0.0,
        }
    }

    pub(super) fn show(&mut self, progress: &Progress) {
        let Some(line) = &mut self.line else { return };
        let Progress { elapsed, counts, .. } = progress;
        let answered = counts.answered();
        let span = elapsed.saturating_sub(self.last.1);
        if span >= SPAN {
            self.rate = answered.saturating_sub(self.last.0) as f64 / span.as_secs_f64();
            self.last = (answered, *elapsed);
        }
        let (limit, rate) = (self.limit, self.rate);
        let lost = counts.lost + counts.late;
        line.show(|_| {
            let time = match limit {
                Some(limit) => format!("{} of {}", clock(*elapsed), clock(limit)),
                None => clock(*elapsed),
            };
            let mut parts = vec![part(0, time)];
            if rate > 0.0 {
                parts.push(part(1, format!("{}/s", grouped(rate.round() as u64))));
            }
            parts.extend(count(2, answered, "answered"));
            parts.extend(count(1, lost, "lost"));
            if lost > 0 {
                let share = lost as f64 / (lost + answered) as f64;
                parts.push(part(3, format!("({:.2} %)", share * 100.0)));
            }
            parts
        });
    }
}
