//! Zones whose records follow from the names.

use dnsonde::playground::World;
use dnsonde::playground::zone::Zone;
use dnsonde::wire::{Flags, Rcode, RecordType as T, Section};

use super::{ask, name, world_with};

/// The small world with a generated zone.
fn world() -> World {
    world_with(
        "[servers.other]\naddresses = '127.53.3.4'\nzones = 'demo.test'\n\
         [[zone]]\nname = 'demo.test'\ngenerated = true\nadd = 'fixed MX 5 x'",
    )
}

#[test]
fn response_codes_and_sections_by_kind_of_name() {
    let mut world = world();
    for (name, rtype, rcode, answers, authorities) in [
        ("x.demo.test", T::AAAA, Rcode::NOERROR, 1, 0),
        ("x.demo.test", T::MX, Rcode::NOERROR, 0, 1),
        ("empty-x.demo.test", T::A, Rcode::NOERROR, 0, 1),
        ("missing-x.demo.test", T::A, Rcode::NXDOMAIN, 0, 1),
        ("chain1-missing-x.demo.test", T::A, Rcode::NXDOMAIN, 1, 1),
        ("demo.test", T::SOA, Rcode::NOERROR, 1, 0),
        ("demo.test", T::NS, Rcode::NOERROR, 1, 0),
        ("example.org", T::A, Rcode::REFUSED, 0, 0),
        ("fixed.demo.test", T::MX, Rcode::NOERROR, 1, 0),
        ("fixed.demo.test", T::A, Rcode::NOERROR, 0, 1),
    ] {
        let answer = ask(name, rtype).to("127.53.3.4").answer(&mut world);
        let counts =
            [Section::Answer, Section::Authority].map(|section| answer.records(section).len());
        assert_eq!((answer.rcode(), counts), (rcode, [answers, authorities]), "{name} {rtype}");
    }
}

#[test]
fn aliases_lead_to_the_addresses_that_everybody_can_know_beforehand() {
    let mut world = world();
    let answer = ask("chain2-x.Demo.test", T::A).to("127.53.3.4").answer(&mut world);
    assert!(answer.has(Flags::AA));
    assert_eq!(
        answer.records(Section::Answer),
        ["chain2-x.Demo.test. CNAME", "chain1-x.Demo.test. CNAME", "x.Demo.test. A"]
    );
    let known = Zone::demo().a(&name("X.demo.test"));
    assert_eq!(known.len(), 1);
    assert_eq!(Zone::demo().a(&name("chain2-x.demo.test")), known);
    assert_eq!(answer.message().answers().last().unwrap().rdata(), known[0].octets());
}

#[test]
fn large_answers_are_truncated_and_fit_over_tcp() {
    let mut world = world();
    let large = ask("large-x.demo.test", T::A).to("127.53.3.4");
    for asked in [large.clone(), large.clone().edns(4096)] {
        let answer = asked.answer(&mut world);
        assert!(answer.has(Flags::TC) && answer.records(Section::Answer).is_empty());
    }
    let answer = large.tcp().answer(&mut world);
    assert_eq!(answer.records(Section::Answer).len(), 120);
}
