//! A worker: takes blocks of questions, has a job's part ask them, and hands on its lines.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::mpsc;

use super::account::Account;
use super::block::Block;
use super::desk::Desk;
use super::error::CrewError;
use super::feed::Feed;
use super::job::{Job, Part};
use super::lines::{Lines, Outlet};
use super::pool::Pool;
use super::share::Setup;
use super::stop::{Level, Stop};
use crate::engine::{EngineConfig, Finished, Time};
use crate::net::{self, Driver, NetError, event_loop};

/// How often a worker looks up from its packets: to see a stop, to show its counts, and to hand on
/// lines that have waited.
const TICK: Duration = Duration::from_millis(100);

/// What a worker has done so far, for other threads to see.
#[derive(Debug, Default)]
pub(super) struct Shown<T> {
    tally: Mutex<T>,
    /// No server has answered this worker for too long, or it has ended.
    pub silent: AtomicBool,
    /// This machine cannot send: for how long, and what the system says.
    cannot_send: Mutex<Option<(Duration, i32)>>,
}

impl<T: Clone + Default> Shown<T> {
    pub(super) fn tally(&self) -> T {
        self.tally.lock().map(|tally| tally.clone()).unwrap_or_default()
    }

    pub(super) fn cannot_send(&self) -> Option<(Duration, i32)> {
        self.cannot_send.lock().ok().and_then(|pause| *pause)
    }
}

/// What all workers need.
pub(super) struct Shared {
    pub setup: Setup,
    pub feed: Feed,
    pub used: Arc<Pool<Block>>,
    pub outlet: Outlet,
    pub stop: Arc<Stop>,
}

/// What a worker leaves behind.
pub(super) struct Done<J: Job> {
    pub account: Account,
    pub tally: J::Tally,
    pub rest: J::Rest,
    /// Questions that it had taken and did not ask.
    pub not_asked: u64,
}

impl<J: Job> Default for Done<J> {
    fn default() -> Self {
        Self {
            account: Account::default(),
            tally: J::Tally::default(),
            rest: J::Rest::default(),
            not_asked: 0,
        }
    }
}

struct Worker<'s, P: Part> {
    shared: &'s Shared,
    shown: &'s Shown<<P::Job as Job>::Tally>,
    desk: Desk,
    part: P,
    /// No more blocks will come.
    exhausted: bool,
}

/// Runs one worker to its end, on the thread it is called on. Tells `open` that it has its sockets, and
/// drops it if it has not.
///
/// # Errors
/// What kept the driver from working, beside an account of what was done before.
pub(super) fn run<P: Part>(
    shared: &Shared,
    config: EngineConfig,
    net: &net::Options,
    begin: &(impl Fn(&mut Driver) -> Result<P, NetError> + ?Sized),
    shown: &Shown<<P::Job as Job>::Tally>,
    open: mpsc::Sender<()>,
) -> (Done<P::Job>, Result<(), CrewError>) {
    let runtime = match event_loop() {
        Ok(runtime) => runtime,
        Err(error) => return (Done::default(), Err(CrewError::Runtime(error))),
    };
    runtime.block_on(async {
        let opened = Driver::open(config, &shared.setup.servers, net);
        let begun = opened.and_then(|mut driver| Ok((begin(&mut driver)?, driver)));
        let (part, driver) = match begun {
            Ok(begun) => begun,
            Err(error) => return (Done::default(), Err(error.into())),
        };
        let _ = open.send(()).await;
        drop(open);
        let desk = Desk::new(driver, Lines::new(shared.outlet.clone()));
        let mut worker = Worker { shared, shown, desk, part, exhausted: false };
        let result = guard(worker.work()).await;
        (worker.finish(&result).await, result)
    })
}

/// Makes an error of a panic, so that what was finished before is written and counted.
async fn guard(work: impl Future<Output = Result<(), CrewError>>) -> Result<(), CrewError> {
    let mut work = pin!(work);
    poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)));
        polled.unwrap_or(Poll::Ready(Err(CrewError::Panic)))
    })
    .await
}

impl<P: Part> Worker<'_, P> {
    async fn work(&mut self) -> Result<(), CrewError> {
        let mut tick = self.desk.driver.now() + TICK;
        loop {
            self.check_stop();
            self.part.ask(&mut self.desk);
            let now = self.desk.driver.now();
            if now >= tick {
                self.publish_progress(now);
                tick = now + TICK;
            }
            let no_more = self.exhausted || self.desk.level > Level::Run;
            let over = self.part.is_idle(&mut self.desk, no_more) && no_more;
            let lines = &mut self.desk.lines;
            if over {
                lines.cut();
            }
            if lines.are_refused() || over && !lines.are_waiting() {
                return Ok(());
            }
            if self.desk.level == Level::Abandon {
                // What is finished is handed on at the end, as long as the writer takes it.
                return Ok(());
            }
            self.wait(self.part.due().map_or(tick, |due| due.min(tick))).await?;
        }
    }

    /// Has the driver work, and takes what comes first: packets, questions, room at the writer.
    async fn wait(&mut self, wake: Time) -> Result<(), CrewError> {
        let Self { shared, desk, part, exhausted, .. } = self;
        let wants_questions = desk.asks()
            && !*exhausted
            && desk.questions.peek().is_none()
            && part.room(&desk.driver) > 0;
        let Desk { driver, questions, lines, .. } = desk;
        let must_write = lines.are_waiting();
        let mut sink = |finished: Finished<'_>| part.take(&finished, lines);
        if !wants_questions && !must_write {
            return Ok(driver.turn(Some(wake), &mut sink).await?);
        }
        tokio::select! {
            biased;
            permit = shared.outlet.writer.reserve(), if must_write => lines.pass(permit.ok()),
            block = shared.feed.next(), if wants_questions => match block {
                Some(block) => {
                    let mut used = questions.replace(block);
                    used.clear();
                    shared.used.give(used);
                }
                None => *exhausted = true,
            },
            turned = driver.turn(Some(wake), &mut sink) => turned?,
        }
        if P::ENDS_WITHOUT_PACKETS && wants_questions {
            let mut sink = |finished: Finished<'_>| part.take(&finished, lines);
            driver.turn(Some(Time::ZERO), &mut sink).await?;
        }
        Ok(())
    }

    /// Does what the crew was told since the last look.
    fn check_stop(&mut self) {
        let level = self.shared.stop.level();
        if level > self.desk.level {
            self.stop(level);
        }
    }

    fn stop(&mut self, level: Level) {
        self.desk.level = level;
        let Self { desk: Desk { driver, lines, .. }, part, .. } = self;
        let now = driver.now();
        let mut sink = |finished: Finished<'_>| part.take(&finished, lines);
        match level {
            Level::Run => {}
            Level::Drain => driver.engine_mut().drain(now, &mut sink),
            Level::Cancel | Level::Abandon => driver.engine_mut().cancel(now, &mut sink),
        }
    }

    fn publish_progress(&mut self, now: Time) {
        self.desk.lines.cut();
        if let Ok(mut tally) = self.shown.tally.lock() {
            tally.clone_from(self.part.tally());
        }
        let engine = self.desk.driver.engine();
        let pause = engine.cannot_send();
        if let Ok(mut cannot_send) = self.shown.cannot_send.lock() {
            *cannot_send = pause.map(|pause| (now.since(pause.since), pause.errno));
        }
        let silent = engine.silent_for(now);
        let silent = silent.is_some_and(|span| span >= self.shared.setup.silence);
        self.shown.silent.store(silent, Relaxed);
    }

    /// Comes to an end: what is finished goes to the writer, whatever else has failed.
    async fn finish(mut self, result: &Result<(), CrewError>) -> Done<P::Job> {
        let now = self.desk.driver.now();
        let mut lost = 0;
        if let Err(CrewError::Panic) = result {
            // Nothing that holds of an engine or of a part need hold now.
            lost = self.desk.driver.engine().totals().open;
            self.desk.lines.drop_unfinished();
        } else {
            if result.is_err() {
                self.stop(Level::Cancel);
            }
            if self.desk.level > Level::Run {
                // What had ended when the crew was stopped has its line.
                self.part.ask(&mut self.desk);
            }
        }
        self.desk.lines.hand_over(&self.shared.stop).await;
        self.desk.driver.engine_mut().abandon_own();
        let rest = self.part.finish(lost);
        self.publish_progress(now);
        Done {
            account: Account::of(&mut self.desk.driver, now),
            tally: self.part.tally().clone(),
            rest,
            not_asked: self.desk.questions.left() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crew::job::WorkerTally;
    use crate::crew::writer::ToWriter;
    use crate::engine::ExchangeRequest;
    use crate::wire::RecordType;

    /// Asks what it is given, with a line for each exchange.
    #[derive(Default)]
    struct Counting(Count);

    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    struct Count {
        ended: u64,
        lost: u64,
    }

    struct Counted;

    impl Job for Counted {
        type Tally = Count;
        type Rest = ();
        type Error = CrewError;
    }

    impl WorkerTally for Count {
        fn add(&mut self, other: &Self) {
            self.ended += other.ended;
            self.lost += other.lost;
        }
    }

    impl Part for Counting {
        type Job = Counted;

        fn ask(&mut self, desk: &mut Desk) {
            if !desk.asks() {
                return;
            }
            let Desk { driver, questions, .. } = desk;
            while driver.engine().room() > 0
                && let Some((name, rtype)) = questions.peek()
            {
                driver.engine_mut().submit(&ExchangeRequest::new(0, name, rtype)).unwrap();
                questions.advance();
            }
        }

        fn take(&mut self, _: &Finished<'_>, lines: &mut Lines) {
            self.0.ended += 1;
            lines.append(|out| out.extend_from_slice(b"ended\n"));
        }

        fn tally(&self) -> &Count {
            &self.0
        }

        fn finish(&mut self, lost: u64) {
            self.0.lost += lost;
        }
    }

    /// The end of a worker that has a block of lines, and these, and asks a server that says nothing.
    async fn end(current: &[u8], failure: CrewError) -> (Done<Counted>, Vec<u8>) {
        let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let servers = vec![silent.local_addr().unwrap()];
        let (writer, mut lines) = mpsc::channel(4);
        let (_blocks, questions) = mpsc::channel(1);
        let setup = Setup {
            servers,
            engine: EngineConfig::default(),
            net: net::Options { sockets: 1, ..net::Options::default() },
            sockets: None,
            threads: 1,
            silence: Duration::from_secs(30),
        };
        let config = EngineConfig::default();
        let driver = Driver::open(config, &setup.servers, &setup.net).unwrap();
        let shared = Shared {
            setup,
            feed: Feed::new(questions),
            used: Arc::default(),
            outlet: Outlet { writer, used: Arc::default() },
            stop: Arc::default(),
        };
        let shown = Shown::default();
        let mut desk = Desk::new(driver, Lines::new(shared.outlet.clone()));
        desk.lines.append(|out| out.extend_from_slice(b"zero\n"));
        desk.lines.cut();
        desk.lines.append(|out| out.extend_from_slice(current));
        let mut block = Block::default();
        let name = |names: &mut Vec<u8>| {
            names.extend_from_slice(b"\x01a\0");
            Ok::<_, ()>(())
        };
        block.push(&[RecordType::A], name).unwrap();
        desk.questions.replace(block);
        let part = Counting::default();
        let mut worker = Worker { shared: &shared, shown: &shown, desk, part, exhausted: false };
        let Desk { driver, questions, .. } = &mut worker.desk;
        let (name, rtype) = questions.peek().unwrap();
        driver.engine_mut().submit(&ExchangeRequest::new(0, name, rtype)).unwrap();
        let mut sink = |_: Finished<'_>| panic!("nobody answers");
        driver.turn(Some(Time::ZERO), &mut sink).await.unwrap();
        let done = worker.finish(&Err(failure)).await;
        assert_eq!(shown.tally(), done.tally);
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
        assert_eq!(written, b"zero\none\ntwo\nended\n");
        assert_eq!((done.account.totals.cancelled, done.account.totals.open), (1, 0));
        assert_eq!((done.tally, done.not_asked), (Count { ended: 1, lost: 0 }, 1));
    }

    #[tokio::test]
    async fn a_worker_that_panics_hands_on_every_whole_line_and_counts_the_rest() {
        let (done, written) = end(b"one\ntwo\nthr", CrewError::Panic).await;
        assert_eq!(written, b"zero\none\ntwo\n");
        assert_eq!((done.account.totals.open, done.not_asked), (1, 1));
        assert_eq!(done.tally, Count { ended: 0, lost: 1 });
    }

    #[tokio::test]
    async fn a_panic_at_work_is_an_error() {
        let worked = guard(async {
            tokio::task::yield_now().await;
            panic!("at work")
        });
        assert!(matches!(worked.await, Err(CrewError::Panic)));
    }
}
