//! A bound on how often we call: AWS counts the calls of the whole account, and other tools want some of them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A bucket of permits that fills at a fixed rate.
#[derive(Debug)]
pub(super) struct Pace {
    /// Calls per second, over time.
    rate: f64,
    /// Calls that may be made at once after a pause.
    burst: f64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    permits: f64,
    filled: Instant,
}

impl Pace {
    /// For CloudFormation: five a second, after enough at once to find out that three stacks are as wanted.
    pub(super) fn of_formation() -> Self {
        Self::new(5.0, 25.0)
    }

    /// For the other services together, of which the strictest allows ten calls a second and more.
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

    /// Waits until a call may be made.
    pub(super) async fn permit(&self) {
        let wait = self.take(Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// Takes a permit, if need be one of the future, and says how long until it is there.
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
    fn a_burst_is_free_and_then_every_call_waits_its_turn() {
        let pace = Pace::of_formation();
        let now = Instant::now();
        for _ in 0..25 {
            assert_eq!(pace.take(now), Duration::ZERO);
        }
        assert_eq!(pace.take(now), Duration::from_millis(200));
        assert_eq!(pace.take(now), Duration::from_millis(400));
        assert_eq!(pace.take(now + Duration::from_mins(1)), Duration::ZERO);
    }
}
