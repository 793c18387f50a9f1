//! Rate limiter for AWS calls, which AWS counts per account.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A client that waits for a permit before each request.
#[derive(Clone, Debug)]
pub(super) struct Limited<C> {
    pub(super) client: C,
    pub(super) limiter: Arc<RateLimiter>,
}

impl<C> Limited<C> {
    /// Returns the client once the rate limit permits a request.
    pub(super) async fn permit(&self) -> &C {
        self.limiter.permit().await;
        &self.client
    }
}

/// Token bucket.
#[derive(Debug)]
pub(super) struct RateLimiter {
    /// Refill rate in calls per second.
    rate: f64,
    /// Burst size.
    burst: f64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    permits: f64,
    filled: Instant,
}

impl RateLimiter {
    /// Limit for CloudFormation: five calls per second, with a burst that covers planning three stacks.
    pub(super) fn of_formation() -> Self {
        Self::new(5.0, 25.0)
    }

    /// Limit for the other services together, the strictest of which allows ten calls per second.
    pub(super) fn of_others() -> Self {
        Self::new(10.0, 40.0)
    }

    fn new(rate: f64, burst: f64) -> Self {
        Self {
            rate,
            burst,
            state: Mutex::new(State {
                permits: burst,
                filled: Instant::now(),
            }),
        }
    }

    /// Waits for a token.
    async fn permit(&self) {
        let wait = self.take(Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// Takes a token, possibly a future one, and returns the time until it is available.
    fn take(&self, now: Instant) -> Duration {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now.saturating_duration_since(state.filled).as_secs_f64();
        state.permits = since.mul_add(self.rate, state.permits).min(self.burst) - 1.0;
        state.filled = now;
        Duration::from_secs_f64((-state.permits / self.rate).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_after_the_burst_wait() {
        let pace = RateLimiter::of_formation();
        let now = Instant::now();
        for _ in 0..25 {
            assert_eq!(pace.take(now), Duration::ZERO);
        }
        assert_eq!(pace.take(now), Duration::from_millis(200));
        assert_eq!(pace.take(now), Duration::from_millis(400));
        assert_eq!(pace.take(now + Duration::from_mins(1)), Duration::ZERO);
    }
}
