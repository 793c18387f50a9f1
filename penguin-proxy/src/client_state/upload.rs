//! State of a request body on its way in: progress, end, and whether the client keeps the minimum rate.
//!
//! Only time in which the app would accept more data counts against the client.

use std::cell::{Cell, RefCell};
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::reject_reason::RejectReason;

/// How far a request body is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum UploadState {
    /// It is on its way.
    Underway,
    /// It has come, or there was none.
    #[default]
    Complete,
    /// It is larger than allowed.
    TooLarge,
    /// It came too slowly.
    TooSlow,
    /// Its framing is broken.
    Refused(RejectReason),
    /// The client left.
    Broken,
}

/// The body of the request that is being answered.
#[derive(Debug, Default)]
pub(crate) struct Upload {
    state: Cell<UploadState>,
    bytes: Cell<u64>,
    /// Waiting for the client since then.
    waiting_since: Cell<Option<Instant>>,
    /// Waited for the client in the present window, before that.
    waited: Cell<Duration>,
    /// Bytes that came in the present window.
    window_bytes: Cell<u64>,
    too_slow: Cell<bool>,
    /// Who waits for the client: with a shared connection to the app it is not the task that answers.
    waiting: RefCell<Option<Waker>>,
}

impl Upload {
    /// A new request, with a body or without.
    pub(crate) fn began(&self, has_body: bool) {
        self.state.set(if has_body {
            UploadState::Underway
        } else {
            UploadState::Complete
        });
        self.bytes.set(0);
        self.waiting_since.set(None);
        self.waited.set(Duration::ZERO);
        self.window_bytes.set(0);
        self.too_slow.set(false);
    }

    /// The app would take more, the client has sent nothing.
    pub(crate) fn waiting_for_client(&self, waker: &Waker) {
        if self.waiting_since.get().is_none() {
            self.waiting_since.set(Some(Instant::now()));
        }
        let mut waiting = self.waiting.borrow_mut();
        if !waiting.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *waiting = Some(waker.clone());
        }
    }

    /// Gives whoever waits for the client a turn.
    pub(crate) fn wake(&self) {
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }

    /// Bytes came; gives their total.
    pub(crate) fn received(&self, bytes: u64) -> u64 {
        if let Some(since) = self.waiting_since.take() {
            self.waited.set(self.waited.get() + since.elapsed());
        }
        self.window_bytes.set(self.window_bytes.get() + bytes);
        self.bytes.set(self.bytes.get() + bytes);
        self.bytes.get()
    }

    /// Nothing more is waited for. The first call counts: what follows is a consequence.
    pub(crate) fn ended(&self, state: UploadState) {
        self.waiting_since.set(None);
        if self.state.get() == UploadState::Underway {
            self.state.set(state);
        }
    }

    pub(crate) fn state(&self) -> UploadState {
        self.state.get()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    pub(crate) fn is_too_slow(&self) -> bool {
        self.too_slow.get()
    }

    /// Judges a window of waiting once it is full. True when the client is newly found too slow.
    pub(crate) fn check_rate(&self, now: Instant, window: Duration, least: u64) -> bool {
        let waiting = self.waiting_since.get();
        let waited =
            self.waited.get() + waiting.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        if waited < window || self.too_slow.get() {
            return false;
        }
        let slow = self.window_bytes.get() < least;
        self.too_slow.set(slow);
        self.waiting_since.set(waiting.map(|_| now));
        self.waited.set(Duration::ZERO);
        self.window_bytes.set(0);
        slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(10);

    #[test]
    fn upload_rate_counts_only_time_spent_waiting_for_the_client() {
        let upload = Upload::default();
        upload.began(true);
        let start = Instant::now();
        assert!(
            !upload.check_rate(start + WINDOW * 9, WINDOW, 100),
            "nobody waits for the client"
        );
        upload.received(99);
        upload.waiting_for_client(Waker::noop());
        assert!(!upload.check_rate(start, WINDOW, 100), "the window is not full");
        assert!(upload.check_rate(start + WINDOW * 2, WINDOW, 100));
        assert!(upload.is_too_slow());
        upload.began(true);
        upload.received(100);
        upload.waiting_for_client(Waker::noop());
        assert!(!upload.check_rate(start + WINDOW * 2, WINDOW, 100));
        assert!(
            upload.check_rate(start + WINDOW * 4, WINDOW, 100),
            "a good start is no credit for ever"
        );
    }

    #[test]
    fn first_upload_end_is_kept() {
        let upload = Upload::default();
        upload.began(true);
        upload.ended(UploadState::TooLarge);
        upload.ended(UploadState::Broken);
        assert_eq!(upload.state(), UploadState::TooLarge);
    }
}
