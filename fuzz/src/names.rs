//! Lists of names, as anybody may have written them.

use std::io::{Cursor, Read};

use dnsonde::names::error::LineError;
use dnsonde::names::line::{Line, classify, is_askable};
use dnsonde::names::list::{ListReader, MAX_LINE, RawLine};
use dnsonde::names::list_format::FormatCheck;
use dnsonde::names::name::{parse_name, write_name};
use dnsonde::names::prefix::{MOST_ADDRESSES, Prefix, write_reverse};
use dnsonde::wire::NameBuf;

/// Gives so many octets at a time.
struct Trickle(Cursor<Vec<u8>>, usize);

impl Read for Trickle {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let len = out.len().min(self.1);
        self.0.read(&mut out[..len])
    }
}

/// The lines, and whether each is whole; nothing if this is no text.
fn lines(octets: &[u8], at_once: usize) -> Option<Vec<(Vec<u8>, bool)>> {
    let mut list = ListReader::new(Box::new(Trickle(Cursor::new(octets.to_vec()), at_once)));
    let mut lines = Vec::new();
    loop {
        let more = match list.fill() {
            Ok(more) => more,
            Err(error) => {
                assert!(error.hint().is_some(), "{error}");
                return None;
            }
        };
        while let Some(line) = list.next_line() {
            lines.push(match line {
                RawLine::Text(text) => (text.to_vec(), true),
                RawLine::TooLong(text) => (text.to_vec(), false),
            });
        }
        if !more {
            assert_eq!(list.octets(), octets.len() as u64);
            return Some(lines);
        }
    }
}

pub fn all(octets: &[u8]) {
    let read = lines(octets, usize::MAX);
    // However it arrives, it is the same list.
    assert_eq!(read, lines(octets, 1 + octets.first().map_or(0, |&octet| usize::from(octet % 7))));
    let Some(read) = read else { return };
    let mut check = FormatCheck::default();
    for (text, whole) in &read {
        assert!(text.len() <= MAX_LINE && !text.contains(&b'\n') && !text.contains(&b'\r'));
        if *whole {
            line(text, &mut check);
        }
    }
    // Whether it is text or lines of it: a name is a name.
    line(octets, &mut check);
    if let Some(wrong_format) = check.wrong_format() {
        assert!(!wrong_format.hint().is_empty() && !wrong_format.to_string().is_empty());
    }
}

fn line(text: &[u8], check: &mut FormatCheck) {
    match classify(text) {
        Ok(Line::Blank | Line::Comment) => {}
        Ok(Line::Question(text, rtype)) => {
            assert!(rtype.is_none_or(is_askable));
            name(text, check);
        }
        Err(error) => refused(&error, check),
    }
}

fn name(text: &[u8], check: &mut FormatCheck) {
    let mut names = b"before".to_vec();
    let written = write_name(text, &mut names);
    assert_eq!(names[..6], *b"before");
    // Both ways to read a name read the same, and an error leaves nothing behind.
    assert_eq!(parse_name(text).as_ref().err(), written.as_ref().err());
    match written {
        Ok(()) => {
            check.take_valid();
            let name = NameBuf::from_wire(&names[6..]).unwrap();
            // What is asked holds nothing but what was written: no control octets and no spaces that
            // no escape stands for.
            if !text.contains(&b'\\') {
                let plain = |octet: &u8| octet.is_ascii_graphic();
                assert!(name.labels().flatten().all(plain), "{name}");
                assert!(name.labels().all(|label| !label.contains(&b'.')), "{name}");
            }
            // Escaped in full it is the same name.
            let escaped: String = name
                .labels()
                .map(|label| {
                    let octets = label.iter().map(|octet| format!("\\{octet:03}"));
                    octets.collect::<String>() + "."
                })
                .collect();
            let escaped = if escaped.is_empty() { ".".to_owned() } else { escaped };
            let again = parse_name(escaped.as_bytes());
            assert_eq!(again.as_ref().map(NameBuf::as_wire), Ok(name.as_wire()), "{escaped}");
        }
        Err(error) => {
            assert_eq!(names.len(), 6);
            refused(&error, check);
            match error {
                LineError::Address(address) => {
                    write_reverse(address, &mut names);
                    assert!(NameBuf::from_wire(&names[6..]).is_ok());
                }
                LineError::Prefix(prefix) => addresses(prefix),
                _ => {}
            }
        }
    }
}

fn addresses(prefix: Prefix) {
    assert!((1..=MOST_ADDRESSES).contains(&prefix.count()));
    let first: Vec<_> = prefix.addresses().take(300).collect();
    assert_eq!(first.len() as u64, prefix.count().min(300));
    assert!(first.windows(2).all(|pair| pair[0] < pair[1]));
}

fn refused(error: &LineError, check: &mut FormatCheck) {
    check.take_invalid(error);
    let sentence = error.to_string();
    assert!(!sentence.is_empty() && sentence.len() < 600, "{sentence}");
}
