//! What people give `verify`: each kind of input, what became of it before, and what becomes of it now.

use dnsonde::cli::verify::plan_of;

use super::{Files, run};
use Outcome::{Asks, Refused};

enum Outcome {
    /// The records that are asked for.
    Asks(&'static str),
    /// What is said, exit status 2. `FILE` stands for the file.
    Refused(&'static str),
}

/// Kind, arguments, before, now. Before, what is not refused was asked for.
const OPTIONS: &[(&str, &[&str], &str, Outcome)] = &[
    (
        "a name of another domain, without a final dot",
        &["example.test", "--expect", "www.other.test A 192.0.2.1"],
        "www.other.test.example.test. A 192.0.2.1",
        Refused(
            "--expect: 'www.other.test' is not at or below example.test: did you mean `verify other.test`? If not, write www.other.test.example.test",
        ),
    ),
    (
        "a name of another domain, complete",
        &["example.com", "--expect", "www.other.test. A 192.0.2.1"],
        "www.other.test. A 192.0.2.1",
        Refused(
            "--expect: 'www.other.test.' is not at or below example.com: did you mean `verify other.test`?",
        ),
    ),
    (
        "a name of another country's registry",
        &["example.com", "--expect", "www.other.co.uk A 192.0.2.1"],
        "www.other.co.uk.example.com. A 192.0.2.1",
        Refused(
            "--expect: 'www.other.co.uk' is not at or below example.com: did you mean `verify other.co.uk`? If not, write www.other.co.uk.example.com",
        ),
    ),
    (
        "a relative name with a dot",
        &["example.com", "--expect", "www.shop A 192.0.2.1"],
        "www.shop.example.com. A 192.0.2.1",
        Asks("www.shop.example.com. A 192.0.2.1"),
    ),
    (
        "a name above the domain",
        &["sub.example.com", "--expect", "www.example.com A 192.0.2.1"],
        "www.example.com.sub.example.com. A 192.0.2.1",
        Refused(
            "--expect: 'www.example.com' is not at or below sub.example.com: did you mean `verify example.com`? If not, write www.example.com.sub.example.com",
        ),
    ),
    (
        "a name relative to the zone above",
        &["sub.example.com", "--expect", "t1._domainkey.sub CNAME t1.dkim.example.net"],
        "t1._domainkey.sub.sub.example.com. CNAME t1.dkim.example.net.",
        Asks("t1._domainkey.sub.example.com. CNAME t1.dkim.example.net."),
    ),
    (
        "an owner in quotation marks",
        &["example.com", "--expect", "\"www.example.com\" A 192.0.2.1"],
        "\\\"www.example.com\\\".example.com. A 192.0.2.1",
        Asks("www.example.com. A 192.0.2.1"),
    ),
    (
        "an owner in typographic quotation marks",
        &["example.com", "--expect", "\u{201C}www\u{201D} A 192.0.2.1"],
        "--expect '\u{201C}www\u{201D} A 192.0.2.1', line 1, column 1: '\\226\\128\\156www\\226\\128\\157' is not ASCII: write the name in its xn-- form",
        Asks("www.example.com. A 192.0.2.1"),
    ),
    (
        "a value in typographic quotation marks",
        &["example.com", "--expect", "@ TXT \u{201C}v=spf1 -all\u{201D}"],
        "example.com. TXT \"\\226\\128\\156v=spf1 -all\\226\\128\\157\"",
        Refused(
            "--expect '@ TXT \u{201C}v=spf1 -all\u{201D}', column 7: the value has single or typographic quotation marks; write none, or plain ones (\"...\")",
        ),
    ),
    (
        "a mailbox as owner",
        &["example.com", "--expect", "user@example.com TXT x"],
        "user\\@example.com.example.com. TXT \"x\"",
        Refused(
            "--expect: 'user@example.com': an email address, or a user at a host; write only the part after the @: example.com",
        ),
    ),
    (
        "a URL as owner",
        &["example.com", "--expect", "https://www.example.com/ A 192.0.2.1"],
        "https://www.example.com/.example.com. A 192.0.2.1",
        Refused(
            "--expect: 'https://www.example.com/': a URL, not a name; write only its host: www.example.com",
        ),
    ),
    (
        "an owner with a port",
        &["example.com", "--expect", "www.example.com:443 A 192.0.2.1"],
        "www.example.com:443.example.com. A 192.0.2.1",
        Refused(
            "--expect: 'www.example.com:443': a name and a port; write only the name: www.example.com",
        ),
    ),
    (
        "an address as owner",
        &["example.com", "--expect", "192.0.2.1 PTR www.example.com"],
        "192.0.2.1.example.com. PTR www.example.com.",
        Refused(
            "--expect: '192.0.2.1': an IP address, not a name: use scan -t PTR or query -x for reverse lookups",
        ),
    ),
    (
        "letters of other scripts in owner and value",
        &["example.com", "--expect", "bücher CNAME bücher.example"],
        "--expect 'bücher CNAME bücher.example', line 1, column 1: 'b\\195\\188cher' is not ASCII: write the name in its xn-- form",
        Asks("xn--bcher-kva.example.com. CNAME xn--bcher-kva.example."),
    ),
    (
        "blanks of web pages",
        &["example.com", "--expect", "www\u{A0}A\u{A0}192.0.2.1"],
        "--expect 'www\u{A0}A\u{A0}192.0.2.1', line 1, column 1: 'www\\194\\160A\\194\\160192.0.2.1' is not ASCII: write the name in its xn-- form",
        Asks("www.example.com. A 192.0.2.1"),
    ),
    (
        "a mark of byte order in front",
        &["example.com", "--expect", "\u{FEFF}www A 192.0.2.1"],
        "--expect '\\u{feff}www A 192.0.2.1', line 1, column 1: '\\239\\187\\191www' is not ASCII: write the name in its xn-- form",
        Asks("www.example.com. A 192.0.2.1"),
    ),
    (
        "the type in front",
        &["example.com", "--expect", "CNAME www a.example.net"],
        "--expect 'CNAME www a.example.net', line 1, column 7: 'www' is not a record type",
        Refused("--expect: the type comes after the name: NAME TYPE VALUE"),
    ),
    (
        "a number as owner",
        &["example.com", "--expect", "10 A 192.0.2.1"],
        "10.example.com. A 192.0.2.1",
        Asks("10.example.com. A 192.0.2.1"),
    ),
    (
        "an owner in a tree of addresses",
        &["2.0.192.in-addr.arpa", "--expect", "1 PTR www.example.com"],
        "1.2.0.192.in-addr.arpa. PTR www.example.com.",
        Asks("1.2.0.192.in-addr.arpa. PTR www.example.com."),
    ),
    (
        "a MAIL FROM domain of another domain",
        &["example.test", "--mail-from", "mail.other.test"],
        "mail.other.test.example.test. MX; mail.other.test.example.test. TXT",
        Refused(
            "--mail-from: 'mail.other.test' is not at or below example.test: did you mean `verify other.test`? If not, write mail.other.test.example.test",
        ),
    ),
    (
        "a region for a MAIL FROM domain",
        &["example.com", "--mail-from", "eu-west-1"],
        "eu-west-1.example.com. MX; eu-west-1.example.com. TXT",
        Refused(
            "--mail-from: 'eu-west-1' is an AWS region, not a host name; write the MAIL FROM domain here, such as mail.example.com, and the region with --mail-from-region",
        ),
    ),
    (
        "a mailbox for a MAIL FROM domain",
        &["example.com", "--mail-from", "bounce@mail.example.com"],
        "--mail-from 'bounce@mail.example.com': an email address or a user at a host; write only what is behind the @: mail.example.com",
        Refused(
            "--mail-from: 'bounce@mail.example.com': an email address, or a user at a host; write only the part after the @: mail.example.com",
        ),
    ),
    (
        "half a region",
        &["example.com", "--mail-from", "mail", "--mail-from-region", "eu"],
        "mail.example.com. MX 10 feedback-smtp.eu.amazonses.com.; mail.example.com. TXT",
        Refused("--mail-from-region: 'eu' is not a region such as us-east-1"),
    ),
    (
        "a zone of availability",
        &["example.com", "--mail-from", "mail", "--mail-from-region", "eu-west-1a"],
        "mail.example.com. MX 10 feedback-smtp.eu-west-1a.amazonses.com.; mail.example.com. TXT",
        Refused("--mail-from-region: 'eu-west-1a' is not a region such as us-east-1"),
    ),
    (
        "a region as the target shows it",
        &[
            "example.com",
            "--mail-from",
            "mail",
            "--mail-from-region",
            "feedback-smtp.EU-west-1.amazonses.com.",
        ],
        "--mail-from-region 'feedback-smtp.EU-west-1.amazonses.com.', line 1, column 1: 'feedback-smtp.EU-west-1.amazonses.com.' is not a region such as us-east-1",
        Asks(
            "mail.example.com. MX 10 feedback-smtp.eu-west-1.amazonses.com.; mail.example.com. TXT",
        ),
    ),
    (
        "a selector with _domainkey",
        &["example.com", "--dkim", "s1._domainkey"],
        "s1._domainkey._domainkey.example.com. TXT",
        Asks("s1._domainkey.example.com. TXT"),
    ),
    (
        "the whole owner of a key",
        &["example.com", "--dkim", "s1._domainkey.example.com"],
        "s1._domainkey.example.com._domainkey.example.com. TXT",
        Asks("s1._domainkey.example.com. TXT"),
    ),
    (
        "the owner of a key, complete",
        &["example.com", "--dkim", "s1._domainkey.example.com."],
        "s1._domainkey.example.com._domainkey.example.com. TXT",
        Asks("s1._domainkey.example.com. TXT"),
    ),
    (
        "the owner of a key relative to the zone above",
        &["sub.example.com", "--dkim", "s1._domainkey.sub"],
        "s1._domainkey.sub._domainkey.sub.example.com. TXT",
        Asks("s1._domainkey.sub.example.com. TXT"),
    ),
    (
        "the owner of a key of another domain",
        &["example.com", "--dkim", "s1._domainkey.other.org"],
        "s1._domainkey.other.org._domainkey.example.com. TXT",
        Refused(
            "--dkim: 's1._domainkey.other.org' is not at or below example.com: did you mean `verify other.org`? If not, write s1._domainkey.other.org.example.com",
        ),
    ),
    (
        "a mailbox for a selector",
        &["example.com", "--dkim", "user@example.com"],
        "user\\@example.com._domainkey.example.com. TXT",
        Refused(
            "--dkim: 'user@example.com': an email address, or a user at a host; write only the part after the @: example.com",
        ),
    ),
    (
        "a selector and the domain",
        &["example.com", "--dkim", "s1.example.com"],
        "s1.example.com._domainkey.example.com. TXT",
        Asks("s1._domainkey.example.com. TXT"),
    ),
    (
        "a selector with a dot",
        &["example.com", "--dkim", "s1.mail"],
        "s1.mail._domainkey.example.com. TXT",
        Asks("s1.mail._domainkey.example.com. TXT"),
    ),
    (
        "a selector of digits",
        &["example.com", "--dkim", "20230601"],
        "20230601._domainkey.example.com. TXT",
        Asks("20230601._domainkey.example.com. TXT"),
    ),
    (
        "no selector in front",
        &["example.com", "--dkim", "_domainkey.example.com"],
        "_domainkey.example.com._domainkey.example.com. TXT",
        Refused(
            "--dkim: '_domainkey.example.com' has no selector: write the part before '._domainkey'",
        ),
    ),
    (
        "the domain for a selector",
        &["example.com", "--dkim", "example.com"],
        "example.com._domainkey.example.com. TXT",
        Refused("--dkim: 'example.com' has no selector: write the part before '._domainkey'"),
    ),
    (
        "--ses twice",
        &["example.com", "--ses", "t1,t2", "--ses", "t3"],
        "the argument '--ses <T1,T2,T3>' cannot be used multiple times",
        Asks(
            "t1._domainkey.example.com. CNAME t1.dkim.amazonses.com.; t2._domainkey.example.com. CNAME t2.dkim.amazonses.com.; t3._domainkey.example.com. CNAME t3.dkim.amazonses.com.",
        ),
    ),
    (
        "tokens with semicolons",
        &["example.com", "--ses", "t1;t2; t3"],
        "--ses 't1;t2; t3', line 1, column 1: 't1;t2; t3' is not an SES token: give the part in front of '._domainkey', letters and digits",
        Asks(
            "t1._domainkey.example.com. CNAME t1.dkim.amazonses.com.; t2._domainkey.example.com. CNAME t2.dkim.amazonses.com.; t3._domainkey.example.com. CNAME t3.dkim.amazonses.com.",
        ),
    ),
    (
        "tokens with blanks",
        &["example.com", "--ses", "t1 t2\tt3"],
        "--ses 't1 t2\\u{9}t3', line 1, column 1: 't1 t2\\009t3' is not an SES token: give the part in front of '._domainkey', letters and digits",
        Asks(
            "t1._domainkey.example.com. CNAME t1.dkim.amazonses.com.; t2._domainkey.example.com. CNAME t2.dkim.amazonses.com.; t3._domainkey.example.com. CNAME t3.dkim.amazonses.com.",
        ),
    ),
    (
        "whole owners for tokens",
        &["example.com", "--ses", "t1._domainkey.example.com t2._domainkey.example.com."],
        "--ses 't1._domainkey.example.com t2._domainkey.example.com.', line 1, column 1: 't1._domainkey.example.com t2._domainkey.example.com.' is not an SES token: give the part in front of '._domainkey', letters and digits",
        Asks(
            "t1._domainkey.example.com. CNAME t1.dkim.amazonses.com.; t2._domainkey.example.com. CNAME t2.dkim.amazonses.com.",
        ),
    ),
    (
        "owners of another domain for tokens",
        &["example.com", "--ses", "t1._domainkey.other.org,t2._domainkey.other.org"],
        "--ses 't1._domainkey.other.org,t2._domainkey.other.org', line 1, column 1: 't1._domainkey.other.org' is not an SES token: give the part in front of '._domainkey', letters and digits",
        Refused(
            "--ses: 't1._domainkey.other.org' is not at or below example.com: did you mean `verify other.org`? If not, write t1._domainkey.other.org.example.com",
        ),
    ),
    (
        "a region for the zone of SES",
        &["example.com", "--ses", "t1", "--ses-zone", "eu-west-1"],
        "t1._domainkey.example.com. CNAME t1.eu-west-1.",
        Refused("--ses-zone: 'eu-west-1' is an AWS region, not a domain name"),
    ),
    (
        "a target for the zone of SES",
        &["example.com", "--ses", "t1", "--ses-zone", "t1.dkim.eu-west-1.amazonses.com"],
        "t1._domainkey.example.com. CNAME t1.t1.dkim.eu-west-1.amazonses.com.",
        Asks("t1._domainkey.example.com. CNAME t1.dkim.eu-west-1.amazonses.com."),
    ),
    (
        "a validation record of another domain",
        &["example.com", "--acm", "_x.other.org. _y.z.acm-validations.aws."],
        "_x.other.org. CNAME _y.z.acm-validations.aws.",
        Refused(
            "--acm: '_x.other.org.' is not at or below example.com: did you mean `verify other.org`?",
        ),
    ),
    (
        "a validation record as a whole line",
        &["example.com", "--acm", "_x.example.com. CNAME _y.z.acm-validations.aws."],
        "_x.example.com. CNAME CNAME\\032_y.z.acm-validations.aws.",
        Asks("_x.example.com. CNAME _y.z.acm-validations.aws."),
    ),
    (
        "a target of validation alone",
        &["example.com", "--acm", "_y.z.acm-validations.aws."],
        "--acm '_y.z.acm-validations.aws.' is not a name and a target",
        Refused("--acm: '_y.z.acm-validations.aws.' is not a name and a target"),
    ),
    (
        "a URL for an authority",
        &["example.com", "--issuer", "https://letsencrypt.org/"],
        "--issuer 'https://letsencrypt.org/', line 1, column 1: 'https://letsencrypt.org/' is not the domain name of a certificate authority, such as letsencrypt.org",
        Refused(
            "--issuer: 'https://letsencrypt.org/': a URL, not a name; write only its host: letsencrypt.org",
        ),
    ),
    (
        "an authority with a final dot",
        &["example.com", "--issuer", "letsencrypt.org."],
        "--issuer 'letsencrypt.org.', line 1, column 1: 'letsencrypt.org.' is not the domain name of a certificate authority, such as letsencrypt.org",
        Asks("_acme-challenge.example.com. TXT; example.com. CAA"),
    ),
    (
        "the name of a company for an authority",
        &["example.com", "--issuer", "letsencrypt"],
        "_acme-challenge.example.com. TXT; example.com. CAA",
        Refused(
            "--issuer: 'letsencrypt' is not the domain name of a certificate authority, such as letsencrypt.org",
        ),
    ),
    (
        "a region for the domain",
        &["eu-west-1", "--dmarc"],
        "_dmarc.eu-west-1. TXT",
        Refused("the domain: 'eu-west-1' is an AWS region, not a domain name"),
    ),
    (
        "a single label for the domain",
        &["example", "--dmarc"],
        "_dmarc.example. TXT",
        Refused(
            "the domain: 'example' has no dot: write the whole name, or 'example.' for a top-level domain",
        ),
    ),
    (
        "a top-level domain that is meant",
        &["example.", "--dmarc"],
        "_dmarc.example. TXT",
        Asks("_dmarc.example. TXT"),
    ),
    (
        "a URL for the domain",
        &["https://example.com/path", "--dmarc"],
        "the domain 'https://example.com/path': a URL, not a name; write only its host: example.com",
        Refused(
            "the domain: 'https://example.com/path': a URL, not a name; write only its host: example.com",
        ),
    ),
    (
        "a mailbox for the domain",
        &["user@example.com", "--dmarc"],
        "the domain 'user@example.com': an email address or a user at a host; write only what is behind the @: example.com",
        Refused(
            "the domain: 'user@example.com': an email address, or a user at a host; write only the part after the @: example.com",
        ),
    ),
    (
        "a domain with a port",
        &["example.com:443", "--dmarc"],
        "the domain 'example.com:443': a name and a port; write only the name: example.com",
        Refused(
            "the domain: 'example.com:443': a name and a port; write only the name: example.com",
        ),
    ),
    (
        "an address for the domain",
        &["192.0.2.1", "--dmarc"],
        "the domain '192.0.2.1': an IP address, not a name: scan -t PTR and query -x look up the name of an address",
        Refused(
            "the domain: '192.0.2.1': an IP address, not a name: use scan -t PTR or query -x for reverse lookups",
        ),
    ),
    (
        "a domain with blanks around it",
        &[" example.com ", "--dmarc"],
        "_dmarc.example.com. TXT",
        Asks("_dmarc.example.com. TXT"),
    ),
    (
        "a domain in typographic quotation marks",
        &["\u{201C}example.com\u{201D}", "--dmarc"],
        "_dmarc.xn--example-v36c.xn--com-9o0a. TXT",
        Asks("_dmarc.example.com. TXT"),
    ),
    (
        "a domain in another script",
        &["bücher.example", "--dmarc"],
        "_dmarc.xn--bcher-kva.example. TXT",
        Asks("_dmarc.xn--bcher-kva.example. TXT"),
    ),
    (
        "a wildcard for the domain",
        &["*.example.com", "--dmarc", "--dkim", "s1"],
        "s1._domainkey.*.example.com. TXT; _dmarc.*.example.com. TXT",
        Asks("s1._domainkey.example.com. TXT; _dmarc.example.com. TXT"),
    ),
];

/// Kind, domain, content of the file, before, now.
const FILES: &[(&str, &str, &[u8], &str, Outcome)] = &[
    ("a table of another domain", "example.com", b"Type,Name,Value\nCNAME,t1._domainkey.other.org,t1.dkim.amazonses.com\nCNAME,t2._domainkey.other.org,t2.dkim.amazonses.com\n", "t1._domainkey.other.org.example.com. CNAME t1.dkim.amazonses.com.; t2._domainkey.other.org.example.com. CNAME t2.dkim.amazonses.com.", Refused("FILE, line 2, column 7: 't1._domainkey.other.org' is not at or below example.com, nor is one other name: did you mean `verify other.org`? If not, write t1._domainkey.other.org.example.com")),
    ("a table of another domain whose names could be relative", "example.com", b"Type,Name,Value\nCNAME,t1._domainkey.other.dev,t1.dkim.amazonses.com\nCNAME,t2._domainkey.other.dev,t2.dkim.amazonses.com\n", "t1._domainkey.other.dev.example.com. CNAME t1.dkim.amazonses.com.; t2._domainkey.other.dev.example.com. CNAME t2.dkim.amazonses.com.", Refused("FILE, line 2, column 7: 't1._domainkey.other.dev' is not at or below example.com, nor is one other name: did you mean `verify other.dev`? If not, write t1._domainkey.other.dev.example.com")),
    ("a table relative to the zone above", "sub.example.com", b"Type,Host,Value\nCNAME,t1._domainkey.sub,t1.dkim.amazonses.com\nTXT,_dmarc.sub,v=DMARC1; p=none\n", "t1._domainkey.sub.sub.example.com. CNAME t1.dkim.amazonses.com.; _dmarc.sub.sub.example.com. TXT \"v=DMARC1; p=none\"", Asks("t1._domainkey.sub.example.com. CNAME t1.dkim.amazonses.com.; _dmarc.sub.example.com. TXT \"v=DMARC1; p=none\"")),
    ("the zone above in such a table", "sub.example.com", b"Type,Host,Value\nCNAME,t1._domainkey.sub,t1.dkim.amazonses.com\nTXT,@,v=spf1 -all\n", "t1._domainkey.sub.sub.example.com. CNAME t1.dkim.amazonses.com.; sub.example.com. TXT \"v=spf1 -all\"", Refused("FILE, line 3, column 5: 'example.com' is not at or below sub.example.com: did you mean `verify example.com`?")),
    ("an at sign and an empty host", "example.com", b"Type,Host,Value\nTXT,@,v=spf1 -all\nA,,192.0.2.1\n", "FILE: line 3, column 3: the row has no name", Asks("example.com. TXT \"v=spf1 -all\"; example.com. A 192.0.2.1")),
    ("UTF-16", "example.com", b"\xff\xfeN\x00a\x00m\x00e\x00,\x00T\x00y\x00p\x00e\x00,\x00V\x00a\x00l\x00u\x00e\x00\n\x00w\x00w\x00w\x00,\x00A\x00,\x001\x009\x002\x00.\x000\x00.\x002\x00.\x001\x00\n\x00", "FILE: line 2, column 9: unknown record type '\\000A\\000'; line 3, column 1: the row has no type", Asks("www.example.com. A 192.0.2.1")),
    ("UTF-8 with its mark, as a zone file", "example.com", b"\xef\xbb\xbfwww A 192.0.2.1\n", "www.example.com. A 192.0.2.1", Asks("www.example.com. A 192.0.2.1")),
    ("a table as Excel marks it", "example.com", b"sep=;\r\nName;Type;Value\r\nwww;A;192.0.2.1\r\n", "FILE: line 1, column 7: the entry ends where a record type is expected; line 2, column 17: the entry ends where a record type is expected; line 3, column 17: the entry ends where a record type is expected", Asks("www.example.com. A 192.0.2.1")),
    ("heads of other words", "example.com", b"Host Name,TTL,Record Type,Points To,Priority\nwww,300,A,192.0.2.1,\n", "www.example.com. A 192.0.2.1", Asks("www.example.com. A 192.0.2.1")),
    ("heads that nobody knows", "example.com", b"Nom,Genre,Valeur\nwww,A,192.0.2.1\n", "FILE: line 1, column 17: the entry ends where a record type should be; line 2, column 16: the entry ends where a record type should be", Refused("FILE, line 1, column 1: the first row has no column for the name, the type or the value, only 'Nom', 'Genre', 'Valeur'")),
    ("a column too few", "example.com", b"Type,Name,Wert\nA,www,192.0.2.1\n", "FILE: line 1, column 15: the entry ends where a record type should be; line 2, column 16: the entry ends where a record type should be", Refused("FILE, line 1, column 1: the first row has no column for the value (Value, Content, Data, Target), only 'Type', 'Name', 'Wert'")),
    ("a priority in both columns", "example.com", b"Name,Type,Priority,Value\n@,MX,10,10 mx.example.net\n", "FILE: line 2, column 12: unexpected 'mx.example.net' after the last field", Asks("example.com. MX 10 mx.example.net.")),
    ("two priorities", "example.com", b"Name,Type,Priority,Value\n@,MX,10,20 mx.example.net\n", "FILE: line 2, column 12: 'mx.example.net' is left over behind the last field", Refused("FILE, line 2, column 9: the priority is 10 in its own column and 20 in the value")),
    ("JSON", "example.com", b"{\"ResourceRecordSets\": [{\"Name\": \"www.example.com.\", \"Type\": \"A\"}]}\n", "FILE: line 1, column 2: text runs into a quotation mark; strings have a space between them", Refused("FILE, line 1, column 1: the file is JSON, which is not supported")),
    ("a page", "example.com", b"<!doctype html><p>www A 192.0.2.1\n", "FILE: line 1, column 11: expected a TTL, a class or a record type, found 'html><p>www'", Refused("FILE, line 1, column 1: the file is HTML or XML, which is not supported")),
    ("an archive", "example.com", b"PK\x03\x04\x14\x00\x00\x00\x08\x00", "FILE: line 1, column 11: the entry ends where a record type should be", Refused("FILE: is compressed with zip, which is not supported")),
    ("a zone of another domain", "example.com", b"$ORIGIN other.org.\n@ TXT a\nwww A 192.0.2.1\n", "other.org. TXT \"a\"; www.other.org. A 192.0.2.1", Refused("FILE, line 2, column 1: 'other.org.' is not at or below example.com, nor is one other name: did you mean `verify other.org`?")),
    ("a zone without final dots", "example.com", b"www.example.com A 192.0.2.1\nftp.example.com A 192.0.2.2\n", "www.example.com.example.com. A 192.0.2.1; ftp.example.com.example.com. A 192.0.2.2", Refused("FILE, line 1, column 1: 'www.example.com' has no final dot, so it is www.example.com.example.com in a zone file (and so is one other name); write 'www.example.com.' if the name is complete")),
    ("a target without a final dot", "example.com", b"t1._domainkey CNAME t1.dkim.amazonses.com\n", "t1._domainkey.example.com. CNAME t1.dkim.amazonses.com.example.com.", Refused("FILE, line 1, column 1: 't1.dkim.amazonses.com' has no final dot, so it is t1.dkim.amazonses.com.example.com in a zone file; write 't1.dkim.amazonses.com.' if the name is complete")),
    ("a target in the zone", "example.com", b"www CNAME web.internal\n", "www.example.com. CNAME web.internal.example.com.", Asks("www.example.com. CNAME web.internal.example.com.")),
    ("a zone relative to the zone above", "sub.example.com", b"t1._domainkey.sub CNAME t1.dkim.amazonses.com.\nsub TXT a\n", "t1._domainkey.sub.sub.example.com. CNAME t1.dkim.amazonses.com.; sub.sub.example.com. TXT \"a\"", Asks("t1._domainkey.sub.example.com. CNAME t1.dkim.amazonses.com.; sub.example.com. TXT \"a\"")),
];

#[track_caller]
fn check(kind: &str, words: &[&str], file: Option<&str>, outcome: &Outcome) {
    match outcome {
        Asks(records) => {
            let plan = plan_of([words, &["--no-resolver"]].concat());
            let plan = plan.unwrap_or_else(|why| panic!("{kind}: {why}"));
            let asked: Vec<String> = plan.expectations.iter().map(ToString::to_string).collect();
            assert_eq!(asked.join("; "), *records, "{kind}");
        }
        Refused(sentence) => {
            let run = run(&[&["verify"], words].concat());
            run.assert_code(2);
            assert_eq!(run.stdout, "", "{kind}");
            let said = run.stderr.lines().next().unwrap_or_default();
            let sentence = sentence.replace("FILE", file.unwrap_or("FILE"));
            assert_eq!(said, format!("dnsonde: {sentence}"), "{kind}");
        }
    }
}

#[test]
fn options_ask_for_what_they_mean_or_say_what_is_wrong() {
    for (kind, words, before, now) in OPTIONS {
        assert!(!before.is_empty());
        check(kind, words, None, now);
    }
}

#[test]
fn files_of_records_ask_for_what_they_mean_or_say_what_is_wrong() {
    let files = Files::new();
    for (kind, domain, content, before, now) in FILES {
        assert!(!before.is_empty());
        let file = files.write("records.csv", content);
        check(kind, &[domain, "--records", &file], Some(&file), now);
    }
}
