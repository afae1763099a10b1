//! A world without faults answers as the RFCs say.

use dnsonde::engine::{Time, Transport};
use dnsonde::playground::Arrival;
use dnsonde::wire::{Flags, Message, OptBuf, OptionCode, Rcode, RecordType as T, Section};

use super::{Answer, ask, world_with};

/// Asks the small world, with an OPT record.
fn answer(name: &'static str, rtype: T) -> Answer {
    ask(name, rtype).edns(1232).answer(&mut world_with(""))
}

#[test]
fn names_are_answered_by_what_stands_at_them() {
    let soa = "example.com. SOA";
    for (name, rtype, rcode, answers, authority) in [
        ("www.example.com", T::A, Rcode::NOERROR, &["www.example.com. A"][..], None),
        ("www.example.com", T::MX, Rcode::NOERROR, &[], Some(soa)),
        // RFC 3597: a type that nobody knows is a type without records.
        ("www.example.com", T(65280), Rcode::NOERROR, &[], Some(soa)),
        ("nothing.example.com", T::A, Rcode::NXDOMAIN, &[], Some(soa)),
        // RFC 8020, RFC 4592 §2.2.2: names with descendants exist.
        ("c.example.com", T::A, Rcode::NOERROR, &[], Some(soa)),
        ("b.c.example.com", T::A, Rcode::NOERROR, &[], Some(soa)),
        ("x.b.c.example.com", T::A, Rcode::NXDOMAIN, &[], Some(soa)),
        ("example.com", T::SOA, Rcode::NOERROR, &["example.com. SOA"], None),
        ("alias.example.com", T::CNAME, Rcode::NOERROR, &["alias.example.com. CNAME"], None),
        (
            "alias.example.com",
            T::A,
            Rcode::NOERROR,
            &["alias.example.com. CNAME", "www.example.com. A"],
            None,
        ),
        ("alias.example.com", T::MX, Rcode::NOERROR, &["alias.example.com. CNAME"], Some(soa)),
        // Into another zone of the same server.
        (
            "far.example.com",
            T::A,
            Rcode::NOERROR,
            &["far.example.com. CNAME", "www.example.net. A"],
            None,
        ),
        ("farther.example.com", T::A, Rcode::NOERROR, &["farther.example.com. CNAME"], None),
        // RFC 6604 §2: the code is that of the last name.
        ("lost.example.com", T::A, Rcode::NXDOMAIN, &["lost.example.com. CNAME"], Some(soa)),
    ] {
        let answer = answer(name, rtype);
        assert_eq!(answer.rcode(), rcode, "{name} {rtype}");
        assert!(answer.has(Flags::QR.with(Flags::AA)), "{name} {rtype}");
        assert_eq!(answer.records(Section::Answer), answers, "{name} {rtype}");
        let authority: Vec<&str> = authority.into_iter().collect();
        assert_eq!(answer.records(Section::Authority), authority, "{name} {rtype}");
    }
}

#[test]
fn wildcards_cover_what_their_closest_encloser_has_not() {
    for (name, rtype, rcode, answers) in [
        ("x.wild.example.com", T::TXT, Rcode::NOERROR, 1),
        ("y.x.wild.example.com", T::TXT, Rcode::NOERROR, 1),
        ("x.wild.example.com", T::A, Rcode::NOERROR, 0),
        // The name exists, so the wildcard is not for it, nor for what is below.
        ("sub.wild.example.com", T::TXT, Rcode::NOERROR, 0),
        ("x.sub.wild.example.com", T::TXT, Rcode::NXDOMAIN, 0),
        ("wild.example.com", T::TXT, Rcode::NOERROR, 0),
        ("*.wild.example.com", T::TXT, Rcode::NOERROR, 1),
    ] {
        let answer = answer(name, rtype);
        assert_eq!((answer.rcode(), answer.text().len()), (rcode, answers), "{name} {rtype}");
        if answers > 0 {
            assert_eq!(answer.records(Section::Answer), [format!("{name}. TXT")]);
        }
    }
}

#[test]
fn below_a_zone_cut_there_is_a_referral_with_glue() {
    for name in ["child.example.com", "www.child.example.com", "ns.child.example.com"] {
        let answer = answer(name, T::A);
        assert!(!answer.has(Flags::AA), "{name}");
        assert!(answer.text().is_empty());
        let authority = ["child.example.com. NS", "child.example.com. NS"];
        assert_eq!(answer.records(Section::Authority), authority);
        assert_eq!(answer.records(Section::Additional), ["ns.child.example.com. A"]);
    }
    let signed = ask("www.child.example.com", T::A).dnssec_ok().answer(&mut world_with(""));
    assert_eq!(signed.records(Section::Authority)[2], "child.example.com. DS");
}

#[test]
fn ds_records_are_answered_by_the_parent() {
    let answer = answer("child.example.com", T::DS);
    assert!(answer.has(Flags::AA));
    assert_eq!(answer.records(Section::Answer), ["child.example.com. DS"]);
}

#[test]
fn negative_answers_hold_for_the_lower_of_ttl_and_minimum() {
    let answer = answer("nothing.example.com", T::A);
    // The record has 3600, its last field 300 (RFC 2308 §3).
    assert_eq!(answer.message().authorities().next().unwrap().ttl, 300);
}

#[test]
fn what_a_server_does_not_have_it_refuses() {
    let answer = answer("example.org", T::A);
    assert_eq!(answer.rcode(), Rcode::REFUSED);
    assert!(!answer.has(Flags::AA) && !answer.has(Flags::RA));
}

#[test]
fn the_question_comes_back_with_its_case() {
    let answer = answer("wWw.eXample.COM", T::A);
    assert_eq!(answer.message().question().unwrap().name.to_string(), "wWw.eXample.COM.");
    assert_eq!(answer.records(Section::Answer), ["wWw.eXample.COM. A"]);
    assert_eq!(answer.message().id(), 0x1234);
}

#[test]
fn addresses_of_hosts_come_along_where_they_fit() {
    let mail = answer("mx.example.com", T::MX);
    assert_eq!(mail.records(Section::Additional), ["www.example.com. A"]);
    let apex = answer("example.com", T::NS);
    assert_eq!(apex.records(Section::Additional), ["ns.example.com. A"]);
}

#[test]
fn what_does_not_fit_is_truncated() {
    let big = ask("big.example.com", T::TXT);
    let mut world = world_with("");
    // 4 strings of 200 octets: too much for plain DNS.
    for (query, truncated) in [
        (big.clone(), true),
        (big.clone().edns(512), true),
        (big.clone().edns(100), true),
        (big.clone().edns(1232), false),
        (big.clone().edns(4096), false),
        (big.clone().tcp(), false),
    ] {
        let answer = query.answer(&mut world);
        assert_eq!(answer.has(Flags::TC), truncated);
        assert_eq!(answer.text().is_empty(), truncated);
        assert!(answer.has(Flags::AA));
        assert_eq!(answer.message().opt().is_some(), query.opt.is_some());
    }
}

#[test]
fn edns_is_spoken_as_it_should_be() {
    let mut world = world_with("");
    let www = ask("www.example.com", T::A);
    assert!(www.answer(&mut world).message().opt().is_none());

    let query = www.clone().option(OptionCode::NSID, &[]).option(OptionCode(65_001), b"what");
    let answer = query.answer(&mut world);
    assert_eq!(answer.option(OptionCode::NSID).as_deref(), Some(&b"ns"[..]));
    assert_eq!(answer.option(OptionCode(65_001)), None);
    assert_eq!(answer.rcode(), Rcode::NOERROR);

    let answer = www.clone().option(OptionCode::ZONEVERSION, &[]).answer(&mut world);
    let version = answer.option(OptionCode::ZONEVERSION).unwrap();
    assert_eq!(version, [2, 0, 0, 0, 0, 7], "two labels, a serial, 7");

    let mut opt = OptBuf::new(1232);
    opt.version = 1;
    let mut query = www.clone();
    query.opt = Some(opt);
    let answer = query.answer(&mut world);
    assert_eq!(answer.rcode(), Rcode::BADVERS);
    assert_eq!(answer.message().opt().unwrap().version(), 0);
    assert!(answer.text().is_empty());

    let answer = www.dnssec_ok().answer(&mut world);
    assert!(answer.message().opt().unwrap().dnssec_ok());
}

#[test]
fn cookies_are_given_and_known_again() {
    let mut world = world_with("[[faults]]\nserver_cookie = true\neffect = 'refuse'");
    let query = ask("www.example.com", T::A);
    let cookie = |value: &[u8]| query.clone().option(OptionCode::COOKIE, value);
    let given = cookie(b"clientco").answer(&mut world).option(OptionCode::COOKIE).unwrap();
    assert_eq!((given.len(), &given[..8]), (24, &b"clientco"[..]));
    // The fault shows which cookies the server takes for its own.
    assert_eq!(cookie(&given).at(30.0).answer(&mut world).rcode(), Rcode::REFUSED);
    for wrong in [0, 8, 12, 23] {
        let mut other = given.clone();
        other[wrong] ^= 1;
        let answer = cookie(&other).answer(&mut world);
        assert_eq!(answer.rcode(), Rcode::NOERROR);
        assert_eq!(answer.option(OptionCode::COOKIE).unwrap().len(), 24);
    }
    // Nor is it one of another client's.
    let elsewhere = cookie(&given).to("2001:db8::1").answer(&mut world);
    assert_eq!(elsewhere.rcode(), Rcode::NOERROR);
    // RFC 7873 §5.2.2.
    assert_eq!(cookie(b"short").answer(&mut world).rcode(), Rcode::FORMERR);
    assert_eq!(cookie(b"clientcoserver").answer(&mut world).rcode(), Rcode::FORMERR);
}

#[test]
fn an_alias_of_itself_comes_to_an_end() {
    let answer = answer("loop.example.com", T::A);
    assert_eq!(answer.rcode(), Rcode::NOERROR);
    assert_eq!(answer.text().len(), 16);
}

#[test]
fn a_query_with_more_options_than_can_be_answered_is_a_format_error() {
    let mut asked = ask("www.example.com", T::A).edns(512);
    for _ in 0..100 {
        asked = asked.option(OptionCode::NSID, b"");
    }
    assert_eq!(asked.answer(&mut world_with("")).rcode(), Rcode::FORMERR);
}

#[test]
fn any_octets_are_answered_with_a_well_formed_message_or_not_at_all() {
    let mut world = world_with("");
    let query = ask("www.example.com", T::A).edns(1232).query();
    let (to, from) = (ask("www", T::A).server(), "127.0.0.1:4000".parse().unwrap());
    for place in 0..query.len() {
        for bit in 0..8 {
            let mut broken = query.clone();
            broken[place] ^= 1 << bit;
            let mut out = Vec::new();
            world.handle(Time::ZERO, to, from, Transport::Udp, &broken, &mut out);
            for delivery in out {
                let Arrival::Message { octets, .. } = delivery.arrival else {
                    panic!("{delivery:?}")
                };
                let message = Message::parse(&octets).unwrap();
                assert!(message.flags().contains(Flags::QR));
            }
        }
    }
}
