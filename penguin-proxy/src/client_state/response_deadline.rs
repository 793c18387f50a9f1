//! Time limit of the app's response: until its first byte, then between bytes.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// When the app must have sent the next byte of its response.
#[derive(Debug, Default)]
pub(crate) struct ResponseDeadline {
    at: Cell<Option<Instant>>,
    timeout: Cell<Duration>,
    missed: Cell<bool>,
    started: Cell<bool>,
}

impl ResponseDeadline {
    /// A new request: no response yet, and no limit.
    pub(super) fn reset(&self) {
        self.missed.set(false);
        self.started.set(false);
    }

    /// Requires a byte within `timeout`, counted from now or from the last byte of the request body.
    pub(crate) fn set(&self, timeout: Duration) {
        self.timeout.set(timeout);
        self.at.set(Some(Instant::now() + timeout));
    }

    /// Starts the time again, because bytes of the request body came.
    pub(super) fn extend(&self) {
        if self.at.get().is_some() {
            self.set(self.timeout.get());
        }
    }

    pub(super) fn clear(&self) {
        self.at.set(None);
    }

    /// The head of the response came.
    pub(crate) fn response_started(&self) {
        self.at.set(None);
        self.started.set(true);
    }

    pub(crate) fn has_response_started(&self) -> bool {
        self.started.get()
    }

    /// Requires the next byte within `timeout`, unless that is already required.
    pub(crate) fn expect_more(&self, timeout: Duration) {
        if self.at.get().is_none() {
            self.set(timeout);
        }
    }

    /// More of the response came.
    pub(crate) fn response_continued(&self) {
        self.at.set(None);
        self.missed.set(false);
    }

    pub(crate) fn is_missed(&self) -> bool {
        self.missed.get()
    }

    /// Marks the deadline as missed. Returns true if it newly is.
    pub(crate) fn check(&self, now: Instant) -> bool {
        if self.at.get().is_some_and(|at| at <= now) {
            self.at.set(None);
            self.missed.set(true);
            return true;
        }
        false
    }
}
