//! Lists of names as people have them: what each kind of line was before, and what it is now.

use super::{Files, Run, assert_valid, run_with_input, server};

/// Kind, the type that is asked for, the list, what it was in the first build, what it is now: each
/// question that is asked, or INVALID and why.
#[rustfmt::skip]
const KINDS: &[(&str, &str, &str, &str, &str)] = &[
    ("a no-break space in a name", "A", "a\u{A0}b.example", "a\\032b.example. A", "INVALID U+00A0 in the name, which looks like a space; write the name without it"),
    ("no-break and ideographic spaces around a name", "A", "\u{A0}ok.example\u{3000}", "\\032ok.example\\032. A", "ok.example. A"),
    ("a full-width backslash", "A", "a\u{FF3C}046b.example", "a\\.b.example. A", "INVALID U+FF3C in the name, which looks like a backslash; write the name without it"),
    ("a one dot leader", "A", "a\u{2024}b.example", "INVALID not allowed in an internationalized name (IDNA)", "INVALID U+2024 is not allowed in a name (it stands for dots inside a label)"),
    ("full stops of other scripts", "A", "b\u{FC}cher\u{3002}example\u{FF0E}", "xn--bcher-kva.example. A", "xn--bcher-kva.example. A"),
    ("marks of direction around a name", "A", "\u{200F}\u{645}\u{62B}\u{627}\u{644}.example\u{200E}", "INVALID not allowed in an internationalized name (IDNA)", "xn--mgbh0fb.example. A"),
    ("a joiner where no script has one", "A", "a\u{200D}b.example", "INVALID not allowed in an internationalized name (IDNA)", "INVALID U+200D is not allowed in a name (it is invisible)"),
    ("a replacement character", "A", "a\u{FFFD}b.example", "INVALID not allowed in an internationalized name (IDNA)", "INVALID U+FFFD is not allowed in a name (it stands for text that was damaged)"),
    ("an escape beside another script", "A", "b\u{FC}cher\\046x.example", "xn--bcher\\.x-9db.example. A", "INVALID a backslash next to letters that are not ASCII; write them as \\DDD as well, or in their form for the DNS (xn--...)"),
    ("punycode that does not decode", "A", "xn--99999999.example", "xn--99999999.example. A", "xn--99999999.example. A"),
    ("a tab before the type", "A", "ok.example\tMX", "INVALID control character 0x09 in the name; write it as \\DDD", "ok.example. MX"),
    ("a space before the type", "A", "ok.example MX", "INVALID a space inside the name; a line is NAME or NAME,TYPE", "ok.example. MX"),
    ("a comment behind a name", "A", "ok.example # ours", "INVALID a space inside the name; a line is NAME or NAME,TYPE", "ok.example. A"),
    ("quotes around fields", "A", "\"ok.example\",\"MX\"", "INVALID '\"MX\"' behind the comma is no record type to look up; a line is NAME or NAME,TYPE", "ok.example. MX"),
    ("quotes around a name", "A", "\"ok.example\"", "\\\"ok.example\\\". A", "ok.example. A"),
    ("a ranking", "A", "1,ok.example", "INVALID 'ok.example' behind the comma is no record type to look up; a line is NAME or NAME,TYPE", "INVALID a rank and a name; keep column 2 only: cut -d, -f2"),
    ("a ranking with more columns", "A", "1,1,ok.example,example,501", "INVALID '1,ok.example,example,501' behind the comma is no record type to look up; a line is NAME or NAME,TYPE", "INVALID a rank and a name; keep column 3 only: cut -d, -f3"),
    ("a title of columns", "A", "rank,domain", "INVALID 'domain' behind the comma is no record type to look up; a line is NAME or NAME,TYPE", "INVALID unknown record type 'domain'; a line is NAME or NAME,TYPE"),
    ("a name and a server", "A", "ok.example,192.0.2.53", "INVALID '192.0.2.53' behind the comma is no record type to look up; a line is NAME or NAME,TYPE", "INVALID '192.0.2.53' looks like a server, not a record type; give servers with -r or -R"),
    ("a hosts file", "A", "0.0.0.0 ok.example", "INVALID a space inside the name; a line is NAME or NAME,TYPE", "INVALID a line of a hosts file; write only the name, not the address in front of it: ok.example"),
    ("a record", "A", "ok.example. 300 IN A 192.0.2.1", "INVALID a space inside the name; a line is NAME or NAME,TYPE", "INVALID a DNS record; write only its name, or NAME TYPE"),
    ("the type before the name", "A", "MX ok.example", "INVALID a space inside the name; a line is NAME or NAME,TYPE", "INVALID the type comes after the name: ok.example,MX"),
    ("a URL", "A", "http://ok.example/path", "INVALID a URL, not a name; give the host only", "INVALID a URL, not a name; write only its host: ok.example"),
    ("a name and a path", "A", "ok.example/path", "ok.example/path. A", "INVALID a name and a path; write only the name: ok.example; or \\/ for a slash in the name"),
    ("a name and a port", "A", "ok.example:443", "ok.example:443. A", "INVALID a name and a port; write only the name: ok.example"),
    ("a mailbox", "A", "user@ok.example", "user\\@ok.example. A", "INVALID an email address, or a user at a host; write only the part after the @: ok.example"),
    ("a rule of an ad blocker", "A", "||ok.example^", "||ok.example^. A", "INVALID a rule of an ad blocker; write only the name in it"),
    ("JSON", "A", "{\"name\":\"ok.example\"}", "{\\\"name\\\":\\\"ok.example\\\"}. A", "INVALID JSON; write only the name in it"),
    ("a pattern", "A", "ads*.ok.example", "ads*.ok.example. A", "INVALID a pattern; only a whole label can be *, which queries the wildcard itself; write \\* for an asterisk in the name"),
    ("a regular expression", "A", "ok\\.example", "ok\\.example. A", "INVALID a backslash precedes every dot, as in a regular expression; write plain dots"),
    ("single quotes", "A", "'ok.example'", "'ok.example'. A", "INVALID a quotation mark in the name; quote a whole field, or nothing"),
    ("a semicolon for a comma", "A", "ok.example;1", "ok.example\\;1. A", "INVALID ';' in the name; write \\; if it belongs there"),
    ("a wildcard", "A", "*.ok.example", "*.ok.example. A", "*.ok.example. A"),
    ("a label with an underscore", "A", "_dmarc.ok.example.", "_dmarc.ok.example. A", "_dmarc.ok.example. A"),
    ("a delegation of less than an octet (RFC 2317)", "PTR", "0/25.2.0.192.in-addr.arpa", "0/25.2.0.192.in-addr.arpa. PTR", "0/25.2.0.192.in-addr.arpa. PTR"),
    ("an escaped colon", "A", "a\\:b.example", "a:b.example. A", "a:b.example. A"),
    ("an escaped space", "A", "My\\032Printer._ipp._tcp.example", "My\\032Printer._ipp._tcp.example. A", "My\\032Printer._ipp._tcp.example. A"),
    ("an address that is asked for A", "A", "192.0.2.1", "192.0.2.1. A", "INVALID an IP address, not a name: use scan -t PTR or query -x for reverse lookups"),
    ("an IPv6 address that is asked for A", "A", "2001:db8::1", "2001:db8::1. A", "INVALID an IP address, not a name: use scan -t PTR or query -x for reverse lookups"),
    ("what is nearly an address", "PTR", "192.0.2.300", "192.0.2.300. PTR", "INVALID neither a name nor an IP address: no top-level domain is a number; write a digit as \\DDD to query it anyway"),
    ("an address", "PTR", "192.0.2.1", "1.2.0.192.in-addr.arpa. PTR", "1.2.0.192.in-addr.arpa. PTR"),
    ("an IPv6 address in brackets", "PTR", "[2001:db8::1]", "[2001:db8::1]. PTR", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR"),
    ("an address and a port", "PTR", "192.0.2.1:53", "192.0.2.1:53. PTR", "INVALID an IP address and a port; write only the address: 192.0.2.1"),
    ("an IPv6 address and a port", "PTR", "[2001:db8::1]:53", "[2001:db8::1]:53. PTR", "INVALID an IP address and a port; write only the address: 2001:db8::1"),
    ("an address and an interface", "PTR", "fe80::1%eth0", "fe80::1%eth0. PTR", "INVALID an IP address and an interface; reverse lookups have no interface: write fe80::1"),
    ("a prefix", "PTR", "192.0.2.0/30", "192.0.2.0/30. PTR", "0.2.0.192.in-addr.arpa. PTR; 1.2.0.192.in-addr.arpa. PTR; 2.2.0.192.in-addr.arpa. PTR; 3.2.0.192.in-addr.arpa. PTR"),
    ("an IPv6 prefix", "PTR", "2001:db8::/127", "2001:db8::/127. PTR", "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR; 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR"),
    ("a prefix that is asked for A", "A", "192.0.2.0/30", "192.0.2.0/30. A", "INVALID a prefix of IP addresses, not a name: use scan -t PTR for reverse lookups"),
    ("a prefix with bits behind it", "PTR", "192.0.2.77/24", "192.0.2.77/24. PTR", "INVALID bits are set beyond the prefix length; write 192.0.2.0/24 for the prefix, or 192.0.2.77 alone"),
    ("a prefix of too many addresses", "PTR", "::/0", "::/0. PTR", "INVALID the prefix has more than 16777216 addresses; the shortest allowed is /104"),
    ("lines that end with CR", "A", "ok.example\rtwo.example\r", "INVALID control character 0x0d in the name; write it as \\DDD", "ok.example. A; two.example. A"),
    ("a NUL", "A", "o\0k.example", "INVALID control character 0x00 in the name; write it as \\DDD", "INVALID control character 0x00 in the name; write it as \\000 if it belongs there"),
];

/// Every line of output: a question, or why there is none.
fn outcomes(run: &Run) -> String {
    let mut outcomes: Vec<String> = run
        .lines()
        .iter()
        .map(|line| {
            let field = |name: &str| line[name].as_str().unwrap().to_owned();
            if line["status"] == "INVALID" {
                let error = field("error");
                format!("INVALID {}", error.split_once(": ").unwrap().1)
            } else {
                format!("{} {}", field("name"), field("type"))
            }
        })
        .collect();
    outcomes.sort();
    outcomes.join("; ")
}

#[test]
fn every_kind_of_line_is_asked_as_it_was_meant_or_says_what_it_is() {
    let server = server();
    let addr = server.addr().to_string();
    let mut wrong = Vec::new();
    for &(kind, rtype, list, _, now) in KINDS {
        let run = run_with_input(&["scan", "-r", &addr, "-t", rtype], list.as_bytes());
        run.assert_code(0);
        run.lines().iter().for_each(|line| assert_valid("scan-line", line));
        let outcomes = outcomes(&run);
        if outcomes != now {
            wrong.push(format!("{kind} ({list:?}): {outcomes}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
    text.encode_utf16()
        .flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() })
        .collect()
}

/// Before, each line was INVALID: "control character 0x00 in the name", or "neither ASCII nor UTF-8".
#[test]
fn utf_16_is_read_with_its_mark_and_without() {
    let server = server();
    let addr = server.addr().to_string();
    let list = "two.example\r\nb\u{FC}cher.example,MX\r\n";
    let asked = "two.example. A; xn--bcher-kva.example. MX";
    for big_endian in [false, true] {
        for text in [format!("\u{FEFF}{list}"), list.to_owned()] {
            let run = run_with_input(&["scan", "-r", &addr], &utf16(&text, big_endian));
            run.assert_code(0);
            assert_eq!(outcomes(&run), asked, "{big_endian} {text:?}");
        }
    }
}

/// Before, the octets were read as lines, all INVALID or, in part, asked: exit status 0.
#[test]
fn a_compressed_list_is_refused_with_the_command_that_unpacks_it() {
    let files = Files::new();
    let out = files.write("out.jsonl", "what was there before\n");
    for (octets, what, hint) in [
        (&b"\x1F\x8B\x08\0\0\0\0\0\0\x03ok.example\n"[..], "compressed with gzip", "zcat "),
        (b"PK\x03\x04\x14\0\0\0ok.example\n", "compressed with zip", "unzip -p "),
        (b"\xFF\xFE\0\0o\0\0\0k\0\0\0\n\0\0\0", "text in UTF-32", "iconv -f UTF-32"),
    ] {
        let list = files.write("list", octets);
        let run = run_with_input(&["scan", &list, "-r", "127.0.0.1:9", "-o", &out], b"");
        run.assert_code(2)
            .assert_stderr(&format!("list: is {what}, which is not supported"))
            .assert_stderr(hint);
        assert_eq!(std::fs::read_to_string(&out).unwrap(), "what was there before\n");
    }
}

/// Before, such a list was read to its end, every line INVALID, exit status 0.
#[test]
fn a_list_of_which_most_cannot_be_asked_ends_after_1000_lines_with_what_it_looks_like() {
    let server = server();
    let addr = server.addr().to_string();
    for (line, looks_like, hint) in [
        ("7,n.example", "a ranking", "cut -d, -f2 LIST"),
        ("7\tn.example", "a ranking", "cut -f2 LIST"),
        ("7,7,n.example,example,3", "a ranking", "cut -d, -f3 LIST"),
        ("https://n.example/", "a list of URLs", "sed -E"),
        ("n.example:443", "a list of hosts and ports", "cut -d: -f1 LIST"),
        ("a@n.example", "a list of email addresses", "cut -d@ -f2 LIST"),
        ("0.0.0.0 n.example", "a hosts file", "awk '{print $2}' LIST"),
        ("n.example. 60 IN A 192.0.2.1", "a zone file", "awk '{print $1}' LIST"),
        ("||n.example^", "a list for an ad blocker", "sed -nE"),
        ("192.0.2.1", "a list of IP addresses", "-t PTR"),
        ("{\"name\":\"n.example\"}", "JSON", "jq -r .name LIST"),
    ] {
        let list = format!("{line}\nok.example\n# no line\n{line}\n").repeat(400);
        let run = run_with_input(&["scan", "-r", &addr], list.as_bytes());
        run.assert_code(2).assert_stderr("667 of the first 1000 lines are invalid");
        run.assert_stderr(&format!("the list looks like {looks_like}")).assert_stderr(hint);
        let lines = run.lines();
        let invalid = lines.iter().filter(|line| line["status"] == "INVALID").count();
        assert_eq!(invalid, 667, "{line}");
        assert!(lines.len() <= 1000);
    }
}

#[test]
fn a_list_of_which_most_cannot_be_asked_is_read_on_if_that_is_wanted() {
    let server = server();
    let addr = server.addr().to_string();
    let list = "https://n.example/\nok.example\nhttps://n.example/\n".repeat(500);
    let run = run_with_input(&["scan", "-r", &addr, "--keep-going"], list.as_bytes());
    run.assert_code(0).assert_stderr("the list looks like a list of URLs");
    assert_eq!(run.lines().len(), 1500);
}

#[test]
fn a_list_of_which_half_can_be_asked_is_read_to_its_end() {
    let server = server();
    let addr = server.addr().to_string();
    let list = "https://n.example/\nok.example\n".repeat(1000);
    let run = run_with_input(&["scan", "-r", &addr], list.as_bytes());
    run.assert_code(0);
    assert_eq!(run.lines().len(), 2000);
}

#[test]
fn a_short_list_of_urls_is_told_for_what_it_is() {
    let server = server();
    let addr = server.addr().to_string();
    let run = run_with_input(&["scan", "-r", &addr], b"https://a.example/\nhttps://b.example/\n");
    run.assert_code(0).assert_stderr("2 of the first 2 lines are invalid");
    run.assert_stderr("the list looks like a list of URLs").assert_stderr("keep the hosts");
}

/// Before, the prefix was asked as the name `127.0.0.0/18.`.
#[test]
fn a_prefix_is_every_address_once_and_what_follows_is_asked_too() {
    let server = server();
    let addr = server.addr().to_string();
    let list = b"127.0.0.0/18\nok.example\n2001:db8::/119\n";
    let run = run_with_input(&["scan", "-r", &addr, "-t", "A,PTR"], list);
    run.assert_code(0);
    let mut names: Vec<String> =
        run.lines().iter().map(|line| format!("{} {}", line["name"], line["type"])).collect();
    names.sort();
    names.dedup();
    // An address is asked for its PTR records only.
    assert_eq!(names.len(), 16_384 + 2 + 512);
    let reverse = |name: &String| name.ends_with(".arpa.\" \"PTR\"");
    assert_eq!(names.iter().filter(|name| reverse(name)).count(), 16_384 + 512);
}

/// Lists of one column that other tools read, and dnsperf's two.
#[test]
fn lists_of_other_tools_are_asked_as_they_are() {
    let server = server();
    let addr = server.addr().to_string();
    let files = Files::new();
    for (kind, list, asked) in [
        ("massdns", "a.example\nb.example.\n", "a.example. A; b.example. A"),
        (
            "dnsperf",
            "; queryperf data\na.example A\nb.example\tMX\n",
            "a.example. A; b.example. MX",
        ),
        (
            "a spreadsheet",
            "\u{FEFF}\"a.example\",\"MX\"\r\n\"b.example\"\r\n",
            "a.example. MX; b.example. A",
        ),
        ("nothing", "", ""),
        ("nothing but a mark", "\u{FEFF}", ""),
        ("no last line end", "a.example\nb.example", "a.example. A; b.example. A"),
    ] {
        let list = files.write("list", list);
        let run = run_with_input(&["scan", &list, "-r", &addr], b"");
        run.assert_code(0);
        assert_eq!(outcomes(&run), asked, "{kind}");
    }
}

#[test]
fn cells_that_a_spreadsheet_takes_for_formulas_are_made_safe_if_that_is_wanted() {
    let server = server();
    let addr = server.addr().to_string();
    let list = b"-1.example\n+cmd.example\n@SUM(A1)\n=cmd|x\nplain.example\n";
    for (more, names) in [
        (&[][..], ["+cmd.example.", "-1.example.", "=cmd|x", "@SUM(A1)", "plain.example."]),
        (
            &["--csv-safe"],
            ["'+cmd.example.", "'-1.example.", "'=cmd|x", "'@SUM(A1)", "plain.example."],
        ),
    ] {
        let args = [&["scan", "-r", &addr, "--format", "csv"], more].concat();
        let run = run_with_input(&args, list);
        run.assert_code(0);
        let mut reader = csv::Reader::from_reader(run.stdout.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let mut firsts: Vec<&str> = rows.iter().map(|row| &row[0]).collect();
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts, names);
        let safe = |cell: &str| !cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        assert_eq!(rows.iter().flatten().all(safe), !more.is_empty());
    }
    let run = run_with_input(&["scan", "-r", &addr, "--csv-safe", "--format", "jsonl"], list);
    run.assert_code(2).assert_stderr("--csv-safe works with --format csv only");
}
