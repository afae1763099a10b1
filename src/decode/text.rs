//! Text that says octets, line by line: digits, dumps, arrays, strings, Base64.
//!
//! An empty line ends a message, and so does a line that makes it whole and well-formed: people put
//! one message a line, as often as one message over many. Between the packets of a dump other
//! lines may stand, as tcpdump and tshark write them.

use std::io::BufRead;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};

use super::analysis::Analysis;
use super::binary::{self, Framer};
use super::item::{InputError, Item, Options, Origin, Sink, give};
use super::sniff::{self, Shape};
use super::text_line::{self as line, Writing};

/// The longest line that is read.
const LONGEST_LINE: usize = 1 << 20;
/// The longest message, with a length and the headers of a packet around it.
const LONGEST: usize = 65_535 + 2 + 256;
/// Other text that may stand before the first dump.
const MOST_PROSE: usize = 64 << 10;
/// Lines of a message after each of which it is tried whether it is whole; behind them, only where
/// a line is shorter or longer than the one before.
const TRIED_LINES: u32 = 64;

struct Text<'t, 'o> {
    options: &'t Options,
    analysis: &'t mut Analysis<'o>,
    /// The form of the message that is being read.
    writing: Option<Writing>,
    /// What was read of it: octets, or the characters of Base64.
    group: Vec<u8>,
    half: Option<u8>,
    framer: Option<Framer>,
    /// The line that the message starts in, its lines so far, and the length of the last one.
    start: u64,
    lines: u32,
    last_len: usize,
    /// Octets of a dump that were given already.
    passed: usize,
    /// Whether a `*` stands for lines like the last one.
    repeat: bool,
    /// Lines are missing from the dump: what is left of it is passed over.
    skipping: bool,
    prose: Option<(u64, String)>,
    prose_len: usize,
    dumps: bool,
    /// Whether the next dump shows again what tshark has put together from packets before.
    repeated: bool,
    found: bool,
}

/// Reads text to its end.
pub(super) fn read(
    input: &mut dyn BufRead,
    options: &Options,
    analysis: &mut Analysis<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), InputError> {
    let mut text = Text {
        options,
        analysis,
        writing: None,
        group: Vec::new(),
        half: None,
        framer: None,
        start: 0,
        lines: 0,
        last_len: 0,
        passed: 0,
        repeat: false,
        skipping: false,
        prose: None,
        prose_len: 0,
        dumps: false,
        repeated: false,
        found: false,
    };
    let mut number = 0;
    let mut octets = Vec::new();
    loop {
        octets.clear();
        let mut limited = std::io::Read::take(&mut *input, LONGEST_LINE as u64 + 1);
        if limited.read_until(b'\n', &mut octets)? == 0 {
            break;
        }
        number += 1;
        if octets.len() > LONGEST_LINE {
            return Err(InputError::form(format!("line {number} is longer than 1 MiB")));
        }
        let line = octets.strip_suffix(b"\n").unwrap_or(&octets);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line =
            if number == 1 { line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line) } else { line };
        text.line(line, number, sink)?;
    }
    text.finish(sink)
}

impl Text<'_, '_> {
    fn line(&mut self, line: &[u8], number: u64, sink: &mut Sink<'_>) -> Result<(), InputError> {
        let trimmed = line.trim_ascii();
        if trimmed.is_empty() {
            return self.end_group(sink);
        }
        if self.writing == Some(Writing::Dump) && self.dump_line(line, number, sink)? {
            return Ok(());
        }
        if matches!(trimmed[0], b'#' | b';') {
            return Ok(());
        }
        let writing = match self.writing.filter(|writing| *writing != Writing::Dump) {
            Some(writing) => writing,
            None => {
                self.end_group(sink)?;
                if self.writing_of(line, number)?.is_none() {
                    return Ok(());
                }
                let Some(writing) = self.writing else { return Ok(()) };
                (self.start, self.lines, self.last_len) = (number, 0, trimmed.len());
                if writing == Writing::Dump {
                    self.dumps = true;
                    self.dump_line(line, number, sink)?;
                    return Ok(());
                }
                writing
            }
        };
        let before = self.group.len();
        let at = |(column, reason): line::LineError| {
            InputError::form(format!("line {number}, column {column}: {reason}"))
        };
        let ended = match writing {
            Writing::Hex => {
                line::hex(line, &mut self.half, &mut self.group).map(|()| false).map_err(at)?
            }
            Writing::Array => line::array(line, &mut self.group).map_err(at)?,
            Writing::Escaped => line::escaped(line, &mut self.group).map_err(at)?,
            Writing::Base64 => {
                self.base64(trimmed).map_err(at)?;
                trimmed.ends_with(b"=")
            }
            Writing::Dump => false,
        };
        self.lines += 1;
        let regular = trimmed.len() == self.last_len;
        self.last_len = trimmed.len();
        if self.options.tcp && writing != Writing::Base64 {
            return self.frames(sink);
        }
        if self.group.len() > LONGEST / 3 * 4
            || self.group.len() > LONGEST && writing != Writing::Base64
        {
            return Err(InputError::with_hint(
                format!("the message of line {} is longer than 65,535 octets", self.start),
                "an empty line ends a message",
            ));
        }
        let tried = self.lines <= TRIED_LINES || !regular;
        if ended || tried && self.half.is_none() && self.group.len() > before && self.is_whole() {
            self.end_group(sink)?;
        }
        Ok(())
    }

    /// Finds out how the message is written whose first line this is; `None` for other text.
    fn writing_of(&mut self, line: &[u8], number: u64) -> Result<Option<Writing>, InputError> {
        let found = line::classify(line);
        if line::is_word_dump(line) && found != Some(Writing::Dump) {
            return Err(InputError::with_hint(
                format!(
                    "line {number}: a dump in words of two octets, whose byte order is unknown"
                ),
                "use hexdump -C, od -A x -t x1 or xxd, which write single octets",
            ));
        }
        let fits = match found {
            Some(Writing::Dump) => true,
            Some(Writing::Escaped | Writing::Array) => !self.dumps,
            // Words of a language are made of these characters, too.
            Some(Writing::Hex | Writing::Base64) => self.prose.is_none() && !self.dumps,
            None => false,
        };
        if fits {
            self.writing = found;
            return Ok(found);
        }
        if self.dumps || line::is_scaffold(line) {
            self.repeated = self.dumps && line.starts_with(b"Reassembled ");
            return Ok(None);
        }
        if self.options.text && self.prose.is_none() && !self.found && found.is_none() {
            // Said to be digits: say which one is not, unless a dump follows.
            if let Err((column, reason)) = line::hex(line, &mut None, &mut Vec::new()) {
                self.prose = Some((number, format!("line {number}, column {column}: {reason}")));
            }
        }
        self.prose_len += line.len() + 1;
        let sentence = self.prose.get_or_insert_with(|| {
            let sentence = format!(
                "line {number}, column 1: '{}' is not hexadecimal, Base64 or a line of a dump",
                excerpt(line)
            );
            (number, sentence)
        });
        if self.found || self.prose_len > MOST_PROSE {
            return Err(InputError::form(std::mem::take(&mut sentence.1)));
        }
        Ok(None)
    }

    /// Takes a line of a dump; says whether it is one.
    fn dump_line(
        &mut self,
        line: &[u8],
        number: u64,
        sink: &mut Sink<'_>,
    ) -> Result<bool, InputError> {
        let place = self.passed + self.group.len();
        if line.trim_ascii() == b"*" && !self.group.is_empty() {
            self.repeat = true;
            return Ok(true);
        }
        let place = if self.skipping { usize::MAX } else { place };
        let Some(dumped) = line::dump_line(line, place).filter(|_| !line::is_word_dump(line))
        else {
            return Ok(false);
        };
        if dumped.offset.is(0) {
            if self.start != number {
                self.end_group(sink)?;
                self.writing = Some(Writing::Dump);
                self.start = number;
            }
        } else if self.skipping {
            return Ok(true);
        } else if std::mem::take(&mut self.repeat) && dumped.offset.end() <= self.passed + LONGEST {
            // `*` stands for the line before it, again and again.
            let period = self.group.len().clamp(1, 16);
            while self.passed + self.group.len() < dumped.offset.end() && !self.group.is_empty() {
                self.group.push(self.group[self.group.len() - period]);
            }
        }
        if let Some(column) = dumped.broken {
            return Err(InputError::form(format!(
                "line {number}, column {column}: expected two hexadecimal digits or the text column"
            )));
        }
        let there = self.passed + self.group.len();
        if !dumped.offset.is(there) {
            let said = dumped.offset.hex;
            let reason = format!(
                "line {number} of the dump has the offset {said:#x}, but {there:#x} octets come before it"
            );
            self.found = true;
            self.group.clear();
            self.skipping = true;
            let origin = Origin { line: Some(self.start), ..Origin::default() };
            give(sink, Item::Problem { origin, offset: 0, reason })?;
            return Ok(true);
        }
        self.group.extend_from_slice(&dumped.octets);
        if self.options.tcp {
            self.frames(sink)?;
        } else if self.group.len() > LONGEST {
            return Err(InputError::form(format!(
                "the dump of line {} is longer than a packet can be",
                self.start
            )));
        }
        Ok(true)
    }

    fn base64(&mut self, text: &[u8]) -> Result<(), line::LineError> {
        for (at, &octet) in text.iter().enumerate() {
            match octet {
                b'=' | b' ' | b'\t' => {}
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'-' | b'_' => {
                    self.group.push(octet);
                }
                _ => return Err((at + 1, format!("'{}' is not Base64", octet.escape_ascii()))),
            }
        }
        Ok(())
    }

    /// The octets of the message so far.
    fn octets(&self) -> Option<Vec<u8>> {
        if self.writing != Some(Writing::Base64) {
            return Some(self.group.clone());
        }
        let url = self.group.iter().any(|octet| b"-_".contains(octet));
        let encoding = if url { BASE64URL_NOPAD } else { BASE64_NOPAD };
        encoding.decode(&self.group).ok()
    }

    fn is_whole(&self) -> bool {
        match self.writing {
            Some(Writing::Base64) => self.octets().is_some_and(|octets| sniff::shape(&octets).1),
            _ => sniff::shape(&self.group).1,
        }
    }

    /// Gives the messages of a stream that are whole by now.
    fn frames(&mut self, sink: &mut Sink<'_>) -> Result<(), InputError> {
        self.found = true;
        let origin = Origin { line: Some(self.start), ..Origin::default() };
        let framer = self.framer.get_or_insert_with(|| Framer::new(origin));
        framer.push(&self.group, sink)?;
        self.passed += self.group.len();
        self.group.clear();
        Ok(())
    }

    /// Ends the message, and gives it.
    fn end_group(&mut self, sink: &mut Sink<'_>) -> Result<(), InputError> {
        self.skipping = false;
        (self.passed, self.repeat) = (0, false);
        let origin = Origin { line: Some(self.start), ..Origin::default() };
        if self.half.take().is_some() {
            return Err(InputError::form(format!(
                "the message of line {} has an odd number of hexadecimal digits; its last octet has only one",
                self.start
            )));
        }
        if self.options.tcp && self.writing == Some(Writing::Base64) && !self.group.is_empty() {
            self.group = self.octets().ok_or_else(|| self.not_base64())?;
            self.writing = None;
            self.frames(sink)?;
        }
        if let Some(framer) = self.framer.take() {
            self.writing = None;
            return framer.finish(sink);
        }
        if self.group.is_empty() {
            self.writing = None;
            return Ok(());
        }
        if std::mem::take(&mut self.repeated) {
            self.group.clear();
            self.writing = None;
            return Ok(());
        }
        let octets = self.octets().ok_or_else(|| self.not_base64())?;
        self.group.clear();
        self.writing = None;
        self.found = true;
        if sniff::is_no_message(&octets)
            && sniff::shape(&octets) == (Shape::Message, false)
            && !self.options.text
        {
            return Err(InputError::with_hint(
                format!("the data from line {} on is not a DNS message or a packet", self.start),
                "use --hex to read it as a message anyway",
            ));
        }
        binary::give_octets(&octets, origin, self.analysis, sink)
    }

    fn not_base64(&self) -> InputError {
        InputError::form(format!("the data from line {} on is not Base64", self.start))
    }

    fn finish(mut self, sink: &mut Sink<'_>) -> Result<(), InputError> {
        let last = self.end_group(sink);
        if !self.found && last.is_ok() {
            if let Some((_, sentence)) = self.prose.take() {
                return Err(InputError::with_hint(
                    sentence,
                    "`dnsonde decode --help` lists the supported formats; tcpdump needs -x to write octets",
                ));
            }
            return Err(InputError::empty());
        }
        self.analysis.finish(sink)?;
        last
    }
}

fn excerpt(line: &[u8]) -> String {
    let shown = &line[..line.len().min(40)];
    format!("{}{}", shown.escape_ascii(), if shown.len() < line.len() { "..." } else { "" })
}
