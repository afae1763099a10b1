//! Whether losses come in clusters, and how long a cluster lasts.
//!
//! A sequence is the fate of probes in the order of their intended times: `true` for a loss.

use super::compare::fisher_exact;
use super::distribution::{beta_quantile, ln_choose};
use super::proportion::{Interval, Proportion};

/// The runs test of Wald and Wolfowitz (Annals of Mathematical Statistics 11, 1940), exact: given
/// how many probes were lost, is their order one that chance would give?
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunsTest {
    /// How many runs of equal fates the sequence has.
    pub runs: u64,
    /// How many chance would give on average.
    pub expected: f64,
    /// The probability of that many runs or fewer: small if losses cluster.
    pub clustered: f64,
    /// The probability of that many runs or more: small if losses alternate with arrivals.
    pub alternating: f64,
}

impl RunsTest {
    /// Counts the runs of `sequence`; both probabilities are 1 if all probes had the same fate.
    pub fn of(sequence: &[bool]) -> Self {
        let len = sequence.len() as u64;
        let lost = sequence.iter().filter(|&&lost| lost).count() as u64;
        let arrived = len - lost;
        let changes = sequence.windows(2).filter(|pair| pair[0] != pair[1]).count() as u64;
        let runs = if len == 0 { 0 } else { changes + 1 };
        if lost == 0 || arrived == 0 {
            return Self { runs, expected: runs as f64, clustered: 1.0, alternating: 1.0 };
        }
        let sum = |range: std::ops::RangeInclusive<u64>| -> f64 {
            range.map(|runs| runs_probability(runs, lost, arrived)).sum::<f64>().min(1.0)
        };
        Self {
            runs,
            expected: 1.0 + 2.0 * lost as f64 * arrived as f64 / len as f64,
            clustered: sum(2..=runs),
            alternating: sum(runs..=most_runs(lost, arrived)),
        }
    }

    /// The two-sided p-value: twice the smaller of the two probabilities.
    pub fn two_sided(&self) -> f64 {
        (2.0 * self.clustered.min(self.alternating)).min(1.0)
    }
}

fn most_runs(lost: u64, arrived: u64) -> u64 {
    2 * lost.min(arrived) + u64::from(lost != arrived)
}

/// The probability of exactly `runs` runs among all orders of so many losses and arrivals, at
/// least one of each.
fn runs_probability(runs: u64, lost: u64, arrived: u64) -> f64 {
    // To cut n into k runs there are C(n - 1, k - 1) ways.
    let ways = |lost_runs: u64, arrived_runs: u64| {
        if lost_runs > lost || arrived_runs > arrived {
            return 0.0;
        }
        (ln_choose(lost - 1, lost_runs - 1) + ln_choose(arrived - 1, arrived_runs - 1)
            - ln_choose(lost + arrived, lost))
        .exp()
    };
    let half = runs / 2;
    if runs.is_multiple_of(2) {
        2.0 * ways(half, half)
    } else {
        ways(half + 1, half) + ways(half, half + 1)
    }
}

/// What follows what in sequences of fates. Several sequences (one a port or a server, say) may
/// be observed one after the other; no transition is counted from one to the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Transitions {
    probes: u64,
    lost: u64,
    /// By the fate of the first and of the second of two neighbours; 1 is a loss.
    pairs: [[u64; 2]; 2],
    /// Three neighbours of which the outer two were lost, by the fate of the middle one.
    between_losses: [u64; 2],
}

impl Transitions {
    /// Counts the transitions of one more sequence.
    pub fn observe(&mut self, sequence: &[bool]) {
        self.probes += sequence.len() as u64;
        self.lost += sequence.iter().filter(|&&lost| lost).count() as u64;
        for pair in sequence.windows(2) {
            self.pairs[usize::from(pair[0])][usize::from(pair[1])] += 1;
        }
        for three in sequence.windows(3) {
            if three[0] && three[2] {
                self.between_losses[usize::from(three[1])] += 1;
            }
        }
    }

    /// All losses.
    pub const fn lost(&self) -> Proportion {
        Proportion::new(self.lost, self.probes)
    }

    /// The losses among the probes right behind a loss.
    pub const fn lost_after_loss(&self) -> Proportion {
        let [arrived, lost] = self.pairs[1];
        Proportion::new(lost, arrived + lost)
    }

    /// The losses among the probes right behind an arrival.
    pub const fn lost_after_arrival(&self) -> Proportion {
        let [arrived, lost] = self.pairs[0];
        Proportion::new(lost, arrived + lost)
    }

    /// Fisher's p-value for "a loss makes the next one no likelier".
    pub fn independence(&self) -> f64 {
        fisher_exact(self.pairs)
    }

    /// Estimates the parameters of the loss model; `None` without both losses and arrivals to
    /// learn from.
    pub fn gilbert_elliott(&self) -> Option<GilbertElliott> {
        let loss = self.lost().share()?;
        let again = self.lost_after_loss().share()?;
        let onset = self.lost_after_arrival().share()?;
        if onset <= 0.0 {
            return None;
        }
        let two_states = GilbertElliott { to_bad: onset, to_good: 1.0 - again, loss_in_bad: 1.0 };
        let [gap, third] = self.between_losses;
        let between = Proportion::new(third, gap + third).share();
        Some(
            between
                .and_then(|c| GilbertElliott::from_moments(loss, again, c))
                .unwrap_or(two_states),
        )
    }
}

/// The loss model of Gilbert (Bell System Technical Journal 39, 1960), as Elliott's with a good
/// state that loses nothing: the path changes between a good and a bad state with each probe,
/// and in the bad state a share of them is lost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GilbertElliott {
    /// The probability, per probe, that a good path turns bad.
    pub to_bad: f64,
    /// The probability, per probe, that a bad path recovers.
    pub to_good: f64,
    /// The share of probes that the bad state loses.
    pub loss_in_bad: f64,
}

impl GilbertElliott {
    /// Gilbert's solution from P(1), P(1|1) and P(1 | 1_1); `None` where chance has put these
    /// outside of what the model can give, or the solution cannot be told from a bad state that
    /// loses everything.
    fn from_moments(a: f64, b: f64, c: f64) -> Option<Self> {
        let stay = (a * c - b * b) / (2.0 * a * c - b * (a + c));
        let loss_in_bad = b / stay;
        let to_good = 1.0 - stay;
        let to_bad = a * to_good / (loss_in_bad - a);
        let valid = |share: f64| share > 0.0 && share <= 1.0;
        (valid(stay) && valid(to_good) && valid(loss_in_bad) && valid(to_bad)).then_some(Self {
            to_bad,
            to_good,
            loss_in_bad,
        })
    }

    /// The share of probes lost in the long run.
    pub fn loss(&self) -> f64 {
        self.loss_in_bad * self.to_bad / (self.to_bad + self.to_good)
    }

    /// How many probes the bad state lasts on average; infinite if it never ends.
    pub fn bad_length(&self) -> f64 {
        1.0 / self.to_good
    }
}

/// How many independent probes would say as much about the loss as these, whose losses cluster.
///
/// The larger of two estimates of how much the number of losses scatters beyond that of independent
/// probes. One is from the lag-1 correlation, as if the bad state lost everything; with one burst fewer
/// than was seen, since few bursts leave that correlation too small. The other adds up the correlations of
/// all lags until a pair of them is negative (Geyer, Statistical Science 7, 1992): where the bad state
/// loses only a part, neighbours are hardly alike while what is farther apart still is.
/// Simulated (1,500 probes, 3 % loss, bad states of 2 to 10 probes on average that lose half, 70 % or all):
/// the 95 % interval held the true loss in 92 to 97 % of runs; by the lag-1 correlation alone in 70 to 96 %.
///
/// Never less than 1 nor more than there are probes; 0 without a probe.
pub fn effective_probes(sequence: &[bool]) -> f64 {
    let probes = sequence.len() as f64;
    let mut transitions = Transitions::default();
    transitions.observe(sequence);
    let stretch = stretch_of_lag_1(&transitions).max(stretch_of_all_lags(sequence)).max(1.0);
    (probes / stretch).max(1.0).min(probes)
}

/// The interval of the loss of probes whose losses may cluster: that of Clopper and Pearson for
/// the [effective number of probes](effective_probes). For independent losses it is about as wide
/// as [`Proportion::interval`]; without a loss, or with nothing else, it is the same, because then the run
/// does not say how they cluster.
///
/// ```
/// use dnsonde::stats::{Proportion, loss_interval};
///
/// // 5 % lost: one by one, and in two bursts.
/// let single: Vec<bool> = (0..400).map(|probe| probe % 20 == 7).collect();
/// let bursts: Vec<bool> = (0..400).map(|probe| probe % 200 < 10).collect();
/// let width = |probes| loss_interval(probes, 0.95).high - loss_interval(probes, 0.95).low;
/// assert!(width(&bursts) > 2.0 * width(&single));
/// assert_eq!(loss_interval(&single, 0.95), Proportion::new(20, 400).interval(0.95));
/// ```
pub fn loss_interval(sequence: &[bool], confidence: f64) -> Interval {
    let lost = sequence.iter().filter(|&&lost| lost).count() as u64;
    let share = Proportion::new(lost, sequence.len() as u64);
    let effective = effective_probes(sequence);
    if lost == 0 || lost == share.trials() || effective >= share.trials() as f64 {
        return share.interval(confidence);
    }
    let hits = lost as f64 / share.trials() as f64 * effective;
    let (misses, tail) = (effective - hits, (1.0 - confidence) / 2.0);
    Interval {
        low: beta_quantile(hits, misses + 1.0, tail),
        high: beta_quantile(hits + 1.0, misses, 1.0 - tail),
    }
}

fn stretch_of_lag_1(transitions: &Transitions) -> f64 {
    let again = transitions.lost_after_loss();
    if again.hits() == 0 {
        return 1.0;
    }
    let ends = (again.trials() - again.hits()) as f64;
    let stay = 1.0 - (ends - 1.0).max(0.5) / again.trials() as f64;
    let correlation = stay - transitions.lost_after_arrival().share().unwrap_or(0.0);
    // Not much can be left of one that is 1.
    let correlation = correlation.clamp(0.0, 1.0 - 1e-9);
    (1.0 + correlation) / (1.0 - correlation)
}

/// Parts of a sequence that a correlation must fit into; longer ones are told from nothing.
const LONGEST_LAG_PART: usize = 10;

fn stretch_of_all_lags(sequence: &[bool]) -> f64 {
    let losses: Vec<usize> = (0..sequence.len()).filter(|&at| sequence[at]).collect();
    let (probes, lost) = (sequence.len() as f64, losses.len() as f64);
    let share = lost / probes.max(1.0);
    let variance = share * (1.0 - share) * probes;
    if variance <= 0.0 {
        return 1.0;
    }
    // Of the products only those of two losses are not the same everywhere.
    let covariance = |lag: usize| {
        let both =
            losses.iter().filter(|&&at| sequence.get(at + lag) == Some(&true)).count() as f64;
        let early = losses.partition_point(|&at| at + lag < sequence.len()) as f64;
        let late = lost - losses.partition_point(|&at| at < lag) as f64;
        both - share * (early + late) + share * share * (probes - lag as f64)
    };
    let pairs = (0..sequence.len() / LONGEST_LAG_PART).step_by(2);
    let sums = pairs.map(|lag| (covariance(lag) + covariance(lag + 1)) / variance);
    2.0 * sums.take_while(|&sum| sum > 0.0).sum::<f64>() - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    fn sequence(text: &str) -> Vec<bool> {
        text.bytes().map(|octet| octet == b'x').collect()
    }

    #[test]
    fn the_runs_test_agrees_with_the_tables_of_swed_and_eisenhart() {
        // With 10 of each, 6 runs are the critical value at 2.5 %, with 5 of each 3 at 5 %.
        let six = RunsTest::of(&sequence("xxx...xxxx....xxx..."));
        assert_eq!(six.runs, 6);
        assert!((six.clustered - 1711.0 / 92378.0).abs() < 1e-12, "{six:?}");
        assert_eq!(six.expected, 11.0);
        let three = RunsTest::of(&sequence("xx.....xxx"));
        assert!((three.clustered - 10.0 / 252.0).abs() < 1e-12, "{three:?}");
        let most = RunsTest::of(&sequence("x.x.x.x.x."));
        assert!((most.alternating - 2.0 / 252.0).abs() < 1e-12, "{most:?}");
        assert!((most.two_sided() - 4.0 / 252.0).abs() < 1e-12);
    }

    #[test]
    fn one_fate_alone_says_nothing() {
        for text in ["", "x", "....", "xxx"] {
            let test = RunsTest::of(&sequence(text));
            assert_eq!((test.clustered, test.alternating), (1.0, 1.0), "{text}");
        }
        let mut transitions = Transitions::default();
        transitions.observe(&sequence("......"));
        assert_eq!(transitions.gilbert_elliott(), None);
        transitions.observe(&sequence("xxx"));
        assert_eq!(transitions.gilbert_elliott(), None);
    }

    #[test]
    fn sequences_are_not_joined() {
        let mut transitions = Transitions::default();
        transitions.observe(&sequence("..x"));
        transitions.observe(&sequence("x.x"));
        assert_eq!(transitions.lost(), Proportion::new(3, 6));
        assert_eq!(transitions.lost_after_loss(), Proportion::new(0, 1));
        assert_eq!(transitions.lost_after_arrival(), Proportion::new(2, 3));
    }

    fn simulate(model: GilbertElliott, probes: usize, seed: u64) -> Vec<bool> {
        let mut random = StdRng::seed_from_u64(seed);
        let mut bad = false;
        (0..probes)
            .map(|_| {
                let change = if bad { model.to_good } else { model.to_bad };
                bad ^= random.random_bool(change);
                bad && random.random_bool(model.loss_in_bad)
            })
            .collect()
    }

    #[test]
    fn the_parameters_of_a_simulated_path_are_found_again() {
        for (to_bad, to_good, loss_in_bad) in
            [(0.01, 0.1, 1.0), (0.02, 0.2, 0.5), (0.005, 0.05, 0.8), (0.2, 0.3, 0.9)]
        {
            let model = GilbertElliott { to_bad, to_good, loss_in_bad };
            let mut transitions = Transitions::default();
            transitions.observe(&simulate(model, 1_000_000, 7));
            let found = transitions.gilbert_elliott().unwrap();
            let near = |found: f64, given: f64| (found / given - 1.0).abs() < 0.12;
            assert!(near(found.to_bad, to_bad), "{model:?} {found:?}");
            assert!(near(found.to_good, to_good), "{model:?} {found:?}");
            assert!(near(found.loss_in_bad, loss_in_bad), "{model:?} {found:?}");
            assert!(near(found.loss(), model.loss()), "{model:?} {found:?}");
            assert!(transitions.independence() < 1e-6);
        }
    }

    #[test]
    fn a_bad_state_that_loses_all_has_the_mean_burst_of_its_losses() {
        let mut transitions = Transitions::default();
        transitions.observe(&sequence("....xx......xxxx....x......"));
        let found = transitions.gilbert_elliott().unwrap();
        assert_eq!(found.loss_in_bad, 1.0);
        assert!((found.bad_length() - 7.0 / 3.0).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn intervals_of_bursty_loss_hold_the_truth() {
        // Mean loss 3 %, mean length of the bad state 2 to 10, all or a part of it lost.
        for (length, loss_in_bad) in [(1.0, 1.0), (2.0, 1.0), (5.0, 1.0), (10.0, 1.0), (5.0, 0.6)] {
            let bad = 0.03 / loss_in_bad;
            let to_good = if length == 1.0 { 0.97 } else { 1.0 / length };
            let to_bad = to_good * bad / (1.0 - bad);
            let model = GilbertElliott { to_bad, to_good, loss_in_bad };
            let runs = (0..150).map(|seed| simulate(model, 1500, seed));
            let (mut held, mut seen) = (0, 0);
            for run in runs.filter(|run| run.contains(&true)) {
                seen += 1;
                held += usize::from(loss_interval(&run, 0.95).contains(0.03));
            }
            assert!(held * 100 >= seen * 91, "{model:?}: {held} of {seen}");
        }
    }

    #[test]
    fn the_edges_of_bursty_loss_are_those_of_any_loss() {
        for sequence in [vec![], vec![false; 300], vec![true; 300], vec![true]] {
            let lost = sequence.iter().filter(|&&lost| lost).count() as u64;
            let exact = Proportion::new(lost, sequence.len() as u64).interval(0.95);
            assert_eq!(loss_interval(&sequence, 0.95), exact);
        }
        assert_eq!(effective_probes(&[]), 0.0);
        // Half of the run lost in one piece: it says next to nothing.
        let halves: Vec<bool> = (0..400).map(|probe| probe >= 200).collect();
        assert!(effective_probes(&halves) < 5.0, "{}", effective_probes(&halves));
    }

    proptest! {
        #[test]
        fn the_interval_of_bursty_loss_is_never_surer_than_the_exact_one(
            sequence in prop::collection::vec(any::<bool>(), 1..120),
        ) {
            let lost = sequence.iter().filter(|&&lost| lost).count() as u64;
            let share = Proportion::new(lost, sequence.len() as u64);
            let (found, exact) = (loss_interval(&sequence, 0.95), share.interval(0.95));
            prop_assert!(found.low <= exact.low + 1e-9 && exact.high <= found.high + 1e-9);
            prop_assert!((1.0..=share.trials() as f64).contains(&effective_probes(&sequence)));
        }

        #[test]
        fn the_probabilities_of_all_numbers_of_runs_sum_to_one(lost in 1u64..200, arrived in 1u64..200) {
            let sum: f64 = (2..=most_runs(lost, arrived))
                .map(|runs| runs_probability(runs, lost, arrived))
                .sum();
            prop_assert!((sum - 1.0).abs() < 1e-9);
        }

        #[test]
        fn the_number_of_runs_agrees_with_counting_all_orders(lost in 1u32..7, arrived in 1u32..7) {
            let len = lost + arrived;
            let mut orders = 0u64;
            let mut by_runs = vec![0u64; len as usize + 1];
            for order in (0u32..1 << len).filter(|order| order.count_ones() == lost) {
                let bits: Vec<bool> = (0..len).map(|bit| order >> bit & 1 == 1).collect();
                by_runs[RunsTest::of(&bits).runs as usize] += 1;
                orders += 1;
            }
            for (runs, &count) in by_runs.iter().enumerate().skip(2) {
                let probability = runs_probability(runs as u64, lost.into(), arrived.into());
                prop_assert!((probability - count as f64 / orders as f64).abs() < 1e-9);
            }
        }
    }
}
