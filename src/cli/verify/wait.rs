//! `--wait`: looks again until all is right or the time is over.

use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::Result;

use super::check::check;
use crate::cli::cli_error::CliError;
use crate::cli::files::{self, Identity, Opened, Used};
use crate::cli::interrupts::Interrupts;
use crate::cli::notes;
use crate::cli::output::replace_whole;
use crate::report::time::rfc3339;
use crate::verify::wait::{History, next_check, subject};
use crate::verify::{Verdict, VerifyPlan, VerifyReport};

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
    plan: &VerifyPlan,
    wait: &Wait<'_>,
    interrupts: &Interrupts,
) -> Result<VerifyReport> {
    let mut history = load(plan, wait.state)?;
    let end = history.began.saturating_add(wait.long.as_secs());
    loop {
        let (evidence, mut report) = check(plan.clone(), interrupts).await?;
        let now = now();
        if let Some(change) = history.add(now, &report)
            && !notes::is_quiet()
        {
            notes::line(&format!("{}  {}", rfc3339(now), change.summary));
        }
        // What was seen is not lost with the file: it stands in the report, and the next look tries again.
        if let Some(file) = wait.state
            && let Err(error) = save(&history, file)
        {
            notes::error(&error.sentence);
        }
        let pause = wait.every.unwrap_or_else(|| next_check(&evidence, &report));
        let left = Duration::from_secs(end.saturating_sub(now));
        let over = report.verdict == Verdict::Verified || left.is_zero() || interrupts.is_set();
        // The last look is at the end of the time.
        if over || interrupts.sleep(pause.min(left)).await {
            report.history = history.moments();
            return Ok(report);
        }
    }
}

fn load(plan: &VerifyPlan, file: Option<&Path>) -> Result<History> {
    let Some(file) = file else { return Ok(History::new(&subject(plan), now())) };
    let usage = |why: String| CliError::usage(format!("--state {}: {why}", file.display()));
    let history = match file.metadata() {
        Ok(meta) if !meta.is_file() => {
            return Err(usage("is not a regular file".into())
                .hint("give a file; it is created if it does not exist")
                .into());
        }
        Ok(meta) => {
            files::register(Opened {
                what: format!("--state {}", file.display()),
                used: Used::Output,
                descriptor: None,
                identity: Identity::of(&meta, file),
            })?;
            let text = std::fs::read(file).map_err(|error| not_opened(file, "read", &error))?;
            History::from_json(&text, &subject(plan)).map_err(|error| {
                usage(error.to_string()).hint("give another file, or remove this one to start over")
            })?
        }
        Err(error) if error.kind() == ErrorKind::NotFound => History::new(&subject(plan), now()),
        Err(error) => return Err(not_opened(file, "read", &error).into()),
    };
    // Whether it can be written shows now, not after the first look.
    save(&history, file).map_err(|error| CliError::usage(error.sentence))?;
    Ok(history)
}

fn not_opened(file: &Path, verb: &str, error: &std::io::Error) -> CliError {
    files::not_opened(&format!("--state {}", file.display()), verb, error)
}

fn save(history: &History, file: &Path) -> Result<(), CliError> {
    let Err(error) = replace_whole(file, &history.to_json()) else { return Ok(()) };
    let why = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() && !parent.exists() => {
            format!("there is no directory {}", parent.display())
        }
        _ => files::reason(&error),
    };
    let sentence = format!("cannot write the state to '{}': {why}", file.display());
    Err(CliError::could_not(sentence))
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
