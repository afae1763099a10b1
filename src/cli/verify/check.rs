//! One check of all records, with progress, until it is done or interrupted.

use std::time::{Duration, Instant, SystemTime};

use crate::cli::interrupts::Interrupts;
use crate::cli::terminal_line::{Part, TerminalLine, count, part};
use crate::verify::ask::{ProbeProgress, Stage};
use crate::verify::{self, Verification, VerifyPlan, VerifyReport, judge};

/// Looks once, with progress, and judges.
pub(in crate::cli) async fn check(
    plan: VerifyPlan,
    interrupts: &Interrupts,
) -> anyhow::Result<(Verification, VerifyReport)> {
    let (began, wall) = (Instant::now(), SystemTime::now());
    let mut line = TerminalLine::open();
    let mut watch = |progress: ProbeProgress| {
        if let Some(line) = &mut line {
            line.show(|_| parts(progress));
        }
        interrupts.is_set().then_some("it was interrupted")
    };
    let evidence = verify::run(plan, &mut watch).await;
    drop(line);
    let evidence = evidence?;
    let started = wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let report = judge::judge(&evidence, started, began.elapsed());
    Ok((evidence, report))
}

/// How far it has come.
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
