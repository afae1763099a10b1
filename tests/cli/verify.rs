//! `dnsonde verify`: worlds on loopback, every form of the report, waiting, and bad input.

use super::{Files, assert_valid, run};

/// Of a usage error: one sentence, nothing on standard output.
#[track_caller]
fn assert_usage(args: &[&str], sentence: &str) {
    let run = run(args);
    run.assert_code(2).assert_stderr(sentence);
    assert_eq!(run.stdout, "");
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
}

#[test]
fn what_is_wrong_with_the_command_line_is_said_before_anything_is_asked() {
    let files = Files::new();
    let zone = files.write("zone", "@ 300 TXT\n");
    let empty = files.write("empty", "");
    let missing = super::text(&files.path("missing"));
    for (words, sentence) in [
        (&["example.com"][..], "no expected record given"),
        (&["exa mple.com", "--dmarc"], "the domain: 'exa mple.com': a space inside the name"),
        (&[".", "--dmarc"], "the domain: the root zone has no such record"),
        (&["example.com", "--ses", "a,,b"], "--ses 'a,,b', column 3: the list has an empty"),
        (&["example.com", "--ses", "a,b,a"], "the token 'a' is given twice"),
        (&["example.com", "--ses-zone", "dkim.example.net"], "--ses"),
        (&["example.com", "--dkim", "a..b"], "--dkim: 'a..b' is not a domain name"),
        (&["example.com", "--expect", "www"], "the entry ends where a record type is expected"),
        (&["example.com", "--expect", "www NOTYPE x"], "unknown record type 'NOTYPE'"),
        (&["example.com", "--expect", "www A 1.2.3"], "--expect 'www A 1.2.3', column 7"),
        (&["example.com", "--acm", "onlyname"], "--acm: 'onlyname' is not a name and a target"),
        (&["example.com", "--acme-response", "short"], "--acme-response: 'short'"),
        (&["example.com", "--issuer", "no domain"], "--issuer: 'no domain'"),
        (&["example.com", "--records", &missing], "cannot be opened"),
        (&["example.com", "--records", &zone], "line 1"),
        (&["example.com", "--records", &empty], "no record to check"),
        (&["example.com", "--dmarc", "--root-hints", &empty], "no root server with an address"),
        (&["example.com", "--dmarc", "-r", "300.1.1.1"], "not an IPv4 address"),
        (
            &["example.com", "--dmarc", "-r", "tcp://192.0.2.1"],
            "verify always uses both UDP and TCP",
        ),
        (&["example.com", "--dmarc", "--repeat", "0"], "--repeat"),
        (&["example.com", "--dmarc", "--rate", "0"], "--rate"),
        (&["example.com", "--dmarc", "--wait", "soon"], "--wait"),
        (&["example.com", "--dmarc", "--state", "x"], "--wait"),
        (&["example.com", "--dmarc", "-4", "-6"], "cannot be used with"),
    ] {
        let words: Vec<&str> = std::iter::once("verify").chain(words.iter().copied()).collect();
        assert_usage(&words, sentence);
    }
}

#[test]
fn a_state_of_something_else_is_not_gone_on_with() {
    let files = Files::new();
    let state = files.write("state", "{\"schema\": 7}");
    assert_usage(
        &["verify", "example.com", "--dmarc", "--wait", "1s", "--state", &state],
        "it is not a state of `dnsonde verify`",
    );
    let nowhere = super::text(&files.path("no/such/folder/state"));
    assert_usage(
        &["verify", "example.com", "--dmarc", "--wait", "1s", "--state", &nowhere],
        "cannot write the state",
    );
}

#[cfg(target_os = "linux")]
mod worlds {
    use dnsonde::playground::Scenario;
    use serde_json::Value;

    use super::super::world::Served;
    use super::super::{Files, Run, run, text};
    use super::assert_valid;

    impl Served {
        /// Verifies as the scenario says, at a rate that a test has time for.
        fn verify(&self, more: &[&str]) -> Run {
            let (hints, port) = (self.hints(), self.port());
            let mut words: Vec<String> = vec!["verify".to_owned()];
            words.extend(self.scenario.verify.iter().cloned());
            for resolver in self.scenario.resolvers() {
                words.extend(["-r".to_owned(), format!("{resolver}:{port}")]);
            }
            let words = words.iter().map(String::as_str);
            let world = ["--root-hints", &hints, "--port", &port, "--rate", "200"];
            run(&words.chain(world).chain(more.iter().copied()).collect::<Vec<_>>())
        }
    }

    fn ids(report: &Value) -> Vec<&str> {
        let findings = report["findings"].as_array().unwrap();
        findings.iter().map(|finding| finding["id"].as_str().unwrap()).collect()
    }

    #[test]
    fn a_healthy_domain_is_verified_in_every_form() {
        let served = Served::named("healthy");
        let json = served.verify(&["--format", "json"]);
        json.assert_code(0);
        let report = &json.lines()[0];
        assert_valid("report", report);
        assert_eq!(
            (&report["command"], &report["verdict"]),
            (&"verify".into(), &"verified".into())
        );
        assert_eq!(report["records"].as_array().unwrap().len(), 3);
        assert!(ids(report).contains(&"dkim-key-standby"));
        for finding in report["findings"].as_array().unwrap() {
            assert!(["info", "notice"].contains(&finding["severity"].as_str().unwrap()));
        }
        let shown = served.verify(&[]);
        shown.assert_code(0);
        assert!(shown.stdout.starts_with("VERIFIED: "), "{}", shown.stdout);
        assert!(!shown.stdout.contains('\u{1b}'), "no colour where there is no terminal");
        assert_eq!(shown.stderr, "");
        let page = served.verify(&["--format", "html"]);
        page.assert_code(0);
        assert!(page.stdout.starts_with("<!doctype html>"), "{}", page.stdout);
        assert!(page.stdout.contains("dnsonde verify example.com --ses t1,t2,t3"));
    }

    #[test]
    fn a_record_that_is_nowhere_is_pending_and_its_line_is_shown() {
        let served = Served::named("record-missing");
        let shown = served.verify(&[]);
        shown.assert_code(1);
        assert!(shown.stdout.starts_with("PENDING: "), "{}", shown.stdout);
        assert!(shown.stdout.contains("Value: t3.dkim.amazonses.com\n"), "{}", shown.stdout);
    }

    #[test]
    fn a_domain_that_does_not_exist_gets_one_sentence_and_no_verdict() {
        let served = Served::named("domain-not-delegated");
        let run = served.verify(&["--format", "json"]);
        run.assert_code(3);
        let report = &run.lines()[0];
        assert_valid("report", report);
        assert_eq!(report["verdict"], "inconclusive");
        assert!(ids(report).contains(&"domain-not-delegated"));
    }

    #[test]
    fn a_root_that_does_not_answer_gets_one_sentence_and_no_verdict() {
        let files = Files::new();
        let hints = files.write("root.hints", ". NS a.root.\na.root. A 127.53.200.1\n");
        let words = ["verify", "example.com", "--dmarc", "--root-hints", &hints, "--port", "1"];
        let run = run(&words);
        run.assert_code(3);
        assert!(run.stdout.starts_with("INCONCLUSIVE: No root server answered"), "{}", run.stdout);
        assert!(!run.stdout.contains("What is wrong"), "{}", run.stdout);
    }

    #[test]
    fn a_state_that_can_no_longer_be_written_costs_no_report() {
        use std::io::{BufRead as _, BufReader, Read as _};
        use std::process::Stdio;
        let files = Files::new();
        let hints = files.write("root.hints", ". NS a.root.\na.root. A 127.53.200.1\n");
        let folder = files.path("folder");
        std::fs::create_dir(&folder).unwrap();
        let state = text(&folder.join("state"));
        let words = ["verify", "example.com", "--dmarc", "--root-hints", &hints, "--port", "1"];
        let wait = ["--no-resolver", "--wait", "2s", "--every", "1s", "--state", &state];
        let mut child = super::super::dnsonde(&[&words[..], &wait, &["--format", "json"]].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        stderr.read_line(&mut String::new()).unwrap();
        std::fs::rename(&folder, files.path("elsewhere")).unwrap();
        let mut said = String::new();
        stderr.read_to_string(&mut said).unwrap();
        let run = Run::of(child.wait_with_output().unwrap());
        run.assert_code(3);
        assert!(said.contains("dnsonde: cannot write the state"), "{said}");
        assert_eq!(run.lines()[0]["verdict"], "inconclusive");
    }

    #[test]
    fn waiting_sees_a_record_appear_and_keeps_what_was_seen() {
        let scenario = r#"
            base = "ses"
            title = "The records appear after four seconds"
            story = "Somebody adds them."
            [[zone]]
            name = "example.com"
            version = "before"
            remove = ["t1._domainkey", "t2._domainkey", "t3._domainkey"]
            [[faults]]
            name = "example.com"
            until_s = 4
            effect = { version = "before" }
            [expect]
            verdict = "verified"
        "#;
        let served = Served::new(Scenario::from_toml("appears", scenario).unwrap());
        let state = text(&served.files.path("state.json"));
        let words = ["--wait", "60s", "--every", "1s", "--state", &state, "--format", "json"];
        let run = served.verify(&words);
        run.assert_code(0);
        let report = &run.lines()[0];
        assert_valid("report", report);
        let history = report["history"].as_array().unwrap();
        let verdicts: Vec<&str> =
            history.iter().map(|moment| moment["verdict"].as_str().unwrap()).collect();
        assert_eq!((verdicts.first(), verdicts.last()), (Some(&"pending"), Some(&"verified")));
        // A line for each change, on standard error.
        assert_eq!(run.stderr.lines().count(), history.len());
        let kept: Value = serde_json::from_slice(&std::fs::read(&state).unwrap()).unwrap();
        assert_eq!(kept["changes"].as_array().unwrap().len(), history.len());
    }
}
