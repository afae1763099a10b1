//! Descents to names, among servers that are well, ill or of different minds.

use dnsonde::walk::{
    Delegation, PathEnd, ResponseFault, ResponseKind, ResponseOutcome, ServerResponse, Source,
    Unresolved, WalkConfig, WalkReport,
};
use dnsonde::wire::{NameBuf, Rcode, RecordType};

use crate::world::{Behaviour, World, ip, name, walk, walk_seeded, walk_to_several};

const A: RecordType = RecordType::A;

fn zones(report: &WalkReport, path: usize) -> Vec<String> {
    report.paths[path].zones.iter().map(ToString::to_string).collect()
}

fn delegation<'r>(report: &'r WalkReport, zone: &str) -> &'r Delegation {
    report.delegation(&name(zone)).expect("the zone is on the way")
}

fn fault(answer: &ServerResponse) -> Option<ResponseFault> {
    match answer.reading()?.kind {
        ResponseKind::Fault(fault) => Some(fault),
        _ => None,
    }
}

fn both() -> [WalkConfig; 2] {
    [false, true].map(|minimise| WalkConfig { minimise, ..WalkConfig::default() })
}

#[test]
fn every_address_of_every_server_is_asked_from_the_root_down() {
    for config in both() {
        let report = walk(&mut World::new(), "www.example.org", A, config);
        assert_eq!(report.paths.len(), 1);
        assert_eq!(report.paths[0].end, PathEnd::Reached);
        assert_eq!(zones(&report, 0), [".", "org.", "example.org."]);
        let zone = delegation(&report, "example.org");
        assert_eq!(zone.parent, Some(name("org")));
        assert_eq!(zone.parent_servers.len(), 2);
        for parent in &zone.parent_servers {
            assert_eq!(parent.ns().unwrap().data.iter().count(), 2);
            assert_eq!(parent.glue().len(), 3);
            assert_eq!(parent.ds(), None);
        }
        assert_eq!(zone.child_servers.len(), 3);
        for child in &zone.child_servers {
            assert_eq!((child.ns().unwrap().data.iter().count(), child.serial()), (2, Some(1)));
        }
        for server in &zone.name_servers {
            assert!(server.at_parent && server.at_child);
            for address in &server.addresses {
                assert!(address.sources.contains(&Source::Authoritative), "{address:?}");
                assert_eq!(address.sources.len(), 3, "both parents gave it as glue");
            }
        }
        assert_eq!(report.paths[0].answers.len(), 3);
        for answer in &report.paths[0].answers {
            assert_eq!(answer.reading().unwrap().kind, ResponseKind::Answer);
        }
        let org = delegation(&report, "org");
        assert_eq!(org.parent_servers.len(), 3);
        assert!(org.parent_servers.iter().all(|parent| parent.ds().is_some()));
    }
}

#[test]
fn minimised_questions_show_no_more_labels_than_needed() {
    let mut world = World::new();
    let config = WalkConfig { minimise: true, ask_ds: false, ..WalkConfig::default() };
    walk(&mut world, "www.example.org", A, config);
    let longest = |server: &str| {
        let asked = world.asked.iter().filter(|(to, ..)| *to == ip(server));
        asked.map(|(_, name, _)| name.labels().count()).max().unwrap()
    };
    // The root sees the labels of its own servers' and the top-level domains' names only.
    assert_eq!(longest("192.0.2.2"), 1);
    assert_eq!(longest("192.0.2.12"), 2);
    assert_eq!(longest("192.0.2.32"), 3);
}

#[test]
fn a_walk_to_several_names_asks_no_server_twice_for_what_they_share() {
    let mut world = World::new();
    let names = ["www.example.org", "ns1.provider.net", "www.example.org"].map(name);
    let report = walk_to_several(&mut world, &names, A, WalkConfig::default(), 1);
    assert_eq!((report.subjects, report.paths.len()), (2, 2));
    assert_eq!(zones(&report, 0), [".", "org.", "example.org."]);
    assert_eq!(zones(&report, 1), [".", "net.", "provider.net."]);
    assert_eq!(report.zone_of(&names[1]).unwrap().zone, name("provider.net"));
    let mut asked = world.asked;
    let all = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), all);
}

#[test]
fn the_order_of_answers_changes_nothing() {
    let conclusions = |seed| {
        let mut world = World::new();
        world.add("example.org", "www2 CNAME www.provider.net.\n");
        let report = walk_seeded(&mut world, "www2.example.org", A, WalkConfig::default(), seed);
        let mut asked = world.asked;
        asked.retain(|(_, name, _)| !name.to_string().starts_with("ns"));
        asked.sort();
        (zones(&report, 0), zones(&report, 1), asked)
    };
    let first = conclusions(0);
    for seed in 1..40 {
        assert_eq!(conclusions(seed), first);
    }
}

#[test]
fn a_name_that_does_not_exist_ends_in_the_zone_that_says_so() {
    for config in both() {
        let report = walk(&mut World::new(), "a.b.nowhere.org", A, config.clone());
        assert_eq!(zones(&report, 0), [".", "org."]);
        assert_eq!(report.paths[0].end, PathEnd::Reached);
        for answer in &report.paths[0].answers {
            assert_eq!(answer.reading().unwrap().kind, ResponseKind::NxDomain);
        }
        let report = walk(&mut World::new(), "nowhere", A, config);
        assert_eq!(zones(&report, 0), ["."]);
    }
}

#[test]
fn an_apex_and_a_delegation_signer_are_found_on_their_sides_of_the_cut() {
    for config in both() {
        let report = walk(&mut World::new(), "example.org", RecordType::TXT, config.clone());
        assert_eq!(zones(&report, 0), [".", "org.", "example.org."]);
        let report = walk(&mut World::new(), "org", RecordType::DS, config);
        assert_eq!(zones(&report, 0), ["."]);
        assert_eq!(report.paths[0].answers[0].reading().unwrap().kind, ResponseKind::Answer);
    }
}

#[test]
fn servers_without_glue_are_looked_up() {
    for config in both() {
        let mut world = World::new();
        world.add("org", "hosted NS ns1.provider.net.\nhosted NS ns2.provider.net.\n");
        let text = "@ NS ns1.provider.net.\n@ NS ns2.provider.net.\nwww A 203.0.113.1\n";
        world.zone("hosted.org", &["192.0.2.42", "192.0.2.43"], text);
        let report = walk(&mut world, "www.hosted.org", A, config);
        assert_eq!(report.paths[0].end, PathEnd::Reached);
        assert_eq!(report.paths[0].answers.len(), 2);
        for server in &delegation(&report, "hosted.org").name_servers {
            assert_eq!(server.addresses[0].sources, [Source::Authoritative]);
        }
    }
}

#[test]
fn zones_whose_servers_depend_on_each_other_end_the_walk() {
    for config in both() {
        let mut world = World::new();
        world.add("org", "one NS ns.two.org.\ntwo NS ns.one.org.\n");
        let report = walk(&mut world, "www.one.org", A, config);
        let zone = name("one.org");
        assert_eq!(report.paths[0].end, PathEnd::Failed(Unresolved::Circular { zone }));
        // A server inside its own zone, without glue.
        let mut world = World::new();
        world.add("org", "self NS ns.self.org.\n");
        let report = walk(&mut world, "www.self.org", A, WalkConfig::default());
        let zone = name("self.org");
        assert_eq!(report.paths[0].end, PathEnd::Failed(Unresolved::Circular { zone }));
    }
}

#[test]
fn aliases_are_followed_across_zones() {
    for config in both() {
        let mut world = World::new();
        world.add("example.org", "t CNAME u\nu CNAME t.provider.net.\n");
        world.add("provider.net", "t CNAME www.example.org.\n");
        let report = walk(&mut world, "t.example.org", A, config.clone());
        let names: Vec<String> = report.paths.iter().map(|path| path.name.to_string()).collect();
        assert_eq!(
            names,
            ["t.example.org.", "u.example.org.", "t.provider.net.", "www.example.org."]
        );
        assert!(report.paths.iter().all(|path| path.end == PathEnd::Reached));
        assert_eq!(zones(&report, 2), [".", "net.", "provider.net."]);
        assert_eq!(report.paths[2].targets, [name("www.example.org")]);
        // Asked for the alias itself, the walk stays.
        let report = walk(&mut world, "t.example.org", RecordType::CNAME, config);
        assert_eq!(report.paths.len(), 1);
    }
}

#[test]
fn aliases_that_go_round_or_on_and_on_are_told() {
    let mut world = World::new();
    world.add("example.org", "t CNAME t.provider.net.\n");
    world.add("provider.net", "t CNAME t.example.org.\n");
    let report = walk(&mut world, "t.example.org", A, WalkConfig::default());
    assert_eq!(report.paths.len(), 2);
    let fault = Some(Unresolved::CnameLoop(name("t.example.org")));
    assert_eq!(report.paths[1].cname_fault, fault);

    let mut world = World::new();
    for i in 0..40 {
        world.add("example.org", &format!("c{i} CNAME c{}\n", i + 1));
    }
    let report = walk(&mut world, "c0.example.org", A, WalkConfig::default());
    assert_eq!(report.paths.len(), 17);
    let fault = Some(Unresolved::CnameChainTooLong(name("c17.example.org")));
    assert_eq!(report.paths[16].cname_fault, fault);
}

#[test]
fn lame_servers_are_told_by_what_they_say_and_the_others_found() {
    let cases = [
        (Behaviour::Refuses, ResponseFault::Rcode(Rcode::REFUSED)),
        (Behaviour::Fails, ResponseFault::Rcode(Rcode::SERVFAIL)),
        (Behaviour::RefersUpwards, ResponseFault::UpwardReferral),
        (Behaviour::LacksAuthority, ResponseFault::NotAuthoritative),
    ];
    for (behaviour, expected) in cases {
        for config in both() {
            let mut world = World::new();
            world.behave("192.0.2.32", behaviour);
            let report = walk(&mut world, "www.example.org", A, config);
            assert_eq!(report.paths[0].end, PathEnd::Reached);
            for child in &delegation(&report, "example.org").child_servers {
                let lame = child.ns.server.ip() == ip("192.0.2.32");
                assert_eq!(fault(&child.ns), lame.then_some(expected), "{behaviour:?}");
                assert_eq!(fault(&child.soa), lame.then_some(expected));
            }
        }
    }
}

#[test]
fn a_zone_of_lame_servers_only_is_an_error() {
    for config in both() {
        let mut world = World::new();
        for server in ["192.0.2.31", "2001:db8::31", "192.0.2.32"] {
            world.behave(server, Behaviour::RefersUpwards);
        }
        let report = walk(&mut world, "www.example.org", A, config);
        let zone = name("example.org");
        assert_eq!(report.paths[0].end, PathEnd::Failed(Unresolved::NoUsefulAnswer { zone }));
    }
}

#[test]
fn servers_that_only_the_zone_itself_names_are_asked_as_well() {
    let mut world = World::new();
    world.add("example.org", "@ NS ns3\nns3 A 192.0.2.33\n");
    world.add("org", "example NS ns4.example\nns4.example A 192.0.2.34\n");
    let text = "@ NS ns1\n@ SOA ns. h. 9 1 1 1 60\nwww A 203.0.113.81\n";
    world.zone("example.org", &["192.0.2.33", "192.0.2.34"], text);
    let report = walk(&mut world, "www.example.org", A, WalkConfig::default());
    let zone = delegation(&report, "example.org");
    let sides: Vec<_> = zone
        .name_servers
        .iter()
        .map(|server| (server.name.to_string(), server.at_parent, server.at_child))
        .collect();
    assert_eq!(sides.len(), 4);
    assert!(sides.contains(&("ns3.example.org.".to_owned(), false, true)));
    assert!(sides.contains(&("ns4.example.org.".to_owned(), true, false)));
    assert_eq!(report.paths[0].answers.len(), 5);
    let serials: Vec<_> = zone.child_servers.iter().filter_map(|child| child.serial()).collect();
    assert_eq!(serials.iter().filter(|&&serial| serial == 9).count(), 2);
}

#[test]
fn a_dead_server_is_told_and_then_left_alone() {
    for config in both() {
        let mut world = World::new();
        world.behave("192.0.2.12", Behaviour::Dead);
        world.behave("192.0.2.32", Behaviour::Dead);
        let report = walk(&mut world, "www.example.org", A, config);
        assert_eq!(report.paths[0].end, PathEnd::Reached);
        let zone = delegation(&report, "example.org");
        let dead = zone.child_servers.iter().find(|c| c.ns.server.ip() == ip("192.0.2.32"));
        assert!(matches!(dead.unwrap().ns.outcome, ResponseOutcome::Silent(_)));
        let answer = report.paths[0].answers.iter().find(|a| a.server.ip() == ip("192.0.2.32"));
        assert_eq!(answer.unwrap().outcome, ResponseOutcome::Skipped);
        for server in ["192.0.2.12", "192.0.2.32"] {
            let by_walk = report.evidence.exchanges.iter().filter(|exchange| {
                exchange.query.server.ip() == ip(server)
                    && exchange.query.purpose != dnsonde::walk::WalkPurpose::ServerAddress
            });
            assert_eq!(by_walk.count(), 2, "NS and SOA of the apex");
        }
    }
}

#[test]
fn a_server_whose_answers_nobody_could_see_is_not_taken_for_dead() {
    for config in both() {
        let mut world = World::new();
        world.behave("192.0.2.32", Behaviour::Unseen);
        let report = walk(&mut world, "www.example.org", A, config);
        assert_eq!(report.paths[0].end, PathEnd::Reached);
        let zone = delegation(&report, "example.org");
        let unseen = zone.child_servers.iter().find(|c| c.ns.server.ip() == ip("192.0.2.32"));
        let outcome = &unseen.unwrap().ns.outcome;
        assert!(
            matches!(outcome, ResponseOutcome::NotAsked(why) if why.contains("did not run")),
            "{outcome:?}"
        );
        // It may be there the next time: it is not left alone.
        let answer = report.paths[0].answers.iter().find(|a| a.server.ip() == ip("192.0.2.32"));
        let outcome = &answer.unwrap().outcome;
        assert!(matches!(outcome, ResponseOutcome::NotAsked(_)), "{outcome:?}");
    }
}

#[test]
fn a_dead_root_is_an_error() {
    let mut world = World::new();
    for server in ["192.0.2.1", "2001:db8::1", "192.0.2.2"] {
        world.behave(server, Behaviour::Dead);
    }
    let report = walk(&mut world, "www.example.org", A, WalkConfig::default());
    let zone = NameBuf::root();
    assert_eq!(report.paths[0].end, PathEnd::Failed(Unresolved::NoUsefulAnswer { zone }));
}

#[test]
fn a_family_that_reaches_no_root_server_is_given_up() {
    let mut world = World::new();
    world.behave("2001:db8::1", Behaviour::Dead);
    world.behave("2001:db8::31", Behaviour::Dead);
    let report = walk(&mut world, "www.example.org", A, WalkConfig::default());
    assert!(report.ipv6_abandoned && !report.ipv4_abandoned);
    assert_eq!(report.paths[0].end, PathEnd::Reached);
    assert!(world.asked.iter().all(|(server, ..)| *server != ip("2001:db8::31")));
    // The address is in the report all the same.
    let zone = delegation(&report, "example.org");
    let skipped = zone.child_servers.iter().find(|c| c.ns.server.ip() == ip("2001:db8::31"));
    assert_eq!(skipped.unwrap().ns.outcome, ResponseOutcome::Skipped);
}

#[test]
fn empty_non_terminals_are_passed_even_if_they_are_denied() {
    for behaviour in [Behaviour::Good, Behaviour::DeniesEmptyNonTerminals] {
        let mut world = World::new();
        for server in ["192.0.2.31", "2001:db8::31", "192.0.2.32"] {
            world.behave(server, behaviour);
        }
        let config = WalkConfig { minimise: true, ..WalkConfig::default() };
        let report = walk(&mut world, "deep.under.nothing.example.org", RecordType::TXT, config);
        assert_eq!(report.paths[0].end, PathEnd::Reached);
        for answer in &report.paths[0].answers {
            assert_eq!(answer.reading().unwrap().kind, ResponseKind::Answer);
        }
        let denied = report.evidence.exchanges.iter().any(|exchange| {
            exchange.query.name == name("nothing.example.org")
                && exchange.query.purpose == dnsonde::walk::WalkPurpose::Minimised
        });
        assert!(denied, "the evidence shows what the empty non-terminal was answered with");
    }
}

#[test]
fn a_cut_is_seen_where_the_servers_of_the_parent_serve_the_child_too() {
    for config in both() {
        for subject in ["www.sub.example.org", "alias.sub.example.org", "sub.example.org"] {
            let mut world = World::new();
            world.add("example.org", "sub NS ns1\nsub NS ns2\nsub DS 7 13 2 cc\n");
            let text = "@ NS ns1.example.org.\n@ NS ns2.example.org.\nwww A 203.0.113.9\n\
                        @ A 203.0.113.9\nalias CNAME www\n";
            let servers = ["192.0.2.31", "2001:db8::31", "192.0.2.32"];
            world.zone("sub.example.org", &servers, text);
            let report = walk(&mut world, subject, A, config.clone());
            assert_eq!(zones(&report, 0), [".", "org.", "example.org.", "sub.example.org."]);
            let zone = delegation(&report, "sub.example.org");
            assert!(zone.parent_servers.iter().all(|parent| parent.ds().is_some()));
            assert!(zone.parent_servers.iter().all(|parent| parent.ns().is_some()));
        }
    }
}

#[test]
fn a_server_name_without_an_address_is_told() {
    let mut world = World::new();
    world.add("org", "example NS nowhere.provider.net.\nbare NS nowhere.provider.net.\n");
    let report = walk(&mut world, "www.example.org", A, WalkConfig::default());
    assert_eq!(report.paths[0].end, PathEnd::Reached);
    let zone = delegation(&report, "example.org");
    let bare = zone.name_servers.iter().find(|s| s.name == name("nowhere.provider.net")).unwrap();
    assert!(bare.addresses.is_empty());
    assert_eq!(bare.lookups.len(), 2);
    let report = walk(&mut world, "www.bare.org", A, WalkConfig::default());
    let zone = name("bare.org");
    assert_eq!(report.paths[0].end, PathEnd::Failed(Unresolved::NoAddress { zone }));
}

#[test]
fn a_server_name_that_is_an_alias_is_told() {
    let mut world = World::new();
    world.add("org", "example NS alias.provider.net.\n");
    world.add("provider.net", "alias CNAME ns\n");
    let report = walk(&mut world, "www.example.org", A, WalkConfig::default());
    let zone = delegation(&report, "example.org");
    let alias = zone.name_servers.iter().find(|s| s.name == name("alias.provider.net")).unwrap();
    assert_eq!(alias.cname(), Some(name("ns.provider.net")));
}
