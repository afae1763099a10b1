//! dig's language, as a table: what is written, and what it asks for.

use std::time::Duration;

use clap::Parser as _;

use super::args::Words;
use super::command::Args;
use super::dig::{Lookup, Reading, read};
use super::options::Options;
use crate::cli::cli_error::CliError;
use crate::engine::TransportPolicy;
use crate::wire::NameBuf;

#[derive(clap::Parser)]
#[command(no_binary_name = true)]
struct Line {
    #[command(flatten)]
    args: Args,
}

fn read_all(line: &str) -> Result<Reading, CliError> {
    let Words(tokens) = Line::try_parse_from(line.split_whitespace()).unwrap().args.words;
    read(&tokens, &Lookup::default())
}

/// `NAME TYPE,TYPE CLASS @SERVERS`, one for each name.
fn shown(line: &str) -> String {
    let show = |lookup: &Lookup| {
        let name = lookup.name.map_or_else(|| ".".to_owned(), |name| name.to_string());
        let types: Vec<String> = lookup.asked_types().iter().map(ToString::to_string).collect();
        let class = lookup.class.map(|class| format!(" {class}")).unwrap_or_default();
        let servers: Vec<String> = lookup.servers.iter().map(|it| it.host.to_string()).collect();
        let servers =
            if servers.is_empty() { String::new() } else { format!(" @{}", servers.join(",")) };
        format!("{name} {}{class}{servers}", types.join(","))
    };
    match read_all(line) {
        Ok(reading) => reading.lookups.iter().map(show).collect::<Vec<_>>().join(" | "),
        Err(cli_error) => format!("{}; {}", cli_error.sentence, cli_error.hint.unwrap_or_default()),
    }
}

#[test]
fn words_mean_what_they_mean_to_dig() {
    for (line, expected) in [
        ("", ". NS"),
        ("example.org", "example.org. A"),
        ("@192.0.2.1 example.org mx ch", "example.org. MX CH @192.0.2.1"),
        ("mx ch example.org @192.0.2.1", "example.org. MX CH @192.0.2.1"),
        ("ch example.org @192.0.2.1 MX", "example.org. MX CH @192.0.2.1"),
        ("CHAOS TXT version.bind", "version.bind. TXT CH"),
        ("example.org TYPE65 CLASS3", "example.org. HTTPS CH"),
        ("-t mx example.org", "example.org. MX"),
        ("-tMX -q example.org", "example.org. MX"),
        ("-type=mx example.org", "example.org. MX"),
        ("-c chaos -t txt version.bind", "version.bind. TXT CH"),
        ("-q mx", "mx. A"),
        ("-q -x.example", "-x.example. A"),
        ("-q @home", "\\@home. A"),
        ("-q 192.0.2.1", "192.0.2.1. A"),
        ("-q https://a.test/", "https://a.test/. A"),
        ("-q user@a.test", "user\\@a.test. A"),
        ("-q a\\.b.test", "a\\.b.test. A"),
        ("mx", ". MX"),
        ("mx mx", "mx. MX"),
        ("mx.", "mx. A"),
        ("ch ch", "ch. A CH"),
        ("any example.org", "example.org. ANY"),
        ("-x 192.0.2.1", "1.2.0.192.in-addr.arpa. PTR"),
        ("-x 192.0.2", "2.0.192.in-addr.arpa. PTR"),
        ("-x 192.0.2.1 any", "1.2.0.192.in-addr.arpa. ANY"),
        (
            "-x [::1]",
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa. PTR",
        ),
        ("bücher.example", "xn--bcher-kva.example. A"),
    ] {
        assert_eq!(shown(line), expected, "{line}");
    }
}

#[test]
fn several_queries_on_a_line_have_their_own_words() {
    for (line, expected) in [
        ("a.test b.test", "a.test. A | b.test. A"),
        ("a.test mx b.test txt", "a.test. MX | b.test. TXT"),
        ("mx a.test b.test", "a.test. MX | b.test. MX"),
        ("mx a.test b.test txt", "a.test. MX | b.test. TXT"),
        ("a.test A AAAA MX", "a.test. A,AAAA,MX"),
        ("A AAAA a.test", "a.test. A,AAAA"),
        ("a.test A A", "a.test. A"),
        ("-x 192.0.2.1 a.test ch", "1.2.0.192.in-addr.arpa. PTR | a.test. A CH"),
        ("@192.0.2.1 a.test b.test", "a.test. A @192.0.2.1 | b.test. A @192.0.2.1"),
        ("a.test b.test @192.0.2.1", "a.test. A @192.0.2.1 | b.test. A @192.0.2.1"),
        ("a.test @192.0.2.1 b.test @192.0.2.2", "a.test. A @192.0.2.1 | b.test. A @192.0.2.2"),
        ("@192.0.2.9 a.test b.test @192.0.2.2", "a.test. A @192.0.2.9 | b.test. A @192.0.2.2"),
        ("a.test @192.0.2.1 @192.0.2.2", "a.test. A @192.0.2.1,192.0.2.2"),
    ] {
        assert_eq!(shown(line), expected, "{line}");
    }
    let reading = read_all("+norec a.test +tcp b.test +dnssec +short").unwrap();
    let engine = |i: usize| {
        reading.lookups[i].options.engine_config(&NameBuf::root(), reading.lookups[i].options.tcp)
    };
    let (a, b) = (engine(0).profile, engine(1).profile);
    assert!(!a.recursion_desired && !b.recursion_desired);
    assert_eq!([a.transport, b.transport], [TransportPolicy::TcpOnly, TransportPolicy::UdpThenTcp]);
    assert_eq!([a.edns, b.edns].map(|edns| edns.unwrap().dnssec_ok), [false, true]);
    // As with dig, it is for all of them.
    assert!(reading.lookups.iter().all(|lookup| lookup.options.short));
    let notes = read_all("mx a.test txt").unwrap().notes;
    assert_eq!(notes, ["querying TXT for a.test., not MX: a type after the name takes precedence"]);
}

#[test]
fn what_is_no_query_is_told_with_what_to_write() {
    for (line, expected) in [
        ("example.org FOO", "unknown record type 'FOO'"),
        ("example.org AAAAA", "did you mean AAAA"),
        ("example.org -t TXTT", "did you mean TXT"),
        ("-c XX example.org", "unknown class 'XX'; classes are IN"),
        ("example.org AXFR", "use `dig @SERVER ZONE AXFR`"),
        ("-t axfr example.org", "use `dig @SERVER ZONE AXFR`"),
        ("example.org IXFR=2024", "use `dig @SERVER ZONE IXFR`"),
        ("example.org OPT", "OPT cannot be queried"),
        ("192.0.2.1", "use -x 192.0.2.1 for its PTR records, @192.0.2.1 to query"),
        ("example.org 192.0.2.1", "@192.0.2.1 to query that server"),
        ("2001:db8::1", "use -x 2001:db8::1 for its PTR records"),
        ("[::1]:53", "write @[::1]:53"),
        ("192.0.2.1:53 example.org", "write @192.0.2.1:53"),
        ("https://www.example.org/path?x", "write www.example.org; "),
        ("example.org:443", "write example.org; "),
        ("example.org/", "write example.org; "),
        ("user@example.org", "write example.org; "),
        ("a..b", "invalid name 'a..b'"),
        ("-x 192.0.2.300", "'192.0.2.300' is not an address"),
        ("-x example.org", "-x takes an IPv4 or IPv6 address"),
        ("@192.0.2.1:x example.org", "invalid server '192.0.2.1:x'"),
        ("+noedns +dnssec", "+noedns cannot be used"),
        ("+bufsize=100", "invalid value '100' for +bufsize"),
        ("+bufsize", "+bufsize needs a value"),
        ("+tcp=1", "+tcp takes no value"),
        ("+notcp=1", "+notcp takes no value"),
        ("+subnet=192.0.2.0/33", "invalid client subnet"),
        ("+cookie=00", "invalid cookie"),
        ("+ednsopt=x:00", "for +ednsopt"),
        ("+ednsopt=10:0", "for +ednsopt"),
        ("+nonsense", "unknown option '+nonsense'"),
        ("+shrot", "did you mean +short?"),
        ("+an", "unknown option '+an'"),
    ] {
        let line_shown = shown(line);
        if line == "+an" {
            assert_eq!(line_shown, ". NS", "an unambiguous beginning is the option");
            continue;
        }
        assert!(line_shown.contains(expected), "{line}: {line_shown}");
    }
}

/// Every option of dig 9.20 and kdig 3.4, with a value where it needs one.
const THEIRS: &str = "aaflag aaonly additional adflag all answer authority badcookie besteffort bufsize=1232 \
    cdflag class cmd coflag comments cookie crypto defname dns64prefix dnssec domain=x edns=0 ednsflags=1 \
    ednsnegotiation ednsopt=10 expandaaaa expire fail header-only https https-get https-post http-plain \
    http-plain-get http-plain-post identify idn idnin idnout ignore keepalive keepopen multiline ndots=1 nsid \
    nssearch onesoa opcode=0 padding=128 proxy proxy-plain qid=1 qr question raflag rdflag recurse retry=1 \
    rrcomments search short showallmessages showbadcookie showbadvers showsearch split=4 stats subnet=0 \
    svcparamkeycompat tcflag tcp timeout=1 tls tls-ca tls-certfile=x tls-hostname=x tls-keyfile=x trace \
    tries=1 ttlid ttlunits unexpected unknownformat vc yaml zflag zoneversion json generic header opt tsig \
    ttl doflag alignment fastopen quic proxy=x tls-pin=x tls-sni=x validate rec cd ad do time=1";

#[test]
fn every_option_of_dig_and_kdig_is_taken_or_answered_with_what_serves_instead() {
    let mut lacking = 0;
    for option in THEIRS.split_whitespace() {
        if let Err(cli_error) = Options::default().take(option) {
            lacking += 1;
            assert!(cli_error.sentence.ends_with("is not supported"), "{}", cli_error.sentence);
            assert!(cli_error.hint.is_some_and(|hint| hint.len() > 5), "{option}");
        }
        let bare = option.split('=').next().unwrap();
        if let Err(cli_error) = Options::default().take(&format!("no{bare}")) {
            assert!(
                cli_error.hint.is_some() && cli_error.sentence.contains("not supported"),
                "{bare}"
            );
        }
    }
    assert!(lacking < 60, "{lacking}");
}

#[test]
fn an_unambiguous_beginning_of_an_option_is_the_option() {
    for (short, whole) in [
        ("noall +ans", "noall +answer"),
        ("multi", "multiline"),
        ("rec", "recurse"),
        ("norecu", "norecurse"),
        ("stat", "stats"),
        ("nocomm", "nocomments"),
        ("dns", "dns"),
        ("DNSSEC", "dnssec"),
    ] {
        assert_eq!(shown_options(short), shown_options(whole), "{short}");
    }
    // Timeout and tries both begin so.
    assert!(Options::default().take("t=1").is_err());
    assert!(Options::default().take("ti=1").is_ok());
}

fn shown_options(options: &str) -> Result<String, String> {
    let mut all = Options::default();
    for option in options.split(" +") {
        all.take(option).map_err(|cli_error| cli_error.sentence)?;
    }
    Ok(format!("{all:?}"))
}

#[test]
fn options_are_taken_and_taken_back() {
    let line = "+tcp +notcp +norec +nsid +dnssec +bufsize=4096 +tries=1 +time=9 \
                +cookie=0011223344556677 +subnet=192.0.2.129/25 +cd +ad +ignore +edns=1 \
                +ednsopt=65001:00ff +keepalive +expire +noexpire x.test";
    let lookup = read_all(line).unwrap().lookups.remove(0);
    let profile = lookup.options.engine_config(&NameBuf::root(), false).profile;
    assert!(!profile.recursion_desired && profile.checking_disabled && profile.authentic_data);
    assert_eq!((profile.retries, profile.timeout), (0, Duration::from_secs(9)));
    assert_eq!(profile.transport, TransportPolicy::UdpOnly);
    let edns = profile.edns.unwrap();
    assert!(edns.dnssec_ok);
    assert_eq!((edns.udp_payload_size, edns.version), (4096, 1));
    assert_eq!(
        edns.options,
        b"\0\x03\0\0\
          \0\x08\0\x08\0\x01\x19\0\xC0\0\x02\x80\
          \0\x0A\0\x08\x00\x11\x22\x33\x44\x55\x66\x77\
          \xFD\xE9\0\x02\x00\xFF\
          \0\x0B\0\0"
    );
}

#[test]
fn queries_are_padded_to_a_multiple_of_what_is_asked() {
    for line in ["a.test +padding=128", "a.test +padding=468 +cookie +nsid", "a.test +padding=1"] {
        let lookup = read_all(line).unwrap().lookups.remove(0);
        let name = lookup.name.unwrap();
        let edns = lookup.options.engine_config(&name, false).profile.edns.unwrap();
        let len = 12 + name.as_wire().len() + 4 + 11 + edns.options.len();
        let block: usize =
            line.split("padding=").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        assert_eq!(len % block, 0, "{line}: {len}");
    }
}
