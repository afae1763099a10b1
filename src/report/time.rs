//! Points in time as RFC 3339 text, always in UTC.

use crate::wire::write_decimal;

/// Appends the time `seconds` after the Unix epoch, such as `2026-01-31T23:59:59Z`.
pub fn write_rfc3339(seconds: u64, out: &mut Vec<u8>) {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years are counted from March of year 0, so that a leap day ends a year; 400 years have
    // 146,097 days, and the epoch is 719,468 days after the origin.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);

    write_decimal(year, out);
    for (mark, value) in [
        (b'-', month),
        (b'-', day),
        (b'T', second / 3600),
        (b':', second / 60 % 60),
        (b':', second % 60),
    ] {
        out.extend([mark, b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]);
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
