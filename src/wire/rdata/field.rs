//! What a field of an RDATA is.

use super::super::text::{Source, TextError};
use super::reader::{Reader, Shown};

/// Reads one field and appends its text.
pub(super) type Show = fn(&mut Reader<'_>, &mut Vec<u8>) -> Shown;

/// Reads the text of one field and appends its octets.
pub(super) type Parse = fn(&mut Source<'_, '_>, &mut Vec<u8>) -> Result<(), TextError>;

/// A kind of field: the pair of functions between the wire and the text, each the inverse of the
/// other. A value that `parse` could not give back has no text ([`RdataError::NoForm`]).
pub(super) struct Field {
    pub(super) show: Show,
    pub(super) parse: Parse,
    pub(super) names: Names,
}

/// What may be done with a name in an RDATA (RFC 3597 §4 and §7, RFC 6840 §5.1).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// Not a name, or one that stays as it is.
    Kept,
    /// Lower case in the canonical form of DNSSEC, never compressed.
    Lower,
    /// Lower case in the canonical form; old servers compress it, so it is read compressed.
    Read,
    /// Of RFC 1035: compressed on writing too.
    Compressed,
}

impl Names {
    pub(super) fn read_compressed(self) -> bool {
        matches!(self, Self::Read | Self::Compressed)
    }
}

pub(super) const fn field(show: Show, parse: Parse) -> Field {
    Field { show, parse, names: Names::Kept }
}
