//! The account of a load: what became of every request, and the few questions that the tests ask of it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use super::Plan;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A complete answer.
    Answered {
        /// Its status.
        status: u16,
        /// It says when to come again.
        retry_after: bool,
        /// It is the last on its connection.
        last: bool,
    },
    /// It was sent on an open connection, wholly or in part, and no complete answer came.
    Lost {
        /// How far it had come.
        phase: Phase,
        /// What was seen of the end.
        how: String,
    },
    /// There was no connection to send it on. Whoever asks knows at once that nothing has happened.
    Refused {
        /// What the system said.
        why: String,
    },
}

/// How far an exchange has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The request is not sent to its end.
    Sending,
    /// The request is out, nothing has come back.
    Waiting,
    /// Part of the answer's head is there.
    Head,
    /// The head is there, the body is not to its end.
    Body,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// When it should have been sent. Waiting times count from here.
    pub(crate) due: Instant,
    /// When its connection was opened.
    pub(crate) opened: Instant,
    /// Nothing had been answered on its connection before.
    pub(crate) first: bool,
    /// When its fate was known.
    pub(crate) ended: Instant,
    /// Its fate.
    pub(crate) outcome: Outcome,
}

impl Sample {
    /// Answered with 200.
    pub(crate) fn is_ok(&self) -> bool {
        matches!(self.outcome, Outcome::Answered { status: 200, .. })
    }

    /// From when it was due to its end.
    pub(crate) fn waited(&self) -> Duration {
        self.ended.duration_since(self.due)
    }

    /// Something came back, or could have: it is not the unanswered first request of its connection.
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

/// The whole account.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) samples: Vec<Sample>,
    /// Connections that the other side closed between two requests: its good right, and no loss.
    pub(crate) closed_while_idle: u64,
    began: Instant,
    /// The same moment on the clock that logs and container engines use.
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

    /// A time of day as a moment of this load. Moments before its begin count as its begin.
    pub(crate) fn moment(&self, clock: SystemTime) -> Instant {
        self.began + clock.duration_since(self.began_on_the_clock).unwrap_or_default()
    }

    /// Answers with 200.
    pub(crate) fn ok(&self) -> usize {
        self.samples.iter().filter(|sample| sample.is_ok()).count()
    }

    /// Complete answers other than 200.
    pub(crate) fn refusals(&self) -> Vec<&Sample> {
        self.samples
            .iter()
            .filter(|sample| matches!(sample.outcome, Outcome::Answered { .. }) && !sample.is_ok())
            .collect()
    }

    /// Requests that were sent on an accepted connection and got no complete answer.
    pub(crate) fn lost(&self) -> Vec<&Sample> {
        self.samples
            .iter()
            .filter(|sample| matches!(sample.outcome, Outcome::Lost { .. }))
            .collect()
    }

    /// The same, of a service that took connections until `closed` and no longer.
    ///
    /// A port that a container engine publishes is accepted by the engine's forwarder, also when nobody is behind it
    /// any more: what would be "connection refused" looks like a connection that closes without a word. So the first
    /// request of a connection opened after `closed` is not lost but refused, provided that not one byte came back.
    pub(crate) fn lost_while_accepting(&self, closed: Instant) -> Vec<&Sample> {
        let mut lost = self.lost();
        lost.retain(|sample| sample.opened < closed || sample.was_surely_accepted());
        lost
    }

    /// The first answer with 200 that came after `moment`.
    pub(crate) fn first_ok_after(&self, moment: Instant) -> Option<Instant> {
        self.samples
            .iter()
            .filter(|sample| sample.is_ok())
            .map(|sample| sample.ended)
            .filter(|at| *at > moment)
            .min()
    }

    /// The longest time in which no answer with 200 came.
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

    /// The longest time that a request waited for its 200.
    pub(crate) fn longest_wait(&self) -> Duration {
        self.percentile(100)
    }

    /// Waiting time that so many in a hundred of the 200s did not exceed.
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

    /// `samples`, one a line, with the time since the load began; for the message of a failed test.
    pub(crate) fn tell(&self, samples: &[&Sample]) -> String {
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
                Outcome::Answered { status, .. } => status.to_string(),
                Outcome::Lost { .. } => "no complete answer".to_owned(),
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
