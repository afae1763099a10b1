//! The descent: from the root, zone cut by zone cut, asking every address of every server.
//!
//! Each path is taken as far as its responses reach, from the root again whenever all queries that
//! it waits for are answered; what was asked once is not asked again. So there is no state but the
//! answers, and a server that becomes known late is asked all that the others were.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::config::WalkConfig;
use super::evidence::{Evidence, Exchange, ExchangeEnd, ExchangeRecord, WalkPurpose, WalkQuery};
use super::hints::Hints;
use super::lookups::Lookups;
use super::minimise;
use super::reply::{Reading, ResponseKind};
use super::report::{self, Address, NameServer, PathEnd, Source};
use super::resolution::Unresolved;
use super::resolver::Resolver;
use crate::engine::Time;
use crate::wire::{NameBuf, RecordType};

/// Why a query has no outcome that says anything of the server.
const ABSENT: &str = "during each attempt, the program did not run or had no room for the response, or the machine was suspended";

/// One query to one server, as a server of a zone: server, zone, name, type.
type Key = (SocketAddr, NameBuf, NameBuf, RecordType);

/// A walk to one name, or to several at once; see the [module](super).
///
/// Ask what [`Walk::poll_query`] gives, hand every outcome to [`Walk::handle`], until
/// [`Walk::is_done`]; then take the [`Walk::into_report`].
#[derive(Debug)]
pub struct Walk {
    pub(super) config: WalkConfig,
    pub(super) subjects: usize,
    pub(super) rtype: RecordType,
    pub(super) resolver: Resolver,
    pub(super) lookups: Lookups,
    /// The root first, and each after its parent.
    pub(super) zones: Vec<ZoneState>,
    pub(super) paths: Vec<PathState>,
    /// What was asked; the exchange, if it has ended.
    pub(super) answers: HashMap<Key, Option<usize>>,
    /// The exchange in which a server refers to a zone.
    pub(super) referrals: HashMap<(SocketAddr, NameBuf), usize>,
    pub(super) evidence: Evidence,
    /// What the response of each exchange says.
    pub(super) readings: Vec<Option<Reading>>,
    /// Whether a server has answered anything.
    pub(super) heard: HashMap<SocketAddr, bool>,
    pub(super) queries: VecDeque<WalkQuery>,
    pub(super) open: HashMap<u64, (WalkQuery, Owner)>,
    pub(super) asked: usize,
    pub(super) cut_short: bool,
    pub(super) ipv4_abandoned: bool,
    pub(super) ipv6_abandoned: bool,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner {
    /// The walk itself, about this zone.
    Zone(usize),
    /// The resolver, with this number.
    Resolver(u64),
}

/// A zone on the way.
#[derive(Debug)]
pub(super) struct ZoneState {
    pub(super) name: NameBuf,
    pub(super) parent: Option<usize>,
    pub(super) servers: Vec<NameServer>,
    pub(super) left_out: HashSet<NameBuf>,
    /// Queries to its servers that are out.
    pub(super) waiting: usize,
    /// The addresses of its servers were looked up, glue or not.
    looked_up: bool,
}

/// The descent to one name.
#[derive(Debug)]
pub(super) struct PathState {
    pub(super) name: NameBuf,
    /// The path that an alias led from.
    from: Option<usize>,
    pub(super) zones: Vec<usize>,
    pub(super) end: Option<PathEnd>,
    pub(super) targets: Vec<NameBuf>,
    pub(super) cname_fault: Option<Unresolved>,
}

/// What the servers of a zone say of the way to a name.
enum Step {
    /// Not all have answered.
    Wait,
    /// A zone below has it.
    Cut(NameBuf),
    /// This zone has it.
    Bottom,
    /// None is of use.
    Stuck,
}

impl Walk {
    /// A walk from the root servers of `hints` to `name`.
    ///
    /// At its end, `rtype` is asked for; aliases are followed unless it is CNAME. ANY and other
    /// types that only queries have lead nowhere.
    pub fn new(
        now: Time,
        name: NameBuf,
        rtype: RecordType,
        hints: &Hints,
        config: WalkConfig,
    ) -> Self {
        Self::to_several(now, &[name], rtype, hints, config)
    }

    /// A walk to several names, which asks no server twice for what their ways have in common.
    /// [`WalkReport::paths`](super::WalkReport::paths) begins with one path for each of `names`, in
    /// their order; a name that stands twice has one.
    pub fn to_several(
        now: Time,
        names: &[NameBuf],
        rtype: RecordType,
        hints: &Hints,
        config: WalkConfig,
    ) -> Self {
        let mut paths: Vec<PathState> = Vec::new();
        for name in names {
            if paths.iter().all(|path| path.name != *name) {
                paths.push(PathState::new(*name, None));
            }
        }
        let servers = hints.servers().take(config.limits.servers_per_zone);
        let servers = servers.map(|(name, addresses)| NameServer {
            addresses: addresses
                .iter()
                .take(config.limits.addresses_per_server)
                .map(|&ip| Address { ip, sources: vec![Source::Hint] })
                .collect(),
            ..name_server(*name)
        });
        let root =
            ZoneState { servers: servers.collect(), ..ZoneState::new(NameBuf::root(), None) };
        let mut walk = Self {
            resolver: Resolver::new(hints, &config),
            lookups: Lookups::default(),
            subjects: paths.len(),
            rtype,
            zones: vec![root],
            paths,
            answers: HashMap::new(),
            referrals: HashMap::new(),
            evidence: Evidence::default(),
            readings: Vec::new(),
            heard: HashMap::new(),
            queries: VecDeque::new(),
            open: HashMap::new(),
            asked: 0,
            cut_short: false,
            ipv4_abandoned: false,
            ipv6_abandoned: false,
            config,
        };
        walk.go_on(now);
        walk
    }

    /// The next query to send to a server.
    pub fn poll_query(&mut self) -> Option<WalkQuery> {
        self.queries.pop_front()
    }

    /// Takes the outcome of a query.
    pub fn handle(&mut self, now: Time, exchange: Exchange) {
        let Some((query, owner)) = self.open.remove(&exchange.id) else { return };
        let mut exchange = exchange;
        // Whoever carries it out has asked again, and was absent again.
        let unknown = exchange.is_missing_unseen();
        if unknown {
            exchange.end = ExchangeEnd::NotAsked(ABSENT.to_owned());
        }
        let rtt = exchange.rtt().unwrap_or(Duration::ZERO);
        let response = match &exchange.end {
            ExchangeEnd::Answered { response, .. } => Some(response),
            ExchangeEnd::Failed(_) | ExchangeEnd::NotAsked(_) => None,
        };
        let reading =
            response.map(|octets| Reading::new(octets, &query.zone, &query.name, query.rtype));
        let place = self.evidence.exchanges.len();
        if let Some(referral) = reading.as_ref().and_then(Reading::as_referral) {
            self.referrals.entry((query.server, referral.ns.name)).or_insert(place);
        }
        match owner {
            Owner::Resolver(id) if unknown => self.resolver.withdraw(now, id),
            Owner::Resolver(id) => {
                self.resolver.handle(now, id, &[], &[], response.map(|octets| (octets, rtt)));
            }
            Owner::Zone(zone) => {
                if !unknown {
                    *self.heard.entry(query.server).or_default() |= response.is_some();
                    self.resolver.remember(query.server, response.map(|_| rtt));
                }
                if let Some(reading) = &reading {
                    self.resolver.learn(now, &query, reading);
                }
                let key = (query.server, query.zone, query.name, query.rtype);
                self.answers.insert(key, Some(place));
                self.zones[zone].waiting -= 1;
            }
        }
        let Exchange { attempts, end, .. } = exchange;
        self.evidence.exchanges.push(ExchangeRecord { query, attempts, end, finished: now });
        self.readings.push(reading);
        self.go_on(now);
    }

    /// Whether there is nothing left to ask or to wait for.
    pub fn is_done(&self) -> bool {
        self.paths.iter().all(|path| path.end.is_some())
    }

    /// How many queries are out, and how many were asked so far.
    pub fn progress(&self) -> (usize, usize) {
        (self.open.len(), self.asked)
    }

    /// Takes every path as far as it goes.
    fn go_on(&mut self, now: Time) {
        loop {
            self.collect_lookups(now);
            let mut moved = false;
            for path in 0..self.paths.len() {
                if self.paths[path].end.is_none() && !self.waits(path) {
                    if let Some(end) = self.descend(now, path) {
                        self.paths[path].end = Some(end);
                        self.follow_aliases(path);
                    }
                    moved = true;
                }
            }
            self.collect_lookups(now);
            if !moved {
                return;
            }
        }
    }

    /// Whether a path waits for answers that are still out.
    fn waits(&self, path: usize) -> bool {
        self.paths[path].zones.last().is_some_and(|&zone| {
            let zone = &self.zones[zone];
            zone.waiting > 0 || self.lookups.waits_for(&zone.servers)
        })
    }

    /// Hands out the resolver's queries and takes its results.
    fn collect_lookups(&mut self, now: Time) {
        while let Some(query) = self.resolver.poll_query() {
            let owner = Owner::Resolver(query.id);
            if !self.ask(WalkQuery { purpose: WalkPurpose::ServerAddress, ..query }, owner) {
                self.resolver.handle(now, query.id, &[], &[], None);
            }
        }
        while let Some(resolution) = self.resolver.poll_resolution() {
            self.lookups.done(resolution);
        }
    }

    /// Goes down from the root as far as the responses reach; gives the end if there is one.
    fn descend(&mut self, now: Time, path: usize) -> Option<PathEnd> {
        let name = self.paths[path].name;
        self.paths[path].zones = vec![0];
        let mut zone = 0;
        loop {
            if !self.meet(now, zone) {
                return None;
            }
            let address_of_none = self.every_address(&self.zones[zone]).is_empty();
            match self.step(zone, &name) {
                Step::Wait => return None,
                Step::Stuck if address_of_none => {
                    let zone = &self.zones[zone];
                    let (circular, zone) = (self.lookups.circular(&zone.servers), zone.name);
                    return Some(PathEnd::Failed(if circular {
                        Unresolved::Circular { zone }
                    } else {
                        Unresolved::NoAddress { zone }
                    }));
                }
                Step::Stuck => {
                    let zone = self.zones[zone].name;
                    let failure = match self.cut_short {
                        true => Unresolved::TooMuchWork,
                        false => Unresolved::NoUsefulAnswer { zone },
                    };
                    return Some(PathEnd::Failed(failure));
                }
                Step::Bottom if self.zones[zone].looked_up => return Some(PathEnd::Reached),
                Step::Bottom => {
                    // Whatever glue says: the addresses that others will use.
                    if !self.look_up(now, zone, true) {
                        return None;
                    }
                    self.zones[zone].looked_up = true;
                }
                Step::Cut(cut) => {
                    if self.paths[path].zones.len() > self.config.limits.cuts {
                        return Some(PathEnd::Failed(Unresolved::TooMuchWork));
                    }
                    if !self.ask_delegation(zone, &cut) {
                        return None;
                    }
                    zone = self.enter(zone, &cut);
                    self.paths[path].zones.push(zone);
                }
            }
        }
    }

    /// Makes the servers of a zone known, and asks all of them about its apex. Whether that is done.
    fn meet(&mut self, now: Time, zone: usize) -> bool {
        let apex = self.zones[zone].name;
        loop {
            if !self.look_up(now, zone, false) {
                return false;
            }
            let ns = self.ask_all(zone, &apex, RecordType::NS, WalkPurpose::Apex);
            let soa = self.ask_all(zone, &apex, RecordType::SOA, WalkPurpose::Apex);
            if !ns || !soa {
                return false;
            }
            if apex.is_root() {
                self.give_up_families();
            }
            let sets: Vec<_> = self
                .readings_of(zone, &apex, RecordType::NS)
                .filter_map(|(_, reading)| reading.answer.clone())
                .filter(|set| set.name == apex)
                .collect();
            let known = self.zones[zone].servers.len();
            for name in sets.iter().flat_map(|set| set.targets()) {
                if let Some(server) = self.add_server(zone, name) {
                    server.at_child = true;
                }
            }
            if self.zones[zone].servers.len() == known {
                return true;
            }
        }
    }

    /// Looks for a zone cut between a zone and a name, at every server of the zone.
    fn step(&mut self, zone: usize, name: &NameBuf) -> Step {
        let (apex, rtype) = (self.zones[zone].name, self.rtype);
        if self.config.minimise {
            for shorter in minimise::steps(&apex, name) {
                if !self.ask_all(zone, &shorter, RecordType::A, WalkPurpose::Minimised) {
                    return Step::Wait;
                }
                if let Some(cut) = self.cut_in(zone, name, &shorter, RecordType::A) {
                    return Step::Cut(cut);
                }
                // On with the whole name: some servers deny names that have nothing but
                // descendants.
                let denied = |reading: &Reading| reading.kind == ResponseKind::NxDomain;
                if self.readings_of(zone, &shorter, RecordType::A).any(|(_, r)| denied(r)) {
                    break;
                }
            }
        }
        if !self.ask_all(zone, name, rtype, WalkPurpose::Subject) {
            return Step::Wait;
        }
        if let Some(cut) = self.cut_in(zone, name, name, rtype) {
            return Step::Cut(cut);
        }
        if !self.readings_of(zone, name, rtype).any(|(_, reading)| reading.is_useful()) {
            return Step::Stuck;
        }
        // A server that serves the zone below, too, answers without a word about the cut, unless
        // it is asked for the SOA record. An alias has none, but its zone is that of the name
        // above it.
        let (mut asked, mut asked_type) = (*name, rtype);
        while asked != apex && !self.shows_zone(zone, &asked, asked_type) {
            if asked_type == RecordType::SOA {
                asked = asked.parent().unwrap_or(apex);
            }
            if asked == apex {
                break;
            }
            asked_type = RecordType::SOA;
            if !self.ask_all(zone, &asked, asked_type, WalkPurpose::ZoneCut) {
                return Step::Wait;
            }
            if let Some(cut) = self.cut_in(zone, name, &asked, asked_type) {
                return Step::Cut(cut);
            }
        }
        Step::Bottom
    }

    /// The highest cut on the way to `name` that answers to a query show.
    fn cut_in(
        &self,
        zone: usize,
        name: &NameBuf,
        asked: &NameBuf,
        rtype: RecordType,
    ) -> Option<NameBuf> {
        let apex = self.zones[zone].name;
        self.readings_of(zone, asked, rtype)
            .filter_map(|(_, reading)| reading.cut_below(&apex))
            .filter(|cut| name.is_at_or_below(cut))
            // A delegation's DS records are at the parent (RFC 4035 §3.1.4.1).
            .filter(|cut| self.rtype != RecordType::DS || cut != name)
            .min_by_key(|cut| cut.labels().count())
    }

    fn shows_zone(&self, zone: usize, asked: &NameBuf, rtype: RecordType) -> bool {
        self.readings_of(zone, asked, rtype)
            .any(|(_, reading)| reading.zone.is_some_and(|source| asked.is_at_or_below(&source)))
    }

    /// Asks every server of a zone about the delegation of `cut`. Whether all have answered.
    fn ask_delegation(&mut self, zone: usize, cut: &NameBuf) -> bool {
        let mut done = true;
        for server in self.servers_to_ask(zone) {
            if !self.referrals.contains_key(&(server, *cut)) {
                done &= self.ask_one(zone, server, cut, RecordType::NS, WalkPurpose::Delegation);
            }
            if self.config.ask_ds {
                done &= self.ask_one(zone, server, cut, RecordType::DS, WalkPurpose::Delegation);
            }
        }
        done
    }

    /// The zone below a cut, with the servers and the glue that the servers of the parent name.
    fn enter(&mut self, parent: usize, cut: &NameBuf) -> usize {
        let zone = self.zones.iter().position(|zone| zone.name == *cut).unwrap_or_else(|| {
            self.zones.push(ZoneState::new(*cut, Some(parent)));
            self.zones.len() - 1
        });
        let mut said = Vec::new();
        for server in self.every_address(&self.zones[parent]) {
            let referral = self.referrals.get(&(server, *cut)).copied();
            let key = (server, self.zones[parent].name, *cut, RecordType::NS);
            let answer = referral.or_else(|| self.answers.get(&key).copied().flatten());
            let Some(reading) = answer.and_then(|place| self.readings[place].as_ref()) else {
                continue;
            };
            let ns = match &reading.kind {
                ResponseKind::Referral(referral) => Some(&referral.ns),
                _ => reading.answer.as_ref().filter(|set| set.rtype == RecordType::NS),
            };
            if let Some(ns) = ns.filter(|ns| ns.name == *cut) {
                said.push((server, ns.clone(), reading.glue.clone()));
            }
        }
        let most = self.config.limits.addresses_per_server;
        for (server, ns, glue) in said {
            for name in ns.targets() {
                let Some(known) = self.add_server(zone, name) else { continue };
                known.at_parent = true;
                for set in glue.iter().filter(|set| set.name == name) {
                    set.addresses()
                        .for_each(|ip| add_address(known, ip, Source::Glue(server), most));
                }
            }
        }
        zone
    }

    /// A server of a zone by its name, added if there is room.
    fn add_server(&mut self, zone: usize, name: NameBuf) -> Option<&mut NameServer> {
        let zone = &mut self.zones[zone];
        let place = match zone.servers.iter().position(|server| server.name == name) {
            Some(place) => place,
            None if zone.servers.len() >= self.config.limits.servers_per_zone => {
                zone.left_out.insert(name);
                return None;
            }
            None => {
                zone.servers.push(name_server(name));
                zone.servers.len() - 1
            }
        };
        zone.servers.get_mut(place)
    }

    /// Looks for the addresses of a zone's servers: of those that have none, or of all. Whether all
    /// that can be found were found.
    fn look_up(&mut self, now: Time, zone: usize, all: bool) -> bool {
        // The root's addresses are in the hints; else nothing could be found at all.
        if self.zones[zone].name.is_root() {
            return true;
        }
        let most = self.config.limits.addresses_per_server;
        let mut done = true;
        for place in 0..self.zones[zone].servers.len() {
            let server = &self.zones[zone].servers[place];
            if !all && !server.addresses.is_empty() && server.lookups.is_empty() {
                continue;
            }
            let name = server.name;
            let Some(found) = self.lookups.find(now, &mut self.resolver, &name) else {
                done = false;
                continue;
            };
            let server = &mut self.zones[zone].servers[place];
            for ip in found.iter().flat_map(|resolution| resolution.addresses()) {
                add_address(server, ip, Source::Authoritative, most);
            }
            server.lookups = found;
        }
        self.collect_lookups(now);
        done
    }

    /// Begins paths to where the servers of a path's last zone say that its name is an alias of.
    fn follow_aliases(&mut self, path: usize) {
        let (name, rtype) = (self.paths[path].name, self.rtype);
        let Some(&zone) = self.paths[path].zones.last() else { return };
        let mut targets: Vec<NameBuf> = Vec::new();
        for (_, reading) in self.readings_of(zone, &name, rtype) {
            if let Some(target) = report::alias_in(reading, &name)
                && !targets.contains(&target)
            {
                targets.push(target);
            }
        }
        let mut before = Vec::new();
        let mut at = Some(path);
        while let Some(path) = at {
            before.push(self.paths[path].name);
            at = self.paths[path].from;
        }
        for &target in &targets {
            if before.contains(&target) {
                self.paths[path].cname_fault = Some(Unresolved::CnameLoop(target));
            } else if before.len() > self.config.limits.cnames {
                self.paths[path].cname_fault = Some(Unresolved::CnameChainTooLong(target));
            } else if self.paths.iter().all(|known| known.name != target) {
                if self.paths.len() < self.config.limits.names {
                    self.paths.push(PathState::new(target, Some(path)));
                } else {
                    self.cut_short = true;
                }
            }
        }
        self.paths[path].targets = targets;
    }
}

impl ZoneState {
    fn new(name: NameBuf, parent: Option<usize>) -> Self {
        Self {
            name,
            parent,
            servers: Vec::new(),
            left_out: HashSet::new(),
            waiting: 0,
            looked_up: false,
        }
    }
}

impl PathState {
    fn new(name: NameBuf, from: Option<usize>) -> Self {
        Self { name, from, zones: Vec::new(), end: None, targets: Vec::new(), cname_fault: None }
    }
}

fn name_server(name: NameBuf) -> NameServer {
    NameServer {
        name,
        at_parent: false,
        at_child: false,
        addresses: Vec::new(),
        lookups: Vec::new(),
    }
}

/// Notes an address of a server and who says so.
fn add_address(server: &mut NameServer, ip: IpAddr, source: Source, most: usize) {
    let full = server.addresses.len() >= most;
    match server.addresses.iter_mut().find(|address| address.ip == ip) {
        Some(address) if !address.sources.contains(&source) => address.sources.push(source),
        None if !full => server.addresses.push(Address { ip, sources: vec![source] }),
        _ => {}
    }
}
