//! When something changed in the course of a run, and whether it did.
//!
//! Only the order of the values counts, so that a few slow answers change nothing, and a timeout may
//! stand as the largest value of all. A sequence of losses (1) and arrivals (0) is as good.

/// A point in a sequence from which on its values are others than before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangePoint {
    /// The index of the first value after the change.
    pub at: usize,
    /// The p-value for "nothing changed here", among the values up to the next changes on both
    /// sides. Approximate, and rather too large than too small.
    pub p_value: f64,
}

/// Values of a piece below which it is not looked into.
const FEWEST: usize = 8;
/// Most changes that are looked for; a sequence with more is no sequence of steps.
const MOST_CHANGES: usize = 32;

/// The changes of level in `values`, which are in the order of their times; in that order.
///
/// The test is Pettitt's (Applied Statistics 28, 1979), with the exact variance for ties, and
/// made stricter by how alike neighbours are otherwise (their lag-1 correlation), since latencies
/// come in waves that are no change. Further changes are looked for in the pieces: the one that is
/// clearest first, each with the p-value times the number of pieces at most `significance`; at last each
/// is placed and tested anew between its neighbours. What is short against the whole run, a stall of a few
/// answers, is not found this way.
///
/// ```
/// use dnsonde::stats::{SIGNIFICANCE, change_points};
///
/// let steady = [20, 23, 21, 22, 20, 24, 21, 23, 22, 20, 21, 22, 23, 24, 20, 21];
/// assert_eq!(change_points(&steady, SIGNIFICANCE), []);
/// let slower: Vec<u64> = steady.iter().map(|value| value + 10).collect();
/// let found = change_points(&[&steady[..], &slower].concat(), SIGNIFICANCE);
/// assert_eq!((found.len(), found[0].at), (1, 16));
/// ```
pub fn change_points(values: &[u64], significance: f64) -> Vec<ChangePoint> {
    let test = |begin: usize, end: usize| {
        clearest(&values[begin..end]).map(|it| ChangePoint { at: begin + it.at, ..it })
    };
    // Pieces from `begin` to `end`, with the clearest change within each.
    let mut pieces = vec![(0, values.len(), test(0, values.len()))];
    while pieces.len() <= MOST_CHANGES {
        let changes = pieces.iter().enumerate();
        let changes = changes.filter_map(|(piece, (.., change))| Some((piece, (*change)?)));
        let Some((piece, change)) = changes.min_by(|a, b| a.1.p_value.total_cmp(&b.1.p_value))
        else {
            break;
        };
        if change.p_value * pieces.len() as f64 > significance {
            break;
        }
        let (begin, end, _) = pieces.swap_remove(piece);
        pieces.push((begin, change.at, test(begin, change.at)));
        pieces.push((change.at, end, test(change.at, end)));
    }
    let mut bounds: Vec<usize> = pieces.iter().map(|(begin, ..)| *begin).collect();
    bounds.push(values.len());
    bounds.sort_unstable();
    let tests = (bounds.len() - 1) as f64;
    let placed = bounds.windows(3).filter_map(|around| test(around[0], around[2]));
    let mut found: Vec<ChangePoint> =
        placed.filter(|change| change.p_value * tests <= significance).collect();
    found.dedup_by_key(|change| change.at);
    found
}

/// Where a piece most likely changes; `None` if it is too short or all of its values are one.
fn clearest(values: &[u64]) -> Option<ChangePoint> {
    if values.len() < FEWEST {
        return None;
    }
    let ranks = centered_ranks(values);
    let squares: f64 = ranks.iter().map(|rank| rank * rank).sum();
    if squares == 0.0 {
        return None;
    }
    // The sum of the ranks so far walks away from 0 and back; it is farthest at the change.
    let (mut sum, mut farthest, mut at) = (0.0f64, 0.0f64, 0);
    for (index, rank) in ranks.iter().enumerate() {
        sum += rank;
        if sum.abs() > farthest {
            (farthest, at) = (sum.abs(), index + 1);
        }
    }
    let stretch = correlation_within(&ranks, at);
    let distance = farthest / (squares * (1.0 + stretch) / (1.0 - stretch)).sqrt();
    Some(ChangePoint { at, p_value: kolmogorov(distance) })
}

/// The rank of each value, those of ties shared, less the mean of all ranks.
fn centered_ranks(values: &[u64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by_key(|&index| values[index]);
    let mut ranks = vec![0.0; values.len()];
    let mut begin = 0;
    while begin < order.len() {
        let value = values[order[begin]];
        let ties = order[begin..].iter().take_while(|&&index| values[index] == value).count();
        let last = begin + ties;
        // Counted from 0, the mean of the ranks begin..last less that of all.
        let rank = ((begin + last) as f64 - values.len() as f64) / 2.0;
        order[begin..last].iter().for_each(|&index| ranks[index] = rank);
        begin = last;
    }
    ranks
}

/// The lag-1 correlation of ranks about their mean before and after a point; 0 to below 1.
fn correlation_within(ranks: &[f64], at: usize) -> f64 {
    let (mut products, mut squares) = (0.0, 0.0);
    for side in [&ranks[..at], &ranks[at..]] {
        let mean = side.iter().sum::<f64>() / (side.len() as f64).max(1.0);
        squares += side.iter().map(|rank| (rank - mean) * (rank - mean)).sum::<f64>();
        let pairs = side.windows(2);
        products += pairs.map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum::<f64>();
    }
    if squares > 0.0 { (products / squares).clamp(0.0, 0.99) } else { 0.0 }
}

/// The probability that a Brownian bridge gets at least so far from 0 (Kolmogorov, 1933).
fn kolmogorov(distance: f64) -> f64 {
    // The series is of no use here, and the probability is 1 to nine digits.
    if distance < 0.3 {
        return 1.0;
    }
    let mut sum = 0.0;
    for term in 1..=20 {
        let k = f64::from(term);
        let part = (-2.0 * k * k * distance * distance).exp();
        sum += if term % 2 == 1 { part } else { -part };
    }
    (2.0 * sum).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SIGNIFICANCE;
    use proptest::prelude::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    fn found(values: &[u64]) -> Vec<usize> {
        change_points(values, SIGNIFICANCE).iter().map(|change| change.at).collect()
    }

    #[test]
    fn the_distribution_is_that_of_the_printed_table() {
        // Smirnov, Annals of Mathematical Statistics 19, 1948.
        for (distance, p) in
            [(0.5, 0.963945), (1.0, 0.270000), (1.36, 0.049486), (1.63, 0.009846), (2.0, 0.000671)]
        {
            assert!((kolmogorov(distance) - p).abs() < 1e-6, "{distance}");
        }
        assert_eq!((kolmogorov(0.0), kolmogorov(1e9)), (1.0, 0.0));
    }

    #[test]
    fn the_nile_fell_in_1899() {
        // Annual flow of the Nile at Aswan 1871-1970, in 10^8 m³ (Cobb, Biometrika 65, 1978; R's
        // `Nile`); the change is known to be that of the dam, from 1899 on.
        let nile = [
            1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020,
            960, 1180, 799, 958, 1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840,
            874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969, 831, 726, 456, 824, 702, 1120,
            1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759, 781, 865, 845,
            944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890,
            744, 749, 838, 1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919,
            718, 714, 740,
        ];
        assert_eq!(found(&nile), [1899 - 1871]);
    }

    #[test]
    fn several_changes_are_found_where_they_are() {
        let mut random = StdRng::seed_from_u64(5);
        let mut level = |level: u64, count: usize| -> Vec<u64> {
            (0..count).map(|_| level + random.random_range(0..100)).collect()
        };
        let values = [level(500, 150), level(560, 100), level(500, 120), level(700, 90)].concat();
        let found = found(&values);
        assert_eq!(found.len(), 3, "{found:?}");
        for (found, truth) in found.iter().zip([150usize, 250, 370]) {
            assert!(found.abs_diff(truth) <= 6, "{found} {truth}");
        }
    }

    #[test]
    fn timeouts_are_the_largest_values_and_losses_a_sequence_of_their_own() {
        let mut random = StdRng::seed_from_u64(6);
        let mut losses = |share: f64, count: usize| -> Vec<u64> {
            (0..count).map(|_| u64::from(random.random_bool(share)) * u64::MAX).collect()
        };
        let values = [losses(0.01, 400), losses(0.3, 200)].concat();
        let found = found(&values);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].abs_diff(400) <= 15, "{found:?}");
    }

    #[test]
    fn nothing_is_found_in_what_does_not_change() {
        for values in [&[][..], &[1], &[3; 100], &[1, 2, 1, 2, 1, 2, 1, 2, 1, 2]] {
            assert!(found(values).is_empty(), "{values:?}");
        }
    }

    /// How many of 300 runs without a change are said to have one.
    fn wrong(values: impl Fn(&mut StdRng) -> Vec<u64>) -> usize {
        let mut random = StdRng::seed_from_u64(8);
        (0..300).filter(|_| !change_points(&values(&mut random), 0.05).is_empty()).count()
    }

    #[test]
    fn a_run_without_a_change_is_seldom_said_to_have_one() {
        let independent =
            |random: &mut StdRng| (0..100).map(|_| random.random_range(0..1000)).collect();
        let few_ties = |random: &mut StdRng| (0..100).map(|_| random.random_range(0..3)).collect();
        // Each value is half the one before, and half chance.
        let waves = |random: &mut StdRng| {
            let mut value = 500;
            let next = |_| {
                value = (value + random.random_range(0..1000)) / 2;
                value
            };
            (0..200).map(next).collect()
        };
        for (case, wrong) in [
            ("independent", wrong(independent)),
            ("ties", wrong(few_ties)),
            ("waves", wrong(waves)),
        ] {
            assert!(wrong <= 24, "{case}: {wrong} of 300");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn changes_lie_within_in_order_and_only_the_order_of_values_counts(
            values in prop::collection::vec(0u64..40, 0..200),
        ) {
            let changes = change_points(&values, 0.3);
            prop_assert!(changes.windows(2).all(|pair| pair[0].at < pair[1].at));
            prop_assert!(changes.iter().all(|change| (1..values.len()).contains(&change.at)));
            let cubes: Vec<u64> = values.iter().map(|value| value * value * value).collect();
            prop_assert_eq!(changes, change_points(&cubes, 0.3));
        }
    }
}
