//! What one look-up of a program costs: glibc's way through its servers, turned into a distribution
//! of the time that the program waits.
//!
//! Probes say what each server does; a program feels something else. A first server that is dead
//! costs every look-up a timeout, one that loses 1 % costs one look-up in fifty 5 s (there are two
//! queries to each), and a search list multiplies both. The algorithm is that of glibc's `getaddrinfo`
//! (resolv.conf(5), `send_dg` and `__res_context_search` in its sources). What a server does to one query is
//! taken to be independent of what it does to another.

use crate::names::resolv_conf::{MOST_SERVERS, ResolvConf, ResolverOptions};

/// Points that a distribution is kept to; neighbours are merged.
const MOST_POINTS: usize = 256;
/// The points of one server's answers: they are paired with each other.
const MOST_OUTCOMES: usize = 48;
/// Candidates of one name that are followed; a search list may be longer.
const MOST_CANDIDATES: usize = 32;
const SECOND: u64 = 1_000_000;

/// What one server did with a number of queries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerBehavior {
    /// The latencies of answers, NXDOMAIN among them, in µs.
    pub answered_us: Vec<u64>,
    /// The latencies of SERVFAIL, REFUSED and NOTIMP, in µs: glibc turns to the next server.
    pub failed_us: Vec<u64>,
    /// How many queries got no response at all.
    pub lost: u64,
}

/// How a name is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameForm {
    /// How many dots it has.
    pub dots: u32,
    /// It ends with a dot: nothing is appended.
    pub absolute: bool,
    /// Which of the names in question exists, counted from 0; `None` if none does.
    pub exists: Option<usize>,
}

/// What a look-up costs.
#[derive(Debug, Clone, PartialEq)]
pub struct LookupCost {
    /// After how long it ends (in µs) and how likely that is, in ascending order, whether it succeeds
    /// or not.
    times: Vec<(u64, f64)>,
    /// How likely it fails for want of answers.
    pub failed: f64,
    /// How many names are asked for until the right one, if all goes well.
    pub names: usize,
}

/// How often, and after how long.
type Points = Vec<(u64, f64)>;

/// What becomes of a query, or of a pair of them, at one server.
#[derive(Default)]
struct Step {
    /// It is over: there is an answer.
    answered: Points,
    /// The next server is asked.
    onward: Points,
    /// One half of a pair was answered before the timeout; with the probability that it happens.
    half: f64,
}

impl LookupCost {
    /// The cost of one name with this configuration; `servers` are in the order of `conf` and those
    /// that glibc does not ask are left out. `None` without a server, or one that was never asked.
    pub fn of(conf: &ResolvConf, servers: &[ServerBehavior], name: NameForm) -> Option<Self> {
        let servers = &servers[..servers.len().min(MOST_SERVERS)];
        let outcomes: Vec<Outcomes> =
            servers.iter().map(Outcomes::of).collect::<Option<Vec<_>>>()?;
        if outcomes.is_empty() {
            return None;
        }
        let (resolved, lost) = one_name(&conf.options, &outcomes);
        let candidates = candidates(conf, name);
        let names = name.exists.map_or(candidates, |exists| (exists + 1).min(candidates));
        let (mut open, mut ended, mut failed) = (vec![(0, 1.0)], Vec::new(), 0.0);
        for _ in 0..names {
            // Without an answer the search is over: the name may exist.
            failed += total(&open) * total(&lost);
            ended.extend(convolve(&open, &lost));
            open = convolve(&open, &resolved);
        }
        ended.extend(open);
        Some(Self { times: merge(ended, MOST_POINTS), failed, names })
    }

    /// The share of look-ups that take so long or longer.
    pub fn share_from(&self, us: u64) -> f64 {
        self.times
            .iter()
            .filter(|(time, _)| *time >= us)
            .map(|(_, share)| share)
            .sum::<f64>()
            .min(1.0)
    }

    /// How long the share `share` (0 to 1) of look-ups takes at most, in µs.
    pub fn quantile_us(&self, share: f64) -> u64 {
        let mut sum = 0.0;
        // What rounding leaves out must not make the last one unreachable.
        let reached = |(_, part): &&(u64, f64)| {
            sum += part;
            sum >= share - 1e-9
        };
        self.times.iter().find(reached).or(self.times.last()).map_or(0, |(time, _)| *time)
    }

    /// The mean, in µs.
    pub fn mean_us(&self) -> f64 {
        self.times.iter().map(|(time, share)| *time as f64 * share).sum()
    }
}

/// How many names are asked for at most: the name itself, and with each domain of the search list.
fn candidates(conf: &ResolvConf, name: NameForm) -> usize {
    if name.absolute { 1 } else { (conf.search.len() + 1).min(MOST_CANDIDATES) }
}

/// The position of the name itself among the names that are asked for: first with enough dots, else
/// behind all domains of the search list. 0 for an absolute name.
pub fn position_as_is(conf: &ResolvConf, dots: u32, absolute: bool) -> usize {
    if absolute || dots >= conf.options.ndots { 0 } else { conf.search.len() }
}

/// How long the server of this place in the list is waited for, in µs.
pub fn server_timeout_us(options: &ResolverOptions, place: usize, servers: usize) -> u64 {
    let place = place.min(MOST_SERVERS - 1);
    let seconds = u64::from(options.timeout_s) << place;
    let seconds = if place > 0 { seconds / servers.max(1) as u64 } else { seconds };
    seconds.max(1) * SECOND
}

/// What a server does to one query, as shares.
struct Outcomes {
    answered: Points,
    failed: Points,
}

impl Outcomes {
    fn of(server: &ServerBehavior) -> Option<Self> {
        let all = server.answered_us.len() as u64 + server.failed_us.len() as u64;
        let all = all.saturating_add(server.lost);
        let share = 1.0 / all as f64;
        let points =
            |times: &[u64]| merge(times.iter().map(|&time| (time, share)).collect(), MOST_OUTCOMES);
        (all > 0).then(|| Self {
            answered: points(&server.answered_us),
            failed: points(&server.failed_us),
        })
    }

    /// Those in time, with whether they are answers.
    fn in_time(&self, timeout: u64) -> impl Iterator<Item = (u64, f64, bool)> {
        let answered = self.answered.iter().map(|&(time, share)| (time, share, true));
        let failed = self.failed.iter().map(|&(time, share)| (time, share, false));
        answered.chain(failed).filter(move |(time, ..)| *time < timeout)
    }

    fn one(&self, timeout: u64) -> Step {
        let mut step = Step::default();
        let mut silent = 1.0;
        for (time, share, answer) in self.in_time(timeout) {
            silent -= share;
            let points = if answer { &mut step.answered } else { &mut step.onward };
            points.push((time, share));
        }
        step.onward.push((timeout, f64::max(silent, 0.0)));
        step
    }

    /// A and AAAA, both at once or one after the other: the timeout is for both together.
    fn pair(&self, timeout: u64, serial: bool) -> Step {
        let mut step = Step::default();
        let mut rest = 1.0;
        for (first, first_share, first_answers) in self.in_time(timeout) {
            let mut second_lost = first_share;
            for (second, share, second_answers) in self.in_time(timeout) {
                let both = if serial { first + second } else { first.max(second) };
                if both >= timeout {
                    continue;
                }
                second_lost -= first_share * share;
                // Half an answer is one: the other half is not asked for again.
                let answered = first_answers || second_answers;
                let points = if answered { &mut step.answered } else { &mut step.onward };
                points.push((both, first_share * share));
            }
            rest -= first_share;
            // At once, either of the two may be the one that is lost. A failure alone is no half.
            let ways = if serial { 1.0 } else { 2.0 };
            let lost = f64::max(second_lost, 0.0);
            if first_answers {
                step.half += lost * ways;
            } else {
                step.onward.push((timeout, lost * ways));
            }
            if !serial {
                rest -= lost;
            }
        }
        step.onward.push((timeout, f64::max(rest, 0.0)));
        step
    }
}

/// The times at which the look-up of one name ends with an answer, and those at which it fails.
fn one_name(options: &ResolverOptions, servers: &[Outcomes]) -> (Points, Points) {
    let starts = if options.rotate { servers.len() } else { 1 };
    let (mut answered, mut failed) = (Vec::new(), Vec::new());
    for start in 0..starts {
        let mut open: Points = vec![(0, 1.0 / starts as f64)];
        for _ in 0..options.attempts.max(1) {
            for place in 0..servers.len() {
                let place = (start + place) % servers.len();
                let timeout = server_timeout_us(options, place, servers.len());
                let step = ask(options, &servers[place], timeout);
                answered.extend(convolve(&open, &step.answered));
                open = convolve(&open, &step.onward);
            }
        }
        failed.extend(open);
    }
    (merge(answered, MOST_POINTS), merge(failed, MOST_POINTS))
}

/// All that is done with one server before the next one is asked. If one half of a pair comes and the
/// other does not, both are asked for again, one after the other, and then once more from another port;
/// what has come by then has to do.
fn ask(options: &ResolverOptions, server: &Outcomes, timeout: u64) -> Step {
    if options.no_aaaa {
        return server.one(timeout);
    }
    let serial = options.single_request || options.single_request_reopen;
    let first_mode = match (serial, options.single_request_reopen) {
        (false, _) => 0,
        (true, false) => 1,
        (true, true) => 2,
    };
    let (mut all, mut open, mut waited) = (Step::default(), 1.0, 0);
    for mode in first_mode..=2 {
        let step = server.pair(timeout, mode > 0);
        let later = |points: Points| {
            points.into_iter().map(move |(time, share)| (waited + time, share * open))
        };
        all.answered.extend(later(step.answered));
        all.onward.extend(later(step.onward));
        open *= step.half;
        waited += timeout;
    }
    all.answered.push((waited, open));
    Step {
        answered: merge(all.answered, MOST_POINTS),
        onward: merge(all.onward, MOST_POINTS),
        half: 0.0,
    }
}

fn total(points: &Points) -> f64 {
    points.iter().map(|(_, share)| share).sum()
}

/// The times of one thing after the other.
fn convolve(first: &Points, second: &Points) -> Points {
    let all = first
        .iter()
        .flat_map(|&(a, p)| second.iter().map(move |&(b, q)| (a.saturating_add(b), p * q)));
    merge(all.collect(), MOST_POINTS)
}

/// Sorts points, drops those that never happen, and merges neighbours until there are few enough; of
/// those the mean time stays.
fn merge(mut points: Points, most: usize) -> Points {
    points.retain(|(_, share)| *share > 1e-15);
    points.sort_unstable_by_key(|(time, _)| *time);
    let same = |later: &mut (u64, f64), kept: &mut (u64, f64)| {
        let one = later.0 == kept.0;
        if one {
            kept.1 += later.1;
        }
        one
    };
    points.dedup_by(same);
    let mut width = 1_000u64;
    while points.len() > most {
        // What lies closest together first, so that a timeout stays apart from answers.
        points.dedup_by(|later, kept| {
            let close = later.0 - kept.0 <= width;
            if close {
                let share = kept.1 + later.1;
                let way = (later.0 - kept.0) as f64 * later.1 / share;
                *kept = (kept.0 + way as u64, share);
            }
            close
        });
        width = width.saturating_mul(2);
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::resolv_conf::read_resolv_conf;
    use proptest::prelude::*;

    const AS_IS: NameForm = NameForm { dots: 2, absolute: true, exists: Some(0) };

    fn sound(us: u64) -> ServerBehavior {
        ServerBehavior { answered_us: vec![us], ..ServerBehavior::default() }
    }

    fn dead() -> ServerBehavior {
        ServerBehavior { lost: 1, ..ServerBehavior::default() }
    }

    fn cost(conf: &str, servers: &[ServerBehavior], name: NameForm) -> LookupCost {
        LookupCost::of(&read_resolv_conf(conf.as_bytes()), servers, name).unwrap()
    }

    #[test]
    fn a_dead_first_server_costs_every_look_up_its_timeout() {
        let found = cost("", &[dead(), sound(20_000)], AS_IS);
        assert_eq!((found.quantile_us(0.0), found.quantile_us(1.0)), (5_020_000, 5_020_000));
        assert_eq!(found.failed, 0.0);
        let faster = cost("options timeout:1\n", &[dead(), sound(20_000)], AS_IS);
        assert_eq!(faster.quantile_us(0.5), 1_020_000);
        // In turn, every second one is spared.
        let rotated = cost("options rotate\n", &[dead(), sound(20_000)], AS_IS);
        assert!((rotated.share_from(5_000_000) - 0.5).abs() < 1e-12);
        assert_eq!(rotated.quantile_us(0.4), 20_000);
    }

    #[test]
    fn when_all_are_dead_the_look_up_fails_after_all_timeouts_of_glibc() {
        // Two servers: 5 s and 10/2 s; three: 5, 10/3 and 20/3 s in whole seconds; each twice.
        for (servers, seconds) in [(1, 10), (2, 20), (3, 28), (5, 28)] {
            let found = cost("", &vec![dead(); servers], AS_IS);
            assert_eq!(
                (found.failed, found.quantile_us(0.5)),
                (1.0, seconds * SECOND),
                "{servers}"
            );
        }
        assert_eq!(
            cost("options timeout:0 attempts:1\n", &[dead()], AS_IS).quantile_us(0.5),
            SECOND
        );
    }

    #[test]
    fn lost_halves_of_pairs_are_the_five_seconds_that_people_know() {
        let lossy = ServerBehavior { answered_us: vec![10_000; 99], lost: 1, ..Default::default() };
        let found = cost("", std::slice::from_ref(&lossy), AS_IS);
        // 1 - 0.99², of which most are one half of a pair.
        assert!((found.share_from(5_000_000) - 0.0199).abs() < 1e-9, "{found:?}");
        assert!((found.share_from(10_000_000) - 0.0199 * 0.0199).abs() < 2e-4, "{found:?}");
        let single = cost("options no-aaaa\n", &[lossy], AS_IS);
        assert!((single.share_from(5_000_000) - 0.01).abs() < 1e-9, "{single:?}");
    }

    #[test]
    fn one_after_the_other_takes_twice_as_long_and_both_share_the_timeout() {
        assert_eq!(
            cost("options single-request\n", &[sound(30_000)], AS_IS).quantile_us(1.0),
            60_000
        );
        assert_eq!(cost("", &[sound(30_000)], AS_IS).quantile_us(1.0), 30_000);
        // 3 s each are in time at once, not one after the other: twice that, and half an answer is kept.
        assert_eq!(cost("", &[sound(3 * SECOND)], AS_IS).quantile_us(1.0), 3 * SECOND);
        let late = cost("options single-request\n", &[sound(3 * SECOND)], AS_IS);
        assert_eq!((late.quantile_us(1.0), late.failed), (10 * SECOND, 0.0));
        // Too late is as good as never.
        assert_eq!(cost("", &[sound(6 * SECOND)], AS_IS).failed, 1.0);
    }

    #[test]
    fn a_server_that_fails_hands_on_at_once() {
        let failing = ServerBehavior { failed_us: vec![4_000], ..Default::default() };
        let found = cost("", &[failing.clone(), sound(20_000)], AS_IS);
        assert_eq!((found.quantile_us(1.0), found.failed), (24_000, 0.0));
        let both = cost("", &[failing.clone(), failing], AS_IS);
        assert_eq!((both.quantile_us(1.0), both.failed), (16_000, 1.0));
    }

    #[test]
    fn a_search_list_multiplies_what_one_name_costs() {
        let conf = "search a.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n";
        let parsed = read_resolv_conf(conf.as_bytes());
        let as_is = position_as_is(&parsed, 2, false);
        assert_eq!(
            (as_is, position_as_is(&parsed, 5, false), position_as_is(&parsed, 0, true)),
            (3, 0, 0)
        );
        let name = NameForm { dots: 2, absolute: false, exists: Some(as_is) };
        let found = cost(conf, &[sound(2_000)], name);
        assert_eq!((found.names, found.quantile_us(1.0)), (4, 8_000));
        let absolute = cost(conf, &[sound(2_000)], NameForm { absolute: true, ..name });
        assert_eq!((absolute.names, absolute.quantile_us(1.0)), (1, 2_000));
        let nowhere = cost(conf, &[sound(2_000)], NameForm { exists: None, ..name });
        assert_eq!(nowhere.names, 4);
        // Where the server is dead the first name is the last one.
        assert_eq!(cost(conf, &[dead()], name).quantile_us(1.0), 10 * SECOND);
    }

    #[test]
    fn without_a_measurement_there_is_no_cost() {
        let conf = ResolvConf::default();
        assert_eq!(LookupCost::of(&conf, &[], AS_IS), None);
        assert_eq!(LookupCost::of(&conf, &[sound(1), ServerBehavior::default()], AS_IS), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn all_that_may_happen_adds_up_to_one(
            servers in prop::collection::vec(
                (prop::collection::vec(0u64..7_000_000, 0..60), prop::collection::vec(any::<u64>(), 0..4), 1u64..9),
                1..4,
            ),
            conf in prop::sample::select(vec!["", "options rotate\n", "options single-request\n", "search a b\n"]),
        ) {
            let servers: Vec<ServerBehavior> = servers
                .into_iter()
                .map(|(answered_us, failed_us, lost)| ServerBehavior { answered_us, failed_us, lost })
                .collect();
            let name = NameForm { dots: 0, absolute: false, exists: None };
            let found = cost(conf, &servers, name);
            prop_assert!((total(&found.times) - 1.0).abs() < 1e-6, "{}", total(&found.times));
            prop_assert!((0.0..=1.0 + 1e-9).contains(&found.failed));
            prop_assert!(found.times.len() <= MOST_POINTS);
            prop_assert!(found.quantile_us(0.5) <= found.quantile_us(0.99));
        }
    }
}
