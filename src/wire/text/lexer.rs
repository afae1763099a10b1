//! Cuts the text of a master file into entries and tokens.

use super::error::{TextError, TextErrorKind as Kind};
use super::printable::excerpt;

/// One word of an entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'t> {
    /// The octets between the blanks, or between the quotation marks; escapes are left as they
    /// are.
    pub(crate) raw: &'t [u8],
    /// Whether it stood between quotation marks.
    pub(crate) quoted: bool,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Token<'_> {
    /// An error at this token.
    pub(crate) fn error(&self, kind: Kind) -> TextError {
        TextError { line: self.line, column: self.column, kind }
    }

    /// The error that something else was expected here.
    pub(crate) fn expected(&self, what: &'static str) -> TextError {
        self.error(Kind::Expected { what, found: excerpt(self.raw) })
    }
}

/// A cursor over the text.
#[derive(Debug, Clone)]
pub(crate) struct Lexer<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
    line_start: usize,
    /// Open parentheses.
    depth: u32,
    /// The line and the column of the outermost of them, and where that line starts.
    opened: (usize, usize, usize),
    /// Whether parentheses may hold an entry together over several lines.
    multiline: bool,
    /// How often a parenthesis that nothing closes may still send the cursor back.
    returns: u32,
}

/// How many parentheses that nothing closes are searched to the end of the text: each of them sends the
/// cursor back to its own line. Behind the last one each line is an entry.
const RETURNS: u32 = 16;

/// What a cursor knows between two entries, for text that comes in pieces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) line: usize,
    multiline: bool,
    returns: u32,
}

impl Place {
    /// Before all text.
    pub(crate) const fn start(multiline: bool) -> Self {
        Self { line: 1, multiline, returns: RETURNS }
    }
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(text: &'t [u8], multiline: bool) -> Self {
        Self::at(Place::start(multiline), text)
    }

    /// A cursor over the text from `place` on, which is the start of a line.
    pub(crate) fn at(place: Place, text: &'t [u8]) -> Self {
        let Place { line, multiline, returns } = place;
        // A byte order mark is no part of the text.
        let at = if line == 1 && text.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        Self { text, at, line, line_start: at, depth: 0, opened: (1, 1, at), multiline, returns }
    }

    /// Where the cursor is between two entries, and how many octets are before it.
    pub(crate) fn place(&self) -> (Place, usize) {
        let Self { line, multiline, returns, .. } = *self;
        (Place { line, multiline, returns }, self.at)
    }

    pub(crate) fn is_multiline(&self) -> bool {
        self.multiline
    }

    fn error_at(&self, at: usize, kind: Kind) -> TextError {
        TextError { line: self.line, column: at - self.line_start + 1, kind }
    }

    /// An error at the cursor.
    pub(crate) fn error(&self, kind: Kind) -> TextError {
        self.error_at(self.at, kind)
    }

    /// Whether the whole text was read.
    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Whether the next octet is a blank: at the start of a line, the owner is left out then.
    pub(crate) fn is_at_blank(&self) -> bool {
        matches!(self.text.get(self.at), Some(b' ' | b'\t'))
    }

    /// The next token of the entry; `None` at its end.
    pub(crate) fn token(&mut self) -> Result<Option<Token<'t>>, TextError> {
        self.next_token(false)
    }

    /// Like [`Lexer::token`], but a quoted string right behind a `=` belongs to the token, with
    /// its quotation marks (RFC 9460 §2.1).
    pub(crate) fn pair(&mut self) -> Result<Option<Token<'t>>, TextError> {
        self.next_token(true)
    }

    /// The next token without taking it.
    pub(crate) fn peek(&self) -> Result<Option<Token<'t>>, TextError> {
        self.clone().token()
    }

    fn next_token(&mut self, pairs: bool) -> Result<Option<Token<'t>>, TextError> {
        if !self.skip_blanks()? {
            return Ok(None);
        }
        let start = self.at;
        let (line, column) = (self.line, start - self.line_start + 1);
        if self.text[start] == b'"' {
            self.skip_quoted()?;
            let raw = &self.text[start + 1..self.at - 1];
            self.check_end_of_quoted()?;
            return Ok(Some(Token { raw, quoted: true, line, column }));
        }
        while let Some(&octet) = self.text.get(self.at) {
            match octet {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'(' | b')' => break,
                b'"' if pairs && self.text[self.at - 1] == b'=' => {
                    self.skip_quoted()?;
                    break;
                }
                b'"' => return Err(self.error(Kind::RunsOn)),
                b'\\' => self.skip_escape()?,
                _ => self.at += 1,
            }
        }
        Ok(Some(Token { raw: &self.text[start..self.at], quoted: false, line, column }))
    }

    /// Behind the mark that ends a string nothing may stand that belongs to no other token. Another
    /// quoted string may: people write `"a""b"`, and servers take it.
    fn check_end_of_quoted(&self) -> Result<(), TextError> {
        match self.text.get(self.at) {
            None | Some(b' ' | b'\t' | b'\r' | b'\n' | b';' | b'(' | b')' | b'"') => Ok(()),
            Some(_) => Err(self.error(Kind::RunsOn)),
        }
    }

    fn skip_escape(&mut self) -> Result<(), TextError> {
        match self.text.get(self.at + 1) {
            None | Some(b'\n') => Err(self.error(Kind::Escape)),
            Some(_) => {
                self.at += 2;
                Ok(())
            }
        }
    }

    /// Steps over a quoted string; the cursor is at its first mark.
    fn skip_quoted(&mut self) -> Result<(), TextError> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.text.get(self.at) {
                None | Some(b'\n') => return Err(self.error_at(start, Kind::OpenQuote)),
                Some(b'\\') => self.skip_escape()?,
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(_) => self.at += 1,
            }
        }
    }

    /// Steps to the next token; `false` at the end of the entry.
    fn skip_blanks(&mut self) -> Result<bool, TextError> {
        loop {
            match self.text.get(self.at) {
                None if self.depth > 0 && self.multiline => return Err(self.unclosed()),
                None if self.depth > 0 => return Err(self.error(Kind::OpenParenthesis)),
                None => return Ok(false),
                Some(b'\n') if self.depth == 0 => return Ok(false),
                Some(b'\n') if !self.multiline => return Err(self.error(Kind::OpenParenthesis)),
                Some(b'\n') => self.next_line(),
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b';') => self.skip_to_line_end(),
                Some(b'(') => {
                    if self.depth == 0 {
                        self.opened = (self.line, self.at - self.line_start + 1, self.line_start);
                    }
                    self.depth += 1;
                    self.at += 1;
                }
                Some(b')') if self.depth == 0 => return Err(self.error(Kind::NoParenthesis)),
                Some(b')') => {
                    self.depth -= 1;
                    self.at += 1;
                }
                Some(_) => return Ok(true),
            }
        }
    }

    fn skip_to_line_end(&mut self) {
        while self.text.get(self.at).is_some_and(|&octet| octet != b'\n') {
            self.at += 1;
        }
    }

    fn next_line(&mut self) {
        self.at += 1;
        self.line += 1;
        self.line_start = self.at;
    }

    /// The error that the outermost parenthesis is never closed, at its place.
    fn unclosed(&self) -> TextError {
        let (line, column, _) = self.opened;
        TextError { line, column, kind: Kind::OpenParenthesis }
    }

    /// Steps behind the end of the current entry, whatever is left of it; also after an error. An entry
    /// whose parenthesis nothing closes ends with the line of that parenthesis, so that it does not
    /// take the rest of the text with it: this is what is wrong with it then.
    pub(crate) fn end_entry(&mut self) -> Option<TextError> {
        let mut unclosed = None;
        loop {
            match self.token() {
                Ok(Some(_)) => {}
                Ok(None) => break,
                // The cursor is behind the string.
                Err(TextError { kind: Kind::RunsOn, .. }) => {}
                Err(error) if error.kind == Kind::OpenParenthesis && self.multiline => {
                    (self.line, _, self.line_start) = self.opened;
                    self.at = self.line_start;
                    self.depth = 0;
                    self.returns -= 1;
                    self.multiline = self.returns > 0;
                    self.skip_to_line_end();
                    unclosed = Some(error);
                    break;
                }
                // What cannot be cut into tokens is given up up to the end of its line.
                Err(_) => {
                    self.depth = 0;
                    self.skip_to_line_end();
                    break;
                }
            }
        }
        if !self.is_at_end() {
            self.next_line();
        }
        unclosed
    }
}
