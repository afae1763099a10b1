//! A world of zones in memory, and what is needed to walk through it without a network.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use dnsonde::engine::{
    Answer, Attempt, Failure, Outcome, ServerId, SocketId, Stamp, Time, Transport,
};
use dnsonde::walk::{
    Exchange, ExchangeEnd, Hints, Resolution, Resolver, Walk, WalkConfig, WalkQuery, WalkReport,
};
use dnsonde::wire::{
    Builder, Class, Flags, Message, NameBuf, Rcode, RecordBuf, RecordType, Section, ZoneOptions,
    ZoneReader,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// How a server treats questions that it has zones for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    Good,
    Dead,
    /// Nobody is there to see its answers, each time that it is asked.
    Unseen,
    Refuses,
    Fails,
    RefersUpwards,
    LacksAuthority,
    /// NXDOMAIN for names that have nothing but descendants.
    DeniesEmptyNonTerminals,
    /// Adds addresses of names that are not its own to every answer.
    Poisons,
    /// Adds other name servers of example.org., with addresses, to every answer of its own.
    Usurps,
}

struct Zone {
    apex: NameBuf,
    records: Vec<RecordBuf>,
}

#[derive(Default)]
pub struct World {
    /// Stands for `192.0.2.` wherever that is written.
    prefix: String,
    zones: Vec<Zone>,
    servers: HashMap<IpAddr, (Vec<usize>, Option<Behaviour>)>,
    /// Questions that were asked: server, name, type.
    pub asked: Vec<(IpAddr, NameBuf, RecordType)>,
}

pub fn name(text: &str) -> NameBuf {
    text.parse().unwrap()
}

pub fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

impl World {
    /// Root, org., net., example.org. and provider.net., each with one server or two; two of the
    /// servers have an IPv6 address as well.
    pub fn new() -> Self {
        Self::at("192.0.2.")
    }

    /// The same with other IPv4 addresses.
    pub fn at(prefix: &str) -> Self {
        let mut world = Self { prefix: prefix.to_owned(), ..Self::default() };
        world.zone(
            ".",
            &["192.0.2.1", "2001:db8::1", "192.0.2.2"],
            "@ NS a.root.\n@ NS b.root.\na.root. A 192.0.2.1\na.root. AAAA 2001:db8::1\n\
             b.root. A 192.0.2.2\n\
             org. NS a.nic.org.\norg. NS b.nic.org.\norg. DS 1 13 2 aabb\n\
             a.nic.org. A 192.0.2.11\nb.nic.org. A 192.0.2.12\n\
             net. NS a.nic.net.\na.nic.net. A 192.0.2.21\n",
        );
        world.zone(
            "org",
            &["192.0.2.11", "192.0.2.12"],
            "@ NS a.nic\n@ NS b.nic\na.nic A 192.0.2.11\nb.nic A 192.0.2.12\n\
             example NS ns1.example\nexample NS ns2.example\n\
             ns1.example A 192.0.2.31\nns1.example AAAA 2001:db8::31\nns2.example A 192.0.2.32\n",
        );
        world.zone(
            "net",
            &["192.0.2.21"],
            "@ NS a.nic\na.nic A 192.0.2.21\n\
             provider NS ns.provider\nns.provider A 192.0.2.41\n",
        );
        world.zone(
            "example.org",
            &["192.0.2.31", "2001:db8::31", "192.0.2.32"],
            "@ NS ns1\n@ NS ns2\nns1 A 192.0.2.31\nns1 AAAA 2001:db8::31\nns2 A 192.0.2.32\n\
             www A 203.0.113.80\ndeep.under.nothing TXT x\n",
        );
        world.zone(
            "provider.net",
            &["192.0.2.41"],
            "@ NS ns\nns A 192.0.2.41\nns1 A 192.0.2.42\nns2 A 192.0.2.43\n",
        );
        world
    }

    pub fn hints() -> Hints {
        Self::hints_at("192.0.2.")
    }

    pub fn hints_at(prefix: &str) -> Hints {
        Hints::from_text(Self::hints_text(prefix).as_bytes()).unwrap()
    }

    pub fn hints_text(prefix: &str) -> String {
        let text = ". NS a.root.\n. NS b.root.\na.root. A 192.0.2.1\na.root. AAAA 2001:db8::1\n\
                    b.root. A 192.0.2.2\n";
        text.replace("192.0.2.", prefix)
    }

    /// Adds a zone with these servers; a SOA record with serial 1 is made where there is none.
    pub fn zone(&mut self, apex: &str, servers: &[&str], text: &str) {
        let apex = name(apex);
        let mut records = self.read(&apex, text);
        if records.iter().all(|record| record.rtype != RecordType::SOA) {
            let soa = "@ 900 SOA ns. hostmaster. 1 7200 900 86400 60";
            records.push(RecordBuf::from_text(soa.as_bytes(), &apex, 900).unwrap());
        }
        self.zones.push(Zone { apex, records });
        for server in servers {
            let server = ip(&server.replace("192.0.2.", &self.prefix));
            self.servers.entry(server).or_default().0.push(self.zones.len() - 1);
        }
    }

    fn read(&self, origin: &NameBuf, text: &str) -> Vec<RecordBuf> {
        let text = text.replace("192.0.2.", &self.prefix);
        let options = ZoneOptions { origin: *origin, ttl: Some(3600), ..ZoneOptions::default() };
        ZoneReader::new(text.as_bytes(), &options).collect::<Result<_, _>>().unwrap()
    }

    /// Every address that a zone is served at.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.servers.keys().copied()
    }

    pub fn behave(&mut self, server: &str, behaviour: Behaviour) {
        self.servers.entry(ip(server)).or_default().1 = Some(behaviour);
    }

    /// Adds records to a zone that there is.
    pub fn add(&mut self, apex: &str, text: &str) {
        let apex = name(apex);
        let records = self.read(&apex, text);
        let zone = self.zones.iter_mut().find(|zone| zone.apex == apex).unwrap();
        zone.records.extend(records);
    }

    /// What comes back for a question, if anything does.
    pub fn answer(&self, server: IpAddr, qname: &NameBuf, rtype: RecordType) -> Option<Vec<u8>> {
        let (zones, behaviour) = self.servers.get(&server)?;
        let behaviour = behaviour.unwrap_or(Behaviour::Good);
        let mut reply = Reply::default();
        match behaviour {
            Behaviour::Dead | Behaviour::Unseen => return None,
            Behaviour::Refuses => reply.flags = Flags::default().with_rcode(Rcode::REFUSED),
            Behaviour::Fails => reply.flags = Flags::default().with_rcode(Rcode::SERVFAIL),
            Behaviour::RefersUpwards => {
                reply.authority.push(record(". NS a.root."));
                reply.authority.push(record(". NS b.root."));
            }
            _ => reply = self.look_up(zones, qname, rtype, behaviour),
        }
        if behaviour == Behaviour::LacksAuthority {
            reply.flags = Flags(reply.flags.0 & !Flags::AA.0);
        }
        if behaviour == Behaviour::Poisons {
            reply.additional.push(record("ns1.provider.net. A 198.51.100.66"));
            reply.additional.push(record("www.example.org. A 198.51.100.66"));
        }
        if behaviour == Behaviour::Usurps && !reply.answer.is_empty() {
            reply.authority.push(record("example.org. NS ns1.example.org."));
            reply.authority.push(record("example.org. NS usurper.example.org."));
            reply.additional.push(record("ns1.example.org. A 198.51.100.66"));
            reply.additional.push(record("usurper.example.org. A 198.51.100.66"));
        }
        Some(reply.build(qname, rtype))
    }

    fn look_up(
        &self,
        zones: &[usize],
        qname: &NameBuf,
        rtype: RecordType,
        behaviour: Behaviour,
    ) -> Reply {
        let mut candidates: Vec<&Zone> = zones
            .iter()
            .map(|&zone| &self.zones[zone])
            .filter(|zone| qname.is_at_or_below(&zone.apex))
            .collect();
        candidates.sort_by_key(|zone| zone.apex.labels().count());
        // DS records are in the zone above.
        if rtype == RecordType::DS
            && candidates.len() > 1
            && candidates.last().is_some_and(|zone| zone.apex == *qname)
        {
            candidates.pop();
        }
        let Some(zone) = candidates.last() else {
            return Reply {
                flags: Flags::default().with_rcode(Rcode::REFUSED),
                ..Reply::default()
            };
        };
        zone.look_up(qname, rtype, behaviour)
    }
}

impl Zone {
    fn find(&self, owner: &NameBuf, rtype: RecordType) -> Vec<RecordBuf> {
        let fits = |record: &&RecordBuf| record.name == *owner && record.rtype == rtype;
        self.records.iter().filter(fits).cloned().collect()
    }

    fn look_up(&self, qname: &NameBuf, rtype: RecordType, behaviour: Behaviour) -> Reply {
        let mut reply = Reply::default();
        // A zone cut at the name or above it, the highest first.
        let mut cuts = Vec::new();
        let mut at = *qname;
        while at != self.apex {
            cuts.push(at);
            at = at.parent().unwrap();
        }
        for cut in cuts.into_iter().rev() {
            let ns = self.find(&cut, RecordType::NS);
            if ns.is_empty() || rtype == RecordType::DS && cut == *qname {
                continue;
            }
            for target in ns.iter().filter_map(|ns| ns.data().target().map(|t| t.to_buf())) {
                reply.additional.extend(self.find(&target, RecordType::A));
                reply.additional.extend(self.find(&target, RecordType::AAAA));
            }
            reply.authority = ns;
            reply.authority.extend(self.find(&cut, RecordType::DS));
            return reply;
        }
        reply.flags = Flags::AA;
        let mut owner = *qname;
        for _ in 0..20 {
            let found = self.find(&owner, rtype);
            if !found.is_empty() {
                reply.answer.extend(found);
                return reply;
            }
            let alias = self.find(&owner, RecordType::CNAME);
            let Some(target) = alias.first().and_then(|a| Some(a.data().target()?.to_buf())) else {
                break;
            };
            reply.answer.extend(alias);
            owner = target;
            if !owner.is_at_or_below(&self.apex) {
                return reply;
            }
        }
        if !reply.answer.is_empty() {
            return reply;
        }
        let exists = self.records.iter().any(|record| record.name == owner);
        let above = self.records.iter().any(|record| record.name.is_at_or_below(&owner));
        if !exists && (!above || behaviour == Behaviour::DeniesEmptyNonTerminals) {
            reply.flags = reply.flags.with_rcode(Rcode::NXDOMAIN);
        }
        reply.authority = self.find(&self.apex, RecordType::SOA);
        reply
    }
}

fn record(text: &str) -> RecordBuf {
    RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 3600).unwrap()
}

#[derive(Default)]
struct Reply {
    flags: Flags,
    answer: Vec<RecordBuf>,
    authority: Vec<RecordBuf>,
    additional: Vec<RecordBuf>,
}

impl Reply {
    fn build(&self, qname: &NameBuf, rtype: RecordType) -> Vec<u8> {
        let mut buffer = vec![0; 65_535];
        let mut builder = Builder::new(&mut buffer, 1, self.flags.with(Flags::QR)).unwrap();
        builder.question(qname.as_wire(), rtype, Class::IN).unwrap();
        for (section, records) in [
            (Section::Answer, &self.answer),
            (Section::Authority, &self.authority),
            (Section::Additional, &self.additional),
        ] {
            for record in records {
                record.build(section, &mut builder).unwrap();
            }
        }
        let len = builder.finish();
        buffer.truncate(len);
        Message::parse(&buffer).expect("the world sends well-formed messages");
        buffer
    }
}

/// Walks through the world; outcomes come back in an order that `seed` decides.
pub fn walk(world: &mut World, subject: &str, rtype: RecordType, config: WalkConfig) -> WalkReport {
    walk_seeded(world, subject, rtype, config, 1)
}

pub fn walk_seeded(
    world: &mut World,
    subject: &str,
    rtype: RecordType,
    config: WalkConfig,
    seed: u64,
) -> WalkReport {
    walk_to_several(world, &[name(subject)], rtype, config, seed)
}

pub fn walk_to_several(
    world: &mut World,
    names: &[NameBuf],
    rtype: RecordType,
    config: WalkConfig,
    seed: u64,
) -> WalkReport {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut now = Time::ZERO;
    let most = config.limits.exchanges;
    let mut walk = Walk::to_several(now, names, rtype, &World::hints(), config);
    let mut out: Vec<WalkQuery> = Vec::new();
    loop {
        out.extend(std::iter::from_fn(|| walk.poll_query()));
        if out.is_empty() {
            break;
        }
        let query = out.swap_remove(rng.random_range(0..out.len()));
        now = now + Duration::from_millis(1);
        let exchange = exchange(world, &query, now);
        walk.handle(now, exchange);
    }
    assert!(walk.is_done(), "nothing is out, and the walk waits all the same");
    assert!(walk.progress().1 <= most);
    let report = walk.into_report();
    check(&report);
    report
}

/// What holds for every report.
fn check(report: &WalkReport) {
    let mut seen = std::collections::HashSet::new();
    for exchange in &report.evidence.exchanges {
        let q = exchange.query;
        assert!(seen.insert(q.id), "an exchange is there twice");
    }
    for path in &report.paths {
        for answer in &path.answers {
            if let Some(place) = answer.exchange {
                let query = report.evidence.exchanges[place].query;
                assert_eq!((query.server, query.name), (answer.server, path.name));
            }
        }
    }
}

fn exchange(world: &mut World, query: &WalkQuery, now: Time) -> Exchange {
    let server = query.server.ip();
    world.asked.push((server, query.name, query.rtype));
    let response = world.answer(server, &query.name, query.rtype);
    let outcome = match &response {
        Some(response) => Outcome::Answered(Answer {
            rtt: Duration::from_millis(1),
            stamp: Stamp::Clock,
            size: response.len() as u16,
            flags: Flags::QR,
            rcode: Rcode::NOERROR,
            malformed: false,
        }),
        None => Outcome::TimedOut,
    };
    let attempt = Attempt {
        server: ServerId(0),
        transport: Transport::Udp,
        socket: SocketId(0),
        port: None,
        id: 1,
        edns: true,
        mixed_case: false,
        edns_off: None,
        sent: now,
        outcome,
        duplicates: 0,
        mismatched: 0,
        retried_because: None,
    };
    let end = match response {
        Some(response) => ExchangeEnd::Answered { response: response.into(), attempt: 0 },
        None => ExchangeEnd::Failed(Failure::TimedOut),
    };
    let behaviour = world.servers.get(&server).and_then(|(_, behaviour)| *behaviour);
    let spoiled = behaviour == Some(Behaviour::Unseen);
    Exchange { id: query.id, attempts: vec![attempt], unmatched: Vec::new(), end, spoiled }
}

/// Lets a resolver finish all that it has; gives what it found, in the order of ends.
pub fn resolve_all(world: &mut World, resolver: &mut Resolver, now: Time) -> Vec<Resolution> {
    let mut found = Vec::new();
    for _ in 0..1_000_000 {
        let Some(query) = resolver.poll_query() else {
            found.extend(std::iter::from_fn(|| resolver.poll_resolution()));
            assert!(resolver.is_idle(), "nothing is out, and the resolver waits all the same");
            return found;
        };
        let exchange = exchange(world, &query, now);
        let rtt = Duration::from_millis(1);
        let response = match &exchange.end {
            ExchangeEnd::Answered { response, .. } => Some((response, rtt)),
            _ => None,
        };
        resolver.handle(now, query.id, &exchange.attempts, &[], response);
    }
    panic!("the resolver does not come to an end");
}
