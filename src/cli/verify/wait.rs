//! `--wait`: looks again until all is right or the time is over.

use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};

use super::{Interrupt, check};
use crate::cli::complaint::Complaint;
use crate::cli::notes;
use crate::report::time::write_rfc3339;
use crate::verify::Plan;
use crate::verify::wait::{History, next_look};
use crate::verify::{Report, Verdict};

/// How to wait.
pub(super) struct Wait<'a> {
    /// How long, from the first look on.
    pub(super) long: Duration,
    /// Between two looks; by default what TTLs say.
    pub(super) every: Option<Duration>,
    /// Where the history is kept.
    pub(super) state: Option<&'a Path>,
}

/// Looks until all is right or the time is over, with a line for each change; gives the last look,
/// with all changes in it.
pub(super) async fn until_verified(
    plan: &Plan,
    wait: &Wait<'_>,
    interrupt: &Interrupt,
) -> Result<Report> {
    let mut history = load(plan, wait.state)?;
    let end = history.began.saturating_add(wait.long.as_secs());
    loop {
        let (evidence, mut report) = check(plan.clone(), interrupt).await?;
        let now = now();
        if let Some(change) = history.add(now, &report) {
            notes::line(&format!("{}  {}", moment(now), change.summary));
        }
        // What was seen is not lost with the file: it stands in the report, and the next look tries again.
        if let Some(file) = wait.state
            && let Err(error) = save(&history, file)
        {
            notes::note(&format!("{error:#}"));
        }
        let pause = wait.every.unwrap_or_else(|| next_look(&evidence, &report));
        let left = Duration::from_secs(end.saturating_sub(now));
        let over = report.verdict == Verdict::Verified || left.is_zero() || interrupt.is_set();
        // The last look is at the end of the time.
        if over || interrupt.sleep(pause.min(left)).await {
            report.history = history.moments();
            return Ok(report);
        }
    }
}

fn load(plan: &Plan, file: Option<&Path>) -> Result<History> {
    let fresh = || History::new(plan, now());
    let Some(file) = file else { return Ok(fresh()) };
    let usage = |why: String| Complaint::usage(format!("--state {}: {why}", file.display()));
    match std::fs::read(file) {
        Ok(text) => Ok(History::from_json(&text, plan).map_err(|error| {
            usage(error.to_string()).hint("name another file, or remove this one to begin anew")
        })?),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let history = fresh();
            // Whether it can be written shows now, not after the first look.
            save(&history, file).map_err(|error| usage(format!("{error:#}")))?;
            Ok(history)
        }
        Err(error) => Err(usage(format!("cannot be read: {error}")).into()),
    }
}

/// Writes the history beside the file first, so that there is always a whole one.
fn save(history: &History, file: &Path) -> Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let write = || {
        let mut new = std::fs::File::create(&beside)?;
        new.write_all(&history.to_json())?;
        new.sync_all()?;
        std::fs::rename(&beside, file)
    };
    write().with_context(|| format!("the state cannot be written to '{}'", file.display()))
}

fn moment(seconds: u64) -> String {
    let mut text = Vec::new();
    write_rfc3339(seconds, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
