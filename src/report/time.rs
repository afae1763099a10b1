//! Points in time as RFC 3339 text, always in UTC.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last second that RFC 3339 has a text for: `9999-12-31T23:59:59Z`.
pub const LAST_SECOND: u64 = 253_402_300_799;

/// The time `seconds` after the Unix epoch, such as `2026-01-31T23:59:59Z`; what is later than
/// [`LAST_SECOND`] is shown as that.
pub fn rfc3339(seconds: u64) -> impl fmt::Display {
    let time = UNIX_EPOCH + Duration::from_secs(seconds.min(LAST_SECOND));
    humantime::format_rfc3339_seconds(time)
}

/// The same for a clock that was read; one that stands before the epoch is shown as that.
pub fn rfc3339_of(time: SystemTime) -> impl fmt::Display {
    rfc3339(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_has_no_text_is_shown_as_the_nearest_that_has() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (LAST_SECOND, "9999-12-31T23:59:59Z"),
            (LAST_SECOND + 1, "9999-12-31T23:59:59Z"),
            (u64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(seconds).to_string(), text);
        }
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(rfc3339_of(before).to_string(), "1970-01-01T00:00:00Z");
    }
}
