//! How long anything may take on a connection.
//!
//! They are constants of the house and no settings, but for the drain: whoever wants another value here has another
//! problem. Tests pass shorter ones.

use std::time::Duration;

/// How long anything may take on a connection.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The head of a request, from its first byte to its last.
    pub head: Duration,
    /// A connection on which nothing happens. Longer than any sidecar or load balancer keeps one, so that it is
    /// never us who close a connection on which the other side has just sent a request.
    pub idle: Duration,
    /// A client that takes no byte of its answer.
    pub stall: Duration,
    /// What is in flight, once a stop was asked for.
    pub drain: Duration,
    /// Then: a request that has begun to arrive, or may be on its way on a connection that was just opened. A client
    /// in good health needs a round trip.
    pub last_call: Duration,
}

impl Limits {
    /// The limits that are served with.
    pub fn with_drain(drain: Duration) -> Self {
        Self {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(90),
            stall: Duration::from_secs(30),
            drain,
            last_call: Duration::from_secs(1),
        }
    }
}
