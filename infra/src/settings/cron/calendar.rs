//! Occurrences of a cron expression in a year, for averages such as the mean of a scheduled task count.

use super::{Cron, DAY_OF_MONTH, DAY_OF_WEEK, FIELDS, Field};

const MINUTES_A_DAY: u32 = 24 * 60;
/// A year without a leap day that starts on a Friday.
const YEAR: u16 = 2027;
const FIRST_WEEKDAY: u16 = 6;
const MONTH_LENGTHS: [u16; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Minutes in the year that [`Cron::times`] covers.
pub(super) const MINUTES: u32 = 365 * MINUTES_A_DAY;

struct Day {
    month: u16,
    /// Day of the month, counted from 1.
    number: u16,
    last: u16,
    /// 1 is Sunday.
    weekday: u16,
}

impl Cron {
    /// Returns the occurrences in minutes since the start of a year without a leap day, ascending.
    pub fn times(&self) -> Vec<u32> {
        let values: Vec<&str> = self.0.split_whitespace().collect();
        let [minute, hour, _, _, _, year] = values[..] else {
            return Vec::new();
        };
        let field = |index: usize| &FIELDS[index];
        if !field(5).holds(year, YEAR) {
            return Vec::new();
        }
        let minutes: Vec<u32> = (0..60)
            .filter(|&at| field(0).holds(minute, at))
            .map(u32::from)
            .collect();
        let hours: Vec<u32> = (0..24)
            .filter(|&at| field(1).holds(hour, at))
            .map(u32::from)
            .collect();
        let mut times = Vec::new();
        for (number, day) in (0..).zip(days()) {
            if is_on(&values, &day) {
                let at = |hour: &u32| number * MINUTES_A_DAY + hour * 60;
                times.extend(
                    hours
                        .iter()
                        .flat_map(|hour| minutes.iter().map(move |minute| at(hour) + minute)),
                );
            }
        }
        times
    }

    /// Returns the mean over a year of a number that each time sets; `before` if no time occurs.
    pub fn mean(before: u32, settings: &[(Self, u32)]) -> f64 {
        let mut changes: Vec<_> = settings
            .iter()
            .flat_map(|(cron, number)| cron.times().into_iter().map(move |at| (at, *number)))
            .collect();
        changes.sort_unstable();
        // The year starts with the value at the end of the previous one.
        let mut number = changes.last().map_or(before, |(_, last)| *last);
        let (mut since, mut sum) = (0, 0.0);
        for (at, next) in changes.into_iter().chain([(MINUTES, 0)]) {
            sum += f64::from(number) * f64::from(at - since);
            (number, since) = (next, at);
        }
        sum / f64::from(MINUTES)
    }
}

fn days() -> impl Iterator<Item = Day> {
    let mut weekday = FIRST_WEEKDAY;
    MONTH_LENGTHS.into_iter().zip(1..).flat_map(move |(last, month)| {
        let first = weekday;
        weekday = (weekday - 1 + last) % 7 + 1;
        (1..=last).map(move |day| Day {
            month,
            number: day,
            last,
            weekday: (first - 1 + day - 1) % 7 + 1,
        })
    })
}

fn is_on(values: &[&str], day: &Day) -> bool {
    let (of_month, of_week) = (values[DAY_OF_MONTH], values[DAY_OF_WEEK]);
    FIELDS[DAY_OF_MONTH + 1].holds(values[DAY_OF_MONTH + 1], day.month)
        && of_month.split(',').any(|item| day.is_day(item))
        && of_week.split(',').any(|item| day.is_weekday(item))
}

impl Day {
    fn is_day(&self, item: &str) -> bool {
        let field = &FIELDS[DAY_OF_MONTH];
        match item {
            "?" => true,
            "L" => self.number == self.last,
            _ => match item.strip_suffix('W').and_then(|day| field.number(day)) {
                Some(day) => self.number == self.workday_near(day),
                None => field.holds(item, self.number),
            },
        }
    }

    /// Returns the weekday (Monday to Friday) nearest to a day of the month, in the same month.
    fn workday_near(&self, day: u16) -> u16 {
        let day = day.min(self.last);
        // 35 is a multiple of 7 that keeps the difference positive.
        let weekday = (self.weekday + 35 + day - self.number - 1) % 7 + 1;
        match weekday {
            1 if day == self.last => day - 2,
            1 => day + 1,
            7 if day == 1 => 3,
            7 => day - 1,
            _ => day,
        }
    }

    fn is_weekday(&self, item: &str) -> bool {
        let field = &FIELDS[DAY_OF_WEEK];
        let last = item.strip_suffix('L').and_then(|day| field.number(day));
        let nth = item
            .split_once('#')
            .and_then(|(day, nth)| Some((field.number(day)?, nth.parse::<u16>().ok()?)));
        match (item, last, nth) {
            ("?", ..) => true,
            ("L", ..) => self.weekday == 7,
            (_, Some(weekday), _) => self.weekday == weekday && self.number + 7 > self.last,
            (_, _, Some((weekday, nth))) => self.weekday == weekday && (self.number - 1) / 7 + 1 == nth,
            _ => field.holds(item, self.weekday),
        }
    }
}

impl Field {
    /// Returns true if `at` is in a list of numbers, ranges and steps, or the list is `*`.
    fn holds(&self, values: &str, at: u16) -> bool {
        values.split(',').any(|item| {
            let (item, step) = match item.split_once('/') {
                Some((item, step)) => (item, step.parse().unwrap_or(1)),
                None => (item, 0),
            };
            let (first, last) = match item.split_once('-') {
                Some((first, last)) => (self.number(first), self.number(last)),
                None if item == "*" => (Some(*self.range.start()), Some(*self.range.end())),
                // `0/2` continues to the end of the range, `0` does not.
                None => (
                    self.number(item),
                    self.number(item)
                        .filter(|_| step == 0)
                        .or(Some(*self.range.end())),
                ),
            };
            let (Some(first), Some(last)) = (first, last) else {
                return false;
            };
            (first..=last).contains(&at) && (at - first).is_multiple_of(step.max(1))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(text: &str) -> Vec<u32> {
        text.parse::<Cron>().unwrap().times()
    }

    /// Days of the year, the first of January being 1.
    fn days_of(text: &str) -> Vec<u32> {
        times(text)
            .into_iter()
            .map(|minute| minute / MINUTES_A_DAY + 1)
            .collect()
    }

    #[test]
    fn times_within_a_day() {
        assert_eq!(times("0 0/2 * * ? *").len(), 365 * 12);
        assert_eq!(times("0 1/2 * * ? *")[..3], [60, 180, 300]);
        assert_eq!(times("*/20 8-9 1 JAN ? *"), [480, 500, 520, 540, 560, 580]);
        assert!(times("0 0 * * ? 2030-2031").is_empty());
    }

    #[test]
    fn days_follow_the_calendar() {
        // In 2027 January 1st is a Friday, the 30th a Saturday, the 31st a Sunday.
        assert_eq!(days_of("0 8 ? JAN MON-FRI *")[..3], [1, 4, 5]);
        assert_eq!(days_of("0 8 L JAN,FEB ? *"), [31, 59]);
        assert_eq!(days_of("0 8 30W JAN ? *"), [29]);
        assert_eq!(days_of("0 8 31W JAN ? *"), [29]);
        assert_eq!(days_of("0 8 2W JAN ? *"), [1]);
        // May 1st is a Saturday, whose nearest weekday in May is the 3rd.
        assert_eq!(days_of("0 8 1W MAY ? *"), [31 + 28 + 31 + 30 + 3]);
        assert_eq!(days_of("0 8 ? JAN FRIL *"), [29]);
        assert_eq!(days_of("0 8 ? JAN 2#1 *"), [4]);
        assert_eq!(days_of("0 8 ? JAN L *"), [2, 9, 16, 23, 30]);
    }

    #[test]
    fn mean_is_weighted_by_duration() {
        let at = |text: &str, number| (text.parse().unwrap(), number);
        let mean = |before, settings: &[(Cron, u32)]| Cron::mean(before, settings);
        assert!((mean(1, &[at("0 0/2 * * ? *", 2), at("0 1/2 * * ? *", 1)]) - 1.5).abs() < 1e-9);
        assert!((mean(3, &[]) - 3.0).abs() < 1e-9);
        // 6 for ten hours of each weekday, else 2; the year has 261 weekdays.
        let office = mean(1, &[at("0 8 ? * MON-FRI *", 6), at("0 18 ? * MON-FRI *", 2)]);
        assert!(
            (office - (2.0 + 4.0 * 10.0 * 261.0 / 8760.0)).abs() < 1e-9,
            "{office}"
        );
        assert!((mean(5, &[at("0 0 * * ? 2031", 9)]) - 5.0).abs() < 1e-9);
    }
}
