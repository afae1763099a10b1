use super::SpfProblem as P;
use super::*;

#[test]
fn well_formed_policies_are_read() {
    for (text, lookups, all) in [
        ("v=spf1", 0, None),
        ("v=spf1 include:amazonses.com ~all", 1, Some('~')),
        ("V=SPF1 A MX/24 -ALL", 2, Some('-')),
        ("v=spf1  ip4:192.0.2.0/24 ip4:192.0.2.1 ip6:2001:db8::/32 -all ", 0, Some('-')),
        ("v=spf1 a:mail.example.org//64 mx:example.org/28//120 ?all", 2, Some('?')),
        ("v=spf1 ptr ptr:example.org exists:%{i}.sbl.example.org all", 3, Some('+')),
        ("v=spf1 exists:%{ir}.%{v}._spf.%{d2} redirect=_spf.example.org", 2, None),
        ("v=spf1 mx redirect=_spf.example.org exp=why.example.org -all", 1, Some('-')),
        ("v=spf1 unknown-modifier=anything -all", 0, Some('-')),
        ("v=spf1 a:%{d1r-}.example.org/24 -all", 1, Some('-')),
    ] {
        let policy = check_spf(text.as_bytes()).unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!((policy.lookups, policy.all), (lookups, all), "{text}");
    }
}

#[test]
fn mistakes_are_named() {
    let term = |text: &str| P::Term(text.into());
    let domain = |text: &str| P::Domain(text.into());
    let address = |text: &str| P::Address(text.into());
    for (text, problem) in [
        ("", P::Version),
        ("spf1 -all", P::Version),
        ("v=spf10 -all", P::Version),
        ("v=spf1\t-all", P::Version),
        ("v=spf1 -all\u{a0}", P::Octet { offset: 11, octet: 0xC2 }),
        ("v=spf1 a\tmx", P::Octet { offset: 8, octet: 9 }),
        ("v=spf1 include=amazonses.com ~all", term("include=amazonses.com")),
        ("v=spf1 include: amazonses.com", P::Empty("include:".into())),
        ("v=spf1 include ~all", P::Empty("include".into())),
        ("v=spf1 include:amazonses ~all", domain("include:amazonses")),
        ("v=spf1 include:a..b ~all", domain("include:a..b")),
        ("v=spf1 ip4:192.0.2.256 -all", address("ip4:192.0.2.256")),
        ("v=spf1 ip4:192.0.2.0/33 -all", address("ip4:192.0.2.0/33")),
        ("v=spf1 ip4:192.0.2.0/ -all", address("ip4:192.0.2.0/")),
        ("v=spf1 ip4:2001:db8::1 -all", address("ip4:2001:db8::1")),
        ("v=spf1 ip6:192.0.2.1 -all", address("ip6:192.0.2.1")),
        ("v=spf1 ip4 -all", P::Empty("ip4".into())),
        ("v=spf1 a/33 -all", domain("a/33")),
        ("v=spf1 a: -all", domain("a:")),
        ("v=spf1 mx/024 -all", domain("mx/024")),
        ("v=spf1 all:example.org", term("all:example.org")),
        ("v=spf1 -all; include:x.org", term("-all;")),
        ("v=spf1 amazonses.com", term("amazonses.com")),
        ("v=spf1 exists:%{q}.example.org", domain("exists:%{q}.example.org")),
        ("v=spf1 exists:%{i.example.org", domain("exists:%{i.example.org")),
        ("v=spf1 exists:100%.example.org", domain("exists:100%.example.org")),
        ("v=spf1 redirect=a.example redirect=b.example", P::Twice("redirect=")),
        ("v=spf1 exp=a.example exp=b.example", P::Twice("exp=")),
    ] {
        assert_eq!(check_spf(text.as_bytes()), Err(problem), "{text}");
    }
}

#[test]
fn ten_lookups_are_allowed_and_eleven_are_not() {
    let policy = |terms| format!("v=spf1{} -all", " include:a.example".repeat(terms));
    assert_eq!(check_spf(policy(10).as_bytes()).unwrap().lookups, 10);
    assert_eq!(check_spf(policy(11).as_bytes()), Err(P::TooManyLookups(11)));
}

#[test]
fn an_included_domain_is_found_whatever_its_case() {
    let includes = |text: &str| check_spf(text.as_bytes()).unwrap().includes("amazonses.com");
    assert!(includes("v=spf1 include:_spf.example.org ?include:AmazonSES.com. -all"));
    assert!(includes("v=spf1 redirect=amazonses.com"));
    assert!(!includes("v=spf1 include:notamazonses.com a:amazonses.com -all"));
}

proptest::proptest! {
    #[test]
    fn nothing_a_server_sends_makes_it_panic(text in proptest::collection::vec(
        proptest::sample::select(b"amxip46:/%{}=.- ~d0189\xC3\xA9".to_vec()), 0..40,
    )) {
        let _ = check_spf(&[b"v=spf1 ", &text[..]].concat());
    }
}
