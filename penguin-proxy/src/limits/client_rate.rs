//! How many requests one client may send: an estimate in bounded memory, however many clients there are.
//!
//! The estimator errs on one side only, and rarely: clients whose hashes collide in every row are counted
//! together.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pingora_limits::rate::{Rate, RateComponents};

/// Rows and columns of the estimator: 512 KiB, good for tens of thousands of clients in one window.
const ROWS: usize = 4;
const COLUMNS: usize = 8192;

/// A limit for each client.
pub struct ClientRate {
    // The estimator's change of windows is not safe against a clock read before a lock-free change by another
    // thread: its subtraction can wrap. The lock is held for some tens of nanoseconds.
    rate: Mutex<Rate>,
    allowed: f64,
    window: Duration,
}

/// This client has sent too many requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more requests than allowed came from this client; try again in {retry_after:?}")]
pub struct TooOften {
    /// When the current window ends.
    pub retry_after: Duration,
}

impl ClientRate {
    /// `per_second` requests from one client, on average over a sliding `window`: a page that loads thirty files
    /// at once is fine, a flood is not.
    pub fn new(per_second: u32, window: Duration) -> Self {
        let rate = Rate::new_with_estimator_config(window, ROWS, COLUMNS);
        Self {
            rate: Mutex::new(rate),
            allowed: f64::from(per_second) * window.as_secs_f64(),
            window,
        }
    }

    /// Counts a request and says whether it may pass. Refused requests count too, so that a client which does
    /// not slow down stays refused.
    ///
    /// # Errors
    /// If the client has sent more than it may.
    pub fn admit(&self, client: IpAddr) -> Result<(), TooOften> {
        let key = key(client);
        let rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        rate.observe(&key, 1);
        let (count, left) =
            rate.rate_with(&key, |seen| (sliding(seen), 1.0 - seen.current_interval_fraction));
        if count > self.allowed {
            return Err(TooOften {
                retry_after: self.window.mul_f64(left).max(Duration::from_secs(1)),
            });
        }
        Ok(())
    }
}

/// Requests in the window that ends now: all of the current interval, and of the one before as much as the
/// window still covers.
#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
fn sliding(seen: RateComponents) -> f64 {
    (seen.prev_samples as f64) * (1.0 - seen.current_interval_fraction) + seen.curr_samples as f64
}

/// One client: an IPv4 address, or the network that an IPv6 client is given.
fn key(client: IpAddr) -> u64 {
    let mut hasher = DefaultHasher::new();
    match client.to_canonical() {
        IpAddr::V4(address) => address.hash(&mut hasher),
        IpAddr::V6(address) => (address.to_bits() >> 64).hash(&mut hasher),
    }
    hasher.finish()
}

impl std::fmt::Debug for ClientRate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ClientRate")
            .field("allowed", &self.allowed)
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_flood_is_refused_and_the_neighbour_is_not() {
        let limit = ClientRate::new(1, Duration::from_secs(10));
        let flood = address("192.0.2.1");
        let answers: Vec<_> = (0..1000).map(|_| limit.admit(flood)).collect();
        assert!(
            answers[..10].iter().all(Result::is_ok),
            "ten requests in ten seconds are allowed"
        );
        let refused = answers.last().expect("answers").expect_err("a thousand are not");
        assert!(
            refused.retry_after >= Duration::from_secs(1) && refused.retry_after <= Duration::from_secs(10)
        );
        assert_eq!(limit.admit(address("192.0.2.2")), Ok(()));
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        assert_eq!(key(address("2001:db8::1")), key(address("2001:db8::ffff:1")));
        assert_ne!(key(address("2001:db8::1")), key(address("2001:db8:0:1::1")));
        assert_eq!(key(address("::ffff:192.0.2.1")), key(address("192.0.2.1")));
    }
}
