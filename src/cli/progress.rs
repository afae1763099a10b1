//! How far a scan has come, on one line of a terminal; elsewhere only why it pauses.

use std::time::Duration;

use super::notes::note;
use super::summary::grouped;
use super::terminal_line::{Part, TerminalLine, bar, clock, count, part};
use crate::scan::ScanProgress;

/// Pauses that are told where there is no line. All of them stand in the summary.
const MOST_PAUSES: u32 = 5;
/// Columns of the bar: at most so many, and a quarter of the line.
const LONGEST_BAR: usize = 30;
/// What is left is guessed from then on.
const GUESS_AFTER: Duration = Duration::from_secs(2);

/// The line. Nothing is ever drawn when standard error is no terminal.
pub(super) struct ProgressLine {
    line: Option<TerminalLine>,
    /// Octets of the input, if they are known.
    size: Option<u64>,
    /// How far it was before it began to stop: what is left is only counted then.
    share: Option<f64>,
    /// Questions finished and the time, at the last look.
    last: (u64, Duration),
    rate: f64,
    /// How long the present pause has lasted, and how many were told.
    pause: Option<Duration>,
    pauses: u32,
}

impl ProgressLine {
    /// `size` is that of the input in octets, if it is known. Lines of output on the same terminal
    /// (`crowded`) leave no room for it.
    pub fn new(size: Option<u64>, crowded: bool) -> Self {
        Self {
            line: if crowded { None } else { TerminalLine::open() },
            size,
            share: None,
            last: (0, Duration::ZERO),
            rate: 0.0,
            pause: None,
            pauses: 0,
        }
    }

    /// Draws the line anew.
    pub fn show(&mut self, state: &ScanProgress) {
        let Some(line) = &mut self.line else { return self.tell_pause(state.cannot_send) };
        let done = state.tally.lines();
        let span = state.elapsed.saturating_sub(self.last.1).as_secs_f64();
        if span > 0.1 {
            let rate = (done - self.last.0) as f64 / span;
            // The last second or so counts most.
            self.rate = if self.last.0 == 0 { rate } else { 0.7 * self.rate + 0.3 * rate };
            self.last = (done, state.elapsed);
        }
        if let Some(size) = self.size.filter(|&size| size > 0 && !state.stopping) {
            let position = position(state.octets_read, state.input.questions, done);
            self.share = Some((position as f64 / size as f64).min(1.0));
        }
        let (share, rate) = (self.share, self.rate);
        line.show(|columns| match state.cannot_send {
            Some((span, errno)) => pause_parts(span, errno),
            None => parts(state, share, rate, columns),
        });
    }

    /// Says where no line is drawn when a pause begins, and when it is over.
    fn tell_pause(&mut self, cannot_send: Option<(Duration, i32)>) {
        let before = std::mem::replace(&mut self.pause, cannot_send.map(|(span, _)| span));
        self.pauses += u32::from(before.is_none() && cannot_send.is_some());
        if self.pauses > MOST_PAUSES {
            return;
        }
        match (before, cannot_send) {
            (None, Some((_, errno))) => {
                let error = std::io::Error::from_raw_os_error(errno);
                note(&format!("paused: this machine cannot send ({error}); retrying every second"));
            }
            (Some(span), None) => {
                note(&format!("sending again after {} s", span.as_secs().max(1)));
            }
            _ => {}
        }
    }

    /// Takes the line away.
    pub fn clear(&mut self) {
        self.line = None;
    }
}

/// What the line says, the most important first to stay.
fn parts(state: &ScanProgress, share: Option<f64>, rate: f64, columns: usize) -> Vec<Part> {
    let tally = &state.tally;
    let left =
        share.filter(|&share| share > 0.0 && state.elapsed >= GUESS_AFTER).and_then(|share| {
            let left = state.elapsed.as_secs_f64() * (1.0 - share) / share;
            Some(format!("{} left", clock(Duration::try_from_secs_f64(left).ok()?)))
        });
    [
        share.map(|share| part(1, format!("{:>3} %", (share * 100.0) as u8))),
        share.map(|share| part(9, bar(share, LONGEST_BAR.min(columns / 4)))),
        Some(part(4, clock(state.elapsed))),
        left.filter(|_| !state.stopping).map(|left| part(5, left)),
        Some(part(3, format!("{}/s", grouped(rate as u64)))),
        Some(part(2, format!("{} answered", grouped(tally.answers())))),
        count(6, tally.timed_out, "timed out"),
        count(7, tally.unreachable, "unreachable"),
        count(7, tally.unresolved, "unresolved"),
        count(8, tally.malformed, "malformed"),
        state.stopping.then(|| part(0, "stopping")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn pause_parts(span: Duration, errno: i32) -> Vec<Part> {
    let error = std::io::Error::from_raw_os_error(errno);
    vec![
        part(0, format!("paused for {} s", span.as_secs())),
        part(1, "this machine cannot send"),
        part(2, format!("({error})")),
        part(3, "trying again every second"),
    ]
}

/// How much of the input is done with, in octets: of what was read, the share of the questions that
/// have their line. An iterative scan has thousands of names under way.
fn position(octets_read: u64, questions: u64, done: u64) -> u64 {
    if questions == 0 {
        return octets_read;
    }
    (octets_read as f64 * (done as f64 / questions as f64).min(1.0)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_and_has_no_line_yet_is_not_done() {
        assert_eq!(position(1_000, 0, 0), 1_000);
        assert_eq!(position(1_000, 50, 0), 0);
        assert_eq!(position(1_000, 50, 25), 500);
        assert_eq!(position(1_000, 50, 50), 1_000);
    }
}
