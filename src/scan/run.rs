//! A whole scan: a reader feeds a crew of workers, and somebody watches over them.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::direct::Direct;
use super::error::ScanError;
use super::input::{ReadError, Reader, Reading, Waits};
use super::iterative::Iterative;
use super::job::Scan;
use super::plan::{ScanPlan, Targets};
use super::render::{Context, Renderer};
use super::stats::{InputCounts, ScanEnd, ScanReport};
use super::tally::ScanTally;
use crate::crew::{Crew, Level, Overseer, Setup, Stop, Sum};
use crate::engine::Time;
use crate::names::encoding::EncodingError;

/// A scan that has delivered nothing at all ends after this part of the silence that would end it
/// otherwise, and no later than after this time: that the network says no leaves less to hope for than that it says nothing.
const HOPELESS: u32 = 6;
const HOPELESS_AFTER: Duration = Duration::from_secs(5);
/// And no earlier than after so many questions.
const HOPELESS_LEAST: u64 = 4;

/// How far a scan has come.
#[derive(Debug, Clone)]
pub struct ScanProgress {
    /// How long it has run.
    pub elapsed: Duration,
    /// The input so far.
    pub input: InputCounts,
    /// Octets of the input read so far.
    pub octets_read: u64,
    /// Octets of the whole input, if that is known.
    pub size: Option<u64>,
    /// What became of the exchanges so far.
    pub tally: ScanTally,
    /// Whether the scan was told to stop.
    pub stopping: bool,
    /// The scan is paused because this machine cannot send: for how long, and the error number that
    /// the system gives.
    pub cannot_send: Option<(Duration, i32)>,
}

/// Carries out a scan. `watch` is called now and then with the progress; `stop` ends it early.
///
/// Must be called in a tokio runtime with time enabled; it starts threads of its own for the work.
/// The report covers what was done, also if there is an error beside it.
///
/// # Errors
/// What kept the scan from coming to its end. An input that cannot be read further is told after
/// all that was read has been asked and written.
pub async fn run(
    plan: ScanPlan,
    stop: Arc<Stop>,
    watch: &mut dyn FnMut(&ScanProgress),
) -> (ScanReport, Result<(), ScanError>) {
    let clock = Instant::now();
    let mut report = ScanReport::begin(matches!(plan.targets, Targets::Iterative(_)));
    let mut watch = Watch {
        clock,
        stop: Arc::clone(&stop),
        reading: Arc::default(),
        size: plan.source.size,
        silence: plan.silence,
        end: None,
        show: watch,
    };
    let result = match start(plan, &stop, &watch.reading).await {
        Ok(crew) => {
            let (sum, result) = crew.attend(&mut watch).await;
            watch.conclude(&mut report, sum);
            result
        }
        Err(error) => Err(error),
    };
    if result.is_err() {
        report.end = ScanEnd::Failed;
    }
    report.duration = clock.elapsed();
    (report, result)
}

/// Starts the threads. Nothing is read before every worker has its sockets.
async fn start(
    plan: ScanPlan,
    stop: &Arc<Stop>,
    reading: &Arc<Reading>,
) -> Result<Crew<Scan>, ScanError> {
    let ScanPlan { source, types, class, targets, engine, net, threads, output, format, .. } = plan;
    let (attempt_log, silence, keep_going) = (plan.attempt_log, plan.silence, plan.keep_going);
    let window = engine.window;
    let setup = |servers| Setup { servers, engine, net, sockets: None, threads, silence };
    let header = Renderer::header(format);
    let renderer = move |servers: &[_], now: Time| {
        Renderer::new(format, Context::new(servers, now, SystemTime::now(), attempt_log))
    };
    let (crew, feeder) = match targets {
        Targets::Resolvers(servers) => {
            let known = servers.clone();
            Crew::start(setup(servers), output, header, stop, move |driver| {
                Ok(Direct::new(class, renderer(&known, driver.now())))
            })
            .await?
        }
        Targets::Iterative(from) => {
            Crew::start(setup(Vec::new()), output, header, stop, move |driver| {
                let renderer = renderer(&[], driver.now());
                Iterative::begin(&from, window, renderer, driver)
            })
            .await?
        }
    };
    let label = source.label.clone();
    let context = Context::new(&[], Time::ZERO, UNIX_EPOCH, false);
    let reader = Reader {
        source,
        types,
        class,
        keep_going,
        feeder,
        renderer: Renderer::new(format, context),
        reading: Arc::clone(reading),
    };
    let reading = Arc::clone(reading);
    crew.feed("reader", move || {
        reader.run().map_err(|error| match error {
            ReadError::Source(EncodingError::Io(source)) => {
                ScanError::Input { label, line: reading.counts().lines, source }
            }
            ReadError::Source(error) => ScanError::Encoding { label, error },
            ReadError::WrongListFormat(wrong_format) => {
                ScanError::WrongListFormat { label, wrong_format }
            }
        })
    })?;
    Ok(crew)
}

/// Watches over a scan that is under way.
struct Watch<'a> {
    clock: Instant,
    stop: Arc<Stop>,
    reading: Arc<Reading>,
    size: Option<u64>,
    silence: Duration,
    /// Why it was told to stop.
    end: Option<ScanEnd>,
    show: &'a mut dyn FnMut(&ScanProgress),
}

impl Overseer<Scan> for Watch<'_> {
    fn look(&mut self, crew: &Crew<Scan>) {
        let progress = self.progress(crew);
        (self.show)(&progress);
        // A worker that has ended is silent as well.
        if crew.running() == 0 || self.stop.level() >= Level::Cancel {
            return;
        }
        if crew.is_silent() {
            self.end = Some(ScanEnd::Silence(self.silence));
            self.stop.raise(Level::Cancel);
        }
        if let Some((span, errno)) = crew.cannot_send()
            && span >= self.silence
            && self.stop.level() < Level::Cancel
        {
            self.end = Some(ScanEnd::CannotSend(self.silence, errno));
            self.stop.raise(Level::Cancel);
        }
        if self.clock.elapsed() >= (self.silence / HOPELESS).min(HOPELESS_AFTER)
            && crew.tally().is_cut_off(HOPELESS_LEAST)
        {
            self.stop.raise(Level::Cancel);
        }
    }

    fn leaves_feeder(&self) -> bool {
        match (self.stop.level(), self.reading.waits()) {
            (Level::Run, _) | (_, Waits::No) => false,
            (Level::Drain | Level::Cancel, Waits::Input) => self.size.is_none(),
            (Level::Drain | Level::Cancel, Waits::Output) => false,
            (Level::Abandon, Waits::Input | Waits::Output) => true,
        }
    }

    fn goes_on_after(&self, error: &ScanError) -> bool {
        matches!(error, ScanError::Input { .. })
    }
}

impl Watch<'_> {
    fn progress(&self, crew: &Crew<Scan>) -> ScanProgress {
        ScanProgress {
            elapsed: self.clock.elapsed(),
            input: self.reading.counts(),
            octets_read: self.reading.octets(),
            size: self.size,
            tally: crew.tally(),
            stopping: self.stop.level() > Level::Run,
            cannot_send: crew.cannot_send(),
        }
    }

    /// Says what was done, and how it ended.
    fn conclude(&self, report: &mut ScanReport, sum: Sum<Scan>) {
        report.take(sum);
        report.take_input(self.reading.counts());
        report.wrong_format = self.reading.wrong_format();
        report.end = if report.tally.is_cut_off(1) {
            ScanEnd::Unreachable
        } else if let Some(end) = self.end {
            end
        } else if self.stop.level() > Level::Run && report.is_partial() {
            ScanEnd::Interrupted
        } else {
            ScanEnd::Complete
        };
    }
}
