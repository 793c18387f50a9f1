//! Points in time, as people say them.

use std::time::{Duration, SystemTime};

/// How long ago something was, in the one unit that matters.
pub fn ago(at: SystemTime, now: SystemTime) -> String {
    match now.duration_since(at).unwrap_or_default().as_secs() {
        0..10 => "just now".to_owned(),
        seconds => format!("{} ago", span(Duration::from_secs(seconds))),
    }
}

/// A length of time in the one unit that matters.
pub fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0..100 => format!("{seconds} s"),
        100..6_000 => format!("{} min", seconds / 60),
        6_000..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// For programs: RFC 3339, in UTC, to the second.
pub fn rfc3339(at: SystemTime) -> String {
    humantime::format_rfc3339_seconds(at).to_string()
}

/// For a column: `2026-11-24 10:12`, in UTC.
pub fn minute(at: SystemTime) -> String {
    let text = rfc3339(at);
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_unit_is_enough() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(10_000_000);
        let said = |seconds| ago(now - Duration::from_secs(seconds), now);
        assert_eq!(said(3), "just now");
        assert_eq!(said(42), "42 s ago");
        assert_eq!(said(720), "12 min ago");
        assert_eq!(said(3 * 3600 + 5), "3 h ago");
        assert_eq!(said(5 * 86_400 + 7), "5 d ago");
        // A clock that is ahead of ours is no reason for nonsense.
        assert_eq!(ago(now + Duration::from_mins(1), now), "just now");
    }

    #[test]
    fn a_column_needs_no_seconds() {
        assert_eq!(minute(SystemTime::UNIX_EPOCH), "1970-01-01 00:00");
    }
}
