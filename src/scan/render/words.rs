//! Types, classes, codes and RDATA in their presentation format.

use crate::wire::{Class, Rcode, Record, RecordType, write_decimal, write_generic_rdata};

pub(super) fn push_rcode(rcode: Rcode, out: &mut Vec<u8>) {
    push_mnemonic(rcode.mnemonic(), "RCODE", rcode.0, out);
}

pub(super) fn push_type(rtype: RecordType, out: &mut Vec<u8>) {
    push_mnemonic(rtype.mnemonic(), "TYPE", rtype.0, out);
}

pub(super) fn push_class(class: Class, out: &mut Vec<u8>) {
    push_mnemonic(class.mnemonic(), "CLASS", class.0, out);
}

fn push_mnemonic(mnemonic: Option<&str>, generic: &str, value: u16, out: &mut Vec<u8>) {
    if let Some(mnemonic) = mnemonic {
        out.extend_from_slice(mnemonic.as_bytes());
    } else {
        out.extend_from_slice(generic.as_bytes());
        write_decimal(value, out);
    }
}

/// Appends the presentation format of the RDATA, or, if it is malformed, its octets in the
/// generic form of RFC 3597 §5.
pub(super) fn push_data(record: &Record<'_>, out: &mut Vec<u8>) {
    if record.write_data(out).is_ok() {
        return;
    }
    write_generic_rdata(record.rdata(), out);
}
