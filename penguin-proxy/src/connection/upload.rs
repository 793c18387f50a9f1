//! How a request's body comes in: how far it is, how it ended, and whether the client keeps up a minimum rate.
//!
//! Only time in which the app would have taken more counts against the client.

use std::cell::{Cell, RefCell};
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::request_rules::Refusal;

/// How far a request's body is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum UploadEnd {
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
    Refused(Refusal),
    /// The client left.
    Broken,
}

/// The body of the request that is being answered.
#[derive(Debug, Default)]
pub(crate) struct Upload {
    end: Cell<UploadEnd>,
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
    pub(super) fn began(&self, has_body: bool) {
        self.end.set(if has_body {
            UploadEnd::Underway
        } else {
            UploadEnd::Complete
        });
        self.bytes.set(0);
        self.waiting_since.set(None);
        self.waited.set(Duration::ZERO);
        self.window_bytes.set(0);
        self.too_slow.set(false);
    }

    /// The app would take more, the client has sent nothing.
    pub(crate) fn starved(&self, waker: &Waker) {
        if self.waiting_since.get().is_none() {
            self.waiting_since.set(Some(Instant::now()));
        }
        let mut waiting = self.waiting.borrow_mut();
        if !waiting.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *waiting = Some(waker.clone());
        }
    }

    /// Gives whoever waits for the client a turn.
    pub(super) fn wake(&self) {
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }

    /// Bytes came; gives their total.
    pub(super) fn fed(&self, bytes: u64) -> u64 {
        if let Some(since) = self.waiting_since.take() {
            self.waited.set(self.waited.get() + since.elapsed());
        }
        self.window_bytes.set(self.window_bytes.get() + bytes);
        self.bytes.set(self.bytes.get() + bytes);
        self.bytes.get()
    }

    /// Nothing more is waited for. The first word counts: what follows is a consequence.
    pub(super) fn ended(&self, end: UploadEnd) {
        self.waiting_since.set(None);
        if self.end.get() == UploadEnd::Underway {
            self.end.set(end);
        }
    }

    pub(super) fn end(&self) -> UploadEnd {
        self.end.get()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    pub(crate) fn is_too_slow(&self) -> bool {
        self.too_slow.get()
    }

    /// Judges a window of waiting once it is full. True when the client is newly found too slow.
    pub(super) fn judge(&self, now: Instant, window: Duration, least: u64) -> bool {
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
    fn an_upload_is_judged_by_what_came_while_it_was_waited_for() {
        let upload = Upload::default();
        upload.began(true);
        let start = Instant::now();
        assert!(
            !upload.judge(start + WINDOW * 9, WINDOW, 100),
            "nobody waits for the client"
        );
        upload.fed(99);
        upload.starved(Waker::noop());
        assert!(!upload.judge(start, WINDOW, 100), "the window is not full");
        assert!(upload.judge(start + WINDOW * 2, WINDOW, 100));
        assert!(upload.is_too_slow());
        upload.began(true);
        upload.fed(100);
        upload.starved(Waker::noop());
        assert!(!upload.judge(start + WINDOW * 2, WINDOW, 100));
        assert!(
            upload.judge(start + WINDOW * 4, WINDOW, 100),
            "a good start is no credit for ever"
        );
    }

    #[test]
    fn the_first_end_is_the_cause() {
        let upload = Upload::default();
        upload.began(true);
        upload.ended(UploadEnd::TooLarge);
        upload.ended(UploadEnd::Broken);
        assert_eq!(upload.end(), UploadEnd::TooLarge);
    }
}
