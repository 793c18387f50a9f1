//! `--since`: how far back.

use std::time::Duration;

/// It cannot be told how far back.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`--since {given}` is no length of time: {why}")]
pub struct BadSince {
    given: String,
    why: String,
}

/// Logs are kept for a year at most by default, and nobody scrolls through more.
const LONGEST: Duration = Duration::from_hours(24 * 366);

/// Reads `90s`, `10m`, `2h`, `1h30m`, `3d`.
///
/// # Errors
/// Anything else, with the reason.
pub fn parse_since(given: &str) -> Result<Duration, BadSince> {
    let bad = |why: &str| BadSince {
        given: given.to_owned(),
        why: why.to_owned(),
    };
    let text = given.trim();
    if text.is_empty() {
        return Err(bad("it is empty"));
    }
    if text.starts_with('-') {
        return Err(bad("it says how long ago, without a minus"));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad(&format!(
            "which unit? `{text}s`, `{text}m`, `{text}h` and `{text}d` are understood"
        )));
    }
    let length = humantime::parse_duration(text).map_err(|error| bad(&error.to_string()))?;
    if length.is_zero() {
        return Err(bad("it is nothing"));
    }
    if length > LONGEST {
        return Err(bad("it is more than a year"));
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_understood() {
        for (text, seconds) in [
            ("90s", 90),
            ("10m", 600),
            ("1h30m", 5400),
            ("2h", 7200),
            ("3d", 259_200),
        ] {
            assert_eq!(parse_since(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_not_is_answered_with_the_reason() {
        let told = |text| parse_since(text).unwrap_err().to_string();
        assert_eq!(
            told("10"),
            "`--since 10` is no length of time: which unit? `10s`, `10m`, `10h` and `10d` are understood"
        );
        assert_eq!(
            told("-5m"),
            "`--since -5m` is no length of time: it says how long ago, without a minus"
        );
        assert!(told("yesterday").starts_with("`--since yesterday` is no length of time: "));
        assert!(told("").contains("it is empty") && told("0s").contains("it is nothing"));
        assert!(told("1000d").contains("more than a year") && told("10x").contains("unit"));
    }
}
