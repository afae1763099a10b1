//! That reports can be of any command: each has verdicts of its own.

use dnsonde::report::judgement::{Outlook, Report, Verdict};

use crate::{PAGE, as_html, as_json, as_text, samples};

/// The verdicts of a command that looks for flaky servers.
#[derive(Clone, Copy)]
enum Health {
    Healthy,
    Broken,
}

impl Verdict for Health {
    fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Broken => "broken",
        }
    }

    fn outlook(self) -> Outlook {
        match self {
            Self::Healthy => Outlook::Good,
            Self::Broken => Outlook::Bad,
        }
    }
}

fn report(verdict: Health) -> Report<Health> {
    let sample = samples::empty();
    Report {
        command: "diagnose",
        verdict,
        subject: sample.subject,
        sentence: sample.sentence,
        started: sample.started,
        duration: sample.duration,
        findings: sample.findings,
        records: sample.records,
        servers: sample.servers,
        chance: sample.chance,
        effort: sample.effort,
        measurement: None,
        history: Vec::new(),
    }
}

#[test]
fn a_report_has_the_verdicts_of_its_command_in_every_form() {
    for (verdict, word, mark) in
        [(Health::Healthy, "healthy", '✓'), (Health::Broken, "broken", '✗')]
    {
        let report = report(verdict);
        assert!(as_text(&report, 80, false).starts_with(&format!("{}:", word.to_uppercase())));
        let line = crate::json::assert_valid(&as_json(&report));
        assert_eq!((&line["command"], &line["verdict"]), (&"diagnose".into(), &word.into()));
        let page = as_html(&report, PAGE);
        assert!(page.contains(word) && page.contains(mark), "{page}");
    }
}
