//! Report of a load: outcome of every request, and queries for tests.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use super::Plan;

/// Outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A complete response.
    Decision {
        /// Its status.
        status: u16,
        /// It has `Retry-After`.
        retry_after: bool,
        /// It closes the connection.
        last: bool,
    },
    /// The request was sent at least partly, and no complete response arrived.
    Lost {
        /// Phase of the exchange.
        phase: Phase,
        /// Description of the end.
        how: String,
    },
    /// No connection could be opened.
    Refused {
        /// The error.
        why: String,
    },
}

/// Phase of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The request is not completely sent.
    Sending,
    /// The request is sent; nothing was received.
    Waiting,
    /// Part of the response head was received.
    Head,
    /// The head was received; the body is incomplete.
    Body,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// Due time; waiting times count from here.
    pub(crate) due: Instant,
    /// Time at which its connection was opened.
    pub(crate) opened: Instant,
    /// Whether it is the first request of its connection.
    pub(crate) first: bool,
    /// Time of the outcome.
    pub(crate) ended: Instant,
    /// Outcome.
    pub(crate) outcome: Outcome,
}

impl Sample {
    /// Returns true for status 200.
    pub(crate) fn is_ok(&self) -> bool {
        matches!(self.outcome, Outcome::Decision { status: 200, .. })
    }

    /// Returns the time from due to outcome.
    pub(crate) fn waited(&self) -> Duration {
        self.ended.duration_since(self.due)
    }

    /// Returns true unless it is the unanswered first request of its connection, which may not have been accepted.
    fn was_surely_accepted(&self) -> bool {
        let silent = matches!(
            self.outcome,
            Outcome::Lost {
                phase: Phase::Sending | Phase::Waiting,
                ..
            }
        );
        !(silent && self.first)
    }
}

/// The report of a load.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) samples: Vec<Sample>,
    /// Connections that the peer closed between requests, which is not a loss.
    pub(crate) closed_while_idle: u64,
    began: Instant,
    /// The start time on the system clock.
    began_on_the_clock: SystemTime,
    per_second: u32,
}

impl Report {
    pub(super) fn begin(plan: &Plan) -> Self {
        Self {
            samples: Vec::new(),
            closed_while_idle: 0,
            began: Instant::now(),
            began_on_the_clock: SystemTime::now(),
            per_second: plan.per_second,
        }
    }

    pub(super) fn end(&mut self) {
        self.samples.sort_by_key(|sample| sample.due);
    }

    /// Converts a system time to an instant, at least the start of the load.
    pub(crate) fn moment(&self, clock: SystemTime) -> Instant {
        self.began + clock.duration_since(self.began_on_the_clock).unwrap_or_default()
    }

    /// Returns the number of 200 responses.
    pub(crate) fn ok(&self) -> usize {
        self.samples.iter().filter(|sample| sample.is_ok()).count()
    }

    /// Returns complete responses other than 200.
    pub(crate) fn refused(&self) -> Vec<&Sample> {
        self.samples
            .iter()
            .filter(|sample| matches!(sample.outcome, Outcome::Decision { .. }) && !sample.is_ok())
            .collect()
    }

    /// Returns requests on accepted connections without a complete response.
    pub(crate) fn lost(&self) -> Vec<&Sample> {
        self.samples
            .iter()
            .filter(|sample| matches!(sample.outcome, Outcome::Lost { .. }))
            .collect()
    }

    /// Returns lost requests of a service that accepted connections until `closed`.
    ///
    /// The engine's port forwarder accepts connections even if the container no longer does, and then closes them. So a
    /// first request on a connection opened after `closed` counts as refused if no byte was received.
    pub(crate) fn lost_while_accepting(&self, closed: Instant) -> Vec<&Sample> {
        let mut lost = self.lost();
        lost.retain(|sample| sample.opened < closed || sample.was_surely_accepted());
        lost
    }

    /// Returns the time of the first 200 after `moment`.
    pub(crate) fn first_ok_after(&self, moment: Instant) -> Option<Instant> {
        self.samples
            .iter()
            .filter(|sample| sample.is_ok())
            .map(|sample| sample.ended)
            .filter(|at| *at > moment)
            .min()
    }

    /// Returns the longest time without a 200.
    pub(crate) fn longest_silence(&self) -> Duration {
        let mut ends: Vec<_> = self
            .samples
            .iter()
            .filter(|sample| sample.is_ok())
            .map(|sample| sample.ended)
            .collect();
        ends.sort_unstable();
        ends.windows(2)
            .map(|pair| pair[1] - pair[0])
            .max()
            .unwrap_or_default()
    }

    /// Returns the longest waiting time of a 200.
    pub(crate) fn longest_wait(&self) -> Duration {
        self.percentile(100)
    }

    /// Returns a percentile of the waiting times of 200s.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut waits: Vec<_> = self
            .samples
            .iter()
            .filter(|sample| sample.is_ok())
            .map(Sample::waited)
            .collect();
        waits.sort_unstable();
        let rank = (waits.len() * percent).div_ceil(100).saturating_sub(1);
        waits.get(rank).copied().unwrap_or_default()
    }

    /// Formats `samples` with times since the start, for error messages.
    pub(crate) fn text(&self, samples: &[&Sample]) -> String {
        let line = |sample: &&Sample| {
            format!(
                "\n  at {:>9.3?} after {:>9.3?}, {} of a connection {:.3?} old: {:?}",
                sample.due.duration_since(self.began),
                sample.waited(),
                if sample.first { "first" } else { "later request" },
                sample.due.saturating_duration_since(sample.opened),
                sample.outcome,
            )
        };
        let more = samples.len().saturating_sub(20);
        let rest = if more > 0 {
            format!("\n  and {more} more")
        } else {
            String::new()
        };
        samples.iter().take(20).map(line).collect::<String>() + &rest
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fates = BTreeMap::new();
        for sample in &self.samples {
            let fate = match &sample.outcome {
                Outcome::Decision { status, .. } => status.to_string(),
                Outcome::Lost { .. } => "no complete response".to_owned(),
                Outcome::Refused { .. } => "refused".to_owned(),
            };
            *fates.entry(fate).or_insert(0_usize) += 1;
        }
        write!(f, "{} requests at {}/s:", self.samples.len(), self.per_second)?;
        for (fate, count) in fates {
            write!(f, " {count} × {fate},")?;
        }
        write!(
            f,
            " median {:.1?}, p99 {:.1?}, longest wait {:.1?}, longest silence {:.1?}",
            self.percentile(50),
            self.percentile(99),
            self.longest_wait(),
            self.longest_silence()
        )
    }
}
