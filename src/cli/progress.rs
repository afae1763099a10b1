//! How far a scan has come, on one line of a terminal; elsewhere only why it pauses.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::notes::note;
use crate::scan::ScanProgress;

/// Pauses that are told where there is no line. All of them stand in the summary.
const MOST_PAUSES: u32 = 5;

/// The line. Nothing is ever drawn when standard error is no terminal.
pub(super) struct ProgressLine {
    bar: Option<ProgressBar>,
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
        let draws = std::io::stderr().is_terminal() && !crowded;
        Self {
            bar: draws.then(|| new_bar(size)),
            last: (0, Duration::ZERO),
            rate: 0.0,
            pause: None,
            pauses: 0,
        }
    }

    /// Draws the line anew.
    pub fn show(&mut self, state: &ScanProgress) {
        let Some(bar) = &self.bar else { return self.tell_pause(state.cannot_send) };
        let done = state.tally.lines();
        let span = state.elapsed.saturating_sub(self.last.1).as_secs_f64();
        if span > 0.1 {
            let rate = (done - self.last.0) as f64 / span;
            // The last second or so counts most.
            self.rate = if self.last.0 == 0 { rate } else { 0.7 * self.rate + 0.3 * rate };
            self.last = (done, state.elapsed);
        }
        if !state.stopping {
            // What is left is only counted then.
            bar.set_position(position(state.octets_read, state.input.questions, done));
        }
        let tally = &state.tally;
        let failed: String = [
            (tally.malformed, "malformed"),
            (tally.unresolved, "unresolved"),
            (tally.timed_out, "timed out"),
            (tally.unreachable, "unreachable"),
        ]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!(", {count} {what}"))
        .collect();
        if let Some((span, errno)) = state.cannot_send {
            let error = std::io::Error::from_raw_os_error(errno);
            bar.set_message(format!(
                "paused for {} s: this machine cannot send ({error}); retrying every second",
                span.as_secs()
            ));
            return;
        }
        let stopping = if state.stopping { "; stopping" } else { "" };
        bar.set_message(format!(
            "{:.0}/s, {} answered{failed}{stopping}",
            self.rate,
            tally.answers()
        ));
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
    pub fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// How much of the input is done with, in octets: of what was read, the share of the questions that
/// have their line. An iterative scan has thousands of names under way.
fn position(octets_read: u64, questions: u64, done: u64) -> u64 {
    if questions == 0 {
        return octets_read;
    }
    (octets_read as f64 * (done as f64 / questions as f64).min(1.0)) as u64
}

fn new_bar(size: Option<u64>) -> ProgressBar {
    let (bar, template) = match size {
        Some(size) => (
            ProgressBar::new(size),
            "{percent:>3} % [{bar:20}] {elapsed_precise} (left {eta_precise}) {msg}",
        ),
        None => (ProgressBar::new_spinner(), "{spinner} {elapsed_precise} {msg}"),
    };
    bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(5));
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
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
