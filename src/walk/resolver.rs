//! Iterative resolution: many names at once, one server at a time for each, behind one cache.
//!
//! Names flow in by [`Resolver::submit`], queries flow out by [`Resolver::poll_query`],
//! answers come back through [`Resolver::handle`], and what was found leaves by
//! [`Resolver::poll_resolution`]. It never waits, and never asks more for one name than its
//! [`Limits`](super::Limits) allow, whatever servers say.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::cache::{Cache, Cached, Rank};
use super::config::{Limits, Reach, WalkConfig};
use super::evidence::{WalkPurpose, WalkQuery};
use super::hints::Hints;
use super::reply::{Reading, ResponseKind};
use super::resolution::{Resolution, ResolutionExchange, Resolved, Unresolved};
use super::servers::Servers;
use super::task::{Cut, CutServer, Search, Task, TaskId, Waiter};
use crate::engine::{Attempt, Time, Unmatched};
use crate::wire::{NameBuf, RecordType};

/// Lookups of name server addresses that one task has under way at once: one server, both
/// families.
const LOOKUPS_AT_ONCE: usize = 2;
/// A task with less left than this begins no other one.
const LEAST_BUDGET: u32 = 4;

/// Resolves many names at once, without I/O.
///
/// [`Resolver::submit`] names, ask what [`Resolver::poll_query`] gives, hand each outcome to
/// [`Resolver::handle`], and take results from [`Resolver::poll_resolution`].
#[derive(Debug)]
pub struct Resolver {
    limits: Limits,
    minimise: bool,
    reach: Reach,
    root: Cut,
    cache: Cache,
    rng: StdRng,
    /// In boxes, because each step takes one out and puts it back.
    tasks: HashMap<TaskId, Box<Task>>,
    by_question: HashMap<(NameBuf, RecordType), TaskId>,
    runnable: VecDeque<TaskId>,
    /// Queries that are out, with whose they are.
    open: HashMap<u64, (TaskId, WalkQuery)>,
    queries: VecDeque<WalkQuery>,
    done: VecDeque<Resolution>,
    servers: Servers,
    next_id: u64,
}

/// What a task can do next.
enum Next {
    Ask(SocketAddr),
    Wait,
    Nobody,
}

impl Resolver {
    /// A resolver that begins at the root servers of `hints`.
    pub fn new(hints: &Hints, config: &WalkConfig) -> Self {
        let servers = hints.servers().map(|(name, addresses)| CutServer {
            name: *name,
            addresses: addresses.to_vec(),
            search: Search::NotBegun,
        });
        Self {
            limits: config.limits,
            minimise: config.minimise,
            reach: Reach {
                port: config.port,
                ipv4: config.ipv4,
                ipv6: config.ipv6,
                loopback: hints.on_loopback(),
            },
            root: Cut { zone: NameBuf::root(), servers: servers.collect() },
            cache: Cache::new(config.limits.cache_entries, config.limits.cache_octets),
            rng: StdRng::seed_from_u64(config.seed),
            tasks: HashMap::new(),
            by_question: HashMap::new(),
            runnable: VecDeque::new(),
            open: HashMap::new(),
            queries: VecDeque::new(),
            done: VecDeque::new(),
            servers: Servers::default(),
            next_id: 0,
        }
    }

    /// Begins to resolve a name; the [`Resolution`] comes back with `tag`.
    pub fn submit(&mut self, now: Time, tag: u64, name: NameBuf, rtype: RecordType) {
        if let Some(&id) = self.by_question.get(&(name, rtype))
            && let Some(task) = self.tasks.get_mut(&id)
        {
            task.waiters.push(Waiter::Caller(tag));
            // A lookup of a name server has less: it is for another name.
            task.budget = task.budget.max(self.limits.exchanges_per_name);
            task.depth = 0;
            return;
        }
        let budget = self.limits.exchanges_per_name;
        self.begin(name, rtype, Waiter::Caller(tag), 0, budget);
        self.run(now);
    }

    /// The next query to send to a server.
    pub fn poll_query(&mut self) -> Option<WalkQuery> {
        self.queries.pop_front()
    }

    /// A query that is out.
    pub fn query(&self, id: u64) -> Option<&WalkQuery> {
        self.open.get(&id).map(|(_, query)| query)
    }

    /// Takes the response to a query with its round-trip time, or (`None`) that there is none, and
    /// what is to be kept of the attempts in [`Resolution::exchanges`].
    pub fn handle(
        &mut self,
        now: Time,
        id: u64,
        attempts: &[Attempt],
        unmatched: &[Unmatched],
        response: Option<(&Bytes, Duration)>,
    ) {
        let Some((task, query)) = self.open.remove(&id) else { return };
        let heard = response.is_some() || attempts.iter().any(|attempt| attempt.answer().is_some());
        if heard {
            self.servers.heard(now);
        }
        match (response, attempts.first()) {
            // It answers, and not over TCP where its responses do not fit into UDP, say.
            (None, _) if heard => self.servers.useless(now, query.server, query.zone),
            (None, Some(attempt)) => {
                self.remember(query.server, None);
                self.servers.blame(now, query.server, attempt.sent);
            }
            _ => self.remember(query.server, response.map(|(_, rtt)| rtt)),
        }
        self.go_on(now, task, query, attempts, unmatched, response);
    }

    /// Notes that a query was not sent: another server may be asked.
    pub fn withdraw(&mut self, now: Time, id: u64) {
        let Some((task, query)) = self.open.remove(&id) else { return };
        self.go_on(now, task, query, &[], &[], None);
    }

    fn go_on(
        &mut self,
        now: Time,
        task: TaskId,
        query: WalkQuery,
        attempts: &[Attempt],
        unmatched: &[Unmatched],
        response: Option<(&Bytes, Duration)>,
    ) {
        self.servers.closed(query.server);
        let reading =
            response.map(|(octets, _)| Reading::new(octets, &query.zone, &query.name, query.rtype));
        if let Some(reading) = &reading {
            self.learn(now, &query, reading);
        }
        if let Some(task) = self.tasks.get_mut(&task) {
            task.asked = false;
            task.exchanges.push(ResolutionExchange {
                query,
                attempts: attempts.to_vec(),
                unmatched: unmatched.to_vec(),
                answered: response.is_some(),
            });
        }
        if let (Some(reading), Some((response, _))) = (reading, response) {
            if let ResponseKind::Fault(_) = reading.kind {
                self.servers.useless(now, query.server, query.zone);
            }
            self.advance(task, &query, reading, response);
        }
        self.runnable.push_back(task);
        self.run(now);
    }

    /// The next name that is done with.
    pub fn poll_resolution(&mut self) -> Option<Resolution> {
        self.done.pop_front()
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.tasks.is_empty() && self.done.is_empty()
    }

    /// What is known from answers.
    pub fn cache(&mut self) -> &mut Cache {
        &mut self.cache
    }

    pub(super) fn reach(&self) -> Reach {
        self.reach
    }

    /// Stops using an address family.
    pub fn give_up_family(&mut self, ipv6: bool) {
        if ipv6 {
            self.reach.ipv6 = false;
        } else {
            self.reach.ipv4 = false;
        }
    }

    /// Keeps what a response says that someone else asked for.
    pub(super) fn learn(&mut self, now: Time, query: &WalkQuery, reading: &Reading) {
        self.cache.learn(now, &query.name, query.rtype, reading);
    }

    fn begin(
        &mut self,
        name: NameBuf,
        rtype: RecordType,
        waiter: Waiter,
        depth: u32,
        budget: u32,
    ) -> TaskId {
        let id = self.next_id();
        let task = Box::new(Task {
            name,
            rtype,
            subject: name,
            chain: Vec::new(),
            fresh: true,
            cut: Cut { zone: NameBuf::root(), servers: Vec::new() },
            steps: Vec::new(),
            tried: Vec::new(),
            asked: false,
            waits_for: Vec::new(),
            waiters: vec![waiter],
            depth,
            budget,
            exchanges: Vec::new(),
        });
        self.tasks.insert(id, task);
        self.by_question.insert((name, rtype), id);
        self.runnable.push_back(id);
        id
    }

    fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Lets every task go on that can.
    fn run(&mut self, now: Time) {
        while let Some(id) = self.runnable.pop_front() {
            // Out of the table while it goes on: nothing can come to it meanwhile.
            let Some(mut task) = self.tasks.remove(&id) else { continue };
            match self.step(now, id, &mut task) {
                None => {
                    self.tasks.insert(id, task);
                }
                Some(outcome) => self.finish(id, task, outcome, None),
            }
        }
    }

    /// Takes a task on to its next query; gives the outcome if there is one.
    fn step(
        &mut self,
        now: Time,
        id: TaskId,
        task: &mut Task,
    ) -> Option<Result<Resolved, Unresolved>> {
        if task.asked {
            return None;
        }
        loop {
            while task.fresh {
                task.fresh = false;
                match self.look_in_cache(now, task) {
                    Ok(None) => self.enter_deepest_cut(now, task),
                    Ok(Some(found)) => return Some(Ok(found)),
                    Err(unresolved) => return Some(Err(unresolved)),
                }
            }
            match self.next_server(now, id, task) {
                Next::Wait => return None,
                Next::Ask(_) if task.budget == 0 => return Some(Err(Unresolved::TooMuchWork)),
                Next::Ask(server) => {
                    task.budget -= 1;
                    self.ask(id, task, server);
                    return None;
                }
                Next::Nobody if !task.steps.is_empty() => task.stop_minimising(),
                Next::Nobody => {
                    let zone = task.cut.zone;
                    // Those that are down were not even tried.
                    return Some(Err(if !task.tried.is_empty() || self.has_address(task) {
                        Unresolved::NoUsefulAnswer { zone }
                    } else if task.cut.is_circular() {
                        Unresolved::Circular { zone }
                    } else if task.budget < LEAST_BUDGET || task.depth >= self.limits.lookup_depth {
                        Unresolved::TooMuchWork
                    } else {
                        Unresolved::NoAddress { zone }
                    }));
                }
            }
        }
    }

    /// What the cache knows of a task's name; follows aliases in it.
    fn look_in_cache(
        &mut self,
        now: Time,
        task: &mut Task,
    ) -> Result<Option<Resolved>, Unresolved> {
        loop {
            match self.cache.lookup(now, &task.name, task.rtype, Rank::Answer) {
                Some(Cached::Records(records)) => return Ok(Some(Resolved::Records(records))),
                Some(Cached::NoData) => return Ok(Some(Resolved::NoData)),
                Some(Cached::NxDomain) => return Ok(Some(Resolved::NxDomain)),
                None => {}
            }
            let cname = self.cache.lookup(now, &task.name, RecordType::CNAME, Rank::Answer);
            let Some(Cached::Records(cname)) = cname else { return Ok(None) };
            let Some(target) = cname.targets().next() else { return Ok(None) };
            task.follow(vec![cname], target, &self.limits)?;
            task.fresh = false;
        }
    }

    fn enter_deepest_cut(&mut self, now: Time, task: &mut Task) {
        // A delegation's DS records are at the parent (RFC 4035 §3.1.4.1).
        let from = match task.rtype {
            RecordType::DS => task.name.parent().unwrap_or(task.name),
            _ => task.name,
        };
        let cut = match self.cache.deepest_cut(now, &from) {
            // Whatever was learned of the root, the hints know it as well, with addresses.
            Some(ns) if !ns.name.is_root() => Cut::new(&ns, &[], &self.limits),
            _ => self.root.clone(),
        };
        task.enter(cut, self.minimise);
    }

    fn next_server(&mut self, now: Time, id: TaskId, task: &mut Task) -> Next {
        for server in &mut task.cut.servers {
            if server.addresses.is_empty() {
                for rtype in [RecordType::A, RecordType::AAAA] {
                    let known = self.cache.lookup(now, &server.name, rtype, Rank::Glue);
                    if let Some(Cached::Records(set)) = known {
                        let most = self.limits.addresses_per_server;
                        server.addresses.extend(set.addresses().take(most));
                    }
                }
            }
        }
        if let Some(server) = self.choose(now, task) {
            return Next::Ask(server);
        }
        while task.waits_for.len() < LOOKUPS_AT_ONCE
            && task.depth < self.limits.lookup_depth
            && task.budget >= LEAST_BUDGET
            && let Some(place) = task.cut.searchable()
        {
            self.search(id, task, place);
        }
        if task.waits_for.is_empty() { Next::Nobody } else { Next::Wait }
    }

    /// One of the addresses that were not tried.
    fn choose(&mut self, now: Time, task: &Task) -> Option<SocketAddr> {
        let addresses = task.cut.servers.iter().flat_map(|server| &server.addresses);
        let servers: Vec<SocketAddr> = addresses
            .filter_map(|&ip| self.reach.socket(ip))
            .filter(|server| !task.tried.contains(server))
            .collect();
        self.servers.choose(now, &task.cut.zone, servers, &mut self.rng)
    }

    fn has_address(&self, task: &Task) -> bool {
        let mut addresses = task.cut.servers.iter().flat_map(|server| &server.addresses);
        addresses.any(|&ip| self.reach.socket(ip).is_some())
    }

    /// Begins to look for the addresses of a name server, or joins those who do.
    fn search(&mut self, id: TaskId, task: &mut Task, place: usize) {
        let server = &mut task.cut.servers[place];
        server.search = Search::Begun;
        for rtype in [RecordType::A, RecordType::AAAA] {
            let wanted = if rtype == RecordType::A { self.reach.ipv4 } else { self.reach.ipv6 };
            if !wanted {
                continue;
            }
            let key = (server.name, rtype);
            if let Some(&other) = self.by_question.get(&key) {
                if other == id || self.waits(other, id) {
                    server.search = Search::Circular;
                } else if let Some(other_task) = self.tasks.get_mut(&other) {
                    other_task.waiters.push(Waiter::Task { id, paid: false });
                    task.waits_for.push(other);
                }
                continue;
            }
            // Half of what is left: however lookups nest, all of them together stay within the
            // first one's budget. What is not spent comes back.
            let budget = task.budget / 2;
            task.budget -= budget;
            let waiter = Waiter::Task { id, paid: true };
            let begun = self.begin(server.name, rtype, waiter, task.depth + 1, budget);
            task.waits_for.push(begun);
        }
    }

    /// Whether `task` waits for `other`, directly or not.
    fn waits(&self, task: TaskId, other: TaskId) -> bool {
        let mut stack = vec![task];
        let mut seen = std::collections::HashSet::new();
        while let Some(id) = stack.pop() {
            if id == other {
                return true;
            }
            if seen.insert(id)
                && let Some(task) = self.tasks.get(&id)
            {
                stack.extend(&task.waits_for);
            }
        }
        false
    }

    fn ask(&mut self, id: TaskId, task: &mut Task, server: SocketAddr) {
        let (name, rtype) = task.question();
        let zone = task.cut.zone;
        let purpose = match task.depth {
            0 if task.steps.is_empty() => WalkPurpose::Subject,
            0 => WalkPurpose::Minimised,
            _ => WalkPurpose::ServerAddress,
        };
        let query = WalkQuery { id: self.next_id(), server, zone, name, rtype, purpose };
        task.asked = true;
        task.tried.push(server);
        self.servers.asked(server);
        self.open.insert(query.id, (id, query));
        self.queries.push_back(query);
    }

    /// Takes a task on by what a response says.
    fn advance(&mut self, id: TaskId, query: &WalkQuery, reading: Reading, response: &Bytes) {
        let Some(mut task) = self.tasks.remove(&id) else { return };
        let minimised = !task.steps.is_empty();
        let outcome = match reading.kind {
            ResponseKind::Fault(_) => None,
            ResponseKind::Referral(referral) => {
                let cut = Cut::new(&referral.ns, &reading.glue, &self.limits);
                debug_assert!(cut.zone.labels().count() > query.zone.labels().count());
                // A delegation's DS records are not the child's to give.
                if task.rtype == RecordType::DS && cut.zone == task.name {
                    Some(Ok(Resolved::NoData))
                } else {
                    task.enter(cut, self.minimise);
                    None
                }
            }
            ResponseKind::NxDomain if minimised => {
                task.stop_minimising();
                None
            }
            _ if minimised => {
                task.lengthen();
                None
            }
            ResponseKind::NoData => Some(Ok(Resolved::NoData)),
            ResponseKind::NxDomain => Some(Ok(Resolved::NxDomain)),
            ResponseKind::Answer => {
                task.chain.extend(reading.chain);
                reading.answer.map(|records| Ok(Resolved::Records(records)))
            }
            ResponseKind::Cname(target) => {
                task.follow(reading.chain, target, &self.limits).err().map(Err)
            }
        };
        match outcome {
            None => {
                self.tasks.insert(id, task);
            }
            Some(outcome) => {
                let response = outcome.is_ok().then_some(response);
                self.finish(id, task, outcome, response);
            }
        }
    }

    fn finish(
        &mut self,
        id: TaskId,
        task: Box<Task>,
        outcome: Result<Resolved, Unresolved>,
        response: Option<&Bytes>,
    ) {
        self.by_question.remove(&(task.subject, task.rtype));
        for waiter in &task.waiters {
            match *waiter {
                Waiter::Caller(tag) => self.done.push_back(Resolution {
                    tag,
                    name: task.subject,
                    rtype: task.rtype,
                    chain: task.chain.clone(),
                    outcome: outcome.clone(),
                    response: response.cloned(),
                    exchanges: task.exchanges.clone(),
                }),
                Waiter::Task { id: waiter, paid } => {
                    let Some(waiting) = self.tasks.get_mut(&waiter) else { continue };
                    waiting.waits_for.retain(|&other| other != id);
                    if paid {
                        waiting.budget += task.budget;
                    }
                    let most = self.limits.addresses_per_server;
                    let server =
                        waiting.cut.servers.iter_mut().find(|server| server.name == task.subject);
                    if let Some(server) = server {
                        match &outcome {
                            Ok(Resolved::Records(set)) => {
                                server.addresses.extend(set.addresses().take(most));
                            }
                            // Someone else ran out of means, which says nothing of the name.
                            Err(Unresolved::TooMuchWork) if !paid => {
                                server.search = Search::NotBegun;
                            }
                            Err(Unresolved::Circular { .. }) => server.search = Search::Circular,
                            _ => {}
                        }
                    }
                    self.runnable.push_back(waiter);
                }
            }
        }
    }

    /// Remembers how a server answered, or (`None`) that it did not.
    pub(super) fn remember(&mut self, server: SocketAddr, rtt: Option<Duration>) {
        self.servers.remember(server, rtt);
    }

    /// Whether a server has been silent for so long that it is backed off for now.
    pub fn is_down(&self, now: Time, server: SocketAddr) -> bool {
        self.servers.is_down(now, server)
    }
}

impl Resolution {
    /// The addresses that were found.
    pub fn addresses(&self) -> Vec<IpAddr> {
        match &self.outcome {
            Ok(Resolved::Records(set)) => set.addresses().collect(),
            _ => Vec::new(),
        }
    }
}
