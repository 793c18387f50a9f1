//! Request rate per client, estimated in bounded memory for any number of clients.
//!
//! Clients whose hashes collide in every row are counted together.

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
    /// When one more request may pass, if none comes before.
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
        let (count, windows) = rate.rate_with(&key, |seen| {
            let seen = Seen::from(seen);
            (seen.sliding(), seen.wait(self.allowed))
        });
        if count > self.allowed {
            return Err(TooOften {
                retry_after: self.window.mul_f64(windows),
            });
        }
        Ok(())
    }
}

/// What the estimator has counted: in the interval before the current one, and in the current one, of which this
/// fraction has passed.
#[derive(Clone, Copy, Debug)]
struct Seen {
    previous: f64,
    current: f64,
    fraction: f64,
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
impl From<RateComponents> for Seen {
    fn from(seen: RateComponents) -> Self {
        Self {
            previous: seen.prev_samples as f64,
            current: seen.curr_samples as f64,
            fraction: seen.current_interval_fraction,
        }
    }
}

impl Seen {
    /// Requests in the window that ends now: all of the current interval, and of the one before as much as the
    /// window still covers.
    fn sliding(self) -> f64 {
        self.previous * (1.0 - self.fraction) + self.current
    }

    /// How many windows from now one more request fits, if none comes before: what the window ending then still covers
    /// of those that were counted leaves room for it.
    fn wait(self, allowed: f64) -> f64 {
        let room = (allowed - 1.0).max(0.0);
        if self.current > room {
            // Only once the current interval is the previous one does it begin to leave the window.
            (1.0 - self.fraction) + (1.0 - room / self.current)
        } else if self.previous > 0.0 {
            (1.0 - (room - self.current) / self.previous - self.fraction).max(0.0)
        } else {
            0.0
        }
    }
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
    use proptest::prelude::*;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn flood_of_one_client_does_not_affect_another() {
        let limit = ClientRate::new(1, Duration::from_secs(10));
        let flood = address("192.0.2.1");
        let answers: Vec<_> = (0..1000).map(|_| limit.admit(flood)).collect();
        assert!(
            answers[..10].iter().all(Result::is_ok),
            "ten requests in ten seconds are allowed"
        );
        let refused = answers.last().expect("answers").expect_err("a thousand are not");
        assert!(
            refused.retry_after >= Duration::from_secs(9) && refused.retry_after <= Duration::from_secs(20),
            "a thousand requests fill the next window too"
        );
        assert_eq!(limit.admit(address("192.0.2.2")), Ok(()));
    }

    /// What the window holds so many windows later, if no request comes.
    fn later(before: Seen, windows: f64) -> f64 {
        let at = before.fraction + windows;
        let then = if at < 1.0 {
            Seen {
                fraction: at,
                ..before
            }
        } else {
            Seen {
                previous: before.current,
                current: 0.0,
                fraction: at - 1.0,
            }
        };
        then.sliding()
    }

    proptest! {
        #[test]
        fn client_is_admitted_after_retry_after(
            previous in 0u16..5000, current in 0u16..5000, fraction in 0.0..1.0, allowed in 10.0..500.0,
        ) {
            let before = Seen { previous: previous.into(), current: current.into(), fraction };
            prop_assume!(before.sliding() > allowed);
            let windows = before.wait(allowed);
            prop_assert!((0.0..=2.0).contains(&windows));
            prop_assert!(later(before, windows) + 1.0 <= allowed + 1e-6);
            prop_assert!(later(before, windows * 0.95) + 1.0 > allowed - 1e-6);
        }
    }

    #[test]
    fn ipv6_client_is_its_64_network() {
        assert_eq!(key(address("2001:db8::1")), key(address("2001:db8::ffff:1")));
        assert_ne!(key(address("2001:db8::1")), key(address("2001:db8:0:1::1")));
        assert_eq!(key(address("::ffff:192.0.2.1")), key(address("192.0.2.1")));
    }
}
