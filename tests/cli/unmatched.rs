//! Messages that are not taken for answers are told, with the reason.

use dnsonde::playground::{Effect, Fault, Faults};

use super::{assert_valid, run, run_with_input, server_with};

/// Faults of a server, and why what it sends is not taken.
fn faults() -> [(Fault, &'static str, &'static str); 3] {
    let wrong = |effect| Fault { right_follows: true, ..Fault::always(effect) };
    [
        (wrong(Effect::WrongQuestion), "other-question", "its question is not the query's"),
        (wrong(Effect::OtherPort), "other-port", "comes from a port that was not queried"),
        (wrong(Effect::WrongId), "other-id", "no query has its message ID"),
    ]
}

#[test]
fn query_tells_what_came_from_where_and_why_it_was_not_taken() {
    for (fault, word, text) in faults() {
        let server = server_with([fault]);
        let at = format!("@{}", server.addr());
        let json = run(&["query", &at, "a.demo.test", "--format", "json"]);
        json.assert_code(0);
        let line = &json.lines()[0];
        assert_valid("query", line);
        let unmatched = line["unmatched"].as_array().unwrap();
        assert_eq!(unmatched.len(), 1, "{line:#}");
        assert_eq!(unmatched[0]["why"], word);
        let other_port = unmatched[0]["from"] != server.addr().to_string();
        assert_eq!(other_port, word == "other-port");
        assert_eq!(unmatched[0].get("attempt").is_some(), word != "other-id");
        let shown = run(&["query", &at, "a.demo.test"]);
        assert!(shown.stdout.contains(text), "{}", shown.stdout);
        assert!(shown.stdout.contains(";; NOT ACCEPTED AS A RESPONSE:"), "{}", shown.stdout);
    }
}

#[test]
fn a_scan_with_attempts_tells_what_was_not_taken() {
    let [(question, word, _), (port, other, _), _] = faults();
    for (fault, word) in [(question, word), (port, other)] {
        let server = server_with([fault]);
        let addr = server.addr().to_string();
        let names = "a.demo.test\nb.demo.test\n";
        let scan = run_with_input(&["scan", "-r", &addr, "--attempts"], names.as_bytes());
        scan.assert_code(0);
        for line in scan.lines() {
            assert_valid("scan-line", &line);
            assert_eq!(line["unmatched"][0]["why"], word, "{line:#}");
            assert_eq!(line["unmatched"][0]["attempt"], 1);
        }
        let without = run_with_input(&["scan", "-r", &addr], names.as_bytes());
        assert!(without.lines().iter().all(|line| line.get("unmatched").is_none()));
    }
}

#[test]
fn cookies_are_random_for_each_server_and_run_and_are_returned() {
    let servers = [server_with(Faults::default()), server_with(Faults::default())];
    let mut seen = std::collections::HashSet::new();
    for _ in 0..2 {
        for server in &servers {
            let addr = server.addr().to_string();
            let args = ["scan", "-r", &addr, "--cookies", "--concurrency", "1"];
            let scan = run_with_input(&args, b"a.demo.test\nb.demo.test\n");
            scan.assert_code(0);
            let cookies: Vec<_> = scan
                .lines()
                .iter()
                .map(|line| line["edns"]["options"][0]["hex"].as_str().unwrap().to_owned())
                .collect();
            assert!(cookies.iter().all(|cookie| cookie.len() >= 32), "{cookies:?}");
            assert_eq!(cookies[0][..16], cookies[1][..16], "one cookie for one server");
            assert!(seen.insert(cookies[0][..16].to_owned()), "{} was used before", cookies[0]);
        }
    }
}
