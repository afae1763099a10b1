use super::DmarcPolicy as D;
use super::DmarcProblem as P;
use super::*;

#[test]
fn well_formed_policies_are_read() {
    for (text, policy) in [
        ("v=DMARC1; p=none", D::None),
        ("v=DMARC1;p=Quarantine;", D::Quarantine),
        (
            "v = DMARC1 ; p=reject; sp=none; adkim=s; aspf=R; pct=50; ri=86400; fo=1:d:s; \
             rua=mailto:a@example.org!10m, mailto:b@example.net; ruf=https://example.org/x; x=1",
            D::Reject,
        ),
    ] {
        assert_eq!(check_dmarc(text.as_bytes()), Ok(Dmarc { policy }), "{text}");
    }
}

#[test]
fn mistakes_are_named() {
    for text in
        ["", "p=none", "p=none; v=DMARC1", "v=DMARC2; p=none", "v=dmarc1; p=none", "v=DMARC1x"]
    {
        assert_eq!(check_dmarc(text.as_bytes()), Err(P::Version), "{text}");
    }
    assert_eq!(check_dmarc(b"v=DMARC1 p=none"), Err(P::Semicolon));
    assert_eq!(check_dmarc(b"v=DMARC1; rua=mailto:a@example.org"), Err(P::NoPolicy));
    assert!(matches!(check_dmarc(b"v=DMARC1; p none"), Err(P::Syntax(_))));
    assert!(matches!(check_dmarc(b"v=DMARC1; p=none; p=reject"), Err(P::Syntax(_))));
    for (text, expected) in [
        ("p=noen", "p"),
        ("p=", "p"),
        ("p=none; sp=all", "sp"),
        ("p=none; adkim=strict", "adkim"),
        ("p=none; aspf=", "aspf"),
        ("p=none; pct=101", "pct"),
        ("p=none; pct=+5", "pct"),
        ("p=none; ri=day", "ri"),
        ("p=none; fo=2", "fo"),
        ("p=none; rua=reports@example.org", "rua"),
        ("p=none; rua=mailto:reports", "rua"),
        ("p=none; rua=mailto:a@example.org;ruf=mailto:a@example.org,", "ruf"),
        ("p=none; rua=mailto:a@example.org!x", "rua"),
        ("p=none; rua=mailto:a@example.org mailto:b@example.org", "rua"),
    ] {
        let found = check_dmarc(format!("v=DMARC1; {text}").as_bytes());
        let tag = match found {
            Err(P::Value { tag, .. }) => Some(tag),
            _ => None,
        };
        assert_eq!(tag, Some(expected), "{text}");
    }
}
