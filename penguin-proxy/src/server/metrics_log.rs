//! Metrics in the log: a line each minute, and a last one when all requests are finished.

use std::convert::Infallible;
use std::future::pending;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::{Instant, sleep};

use crate::context::Shared;
use crate::metrics::emf::{Totals, line};

/// Milliseconds between two lines.
const MINUTE: u64 = 60_000;
/// A timer of the system's and its clock do not agree to the millisecond.
const SLACK: u64 = 1_000;

/// What the lines so far have told.
pub(super) struct MetricsLog<'a> {
    shared: &'a Shared,
    told: Totals,
    since: Instant,
}

impl<'a> MetricsLog<'a> {
    pub(super) fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            told: Totals::default(),
            since: Instant::now(),
        }
    }

    /// Writes a line whenever a minute of the clock ends, so that each line belongs to one of CloudWatch's minutes.
    pub(super) async fn run(&mut self, clock: impl Fn() -> SystemTime) -> Infallible {
        if !self.shared.config.metrics_log.enabled {
            return pending().await;
        }
        loop {
            sleep(until_next_minute(clock())).await;
            self.write(clock());
        }
    }

    /// Writes what happened since the last line. Where the log has no room for that, the next line tells it.
    pub(super) fn write(&mut self, time: SystemTime) {
        if !self.shared.config.metrics_log.enabled {
            return;
        }
        let (now, mut text) = (Totals::of(&self.shared.counters), String::new());
        // In the middle of what is told, and so in the minute in which it happened.
        let time = time - self.since.elapsed() / 2;
        line(
            &mut text,
            &self.shared.config.metrics_log.labels,
            &self.told,
            &now,
            time,
        );
        if self.shared.log.push(&text) {
            (self.told, self.since) = (now, Instant::now());
        }
    }
}

/// Time to the end of the minute; of the next one, if this one is just about to end.
fn until_next_minute(now: SystemTime) -> Duration {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let left = MINUTE - (since.as_secs() % 60 * 1_000 + u64::from(since.subsec_millis()));
    Duration::from_millis(if left < SLACK { left + MINUTE } else { left })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, mpsc};

    use serde_json::Value;

    use super::*;
    use crate::access_log::AccessLog;
    use crate::cli::defaults;
    use crate::config::Config;
    use crate::log_writer::tests::Gated;
    use crate::resolver::Lookup;
    use crate::termination_code::TerminationCode;

    fn shared(log: AccessLog) -> Arc<Shared> {
        let mut arguments = defaults();
        arguments.metrics_log = "emf".into();
        Shared::new(Config::new(&arguments).unwrap(), 80, 1, Lookup::system(), log)
    }

    fn request(shared: &Shared) {
        shared.counters[0].began.add(1);
        shared.counters[0].finished(200, TerminationCode::Complete, None, Duration::ZERO);
    }

    fn lines(text: &str) -> impl Iterator<Item = Value> {
        text.lines().map(|line| serde_json::from_str(line).unwrap())
    }

    #[test]
    fn lines_belong_to_minutes_of_the_clock() {
        for (past, left) in [
            (0, 60_000),
            (1, 59_999),
            (30_000, 30_000),
            (59_000, 1_000),
            (59_999, 60_001),
        ] {
            let now = UNIX_EPOCH + Duration::from_hours(1) + Duration::from_millis(past);
            assert_eq!(until_next_minute(now), Duration::from_millis(left), "{past}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_each_minute() {
        let (open, gate) = mpsc::channel();
        drop(open);
        let taken = Arc::<Mutex<Vec<u8>>>::default();
        let output = Gated {
            gate,
            taken: Arc::clone(&taken),
        };
        let shared = shared(AccessLog::new(output, true).unwrap());
        let (start, first) = (Instant::now(), 1_795_478_400_000);
        let clock = || UNIX_EPOCH + Duration::from_millis(first + 20_000) + start.elapsed();
        let mut log = MetricsLog::new(&shared);
        request(&shared);
        let minutes = tokio::time::timeout(Duration::from_secs(170), log.run(clock)).await;
        assert!(minutes.is_err());
        shared
            .log
            .finish(std::time::Instant::now() + Duration::from_mins(1));
        let text = String::from_utf8(taken.lock().unwrap().clone()).unwrap();
        let told: Vec<_> = lines(&text)
            .map(|line| {
                (
                    line["_aws"]["Timestamp"].as_u64().unwrap() - first,
                    line["Requests"].as_u64().unwrap(),
                )
            })
            .collect();
        assert_eq!(told, [(40_000, 1), (90_000, 0), (150_000, 0)]);
    }

    #[test]
    fn a_line_without_room_is_told_by_the_next() {
        let (open, gate) = mpsc::channel();
        let taken = Arc::<Mutex<Vec<u8>>>::default();
        let output = Gated {
            gate,
            taken: Arc::clone(&taken),
        };
        let shared = shared(AccessLog::new(output, true).unwrap());
        let mut log = MetricsLog::new(&shared);
        let mut requests = 0;
        // Nobody reads: the log fills up, and nothing waits for it.
        while shared.log.dropped() < 3 {
            request(&shared);
            requests += 1;
            log.write(SystemTime::now());
        }
        drop(open);
        shared
            .log
            .finish(std::time::Instant::now() + Duration::from_mins(1));
        log.write(SystemTime::now());
        shared
            .log
            .finish(std::time::Instant::now() + Duration::from_mins(1));
        let text = String::from_utf8(taken.lock().unwrap().clone()).unwrap();
        let told = lines(&text).map(|line| line["Requests"].as_u64().unwrap());
        assert_eq!(told.sum::<u64>(), requests);
        // Three were not told at once, and the last line told them.
        assert_eq!(text.lines().count() as u64 + 3, requests + 1);
    }
}
