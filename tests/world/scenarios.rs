//! The scenarios that are built in: each is the world that its name promises.

use std::sync::Arc;

use dnsonde::playground::{Arrival, Scenario, World};
use dnsonde::wire::{Flags, Message, OptionCode, RecordType as T};

use super::{Ask, ask};

fn scenario(name: &str) -> Arc<Scenario> {
    let scenario = Scenario::named(name).unwrap_or_else(|| panic!("no scenario {name}"));
    Arc::new(scenario.unwrap())
}

/// What the first thing that comes back says: `lost`, `unreachable`, or the response code and the
/// answer section (else the authority section), with who says it if that is not who was asked.
fn reported(world: &mut World, ask: &Ask) -> String {
    let back = ask.put(world);
    let Some(first) = back.first() else { return "lost".to_owned() };
    let Arrival::Message { from, octets } = &first.arrival else { return "unreachable".to_owned() };
    let message = Message::parse(octets).unwrap();
    let mut text = message.rcode().to_string();
    if message.flags().contains(Flags::TC) {
        text.push_str(" TC");
    }
    let records: Vec<_> = match message.answers().count() {
        0 => message.authorities().collect(),
        _ => message.answers().collect(),
    };
    for record in records {
        text.push_str(&format!("\n{}", record.to_buf().unwrap()));
    }
    if *from != ask.server() {
        text.push_str(&format!("\nfrom {}", from.ip()));
    }
    if back.len() > 1 {
        text.push_str("\ntwice");
    }
    text
}

const NS1: &str = "127.53.3.1";
const NS2: &str = "127.53.3.2";
const NS3: &str = "127.53.3.3";
const TLD: &str = "127.53.1.1";
const SES1: &str = "127.53.2.1";
const ISP: &str = "127.53.9.1";

const T1: &str = "t1._domainkey.example.com";
const T2: &str = "t2._domainkey.example.com";
const T3: &str = "t3._domainkey.example.com";
const MAIL: &str = "mail._domainkey.example.com";
const ACME: &str = "_acme-challenge.example.com";

#[test]
fn each_scenario_is_what_its_name_promises() {
    for (name, to, question, rtype, expected) in [
        (
            "healthy",
            NS3,
            T3,
            T::CNAME,
            "NOERROR\nt3._domainkey.example.com. 3600 IN CNAME t3.dkim.amazonses.com.",
        ),
        ("healthy", SES1, "t1.dkim.amazonses.com", T::TXT, "\"p=MIIB"),
        ("healthy", SES1, "t2.dkim.amazonses.com", T::TXT, "900 IN TXT \"\""),
        ("healthy", ISP, T2, T::TXT, "TXT \"\""),
        ("seed-story", NS1, T1, T::CNAME, "NOERROR"),
        ("seed-story", "127.53.3.4", T1, T::CNAME, "NXDOMAIN"),
        ("record-missing", NS1, T3, T::CNAME, "NXDOMAIN"),
        ("record-missing", NS1, T2, T::CNAME, "NOERROR"),
        ("record-missing-on-some", NS2, T1, T::CNAME, "NOERROR"),
        ("record-missing-on-some", NS3, T1, T::CNAME, "NXDOMAIN"),
        (
            "owner-doubled",
            NS1,
            "t1._domainkey.example.com.example.com",
            T::CNAME,
            "CNAME t1.dkim.amazonses.com.",
        ),
        ("owner-doubled", NS1, T1, T::CNAME, "NXDOMAIN"),
        (
            "owner-mistyped",
            NS1,
            "t1.domainkey.example.com",
            T::CNAME,
            "CNAME t1.dkim.amazonses.com.",
        ),
        ("wrong-type", NS1, T1, T::TXT, "TXT \"t1.dkim.amazonses.com\""),
        ("wrong-type", NS1, T1, T::CNAME, "NOERROR\nexample.com. 900 IN SOA"),
        ("alias-flattened", NS1, T1, T::A, "A 192.0.2.44"),
        ("alias-flattened", NS1, T1, T::CNAME, "NOERROR\nexample.com. 900 IN SOA"),
        ("target-doubled", NS1, T1, T::CNAME, "CNAME t1.dkim.amazonses.com.example.com."),
        ("value-differs", NS1, T2, T::CNAME, "CNAME t3.dkim.amazonses.com."),
        ("value-quoted", NS1, ACME, T::TXT, r#"TXT "\"gfj9Xq8v"#),
        ("value-escaped", NS1, "_dmarc.example.com", T::TXT, r#"TXT "v=DMARC1\\; p"#),
        ("value-whitespace", NS1, ACME, T::TXT, "iJfQ \""),
        ("value-non-ascii", NS1, ACME, T::TXT, r"EoT\226\128\1475Lh"),
        ("value-case-folded", NS1, ACME, T::TXT, "TXT \"gfj9xq8vrg85"),
        ("value-truncated", NS1, MAIL, T::TXT, "TXT \"v=DKIM1; k=rsa; p=MIIB"),
        ("alias-not-alone", NS1, T1, T::TXT, "TXT \"v=DKIM1; p=\""),
        ("alias-not-alone", NS1, T1, T::CNAME, "CNAME t1.dkim.amazonses.com."),
        ("wildcard-match", NS1, T1, T::CNAME, "CNAME www.example.com."),
        (
            "wildcard-match",
            NS1,
            "anything._domainkey.example.com",
            T::CNAME,
            "CNAME www.example.com.",
        ),
        ("below-zone-cut", NS1, T1, T::CNAME, "NOERROR\n_domainkey.example.com. 300 IN NS"),
        ("below-zone-cut", "127.53.4.1", T1, T::CNAME, "NXDOMAIN"),
        ("alias-broken", SES1, "t2.dkim.amazonses.com", T::TXT, "NXDOMAIN"),
        ("alias-target-unreachable", SES1, "t1.dkim.amazonses.com", T::TXT, "lost"),
        ("alias-target-unreachable", ISP, T1, T::TXT, "SERVFAIL"),
        ("type-through-alias-fails", NS1, T1, T::TXT, "SERVFAIL"),
        ("type-through-alias-fails", NS1, T1, T::CNAME, "NOERROR"),
        ("dkim-all-standby", SES1, "t1.dkim.amazonses.com", T::TXT, "TXT \"\""),
        ("dkim-key-revoked", NS1, MAIL, T::TXT, "TXT \"v=DKIM1; p=\""),
        ("dkim-key-invalid", NS1, MAIL, T::TXT, "TXT \"v=DKIM1; k=rsa; p=MIIB"),
        ("dkim-key-weak", NS1, MAIL, T::TXT, "TXT \"v=DKIM1; k=rsa; p=MIGf"),
        ("negative-cached", NS1, T1, T::CNAME, "NOERROR"),
        ("negative-cached", ISP, T1, T::CNAME, "NXDOMAIN\nexample.com. 780 IN SOA"),
        ("stale-cached", ISP, T1, T::CNAME, "3000 IN CNAME t0.dkim.amazonses.com."),
        ("stale-cached", NS1, T1, T::CNAME, "CNAME t1.dkim.amazonses.com."),
        ("published-elsewhere", NS1, T1, T::CNAME, "NXDOMAIN"),
        ("published-elsewhere", "127.53.4.1", T1, T::CNAME, "CNAME t1.dkim.amazonses.com."),
        ("domain-not-delegated", TLD, "example.com", T::NS, "NXDOMAIN\ncom. 900 IN SOA"),
        ("domain-not-delegated", NS1, T1, T::CNAME, "NOERROR"),
        ("dnssec-bogus", TLD, "example.com", T::DS, "DS 12345 13 2"),
        ("dnssec-bogus", ISP, T1, T::CNAME, "SERVFAIL"),
        ("split-horizon", ISP, T1, T::CNAME, "CNAME t1.dkim.amazonses.com."),
        ("split-horizon", NS1, T1, T::CNAME, "NXDOMAIN"),
        ("server-unreachable", NS3, "example.com", T::SOA, "lost"),
        ("server-lame", NS3, "example.com", T::SOA, "REFUSED"),
        ("server-stale", NS3, "example.com", T::SOA, " 2025123101 "),
        ("server-stale", NS1, "example.com", T::SOA, " 2026010105 "),
        ("server-stale", NS3, T1, T::CNAME, "NXDOMAIN"),
        ("server-set-mismatch", TLD, "example.com", T::NS, "NS ns2.example.com."),
        ("server-set-mismatch", NS1, "example.com", T::NS, "NS ns3.example.com."),
        ("glue-mismatch", "127.53.3.33", T1, T::CNAME, "NOERROR"),
        ("glue-mismatch", NS1, "ns3.example.com", T::A, "A 127.53.3.3"),
        ("server-name-unresolvable", TLD, "example.com", T::NS, "NS ns.gone.net."),
        ("server-name-unresolvable", TLD, "ns.gone.net", T::A, "NXDOMAIN"),
        ("tcp-unavailable", NS3, T1, T::CNAME, "NOERROR"),
        ("large-answer-lost", NS3, MAIL, T::TXT, "lost"),
        ("large-answer-lost", NS1, MAIL, T::TXT, "NOERROR"),
        ("large-answer-lost", NS3, T1, T::CNAME, "NOERROR"),
        ("edns-mishandled", NS3, T1, T::CNAME, "FORMERR"),
        ("unknown-type-mishandled", NS3, "example.com", T(65_280), "NOTIMP"),
        ("unknown-type-mishandled", NS3, "example.com", T::A, "NOERROR"),
        ("empty-nonterminal-denied", NS2, "_domainkey.example.com", T::A, "NXDOMAIN"),
        ("negative-answer-malformed", NS2, "no.example.com", T::A, "NXDOMAIN"),
        ("source-address-mismatch", NS3, T1, T::CNAME, "from 127.53.3.33"),
        ("address-family-fails", "::1", T1, T::CNAME, "NOERROR"),
        ("address-family-fails", NS3, T1, T::CNAME, "lost"),
        ("unreachable-icmp", NS3, T1, T::CNAME, "unreachable"),
        ("duplicate-answers", NS2, T1, T::CNAME, "twice"),
    ] {
        let mut flags = Flags::default();
        if to == ISP {
            flags = Flags::RD;
        }
        let ask = ask(question, rtype).to(to).edns(1232).flags(flags);
        let said = reported(&mut World::new(scenario(name), 1), &ask);
        assert!(said.contains(expected), "{name}: {to} says of {question} {rtype}:\n{said}");
    }
}

#[test]
fn absent_is_what_a_name_says_is_absent() {
    let said = |name, to, question, rtype| {
        reported(&mut World::new(scenario(name), 1), &ask(question, rtype).to(to).edns(1232))
    };
    let without_soa = said("negative-answer-malformed", NS2, "no.example.com", T::A);
    assert_eq!(without_soa, "NXDOMAIN");
    let parent = said("server-set-mismatch", TLD, "example.com", T::NS);
    assert!(!parent.contains("ns3"), "{parent}");
    let keys = said("records-multiple", NS1, MAIL, T::TXT);
    let over_tcp = ask(MAIL, T::TXT).to(NS1).tcp();
    let keys_over_tcp = reported(&mut World::new(scenario("records-multiple"), 1), &over_tcp);
    assert!(keys.contains("TC"), "two keys do not fit: {keys}");
    assert_eq!(keys_over_tcp.lines().count(), 3, "{keys_over_tcp}");
    let tcp = ask(T1, T::CNAME).to(NS3).tcp();
    let closed = reported(&mut World::new(scenario("tcp-unavailable"), 1), &tcp);
    assert_eq!(closed, "unreachable");
}

#[test]
fn faults_that_need_several_questions_show_over_several() {
    // One machine of three behind ns2 is another one.
    for (name, ports) in [("record-unstable", false), ("instances-disagree", true)] {
        let mut world = World::new(scenario(name), 1);
        let flow = |port| ask(T1, T::CNAME).to(NS2).port(port).edns(1232);
        let mut lacks = |ask: &Ask| reported(&mut world, ask).starts_with("NXDOMAIN");
        let seen: Vec<bool> = (2000..2300).map(|port| lacks(&flow(port))).collect();
        let share = seen.iter().filter(|lacks| **lacks).count();
        assert!((70..130).contains(&share), "{name}: {share} of 300");
        let again: Vec<bool> = (2000..2300).map(|port| lacks(&flow(port))).collect();
        assert_eq!(seen == again, ports, "{name}");
    }
    for (name, range) in [("loss", 70..110), ("loss-path-dependent", 55..95)] {
        let mut world = World::new(scenario(name), 1);
        let flow = |port| ask(T1, T::CNAME).to(NS2).port(port);
        let lost = (2000..2300).filter(|port| reported(&mut world, &flow(*port)) == "lost").count();
        assert!(range.contains(&lost), "{name}: {lost} of 300");
        let other = |port| ask(T1, T::CNAME).to(NS1).port(port);
        assert!((2000..2300).all(|port| reported(&mut world, &other(port)) != "lost"), "{name}");
    }
    let mut world = World::new(scenario("rate-limited"), 1);
    let burst = |world: &mut World, at: f64, gap: f64| {
        let asks = (0..20).map(|i| ask(T1, T::CNAME).to(NS2).at(at + f64::from(i) * gap));
        asks.filter(|ask| reported(world, ask) == "lost").count()
    };
    assert_eq!(burst(&mut world, 0.0, 0.01), 11);
    assert_eq!(burst(&mut world, 60.0, 0.13), 0);

    let mut world = World::new(scenario("cache-in-front"), 1);
    let mut ttl = |at| reported(&mut world, &ask(T1, T::CNAME).to(NS3).at(at));
    assert!(ttl(0.0).contains(" 3600 IN"));
    assert!(ttl(10.0).contains(" 3590 IN"));

    let mut world = World::new(scenario("cookie-mishandled"), 1);
    let query = |cookie: &[u8]| ask(T1, T::CNAME).to(NS3).option(OptionCode::COOKIE, cookie);
    let given = query(b"clientco").answer(&mut world).option(OptionCode::COOKIE).unwrap();
    assert!(reported(&mut world, &query(&given)).starts_with("BADCOOKIE"));

    let mut world = World::new(scenario("case-not-preserved"), 1);
    let mixed = ask("T1._domainKEY.example.com", T::CNAME).to(NS3).answer(&mut world);
    assert_eq!(mixed.message().question().unwrap().name.to_string(), format!("{T1}."));
}
