//! Time stamps of the record.

use jiff::Timestamp;

/// The current time in milliseconds since the Unix epoch.
pub fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// The current day in UTC.
pub fn today() -> jiff::civil::Date {
    jiff::tz::TimeZone::UTC.to_datetime(Timestamp::now()).date()
}

/// Milliseconds since the Unix epoch as RFC 3339 in UTC, to the millisecond.
/// A time outside the range of RFC 3339 becomes the epoch.
pub fn rfc3339(ms: i64) -> String {
    Timestamp::from_millisecond(ms)
        .unwrap_or_default()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn milliseconds_become_utc_text() {
        assert_eq!(rfc3339(1_761_480_000_000), "2025-10-26T12:00:00Z");
        assert_eq!(rfc3339(1_761_480_000_250), "2025-10-26T12:00:00.25Z");
    }
}
