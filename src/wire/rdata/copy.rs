//! Copies of an RDATA in which the names are written out, in lower case, or compressed.

use super::super::builder::{BufferFull, Builder};
use super::super::error::ParseError;
use super::super::name::Name;
use super::super::registry::{Class, RecordType};
use super::field::{Field, Names};
use super::reader::{RdataError, Reader};
use super::table::{fields_of, is_empty_update};
use super::text::write_alone;

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
            Err(RdataError::NoForm) => {
                reader.rest();
            }
            Err(RdataError::Malformed(error)) => return Err(error.into()),
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

/// The RDATA of a record in a message with its names written out; RDATA without compressible names stays
/// octet for octet as it is, even malformed.
pub(crate) fn expand(
    rtype: RecordType,
    class: Class,
    reader: Reader<'_>,
    rdata: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), ParseError> {
    let fields = fields_of(rtype, class)
        .filter(|fields| !rdata.is_empty() && any_name(fields, Names::read_compressed));
    let Some(fields) = fields else {
        out.extend_from_slice(rdata);
        return Ok(());
    };
    copy_fields(fields, reader, Names::read_compressed, |part| {
        match part {
            Part::Octets(octets) => out.extend_from_slice(octets),
            Part::Name(name) => out.extend_from_slice(name.to_buf().as_wire()),
        }
        Ok::<(), ParseError>(())
    })
}

/// The canonical form of an RDATA that stands alone (RFC 4034 §6.2).
pub(crate) fn canonical(
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
pub(crate) fn build(
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
