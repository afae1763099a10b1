//! Reads the fields of one RDATA, with its end as a fence.

use super::super::error::{ParseError, ParseErrorKind as Kind};
use super::super::name::Name;

/// Why the text of an RDATA could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RdataError {
    /// The octets do not fit the type.
    Malformed(ParseError),
    /// The octets are well-formed, but the presentation format of the type has no way to say
    /// them; the generic form of RFC 3597 has.
    NoForm,
}

impl From<ParseError> for RdataError {
    fn from(error: ParseError) -> Self {
        Self::Malformed(error)
    }
}

/// What became of reading or showing a field.
pub(crate) type Shown<T = ()> = Result<T, RdataError>;

/// A cursor over an RDATA; it never reads behind its end.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    /// The message up to the end of the RDATA, or an RDATA that stands alone.
    message: &'a [u8],
    at: usize,
    in_message: bool,
}

impl<'a> Reader<'a> {
    /// Reads the RDATA that goes from `start` to the end of `message`.
    pub(crate) fn in_message(message: &'a [u8], start: usize) -> Self {
        Self { message, at: start, in_message: true }
    }

    /// Reads an RDATA without a message around it: no name in it is compressed.
    pub(crate) fn alone(rdata: &'a [u8]) -> Self {
        Self { message: rdata, at: 0, in_message: false }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at >= self.message.len()
    }

    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    /// An error at the place that is read next.
    pub(crate) fn wrong(&self, what: &'static str) -> RdataError {
        self.malformed(what).into()
    }

    fn malformed(&self, what: &'static str) -> ParseError {
        ParseError::new(self.at, Kind::Rdata(what))
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], ParseError> {
        let octets = self
            .message
            .get(self.at..self.at + len)
            .ok_or_else(|| self.malformed("the RDATA ends inside a field"))?;
        self.at += len;
        Ok(octets)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], ParseError> {
        let octets = self
            .message
            .get(self.at..)
            .and_then(<[u8]>::first_chunk::<N>)
            .ok_or_else(|| self.malformed("the RDATA ends inside a field"))?;
        self.at += N;
        Ok(*octets)
    }

    /// Everything that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        let rest = self.message.get(self.at..).unwrap_or_default();
        self.at = self.message.len();
        rest
    }

    pub(crate) fn u8(&mut self) -> Result<u8, ParseError> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16, ParseError> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, ParseError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    /// A `<character-string>`: a length octet and that many octets (RFC 1035 §3.3).
    pub(crate) fn string(&mut self) -> Result<&'a [u8], ParseError> {
        let len = usize::from(self.u8()?);
        self.take(len)
    }

    /// A name; `compressed` says whether it may be.
    pub(crate) fn name(&mut self, compressed: bool) -> Result<Name<'a>, ParseError> {
        let (name, end) = if compressed && self.in_message {
            Name::parse(self.message, self.at)?
        } else {
            Name::parse_uncompressed(self.message, self.at)?
        };
        self.at = end;
        Ok(name)
    }

    /// What was read between `start` and now.
    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        self.message.get(start..self.at).unwrap_or_default()
    }
}
