//! Runs a measurement, with Ctrl-C, and shows what came of it.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use super::args::{Args, Format};
use super::plan::Planned;
use super::progress::ProgressLine;
use super::refused::refuse;
use crate::bench::{
    self, Baseline, BenchError, Condition, Ending, Input, Level, Period, Plan, Report, Stop, render,
};
use crate::cli::cli_error::CliError;
use crate::cli::event_loop::event_loop;
use crate::cli::exit::{COULD_NOT, FINE, PROBLEM};
use crate::cli::input::no_text;
use crate::cli::interrupts::Interrupts;
use crate::cli::notes;
use crate::cli::output::{self, Closed, Target};
use crate::crew::CrewError;

/// Octets of an earlier result, at most.
const LONGEST_RESULT: u64 = 256 << 20;

/// Runs the command.
pub(in crate::cli) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.quiet {
        notes::be_quiet();
    }
    refuse(args)?;
    let log = Log { to_output: args.log_to_output };
    let Planned { plan, notes } = args.plan()?;
    let baseline = args.baseline.as_deref().map(|path| read_baseline(path, plan.servers[0]));
    let baseline = baseline.transpose()?;
    for text in notes {
        log.note(&text)?;
    }
    if args.format == Format::Text {
        let words: Vec<String> =
            std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
        let passes = plan.passes.map(Into::into);
        let opening = render::opening(
            &words.join(" "),
            &plan.servers,
            &plan.wanted(),
            passes,
            SystemTime::now(),
        );
        output::print_text(&opening)?;
    }
    let mut told = Told::new(args)?;
    let (report, outcome) = carry_out(plan, &mut told)?;
    let told = told.end();
    let Some(report) = report else {
        return Err(match outcome {
            Ok(()) => CrewError::Panic.into(),
            Err(error) => failure(error),
        });
    };
    log.bad_lines(&args.data.to_string_lossy(), &report.input)?;
    if let Err(error) = outcome {
        if report.counts.sent() > 0 {
            show(args.format, &report, baseline.as_ref())?;
        }
        return Err(failure(error));
    }
    told?;
    show(args.format, &report, baseline.as_ref())?;
    for warning in report.warnings() {
        log.note(&format!("warning: {}", warning.summary))?;
    }
    let failed = log.failed_conditions(&args.fail_if, &report)?;
    let exit = log.conclude(&report)?;
    Ok(if failed && exit == FINE { PROBLEM } else { exit }.into())
}

/// The intervals that are told as the run goes.
struct Told {
    began: SystemTime,
    /// Each has a line of dnsperf's on standard output.
    as_text: bool,
    /// Each has a line of JSON there.
    lines: Option<Arc<Target>>,
    line: ProgressLine,
    /// What kept one from being written.
    outcome: anyhow::Result<()>,
}

impl Told {
    fn new(args: &Args) -> Result<Self, CliError> {
        let lines = args.intervals.as_deref().map(|path| output::create("--intervals", path));
        Ok(Self {
            began: SystemTime::now() + args.warmup.unwrap_or_default(),
            as_text: args.stats_interval.is_some() && args.format == Format::Text,
            lines: lines.transpose()?,
            line: ProgressLine::new(args),
            outcome: Ok(()),
        })
    }

    fn tell(&mut self, progress: &bench::Progress) {
        self.line.show(progress);
        for interval in &progress.intervals {
            if self.outcome.is_ok() {
                self.outcome = self.tell_one(interval);
            }
        }
    }

    fn tell_one(&self, interval: &Period) -> anyhow::Result<()> {
        if self.as_text {
            output::print(render::period(interval, self.began).as_bytes())?;
        }
        if let Some(target) = &self.lines {
            let line = format!("{}\n", render::period_json(interval));
            output::written(&target.label, (&mut &**target).write_all(line.as_bytes()))?;
        }
        Ok(())
    }

    /// A file of nothing is replaced as well.
    fn end(self) -> anyhow::Result<()> {
        self.outcome?;
        match &self.lines {
            Some(target) => output::written(&target.label, target.replace()),
            None => Ok(()),
        }
    }
}

fn show(format: Format, report: &Report, baseline: Option<&Baseline>) -> anyhow::Result<ExitCode> {
    match format {
        Format::Text => output::print_text(&render::text(report, baseline)),
        Format::Json => {
            let mut text = serde_json::to_vec_pretty(&render::json(report, baseline))?;
            text.push(b'\n');
            output::print(&text)
        }
    }
}

/// Reads the result of an earlier run.
fn read_baseline(path: &Path, server: SocketAddr) -> Result<Baseline, CliError> {
    let label = path.display();
    let file = File::open(path)
        .map_err(|error| CliError::usage(format!("{label}: cannot be read: {error}")))?;
    let mut text = Vec::new();
    // A file that goes on for ever is no result.
    file.take(LONGEST_RESULT)
        .read_to_end(&mut text)
        .map_err(|error| CliError::usage(format!("{label}: cannot be read: {error}")))?;
    Baseline::read(&text, &server.to_string()).map_err(|error| {
        CliError::usage(format!("{label}: {error}"))
            .hint("a baseline is what `dnsonde bench --format json` writes")
    })
}

/// Carries out a plan, with Ctrl-C and what it means.
fn carry_out(
    plan: Plan,
    told: &mut Told,
) -> anyhow::Result<(Option<Report>, Result<(), BenchError>)> {
    let stop = Arc::new(Stop::default());
    let runtime = event_loop()?;
    handle_interrupts(Arc::clone(&stop))?;
    let mut watch = |progress: &bench::Progress| told.tell(progress);
    let outcome = runtime.block_on(bench::run(plan, stop, &mut watch));
    // The reader may wait for input that never comes; it is not waited for.
    runtime.shutdown_background();
    Ok(outcome)
}

/// The first interrupt ends the run, the second one waiting for its threads, the third one everything.
fn handle_interrupts(stop: Arc<Stop>) -> anyhow::Result<()> {
    let each = move |number| {
        stop.raise(if number == 1 { Level::Cancel } else { Level::Abandon });
        None
    };
    Interrupts::listen(3, each).map(drop)
}

/// What it means that a run could not be made, or not to its end.
fn failure(error: BenchError) -> anyhow::Error {
    match error {
        BenchError::Crew(CrewError::Output { source, .. })
            if source.kind() == io::ErrorKind::BrokenPipe =>
        {
            Closed.into()
        }
        BenchError::Encoding { label, error } => no_text(&label, &error).into(),
        BenchError::Empty { .. } => CliError::usage(error.to_string())
            .hint("a line of it is a name and a type, such as: www.example.com A")
            .into(),
        BenchError::Unrepeatable { .. } => {
            CliError::usage(error.to_string()).hint("give it as a file, with -d FILE").into()
        }
        error => CliError::could_not(error.to_string()).into(),
    }
}

/// Where notes go.
struct Log {
    to_output: bool,
}

impl Log {
    fn note(&self, text: &str) -> anyhow::Result<()> {
        if self.to_output {
            output::print_text(&format!("dnsonde: {text}\n"))?;
        } else {
            notes::note(text);
        }
        Ok(())
    }

    /// Reports the lines that cannot be asked.
    fn bad_lines(&self, file: &str, input: &Input) -> anyhow::Result<()> {
        let file = if file == "-" { "standard input" } else { file };
        for line in &input.bad_lines {
            self.note(&format!("{file}, line {}: {}; skipped", line.number, line.error))?;
        }
        match input.bad - input.bad_lines.len() as u64 {
            0 => Ok(()),
            1 => self.note(&format!("{file}: 1 more line is skipped")),
            more => self.note(&format!("{file}: {more} more lines are skipped")),
        }
    }

    /// Reports the conditions that hold; whether there is one, or one that nothing can be said of.
    fn failed_conditions(&self, conditions: &[Condition], report: &Report) -> anyhow::Result<bool> {
        let mut failed = false;
        for (condition, server) in
            conditions.iter().flat_map(|it| report.servers.iter().map(move |server| (it, server)))
        {
            // Which one it is goes without saying if there is one.
            let of = match report.servers.len() {
                1 => String::new(),
                _ => format!(" of {}", server.server),
            };
            let sentence = match condition.check(server) {
                Ok(None) => continue,
                Ok(Some(figure)) => format!("failed: {condition}{of}, and it is {figure}"),
                Err(no_figure) => format!("failed: {condition}{of}: {no_figure}"),
            };
            failed = true;
            self.note(&sentence)?;
        }
        Ok(failed)
    }

    /// The exit status, and the sentences that say why it is that.
    fn conclude(&self, report: &Report) -> anyhow::Result<u8> {
        if report.ending == Ending::Interrupted {
            self.note("interrupted; the figures are those until then")?;
            return Ok(PROBLEM);
        }
        let mut exit = FINE;
        for server in &report.servers {
            let counts = &server.counts;
            if counts.answered() + counts.late > 0 {
                continue;
            }
            exit = COULD_NOT;
            let why = match (counts.delivery_error, counts.send_error) {
                (0, 0) => String::new(),
                (0, errno) | (errno, _) => format!(" ({})", io::Error::from_raw_os_error(errno)),
            };
            let what = match report.ending {
                Ending::Silence(span) => format!("anything within {} s", span.as_secs_f64()),
                _ => "any query".to_owned(),
            };
            self.note(&format!("{} did not respond to {what}{why}", server.server))?;
        }
        Ok(exit)
    }
}
