//! Counters: one set per serving thread, summed on request.

pub(crate) mod emf;
mod latency_bins;

use std::array;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use self::emf::{Labels, table};
use self::latency_bins::{BINS, bin};
use crate::reject_reason::RejectReason;
use crate::termination_code::TerminationCode;

/// A number that only one thread writes and any may read.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Adds; a plain load and store suffice, because a counter belongs to one thread.
    pub(crate) fn add(&self, amount: u64) {
        self.0.store(
            self.0.load(Ordering::Relaxed).wrapping_add(amount),
            Ordering::Relaxed,
        );
    }

    /// Sets.
    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Upper bounds of the latency histogram in microseconds, as long as they are useful for a sidecar.
pub(crate) const BUCKETS: [u64; 12] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000, 30_000_000,
];

/// Counters for each of some cases.
#[derive(Debug)]
pub(crate) struct Tally<const CASES: usize>([Counter; CASES]);

impl<const CASES: usize> Default for Tally<CASES> {
    fn default() -> Self {
        Self(array::from_fn(|_| Counter::default()))
    }
}

impl<const CASES: usize> Tally<CASES> {
    pub(crate) fn of(&self, case: usize) -> &Counter {
        &self.0[case]
    }

    /// All cases together.
    pub(crate) fn sum(&self) -> u64 {
        self.0.iter().map(Counter::get).sum()
    }
}

/// Ends that are a limit's doing, with the name of the limit.
pub(crate) const LIMITS: [(&str, TerminationCode); 4] = [
    ("rate", TerminationCode::RateLimit),
    ("in_flight", TerminationCode::InFlightLimit),
    ("connections", TerminationCode::ConnectionLimit),
    ("held", TerminationCode::HoldFull),
];

/// Why a request was sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryReason {
    /// The connection was a reused one, and the app had closed it.
    Reused,
    /// A fresh connection died before it answered.
    Fresh,
    /// The app refused the stream of HTTP/2.
    Refused,
    /// Nothing of it had been sent.
    Unsent,
}

impl RetryReason {
    pub(crate) const ALL: [Self; 4] = [Self::Reused, Self::Fresh, Self::Refused, Self::Unsent];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Reused => "reused",
            Self::Fresh => "fresh",
            Self::Refused => "refused",
            Self::Unsent => "unsent",
        }
    }
}

/// The numbers of one serving thread.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) connections_opened: Counter,
    pub(crate) connections_closed: Counter,
    pub(crate) connections_refused: Counter,
    pub(crate) hibernated: Counter,
    /// Requests by class of their status: 1xx at 0 … 5xx at 4.
    pub(crate) by_class: [Counter; 5],
    pub(crate) began: Counter,
    pub(crate) ended: Counter,
    pub(crate) health: Counter,
    pub(crate) latency: [Counter; BUCKETS.len() + 1],
    pub(crate) latency_micros: Counter,
    /// The same latencies in more bins.
    pub(crate) latency_bins: Tally<BINS>,
    pub(crate) bytes_in: Counter,
    pub(crate) bytes_out: Counter,
    pub(crate) upstream_opened: Counter,
    pub(crate) upstream_reused: Counter,
    pub(crate) upstream_idle: Counter,
    pub(crate) connect_failures: Counter,
    pub(crate) retries: Tally<{ RetryReason::ALL.len() }>,
    pub(crate) held: Counter,
    /// Finished requests by how they ended.
    pub(crate) by_end: Tally<{ TerminationCode::ALL.len() }>,
    /// Those of them with a 5xx status.
    pub(crate) errors: Tally<{ TerminationCode::ALL.len() }>,
    /// Refused requests by the rule that they broke.
    pub(crate) by_rule: Tally<{ RejectReason::ALL.len() }>,
}

impl Counters {
    /// Counts a request that is sent again.
    pub(crate) fn retried(&self, reason: RetryReason) {
        self.retries.of(reason as usize).add(1);
    }

    /// Counts a finished request.
    pub(crate) fn finished(
        &self,
        status: u16,
        end: TerminationCode,
        rule: Option<RejectReason>,
        took: Duration,
    ) {
        self.ended.add(1);
        self.by_end.of(end as usize).add(1);
        if let Some(rule) = rule {
            self.by_rule.of(rule as usize).add(1);
        }
        let class = usize::from((status / 100).clamp(1, 5)) - 1;
        self.by_class[class].add(1);
        if class == 4 {
            self.errors.of(end as usize).add(1);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS
            .iter()
            .position(|bound| micros <= *bound)
            .unwrap_or(BUCKETS.len());
        self.latency[bucket].add(1);
        self.latency_micros.add(micros);
        self.latency_bins.of(bin(micros)).add(1);
    }
}

/// Client connections that are open now.
pub(crate) fn open_connections(counters: &[Arc<Counters>]) -> u64 {
    counters
        .iter()
        .map(|c| {
            c.connections_opened
                .get()
                .saturating_sub(c.connections_closed.get())
        })
        .sum()
}
