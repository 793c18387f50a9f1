//! Times of scheduled actions, in the order that AWS reads them: minute, hour, day of month, month, day of week, year.

mod calendar;

use std::fmt;
use std::str::FromStr;

/// A time that comes again and again, like `0 8 ? * MON-FRI *`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron(String);

struct Field {
    name: &'static str,
    range: std::ops::RangeInclusive<u16>,
    /// Names that stand for numbers, the first one for the first number of the range.
    names: &'static [&'static str],
}

const MONTHS: &[&str] = &[
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const FIELDS: [Field; 6] = [
    Field {
        name: "minute",
        range: 0..=59,
        names: &[],
    },
    Field {
        name: "hour",
        range: 0..=23,
        names: &[],
    },
    Field {
        name: "day of month",
        range: 1..=31,
        names: &[],
    },
    Field {
        name: "month",
        range: 1..=12,
        names: MONTHS,
    },
    Field {
        name: "day of week",
        range: 1..=7,
        names: DAYS,
    },
    Field {
        name: "year",
        range: 1970..=2199,
        names: &[],
    },
];
const DAY_OF_MONTH: usize = 2;
const DAY_OF_WEEK: usize = 4;

/// What is wrong with a time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCron {
    /// Too few or too many fields.
    #[error("has {0} fields; AWS reads six: minute hour day-of-month month day-of-week year")]
    Fields(usize),
    /// A seventh field in front, as other systems have it.
    #[error("has seven fields, so it begins with seconds; AWS has none: `{0}`")]
    Seconds(String),
    /// A field that is none.
    #[error("has `{value}` where the {field} belongs, which is {expected}")]
    Field {
        /// Which one.
        field: &'static str,
        /// What is there.
        value: String,
        /// What could be.
        expected: String,
    },
    /// AWS wants exactly one `?` among the two fields for days.
    #[error(
        "must have `?` as day of month or as day of week, and not as both, since each restricts the other"
    )]
    QuestionMark,
}

impl Cron {
    /// A time that is known to be right; a test holds every one of them.
    pub(super) fn known(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As `AWS::ApplicationAutoScaling` takes it: `cron(…)`.
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
    type Err = BadCron;

    fn from_str(text: &str) -> Result<Self, BadCron> {
        let inner = text
            .strip_prefix("cron(")
            .and_then(|rest| rest.strip_suffix(')'))
            .unwrap_or(text);
        let values: Vec<&str> = inner.split_whitespace().collect();
        match values.len() {
            6 => {}
            7 => return Err(BadCron::Seconds(values[1..].join(" "))),
            other => return Err(BadCron::Fields(other)),
        }
        for (index, (field, value)) in FIELDS.iter().zip(&values).enumerate() {
            if !field.takes(value, index) {
                return Err(BadCron::Field {
                    field: field.name,
                    value: (*value).to_owned(),
                    expected: field.expected(),
                });
            }
        }
        if (values[DAY_OF_MONTH] == "?") == (values[DAY_OF_WEEK] == "?") {
            return Err(BadCron::QuestionMark);
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

    fn takes(&self, value: &str, index: usize) -> bool {
        match value {
            "*" => true,
            // Any day, and the last one.
            "?" | "L" => index == DAY_OF_MONTH || index == DAY_OF_WEEK,
            list => list.split(',').all(|item| self.takes_item(item, index)),
        }
    }

    fn takes_item(&self, item: &str, index: usize) -> bool {
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
        // The nearest weekday to a day, the n-th and the last of a weekday.
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
    fn what_aws_documents_is_taken() {
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
    fn what_other_systems_write_is_explained() {
        let error = |text: &str| text.parse::<Cron>().unwrap_err().to_string();
        assert_eq!(
            error("0 0 0/2 * * ? *"),
            "has seven fields, so it begins with seconds; AWS has none: `0 0/2 * * ? *`"
        );
        assert_eq!(
            error("0 8 * * 1"),
            "has 5 fields; AWS reads six: minute hour day-of-month month day-of-week year"
        );
        assert_eq!(
            error("0 24 * * ? *"),
            "has `24` where the hour belongs, which is 0-23 or `*`"
        );
        assert_eq!(
            error("0 8 ? * FUN *"),
            "has `FUN` where the day of week belongs, which is 1-7, SUN-SAT or `*`"
        );
        for text in ["0 8 * * * *", "0 8 ? * ? *"] {
            assert_eq!(text.parse::<Cron>(), Err(BadCron::QuestionMark), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
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
