//! Domain names: a view over a message ([`Name`]) and an owned, inline form ([`NameBuf`]).
//!
//! A name is a run of labels, each of 1 to 63 octets, ended by the empty root label; at most 255
//! octets in all (RFC 1035 §3.1). Labels are octets, not text: they are kept with the case that
//! they came in, compared without it, and shown in the escaped form of RFC 1035 §5.1.
//!
//! [`Name`] is only ever made by a check that has walked the whole name, so everything that
//! reads one afterwards can neither fail nor run forever.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use super::error::{ParseError, ParseErrorKind as Kind};

/// The longest name in octets, root label included (RFC 1035 §3.1).
pub const MAX_NAME_LEN: usize = 255;
/// The longest label in octets.
pub const MAX_LABEL_LEN: usize = 63;
/// The most compression pointers that one name may go through.
pub const MAX_POINTERS: usize = 127;

const HEADER_LEN: usize = 12;

/// A checked name inside a message, possibly compressed.
#[derive(Clone, Copy)]
pub struct Name<'a> {
    message: &'a [u8],
    offset: usize,
}

impl<'a> Name<'a> {
    /// Checks the name at `offset` of `message` and gives it with the offset just behind it.
    ///
    /// Every compression pointer must point to before the place where the current run of labels
    /// began, so the walk always moves backwards and ends.
    ///
    /// # Errors
    /// Names of more than 255 octets, unknown label types, pointers that do not go strictly
    /// backwards or into the header, more than [`MAX_POINTERS`] of them, and truncation.
    #[inline]
    pub fn parse(message: &'a [u8], offset: usize) -> Result<(Self, usize), ParseError> {
        let end = check(message, offset, true)?;
        Ok((Self { message, offset }, end))
    }

    /// Like [`Name::parse`], but a compression pointer is an error.
    ///
    /// # Errors
    /// As for [`Name::parse`], and [`Kind::PointerForbidden`].
    pub fn parse_uncompressed(
        message: &'a [u8],
        offset: usize,
    ) -> Result<(Self, usize), ParseError> {
        let end = check(message, offset, false)?;
        Ok((Self { message, offset }, end))
    }

    /// The name at `offset`, where one was checked before, and the offset just behind it.
    #[inline]
    pub(super) fn checked_before(message: &'a [u8], offset: usize) -> Option<(Self, usize)> {
        let mut end = offset;
        loop {
            match *message.get(end)? {
                0 => break end += 1,
                octet @ 1..=63 => end += 1 + usize::from(octet),
                _ => break end += 2,
            }
        }
        Some((Self { message, offset }, end))
    }

    /// The labels from left to right, without the root label.
    #[inline]
    pub fn labels(&self) -> Labels<'a> {
        Labels { message: self.message, offset: self.offset }
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.labels().next().is_none()
    }

    /// The uncompressed wire form, with its case kept.
    pub fn to_buf(&self) -> NameBuf {
        let mut buf = NameBuf::root();
        let mut len = 0;
        for label in self.labels() {
            buf.octets[len] = label.len() as u8;
            buf.octets[len + 1..len + 1 + label.len()].copy_from_slice(label);
            len += 1 + label.len();
        }
        buf.octets[len] = 0;
        buf.len = (len + 1) as u8;
        buf
    }

    /// Where its first label is: behind any compression pointers that it begins with.
    ///
    /// Two names of one message with the same first label are the same name.
    #[inline]
    pub fn first_label(&self) -> usize {
        let mut offset = self.offset;
        while let Some(&[high, low]) = self.message.get(offset..offset + 2)
            && high >= 0xC0
        {
            let target = usize::from(high & 0x3F) << 8 | usize::from(low);
            // The name was checked: its pointers go backwards.
            if target >= offset {
                break;
            }
            offset = target;
        }
        offset
    }

    /// Where the name begins in its message.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

/// Walks one name; gives the offset behind it.
#[inline]
fn check(message: &[u8], start: usize, pointers_allowed: bool) -> Result<usize, ParseError> {
    let mut offset = start;
    // No pointer may lead to this offset or beyond.
    let mut barrier = start;
    let mut end = None;
    let mut len = 0usize;
    let mut pointers = 0usize;
    loop {
        let Some(&octet) = message.get(offset) else {
            return Err(ParseError::new(offset, Kind::Truncated("a name")));
        };
        match octet {
            0 => {
                if len + 1 > MAX_NAME_LEN {
                    return Err(ParseError::new(start, Kind::NameTooLong));
                }
                return Ok(end.unwrap_or(offset + 1));
            }
            1..=63 => {
                let next = offset + 1 + usize::from(octet);
                if next > message.len() {
                    return Err(ParseError::new(offset, Kind::Truncated("a label")));
                }
                len += 1 + usize::from(octet);
                if len + 1 > MAX_NAME_LEN {
                    return Err(ParseError::new(start, Kind::NameTooLong));
                }
                offset = next;
            }
            0xC0..=0xFF => {
                if !pointers_allowed {
                    return Err(ParseError::new(offset, Kind::PointerForbidden));
                }
                let Some(&low) = message.get(offset + 1) else {
                    return Err(ParseError::new(offset, Kind::Truncated("a compression pointer")));
                };
                let target = usize::from(octet & 0x3F) << 8 | usize::from(low);
                if target >= barrier {
                    return Err(ParseError::new(offset, Kind::PointerNotBackwards));
                }
                if target < HEADER_LEN {
                    return Err(ParseError::new(offset, Kind::PointerIntoHeader));
                }
                pointers += 1;
                if pointers > MAX_POINTERS {
                    return Err(ParseError::new(start, Kind::TooManyPointers));
                }
                end.get_or_insert(offset + 2);
                barrier = target;
                offset = target;
            }
            other => return Err(ParseError::new(offset, Kind::LabelType(other))),
        }
    }
}

/// Iterator over the labels of a name, without the root label.
#[derive(Clone)]
pub struct Labels<'a> {
    message: &'a [u8],
    offset: usize,
}

impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        // The name was checked when it was made; `?` only ends the walk if that were ever untrue.
        loop {
            let octet = *self.message.get(self.offset)?;
            match octet {
                0 => return None,
                1..=63 => {
                    let start = self.offset + 1;
                    let label = self.message.get(start..start + usize::from(octet))?;
                    self.offset = start + usize::from(octet);
                    return Some(label);
                }
                _ => {
                    let low = *self.message.get(self.offset + 1)?;
                    let target = usize::from(octet & 0x3F) << 8 | usize::from(low);
                    if target >= self.offset {
                        return None;
                    }
                    self.offset = target;
                }
            }
        }
    }
}

fn labels_equal<'a, 'b>(
    mut a: impl Iterator<Item = &'a [u8]>,
    mut b: impl Iterator<Item = &'b [u8]>,
) -> bool {
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(x), Some(y)) if x.eq_ignore_ascii_case(y) => {}
            _ => return false,
        }
    }
}

impl PartialEq for Name<'_> {
    /// Equality without case (RFC 4343).
    fn eq(&self, other: &Self) -> bool {
        labels_equal(self.labels(), other.labels())
    }
}
impl Eq for Name<'_> {}

impl PartialEq<NameBuf> for Name<'_> {
    fn eq(&self, other: &NameBuf) -> bool {
        labels_equal(self.labels(), other.labels())
    }
}

impl fmt::Display for Name<'_> {
    /// The absolute presentation form, with its final dot.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_labels(self.labels(), f)
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An owned name: its uncompressed wire form, kept inline.
#[derive(Clone, Copy)]
pub struct NameBuf {
    octets: [u8; MAX_NAME_LEN],
    len: u8,
}

impl NameBuf {
    /// The root name.
    pub const fn root() -> Self {
        Self { octets: [0; MAX_NAME_LEN], len: 1 }
    }

    /// Takes a name in uncompressed wire form; nothing may follow it.
    ///
    /// # Errors
    /// As for [`Name::parse_uncompressed`], and octets behind the name.
    pub fn from_wire(octets: &[u8]) -> Result<Self, ParseError> {
        let (name, end) = Name::parse_uncompressed(octets, 0)?;
        if end != octets.len() {
            return Err(ParseError::new(end, Kind::TrailingOctets(octets.len() - end)));
        }
        Ok(name.to_buf())
    }

    /// The uncompressed wire form, root label included: 1 to 255 octets.
    #[inline]
    pub fn as_wire(&self) -> &[u8] {
        &self.octets[..usize::from(self.len)]
    }

    /// The labels from left to right, without the root label.
    #[inline]
    pub fn labels(&self) -> Labels<'_> {
        Labels { message: self.as_wire(), offset: 0 }
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.len == 1
    }

    /// The name without its leftmost label; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let skip = 1 + usize::from(self.octets[0]);
        let mut parent = Self::root();
        let rest = &self.as_wire()[skip..];
        parent.octets[..rest.len()].copy_from_slice(rest);
        parent.len = rest.len() as u8;
        Some(parent)
    }

    /// Whether this name is `other` or below it.
    pub fn is_at_or_below(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.labels().count(), other.labels().count());
        mine >= theirs && labels_equal(self.labels().skip(mine - theirs), other.labels())
    }

    /// This name with `label` put in front.
    ///
    /// # Errors
    /// [`NameError`] if the label is empty or too long, or the name gets too long.
    pub fn prepend(&self, label: &[u8]) -> Result<Self, NameError> {
        let mut name = NameBuilder::new();
        name.push_label(label)?;
        for label in self.labels() {
            name.push_label(label)?;
        }
        Ok(name.finish())
    }

    /// This name, taken as relative, with `origin` behind it.
    ///
    /// # Errors
    /// [`NameError::NameTooLong`].
    pub fn append(&self, origin: &Self) -> Result<Self, NameError> {
        let mut name = NameBuilder::new();
        for label in self.labels().chain(origin.labels()) {
            name.push_label(label)?;
        }
        Ok(name.finish())
    }

    /// The name in lower case, as canonical forms want it (RFC 4034 §6.2).
    pub fn to_lowercase(&self) -> Self {
        let mut lower = *self;
        // Length octets are below 64, so they are never taken for letters.
        lower.octets[..usize::from(self.len)].make_ascii_lowercase();
        lower
    }

    /// Reads presentation format; `relative_to` completes names without a final dot.
    ///
    /// # Errors
    /// [`NameError`] says what was wrong.
    pub fn from_text(text: &[u8], relative_to: &Self) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text == b"." {
            return Ok(Self::root());
        }
        let mut name = NameBuilder::new();
        let mut label = [0u8; MAX_LABEL_LEN];
        let mut len = 0;
        let mut rest = text;
        let mut absolute = false;
        while let [first, tail @ ..] = rest {
            rest = tail;
            let octet = match first {
                b'.' => {
                    name.push_label(&label[..len])?;
                    len = 0;
                    absolute = rest.is_empty();
                    continue;
                }
                b'\\' => {
                    let (octet, used) = read_escape(rest).ok_or(NameError::Escape)?;
                    rest = &rest[used..];
                    octet
                }
                other => *other,
            };
            *label.get_mut(len).ok_or(NameError::LabelTooLong)? = octet;
            len += 1;
        }
        if !absolute {
            name.push_label(&label[..len])?;
            for label in relative_to.labels() {
                name.push_label(label)?;
            }
        }
        Ok(name.finish())
    }
}

/// Reads what follows a backslash: three decimal digits, or one octet that stands for itself
/// (RFC 1035 §5.1). Gives the octet and how many were used.
pub(crate) fn read_escape(rest: &[u8]) -> Option<(u8, usize)> {
    match rest {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', ..] => {
            let value = u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0');
            Some((u8::try_from(value).ok()?, 3))
        }
        [b'0'..=b'9', ..] | [] => None,
        [other, ..] => Some((*other, 1)),
    }
}

/// Why a name could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing there.
    #[error("the name is empty")]
    Empty,
    /// Two dots in a row, or one at the start.
    #[error("a label is empty (two dots in a row, or a dot at the start)")]
    EmptyLabel,
    /// A label of more than 63 octets.
    #[error("a label is longer than 63 octets")]
    LabelTooLong,
    /// More than 255 octets in all.
    #[error("the name is longer than 255 octets")]
    NameTooLong,
    /// A backslash that is followed neither by three digits up to 255 nor by a character.
    #[error("a backslash must be followed by three digits (000 to 255) or one other character")]
    Escape,
}

/// Builds a [`NameBuf`] label by label.
#[derive(Debug, Clone)]
pub struct NameBuilder {
    name: NameBuf,
}

impl Default for NameBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl NameBuilder {
    /// An empty builder: the root so far.
    pub const fn new() -> Self {
        Self { name: NameBuf::root() }
    }

    /// Adds one label on the right.
    ///
    /// # Errors
    /// [`NameError`] if the label is empty or over 63 octets, or the name gets over 255.
    #[inline]
    pub fn push_label(&mut self, label: &[u8]) -> Result<(), NameError> {
        if label.is_empty() {
            return Err(NameError::EmptyLabel);
        }
        if label.len() > MAX_LABEL_LEN {
            return Err(NameError::LabelTooLong);
        }
        let start = usize::from(self.name.len) - 1;
        let end = start + 1 + label.len();
        if end + 1 > MAX_NAME_LEN {
            return Err(NameError::NameTooLong);
        }
        self.name.octets[start] = label.len() as u8;
        self.name.octets[start + 1..end].copy_from_slice(label);
        self.name.octets[end] = 0;
        self.name.len = (end + 1) as u8;
        Ok(())
    }

    /// The finished, absolute name.
    pub const fn finish(self) -> NameBuf {
        self.name
    }
}

impl PartialEq for NameBuf {
    /// Equality without case (RFC 4343).
    fn eq(&self, other: &Self) -> bool {
        self.as_wire().eq_ignore_ascii_case(other.as_wire())
    }
}
impl Eq for NameBuf {}

impl Hash for NameBuf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.to_lowercase().as_wire());
    }
}

impl PartialOrd for NameBuf {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for NameBuf {
    /// Canonical order (RFC 4034 §6.1): label by label from the right, without case.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let mut mine: Vec<&[u8]> = self.labels().collect();
        let mut theirs: Vec<&[u8]> = other.labels().collect();
        mine.reverse();
        theirs.reverse();
        let lower = |label: &&[u8]| label.to_ascii_lowercase();
        mine.iter().map(lower).cmp(theirs.iter().map(lower))
    }
}

impl FromStr for NameBuf {
    type Err = NameError;

    /// Reads presentation format; the final dot may be left out.
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::from_text(text.as_bytes(), &Self::root())
    }
}

impl fmt::Display for NameBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_labels(self.labels(), f)
    }
}

impl fmt::Debug for NameBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn fmt_labels<'a>(
    labels: impl Iterator<Item = &'a [u8]> + Clone,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let mut text = Vec::with_capacity(64);
    write_labels(labels, &mut text);
    // Only printable ASCII is ever written.
    f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
}

/// Appends the absolute presentation form (RFC 1035 §5.1): printable ASCII only, specials behind
/// a backslash, everything else as `\DDD`. Takes any labels, so it serves both forms of a name.
#[inline]
pub fn write_labels<'a>(labels: impl Iterator<Item = &'a [u8]> + Clone, out: &mut Vec<u8>) {
    let start = out.len();
    let mut dots = 0u8;
    for label in labels.clone() {
        out.extend_from_slice(label);
        out.push(b'.');
        dots += 1;
    }
    if dots == 0 {
        out.push(b'.');
    } else if !is_plain(&out[start..], dots) {
        out.truncate(start);
        for label in labels {
            label.iter().for_each(|&octet| write_escaped(octet, out));
            out.push(b'.');
        }
    }
}

/// Whether a name's text needs no escapes: letters, digits, hyphens and underscores, and no more
/// dots than stand between labels. Without branches, so that many octets are looked at at once.
#[inline]
fn is_plain(text: &[u8], dots: u8) -> bool {
    let (mut special, mut seen) = (false, 0u8);
    for &octet in text {
        let letter = (octet | 0x20).wrapping_sub(b'a') < 26;
        let digit = octet.wrapping_sub(b'0') < 10;
        let dot = octet == b'.';
        special |= !(letter | digit | dot | (octet == b'-') | (octet == b'_'));
        seen += u8::from(dot);
    }
    !special && seen == dots
}

fn write_escaped(octet: u8, out: &mut Vec<u8>) {
    match octet {
        b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => out.extend([b'\\', octet]),
        0x21..=0x7E => out.push(octet),
        _ => out.extend([b'\\', b'0' + octet / 100, b'0' + octet / 10 % 10, b'0' + octet % 10]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_from_its_text() {
        for text in [".", "example.org.", "a\\.b.c.", "\\000\\255.x.", "_dmarc.Example.", "\\;\\@."]
        {
            let name: NameBuf = text.parse().unwrap();
            assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn text_that_is_no_name_says_why() {
        let long = "a".repeat(64);
        let too_long = vec!["a".repeat(63); 4].join(".");
        for (text, error) in [
            ("", NameError::Empty),
            ("a..b", NameError::EmptyLabel),
            (".a", NameError::EmptyLabel),
            (long.as_str(), NameError::LabelTooLong),
            (too_long.as_str(), NameError::NameTooLong),
            ("a\\", NameError::Escape),
            ("\\25", NameError::Escape),
            ("\\256", NameError::Escape),
        ] {
            assert_eq!(text.parse::<NameBuf>(), Err(error), "{text}");
        }
    }

    #[test]
    fn a_name_of_255_octets_fits_and_one_of_256_does_not() {
        let text = format!("{}.{}", vec!["a".repeat(63); 3].join("."), "b".repeat(61));
        let name: NameBuf = text.parse().unwrap();
        assert_eq!(name.as_wire().len(), 255);
        assert_eq!(format!("{text}b").parse::<NameBuf>(), Err(NameError::NameTooLong));
        let mut wire = vec![0u8; 12];
        wire.extend_from_slice(name.as_wire());
        assert!(Name::parse(&wire, 12).is_ok());
        let mut wire = vec![0u8; 12];
        for _ in 0..3 {
            wire.push(63);
            wire.extend([b'a'; 63]);
        }
        wire.push(62);
        wire.extend([b'b'; 62]);
        wire.push(0);
        assert_eq!(Name::parse(&wire, 12).unwrap_err().kind, Kind::NameTooLong);
    }

    #[test]
    fn pointers_go_strictly_backwards() {
        let mut message = vec![0u8; 12];
        message.extend(b"\x01a\x00"); // 12: a.
        message.extend(b"\x01b\xC0\x0C"); // 15: b.a.
        message.extend(b"\xC0\x0F"); // 19: b.a. through two pointers
        message.extend(b"\xC0\x15"); // 21: itself
        message.extend(b"\xC0\x19\xC0\x17"); // 23 and 25: forward, loop
        message.extend(b"\xC0\x02"); // 27: into the header
        let (name, end) = Name::parse(&message, 19).unwrap();
        assert_eq!((name.to_string().as_str(), end), ("b.a.", 21));
        assert_eq!(Name::parse(&message, 21).unwrap_err().kind, Kind::PointerNotBackwards);
        assert_eq!(Name::parse(&message, 23).unwrap_err().kind, Kind::PointerNotBackwards);
        assert_eq!(Name::parse(&message, 25).unwrap_err().kind, Kind::PointerNotBackwards);
        assert_eq!(Name::parse(&message, 27).unwrap_err().kind, Kind::PointerIntoHeader);
    }

    #[test]
    fn names_compare_without_case_and_sort_canonically() {
        let a: NameBuf = "WWW.Example.org".parse().unwrap();
        let b: NameBuf = "www.example.ORG.".parse().unwrap();
        assert_eq!(a, b);
        // RFC 4034 §6.1 gives this order.
        let sorted = [
            "example.",
            "a.example.",
            "yljkjljk.a.example.",
            "Z.a.example.",
            "z.example.",
            "\\001.z.example.",
            "*.z.example.",
            "\\200.z.example.",
        ];
        let mut names: Vec<NameBuf> = sorted.iter().rev().map(|t| t.parse().unwrap()).collect();
        names.sort();
        let shown: Vec<String> = names.iter().map(ToString::to_string).collect();
        assert_eq!(shown, sorted);
    }

    #[test]
    fn below_means_whole_labels() {
        let name = |text: &str| text.parse::<NameBuf>().unwrap();
        assert!(name("a.example.org").is_at_or_below(&name("EXAMPLE.org")));
        assert!(!name("aexample.org").is_at_or_below(&name("example.org")));
        assert!(name("org").is_at_or_below(&NameBuf::root()));
        assert_eq!(name("a.b").parent(), Some(name("b")));
        assert_eq!(NameBuf::root().parent(), None);
    }
}
