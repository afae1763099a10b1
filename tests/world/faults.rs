//! Each fault does what it says, where it says, and nothing else.

use std::time::Duration;

use dnsonde::engine::Transport;
use dnsonde::playground::{Arrival, Delivery, World};
use dnsonde::wire::{EdeCode, Flags, OptionCode, Rcode, RecordType as T, Section};

use super::{Answer, Ask, ask, world_with, world_with_fault};

fn www() -> Ask {
    ask("www.example.com", T::A).edns(1232)
}

fn octets(delivery: &Delivery) -> Answer {
    match &delivery.arrival {
        Arrival::Message { octets, .. } => Answer(octets.clone()),
        other => panic!("no message: {other:?}"),
    }
}

/// What a world without faults answers.
fn healthy(ask: &Ask) -> Answer {
    ask.answer(&mut world_with(""))
}

/// Whether the condition of a fault holds for a query.
#[track_caller]
fn concerns(world: &mut World, ask: &Ask) -> bool {
    let refused = ask.answer(world).rcode() == Rcode::REFUSED;
    assert!(refused || ask.answer(world) == healthy(ask), "nothing else changes");
    refused
}

#[test]
fn conditions_hold_where_they_say() {
    let tcp = www().tcp();
    let cookie = www().option(OptionCode::COOKIE, b"clientco");
    let unknown_option = www().option(OptionCode(65_001), b"");
    let unknown_type = ask("www.example.com", T(65_280)).edns(1232);
    let mut version = www();
    version.opt.as_mut().unwrap().version = 1;
    let six = www().to("2001:db8::1");
    let plain = ask("www.example.com", T::A);
    for (condition, holds, does_not) in [
        ("server = 'ns'", vec![www(), tcp.clone()], vec![]),
        ("address = '127.53.3.1'", vec![www()], vec![six.clone()]),
        ("family = 6", vec![six], vec![www()]),
        ("name = 'www.example.com'", vec![www()], vec![ask("example.com", T::A)]),
        ("name = ['net', 'example.com']", vec![ask("www.example.net", T::A), www()], vec![]),
        ("type = ['A', 'TXT']", vec![www()], vec![ask("www.example.com", T::MX)]),
        ("known_type = false", vec![unknown_type], vec![www()]),
        ("transport = 'tcp'", vec![tcp.clone()], vec![www()]),
        ("transport = 'udp'", vec![www()], vec![tcp]),
        ("edns = true", vec![www()], vec![plain.clone()]),
        ("edns = false", vec![plain.clone()], vec![www()]),
        ("dnssec_ok = true", vec![www().dnssec_ok()], vec![www(), plain.clone()]),
        ("cookie = true", vec![cookie], vec![www(), plain]),
        ("unknown_option = true", vec![unknown_option], vec![www()]),
        ("larger_than = 100", vec![ask("big.example.com", T::TXT).edns(4096)], vec![www()]),
        ("from_s = 10", vec![www().at(10.0), www().at(99.0)], vec![www(), www().at(9.9)]),
        ("until_s = 10", vec![www(), www().at(9.9)], vec![www().at(10.0)]),
        (
            "from_s = 2\nuntil_s = 3\nevery_s = 10",
            vec![www().at(2.5), www().at(42.5)],
            vec![www(), www().at(3.5), www().at(13.0)],
        ),
        (
            "name = 'www.example.com'\ntype = 'TXT'",
            vec![ask("www.example.com", T::TXT)],
            vec![www()],
        ),
    ] {
        let mut world = world_with_fault(&format!("{condition}\neffect = 'refuse'"));
        for ask in &holds {
            assert!(concerns(&mut world, ask), "{condition}: {} {}", ask.name, ask.rtype);
        }
        for ask in &does_not {
            assert!(!concerns(&mut world, ask), "{condition}: {} {}", ask.name, ask.rtype);
        }
    }
    let mut world = world_with_fault("edns_version = true\neffect = 'formerr'");
    assert_eq!(version.answer(&mut world).rcode(), Rcode::FORMERR);
    assert_eq!(www().answer(&mut world), healthy(&www()));
}

#[test]
fn a_share_falls_as_often_as_it_says_whatever_else_is_wrong() {
    let fault = "share = 0.2\neffect = 'drop'";
    let lost = |world: &mut World| -> Vec<bool> {
        (0..5000).map(|_| www().put(world).is_empty()).collect()
    };
    let alone = lost(&mut world_with_fault(fault));
    let count = alone.iter().filter(|lost| **lost).count();
    assert!((900..1100).contains(&count), "{count} of 5000");
    let with_others = format!("{fault}\n[[faults]]\nshare = 0.5\neffect = 'refuse'");
    assert_eq!(alone, lost(&mut world_with_fault(&with_others)));
}

#[test]
fn by_name_a_fault_stays_with_its_name() {
    const NAMES: [&str; 8] = ["www", "alias", "far", "farther", "loop", "lost", "mx", "child"];
    let mut world = world_with_fault("by_name = true\nshare = 0.5\neffect = 'refuse'");
    let mut refused = |name: &'static str| {
        let ask = Ask { name, ..www() };
        ask.answer(&mut world).rcode() == Rcode::REFUSED
    };
    let names = NAMES.map(|label| &*format!("{label}.example.com").leak());
    let first = names.map(&mut refused);
    assert!(first.contains(&true) && first.contains(&false), "{first:?}");
    for _ in 0..3 {
        assert_eq!(names.map(&mut refused), first);
    }
}

#[test]
fn from_a_query_on_it_is_over() {
    let mut world = world_with_fault("from_query = 3\neffect = 'drop'");
    let lost = [(); 5].map(|()| www().put(&mut world).is_empty());
    assert_eq!(lost, [false, false, false, true, true]);
}

#[test]
fn wrong_answers_differ_in_the_one_way_and_the_right_one_may_follow() {
    let right = healthy(&www());
    let question = |answer: &Answer| answer.message().question().unwrap().name.to_string();
    for (effect, id, name) in [
        ("wrong_id", false, "www.example.com."),
        ("wrong_question", true, "vww.example.com."),
        ("wrong_case", true, "WWW.EXAMPLE.COM."),
    ] {
        let mut back = www().put(&mut world_with_fault(&format!("effect = '{effect}'")));
        assert_eq!(back.len(), 1, "{effect}");
        let wrong = octets(&back.remove(0));
        assert_eq!(wrong.message().id() == right.message().id(), id, "{effect}");
        assert_eq!(question(&wrong), name, "{effect}");

        let fault = format!("right_follows = true\neffect = '{effect}'");
        let back = www().put(&mut world_with_fault(&fault));
        assert_eq!(back.iter().map(octets).collect::<Vec<_>>(), [wrong, right.clone()], "{effect}");
    }
}

#[test]
fn some_paths_are_bad_and_stay_so() {
    let mut world = world_with_fault("paths = { of = 4, bad = [1] }\neffect = 'drop'");
    let bad: Vec<bool> =
        (1024..3024).map(|port| www().port(port).put(&mut world).is_empty()).collect();
    let count = bad.iter().filter(|bad| **bad).count();
    assert!((400..600).contains(&count), "{count} of 2000");
    let again: Vec<bool> =
        (1024..3024).map(|port| www().port(port).put(&mut world).is_empty()).collect();
    assert_eq!(bad, again);
}

#[test]
fn a_rate_limit_counts_each_client_by_itself() {
    let mut world = world_with_fault("above_qps = 10\neffect = 'truncate'");
    let slipped = |world: &mut World, at: f64| -> usize {
        let ask = |i: u16| www().port(2000 + i).at(at + f64::from(i) / 1000.0).answer(world);
        (0..30).map(ask).filter(|answer| answer.has(Flags::TC)).count()
    };
    assert_eq!(slipped(&mut world, 0.0), 20, "ten of a burst pass");
    assert_eq!(slipped(&mut world, 5.0), 20, "and ten of the next");
    // One address is not another one.
    assert!(!www().to("2001:db8::1").at(5.0).answer(&mut world).has(Flags::TC));
    let slow =
        (0..50).filter(|i| www().at(10.0 + f64::from(*i) / 9.0).answer(&mut world).has(Flags::TC));
    assert_eq!(slow.count(), 0, "nine a second pass");
}

#[test]
fn errors_come_with_their_extended_code() {
    for (effect, rcode) in [
        ("refuse", Rcode::REFUSED),
        ("servfail", Rcode::SERVFAIL),
        ("notimp", Rcode::NOTIMP),
        ("badvers", Rcode::BADVERS),
        ("badcookie", Rcode::BADCOOKIE),
    ] {
        let mut world = world_with_fault(&format!("ede = 22\neffect = '{effect}'"));
        let answer = www().answer(&mut world);
        assert_eq!(answer.rcode(), rcode, "{effect}");
        assert!(answer.text().is_empty() && !answer.has(Flags::AA), "{effect}");
        let ede = EdeCode::NO_REACHABLE_AUTHORITY.0.to_be_bytes();
        assert_eq!(answer.option(OptionCode::EDE), Some(ede.to_vec()), "{effect}");
    }
    let answer = www().answer(&mut world_with_fault("effect = 'formerr'"));
    assert_eq!(answer.rcode(), Rcode::FORMERR);
    assert!(answer.message().opt().is_none());
}

#[test]
fn answers_are_changed_as_ordered() {
    let changed =
        |effect: &str, ask: &Ask| ask.answer(&mut world_with_fault(&format!("effect = {effect}")));
    let nothing = ask("nothing.example.com", T::A).edns(1232);
    let between = ask("b.c.example.com", T::A).edns(1232);

    let answer = changed("'upward_referral'", &www());
    assert_eq!(answer.records(Section::Authority), [". NS"]);
    assert!(!answer.has(Flags::AA) && answer.text().is_empty());

    let answer = changed("'not_authoritative'", &www());
    assert!(!answer.has(Flags::AA));
    assert_eq!(answer.text(), healthy(&www()).text());

    let answer = changed("'truncate'", &www());
    assert!(answer.has(Flags::TC) && answer.text().is_empty());
    assert_eq!(changed("'truncate'", &www().tcp()), healthy(&www().tcp()));

    let mixed = ask("wWw.Example.com", T::A).edns(1232);
    let answer = changed("'fold_case'", &mixed);
    assert_eq!(answer.message().question().unwrap().name.to_string(), "www.example.com.");

    let answer = changed("'ignore_edns'", &www());
    assert!(answer.message().opt().is_none());
    assert_eq!(answer.text(), healthy(&www()).text());

    let answer = changed("'deny_empty_nonterminals'", &between);
    assert_eq!(answer.rcode(), Rcode::NXDOMAIN);
    assert_eq!(answer.records(Section::Authority), ["example.com. SOA"]);
    assert_eq!(changed("'deny_empty_nonterminals'", &www()), healthy(&www()));
    let no_data = ask("www.example.com", T::MX).edns(1232);
    assert_eq!(changed("'deny_empty_nonterminals'", &no_data), healthy(&no_data));

    let answer = changed("'nxdomain'", &no_data);
    assert_eq!(answer.rcode(), Rcode::NXDOMAIN);
    assert!(answer.has(Flags::AA));
    assert_eq!(answer.records(Section::Authority), ["example.com. SOA"]);

    let answer = changed("'omit_soa'", &nothing);
    assert_eq!((answer.rcode(), answer.records(Section::Authority).len()), (Rcode::NXDOMAIN, 0));
    let answer = changed("'soa_above'", &nothing);
    assert_eq!(answer.records(Section::Authority), ["com. SOA"]);
    assert_eq!(changed("'soa_above'", &www()), healthy(&www()));

    let version = "{ version = 'old' }";
    let text = ask("www.example.com", T::TXT).edns(1232);
    assert!(changed(version, &text).text().is_empty());
    assert_eq!(changed(version, &www()), healthy(&www()));
    let soa = changed(version, &ask("example.com", T::SOA)).text();
    assert!(soa[0].contains(" 5 7200 "), "{soa:?}");
    // A zone without that version stays as it is.
    let other = ask("www.example.net", T::A);
    assert_eq!(changed(version, &other), healthy(&other));
}

#[test]
fn ttls_count_down_as_in_a_cache() {
    let mut world = world_with_fault("effect = 'count_down'");
    let mut ttl = |at| www().at(at).answer(&mut world).message().answers().next().unwrap().ttl;
    assert_eq!([ttl(0.0), ttl(100.0), ttl(599.0), ttl(600.0)], [600, 500, 1, 600]);
}

#[test]
fn answers_travel_as_ordered() {
    let put =
        |effect: &str, ask: &Ask| ask.put(&mut world_with_fault(&format!("effect = {effect}")));
    let right = healthy(&www());

    assert!(put("'drop'", &www()).is_empty());

    let back = put("'unreachable'", &www());
    assert_eq!(back.iter().map(|it| &it.arrival).collect::<Vec<_>>(), [&Arrival::Unreachable]);

    let back = put("{ delay = { ms = 300 } }", &www());
    assert_eq!(octets(&back[0]), right);
    let (low, high) = (Duration::from_millis(320), Duration::from_millis(323));
    assert!((low..high).contains(&back[0].after), "{:?}", back[0].after);

    let back = put("'duplicate'", &www());
    assert_eq!((back.len(), octets(&back[0]), octets(&back[1])), (2, right.clone(), right.clone()));

    let back = put("'duplicate_differing'", &www());
    assert_eq!((back.len(), octets(&back[0])), (2, right.clone()));
    assert_eq!(octets(&back[1]).rcode(), Rcode::NXDOMAIN);
    assert_eq!(octets(&back[1]).message().id(), right.message().id());

    let back = put("'spoof'", &www());
    assert_eq!((back.len(), octets(&back[1])), (2, right.clone()));
    assert_ne!(octets(&back[0]).message().id(), right.message().id());

    let from = |effect: &str| match &put(effect, &www())[0].arrival {
        Arrival::Message { from, octets } => {
            assert_eq!(*octets, right.0);
            from.to_string()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(from("'other_port'"), "127.53.3.1:54");
    assert_eq!(from("{ other_address = '127.53.3.99' }"), "127.53.3.99:53");

    let back = put("'cut_tcp'", &www().tcp());
    let Arrival::Cut(half) = &back[0].arrival else { panic!("{back:?}") };
    assert_eq!(half.len(), (right.0.len() + 2) / 2);
    assert_eq!(octets(&put("'cut_tcp'", &www())[0]), right);
    for (effect, arrival) in [("'reset_tcp'", Arrival::Reset), ("'drop_syn'", Arrival::Unanswered)]
    {
        assert_eq!(put(effect, &www().tcp())[0].arrival, arrival);
        assert_eq!(octets(&put(effect, &www())[0]), right);
    }
}

#[test]
fn delays_spread_as_ordered() {
    let times = |delay: &str| -> Vec<u128> {
        let mut world = world_with_fault(&format!("effect = {{ delay = {{ {delay} }} }}"));
        let mut times: Vec<u128> =
            (0..1000).map(|_| www().put(&mut world)[0].after.as_millis()).collect();
        times.sort_unstable();
        times
    };
    let flat = times("ms = 100, to_ms = 200");
    assert!(flat[0] >= 120 && flat[999] <= 223, "{} to {}", flat[0], flat[999]);
    assert!((160..184).contains(&flat[500]), "{}", flat[500]);
    let tail = times("ms = 0, tail_ms = 100");
    assert!((80..100).contains(&tail[500]), "the median is {}", tail[500]);
    assert!(tail[990] > 350, "one in a hundred takes {}", tail[990]);
}

#[test]
fn closed_ports_are_known_beforehand_and_only_those() {
    let closed = |fault: &str| {
        let world = world_with_fault(fault);
        let address = "127.53.3.1".parse().unwrap();
        [Transport::Udp, Transport::Tcp].map(|transport| world.is_closed(address, transport))
    };
    assert_eq!(closed("effect = 'unreachable'"), [true, true]);
    assert_eq!(closed("transport = 'tcp'\neffect = 'unreachable'"), [false, true]);
    assert_eq!(closed("family = 6\neffect = 'unreachable'"), [false, false]);
    assert_eq!(closed("share = 0.5\neffect = 'unreachable'"), [false, false]);
    assert_eq!(closed("effect = 'drop'"), [false, false]);
}

/// The small world with two machines behind its address: three quarters of what picks them go to
/// one, and the other has an old copy of the zone. Which of them answers a query?
fn machines(pick: &str, asks: impl Iterator<Item = Ask>) -> Vec<&'static str> {
    let instances = "[{ nsid = 'fra', weight = 3 }, { nsid = 'sin', version = 'old' }]";
    let mut world = world_with(&format!(
        "[servers.anycast]\naddresses = '127.53.3.9'\nzones = 'example.com'\npick = '{pick}'\n\
         instances = {instances}"
    ));
    let asks = asks.map(|ask| ask.to("127.53.3.9").option(OptionCode::NSID, &[]));
    asks.map(|ask| {
        let answer = ask.answer(&mut world);
        match answer.option(OptionCode::NSID).as_deref() {
            Some(b"fra") if !answer.text().is_empty() => "fra",
            Some(b"sin") if answer.text().is_empty() => "sin",
            other => panic!("{other:?}: {answer:?}"),
        }
    })
    .collect()
}

#[test]
fn instances_are_picked_by_port_by_dice_or_by_time() {
    let text = || ask("www.example.com", T::TXT);
    let share = |seen: &[&str]| seen.iter().filter(|nsid| **nsid == "fra").count();

    let ports = || (2000..2400).map(|port| text().port(port));
    let seen = machines("port", ports());
    assert!((260..340).contains(&share(&seen)), "{seen:?}");
    assert_eq!(machines("port", ports().rev()), seen.iter().rev().copied().collect::<Vec<_>>());

    let seen = machines("dice", (0..400).map(|_| text()));
    assert!((260..340).contains(&share(&seen)), "{seen:?}");

    let seen = machines("time", (0..8).map(|i| text().at(f64::from(i) * 10.0 + 5.0)));
    assert_eq!(seen, ["fra", "fra", "fra", "sin", "fra", "fra", "fra", "sin"]);
}

#[test]
fn beyond_a_rate_some_answers_slip_and_the_others_are_lost() {
    let mut world = world_with_fault(
        "above_qps = 10\nshare = 0.5\neffect = 'drop'\n\
         [[faults]]\nabove_qps = 10\neffect = 'truncate'",
    );
    let mut counts = [0; 3];
    for _ in 0..410 {
        let back = www().put(&mut world);
        let truncated = back.first().is_some_and(|first| octets(first).has(Flags::TC));
        counts[if back.is_empty() { 2 } else { usize::from(truncated) }] += 1;
    }
    assert_eq!(counts[0], 10, "{counts:?}");
    assert!((160..240).contains(&counts[1]), "{counts:?}");
}

#[test]
fn zones_change_with_time_everywhere_or_at_some_servers_later() {
    let mut world = world_with(
        "[servers.second]\naddresses = '127.53.3.2'\nzones = 'example.com'\n\
         [[faults]]\nserver = 'ns'\nuntil_s = 30\neffect = { version = 'old' }\n\
         [[faults]]\nserver = 'second'\nuntil_s = 50\neffect = { version = 'old' }",
    );
    let text = ask("www.example.com", T::TXT);
    let mut has = |to, at| !text.clone().to(to).at(at).answer(&mut world).text().is_empty();
    for (at, first, second) in [(29.9, false, false), (30.0, true, false), (50.0, true, true)] {
        assert_eq!((has("127.53.3.1", at), has("127.53.3.2", at)), (first, second), "at {at}");
    }
}

#[test]
fn each_address_is_as_far_away_as_the_file_says() {
    let mut world = world_with("[servers.ns.latencies_ms]\n'2001:db8::1' = 80\n");
    for (to, latency) in [("127.53.3.1", 20), ("2001:db8::1", 80)] {
        let after = www().to(to).put(&mut world)[0].after;
        let low = Duration::from_millis(latency);
        assert!((low..low.mul_f64(1.1)).contains(&after), "{to}: {after:?}");
    }
}
