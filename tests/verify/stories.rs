//! The stories that people tell of verifications that were stuck, kind by kind: several inputs of
//! each, and next to each kind what looks like it and is healthy.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use dnsonde::judge::finding::Finding;
use dnsonde::judge::severity::Severity;
use dnsonde::playground::Scenario;
use dnsonde::verify::{Verdict, VerifyReport};

use crate::harness::examine;

use Verdict::{Pending, Verified};

/// One story.
struct Story {
    /// The kind: stories of one kind have one cause.
    kind: &'static str,
    name: &'static str,
    /// Words of the command line behind the domain.
    args: &'static [&'static str],
    /// Records of example.com beside those that it has anyway.
    records: &'static str,
    /// More of the scenario file.
    world: &'static str,
    verdict: Verdict,
    /// The first finding above `notice`; "" for none.
    first: &'static str,
    /// What its advice must say, and what it must not.
    says: &'static [&'static str],
    never: &'static [&'static str],
}

const STORY: Story = Story {
    kind: "",
    name: "",
    args: &[],
    records: "",
    world: "",
    verdict: Pending,
    first: "",
    says: &[],
    never: &[],
};

impl Story {
    fn scenario(&self) -> Arc<Scenario> {
        let args: Vec<String> = self.args.iter().map(|word| format!("{word:?}")).collect();
        let records = match self.records {
            "" => String::new(),
            records => format!("[[zone]]\nname = \"example.com\"\nadd = '''\n{records}\n'''\n"),
        };
        let text = format!(
            "base = \"ses\"\ntitle = \"{}\"\nstory = \"None.\"\n[verify]\nargs = [\"example.com\", {}]\n\
             [expect]\nverdict = \"verified\"\n{records}{}",
            self.name,
            args.join(", "),
            self.world
        );
        let scenario = Scenario::from_toml(self.name, &text);
        Arc::new(scenario.unwrap_or_else(|error| panic!("{}: {error}", self.name)))
    }

    /// What a report says that this story must not end in.
    fn wrong(&self, report: &VerifyReport) -> Vec<String> {
        let mut wrong = Vec::new();
        let first = first(report);
        let id = first.map_or("", |finding| finding.id.as_str());
        if (report.verdict, id) != (self.verdict, self.first) {
            let all: Vec<&str> = report.findings.iter().map(|it| it.id.as_str()).collect();
            wrong.push(format!("{} {id:?} of {all:?}", report.verdict.as_str()));
        }
        let advice = first.map_or("", |finding| finding.advice.as_str());
        for part in self.says.iter().filter(|part| !advice.contains(**part)) {
            wrong.push(format!("no {part:?} in {advice:?}"));
        }
        for part in self.never.iter().filter(|part| advice.contains(**part)) {
            wrong.push(format!("{part:?} in {advice:?}"));
        }
        wrong
    }
}

fn first(report: &VerifyReport) -> Option<&Finding> {
    report.findings.iter().find(|finding| finding.severity > Severity::Notice)
}

const SITE: &str = "@ TXT google-site-verification=rXOxyZounnZasA8Z7oaD3c14JdjS9aKSWvsR1EbUSIQ";

const STORIES: &[Story] = &[
    Story {
        kind: "a text beside others",
        name: "a site token beside an SPF policy",
        args: &["--expect", SITE],
        records: "@ TXT \"v=spf1 include:_spf.example.net ~all\"",
        first: "record-missing",
        says: &[
            "leave the other TXT records",
            "v=spf1 include:_spf.example.net ~all",
            "beside them",
        ],
        never: &["correct"],
        ..STORY
    },
    Story {
        kind: "a text beside others",
        name: "a token beside one of the same service for another account",
        args: &["--expect", "@ TXT MS=ms12345678"],
        records: "@ TXT MS=ms87650321\n@ TXT \"v=spf1 -all\"",
        first: "record-missing",
        says: &["leave the other TXT records"],
        never: &["correct"],
        ..STORY
    },
    Story {
        kind: "a text beside others",
        name: "a second ACME value beside the first",
        args: &["--expect", "_acme-challenge TXT LHDhK3oGRvkiefQnx7OOczTY5Tic_xZ6HcMOc_gmtoM"],
        records: "_acme-challenge TXT 9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI",
        first: "record-missing",
        says: &["leave the other TXT records", "beside them"],
        never: &["correct"],
        ..STORY
    },
    Story {
        kind: "a text beside others",
        name: "a token under the doubled name, while the domain has others",
        args: &["--expect", "@ TXT apple-domain=NzXTTIK58gOBLaAe"],
        records: "@ TXT \"v=spf1 -all\"\nexample.com TXT apple-domain=NzXTTIK58gOBLaAe",
        first: "owner-doubled",
        ..STORY
    },
    Story {
        kind: "a text beside others",
        name: "a token at www, while the domain has others",
        args: &["--expect", "@ TXT stripe-verification=96b4f1e2d39a"],
        records: "@ TXT \"v=spf1 -all\"\nblog TXT hello",
        world: "[[zone]]\nname = \"example.com\"\nremove = \"www\"\n\
                add = \"www TXT stripe-verification=96b4f1e2d39a\"\n",
        first: "owner-mistyped",
        ..STORY
    },
    Story {
        kind: "a text beside others",
        name: "of two texts one is meant and mistyped",
        args: &["--expect", "@ TXT MS=ms12345678"],
        records: "@ TXT \"v=spf1 -all\"\n@ TXT MS=ms12345679",
        first: "value-differs",
        says: &["MS=ms12345679", "leave the others"],
        never: &["spf1"],
        ..STORY
    },
    Story {
        kind: "a text beside others",
        name: "healthy: a site token beside others",
        args: &["--expect", SITE],
        records: "@ TXT \"v=spf1 -all\"\n@ TXT MS=ms12345678\n\
                  @ TXT google-site-verification=rXOxyZounnZasA8Z7oaD3c14JdjS9aKSWvsR1EbUSIQ",
        verdict: Verified,
        ..STORY
    },
    Story {
        kind: "there and broken",
        name: "a DMARC policy without its semicolon",
        args: &["--dmarc"],
        records: "_dmarc TXT \"v=DMARC1 p=none\"",
        first: "value-invalid",
        never: &["add"],
        ..STORY
    },
    Story {
        kind: "there and broken",
        name: "a line of a zone file as the value",
        args: &["--expect", "@ TXT MS=ms12345678"],
        records: "@ TXT \"example.com. 3600 IN TXT MS=ms12345678\"",
        first: "value-invalid",
        says: &["do not add a second one"],
        ..STORY
    },
    Story {
        kind: "there and broken",
        name: "a whole DMARC line as the value",
        args: &["--dmarc"],
        records: "_dmarc TXT \"_dmarc.example.com. IN TXT v=DMARC1; p=none\"",
        first: "value-invalid",
        never: &["add"],
        ..STORY
    },
    Story {
        kind: "there and broken",
        name: "a DMARC policy that lost its first characters",
        args: &["--dmarc"],
        records: "_dmarc TXT \"DMARC1; p=reject\"",
        first: "value-invalid",
        never: &["add"],
        ..STORY
    },
    Story {
        kind: "there and broken",
        name: "a DKIM key without the name of its version",
        args: &["--dkim", "mail"],
        records: "mail._domainkey TXT \"DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"",
        first: "dkim-key-invalid",
        never: &["add"],
        ..STORY
    },
    Story {
        kind: "there and broken",
        name: "an SPF policy without the blank behind its version",
        args: &["--expect", "@ TXT \"v=spf1 include:_spf.example.net ~all\""],
        records: "@ TXT \"v=spf1include:_spf.example.net ~all\"",
        first: "value-whitespace",
        never: &["add"],
        ..STORY
    },
    Story {
        kind: "there and broken",
        name: "healthy: a sound DMARC policy beside a broken one, which receivers skip",
        args: &["--dmarc"],
        records: "_dmarc TXT \"v=DMARC1; p=none\"\n_dmarc TXT \"v=DMARC1 p=none\"",
        verdict: Verified,
        ..STORY
    },
    Story {
        kind: "a DKIM key in pieces",
        name: "a key cut after 255 characters",
        args: &["--dkim", "mail"],
        records: "mail._domainkey TXT \"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnDgvJX4NOJk9XtP9c930coE3Nu5foBL6RCpz9cI3pf3vkPG7e8riD/+0/eh9MSxvt8+TZrEHWMLCvFanLYfMg+j87sftVrI8zhv2ejZ2YWI1P6nj3D31US4s8NkEYsvJr0/njuuPogPoZKKdOe1qPBGYBQammaJL+wbCBedY9hlJwGCjbMMTjJPGTdzZXAjdI\"",
        first: "value-truncated",
        never: &["ASN.1"],
        ..STORY
    },
    Story {
        kind: "a DKIM key in pieces",
        name: "a key cut after 254 characters",
        args: &["--dkim", "mail"],
        records: "mail._domainkey TXT \"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnDgvJX4NOJk9XtP9c930coE3Nu5foBL6RCpz9cI3pf3vkPG7e8riD/+0/eh9MSxvt8+TZrEHWMLCvFanLYfMg+j87sftVrI8zhv2ejZ2YWI1P6nj3D31US4s8NkEYsvJr0/njuuPogPoZKKdOe1qPBGYBQammaJL+wbCBedY9hlJwGCjbMMTjJPGTdzZXAjd\"",
        first: "value-truncated",
        never: &["ASN.1"],
        ..STORY
    },
    Story {
        kind: "a DKIM key in pieces",
        name: "a key cut after 256 characters",
        args: &["--dkim", "mail"],
        records: "mail._domainkey TXT \"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnDgvJX4NOJk9XtP9c930coE3Nu5foBL6RCpz9cI3pf3vkPG7e8riD/+0/eh9MSxvt8+TZrEHWMLCvFanLYfMg+j87sftVrI8zhv2ejZ2YWI1P6nj3D31US4s8NkEYsvJr0/njuuPogPoZKKdOe1qPBGYBQammaJL+wbCBedY9hlJwGCjbMMTjJPGTdzZXAjdI\" \"E\"",
        first: "value-truncated",
        never: &["ASN.1"],
        ..STORY
    },
    Story {
        kind: "a DKIM key in pieces",
        name: "a key in two records",
        args: &["--dkim", "mail"],
        records: "mail._domainkey TXT \"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnDgvJX4NOJk9XtP9c930coE3Nu5foBL6RCpz9cI3pf3vkPG7e8riD/+0/eh9MSxvt8+TZrEHWMLCvFanLYfMg+j87sftVrI8zhv2ejZ2YWI1P6nj3D31US4s8NkEYsvJr0/njuuPogPoZKKdOe1qPBGYBQammaJL+wbCBedY9hlJwGCjbMMTjJPGTdzZXAjdI\"\nmail._domainkey TXT \"Ev9paDUca/zLN3Wp3Y9QkFgurv0IRk5T7lHQf9srxWGD1iYse90gKm9aZ6adzompkgdtzLjYynJB2k2usN64jIMnoQ6nnnIw/P+iFM4eLnesodTi2hTV0NnrgrAVKrA7jv/r6iusQ+dA7IJaNS8sQIDAQAB\"",
        first: "key-split-over-records",
        ..STORY
    },
    Story {
        kind: "a DKIM key in pieces",
        name: "a key in two records, cut elsewhere",
        args: &["--dkim", "mail"],
        records: "mail._domainkey TXT \"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnDgvJX4NOJk9XtP9c930coE3Nu5foBL6RCpz9c\"\nmail._domainkey TXT \"I3pf3vkPG7e8riD/+0/eh9MSxvt8+TZrEHWMLCvFanLYfMg+j87sftVrI8zhv2ejZ2YWI1P6nj3D31US4s8NkEYsvJr0/njuuPogPoZKKdOe1qPBGYBQammaJL+wbCBedY9hlJwGCjbMMTjJPGTdzZXAjdIEv9paDUca/zLN3Wp3Y9QkFgurv0IRk5T7lHQf9srxWGD1iYse90gKm9aZ6adzompkgdtzLjYynJB2k2usN64jIMnoQ6nnnIw/P+i\" \"FM4eLnesodTi2hTV0NnrgrAVKrA7jv/r6iusQ+dA7IJaNS8sQIDAQAB\"",
        first: "key-split-over-records",
        ..STORY
    },
    Story {
        kind: "a DKIM key in pieces",
        name: "a key in three records",
        args: &["--dkim", "mail"],
        records: "mail._domainkey TXT \"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnDgvJX4NOJk9XtP9c930coE3Nu5foBL6RCpz9cI3pf3vkPG7e8riD/+0/eh9MSxvt8+TZrEHWMLCvFanLYfMg+j8\"\nmail._domainkey TXT \"7sftVrI8zhv2ejZ2YWI1P6nj3D31US4s8NkEYsvJr0/njuuPogPoZKKdOe1qPBGYBQammaJL+wbCBedY9hlJwGCjbMMTjJPGTdzZXAjdIEv9paDUca/zLN3Wp3Y9QkFgurv0IRk5T7lHQf9srxWGD1\"\nmail._domainkey TXT \"iYse90gKm9aZ6adzompkgdtzLjYynJB2k2usN64jIMnoQ6nnnIw/P+iFM4eLnesodTi2hTV0NnrgrAVKrA7jv/r6iusQ+dA7IJaNS8sQIDAQAB\"",
        first: "key-split-over-records",
        ..STORY
    },
    Story {
        kind: "a DKIM key in pieces",
        name: "a key in two records, the version in one of its own",
        args: &["--dkim", "mail"],
        records: "mail._domainkey TXT \"v=DKIM1; k=rsa; \"\nmail._domainkey TXT \"p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnDgvJX4NOJk9XtP9c930coE3Nu5foBL6RCpz9cI3pf3vkPG7e8riD/+0/eh9MSxvt8+TZrEHWMLCvFanLYfMg+j87sftVrI8zhv2ejZ2YWI1P6nj3D31US4s8NkEYsvJr0/njuuPogPoZKKdOe1qPBGYBQammaJL+wbCBedY9hlJwGCjbMMTjJPGTdzZXAjdIEv9paDUca/zLN3Wp\" \"3Y9QkFgurv0IRk5T7lHQf9srxWGD1iYse90gKm9aZ6adzompkgdtzLjYynJB2k2usN64jIMnoQ6nnnIw/P+iFM4eLnesodTi2hTV0NnrgrAVKrA7jv/r6iusQ+dA7IJaNS8sQIDAQAB\"",
        first: "records-multiple",
        ..STORY
    },
    Story {
        kind: "a DKIM key in pieces",
        name: "healthy: a key of two strings in one record",
        args: &["--dkim", "mail"],
        records: "mail._domainkey TXT \"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnDgvJX4NOJk9XtP9c930coE3Nu5foBL6RCpz9cI3pf3vkPG7e8riD/+0/eh9MSxvt8+TZrEHWMLCvFanLYfMg+j87sftVrI8zhv2ejZ2YWI1P6nj3D31US4s8NkEYsvJr0/njuuPogPoZKKdOe1qPBGYBQammaJL+wbCBedY9hlJwGCjbMMTjJPGTdzZXAjdI\" \"Ev9paDUca/zLN3Wp3Y9QkFgurv0IRk5T7lHQf9srxWGD1iYse90gKm9aZ6adzompkgdtzLjYynJB2k2usN64jIMnoQ6nnnIw/P+iFM4eLnesodTi2hTV0NnrgrAVKrA7jv/r6iusQ+dA7IJaNS8sQIDAQAB\"",
        verdict: Verified,
        ..STORY
    },
    Story {
        kind: "a service that has not published its part",
        name: "selector1 leads to what is not there yet",
        args: &[
            "--expect",
            "selector1._domainkey CNAME selector1-example-com._domainkey.tenant.amazonses.com.",
        ],
        records: "selector1._domainkey CNAME selector1-example-com._domainkey.tenant.amazonses.com.",
        first: "target-not-published-yet",
        says: &["change nothing in the DNS"],
        ..STORY
    },
    Story {
        kind: "a service that has not published its part",
        name: "selector2 leads to what is not there yet",
        args: &[
            "--expect",
            "selector2._domainkey CNAME selector2-example-com._domainkey.t2.amazonses.com.",
        ],
        records: "selector2._domainkey CNAME selector2-example-com._domainkey.t2.amazonses.com.",
        first: "target-not-published-yet",
        says: &["change nothing in the DNS"],
        ..STORY
    },
    Story {
        kind: "a service that has not published its part",
        name: "k1 leads to what is not there yet",
        args: &["--expect", "k1._domainkey CNAME dkim.k1.amazonses.com."],
        records: "k1._domainkey CNAME dkim.k1.amazonses.com.",
        first: "target-not-published-yet",
        says: &["change nothing in the DNS"],
        ..STORY
    },
    Story {
        kind: "a service that has not published its part",
        name: "s1 leads to what is not there yet",
        args: &["--expect", "s1._domainkey CNAME s1.domainkey.u123.wl.amazonses.com."],
        records: "s1._domainkey CNAME s1.domainkey.u123.wl.amazonses.com.",
        first: "target-not-published-yet",
        says: &["change nothing in the DNS"],
        ..STORY
    },
    Story {
        kind: "a service that has not published its part",
        name: "healthy: the key is there",
        args: &["--expect", "k1._domainkey CNAME key.amazonses.com."],
        records: "k1._domainkey CNAME key.amazonses.com.",
        world: "[[zone]]\nname = \"amazonses.com\"\nadd = \"key TXT \\\"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\\\"\"\n",
        verdict: Verified,
        ..STORY
    },
    Story {
        kind: "a wildcard in the way",
        name: "an alias over a challenge",
        args: &["--expect", "_acme-challenge TXT abc"],
        records: "* CNAME landing.amazonses.com.",
        world: "[[zone]]\nname = \"amazonses.com\"\nadd = \"landing A 192.0.2.1\\nwww A 192.0.2.2\"\n",
        first: "wildcard-match",
        says: &["add it at the DNS provider of example.com"],
        never: &["landing", "www.amazonses"],
        ..STORY
    },
    Story {
        kind: "a wildcard in the way",
        name: "an alias over a policy",
        args: &["--dmarc"],
        records: "* CNAME landing.amazonses.com.",
        world: "[[zone]]\nname = \"amazonses.com\"\nadd = \"landing A 192.0.2.1\\nwww A 192.0.2.2\"\n",
        first: "wildcard-match",
        says: &["add it at the DNS provider of example.com"],
        never: &["landing", "www.amazonses"],
        ..STORY
    },
    Story {
        kind: "a wildcard in the way",
        name: "an alias over a selector",
        args: &["--expect", "mail._domainkey TXT v=DKIM1;p="],
        records: "*._domainkey CNAME www.amazonses.com.",
        world: "[[zone]]\nname = \"amazonses.com\"\nadd = \"landing A 192.0.2.1\\nwww A 192.0.2.2\"\n",
        first: "wildcard-match",
        says: &["add it at the DNS provider of example.com"],
        never: &["landing", "www.amazonses"],
        ..STORY
    },
    Story {
        kind: "a wildcard in the way",
        name: "an alias over a MAIL FROM name",
        args: &["--expect", "bounce TXT \"v=spf1 include:amazonses.com ~all\""],
        records: "* CNAME landing.amazonses.com.",
        world: "[[zone]]\nname = \"amazonses.com\"\nadd = \"landing A 192.0.2.1\\nwww A 192.0.2.2\"\n",
        first: "wildcard-match",
        says: &["add it at the DNS provider of example.com"],
        never: &["landing", "www.amazonses"],
        ..STORY
    },
    Story {
        kind: "a wildcard in the way",
        name: "healthy: an explicit record below a wildcard alias",
        args: &["--expect", "_acme-challenge TXT abc"],
        records: "* CNAME landing.amazonses.com.\n_acme-challenge TXT abc",
        verdict: Verified,
        ..STORY
    },
    Story {
        kind: "only CAA fails",
        name: "servfail for CAA",
        args: &["--expect", "_acme-challenge TXT abc", "--issuer", "letsencrypt.org"],
        records: "_acme-challenge TXT abc",
        world: "[[faults]]\nserver = [\"ns1\", \"ns2\", \"ns3\"]\ntype = \"CAA\"\neffect = \"servfail\"\n",
        first: "caa-lookup-fails",
        says: &["type 257"],
        ..STORY
    },
    Story {
        kind: "only CAA fails",
        name: "notimp for CAA",
        args: &["--expect", "_acme-challenge TXT abc", "--issuer", "letsencrypt.org"],
        records: "_acme-challenge TXT abc",
        world: "[[faults]]\nserver = [\"ns1\", \"ns2\", \"ns3\"]\ntype = \"CAA\"\neffect = \"notimp\"\n",
        first: "caa-lookup-fails",
        says: &["type 257"],
        ..STORY
    },
    Story {
        kind: "only CAA fails",
        name: "drop for CAA",
        args: &["--expect", "_acme-challenge TXT abc", "--issuer", "letsencrypt.org"],
        records: "_acme-challenge TXT abc",
        world: "[[faults]]\nserver = [\"ns1\", \"ns2\", \"ns3\"]\ntype = \"CAA\"\neffect = \"drop\"\n",
        first: "caa-lookup-fails",
        says: &["type 257"],
        ..STORY
    },
    Story {
        kind: "only CAA fails",
        name: "refused for CAA",
        args: &["--expect", "_acme-challenge TXT abc", "--issuer", "letsencrypt.org"],
        records: "_acme-challenge TXT abc",
        world: "[[faults]]\nserver = [\"ns1\", \"ns2\", \"ns3\"]\ntype = \"CAA\"\neffect = \"refuse\"\n",
        first: "caa-lookup-fails",
        says: &["type 257"],
        ..STORY
    },
    Story {
        kind: "only CAA fails",
        name: "healthy: CAA records that permit",
        args: &["--expect", "_acme-challenge TXT abc", "--issuer", "letsencrypt.org"],
        records: "_acme-challenge TXT abc\n@ CAA 0 issue \"letsencrypt.org\"",
        verdict: Verified,
        ..STORY
    },
];

/// Every story ends in its cause, and none in advice that does harm. What comes out is printed as a
/// table: kind against verdict and first cause.
#[test]
fn each_story_ends_in_its_cause() {
    let mut table: BTreeMap<(&str, String, String), usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for story in STORIES {
        let scenario = story.scenario();
        for seed in 0..2 {
            let report = examine(&scenario, seed).report;
            let cause = first(&report).map_or("none", |finding| finding.id.as_str());
            let verdict = report.verdict.as_str().to_owned();
            if seed == 0 {
                *table.entry((story.kind, verdict, cause.to_owned())).or_default() += 1;
            }
            for what in story.wrong(&report) {
                wrong.push(format!("{} ({seed}): {what}", story.name));
            }
        }
    }
    let mut text = String::from("| kind | verdict | first cause | stories |\n|---|---|---|---|\n");
    for ((kind, verdict, cause), stories) in table {
        writeln!(text, "| {kind} | {verdict} | {cause} | {stories} |").unwrap();
    }
    println!("{text}");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
