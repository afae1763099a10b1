//! A worker's part in an iterative scan: an exchange is one step of a question.

use super::iterate::{FromRoot, Iteration, Others};
use super::job::Scan;
use super::render::{Renderer, Settled};
use super::tally::ScanTally;
use crate::crew::{Desk, Level, Lines, Part};
use crate::engine::{Finished, Window};
use crate::net::{Driver, NetError, Unseen};

/// A worker's part in an iterative scan.
pub(super) struct Iterative {
    iteration: Iteration,
    renderer: Renderer,
    tally: ScanTally,
}

impl Iterative {
    /// # Errors
    /// None of the root servers can be asked from here.
    pub(super) fn begin(
        from: &FromRoot,
        window: Window,
        renderer: Renderer,
        driver: &mut Driver,
    ) -> Result<Self, NetError> {
        let mut iteration = Iteration::new(from, window);
        iteration.begin(from, driver)?;
        Ok(Self { iteration, renderer, tally: ScanTally::default() })
    }
}

impl Part for Iterative {
    type Job = Scan;

    /// What the cache knows is asked of nobody.
    const ENDS_WITHOUT_PACKETS: bool = true;

    fn room(&self, _: &Driver) -> usize {
        self.iteration.room()
    }

    /// Takes names, goes on by the exchanges that have ended, and asks, until it has to wait.
    fn ask(&mut self, desk: &mut Desk) {
        let asking = desk.level() == Level::Run;
        let Self { iteration, renderer, tally } = self;
        loop {
            let unseen = if iteration.misses_answers() {
                desk.driver.unseen(iteration.unanswered_sockets())
            } else {
                Unseen::default()
            };
            let now = desk.driver.now();
            while desk.asks()
                && iteration.room() > 0
                && let Some((name, rtype)) = desk.questions.peek()
            {
                iteration.submit(now, name, rtype);
                desk.questions.advance();
            }
            let lines = &mut desk.lines;
            let mut each = |settled: &Settled<'_>| {
                let status = lines.append(|out| renderer.render_settled(settled, out));
                tally.count_settled(settled, status);
            };
            iteration.settle(now, &unseen, asking, &mut each);
            let all_out = !asking || iteration.ask(&mut desk.driver);
            let takes_more = desk.asks() && iteration.room() > 0;
            if all_out && !(takes_more && desk.questions.peek().is_some()) {
                return;
            }
        }
    }

    fn take(&mut self, finished: &Finished<'_>, _: &mut Lines) {
        self.iteration.take(finished);
    }

    fn is_idle(&mut self, desk: &mut Desk, no_more: bool) -> bool {
        let under_way = self.iteration.open();
        if no_more && under_way == 0 {
            // What is still asked about name servers, nobody waits for.
            let now = desk.driver.now();
            desk.driver.engine_mut().cancel(now, &mut |_: Finished<'_>| ());
        }
        // Names that are under way when the scan is stopped are not brought to their end.
        desk.driver.engine().is_idle() && (under_way == 0 || desk.level() > Level::Run)
    }

    fn tally(&self) -> &ScanTally {
        &self.tally
    }

    /// Exchanges are no questions: what is lost is told by the names that are under way.
    fn finish(&mut self, _: u64) -> Others {
        self.tally.cut_short += self.iteration.open() as u64;
        self.iteration.others()
    }
}
