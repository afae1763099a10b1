//! The resolver behind a walk, on its own: answers, aliases, its cache.

use std::time::Duration;

use dnsonde::engine::Time;
use dnsonde::walk::{Resolution, Resolved, Resolver, Unresolved, WalkConfig};
use dnsonde::wire::{Message, RecordType};

use crate::world::{Behaviour, World, ip, name, resolve_all};

const A: RecordType = RecordType::A;

fn at(seconds: u64) -> Time {
    Time::ZERO + Duration::from_secs(seconds)
}

/// Resolves one name and tells how many questions it took.
fn one(
    world: &mut World,
    resolver: &mut Resolver,
    now: Time,
    subject: &str,
    rtype: RecordType,
) -> (Resolution, usize) {
    world.asked.clear();
    resolver.submit(now, 1, name(subject), rtype);
    let mut found = resolve_all(world, resolver, now);
    assert_eq!(found.len(), 1);
    (found.remove(0), world.asked.len())
}

fn resolver(minimise: bool) -> Resolver {
    Resolver::new(&World::hints(), &WalkConfig { minimise, ..WalkConfig::default() })
}

#[test]
fn one_question_a_zone_and_none_for_what_is_known() {
    let mut world = World::new();
    let mut resolver = resolver(false);
    let (found, asked) = one(&mut world, &mut resolver, at(0), "www.example.org", A);
    assert_eq!((found.addresses(), asked), (vec![ip("203.0.113.80")], 3));
    let (found, asked) = one(&mut world, &mut resolver, at(1), "WWW.example.org", A);
    assert_eq!((found.addresses(), asked), (vec![ip("203.0.113.80")], 0));
    let (_, asked) = one(&mut world, &mut resolver, at(1), "mail.example.org", A);
    assert_eq!(asked, 1, "the delegation is known");
}

#[test]
fn records_are_asked_for_again_when_their_time_is_over() {
    let mut world = World::new();
    world.add("example.org", "short 30 A 203.0.113.7\n");
    let mut resolver = resolver(false);
    one(&mut world, &mut resolver, at(0), "short.example.org", A);
    assert_eq!(one(&mut world, &mut resolver, at(29), "short.example.org", A).1, 0);
    assert_eq!(one(&mut world, &mut resolver, at(30), "short.example.org", A).1, 1);
    // The delegations have an hour.
    assert_eq!(one(&mut world, &mut resolver, at(3601), "short.example.org", A).1, 3);
}

#[test]
fn denials_are_kept_as_long_as_their_soa_record_says() {
    let mut world = World::new();
    let mut resolver = resolver(false);
    let (found, _) = one(&mut world, &mut resolver, at(0), "no.example.org", A);
    assert_eq!(found.outcome, Ok(Resolved::NxDomain));
    let (found, asked) = one(&mut world, &mut resolver, at(59), "no.example.org", RecordType::MX);
    assert_eq!((found.outcome, asked), (Ok(Resolved::NxDomain), 0));
    assert_eq!(one(&mut world, &mut resolver, at(60), "no.example.org", A).1, 1);
    let (found, _) = one(&mut world, &mut resolver, at(60), "www.example.org", RecordType::MX);
    assert_eq!(found.outcome, Ok(Resolved::NoData));
    assert_eq!(one(&mut world, &mut resolver, at(119), "www.example.org", RecordType::MX).1, 0);
    assert_eq!(one(&mut world, &mut resolver, at(119), "www.example.org", A).1, 1);
    assert_eq!(one(&mut world, &mut resolver, at(120), "www.example.org", RecordType::MX).1, 1);
}

#[test]
fn servers_that_are_of_no_use_are_passed_over() {
    for behaviour in [
        Behaviour::Dead,
        Behaviour::Refuses,
        Behaviour::Fails,
        Behaviour::RefersUpwards,
        Behaviour::LacksAuthority,
    ] {
        for minimise in [false, true] {
            let mut world = World::new();
            for server in ["192.0.2.1", "2001:db8::1", "192.0.2.11", "192.0.2.31", "192.0.2.32"] {
                world.behave(server, behaviour);
            }
            let mut resolver = resolver(minimise);
            let (found, _) = one(&mut world, &mut resolver, at(0), "www.example.org", A);
            assert_eq!(found.addresses(), [ip("203.0.113.80")], "{behaviour:?}");
            world.behave("2001:db8::31", behaviour);
            let (found, _) = one(&mut world, &mut resolver, at(0), "mail.example.org", A);
            let zone = name("example.org");
            assert_eq!(found.outcome, Err(Unresolved::NoUsefulAnswer { zone }));
        }
    }
}

#[test]
fn servers_without_glue_cost_a_lookup_once() {
    for minimise in [false, true] {
        let mut world = World::new();
        world.add("org", "hosted NS ns1.provider.net.\n");
        world.zone("hosted.org", &["192.0.2.42"], "@ NS ns1.provider.net.\nwww A 203.0.113.1\n");
        let mut resolver = resolver(minimise);
        let (found, _) = one(&mut world, &mut resolver, at(0), "www.hosted.org", A);
        assert_eq!(found.addresses(), [ip("203.0.113.1")]);
        let (_, asked) = one(&mut world, &mut resolver, at(0), "x.hosted.org", A);
        assert_eq!(asked, 1);
    }
}

#[test]
fn lookups_that_depend_on_each_other_end() {
    for minimise in [false, true] {
        let mut world = World::new();
        world.add("org", "one NS ns.two.org.\ntwo NS ns.one.org.\n");
        let mut resolver = resolver(minimise);
        let (found, asked) = one(&mut world, &mut resolver, at(0), "www.one.org", A);
        assert!(matches!(found.outcome, Err(Unresolved::Circular { .. })), "{found:?}");
        assert!(asked < 20, "{asked} questions");
    }
}

#[test]
fn aliases_lead_through_zones_and_are_kept() {
    let mut world = World::new();
    world.add("example.org", "t CNAME t.provider.net.\n");
    world.add("provider.net", "t CNAME www.example.org.\nloop CNAME loop2\nloop2 CNAME loop\n");
    let mut resolver = resolver(false);
    for asked in [true, false] {
        let (found, questions) = one(&mut world, &mut resolver, at(0), "t.example.org", A);
        assert_eq!((found.chain.len(), found.addresses()), (2, vec![ip("203.0.113.80")]));
        assert_eq!(questions > 0, asked);
    }
    let (found, _) = one(&mut world, &mut resolver, at(0), "loop.provider.net", A);
    assert!(matches!(found.outcome, Err(Unresolved::CnameLoop(_))));
}

#[test]
fn denied_empty_non_terminals_do_not_hide_what_is_below() {
    for behaviour in [Behaviour::Good, Behaviour::DeniesEmptyNonTerminals] {
        let mut world = World::new();
        for server in ["192.0.2.31", "2001:db8::31", "192.0.2.32"] {
            world.behave(server, behaviour);
        }
        let mut resolver = resolver(true);
        let subject = "deep.under.nothing.example.org";
        let (found, _) = one(&mut world, &mut resolver, at(0), subject, RecordType::TXT);
        assert!(matches!(found.outcome, Ok(Resolved::Records(_))), "{behaviour:?}");
        // Nor does what the cache knows of the empty non-terminal.
        let subject = "other.under.nothing.example.org";
        let (found, _) = one(&mut world, &mut resolver, at(0), subject, RecordType::TXT);
        assert_eq!(found.outcome, Ok(Resolved::NxDomain));
    }
}

#[test]
fn many_names_at_once_share_what_is_asked_twice() {
    let mut world = World::new();
    let mut resolver = resolver(false);
    for tag in 0..500 {
        let subject = format!("n{}.example.org", tag % 250);
        resolver.submit(at(0), tag, name(&subject), A);
    }
    let found = resolve_all(&mut world, &mut resolver, at(0));
    let mut tags: Vec<u64> = found.iter().map(|resolution| resolution.tag).collect();
    tags.sort_unstable();
    assert_eq!(tags, (0..500).collect::<Vec<_>>());
    assert!(found.iter().all(|resolution| resolution.outcome == Ok(Resolved::NxDomain)));
    assert!(world.asked.len() <= 750, "{} questions", world.asked.len());
}

#[test]
fn a_delegation_signer_is_asked_of_the_parent() {
    let mut world = World::new();
    let mut resolver = resolver(false);
    one(&mut world, &mut resolver, at(0), "www.example.org", A);
    let (found, _) = one(&mut world, &mut resolver, at(0), "org", RecordType::DS);
    assert!(matches!(found.outcome, Ok(Resolved::Records(_))), "{found:?}");
    let (found, _) = one(&mut world, &mut resolver, at(0), "example.org", RecordType::DS);
    assert_eq!(found.outcome, Ok(Resolved::NoData));
}

#[test]
fn what_was_asked_and_the_message_that_ended_it_come_along() {
    let mut world = World::new();
    world.add("example.org", "t CNAME www.provider.net.\n");
    world.add("provider.net", "www A 203.0.113.9\n");
    let mut resolver = resolver(false);
    let (found, _) = one(&mut world, &mut resolver, at(0), "t.example.org", A);
    let zones: Vec<String> =
        found.exchanges.iter().map(|asked| asked.query.zone.to_string()).collect();
    // Back to the root for the alias: nothing was known of net.
    assert_eq!(zones, [".", "org.", "example.org.", ".", "net.", "provider.net."]);
    assert!(found.exchanges.iter().all(|asked| asked.answered));
    let response = found.response.unwrap();
    let question = Message::parse(&response).unwrap().question().unwrap();
    assert_eq!(question.name.to_buf(), name("www.provider.net"));
    let (known, _) = one(&mut world, &mut resolver, at(0), "t.example.org", A);
    assert_eq!((known.response, known.exchanges.len()), (None, 0));
    assert_eq!(known.outcome, found.outcome);
}

#[test]
fn servers_that_are_about_as_fast_share_the_questions() {
    let mut world = World::new();
    let mut resolver = resolver(false);
    let mut asked = std::collections::HashMap::new();
    for i in 0..200 {
        one(&mut world, &mut resolver, at(0), &format!("n{i}.example.org"), A);
        for (server, ..) in &world.asked {
            *asked.entry(*server).or_insert(0) += 1;
        }
    }
    let of_the_zone: Vec<_> = asked.values().filter(|&&count| count > 20).collect();
    assert_eq!(of_the_zone.len(), 3, "{asked:?}");
}

#[test]
fn a_server_that_is_of_no_use_for_a_zone_is_asked_last_for_a_while() {
    let mut world = World::new();
    world.behave("2001:db8::31", Behaviour::Refuses);
    let mut resolver = resolver(false);
    let refusing = ip("2001:db8::31");
    let mut asked = |now, count: usize| {
        let names = (0..count).map(|i| format!("n{i}-{now:?}.example.org"));
        let names: Vec<String> = names.collect();
        let of = |name: &String| {
            one(&mut world, &mut resolver, now, name, A);
            world.asked.iter().filter(|(server, ..)| *server == refusing).count()
        };
        names.iter().map(of).sum::<usize>()
    };
    // It is tried once, and then only now and then by chance.
    let first = asked(at(0), 200);
    assert!((1..=20).contains(&first), "{first} of 200 questions went to it");
    assert!(asked(at(1_000), 100) > 0, "it is never tried again");
}

/// A zone with one server, and what is asked of it.
const ALONE: &str = "192.0.2.61";

fn world_with_a_zone_of_one_server() -> World {
    let mut world = World::new();
    world.add("org", "alone NS ns.alone\nns.alone A 192.0.2.61\n");
    world.zone("alone.org", &[ALONE], "@ NS ns\nns A 192.0.2.61\nwww A 203.0.113.1\n");
    world
}

#[test]
fn a_server_that_is_silent_while_others_answer_is_left_alone_and_tried_again() {
    let mut world = world_with_a_zone_of_one_server();
    world.behave(ALONE, Behaviour::Dead);
    let mut resolver = resolver(false);
    let mut asked = |world: &mut World, now: Time, count: usize| {
        let mut questions = 0;
        for i in 0..count {
            // Somebody else answers all the time.
            one(world, &mut resolver, now, &format!("n{i}-{now:?}.example.org"), A);
            let later = now + Duration::from_millis(1);
            let name = format!("n{i}-{now:?}.alone.org");
            let (found, _) = one(world, &mut resolver, later, &name, A);
            questions += world.asked.iter().filter(|(server, ..)| *server == ip(ALONE)).count();
            assert!(matches!(found.outcome, Err(Unresolved::NoUsefulAnswer { .. })), "{found:?}");
        }
        questions
    };
    let steadily = |ms: u64| Time::ZERO + Duration::from_millis(10_000 + ms);
    // The first moment after a pause proves nothing: it may have been our own network.
    assert_eq!(asked(&mut world, steadily(0), 10), 4);
    assert_eq!(asked(&mut world, steadily(900), 10), 0);
    // One question when its time is over, and then it is left alone for twice as long.
    for ms in (1_800..10_000).step_by(900) {
        assert_eq!(asked(&mut world, steadily(ms), 1), 0, "after {ms} ms");
    }
    assert_eq!(asked(&mut world, steadily(10_500), 5), 1);
    for ms in (11_000..30_000).step_by(900) {
        assert_eq!(asked(&mut world, steadily(ms), 1), 0, "after {ms} ms");
    }
    assert_eq!(asked(&mut world, steadily(30_700), 5), 1);
}

#[test]
fn nobody_is_left_alone_for_a_failure_of_our_own_network() {
    let mut world = world_with_a_zone_of_one_server();
    let mut resolver = resolver(false);
    world.behave(ALONE, Behaviour::Dead);
    one(&mut world, &mut resolver, at(1), "n.alone.org", A);
    for i in 0..20 {
        // Nobody was heard for seconds.
        let (_, asked) = one(&mut world, &mut resolver, at(10), &format!("n{i}.alone.org"), A);
        assert_eq!(asked, 1);
    }
    world.behave(ALONE, Behaviour::Good);
    let (found, _) = one(&mut world, &mut resolver, at(11), "www.alone.org", A);
    assert_eq!(found.addresses(), [ip("203.0.113.1")]);
}

#[test]
fn a_server_that_has_never_answered_gets_few_questions_at_once() {
    let mut world = World::new();
    world.behave("2001:db8::31", Behaviour::Dead);
    let dead = |world: &World| {
        world.asked.iter().filter(|(server, ..)| *server == ip("2001:db8::31")).count()
    };
    // A resolver that knows one of the zone's servers to answer, and nothing of the dead one.
    let mut resolver = (0..)
        .find_map(|seed| {
            let config = WalkConfig { seed, ..WalkConfig::default() };
            let mut resolver = Resolver::new(&World::hints(), &config);
            one(&mut world, &mut resolver, at(0), "www.example.org", A);
            (dead(&world) == 0).then_some(resolver)
        })
        .unwrap();
    for i in 0..1_000 {
        resolver.submit(at(0), i, name(&format!("m{i}.example.org")), A);
    }
    world.asked.clear();
    resolve_all(&mut world, &mut resolver, at(0));
    // Some more by chance: now and then anyone is asked.
    let asked = dead(&world);
    assert!(asked <= 16 + 40, "{asked} questions went to the dead server");
}

#[test]
fn a_server_that_has_answered_is_never_given_up() {
    let mut world = world_with_a_zone_of_one_server();
    let mut resolver = resolver(false);
    one(&mut world, &mut resolver, at(10), "www.alone.org", A);
    world.behave(ALONE, Behaviour::Dead);
    for i in 0..20 {
        // It may be silent for these names only, or for a moment, while others answer.
        let now = at(10) + Duration::from_millis(10 * i);
        one(&mut world, &mut resolver, now, &format!("n{i}.example.org"), A);
        let (_, asked) = one(&mut world, &mut resolver, now, &format!("n{i}.alone.org"), A);
        assert_eq!(asked, 1);
    }
}
