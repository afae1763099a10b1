//! RDATA: what is inside a record, type by type, in both directions.
//!
//! Each type is one row of [`table`]: the list of its fields in the order of the wire. A field
//! knows how to show itself in presentation format and how it treats names; so one row gives the
//! check of an RDATA, its text, and the rule which names in it may be compressed or get lower
//! case. What has no fields there is shown in the generic form of RFC 3597 (`\# 3 abcdef`); besides
//! the types that are not known, these are:
//! - NULL, EID, NIMLOC, UINFO, UID, GID, UNSPEC, CLA and IPN: nobody has defined their text;
//! - OPT, whose RDATA is options: [`Opt`](super::Opt) and [`OptionValue`](super::OptionValue) show
//!   them;
//! - what is asked for or stands in type bitmaps, but has no RDATA: IXFR, AXFR, MAILB, MAILA, ANY,
//!   NXNAME.
//!
//! TKEY and TSIG have the text that BIND's dig gives them. Text of types that no zone has is read
//! where [`ZoneOptions::messages`](super::ZoneOptions::messages) is set.

mod dnssec;
mod field;
mod fields;
mod gateway;
mod legacy;
mod loc;
mod reader;
mod svcb;
mod table;
mod typed;

pub use typed::{Dnskey, Ds, Mx, Rdata, Rrsig, Soa, Strings};

use super::builder::{BufferFull, Builder};
use super::error::{ParseError, ParseErrorKind};
use super::message::Record;
use super::name::Name;
use super::registry::{Class, RecordType};
use super::show;
use super::text::{Source, TextError, TextErrorKind};
use field::{Field, Names};
use reader::{Fault, Reader, Shown};
use table::{fields_of, is_empty_update, needs_octets};

impl Record<'_> {
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
    pub(super) fn check_with(&self, scratch: &mut Vec<u8>) -> Result<(), ParseError> {
        if self.data().is_sound() {
            return Ok(());
        }
        scratch.clear();
        self.write_data(scratch)
    }

    fn reader(&self) -> Reader<'_> {
        let (message, start) = self.rdata_in_message();
        Reader::in_message(message, start)
    }
}

/// Appends the presentation format of an RDATA without a message around it.
pub(super) fn write_alone(
    rtype: RecordType,
    class: Class,
    rdata: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), ParseError> {
    write_data(rtype, class, Reader::alone(rdata), rdata, out)
}

#[inline]
fn write_data(
    rtype: RecordType,
    class: Class,
    mut reader: Reader<'_>,
    octets: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), ParseError> {
    // The most frequent type is worth a way of its own.
    if let (RecordType::A, Class::IN, &[a, b, c, d]) = (rtype, class, octets) {
        show::ipv4([a, b, c, d], out);
        return Ok(());
    }
    let start = out.len();
    let shown = match fields_of(rtype, class) {
        Some(_) if is_empty_update(octets, class) => Err(Fault::NoForm),
        Some(fields) => show_fields(fields, &mut reader, out),
        None => Err(Fault::NoForm),
    };
    match shown {
        Ok(()) => Ok(()),
        Err(Fault::NoForm) if octets.is_empty() && needs_octets(rtype, class) => {
            out.truncate(start);
            Err(ParseError::new(reader.offset(), ParseErrorKind::Rdata("the RDATA is empty")))
        }
        Err(Fault::NoForm) => {
            out.truncate(start);
            show::generic(octets, out);
            Ok(())
        }
        Err(Fault::Malformed(error)) => {
            out.truncate(start);
            Err(error)
        }
    }
}

fn show_fields(fields: &[Field], reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Shown {
    let start = out.len();
    for field in fields {
        let mark = out.len();
        if mark > start {
            out.push(b' ');
        }
        let behind = out.len();
        (field.show)(reader, out)?;
        // A field may be absent; then so is the space before it.
        if out.len() == behind {
            out.truncate(mark);
        }
    }
    if reader.is_empty() {
        Ok(())
    } else {
        Err(reader.wrong("octets behind the last field of the RDATA"))
    }
}

/// Reads the text of an RDATA to the end of its entry, in the format of its type or in the
/// generic form, which every type takes (RFC 3597 §5).
pub(super) fn from_tokens(
    rtype: RecordType,
    class: Class,
    source: &mut Source<'_, '_>,
) -> Result<Vec<u8>, TextError> {
    let fields = fields_of(rtype, class);
    let first = source.peek()?;
    let generic = first.filter(|token| !token.quoted && token.raw == b"\\#");
    let mut rdata = Vec::new();
    match (generic, fields) {
        (Some(token), _) => {
            rdata = generic_from_tokens(source)?;
            let check = write_alone(rtype, class, &rdata, &mut Vec::new());
            check.map_err(|error| token.error(TextErrorKind::Rdata(error.kind)))?;
        }
        (None, Some(fields)) => {
            for field in fields {
                (field.parse)(source, &mut rdata)?;
            }
            source.end()?;
        }
        (None, None) => {
            const WHAT: &str = "the generic form, '\\# LENGTH HEX', as the type has no other";
            return Err(source.token(WHAT)?.expected(WHAT));
        }
    }
    if rdata.len() > usize::from(u16::MAX) {
        let kind = TextErrorKind::RdataTooLong(rdata.len());
        return Err(match first {
            Some(token) => token.error(kind),
            None => source.lexer.error(kind),
        });
    }
    Ok(rdata)
}

fn generic_from_tokens(source: &mut Source<'_, '_>) -> Result<Vec<u8>, TextError> {
    source.token("\\#")?;
    let token = source.token("the number of octets")?;
    let said = usize::from(token.number::<u16>("a number of octets from 0 to 65535")?);
    let octets = if source.peek()?.is_some() { source.hex_rest()? } else { Vec::new() };
    let there = octets.len();
    if said == there { Ok(octets) } else { Err(token.error(TextErrorKind::Length { said, there })) }
}

/// Copies an RDATA field by field; `name` gets each name that is not to stay as it is.
fn copy_fields<E: From<ParseError>>(
    fields: &[Field],
    mut reader: Reader<'_>,
    changed: impl Fn(Names) -> bool,
    mut part: impl FnMut(Part<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut scratch = Vec::new();
    for field in fields {
        if changed(field.names) {
            part(Part::Name(reader.name(field.names.read_compressed())?))?;
            continue;
        }
        let start = reader.offset();
        scratch.clear();
        match (field.show)(&mut reader, &mut scratch) {
            Ok(()) => {}
            // Behind what has no text, nothing is known but that it stays as it is.
            Err(Fault::NoForm) => {
                reader.rest();
            }
            Err(Fault::Malformed(error)) => return Err(error.into()),
        }
        part(Part::Octets(reader.since(start)))?;
    }
    part(Part::Octets(reader.rest()))
}

/// A part of an RDATA that is copied.
enum Part<'a> {
    Octets(&'a [u8]),
    Name(Name<'a>),
}

/// Whether any field of an RDATA does something to its names.
fn any_name(fields: &[Field], wanted: impl Fn(Names) -> bool) -> bool {
    fields.iter().any(|field| wanted(field.names))
}

/// The RDATA of a record with its names written out; RDATA without compressible names stays
/// octet for octet as it is, even malformed.
pub(super) fn expand(record: &Record<'_>) -> Result<Vec<u8>, ParseError> {
    let fields = fields_of(record.rtype, record.class)
        .filter(|fields| !record.rdata().is_empty() && any_name(fields, Names::read_compressed));
    let Some(fields) = fields else { return Ok(record.rdata().to_vec()) };
    let mut out = Vec::with_capacity(record.rdata().len());
    copy_fields(fields, record.reader(), Names::read_compressed, |part| {
        match part {
            Part::Octets(octets) => out.extend_from_slice(octets),
            Part::Name(name) => out.extend_from_slice(name.to_buf().as_wire()),
        }
        Ok::<(), ParseError>(())
    })?;
    Ok(out)
}

/// The canonical form of an RDATA that stands alone (RFC 4034 §6.2).
pub(super) fn canonical(
    rtype: RecordType,
    class: Class,
    rdata: &[u8],
) -> Result<Vec<u8>, ParseError> {
    let lowered = |names: Names| names != Names::Kept;
    let fields = fields_of(rtype, class)
        .filter(|fields| !is_empty_update(rdata, class) && any_name(fields, lowered));
    let Some(fields) = fields else { return Ok(rdata.to_vec()) };
    let mut out = Vec::with_capacity(rdata.len());
    copy_fields(fields, Reader::alone(rdata), lowered, |part| {
        match part {
            Part::Octets(octets) => out.extend_from_slice(octets),
            Part::Name(name) => out.extend_from_slice(name.to_buf().to_lowercase().as_wire()),
        }
        Ok::<(), ParseError>(())
    })?;
    Ok(out)
}

/// Writes an RDATA that stands alone into a message, compressing the names that may be; what
/// does not fit its type is written as it is.
pub(super) fn build(
    rtype: RecordType,
    class: Class,
    rdata: &[u8],
    builder: &mut Builder<'_>,
) -> Result<(), BufferFull> {
    let compressed = |names: Names| names == Names::Compressed;
    let fields = fields_of(rtype, class)
        .filter(|fields| any_name(fields, compressed))
        .filter(|_| write_alone(rtype, class, rdata, &mut Vec::new()).is_ok());
    let Some(fields) = fields.filter(|_| !rdata.is_empty()) else { return builder.octets(rdata) };
    let copied = copy_fields(fields, Reader::alone(rdata), compressed, |part| match part {
        Part::Octets(octets) => builder.octets(octets).map_err(|BufferFull| Stop::Full),
        Part::Name(name) => builder.name(name.to_buf().as_wire()).map_err(|BufferFull| Stop::Full),
    });
    match copied {
        Err(Stop::Full) => Err(BufferFull),
        // The RDATA was checked above.
        Ok(()) | Err(Stop::Malformed) => Ok(()),
    }
}

/// Why copying into a message ended early.
enum Stop {
    Full,
    Malformed,
}

impl From<ParseError> for Stop {
    fn from(_: ParseError) -> Self {
        Self::Malformed
    }
}
