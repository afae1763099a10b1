//! Every output format of `scan` against a recorded example, so that none changes unnoticed.
//!
//! After a wanted change, `DNSONDE_RECORD=1 cargo test --test formats` records the examples anew;
//! the change then shows in the diff. Lines in the forms of massdns and zdns are compared with what these
//! tools themselves print for the same messages as well: see `formats/recorded/record.py`.

use std::net::SocketAddr;
use std::time::{Duration, UNIX_EPOCH};

use dnsonde::engine::{
    Answer, Attempt, Ending, Failure, Finished, Outcome, Response, RetryReason, ServerId, SocketId,
    Stamp, StreamCause, StreamFailure, Time, Transport, Unreachable,
};
use dnsonde::scan::Format;
use dnsonde::scan::render::{Context, Invalid, Renderer};
use dnsonde::wire::{Builder, Class, Flags, NameBuf, Rcode, RecordType, Section};

/// An exchange that owns what [`Finished`] borrows.
struct Exchange {
    name: NameBuf,
    rtype: RecordType,
    attempts: Vec<Attempt>,
    end: Result<Vec<u8>, Failure>,
}

fn name(text: &str) -> NameBuf {
    text.parse().unwrap()
}

fn attempt(sent_ms: u64, outcome: Outcome) -> Attempt {
    Attempt {
        server: ServerId(0),
        transport: Transport::Udp,
        socket: SocketId(1),
        port: Some(40_001),
        id: 4711,
        edns: true,
        mixed_case: false,
        edns_off: None,
        sent: Time::ZERO + Duration::from_millis(sent_ms),
        outcome,
        duplicates: 0,
        mismatched: 0,
        retried_because: None,
    }
}

fn answered(message: &[u8]) -> Outcome {
    Outcome::Answered(Answer {
        rtt: Duration::from_micros(18_234),
        stamp: Stamp::Kernel,
        size: message.len() as u16,
        flags: Flags(u16::from_be_bytes([message[2], message[3]])),
        rcode: Rcode(u16::from(message[3] & 15)),
        malformed: Response::read(message).unwrap().malformed.is_some(),
    })
}

type Data<'d> = (Section, &'d str, RecordType, u32, Vec<u8>);

const PLAIN: Flags = Flags(0x8180);

fn message(question: &str, rtype: RecordType, flags: Flags, records: &[Data<'_>]) -> Vec<u8> {
    let mut buffer = vec![0; 4096];
    let mut builder = Builder::new(&mut buffer, 4711, flags).unwrap();
    builder.question(name(question).as_wire(), rtype, Class::IN).unwrap();
    for (section, owner, rtype, ttl, data) in records {
        let class = if *rtype == RecordType::OPT { Class(1232) } else { Class::IN };
        builder
            .record(*section, name(owner).as_wire(), *rtype, class, *ttl, |rdata| {
                rdata.octets(data)
            })
            .unwrap();
    }
    let len = builder.finish();
    buffer.truncate(len);
    buffer
}

fn answer(question: &str, rtype: RecordType, flags: Flags, records: &[Data<'_>]) -> Exchange {
    let message = message(question, rtype, flags, records);
    let attempts = vec![attempt(0, answered(&message))];
    Exchange { name: name(question), rtype, attempts, end: Ok(message) }
}

fn wire(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn soa() -> Vec<u8> {
    let mut data = name("ns1.example.org").as_wire().to_vec();
    data.extend(name("host\\.master.example.org").as_wire());
    for number in [2026, 7200, 3600, 1_209_600, 300u32] {
        data.extend(number.to_be_bytes());
    }
    data
}

/// One exchange of every kind that looks different in some format.
fn exchanges() -> Vec<Exchange> {
    use Section::{Additional, Answer as Ans, Authority};
    let mut all = vec![
        answer(
            "www.example.org",
            RecordType::A,
            PLAIN,
            &[
                (
                    Ans,
                    "www.example.org",
                    RecordType::CNAME,
                    300,
                    wire(&[name("h.example.org").as_wire()]),
                ),
                (Ans, "h.example.org", RecordType::A, 300, vec![192, 0, 2, 1]),
                (Ans, "h.example.org", RecordType::A, 300, vec![192, 0, 2, 2]),
                (Additional, ".", RecordType::OPT, 0, vec![]),
            ],
        ),
        answer(
            "missing.example.org",
            RecordType::AAAA,
            Flags(0x8583),
            &[(Authority, "example.org", RecordType::SOA, 300, soa())],
        ),
        answer("empty.example.org", RecordType::AAAA, PLAIN, &[]),
        answer(
            "example.org",
            RecordType::MX,
            PLAIN,
            &[
                (
                    Ans,
                    "example.org",
                    RecordType::MX,
                    3600,
                    wire(&[&[0, 10], name("mx.example.org").as_wire()]),
                ),
                (Additional, "mx.example.org", RecordType::AAAA, 60, {
                    let mut v6 = vec![0x20, 0x01, 0x0d, 0xb8];
                    v6.extend([0; 11]);
                    v6.push(1);
                    v6
                }),
            ],
        ),
        answer(
            "t.example.org",
            RecordType::TXT,
            PLAIN,
            &[(
                Ans,
                "t.example.org",
                RecordType::TXT,
                5,
                wire(&[b"\x08say \"hi\"\x05a,b\\c\x03\x1b\xff\n"]),
            )],
        ),
        answer(
            "_sip._tcp.example.org",
            RecordType::SRV,
            PLAIN,
            &[(
                Ans,
                "_sip._tcp.example.org",
                RecordType::SRV,
                60,
                wire(&[&[0, 1, 0, 2, 0x13, 0xc4], name("sip.example.org").as_wire()]),
            )],
        ),
        answer(
            "example.org",
            RecordType::CAA,
            PLAIN,
            &[(Ans, "example.org", RecordType::CAA, 60, wire(&[b"\x80\x05issueca.example"]))],
        ),
        answer(
            "secure.example.org",
            RecordType::DS,
            Flags(0x81A0),
            &[
                (
                    Ans,
                    "secure.example.org",
                    RecordType::DS,
                    60,
                    wire(&[&[0x30, 0x39, 13, 2], &[0xAB; 32]]),
                ),
                (
                    Ans,
                    "secure.example.org",
                    RecordType::RRSIG,
                    60,
                    wire(&[
                        &[0, 43, 13, 3, 0, 0, 0, 60, 0x6a, 0, 0, 0, 0x69, 0, 0, 0, 0x30, 0x39],
                        name("example.org").as_wire(),
                        &[0x5A; 24],
                    ]),
                ),
            ],
        ),
        answer(
            "a\\.b\\\"c,d.example.org",
            RecordType(65280),
            PLAIN,
            &[(Ans, "a\\.b\\\"c,d.example.org", RecordType(65280), 0, vec![1, 2, 0xAB])],
        ),
        answer(
            "blocked.example.org",
            RecordType::A,
            Flags(0x8182),
            &[(
                Additional,
                ".",
                RecordType::OPT,
                0,
                wire(&[b"\0\x0F\0\x09\0\x16unreach\0\x03\0\x03ns1"]),
            )],
        ),
    ];
    let timed_out = |ms| Attempt {
        retried_because: Some(RetryReason::Timeout),
        ..attempt(ms, Outcome::TimedOut)
    };
    all.push(Exchange {
        name: name("slow.example.org"),
        rtype: RecordType::A,
        attempts: vec![timed_out(0), timed_out(1000), attempt(2000, Outcome::TimedOut)],
        end: Err(Failure::TimedOut),
    });
    all.push(Exchange {
        name: name("gone.example.org"),
        rtype: RecordType::A,
        attempts: vec![Attempt {
            server: ServerId(1),
            ..attempt(
                0,
                Outcome::Unreachable(Unreachable { icmp_type: 1, icmp_code: 4, errno: 111 }),
            )
        }],
        end: Err(Failure::Unreachable),
    });
    // Truncated over UDP, then over TCP from the other server.
    let whole = message(
        "large.example.org",
        RecordType::A,
        PLAIN,
        &[(Ans, "large.example.org", RecordType::A, 300, vec![192, 0, 2, 9])],
    );
    let cut = message("large.example.org", RecordType::A, Flags(0x8380), &[]);
    all.push(Exchange {
        name: name("large.example.org"),
        rtype: RecordType::A,
        attempts: vec![
            Attempt {
                retried_because: Some(RetryReason::Truncated),
                duplicates: 1,
                mismatched: 2,
                ..attempt(0, answered(&cut))
            },
            Attempt {
                server: ServerId(1),
                transport: Transport::Tcp,
                ..attempt(20, answered(&whole))
            },
        ],
        end: Ok(whole),
    });
    // Truncated over UDP, and TCP fails in two ways.
    let some = message(
        "cut.example.org",
        RecordType::A,
        Flags(0x8380),
        &[(Ans, "cut.example.org", RecordType::A, 300, vec![192, 0, 2, 7])],
    );
    let broke = |ms, cause, errno| Attempt {
        transport: Transport::Tcp,
        ..attempt(ms, Outcome::StreamFailed(StreamFailure { cause, errno }))
    };
    all.push(Exchange {
        name: name("cut.example.org"),
        rtype: RecordType::A,
        attempts: vec![
            Attempt {
                retried_because: Some(RetryReason::Truncated),
                ..attempt(0, answered(&some))
            },
            Attempt {
                retried_because: Some(RetryReason::StreamFailed),
                ..broke(20, StreamCause::ClosedMidMessage, 0)
            },
            broke(40, StreamCause::Refused, 111),
        ],
        end: Ok(some),
    });
    // An answer whose second record is cut off, and one whose RDATA is too short.
    let mut broken = message(
        "broken.example.org",
        RecordType::A,
        PLAIN,
        &[
            (Ans, "broken.example.org", RecordType::A, 300, vec![192, 0, 2, 1]),
            (Ans, "broken.example.org", RecordType::A, 300, vec![192, 0, 2, 2]),
        ],
    );
    broken.truncate(broken.len() - 2);
    all.push(Exchange {
        name: name("broken.example.org"),
        rtype: RecordType::A,
        attempts: vec![attempt(0, answered(&broken))],
        end: Ok(broken),
    });
    all.push(answer(
        "short.example.org",
        RecordType::A,
        PLAIN,
        &[(Ans, "short.example.org", RecordType::A, 300, vec![192, 0, 2])],
    ));
    all
}

fn rendered(format: Format, attempt_log: bool) -> Vec<u8> {
    let servers: [SocketAddr; 2] =
        ["192.0.2.53:53".parse().unwrap(), "[2001:db8::53]:5353".parse().unwrap()];
    let epoch = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    let context = Context::new(&servers, Time::ZERO, epoch, attempt_log);
    let mut renderer = Renderer::new(format, context);
    let mut out = Renderer::header(format).to_vec();
    for exchange in exchanges() {
        let last = exchange.attempts.len() - 1;
        let end = match &exchange.end {
            Ok(octets) => {
                let response = Response::read(octets).unwrap();
                let answers = |attempt: &Attempt| attempt.answer().is_some();
                match exchange.attempts.iter().rposition(answers).unwrap() {
                    attempt if attempt == last => Ending::Answered { response, attempt },
                    attempt => Ending::Truncated { response, attempt },
                }
            }
            Err(failure) => Ending::Failed(*failure),
        };
        renderer.render(
            &Finished {
                tag: 0,
                name: exchange.name.as_wire(),
                rtype: exchange.rtype,
                class: Class::IN,
                attempts: &exchange.attempts,
                unmatched: &[],
                end,
            },
            &mut out,
        );
    }
    let invalid = Invalid {
        line: 17,
        text: b"two \"words\", \x1b and \xff",
        error: "a space inside the name; a line is NAME or NAME,TYPE",
        rtype: RecordType::A,
        class: Class::IN,
    };
    renderer.render_invalid(&invalid, &mut out);
    out
}

fn compare(file: &str, format: Format, attempt_log: bool) {
    let path = format!("{}/tests/formats/{file}", env!("CARGO_MANIFEST_DIR"));
    let out = rendered(format, attempt_log);
    if std::env::var_os("DNSONDE_RECORD").is_some() {
        std::fs::write(&path, &out).unwrap();
    }
    let recorded = std::fs::read(&path).unwrap();
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
    let (out, recorded) = (text(&out), text(&recorded));
    for (number, (is, was)) in (1..).zip(out.lines().zip(recorded.lines())) {
        assert_eq!(is, was, "line {number} of {file}");
    }
    assert_eq!(out, recorded, "{file}");
    assert!(!out.contains(['\x1b', '\u{9b}', '\x07']), "control characters in {file}");
}

#[test]
fn jsonl() {
    compare("example.jsonl", Format::Jsonl, false);
}

#[test]
fn jsonl_with_attempts() {
    compare("example-attempts.jsonl", Format::Jsonl, true);
}

#[test]
fn csv() {
    compare("example.csv", Format::Csv, false);
}

#[test]
fn text() {
    compare("example.txt", Format::Text, false);
}

#[test]
fn massdns() {
    compare("example.massdns.jsonl", Format::Massdns, false);
}

#[test]
fn zdns() {
    compare("example.zdns.jsonl", Format::Zdns, false);
}

#[test]
fn lines_of_json_are_json() {
    for (format, log) in [
        (Format::Jsonl, false),
        (Format::Jsonl, true),
        (Format::Massdns, false),
        (Format::Zdns, false),
    ] {
        for line in String::from_utf8(rendered(format, log)).unwrap().lines() {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(value.is_object());
        }
    }
}

#[test]
fn lines_of_jsonl_keep_their_schema() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/scan-line.schema.json");
    let schema = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for line in String::from_utf8(rendered(Format::Jsonl, true)).unwrap().lines() {
        let value = serde_json::from_str(line).unwrap();
        if let Err(error) = validator.validate(&value) {
            panic!("{error} at {} in {line}", error.instance_path());
        }
    }
}

#[test]
fn every_row_of_csv_has_all_columns() {
    // A reader of its own, after RFC 4180: quotes may hold commas, doubled quotes and line ends.
    let text = String::from_utf8(rendered(Format::Csv, false)).unwrap();
    let (mut columns, mut quoted, mut rows) = (1, false, Vec::new());
    for character in text.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => columns += 1,
            '\n' if !quoted => {
                rows.push(columns);
                columns = 1;
            }
            _ => {}
        }
    }
    assert!(rows.len() > 15);
    assert!(rows.iter().all(|&columns| columns == rows[0]), "{rows:?}");
}

/// The lines that another tool printed, beside ours for the same message: question, theirs, ours.
fn beside_recorded(file: &str, format: Format) -> Vec<(String, String, String)> {
    let path = format!("{}/tests/formats/recorded/{file}", env!("CARGO_MANIFEST_DIR"));
    let recorded = std::fs::read_to_string(path).unwrap();
    let servers: [SocketAddr; 1] = ["127.0.0.1:53990".parse().unwrap()];
    let context = Context::new(&servers, Time::ZERO, UNIX_EPOCH, false);
    let mut renderer = Renderer::new(format, context);
    let pairs = recorded.lines().map(|line| {
        let fields: Vec<_> = line.split('\t').collect();
        let [question, rtype, hex, theirs] = fields[..] else { panic!("four fields: {line}") };
        let octets: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap())
            .collect();
        let (end, outcome) = if octets.is_empty() {
            (Ending::Failed(Failure::TimedOut), Outcome::TimedOut)
        } else {
            let response = Response::read(&octets).unwrap();
            (Ending::Answered { response, attempt: 0 }, answered(&octets))
        };
        let asked = name(question);
        let finished = Finished {
            tag: 0,
            name: asked.as_wire(),
            rtype: rtype.parse().unwrap(),
            class: Class::IN,
            attempts: &[attempt(0, outcome)],
            unmatched: &[],
            end,
        };
        let mut ours = Vec::new();
        renderer.render(&finished, &mut ours);
        let ours = String::from_utf8(ours).unwrap();
        (format!("{question} {rtype}"), theirs.to_owned(), ours.trim_end().to_owned())
    });
    pairs.collect()
}

#[test]
fn massdns_lines_are_those_that_massdns_prints() {
    let pairs = beside_recorded("massdns.tsv", Format::Massdns);
    assert!(pairs.len() >= 35);
    let without_time = |line: &str| {
        let Some((before, after)) = line.split_once("\"rx_ts\":") else { return line.to_owned() };
        format!("{before}{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
    };
    // Octet for octet: what reads such lines may rely on the order of their members too.
    for (question, theirs, ours) in pairs {
        assert_eq!(without_time(&ours), without_time(&theirs), "{question}");
    }
}

#[test]
fn zdns_lines_are_those_that_zdns_prints() {
    let pairs = beside_recorded("zdns.tsv", Format::Zdns);
    assert!(pairs.len() >= 38);
    for (question, theirs, ours) in pairs {
        let rtype = question.split(' ').next_back().unwrap();
        let read = |line| serde_json::from_str::<serde_json::Value>(line).unwrap();
        let (mut theirs, mut ours) = (read(&theirs), read(&ours));
        let [theirs_at, ours_at] =
            [&mut theirs, &mut ours].map(|line| line["results"].get_mut(rtype).unwrap());
        for part in [&mut *theirs_at, &mut *ours_at] {
            assert!(part["duration"].take().is_number() && part["timestamp"].take().is_string());
        }
        if theirs_at["status"] != "NOERROR" {
            // Its reason is a sentence from its inside, ours is our own; and we show what came.
            for part in [&mut *theirs_at, &mut *ours_at] {
                assert!(part.get_mut("error").expect("a reason").take().is_string());
                let data = part["data"].as_object_mut().unwrap();
                assert!(data.remove("flags").is_some());
                data.remove("authorities");
            }
        }
        // It shows nothing but the type of what it does not take apart; we show it whole.
        let sections = theirs_at["data"].as_object_mut().unwrap().iter_mut();
        for (section, records) in sections.filter(|(_, records)| records.is_array()) {
            for (i, record) in records.as_array_mut().unwrap().iter_mut().enumerate() {
                if record.as_object().unwrap().len() == 2 {
                    let whole = &ours_at["data"][section][i];
                    assert!(whole["answer"].is_string() && whole["type"] == record["type"]);
                    *record = whole.clone();
                }
            }
        }
        assert_eq!(ours, theirs, "{question}");
    }
}
