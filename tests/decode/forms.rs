//! The forms that people write messages down in, and what is none of them.

use assert_cmd::Command;
use data_encoding::{BASE64, BASE64URL_NOPAD};

use super::{MESSAGE, decode, json, octets};

/// Cuts octets into lines that `line` writes, given the offset.
fn lines(octets: &[u8], width: usize, line: impl Fn(usize, &[u8]) -> String) -> String {
    let line = |(i, chunk): (usize, &[u8])| line(i * width, chunk) + "\n";
    octets.chunks(width).enumerate().map(line).collect()
}

fn joined(octets: &[u8], separator: &str) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(separator)
}

fn shown(octets: &[u8]) -> String {
    let shown = |octet: &u8| if octet.is_ascii_graphic() { char::from(*octet) } else { '.' };
    octets.iter().map(shown).collect()
}

fn words(octets: &[u8]) -> String {
    octets.chunks(2).map(|pair| joined(pair, "")).collect::<Vec<_>>().join(" ")
}

/// Each form by its name, as the tool of that name writes it.
fn forms(message: &[u8]) -> Vec<(&'static str, String)> {
    let hex = joined(message, "");
    let length = [0, message.len() as u8];
    let base64 = BASE64.encode(message);
    vec![
        ("digits", hex.clone()),
        ("digits in capitals", hex.to_uppercase()),
        ("digits behind 0x", format!("0x{hex}")),
        ("digits with blanks", joined(message, " ")),
        ("digits with colons", joined(message, ":")),
        ("digits with dashes", joined(message, "-")),
        ("digits with CRLF", lines(message, 16, |_, chunk| joined(chunk, " ") + "\r")),
        ("digits with a mark of the byte order", format!("\u{feff}{hex}")),
        ("xxd -p", lines(message, 30, |_, chunk| joined(chunk, ""))),
        (
            "xxd",
            lines(message, 16, |at, chunk| {
                format!("{at:08x}: {:<39}  {}", words(chunk), shown(chunk))
            }),
        ),
        (
            "xxd -g1 -c8",
            lines(message, 8, |at, chunk| {
                format!("{at:08x}: {:<23}  {}", joined(chunk, " "), shown(chunk))
            }),
        ),
        (
            "xxd -i",
            format!(
                "unsigned char message_bin[] = {{\n{}}};\nunsigned int message_bin_len = 56;\n",
                lines(message, 12, |_, chunk| format!("  0x{},", joined(chunk, ", 0x")))
            ),
        ),
        (
            "hexdump -C",
            lines(message, 16, |at, chunk| {
                let (left, right) = chunk.split_at(chunk.len().min(8));
                let (left, right) = (joined(left, " "), joined(right, " "));
                format!("{at:08x}  {left:<23}  {right:<23}  |{}|", shown(chunk))
            }) + &format!("{:08x}\n", message.len()),
        ),
        (
            "od -A x -t x1",
            lines(message, 16, |at, chunk| format!("{at:06x} {}", joined(chunk, " ")))
                + &format!("{:06x}\n", message.len()),
        ),
        (
            "od -t x1",
            lines(message, 16, |at, chunk| format!("{at:07o} {}", joined(chunk, " ")))
                + &format!("{:07o}\n", message.len()),
        ),
        (
            "Wireshark's dump",
            lines(message, 16, |at, chunk| {
                format!("{at:04x}   {:<47}   {}", joined(chunk, " "), shown(chunk))
            }),
        ),
        (
            "Wireshark's array",
            format!(
                "/* Packet 1 */\nstatic const unsigned char pkt1[56] = {{\n{}}};\n",
                lines(message, 8, |_, chunk| format!(
                    "0x{}, /* {} */",
                    joined(chunk, ", 0x"),
                    shown(chunk).replace('*', ".")
                ))
            ),
        ),
        (
            "Wireshark's escaped string",
            lines(message, 16, |_, chunk| format!("\"\\x{}\" \\", joined(chunk, "\\x"))),
        ),
        ("an array on one line", format!("[0x{}]", joined(message, ", 0x"))),
        ("escapes without marks", format!("\\x{}", joined(message, "\\x"))),
        ("Base64", base64.clone()),
        ("Base64 over lines", lines(base64.as_bytes(), 64, |_, chunk| shown(chunk))),
        ("Base64 of URLs", BASE64URL_NOPAD.encode(message)),
        ("a length before digits", joined(&length, "") + &hex),
        ("a length before Base64", BASE64.encode(&[&length, message].concat())),
        ("text before a dump", {
            let dump = lines(message, 16, |at, chunk| format!("{at:08x}: {}", words(chunk)));
            format!("What my colleague sent me:\n\n{dump}")
        }),
    ]
}

#[test]
fn every_form_reads_as_the_same_message() {
    let message = octets(MESSAGE);
    let expected = decode(&[], message.clone());
    for (form, text) in forms(&message) {
        assert_eq!(decode(&[], text.clone()), expected, "{form}:\n{text}");
    }
}

#[test]
fn octets_with_a_length_before_them_read_as_their_message() {
    let message = octets(MESSAGE);
    let framed = [&[0, message.len() as u8][..], &message].concat();
    assert_eq!(decode(&[], framed), decode(&[], message));
}

#[test]
fn python_writes_octets_that_read_as_a_message() {
    let Ok(output) = std::process::Command::new("python3")
        .args(["-c", &format!("print(bytes.fromhex('{MESSAGE}'))")])
        .output()
    else {
        assert!(std::env::var_os("DNSONDE_REQUIRE_TOOLS").is_none(), "python3 cannot be run");
        return;
    };
    assert_eq!(decode(&[], output.stdout), decode(&[], octets(MESSAGE)));
}

#[test]
fn messages_one_a_line_need_no_empty_lines_between_them() {
    let message = octets(MESSAGE);
    for (form, text) in forms(&message) {
        let many = format!("{}\n", text.trim_end()).repeat(3);
        // A second explanation, or a mark of the byte order, in the middle is not of these forms.
        if text.contains("colleague") || text.contains('\u{feff}') {
            continue;
        }
        let (read, code) = json(&[], many.clone());
        assert_eq!((read.len(), code), (3, 0), "{form}:\n{many}");
    }
}

#[test]
fn repeated_lines_of_hexdump_are_filled_in() {
    // A TXT record with 64 times the same octet, so that hexdump writes a star.
    let mut message = octets("000084000001000100000000017800001000 01".replace(' ', "").as_str());
    message.extend(b"\xC0\x0C\0\x10\0\x01\0\0\0\0\0\x41\x40");
    message.extend([b'z'; 64]);
    let rows: Vec<&[u8]> = message.chunks(16).collect();
    let mut text = String::new();
    for (i, row) in rows.iter().enumerate() {
        let same = i > 0 && rows[i - 1] == *row;
        if !same {
            text += &format!("{:08x}  {}  |{}|\n", i * 16, joined(row, " "), shown(row));
        } else if i < 2 || rows[i - 2] != *row {
            text += "*\n";
        }
    }
    text += &format!("{:08x}\n", message.len());
    assert!(text.contains("\n*\n"), "{text}");
    assert_eq!(decode(&[], text), decode(&[], message));
}

#[test]
fn what_is_no_message_is_refused_in_one_sentence() {
    let mut elf = b"\x7FELF\x02\x01\x01".to_vec();
    elf.resize(70_000, 0);
    let mut png = b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR".to_vec();
    png.resize(400, 7);
    let digits = "\u{feff}d364 8500 0001 0001";
    let utf16 = |octets: fn(u16) -> [u8; 2]| digits.encode_utf16().flat_map(octets).collect();
    let utf32 = |octets: fn(u32) -> [u8; 4]| {
        digits.chars().map(u32::from).flat_map(octets).collect::<Vec<u8>>()
    };
    for (kind, input, sentence) in [
        ("a program", elf, "the input is not a DNS message, a capture"),
        ("a picture", png, "the input is not a DNS message, a capture"),
        ("gzip", b"\x1F\x8B\x08\0\0\0\0\0\0\x03".to_vec(), "compressed with gzip"),
        ("zstd", b"\x28\xB5\x2F\xFD\0\0".to_vec(), "compressed with zstd"),
        ("xz", b"\xFD7zXZ\0\0".to_vec(), "compressed with xz"),
        ("bzip2", b"BZh61AY&SY\0\0".to_vec(), "compressed with bzip2"),
        ("zip", b"PK\x03\x04\x14\0\0\0".to_vec(), "compressed with zip"),
        ("UTF-16", utf16(u16::to_le_bytes), "UTF-16"),
        ("UTF-16 BE", utf16(u16::to_be_bytes), "UTF-16"),
        ("UTF-32", utf32(u32::to_le_bytes), "UTF-32"),
        ("UTF-32 BE", utf32(u32::to_be_bytes), "UTF-32"),
        ("prose", b"Dear all,\nit does not work.\n".to_vec(), "line 1, column 1: 'Dear all,'"),
        ("JSON", b"{\"id\": 1}\n".to_vec(), "line 1, column 1"),
        ("an odd digit", b"12 3\n".to_vec(), "line 1 has an odd number of hexadecimal digits"),
        ("a wrong digit", format!("{}\n12 3g\n", &MESSAGE[..20]).into(), "line 2, column 5: 'g'"),
        ("words of hexdump", b"0000000 64d3 0085 0100 0100\n".to_vec(), "in words of two octets"),
        ("a wrong octet", b"{ 0x12, 0x34,\n0x567 }\n".to_vec(), "line 2, column 1: '0x567'"),
        ("a wrong escape", b"\"\\x12\\x34\\q\"\n".to_vec(), "line 1, column 10: '\\q'"),
        ("a message and prose", format!("{MESSAGE}\nand so on\n").into(), "line 2, column 1"),
        ("a short pcap", b"\xD4\xC3\xB2\xA1\x02\0\x04\0".to_vec(), "ends inside its header"),
        ("a long line", vec![b'a'; 2 << 20], "line 1 is longer than 1 MiB"),
        ("a long message", "ff\n".repeat(80_000).into(), "longer than 65,535 octets"),
    ] {
        let output = Command::cargo_bin("dnsonde")
            .unwrap()
            .arg("decode")
            .write_stdin(input)
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{kind}: {stderr}");
        assert!(stderr.contains(sentence), "{kind}: '{sentence}' is not in {stderr}");
        let sentences = stderr.lines().filter(|line| line.starts_with("dnsonde: ")).count();
        assert_eq!(sentences, 1, "{kind}: {stderr}");
    }
}

#[test]
fn octets_are_read_as_a_message_where_that_is_asked_for() {
    let mut png = b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR".to_vec();
    png.resize(400, 7);
    let (lines, code) = json(&["--octets"], png);
    assert_eq!((lines.len(), code), (1, 1));
    assert_eq!(lines[0]["id"], 0x8950);
}

#[test]
fn a_dump_with_missing_lines_is_told_and_the_next_one_is_read() {
    let message = octets(MESSAGE);
    let dump = lines(&message, 16, |at, chunk| format!("{at:08x}: {}", words(chunk)));
    let mut torn: Vec<&str> = dump.lines().collect();
    torn.remove(1);
    let (lines, code) = json(&[], format!("{}\n{dump}", torn.join("\n")));
    assert_eq!((lines.len(), code), (2, 1), "{lines:#?}");
    let reason = lines[0]["errors"][0]["reason"].as_str().unwrap();
    assert_eq!(reason, "line 2 of the dump has the offset 0x20, but 0x10 octets come before it");
    assert_eq!((&lines[1]["id"], &lines[1]["line"]), (&54116.into(), &4.into()));
}

#[test]
fn a_stream_is_read_from_its_dump_too() {
    let message = octets(MESSAGE);
    let framed = [&[0, message.len() as u8][..], &message].concat().repeat(3);
    let dump = lines(&framed, 16, |at, chunk| format!("{at:08x}: {}", words(chunk)));
    let (lines, code) = json(&["--tcp"], dump);
    assert_eq!((lines.len(), code), (3, 0));
}

#[test]
fn an_input_without_a_message_is_an_error() {
    for args in [&[][..], &["--hex"], &["--octets"], &["--tcp"], &["--octets", "--tcp"]] {
        assert_eq!(decode(args, ""), (String::new(), 2), "{args:?}");
    }
    for text in ["\n\n", "# a comment\n", "\u{FEFF}"] {
        assert_eq!(decode(&[], text), (String::new(), 2), "{text:?}");
    }
}

/// A process may have the memory for one message, not for all the messages of its input.
#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_input() {
    let message = octets(MESSAGE);
    let framed = [&[0, message.len() as u8][..], &message].concat();
    let line = format!("{MESSAGE}\n");
    let head = b"\xD4\xC3\xB2\xA1\x02\0\x04\0\0\0\0\0\0\0\0\0\xFF\xFF\0\0\x01\0\0\0";
    let record = super::captures::record(&super::captures::udp(&message));
    for (kind, args, head, part) in [
        ("digits", &["decode"][..], &b""[..], line.as_bytes()),
        ("a stream", &["decode", "--tcp"], b"", &framed),
        ("a capture", &["decode"], head, &record),
    ] {
        let peak = |parts: usize| {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            std::io::Write::write_all(&mut file, head).unwrap();
            std::io::Write::write_all(&mut file, &part.repeat(parts)).unwrap();
            // The limit is on the address space, so that too much is an error and no figure.
            let command = "ulimit -v 200000; exec \"$0\" \"$@\" > /dev/null";
            let status = std::process::Command::new("sh")
                .args(["-c", command, env!("CARGO_BIN_EXE_dnsonde")])
                .args(args)
                .arg(file.path())
                .status()
                .unwrap();
            status.code()
        };
        assert_eq!(peak(300_000), Some(0), "{kind}");
    }
}
