//! A DNS world without sockets and clocks: queries go in with the time, answers come out with how
//! long they take.
//!
//! A [`World`] is made from a [`Scenario`] and a seed. The same scenario, seed, and sequence of
//! queries give the same answers at the same times, so it can be examined under virtual time
//! (see [`super::virtual_net`]) as well as on real sockets (see [`super::serve()`]).
//!
//! ```
//! use std::sync::Arc;
//! use dnsonde::engine::{Time, Transport};
//! use dnsonde::playground::{Arrival, Scenario, World};
//! use dnsonde::wire::{Builder, Class, Flags, Message, NameBuf, RecordType};
//!
//! let scenario = Scenario::named("healthy").unwrap().unwrap();
//! let root = scenario.addresses().next().unwrap();
//! let mut world = World::new(Arc::new(scenario), 7);
//!
//! let mut query = [0; 512];
//! let mut builder = Builder::new(&mut query, 1, Flags::default()).unwrap();
//! let name: NameBuf = "example.com".parse().unwrap();
//! builder.question(name.as_wire(), RecordType::SOA, Class::IN).unwrap();
//! let len = builder.finish();
//!
//! let mut deliveries = Vec::new();
//! let client = "127.0.0.1:40000".parse().unwrap();
//! let to = (root, 53).into();
//! world.handle(Time::ZERO, to, client, Transport::Udp, &query[..len], &mut deliveries);
//! let Arrival::Message { from, octets } = &deliveries[0].arrival else { panic!() };
//! assert_eq!(*from, to);
//! assert_eq!(Message::parse(octets).unwrap().id(), 1);
//! ```

mod cookie;
mod fault;
mod lookup;
mod recursor;
mod response;
mod zone;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

pub use fault::{Delay, Effect, Fault, Paths};
pub use zone::{Edit, Zone, ZoneError};

pub(crate) use fault::millis;

use self::fault::{Effects, Situation};
use self::recursor::Recursor;
use self::response::{Identity, Response};
use super::answer::{self, Query, Received};
use super::faults::{Dice, Wrong};
use super::scenario::{Host, Instance, Pick, Role, Scenario};
use super::zone::mix;
use crate::engine::{Time, Transport};
use crate::wire::{Flags, Header, NameBuf, Rcode, RecordBuf, RecordType};

/// How long an instance answers that is chosen by time, in seconds.
const SHIFT: u64 = 10;
/// Clients whose rates are remembered.
const REMEMBERED: usize = 4096;

/// See the [module](self).
#[derive(Debug)]
pub struct World {
    scenario: Arc<Scenario>,
    hosts: HashMap<IpAddr, usize>,
    seed: u64,
    /// Queries so far: each has dice of its own.
    queries: u64,
    /// Tokens left for a fault, an address and a client, and when they were counted.
    rates: HashMap<(usize, IpAddr, IpAddr), (f64, Time)>,
    /// The caches of each host; none for authoritative servers.
    recursors: Vec<Vec<Recursor>>,
}

/// Something that comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// How long after the query.
    pub after: Duration,
    /// What comes.
    pub arrival: Arrival,
}

/// What comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// A message; over TCP, on the connection that the query came over.
    Message {
        /// Where it comes from: over UDP not always from where the query went.
        from: SocketAddr,
        /// The message.
        octets: Vec<u8>,
    },
    /// ICMP says that nobody listens; a TCP connection is refused.
    Unreachable,
    /// The TCP connection is closed behind these octets, which are the first ones of an answer
    /// with its two octets of length.
    Cut(Vec<u8>),
    /// The TCP connection is reset.
    Reset,
    /// The TCP handshake is not answered, so there is no connection and nothing will come.
    Unanswered,
}

impl World {
    /// A world at the beginning of its time, which is [`Time::ZERO`].
    pub fn new(scenario: Arc<Scenario>, seed: u64) -> Self {
        let mut hosts = HashMap::new();
        let mut recursors = Vec::new();
        for (place, host) in scenario.hosts.iter().enumerate() {
            hosts.extend(host.addresses.iter().map(|(ip, _)| (*ip, place)));
            recursors.push(match &host.role {
                Role::Authoritative { .. } => Vec::new(),
                Role::Recursive(config) => (0..config.caches)
                    .map(|nth| {
                        Recursor::new(&scenario, host, config, nth, mix(seed ^ u64::from(nth)))
                    })
                    .collect(),
            });
        }
        Self { scenario, hosts, seed, queries: 0, rates: HashMap::new(), recursors }
    }

    /// What this world was made from.
    pub fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    /// The round-trip time to an address, if somebody has it.
    pub fn round_trip(&self, address: IpAddr) -> Option<Duration> {
        let host = &self.scenario.hosts[*self.hosts.get(&address)?];
        host.addresses.iter().find(|(ip, _)| *ip == address).map(|(_, latency)| *latency)
    }

    /// Whether an address never takes UDP, or TCP: where that can be told beforehand, nobody
    /// needs to listen.
    pub fn is_closed(&self, address: IpAddr, transport: Transport) -> bool {
        let Some(&host) = self.hosts.get(&address) else { return true };
        let host = &self.scenario.hosts[host].name;
        self.scenario.faults.iter().any(|fault| {
            matches!(fault.effect, Effect::Unreachable)
                && fault.is_constant()
                && fault.concerns_host(host, address)
                && fault.transport.is_none_or(|it| it == transport)
        })
    }

    /// Takes a query and adds what comes back to `out`: nothing if it is lost.
    ///
    /// `now` may not go back by more than answers take.
    pub fn handle(
        &mut self,
        now: Time,
        to: SocketAddr,
        from: SocketAddr,
        transport: Transport,
        query: &[u8],
        out: &mut Vec<Delivery>,
    ) {
        let Some(&place) = self.hosts.get(&to.ip()) else {
            out.push(Delivery { after: Duration::ZERO, arrival: Arrival::Unreachable });
            return;
        };
        let nth = self.queries;
        self.queries += 1;
        match Received::read(query) {
            Received::NotQuery => {}
            Received::Malformed(header) => {
                let octets = formerr(header);
                let after = self.round_trip(to.ip()).unwrap_or_default();
                out.push(Delivery { after, arrival: Arrival::Message { from: to, octets } });
            }
            Received::Query(query) => {
                let scenario = Arc::clone(&self.scenario);
                let host = &scenario.hosts[place];
                let mut dice = Dice::new(self.seed, nth);
                let instance = choose(host, now, from, to, &mut dice);
                let at = Situation {
                    now,
                    host: &host.name,
                    instance: instance.and_then(|instance| instance.nsid.as_deref()),
                    to,
                    from,
                    transport,
                    query: &query,
                    cookies: cookie::Place {
                        secret: mix(self.seed ^ place as u64),
                        client: from.ip(),
                        now: now.since(Time::ZERO).as_secs() as u32,
                    },
                };
                self.serve(&scenario, place, instance, &at, nth, &mut dice, out);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "they are what one query is about")]
    fn serve(
        &mut self,
        scenario: &Scenario,
        place: usize,
        instance: Option<&Instance>,
        at: &Situation<'_>,
        nth: u64,
        dice: &mut Dice,
        out: &mut Vec<Delivery>,
    ) {
        let host = &scenario.hosts[place];
        let mut effects = Effects::default();
        self.add_effects(scenario, at, nth, None, &mut effects);
        let (response, took) = match &host.role {
            Role::Authoritative { zones, .. } => {
                let version =
                    effects.version.or(instance.and_then(|instance| instance.version.as_deref()));
                let zones: Vec<&Zone> =
                    zones.iter().filter_map(|apex| scenario.zone(apex, version)).collect();
                (lookup::respond(&zones, at.query), Duration::ZERO)
            }
            Role::Recursive(config) => {
                // Nested queries need the rest of the world.
                let which = (dice.point() * f64::from(config.caches)) as usize;
                let mut recursors = std::mem::take(&mut self.recursors[place]);
                let answer = match recursors.get_mut(which) {
                    Some(recursor) => recursor.respond(self, config, at),
                    None => (Response::error(Rcode::SERVFAIL), Duration::ZERO),
                };
                self.recursors[place] = recursors;
                answer
            }
        };
        let compose = |effects: &Effects<'_>| {
            let nsid = instance.and_then(|it| it.nsid.as_deref()).or(host.nsid.as_deref());
            compose(response.clone(), effects, at, host.max_udp, nsid)
        };
        let mut octets = compose(&effects);
        if self.add_effects(scenario, at, nth, Some(octets.len()), &mut effects) {
            octets = compose(&effects);
        }
        let latency = self.round_trip(at.to.ip()).unwrap_or_default();
        let after = latency.mul_f64(1.0 + dice.point() / 10.0) + took + effects.delay;
        deliver(&effects, at, octets, after, dice, out);
    }

    /// Adds the effects of the faults that apply: those that look at the size of the answer, if
    /// it is given, else the others. Whether there were any.
    fn add_effects<'s>(
        &mut self,
        scenario: &'s Scenario,
        at: &Situation<'_>,
        nth: u64,
        size: Option<usize>,
        effects: &mut Effects<'s>,
    ) -> bool {
        let mut any = false;
        for (place, fault) in scenario.faults.iter().enumerate() {
            if fault.larger_than.is_some() != size.is_some()
                || fault.larger_than.zip(size).is_some_and(|(limit, size)| size <= limit)
                || !fault.concerns(at)
            {
                continue;
            }
            // Dice of its own: one fault more does not change where those of others fall.
            let mut dice = Dice::new(mix(self.seed ^ (place as u64 + 1)), nth);
            // The rate first: a share is one of what is beyond it.
            if fault.above_qps.is_some_and(|limit| !self.exceeds(place, limit, at))
                || fault.share.is_some_and(|share| !dice.falls(share))
            {
                continue;
            }
            effects.add(fault, &mut dice);
            any = true;
        }
        any
    }

    /// Whether a client asks an address for more than a fault lets pass: a bucket of one second's
    /// tokens.
    fn exceeds(&mut self, fault: usize, limit: f64, at: &Situation<'_>) -> bool {
        if self.rates.len() >= REMEMBERED {
            self.rates.clear();
        }
        let key = (fault, at.to.ip(), at.from.ip());
        let (tokens, counted) = self.rates.entry(key).or_insert((limit, at.now));
        let gained = at.now.since(*counted).as_secs_f64() * limit;
        *tokens = (*tokens + gained).min(limit.max(1.0));
        *counted = at.now;
        let exceeds = *tokens < 1.0;
        if !exceeds {
            *tokens -= 1.0;
        }
        exceeds
    }
}

fn formerr(header: Header) -> Vec<u8> {
    let mut octets = vec![0; crate::wire::HEADER_LEN];
    let len = answer::formerr(header, &mut octets);
    octets.truncate(len);
    octets
}

/// The instance that gets a query.
fn choose<'h>(
    host: &'h Host,
    now: Time,
    from: SocketAddr,
    to: SocketAddr,
    dice: &mut Dice,
) -> Option<&'h Instance> {
    let Role::Authoritative { instances, pick, .. } = &host.role else { return None };
    let total: u64 = instances.iter().map(|instance| u64::from(instance.weight)).sum();
    if total == 0 {
        return None;
    }
    let mut point = match pick {
        Pick::Port => mix(u64::from(from.port()) << 16 ^ u64::from(to.port())) % total,
        Pick::Dice => (dice.point() * total as f64) as u64,
        Pick::Time => now.since(Time::ZERO).as_secs() / SHIFT % total,
    };
    instances.iter().find(|instance| {
        let weight = u64::from(instance.weight);
        let here = point < weight;
        point = point.wrapping_sub(weight);
        here
    })
}

/// The octets of an answer, as the faults want them.
fn compose(
    mut response: Response,
    effects: &Effects<'_>,
    at: &Situation<'_>,
    max_udp: u16,
    nsid: Option<&str>,
) -> Vec<u8> {
    change(&mut response, effects, at);
    let identity = Identity { nsid, max_udp, cookies: at.cookies, edns: !effects.no_opt };
    let limit = match (at.transport, at.query.message.opt()) {
        (Transport::Tcp, _) => usize::from(u16::MAX),
        (Transport::Udp, Some(opt)) if !effects.no_opt => {
            usize::from(opt.udp_payload_size().clamp(512, max_udp.max(512)))
        }
        (Transport::Udp, _) => 512,
    };
    if effects.truncate && at.transport == Transport::Udp {
        response = response.truncated();
    }
    if effects.fold_case {
        let folded = Query { name: at.query.name.to_lowercase(), ..*at.query };
        return response.octets(&folded, &identity, limit);
    }
    response.octets(at.query, &identity, limit)
}

/// Changes what is said.
fn change(response: &mut Response, effects: &Effects<'_>, at: &Situation<'_>) {
    if let Some((rcode, ede)) = effects.error {
        let mut error = Response { ede, ..Response::error(rcode) };
        if rcode == Rcode::NXDOMAIN {
            // A denial that looks like one: from the zone, with its SOA record if that is there.
            error.flags = response.flags.with(Flags::AA);
            error.zone = response.zone;
            error.authorities = std::mem::take(&mut response.authorities);
            error.authorities.retain(|record| record.rtype == RecordType::SOA);
        }
        *response = error;
    }
    response.ede = response.ede.or(effects.ede);
    if effects.deny_empty_nonterminals && response.empty_nonterminal {
        response.rcode = Rcode::NXDOMAIN;
    }
    if effects.upward_referral {
        *response = Response { authorities: root_servers(), ..Response::error(Rcode::NOERROR) };
    }
    if effects.not_authoritative {
        response.flags.0 &= !Flags::AA.0;
    }
    if effects.omit_soa {
        response.authorities.retain(|record| record.rtype != RecordType::SOA);
    }
    if effects.soa_above {
        for record in &mut response.authorities {
            if record.rtype == RecordType::SOA
                && let Some(parent) = record.name.parent()
            {
                record.name = parent;
            }
        }
    }
    if effects.count_down {
        let seconds = at.now.since(Time::ZERO).as_secs() as u32;
        for record in response.answers.iter_mut().chain(&mut response.authorities) {
            record.ttl -= seconds % record.ttl.max(1);
        }
    }
}

/// "Not mine, ask the root": what servers that do not have the zone used to say.
fn root_servers() -> Vec<RecordBuf> {
    RecordBuf::from_text(b". NS a.root-servers.net.", &NameBuf::root(), 518_400)
        .into_iter()
        .collect()
}

/// Sends an answer on its way.
fn deliver(
    effects: &Effects<'_>,
    at: &Situation<'_>,
    octets: Vec<u8>,
    after: Duration,
    dice: &mut Dice,
    out: &mut Vec<Delivery>,
) {
    if effects.unreachable {
        out.push(Delivery { after, arrival: Arrival::Unreachable });
        return;
    }
    if effects.drop {
        return;
    }
    let mut send = |from, octets, after| {
        out.push(Delivery { after, arrival: Arrival::Message { from, octets } });
    };
    if at.transport == Transport::Tcp {
        if effects.drop_syn {
            out.push(Delivery { after, arrival: Arrival::Unanswered });
        } else if effects.reset {
            out.push(Delivery { after, arrival: Arrival::Reset });
        } else if effects.cut {
            let framed = [&(octets.len() as u16).to_be_bytes(), octets.as_slice()].concat();
            let arrival = Arrival::Cut(framed[..framed.len() / 2].to_vec());
            out.push(Delivery { after, arrival });
        } else {
            send(at.to, octets, after);
        }
        return;
    }
    let mut from = at.to;
    if let Some(address) = effects.other_address {
        from.set_ip(address);
    }
    if effects.other_port {
        from.set_port(if from.port() == u16::MAX { 1024 } else { from.port() + 1 });
    }
    if effects.spoof {
        let mut spoofed = octets.clone();
        answer::spoil(&mut spoofed, Wrong::Id);
        send(from, spoofed, after / 2);
    }
    let later = after + millis(1.0 + 4.0 * dice.point());
    if effects.duplicate {
        send(from, octets.clone(), later);
    }
    if effects.duplicate_differing {
        let identity = Identity { nsid: None, max_udp: 512, cookies: at.cookies, edns: true };
        let denial = Response { flags: Flags::AA, ..Response::error(Rcode::NXDOMAIN) };
        send(from, denial.octets(at.query, &identity, 512), later);
    }
    send(from, octets, after);
}
