//! Which servers there are, and what each does with a query.

use std::net::Ipv4Addr;
use std::str::FromStr;

/// Longest delay, jitter included: the timer wheel's round.
const LONGEST_DELAY_NS: f64 = 3e9;
const SECOND_NS: u64 = 1_000_000_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Behaviour {
    Good,
    Refuse,
    ServFail,
    Dead,
}

/// What becomes of a query.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Answer,
    Refuse,
    ServFail,
    /// From a server that is dead, or to an address that has none.
    Silent,
    Lost,
    OverLimit,
    RefuseOverLimit,
}

struct Group {
    behaviour: Behaviour,
    count: u32,
    /// From which second on at most how many queries a second are answered, in order of time.
    limits: Vec<(u64, f64)>,
    burst: f64,
    refuse_over: bool,
    delay_ns: f64,
    jitter_ns: f64,
    loss: f64,
}

struct Server {
    group: u32,
    tokens: f64,
    /// The tokens are those of this time.
    filled_ns: u64,
}

pub struct Servers {
    groups: Vec<Group>,
    servers: Vec<Server>,
    /// By address: blocks of servers that follow each other, each with its place in `servers`.
    blocks: Vec<(u32, u32, usize)>,
    dice: Dice,
}

impl Servers {
    /// Reads a specification; see the head of `main.rs`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut all = Self {
            groups: vec![],
            servers: vec![],
            blocks: vec![],
            dice: Dice(0x9e37_79b9_7f4a_7c15),
        };
        for (number, line) in text.lines().enumerate() {
            if !line.trim().is_empty() {
                all.add(line).map_err(|error| format!("line {}: {error}", number + 1))?;
            }
        }
        Ok(all)
    }

    fn add(&mut self, line: &str) -> Result<(), String> {
        let mut words = line.split_whitespace();
        let mut next = |what: &str| words.next().ok_or(format!("{what} is missing"));
        let first: Ipv4Addr = read("the first address", next("the first address")?)?;
        let count: u32 = read("the count", next("the count")?)?;
        let behaviour = match next("the behaviour")? {
            "good" => Behaviour::Good,
            "refuse" => Behaviour::Refuse,
            "servfail" => Behaviour::ServFail,
            "dead" => Behaviour::Dead,
            other => return Err(format!("unknown behaviour {other}")),
        };
        let mut group = Group {
            behaviour,
            count,
            limits: vec![(0, f64::INFINITY)],
            burst: 1.0,
            refuse_over: false,
            delay_ns: 0.0,
            jitter_ns: 0.0,
            loss: 0.0,
        };
        for word in words {
            let (key, value) = word.split_once('=').ok_or(format!("{word} has no value"))?;
            match key {
                "limit" => group.limits[0].1 = read(key, value)?,
                "burst" => group.burst = read(key, value)?,
                "over" => group.refuse_over = value == "refuse",
                "delay" => group.delay_ns = read::<f64>(key, value)? * 1e6,
                "jitter" => group.jitter_ns = read::<f64>(key, value)? * 1e6,
                "loss" => group.loss = read(key, value)?,
                "at" => {
                    let (second, limit) = value.split_once(':').ok_or("at has no limit")?;
                    group.limits.push((read(key, second)?, read(key, limit)?));
                }
                _ => return Err(format!("unknown word {key}")),
            }
        }
        if !group.limits.is_sorted_by_key(|&(second, _)| second) {
            return Err("the changes of the limit are not in order".into());
        }
        let place = u32::try_from(self.groups.len()).map_err(|_| "too many groups")?;
        self.blocks.push((first.to_bits(), count, self.servers.len()));
        self.servers.extend((0..count).map(|_| Server {
            group: place,
            tokens: group.burst,
            filled_ns: 0,
        }));
        self.groups.push(group);
        Ok(())
    }

    /// What becomes of a query to an address, and how long its response takes; `start_ns` is when
    /// the first of all queries came.
    pub fn admit(&mut self, address: u32, at_ns: u64, start_ns: u64) -> (Verdict, u64) {
        let place = self.blocks.iter().find_map(|&(first, count, place)| {
            let offset = address.checked_sub(first)?;
            (offset < count).then_some(place + offset as usize)
        });
        let Some(place) = place else { return (Verdict::Silent, 0) };
        let server = &mut self.servers[place];
        let group = &self.groups[server.group as usize];
        let verdict = if group.loss > 0.0 && self.dice.share() < group.loss {
            Verdict::Lost
        } else {
            match group.behaviour {
                Behaviour::Dead => Verdict::Silent,
                Behaviour::Refuse => Verdict::Refuse,
                Behaviour::ServFail => Verdict::ServFail,
                Behaviour::Good if server.admits(group, at_ns, start_ns) => Verdict::Answer,
                Behaviour::Good if group.refuse_over => Verdict::RefuseOverLimit,
                Behaviour::Good => Verdict::OverLimit,
            }
        };
        let jitter_ns = -group.jitter_ns * (1.0 - self.dice.share()).ln();
        (verdict, (group.delay_ns + jitter_ns).min(LONGEST_DELAY_NS) as u64)
    }

    /// The most that the good servers answer in this second since the start, bursts aside;
    /// infinite if one has no limit.
    pub fn capacity(&self, second: u64) -> f64 {
        let good = self.groups.iter().filter(|group| group.behaviour == Behaviour::Good);
        good.map(|group| f64::from(group.count) * group.limit(second)).sum()
    }
}

impl Group {
    fn limit(&self, second: u64) -> f64 {
        let passed = self.limits.partition_point(|&(from, _)| from <= second);
        self.limits[passed.max(1) - 1].1
    }
}

impl Server {
    /// Takes a token if there is one.
    fn admits(&mut self, group: &Group, at_ns: u64, start_ns: u64) -> bool {
        let end = at_ns.saturating_sub(start_ns);
        // A limit that changed since is two stretches of time, or more.
        while self.filled_ns < end {
            let second = self.filled_ns / SECOND_NS;
            let change = group.limits.iter().map(|&(from, _)| from).find(|&from| from > second);
            let until = change.map_or(end, |from| end.min(from.saturating_mul(SECOND_NS)));
            let gained = (until - self.filled_ns) as f64 / 1e9 * group.limit(second);
            self.tokens = (self.tokens + gained).min(group.burst);
            self.filled_ns = until;
        }
        let limited = group.limit(end / SECOND_NS).is_finite();
        if !limited {
            return true;
        }
        // What is gained in many small parts is not exactly one.
        let admitted = self.tokens >= 1.0 - 1e-9;
        if admitted {
            self.tokens -= 1.0;
        }
        admitted
    }
}

fn read<T: FromStr>(what: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{what} cannot be {value}"))
}

/// A generator of pseudorandom numbers (xorshift64*), the same in every run.
struct Dice(u64);

impl Dice {
    /// From 0 to 1, without 1.
    fn share(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 7 * SECOND_NS + 123;
    const FIRST: u32 = 0x0a36_0001;

    /// How many of the queries that come each `every_us` from one second on to another are answered.
    fn answered(servers: &mut Servers, seconds: std::ops::Range<u64>, every_us: u64) -> usize {
        (seconds.start * 1_000_000..seconds.end * 1_000_000)
            .step_by(every_us as usize)
            .map(|at_us| servers.admit(FIRST, START + at_us * 1_000, START).0)
            .filter(|&verdict| verdict == Verdict::Answer)
            .count()
    }

    #[test]
    fn a_limit_gives_its_burst_once_and_then_its_rate() {
        let mut servers = Servers::parse("10.54.0.1 2 good limit=30 burst=10").unwrap();
        assert_eq!(answered(&mut servers, 0..1, 1_000), 39);
        assert_eq!(answered(&mut servers, 1..11, 1_000), 300);
    }

    #[test]
    fn a_limit_changes_at_its_second_whether_or_not_queries_come_then() {
        let specification = "10.54.0.1 1 good limit=100 burst=1 at=2:20 at=4:200";
        let mut servers = Servers::parse(specification).unwrap();
        assert_eq!(answered(&mut servers, 0..2, 1_000), 200);
        assert!(answered(&mut servers, 3..5, 1_000).abs_diff(20 + 200) <= 1);
        let capacities: Vec<_> = (0..5).map(|second| servers.capacity(second)).collect();
        assert_eq!(capacities, [100.0, 100.0, 20.0, 20.0, 200.0]);
    }

    #[test]
    fn an_address_without_a_server_is_silent_and_loss_comes_before_the_limit() {
        let mut servers = Servers::parse("10.54.0.1 1 good limit=1 loss=1").unwrap();
        assert!(servers.admit(FIRST, START, START).0 == Verdict::Lost);
        assert!(servers.admit(FIRST + 1, START, START).0 == Verdict::Silent);
        assert!(servers.admit(FIRST - 1, START, START).0 == Verdict::Silent);
    }

    #[test]
    fn a_delay_is_fixed_and_an_exponential_part_of_the_given_mean() {
        let mut servers = Servers::parse("10.54.0.1 1 good delay=30 jitter=10").unwrap();
        let delays: Vec<_> =
            (0..100_000).map(|_| servers.admit(FIRST, START, START).1 as f64 / 1e6).collect();
        let mean = delays.iter().sum::<f64>() / delays.len() as f64;
        assert!((mean - 40.0).abs() < 0.2, "{mean}");
        assert!(delays.iter().all(|&delay| delay >= 30.0));
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let error = |text| Servers::parse(text).err();
        assert_eq!(error("\n10.54.0.1 1 nice"), Some("line 2: unknown behaviour nice".into()));
        assert_eq!(error("10.54.0.1 1 good limit=x"), Some("line 1: limit cannot be x".into()));
        assert!(error("10.54.0.1 1 good at=3:1 at=2:1").is_some());
    }
}
