//! The table of the record types: of which fields the RDATA of each consists.

use super::super::record_type::record_types;
use super::super::registry::{Class, RecordType};
use super::dnssec::{NEXT_HASH, NXT_TYPES, SALT, TIME, TYPES};
use super::field::Field;
use super::fields::*;
use super::gateway::{HOST_IDENTITY, IPSEC_GATEWAY, RELAY};
use super::legacy::{A6, ATM_ADDRESS, NSAP, PREFIXES, SERVICES};
use super::loc::LOCATION;
use super::svcb::SERVICE_PARAMETERS;

/// What the RDATA of a type consists of.
struct Row {
    /// The fields in the order of the wire.
    fields: &'static [Field],
    /// Whether they mean something in the class IN only.
    internet_only: bool,
}

impl Row {
    /// A type that has the same RDATA in every class.
    const fn any(fields: &'static [Field]) -> Self {
        Self { fields, internet_only: false }
    }

    /// A type of the class IN.
    const fn internet(fields: &'static [Field]) -> Self {
        Self { fields, internet_only: true }
    }
}

/// Makes [`row`] of the lines of [`record_types`].
macro_rules! rows {
    ($(
        $constant:ident = $value:literal, $mnemonic:literal
        $(, $classes:ident [$($field:ident)*])?;
    )*) => {
        /// The row of a type whose RDATA has a text of its own.
        const fn row(rtype: RecordType) -> Option<Row> {
            match rtype.0 {
                $( $( $value => Some(Row::$classes(&[$($field),*])), )? )*
                _ => None,
            }
        }
    };
}

record_types!(rows);

/// The fields of this RDATA, if they are known.
pub(super) fn fields_of(rtype: RecordType, class: Class) -> Option<&'static [Field]> {
    if (rtype, class) == (RecordType::A, Class::CH) {
        // The one type whose RDATA is another one in another class.
        return Some(&[OLD_NAME, OCTAL]);
    }
    let row = row(rtype)?;
    // An update deletes with the class NONE, whatever the class of the zone (RFC 2136 §2.5.4).
    (!row.internet_only || matches!(class, Class::IN | Class::NONE)).then_some(row.fields)
}

/// An update deletes with records that have no RDATA (RFC 2136 §2.5), and asks with them (§2.4).
pub(super) fn is_empty_update(rdata: &[u8], class: Class) -> bool {
    rdata.is_empty() && matches!(class, Class::ANY | Class::NONE)
}

/// Whether a type that has no text for an empty RDATA cannot have one: all that have fields, and two whose
/// octets have no format but must be there.
pub(super) fn needs_octets(rtype: RecordType, class: Class) -> bool {
    let opaque = matches!(rtype, RecordType::EID | RecordType::NIMLOC) && class == Class::IN;
    (opaque || fields_of(rtype, class).is_some()) && !matches!(class, Class::ANY | Class::NONE)
}
