//! Budget of cancelled requests per connection, against rapid resets (CVE-2023-44487).
//!
//! Honest clients cancel too. So every completed response gives back one cancellation, and time gives back a few.
//!
//! A load balancer sends many clients' requests over one connection: what one of them cancels must not end the requests
//! of others. So the client is first asked for another connection, and cut only if it goes on regardless.

use std::time::Instant;

/// Cancelled requests after which the client is asked for another connection.
const RETIRE: u32 = 100;
/// Cancelled requests after which the connection ends at once: no client that heeds GOAWAY gets so far.
const END: u32 = 10 * RETIRE;
/// Cancelled requests that a second makes up for.
const PER_SECOND: u64 = 10;

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// It goes on.
    Good,
    /// It finishes what has begun.
    Retire,
    /// It ends.
    End,
}

/// The cancelled requests of one connection that nothing has made up for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resets {
    count: u32,
    since: Instant,
}

impl Resets {
    pub(super) fn new(now: Instant) -> Self {
        Self { count: 0, since: now }
    }

    /// A request was answered to its end.
    pub(super) fn completed(&mut self) {
        self.count = self.count.saturating_sub(1);
    }

    /// A request was cancelled.
    pub(super) fn cancelled(&mut self, now: Instant) -> Standing {
        let seconds = now.saturating_duration_since(self.since).as_secs();
        if seconds > 0 {
            let made_up = u32::try_from(seconds.saturating_mul(PER_SECOND)).unwrap_or(u32::MAX);
            self.count = self.count.saturating_sub(made_up);
            self.since = now;
        }
        self.count = self.count.saturating_add(1);
        match self.count {
            ..RETIRE => Standing::Good,
            RETIRE..END => Standing::Retire,
            END.. => Standing::End,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn reset_flood_retires_the_connection_and_then_ends_it() {
        let now = Instant::now();
        let mut resets = Resets::new(now);
        let standings: Vec<_> = (0..1000).map(|_| resets.cancelled(now)).collect();
        let first = |wanted| standings.iter().position(|standing| *standing == wanted);
        assert_eq!(
            (first(Standing::Retire), first(Standing::End)),
            (Some(99), Some(999))
        );
    }

    #[test]
    fn client_that_completes_half_of_its_requests_is_allowed() {
        let now = Instant::now();
        let mut resets = Resets::new(now);
        for _ in 0..10_000 {
            resets.completed();
            assert_eq!(resets.cancelled(now), Standing::Good);
        }
    }

    #[test]
    fn occasional_cancellations_are_allowed() {
        let start = Instant::now();
        let mut resets = Resets::new(start);
        for second in 0..1000 {
            for _ in 0..10 {
                let standing = resets.cancelled(start + Duration::from_secs(second));
                assert_eq!(standing, Standing::Good);
            }
        }
    }
}
