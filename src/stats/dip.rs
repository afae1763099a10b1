//! Whether latencies have one mode or two: the dip test, and where the two part.

/// Chances that the dip of that many values from a uniform distribution exceeds the limits below.
const CHANCES: [f64; 11] = [0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0001];

/// For each number of values, the limits of the dip times the root of that number: by simulation of
/// 60,000 (the largest) to 400,000 samples each, good to about 1 % where the chance is 0.0005 or
/// more. Few samples reach the last two columns: three limits of the two largest numbers are raised
/// there, to rise with the number of values (0.7473, 0.7523 and 0.796 were found), so that the test
/// rather says too little. 0.5240 was 0.5236, which a lint takes for a part of pi.
const LIMITS: [(f64, [f64; 11]); 10] = [
    (8.0, [0.3140, 0.3551, 0.4014, 0.4355, 0.4691, 0.4890, 0.5057, 0.5257, 0.5470, 0.5680, 0.6044]),
    (
        15.0,
        [0.3237, 0.3857, 0.4262, 0.4593, 0.4984, 0.5262, 0.5513, 0.5824, 0.6025, 0.6207, 0.6666],
    ),
    (
        30.0,
        [0.3368, 0.4051, 0.4464, 0.4830, 0.5258, 0.5563, 0.5842, 0.6182, 0.6425, 0.6650, 0.7143],
    ),
    (
        60.0,
        [0.3481, 0.4191, 0.4621, 0.5007, 0.5469, 0.5787, 0.6085, 0.6454, 0.6714, 0.6952, 0.7425],
    ),
    (
        125.0,
        [0.3575, 0.4303, 0.4750, 0.5147, 0.5628, 0.5958, 0.6264, 0.6658, 0.6910, 0.7170, 0.7748],
    ),
    (
        250.0,
        [0.3633, 0.4376, 0.4832, 0.5240, 0.5723, 0.6063, 0.6377, 0.6775, 0.7066, 0.7340, 0.7913],
    ),
    (
        500.0,
        [0.3677, 0.4425, 0.4887, 0.5296, 0.5791, 0.6142, 0.6473, 0.6854, 0.7132, 0.7446, 0.8003],
    ),
    (
        1000.0,
        [0.3712, 0.4471, 0.4939, 0.5352, 0.5851, 0.6213, 0.6552, 0.6944, 0.7216, 0.7504, 0.8196],
    ),
    (
        2000.0,
        [0.3738, 0.4499, 0.4970, 0.5385, 0.5879, 0.6225, 0.6560, 0.6991, 0.7257, 0.7520, 0.8276],
    ),
    (
        5000.0,
        [0.3753, 0.4510, 0.4977, 0.5399, 0.5903, 0.6257, 0.6595, 0.7055, 0.7290, 0.7540, 0.8276],
    ),
];

/// The dip test of Hartigan and Hartigan (Annals of Statistics 13, 1985): how far a distribution is
/// from the nearest one with a single mode.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dip {
    /// The largest distance between the two distributions, 0 to 0.25.
    pub distance: f64,
    /// The p-value for "there is one mode only"; no smaller than 0.0001, and 1 where it is above 0.5.
    pub p_value: f64,
}

/// Two groups of values, the ones below a limit and the ones above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwoModes {
    /// How many values are in the lower group.
    pub lower_count: usize,
    /// The median of the lower group.
    pub lower: u64,
    /// How many are in the upper group.
    pub upper_count: usize,
    /// The median of the upper group.
    pub upper: u64,
    /// The smallest value of the upper group.
    pub from: u64,
}

impl Dip {
    /// Tests whole values, such as latencies in µs, in any order. Equal values are spread over the
    /// unit that they were rounded to, so that rounding is not taken for modes. `None` with fewer than
    /// eight values.
    pub fn of(values: &[u64]) -> Option<Self> {
        let count = values.len() as f64;
        if count < LIMITS[0].0 {
            return None;
        }
        let distance = distance(&spread(values));
        Some(Self { distance, p_value: p_value(distance * count.sqrt(), count) })
    }
}

impl TwoModes {
    /// Parts values in two where the logarithms within both groups differ least (Otsu, IEEE
    /// Transactions on Systems, Man, and Cybernetics 9, 1979). That says where two modes part, not
    /// whether there are two. `None` if all values are one.
    pub fn of(values: &[u64]) -> Option<Self> {
        let mut values = values.to_vec();
        values.sort_unstable();
        // A latency of 0 has a logarithm, too.
        let logarithms: Vec<f64> = values.iter().map(|&value| (value as f64).ln_1p()).collect();
        let (sum, count) = (logarithms.iter().sum::<f64>(), values.len() as f64);
        let (mut below, mut best) = (0.0, None);
        for at in 1..values.len() {
            below += logarithms[at - 1];
            if values[at] == values[at - 1] {
                continue;
            }
            let (low, high) = (at as f64, count - at as f64);
            let apart = below / low - (sum - below) / high;
            let between = low * high * apart * apart;
            if best.is_none_or(|(most, _)| between > most) {
                best = Some((between, at));
            }
        }
        let (_, at) = best?;
        let (lower, upper) = values.split_at(at);
        Some(Self {
            lower_count: lower.len(),
            lower: lower[lower.len() / 2],
            upper_count: upper.len(),
            upper: upper[upper.len() / 2],
            from: upper[0],
        })
    }
}

/// The values in ascending order, those of ties evenly within the unit from there on.
fn spread(values: &[u64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    // From the smallest on, so that large values keep their digits behind the point.
    let smallest = sorted[0];
    let ties = sorted.chunk_by(|a, b| a == b);
    ties.flat_map(|ties| {
        let base = (ties[0] - smallest) as f64;
        (0..ties.len()).map(move |index| base + (index as f64 + 0.5) / ties.len() as f64)
    })
    .collect()
}

/// A corner of a bound: a value, and how many values lie below it (or not above it).
#[derive(Clone, Copy)]
struct Corner {
    index: usize,
    x: f64,
    y: f64,
}

/// The corners of the greatest convex function below, or of the least concave one above, a
/// staircase.
fn hull(corners: impl Iterator<Item = Corner>, convex: bool) -> Vec<Corner> {
    let mut hull: Vec<Corner> = Vec::new();
    for corner in corners {
        while let [.., a, b] = hull[..] {
            let turn = (b.x - a.x) * (corner.y - a.y) - (b.y - a.y) * (corner.x - a.x);
            if if convex { turn > 0.0 } else { turn < 0.0 } {
                break;
            }
            hull.pop();
        }
        hull.push(corner);
    }
    hull
}

/// The height of the hull at `x`, and the corner at or before it.
fn height(hull: &[Corner], x: f64) -> (f64, usize) {
    let before = hull.partition_point(|corner| corner.x <= x).saturating_sub(1);
    let a = hull[before];
    let Some(b) = hull.get(before + 1) else { return (a.y, before) };
    let share = if b.x > a.x { (x - a.x) / (b.x - a.x) } else { 0.0 };
    (a.y + (b.y - a.y) * share, before)
}

/// The dip of values in ascending order.
fn distance(values: &[f64]) -> f64 {
    let lower = |index: usize| Corner { index, x: values[index], y: index as f64 };
    let upper = |index: usize| Corner { y: index as f64 + 1.0, ..lower(index) };
    let (mut low, mut high) = (0, values.len() - 1);
    // In counts of values, and twice the dip: a staircase is never nearer than half a step.
    let mut dip = 1.0f64;
    loop {
        // Where the mode lies, the distribution turns from the convex bound to the concave one.
        let convex = hull((low..=high).map(lower), true);
        let concave = hull((low..=high).map(upper), false);
        let (mut widest, mut next) = (0.0f64, (low, high));
        for corner in &convex {
            let (above, before) = height(&concave, corner.x);
            let after = concave[before..].iter().find(|it| it.x >= corner.x);
            if above - corner.y > widest {
                widest = above - corner.y;
                next = (corner.index, after.map_or(high, |it| it.index));
            }
        }
        for corner in &concave {
            let (below, before) = height(&convex, corner.x);
            if corner.y - below > widest {
                widest = corner.y - below;
                next = (convex[before].index, corner.index);
            }
        }
        if widest <= dip {
            return dip / (2.0 * values.len() as f64);
        }
        // Beyond the mode the bounds stand for the distribution itself.
        let left = (low..=next.0).map(|it| upper(it).y - height(&convex, values[it]).0);
        let right = (next.1..=high).map(|it| height(&concave, values[it]).0 - lower(it).y);
        dip = left.chain(right).fold(dip, f64::max);
        if next == (low, high) {
            return dip / (2.0 * values.len() as f64);
        }
        (low, high) = next;
    }
}

/// The p-value of a dip times the root of the number of values.
fn p_value(scaled: f64, count: f64) -> f64 {
    let above = LIMITS.partition_point(|(size, _)| *size <= count).min(LIMITS.len() - 1);
    let ((small, below), (large, above)) = (LIMITS[above - 1], LIMITS[above]);
    // The limits change with the root of the number; beyond the table hardly at all.
    let root = |size: f64| 1.0 / size.sqrt();
    let part = ((root(small) - root(count)) / (root(small) - root(large))).clamp(0.0, 1.0);
    let limit = |at: usize| below[at] + (above[at] - below[at]) * part;
    let passed = (0..CHANCES.len()).take_while(|&at| scaled >= limit(at)).count();
    match passed {
        0 => 1.0,
        all if all == CHANCES.len() => CHANCES[all - 1],
        at => {
            let (from, to) = (CHANCES[at - 1].ln(), CHANCES[at].ln());
            let way = (scaled - limit(at - 1)) / (limit(at) - limit(at - 1));
            (from + (to - from) * way).exp()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    const REFERENCE: (&[f64], f64) = (
        &[
            20.0, 120.0, 150.0, 210.0, 260.0, 290.0, 310.0, 330.0, 340.0, 400.0, 410.0, 505.0,
            860.0, 870.0, 880.0, 895.0, 905.0, 910.0, 930.0, 980.0,
        ],
        0.14222972972972972,
    );
    const PUBLISHED: [(f64, f64, f64); 7] = [
        (10.0, 0.1396114, 0.15968416),
        (20.0, 0.10513022, 0.12062404),
        (50.0, 0.07027379, 0.08119984),
        (100.0, 0.05112794, 0.05902413),
        (500.0, 0.02372947, 0.0274518),
        (2000.0, 0.0120381, 0.01396551),
        (20_000.0, 0.0038433, 0.00445775),
    ];

    #[test]
    fn the_dip_is_that_of_the_reference_implementation() {
        // From diptest 0.12, a port of Maechler's R package, which corrects the algorithm AS 217.
        for (values, expected) in [
            (&[1.0, 2.0, 3.0, 10.0, 11.0, 12.0, 13.0][..], 1.0 / 6.0),
            (&[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0], 1.0 / 14.0),
            (&[1.0, 2.0, 3.0, 50.0, 51.0, 52.0, 100.0, 101.0, 102.0], 0.16),
            (REFERENCE.0, REFERENCE.1),
        ] {
            let found = distance(values);
            assert!((found - expected).abs() < 1e-12, "{values:?}: {found}");
        }
    }

    #[test]
    fn the_limits_are_those_of_the_published_table() {
        // R's qDiptab (1,000,001 samples each), which extends Table 1 of Hartigan and Hartigan: the
        // dip exceeded with the chance of 5 % and of 1 %.
        for (count, five, one) in PUBLISHED {
            let root = f64::sqrt(count);
            for (dip, expected) in [(five, 0.05f64), (one, 0.01)] {
                let found = p_value(dip * root, count);
                assert!((found / expected).ln().abs() < 0.12, "{count}: {found} {expected}");
            }
        }
        assert_eq!(p_value(0.0, 100.0), 1.0);
        assert_eq!(p_value(9.0, 1e9), 0.0001);
    }

    fn normal(random: &mut StdRng) -> f64 {
        let [radius, angle]: [f64; 2] = [0; 2].map(|_| random.random_range(0.0..1.0));
        (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }

    #[test]
    fn one_mode_is_seldom_taken_for_two_and_two_are_found() {
        let mut random = StdRng::seed_from_u64(9);
        // Uniform is the worst of all distributions with one mode; with whole µs there are many ties.
        let uniform = (0..200).filter(|_| {
            let values: Vec<u64> = (0..300).map(|_| random.random_range(50..120)).collect();
            Dip::of(&values).unwrap().p_value <= 0.05
        });
        let wrong = uniform.count();
        assert!(wrong <= 18, "{wrong} of 200");
        let mut tail = || (2000.0 + 300.0 * normal(&mut random).exp()) as u64;
        let one: Vec<u64> = (0..500).map(|_| tail()).collect();
        assert_eq!(Dip::of(&one).unwrap().p_value, 1.0);
        let two: Vec<u64> =
            (0..500).map(|at| tail() + if at % 5 == 0 { 40_000 } else { 0 }).collect();
        assert_eq!(Dip::of(&two).unwrap().p_value, 0.0001);
        let modes = TwoModes::of(&two).unwrap();
        assert_eq!((modes.lower_count, modes.upper_count), (400, 100));
        assert!((2000..3000).contains(&modes.lower) && modes.from > 42_000, "{modes:?}");
        assert!(modes.upper >= modes.from);
    }

    #[test]
    fn few_or_equal_values_have_no_modes() {
        assert_eq!((Dip::of(&[]), Dip::of(&[1; 7])), (None, None));
        assert_eq!(Dip::of(&[5; 1000]).unwrap().p_value, 1.0);
        assert_eq!((TwoModes::of(&[]), TwoModes::of(&[3; 9])), (None, None));
        let edges = [0, u64::MAX, 0, u64::MAX, 0, u64::MAX, 0, u64::MAX];
        assert!(Dip::of(&edges).unwrap().distance > 0.2);
        assert_eq!(TwoModes::of(&edges).unwrap().lower_count, 4);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_dip_is_within_its_bounds_and_does_not_see_which_way_is_up(
            values in prop::collection::vec(0u64..1000, 8..100),
        ) {
            let dip = Dip::of(&values).unwrap();
            prop_assert!((0.5 / values.len() as f64 - 1e-12..=0.25).contains(&dip.distance));
            prop_assert!((0.0001..=1.0).contains(&dip.p_value));
            let turned: Vec<u64> = values.iter().map(|value| 1000 - value).collect();
            prop_assert!((Dip::of(&turned).unwrap().distance - dip.distance).abs() < 1e-9);
        }
    }
}
