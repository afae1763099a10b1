//! Reads the values of fields from the tokens of an entry.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};

use super::super::name::{NameBuf, read_escape};
use super::super::registry::RecordType;
use super::error::{TextError, TextErrorKind as Kind};
use super::lexer::{Lexer, Token};
use super::printable::excerpt;

/// The tokens of an entry, with the origin that completes its names.
pub(crate) struct Source<'s, 't> {
    pub(crate) lexer: &'s mut Lexer<'t>,
    pub(crate) origin: &'s NameBuf,
}

impl<'t> Source<'_, 't> {
    /// The next token, which must be there.
    pub(crate) fn token(&mut self, what: &'static str) -> Result<Token<'t>, TextError> {
        match self.lexer.token()? {
            Some(token) => Ok(token),
            None => Err(self.lexer.error(Kind::Missing(what))),
        }
    }

    /// The next token if there is one.
    pub(crate) fn optional(&mut self) -> Result<Option<Token<'t>>, TextError> {
        self.lexer.token()
    }

    /// The next token, with a quoted string behind its `=`; see [`Lexer::pair`].
    pub(crate) fn pair(&mut self) -> Result<Option<Token<'t>>, TextError> {
        self.lexer.pair()
    }

    /// The next token without taking it.
    pub(crate) fn peek(&self) -> Result<Option<Token<'t>>, TextError> {
        self.lexer.peek()
    }

    /// The end of the entry.
    pub(crate) fn end(&mut self) -> Result<(), TextError> {
        match self.lexer.token()? {
            None => Ok(()),
            Some(token) => Err(token.error(Kind::Extra(excerpt(token.raw)))),
        }
    }

    /// A token that `T` is read from.
    pub(crate) fn parse<T: FromStr>(&mut self, what: &'static str) -> Result<T, TextError> {
        self.token(what)?.parse(what)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, TextError> {
        self.token("a number from 0 to 255")?.number("a number from 0 to 255")
    }

    pub(crate) fn u16(&mut self) -> Result<u16, TextError> {
        self.token("a number from 0 to 65535")?.number("a number from 0 to 65535")
    }

    pub(crate) fn u32(&mut self) -> Result<u32, TextError> {
        self.token("a number from 0 to 4294967295")?.number("a number from 0 to 4294967295")
    }

    pub(crate) fn ipv4(&mut self) -> Result<Ipv4Addr, TextError> {
        self.parse("an IPv4 address")
    }

    pub(crate) fn ipv6(&mut self) -> Result<Ipv6Addr, TextError> {
        self.parse("an IPv6 address")
    }

    pub(crate) fn record_type(&mut self) -> Result<RecordType, TextError> {
        self.parse("a record type")
    }

    /// A name, quoted or not; `@` is the origin where it is not quoted, and the origin completes a name
    /// without a final dot.
    pub(crate) fn name(&mut self) -> Result<NameBuf, TextError> {
        let token = self.token("a domain name")?;
        self.name_from(&token)
    }

    pub(crate) fn name_from(&self, token: &Token<'_>) -> Result<NameBuf, TextError> {
        if token.raw == b"@" && !token.quoted {
            return Ok(*self.origin);
        }
        NameBuf::from_text(token.raw, self.origin)
            .map_err(|error| token.error(Kind::Name { text: excerpt(token.raw), error }))
    }

    /// A `<character-string>`, quoted or not.
    pub(crate) fn string(&mut self, out: &mut Vec<u8>) -> Result<(), TextError> {
        let token = self.token("a string")?;
        token.string(out)
    }

    /// Base64 in one token or more, to the end of the entry.
    pub(crate) fn base64_rest(&mut self) -> Result<Vec<u8>, TextError> {
        const WHAT: &str = "Base64";
        let first = self.token(WHAT)?;
        let text = self.joined(first)?;
        BASE64.decode(&text).map_err(|_| first.expected(WHAT))
    }

    /// Base64 of `len` octets, in one token or more.
    pub(crate) fn base64_of(&mut self, len: usize) -> Result<Vec<u8>, TextError> {
        const WHAT: &str = "Base64";
        let first = self.token(WHAT)?;
        let mut text = first.raw.to_vec();
        while text.len() < len.div_ceil(3) * 4 {
            text.extend_from_slice(self.token(WHAT)?.raw);
        }
        let octets = BASE64.decode(&text).map_err(|_| first.expected(WHAT))?;
        let there = octets.len();
        if there == len { Ok(octets) } else { Err(first.error(Kind::Length { said: len, there })) }
    }

    /// Hexadecimal digits in one token or more, to the end of the entry.
    pub(crate) fn hex_rest(&mut self) -> Result<Vec<u8>, TextError> {
        let first = self.token("hexadecimal digits")?;
        let text = self.joined(first)?;
        decode_hex(&text, &first)
    }

    fn joined(&mut self, first: Token<'t>) -> Result<Vec<u8>, TextError> {
        let mut text = first.raw.to_vec();
        while let Some(token) = self.lexer.token()? {
            text.extend_from_slice(token.raw);
        }
        Ok(text)
    }
}

fn decode_hex(text: &[u8], token: &Token<'_>) -> Result<Vec<u8>, TextError> {
    HEXLOWER_PERMISSIVE
        .decode(text)
        .map_err(|_| token.expected("an even number of hexadecimal digits"))
}

impl Token<'_> {
    /// The token as text, if it is ASCII.
    pub(crate) fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.raw).ok()
    }

    /// What `T` makes of the token.
    pub(crate) fn parse<T: FromStr>(&self, what: &'static str) -> Result<T, TextError> {
        self.text().and_then(|text| text.parse().ok()).ok_or_else(|| self.expected(what))
    }

    /// A decimal number: digits only, no sign.
    pub(crate) fn number<T: TryFrom<u64>>(&self, what: &'static str) -> Result<T, TextError> {
        let wrong = || self.expected(what);
        if self.raw.is_empty() || !self.raw.iter().all(u8::is_ascii_digit) {
            return Err(wrong());
        }
        T::try_from(self.parse::<u64>(what)?).map_err(|_| wrong())
    }

    /// Hexadecimal digits of this token alone.
    pub(crate) fn hex(&self) -> Result<Vec<u8>, TextError> {
        decode_hex(self.raw, self)
    }

    /// Base64 of this token alone.
    pub(crate) fn base64(&self) -> Result<Vec<u8>, TextError> {
        BASE64.decode(self.raw).map_err(|_| self.expected("Base64"))
    }

    /// The octets that the token stands for, escapes resolved.
    pub(crate) fn octets(&self) -> Result<Vec<u8>, TextError> {
        unescape(self.raw).ok_or_else(|| self.error(Kind::Escape))
    }

    /// Appends the token as a `<character-string>`.
    pub(crate) fn string(&self, out: &mut Vec<u8>) -> Result<(), TextError> {
        let octets = self.octets()?;
        let Ok(len) = u8::try_from(octets.len()) else {
            return Err(self.error(Kind::StringTooLong(octets.len())));
        };
        out.push(len);
        out.extend_from_slice(&octets);
        Ok(())
    }

    /// A time span: seconds, or numbers with the units w, d, h, m and s. `most` is the largest.
    pub(crate) fn period(&self, most: u32, what: &'static str) -> Result<u32, TextError> {
        let wrong = || self.expected(what);
        let (mut sum, mut number) = (0u64, None::<u64>);
        for &octet in self.raw {
            let unit = match octet.to_ascii_lowercase() {
                digit @ b'0'..=b'9' => {
                    let value = number.unwrap_or(0) * 10 + u64::from(digit - b'0');
                    if value > u64::from(most) {
                        return Err(wrong());
                    }
                    number = Some(value);
                    continue;
                }
                b'w' => 604_800,
                b'd' => 86_400,
                b'h' => 3_600,
                b'm' => 60,
                b's' => 1,
                _ => return Err(wrong()),
            };
            sum += number.take().ok_or_else(wrong)? * unit;
            if sum > u64::from(most) {
                return Err(wrong());
            }
        }
        // A number without a unit is in seconds, and stands alone.
        match number {
            Some(seconds) if self.raw.iter().all(u8::is_ascii_digit) => sum = seconds,
            None if !self.raw.is_empty() => {}
            _ => return Err(wrong()),
        }
        u32::try_from(sum).map_err(|_| wrong())
    }
}

/// Resolves the escapes of RFC 1035 §5.1; `None` for one that is none.
pub(crate) fn unescape(mut raw: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(raw.len());
    while let [first, rest @ ..] = raw {
        raw = rest;
        if *first == b'\\' {
            let (octet, used) = read_escape(raw)?;
            octets.push(octet);
            raw = &raw[used..];
        } else {
            octets.push(*first);
        }
    }
    Some(octets)
}
