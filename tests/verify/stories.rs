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
