//! Wrong input to every command: exit status 2, nothing on standard output, and one sentence that says
//! what is wrong, where (the option, or file, line and column) and what to do.

use super::{Files, Run, dnsonde};

/// Arguments, the sentence, and the line that says what to do where the sentence does not.
const TABLE: &[(&[&str], &str, &str)] = &[
    (
        &["nonsense"],
        "dnsonde: unknown command 'nonsense'",
        "hint: `dnsonde query nonsense` asks for that name; `dnsonde --help` lists the commands",
    ),
    (
        &["qurey", "a"],
        "dnsonde: unknown command 'qurey'",
        "hint: did you mean `dnsonde query`? `dnsonde query qurey` asks for that name",
    ),
    (
        &["names.txt"],
        "dnsonde: 'names.txt' is a file, not a command",
        "hint: `dnsonde scan names.txt` looks up a list of names; `dnsonde query names.txt` asks for that name",
    ),
    (&["--bogus"], "error: unexpected argument '--bogus' found", ""),
    (&["help", "nope"], "error: unrecognized subcommand 'nope'", ""),
    (
        &["query", "@127.0.0.1", "a..b"],
        "dnsonde: invalid name 'a..b': a label is empty (two dots in a row, or a dot at the start)",
        "",
    ),
    (
        &["query", "@127.0.0.1", "a.test", "-t", "FOO"],
        "dnsonde: unknown record type 'FOO'",
        "hint: write types like MX or TYPE65280; for the name, use -q FOO",
    ),
    (
        &["query", "@127.0.0.1", "a.test", "-p", "0"],
        "error: invalid value '0' for '--port <PORT>': 0 is out of range: write a number from 1 to 65535",
        "",
    ),
    (
        &["query", "@127.0.0.1", "a.test", "-p", "x"],
        "error: invalid value 'x' for '--port <PORT>': not a whole number",
        "",
    ),
    (
        &["query", "@127.0.0.1", "a.test", "+foo"],
        "dnsonde: unknown option '+foo'",
        "hint: `dnsonde query --help` lists the options",
    ),
    (
        &["query", "@127.0.0.1", "a.test", "+bufsize=x"],
        "dnsonde: invalid value 'x' for +bufsize: write a number from 512 to 65535",
        "",
    ),
    (
        &["query", "@127.0.0.1", "a.test", "+subnet=x"],
        "dnsonde: invalid client subnet 'x'",
        "hint: write ADDR/PREFIX, such as 192.0.2.0/24 or 2001:db8::/56, or 0 for none",
    ),
    (
        &["query", "@127.0.0.1", "a.test", "+cookie=zz"],
        "dnsonde: invalid cookie 'zz' (RFC 7873)",
        "hint: write 16 hexadecimal digits, or 32 to 80 with the server cookie",
    ),
    (
        &["query", "@127.0.0.1", "a.test", "-c", "XX"],
        "dnsonde: unknown class 'XX'",
        "hint: classes are IN, CH, HS, ANY, or CLASS and a number",
    ),
    (
        &["query", "@127.0.0.1", "a.test", "-b", "x"],
        "error: invalid value 'x' for '-b <ADDR>': not an address",
        "",
    ),
    (
        &["query", "@300.1.1.1", "a.test"],
        "dnsonde: invalid server '300.1.1.1': not an IPv4 address",
        "hint: write ADDR, ADDR:PORT, [V6]:PORT, a host name, or one of these after tcp://",
    ),
    (
        &["query", "@127.0.0.1", "http://a.test/"],
        "dnsonde: 'http://a.test/' is more than a name",
        "hint: write a.test; or use -q http://a.test/ for that very name",
    ),
    (
        &["query", "@127.0.0.1", "-f", "missing"],
        "dnsonde: missing: cannot be opened: No such file or directory",
        "",
    ),
    (
        &["query", "@127.0.0.1", "-f", "empty"],
        "dnsonde: empty: contains no query",
        "hint: write one query per line, such as: example.com MX",
    ),
    (
        &["query", "@127.0.0.1", "-f", "batch"],
        "dnsonde: batch, line 2: unknown option '+foo'",
        "hint: `dnsonde query --help` lists the options",
    ),
    (
        &["query", "@127.0.0.1", "a.test", "--format", "xml"],
        "error: invalid value 'xml' for '--format <FORMAT>'",
        "[possible values: text, json]",
    ),
    (
        &["query", "@127.0.0.1", "a.test", "AXFR"],
        "dnsonde: AXFR is a zone transfer, not a query",
        "hint: dnsonde does not transfer zones; use `dig @SERVER ZONE AXFR`",
    ),
    (
        &["query", "--trace"],
        "dnsonde: --trace needs a name",
        "hint: for example `dnsonde query --trace example.com`",
    ),
    (
        &["query", "a.test", "--trace", "--root-hints", "empty"],
        "dnsonde: empty: no root server with an address: root hints need the NS records of '.' and the A or AAAA records of their targets",
        "",
    ),
    (
        &["query", "a.test", "--trace", "--root-hints", "badhints"],
        "dnsonde: badhints, line 2, column 2: the entry ends where a record type is expected",
        "",
    ),
    (
        &["query", "@fe80::1", "a.test"],
        "dnsonde: invalid server 'fe80::1': a link-local address needs its interface",
        "hint: write fe80::1%INTERFACE, such as fe80::1%eth0; `ip link` lists them",
    ),
    (
        &["query", "@127.0.0.1", "a.test", "+short", "+trace"],
        "dnsonde: --trace finds the servers itself and cannot be used with @SERVER",
        "hint: --root-hints FILE sets where it starts",
    ),
    (
        &["query", "@0.0.0.0", "a.test"],
        "dnsonde: invalid server '0.0.0.0': the unspecified address is not a server",
        "hint: for a server on this machine, write 127.0.0.1 or ::1",
    ),
    (
        &["query", "@127.0.0.1", "a.test", "--timeout", "x"],
        "dnsonde: --timeout is not supported",
        "hint: +timeout=SECONDS",
    ),
    (
        &["scan", "missing", "-r", "127.0.0.1"],
        "dnsonde: missing: cannot be opened: No such file or directory",
        "",
    ),
    (&["scan", "dir", "-r", "127.0.0.1"], "dnsonde: dir: is a directory, not a file", ""),
    (
        &["scan", "names.txt", "-r", "x..y"],
        "dnsonde: invalid server 'x..y': neither an address nor a host name",
        "hint: write ADDR, ADDR:PORT, [V6]:PORT, a host name, or one of these after tcp://",
    ),
    (
        &["scan", "names.txt", "-R", "servers.txt"],
        "dnsonde: servers.txt, line 3: 'not an address' is not a server address",
        "hint: write one ADDR, ADDR:PORT or [V6]:PORT per line; # begins a comment",
    ),
    (
        &["scan", "names.txt", "-R", "empty"],
        "dnsonde: empty: contains no server",
        "hint: write one ADDR, ADDR:PORT or [V6]:PORT per line; # begins a comment",
    ),
    (
        &["scan", "names.txt", "-R", "missing"],
        "dnsonde: missing: cannot be opened: No such file or directory",
        "",
    ),
    (
        &["scan", "names.txt", "-r", "127.0.0.1", "-t", "FOO"],
        "error: invalid value 'FOO' for '--type <TYPE>': unknown record type; write types like MX or TYPE65280",
        "",
    ),
    (
        &["scan", "names.txt", "-r", "127.0.0.1", "--class", "XX"],
        "error: invalid value 'XX' for '--class <CLASS>': unknown class; write IN, CH, HS or CLASS3",
        "",
    ),
    (
        &["scan", "names.txt", "-r", "127.0.0.1", "--rate", "x"],
        "error: invalid value 'x' for '--rate <QPS>': expected `unlimited` or a number above 0",
        "",
    ),
    (
        &["scan", "names.txt", "-r", "127.0.0.1", "--rate", "0"],
        "error: invalid value '0' for '--rate <QPS>': expected `unlimited` or a number above 0",
        "",
    ),
    (
        &["scan", "names.txt", "-r", "127.0.0.1", "--concurrency", "x"],
        "error: invalid value 'x' for '--concurrency <N>': expected `auto` or a number of at least 1",
        "",
    ),
    (
        &["scan", "names.txt", "-r", "127.0.0.1", "--timeout", "0"],
        "error: invalid value '0' for '--timeout <MS>': 0 is out of range: write a number from 1 to 600000",
        "",
    ),
    (
        &["scan", "names.txt", "-r", "127.0.0.1", "--format", "xml"],
        "error: invalid value 'xml' for '--format <FORMAT>'",
        "[possible values: jsonl, csv, text, massdns, zdns]",
    ),
    (
        &["scan", "names.txt", "-r", "127.0.0.1", "-o", "dir"],
        "dnsonde: dir: is a directory, not a file",
        "",
    ),
    (
        &["scan", "names.txt", "-r", "127.0.0.1", "-o", "no/out"],
        "dnsonde: no/out: cannot be created: there is no directory no",
        "",
    ),
    (
        &["scan", "names.txt", "-r", "127.0.0.1", "-o", "names.txt"],
        "dnsonde: --output names.txt is the same file as the input, names.txt: the output would overwrite it",
        "hint: write to another file; it can replace the input afterwards",
    ),
    (
        &["scan", "names.txt", "-r", "127.0.0.1", "--stats", "no/out"],
        "dnsonde: no/out: cannot be created: there is no directory no",
        "",
    ),
    (
        &["scan", "names.txt", "-r", "127.0.0.1", "--iterative"],
        "error: the argument '--resolver <SERVER>' cannot be used with '--iterative'",
        "",
    ),
    (
        &["scan", "names.txt", "--iterative", "--root-hints", "empty"],
        "dnsonde: empty: no root server with an address: root hints need the NS records of '.' and the A or AAAA records of their targets",
        "",
    ),
    (
        &["scan", "names.txt", "-r", "127.0.0.1", "--bufsize", "9"],
        "error: invalid value '9' for '--bufsize <N>': 9 is out of range: write a number from 512 to 65535",
        "",
    ),
    (
        &["scan", "names.txt", "-r", "127.0.0.1", "--fields", "foo"],
        "error: unexpected argument '--fields' found",
        "",
    ),
    (
        &["scan", "names.txt", "-r", "127.0.0.1", "--threads", "0"],
        "error: invalid value '0' for '--threads <N>': 0 is out of range: write a number from 1 to 256",
        "",
    ),
    (
        &["scan", "names.txt", "-r", "127.0.0.1", "--csv-safe"],
        "dnsonde: --csv-safe works with --format csv only",
        "",
    ),
    (
        &["scan", "names.txt", "-r", "127.0.0.1", "--give-up-after", "x"],
        "error: invalid value 'x' for '--give-up-after <SECONDS>': not a whole number",
        "",
    ),
    (&["scan", "a", "b", "c"], "error: unexpected argument 'b' found", ""),
    (&["verify"], "error: the following required arguments were not provided:", "<DOMAIN>"),
    (
        &["verify", "example.com"],
        "dnsonde: no expected record given",
        "hint: give the records that should be there: --ses, --dkim, --expect, --records, ...; see --help",
    ),
    (
        &["verify", "example.com", "--dmarc", "--root-hints", "empty"],
        "dnsonde: empty: no root server with an address: root hints need the NS records of '.' and the A or AAAA records of their targets",
        "",
    ),
    (
        &["verify", "example.com", "--dmarc", "--root-hints", "badhints"],
        "dnsonde: badhints, line 2, column 2: the entry ends where a record type is expected",
        "",
    ),
    (
        &["verify", "example.com", "--dmarc", "-r", "x..y"],
        "dnsonde: invalid server 'x..y': neither an address nor a host name",
        "hint: write ADDR, ADDR:PORT, [V6]:PORT, a host name, or one of these after tcp://",
    ),
    (
        &["verify", "example.com", "--dmarc", "-r", "tcp://127.0.0.1"],
        "dnsonde: 'tcp://127.0.0.1': verify always uses both UDP and TCP",
        "hint: leave out tcp://",
    ),
    (
        &["verify", "example.com", "--dmarc", "--also-ask", "300.1.1.1"],
        "dnsonde: invalid server '300.1.1.1': not an IPv4 address",
        "hint: write ADDR, ADDR:PORT, [V6]:PORT, a host name, or one of these after tcp://",
    ),
    (
        &["verify", "example.com", "--dmarc", "--repeat", "0"],
        "error: invalid value '0' for '--repeat <N>': 0 is out of range: write a number from 1 to 10000",
        "",
    ),
    (
        &["verify", "example.com", "--dmarc", "--rate", "x"],
        "error: invalid value 'x' for '--rate <QPS>': expected queries per second, above 0 and at most 100000",
        "",
    ),
    (
        &["verify", "example.com", "--dmarc", "--wait", "soon"],
        "error: invalid value 'soon' for '--wait <DURATION>': not a duration; write a number and its unit, such as 90s, 30m or 72h",
        "",
    ),
    (
        &["verify", "example.com", "--dmarc", "--wait", "1h", "--every", "1ms"],
        "error: invalid value '1ms' for '--every <DURATION>': shorter than a second; write 1s or more",
        "",
    ),
    (
        &["verify", "example.com", "--dmarc", "--every", "1s"],
        "error: the following required arguments were not provided:",
        "--wait <DURATION>",
    ),
    (
        &["verify", "example.com", "--dmarc", "--wait", "1s", "--state", "st"],
        "dnsonde: --state st: it is not a state of `dnsonde verify`: missing field `domain` at line 1 column 12",
        "hint: give another file, or remove this one to start over",
    ),
    (
        &["verify", "example.com", "--dmarc", "--wait", "1s", "--state", "no/st"],
        "dnsonde: cannot write the state to 'no/st': there is no directory no",
        "",
    ),
    (
        &["verify", "example.com", "--dmarc", "--wait", "1s", "--state", "dir"],
        "dnsonde: --state dir: is not a regular file",
        "hint: give a file; it is created if it does not exist",
    ),
    (
        &["verify", "example.com", "--records", "missing"],
        "dnsonde: missing: cannot be opened: No such file or directory",
        "",
    ),
    (
        &["verify", "example.com", "--records", "recs"],
        "dnsonde: recs, line 1, column 20: expected an IPv4 address, found '1.2.3'",
        "hint: give a zone file, or a table with the columns Name, Type and Value",
    ),
    (
        &["verify", "example.com", "--records", "bin"],
        "dnsonde: bin, line 1, column 1: the file is binary, which is not supported",
        "hint: give a zone file, or a table with the columns Name, Type and Value",
    ),
    (
        &["verify", "example.com", "--records", "dir"],
        "dnsonde: dir: is a directory, not a file",
        "",
    ),
    (
        &["verify", "example.com", "--dmarc", "--format", "xml"],
        "error: invalid value 'xml' for '--format <FORMAT>'",
        "[possible values: text, json, html]",
    ),
    (
        &["verify", "example.com", "--acme-response", "short"],
        "dnsonde: --acme-response: 'short' is not a DNS-01 value: expected 43 characters of base64url (RFC 8555 \u{A7}8.4)",
        "",
    ),
    (
        &["verify", "example.com", "--ses"],
        "error: a value is required for '--ses <T1,T2,T3>' but none was supplied",
        "",
    ),
    (
        &["verify", "example.com", "--ses-zone", "a.b"],
        "error: the following required arguments were not provided:",
        "--ses <T1,T2,T3>",
    ),
    (
        &["verify", "example.com", "--mail-from-region", "eu-west-1"],
        "error: the following required arguments were not provided:",
        "--mail-from <NAME>",
    ),
    (
        &["verify", "example.com", "--dmarc", "--port", "0"],
        "error: invalid value '0' for '--port <PORT>': 0 is out of range: write a number from 1 to 65535",
        "",
    ),
    (
        &["verify", "example.com", "--dmarc", "-4", "-6"],
        "error: the argument '-4' cannot be used with '-6'",
        "",
    ),
    (&["verify", "a.test", "b.test", "--dmarc"], "error: unexpected argument 'b.test' found", ""),
    (
        &["verify", "example.com", "--expect", "www"],
        "dnsonde: --expect 'www', column 4: the entry ends where a record type is expected",
        "hint: write --expect 'NAME TYPE VALUE', such as 'www A 192.0.2.1'",
    ),
    (
        &["verify", "example.com", "--expect", ""],
        "dnsonde: --expect: the entry ends where a domain name is expected",
        "hint: write --expect 'NAME TYPE VALUE', such as 'www A 192.0.2.1'",
    ),
    (
        &["verify", "", "--dmarc"],
        "dnsonde: the domain: '' is not a domain name: the name is empty",
        "",
    ),
    (
        &["verify", "example.com", "--ses", ""],
        "dnsonde: --ses: the list has an empty item (two commas in a row, or one at the end)",
        "",
    ),
    (
        &["verify", "example.com", "--dkim", ""],
        "dnsonde: --dkim: '' is not a domain name: the name is empty",
        "",
    ),
    (
        &["verify", "example.com", "--mail-from", ""],
        "dnsonde: --mail-from: '' is not a domain name: the name is empty",
        "",
    ),
    (
        &["verify", "example.com", "--acm", ""],
        "dnsonde: --acm: '' is not a name and a target",
        "hint: write --acm '_x1.example.com _y1.acm-validations.aws'",
    ),
    (
        &["verify", "example.com", "--issuer", ""],
        "dnsonde: --issuer: '' is not the domain name of a certificate authority, such as letsencrypt.org",
        "",
    ),
    (
        &["verify", "example.com", "--dmarc", "--seed", "x"],
        "error: invalid value 'x' for '--seed <N>': not a whole number",
        "",
    ),
    (&["decode", "missing"], "dnsonde: missing: cannot be opened: No such file or directory", ""),
    (&["decode", "dir"], "dnsonde: dir: is a directory, not a file", ""),
    (
        &["decode", "hexbad"],
        "dnsonde: hexbad, line 1, column 1: 'zz' is not hexadecimal, Base64 or a line of a dump",
        "hint: `dnsonde decode --help` lists the supported formats; tcpdump needs -x to write octets",
    ),
    (
        &["decode", "--format", "xml"],
        "error: invalid value 'xml' for '--format <FORMAT>'",
        "[possible values: text, json]",
    ),
    (
        &["decode", "bin", "--hex"],
        "dnsonde: bin, line 1, column 1: '\\x00' is not a hexadecimal digit",
        "hint: `dnsonde decode --help` lists the supported formats; tcpdump needs -x to write octets",
    ),
    (
        &["decode", "bin", "--port", "x"],
        "error: invalid value 'x' for '--port <PORT>': not a whole number",
        "",
    ),
    (&["decode", "names.txt", "--nope"], "error: unexpected argument '--nope' found", ""),
    (&["rrcheck", "missing"], "dnsonde: missing: cannot be opened: No such file or directory", ""),
    (
        &["rrcheck", "z", "--origin", "a..b"],
        "error: invalid value 'a..b' for '--origin <NAME>': a label is empty (two dots in a row, or a dot at the start)",
        "",
    ),
    (
        &["rrcheck", "z", "--form", "x"],
        "error: unexpected argument '--form' found",
        "tip: a similar argument exists: '--format'",
    ),
    (&["rrcheck", "z", "--ttl", "x"], "error: unexpected argument '--ttl' found", ""),
    (&["rrcheck", "dir"], "dnsonde: dir: is a directory, not a file", ""),
    (
        &["bench", "-d", "missing"],
        "dnsonde: missing: cannot be opened: No such file or directory",
        "",
    ),
    (
        &["bench", "-d", "batch", "-m", "dot"],
        "dnsonde: -m dot is not supported: only UDP and TCP are measured",
        "",
    ),
    (
        &["bench", "-d", "batch", "-s", "300.1.1.1"],
        "dnsonde: invalid server '300.1.1.1': not an IPv4 address",
        "hint: write ADDR, ADDR:PORT, [V6]:PORT, a host name, or one of these after tcp://",
    ),
    (
        &["bench", "-d", "batch", "-q", "0"],
        "error: invalid value '0' for '-q <QUERIES>': 0 is out of range: write a number from 1 to 4294967295",
        "",
    ),
    (
        &["bench", "-d", "batch", "--fail-if", "p99"],
        "error: invalid value 'p99' for '--fail-if <CONDITION>': not a condition such as p99>50ms or loss>0.1%",
        "",
    ),
    (
        &["playground", "nope"],
        "dnsonde: unknown scenario 'nope'",
        "hint: `dnsonde playground` lists the built-in ones; write a file with its path, as ./FILE",
    ),
    (
        &["playground", "missing.toml"],
        "dnsonde: missing.toml: cannot be opened: No such file or directory",
        "",
    ),
    (
        &["playground", "bad.toml"],
        "dnsonde: bad.toml, line 1, column 9: invalid type: integer `3`, expected a string",
        "",
    ),
    (
        &["playground", "bad2.toml"],
        "dnsonde: bad2.toml, line 1, column 11: invalid basic string, expected `\"`",
        "",
    ),
    (
        &["playground", "healthy", "--address", "x"],
        "error: unexpected argument '--address' found",
        "",
    ),
    (&["playground", "dir"], "dnsonde: dir: is a directory, not a file", ""),
    (&["playground", "healthy", "--base", "x"], "error: unexpected argument '--base' found", ""),
    (&["demo", "nope"], "error: unrecognized subcommand 'nope'", ""),
    (
        &["demo", "scan", "--names", "0"],
        "error: invalid value '0' for '--names <N>': 0 is out of range: write a number from 1 to 10000000",
        "",
    ),
    (
        &["demo", "scan", "--names", "x"],
        "error: invalid value 'x' for '--names <N>': not a whole number",
        "",
    ),
    (
        &["demo", "--format", "xml"],
        "error: invalid value 'xml' for '--format <FORMAT>'",
        "[possible values: text, json, html]",
    ),
    (&["demo", "scan", "--nope"], "error: unexpected argument '--nope' found", ""),
    (
        &["completions", "tcsh"],
        "error: invalid value 'tcsh' for '<SHELL>'",
        "[possible values: bash, elvish, fish, powershell, zsh]",
    ),
    (
        &["diagnose", "a..b"],
        "dnsonde: invalid server 'a..b': neither an address nor a host name",
        "hint: write ADDR, ADDR:PORT, [V6]:PORT, a host name, or one of these after tcp://",
    ),
    (
        &["diagnose", "https://dns.example/"],
        "dnsonde: invalid server 'https://dns.example/': https:// is not supported",
        "hint: dnsonde uses unencrypted UDP and TCP only: write ADDR or tcp://ADDR",
    ),
    (
        &["diagnose", "127.0.0.1", "--type", "FOO"],
        "dnsonde: unknown record type 'FOO'",
        "hint: write a mnemonic such as AAAA, or a number such as TYPE65280",
    ),
    (
        &["diagnose", "127.0.0.1", "--duration", "5"],
        "error: invalid value '5' for '--duration <DURATION>': not a duration; write a number and its unit, such as 20s or 2m",
        "",
    ),
    (
        &["diagnose", "127.0.0.1", "--budget", "0"],
        "error: invalid value '0' for '--budget <N>': 0 is out of range: write a number from 48 to 20000",
        "",
    ),
    (&["doctor"], "dnsonde: unknown command 'doctor'", "hint: did you mean `dnsonde diagnose`?"),
    (&["completions"], "error: the following required arguments were not provided:", "<SHELL>"),
    (
        &["man", "nope"],
        "dnsonde: unknown command 'nope'",
        "hint: the commands are query, verify, diagnose, scan, bench, demo, playground, decode, rrcheck, completions, man, help",
    ),
    (
        &["man", "demo", "b"],
        "dnsonde: unknown command 'demo b'",
        "hint: the commands are scan, help",
    ),
    (
        &["man", "scan", "b"],
        "dnsonde: unknown command 'scan b'",
        "hint: `dnsonde scan` has no subcommands",
    ),
    (
        &["verify", "example.com", "--ses-zone", "a.b", "--ses", "t1", "--dkim", "a b"],
        "dnsonde: --dkim: 'a b': a space inside the name; write it as \\032 if it belongs there",
        "",
    ),
    (
        &["scan", "names.txt", "-r", "127.0.0.1", "-t", "AXFR"],
        "error: invalid value 'AXFR' for '--type <TYPE>': AXFR cannot be looked up",
        "",
    ),
    (
        &["verify", "www.other.test", "--records", "bin"],
        "dnsonde: bin, line 1, column 1: the file is binary, which is not supported",
        "hint: give a zone file, or a table with the columns Name, Type and Value",
    ),
    (
        &["playground", "healthy", "--format", "xml"],
        "error: unexpected argument '--format' found",
        "tip: a similar argument exists: '--port'",
    ),
];

/// What only programmers understand.
const RAW: [&str; 7] =
    ["invalid digit", "is not in ", "..=", "os error", "parse integer", "panicked", "use '-- --"];

fn files() -> Files {
    let files = Files::new();
    std::fs::create_dir(files.path("dir")).unwrap();
    for (name, octets) in [
        ("names.txt", &b"a.demo.test\n"[..]),
        ("servers.txt", b"127.0.0.1\n# fine\nnot an address\n"),
        ("empty", b""),
        ("bad.toml", b"title = 3\n"),
        ("bad2.toml", b"title = \"x\n"),
        ("z", b"www A 192.0.2.1\nwww A 300.1.1.1\n"),
        ("hexbad", b"zz\n"),
        ("st", b"{\"schema\":7}"),
        ("batch", b"a.demo.test A\nb.demo.test +foo\n"),
        ("bin", b"\0\x01\x02"),
        ("badhints", b". NS a\nx\n"),
        ("recs", b"www.example.com. A 1.2.3\n"),
    ] {
        files.write(name, octets);
    }
    files
}

#[test]
fn wrong_input_is_told_with_what_where_and_what_to_do_by_every_command() {
    let files = files();
    for (args, sentence, remedy) in TABLE {
        let output = dnsonde(args).current_dir(files.0.path()).output().unwrap();
        let run = Run::of(output);
        let said: Vec<&str> = run.stderr.lines().collect();
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{args:?} {said:?}");
        assert_eq!(said[0], *sentence, "{args:?}");
        assert!(said.iter().any(|line| line.trim() == *remedy) || remedy.is_empty(), "{said:?}");
        // What clap says leads to the help.
        let helps = said.iter().any(|line| line.starts_with("For more information, try '--help'"));
        assert_eq!(helps, sentence.starts_with("error: "), "{said:?}");
        for raw in RAW {
            assert!(!run.stderr.contains(raw), "{args:?} {said:?}");
        }
        assert!(!run.stderr.contains("\n\n\n"), "{args:?} {said:?}");
    }
}

/// So that a command that is added has its lines here.
#[test]
fn no_command_is_left_out() {
    let help = super::run(&["--help"]);
    let commands = help.stdout.split("Commands:\n").nth(1).unwrap().lines();
    let commands = commands.take_while(|line| !line.is_empty());
    let commands = commands.filter_map(|line| line.split_whitespace().next());
    for command in commands {
        assert!(TABLE.iter().any(|(args, ..)| args[0] == command), "{command}");
    }
}
