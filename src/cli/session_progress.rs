//! How far a session of queries is, on the terminal, and that an interrupt ends it.

use super::interrupts::Interrupts;
use super::terminal_line::{Part, TerminalLine, count, part};
use crate::probe::session::{ProbeProgress, Stage};

/// Watches a session. The line of progress is erased when this is dropped.
pub(super) struct SessionProgress<'a> {
    line: Option<TerminalLine>,
    interrupts: &'a Interrupts,
}

impl<'a> SessionProgress<'a> {
    pub(super) fn new(interrupts: &'a Interrupts) -> Self {
        Self { line: TerminalLine::open(), interrupts }
    }

    /// Shows how far it is, and says why it is to end, if it is.
    pub(super) fn see(&mut self, progress: ProbeProgress) -> Option<&'static str> {
        if let Some(line) = &mut self.line {
            line.show(|_| parts(progress));
        }
        self.interrupts.is_set().then_some("it was interrupted")
    }
}

fn parts(ProbeProgress { ended, ahead, stage }: ProbeProgress) -> Vec<Part> {
    let what = match stage {
        Stage::Walk => "finding the name servers",
        Stage::Baseline => "querying every server",
        Stage::FollowUp => "investigating what went wrong",
    };
    let ended = count(1, ended as u64, if ended == 1 { "response" } else { "responses" });
    let ahead = count(2, ahead as u64, "to come");
    [Some(part(0, what)), ended, ahead].into_iter().flatten().collect()
}
