//! Worlds that mean ill: poison, and work without end.

use bytes::Bytes;
use dnsonde::engine::Time;
use dnsonde::walk::{Limits, PathEnd, Resolved, Resolver, Source, Unresolved, WalkConfig};
use dnsonde::wire::RecordType;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::world::{Behaviour, World, ip, name, resolve_all, walk, walk_seeded};

const A: RecordType = RecordType::A;

#[test]
fn records_of_other_zones_are_not_believed() {
    let mut world = World::new();
    world.add("org", "hosted NS ns1.provider.net.\n");
    world.zone("hosted.org", &["192.0.2.42"], "@ NS ns1.provider.net.\nwww A 203.0.113.1\n");
    // Both servers of org. claim to know the address of a name server under net.
    world.behave("192.0.2.11", Behaviour::Poisons);
    world.behave("192.0.2.12", Behaviour::Poisons);
    let report = walk(&mut world, "www.hosted.org", A, WalkConfig::default());
    assert_eq!(report.paths[0].end, PathEnd::Reached);
    assert!(world.asked.iter().all(|(server, ..)| *server != ip("198.51.100.66")));
    let zone = report.delegation(&name("hosted.org")).unwrap();
    let addresses: Vec<_> = zone.addresses().collect();
    assert_eq!(addresses.len(), 1);
    assert_eq!(addresses[0].1.ip, ip("192.0.2.42"));
    assert_eq!(addresses[0].1.sources, [Source::Authoritative]);
}

#[test]
fn additional_records_do_not_get_into_answers() {
    let mut world = World::new();
    for server in ["192.0.2.11", "192.0.2.12", "192.0.2.31", "2001:db8::31", "192.0.2.32"] {
        world.behave(server, Behaviour::Poisons);
    }
    let mut resolver = Resolver::new(&World::hints(), &WalkConfig::default());
    for (tag, subject) in ["deep.under.nothing.example.org", "www.example.org"].iter().enumerate() {
        resolver.submit(Time::ZERO, tag as u64, name(subject), A);
    }
    for found in resolve_all(&mut world, &mut resolver, Time::ZERO) {
        assert!(!found.addresses().contains(&ip("198.51.100.66")));
    }
    resolver.submit(Time::ZERO, 7, name("ns1.provider.net"), A);
    let found = resolve_all(&mut world, &mut resolver, Time::ZERO);
    assert_eq!(found[0].addresses(), [ip("192.0.2.42")]);
}

/// Whoever can forge one answer about one name would have all of its zone.
#[test]
fn an_unasked_authority_section_never_outranks_the_delegation() {
    let mut world = World::new();
    for server in ["192.0.2.31", "2001:db8::31", "192.0.2.32"] {
        world.behave(server, Behaviour::Usurps);
    }
    for i in 0..20 {
        world.add("example.org", &format!("n{i} A 203.0.113.{i}\n"));
    }
    let mut resolver = Resolver::new(&World::hints(), &WalkConfig::default());
    for i in 0..20 {
        resolver.submit(Time::ZERO, i, name(&format!("n{i}.example.org")), A);
        let found = resolve_all(&mut world, &mut resolver, Time::ZERO);
        assert_eq!(found[0].addresses(), [ip(&format!("203.0.113.{i}"))]);
    }
    let usurper = ip("198.51.100.66");
    assert!(world.asked.iter().all(|(server, ..)| *server != usurper), "{:?}", world.asked);
}

#[test]
fn a_zone_of_a_thousand_servers_is_bounded() {
    let mut world = World::new();
    for i in 0..1000 {
        world.add("org", &format!("many NS n{i}.provider.net.\n"));
    }
    let config = WalkConfig::default();
    let most = config.limits.servers_per_zone;
    let report = walk(&mut world, "www.many.org", A, config);
    let zone = report.delegation(&name("many.org")).unwrap();
    assert_eq!((zone.name_servers.len(), zone.left_out), (most, 1000 - most));
    assert_eq!(zone.parent_servers[0].ns().unwrap().data.iter().count(), 1000);
    assert!(world.asked.len() < 2 * 3 * most + 40, "{} questions", world.asked.len());
}

#[test]
fn one_name_cannot_make_a_resolver_ask_without_end() {
    let mut world = World::new();
    // Each zone's servers are in ten further zones, and so on.
    for zone in 0..400 {
        for server in 0..10 {
            let next = zone * 10 + server + 1;
            world.add("org", &format!("z{zone} NS ns{server}.z{}.org.\n", next % 400));
        }
    }
    let config = WalkConfig::default();
    let most = config.limits.exchanges_per_name as usize;
    for minimise in [false, true] {
        world.asked.clear();
        let config = WalkConfig { minimise, ..config.clone() };
        let mut resolver = Resolver::new(&World::hints(), &config);
        resolver.submit(Time::ZERO, 1, name("www.z0.org"), A);
        let found = resolve_all(&mut world, &mut resolver, Time::ZERO);
        assert!(found[0].outcome.is_err());
        assert!(world.asked.len() <= most, "{} questions", world.asked.len());
    }
}

#[test]
fn a_walk_keeps_to_its_number_of_exchanges() {
    let mut world = World::new();
    walk(&mut world, "www.example.org", A, WalkConfig::default());
    let needed = world.asked.len();
    for exchanges in 0..needed {
        let mut world = World::new();
        let limits = Limits { exchanges, ..Limits::default() };
        let report =
            walk(&mut world, "www.example.org", A, WalkConfig { limits, ..WalkConfig::default() });
        assert!(report.cut_short);
        assert_eq!(world.asked.len(), exchanges);
    }
}

#[test]
fn a_name_of_very_many_zone_cuts_is_bounded() {
    let mut world = World::new();
    let mut zone = String::from("example.org");
    for _ in 0..60 {
        world.add(&zone, "x NS ns1.example.org.\n");
        zone = format!("x.{zone}");
        world.zone(&zone, &[], "@ NS ns1.example.org.\n");
    }
    let limits = Limits { cuts: 2, ..Limits::default() };
    let report =
        walk(&mut world, &format!("www.{zone}"), A, WalkConfig { limits, ..WalkConfig::default() });
    assert_eq!(report.paths[0].end, PathEnd::Failed(Unresolved::TooMuchWork));
}

#[test]
fn addresses_that_nobody_may_have_are_not_asked() {
    let mut world = World::new();
    world.add(
        "org",
        "odd NS ns.odd\nns.odd A 127.0.0.1\nns.odd A 0.0.0.0\nns.odd A 224.0.0.1\n\
         ns.odd A 255.255.255.255\nns.odd AAAA ::1\nns.odd AAAA ::ffff:192.0.2.42\n",
    );
    let report = walk(&mut world, "www.odd.org", A, WalkConfig::default());
    let zone = name("odd.org");
    assert_eq!(report.paths[0].end, PathEnd::Failed(Unresolved::NoAddress { zone }));
    assert_eq!(report.delegation(&zone).unwrap().addresses().count(), 6);
}

#[test]
fn octets_that_are_no_message_are_a_fault_and_no_more() {
    let mut resolver = Resolver::new(&World::hints(), &WalkConfig::default());
    resolver.submit(Time::ZERO, 1, name("www.example.org"), A);
    let rtt = std::time::Duration::from_millis(1);
    let mut asked = 0;
    while let Some(query) = resolver.poll_query() {
        resolver.handle(
            Time::ZERO,
            query.id,
            &[],
            &[],
            Some((&Bytes::from_static(&[0xFF; 40]), rtt)),
        );
        asked += 1;
    }
    assert_eq!(asked, 3, "each root server once");
    let found = resolver.poll_resolution().unwrap();
    assert!(!matches!(found.outcome, Ok(Resolved::Records(_))));
}

#[test]
fn worlds_of_any_shape_come_to_an_end() {
    let behaviours = [
        Behaviour::Dead,
        Behaviour::Refuses,
        Behaviour::RefersUpwards,
        Behaviour::LacksAuthority,
        Behaviour::DeniesEmptyNonTerminals,
        Behaviour::Poisons,
    ];
    let mut ends = [0; 2];
    for seed in 0..150 {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut world = World::new();
        let zones = rng.random_range(2..8);
        for zone in 0..zones {
            let mut own = String::new();
            for _ in 0..rng.random_range(1..4) {
                let other = rng.random_range(0..zones);
                let ns = format!("NS ns.z{other}.org.\n");
                world.add("org", &format!("z{zone} {ns}"));
                own.push_str(&format!("@ {ns}"));
            }
            if rng.random_bool(0.4) {
                world.add("org", &format!("ns.z{zone} A 192.0.2.{}\n", 100 + zone));
            }
            own.push_str(&format!("ns A 192.0.2.{}\n", 100 + zone));
            let other = rng.random_range(0..zones);
            own.push_str(&format!("t CNAME t.z{other}.org.\n"));
            let servers: Vec<String> = (0..zones)
                .filter(|_| rng.random_bool(0.6))
                .map(|server| format!("192.0.2.{}", 100 + server))
                .collect();
            let servers: Vec<&str> = servers.iter().map(String::as_str).collect();
            world.zone(&format!("z{zone}.org"), &servers, &own);
            if rng.random_bool(0.2) {
                let behaviour = behaviours[rng.random_range(0..behaviours.len())];
                world.behave(&format!("192.0.2.{}", 100 + zone), behaviour);
            }
        }
        let config = WalkConfig { minimise: seed % 2 == 0, seed, ..WalkConfig::default() };
        let report = walk_seeded(&mut world, "t.z0.org", A, config, seed);
        ends[usize::from(report.paths[0].end == PathEnd::Reached)] += 1;
        assert!(!report.cut_short, "seed {seed}: {} questions", world.asked.len());
    }
    assert!(ends[0] > 10 && ends[1] > 10, "the worlds are all alike: {ends:?}");
}
