//! A writer of JSON that cannot write anything else.
//!
//! It appends to a buffer of the caller's and takes nothing from the heap. What is written without a
//! look at its octets has a type that needs none: numbers, [`Key`]s and [`Plain`] texts that the
//! compiler has checked, codes of the registries, addresses. Everything else is escaped. Only
//! printable ASCII comes out, so that no text can do anything to a terminal.

use std::net::IpAddr;
use std::ops::Range;

use serde::Serialize;

use super::ascii;
use crate::wire::{
    Class, Flags, OptionCode, Rcode, RecordType, SvcParamKey, write_decimal, write_ipv4,
    write_ipv6, write_padded,
};

/// The name of a member, checked by the compiler.
#[derive(Clone, Copy)]
pub struct Key(&'static str);

impl Key {
    /// Takes `,"name":`.
    ///
    /// # Panics
    /// If it is not that, or the name needs escapes. In a constant the compiler says so.
    pub const fn new(text: &'static str) -> Self {
        let octets = text.as_bytes();
        let end = octets.len() - 2;
        assert!(octets[0] == b',' && octets[1] == b'"' && octets[end] == b'"');
        assert!(octets[end + 1] == b':');
        let mut i = 2;
        while i < end {
            assert!(is_plain(octets[i]), "the name of a member needs escapes");
            i += 1;
        }
        Self(text)
    }
}

/// The [`Key`] of a literal.
macro_rules! key {
    ($name:literal) => {
        const { $crate::report::json::Key::new(concat!(",\"", $name, "\":")) }
    };
}
pub(crate) use key;

/// A text that needs no escapes, checked by the compiler.
#[derive(Clone, Copy)]
pub struct Plain(&'static str);

impl Plain {
    /// Takes a text of printable ASCII without quotes and backslashes.
    ///
    /// # Panics
    /// If it is not that. In a constant the compiler says so.
    pub const fn new(text: &'static str) -> Self {
        let octets = text.as_bytes();
        let mut i = 0;
        while i < octets.len() {
            assert!(is_plain(octets[i]), "the text needs escapes");
            i += 1;
        }
        Self(text)
    }

    /// The text.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// The [`Plain`] text of a literal.
macro_rules! plain {
    ($text:expr) => {
        const { $crate::report::json::Plain::new($text) }
    };
}
pub(crate) use plain;

/// A member whose value is a text that needs no escapes, both checked by the compiler; see
/// `member!`. It is written at once, where that matters.
#[derive(Clone, Copy)]
pub struct Member(&'static str);

impl Member {
    /// Takes `,"name":"value"`, which is `key` and `value`.
    ///
    /// # Panics
    /// If it is not that. In a constant the compiler says so.
    pub const fn new(text: &'static str, key: Key, value: Plain) -> Self {
        let (octets, key, value) = (text.as_bytes(), key.0.as_bytes(), value.0.as_bytes());
        assert!(octets.len() == key.len() + value.len() + 2);
        let mut i = 0;
        while i < octets.len() {
            let expected = if i < key.len() {
                key[i]
            } else if i == key.len() || i + 1 == octets.len() {
                b'"'
            } else {
                value[i - key.len() - 1]
            };
            assert!(octets[i] == expected);
            i += 1;
        }
        Self(text)
    }
}

/// The [`Member`] of two literals.
macro_rules! member {
    ($name:literal, $value:literal) => {
        const {
            $crate::report::json::Member::new(
                concat!(",\"", $name, "\":\"", $value, "\""),
                $crate::report::json::Key::new(concat!(",\"", $name, "\":")),
                $crate::report::json::Plain::new($value),
            )
        }
    };
}
pub(crate) use member;

/// What is written as a string as it is. Implemented here only, for types whose text never needs
/// escapes.
pub trait Word: sealed::Append {}

/// What is written as a number. Implemented for the unsigned integers.
pub trait Number: sealed::Append {}

mod sealed {
    pub trait Append {
        fn append(self, out: &mut Vec<u8>);
    }
}
use sealed::Append;

impl Word for Plain {}
impl Append for Plain {
    #[inline(always)]
    fn append(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
    }
}

impl Word for IpAddr {}
impl Append for IpAddr {
    #[inline]
    fn append(self, out: &mut Vec<u8>) {
        match self {
            Self::V4(address) => write_ipv4(address.octets(), out),
            Self::V6(address) => write_ipv6(address.octets(), out),
        }
    }
}

/// Codes whose mnemonics the compiler has checked, and whose others are a word and a number.
macro_rules! codes {
    ($($code:ident $generic:literal $(, mostly $frequent:ident)?;)*) => {$(
        const _: () = {
            let mut i = 0;
            while i < $code::KNOWN.len() {
                if let Some(mnemonic) = $code::KNOWN[i].mnemonic() {
                    Plain::new(mnemonic);
                }
                i += 1;
            }
        };

        impl Word for $code {}
        impl Append for $code {
            #[inline(always)]
            fn append(self, out: &mut Vec<u8>) {
                $(if self == $code::$frequent {
                    // Its length is known to the compiler.
                    return plain!($code::$frequent.mnemonic().unwrap()).append(out);
                })?
                match self.mnemonic() {
                    Some(mnemonic) => out.extend_from_slice(mnemonic.as_bytes()),
                    None => {
                        plain!($generic).append(out);
                        write_decimal(self.0, out);
                    }
                }
            }
        }
    )*};
}

codes! {
    RecordType "TYPE", mostly A;
    Class "CLASS", mostly IN;
    Rcode "RCODE", mostly NOERROR;
    OptionCode "OPT";
    SvcParamKey "key";
}

impl<A: Word, B: Word> Word for Result<A, B> {}
impl<A: Word, B: Word> Append for Result<A, B> {
    #[inline]
    fn append(self, out: &mut Vec<u8>) {
        match self {
            Ok(word) => word.append(out),
            Err(word) => word.append(out),
        }
    }
}

/// The names of the header flags, in the order of the wire.
const FLAGS: [Plain; Flags::NAMED.len()] = {
    let mut words = [Plain::new(""); Flags::NAMED.len()];
    let mut i = 0;
    while i < words.len() {
        words[i] = Plain::new(Flags::NAMED[i].1);
        i += 1;
    }
    words
};

/// The array of some flags.
const fn flags_text<const LEN: usize>(flags: Flags) -> [u8; LEN] {
    let (mut text, mut at, mut i) = ([b'['; LEN], 1, 0);
    while i < FLAGS.len() {
        let (bit, word) = (Flags::NAMED[i].0, FLAGS[i].0.as_bytes());
        if flags.0 & bit.0 != 0 {
            if at > 1 {
                text[at] = b',';
                at += 1;
            }
            text[at] = b'"';
            let mut j = 0;
            while j < word.len() {
                text[at + 1 + j] = word[j];
                j += 1;
            }
            text[at + 1 + j] = b'"';
            at += j + 2;
        }
        i += 1;
    }
    assert!(at + 1 == LEN);
    text[at] = b']';
    text
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Number for $number {}
        impl Append for $number {
            #[inline]
            fn append(self, out: &mut Vec<u8>) {
                write_decimal(self, out);
            }
        }
    )*};
}

numbers! { u8 u16 u32 u64 }

/// A string that was written, with its quotes, by its place in the buffer. It may be copied to
/// another place of the same buffer.
#[derive(Debug, Clone)]
pub struct Span(Range<usize>);

/// The first members of an object, by their place in the buffer, to be copied within it.
#[derive(Debug, Clone)]
pub struct Members(Range<usize>);

/// An object that is being written.
pub struct Object<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
}

impl Object<'_> {
    /// Appends an object with the members that `members` writes.
    #[inline]
    pub fn write(out: &mut Vec<u8>, members: impl FnOnce(&mut Object<'_>)) {
        out.push(b'{');
        let start = out.len();
        members(&mut Object { out: &mut *out, start });
        out.push(b'}');
    }

    /// Two branches, each with a length that the compiler knows: no call copies a key.
    #[inline(always)]
    fn key(&mut self, key: Key) {
        let text = key.0.as_bytes();
        if self.out.len() == self.start {
            // The first one has no comma in front.
            self.out.extend_from_slice(&text[1..]);
        } else {
            self.out.extend_from_slice(text);
        }
    }

    /// A member that is known whole.
    #[inline(always)]
    pub fn member(&mut self, member: Member) {
        self.key(Key(member.0));
    }

    /// A key that is a word.
    #[inline]
    fn word_key(&mut self, key: impl Word) {
        if self.out.len() > self.start {
            self.out.push(b',');
        }
        write_word(key, self.out);
        self.out.push(b':');
    }

    /// A number.
    #[inline(always)]
    pub fn number(&mut self, key: Key, value: impl Number) {
        self.key(key);
        value.append(self.out);
    }

    /// Seconds with six decimals.
    pub fn seconds(&mut self, key: Key, micros: u64) {
        self.key(key);
        write_decimal(micros / 1_000_000, self.out);
        self.out.push(b'.');
        write_padded(micros % 1_000_000, 6, self.out);
    }

    /// `true` or `false`.
    #[inline]
    pub fn boolean(&mut self, key: Key, value: bool) {
        self.key(key);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// A string that needs no escapes.
    #[inline(always)]
    pub fn word(&mut self, key: Key, word: impl Word) {
        self.key(key);
        write_word(word, self.out);
    }

    /// A string of any octets; those that are not UTF-8 become U+FFFD.
    #[inline]
    pub fn string(&mut self, key: Key, octets: &[u8]) {
        self.key(key);
        write_string(octets, self.out);
    }

    /// A string of what `write` appends.
    #[inline]
    pub fn text(&mut self, key: Key, write: impl FnOnce(&mut Vec<u8>)) -> Span {
        self.key(key);
        write_text(self.out, write)
    }

    /// A string that was written before.
    #[inline]
    pub fn copy(&mut self, key: Key, span: &Span) {
        self.key(key);
        debug_assert!(self.out[span.0.clone()].starts_with(b"\""));
        debug_assert!(self.out[span.0.clone()].ends_with(b"\""));
        self.out.extend_from_within(span.0.clone());
    }

    /// The members that were written so far.
    #[inline]
    pub fn members(&self) -> Members {
        Members(self.start..self.out.len())
    }

    /// The first members, which another object of the same buffer has too.
    #[inline]
    pub fn copy_members(&mut self, members: &Members) {
        debug_assert!(self.out.len() == self.start, "only in front");
        debug_assert_eq!(self.out[members.0.start - 1], b'{');
        self.out.extend_from_within(members.0.clone());
    }

    /// An object.
    #[inline]
    pub fn object(&mut self, key: Key, members: impl FnOnce(&mut Object<'_>)) {
        self.key(key);
        Object::write(self.out, members);
    }

    /// An object under a word.
    pub fn object_under(&mut self, key: impl Word, members: impl FnOnce(&mut Object<'_>)) {
        self.word_key(key);
        Object::write(self.out, members);
    }

    /// An array.
    #[inline]
    pub fn array(&mut self, key: Key, items: impl FnOnce(&mut Array<'_>)) {
        self.key(key);
        Array::write(self.out, items);
    }

    /// An array under a word.
    pub fn array_under(&mut self, key: impl Word, items: impl FnOnce(&mut Array<'_>)) {
        self.word_key(key);
        Array::write(self.out, items);
    }

    /// The header flags that are set, as an array.
    #[inline]
    pub fn flags(&mut self, key: Key, flags: Flags) {
        // What a recursive and an authoritative server say most often.
        const RECURSIVE: Flags = Flags::QR.with(Flags::RD).with(Flags::RA);
        const AUTHORITATIVE: Flags = Flags::QR.with(Flags::AA).with(Flags::RD);
        const NAMES: u16 = 0x87F0;
        if flags.0 & NAMES == RECURSIVE.0 {
            self.key(key);
            return self.out.extend_from_slice(&const { flags_text::<16>(RECURSIVE) });
        }
        if flags.0 & NAMES == AUTHORITATIVE.0 {
            self.key(key);
            return self.out.extend_from_slice(&const { flags_text::<16>(AUTHORITATIVE) });
        }
        self.array(key, |array| {
            for ((flag, _), word) in Flags::NAMED.into_iter().zip(FLAGS) {
                if flags.contains(flag) {
                    array.word(word);
                }
            }
        });
    }

    /// `true` or `false` under a word.
    pub fn boolean_under(&mut self, key: impl Word, value: bool) {
        self.word_key(key);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// A number under a word.
    pub fn number_under(&mut self, key: impl Word, value: impl Number) {
        self.word_key(key);
        value.append(self.out);
    }

    /// A string under a word.
    pub fn string_under(&mut self, key: impl Word, octets: &[u8]) {
        self.word_key(key);
        write_string(octets, self.out);
    }

    /// A string of what `write` appends, under a word.
    pub fn text_under(&mut self, key: impl Word, write: impl FnOnce(&mut Vec<u8>)) {
        self.word_key(key);
        write_text(self.out, write);
    }

    /// Any value, as serde writes it.
    pub fn value(&mut self, key: Key, value: &impl Serialize) {
        self.key(key);
        ascii::write(value, self.out);
    }
}

/// An array that is being written.
pub struct Array<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
}

impl Array<'_> {
    /// Appends an array with the items that `items` writes.
    #[inline]
    pub fn write(out: &mut Vec<u8>, items: impl FnOnce(&mut Array<'_>)) {
        out.push(b'[');
        let start = out.len();
        items(&mut Array { out: &mut *out, start });
        out.push(b']');
    }

    #[inline]
    fn next(&mut self) {
        if self.out.len() > self.start {
            self.out.push(b',');
        }
    }

    /// A number.
    pub fn number(&mut self, value: impl Number) {
        self.next();
        value.append(self.out);
    }

    /// A string that needs no escapes.
    #[inline]
    pub fn word(&mut self, word: impl Word) {
        self.next();
        write_word(word, self.out);
    }

    /// A string of any octets.
    pub fn string(&mut self, octets: &[u8]) {
        self.next();
        write_string(octets, self.out);
    }

    /// An object.
    #[inline]
    pub fn object(&mut self, members: impl FnOnce(&mut Object<'_>)) {
        self.next();
        Object::write(self.out, members);
    }

    /// Any value, as serde writes it.
    pub fn value(&mut self, value: &impl Serialize) {
        self.next();
        ascii::write(value, self.out);
    }
}

#[inline(always)]
fn write_word(word: impl Word, out: &mut Vec<u8>) {
    out.push(b'"');
    word.append(out);
    out.push(b'"');
}

/// Appends `octets` as a string; those that are not UTF-8 become U+FFFD.
#[inline]
fn write_string(octets: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    // Nearly all strings are plain, and are copied whole.
    match look(octets) {
        Looks { odd: false, special: false } => out.extend_from_slice(octets),
        _ => write_escaped(octets, out),
    }
    out.push(b'"');
}

/// Appends what `write` appends, as a string.
#[inline]
fn write_text(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) -> Span {
    let quote = out.len();
    out.push(b'"');
    let start = out.len();
    write(out);
    debug_assert!(out.len() >= start, "text is only appended");
    let looks = look(out.get(start..).unwrap_or_default());
    if looks.odd {
        let text = out.split_off(start);
        write_escaped(&text, out);
    } else if looks.special {
        escape_in_place(out, start);
    }
    out.push(b'"');
    Span(quote..out.len())
}

/// What is in a text.
struct Looks {
    /// Something other than printable ASCII.
    odd: bool,
    /// A quote or a backslash.
    special: bool,
}

/// Looks at many octets at once, the last ones twice where they fill no whole chunk.
#[inline]
fn look(text: &[u8]) -> Looks {
    let kinds = if let Some(last) = text.last_chunk::<16>() {
        text.as_chunks::<16>().0.iter().fold(kinds(last), |all, chunk| all | kinds(chunk))
    } else if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        kinds(first) | kinds(last)
    } else {
        text.iter().fold(0, |all, octet| all | kinds(&[*octet]))
    };
    Looks { odd: kinds & ODD != 0, special: kinds & SPECIAL != 0 }
}

const ODD: u8 = 1;
const SPECIAL: u8 = 2;

/// Without branches and of a known length, so that the compiler makes vectors of it.
#[inline(always)]
fn kinds<const N: usize>(chunk: &[u8; N]) -> u8 {
    let mut kinds = 0;
    for &octet in chunk {
        kinds |= if octet.wrapping_sub(b' ') > b'~' - b' ' { ODD } else { 0 };
        kinds |= if octet == b'"' { SPECIAL } else { 0 };
        kinds |= if octet == b'\\' { SPECIAL } else { 0 };
    }
    kinds
}

const fn is_plain(octet: u8) -> bool {
    matches!(octet, b' '..=b'~') && octet != b'"' && octet != b'\\'
}

/// Puts backslashes into printable ASCII from `start` on, from the back to the front.
fn escape_in_place(out: &mut Vec<u8>, start: usize) {
    let specials = out[start..].iter().filter(|&&octet| matches!(octet, b'"' | b'\\')).count();
    let mut from = out.len();
    out.resize(from + specials, 0);
    let mut to = out.len();
    while from < to && from > start {
        from -= 1;
        to -= 1;
        out[to] = out[from];
        if matches!(out[to], b'"' | b'\\') {
            to -= 1;
            out[to] = b'\\';
        }
    }
}

#[cold]
fn write_escaped(octets: &[u8], out: &mut Vec<u8>) {
    for chunk in octets.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' | '\\' => out.extend([b'\\', character as u8]),
                '\n' => out.extend_from_slice(b"\\n"),
                '\t' => out.extend_from_slice(b"\\t"),
                ' '..='~' => out.push(character as u8),
                _ => ascii::write_escape(character, out),
            }
        }
        if !chunk.invalid().is_empty() {
            ascii::write_escape('\u{FFFD}', out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn object(members: impl FnOnce(&mut Object<'_>)) -> String {
        let mut out = b"before".to_vec();
        Object::write(&mut out, members);
        let text = String::from_utf8(out.split_off(6)).unwrap();
        assert!(text.bytes().all(|octet| matches!(octet, b' '..=b'~')), "{text:?}");
        text
    }

    #[test]
    fn members_and_items_have_their_commas() {
        let text = object(|object| {
            object.number(key!("a"), 1u16);
            object.boolean(key!("b"), true);
            object.word(key!("c"), RecordType(65280));
            object.array(key!("d"), |array| {
                array.word(Class::IN);
                array.number(u64::MAX);
                array.object(|object| object.seconds(key!("e"), 1_000_020));
                array.object(|_| {});
            });
            object.array(key!("f"), |_| {});
            object.object_under(Rcode::NXDOMAIN, |object| {
                object.word(key!("g"), "2001:db8::1".parse::<IpAddr>().unwrap());
            });
            object.value(key!("h"), &["\u{1b}\u{9b}\u{e9}", "\u{1F600}\""]);
        });
        assert_eq!(
            text,
            r#"{"a":1,"b":true,"c":"TYPE65280","d":["IN",18446744073709551615,{"e":1.000020},{}],"f":[],"NXDOMAIN":{"g":"2001:db8::1"},"h":["\u001b\u009b\u00e9","\ud83d\ude00\""]}"#
        );
    }

    #[test]
    fn what_was_written_is_copied_with_its_escapes() {
        let mut out = Vec::new();
        Array::write(&mut out, |array| {
            let mut before = None;
            array.object(|object| {
                let name = object.text(key!("a"), |out| out.extend_from_slice(br#"\"x"#));
                object.copy(key!("b"), &name);
                before = Some(object.members());
                object.number(key!("c"), 1u8);
            });
            array.object(|object| {
                object.copy_members(before.as_ref().unwrap());
                object.number(key!("c"), 2u8);
            });
        });
        let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let [first, second] =
            [1, 2].map(|c| serde_json::json!({"a": "\\\"x", "b": "\\\"x", "c": c}));
        assert_eq!(read, serde_json::json!([first, second]));
    }

    proptest! {
        #[test]
        fn any_octets_are_read_back(octets: Vec<u8>) {
            let expected = String::from_utf8_lossy(&octets).into_owned();
            for text in [
                object(|object| object.string(key!("x"), &octets)),
                object(|object| _ = object.text(key!("x"), |out| out.extend_from_slice(&octets))),
                object(|object| object.value(key!("x"), &expected)),
            ] {
                let read: serde_json::Value = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(&read["x"], expected.as_str());
            }
        }
    }
}
