//! Formats points in time: relative (`12 min ago`) and as UTC columns.

use std::time::{Duration, SystemTime};

use serde::Serializer;

/// Returns the time since `at` in one unit.
pub fn ago(at: SystemTime, now: SystemTime) -> String {
    match now.duration_since(at).unwrap_or_default().as_secs() {
        0..10 => "just now".to_owned(),
        seconds => format!("{} ago", span(Duration::from_secs(seconds))),
    }
}

/// Formats a duration in one unit.
pub fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0..100 => format!("{seconds} s"),
        100..6_000 => format!("{} min", seconds / 60),
        6_000..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Formats as RFC 3339 in UTC, to the second.
pub fn rfc3339(at: SystemTime) -> String {
    humantime::format_rfc3339_seconds(at).to_string()
}

/// Serializes as RFC 3339 in UTC.
pub fn as_rfc3339<S: Serializer>(at: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_rfc3339_seconds(*at))
}

/// Formats as `2026-11-24 10:12` in UTC.
pub fn minute(at: SystemTime) -> String {
    let text = rfc3339(at);
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_time_uses_one_unit() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(10_000_000);
        let text = |seconds| ago(now - Duration::from_secs(seconds), now);
        assert_eq!(text(3), "just now");
        assert_eq!(text(42), "42 s ago");
        assert_eq!(text(720), "12 min ago");
        assert_eq!(text(3 * 3600 + 5), "3 h ago");
        assert_eq!(text(5 * 86_400 + 7), "5 d ago");
        // Clock skew must not underflow.
        assert_eq!(ago(now + Duration::from_mins(1), now), "just now");
    }

    #[test]
    fn column_omits_seconds() {
        assert_eq!(minute(SystemTime::UNIX_EPOCH), "1970-01-01 00:00");
    }
}
