//! `dnsonde rrcheck`, as its users call it.

use std::io::Write as _;

use assert_cmd::Command;

fn rrcheck(args: &[&str], input: &str) -> (String, i32) {
    let output = Command::cargo_bin("dnsonde")
        .unwrap()
        .arg("rrcheck")
        .args(args)
        .write_stdin(input)
        .output()
        .unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

#[test]
fn records_come_out_canonical_in_their_order() {
    let input = "Example.ORG. MX 010 mail\n  60 A 192.0.2.1 ; comment\n\n; nothing\n\
                 x CH 1h TXT a \"b\"\n";
    assert_eq!(
        rrcheck(&[], input),
        (
            "Example.ORG. 3600 IN MX 10 mail.\nExample.ORG. 60 IN A 192.0.2.1\n\
             x. 3600 CH TXT \"a\" \"b\"\n"
                .to_owned(),
            0
        )
    );
}

#[test]
fn a_bad_line_becomes_an_error_in_its_place() {
    let input = "a. A 192.0.2.1\nb. A 192.0.2\nc. A ( 192.0.2.3\nd. A 192.0.2.4\n";
    let (output, code) = rrcheck(&[], input);
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(code, 1);
    assert_eq!(
        lines,
        [
            "a. 3600 IN A 192.0.2.1",
            "; error: line 2, column 6: expected an IPv4 address, found '192.0.2'",
            "; error: line 3, column 6: a parenthesis is not closed",
            "d. 3600 IN A 192.0.2.4",
        ]
    );
    // What came out reads back.
    let fine: String = lines.iter().map(|line| format!("{line}\n")).collect();
    assert_eq!(rrcheck(&[], &fine).1, 0);
}

#[test]
fn the_generic_form_is_that_of_rfc_3597() {
    let input = "a. 5 MX 10 b.\nc. TYPE65280 \\# 3 ABCDEF\nd. NULL \\# 0\n";
    assert_eq!(
        rrcheck(&["--generic"], input),
        (
            "a. 5 CLASS1 TYPE15 \\# 5 000a016200\nc. 3600 CLASS1 TYPE65280 \\# 3 abcdef\n\
             d. 3600 CLASS1 TYPE10 \\# 0\n"
                .to_owned(),
            0
        )
    );
}

#[test]
fn json_lines_hold_records_and_errors() {
    let (output, code) = rrcheck(&["--format", "json"], "a. TXT \"x\\\"\"\nb. A c\n");
    let lines: Vec<serde_json::Value> =
        output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(code, 1);
    assert_eq!(
        lines[0],
        serde_json::json!({
            "name": "a.", "type": "TXT", "class": "IN", "ttl": 3600, "data": "\"x\\\"\""
        })
    );
    assert_eq!((&lines[1]["line"], &lines[1]["column"]), (&2.into(), &6.into()));
}

#[test]
fn control_characters_of_the_input_never_reach_the_output() {
    let (output, code) = rrcheck(&[], "a. TXT \"\x1B[2J\"\nb. A \x1B[2J\n\x07. A 192.0.2.1\n");
    assert_eq!(code, 1);
    assert!(output.bytes().all(|octet| octet == b'\n' || (0x20..0x7F).contains(&octet)));
}

#[test]
fn a_file_is_read_and_a_missing_one_is_a_usage_error() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"a. A 192.0.2.1\n").unwrap();
    let path = file.path().to_str().unwrap();
    assert_eq!(rrcheck(&[path], ""), ("a. 3600 IN A 192.0.2.1\n".to_owned(), 0));
    let output =
        Command::cargo_bin("dnsonde").unwrap().args(["rrcheck", "/none/such"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("/none/such: cannot be opened"));
}

#[test]
fn include_is_refused() {
    let (output, code) = rrcheck(&[], "$INCLUDE /etc/passwd\n");
    assert_eq!(
        (output.as_str(), code),
        ("; error: line 1, column 10: $INCLUDE is not allowed here\n", 1)
    );
}

#[test]
fn records_of_messages_are_read_in_their_own_class_only() {
    let input = "key. 0 ANY TSIG hmac-sha256. 1 300 4 YWJj ZA== 7 badtime 6 AAAAAAAB\n\
                 key. 0 ANY TKEY gss-tsig. 0 20300101000000 3 0 0 0\n\
                 key. IN TSIG hmac-sha256. 1 300 0 7 NOERROR 0\n\
                 . 32768 CLASS1232 OPT \\# 4 00030000\n\
                 x. 0 ANY ANY \\# 0\n\
                 x. AXFR \\# 0\n\
                 x. NSEC . NXNAME\n";
    let (output, code) = rrcheck(&[], input);
    assert_eq!(code, 1);
    assert_eq!(
        output.lines().collect::<Vec<_>>(),
        [
            "key. 0 ANY TSIG hmac-sha256. 1 300 4 YWJjZA== 7 BADTIME 6 AAAAAAAB",
            "key. 0 ANY TKEY gss-tsig. 19700101000000 20300101000000 3 NOERROR 0 0",
            "; error: line 3, column 9: records of type TSIG do not occur in zones",
            ". 32768 CLASS1232 OPT \\# 4 00030000",
            "x. 0 ANY ANY \\# 0",
            "; error: line 6, column 4: records of type AXFR do not occur in zones",
            "x. 3600 IN NSEC . NXNAME",
        ]
    );
    assert_eq!(rrcheck(&[], &output).0.lines().count(), 5);
}

#[test]
fn errors_name_the_file_that_they_are_in() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"a. A 192.0.2.1\nb. A x\n").unwrap();
    let path = file.path().to_str().unwrap();
    let (output, code) = rrcheck(&[path], "");
    assert_eq!(code, 1);
    let error = format!("; error: {path}, line 2, column 6: expected an IPv4 address, found 'x'");
    assert_eq!(output.lines().nth(1), Some(error.as_str()));
    let (output, _) = rrcheck(&["--format", "json", path], "");
    let line: serde_json::Value = serde_json::from_str(output.lines().nth(1).unwrap()).unwrap();
    assert_eq!((&line["file"], &line["line"]), (&path.into(), &2.into()));
}

#[test]
fn a_parenthesis_that_nothing_closes_takes_only_its_own_line() {
    let (output, code) = rrcheck(&[], "a. TXT ( x\nb. TXT ( y\n  z )\nc. A ( x\nd. A 192.0.2.1\n");
    assert_eq!(code, 1);
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(
        lines,
        [
            "; error: line 1, column 8: a parenthesis is not closed",
            "b. 3600 IN TXT \"y\" \"z\"",
            "; error: line 4, column 6: a parenthesis is not closed",
            "d. 3600 IN A 192.0.2.1",
        ]
    );
    // Each of very many is told, in linear time.
    let many = "a. TXT (\n".repeat(20_000);
    let (output, _) = rrcheck(&[], &many);
    assert_eq!(output.lines().count(), 20_000);
}

/// Each text, by its kind, and what becomes of it; `None` is an error.
const ENTRIES: &[(&str, &str, Option<&str>)] = &[
    (
        "several lines",
        "@ SOA ns h ( 1 ; serial\n 2 3\n 4 5 )",
        Some("e.test. 3600 IN SOA ns.e.test. h.e.test. 1 2 3 4 5"),
    ),
    (
        "a comment in parentheses",
        "x TXT ( a ; ) b\n c )",
        Some("x.e.test. 3600 IN TXT \"a\" \"c\""),
    ),
    ("$ORIGIN", "$ORIGIN sub\nx A 192.0.2.1", Some("x.sub.e.test. 3600 IN A 192.0.2.1")),
    ("$TTL", "$TTL 1h30m\nx A 192.0.2.1", Some("x.e.test. 5400 IN A 192.0.2.1")),
    ("TTL and class", "x 60 IN A 192.0.2.1", Some("x.e.test. 60 IN A 192.0.2.1")),
    ("class and TTL", "x IN 60 A 192.0.2.1", Some("x.e.test. 60 IN A 192.0.2.1")),
    ("strings side by side", "x TXT \"a\"\"b\"", Some("x.e.test. 3600 IN TXT \"a\" \"b\"")),
    ("ATMA, E.164", "x ATMA +61200000000", Some("x.e.test. 3600 IN ATMA +61200000000")),
    (
        "ATMA, digits with dots",
        "x ATMA 39.246f.000e7c9c0312000100010001.000012345678.00",
        Some("x.e.test. 3600 IN ATMA 39246f000e7c9c031200010001000100001234567800"),
    ),
    ("ATMA, octets", "x ATMA \\# 3 003961", Some("x.e.test. 3600 IN ATMA 3961")),
    ("ATMA, another format", "x ATMA \\# 2 0239", Some("x.e.test. 3600 IN ATMA \\# 2 0239")),
    ("ATMA without digits", "x ATMA +", None),
    ("ATMA with an odd digit", "x ATMA 391", None),
    ("ATMA with letters in E.164", "x ATMA +12a", None),
    ("ATMA of no octets", "x ATMA \\# 0", None),
    ("LOC with 71 minutes", "x LOC 1 71 N 0 E 0", None),
    ("NSAP of no octets", "x NSAP \\# 0", None),
    ("EID of no octets", "x EID \\# 0", None),
    ("NIMLOC of no octets", "x NIMLOC \\# 0", None),
    ("DHCID of no octets", "x DHCID \\# 0", None),
    ("OPENPGPKEY of no octets", "x OPENPGPKEY \\# 0", None),
    ("A of no octets", "x A \\# 0", None),
    ("TXT of no octets", "x TXT \\# 0", None),
    ("APL of no octets", "x APL \\# 0", Some("x.e.test. 3600 IN APL")),
    ("NULL of no octets", "x NULL \\# 0", Some("x.e.test. 3600 IN NULL \\# 0")),
    ("a mark without a partner", "x TXT \"a", None),
    ("a parenthesis that is not closed", "x TXT ( a", None),
    ("a string behind CAA's value", "x CAA 0 issue \"a\"b", None),
];

#[test]
fn entries_are_read_or_refused_by_their_kind() {
    for (kind, text, expected) in ENTRIES {
        let (output, code) = rrcheck(&["--origin", "e.test"], text);
        match expected {
            Some(expected) => assert_eq!((output.trim_end(), code), (*expected, 0), "{kind}"),
            None => {
                assert!(output.starts_with("; error: line 1, column "), "{kind}: {output}");
                assert_eq!((output.lines().count(), code), (1, 1), "{kind}: {output}");
            }
        }
    }
}

/// Where we differ from BIND on purpose.
#[test]
fn quoted_names_are_read_and_strings_do_not_run_on() {
    for (text, expected) in [
        ("x MX 10 \"foo bar.nl\"", "x.e.test. 3600 IN MX 10 foo\\032bar.nl.e.test."),
        ("\"a b.c.\" A 192.0.2.1", "a\\032b.c. 3600 IN A 192.0.2.1"),
        ("x NS \"@\"", "x.e.test. 3600 IN NS \\@.e.test."),
    ] {
        assert_eq!(rrcheck(&["--origin", "e.test"], text), (format!("{expected}\n"), 0), "{text}");
    }
    for (text, column) in [
        ("x TXT \"a\"b", 10),
        ("x TXT a\"b\"", 8),
        ("x HINFO \"a\"b c", 12),
        ("x TXT ( \"a\"b\n c )", 12),
    ] {
        let reason = "text runs into a quotation mark; separate strings with a space";
        let error = format!("; error: line 1, column {column}: {reason}\n");
        assert_eq!(rrcheck(&[], text), (error, 1), "{text}");
    }
    let (output, code) = rrcheck(&[], "$GENERATE 1-9 a$ A 192.0.2.$\n");
    let reason = "$GENERATE is not supported: write out the records";
    assert_eq!((output, code), (format!("; error: line 1, column 1: {reason}\n"), 1));
}

/// BIND reads and refuses the same entries, and reads what we write as the same records.
/// `DNSONDE_REQUIRE_TOOLS` makes it a failure that it is not there, as in CI.
#[test]
fn named_checkzone_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let zone = folder.path().join("zone");
    let check = |entry: &str| -> Option<Vec<String>> {
        let text = format!(
            "$TTL 3600\n$ORIGIN e.test.\n{}@ NS ns\nns A 192.0.2.53\n{entry}\n",
            if entry.contains("SOA") { "" } else { "@ SOA ns h 1 2 3 4 5\n" },
        );
        std::fs::write(&zone, text).unwrap();
        let output = std::process::Command::new("named-checkzone")
            .args(["-q", "-i", "none", "-D", "-o", "-", "e.test"])
            .arg(&zone)
            .output();
        let output = match output {
            Ok(output) => output,
            Err(error) => {
                let required = std::env::var_os("DNSONDE_REQUIRE_TOOLS").is_some();
                assert!(!required, "named-checkzone cannot be run: {error}");
                return None;
            }
        };
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = if output.status.success() {
            text.lines().map(str::to_owned).collect()
        } else {
            Vec::new()
        };
        Some(lines)
    };
    for (kind, text, expected) in ENTRIES {
        let Some(theirs) = check(text) else { return eprintln!("skipped: no named-checkzone") };
        assert_eq!(theirs.is_empty(), expected.is_none(), "{kind}: {theirs:#?}");
        let Some(ours) = expected else { continue };
        // What BIND writes, in our words.
        let (canonical, code) = rrcheck(&[], &theirs.join("\n"));
        assert_eq!(code, 0, "{kind}: {canonical}");
        assert!(canonical.lines().any(|line| line.trim_end() == *ours), "{kind}: {canonical}");
        assert_eq!(check(ours).map(|theirs| theirs.is_empty()), Some(false), "{kind}");
    }
}

/// What is read in pieces is read as it would be in one, wherever it is cut: the borders of pieces lie
/// in names, in strings, in comments, between parentheses.
#[test]
fn entries_lie_across_the_borders_of_pieces() {
    let block = "$ORIGIN e.test.\n$TTL 5m\nx TXT \"a b\" ( \"c\\;\" ; ) no end\n\n d )\n  A 192.0.2.1\n\
                 @ SOA ns h (\n 1 2\n 3 4 5 )\ny A 192.0.2\n";
    let (expected, _) = rrcheck(&[], block);
    let records = || expected.lines().filter(|line| !line.starts_with(';'));
    assert_eq!((expected.lines().count(), records().count()), (4, 3), "{expected}");
    let times = 20_000;
    let (output, code) = rrcheck(&[], &block.repeat(times));
    assert_eq!(code, 1);
    let mut lines = output.lines();
    for time in 0..times {
        for record in records() {
            assert_eq!(lines.next(), Some(record), "block {time}");
        }
        let error = format!("; error: line {}, column 5: expected an IPv4", time * 10 + 10);
        assert!(lines.next().is_some_and(|line| line.starts_with(&error)), "block {time}");
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn an_entry_has_a_mebibyte_and_one_that_is_longer_takes_no_other_with_it() {
    let fits = format!("a. TXT ( {}\nx )\nb. A 192.0.2.1\n", "\n;".repeat(500_000));
    let (output, code) = rrcheck(&[], &fits);
    assert_eq!((output.as_str(), code), ("a. 3600 IN TXT \"x\"\nb. 3600 IN A 192.0.2.1\n", 0));
    let open = format!("a. TXT ( {}\nx )\nb. A 192.0.2.1\n", "\n;".repeat(1_500_000));
    let (output, code) = rrcheck(&[], &open);
    assert_eq!(code, 1);
    assert_eq!(
        output.lines().collect::<Vec<_>>(),
        [
            "; error: line 1, column 8: a parenthesis is not closed",
            "; error: line 1500002, column 3: a closing parenthesis without an opening one",
            "b. 3600 IN A 192.0.2.1",
        ]
    );
}

#[test]
fn a_line_that_is_too_long_is_an_error_in_its_place() {
    let long = "x".repeat(3 << 20);
    let input = format!("a. A 192.0.2.1\nb. TXT {long}\nc. A 192.0.2.1\nd. A {long}\ne. A x");
    let (output, code) = rrcheck(&[], &input);
    assert_eq!(code, 1);
    assert_eq!(
        output.lines().collect::<Vec<_>>(),
        [
            "a. 3600 IN A 192.0.2.1",
            "; error: line 2, column 1: the line is longer than 1 MiB",
            "c. 3600 IN A 192.0.2.1",
            "; error: line 4, column 1: the line is longer than 1 MiB",
            "; error: line 5, column 6: expected an IPv4 address, found 'x'",
        ]
    );
}

/// The limit is on the address space, so that too much is an error and no figure.
#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_input() {
    use std::process::Stdio;

    let head = "$ORIGIN e.test.\n$TTL 1h\n@ SOA ns h (\n 1 2\n 3 4 5 )\n";
    for (kind, part, lines) in [
        ("a zone", "www MX 10 ( mail ; the first\n )\n  TXT \"a b\"\n".to_owned(), 2),
        ("comments", format!("{}\n", ";".repeat(99)), 0),
        ("one line", "x".repeat(100), 0),
    ] {
        let times = (60 << 20) / part.len();
        let mut child = std::process::Command::new("sh")
            .args(["-c", "ulimit -v 48000; exec \"$0\" rrcheck | wc -l"])
            .arg(env!("CARGO_BIN_EXE_dnsonde"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(head.as_bytes()).unwrap();
        let block = part.repeat(1000);
        for _ in 0..times / 1000 {
            input.write_all(block.as_bytes()).unwrap();
        }
        drop(input);
        let output = child.wait_with_output().unwrap();
        let count: usize = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
        let expected = 1 + times / 1000 * 1000 * lines + usize::from(kind == "one line");
        assert_eq!(count, expected, "{kind}");
    }
}

#[test]
fn an_input_without_a_record_is_an_error() {
    for input in ["", "\n", "; a comment\n\n", "$TTL 60\n", "\u{FEFF}"] {
        let output = Command::cargo_bin("dnsonde")
            .unwrap()
            .arg("rrcheck")
            .write_stdin(input)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{input:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains("standard input: contains no record"), "{stderr}");
    }
}
