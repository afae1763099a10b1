//! The world: who is there, and what becomes of a query.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::super::cookie;
use super::super::dice::{Dice, mix};
use super::super::fault::{Effect, Effects, Situation};
use super::super::lookup;
use super::super::query::{Received, formerr};
use super::super::response::Response;
use super::super::scenario::{Host, Instance, Pick, Role, Scenario};
use super::super::zone::Zone;
use super::compose::{compose, deliver};
use super::delivery::{Arrival, Delivery, Network};
use super::recursor::Recursor;
use crate::engine::{Time, Transport};
use crate::wire::{HEADER_LEN, Rcode};

/// How long an instance answers that is chosen by time, in seconds.
const SHIFT: u64 = 10;
/// Clients whose rates are remembered.
const REMEMBERED: usize = 4096;

/// See the [module](super).
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
                let mut octets = vec![0; HEADER_LEN];
                let len = formerr(header, &mut octets);
                octets.truncate(len);
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

impl Network for World {
    fn put(
        &mut self,
        now: Time,
        to: SocketAddr,
        from: SocketAddr,
        transport: Transport,
        query: &[u8],
        out: &mut Vec<Delivery>,
    ) {
        self.handle(now, to, from, transport, query, out);
    }
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
