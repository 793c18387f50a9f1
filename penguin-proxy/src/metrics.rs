//! Numbers about what the proxy does. One set per serving thread, added up when somebody asks.

mod exposition;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub(crate) use self::exposition::exposition;

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

/// The numbers of one serving thread.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) connections_opened: Counter,
    pub(crate) connections_closed: Counter,
    pub(crate) connections_refused: Counter,
    pub(crate) resting: Counter,
    /// Requests by class of their status: 1xx at 0 … 5xx at 4.
    pub(crate) by_class: [Counter; 5],
    pub(crate) began: Counter,
    pub(crate) ended: Counter,
    pub(crate) health: Counter,
    pub(crate) latency: [Counter; BUCKETS.len() + 1],
    pub(crate) latency_micros: Counter,
    pub(crate) bytes_in: Counter,
    pub(crate) bytes_out: Counter,
    pub(crate) upstream_opened: Counter,
    pub(crate) upstream_reused: Counter,
    pub(crate) upstream_idle: Counter,
    pub(crate) connect_failures: Counter,
    pub(crate) retries: Counter,
    pub(crate) held: Counter,
    pub(crate) sheds: Counter,
}

impl Counters {
    /// Counts a finished request.
    pub(crate) fn finished(&self, status: u16, took: Duration) {
        self.ended.add(1);
        let class = usize::from((status / 100).clamp(1, 5)) - 1;
        self.by_class[class].add(1);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS
            .iter()
            .position(|bound| micros <= *bound)
            .unwrap_or(BUCKETS.len());
        self.latency[bucket].add(1);
        self.latency_micros.add(micros);
    }
}

/// Client connections that are open now.
pub(crate) fn open_connections(counters: &[Counters]) -> u64 {
    counters
        .iter()
        .map(|c| {
            c.connections_opened
                .get()
                .saturating_sub(c.connections_closed.get())
        })
        .sum()
}

/// Requests so far, without those for the health path.
pub(crate) fn requests(counters: &[Counters]) -> u64 {
    counters.iter().map(|c| c.began.get()).sum()
}
