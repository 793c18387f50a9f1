//! Readiness: whether the load balancer should send requests.
//!
//! Ready means that the app is reachable and no shutdown has started. Load never makes the proxy unready: ECS replaces
//! unhealthy tasks, and under load it would replace one after the other.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::drain::Phase;

/// An app that cannot be reached for this long is gone; shorter is a restart, and its requests are held.
const GONE: Duration = Duration::from_secs(10);

/// Whether the app can be reached and, where it is asked, reports that it is healthy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum UpstreamHealth {
    /// It has never been so.
    NotYet,
    /// It is.
    Up,
    /// It was until then.
    LostSince(Instant),
}

/// What the last probe found.
#[derive(Debug)]
pub(crate) struct Readiness(watch::Sender<UpstreamHealth>);

impl Default for Readiness {
    fn default() -> Self {
        Self(watch::Sender::new(UpstreamHealth::NotYet))
    }
}

impl Readiness {
    /// Tells of changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<UpstreamHealth> {
        self.0.subscribe()
    }

    pub(crate) fn health(&self) -> UpstreamHealth {
        *self.0.borrow()
    }

    /// Why the load balancer is told to send no requests. `checked`: the app is asked for its health.
    pub(crate) fn not_ready_reason(&self, phase: Phase, checked: bool) -> Option<&'static str> {
        if phase > Phase::Serving {
            return Some("draining");
        }
        match self.health() {
            UpstreamHealth::Up => None,
            UpstreamHealth::NotYet => Some("the app has not been reachable yet"),
            UpstreamHealth::LostSince(when) if when.elapsed() < GONE => None,
            UpstreamHealth::LostSince(_) if checked => Some("the app is unhealthy"),
            UpstreamHealth::LostSince(_) => Some("the app is unreachable"),
        }
    }

    /// Takes the outcome of a probe; true when it is news.
    pub(crate) fn observe(&self, up: bool, now: Instant) -> bool {
        self.0.send_if_modified(|health| {
            let next = match (*health, up) {
                (_, true) => UpstreamHealth::Up,
                (UpstreamHealth::Up, false) => UpstreamHealth::LostSince(now),
                (unchanged, false) => unchanged,
            };
            let news = next != *health;
            *health = next;
            news
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_are_reported() {
        let readiness = Readiness::default();
        let now = Instant::now();
        assert!(!readiness.observe(false, now), "it has never been up");
        assert!(readiness.observe(true, now));
        assert!(!readiness.observe(true, now));
        assert!(readiness.observe(false, now));
        assert!(
            !readiness.observe(false, now + Duration::from_secs(1)),
            "lost since the first failure"
        );
        assert_eq!(readiness.health(), UpstreamHealth::LostSince(now));
    }
}
