//! The octets of a file as UTF-8 text: a byte order mark is passed over, and UTF-16 is converted, with
//! its mark or without.
//!
//! What is no text at all, as the archives that lists are published in, is refused with the command
//! that unpacks it.

use std::io::{self, Read};

/// Octets of UTF-16 that are converted at once: what becomes of them has room in any buffer of twice
/// as many.
const RAW: usize = 16 * 1024;

/// Why a file cannot be read as text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodingError {
    /// What the system says.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Four octets a character.
    #[error("is text in UTF-32, which is not supported")]
    Utf32,
    /// An archive or a compressed file.
    #[error("is compressed with {what}, which is not supported")]
    Compressed {
        /// What it is, such as `gzip`.
        what: &'static str,
        /// The command that writes its content to standard output.
        unpack: &'static str,
    },
}

impl EncodingError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Io(_) => None,
            Self::Utf32 => Some("convert it: iconv -f UTF-32 -t UTF-8 FILE".to_owned()),
            Self::Compressed { unpack, .. } => {
                Some(format!("unpack it: {unpack} FILE | dnsonde …"))
            }
        }
    }
}

/// How compressed files begin; `*` is a digit from 1 to 9.
const COMPRESSED: [(&[u8], &str, &str); 5] = [
    (b"\x1F\x8B\x08", "gzip", "zcat"),
    (b"PK\x03\x04", "zip", "unzip -p"),
    (b"\x28\xB5\x2F\xFD", "zstd", "zstdcat"),
    (b"\xFD7zXZ\0", "xz", "xzcat"),
    (b"BZh*1AY&SY", "bzip2", "bzcat"),
];

/// What compressed the file that begins with `front`, and the command that unpacks it.
pub fn compression(front: &[u8]) -> Option<(&'static str, &'static str)> {
    let (.., what, unpack) =
        COMPRESSED.iter().find(|(sign, ..)| front.len() >= sign.len() && agrees(sign, front))?;
    Some((what, unpack))
}

/// Whether a sign and octets agree as far as both go.
fn agrees(sign: &[u8], octets: &[u8]) -> bool {
    sign.iter().zip(octets).all(|(sign, octet)| match sign {
        b'*' => matches!(octet, b'1'..=b'9'),
        _ => sign == octet,
    })
}
const MARK: &[u8] = b"\xEF\xBB\xBF";
/// Octets that suffice to tell what a file is.
const FRONT: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16 { big_endian: bool },
}

/// What the first octets are, and how many of them are a mark; `None` if more have to be seen.
fn judge(front: &[u8], ended: bool) -> Option<Result<(Encoding, usize), EncodingError>> {
    if let Some((what, unpack)) = compression(front) {
        return Some(Err(EncodingError::Compressed { what, unpack }));
    }
    let may_become = |sign: &[u8]| front.len() < sign.len() && agrees(sign, front);
    if !ended && COMPRESSED.iter().any(|(sign, ..)| may_become(sign)) {
        return None;
    }
    let utf16 = |big_endian, mark| Some(Ok((Encoding::Utf16 { big_endian }, mark)));
    let is_nul = |at: usize| front.get(at) == Some(&0);
    let marked = [[0xFF, 0xFE], [0xFE, 0xFF]].map(|mark| front.starts_with(&mark));
    let is_wide = marked.contains(&true) || is_nul(0) || is_nul(1);
    let enough = if is_wide { 4 } else { 2 };
    if !ended && (front.len() < enough || front.len() < MARK.len() && MARK.starts_with(front)) {
        return None;
    }
    match [is_nul(0), is_nul(1), is_nul(2), is_nul(3)] {
        [false, true, true, true] | [true, true, true, false] if front.len() > 3 => {
            Some(Err(EncodingError::Utf32))
        }
        [false, false, true, true] if marked[0] => Some(Err(EncodingError::Utf32)),
        [true, true, false, false] if front[2..].starts_with(b"\xFE\xFF") => {
            Some(Err(EncodingError::Utf32))
        }
        _ if marked[0] => utf16(false, 2),
        _ if marked[1] => utf16(true, 2),
        // Without a mark, if it begins with two characters of ASCII, or is but one.
        [false, true, false, last] if last || front.len() == 2 => utf16(false, 0),
        [true, false, third, false] if third || front.len() == 2 => utf16(true, 0),
        _ if front.starts_with(MARK) => Some(Ok((Encoding::Utf8, MARK.len()))),
        _ => Some(Ok((Encoding::Utf8, 0))),
    }
}

/// A source of octets, read as UTF-8.
pub struct Utf8Reader {
    source: Box<dyn Read + Send>,
    /// Known once the first octets are seen.
    encoding: Option<Encoding>,
    /// The first octets, as long as they are not handed on.
    front: Vec<u8>,
    raw: Vec<u8>,
    /// Octets at the front of `raw` that are part of a character.
    held: usize,
    octets: u64,
}

impl Utf8Reader {
    /// Reads from `source`.
    pub const fn new(source: Box<dyn Read + Send>) -> Self {
        Self { source, encoding: None, front: Vec::new(), raw: Vec::new(), held: 0, octets: 0 }
    }

    /// Octets of the source read so far.
    pub const fn octets(&self) -> u64 {
        self.octets
    }

    /// Reads some octets of text into `out`, of at least 32 KiB; 0 at the end. What is no UTF-16 there
    /// becomes U+FFFD, and what is no UTF-8 stays as it is.
    ///
    /// # Errors
    /// The source cannot be read, or is no text.
    pub fn read(&mut self, out: &mut [u8]) -> Result<usize, EncodingError> {
        debug_assert!(out.len() >= 2 * RAW);
        let encoding = match self.encoding {
            Some(encoding) => encoding,
            None => self.begin()?,
        };
        match encoding {
            Encoding::Utf8 if self.front.is_empty() => {
                let read = read_some(&mut *self.source, out)?;
                self.octets += read as u64;
                Ok(read)
            }
            Encoding::Utf8 => {
                let front = std::mem::take(&mut self.front);
                out[..front.len()].copy_from_slice(&front);
                Ok(front.len())
            }
            Encoding::Utf16 { big_endian } => self.read_utf16(big_endian, out),
        }
    }

    /// Reads until it is clear what the file is.
    fn begin(&mut self) -> Result<Encoding, EncodingError> {
        let mut ended = false;
        loop {
            if let Some(judged) = judge(&self.front, ended) {
                let (encoding, mark) = judged?;
                self.front.drain(..mark);
                if matches!(encoding, Encoding::Utf16 { .. }) {
                    self.raw = vec![0; RAW];
                    self.held = self.front.len();
                    self.raw[..self.held].copy_from_slice(&self.front);
                    self.front.clear();
                }
                self.encoding = Some(encoding);
                return Ok(encoding);
            }
            // No more than is needed: what trickles in is not waited for.
            let mut more = [0; FRONT];
            let read = read_some(&mut *self.source, &mut more[..FRONT - self.front.len()])?;
            self.octets += read as u64;
            self.front.extend_from_slice(&more[..read]);
            ended = read == 0;
        }
    }

    fn read_utf16(&mut self, big_endian: bool, out: &mut [u8]) -> Result<usize, EncodingError> {
        let mut len = 0;
        loop {
            let read = read_some(&mut *self.source, &mut self.raw[self.held..])?;
            self.octets += read as u64;
            let filled = self.held + read;
            let ended = read == 0;
            let unit = |at: usize| {
                let octets = [self.raw[at], self.raw[at + 1]];
                if big_endian { u16::from_be_bytes(octets) } else { u16::from_le_bytes(octets) }
            };
            let mut at = 0;
            while at + 2 <= filled {
                let first = unit(at);
                let is_high = (0xD800..0xDC00).contains(&first);
                if is_high && at + 4 > filled && !ended {
                    break;
                }
                let second = (is_high && at + 4 <= filled).then(|| unit(at + 2));
                let pair = [first, second.unwrap_or_default()];
                let mut decoded =
                    char::decode_utf16(pair.into_iter().take(1 + usize::from(second.is_some())));
                let character = decoded.next().and_then(Result::ok);
                at += if second.is_some() && character.is_some() { 4 } else { 2 };
                len += character.unwrap_or('\u{FFFD}').encode_utf8(&mut out[len..]).len();
            }
            if ended && at < filled {
                // Half a character.
                len += '\u{FFFD}'.encode_utf8(&mut out[len..]).len();
                at = filled;
            }
            self.raw.copy_within(at..filled, 0);
            self.held = filled - at;
            if len > 0 || ended {
                return Ok(len);
            }
        }
    }
}

fn read_some(source: &mut dyn Read, out: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(out) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::trickle::Trickle;

    fn read_all(octets: &[u8], at_once: usize) -> Result<String, String> {
        let source = Trickle(io::Cursor::new(octets.to_vec()), at_once);
        let mut reader = Utf8Reader::new(Box::new(source));
        let mut out = vec![0; 2 * RAW];
        let mut text = Vec::new();
        loop {
            match reader.read(&mut out) {
                Ok(0) => break,
                Ok(read) => text.extend_from_slice(&out[..read]),
                Err(error) => return Err(error.to_string()),
            }
        }
        assert_eq!(reader.octets(), octets.len() as u64);
        Ok(String::from_utf8(text).unwrap())
    }

    fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    }

    #[test]
    fn text_is_read_in_every_encoding_and_in_pieces_of_any_size() {
        let long = "bücher.example\n𝔤.example\n".repeat(3000);
        for text in ["", "a", "a\n", "ab\nbücher.example\r\n", "x𝔤\u{FF}", &long] {
            for at_once in [1, 2, 3, 7, usize::MAX] {
                let read = |octets: &[u8]| read_all(octets, at_once).unwrap();
                assert_eq!(read(text.as_bytes()), text);
                assert_eq!(read(format!("\u{FEFF}{text}").as_bytes()), text);
                for big_endian in [false, true] {
                    assert_eq!(read(&utf16(&format!("\u{FEFF}{text}"), big_endian)), text);
                    // A mark is needed where one of the first two characters is not ASCII.
                    if text.chars().take(2).all(|it| it.is_ascii()) {
                        assert_eq!(read(&utf16(text, big_endian)), text, "without a mark");
                    }
                }
            }
        }
    }

    #[test]
    fn half_a_character_is_replaced() {
        for (octets, text) in [
            (&b"\xFF\xFEa\0\x00\xD8b\0"[..], "a\u{FFFD}b"),
            (b"\xFF\xFEa\0\x00\xD8", "a\u{FFFD}"),
            (b"\xFF\xFEa\0b", "a\u{FFFD}"),
            (b"\xFE\xFF\xDC\x00\0a", "\u{FFFD}a"),
        ] {
            for at_once in [1, 3, usize::MAX] {
                assert_eq!(read_all(octets, at_once).unwrap(), text);
            }
        }
    }

    #[test]
    fn what_is_no_text_is_refused_and_the_command_that_converts_it_named() {
        for (octets, what, hint) in [
            (&b"\x1F\x8B\x08\0\0\0\0\0"[..], "compressed with gzip", "zcat FILE"),
            (b"PK\x03\x04\x14\0\0\0", "compressed with zip", "unzip -p FILE"),
            (b"\x28\xB5\x2F\xFD\x04", "compressed with zstd", "zstdcat FILE"),
            (b"\xFD7zXZ\0\0", "compressed with xz", "xzcat FILE"),
            (b"BZh91AY&SY", "compressed with bzip2", "bzcat FILE"),
            (b"BZh11AY&SY", "compressed with bzip2", "bzcat FILE"),
            (b"\xFF\xFE\0\0a\0\0\0", "UTF-32", "iconv"),
            (b"\0\0\xFE\xFF\0\0\0a", "UTF-32", "iconv"),
            (b"a\0\0\0b\0\0\0", "UTF-32", "iconv"),
            (b"\0\0\0a\0\0\0b", "UTF-32", "iconv"),
        ] {
            for at_once in [1, usize::MAX] {
                let source = Trickle(io::Cursor::new(octets.to_vec()), at_once);
                let error = Utf8Reader::new(Box::new(source)).read(&mut [0; 2 * RAW]).unwrap_err();
                assert!(error.to_string().contains(what), "{error}");
                assert!(error.hint().unwrap().contains(hint));
            }
        }
        // Names that begin so are names, and a NUL is one.
        for text in [
            "BZh9.example",
            "BZh01AY&SY",
            "PK.example",
            "B",
            "P\n",
            "a\0b.example",
            "\0ab",
            "\0\0\0",
        ] {
            assert_eq!(read_all(text.as_bytes(), 1).unwrap(), text);
        }
    }
}
