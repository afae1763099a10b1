//! Whether servers differ, from what each did in the same blocks of time.
//!
//! All servers got the same queries in each block, one after the other in random order. What hits all of
//! them in a bad minute cancels out in the difference of a block; see [`PairedBlocks`]. A difference is
//! shown where it stands out of the scatter of the blocks after Holm's correction over all measures and
//! pairs of the run: the probability that even one is shown where there is none is 5 %.

use super::blocks::{Block, Blocks};
use crate::stats::{CONFIDENCE, Interval, PairedBlocks, holm, largest_unseen_share};

/// A difference that was not shown would have been with this probability, if it were so large.
const POWER: f64 = 0.8;
/// Fewer blocks say too little of how far they scatter.
const FEWEST: usize = 5;
/// Samples beyond a percentile that a block must have.
const BEYOND: f64 = 10.0;
/// A histogram has three digits: each quantile may be off by this share.
const ROUNDING: f64 = 0.001;

/// What servers are compared by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measure {
    /// A percentile of latency, as a share of 0 to 1, and its name.
    Percentile(f64, &'static str),
    /// The share of queries that were not answered in time.
    Loss,
}

/// All of them.
pub(super) const MEASURES: [Measure; 4] = [
    Measure::Percentile(0.5, "p50"),
    Measure::Percentile(0.9, "p90"),
    Measure::Percentile(0.99, "p99"),
    Measure::Loss,
];

impl Measure {
    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Percentile(_, name) => name,
            Self::Loss => "loss",
        }
    }

    /// Its name in JSON among figures, with the unit.
    pub(super) fn key(self) -> String {
        match self {
            Self::Percentile(_, name) => format!("{name}_us"),
            Self::Loss => "loss".to_owned(),
        }
    }

    /// What makes of a figure that of JSON: percentiles are in microseconds there.
    pub(super) const fn scale(self) -> f64 {
        match self {
            Self::Percentile(..) => 1e6,
            Self::Loss => 1.0,
        }
    }

    /// In seconds, or as a share.
    fn of(self, block: &Block) -> Option<f64> {
        match self {
            Self::Percentile(share, _) => block.latency.quantile(share).map(|it| it.as_secs_f64()),
            Self::Loss => {
                let all = block.latency.count() + block.unanswered;
                (all > 0).then(|| block.unanswered as f64 / all as f64)
            }
        }
    }

    /// Whether a block has enough for it.
    fn has_enough(self, block: &Block) -> bool {
        match self {
            Self::Percentile(share, _) => {
                block.latency.count() as f64 * (1.0 - share) >= BEYOND - 1e-6
            }
            Self::Loss => (block.latency.count() + block.unanswered) as f64 >= BEYOND,
        }
    }
}

/// Which of two servers is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The first one has less.
    First,
    /// The second one has less.
    Second,
    /// No difference was shown.
    NoDifference,
}

/// Two servers compared by one measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// The place of the first server.
    pub first: usize,
    /// The place of the second one.
    pub second: usize,
    /// What they are compared by.
    pub measure: Measure,
    /// First minus second: in seconds, or of shares.
    pub difference: f64,
    /// The interval that holds the true difference, at 95 %.
    pub interval: Interval,
    /// The difference that such a run would have shown with a probability of 80 %.
    pub detectable: f64,
    /// What was shown.
    pub verdict: Verdict,
}

/// Compares each server with each other one. A measure for which two of them have too few samples is left
/// out.
pub(super) fn compare(servers: &[&Blocks]) -> Vec<Comparison> {
    let blocks = Blocks::aligned(servers);
    let mut tests = Vec::new();
    for first in 0..blocks.len() {
        for second in first + 1..blocks.len() {
            for measure in MEASURES {
                let test = pair(measure, &blocks[first], &blocks[second]);
                tests.extend(test.map(|test| (first, second, measure, test)));
            }
        }
    }
    judged(tests)
}

/// Says which differences are shown, over all of them.
fn judged(tests: Vec<(usize, usize, Measure, Test)>) -> Vec<Comparison> {
    let p_values: Vec<f64> = tests.iter().map(|(.., test)| test.paired.p_value()).collect();
    let corrected = holm(&p_values);
    let told = tests.into_iter().zip(corrected);
    told.map(|((first, second, measure, test), p_value)| Comparison {
        first,
        second,
        measure,
        difference: test.paired.mean(),
        interval: test.paired.interval(CONFIDENCE),
        detectable: test.paired.detectable(CONFIDENCE, POWER).max(test.unseen),
        verdict: match test.paired.mean() {
            _ if p_value > 1.0 - CONFIDENCE => Verdict::NoDifference,
            difference if difference < 0.0 => Verdict::First,
            _ => Verdict::Second,
        },
    })
    .collect()
}

/// What one server did, by one measure, in each of the blocks that have enough for it: what another run can
/// be compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// The measure.
    pub measure: Measure,
    /// In seconds, or shares.
    pub of_blocks: Vec<f64>,
}

/// The figures of one server by all measures.
pub(super) fn figures(blocks: &Blocks) -> Vec<Figures> {
    let blocks = &Blocks::aligned(&[blocks])[0];
    let of_blocks = |measure: Measure| {
        let groups = grouped(measure, blocks, blocks);
        groups.iter().filter_map(|(group, _)| measure.of(group)).collect()
    };
    MEASURES.map(|measure| Figures { measure, of_blocks: of_blocks(measure) }).into()
}

/// Compares what a server did with what it, or another one, did in an earlier run. They are the two places.
pub fn compare_runs(now: &[Figures], before: &[Figures]) -> Vec<Comparison> {
    let tests = now.iter().filter_map(|now| {
        let before = before.iter().find(|before| before.measure == now.measure)?;
        if now.of_blocks.len() < FEWEST || before.of_blocks.len() < FEWEST {
            return None;
        }
        let all = now.of_blocks.iter().chain(&before.of_blocks);
        let greatest = all.fold(0.0, |greatest: f64, it| greatest.max(*it));
        let resolution = match now.measure {
            Measure::Percentile(..) => greatest * ROUNDING,
            Measure::Loss => 0.0,
        };
        let paired = PairedBlocks::between_runs(&now.of_blocks, &before.of_blocks, resolution)?;
        Some((0, 1, now.measure, Test { paired, unseen: 0.0 }))
    });
    judged(tests.collect())
}

/// The difference of two servers.
struct Test {
    paired: PairedBlocks,
    /// A difference that neither could have shown.
    unseen: f64,
}

fn pair(measure: Measure, first: &[Block], second: &[Block]) -> Option<Test> {
    let pairs = grouped(measure, first, second);
    if pairs.len() < FEWEST {
        return None;
    }
    let figures: Option<Vec<(f64, f64)>> =
        pairs.iter().map(|(a, b)| measure.of(a).zip(measure.of(b))).collect();
    let figures = figures?;
    let differences: Vec<f64> = figures.iter().map(|(a, b)| a - b).collect();
    let (resolution, unseen) = match measure {
        Measure::Percentile(..) => {
            let sum: f64 = figures.iter().map(|(a, b)| a.max(*b)).sum();
            (sum / figures.len() as f64 * ROUNDING, 0.0)
        }
        Measure::Loss => {
            // Without any loss nothing scatters, and small ones may be there all the same.
            let count = |of: &[Block]| -> u64 {
                of.iter().map(|block| block.latency.count() + block.unanswered).sum()
            };
            (0.0, largest_unseen_share(count(first).min(count(second)), CONFIDENCE))
        }
    };
    Some(Test { paired: PairedBlocks::of(&differences, resolution)?, unseen })
}

/// Blocks that follow each other are put together until both servers have enough in each.
fn grouped(measure: Measure, first: &[Block], second: &[Block]) -> Vec<(Block, Block)> {
    let mut groups: Vec<(Block, Block)> = Vec::new();
    let mut group = (Block::default(), Block::default());
    for (a, b) in first.iter().zip(second) {
        group.0.add(a);
        group.1.add(b);
        if measure.has_enough(&group.0) && measure.has_enough(&group.1) {
            groups.push(std::mem::take(&mut group));
        }
    }
    // What is left over is too little for one of its own.
    if let Some(last) = groups.last_mut() {
        last.0.add(&group.0);
        last.1.add(&group.1);
    }
    groups
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// Latencies in milliseconds of two servers whose own latencies are autocorrelated, and which are both
    /// hit by the same stalls. The second one takes `factor` times as long.
    struct World {
        rng: StdRng,
        stalls: bool,
        factor: f64,
        own: [f64; 2],
        stalled_until: usize,
    }

    impl World {
        fn new(seed: u64, stalls: bool, factor: f64) -> Self {
            let rng = StdRng::seed_from_u64(seed);
            Self { rng, stalls, factor, own: [0.0; 2], stalled_until: 0 }
        }

        /// The blocks of a run of so many queries to each, one a millisecond.
        fn run(&mut self, queries: usize) -> [Blocks; 2] {
            let length = Duration::from_millis(queries as u64) / 20;
            let mut blocks = [Blocks::new(length), Blocks::new(length)];
            (self.own, self.stalled_until) = ([0.0; 2], 0);
            for query in 0..queries {
                let due = Duration::from_millis(query as u64);
                if self.stalls && self.rng.random_bool(10.0 / queries as f64) {
                    self.stalled_until = query + queries / 100;
                }
                let stall = if query < self.stalled_until { 30.0 } else { 0.0 };
                for (place, server) in blocks.iter_mut().enumerate() {
                    let own = &mut self.own[place];
                    *own = 0.8 * *own + self.rng.random_range(-1.0..1.0);
                    let tail = 1.0 / (1.0 - 0.999 * self.rng.random::<f64>());
                    let of_server = 10.0 + *own + 0.2 * tail;
                    let factor = if place == 1 { self.factor } else { 1.0 };
                    if self.rng.random_bool(0.002) {
                        server.unanswered(due);
                    } else {
                        let millis = of_server * factor + stall;
                        server.answered(due, Duration::from_secs_f64(millis / 1e3));
                    }
                }
            }
            blocks
        }
    }

    fn compared(blocks: &[Blocks; 2]) -> Vec<Comparison> {
        compare(&[&blocks[0], &blocks[1]])
    }

    /// So many as `DNSONDE_RUNS` says: a thousand take minutes even if optimized.
    fn runs(usual: usize) -> usize {
        std::env::var("DNSONDE_RUNS").map_or(usual, |text| text.parse().expect("a number of runs"))
    }

    /// Equal servers are called different in at most 65 of 1,000 runs, over all measures of a run.
    fn prove_equal_ones_are_not_called_different(runs: usize, queries: usize) {
        for stalls in [false, true] {
            let mut world = World::new(3, stalls, 1.0);
            let different = (0..runs).filter(|_| {
                let found = compared(&world.run(queries));
                assert_eq!(found.len(), 4);
                found.iter().any(|it| it.verdict != Verdict::NoDifference)
            });
            let different = different.count();
            println!("equal, stalls {stalls}: {different} of {runs} called different");
            assert!(different * 1_000 <= 65 * runs, "{different} of {runs} with stalls: {stalls}");
        }
    }

    /// A median that differs by a tenth is told in at least 950 of 1,000 runs of 20,000 queries, and its
    /// interval holds the true difference in at least 930.
    fn prove_a_tenth_is_told(runs: usize) {
        for stalls in [false, true] {
            let mut world = World::new(5, stalls, 1.1);
            // What a long run says of both.
            let [one, other] = World::new(6, false, 1.1).run(100_000);
            let median = |blocks: &Blocks| {
                let aligned = Blocks::aligned(&[blocks]);
                let mut all = Block::default();
                aligned[0].iter().for_each(|block| all.add(block));
                all.latency.quantile(0.5).unwrap().as_secs_f64()
            };
            let truth = median(&one) - median(&other);
            let (mut told, mut held) = (0, 0);
            for _ in 0..runs {
                let found = compared(&world.run(20_000));
                let median = found.iter().find(|it| it.measure.name() == "p50").unwrap();
                told += usize::from(median.verdict == Verdict::First);
                held += usize::from(median.interval.contains(truth));
            }
            println!("a tenth, stalls {stalls}: {told} of {runs} told, {held} held the truth");
            assert!(told * 1_000 >= 950 * runs, "{told} of {runs} with stalls: {stalls}");
            assert!(held * 1_000 >= 930 * runs, "{held} of {runs} with stalls: {stalls}");
        }
    }

    #[test]
    fn equal_servers_are_seldom_called_different() {
        prove_equal_ones_are_not_called_different(runs(100), 6_500);
    }

    #[test]
    fn a_median_that_differs_by_a_tenth_is_told_and_its_interval_holds_the_truth() {
        prove_a_tenth_is_told(runs(20));
    }

    #[test]
    fn a_measure_with_too_few_samples_is_left_out() {
        let mut world = World::new(7, false, 1.0);
        let names = |found: Vec<Comparison>| -> Vec<&'static str> {
            found.iter().map(|it| it.measure.name()).collect()
        };
        assert_eq!(names(compared(&world.run(30))), Vec::<&str>::new());
        assert_eq!(names(compared(&world.run(400))), ["p50", "loss"]);
        assert_eq!(names(compared(&world.run(6_500))), ["p50", "p90", "p99", "loss"]);
    }

    #[test]
    fn without_any_loss_the_smallest_that_could_have_been_seen_is_told() {
        let mut blocks = [(); 2].map(|()| Blocks::new(Duration::from_millis(50)));
        for query in 0..1_000 {
            for server in &mut blocks {
                server.answered(Duration::from_millis(query), Duration::from_millis(1));
            }
        }
        let found = compared(&blocks);
        let loss = found.iter().find(|it| it.measure == Measure::Loss).unwrap();
        assert_eq!((loss.verdict, loss.difference), (Verdict::NoDifference, 0.0));
        // The rule of three.
        assert!((loss.detectable - 0.003).abs() < 0.001, "{}", loss.detectable);
    }

    #[test]
    fn a_server_that_answers_nothing_loses_more_and_has_no_latency() {
        let mut blocks = [(); 2].map(|()| Blocks::new(Duration::from_millis(50)));
        for query in 0..1_000 {
            blocks[0].unanswered(Duration::from_millis(query));
            blocks[1].answered(Duration::from_millis(query), Duration::from_millis(1));
        }
        let found = compared(&blocks);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].measure, found[0].verdict), (Measure::Loss, Verdict::Second));
        assert!((found[0].difference - 1.0).abs() < 1e-9);
    }
}
