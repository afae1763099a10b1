//! Writers of the presentation format that fields, options and records share. All append to the output, and all
//! write printable ASCII only, whatever the octets are.

use std::net::Ipv6Addr;

use data_encoding::{BASE32HEX_NOPAD, BASE64, Encoding, HEXLOWER, HEXUPPER};

use super::registry::RecordType;

/// Appends a decimal number.
pub fn decimal(number: impl Into<u64>, out: &mut Vec<u8>) {
    let mut number: u64 = number.into();
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a decimal number with zeros in front up to `width` digits.
pub(crate) fn padded(number: u64, width: usize, out: &mut Vec<u8>) {
    let start = out.len();
    decimal(number, out);
    while out.len() - start < width {
        out.insert(start, b'0');
    }
}

/// Appends an IPv4 address.
pub(crate) fn ipv4(octets: [u8; 4], out: &mut Vec<u8>) {
    let mut text = [b'.'; 16];
    let mut len = 0;
    for octet in octets {
        if octet >= 100 {
            text[len] = b'0' + octet / 100;
            len += 1;
        }
        if octet >= 10 {
            text[len] = b'0' + octet / 10 % 10;
            len += 1;
        }
        text[len] = b'0' + octet % 10;
        len += 2;
        text[len - 1] = b'.';
    }
    out.extend_from_slice(&text[..len - 1]);
}

/// Appends an IPv6 address as RFC 5952 wants it.
pub(crate) fn ipv6(octets: [u8; 16], out: &mut Vec<u8>) {
    if let [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, a, b, c, d] = octets {
        out.extend_from_slice(b"::ffff:");
        return ipv4([a, b, c, d], out);
    }
    let groups = Ipv6Addr::from(octets).segments();
    let (mut gap, mut gap_len) = (0, 0);
    let mut run = 0;
    for (i, &group) in groups.iter().enumerate() {
        run = if group == 0 { run + 1 } else { 0 };
        if run > gap_len {
            (gap, gap_len) = (i + 1 - run, run);
        }
    }
    if gap_len < 2 {
        return hex_groups(&groups, out);
    }
    hex_groups(&groups[..gap], out);
    out.extend_from_slice(b"::");
    hex_groups(&groups[gap + gap_len..], out);
}

fn hex_groups(groups: &[u16], out: &mut Vec<u8>) {
    for (i, &group) in groups.iter().enumerate() {
        if i > 0 {
            out.push(b':');
        }
        let digits = ((16 - group.leading_zeros()).div_ceil(4)).max(1);
        for digit in (0..digits).rev() {
            out.push(b"0123456789abcdef"[usize::from(group >> (digit * 4) & 0xF)]);
        }
    }
}

/// Appends the address that `octets` are, if they are four or sixteen.
pub(crate) fn address(octets: &[u8], out: &mut Vec<u8>) -> bool {
    if let Ok(octets) = <[u8; 4]>::try_from(octets) {
        ipv4(octets, out);
    } else if let Ok(octets) = <[u8; 16]>::try_from(octets) {
        ipv6(octets, out);
    } else {
        return false;
    }
    true
}

/// Appends a quoted `<character-string>` (RFC 1035 §5.1).
pub(crate) fn quoted(octets: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    // Most strings need no escape; they are copied whole.
    if octets.iter().all(|&octet| matches!(octet, 0x20..=0x7E) && octet != b'"' && octet != b'\\') {
        out.extend_from_slice(octets);
    } else {
        for &octet in octets {
            match octet {
                b'"' | b'\\' => out.extend([b'\\', octet]),
                0x20..=0x7E => out.push(octet),
                _ => escaped_decimal(octet, out),
            }
        }
    }
    out.push(b'"');
}

/// Appends `\DDD`.
pub(crate) fn escaped_decimal(octet: u8, out: &mut Vec<u8>) {
    out.extend([b'\\', b'0' + octet / 100, b'0' + octet / 10 % 10, b'0' + octet % 10]);
}

fn encode(encoding: &Encoding, octets: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + encoding.encode_len(octets.len()), 0);
    encoding.encode_mut(octets, &mut out[start..]);
}

/// Appends hexadecimal digits, in upper case as the DNSSEC types have them.
pub(crate) fn hex(octets: &[u8], out: &mut Vec<u8>) {
    encode(&HEXUPPER, octets, out);
}

/// Appends hexadecimal digits in lower case.
pub fn hex_lower(octets: &[u8], out: &mut Vec<u8>) {
    encode(&HEXLOWER, octets, out);
}

/// Appends Base64 (RFC 4648 §4).
pub(crate) fn base64(octets: &[u8], out: &mut Vec<u8>) {
    encode(&BASE64, octets, out);
}

/// Appends Base32 with the extended hex alphabet, not padded (RFC 5155 §3.3).
pub(crate) fn base32hex(octets: &[u8], out: &mut Vec<u8>) {
    encode(&BASE32HEX_NOPAD, octets, out);
}

/// Appends the generic form of an RDATA: `\# 3 abcdef` (RFC 3597 §5).
pub fn generic(octets: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"\\# ");
    decimal(octets.len() as u64, out);
    if !octets.is_empty() {
        out.push(b' ');
        hex_lower(octets, out);
    }
}

/// Appends a number behind a word: `TYPE65280`.
pub(crate) fn numbered(word: &str, number: u16, out: &mut Vec<u8>) {
    out.extend_from_slice(word.as_bytes());
    decimal(number, out);
}

/// Appends a type as its mnemonic or `TYPE65280`.
pub(crate) fn record_type(rtype: RecordType, out: &mut Vec<u8>) {
    match rtype.mnemonic() {
        Some(mnemonic) => out.extend_from_slice(mnemonic.as_bytes()),
        None => numbered("TYPE", rtype.0, out),
    }
}

/// Appends a moment as `YYYYMMDDHHMMSS` (RFC 4034 §3.2).
pub(crate) fn time(seconds: u32, out: &mut Vec<u8>) {
    let [year, rest @ ..] = date_and_time(seconds.into());
    padded(year, 4, out);
    rest.into_iter().for_each(|number| padded(number, 2, out));
}

/// Year, month, day, hour, minute and second of the moment `seconds` after the Unix epoch, in UTC.
fn date_and_time(seconds: u64) -> [u64; 6] {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days to a civil date: years are counted from 1 March, in eras of 400 years.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    [year, month, day, second / 3_600, second / 60 % 60, second % 60]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    fn shown(show: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        show(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn moments_are_shown_as_dates() {
        for (seconds, text) in [
            (0, "19700101000000"),
            (951_782_400, "20000229000000"),
            (1_700_000_000, "20231114221320"),
            (u32::MAX, "21060207062815"),
        ] {
            assert_eq!(shown(|out| time(seconds, out)), text);
        }
    }

    #[test]
    fn strings_never_carry_control_octets() {
        let text = shown(|out| quoted(b"a \"b\" \\ \x1B[2J\xFF", out));
        assert_eq!(text, r#""a \"b\" \\ \027[2J\255""#);
    }

    proptest! {
        #[test]
        fn addresses_are_shown_as_the_standard_library_shows_them(
            v4: [u8; 4], groups in prop::array::uniform8(prop_oneof![Just(0u16), any::<u16>()]),
        ) {
            prop_assert_eq!(shown(|out| ipv4(v4, out)), Ipv4Addr::from(v4).to_string());
            let v6 = Ipv6Addr::from(groups);
            prop_assert_eq!(shown(|out| ipv6(v6.octets(), out)), v6.to_string());
        }
    }
}
