//! A whole crew: starts the threads, waits for them, and adds up what they did.

use std::pin::pin;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;

use super::account::Account;
use super::error::CrewError;
use super::feed::{Feed, Feeder};
use super::job::{Job, Part, WorkerTally};
use super::lines::Outlet;
use super::share::{Setup, share_of, sockets_of, threads};
use super::stop::{Level, Stop};
use super::thread::{Post, spawn};
use super::worker::{self, Done, Shared, Shown};
use super::writer::{self, Output, OutputCounts, ToWriter};
use crate::net::{Driver, NetError};

/// Blocks on their way to the workers, and to the writer.
const QUEUED: usize = 8;
/// How often the overseer looks.
const TICK: Duration = Duration::from_millis(200);

/// Threads at work.
pub struct Crew<J: Job> {
    shared: Arc<Shared>,
    shown: Vec<Arc<Shown<J::Tally>>>,
    /// Workers that have not ended.
    running: usize,
    post: mpsc::UnboundedSender<Event<J>>,
    events: mpsc::UnboundedReceiver<Event<J>>,
    /// What the writer has written so far.
    written: Arc<Mutex<OutputCounts>>,
    sum: Sum<J>,
}

/// What a crew has done.
pub struct Sum<J: Job> {
    /// The accounting of engines and drivers.
    pub account: Account,
    /// The counts of all workers.
    pub tally: J::Tally,
    /// What each worker left behind beside.
    pub rests: Vec<J::Rest>,
    /// Questions that were fed and that no worker asked.
    pub not_asked: u64,
    /// What was written.
    pub output: OutputCounts,
}

/// Who watches over a crew.
pub trait Overseer<J: Job> {
    /// Looks, now and then and at the end.
    fn look(&mut self, crew: &Crew<J>);

    /// Whether a feeder that has not ended is not waited for: where it is, it may be for ever.
    fn leaves_feeder(&self) -> bool;

    /// Whether the rest goes on when the feeder has ended so.
    fn goes_on_after(&self, error: &J::Error) -> bool;
}

/// The end of a thread.
enum Event<J: Job> {
    Feeder(Result<(), J::Error>),
    Worker(usize, Box<Done<J>>, Result<(), CrewError>),
    Writer(OutputCounts, Result<(), CrewError>),
}

impl<J: Job> Default for Sum<J> {
    fn default() -> Self {
        Self {
            account: Account::default(),
            tally: J::Tally::default(),
            rests: Vec::new(),
            not_asked: 0,
            output: OutputCounts::default(),
        }
    }
}

impl<J: Job> Crew<J> {
    /// Starts the workers and the writer. Each worker makes its part with `begin`, on its own thread.
    /// Nothing is written before every worker has its sockets: then the writer begins with the
    /// `header`, as soon as there is a line or all has ended well.
    ///
    /// Must be called in a tokio runtime with time enabled. `stop` ends the work early.
    ///
    /// # Errors
    /// A thread or its sockets are not to be had. Then the threads that were started end.
    pub async fn start<P: Part<Job = J>>(
        setup: Setup,
        output: Output,
        header: &'static [u8],
        stop: &Arc<Stop>,
        begin: impl Fn(&mut Driver) -> Result<P, NetError> + Send + Sync + 'static,
    ) -> Result<(Self, Feeder), CrewError> {
        let (blocks, fed) = mpsc::channel(QUEUED);
        let (lines, written) = mpsc::channel(QUEUED);
        let (post, events) = mpsc::unbounded_channel();
        let threads = threads(&setup);
        let outlet = Outlet { writer: lines, used: Arc::default() };
        let shared = Arc::new(Shared {
            setup,
            feed: Feed::new(fed),
            used: Arc::default(),
            outlet: outlet.clone(),
            stop: Arc::clone(stop),
        });
        let feeder =
            Feeder { blocks, used: Arc::clone(&shared.used), outlet, stop: Arc::clone(stop) };
        let mut crew = Self {
            shared,
            shown: (0..threads).map(|_| Arc::default()).collect(),
            running: threads,
            post,
            events,
            written: Arc::default(),
            sum: Sum::default(),
        };
        let started = match crew.start_workers(&Arc::new(begin)) {
            Ok(opened) => crew.all_open(opened).await,
            Err(error) => Err(error),
        };
        if let Err(error) = started.and_then(|()| crew.start_writer(written, output, header)) {
            stop.raise(Level::Abandon);
            return Err(error);
        }
        Ok((crew, feeder))
    }

    fn start_workers<P: Part<Job = J>>(
        &self,
        begin: &Arc<impl Fn(&mut Driver) -> Result<P, NetError> + Send + Sync + 'static>,
    ) -> Result<mpsc::Receiver<()>, CrewError> {
        let (open, opened) = mpsc::channel(1);
        let setup = &self.shared.setup;
        for (number, shown) in self.shown.iter().enumerate() {
            let (shared, shown, open) = (Arc::clone(&self.shared), Arc::clone(shown), open.clone());
            let begin = Arc::clone(begin);
            let panic = Event::Worker(number, Box::default(), Err(CrewError::Panic));
            let config = share_of(&setup.engine, number, self.shown.len());
            let net = sockets_of(setup, number, self.shown.len());
            spawn("worker", Post::new(&self.post, panic), move || {
                let (done, result) = worker::run(&shared, config, &net, &*begin, &shown, open);
                Event::Worker(number, Box::new(done), result)
            })?;
        }
        Ok(opened)
    }

    /// Waits for every worker to open its sockets, or for the error of one that cannot.
    async fn all_open(&mut self, mut opened: mpsc::Receiver<()>) -> Result<(), CrewError> {
        for _ in &self.shown {
            if opened.recv().await.is_some() {
                continue;
            }
            while let Some(event) = self.events.recv().await {
                if let Event::Worker(_, _, ended @ Err(_)) = event {
                    return ended;
                }
            }
            return Err(CrewError::Panic);
        }
        Ok(())
    }

    fn start_writer(
        &self,
        lines: mpsc::Receiver<ToWriter>,
        output: Output,
        header: &'static [u8],
    ) -> Result<(), CrewError> {
        let (shared, written) = (Arc::clone(&self.shared), Arc::clone(&self.written));
        let panic = Event::Writer(OutputCounts::default(), Err(CrewError::Panic));
        spawn("writer", Post::new(&self.post, panic), move || {
            let Output { label, write } = output;
            let (pool, stop) = (&shared.outlet.used, &shared.stop);
            let (counts, result) = writer::write_all(lines, header, write, pool, stop, &written);
            let OutputCounts { lines, torn, .. } = counts;
            let failed = |source| CrewError::Output { label, lines, torn, source };
            Event::Writer(counts, result.map_err(failed))
        })
    }

    /// Starts the thread that feeds the workers, once.
    ///
    /// # Errors
    /// The system gives no thread. Then the other threads end.
    pub fn feed(
        &self,
        role: &str,
        work: impl FnOnce() -> Result<(), J::Error> + Send + 'static,
    ) -> Result<(), CrewError> {
        let panic = Event::Feeder(Err(CrewError::Panic.into()));
        let started = spawn(role, Post::new(&self.post, panic), move || Event::Feeder(work()));
        if started.is_err() {
            self.shared.stop.raise(Level::Abandon);
        }
        started
    }

    /// Waits for the threads: first the workers, then the feeder, last the writer.
    ///
    /// # Errors
    /// What kept the crew from coming to its end, beside what was done. What the output says comes
    /// before everything else, then what came first.
    pub async fn attend(
        mut self,
        overseer: &mut impl Overseer<J>,
    ) -> (Sum<J>, Result<(), J::Error>) {
        let mut ticks = tokio::time::interval(TICK);
        let (mut feeder_ended, mut writer_ended) = (false, false);
        let (mut closing, mut closed) = (false, false);
        let mut result = Ok(());
        let stop = Arc::clone(&self.shared.stop);
        let writer = self.shared.outlet.writer.clone();
        let mut patience = pin!(stop.patience());
        while self.running > 0 || !feeder_ended || !writer_ended {
            if self.running == 0 && !closing && (feeder_ended || overseer.leaves_feeder()) {
                closing = true;
                feeder_ended = true;
            }
            let event = tokio::select! {
                // Every thread tells of its end.
                Some(event) = self.events.recv() => event,
                sent = writer.send(ToWriter::End(result.is_ok())), if closing && !closed => {
                    // Fails only if the writer has failed, which its own event says.
                    let _ = sent;
                    closed = true;
                    continue;
                }
                () = &mut patience, if closing => {
                    // The output takes nothing, and may never again.
                    self.sum.output = self.written.lock().map(|counts| *counts).unwrap_or_default();
                    break;
                }
                _ = ticks.tick() => {
                    overseer.look(&self);
                    continue;
                }
            };
            let ended = match event {
                Event::Worker(number, done, ended) => {
                    self.take(number, *done).await;
                    ended.map_err(J::Error::from)
                }
                Event::Feeder(ended) => {
                    feeder_ended = true;
                    ended
                }
                Event::Writer(counts, ended) => {
                    writer_ended = true;
                    self.sum.output = counts;
                    // It is why the workers stopped, so it comes before what they say.
                    result = ended.map_err(J::Error::from).and(result);
                    continue;
                }
            };
            // What is on its way has its line all the same, and what was fed is asked.
            if ended.as_ref().is_err_and(|error| !overseer.goes_on_after(error)) {
                stop.raise(Level::Drain);
            }
            result = result.and(ended);
        }
        overseer.look(&self);
        (self.sum, result)
    }

    /// Takes what a worker leaves behind.
    async fn take(&mut self, number: usize, done: Done<J>) {
        self.running -= 1;
        self.shown[number].silent.store(true, Relaxed);
        self.sum.account.add(done.account);
        self.sum.tally.add(&done.tally);
        self.sum.rests.push(done.rest);
        self.sum.not_asked += done.not_asked;
        if self.running == 0 {
            let left = self.shared.feed.close().await;
            self.sum.not_asked += left.iter().map(|block| block.len() as u64).sum::<u64>();
        }
    }

    /// How many workers have not ended.
    pub fn running(&self) -> usize {
        self.running
    }

    /// The counts of all workers so far.
    pub fn tally(&self) -> J::Tally {
        let mut sum = J::Tally::default();
        for shown in &self.shown {
            sum.add(&shown.tally());
        }
        sum
    }

    /// Whether no worker has heard anything for too long. One that has ended is silent as well.
    pub fn is_silent(&self) -> bool {
        self.shown.iter().all(|shown| shown.silent.load(Relaxed))
    }

    /// How long no worker that still runs could send, and the error number that says why.
    pub fn cannot_send(&self) -> Option<(Duration, i32)> {
        let mut shortest: Option<(Duration, i32)> = None;
        for shown in &self.shown {
            match shown.cannot_send() {
                Some(pause) => shortest = Some(shortest.map_or(pause, |other| other.min(pause))),
                // One that has ended, or waits in vain as well.
                None if shown.silent.load(Relaxed) => {}
                None => return None,
            }
        }
        shortest
    }
}
