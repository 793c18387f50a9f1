//! Recent concurrency: how many connections are in use, and were at most.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Concurrency counts as recent for one to two of these.
const WINDOW: Duration = Duration::from_secs(5);

/// Connections in use, now and in the recent past.
#[derive(Debug, Default)]
pub(super) struct Usage(Rc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    now: Cell<usize>,
    /// In this window and in the one before.
    peaks: Cell<[usize; 2]>,
    window: Cell<Option<Instant>>,
}

/// Counts a connection as in use until it is dropped.
#[derive(Debug)]
pub(super) struct InUse(Rc<Counts>);

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.now.set(self.0.now.get() - 1);
    }
}

impl Usage {
    /// Counts a connection that is about to be used.
    pub(super) fn enter(&self) -> InUse {
        let Self(counts) = self;
        counts.now.set(counts.now.get() + 1);
        let [peak, before] = counts.peaks.get();
        counts.peaks.set([peak.max(counts.now.get()), before]);
        InUse(Rc::clone(counts))
    }

    /// Connections in use.
    pub(super) fn now(&self) -> usize {
        self.0.now.get()
    }

    /// The most connections that were in use at once.
    pub(super) fn recent_peak(&self) -> usize {
        let [peak, before] = self.0.peaks.get();
        peak.max(before)
    }

    /// Begins another window if this one is over.
    pub(super) fn advance(&self, now: Instant) {
        let Self(counts) = self;
        let began = counts.window.get();
        if began.is_none_or(|began| now.saturating_duration_since(began) >= WINDOW) {
            counts.window.set(Some(now));
            counts.peaks.set([counts.now.get(), counts.peaks.get()[0]]);
        }
    }
}
