//! Which queries one server gets: all factors balanced, in random order, on a jittered schedule that
//! responses do not disturb.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, RngExt as _};

use super::subject::Subject;
use super::task::{Asked, Step, Task};
use crate::engine::Time;
use crate::probe::baseline::random_below;
use crate::probe::query::{ProbeQuery, QueryForm, Role, Shape};
use crate::wire::{NameBuf, RecordType};

/// EDNS and DO: without, and with each size with and without DO. The usual size comes twice as often.
const EDNS: [Option<(u16, bool)>; 8] = [
    None,
    None,
    Some((512, false)),
    Some((512, true)),
    Some((1232, false)),
    Some((1232, true)),
    Some((4096, false)),
    Some((4096, true)),
];
/// Types that are asked for; the last one is from the range for private use (RFC 6895 §3.1).
const TYPES: [RecordType; 5] =
    [RecordType::A, RecordType::AAAA, RecordType::TXT, RecordType::SOA, UNKNOWN_TYPE];
pub(super) const UNKNOWN_TYPE: RecordType = RecordType(65_280);
/// One query in so many goes over TCP: connections cost servers more than packets do.
const TCP_ONE_IN: usize = 25;
/// Queries for names that a cache does not know, one in so many.
const FRESH_ONE_IN: usize = 5;
/// How long a recursive server is waited for, which may have to ask many others first.
const RECURSIVE_PATIENCE_MS: u16 = 5000;
/// How long an authoritative server is waited for.
const PATIENCE_MS: u16 = 3000;
/// A top-level domain that does not exist (RFC 6761 §6.4).
const RESERVED: &[u8] = b"invalid";

/// When the queries of a step are sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) begin: Time,
    pub(super) count: usize,
    pub(super) per_second: f64,
}

/// Makes the queries of a diagnosis.
pub(super) struct Schedule<'r> {
    pub(super) types: &'r [RecordType],
    pub(super) sockets: u16,
    pub(super) rng: &'r mut StdRng,
}

impl Schedule<'_> {
    /// Queries with all factors balanced.
    pub(super) fn balanced(
        &mut self,
        subject: &Subject,
        step: Step,
        pace: Pace,
    ) -> Vec<ProbeQuery> {
        let count = pace.count;
        let types = if self.types.is_empty() { &TYPES[..] } else { self.types };
        let types = self.deal(types, count);
        let edns = self.deal(&EDNS, count);
        let mixed = self.deal(&[false, true], count);
        let names = self.deal(&subject.names, count);
        let parents = self.deal(&subject.parents, count);
        let asked = self.deal(&asked_of(subject), count);
        let tcp = self.deal(&one_in(TCP_ONE_IN), count);
        let sockets: Vec<u16> = (0..self.sockets).collect();
        let sockets = self.deal(&sockets, count);
        let times = self.times(pace);
        (0..count)
            .map(|place| {
                let task = Task { step, asked: asked[place] };
                let (name, rtype) = match task.asked {
                    Asked::Known => (names[place], types[place]),
                    Asked::Fresh => (self.random(&parents[place]), types[place]),
                    Asked::Reserved => (self.reserved(), RecordType::A),
                };
                let name = if mixed[place] { self.mix_case(&name) } else { name };
                let shape = Shape {
                    tcp: tcp[place] || subject.tcp_only,
                    edns: edns[place].map(|(size, _)| size),
                    dnssec_ok: edns[place].is_some_and(|(_, dnssec_ok)| dnssec_ok),
                    ..usual(subject)
                };
                let query = query(subject, name, rtype, shape, task);
                let socket = (!shape.tcp).then_some(sockets[place]);
                ProbeQuery { socket, not_before: times[place], ..query }
            })
            .collect()
    }

    /// Queries that are as usual as can be, from any port or from certain ones.
    pub(super) fn plain(
        &mut self,
        subject: &Subject,
        step: Step,
        pace: Pace,
        sockets: &[u16],
    ) -> Vec<ProbeQuery> {
        let names = self.deal(&subject.names, pace.count);
        let sockets = self.deal(sockets, pace.count);
        let times = self.times(pace);
        let rtype = self.types.first().copied().unwrap_or(RecordType::SOA);
        let task = Task { step, asked: Asked::Known };
        (0..pace.count)
            .map(|place| {
                let query = query(subject, names[place], rtype, usual(subject), task);
                ProbeQuery {
                    socket: sockets.get(place).copied(),
                    not_before: times[place],
                    ..query
                }
            })
            .collect()
    }

    /// Whether anybody is there: over UDP, some time apart, and over TCP.
    pub(super) fn discovery(&mut self, subject: &Subject, begin: Time) -> Vec<ProbeQuery> {
        let pace = Pace { begin, count: 6, per_second: 8.0 };
        let mut all = self.plain(subject, Step::Discover, pace, &[]);
        // Whoever takes no EDNS is there all the same.
        for query in all.iter_mut().step_by(3) {
            query.form = QueryForm::Shaped(Shape { edns: None, ..usual(subject) });
        }
        let task = Task { step: Step::Discover, asked: Asked::Known };
        let tcp = Shape { tcp: true, ..usual(subject) };
        let rtype = self.types.first().copied().unwrap_or(RecordType::SOA);
        let name = subject.names.first().copied().unwrap_or_else(NameBuf::root);
        for _ in 0..2 {
            all.push(ProbeQuery { not_before: begin, ..query(subject, name, rtype, tcp, task) });
        }
        all
    }

    /// So many of these, each as often as any other one, in random order.
    fn deal<T: Copy>(&mut self, levels: &[T], count: usize) -> Vec<T> {
        if levels.is_empty() {
            return Vec::new();
        }
        let mut hand = Vec::with_capacity(count + levels.len());
        while hand.len() < count {
            let mut round = levels.to_vec();
            round.shuffle(self.rng);
            hand.extend(round);
        }
        hand.truncate(count);
        hand.shuffle(self.rng);
        hand
    }

    /// Evenly over the time that the pace takes, each moved by chance within its part of it.
    fn times(&mut self, pace: Pace) -> Vec<Time> {
        let slot = 1.0 / pace.per_second;
        (0..pace.count)
            .map(|place| {
                let jitter: f64 = self.rng.random_range(0.0..1.0);
                pace.begin + Duration::from_secs_f64((place as f64 + jitter) * slot)
            })
            .collect()
    }

    fn random(&mut self, parent: &NameBuf) -> NameBuf {
        random_below(parent, self.rng).unwrap_or(*parent)
    }

    fn reserved(&mut self) -> NameBuf {
        let parent = NameBuf::root().prepend(RESERVED).unwrap_or_else(|_| NameBuf::root());
        self.random(&parent)
    }

    fn mix_case(&mut self, name: &NameBuf) -> NameBuf {
        let mut mixed = name.to_lowercase().as_wire().to_vec();
        for octet in mixed.iter_mut().filter(|octet| octet.is_ascii_alphabetic()) {
            if self.rng.next_u32() & 1 == 1 {
                octet.make_ascii_uppercase();
            }
        }
        NameBuf::from_wire(&mixed).unwrap_or(*name)
    }
}

fn one_in(many: usize) -> Vec<bool> {
    (0..many).map(|place| place == 0).collect()
}

/// What a server is asked for: one that only serves zones has no cache to be cold.
fn asked_of(subject: &Subject) -> Vec<Asked> {
    let (fresh, reserved) = (vec![Asked::Fresh; 20 / FRESH_ONE_IN], [Asked::Reserved]);
    match subject.role {
        Role::Recursive => {
            let known = vec![Asked::Known; 20 - fresh.len() - reserved.len()];
            [known, fresh, reserved.to_vec()].concat()
        }
        Role::Authoritative => [vec![Asked::Known; 20 - fresh.len()], fresh].concat(),
        Role::Target | Role::Other => vec![Asked::Known],
    }
}

/// With EDNS, and room for what fits into a packet anywhere.
pub(super) fn usual(subject: &Subject) -> Shape {
    let authoritative = subject.role == Role::Authoritative;
    Shape {
        tcp: subject.tcp_only,
        recursion: !authoritative,
        checking_disabled: false,
        edns: Some(1232),
        dnssec_ok: false,
        patience_ms: if authoritative { PATIENCE_MS } else { RECURSIVE_PATIENCE_MS },
    }
}

fn query(
    subject: &Subject,
    name: NameBuf,
    rtype: RecordType,
    shape: Shape,
    task: Task,
) -> ProbeQuery {
    let (form, purpose) = (QueryForm::Shaped(shape), task.purpose());
    ProbeQuery::new(subject.server, subject.role, subject.zone, name, rtype, form, purpose)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rand::SeedableRng as _;

    use super::*;

    fn subject(role: Role) -> Subject {
        Subject {
            server: ([192, 0, 2, 1], 53).into(),
            role,
            zone: NameBuf::root(),
            names: vec!["example.com".parse().unwrap()],
            parents: vec!["example.com".parse().unwrap()],
            tcp_only: false,
            max_rate: 400.0,
            found: false,
            answers: true,
        }
    }

    fn first_pass(role: Role) -> Vec<ProbeQuery> {
        let mut rng = StdRng::seed_from_u64(1);
        let mut schedule = Schedule { types: &[], sockets: 96, rng: &mut rng };
        let pace = Pace { begin: Time::ZERO, count: 1500, per_second: 100.0 };
        schedule.balanced(&subject(role), Step::FirstPass, pace)
    }

    #[test]
    fn each_level_of_a_factor_comes_equally_often() {
        let all = first_pass(Role::Other);
        let counts = |level: &dyn Fn(&ProbeQuery) -> String| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            all.iter().for_each(|query| *counts.entry(level(query)).or_default() += 1);
            counts
        };
        let types = counts(&|query| query.rtype.to_string());
        assert_eq!(types.len(), 5);
        assert!(types.values().all(|count| *count == 300), "{types:?}");
        let edns = counts(&|query| match query.form {
            QueryForm::Shaped(shape) => format!("{:?}", shape.edns),
            _ => unreachable!(),
        });
        assert!(edns.values().all(|count| (370..=380).contains(count)), "{edns:?}");
        let ports = counts(&|query| format!("{:?}", query.socket));
        assert_eq!(ports.len(), 97, "all ports, and TCP without one");
        assert_eq!(ports["None"], 1500 / TCP_ONE_IN);
        assert!(ports.iter().all(|(port, count)| port == "None" || (8..=16).contains(count)));
    }

    #[test]
    fn the_schedule_is_spread_evenly_whatever_comes_back() {
        let all = first_pass(Role::Recursive);
        for (place, query) in all.iter().enumerate() {
            let slot = Time::ZERO + Duration::from_millis(10 * place as u64);
            assert!(query.not_before >= slot);
            assert!(query.not_before <= slot + Duration::from_millis(10));
        }
        let fresh = |query: &&ProbeQuery| {
            matches!(Task::of(query.purpose), Some(Task { asked: Asked::Fresh, .. }))
        };
        assert_eq!(all.iter().filter(fresh).count(), 300);
    }
}
