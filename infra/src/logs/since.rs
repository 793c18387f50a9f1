//! Parses durations of options: `--since`, `--timeout`.

use std::time::Duration;

/// Invalid duration of an option.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{option} {given}` is not a duration: {why}")]
pub struct BadDuration {
    option: &'static str,
    given: String,
    why: String,
}

/// Maximum: one year, the default maximum of log retention.
const LONGEST: Duration = Duration::from_hours(24 * 366);

/// Parses `90s`, `10m`, `2h`, `1h30m`, `3d`. `option` is named in errors.
///
/// # Errors
/// Any other text, with the reason.
pub fn parse_duration(option: &'static str, given: &str) -> Result<Duration, BadDuration> {
    let bad = |why: &str| BadDuration {
        option,
        given: given.to_owned(),
        why: why.to_owned(),
    };
    let text = given.trim();
    if text.is_empty() {
        return Err(bad("empty; expected for example 10m"));
    }
    if text.starts_with('-') {
        return Err(bad("must not be negative"));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad(&format!(
            "missing unit; expected `{text}s`, `{text}m`, `{text}h` or `{text}d`"
        )));
    }
    let length = humantime::parse_duration(text).map_err(|_| bad("expected for example 10m"))?;
    if length.is_zero() {
        return Err(bad("must be greater than zero"));
    }
    if length > LONGEST {
        return Err(bad("longer than a year"));
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_times_are_parsed() {
        for (text, seconds) in [
            ("90s", 90),
            ("10m", 600),
            ("1h30m", 5400),
            ("2h", 7200),
            ("3d", 259_200),
        ] {
            assert_eq!(
                parse_duration("--since", text),
                Ok(Duration::from_secs(seconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn invalid_durations_name_the_reason() {
        let printed = |text| parse_duration("--since", text).unwrap_err().to_string();
        assert_eq!(
            printed("10"),
            "`--since 10` is not a duration: missing unit; expected `10s`, `10m`, `10h` or `10d`"
        );
        assert_eq!(
            printed("-5m"),
            "`--since -5m` is not a duration: must not be negative"
        );
        assert!(printed("yesterday").starts_with("`--since yesterday` is not a duration: "));
        assert!(printed("").contains("empty;") && printed("0s").contains("greater than zero"));
        assert!(
            printed("1000d").contains("longer than a year") && printed("10x").contains("for example 10m")
        );
    }
}
