//! The world: who is there, and what becomes of a query.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::super::cookie;
use super::super::dice::{Dice, mix};
use super::super::faults::{Faults, Situation};
use super::super::lookup;
use super::super::query::{Received, formerr};
use super::super::response::Response;
use super::super::scenario::{Host, Instance, Pick, Role, Scenario};
use super::super::zone::Zone;
use super::compose::compose;
use super::counts::WorldCounts;
use super::deliver::deliver;
use super::delivery::{Arrival, Delivery, Network};
use super::recursor::Recursor;
use crate::engine::{Time, Transport};
use crate::wire::Rcode;

/// How long an instance answers that is chosen by time, in seconds.
const SHIFT: u64 = 10;

/// See the [module](super).
#[derive(Debug)]
pub struct World {
    scenario: Arc<Scenario>,
    hosts: HashMap<IpAddr, usize>,
    seed: u64,
    /// Queries so far: each has dice of its own.
    queries: u64,
    faults: Faults,
    counts: WorldCounts,
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
        let faults = Faults::seeded(seed, scenario.faults.clone());
        Self {
            scenario,
            hosts,
            seed,
            queries: 0,
            faults,
            counts: WorldCounts::default(),
            recursors,
        }
    }

    /// What this world was made from.
    pub fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    /// What it has seen and done so far.
    pub fn counts(&self) -> WorldCounts {
        self.counts
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
        self.faults.close(&self.scenario.hosts[host].name, address, transport)
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
        let query = match Received::read(query) {
            Received::Query(query) => query,
            Received::Malformed(header) => {
                self.counts.malformed += 1;
                let after = self.round_trip(to.ip()).unwrap_or_default();
                let arrival = Arrival::Message { from: to, octets: formerr(header) };
                out.push(Delivery { after, arrival });
                return;
            }
            Received::NotQuery => {
                self.counts.malformed += 1;
                return;
            }
        };
        match transport {
            Transport::Udp => self.counts.udp_queries += 1,
            Transport::Tcp => self.counts.tcp_queries += 1,
        }
        let scenario = Arc::clone(&self.scenario);
        let host = &scenario.hosts[place];
        let mut dice = Dice::new(self.seed, nth);
        let instance = choose(host, now, from, to, &mut dice);
        let at = Situation {
            now,
            nth,
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
        let before = out.len();
        self.serve(place, instance, &at, &mut dice, out);
        let is_answer =
            |it: &&Delivery| matches!(it.arrival, Arrival::Message { .. } | Arrival::Cut(_));
        self.counts.sent += out[before..].iter().filter(is_answer).count() as u64;
        self.counts.silenced += u64::from(out.len() == before);
    }

    fn serve(
        &mut self,
        place: usize,
        instance: Option<&Instance>,
        at: &Situation<'_>,
        dice: &mut Dice,
        out: &mut Vec<Delivery>,
    ) {
        let scenario = Arc::clone(&self.scenario);
        let host = &scenario.hosts[place];
        let mut effects = self.faults.roll(at);
        let (response, took) = match &host.role {
            Role::Authoritative { zones, .. } => {
                let of_instance = instance.and_then(|instance| instance.version.as_deref());
                let version = effects.version().or(of_instance);
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
        let nsid = instance.and_then(|it| it.nsid.as_deref()).or(host.nsid.as_deref());
        let again = self.faults.look_at_sizes().then(|| response.clone());
        let mut octets = compose(response, &effects, at, host.max_udp, nsid);
        if let Some(response) = again
            && self.faults.roll_for_size(at, octets.len(), &mut effects)
        {
            octets = compose(response, &effects, at, host.max_udp, nsid);
        }
        let latency = self.round_trip(at.to.ip()).unwrap_or_default();
        let after = latency.mul_f64(1.0 + dice.point() / 10.0) + took + effects.delay;
        self.counts.wrong += deliver(&effects, at, octets, after, dice, out);
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
