//! Whether two counts differ: Fisher's exact test, and Holm's correction for many tests.

use super::distribution::{ln_choose, ln_factorial};

/// The two-sided p-value of Fisher's exact test: how likely counts at least as uneven as these
/// are if both rows have the same true share.
///
/// A row is one condition, its columns are hits and misses: `[[lost, arrived], [lost, arrived]]`.
/// As is usual (and as R does), all tables with the same sums that are no likelier than the given
/// one count as at least as uneven. Counts may be large: the work grows with the root of them.
/// 1 where a row or a column is empty.
///
/// ```
/// // Fisher's tea taster: three of four cups told right, three of four the other way.
/// let p = dnsonde::stats::fisher_exact([[3, 1], [1, 3]]);
/// assert!((p - 34.0 / 70.0).abs() < 1e-9);
/// ```
pub fn fisher_exact(table: [[u64; 2]; 2]) -> f64 {
    let margins = Margins::of(table);
    let observed = table[0][0];
    let mode = margins.mode();
    let limit = margins.ln_probability(observed) + margins.tolerance();
    if margins.ln_probability(mode) <= limit {
        return 1.0;
    }
    let (below, above) = if observed < mode {
        (Some(observed), margins.first_above(mode, limit))
    } else {
        (margins.last_below(mode, limit), Some(observed))
    };
    let below = below.map_or(0.0, |at| margins.tail(at, Direction::Down));
    let above = above.map_or(0.0, |at| margins.tail(at, Direction::Up));
    (below + above).min(1.0)
}

#[derive(Clone, Copy)]
enum Direction {
    Up,
    Down,
}

/// The sums of a table; they fix the distribution of its first cell.
struct Margins {
    row: [u64; 2],
    column: u64,
    lowest: u64,
    highest: u64,
}

impl Margins {
    fn of([[a, b], [c, d]]: [[u64; 2]; 2]) -> Self {
        let row = [a + b, c + d];
        let column = a + c;
        Self { row, column, lowest: column.saturating_sub(row[1]), highest: column.min(row[0]) }
    }

    fn total(&self) -> u64 {
        self.row[0] + self.row[1]
    }

    fn ln_probability(&self, cell: u64) -> f64 {
        ln_choose(self.row[0], cell) + ln_choose(self.row[1], self.column - cell)
            - ln_choose(self.total(), self.column)
    }

    /// By how much two logarithms may differ that stand for the same probability.
    fn tolerance(&self) -> f64 {
        (8.0 * f64::EPSILON * ln_factorial(self.total())).max(1e-7)
    }

    /// The likeliest value of the first cell.
    fn mode(&self) -> u64 {
        let mode = u128::from(self.row[0] + 1) * u128::from(self.column + 1)
            / (u128::from(self.total()) + 2);
        // It is at most `highest`, so it fits.
        (mode as u64).clamp(self.lowest, self.highest)
    }

    /// The first cell above the mode that is no likelier than `limit`.
    fn first_above(&self, mode: u64, limit: f64) -> Option<u64> {
        let (mut likely, mut unlikely) = (mode, self.highest + 1);
        while unlikely - likely > 1 {
            let middle = likely.midpoint(unlikely);
            if self.ln_probability(middle) <= limit {
                unlikely = middle;
            } else {
                likely = middle;
            }
        }
        (unlikely <= self.highest).then_some(unlikely)
    }

    /// The last cell below the mode that is no likelier than `limit`.
    fn last_below(&self, mode: u64, limit: f64) -> Option<u64> {
        // Counted from `lowest`, one up, so that 0 stands for "none".
        let (mut unlikely, mut likely) = (0, mode - self.lowest + 1);
        while likely - unlikely > 1 {
            let middle = likely.midpoint(unlikely);
            if self.ln_probability(self.lowest + middle - 1) <= limit {
                unlikely = middle;
            } else {
                likely = middle;
            }
        }
        (unlikely > 0).then(|| self.lowest + unlikely - 1)
    }

    /// The probability of a cell and all those beyond it, away from the mode.
    fn tail(&self, from: u64, direction: Direction) -> f64 {
        let (mut cell, mut term, mut sum) = (from, 1.0f64, 1.0f64);
        // Each term follows from the one before; they only get smaller.
        while term > sum * 1e-17 {
            let next = match direction {
                Direction::Up if cell < self.highest => cell + 1,
                Direction::Down if cell > self.lowest => cell - 1,
                _ => break,
            };
            term *= match direction {
                Direction::Up => self.step_up(cell),
                Direction::Down => 1.0 / self.step_up(next),
            };
            sum += term;
            cell = next;
        }
        (self.ln_probability(from) + sum.ln()).exp()
    }

    /// How much likelier the next higher cell is.
    fn step_up(&self, cell: u64) -> f64 {
        let ways = (self.row[0] - cell) as f64 * (self.column - cell) as f64;
        ways / ((cell + 1) as f64 * (self.row[1] + cell + 1 - self.column) as f64)
    }
}

/// Corrects the p-values of all the tests of a run after Holm (Scandinavian Journal of Statistics
/// 6, 1979): a test counts if its corrected value is at most the threshold, and the probability
/// that even one of them counts wrongly is at most the threshold. In the order they came in.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut corrected = vec![0.0; p_values.len()];
    let mut largest = 0.0f64;
    for (rank, &test) in order.iter().enumerate() {
        let tests_left = (p_values.len() - rank) as f64;
        largest = largest.max((p_values[test] * tests_left).min(1.0));
        corrected[test] = largest;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(found: f64, expected: f64) -> bool {
        (found - expected).abs() <= 1e-7 * expected
    }

    #[test]
    fn p_values_are_those_of_fisher_test() {
        // Exact, as fractions of binomial coefficients; R's fisher.test gives the same.
        for (table, p) in [
            // The tea taster, R's example TeaTasting.
            ([[3, 1], [1, 3]], 34.0 / 70.0),
            // The convictions of same-sex twins, R's example Convictions.
            ([[2, 15], [10, 3]], 0.0005367241),
            ([[1, 9], [11, 3]], 0.002759456),
            ([[10, 0], [0, 10]], 2.0 / 184_756.0),
            ([[0, 5], [0, 7]], 1.0),
            ([[0, 0], [3, 4]], 1.0),
            ([[0, 0], [0, 0]], 1.0),
            ([[5, 5], [5, 5]], 1.0),
        ] {
            let found = fisher_exact(table);
            assert!((found - p).abs() <= 1e-6 * p, "{table:?}: {found}");
        }
    }

    /// The p-value as a sum over every table, from integer binomial coefficients.
    fn by_enumeration([[a, b], [c, d]]: [[u64; 2]; 2]) -> f64 {
        let choose =
            |n: u64, k: u64| (0..k).fold(1u128, |c, i| c * u128::from(n - i) / u128::from(i + 1));
        let column = a + c;
        let ways = |cell| choose(a + b, cell) * choose(c + d, column - cell);
        let cells = column.saturating_sub(c + d)..=column.min(a + b);
        let uneven: u128 = cells.map(ways).filter(|&other| other <= ways(a)).sum();
        uneven as f64 / choose(a + b + c + d, column) as f64
    }

    #[test]
    fn large_counts_give_small_values_and_keep_their_digits() {
        // 1 % lost against 2 % lost, of 100,000 each; of 30 digits.
        let far = fisher_exact([[1000, 99_000], [2000, 98_000]]);
        assert!(far > 0.0 && far < 1e-70, "{far}");
        let equal = fisher_exact([[10_000_000, 10_000_000], [10_000_000, 10_000_000]]);
        assert!((equal - 1.0).abs() < 1e-9, "{equal}");
        let billions = fisher_exact([[1_000_000_000, 1], [1_000_000_000, 3]]);
        assert!((billions - 0.625).abs() < 1e-3, "{billions}");
    }

    #[test]
    fn holm_is_p_adjust_of_r() {
        // p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
        let found = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expected) in found.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!(close(*found, expected), "{found}");
        }
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert_eq!(holm(&[]), Vec::<f64>::new());
    }

    fn table() -> impl Strategy<Value = [[u64; 2]; 2]> {
        prop::array::uniform2(prop::array::uniform2(0u64..30))
    }

    proptest! {
        #[test]
        fn the_test_agrees_with_counting_all_tables(table in table()) {
            let (found, expected) = (fisher_exact(table), by_enumeration(table));
            prop_assert!(close(found, expected), "{found} {expected}");
        }

        #[test]
        fn the_probabilities_of_all_tables_sum_to_one(table in table()) {
            let margins = Margins::of(table);
            let sum: f64 = (margins.lowest..=margins.highest)
                .map(|cell| margins.ln_probability(cell).exp())
                .sum();
            prop_assert!((sum - 1.0).abs() < 1e-9);
            let whole = margins.tail(margins.mode(), Direction::Up)
                + margins.tail(margins.mode(), Direction::Down)
                - margins.ln_probability(margins.mode()).exp();
            prop_assert!((whole - 1.0).abs() < 1e-9);
        }

        #[test]
        fn neither_order_nor_direction_of_the_table_matters(
            [[a, b], [c, d]] in prop::array::uniform2(prop::array::uniform2(0u64..3000)),
        ) {
            let p = fisher_exact([[a, b], [c, d]]);
            for other in [[[c, d], [a, b]], [[b, a], [d, c]], [[a, c], [b, d]]] {
                let other = fisher_exact(other);
                prop_assert!((p - other).abs() <= 1e-6 * p, "{p} {other}");
            }
        }

        #[test]
        fn a_true_difference_of_none_is_seldom_called_one(trials in 1u64..25, share in 0.05f64..0.95) {
            // Over all outcomes of two equal conditions.
            let probability = |hits: u64| {
                (ln_choose(trials, hits)
                    + hits as f64 * share.ln()
                    + (trials - hits) as f64 * (-share).ln_1p()).exp()
            };
            let mut wrong = 0.0;
            for a in 0..=trials {
                for c in 0..=trials {
                    if fisher_exact([[a, trials - a], [c, trials - c]]) <= 0.05 {
                        wrong += probability(a) * probability(c);
                    }
                }
            }
            prop_assert!(wrong <= 0.05);
        }

        #[test]
        fn a_correction_never_makes_a_test_surer(p in prop::collection::vec(0.0f64..1.0, 0..20)) {
            let corrected = holm(&p);
            prop_assert!(p.iter().zip(&corrected).all(|(p, c)| c >= p && *c <= 1.0));
        }
    }
}
