//! An RDATA as a whole to its text, and back.

use super::super::error::{ParseError, ParseErrorKind};
use super::super::registry::{Class, RecordType};
use super::super::show;
use super::super::text::{Source, TextError, TextErrorKind};
use super::field::Field;
use super::reader::{RdataError, Reader, Shown};
use super::table::{fields_of, is_empty_update, needs_octets};

/// Appends the presentation format of an RDATA without a message around it.
pub(crate) fn write_alone(
    rtype: RecordType,
    class: Class,
    rdata: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), ParseError> {
    write_data(rtype, class, Reader::alone(rdata), rdata, out)
}

/// Appends the presentation format of an RDATA that `reader` stands before; `octets` are the same.
#[inline]
pub(crate) fn write_data(
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
        Some(_) if is_empty_update(octets, class) => Err(RdataError::NoForm),
        Some(fields) => show_fields(fields, &mut reader, out),
        None => Err(RdataError::NoForm),
    };
    match shown {
        Ok(()) => Ok(()),
        Err(RdataError::NoForm) if octets.is_empty() && needs_octets(rtype, class) => {
            out.truncate(start);
            Err(ParseError::new(reader.offset(), ParseErrorKind::Rdata("the RDATA is empty")))
        }
        Err(RdataError::NoForm) => {
            out.truncate(start);
            show::generic(octets, out);
            Ok(())
        }
        Err(RdataError::Malformed(error)) => {
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
pub(crate) fn from_tokens(
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
