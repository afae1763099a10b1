//! Text from anywhere, made safe to print.

use super::super::show;

/// Appends octets from anywhere so that they are safe on a terminal: printable ASCII as it is, a
/// backslash doubled, everything else as `\DDD`.
pub fn write_printable(octets: &[u8], out: &mut Vec<u8>) {
    for &octet in octets {
        match octet {
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x20..=0x7E => out.push(octet),
            _ => show::escaped_decimal(octet, out),
        }
    }
}

/// Text from anywhere for a message to the user: printable, and not long.
pub(crate) fn excerpt(octets: &[u8]) -> String {
    const LONGEST: usize = 60;
    let mut out = Vec::new();
    write_printable(&octets[..octets.len().min(LONGEST)], &mut out);
    let mut text = String::from_utf8_lossy(&out).into_owned();
    if octets.len() > LONGEST {
        text.push_str("...");
    }
    text
}
