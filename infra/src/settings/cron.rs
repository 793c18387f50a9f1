//! AWS cron expressions of scheduled actions: minute, hour, day of month, month, day of week, year.

mod calendar;

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// A recurring time, for example `0 8 ? * MON-FRI *`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron(String);

struct Field {
    name: &'static str,
    range: RangeInclusive<u16>,
    /// Names of the numbers, starting with the first of the range.
    names: &'static [&'static str],
}

const fn field(name: &'static str, range: RangeInclusive<u16>, names: &'static [&'static str]) -> Field {
    Field { name, range, names }
}

const MONTHS: &[&str] = &[
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const FIELDS: [Field; 6] = [
    field("minute", 0..=59, &[]),
    field("hour", 0..=23, &[]),
    field("day of month", 1..=31, &[]),
    field("month", 1..=12, MONTHS),
    field("day of week", 1..=7, DAYS),
    field("year", 1970..=2199, &[]),
];
const DAY_OF_MONTH: usize = 2;
const DAY_OF_WEEK: usize = 4;

/// Why a text is not an AWS cron expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// Wrong number of fields.
    #[error("has {}; AWS cron expressions have six: minute hour day-of-month month day-of-week year", field_count(.0))]
    Fields(usize),
    /// Seven fields: another dialect, whose first field is seconds.
    #[error("has seven fields, the first being seconds; AWS has no seconds: `{0}`")]
    Seconds(String),
    /// Invalid value of a field.
    #[error("has `{value}` as {field}; expected {expected}")]
    Field {
        /// Name of the field.
        field: &'static str,
        /// The invalid value.
        value: String,
        /// Accepted values.
        expected: String,
    },
    /// AWS requires exactly one `?` among the two day fields.
    #[error("must have `?` as either day of month or day of week, not both")]
    QuestionMark,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "thiserror passes a reference")]
fn field_count(count: &usize) -> String {
    format!("{count} field{}", if *count == 1 { "" } else { "s" })
}

impl Cron {
    /// Wraps an expression that is known to be valid; a test parses each of them.
    pub(super) fn literal(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Returns the expression in the form of `AWS::ApplicationAutoScaling`: `cron(…)`.
    pub fn expression(&self) -> String {
        format!("cron({})", self.0)
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Cron {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        let inner = text
            .strip_prefix("cron(")
            .and_then(|rest| rest.strip_suffix(')'))
            .unwrap_or(text);
        let values: Vec<&str> = inner.split_whitespace().collect();
        match values.len() {
            6 => {}
            7 => return Err(CronError::Seconds(values[1..].join(" "))),
            other => return Err(CronError::Fields(other)),
        }
        for (index, (field, value)) in FIELDS.iter().zip(&values).enumerate() {
            if !field.accepts(value, index) {
                return Err(CronError::Field {
                    field: field.name,
                    value: (*value).to_owned(),
                    expected: field.expected(),
                });
            }
        }
        if (values[DAY_OF_MONTH] == "?") == (values[DAY_OF_WEEK] == "?") {
            return Err(CronError::QuestionMark);
        }
        Ok(Self(values.join(" ")))
    }
}

impl Field {
    fn expected(&self) -> String {
        let (first, last) = (self.range.start(), self.range.end());
        match (self.names.first(), self.names.last()) {
            (Some(one), Some(other)) => format!("{first}-{last}, {one}-{other} or `*`"),
            _ => format!("{first}-{last} or `*`"),
        }
    }

    fn accepts(&self, value: &str, index: usize) -> bool {
        match value {
            "*" => true,
            // Any day; the last day.
            "?" | "L" => index == DAY_OF_MONTH || index == DAY_OF_WEEK,
            list => list.split(',').all(|item| self.accepts_item(item, index)),
        }
    }

    fn accepts_item(&self, item: &str, index: usize) -> bool {
        let (item, step) = match item.split_once('/') {
            Some((item, step)) => (item, Some(step)),
            None => (item, None),
        };
        if step.is_some_and(|step| !step.parse::<u16>().is_ok_and(|step| step > 0)) {
            return false;
        }
        if item == "*" {
            return step.is_some();
        }
        if let Some((first, last)) = item.split_once('-') {
            return matches!((self.number(first), self.number(last)), (Some(first), Some(last)) if first <= last);
        }
        // `3W`: the weekday nearest to a day; `2#1`: the first Monday; `6L`: the last Friday.
        let item = match index {
            DAY_OF_MONTH => item.strip_suffix('W').unwrap_or(item),
            DAY_OF_WEEK => match item.split_once('#') {
                Some((day, nth)) if nth.parse::<u8>().is_ok_and(|nth| (1..=5).contains(&nth)) => day,
                Some(_) => return false,
                None => item
                    .strip_suffix('L')
                    .filter(|day| !day.is_empty())
                    .unwrap_or(item),
            },
            _ => item,
        };
        self.number(item).is_some()
    }

    fn number(&self, text: &str) -> Option<u16> {
        let named = self
            .names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text))
            .and_then(|index| u16::try_from(index).ok())
            .map(|index| self.range.start() + index);
        named.or_else(|| text.parse().ok().filter(|number| self.range.contains(number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_expressions_are_accepted() {
        for text in [
            "0 0/2 * * ? *",
            "0 1/2 * * ? *",
            "cron(0 10 * * ? *)",
            "15 12 * * ? *",
            "0 18 ? * MON-FRI *",
            "0 8 1 * ? *",
            "0/10 * ? * MON-FRI *",
            "0/5 8-17 ? * MON-FRI *",
            "0 9 ? * 2#1 *",
            "0 7 3W * ? *",
            "0 0 L * ? 2026-2030",
            "0 6 ? * 6L *",
        ] {
            assert!(text.parse::<Cron>().is_ok(), "{text}: {:?}", text.parse::<Cron>());
        }
    }

    #[test]
    fn other_cron_dialects_are_explained() {
        let error = |text: &str| text.parse::<Cron>().unwrap_err().to_string();
        assert_eq!(
            error("0 0 0/2 * * ? *"),
            "has seven fields, the first being seconds; AWS has no seconds: `0 0/2 * * ? *`"
        );
        assert_eq!(
            error("0 8 * * 1"),
            "has 5 fields; AWS cron expressions have six: minute hour day-of-month month day-of-week year"
        );
        assert!(error("0").starts_with("has 1 field; AWS cron expressions have six"));
        assert_eq!(error("0 24 * * ? *"), "has `24` as hour; expected 0-23 or `*`");
        assert_eq!(
            error("0 8 ? * FUN *"),
            "has `FUN` as day of week; expected 1-7, SUN-SAT or `*`"
        );
        for text in ["0 8 * * * *", "0 8 ? * ? *"] {
            assert_eq!(text.parse::<Cron>(), Err(CronError::QuestionMark), "{text}");
        }
    }

    #[test]
    fn invalid_expressions_are_rejected() {
        for text in [
            "a b c d e f",
            "60 8 * * ? *",
            "0/0 8 * * ? *",
            "0 17-8 * * ? *",
            "0 8 32 * ? *",
            "? 8 * * ? *",
            "0 8 ? * 2#6 *",
            "",
        ] {
            assert!(text.parse::<Cron>().is_err(), "{text}");
        }
    }
}
