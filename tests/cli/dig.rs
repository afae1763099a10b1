//! `dnsonde query` as people type it who come from dig. The tables have the words, what was said of
//! them before, and what is said now.

use super::{Files, Run, dnsonde, run, run_with_input, server};

#[test]
fn the_first_reflexes_of_dig_users_ask_what_they_ask_of_dig() {
    let server = server();
    let at = format!("@{}", server.addr());
    let port = server.addr().port().to_string();
    for (words, before, now) in [
        ("AT -t AAAA a.demo.test", "unexpected argument '-t'", ";a.demo.test.\t\t\tIN\tAAAA"),
        ("-q a.demo.test AT", "unexpected argument '-q'", ";a.demo.test.\t\t\tIN\tA\n"),
        ("AT -q mx -t A", "unexpected argument '-q'", ";mx.\t\t\t\tIN\tA\n"),
        ("AT -c CH a.demo.test", "unexpected argument '-c'", ";a.demo.test.\t\t\tCH\tA\n"),
        ("AT CHAOS TXT version.bind", "one name too many", ";version.bind.\t\t\tCH\tTXT\n"),
        ("@127.0.0.1 -p PORT a.demo.test", "Connection refused", "status: NOERROR"),
        ("AT -b 127.0.0.1 a.demo.test", "unexpected argument '-b'", "status: NOERROR"),
        ("AT a.demo.test +nocomments", "is no option of query", ";a.demo.test.\t\t\tIN\tA\n"),
        ("AT a.demo.test +qr", "is no option of query", ";; Sending:"),
        ("AT a.demo.test +cmd", "is no option of query", "; <<>> dnsonde "),
        ("AT a.demo.test +ttlunits", "is no option of query", "a.demo.test."),
        ("AT a.demo.test b.demo.test", "is no record type", ";b.demo.test.\t\t\tIN\tA\n"),
        ("AT a.demo.test A TXT", "one name too many", ";a.demo.test.\t\t\tIN\tTXT\n"),
        ("AT a.demo.test +multi", "is no option of query", "status: NOERROR"),
    ] {
        let words = words.replace("AT", &at).replace("PORT", &port);
        let words: Vec<&str> = ["query"].into_iter().chain(words.split_whitespace()).collect();
        let run = run(&words);
        run.assert_code(0);
        assert!(run.stdout.contains(now), "{words:?}: {}", run.stdout);
        assert!(!format!("{}{}", run.stdout, run.stderr).contains(before), "{words:?}");
    }
}

#[test]
fn only_the_sections_that_are_named_are_shown() {
    let server = server();
    let at = format!("@{}", server.addr());
    let address = server.zone().a(&"a.demo.test".parse().unwrap())[0];
    let run_of = |options: &str| {
        let words: Vec<&str> =
            ["query", &at, "a.demo.test"].into_iter().chain(options.split(' ')).collect();
        let run = run(&words);
        run.assert_code(0);
        run.stdout
    };
    let answer = run_of("+noall +answer");
    let fields: Vec<&str> = answer.split_whitespace().collect();
    assert_eq!(fields.len(), 5, "{answer}");
    assert_eq!((fields[0], fields[2], fields[3]), ("a.demo.test.", "IN", "A"));
    assert_eq!(fields[4], address.to_string());
    assert_eq!(run_of("+noall"), "");
    assert_eq!(run_of("+noall +question"), ";a.demo.test.\t\t\tIN\tA\n");
    let bare = run_of("+noall +answer +nottlid +noclass");
    let words: Vec<&str> = bare.split_whitespace().collect();
    assert_eq!(words, ["a.demo.test.", "A", &address.to_string()]);
    let all = run_of("+nostats +noquestion");
    assert!(all.contains("->>HEADER<<-") && all.contains(";; ANSWER SECTION:"), "{all}");
    assert!(!all.contains("QUESTION SECTION") && !all.contains(";; SERVER"), "{all}");
}

#[test]
fn each_of_several_queries_has_the_options_behind_it() {
    let server = server();
    let at = format!("@{}", server.addr());
    let run = run(&[
        "query",
        &at,
        "+noall",
        "+answer",
        "a.demo.test",
        "b.demo.test",
        "+question",
        "+noanswer",
    ]);
    run.assert_code(0);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.stdout);
    assert!(lines[0].starts_with("a.demo.test."), "{}", lines[0]);
    assert_eq!(lines[1], ";b.demo.test.\t\t\tIN\tA");
}

#[test]
fn each_of_several_queries_is_a_json_object_and_the_worst_is_the_exit_status() {
    let server = server();
    let gone = {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.local_addr().unwrap()
    };
    let (at, nowhere) = (format!("@{}", server.addr()), format!("@{gone}"));
    let words =
        ["query", "--format", "json", "+retry=0", "a.demo.test", &nowhere, "b.demo.test", &at];
    let run = run(&words);
    run.assert_code(3);
    let lines = run.lines();
    lines.iter().for_each(|line| super::assert_valid("query", line));
    let reported: Vec<_> = lines.iter().map(|line| (&line["name"], &line["status"])).collect();
    assert_eq!(
        reported,
        [
            (&"a.demo.test.".into(), &"UNREACHABLE".into()),
            (&"b.demo.test.".into(), &"NOERROR".into())
        ]
    );
}

#[test]
fn a_batch_file_has_a_query_a_line() {
    let server = server();
    let at = format!("@{}", server.addr());
    let lines = "# two\na.demo.test\n\n; and\nb.demo.test AAAA +noanswer +question\n";
    let words = ["query", "-f", "-", &at, "+noall", "+answer"];
    let run = run_with_input(&words, lines.as_bytes());
    run.assert_code(0);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.stdout);
    assert!(lines[0].starts_with("a.demo.test."), "{}", lines[0]);
    assert_eq!(lines[1], ";b.demo.test.\t\t\tIN\tAAAA");
    for (input, sentence) in [
        ("a.demo.test\nb.demo.test NOTYPE\n", "standard input, line 2: unknown record type"),
        ("a.demo.test --trace\n", "standard input, line 1: not a valid query"),
        ("# none\n", "contains no query"),
        ("\u{1}\u{fffd}", "invalid name"),
    ] {
        let run = run_with_input(&words, input.as_bytes());
        run.assert_code(2).assert_stderr(sentence);
        assert_eq!(run.stdout, "", "{input:?}");
    }
}

#[test]
fn an_option_that_is_lacking_is_named_with_what_serves_instead() {
    for (words, before, now) in [
        ("+https a.test", "'+https' is no option", "+https is not supported"),
        ("-y k:c2VjcmV0 a.test", "unexpected argument '-y'", "use `dig -y` or `kdig -y`"),
        ("-R 3 a.test", "unexpected argument '-R'", "+retry=N"),
        ("--short a.test", "unexpected argument '--short'", "+short"),
        ("+shrot a.test", "'+shrot' is no option of query", "did you mean +short?"),
        ("a.test AXFR", "AXFR cannot be queried", "use `dig @SERVER ZONE AXFR`"),
        ("192.0.2.1", ";; no response", "use -x 192.0.2.1 for its PTR records"),
        ("https://a.test/", "is no name: a URL", "write a.test"),
        ("a.test -b 127.0.0.1#53", "unexpected argument '-b'", "a port cannot be chosen"),
        ("a.test @192.0.2.1 -b ::1", "unexpected argument '-b'", "cannot be queried from -b ::1"),
        ("+trace a.test @192.0.2.1", "is no option of query", "cannot be used with @SERVER"),
    ] {
        let words: Vec<&str> = ["query"].into_iter().chain(words.split_whitespace()).collect();
        let run = run(&words);
        run.assert_code(2).assert_stderr(now);
        assert!(!run.stderr.contains(before), "{words:?}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{words:?}");
    }
}

#[test]
fn without_a_command_a_name_is_asked_and_a_slip_is_answered_with_its_neighbours() {
    let server = server();
    let at = format!("@{}", server.addr());
    for words in [
        &["a.demo.test", &at][..],
        &[&at, "a.demo.test"],
        &["+norec", &at, "a.demo.test"],
        &["-t", "A", "a.demo.test", &at],
        &["A", "a.demo.test", &at],
    ] {
        let run = run(words);
        run.assert_code(0);
        assert!(run.stdout.contains("status: NOERROR"), "{words:?}: {}", run.stdout);
    }
    for (words, hint) in [
        ("scna names.txt -r 192.0.2.1", "did you mean `dnsonde scan`?"),
        ("qurey @192.0.2.1 a.test", "did you mean `dnsonde query`?"),
        ("dig @192.0.2.1 a.test", "did you mean `dnsonde query`?"),
        ("massdns names.txt", "did you mean `dnsonde scan`?"),
        ("localhost", "`dnsonde query localhost` asks for that name"),
    ] {
        let run = run(&words.split(' ').collect::<Vec<_>>());
        run.assert_code(2).assert_stderr("unknown command").assert_stderr(hint);
        assert_eq!(run.stdout, "", "{words}");
    }
}

#[test]
fn a_list_in_the_place_of_a_command_is_not_asked_for_in_the_dns() {
    let files = Files::new();
    files.write("names.txt", "a.demo.test\n");
    let output =
        dnsonde(&["names.txt", "@127.0.0.1"]).current_dir(files.path("")).output().unwrap();
    Run::of(output)
        .assert_code(2)
        .assert_stderr("'names.txt' is a file")
        .assert_stderr("`dnsonde scan names.txt` looks up a list of names");
}
