//! A worker's part in a scan of certain servers: each question is one exchange.

use super::iterate::Others;
use super::job::Scan;
use super::render::Renderer;
use super::tally::ScanTally;
use crate::crew::{Desk, Lines, Part};
use crate::engine::{ExchangeRequest, Finished};
use crate::wire::Class;

/// A worker's part in a scan of certain servers.
pub(super) struct Direct {
    class: Class,
    renderer: Renderer,
    tally: ScanTally,
}

impl Direct {
    pub(super) fn new(class: Class, renderer: Renderer) -> Self {
        Self { class, renderer, tally: ScanTally::default() }
    }
}

impl Part for Direct {
    type Job = Scan;

    fn ask(&mut self, desk: &mut Desk) {
        if !desk.asks() {
            return;
        }
        let Desk { driver, questions, .. } = desk;
        let engine = driver.engine_mut();
        for _ in 0..engine.room() {
            let Some((name, rtype)) = questions.peek() else { return };
            let ask = ExchangeRequest { class: self.class, ..ExchangeRequest::new(0, name, rtype) };
            if engine.submit(&ask).is_err() {
                return;
            }
            questions.advance();
        }
    }

    #[inline]
    fn take(&mut self, finished: &Finished<'_>, lines: &mut Lines) {
        let status = lines.append(|out| self.renderer.render(finished, out));
        self.tally.count(finished, status);
    }

    fn tally(&self) -> &ScanTally {
        &self.tally
    }

    fn finish(&mut self, lost: u64) -> Others {
        self.tally.cut_short += lost;
        Others::default()
    }
}
