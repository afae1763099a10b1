//! One check of all records, with progress, until it is done or interrupted.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant, SystemTime};

use indicatif::{ProgressBar, ProgressDrawTarget};
use tokio::sync::watch;

use crate::cli::exit::PROBLEM;
use crate::cli::interrupts::Interrupts;
use crate::verify::ask::{ProbeProgress, Stage};
use crate::verify::{self, Verification, VerifyPlan, VerifyReport, judge};

/// Looks once, with progress, and judges.
pub(in crate::cli) async fn check(
    plan: VerifyPlan,
    interrupt: &Interrupt,
) -> anyhow::Result<(Verification, VerifyReport)> {
    let (began, wall) = (Instant::now(), SystemTime::now());
    let line = Line::new();
    let mut watch = |progress: ProbeProgress| {
        line.show(progress);
        interrupt.is_set().then_some("it was interrupted")
    };
    let evidence = verify::run(plan, &mut watch).await;
    line.clear();
    let evidence = evidence?;
    let started = wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let report = judge::judge(&evidence, started, began.elapsed());
    Ok((evidence, report))
}

/// Ctrl-C and its like: the first one ends the search and shows what was found, the second one
/// everything.
pub(in crate::cli) struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    pub(in crate::cli) fn listen() -> Self {
        let (set, seen) = watch::channel(false);
        let mut interrupts = Interrupts::listen();
        tokio::spawn(async move {
            loop {
                interrupts.next().await;
                if set.send_replace(true) {
                    std::process::exit(PROBLEM.into());
                }
            }
        });
        Self(seen)
    }

    pub(super) fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Sleeps; gives whether an interrupt ended it early.
    pub(super) async fn sleep(&self, long: Duration) -> bool {
        let mut seen = self.0.clone();
        tokio::time::timeout(long, seen.wait_for(|set| *set)).await.is_ok()
    }
}

/// How far it has come, on one line of a terminal.
struct Line(Option<ProgressBar>);

impl Line {
    fn new() -> Self {
        let draws = std::io::stderr().is_terminal();
        Self(draws.then(|| {
            let bar = ProgressBar::new_spinner();
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(5));
            bar
        }))
    }

    fn show(&self, ProbeProgress { ended, ahead, stage }: ProbeProgress) {
        let Some(bar) = &self.0 else { return };
        let what = match stage {
            Stage::Walk => "finding the name servers",
            Stage::Baseline => "querying each server for each record",
            Stage::FollowUp => "investigating what went wrong",
        };
        bar.set_message(format!("{what}: {ended} queries done, {ahead} to go"));
        bar.tick();
    }

    fn clear(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
