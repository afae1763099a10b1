//! One check of all records, with progress, until it is done or interrupted.

use std::time::{Duration, Instant, SystemTime};

use crate::cli::interrupts::Interrupts;
use crate::cli::session_progress::SessionProgress;
use crate::verify::{self, Verification, VerifyPlan, VerifyReport, judge};

/// Looks once, with progress, and judges.
pub(in crate::cli) async fn check(
    plan: VerifyPlan,
    interrupts: &Interrupts,
) -> anyhow::Result<(Verification, VerifyReport)> {
    let (began, wall) = (Instant::now(), SystemTime::now());
    let mut progress = SessionProgress::new(interrupts);
    let evidence = verify::run(plan, &mut |at| progress.see(at)).await;
    drop(progress);
    let evidence = evidence?;
    let started = wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let report = judge::judge(&evidence, started, began.elapsed());
    Ok((evidence, report))
}
