//! Points in time as RFC 3339 text, always in UTC.

use crate::wire::{date_and_time, write_decimal};

/// Appends the time `seconds` after the Unix epoch, such as `2026-01-31T23:59:59Z`.
pub fn write_rfc3339(seconds: u64, out: &mut Vec<u8>) {
    let [year, rest @ ..] = date_and_time(seconds);
    write_decimal(year, out);
    for (mark, value) in b"--T::".iter().zip(rest) {
        out.extend([*mark, b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]);
    }
    out.push(b'Z');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_around_leap_days_and_ends_of_years_are_right() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (1_735_689_600, "2025-01-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            let mut out = Vec::new();
            write_rfc3339(seconds, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
