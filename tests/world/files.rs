//! Scenario files: what they say, and what is said of those that say nothing sensible.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;

use dnsonde::engine::{Time, Transport};
use dnsonde::playground::{Scenario, World};
use dnsonde::wire::RecordType;

use super::{SMALL, ask};

#[track_caller]
fn error(text: &str) -> String {
    let error = Scenario::from_toml("test", text).unwrap_err().to_string();
    assert!(!error.contains('\n'), "{error:?} is more than a sentence");
    error
}

/// Of the small world with more in its file.
#[track_caller]
fn error_with(more: &str) -> String {
    error(&format!("{SMALL}\n{more}"))
}

#[test]
fn mistakes_are_told_in_one_sentence_with_their_place() {
    for (text, expected) in [
        ("title = ", "line 1, column 9: "),
        ("title = 'x'\nstorey = 'y'", "line 2, column 1: unknown field `storey`"),
        ("title = 'x'\n[servers.a]\nadresses = '127.0.0.1'", "unknown field `adresses`"),
        ("[servers.a]\naddresses = '127.0.0.256'", "'127.0.0.256' is not an IP address"),
        ("[[zone]]\nname = 'a..b'", "line 2, column 8: 'a..b' is not a domain name"),
        ("[[faults]]\neffect = 'explode'", "line 2, column 10: unknown variant `explode`"),
        (
            "[[faults]]\ntype = 'BOGUS'\neffect = 'drop'",
            "line 2, column 8: 'BOGUS' is not a record type",
        ),
        (
            "[[faults]]\ntransport = 'quic'\neffect = 'drop'",
            "unknown transport 'quic'; write udp or tcp",
        ),
        ("base = 'nowhere'", "unknown scenario 'nowhere' in 'base'"),
        ("base = 'ses'\ntitle = 'x'", "missing 'story', here and in the base scenario"),
        ("[[zone]]\nname = 'a'\nserial = 1", "the zone 'a.': it has no text to change"),
    ] {
        let error = error(text);
        assert!(error.contains(expected), "'{expected}' is not in '{error}'");
    }
    for (more, expected) in [
        ("[servers.b]\nzones = 'example.com'", "b: it has no address"),
        ("[servers.b]\naddresses = '127.0.0.2'\nzones = 'a'", "b: unknown zone 'a.'"),
        ("[servers.b]\naddresses = '127.53.3.1'", "127.53.3.1 is also the address of another host"),
        (
            "[[faults]]\nserver = 'x'\neffect = 'drop'",
            "entry 1 of 'faults': unknown server or resolver 'x'",
        ),
        ("[[faults]]\naddress = '127.0.0.9'\neffect = 'drop'", "no host has the address 127.0.0.9"),
        ("[[faults]]\neffect = { version = 'x' }", "no zone has a version 'x'"),
        ("[[faults]]\nlarger_than = 9\neffect = { version = 'old' }", "cannot depend on the size"),
        ("[[faults]]\nfamily = 5\neffect = 'drop'", "'family' must be 4 or 6"),
        ("[[faults]]\nshare = 1.5\neffect = 'drop'", "'share' must be a number from 0 to 1"),
        ("[[faults]]\nshare = nan\neffect = 'drop'", "'share' must be a number from 0 to 1"),
        ("[[faults]]\nevery_s = 0\neffect = 'drop'", "'every_s' and 'above_qps' must be above 0"),
        ("[[faults]]\npaths = { of = 2, bad = [2] }\neffect = 'drop'", "each must be below 'of'"),
        ("[[faults]]\npaths = { of = 0, bad = [] }\neffect = 'drop'", "each must be below 'of'"),
        (
            "[[zone]]\nname = 'example.com'\nremove = 'x TXT'",
            "there is no 'x.example.com. TXT' to remove",
        ),
        ("[[zone]]\nname = 'example.com'\nremove = 'a b c'", "'a b c' is not OWNER or OWNER TYPE"),
        (
            "[[zone]]\nname = 'example.com'\nversion = 'v'\nadd = 'x A 1'",
            "the zone 'example.com.' in version 'v': line 1, column 5",
        ),
        ("[[zone]]\nname = 'example.com'\nadd = 'x.org. A 192.0.2.1'", "x.org. is not in the zone"),
        ("[[zone]]\nname = 'example.org'\ntext = 'x A 192.0.2.1'", "the zone has no SOA record"),
        (
            "[resolvers.r]\naddresses = '127.9.9.9'\ncache = [{ record = 'x' }]",
            "'cache' of r: 'x': ",
        ),
        (
            "[resolvers.r]\naddresses = '127.9.9.9'\ncache = [{ }]",
            "an entry needs 'record' or 'absent'",
        ),
        (
            "[resolvers.r]\naddresses = '127.9.9.9'\nbogus = { 'a..b' = 6 }",
            "'a..b' is not a domain name",
        ),
    ] {
        let error = error_with(more);
        assert!(error.contains(expected), "'{expected}' is not in '{error}'");
    }
}

#[test]
fn every_built_in_scenario_can_be_read_and_is_told_apart_by_its_title() {
    let mut titles = HashSet::new();
    for (name, title) in Scenario::built_in() {
        let scenario = Scenario::named(name).unwrap().unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!((scenario.name.as_str(), scenario.title.as_str()), (name, title.as_str()));
        assert!(!scenario.story.is_empty(), "{name}");
        assert!(!scenario.verify.is_empty(), "{name}");
        let verdicts = ["verified", "flaky", "pending", "inconclusive"];
        assert!(verdicts.contains(&scenario.expect.verdict.as_str()), "{name}");
        assert!(titles.insert(title), "{name}");
    }
    assert!(titles.len() >= 3);
    assert!(Scenario::named("no-such").is_none());
}

#[test]
fn on_loopback_only_what_can_be_there_is_left() {
    for (name, _) in Scenario::built_in() {
        let scenario = Scenario::named(name).unwrap().unwrap().on_loopback().unwrap();
        assert!(scenario.addresses().all(|address| address.is_loopback()), "{name}");
        assert!(!scenario.root_hints().contains("2001:db8"), "{name}");
        assert!(scenario.root_hints().contains("127.53."), "{name}");
    }
}

/// Asks every host a few things; what comes back is of no interest.
fn poke(scenario: Scenario) {
    let addresses: Vec<_> = scenario.addresses().collect();
    let mut world = World::new(Arc::new(scenario), 1);
    let query = ask("t1._domainkey.example.com", RecordType::TXT).edns(1232).query();
    let client = "127.0.0.1:4000".parse().unwrap();
    let mut out = Vec::new();
    for address in addresses {
        for transport in [Transport::Udp, Transport::Tcp] {
            let to = SocketAddr::new(address, 53);
            world.handle(Time::ZERO, to, client, transport, &query, &mut out);
        }
    }
}

#[test]
fn files_with_mistakes_are_told_or_make_a_world_and_never_do_harm() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/playground/scenarios");
    let mut worlds = 0;
    for name in ["ses", "glue-mismatch", "instances-disagree", "rate-limited", "stale-cached"] {
        let mut text = std::fs::read_to_string(format!("{folder}/{name}.toml")).unwrap();
        if name == "ses" {
            let missing = "title = 't'\nstory = 's'\nexpect = { verdict = 'verified' }\n";
            text.insert_str(0, missing);
        }
        let lines: Vec<&str> = text.lines().collect();
        for place in 0..lines.len() {
            let without = [&lines[..place], &lines[place + 1..]].concat();
            let twice = [&lines[..=place], &lines[place..]].concat();
            let cut = &lines[..place];
            let digits = lines[place].replace(|c: char| c.is_ascii_digit(), "0");
            let zeros = [&lines[..place], &[digits.as_str()], &lines[place + 1..]].concat();
            for broken in [without, twice, cut.to_vec(), zeros] {
                match Scenario::from_toml("broken", &broken.join("\n")) {
                    Ok(scenario) => {
                        worlds += 1;
                        poke(scenario);
                    }
                    Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
                }
            }
        }
    }
    assert!(worlds > 100, "only {worlds} were worlds all the same");
}
