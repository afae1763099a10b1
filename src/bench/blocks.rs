//! What a server did in each of some twenty to forty blocks of time: what servers are compared by.

use std::time::Duration;

use crate::stats::Durations;

/// Blocks at most. When there are more, each two of them become one: a run of any length has at least half
/// as many, and its memory stays the same.
const MOST: usize = 40;

/// What a server did, in blocks of time of equal length.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    length: Duration,
    blocks: Vec<Block>,
}

/// What became of the queries that were to be sent in a block of time.
#[derive(Debug, Clone, Default)]
pub(super) struct Block {
    /// The latencies of those answered in time.
    pub latency: Durations,
    /// Those that were not answered in time.
    pub unanswered: u64,
}

impl Block {
    /// Adds another one.
    pub(super) fn add(&mut self, other: &Self) {
        self.latency.add(&other.latency);
        self.unanswered += other.unanswered;
    }
}

impl Blocks {
    /// `length` is that of a block, as long as the run has not more than [`MOST`].
    pub(super) fn new(length: Duration) -> Self {
        Self { length: length.max(Duration::from_millis(1)), blocks: Vec::new() }
    }

    /// Adds a query that was answered in time, due so long after the start.
    pub(super) fn answered(&mut self, due: Duration, latency: Duration) {
        self.block(due).latency.record(latency);
    }

    /// Adds a query that was not.
    pub(super) fn unanswered(&mut self, due: Duration) {
        self.block(due).unanswered += 1;
    }

    fn block(&mut self, due: Duration) -> &mut Block {
        while self.place(due) >= MOST {
            self.halve();
        }
        let place = self.place(due);
        if self.blocks.len() <= place {
            self.blocks.resize_with(place + 1, Block::default);
        }
        &mut self.blocks[place]
    }

    fn place(&self, due: Duration) -> usize {
        usize::try_from(due.as_nanos() / self.length.as_nanos()).unwrap_or(usize::MAX)
    }

    /// Makes one block of each two.
    fn halve(&mut self) {
        self.length = self.length.saturating_mul(2);
        let blocks = std::mem::take(&mut self.blocks);
        let mut blocks = blocks.into_iter();
        while let Some(mut block) = blocks.next() {
            if let Some(second) = blocks.next() {
                block.add(&second);
            }
            self.blocks.push(block);
        }
    }

    /// Adds what another worker saw of the same server, whose first blocks had the same length.
    pub(super) fn add(&mut self, other: &Self) {
        while self.length < other.length {
            self.halve();
        }
        let per_block = (self.length.as_nanos() / other.length.as_nanos().max(1)).max(1) as usize;
        for (place, theirs) in other.blocks.iter().enumerate() {
            let place = place / per_block;
            if self.blocks.len() <= place {
                self.blocks.resize_with(place + 1, Block::default);
            }
            self.blocks[place].add(theirs);
        }
    }

    /// The blocks of several servers, of the same times: as many of each.
    pub(super) fn aligned(servers: &[&Self]) -> Vec<Vec<Block>> {
        let longest = servers.iter().map(|it| it.length).max().unwrap_or_default();
        let mut all: Vec<Vec<Block>> = servers
            .iter()
            .map(|server| {
                let mut same = Self { length: longest, blocks: Vec::new() };
                same.add(server);
                same.blocks
            })
            .collect();
        let count = all.iter().map(Vec::len).max().unwrap_or_default();
        all.iter_mut().for_each(|blocks| blocks.resize_with(count, Block::default));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn counts(blocks: &[Block]) -> Vec<u64> {
        blocks.iter().map(|block| block.latency.count() + block.unanswered).collect()
    }

    #[test]
    fn a_run_of_any_length_has_twenty_to_forty_blocks_that_hold_all_queries() {
        for length in [400, 401, 5_000, 100_000] {
            let mut blocks = Blocks::new(millis(10));
            for due in 0..length {
                match due % 7 {
                    0 => blocks.unanswered(millis(due)),
                    _ => blocks.answered(millis(due), millis(3)),
                }
            }
            let counts = counts(&blocks.blocks);
            assert!((20..=40).contains(&counts.len()), "{length}: {}", counts.len());
            assert_eq!(counts.iter().sum::<u64>(), length);
            let full = blocks.length.as_millis() as u64;
            assert!(counts[..counts.len() - 1].iter().all(|&count| count == full), "{counts:?}");
        }
    }

    #[test]
    fn blocks_of_workers_and_servers_that_ran_for_different_times_are_of_the_same_times() {
        let run = |length: u64| {
            let mut blocks = Blocks::new(millis(10));
            (0..length).for_each(|due| blocks.answered(millis(due), millis(1)));
            blocks
        };
        for (one, other) in [(300, 1_000), (1_000, 300), (1_000, 1_000), (0, 500), (500, 0)] {
            let (one, other) = (run(one), run(other));
            let mut both = one.clone();
            both.add(&other);
            let [first, second, sum] = Blocks::aligned(&[&one, &other, &both])
                .try_into()
                .unwrap_or_else(|_| unreachable!("three of them"));
            let [first, second, sum] = [first, second, sum].map(|blocks| counts(&blocks));
            let added: Vec<u64> = first.iter().zip(&second).map(|(a, b)| a + b).collect();
            assert_eq!(added, sum);
        }
    }
}
