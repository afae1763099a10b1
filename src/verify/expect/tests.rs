use super::ExpectErrorKind as K;
use super::*;
use crate::wire::{NameBuf, RecordBuf, RecordType, TextErrorKind};

fn name(text: &str) -> NameBuf {
    text.parse().unwrap()
}

fn domain() -> NameBuf {
    name("example.org")
}

fn shown(expectations: &[Expectation]) -> Vec<String> {
    expectations.iter().map(ToString::to_string).collect()
}

fn record(text: &str) -> RecordBuf {
    RecordBuf::from_text(text.as_bytes(), &domain(), 60).unwrap()
}

#[test]
fn entries_are_read_as_people_write_them() {
    for (text, expected) in [
        ("www A 192.0.2.1", "www.example.org. A 192.0.2.1"),
        ("  www.Example.org \t AAAA ", "www.Example.org. AAAA"),
        ("@ MX 10 mx.example.net", "example.org. MX 10 mx.example.net."),
        ("www.example.org. CNAME a.", "www.example.org. CNAME a."),
        ("www.sub A", "www.sub.example.org. A"),
        (
            "b\u{fc}cher\u{A0}CNAME b\u{fc}cher.example",
            "xn--bcher-kva.example.org. CNAME xn--bcher-kva.example.",
        ),
        ("\"www\" A", "www.example.org. A"),
        ("www 300 IN A 192.0.2.1", "www.example.org. A 192.0.2.1"),
        (
            "t._domainkey cname t.dkim.example.net",
            "t._domainkey.example.org. CNAME t.dkim.example.net.",
        ),
        ("_dmarc TXT v=DMARC1; p=none", "_dmarc.example.org. TXT \"v=DMARC1; p=none\""),
        (
            "_dmarc TXT \"v=DMARC1;\" \" p=none\"",
            "_dmarc.example.org. TXT \"v=DMARC1;\" \" p=none\"",
        ),
        ("x TXT a \"b\" \\c", "x.example.org. TXT \"a \\\"b\\\" \\\\c\""),
        ("x TYPE65280 \\# 3 abcdef", "x.example.org. TYPE65280 \\# 3 abcdef"),
        ("x TXT \\# 2 0161", "x.example.org. TXT \"a\""),
    ] {
        let found =
            parse_expectation(text, &domain()).unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!(found.to_string(), expected, "{text}");
    }
}

#[test]
fn broken_entries_say_where_and_why() {
    let missing = K::Missing;
    for (text, column, kind) in [
        ("", 1, missing("a domain name")),
        ("  ", 3, missing("a domain name")),
        ("www", 4, missing("a record type")),
        ("www 300", 8, missing("a record type")),
        ("www BOGUS x", 5, K::Type("BOGUS".into())),
        ("www ANY", 5, K::MetaType(RecordType::ANY)),
        (" a..b A", 2, K::Name { text: "a..b".into(), error: crate::wire::NameError::EmptyLabel }),
        ("CNAME www t.example.net", 1, K::TypeFirst),
        ("x TXT 'v=spf1 -all'", 7, K::Quotes),
        ("x TXT \u{201C}v=spf1 -all\u{201D}", 7, K::Quotes),
    ] {
        let found = parse_expectation(text, &domain()).unwrap_err();
        assert_eq!(found, ExpectError { line: 1, column, kind }, "{text}");
    }
    for (text, line, column) in [
        ("www A 192.0.2.256", 1, 7),
        ("@ MX 10  a..b", 1, 10),
        ("@ MX ten mx", 1, 6),
        ("x TXT \"open", 1, 7),
        ("www CNAME a b", 1, 13),
        ("@ MX (\n10 a..b )", 2, 4),
    ] {
        let found = parse_expectation(text, &domain()).unwrap_err();
        assert_eq!((found.line, found.column), (line, column), "{text}: {found}");
        assert!(matches!(found.kind, K::Value(_)), "{text}: {found}");
    }
    let long = format!("x TXT {}", "a".repeat(65_535));
    let found = parse_expectation(&long, &domain()).unwrap_err();
    assert_eq!((found.column, found.kind), (7, K::TooLong(65_535 + 257)));
}

#[test]
fn tokens_of_ses_become_aliases() {
    let zone = name(SES_ZONE);
    for tokens in [
        "aaa,bbb,ccc",
        " aaa , bbb._domainkey, ccc._domainkey.example.org.",
        "aaa._domainkey.example.org,bbb,ccc",
        "aaa; bbb;ccc",
        "aaa bbb\n\tccc",
    ] {
        let found = ses(&domain(), tokens, &zone).unwrap();
        assert_eq!(
            shown(&found),
            [
                "aaa._domainkey.example.org. CNAME aaa.dkim.amazonses.com.",
                "bbb._domainkey.example.org. CNAME bbb.dkim.amazonses.com.",
                "ccc._domainkey.example.org. CNAME ccc.dkim.amazonses.com.",
            ]
        );
        assert!(found.iter().all(|it| it.kind == ExpectationKind::DkimCname { rotates: true }));
    }
    let regional = ses(&domain(), "aaa", &name("a31d.dkim.us-west-2.amazonses.com")).unwrap();
    assert_eq!(
        regional[0].target().map(|target| target.to_string()).as_deref(),
        Some("aaa.a31d.dkim.us-west-2.amazonses.com.")
    );
    for (tokens, column, kind) in [
        ("", 1, K::EmptyPlace),
        ("aaa,,bbb", 5, K::EmptyPlace),
        ("aaa, bbb,", 10, K::EmptyPlace),
        ("aaa, b-b", 6, K::Token("b-b".into())),
        ("aaa.dkim.amazonses.com", 1, K::Token("aaa.dkim.amazonses.com".into())),
        ("aaa,bbb,AAA", 9, K::TokenTwice("AAA".into())),
    ] {
        let found = ses(&domain(), tokens, &zone).unwrap_err();
        assert_eq!(found, ExpectError { line: 1, column, kind }, "{tokens}");
    }
    let long = "a".repeat(64);
    assert!(matches!(ses(&domain(), &long, &zone).unwrap_err().kind, K::Name { .. }));
}

#[test]
fn presets_expect_what_the_services_ask_for() {
    let selector = dkim_key(&domain(), "s1.mail").unwrap();
    assert_eq!(selector.to_string(), "s1.mail._domainkey.example.org. TXT");
    assert_eq!(selector.kind, ExpectationKind::DkimKey);
    assert!(dkim_key(&domain(), "").is_err());
    assert!(dkim_key(&domain(), ".").is_err());
    assert!(dkim_key(&domain(), "a..b").is_err());

    let bounce = name("bounce.example.org");
    assert_eq!(
        shown(&mail_from(&bounce, Some("eu-west-1")).unwrap()),
        [
            "bounce.example.org. MX 10 feedback-smtp.eu-west-1.amazonses.com.",
            "bounce.example.org. TXT",
        ]
    );
    assert!(matches!(mail_from(&bounce, Some("eu west")).unwrap_err().kind, K::Region(_)));

    let validation = acm(&domain(), "_x1.example.org. _y2.zxwlrjxpwn.acm-validations.aws.");
    let validation = validation.unwrap();
    assert_eq!(
        validation.to_string(),
        "_x1.example.org. CNAME _y2.zxwlrjxpwn.acm-validations.aws."
    );
    assert_eq!(validation.kind, ExpectationKind::AcmValidation);
    assert!(acm(&domain(), "_x1 300 IN CNAME _y.acm-validations.aws").is_ok());
    for target in ["acm-validations.aws", "_y.example.org", "_y.xacm-validations.aws"] {
        let found = acm(&domain(), &format!("_x1 {target}")).unwrap_err();
        assert_eq!(found.kind, K::AcmTarget(target.into()));
    }

    // The response of RFC 8555's example has this shape.
    let response = "LPsIwTo7o8BoG0-vjCyGQGBWSVIPxI-i_X336eUOQZo";
    let wildcard = name("*.example.org");
    let found = acme(&wildcard, Some(response), Some("LetsEncrypt.org")).unwrap();
    assert_eq!(
        shown(&found),
        [format!("_acme-challenge.example.org. TXT \"{response}\"").as_str(), "example.org. CAA",]
    );
    let issuer = "letsencrypt.org".to_owned();
    assert_eq!(found[1].kind, ExpectationKind::Caa { issuer, wildcard: true });
    assert!(matches!(
        acme(&domain(), Some(&response[1..]), None).unwrap_err().kind,
        K::Challenge(_)
    ));
    for issuer in ["LetsEncrypt.org.", "'letsencrypt.org'"] {
        let found = acme(&domain(), None, Some(issuer)).unwrap();
        let issuer = "letsencrypt.org".to_owned();
        assert_eq!(found[1].kind, ExpectationKind::Caa { issuer, wildcard: false });
    }
    assert!(matches!(acme(&domain(), None, Some("a b")).unwrap_err().kind, K::Issuer(_)));

    let policy = dmarc_policy(&domain()).unwrap();
    assert_eq!(
        (policy.to_string().as_str(), policy.kind),
        ("_dmarc.example.org. TXT", ExpectationKind::Dmarc)
    );
}

#[test]
fn tables_of_the_consoles_are_read() {
    let expected = [
        "t1._domainkey.example.org. CNAME t1.dkim.amazonses.com.",
        "t2._domainkey.example.org. CNAME t2.dkim.amazonses.com.",
    ];
    for text in [
        // As the console of SES writes it.
        "Type,Name,Value\nCNAME,t1._domainkey.example.org,t1.dkim.amazonses.com\n\
         CNAME,t2._domainkey.example.org,t2.dkim.amazonses.com",
        "\u{feff}Name;Type;Value\r\nt1._domainkey;CNAME;t1.dkim.amazonses.com.\r\n\r\n\
         t2._domainkey;cname; t2.dkim.amazonses.com.\r\n",
        "\"Record name\",\"TTL\",\"Record type\",\"Value\"\n\
         \"t1._domainkey.example.org\",\"300\",\"CNAME\",\"t1.dkim.amazonses.com\"\n\
         \"t2._domainkey.example.org\",\"300\",\"CNAME\",\"t2.dkim.amazonses.com\"\n\
         \"t2._domainkey.example.org\",\"300\",\"CNAME\",\"t2.dkim.amazonses.com\"\n",
        "type\thost\tpoints to\nCNAME\tt1._domainkey\tt1.dkim.amazonses.com\n\
         CNAME\tt2._domainkey\tt2.dkim.amazonses.com\n\t\t\n",
    ] {
        let found = parse_records(text.as_bytes(), &domain());
        assert_eq!(
            shown(&found.unwrap_or_else(|why| panic!("{text}: {why:?}"))),
            expected,
            "{text}"
        );
    }
    // As the console of AWS Certificate Manager writes it.
    let text = "Domain Name,Record Name,Record Type,Record Value\n\
                *.example.org,_x.example.org.,CNAME,_y.zxw.acm-validations.aws.\n";
    let found = parse_records(text.as_bytes(), &domain()).unwrap();
    assert_eq!(shown(&found), ["_x.example.org. CNAME _y.zxw.acm-validations.aws."]);
    assert_eq!(found[0].kind, ExpectationKind::AcmValidation);
}

#[test]
fn values_in_tables_may_be_bare_or_have_a_priority_beside_them() {
    let text = "Name,Type,Priority,Value\n\
                _dmarc,TXT,,v=DMARC1; p=none\n\
                @,TXT,,\"\"\"v=spf1 include:amazonses.com ~all\"\"\"\n\
                bounce,MX,10,feedback-smtp.us-east-1.amazonses.com\n\
                www,A,0,192.0.2.1\n";
    let found = parse_records(text.as_bytes(), &domain()).unwrap();
    assert_eq!(
        shown(&found),
        [
            "_dmarc.example.org. TXT \"v=DMARC1; p=none\"",
            "example.org. TXT \"v=spf1 include:amazonses.com ~all\"",
            "bounce.example.org. MX 10 feedback-smtp.us-east-1.amazonses.com.",
            "www.example.org. A 192.0.2.1",
        ]
    );
    let kinds: Vec<&ExpectationKind> = found.iter().map(|it| &it.kind).collect();
    assert_eq!(
        kinds,
        [
            &ExpectationKind::Dmarc,
            &ExpectationKind::Spf { include: None },
            &ExpectationKind::Record,
            &ExpectationKind::Record
        ]
    );
}

#[test]
fn every_mistake_in_a_table_has_its_place() {
    let text = "Name,Type,Value\n\
                www,A,192.0.2.256\n\
                www,BOGUS,x\n\
                a..b,A,192.0.2.1\n\
                www,A\n\
                www,,192.0.2.1\n\
                \"mail\",\"MX\",\"10 a..b\"\n";
    let errors = parse_records(text.as_bytes(), &domain()).unwrap_err();
    let places: Vec<_> = errors.iter().map(|error| (error.line, error.column)).collect();
    assert_eq!(places, [(2, 7), (3, 5), (4, 1), (5, 1), (6, 5), (7, 17)], "{errors:?}");
    let text = "Type,Name,Priority,Value\nMX,@,10,a..b\n";
    let errors = parse_records(text.as_bytes(), &domain()).unwrap_err();
    assert_eq!((errors[0].line, errors[0].column), (2, 9), "{errors:?}");
}

#[test]
fn zone_files_are_read() {
    let text = "$TTL 3600\n\
                @ IN SOA ns hostmaster 1 2 3 4 5\n\
                @ IN NS ns\n\
                t1._domainkey CNAME t1.dkim.amazonses.com. ; a comment\n\
                _dmarc TXT ( \"v=DMARC1;\"\n \" p=none\" )\n\
                www A 192.0.2.1\n    AAAA 2001:db8::1\n";
    let found = parse_records(text.as_bytes(), &domain()).unwrap();
    assert_eq!(
        shown(&found),
        [
            "example.org. NS ns.example.org.",
            "t1._domainkey.example.org. CNAME t1.dkim.amazonses.com.",
            "_dmarc.example.org. TXT \"v=DMARC1;\" \" p=none\"",
            "www.example.org. A 192.0.2.1",
            "www.example.org. AAAA 2001:db8::1",
        ]
    );
    assert!(found[2].matches(&record("_dmarc TXT \"v=DMARC1; p=none\"")));
    assert_eq!(found[1].kind, ExpectationKind::DkimCname { rotates: true });
}

#[test]
fn broken_files_say_where_and_why() {
    let errors = parse_records(b"www A 192.0.2.1\nwww A 192.0.2.\nwww BOGUS\n", &domain());
    let places: Vec<_> = errors.unwrap_err().iter().map(|it| (it.line, it.column)).collect();
    assert_eq!(places, [(2, 7), (3, 5)]);

    for (text, line) in
        [("www 60 CH A a. 1\n", 1), ("\n; c\nwww A 192.0.2.1\nbogus\nwww (\n CH A a. 1 )\n\n", 6)]
    {
        let errors = parse_records(text.as_bytes(), &domain()).unwrap_err();
        let found = errors.iter().find(|error| error.kind == K::Class).map(|error| error.line);
        assert_eq!(found, Some(line), "{text}: {errors:?}");
    }

    let errors = parse_records(b"$INCLUDE /etc/passwd\n", &domain()).unwrap_err();
    assert_eq!(errors[0].kind, K::Value(TextErrorKind::IncludeRefused));

    for (text, kind) in [
        ("", K::Nothing),
        ("; nothing\n\n", K::Nothing),
        ("Type,Name,Value\n", K::Nothing),
        ("@ 60 SOA a b 1 2 3 4 5\n", K::Nothing),
        ("CNAME,t1._domainkey.example.org,t1.dkim.amazonses.com\n", K::NoHeader),
    ] {
        let errors = parse_records(text.as_bytes(), &domain()).unwrap_err();
        assert_eq!(errors, [ExpectError { line: 1, column: 1, kind }], "{text}");
    }
}

#[test]
fn records_match_in_what_counts_and_in_nothing_else() {
    let expect = |text: &str| parse_expectation(text, &domain()).unwrap();
    let spf = || mail_from(&domain(), Some("us-east-1")).unwrap().remove(1);
    let mx = || mail_from(&domain(), Some("us-east-1")).unwrap().remove(0);
    let key = || dkim_key(&domain(), "s").unwrap();
    let caa = || acme(&domain(), None, Some("letsencrypt.org")).unwrap().remove(1);
    let long = "a".repeat(300);
    for (expected, found, matches) in [
        (expect("www CNAME T.Example.net"), "www CNAME t.example.NET.", true),
        (expect("www CNAME t.example.net"), "www CNAME t.example.net", false),
        (expect("www CNAME t.example.net"), "www TXT t.example.net.", false),
        (expect("www CNAME"), "www CNAME anything", true),
        (expect("x TXT abc"), "x TXT a bc", true),
        (expect("x TXT abc"), "x TXT ABC", false),
        (expect("x TXT abc"), "x TXT \"\\\"abc\\\"\"", false),
        (
            expect(&format!("x TXT {long}")),
            &format!("x TXT {} {}", &long[..200], &long[200..]),
            true,
        ),
        (expect("@ MX 10 a.example.net"), "@ MX 20 a.example.net.", false),
        (mx(), "@ MX 20 feedback-smtp.us-east-1.amazonses.com.", true),
        (mx(), "@ MX 10 feedback-smtp.us-west-2.amazonses.com.", false),
        (spf(), "@ TXT \"v=spf1 mx include:amazonses.com -all\"", true),
        (spf(), "@ TXT \"v=spf1 mx -all\"", false),
        (spf(), "@ TXT \"v=spf1 include:amazonses.com ~al\"", false),
        (dmarc_policy(&domain()).unwrap(), "_dmarc TXT \"v=DMARC1; p=none\"", true),
        (dmarc_policy(&domain()).unwrap(), "_dmarc TXT \"v=DMARC1\"", false),
        (
            key(),
            "s._domainkey TXT \"k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"",
            true,
        ),
        (caa(), "@ CAA 0 issue letsencrypt.org", true),
        (caa(), "@ CAA 0 issue ca.example.net", false),
        (key(), "s._domainkey TXT \"\"", false),
        (key(), "s._domainkey TXT \"p=\"", false),
    ] {
        assert_eq!(expected.matches(&record(found)), matches, "{expected} <- {found}");
    }
}

#[test]
fn what_an_alias_leads_to_is_asked_for_too() {
    use RecordType as T;
    for (text, types) in [
        ("t._domainkey CNAME t.dkim.example.net", &[T::CNAME, T::TXT][..]),
        ("s._domainkey TXT", &[T::TXT, T::CNAME]),
        ("www A", &[T::A]),
    ] {
        let expectation = parse_expectation(text, &domain()).unwrap();
        assert_eq!(expectation.asked_types().collect::<Vec<_>>(), types, "{text}");
    }
}

#[test]
fn only_records_of_the_kind_count_as_a_second_one() {
    let spf = mail_from(&domain(), None).unwrap().remove(1);
    assert!(spf.is_single());
    assert!(spf.concerns(&record("@ TXT \"v=spf1 oops\"")));
    assert!(!spf.concerns(&record("@ TXT \"google-site-verification=x\"")));
    assert!(!spf.concerns(&record("@ SPF \"v=spf1 -all\"")));
    let challenge = acme(&domain(), None, None).unwrap().remove(0);
    assert!(!challenge.is_single());
}

#[test]
fn a_suggested_line_reads_back_and_matches() {
    let mut all = mail_from(&domain(), Some("us-east-1")).unwrap();
    all.extend(ses(&domain(), "aaa", &name(SES_ZONE)).unwrap());
    all.push(dmarc_policy(&domain()).unwrap());
    all.extend(acme(&domain(), None, Some("letsencrypt.org")).unwrap().into_iter().skip(1));
    for expectation in all {
        let line = expectation.suggestion().unwrap().to_string();
        assert!(expectation.matches(&record(&line)), "{line}");
    }
    assert_eq!(dkim_key(&domain(), "s").unwrap().suggestion(), None);
}

#[test]
fn the_kind_follows_from_place_and_value() {
    for (text, kind) in [
        ("t._domainkey CNAME t.dkim.example.net", ExpectationKind::DkimCname { rotates: true }),
        (
            "s1._domainkey CNAME s1-example.wl.example.net",
            ExpectationKind::DkimCname { rotates: false },
        ),
        ("s1._domainkey TXT p=", ExpectationKind::DkimKey),
        ("_domainkey TXT o=~", ExpectationKind::Record),
        ("_dmarc TXT", ExpectationKind::Dmarc),
        ("_acme-challenge.www TXT x", ExpectationKind::AcmeChallenge),
        ("_x CNAME _y.z.acm-validations.aws", ExpectationKind::AcmValidation),
        ("@ TXT v=spf1 -all", ExpectationKind::Spf { include: None }),
        ("@ TXT hello", ExpectationKind::Record),
        ("www A 192.0.2.1", ExpectationKind::Record),
    ] {
        assert_eq!(parse_expectation(text, &domain()).unwrap().kind, kind, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn no_file_makes_it_panic(text in proptest::collection::vec(
        proptest::sample::select(b"nametypvlu,;\t\"\n\r .@\\A1()$".to_vec()), 0..60,
    )) {
        let _ = parse_records(&text, &domain());
        let _ = parse_records(&[b"Name,Type,Value\n", &text[..]].concat(), &domain());
    }

    #[test]
    fn no_entry_makes_it_panic(text in ".{0,60}") {
        let _ = parse_expectation(&text, &domain());
        let _ = ses(&domain(), &text, &name(SES_ZONE));
        let _ = dkim_key(&domain(), &text);
        let _ = acm(&domain(), &text);
        let _ = acme(&domain(), Some(&text), Some(&text));
        let _ = mail_from(&domain(), Some(&text));
    }
}
