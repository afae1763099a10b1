//! `dnsonde decode`, as its users call it.

mod captures;
mod forms;
mod judged;

use assert_cmd::Command;

/// A response for example.org with one A record and an OPT record.
const MESSAGE: &str = "d36485000001000100000001076578616d706c65036f72670000010001c00c0001000100000e\
                       100004c00002010000290200000080000000";

fn octets(hex: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap()
}

fn decode(args: &[&str], input: impl Into<Vec<u8>>) -> (String, i32) {
    let output = Command::cargo_bin("dnsonde")
        .unwrap()
        .arg("decode")
        .args(args)
        .write_stdin(input)
        .output()
        .unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

fn json(args: &[&str], input: impl Into<Vec<u8>>) -> (Vec<serde_json::Value>, i32) {
    let (output, code) = decode(&[&["--format", "json"], args].concat(), input);
    (output.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), code)
}

#[test]
fn a_message_is_shown_like_dig_does() {
    let (output, code) = decode(&[], octets(MESSAGE));
    assert_eq!(code, 0);
    assert_eq!(
        output,
        "\
;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 54116
;; flags: qr aa rd; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1

;; OPT PSEUDOSECTION:
; EDNS: version: 0, flags: do; udp: 512

;; QUESTION SECTION:
;example.org.\t\t\tIN\tA

;; ANSWER SECTION:
example.org.\t\t3600\tIN\tA\t192.0.2.1
"
    );
}

#[test]
fn hexadecimal_digits_may_be_parted_and_commented() {
    let mut text = String::from("# a dump\n");
    for (i, pair) in MESSAGE.as_bytes().chunks(2).enumerate() {
        text.push_str(std::str::from_utf8(pair).unwrap());
        text.push_str(if i % 16 == 15 { " ; 16 octets\n" } else { ":" });
    }
    assert_eq!(decode(&["--hex"], text), decode(&[], octets(MESSAGE)));
    assert_eq!(decode(&["--hex"], "12 3").1, 2);
    assert_eq!(decode(&["--hex"], "xy").1, 2);
    assert_eq!(json(&["--hex"], format!("{MESSAGE}\n\n{MESSAGE}\n")).0.len(), 2);
}

#[test]
fn json_has_the_arrays_and_edns() {
    let (lines, code) = json(&[], octets(MESSAGE));
    assert_eq!(code, 0);
    let answer = serde_json::json!({
        "name": "example.org.", "type": "A", "class": "IN", "ttl": 3600, "data": "192.0.2.1"
    });
    assert_eq!(
        lines,
        [serde_json::json!({
            "id": 54116, "opcode": "QUERY", "status": "NOERROR", "flags": ["qr", "aa", "rd"],
            "questions": [{"name": "example.org.", "type": "A", "class": "IN"}],
            "answers": [answer], "authorities": [], "additionals": [],
            "edns": {"version": 0, "udp": 512, "flags": ["do"], "options": []},
        })]
    );
}

#[test]
fn of_a_malformed_message_the_readable_part_is_shown() {
    // Cut inside the OPT record.
    let cut = octets(MESSAGE).len() - 4;
    let (output, code) = decode(&[], &octets(MESSAGE)[..cut]);
    assert_eq!(code, 1);
    assert!(output.contains("example.org.\t\t3600\tIN\tA\t192.0.2.1\n"), "{output}");
    assert!(output.ends_with(
        "\n;; MALFORMED: octet 46: the message ends inside the fixed part of a record\n"
    ));
    let (lines, code) = json(&[], &octets(MESSAGE)[..cut]);
    assert_eq!((code, lines[0]["answers"].as_array().unwrap().len()), (1, 1));
    assert_eq!(lines[0]["errors"][0]["offset"], 46);
}

#[test]
fn an_rdata_that_does_not_fit_is_malformed_too() {
    // The A record gets three octets, the fourth becomes a root owner that is cut short.
    let text = MESSAGE.replace("0004c0000201", "0003c00002");
    let (output, code) = decode(&["--hex"], text.clone());
    assert_eq!(code, 1);
    assert!(output.contains("\\# 3 c00002 ; malformed: "), "{output}");
    let (lines, _) = json(&["--hex"], text);
    assert!(lines[0]["answers"][0]["error"].is_string());
    assert_eq!(lines[0]["errors"].as_array().unwrap().len(), 1);
}

#[test]
fn a_stream_is_cut_into_its_messages() {
    let message = octets(MESSAGE);
    let mut stream = Vec::new();
    for _ in 0..2 {
        stream.extend((message.len() as u16).to_be_bytes());
        stream.extend(&message);
    }
    let (lines, code) = json(&["--tcp"], stream.clone());
    assert_eq!((lines.len(), code), (2, 0));
}

#[test]
fn a_frame_of_no_octets_is_a_malformed_message_and_the_next_one_is_read() {
    let message = octets(MESSAGE);
    let mut stream = vec![0, 0, 0, message.len() as u8];
    stream.extend(&message);
    let (lines, code) = json(&["--tcp"], stream);
    assert_eq!((lines.len(), code), (2, 1));
    let error = serde_json::json!([{"offset": 0, "reason": "the message ends inside the header"}]);
    assert_eq!(lines[0]["errors"], error);
    assert!(lines[1]["errors"].is_null());
    assert_eq!(lines[1]["answers"].as_array().unwrap().len(), 1);
    let frames = vec![0; 65_536];
    assert_eq!(json(&["--tcp"], frames).0.len(), 32_768);
}

#[test]
fn a_stream_that_is_cut_short_says_where_and_why() {
    let message = octets(MESSAGE);
    let mut stream = vec![0, message.len() as u8];
    stream.extend(&message[..message.len() - 1]);
    let (lines, code) = json(&["--tcp"], stream);
    // What there is of the message, and then the stream.
    assert_eq!((lines.len(), code), (2, 1));
    assert_eq!(lines[0]["answers"].as_array().unwrap().len(), 1);
    let reason = "the length is 56 octets, but 55 follow";
    assert_eq!(lines[1]["errors"], serde_json::json!([{"offset": 0, "reason": reason}]));
    for member in ["answers", "authorities", "additionals"] {
        assert!(lines.iter().all(|line| line[member].is_array()), "{member}");
    }
    let (output, code) = decode(&["--tcp"], "\0");
    assert_eq!(code, 1);
    assert!(output.contains("MALFORMED: octet 0 of the stream: the stream ends inside a length"));
}

#[test]
fn a_missing_file_is_a_usage_error() {
    assert_eq!(decode(&["/none/such"], "").1, 2);
    assert_eq!(decode(&["--nonsense"], "").1, 2);
}

#[test]
fn octets_of_a_peer_never_reach_the_terminal_raw() {
    // A TXT record with a terminal escape, owned by a name with one, and an EDE text with one.
    let mut message = octets("000084000001000100000001");
    message.extend(b"\x04\x1B[2J\x00\x00\x10\x00\x01");
    message.extend(b"\xC0\x0C\x00\x10\x00\x01\x00\x00\x00\x00\x00\x06\x05\x1B]0;\x07");
    message.extend(b"\x00\x00\x29\x04\xD0\x00\x00\x00\x00\x00\x0A\x00\x0F\x00\x06\x00\x00\x1B[2J");
    for format in ["text", "json"] {
        let (output, code) = decode(&["--format", format], message.clone());
        assert_eq!(code, 0, "{output}");
        assert!(output.contains("[2J"));
        assert!(output.bytes().all(|octet| matches!(octet, b'\n' | b'\t' | 0x20..=0x7E)));
    }
}

#[test]
fn a_signature_has_its_own_section_and_its_text_reads_back() {
    // A query of dig's with TSIG, cut short to its header, question and signature.
    let message = "4ecc01000001000000000001 0377777707 6578616d706c6500 00010001 056d796b657900 \
                   00fa00ff00000000003d 0b686d61632d7368613235360000006b05b19e012c0020\
                   73acc560e83187d731f6af8ed1528720acc5096f8873e0b27fb37ee1d2c486e24ecc00000000";
    let (output, code) = decode(&["--hex"], message);
    assert_eq!(code, 0, "{output}");
    let (_, record) = output.split_once("\n;; TSIG PSEUDOSECTION:\n").unwrap();
    let output = Command::cargo_bin("dnsonde")
        .unwrap()
        .args(["rrcheck", "--generic"])
        .write_stdin(record)
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "mykey. 0 CLASS255 TYPE250 \\# 61 0b686d61632d7368613235360000006b05b19e012c002073acc560e831\
         87d731f6af8ed1528720acc5096f8873e0b27fb37ee1d2c486e24ecc00000000\n"
    );
}
