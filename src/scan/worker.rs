//! A worker: takes blocks of questions, has its engine ask them, hands on rendered lines.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, SystemTime};

use tokio::sync::{Mutex as AsyncMutex, mpsc};

use super::block::Block;
use super::iterate::{Iteration, Others};
use super::pool::Pool;
use super::render::{Context, Format, Renderer, Settled};
use super::run::{ScanError, Whom};
use super::stats::ServerStats;
use super::stop::{Level, Stop};
use super::tally::Tally;
use super::writer::{BLOCK, ToWriter};
use crate::engine::{self, Ask, Finished, Time, Totals, Troubles};
use crate::net::{self, Driver, LocalCounts};
use crate::wire::Class;

/// How often a worker looks up from its packets: to see a stop, to show its counts, and to hand on
/// lines that have waited.
const GLANCE: Duration = Duration::from_millis(100);

/// Blocks of questions, for whichever worker comes first.
pub(super) struct Questions(AsyncMutex<mpsc::Receiver<Block>>);

impl Questions {
    pub(super) fn new(blocks: mpsc::Receiver<Block>) -> Self {
        Self(AsyncMutex::new(blocks))
    }

    /// The next block; `None` when there will be no more. Cancel safe. The lock is taken once a
    /// block.
    async fn next(&self) -> Option<Block> {
        self.0.lock().await.recv().await
    }

    /// Refuses further blocks and gives those that nobody took.
    pub(super) async fn close(&self) -> Vec<Block> {
        let mut blocks = self.0.lock().await;
        blocks.close();
        let mut left = Vec::new();
        while let Some(block) = blocks.recv().await {
            left.push(block);
        }
        left
    }
}

/// What a worker has done so far, for other threads to see.
#[derive(Debug, Default)]
pub(super) struct Working {
    tally: Mutex<Tally>,
    /// No server has answered this worker for too long.
    pub silent: AtomicBool,
    /// This machine cannot send: for how long, and what the system says.
    cannot_send: Mutex<Option<(Duration, i32)>>,
}

impl Working {
    pub(super) fn tally(&self) -> Tally {
        self.tally.lock().map(|tally| *tally).unwrap_or_default()
    }

    pub(super) fn cannot_send(&self) -> Option<(Duration, i32)> {
        self.cannot_send.lock().ok().and_then(|pause| *pause)
    }
}

/// What all workers need.
pub(super) struct Shared {
    pub whom: Whom,
    pub class: Class,
    pub net: net::Options,
    pub format: Format,
    pub attempt_log: bool,
    pub silence: Duration,
    pub questions: Questions,
    pub output: mpsc::Sender<ToWriter>,
    pub block_pool: Arc<Pool<Block>>,
    pub output_pool: Arc<Pool<Vec<u8>>>,
    pub stop: Arc<Stop>,
}

/// What a worker leaves behind.
#[derive(Default)]
pub(super) struct Done {
    pub totals: Totals,
    pub tally: Tally,
    pub servers: Vec<ServerStats>,
    pub local: LocalCounts,
    pub troubles: Troubles,
    /// Servers that had to make room for others.
    pub others: Others,
    /// Questions that it had taken and did not ask.
    pub not_asked: u64,
}

struct Worker<'s> {
    shared: &'s Shared,
    working: &'s Working,
    driver: Driver,
    block: Block,
    /// The next question of `block`.
    next: usize,
    /// No more blocks will come.
    exhausted: bool,
    results: Results,
    heeded: Level,
}

/// What becomes of exchanges that have ended.
struct Results {
    renderer: Renderer,
    lines: Lines,
    tally: Tally,
    /// Only in an iterative scan: there an exchange is one step of a question.
    iteration: Option<Iteration>,
}

/// Rendered lines on their way to the writer.
struct Lines {
    current: Vec<u8>,
    /// Full blocks that the writer has no room for yet.
    waiting: VecDeque<Vec<u8>>,
    /// The writer takes no more.
    refused: bool,
}

/// Runs one worker to its end, on the thread it is called on. Tells `open` that it has its sockets, and
/// drops it if it has not.
///
/// # Errors
/// What kept the driver from working, beside an account of what was done before.
pub(super) fn run(
    shared: &Shared,
    config: engine::Config,
    working: &Working,
    open: mpsc::Sender<()>,
) -> (Done, Result<(), ScanError>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(work(shared, config, working, open)),
        Err(error) => (Done::default(), Err(ScanError::Runtime(error))),
    }
}

async fn work(
    shared: &Shared,
    config: engine::Config,
    working: &Working,
    open: mpsc::Sender<()>,
) -> (Done, Result<(), ScanError>) {
    let window = config.window;
    let (servers, from_root) = match &shared.whom {
        Whom::Servers(servers) => (&servers[..], None),
        Whom::Authorities(from) => (&[][..], Some(from)),
    };
    let mut driver = match Driver::open(config, servers, &shared.net) {
        Ok(driver) => driver,
        Err(error) => return (Done::default(), Err(error.into())),
    };
    let mut iteration = from_root.map(|from| Iteration::new(from, window));
    if let (Some(iteration), Some(from)) = (&mut iteration, from_root)
        && let Err(error) = iteration.begin(from, &mut driver)
    {
        return (Done::default(), Err(error.into()));
    }
    let _ = open.send(()).await;
    drop(open);
    let (now, wall) = (driver.now(), SystemTime::now());
    let context = Context::new(servers, now, wall, shared.attempt_log);
    let mut worker = Worker {
        shared,
        working,
        driver,
        block: Block::default(),
        next: 0,
        exhausted: false,
        results: Results {
            renderer: Renderer::new(shared.format, context),
            lines: Lines { current: Vec::new(), waiting: VecDeque::new(), refused: false },
            tally: Tally::default(),
            iteration,
        },
        heeded: Level::Run,
    };
    let result = guard(worker.work()).await;
    (worker.finish(&result).await, result)
}

/// Makes an error of a panic, so that what was finished before is written and counted.
async fn guard(work: impl Future<Output = Result<(), ScanError>>) -> Result<(), ScanError> {
    let mut work = pin!(work);
    poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)));
        polled.unwrap_or(Poll::Ready(Err(ScanError::Panic)))
    })
    .await
}

impl Worker<'_> {
    async fn work(&mut self) -> Result<(), ScanError> {
        let mut glance = self.driver.now() + GLANCE;
        loop {
            self.heed_stop();
            self.submit();
            let now = self.driver.now();
            if now >= glance {
                self.glance(now);
                glance = now + GLANCE;
            }
            let stopping = self.heeded > Level::Run;
            // Names that are under way when the scan is stopped are not brought to their end.
            let under_way = self.results.iteration.as_ref().map_or(0, Iteration::open);
            let no_more = self.exhausted || stopping;
            if self.results.iteration.is_some() && no_more && under_way == 0 {
                // What is still asked about name servers, nobody waits for.
                let now = self.driver.now();
                self.driver.engine_mut().cancel(now, &mut |_: Finished<'_>| ());
            }
            let idle = self.driver.engine().is_idle() && (under_way == 0 || stopping);
            let over = idle && no_more;
            if over && !self.results.lines.current.is_empty() {
                self.results.lines.cut(self.shared);
            }
            if self.results.lines.refused || over && self.results.lines.waiting.is_empty() {
                return Ok(());
            }
            if self.heeded == Level::Abandon {
                // What is finished is handed on at the end, as long as the writer takes it.
                return Ok(());
            }
            self.wait(glance).await?;
        }
    }

    /// Asks as much as there is room for.
    fn submit(&mut self) {
        if self.results.iteration.is_some() {
            return self.iterate();
        }
        if self.heeded > Level::Run || !self.results.lines.waiting.is_empty() {
            return;
        }
        let engine = self.driver.engine_mut();
        for _ in 0..engine.room() {
            let Some((name, rtype)) = self.block.question(self.next) else { return };
            let ask = Ask { class: self.shared.class, ..Ask::new(0, name, rtype) };
            if engine.submit(&ask).is_err() {
                return;
            }
            self.next += 1;
        }
    }

    /// In an iterative scan: takes names, goes on by the exchanges that have ended, and asks, until
    /// it has to wait.
    fn iterate(&mut self) {
        let asking = self.heeded == Level::Run;
        let Self { shared, driver, results, block, next, .. } = self;
        let Results { renderer, lines, tally, iteration } = results;
        let Some(iteration) = iteration else { return };
        loop {
            let now = driver.now();
            while asking
                && lines.waiting.is_empty()
                && iteration.room() > 0
                && let Some((name, rtype)) = block.question(*next)
            {
                iteration.submit(now, name, rtype);
                *next += 1;
            }
            let mut each = |settled: &Settled<'_>| {
                let status = renderer.render_settled(settled, &mut lines.current);
                tally.count_settled(settled, status);
                lines.cut_if_full(shared);
            };
            iteration.settle(now, asking, &mut each);
            let all_out = !asking || iteration.ask(driver);
            let takes_more = asking && lines.waiting.is_empty() && iteration.room() > 0;
            if all_out && !(takes_more && block.question(*next).is_some()) {
                return;
            }
        }
    }

    /// Has the driver work, and takes what comes first: packets, questions, room at the writer.
    async fn wait(&mut self, wake: Time) -> Result<(), ScanError> {
        let room = match &self.results.iteration {
            Some(iteration) => iteration.room(),
            None => self.driver.engine().room(),
        };
        let wants_questions = self.heeded == Level::Run
            && !self.exhausted
            && self.results.lines.waiting.is_empty()
            && self.block.question(self.next).is_none()
            && room > 0;
        let Self { shared, driver, results, .. } = self;
        let must_write = !results.lines.waiting.is_empty();
        let mut sink = |finished: Finished<'_>| results.take(&finished, shared);
        if !wants_questions && !must_write {
            return Ok(driver.turn(Some(wake), &mut sink).await?);
        }
        tokio::select! {
            biased;
            permit = shared.output.reserve(), if must_write => match permit {
                Ok(permit) => {
                    if let Some(block) = results.lines.waiting.pop_front() {
                        permit.send(ToWriter::Lines(block));
                    }
                }
                Err(_) => results.lines.refused = true,
            },
            block = shared.questions.next(), if wants_questions => match block {
                Some(block) => {
                    let mut used = std::mem::replace(&mut self.block, block);
                    used.clear();
                    shared.block_pool.give(used);
                    self.next = 0;
                }
                None => self.exhausted = true,
            },
            turned = driver.turn(Some(wake), &mut sink) => turned?,
        }
        if self.results.iteration.is_some() && wants_questions {
            // Names that the cache knows leave room for more at once: packets must have their turn.
            let Self { shared, driver, results, .. } = self;
            let mut sink = |finished: Finished<'_>| results.take(&finished, shared);
            driver.turn(Some(Time::ZERO), &mut sink).await?;
        }
        Ok(())
    }

    /// Does what the scan was told since the last look.
    fn heed_stop(&mut self) {
        let level = self.shared.stop.level();
        if level <= self.heeded {
            return;
        }
        self.heeded = level;
        let now = self.driver.now();
        let Self { shared, driver, results, .. } = self;
        let mut sink = |finished: Finished<'_>| results.take(&finished, shared);
        match level {
            Level::Run => {}
            Level::Drain => driver.engine_mut().drain(now, &mut sink),
            Level::Cancel | Level::Abandon => driver.engine_mut().cancel(now, &mut sink),
        }
    }

    fn glance(&mut self, now: Time) {
        if !self.results.lines.current.is_empty() {
            self.results.lines.cut(self.shared);
        }
        if let Ok(mut tally) = self.working.tally.lock() {
            *tally = self.results.tally;
        }
        let pause = self.driver.engine().cannot_send();
        if let Ok(mut cannot_send) = self.working.cannot_send.lock() {
            *cannot_send = pause.map(|pause| (now.since(pause.since), pause.errno));
        }
        let silent = self.driver.engine().silent_for(now);
        let silent = silent.is_some_and(|span| span >= self.shared.silence);
        self.working.silent.store(silent, Relaxed);
    }

    /// Comes to an end: what is finished goes to the writer, whatever else has failed.
    async fn finish(mut self, result: &Result<(), ScanError>) -> Done {
        let now = self.driver.now();
        match result {
            Ok(()) => {}
            // Nothing that holds of an engine or of an iteration need hold now.
            Err(ScanError::Panic) => {
                let open = self.driver.engine().totals().open;
                self.results.tally.cut_short +=
                    if self.results.iteration.is_some() { 0 } else { open };
                self.results.lines.drop_unfinished();
            }
            Err(_) => {
                self.heeded = Level::Cancel;
                let Self { shared, driver, results, .. } = &mut self;
                let mut sink = |finished: Finished<'_>| results.take(&finished, shared);
                driver.engine_mut().cancel(now, &mut sink);
            }
        }
        if self.heeded > Level::Run && self.results.iteration.is_some() {
            // What had ended when the scan was stopped has its line.
            self.iterate();
        }
        self.driver.engine_mut().abandon_own();
        self.results.lines.hand_over(self.shared).await;
        let results = &mut self.results;
        let others = results.iteration.as_mut().map(Iteration::others).unwrap_or_default();
        let under_way = results.iteration.as_ref().map_or(0, Iteration::open);
        results.tally.cut_short += under_way as u64;
        self.glance(now);
        let engine = self.driver.engine();
        Done {
            totals: engine.totals(),
            tally: self.results.tally,
            servers: engine.servers().map(|server| ServerStats::new(&server)).collect(),
            local: self.driver.local_counts(),
            troubles: engine.troubles(now),
            others,
            not_asked: (self.block.len() - self.next) as u64,
        }
    }
}

impl Results {
    /// Takes an exchange that has ended.
    #[inline]
    fn take(&mut self, finished: &Finished<'_>, shared: &Shared) {
        if let Some(iteration) = &mut self.iteration {
            return iteration.take(finished);
        }
        let status = self.renderer.render(finished, &mut self.lines.current);
        self.tally.count(finished, status);
        self.lines.cut_if_full(shared);
    }
}

impl Lines {
    #[inline]
    fn cut_if_full(&mut self, shared: &Shared) {
        if self.current.len() >= BLOCK {
            self.cut(shared);
        }
    }

    /// Gives the writer all there is, however long it takes if nobody is in a hurry.
    async fn hand_over(&mut self, shared: &Shared) {
        if !self.current.is_empty() {
            self.cut(shared);
        }
        let mut patience = pin!(shared.stop.patience());
        while !self.refused
            && let Some(block) = self.waiting.pop_front()
        {
            tokio::select! {
                biased;
                sent = shared.output.send(ToWriter::Lines(block)) => self.refused = sent.is_err(),
                () = &mut patience => self.refused = true,
            }
        }
    }

    /// Takes away what is no whole line.
    fn drop_unfinished(&mut self) {
        let whole = memchr::memrchr(b'\n', &self.current).map_or(0, |end| end + 1);
        self.current.truncate(whole);
    }

    /// Puts the lines there are in the queue for the writer.
    fn cut(&mut self, shared: &Shared) {
        let empty = shared.output_pool.take();
        self.waiting.push_back(std::mem::replace(&mut self.current, empty));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::NetError;

    /// The end of a worker that has a block of lines, and these, and asks a server that says nothing.
    async fn end(current: &[u8], failure: ScanError) -> (Done, Vec<u8>) {
        let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let servers = vec![silent.local_addr().unwrap()];
        let (output, mut lines) = mpsc::channel(4);
        let (_blocks, questions) = mpsc::channel(1);
        let net = net::Options { sockets: 1, ..net::Options::default() };
        let driver = Driver::open(engine::Config::default(), &servers, &net).unwrap();
        let context = Context::new(&servers, driver.now(), SystemTime::now(), false);
        let shared = Shared {
            class: Class::IN,
            whom: Whom::Servers(servers),
            net,
            format: Format::Text,
            attempt_log: false,
            silence: Duration::from_secs(30),
            questions: Questions::new(questions),
            output,
            block_pool: Arc::default(),
            output_pool: Arc::default(),
            stop: Arc::default(),
        };
        let working = Working::default();
        let current = current.to_vec();
        let mut worker = Worker {
            shared: &shared,
            working: &working,
            driver,
            block: Block::default(),
            next: 0,
            exhausted: false,
            results: Results {
                renderer: Renderer::new(Format::Text, context),
                lines: Lines {
                    current,
                    waiting: VecDeque::from([b"zero\n".to_vec()]),
                    refused: false,
                },
                tally: Tally::default(),
                iteration: None,
            },
            heeded: Level::Run,
        };
        worker
            .driver
            .engine_mut()
            .submit(&Ask::new(0, b"\x01a\0", crate::wire::RecordType::A))
            .unwrap();
        let mut sink = |_: Finished<'_>| panic!("nobody answers");
        worker.driver.turn(Some(Time::ZERO), &mut sink).await.unwrap();
        let done = worker.finish(&Err(failure)).await;
        drop(shared);
        let mut written = Vec::new();
        while let Some(ToWriter::Lines(block)) = lines.recv().await {
            written.extend(block);
        }
        (done, written)
    }

    #[tokio::test]
    async fn a_worker_that_fails_hands_on_every_line_and_counts_the_rest() {
        let (done, written) = end(b"one\ntwo\n", NetError::NoRuntime.into()).await;
        assert_eq!(written, b"zero\none\ntwo\n");
        assert_eq!((done.totals.cancelled, done.totals.open), (1, 0));
        assert_eq!(done.tally.cut_short, 1);
    }

    #[tokio::test]
    async fn a_worker_that_panics_hands_on_every_whole_line_and_counts_the_rest() {
        let (done, written) = end(b"one\ntwo\nthr", ScanError::Panic).await;
        assert_eq!(written, b"zero\none\ntwo\n");
        assert_eq!((done.totals.open, done.tally.cut_short), (1, 1));
    }

    #[tokio::test]
    async fn a_panic_at_work_is_an_error() {
        let worked = guard(async {
            tokio::task::yield_now().await;
            panic!("at work")
        });
        assert!(matches!(worked.await, Err(ScanError::Panic)));
    }
}
