//! The question that a verifier lives by: asked once, does it see the right answer?

use super::proportion::{Interval, Proportion};

/// What sums of a few shares may be off by.
const ROUNDING: f64 = 1e-12;

/// What became of the probes to one address of one authoritative server.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ServerTally {
    /// How often a resolver turns to this address, compared with the others; above 0.
    pub weight: f64,
    /// Probes with the right answer.
    pub right: u64,
    /// Probes with another answer that a resolver takes: it ends the search, and wrongly.
    pub wrong: u64,
    /// Probes without an answer that a resolver takes (a timeout, SERVFAIL, REFUSED): it asks
    /// again elsewhere.
    pub unanswered: u64,
}

impl ServerTally {
    fn probes(&self) -> u64 {
        self.right + self.wrong + self.unanswered
    }

    fn share(&self, count: u64) -> f64 {
        count as f64 / self.probes() as f64
    }
}

/// The probability that one look at the record succeeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chance {
    /// The best estimate.
    pub estimate: f64,
    /// Its interval.
    pub interval: Interval,
}

/// The probability that a verifier that asks now, once, over UDP, with one retry at another
/// address, sees the right answer.
///
/// The first address is drawn by weight. A right answer is success and a wrong one is failure;
/// without an answer a second address is drawn from the others (the same one again if there is
/// no other), and its answer decides. The interval combines the Clopper-Pearson limits of the
/// addresses by the method of variance estimates recovery (Zou and Donner, Statistics in Medicine
/// 27, 2008), so it always holds the estimate and is honest for addresses without any failure.
/// It assumes that probes are independent, and that the next minutes are like the run.
///
/// `None` if there is no address, or one that was never asked or has no weight.
pub fn verifier_success(servers: &[ServerTally], confidence: f64) -> Option<Chance> {
    let total: f64 = servers.iter().map(|server| server.weight).sum();
    let usable = |server: &ServerTally| server.weight > 0.0 && server.probes() > 0;
    if servers.is_empty() || !total.is_finite() || !servers.iter().all(usable) {
        return None;
    }
    let weight = |server: &ServerTally| server.weight / total;
    let right = |server: &ServerTally| server.share(server.right);
    let unanswered = |server: &ServerTally| server.share(server.unanswered);
    let others = servers.len() > 1;

    let mean_right: f64 = servers.iter().map(|s| weight(s) * right(s)).sum();
    // How often a second address is drawn, each part divided by the weight of all but its first.
    let second_draws: f64 =
        servers.iter().map(|s| weight(s) * unanswered(s) / (1.0 - weight(s))).sum();

    let mut estimate = 0.0;
    let (mut below, mut above) = (0.0, 0.0);
    for server in servers {
        let (w, r, u) = (weight(server), right(server), unanswered(server));
        // What a right answer and what no answer of this server is worth for the whole.
        let (right_worth, unanswered_worth) = if others {
            let mine = w * u / (1.0 - w);
            (w + w * (second_draws - mine), w * (mean_right - w * r) / (1.0 - w))
        } else {
            (1.0 + u, r)
        };
        estimate += w * r + u * if others { unanswered_worth } else { r };

        let taken = Proportion::new(server.right, server.probes()).interval(confidence);
        let not_wrong = Proportion::new(server.right + server.unanswered, server.probes());
        let kept = not_wrong.interval(confidence);
        // Both shares at their limits at once: the two are not independent.
        let extra = (right_worth - unanswered_worth).max(0.0);
        let down = extra * (r - taken.low) + unanswered_worth * (r + u - kept.low);
        let up = extra * (taken.high - r) + unanswered_worth * (kept.high - r - u);
        below += down * down;
        above += up * up;
    }
    let estimate = estimate.clamp(0.0, 1.0);
    let interval = Interval {
        low: (estimate - below.sqrt()).max(0.0),
        high: (estimate + above.sqrt()).min(1.0),
    };
    Some(Chance { estimate, interval })
}

/// The probability that all of several looks succeed, each of which draws its server anew: the
/// product of theirs. (A verifier whose resolver happens to stay with one server does better, at most
/// as well as with the worst look alone: what fails there fails together.) The interval combines those
/// of the looks by the same method as [`verifier_success`], on the logarithms.
///
/// `None` if there are none.
pub fn all_succeed(chances: &[Chance]) -> Option<Chance> {
    if chances.is_empty() {
        return None;
    }
    let estimate: f64 = chances.iter().map(|chance| chance.estimate).product();
    // Where nothing went wrong the sums of shares are 1 but for rounding.
    let estimate = if estimate > 1.0 - ROUNDING { 1.0 } else { estimate };
    let smallest = chances.iter().map(|chance| chance.interval.high).fold(1.0, f64::min);
    let apart = |side: fn(&Interval) -> f64| -> f64 {
        let squares = chances.iter().map(|chance| {
            let distance = side(&chance.interval).ln() - chance.estimate.ln();
            distance * distance
        });
        squares.sum::<f64>().sqrt()
    };
    let interval = if estimate > 0.0 {
        Interval {
            low: estimate * (-apart(|interval| interval.low)).exp(),
            high: (estimate * apart(|interval| interval.high).exp()).min(smallest),
        }
    } else {
        Interval { low: 0.0, high: smallest }
    };
    // Rounding must not push the estimate out.
    let interval = Interval { low: interval.low.min(estimate), high: interval.high.max(estimate) };
    Some(Chance { estimate, interval })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tally(right: u64, wrong: u64, unanswered: u64) -> ServerTally {
        ServerTally { weight: 1.0, right, wrong, unanswered }
    }

    fn estimate(servers: &[ServerTally]) -> f64 {
        verifier_success(servers, 0.95).unwrap().estimate
    }

    #[test]
    fn the_estimate_is_what_the_model_says() {
        for (servers, expected) in [
            // One server: a retry helps against loss, not against a wrong answer.
            (vec![tally(9, 0, 1)], 0.9 + 0.1 * 0.9),
            (vec![tally(9, 1, 0)], 0.9),
            // One server of four lacks the record.
            (vec![tally(20, 0, 0), tally(20, 0, 0), tally(20, 0, 0), tally(0, 20, 0)], 0.75),
            // One server of two is dead: the retry always reaches the other.
            (vec![tally(20, 0, 0), tally(0, 0, 20)], 1.0),
            // One of three is dead, one wrong.
            (vec![tally(8, 0, 0), tally(0, 8, 0), tally(0, 0, 8)], (1.0 + 0.0 + 0.5) / 3.0),
            (vec![tally(0, 0, 5), tally(0, 0, 5)], 0.0),
        ] {
            assert!((estimate(&servers) - expected).abs() < 1e-12, "{servers:?}");
        }
        // Turned to three times as often, and the only one that is right.
        let often = ServerTally { weight: 3.0, ..tally(10, 0, 0) };
        assert!((estimate(&[often, tally(0, 10, 0)]) - 0.75).abs() < 1e-12);
    }

    #[test]
    fn what_was_not_asked_gives_no_chance() {
        let never = ServerTally { weight: 0.0, ..tally(5, 0, 0) };
        for servers in
            [vec![], vec![tally(0, 0, 0)], vec![tally(5, 0, 0), tally(0, 0, 0)], vec![never]]
        {
            assert_eq!(verifier_success(&servers, 0.95), None, "{servers:?}");
        }
    }

    #[test]
    fn success_everywhere_is_not_called_certain() {
        let chance = verifier_success(&[tally(14, 0, 0); 8], 0.95).unwrap();
        assert_eq!((chance.estimate, chance.interval.high), (1.0, 1.0));
        assert!((0.9..0.95).contains(&chance.interval.low), "{chance:?}");
    }

    /// The probability that the interval holds the true chance, over all outcomes of `probes`
    /// probes to each of two servers with these shares of right and of no answers.
    fn coverage(probes: u64, shares: [(f64, f64); 2]) -> f64 {
        let [(r1, u1), (r2, u2)] = shares;
        let truth = (r1 + u1 * r2 + r2 + u2 * r1) / 2.0;
        let outcomes = |(right, unanswered): (f64, f64)| {
            let wrong = 1.0 - right - unanswered;
            let mut list = Vec::new();
            for r in 0..=probes {
                for u in 0..=probes - r {
                    let ways = crate::stats::distribution::ln_choose(probes, r)
                        + crate::stats::distribution::ln_choose(probes - r, u);
                    let w = probes - r - u;
                    let weight = ways.exp()
                        * right.powi(r as i32)
                        * unanswered.powi(u as i32)
                        * wrong.powi(w as i32);
                    list.push((tally(r, w, u), weight));
                }
            }
            list
        };
        let (first, second) = (outcomes(shares[0]), outcomes(shares[1]));
        let mut covered = 0.0;
        for (a, p) in first.iter().filter(|(_, p)| *p > 1e-9) {
            for (b, q) in second.iter().filter(|(_, q)| *q > 1e-9) {
                let chance = verifier_success(&[*a, *b], 0.95).unwrap();
                if chance.interval.low - 1e-9 <= truth && truth <= chance.interval.high + 1e-9 {
                    covered += p * q;
                }
            }
        }
        covered
    }

    #[test]
    fn the_interval_holds_the_truth_as_often_as_it_says() {
        for shares in [
            [(1.0, 0.0), (1.0, 0.0)],
            [(0.9, 0.1), (0.9, 0.1)],
            [(0.95, 0.0), (0.95, 0.0)],
            [(0.8, 0.1), (0.95, 0.05)],
            [(1.0, 0.0), (0.0, 0.0)],
            [(1.0, 0.0), (0.0, 1.0)],
            [(0.5, 0.5), (0.5, 0.5)],
            [(0.5, 0.0), (0.9, 0.05)],
            [(0.3, 0.3), (0.3, 0.3)],
            [(0.99, 0.01), (0.97, 0.0)],
        ] {
            let covered = coverage(10, shares);
            assert!(covered >= 0.95, "{shares:?}: {covered}");
        }
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_estimate(
            counts in prop::collection::vec((0u64..50, 0u64..50, 0u64..50), 1..9),
        ) {
            let servers: Vec<_> = counts.iter().map(|&(r, w, u)| tally(r + 1, w, u)).collect();
            let chance = verifier_success(&servers, 0.95).unwrap();
            prop_assert!(chance.interval.contains(chance.estimate));
            prop_assert!((0.0..=1.0).contains(&chance.interval.low));
            prop_assert!((0.0..=1.0).contains(&chance.interval.high));
        }

        #[test]
        fn more_probes_make_the_interval_narrower(r in 1u64..30, w in 0u64..30, u in 0u64..30) {
            let width = |times: u64| {
                let server = tally(r * times, w * times, u * times);
                let chance = verifier_success(&[server; 3], 0.95).unwrap();
                chance.interval.high - chance.interval.low
            };
            prop_assert!(width(10) <= width(1) + 1e-12);
        }
    }

    fn chance(estimate: f64, low: f64, high: f64) -> Chance {
        Chance { estimate, interval: Interval { low, high } }
    }

    #[test]
    fn the_chance_of_all_is_the_product_and_its_interval_holds_it() {
        let one = chance(0.75, 0.7, 0.8);
        assert_eq!(all_succeed(&[one]).map(|all| all.estimate), Some(0.75));
        let all = all_succeed(&[one, one, one]).unwrap();
        assert!((all.estimate - 0.421_875).abs() < 1e-12);
        assert!(all.interval.contains(all.estimate), "{all:?}");
        // Narrower than if all were at their limits at once.
        assert!(all.interval.low > 0.7f64.powi(3) && all.interval.high < 0.8f64.powi(3));
        let sure = chance(1.0, 0.93, 1.0);
        let all = all_succeed(&[sure; 3]).unwrap();
        assert!(all.interval.low > 0.87 && all.interval.low < 0.9, "{all:?}");
        assert_eq!(all.interval.high, 1.0);
        let none = chance(0.0, 0.0, 0.1);
        let all = all_succeed(&[none, sure]).unwrap();
        assert_eq!((all.estimate, all.interval.low, all.interval.high), (0.0, 0.0, 0.1));
        assert_eq!(all_succeed(&[]), None);
    }
}
