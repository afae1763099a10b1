//! The fields of the DNSSEC types that are not plain numbers: moments, type bitmaps, salts, and
//! hashed names.

use data_encoding::BASE32HEX_NOPAD;

use super::super::registry::RecordType;
use super::super::show;
use super::super::text::{Source, TextError};
use super::field::{Field, field};
use super::reader::{RdataError, Reader, Shown};

/// A moment in seconds since 1970; as text `YYYYMMDDHHMMSS`, or the seconds (RFC 4034 §3.2).
pub(super) const TIME: Field = field(
    |reader, out| {
        show::time(reader.u32()?, out);
        Ok(())
    },
    |source, out| {
        const WHAT: &str = "a time as YYYYMMDDHHMMSS from 1970 to 2106, or in seconds";
        let token = source.token(WHAT)?;
        let seconds = match token.raw.len() {
            14 => token.number::<u64>(WHAT).ok().and_then(seconds_of_date),
            _ => token.number(WHAT).ok(),
        };
        out.extend(seconds.ok_or_else(|| token.expected(WHAT))?.to_be_bytes());
        Ok(())
    },
);

/// Seconds since 1970 of a date as a number of fourteen digits.
fn seconds_of_date(date: u64) -> Option<u32> {
    let part = |divisor: u64, size: u64| date / divisor % size;
    let (year, month, day) =
        (part(10_000_000_000, 10_000), part(100_000_000, 100), part(1_000_000, 100));
    let (hour, minute, second) = (part(10_000, 100), part(100, 100), part(1, 100));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, 28 + u64::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = *lengths.get(usize::try_from(month.checked_sub(1)?).ok()?)?;
    // A leap second is written as 60.
    if year < 1970 || day < 1 || day > length || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let leaps = |year: u64| year / 4 - year / 100 + year / 400;
    let days = (year - 1970) * 365 + leaps(year - 1) - leaps(1969)
        + lengths[..month as usize - 1].iter().sum::<u64>()
        + (day - 1);
    u32::try_from(days * 86_400 + hour * 3_600 + minute * 60 + second).ok()
}

/// A salt behind its length, `-` for none (RFC 5155 §3.3).
pub(super) const SALT: Field = field(
    |reader, out| {
        let salt = reader.string()?;
        if salt.is_empty() {
            out.push(b'-');
        }
        show::hex(salt, out);
        Ok(())
    },
    |source, out| {
        const WHAT: &str = "a salt of up to 255 octets in hexadecimal digits, or '-'";
        let token = source.token(WHAT)?;
        let salt = if token.raw == b"-" { Vec::new() } else { token.hex()? };
        let len = u8::try_from(salt.len()).map_err(|_| token.expected(WHAT))?;
        out.push(len);
        out.extend(salt);
        Ok(())
    },
);

/// The hash of the next owner behind its length, in Base32hex (RFC 5155 §3.3).
pub(super) const NEXT_HASH: Field = field(
    |reader, out| {
        let hash = reader.string()?;
        if hash.is_empty() {
            return Err(RdataError::NoForm);
        }
        show::base32hex(hash, out);
        Ok(())
    },
    |source, out| {
        const WHAT: &str = "a hash of up to 255 octets in Base32hex";
        let token = source.token(WHAT)?;
        let hash = BASE32HEX_NOPAD
            .decode(&token.raw.to_ascii_uppercase())
            .map_err(|_| token.expected(WHAT))?;
        let len = u8::try_from(hash.len()).map_err(|_| token.expected(WHAT))?;
        out.push(len);
        out.extend(hash);
        Ok(())
    },
);

/// The types of an NSEC, NSEC3 or CSYNC record: windows of 256 types (RFC 4034 §4.1.2).
pub(super) const TYPES: Field = field(show_types, |source, out| {
    let types = parse_types(source)?;
    for window in types.chunk_by(|a, b| a >> 8 == b >> 8) {
        let mut bits = [0u8; 32];
        for rtype in window {
            bits[usize::from(rtype & 0xFF) / 8] |= 0x80 >> (rtype & 7);
        }
        // The types ascend, so the last one says how long the bitmap is.
        let len = window.last().map_or(0, |rtype| (rtype & 0xFF) / 8 + 1);
        out.extend([(window[0] >> 8) as u8, len as u8]);
        out.extend_from_slice(&bits[..usize::from(len)]);
    }
    Ok(())
});

/// The types of an NXT record: one bitmap of the types 0 to 127 (RFC 2535 §5.2).
pub(super) const NXT_TYPES: Field = field(
    |reader, out| {
        let bits = reader.rest();
        // The first bit says that the format is another one, which was never defined.
        if bits.is_empty() || bits.len() > 16 || bits[0] & 0x80 != 0 || bits.last() == Some(&0) {
            return Err(RdataError::NoForm);
        }
        show_bits(0, bits, true, out);
        Ok(())
    },
    |source, out| {
        const WHAT: &str = "a record type from 1 to 127";
        let first = source.peek()?;
        let types = parse_types(source)?;
        let Some(first) = first else { return source.token(WHAT).map(|_| ()) };
        let mut bits = [0u8; 16];
        for &rtype in &types {
            if rtype == 0 || rtype > 127 {
                return Err(first.expected(WHAT));
            }
            bits[usize::from(rtype) / 8] |= 0x80 >> (rtype & 7);
        }
        let len = types.last().map_or(0, |rtype| usize::from(rtype / 8) + 1);
        out.extend_from_slice(&bits[..len]);
        Ok(())
    },
);

/// The types that the rest of the entry names, in ascending order, each once.
fn parse_types(source: &mut Source<'_, '_>) -> Result<Vec<u16>, TextError> {
    let mut types = Vec::new();
    while let Some(token) = source.optional()? {
        types.push(token.parse::<RecordType>("a record type")?.0);
    }
    types.sort_unstable();
    types.dedup();
    Ok(types)
}

fn show_types(reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Shown {
    let mut first = true;
    let mut last = None;
    let mut trimmed = true;
    while !reader.is_empty() {
        let at = reader.clone();
        let window = reader.u8()?;
        if last.is_some_and(|last| window <= last) {
            return Err(at.wrong("the windows of a type bitmap are not in ascending order"));
        }
        last = Some(window);
        let bits = reader.string()?;
        if bits.is_empty() || bits.len() > 32 {
            return Err(at.wrong("a window of a type bitmap has not 1 to 32 octets"));
        }
        trimmed &= bits.last() != Some(&0);
        show_bits(u16::from(window) << 8, bits, first, out);
        first = false;
    }
    // Zeros at the end are against RFC 4034 §4.1.2, but harmless: they only have no text.
    if trimmed { Ok(()) } else { Err(RdataError::NoForm) }
}

fn show_bits(window: u16, bits: &[u8], mut first: bool, out: &mut Vec<u8>) {
    for (i, &octet) in bits.iter().enumerate() {
        let mut left = octet;
        while left != 0 {
            let bit = left.leading_zeros() as u16;
            left &= !(0x80 >> bit);
            if !first {
                out.push(b' ');
            }
            first = false;
            show::record_type(RecordType(window | (i as u16) << 3 | bit), out);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_that_do_not_exist_are_refused() {
        for date in [20230229000000, 20231301000000, 20230100000000, 19691231235959, 21060207062816]
        {
            assert_eq!(seconds_of_date(date), None, "{date}");
        }
        assert_eq!(seconds_of_date(20161231235960), Some(1_483_228_800));
    }

    proptest! {
        #[test]
        fn a_moment_reads_back(seconds: u32) {
            let mut out = Vec::new();
            show::time(seconds, &mut out);
            let date = String::from_utf8(out).unwrap().parse().unwrap();
            prop_assert_eq!(seconds_of_date(date), Some(seconds));
        }
    }
}
