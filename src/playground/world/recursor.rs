//! A recursive resolver of the world: [`crate::walk::Resolver`] with its cache, whose queries are
//! answered at once by the same world, while their virtual times add up.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::super::dice::Dice;
use super::super::faults::Situation;
use super::super::response::Response;
use super::super::scenario::{Fact, Host, Recursive, Scenario};
use super::delivery::{Arrival, Network};
use crate::engine::{Time, Transport};
use crate::walk::{
    Hints, Reading, Resolution, Resolved, Resolver, ResponseKind, Rrset, Unresolved, WalkConfig,
    WalkQuery,
};
use crate::wire::{
    Builder, Class, EdeCode, Flags, Message, NameBuf, OptBuf, Rcode, RecordBuf, RecordType,
};

/// How long a response is waited for.
const PATIENCE: Duration = Duration::from_millis(800);
/// How often a server is asked over UDP.
const ATTEMPTS: usize = 2;
/// TTL of what has expired and is given all the same (RFC 8767 §4), in seconds.
const STALE_TTL: u32 = 30;
/// Denials that are remembered.
const REMEMBERED: usize = 4096;

/// A resolver with one cache.
#[derive(Debug)]
pub(super) struct Recursor {
    resolver: Resolver,
    address: IpAddr,
    dice: Dice,
    /// SOA records of denials by name and type (`None` for any), and until when they hold: the
    /// cache knows that something is absent, and not who said so.
    denials: HashMap<(NameBuf, Option<RecordType>), (RecordBuf, Time)>,
    /// What had expired before the world began.
    stale: Vec<RecordBuf>,
    /// The port of the last query.
    port: u16,
}

impl Recursor {
    /// Cache number `nth` of a host.
    pub fn new(scenario: &Scenario, host: &Host, config: &Recursive, nth: u32, seed: u64) -> Self {
        let hints = Hints::from_text(scenario.root_hints().as_bytes());
        let settings = WalkConfig { seed, ..WalkConfig::default() };
        // A world without a root is one in which nothing can be resolved.
        let hints = hints.unwrap_or_else(|_| Hints::built_in());
        let mut recursor = Self {
            resolver: Resolver::new(&hints, &settings),
            address: host.addresses.first().map_or(IpAddr::from([127, 0, 0, 1]), |(ip, _)| *ip),
            dice: Dice::new(seed, 0),
            denials: HashMap::new(),
            stale: Vec::new(),
            port: 0,
        };
        for learned in config.learned.iter().filter(|it| it.of.is_none_or(|of| of == nth)) {
            recursor.learn(&learned.fact, learned.age);
        }
        recursor
    }

    /// Knows something since `age` before the world began.
    fn learn(&mut self, fact: &Fact, age: Duration) {
        let age = age.as_secs() as u32;
        let left = |record: &RecordBuf| {
            let ttl = record.ttl.checked_sub(age).filter(|ttl| *ttl > 0)?;
            Some(RecordBuf { ttl, ..record.clone() })
        };
        match fact {
            Fact::Record(record) => match left(record) {
                Some(record) => {
                    let reading = Reading {
                        answer: Some(Rrset::from(&record)),
                        ..reading(ResponseKind::Answer)
                    };
                    let (name, rtype) = (record.name, record.rtype);
                    self.resolver.cache().learn(Time::ZERO, &name, rtype, &reading);
                }
                None => self.stale.push(record.clone()),
            },
            Fact::Absent { name, rtype, soa } => {
                let Some(left) = left(soa) else { return };
                let until = Time::ZERO + Duration::from_secs(left.ttl.into());
                self.denials.insert((*name, *rtype), (left.clone(), until));
                // The cache takes the lower of the TTL and the last field (RFC 2308 §5).
                let mut counted = left;
                let minimum = counted.rdata.len() - 4;
                counted.rdata[minimum..].copy_from_slice(&counted.ttl.to_be_bytes());
                let kind =
                    if rtype.is_some() { ResponseKind::NoData } else { ResponseKind::NxDomain };
                let reading = Reading { soa: Some(Rrset::from(&counted)), ..reading(kind) };
                let asked = rtype.unwrap_or(RecordType::A);
                self.resolver.cache().learn(Time::ZERO, name, asked, &reading);
            }
        }
    }

    /// Remembers who denied a name.
    fn deny(&mut self, now: Time, name: NameBuf, rtype: Option<RecordType>, reading: &Reading) {
        let Some(soa) = reading.soa.as_ref() else { return };
        let (Some(record), Some(ttl)) = (soa.records().next(), soa.negative_ttl()) else { return };
        if self.denials.len() >= REMEMBERED {
            self.denials.clear();
        }
        let until = now + Duration::from_secs(ttl.into());
        self.denials.insert((name, rtype), (record, until));
    }

    /// Answers a query, and says how long resolving took.
    pub fn respond(
        &mut self,
        world: &mut impl Network,
        config: &Recursive,
        at: &Situation<'_>,
    ) -> (Response, Duration) {
        let flags = at.query.message.flags();
        if let Some(refusal) = Response::refusal(at.query) {
            return (refusal, Duration::ZERO);
        }
        if !flags.contains(Flags::RD) || at.query.class != Class::IN {
            return (Response::error(Rcode::REFUSED), Duration::ZERO);
        }
        let (name, rtype) = (at.query.name, at.query.rtype);
        let (resolution, took) = self.resolve(world, config, at.now, name, rtype);
        let mut response = self.say(config, at.now + took, &resolution, name, rtype);
        response.flags = response.flags.with(Flags::RA);
        let cnames = resolution.chain.iter().flat_map(|cname| cname.targets().collect::<Vec<_>>());
        let mut names = std::iter::once(name).chain(cnames);
        let bogus = names.find_map(|name| {
            config.bogus.iter().find(|(zone, _)| name.is_at_or_below(zone)).map(|(_, ede)| *ede)
        });
        if let Some(ede) = bogus.filter(|_| !flags.contains(Flags::CD)) {
            response = Response { ede: Some(ede), ..Response::error(Rcode::SERVFAIL) };
            response.flags = Flags::RA;
        }
        (response, took)
    }

    /// Resolves a name in the world.
    fn resolve(
        &mut self,
        world: &mut impl Network,
        config: &Recursive,
        now: Time,
        name: NameBuf,
        rtype: RecordType,
    ) -> (Resolution, Duration) {
        let mut took = Duration::ZERO;
        self.resolver.submit(now, 0, name, rtype);
        // The resolver has limits of its own, so this ends.
        loop {
            if let Some(resolution) = self.resolver.poll_resolution() {
                return (resolution, took);
            }
            let Some(upstream) = self.resolver.poll_query() else {
                let resolution = Resolution {
                    tag: 0,
                    name,
                    rtype,
                    chain: Vec::new(),
                    outcome: Err(Unresolved::TooMuchWork),
                    response: None,
                    exchanges: Vec::new(),
                };
                return (resolution, took);
            };
            let answer = if config.upstream {
                self.ask(world, now + took, &upstream)
            } else {
                Err(PATIENCE)
            };
            match answer {
                Ok((octets, rtt)) => {
                    took += rtt;
                    self.note_denial(now + took, &upstream, &octets);
                    let octets = octets.into();
                    self.resolver.handle(now + took, upstream.id, &[], &[], Some((&octets, rtt)));
                }
                Err(waited) => {
                    took += waited;
                    self.resolver.handle(now + took, upstream.id, &[], &[], None);
                }
            }
        }
    }

    fn note_denial(&mut self, now: Time, upstream: &WalkQuery, octets: &[u8]) {
        let reading = Reading::new(octets, &upstream.zone, &upstream.name, upstream.rtype);
        match reading.kind {
            ResponseKind::NoData => self.deny(now, upstream.name, Some(upstream.rtype), &reading),
            ResponseKind::NxDomain => self.deny(now, upstream.name, None, &reading),
            _ => {}
        }
    }

    /// Sends a query to a server: the response and its time, or how long there was none.
    fn ask(
        &mut self,
        world: &mut impl Network,
        now: Time,
        upstream: &WalkQuery,
    ) -> Result<(Vec<u8>, Duration), Duration> {
        let mut waited = Duration::ZERO;
        let mut transport = Transport::Udp;
        for _ in 0..=ATTEMPTS {
            let (answer, after) = self.attempt(world, now + waited, upstream, transport);
            waited += after;
            match answer {
                Some(octets) if is_truncated(&octets) && transport == Transport::Udp => {
                    transport = Transport::Tcp;
                }
                Some(octets) => return Ok((octets, waited)),
                None => {}
            }
        }
        Err(waited)
    }

    /// Sends one query; the response, and when it came or was given up.
    fn attempt(
        &mut self,
        world: &mut impl Network,
        now: Time,
        upstream: &WalkQuery,
        transport: Transport,
    ) -> (Option<Vec<u8>>, Duration) {
        // A new port and a new ID each time, as it must be (RFC 5452 §9.2).
        self.port = 1024 + (self.dice.point() * 64_000.0) as u16;
        let id = (self.dice.point() * 65_536.0) as u16;
        let query = query(id, &upstream.name, upstream.rtype);
        let from = SocketAddr::new(self.address, self.port);
        let mut deliveries = Vec::new();
        world.put(now, upstream.server, from, transport, &query, &mut deliveries);
        deliveries.sort_by_key(|delivery| delivery.after);
        for delivery in deliveries.into_iter().filter(|it| it.after <= PATIENCE) {
            match delivery.arrival {
                Arrival::Message { from, octets }
                    if from == upstream.server && octets.starts_with(&id.to_be_bytes()) =>
                {
                    return (Some(octets), delivery.after);
                }
                Arrival::Message { .. } | Arrival::Unanswered => {}
                Arrival::Unreachable | Arrival::Cut(_) | Arrival::Reset => {
                    return (None, delivery.after);
                }
            }
        }
        (None, PATIENCE)
    }

    /// What a resolution amounts to, as a response.
    fn say(
        &self,
        config: &Recursive,
        now: Time,
        resolution: &Resolution,
        name: NameBuf,
        rtype: RecordType,
    ) -> Response {
        let mut response = Response::error(Rcode::NOERROR);
        let chain = resolution.chain.iter().flat_map(Rrset::records);
        response.answers.extend(chain);
        let end = resolution.chain.last().and_then(|cname| cname.targets().next()).unwrap_or(name);
        match &resolution.outcome {
            Ok(Resolved::Records(set)) => response.answers.extend(set.records()),
            Ok(Resolved::NoData) => response.authorities.extend(self.denial(now, end, Some(rtype))),
            Ok(Resolved::NxDomain) => {
                response.authorities.extend(self.denial(now, end, None));
                response.rcode = Rcode::NXDOMAIN;
                if let Some(address) = config.rewrites_nxdomain {
                    rewrite(&mut response, end, rtype, address);
                }
            }
            Err(_) => self.fail(config, &mut response, name, rtype),
        }
        response
    }

    /// There is no response: SERVFAIL, or what has expired.
    fn fail(&self, config: &Recursive, response: &mut Response, name: NameBuf, rtype: RecordType) {
        let stale = |record: &&RecordBuf| record.name == name && record.rtype == rtype;
        let stale: Vec<RecordBuf> = self
            .stale
            .iter()
            .filter(stale)
            .map(|record| RecordBuf { ttl: STALE_TTL, ..record.clone() })
            .collect();
        if config.serves_stale && !stale.is_empty() {
            response.answers = stale;
            response.ede = Some(EdeCode::STALE_ANSWER);
        } else {
            response.answers.clear();
            response.rcode = Rcode::SERVFAIL;
            response.ede = Some(EdeCode::NO_REACHABLE_AUTHORITY);
        }
    }

    /// The SOA record of a denial that still holds, with what is left of its TTL.
    fn denial(&self, now: Time, name: NameBuf, rtype: Option<RecordType>) -> Option<RecordBuf> {
        let (soa, until) = self.denials.get(&(name, rtype)).filter(|(_, until)| *until > now)?;
        Some(RecordBuf { ttl: until.since(now).as_secs() as u32, ..soa.clone() })
    }
}

/// An address where none is.
fn rewrite(response: &mut Response, name: NameBuf, rtype: RecordType, address: IpAddr) {
    let rdata = match (rtype, address) {
        (RecordType::A, IpAddr::V4(ip)) => ip.octets().to_vec(),
        (RecordType::AAAA, IpAddr::V6(ip)) => ip.octets().to_vec(),
        _ => return,
    };
    response.rcode = Rcode::NOERROR;
    response.authorities.clear();
    response.answers.push(RecordBuf { name, ttl: 60, class: Class::IN, rtype, rdata });
}

/// A reading that says nothing but what it amounts to.
fn reading(kind: ResponseKind) -> Reading {
    Reading {
        rcode: Rcode::NOERROR,
        authoritative: true,
        kind,
        chain: Vec::new(),
        answer: None,
        soa: None,
        glue: Vec::new(),
        zone: None,
    }
}

fn is_truncated(octets: &[u8]) -> bool {
    Message::parse(octets).is_ok_and(|message| message.flags().contains(Flags::TC))
}

/// A query without recursion, with EDNS.
fn query(id: u16, name: &NameBuf, rtype: RecordType) -> Vec<u8> {
    let mut buffer = [0; 512];
    let built = Builder::new(&mut buffer, id, Flags::default()).and_then(|mut builder| {
        builder.question(name.as_wire(), rtype, Class::IN)?;
        OptBuf::new(1232).build(&mut builder)?;
        Ok(builder.finish())
    });
    // A query and an OPT record have 282 octets at most.
    buffer[..built.unwrap_or(0)].to_vec()
}
