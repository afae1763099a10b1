//! A whole scan: starts the threads, watches over them, and adds up what they did.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use tokio::sync::mpsc;

use super::input::{ReadError, Reader, Reading, Source, Waits};
use super::iterate::FromRoot;
use super::render::{Context, Format, Renderer};
use super::stats::{End, InputCounts, OutputCounts, Report};
use super::stop::{Level, Stop};
use super::tally::Tally;
use super::worker::{self, Done, Questions, Shared, Working};
use super::writer::{self, ToWriter};
use crate::engine;
use crate::names::encoding::EncodingError;
use crate::names::survey::Misfit;
use crate::net::{self, NetError};
use crate::wire::{Class, RecordType};

/// Blocks on their way to the workers, and to the writer.
const QUEUED: usize = 8;
/// How often progress is shown and silence looked for.
const TICK: Duration = Duration::from_millis(200);

/// A scan that has delivered nothing at all ends after this part of the silence that would end it
/// otherwise, and no later than after this time: that the network says no leaves less to hope for than that it says nothing.
const HOPELESS: u32 = 6;
const HOPELESS_AFTER: Duration = Duration::from_secs(5);
/// And no earlier than after so many questions.
const HOPELESS_LEAST: u64 = 4;

/// What to ask, whom, how, and where the results go.
pub struct Plan {
    /// Where names come from.
    pub source: Source,
    /// What each name is asked for; a line may have its own type instead. Never empty.
    pub types: Vec<RecordType>,
    /// The class of all questions. Of authoritative servers only IN is asked.
    pub class: Class,
    /// Whom to ask.
    pub whom: Whom,
    /// How each exchange is carried out. Rates and a fixed window are for all workers together.
    pub engine: engine::Config,
    /// The sockets of each worker.
    pub net: net::Options,
    /// How many workers there are, each with a thread of its own.
    pub threads: u16,
    /// Where lines go.
    pub output: Output,
    /// What lines look like.
    pub format: Format,
    /// Whether each line has all attempts (JSON lines only).
    pub attempt_log: bool,
    /// The scan ends when no server has answered anything for so long.
    pub silence: Duration,
    /// A list is read on although most of its first lines cannot be asked.
    pub keep_going: bool,
}

/// Whom to ask.
#[derive(Debug, Clone)]
pub enum Whom {
    /// These servers, each listed once; never empty.
    Servers(Vec<SocketAddr>),
    /// Authoritative servers, from the root on.
    Authorities(Box<FromRoot>),
}

/// Where lines go.
pub struct Output {
    /// What it is called in messages: a path, or `standard output`.
    pub label: String,
    /// Takes the octets. It should not keep some back, or what is counted as written may not be.
    pub write: Box<dyn Write + Send>,
}

/// How far a scan has come.
#[derive(Debug, Clone)]
pub struct Progress {
    /// How long it has run.
    pub elapsed: Duration,
    /// The input so far.
    pub input: InputCounts,
    /// Octets of the input read so far.
    pub octets_read: u64,
    /// Octets of the whole input, if that is known.
    pub size: Option<u64>,
    /// What became of the exchanges so far.
    pub tally: Tally,
    /// Whether the scan was told to stop.
    pub stopping: bool,
    /// The scan is paused because this machine cannot send: for how long, and the error number that
    /// the system gives.
    pub cannot_send: Option<(Duration, i32)>,
}

/// Why a scan could not be carried out, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The network side failed.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The input cannot be read.
    #[error("{label}: cannot be read after line {line}: {source}")]
    Input {
        /// What the input is called.
        label: String,
        /// The last line that was read.
        line: u64,
        /// What the system says.
        source: io::Error,
    },
    /// The input is no text.
    #[error("{label}: {error}")]
    Encoding {
        /// What the input is called.
        label: String,
        /// What it is.
        error: EncodingError,
    },
    /// The input does not look like a list of names.
    #[error("{label}: {misfit}")]
    Misfit {
        /// What the input is called.
        label: String,
        /// What it looks like.
        misfit: Misfit,
    },
    /// The output cannot be written.
    #[error("{label}: cannot be written after {}: {source}", extent(*.lines, *.torn))]
    Output {
        /// What the output is called.
        label: String,
        /// Whole lines that were written.
        lines: u64,
        /// Whether a part of another line was.
        torn: bool,
        /// What the system says.
        source: io::Error,
    },
    /// The system gives no thread.
    #[error("no thread can be started: {0}")]
    Thread(#[source] io::Error),
    /// The system gives no event loop.
    #[error("no event loop can be set up: {0}")]
    Runtime(#[source] io::Error),
    /// A thread ended without a word.
    #[error("a thread of the scan has failed")]
    Panic,
}

/// How much was written.
fn extent(lines: u64, torn: bool) -> String {
    let lines = if lines == 1 { "1 whole line".into() } else { format!("{lines} whole lines") };
    if torn { format!("{lines} and a part of the next") } else { lines }
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
    plan: Plan,
    stop: Arc<Stop>,
    watch: &mut dyn FnMut(&Progress),
) -> (Report, Result<(), ScanError>) {
    let clock = Instant::now();
    let mut report = Report::begin(matches!(plan.whom, Whom::Authorities(_)));
    let result = match Scan::start(plan, &stop, clock).await {
        Ok(scan) => scan.watch(&mut report, watch).await,
        Err(error) => {
            stop.raise(Level::Abandon);
            Err(error)
        }
    };
    if result.is_err() {
        report.end = End::Failed;
    }
    report.duration = clock.elapsed();
    (report, result)
}

/// A scan that is under way.
struct Scan {
    clock: Instant,
    stop: Arc<Stop>,
    shared: Arc<Shared>,
    reading: Arc<Reading>,
    working: Vec<Arc<Working>>,
    events: mpsc::UnboundedReceiver<Event>,
    /// What the writer has written so far.
    written: Arc<Mutex<OutputCounts>>,
    size: Option<u64>,
}

/// The end of a thread.
enum Event {
    Reader(Result<(), ScanError>),
    Worker(usize, Box<Done>, Result<(), ScanError>),
    Writer(OutputCounts, Result<(), ScanError>),
}

/// Tells of the end of a thread, whichever way it ends.
struct Post {
    events: mpsc::UnboundedSender<Event>,
    /// What is told if the thread panics; it has lost its counts then.
    panic: Option<Event>,
}

impl Post {
    fn new(events: &mpsc::UnboundedSender<Event>, panic: Event) -> Self {
        Self { events: events.clone(), panic: Some(panic) }
    }

    fn send(self, event: Event) {
        let _ = self.events.send(event);
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        if thread::panicking()
            && let Some(event) = self.panic.take()
        {
            let _ = self.events.send(event);
        }
    }
}

impl Scan {
    /// Nothing is read and nothing is written before every worker has its sockets.
    async fn start(plan: Plan, stop: &Arc<Stop>, clock: Instant) -> Result<Self, ScanError> {
        let (blocks, questions) = mpsc::channel(QUEUED);
        let (output, lines) = mpsc::channel(QUEUED);
        let (post, events) = mpsc::unbounded_channel();
        let (open, opened) = mpsc::channel(1);
        let threads = threads(plan.threads, &plan.engine);
        let shared = Arc::new(Shared {
            whom: plan.whom,
            class: plan.class,
            net: plan.net,
            format: plan.format,
            attempt_log: plan.attempt_log,
            silence: plan.silence,
            questions: Questions::new(questions),
            output: output.clone(),
            block_pool: Arc::default(),
            output_pool: Arc::default(),
            stop: Arc::clone(stop),
        });
        let mut scan = Self {
            clock,
            stop: Arc::clone(stop),
            reading: Arc::default(),
            working: (0..threads).map(|_| Arc::default()).collect(),
            events,
            written: Arc::default(),
            size: plan.source.size,
            shared: Arc::clone(&shared),
        };

        for (number, working) in scan.working.iter().enumerate() {
            let (shared, working, open) = (Arc::clone(&shared), Arc::clone(working), open.clone());
            let panic = Event::Worker(number, Box::default(), Err(ScanError::Panic));
            let config = share_of(&plan.engine, number, threads);
            spawn("worker", Post::new(&post, panic), move |post| {
                let (done, result) = worker::run(&shared, config, &working, open);
                post.send(Event::Worker(number, Box::new(done), result));
            })?;
        }
        drop(open);
        scan.all_open(opened).await?;
        let header = Renderer::header(plan.format);
        let (pool, write_stop) = (Arc::clone(&shared.output_pool), Arc::clone(stop));
        let write = plan.output.write;
        let label = plan.output.label;
        let panic = Event::Writer(OutputCounts::default(), Err(ScanError::Panic));
        let written = Arc::clone(&scan.written);
        spawn("writer", Post::new(&post, panic), move |post| {
            let (counts, result) =
                writer::write_all(lines, header, write, &pool, &write_stop, &written);
            let OutputCounts { lines, torn, .. } = counts;
            let failed = |source| ScanError::Output { label, lines, torn, source };
            post.send(Event::Writer(counts, result.map_err(failed)));
        })?;
        let context = Context::new(&[], engine::Time::ZERO, UNIX_EPOCH, false);
        let label = plan.source.label.clone();
        let reader = Reader {
            source: plan.source,
            types: plan.types,
            class: plan.class,
            keep_going: plan.keep_going,
            blocks,
            output,
            renderer: Renderer::new(plan.format, context),
            block_pool: Arc::clone(&shared.block_pool),
            output_pool: Arc::clone(&shared.output_pool),
            stop: Arc::clone(stop),
            reading: Arc::clone(&scan.reading),
        };
        let reading = Arc::clone(&scan.reading);
        let panic = Event::Reader(Err(ScanError::Panic));
        spawn("reader", Post::new(&post, panic), move |post| {
            let failed = |error| match error {
                ReadError::Source(EncodingError::Io(source)) => {
                    ScanError::Input { label, line: reading.counts().lines, source }
                }
                ReadError::Source(error) => ScanError::Encoding { label, error },
                ReadError::Misfit(misfit) => ScanError::Misfit { label, misfit },
            };
            post.send(Event::Reader(reader.run().map_err(failed)));
        })?;
        Ok(scan)
    }

    /// Waits for every worker to open its sockets, or for the error of one that cannot.
    async fn all_open(&mut self, mut opened: mpsc::Receiver<()>) -> Result<(), ScanError> {
        for _ in &self.working {
            if opened.recv().await.is_some() {
                continue;
            }
            while let Some(event) = self.events.recv().await {
                if let Event::Worker(_, _, ended @ Err(_)) = event {
                    return ended;
                }
            }
            return Err(ScanError::Panic);
        }
        Ok(())
    }

    /// Waits for the threads: first the workers, then the reader, last the writer.
    async fn watch(
        mut self,
        report: &mut Report,
        show: &mut dyn FnMut(&Progress),
    ) -> Result<(), ScanError> {
        let mut ticks = tokio::time::interval(TICK);
        let mut running = self.working.len();
        let (mut reader_ended, mut writer_ended) = (false, false);
        let (mut closing, mut closed) = (false, false);
        let mut result = Ok(());
        let stop = Arc::clone(&self.stop);
        let mut patience = pin!(stop.patience());
        while running > 0 || !reader_ended || !writer_ended {
            if running == 0 && !closing && (reader_ended || self.leaves_reader()) {
                closing = true;
                reader_ended = true;
            }
            let event = tokio::select! {
                event = self.events.recv() => match event {
                    Some(event) => event,
                    // No thread is left that could tell.
                    None => break,
                },
                sent = self.shared.output.send(ToWriter::End(result.is_ok())), if closing && !closed => {
                    // Fails only if the writer has failed, which its own event says.
                    let _ = sent;
                    closed = true;
                    continue;
                }
                () = &mut patience, if closing => {
                    // The output takes nothing, and may never again.
                    report.output = self.written.lock().map(|counts| *counts).unwrap_or_default();
                    break;
                }
                _ = ticks.tick() => {
                    show(&self.progress());
                    // A worker that has ended is silent as well.
                    if running > 0 && self.is_silent() && self.stop.level() < Level::Cancel {
                        report.end = End::Silence(self.shared.silence);
                        self.stop.raise(Level::Cancel);
                    }
                    if let Some((span, errno)) = self.cannot_send()
                        && span >= self.shared.silence
                        && self.stop.level() < Level::Cancel
                    {
                        report.end = End::CannotSend(self.shared.silence, errno);
                        self.stop.raise(Level::Cancel);
                    }
                    if running > 0 && self.is_hopeless() {
                        self.stop.raise(Level::Cancel);
                    }
                    continue;
                }
            };
            let ended = match event {
                Event::Worker(number, done, ended) => {
                    running -= 1;
                    self.working[number].silent.store(true, Relaxed);
                    report.take(*done);
                    if running == 0 {
                        let left = self.shared.questions.close().await;
                        report.untaken += left.iter().map(|block| block.len() as u64).sum::<u64>();
                    }
                    ended
                }
                Event::Reader(ended) => {
                    reader_ended = true;
                    ended
                }
                Event::Writer(counts, ended) => {
                    writer_ended = true;
                    report.output = counts;
                    // It is why the workers stopped, so it comes before what they say.
                    result = ended.and(result);
                    continue;
                }
            };
            // What is on its way has its line all the same, and what was read is asked.
            if ended.is_err() && !matches!(ended, Err(ScanError::Input { .. })) {
                self.stop.raise(Level::Drain);
            }
            result = result.and(ended);
        }
        show(&self.progress());
        report.take_input(self.reading.counts());
        report.misfit = self.reading.misfit();
        if report.tally.is_cut_off(1) {
            report.end = End::Unreachable;
        } else if report.end == End::Complete
            && self.stop.level() > Level::Run
            && report.is_partial()
        {
            report.end = End::Interrupted;
        }
        result
    }

    /// Whether the reader is not waited for: where it is, it may be for ever.
    fn leaves_reader(&self) -> bool {
        match (self.stop.level(), self.reading.waits()) {
            (Level::Run, _) | (_, Waits::No) => false,
            (Level::Drain | Level::Cancel, Waits::Input) => self.size.is_none(),
            (Level::Drain | Level::Cancel, Waits::Output) => false,
            (Level::Abandon, Waits::Input | Waits::Output) => true,
        }
    }

    fn is_hopeless(&self) -> bool {
        self.clock.elapsed() >= (self.shared.silence / HOPELESS).min(HOPELESS_AFTER)
            && self.progress().tally.is_cut_off(HOPELESS_LEAST)
    }

    fn is_silent(&self) -> bool {
        self.working.iter().all(|working| working.silent.load(Relaxed))
    }

    /// How long no worker that still runs could send, and why.
    fn cannot_send(&self) -> Option<(Duration, i32)> {
        let mut shortest: Option<(Duration, i32)> = None;
        for working in &self.working {
            match working.cannot_send() {
                Some(pause) => shortest = Some(shortest.map_or(pause, |other| other.min(pause))),
                // One that has ended, or waits in vain as well.
                None if working.silent.load(Relaxed) => {}
                None => return None,
            }
        }
        shortest
    }

    fn progress(&self) -> Progress {
        let mut tally = Tally::default();
        for working in &self.working {
            tally.add(&working.tally());
        }
        Progress {
            elapsed: self.clock.elapsed(),
            input: self.reading.counts(),
            octets_read: self.reading.octets(),
            size: self.size,
            tally,
            stopping: self.stop.level() > Level::Run,
            cannot_send: self.cannot_send(),
        }
    }
}

/// How many workers there can be, so that each has a whole part of every limit for all of them.
fn threads(wanted: u16, config: &engine::Config) -> usize {
    let window = match config.window {
        engine::Window::Fixed(window) => window,
        engine::Window::Adaptive => usize::MAX,
    };
    // A worker sends its first query at once, whatever its rate.
    let rates = [config.rate, config.rate_per_server].into_iter().flatten();
    let rate = rates.fold(f64::INFINITY, f64::min) as usize;
    usize::from(wanted).min(window).min(rate).max(1)
}

/// The part of the limits for all workers that falls to one of them.
fn share_of(config: &engine::Config, number: usize, threads: usize) -> engine::Config {
    let mut config = config.clone();
    let share = |rate: f64| rate / threads as f64;
    config.rate = config.rate.map(share);
    config.rate_per_server = config.rate_per_server.map(share);
    if let engine::Window::Fixed(window) = &mut config.window {
        let rest = usize::from(number < *window % threads);
        *window = *window / threads + rest;
    }
    config
}

fn spawn(
    role: &str,
    post: Post,
    work: impl FnOnce(Post) + Send + 'static,
) -> Result<(), ScanError> {
    let thread = thread::Builder::new().name(role.to_owned());
    thread.spawn(move || work(post)).map(|_| ()).map_err(ScanError::Thread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Window;

    #[test]
    fn workers_share_a_limit_and_never_exceed_it() {
        for (wanted, window, rate, expected) in [
            (4, Window::Fixed(1), None, 1),
            (4, Window::Fixed(3), None, 3),
            (4, Window::Fixed(10), None, 4),
            (4, Window::Adaptive, Some(0.5), 1),
            (4, Window::Adaptive, Some(2.5), 2),
            (4, Window::Adaptive, Some(1e9), 4),
            (4, Window::Adaptive, None, 4),
            (0, Window::Adaptive, None, 1),
        ] {
            let config = engine::Config { window, rate, ..engine::Config::default() };
            let threads = threads(wanted, &config);
            assert_eq!(threads, expected, "{wanted} {window:?} {rate:?}");
            let shares: Vec<_> =
                (0..threads).map(|number| share_of(&config, number, threads)).collect();
            if let Window::Fixed(all) = window {
                let parts = shares.iter().map(|share| match share.window {
                    Window::Fixed(part) => part,
                    Window::Adaptive => panic!("a fixed window stays fixed"),
                });
                assert_eq!(parts.clone().sum::<usize>(), all);
                assert!(parts.clone().max() <= parts.min().map(|least| least + 1));
            }
            if let Some(all) = rate {
                let sum: f64 = shares.iter().filter_map(|share| share.rate).sum();
                assert!((sum / all - 1.0).abs() < 1e-9);
            }
        }
    }
}
