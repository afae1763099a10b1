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
                 x CH 1h TXT a\"b\"\n";
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
            "; error: line 3, column 17: a parenthesis is not closed",
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
            "; error: line 3, column 9: no zone has records of the type TSIG",
            ". 32768 CLASS1232 OPT \\# 4 00030000",
            "x. 0 ANY ANY \\# 0",
            "; error: line 6, column 4: no zone has records of the type AXFR",
            "x. 3600 IN NSEC . NXNAME",
        ]
    );
    assert_eq!(rrcheck(&[], &output).0.lines().count(), 5);
}
