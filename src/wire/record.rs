//! A view over a record of a checked message.

use super::error::{ParseError, ParseErrorKind as Kind};
use super::name::Name;
use super::rdata::{Rdata, Reader, expand, write_data};
use super::record_buf::RecordBuf;
use super::registry::{Class, RecordType};

/// Octets of a record between its owner and its RDATA: TYPE, CLASS, TTL, RDLENGTH.
const FIXED_LEN: usize = 10;

/// A resource record (RFC 1035 §4.1.3), its RDATA unread.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// The owner.
    pub name: Name<'a>,
    /// TYPE.
    pub rtype: RecordType,
    /// CLASS; the sender's payload size in an OPT record.
    pub class: Class,
    /// TTL in seconds, as it is on the wire; see [`Record::ttl_seconds`].
    pub ttl: u32,
    message: &'a [u8],
    rdata: usize,
    end: usize,
}

impl<'a> Record<'a> {
    /// The octets of the RDATA, compressed names left as they are.
    #[inline]
    pub fn rdata(&self) -> &'a [u8] {
        &self.message[self.rdata..self.end]
    }

    /// The message up to the end of the RDATA and where in it the RDATA begins: what a parser of
    /// names inside the RDATA needs, with RDLENGTH as its fence.
    #[inline]
    pub fn rdata_in_message(&self) -> (&'a [u8], usize) {
        (&self.message[..self.end], self.rdata)
    }

    /// The TTL; values with the top bit set count as 0 (RFC 2181 §8).
    #[inline]
    pub fn ttl_seconds(&self) -> u32 {
        if self.ttl > i32::MAX as u32 { 0 } else { self.ttl }
    }

    /// The RDATA, to be read as a value.
    pub fn data(&self) -> Rdata<'a> {
        Rdata::new(self.rtype, self.class, self.reader())
    }

    /// Appends the RDATA in presentation format: printable ASCII only. Types without a format of
    /// their own, and values that theirs cannot say, are written in the generic form of
    /// RFC 3597 §5.
    ///
    /// # Errors
    /// The RDATA does not fit its type; nothing is appended then.
    #[inline]
    pub fn write_data(&self, out: &mut Vec<u8>) -> Result<(), ParseError> {
        write_data(self.rtype, self.class, self.reader(), self.rdata(), out)
    }

    /// Checks the RDATA against its type.
    ///
    /// # Errors
    /// As for [`Record::write_data`].
    pub fn check(&self) -> Result<(), ParseError> {
        self.check_with(&mut Vec::new())
    }

    /// Like [`Record::check`]; `scratch` is room for the text of types whose check is their text.
    #[inline]
    pub(crate) fn check_with(&self, scratch: &mut Vec<u8>) -> Result<(), ParseError> {
        if self.data().is_sound() {
            return Ok(());
        }
        scratch.clear();
        self.write_data(scratch)
    }

    fn reader(&self) -> Reader<'a> {
        let (message, start) = self.rdata_in_message();
        Reader::in_message(message, start)
    }

    /// The record on its own, the names in its RDATA written out.
    ///
    /// # Errors
    /// A type whose names may be compressed has an RDATA that does not fit it.
    pub fn to_buf(&self) -> Result<RecordBuf, ParseError> {
        let mut rdata = Vec::with_capacity(self.rdata().len());
        self.expand_rdata(&mut rdata)?;
        let Self { ttl, class, rtype, .. } = *self;
        Ok(RecordBuf { name: self.name.to_buf(), ttl, class, rtype, rdata })
    }

    /// Appends the RDATA as it is in [`Record::to_buf`]; part of it, if that fails.
    pub(crate) fn expand_rdata(&self, out: &mut Vec<u8>) -> Result<(), ParseError> {
        expand(self.rtype, self.class, self.reader(), self.rdata(), out)
    }
}

/// Iterator over the records of a checked section.
#[derive(Clone)]
pub struct Records<'a> {
    octets: &'a [u8],
    offset: usize,
    end: usize,
}

impl<'a> Records<'a> {
    /// The records from `offset` to `end`, which the check of the message has seen.
    #[inline]
    pub(super) fn new(octets: &'a [u8], offset: usize, end: usize) -> Self {
        Self { octets, offset, end }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    #[inline]
    fn next(&mut self) -> Option<Record<'a>> {
        if self.offset >= self.end {
            return None;
        }
        let record = read_checked_record(self.octets, self.offset)?;
        self.offset = record.end;
        Some(record)
    }
}

/// Checks the fixed part of a record, which begins at `at`, and its RDLENGTH. Gives its type and
/// where its RDATA begins and ends.
#[inline]
pub(super) fn check_fixed(
    octets: &[u8],
    at: usize,
) -> Result<(RecordType, usize, usize), ParseError> {
    let Some(fixed) = octets.get(at..).and_then(<[u8]>::first_chunk::<FIXED_LEN>) else {
        return Err(ParseError::new(at, Kind::Truncated("the fixed part of a record")));
    };
    let rdata = at + FIXED_LEN;
    let end = rdata + usize::from(u16::from_be_bytes([fixed[8], fixed[9]]));
    if end > octets.len() {
        return Err(ParseError::new(at + 8, Kind::Truncated("an RDATA (RDLENGTH is too large)")));
    }
    Ok((RecordType(u16::from_be_bytes([fixed[0], fixed[1]])), rdata, end))
}

/// Reads a record that the check of the message has seen; its owner is not walked again.
#[inline]
pub(super) fn read_checked_record(octets: &[u8], offset: usize) -> Option<Record<'_>> {
    let (name, at) = Name::checked_before(octets, offset)?;
    let fixed = octets.get(at..)?.first_chunk::<FIXED_LEN>()?;
    let rdata = at + FIXED_LEN;
    let end = rdata + usize::from(u16::from_be_bytes([fixed[8], fixed[9]]));
    (end <= octets.len()).then_some(Record {
        name,
        rtype: RecordType(u16::from_be_bytes([fixed[0], fixed[1]])),
        class: Class(u16::from_be_bytes([fixed[2], fixed[3]])),
        ttl: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
        message: octets,
        rdata,
        end,
    })
}
