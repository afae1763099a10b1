//! One line of text: what it is, and the octets that it says.

/// The forms that octets are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// Lines with offsets: xxd, `hexdump -C`, `od -tx1`, `tcpdump -x`, Wireshark.
    Dump,
    /// `\x12\x34`, with or without quotation marks.
    Escaped,
    /// `0x12, 0x34`.
    Array,
    /// Hexadecimal digits.
    Hex,
    Base64,
}

/// Why a line cannot be read: the column, from 1, and the reason.
pub(super) type LineError = (usize, String);

/// A line of a dump.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DumpLine {
    pub(super) offset: Offset,
    pub(super) octets: Vec<u8>,
    /// Where the digits end and something else follows that is no column of text.
    pub(super) broken: Option<usize>,
}

/// The number in front of a line; some tools count in octal.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(super) struct Offset {
    pub(super) hex: usize,
    pub(super) octal: Option<usize>,
}

impl Offset {
    /// What it says of the end of a `*`: seven digits are those of od, in octal.
    pub(super) fn end(self) -> usize {
        self.octal.unwrap_or(self.hex)
    }

    pub(super) fn is(self, place: usize) -> bool {
        self.hex == place || self.octal == Some(place)
    }
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|octet| octet.is_ascii_hexdigit()).count()
}

fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|octet| matches!(octet, b' ' | b'\t')).count()
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// Reads an offset at the start of a line; with whether a colon or `0x` marks it, and what is behind.
fn offset(line: &[u8]) -> Option<(Offset, bool, &[u8])> {
    let text = &line[blanks(line)..];
    let prefixed = text.strip_prefix(b"0x").or_else(|| text.strip_prefix(b"0X"));
    let text = prefixed.unwrap_or(text);
    let len = digits(text);
    if !(3..=16).contains(&len) {
        return None;
    }
    let (number, behind) = text.split_at(len);
    let number = std::str::from_utf8(number).ok()?;
    let hex = usize::from_str_radix(number, 16).ok()?;
    let octal = (len == 7).then(|| usize::from_str_radix(number, 8).ok()).flatten();
    let colon = behind.strip_prefix(b":");
    if prefixed.is_some() && colon.is_none() {
        return None;
    }
    Some((Offset { hex, octal }, colon.is_some(), colon.unwrap_or(behind)))
}

/// Reads a line with an offset in front; `place` is how many octets came before it.
pub(super) fn dump_line(line: &[u8], place: usize) -> Option<DumpLine> {
    let (offset, marked, behind) = offset(line)?;
    let gap = blanks(behind);
    let rest = &behind[gap..];
    if rest.is_empty() {
        // How long the dump is, as hexdump says at its end.
        let ends = place > 0 && place < usize::MAX && offset.hex.max(offset.end()) >= place;
        return ends.then_some(DumpLine { offset, octets: Vec::new(), broken: None });
    }
    if gap == 0 || !marked && !offset.is(place) && offset.hex != 0 && gap < 2 {
        return None;
    }
    let start = line.len() - rest.len();
    let mut octets = Vec::new();
    let (mut at, mut gap, mut pairs, mut broken) = (0, 1, 0, None);
    while at < rest.len() {
        let len = digits(&rest[at..]);
        let end = at + len;
        let is_group = len > 0
            && len.is_multiple_of(2)
            && rest.get(end).is_none_or(|octet| matches!(octet, b' ' | b'\t'))
            && (marked || len == 2);
        // Behind a wider gap stands the text, except in the middle of 16 pairs.
        let is_middle = gap == 2 && !marked && octets.len() == 8 && is_group;
        if gap > 1 && !is_middle {
            break;
        }
        if !is_group {
            broken = Some(start + at + 1);
            break;
        }
        for pair in rest[at..end].chunks_exact(2) {
            octets.push(nibble(pair[0])? << 4 | nibble(pair[1])?);
        }
        pairs += 1;
        gap = blanks(&rest[end..]);
        at = end + gap;
    }
    // Without a mark, digits alone could be anything: there must be pairs behind them.
    let enough =
        if marked { pairs > 0 } else { pairs > 0 && (pairs > 3 || place > 0 || start > 5) };
    enough.then_some(DumpLine { offset, octets, broken })
}

/// Whether this is a line of `hexdump` or `od` in words, whose octets are in the order of the machine
/// that wrote it.
pub(super) fn is_word_dump(line: &[u8]) -> bool {
    let Some((number, words)) = line.split_first_chunk::<7>() else { return false };
    number.iter().all(|octet| octet.is_ascii_hexdigit())
        && words.starts_with(b" ")
        && words
            .trim_ascii()
            .split(|&octet| octet == b' ')
            .filter(|word| !word.is_empty())
            .all(|word| matches!(word.len(), 4..=6) && word.iter().all(u8::is_ascii_hexdigit))
        && !words.trim_ascii().is_empty()
}

/// A line that only dresses what is in other lines: brackets, comments, declarations.
pub(super) fn is_scaffold(line: &[u8]) -> bool {
    let line = without_comments(line);
    let line = line.trim_ascii();
    line.is_empty()
        || line.starts_with(b"-----")
        || matches!(line.last(), Some(b'{' | b'[' | b'(' | b'='))
        || line.ends_with(b";") && line.contains(&b'=')
        || line.iter().all(|octet| b"}]);,\\\"'".contains(octet))
}

/// The line without the comments of C in it.
fn without_comments(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = memchr::memmem::find(rest, b"/*") {
        out.extend_from_slice(&rest[..start]);
        // The columns of what follows stay.
        let end =
            memchr::memmem::find(&rest[start..], b"*/").map_or(rest.len(), |end| start + end + 2);
        out.resize(out.len() + (end - start), b' ');
        rest = &rest[end..];
    }
    out.extend_from_slice(rest);
    if out.trim_ascii_start().starts_with(b"// ") || out.trim_ascii_start().starts_with(b"* ") {
        return Vec::new();
    }
    out
}

/// What a line is that is the first of its message.
pub(super) fn classify(line: &[u8]) -> Option<Writing> {
    if dump_line(line, 0).is_some_and(|line| line.offset.is(0)) {
        return Some(Writing::Dump);
    }
    if is_escaped(line) {
        return Some(Writing::Escaped);
    }
    if is_array(line) {
        return Some(Writing::Array);
    }
    if is_hex(line) {
        return Some(Writing::Hex);
    }
    is_base64(line).then_some(Writing::Base64)
}

fn is_escaped(line: &[u8]) -> bool {
    line.windows(4).any(|four| {
        four.starts_with(b"\\x") && four[2].is_ascii_hexdigit() && four[3].is_ascii_hexdigit()
    })
}

/// `0x`, one digit or two, and then an end; at the start of a line, or behind a bracket.
fn is_array(line: &[u8]) -> bool {
    let line = without_comments(line);
    memchr::memmem::find(&line, b"0x").is_some_and(|at| {
        let behind = &line[at + 2..];
        let len = digits(behind);
        (1..=2).contains(&len)
            && behind.get(len).is_none_or(|octet| b", \t}])".contains(octet))
            && line[..at].trim_ascii_end().last().is_none_or(|octet| b"{[(".contains(octet))
    })
}

/// The part of a line of digits before a comment, and without `0x` in front.
fn before_comment(line: &[u8]) -> &[u8] {
    line.split(|octet| b"#;".contains(octet)).next().unwrap_or_default()
}

fn is_hex(line: &[u8]) -> bool {
    let text = before_comment(line).trim_ascii();
    let text = text.strip_prefix(b"0x").unwrap_or(text);
    let plain =
        |octet: &u8| octet.is_ascii_hexdigit() || octet.is_ascii_whitespace() || *octet == b':';
    !text.is_empty() && text.iter().all(|octet| plain(octet) || *octet == b'-' && is_dashed(text))
}

/// Pairs of digits with dashes between them.
fn is_dashed(text: &[u8]) -> bool {
    text.split(|&octet| octet == b'-').all(|pair| pair.len() == 2)
}

/// At least a header, in one of the two alphabets.
fn is_base64(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    let body = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let of_alphabet = |octet: &u8| octet.is_ascii_alphanumeric() || b"+/-_".contains(octet);
    body.len() >= 16 && body.iter().all(of_alphabet) && body.len() % 4 != 1
}

/// Appends the digits of a line; `half` is a digit that waits for its partner.
pub(super) fn hex(line: &[u8], half: &mut Option<u8>, out: &mut Vec<u8>) -> Result<(), LineError> {
    let text = before_comment(line);
    let lead = text.len() - text.trim_ascii_start().len();
    let prefix = if text[lead..].starts_with(b"0x") { lead + 2 } else { 0 };
    let dashed = is_dashed(text.trim_ascii());
    for (at, &octet) in text.iter().enumerate().skip(prefix) {
        if octet.is_ascii_whitespace() || octet == b':' || octet == b'-' && dashed {
            continue;
        }
        let Some(digit) = nibble(octet) else {
            return Err((at + 1, format!("'{}' is not a hexadecimal digit", octet.escape_ascii())));
        };
        match half.take() {
            Some(high) => out.push(high << 4 | digit),
            None => *half = Some(digit),
        }
    }
    Ok(())
}

/// Appends the octets of an array; says whether the array ends here.
pub(super) fn array(line: &[u8], out: &mut Vec<u8>) -> Result<bool, LineError> {
    let line = without_comments(line);
    let open = line.iter().rposition(|octet| *octet == b'{');
    let first = memchr::memmem::find(&line, b"0x").unwrap_or(line.len());
    let start = open.filter(|&open| open < first).map_or(first, |open| open + 1);
    let end = line.iter().skip(start).position(|octet| b"}])".contains(octet));
    let text = &line[start..end.map_or(line.len(), |end| start + end)];
    let mut at = start;
    for word in text.split(|octet| b", \t\r\n;".contains(octet)) {
        let column = at + 1;
        at += word.len() + 1;
        if word.is_empty() {
            continue;
        }
        let digits = word.strip_prefix(b"0x").or_else(|| word.strip_prefix(b"0X"));
        let value = match digits {
            Some(&[low]) => nibble(low),
            Some(&[high, low]) => nibble(high).zip(nibble(low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        let Some(value) = value else {
            let word = word.escape_ascii();
            return Err((column, format!("'{word}' is not an octet such as 0x1f")));
        };
        out.push(value);
    }
    // A bracket that closes what another line opened ends the array, too.
    let closes =
        line.iter().any(|octet| b"}])".contains(octet)) && (end.is_some() || first == line.len());
    Ok(closes)
}

/// Appends the octets of an escaped string; says whether the statement ends here.
pub(super) fn escaped(line: &[u8], out: &mut Vec<u8>) -> Result<bool, LineError> {
    let mark = line.iter().position(|octet| matches!(octet, b'"' | b'\''));
    let escape = memchr::memchr(b'\\', line).unwrap_or(line.len());
    // Quotation marks count where a string begins with one.
    let Some(start) = mark.filter(|&mark| mark < escape || escape + 1 == line.len()) else {
        let text = line.trim_ascii_end();
        let text = text.strip_suffix(b"\\").unwrap_or(text);
        unescape(text, 0, None, out)?;
        return Ok(false);
    };
    let mut at = start;
    while let Some(&mark) = line.get(at) {
        if matches!(mark, b'"' | b'\'') {
            at = unescape(line, at + 1, Some(mark), out)?;
        } else {
            at += 1;
        }
    }
    Ok(matches!(line.trim_ascii_end().last(), Some(b';' | b')')))
}

/// Reads escapes of C and of Python from `at` on to the mark that ends the string, or to the end of
/// the line; says where it ended.
fn unescape(
    line: &[u8],
    mut at: usize,
    mark: Option<u8>,
    out: &mut Vec<u8>,
) -> Result<usize, LineError> {
    loop {
        let Some(&octet) = line.get(at) else {
            return match mark {
                None => Ok(at),
                Some(_) => Err((at + 1, "the string does not end on its line".to_owned())),
            };
        };
        if Some(octet) == mark {
            return Ok(at + 1);
        }
        if octet != b'\\' {
            if mark.is_some() || !octet.is_ascii_whitespace() {
                out.push(octet);
            }
            at += 1;
            continue;
        }
        let rest = line.get(at + 1..).unwrap_or_default();
        let (value, len) = match rest {
            [b'x', ..] => match digits(&rest[1..]).min(2) {
                0 => return Err((at + 1, "\\x is not followed by a hexadecimal digit".to_owned())),
                1 => (nibble(rest[1]), 2),
                _ => (nibble(rest[1]).zip(nibble(rest[2])).map(|(high, low)| high << 4 | low), 3),
            },
            [b'0'..=b'7', ..] => {
                let len =
                    rest.iter().take(3).take_while(|octet| matches!(octet, b'0'..=b'7')).count();
                let value =
                    rest[..len].iter().fold(0u16, |sum, digit| sum * 8 + u16::from(digit - b'0'));
                (u8::try_from(value).ok(), len)
            }
            [letter, ..] => {
                let value = match letter {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'a' => 7,
                    b'b' => 8,
                    b'v' => 11,
                    b'f' => 12,
                    b'\\' | b'\'' | b'"' | b'?' => *letter,
                    _ => {
                        let letter = letter.escape_ascii();
                        return Err((at + 1, format!("'\\{letter}' is not an escape")));
                    }
                };
                (Some(value), 1)
            }
            [] => return Err((at + 1, "a backslash has nothing behind it".to_owned())),
        };
        let Some(value) = value else {
            return Err((at + 1, "the escape is not an octet".to_owned()));
        };
        out.push(value);
        at += 1 + len;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_dumps_are_told_from_digits() {
        for (line, place, octets) in [
            ("00000000: d364 8500 0001 0001 0000 0001 0765 7861  .d...........exa", 0, 16),
            (
                "00000000  d3 64 85 00 00 01 00 01  00 00 00 01 07 65 78 61  |.d...........exa|",
                0,
                16,
            ),
            ("\t0x0010:  7f00 0001 7f00 0001 1092 0035 0025 fe38", 16, 16),
            ("\t0x0030:  0001                                     ..", 48, 2),
            ("0000   d3 64 85 00 00 01 00 01 00 00 00 01 07 65 78 61   .d...........exa", 0, 16),
            ("0010  d3 64 85 00 00 01 ab cd  ab cd ef 01", 16, 12),
            ("0010  d3 64 85 00 00 01 ab cd                            ab cd ef", 16, 8),
            ("0000020 d3 64 85 00", 16, 4),
            ("00000008: 6162 6364  abcd", 8, 4),
        ] {
            let read = dump_line(line.as_bytes(), place);
            assert_eq!(
                read.as_ref().map(|line| line.octets.len()),
                Some(octets),
                "{line}: {read:?}"
            );
            assert!(
                read.is_some_and(|line| line.offset.is(place) && line.broken.is_none()),
                "{line}"
            );
        }
        for line in ["d364 8500 0001", "0001 0203", "0000 0100 0001 0000", "12 34 56"] {
            assert_eq!(classify(line.as_bytes()), Some(Writing::Hex), "{line}");
        }
        assert!(is_word_dump(b"0000000 64d3 0085 0100"));
        assert!(!is_word_dump(b"0000000 d3 64 85"));
    }
}
