//! Recursive resolvers in the world.

use std::sync::Arc;
use std::time::Duration;

use dnsonde::playground::{Arrival, Scenario, World};
use dnsonde::wire::{EdeCode, Flags, OptionCode, Rcode, RecordType as T, Section};

use super::{Answer, Ask, ask};

const RESOLVER: &str = "127.53.9.1";

/// The healthy world with more in its file.
fn world(more: &str) -> World {
    let text =
        format!("base = 'ses'\ntitle = 't'\nstory = 's'\n[expect]\nverdict = 'verified'\n{more}");
    World::new(Arc::new(Scenario::from_toml("test", &text).unwrap()), 1)
}

fn recursive(name: &'static str, rtype: T) -> Ask {
    ask(name, rtype).to(RESOLVER).edns(1232).flags(Flags::RD)
}

/// The answer and how long it took.
fn timed(world: &mut World, ask: &Ask) -> (Answer, Duration) {
    let mut back = ask.put(world);
    assert_eq!(back.len(), 1, "{back:?}");
    let delivery = back.remove(0);
    let Arrival::Message { octets, .. } = delivery.arrival else { panic!("no message") };
    (Answer(octets), delivery.after)
}

#[test]
fn names_are_resolved_from_the_root_and_then_known() {
    let mut world = world("");
    let key = recursive("t1._domainkey.example.com", T::TXT);
    let (answer, cold) = timed(&mut world, &key);
    assert_eq!(answer.rcode(), Rcode::NOERROR);
    assert!(answer.has(Flags::RA.with(Flags::RD)) && !answer.has(Flags::AA));
    let answers = ["t1._domainkey.example.com. CNAME", "t1.dkim.amazonses.com. TXT"];
    assert_eq!(answer.records(Section::Answer), answers);
    // The root, com, example.com, amazonses.com and dkim: each a round trip of 20 ms.
    assert!(cold > Duration::from_millis(100), "{cold:?}");
    let (answer, warm) = timed(&mut world, &key.at(60.0));
    assert!(warm < Duration::from_millis(10), "{warm:?}");
    let ttls: Vec<u32> = answer.message().answers().map(|record| record.ttl).collect();
    assert!(ttls[0] <= 3540 && ttls[1] <= 840, "{ttls:?}");
}

#[test]
fn denials_come_with_the_time_that_is_left_of_them() {
    let mut world = world("");
    let absent = recursive("t9._domainkey.example.com", T::CNAME);
    for (at, ttl) in [(0.0, 900), (100.0, 800)] {
        let (answer, _) = timed(&mut world, &absent.clone().at(at));
        assert_eq!(answer.rcode(), Rcode::NXDOMAIN);
        let soa = answer.message().authorities().next().unwrap();
        assert_eq!((soa.name.to_string(), soa.rtype), ("example.com.".to_owned(), T::SOA));
        assert!(soa.ttl <= ttl && soa.ttl >= ttl - 1, "{} at {at}", soa.ttl);
    }
    let (answer, _) = timed(&mut world, &recursive("www.example.com", T::AAAA));
    assert_eq!(answer.rcode(), Rcode::NOERROR);
    assert_eq!(answer.records(Section::Authority), ["example.com. SOA"]);
}

#[test]
fn caches_may_know_what_is_no_longer_so() {
    let mut world = world(
        "[[resolvers.isp.cache]]\nabsent = 't1._domainkey.example.com'\nttl_s = 900\nage_s = 100\n\
         [[resolvers.isp.cache]]\nabsent = 't3._domainkey.example.com'\ntype = 'TXT'\nttl_s = 50\n\
         [[resolvers.isp.cache]]\nrecord = 't2._domainkey.example.com. 600 CNAME old.example.net.'\nage_s = 10\n",
    );
    let name = recursive("t1._domainkey.example.com", T::CNAME);
    let (answer, _) = timed(&mut world, &name);
    assert_eq!(answer.rcode(), Rcode::NXDOMAIN);
    let soa = answer.message().authorities().next().unwrap().to_buf().unwrap();
    assert_eq!((soa.ttl, soa.data().soa().unwrap().minimum), (800, 900));
    let (answer, _) = timed(&mut world, &name.at(800.0));
    assert_eq!(answer.rcode(), Rcode::NOERROR);

    let old = recursive("t2._domainkey.example.com", T::CNAME);
    let (answer, _) = timed(&mut world, &old);
    assert_eq!(answer.text(), ["t2._domainkey.example.com. 590 IN CNAME old.example.net."]);
    let (answer, _) = timed(&mut world, &old.at(590.0));
    assert!(answer.text()[0].ends_with("CNAME t2.dkim.amazonses.com."), "{:?}", answer.text());

    let (answer, _) = timed(&mut world, &recursive("t3._domainkey.example.com", T::TXT));
    assert_eq!((answer.rcode(), answer.text().len()), (Rcode::NOERROR, 0));
    assert_eq!(answer.message().authorities().next().unwrap().ttl, 50);
}

#[test]
fn zones_that_it_does_not_believe_fail_unless_checking_is_disabled() {
    let mut world = world("[resolvers.isp]\nbogus = { 'example.com' = 7 }\n");
    for name in ["www.example.com", "t1._domainkey.example.com"] {
        let query = recursive(name, T::A);
        let (answer, _) = timed(&mut world, &query);
        assert_eq!(answer.rcode(), Rcode::SERVFAIL);
        let code = EdeCode::SIGNATURE_EXPIRED.0.to_be_bytes().to_vec();
        assert_eq!(answer.option(OptionCode::EDE), Some(code));
        let unchecked = query.flags(Flags::RD.with(Flags::CD));
        assert_eq!(timed(&mut world, &unchecked).0.rcode(), Rcode::NOERROR);
    }
    let (answer, _) = timed(&mut world, &recursive("t1.dkim.amazonses.com", T::TXT));
    assert_eq!(answer.rcode(), Rcode::NOERROR);
}

#[test]
fn without_upstream_it_fails_or_gives_what_has_expired() {
    let cached =
        "[[resolvers.isp.cache]]\nrecord = 'www.example.com. 60 A 192.0.2.7'\nage_s = 90\n";
    let mut failing = world(&format!("[resolvers.isp]\nupstream = false\n{cached}"));
    let www = recursive("www.example.com", T::A);
    let (answer, took) = timed(&mut failing, &www);
    assert_eq!(answer.rcode(), Rcode::SERVFAIL);
    let code = EdeCode::NO_REACHABLE_AUTHORITY.0.to_be_bytes().to_vec();
    assert_eq!(answer.option(OptionCode::EDE), Some(code));
    assert!(took > Duration::from_millis(500), "{took:?}");

    let settings = "[resolvers.isp]\nupstream = false\nserves_stale = true\n";
    let mut stale = world(&format!("{settings}{cached}"));
    let (answer, _) = timed(&mut stale, &www);
    assert_eq!(answer.text(), ["www.example.com. 30 IN A 192.0.2.7"]);
    let code = EdeCode::STALE_ANSWER.0.to_be_bytes().to_vec();
    assert_eq!(answer.option(OptionCode::EDE), Some(code));
}

#[test]
fn names_that_do_not_exist_may_be_given_an_address() {
    let mut world = world("[resolvers.isp]\nrewrites_nxdomain = '203.0.113.99'\n");
    let (answer, _) = timed(&mut world, &recursive("nothing.example.com", T::A));
    assert_eq!(answer.text(), ["nothing.example.com. 60 IN A 203.0.113.99"]);
    assert_eq!(answer.rcode(), Rcode::NOERROR);
    let (answer, _) = timed(&mut world, &recursive("nothing.example.com", T::TXT));
    assert_eq!(answer.rcode(), Rcode::NXDOMAIN);
}

#[test]
fn several_caches_behind_one_address_know_different_things() {
    let mut world = world(
        "[resolvers.isp]\ncaches = 2\n\
         [[resolvers.isp.cache]]\nof = 1\nrecord = 'www.example.com. 600 A 192.0.2.7'\n",
    );
    let answers: Vec<String> = (0..100)
        .map(|_| timed(&mut world, &recursive("www.example.com", T::A)).0.text().pop().unwrap())
        .collect();
    let old = answers.iter().filter(|text| text.ends_with("192.0.2.7")).count();
    assert!((25..75).contains(&old), "{old} of 100");
}

#[test]
fn it_gets_around_servers_that_do_not_help() {
    let mut world = world(
        "[[faults]]\nserver = ['ns1', 'ns2']\neffect = 'refuse'\n\
         [[faults]]\nserver = 'ses1'\neffect = 'drop'\n\
         [[faults]]\nserver = 'tld'\neffect = 'truncate'\n",
    );
    for seed_port in 0..5 {
        let query = recursive("t1._domainkey.example.com", T::TXT).port(4000 + seed_port);
        assert_eq!(timed(&mut world, &query).0.text().len(), 2);
    }
}

#[test]
fn it_recurses_only_where_that_is_asked_for() {
    let query = ask("www.example.com", T::A).to(RESOLVER).edns(1232);
    let (answer, _) = timed(&mut world(""), &query);
    assert_eq!(answer.rcode(), Rcode::REFUSED);
}
