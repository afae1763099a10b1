//! A whole measurement: a reader feeds a crew of workers, and somebody watches over them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::client::{Client, Orders};
use super::comparison::compare;
use super::counts::{Counts, Latencies};
use super::error::BenchError;
use super::job::{Bench, Tally};
use super::periods::{Collector, Period, Slices};
use super::plan::{OpenLoop, Plan, Wanted};
use super::reader::{Input, Reader, Reading};
use super::report::{Ending, Report, ServerReport};
use super::start::Start;
use crate::crew::{Account, Crew, CrewError, Level, Overseer, QUESTIONS, Setup, Stop, Sum};
use crate::engine;
use crate::net::processor_time;
use crate::wire::HEADER_LEN;

/// A server that has answered nothing at all for so many timeouts is not asked any more.
const SILENT_FOR: u32 = 2;
/// Nor one to which so many queries could not be delivered.
const HOPELESS: u64 = 1_000;
/// And for no less than this.
const SILENT_LEAST: Duration = Duration::from_secs(2);

/// Blocks of time in which servers are compared, in a run of a length that is known.
const BLOCKS: u32 = 20;
/// In another one the blocks begin with this length, and become longer with the run.
const FIRST_BLOCKS: Duration = Duration::from_millis(10);

/// How far a measurement has come.
#[derive(Debug, Clone)]
pub struct Progress {
    /// How long queries have been sent.
    pub elapsed: Duration,
    /// The query file so far.
    pub input: Input,
    /// What became of the queries so far.
    pub counts: Counts,
    /// The intervals that are over since the last time.
    pub intervals: Vec<Period>,
}

/// Makes a measurement. `watch` is called now and then with the progress; `stop` ends it early.
///
/// Must be called in a tokio runtime with time enabled; it starts threads of its own for the work. The
/// report covers what was done, also if there is an error beside it; there is none if nothing could be
/// done at all.
///
/// # Errors
/// What kept the measurement from coming to its end.
pub async fn run(
    plan: Plan,
    stop: Arc<Stop>,
    watch: &mut dyn FnMut(&Progress),
) -> (Option<Report>, Result<(), BenchError>) {
    let start = Arc::<Start>::default();
    let reading = Arc::<Reading>::default();
    let setting = Setting {
        servers: plan.servers.clone(),
        wanted: plan.wanted(),
        interval: plan.interval,
        started: SystemTime::now(),
        processor: processor_time(),
    };
    let slices = Arc::<Slices>::default();
    let crew = match begin(plan, &stop, &start, &reading, &slices).await {
        Ok(crew) => crew,
        Err(error) => return (None, Err(error.into())),
    };
    let collector = setting.interval.map(|_| Collector::default());
    let patience = setting.wanted.warmup + (setting.wanted.timeout * SILENT_FOR).max(SILENT_LEAST);
    let mut watch = Watch {
        stop,
        start,
        reading,
        patience,
        silent: false,
        interrupted: None,
        slices,
        collector,
        workers: crew.running(),
        show: watch,
    };
    let (sum, result) = crew.attend(&mut watch).await;
    let report = watch.conclude(setting, sum, result.is_err());
    (Some(report), result)
}

/// What is known before anything is measured.
struct Setting {
    servers: Vec<SocketAddr>,
    wanted: Wanted,
    interval: Option<Duration>,
    started: SystemTime,
    /// The processor time that the program had taken before.
    processor: Option<Duration>,
}

/// Starts the threads. Nothing is read before every worker has its sockets.
async fn begin(
    plan: Plan,
    stop: &Arc<Stop>,
    start: &Arc<Start>,
    reading: &Arc<Reading>,
    slices: &Arc<Slices>,
) -> Result<Crew<Bench>, CrewError> {
    debug_assert!(plan.engine.window.is_strict(), "what is outstanding is the user's to say");
    let servers = plan.servers.len() as f64;
    let mut engine = plan.engine;
    engine.rate = engine.rate.map(|rate| rate * servers);
    let orders = Orders {
        start: Arc::clone(start),
        warmup: plan.warmup,
        duration: plan.duration,
        // The servers take turns.
        open_loop: plan.open_loop.map(|open| OpenLoop { rate: open.rate * servers, ..open }),
        workers: plan.threads.into(),
        begun: Arc::default(),
        interval: plan.interval,
        slices: Arc::clone(slices),
        stop: Arc::clone(stop),
        servers: plan.servers.len(),
        blocks: plan.blocks || plan.servers.len() > 1,
        block: plan.duration.map_or(FIRST_BLOCKS, |duration| duration / BLOCKS),
        overhead: overhead(&engine),
        verbose: plan.verbose,
    };
    let setup = Setup {
        servers: plan.servers,
        engine,
        net: plan.net,
        sockets: Some(plan.clients),
        threads: plan.threads,
        silence: Duration::MAX,
    };
    let (crew, feeder) = Crew::start(setup, plan.output, b"", stop, move |driver| {
        Ok(Client::new(orders.clone(), driver.now()))
    })
    .await?;
    let (reading, start) = (Arc::clone(reading), Arc::clone(start));
    let (source, passes) = (plan.source, plan.passes);
    // Small blocks leave something for every worker.
    let per_block = if plan.threads > 1 { 32 } else { QUESTIONS };
    let reader = Reader { source, passes, feeder, reading, start, per_block };
    crew.feed("reader", move || reader.run())?;
    Ok(crew)
}

/// Octets of a query beside its name.
fn overhead(config: &engine::EngineConfig) -> u64 {
    const TYPE_AND_CLASS: usize = 4;
    const EMPTY_OPT: usize = 11;
    let opt = config.profile.edns.as_ref().map_or(0, |edns| EMPTY_OPT + edns.options.len());
    (HEADER_LEN + TYPE_AND_CLASS + opt) as u64
}

/// Watches over a measurement that is under way.
struct Watch<'a> {
    stop: Arc<Stop>,
    start: Arc<Start>,
    reading: Arc<Reading>,
    /// How long the server may answer nothing at all.
    patience: Duration,
    /// It has answered nothing for so long.
    silent: bool,
    /// When somebody wanted it to end, from the start on.
    interrupted: Option<Duration>,
    slices: Arc<Slices>,
    collector: Option<Collector>,
    /// Workers that there were.
    workers: usize,
    show: &'a mut dyn FnMut(&Progress),
}

impl Overseer<Bench> for Watch<'_> {
    fn look(&mut self, crew: &Crew<Bench>) {
        let counts = crew.tally().sum();
        let elapsed = self.start.elapsed().unwrap_or_default();
        let over = crew.running() == 0;
        let intervals = match &mut self.collector {
            Some(collector) => collector.collect(&self.slices, self.workers, over),
            None => Vec::new(),
        };
        (self.show)(&Progress { elapsed, input: self.reading.input(), counts, intervals });
        let level = self.stop.level();
        if level >= Level::Cancel {
            if !self.silent {
                self.interrupted.get_or_insert(elapsed);
            }
            return;
        }
        let heard = counts.answered() + counts.late > 0;
        // Over TCP each is refused at once.
        let hopeless = elapsed >= self.patience || counts.undelivered >= HOPELESS;
        if hopeless && !heard && crew.running() > 0 {
            self.silent = true;
            self.stop.raise(Level::Cancel);
        }
    }

    fn leaves_feeder(&self) -> bool {
        self.stop.level() > Level::Run && self.reading.waits()
    }

    fn goes_on_after(&self, error: &BenchError) -> bool {
        // What was read is asked, and is all there will be.
        matches!(error, BenchError::Unrepeatable { .. } | BenchError::Input { .. })
    }
}

impl Watch<'_> {
    /// Says what was measured, and how it ended.
    fn conclude(self, setting: Setting, sum: Sum<Bench>, failed: bool) -> Report {
        let Sum { account, tally, rests, .. } = sum;
        let counts = tally.sum();
        let of_servers = sum_by_server(&rests, setting.servers.len());
        let mut latencies = Latencies::default();
        of_servers.iter().for_each(|of_server| latencies.add(of_server));
        let over = self.stop.level() > Level::Run;
        let ending = match self.interrupted {
            _ if self.silent => Ending::Silence(self.patience),
            Some(_) => Ending::Interrupted,
            None if failed => Ending::Failed,
            None if over => Ending::TimeLimit,
            None => Ending::EndOfFile,
        };
        let sending = match (ending, self.interrupted, setting.wanted.duration) {
            (Ending::Interrupted, Some(at), _) => at.saturating_sub(setting.wanted.warmup),
            (Ending::TimeLimit, _, Some(duration)) => duration,
            _ => counts.last_sent,
        };
        debug_assert!(
            failed || agree(&tally, &of_servers, &account),
            "{tally:?} {of_servers:?} {account:?}"
        );
        let duration = sending.max(counts.last_answer);
        let blocks: Vec<_> = of_servers.iter().filter_map(|it| it.blocks.as_ref()).collect();
        let comparisons = compare(&blocks);
        let counts_of = |place: usize| tally.0.get(place).copied().unwrap_or_default();
        let servers = setting.servers.iter().zip(of_servers).enumerate();
        Report {
            servers: servers
                .map(|(place, (&server, latencies))| ServerReport {
                    server,
                    counts: counts_of(place),
                    latency: latencies.in_time(),
                    latencies,
                    duration,
                })
                .collect(),
            comparisons,
            started: setting.started,
            duration,
            ending,
            input: self.reading.input(),
            intervals: self.collector.map(Collector::into_done).unwrap_or_default(),
            counts,
            latencies,
            wanted: setting.wanted,
            client: super::report::Client {
                processor: processor_time()
                    .zip(setting.processor)
                    .map(|(after, before)| after.saturating_sub(before)),
                threads: rests.len(),
                local: account.local,
                connects: account.connects,
            },
        }
    }
}

/// What all workers have measured of each server.
fn sum_by_server(rests: &[Vec<Latencies>], servers: usize) -> Vec<Latencies> {
    let mut sums: Vec<Latencies> =
        std::iter::repeat_with(Latencies::default).take(servers).collect();
    for rest in rests {
        for (sum, of_server) in sums.iter_mut().zip(rest) {
            sum.add(of_server);
        }
    }
    sums
}

/// Whether what was counted of the queries to each server is what engines counted of messages.
fn agree(tally: &Tally, latencies: &[Latencies], account: &Account) -> bool {
    let servers = tally.0.iter().zip(latencies).zip(&account.servers);
    servers.into_iter().all(|((counts, latencies), server)| {
        let mut counts = *counts;
        counts.add(&latencies.warmup);
        let of_engine = &server.counts;
        counts.sent() == of_engine.sent - of_engine.not_sent
            && counts.answered() == of_engine.answered
            && counts.late == of_engine.late
            && counts.not_sent == of_engine.not_sent
    })
}
