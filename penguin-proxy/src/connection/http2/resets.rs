//! How many requests a client may begin and cancel.
//!
//! Cancelling costs the client nothing and the app a request, and no number of streams at once bounds it. Clients that mean well cancel too:
//! a reader who goes on to the next page, a watch that is no longer needed. So every answer that is taken to its end makes up
//! for one that was not, and time makes up for a few.

use std::time::Instant;

/// Cancelled requests that are forgiven at once.
const MOST: u32 = 100;
/// Cancelled requests that a second makes up for.
const PER_SECOND: u64 = 10;

/// What one connection has left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resets {
    left: u32,
    since: Instant,
}

impl Resets {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            left: MOST,
            since: now,
        }
    }

    /// A request was answered to its end.
    pub(super) fn completed(&mut self) {
        self.left = (self.left + 1).min(MOST);
    }

    /// A request was cancelled. False when there have been too many.
    pub(super) fn cancelled(&mut self, now: Instant) -> bool {
        let seconds = now.saturating_duration_since(self.since).as_secs();
        if seconds > 0 {
            let made_up = u32::try_from(seconds.saturating_mul(PER_SECOND)).unwrap_or(MOST);
            self.left = self.left.saturating_add(made_up).min(MOST);
            self.since = now;
        }
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_flood_is_found_out() {
        let now = Instant::now();
        let mut resets = Resets::new(now);
        let cancelled = (1..1000).find(|_| !resets.cancelled(now));
        assert_eq!(cancelled, Some(100));
    }

    #[test]
    fn who_takes_half_of_the_answers_may_go_on_for_ever() {
        let now = Instant::now();
        let mut resets = Resets::new(now);
        for _ in 0..10_000 {
            resets.completed();
            assert!(resets.cancelled(now));
        }
    }

    #[test]
    fn a_watch_may_be_cancelled_now_and_then() {
        let start = Instant::now();
        let mut resets = Resets::new(start);
        for second in 0..1000 {
            for _ in 0..10 {
                assert!(resets.cancelled(start + Duration::from_secs(second)));
            }
        }
    }
}
