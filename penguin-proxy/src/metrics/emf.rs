//! Metrics as one line of CloudWatch's embedded metric format: what happened since the last line.
//!
//! CloudWatch makes metrics of such lines wherever they reach its logs, without an agent:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.
//! The README's table and the names in the line come from one list.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::latency_bins::{BINS, middle};
use super::{Counters, LIMITS};
use crate::termination_code::TerminationCode;

/// The metrics' namespace in CloudWatch.
const NAMESPACE: &str = "PenguinProxy";
const ENDS: usize = TerminationCode::ALL.len();

macro_rules! counts {
    ($($name:literal, $meaning:literal, $sum:expr;)+) => {
        /// What each line has, also where it is 0.
        const COUNTS: &[(&str, fn(&Counters) -> u64)] = &[$(($name, $sum),)+];

        /// The metrics as a table for the README.
        pub fn table() -> String {
            let mut table = String::from("| metric | unit | meaning |\n|---|---|---|\n");
            $(let _infallible = writeln!(table, "| `{}` | Count | {} |", $name, $meaning);)+
            table.push_str(OTHERS);
            table
        }
    };
}

counts! {
    "Requests", "Finished requests, without the health path", |c| c.ended.get();
    "Errors", "Responses with a 5xx status, whoever made them", |c| c.by_class[4].get();
    "Retries", "Requests sent to the app again", |c| c.retries.sum();
    "Held", "Requests that had to wait for the app to be reachable", |c| c.held.get();
    "Shed", "Requests answered 503 or 429 by a limit", |c| {
        LIMITS.iter().map(|(_, end)| c.by_end.of(*end as usize).get()).sum()
    };
    "UpstreamConnects", "Connections opened to the app", |c| c.upstream_opened.get();
}

const OTHERS: &str = "\
| `InFlight` | Count | Requests being answered at the end of the minute |
| `Errors.<end>` | Count | Of `Errors`, those that ended with this [code](#the-access-log), where there are any; `Errors.ok`: made by the app |
| `Latency` | Milliseconds | From a request's head to the last byte of its response, where there are any; a histogram |
";

/// All that was counted since the start.
#[derive(Debug)]
pub(crate) struct Totals {
    counts: [u64; COUNTS.len()],
    errors: [u64; ENDS],
    latency: [u64; BINS],
    in_flight: u64,
}

impl Default for Totals {
    fn default() -> Self {
        Self {
            counts: [0; COUNTS.len()],
            errors: [0; ENDS],
            latency: [0; BINS],
            in_flight: 0,
        }
    }
}

impl Totals {
    /// Adds up what the serving threads counted.
    pub(crate) fn of(threads: &[Arc<Counters>]) -> Self {
        let mut totals = Self::default();
        let mut began = 0;
        for counters in threads {
            // In this order: no request has ended that has not begun.
            let ended = counters.ended.get();
            began += counters.began.get().saturating_sub(ended);
            for (total, (_, sum)) in totals.counts.iter_mut().zip(COUNTS) {
                *total += sum(counters);
            }
            for (end, total) in totals.errors.iter_mut().enumerate() {
                *total += counters.errors.of(end).get();
            }
            for (bin, total) in totals.latency.iter_mut().enumerate() {
                *total += counters.latency_bins.of(bin).get();
            }
        }
        totals.in_flight = began;
        totals
    }
}

/// The values of the two dimensions. They need no escape in JSON.
#[derive(Clone, Debug)]
pub struct Labels {
    /// Of `Service`.
    pub service: String,
    /// Of `Environment`.
    pub environment: String,
}

/// Appends the line about what came to `last` until `now` was read. `time` is when that was, in about.
pub(crate) fn line(out: &mut String, labels: &Labels, last: &Totals, now: &Totals, time: SystemTime) {
    let mut metrics = Metrics::default();
    for (((name, _), last), now) in COUNTS.iter().zip(last.counts).zip(now.counts) {
        metrics.count("", name, now - last);
    }
    metrics.count("", "InFlight", now.in_flight);
    for ((end, last), now) in TerminationCode::ALL.iter().zip(last.errors).zip(now.errors) {
        if now > last {
            metrics.count("Errors.", end.code(), now - last);
        }
    }
    metrics.latency(&last.latency, &now.latency);
    let millis = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let Metrics { definitions, values } = metrics;
    let Labels { service, environment } = labels;
    let _infallible = writeln!(
        out,
        "{{\"_aws\":{{\"Timestamp\":{millis},\"CloudWatchMetrics\":[{{\"Namespace\":\"{NAMESPACE}\",\
         \"Dimensions\":[[\"Service\",\"Environment\"]],\"Metrics\":[{definitions}]}}]}},\
         \"Service\":\"{service}\",\"Environment\":\"{environment}\"{values}}}"
    );
}

/// The part of a line that says which metrics there are, and the part with their values.
#[derive(Default)]
struct Metrics {
    definitions: String,
    values: String,
}

impl Metrics {
    fn define(&mut self, prefix: &str, name: &str, unit: &str) {
        let separator = if self.definitions.is_empty() { "" } else { "," };
        let _infallible = write!(
            self.definitions,
            "{separator}{{\"Name\":\"{prefix}{name}\",\"Unit\":\"{unit}\"}}"
        );
        let _infallible = write!(self.values, ",\"{prefix}{name}\":");
    }

    fn count(&mut self, prefix: &str, name: &str, value: u64) {
        self.define(prefix, name, "Count");
        let _infallible = write!(self.values, "{value}");
    }

    /// Values with their counts, from which CloudWatch makes percentiles, and the statistics that it wants besides.
    fn latency(&mut self, last: &[u64; BINS], now: &[u64; BINS]) {
        let (mut values, mut counts) = (String::new(), String::new());
        let (mut min, mut max, mut count, mut sum) = (None, 0, 0, 0);
        for (bin, (last, now)) in last.iter().zip(now).enumerate() {
            let (new, middle) = (now - last, middle(bin));
            if new == 0 {
                continue;
            }
            let separator = if min.is_none() { "" } else { "," };
            let _infallible = write!(values, "{separator}{}", Millis(middle));
            let _infallible = write!(counts, "{separator}{new}");
            min = min.or(Some(middle));
            max = middle;
            count += new;
            sum += new * middle;
        }
        let Some(min) = min.map(Millis) else { return };
        let (max, sum) = (Millis(max), Millis(sum));
        self.define("", "Latency", "Milliseconds");
        let _infallible = write!(
            self.values,
            "{{\"Values\":[{values}],\"Counts\":[{counts}],\"Max\":{max},\"Min\":{min},\"Count\":{count},\"Sum\":{sum}}}"
        );
    }
}

/// Microseconds, shown as milliseconds.
struct Millis(u64);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn labels() -> Labels {
        Labels {
            service: "school".to_owned(),
            environment: "prod".to_owned(),
        }
    }

    /// The line about what came since the last one.
    fn since(last: &mut Totals, threads: &[Arc<Counters>]) -> String {
        let (now, mut text) = (Totals::of(threads), String::new());
        let time = UNIX_EPOCH + Duration::from_millis(1_795_478_400_007);
        line(&mut text, &labels(), last, &now, time);
        *last = now;
        assert_eq!(text.pop(), Some('\n'));
        assert!(!text.contains('\n'));
        text
    }

    fn parsed(line: &str) -> Value {
        serde_json::from_str(line).unwrap()
    }

    /// Ends one request.
    fn end(counters: &Counters, status: u16, end: TerminationCode, millis: u64) {
        counters.began.add(1);
        counters.finished(status, end, None, Duration::from_millis(millis));
    }

    #[test]
    fn a_minute_as_one_line() {
        let threads = [Arc::<Counters>::default(), Arc::default()];
        for millis in [3, 3, 40, 700] {
            end(&threads[0], 200, TerminationCode::Complete, millis);
        }
        end(&threads[1], 500, TerminationCode::Complete, 12);
        end(&threads[1], 502, TerminationCode::UpstreamWaitClosed, 5);
        end(&threads[1], 503, TerminationCode::InFlightLimit, 1_000);
        threads[1].began.add(2);
        threads[0].upstream_opened.add(4);
        threads[0].held.add(1);
        threads[1].retried(super::super::RetryReason::Unsent);
        let mut last = Totals::default();
        insta::assert_snapshot!(since(&mut last, &threads));
        insta::assert_snapshot!("a_minute_without_requests", since(&mut last, &threads));
    }

    #[test]
    fn the_largest_line_is_far_below_the_limits() {
        let threads = [Arc::<Counters>::default()];
        for (index, code) in TerminationCode::ALL.iter().enumerate() {
            threads[0].errors.of(index).add(u64::from(u32::MAX));
            assert!(code.code().len() < 200);
        }
        for bin in 0..BINS {
            threads[0].latency_bins.of(bin).add(u64::from(u32::MAX));
        }
        let line = since(&mut Totals::default(), &threads);
        // An event of CloudWatch's logs has 256 KiB, the buffer of a container's log driver 16 KiB.
        assert!(line.len() < 8 * 1024, "{}", line.len());
        let line = parsed(&line);
        let names = line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
            .as_array()
            .unwrap();
        assert_eq!(names.len(), COUNTS.len() + 2 + ENDS);
        assert!(names.len() <= 100);
        assert_eq!(line["Latency"]["Values"].as_array().unwrap().len(), BINS);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_counted_twice(
            requests in prop::collection::vec((0..ENDS, 0usize..3, 0u64..200_000, any::<bool>()), 1..200),
        ) {
            let threads = [Arc::<Counters>::default(), Arc::default(), Arc::default()];
            let mut last = Totals::default();
            let (mut finished, mut failed, mut timed) = (0, 0, 0);
            let mut add = |line: &Value| {
                finished += line["Requests"].as_u64().unwrap();
                let by_end: u64 = TerminationCode::ALL.iter()
                    .filter_map(|end| line[format!("Errors.{}", end.code())].as_u64()).sum();
                assert_eq!(line["Errors"], by_end);
                failed += by_end;
                if let Some(latency) = line.get("Latency") {
                    let counts = latency["Counts"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap());
                    assert_eq!(counts.clone().sum::<u64>(), latency["Count"]);
                    timed += counts.sum::<u64>();
                }
            };
            for (index, thread, millis, write) in &requests {
                let code = TerminationCode::ALL[*index];
                end(&threads[*thread], code.status().unwrap_or(200), code, *millis);
                if *write {
                    add(&parsed(&since(&mut last, &threads)));
                }
            }
            add(&parsed(&since(&mut last, &threads)));
            let expected = requests.iter().filter(|(index, ..)| {
                TerminationCode::ALL[*index].status().is_some_and(|status| status >= 500)
            });
            prop_assert_eq!((finished, timed), (requests.len() as u64, requests.len() as u64));
            prop_assert_eq!(failed, expected.count() as u64);
        }
    }
}
