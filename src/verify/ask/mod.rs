//! Whom to ask what, and what to ask next.
//!
//! A [`Session`] walks to the names first; then surveys what every address says about every record,
//! repeatedly and in mixed order; then follows up what looks wrong, with questions that tell
//! causes apart (rule 3: hypothesis, then experiment). It is without I/O, like a walk: [`Order`]s
//! flow out, exchanges flow in, and at the end there is [`Evidence`].

mod caches;
mod follow_up;
mod near_miss;
mod survey;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::SocketAddr;

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use self::caches::Caches;
use super::look::{Look, is_cut_off};
use super::plan::Plan;
use crate::engine::{Manner, Time};
use crate::probe::log::{Evidence, Probe, Reply};
use crate::probe::query::Role;
use crate::probe::query::is_survey;
use crate::probe::query::{ProbeQuery, Purpose, QueryForm};
use crate::probe::{Asker, Order, form};
use crate::walk::{self, Exchange, ExchangeEnd, Reading, Walk, WalkReport};
use crate::wire::{NameBuf, OptionCode, RecordType};

/// Rounds of following up: each may raise questions for the next.
const ROUNDS: usize = 3;
/// Probes of one session, whatever servers say.
const MOST_PROBES: usize = 100_000;
/// Servers whose cookies are given back.
const MOST_COOKIES: usize = 64;

/// A verification on its way; see the [module](self).
#[derive(Debug)]
pub struct Session {
    plan: Plan,
    /// The way to the names, until it is gone.
    walk: Option<Walk>,
    /// What it found; empty before its end.
    report: WalkReport,
    /// What is to be asked, the earliest first.
    queue: BinaryHeap<Reverse<(Time, u64)>>,
    waiting: HashMap<u64, ProbeQuery>,
    open: HashMap<u64, ProbeQuery>,
    probes: Vec<Probe>,
    /// How questions are put, by number; number 0 is the walk's.
    manners: Vec<QueryForm>,
    cookies: Vec<Vec<u8>>,
    caches: Caches,
    /// Rounds of following up that are done.
    rounds: usize,
    last_id: u64,
    rng: StdRng,
    cut_short: Option<String>,
}

/// How far a session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Questions that have come to an end, those of the walk included.
    pub ended: usize,
    /// Questions that are out or will be asked, as far as is known yet.
    pub ahead: usize,
    /// What is being done.
    pub stage: Stage,
}

/// What a session is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Finding the servers.
    Walk,
    /// Asking every one of them for every record.
    Survey,
    /// Telling causes apart.
    FollowUp,
}

impl Session {
    /// Begins to verify.
    pub fn new(now: Time, plan: Plan) -> Self {
        let names = survey::names(&plan);
        let config = walk::Config {
            limits: walk::Limits {
                names: plan.walk.limits.names + 3 * names.len(),
                exchanges: plan.walk.limits.exchanges + 200 * names.len(),
                ..plan.walk.limits
            },
            ..plan.walk.clone()
        };
        // A question for addresses draws the least attention, and shows aliases and referrals.
        let walk = Walk::to_several(now, &names, RecordType::A, &plan.hints, config);
        let mut session = Self {
            rng: StdRng::seed_from_u64(plan.seed),
            walk: Some(walk),
            report: WalkReport::empty(RecordType::A),
            queue: BinaryHeap::new(),
            waiting: HashMap::new(),
            open: HashMap::new(),
            probes: Vec::new(),
            manners: Vec::new(),
            cookies: Vec::new(),
            caches: Caches::new(&plan),
            rounds: 0,
            last_id: 0,
            cut_short: None,
            plan,
        };
        session.end_walk_if_done();
        session
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        if let Some(walk) = &self.walk {
            let (open, asked) = walk.progress();
            return Progress { ended: asked - open, ahead: open, stage: Stage::Walk };
        }
        Progress {
            ended: self.report.evidence.exchanges.len() + self.probes.len(),
            ahead: self.waiting.len() + self.open.len(),
            stage: if self.rounds == 0 { Stage::Survey } else { Stage::FollowUp },
        }
    }

    /// Ends the session as it stands; `why` is one sentence.
    pub fn stop(&mut self, why: &str) {
        self.cut_short.get_or_insert_with(|| why.to_owned());
        if let Some(walk) = self.walk.take() {
            self.report = walk.into_report();
        }
        self.queue.clear();
        self.waiting.clear();
        self.open.clear();
    }

    /// Hands over what was found.
    pub fn into_evidence(mut self) -> Evidence {
        if let Some(walk) = self.walk.take() {
            self.report = walk.into_report();
        }
        Evidence {
            plan: self.plan,
            walk: self.report,
            probes: self.probes,
            strays: HashMap::new(),
            ports: HashMap::new(),
            local: crate::net::LocalCounts::default(),
            cut_short: self.cut_short,
        }
    }

    fn end_walk_if_done(&mut self) {
        if let Some(walk) = self.walk.take_if(|walk| walk.is_done()) {
            self.report = walk.into_report();
            let queries = survey::queries(&self.plan, &self.report, &mut self.rng);
            self.put_all(queries);
            self.follow_up_if_idle();
        }
    }

    fn put_all(&mut self, queries: Vec<ProbeQuery>) {
        for query in queries {
            if self.probes.len() + self.waiting.len() + self.open.len() >= MOST_PROBES {
                let why = format!("more than {MOST_PROBES} questions would have been needed");
                self.cut_short.get_or_insert(why);
                return;
            }
            self.last_id += 1;
            self.queue.push(Reverse((query.not_before, self.last_id)));
            self.waiting.insert(self.last_id, query);
        }
    }

    /// Looks at what there is once nothing is out any more, and asks what that suggests.
    fn follow_up_if_idle(&mut self) {
        while self.walk.is_none()
            && self.waiting.is_empty()
            && self.open.is_empty()
            && self.rounds < ROUNDS
            && self.cut_short.is_none()
        {
            if self.rounds == 0 {
                let rest = self.caches.rest(&self.plan);
                if !rest.is_empty() {
                    self.put_all(rest);
                    return;
                }
            }
            self.rounds += 1;
            let mut round = follow_up::Round {
                plan: &self.plan,
                walk: &self.report,
                probes: &self.probes,
                number: self.rounds,
                rng: &mut self.rng,
            };
            let queries = round.queries();
            self.put_all(queries);
        }
    }

    /// What must be asked at once because of an answer.
    fn react(&mut self, probe: &Probe) {
        let query = probe.query;
        if let Purpose::Record(number) = query.purpose
            && query.role == Role::Authoritative
            && Look::new(&self.plan.expectations[number], probe) == Some(Look::Right)
        {
            let queries = self.caches.is_there(&self.plan, number);
            self.put_all(queries);
        }
        let Some(reply) = &probe.reply else { return };
        // A resolver asks again over TCP, so this look is not over.
        if is_cut_off(probe) && (query.form == QueryForm::Udp || is_survey(query.purpose)) {
            self.put_all(vec![ProbeQuery { form: QueryForm::Tcp, socket: None, ..query }]);
        }
        if query.form == QueryForm::Cookie
            && self.cookies.len() < MOST_COOKIES
            && let Some(cookie) = reply.option(OptionCode::COOKIE).and_then(form::server_cookie)
        {
            let place = self.cookies.len() as u8;
            self.cookies.push(cookie.to_vec());
            self.put_all(vec![ProbeQuery { form: QueryForm::CookieBack(place), ..query }]);
        }
    }

    fn manner_number(&mut self, form: QueryForm) -> usize {
        let place = self.manners.iter().position(|known| *known == form).unwrap_or_else(|| {
            self.manners.push(form);
            self.manners.len() - 1
        });
        place + 1
    }
}

impl Asker for Session {
    fn manner(&self, number: usize) -> Manner {
        let Some(&form) = number.checked_sub(1).and_then(|place| self.manners.get(place)) else {
            return walk::manner();
        };
        let cookie = match form {
            QueryForm::CookieBack(place) => self.cookies.get(usize::from(place)).map(Vec::as_slice),
            _ => None,
        };
        form::manner(form, cookie)
    }

    fn poll_order(&mut self, now: Time) -> Option<Order> {
        if let Some(walk) = &mut self.walk {
            return walk.poll_question().map(Order::from);
        }
        let Reverse((not_before, id)) = *self.queue.peek()?;
        if not_before > now {
            return None;
        }
        self.queue.pop();
        let query = self.waiting.remove(&id)?;
        self.open.insert(id, query);
        let ProbeQuery { server, name, rtype, form, socket, .. } = query;
        Some(Order { id, server, name, rtype, manner: self.manner_number(form), socket })
    }

    fn handle(&mut self, now: Time, exchange: Exchange) {
        if let Some(walk) = &mut self.walk {
            walk.handle(now, exchange);
            self.end_walk_if_done();
            return;
        }
        let Some(query) = self.open.remove(&exchange.id) else { return };
        let Exchange { mut attempts, end, .. } = exchange;
        let (attempt, reply) = match end {
            ExchangeEnd::Answered { response, attempt } => {
                let reading = read(&query, &response);
                let attempt = attempts.get(attempt).copied();
                (attempt, Some(Reply { octets: response, reading }))
            }
            ExchangeEnd::Failed(_) => (attempts.pop(), None),
            ExchangeEnd::NotAsked(_) => (None, None),
        };
        let probe = Probe { query, attempt, reply, finished: now };
        self.react(&probe);
        self.probes.push(probe);
        self.follow_up_if_idle();
    }

    fn is_done(&self) -> bool {
        self.walk.is_none() && self.waiting.is_empty() && self.open.is_empty()
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.queue.peek().map(|Reverse((not_before, _))| *not_before)
    }
}

fn read(query: &ProbeQuery, response: &[u8]) -> Reading {
    let ProbeQuery { role, zone, name, rtype, .. } = query;
    match role {
        Role::Recursive => Reading::of_recursive(response, name, *rtype),
        Role::Authoritative | Role::Target | Role::Other => {
            Reading::new(response, zone, name, *rtype)
        }
    }
}

pub(crate) use survey::zones;

/// Every address of a zone's servers that may be asked, none twice.
pub(crate) fn addresses(walk: &WalkReport, zone: &NameBuf) -> Vec<SocketAddr> {
    let Some(delegation) = walk.delegation(zone) else { return Vec::new() };
    let all = delegation.child_servers.iter().map(|child| child.ns.server);
    all.filter(|server| !(if server.is_ipv6() { walk.ipv6_given_up } else { walk.ipv4_given_up }))
        .collect()
}
