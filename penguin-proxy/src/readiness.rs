//! Whether the load balancer should send requests here: the app can be reached, and nobody has asked the proxy to stop.
//!
//! Load never makes it red: ECS kills what its load balancer calls unhealthy, and under load that fells one task
//! after the other.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::drain::Phase;
use crate::server::Shared;
use crate::upstream;

/// A reachable app is looked at this often.
const CALM: Duration = Duration::from_secs(1);
/// An app that cannot be reached, this often.
const EAGER: Duration = Duration::from_millis(50);
/// An app that cannot be reached for this long is gone; shorter is a restart, and its requests are held.
const GONE: Duration = Duration::from_secs(10);

/// Whether the app takes connections.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reach {
    /// It has not been reached yet.
    NotYet,
    /// It takes connections.
    Up,
    /// It took connections until then.
    LostSince(Instant),
}

/// What the last probe found.
#[derive(Debug)]
pub(crate) struct Readiness(watch::Sender<Reach>);

impl Default for Readiness {
    fn default() -> Self {
        Self(watch::Sender::new(Reach::NotYet))
    }
}

impl Readiness {
    /// Tells of changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Reach> {
        self.0.subscribe()
    }

    fn reach(&self) -> Reach {
        *self.0.borrow()
    }

    /// Takes the outcome of a probe; true when it is news.
    fn observe(&self, up: bool, now: Instant) -> bool {
        self.0.send_if_modified(|reach| {
            let next = match (*reach, up) {
                (_, true) => Reach::Up,
                (Reach::Up, false) => Reach::LostSince(now),
                (unchanged, false) => unchanged,
            };
            let news = next != *reach;
            *reach = next;
            news
        })
    }
}

/// Whether the load balancer is told to send requests.
pub(crate) fn is_ready(shared: &Shared) -> bool {
    obstacle(shared).is_none()
}

/// Why not, in one word of the vocabulary.
pub(crate) fn obstacle(shared: &Shared) -> Option<&'static str> {
    if *shared.phase.borrow() > Phase::Serving {
        return Some("draining");
    }
    match shared.readiness.reach() {
        Reach::Up => None,
        Reach::NotYet => Some("the app has not answered yet"),
        Reach::LostSince(when) => (when.elapsed() >= GONE).then_some("the app cannot be reached any more"),
    }
}

/// Probes for as long as the proxy runs, and says what changes once.
pub(crate) async fn watch_app(shared: Arc<Shared>) {
    let upstream = &shared.config.upstream;
    let mut addresses = shared.target.subscribe();
    let mut lost = None;
    let mut told = false;
    loop {
        let probed = upstream::probe(&mut addresses).await;
        let now = Instant::now();
        let news = shared.readiness.observe(probed.is_ok(), now);
        match &probed {
            Ok(()) if news => {
                let after = lost.take().map(|since| now.duration_since(since));
                tracing::info!(?after, "{upstream} can be reached: ready");
            }
            Err(error) if news => {
                lost = Some(now);
                tracing::warn!("{upstream} cannot be reached, requests are held: {error}");
            }
            Err(error) if shared.readiness.reach() == Reach::NotYet && !told => {
                told = true;
                tracing::warn!("{upstream} does not answer yet, requests are held: {error}");
            }
            Ok(()) | Err(_) => {}
        }
        if probed.is_err() {
            sleep(EAGER).await;
        } else {
            tokio::select! {
                () = sleep(CALM) => {}
                () = shared.target.probe_wanted.notified() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_change_is_news() {
        let readiness = Readiness::default();
        let now = Instant::now();
        assert!(!readiness.observe(false, now), "it has never been up");
        assert!(readiness.observe(true, now));
        assert!(!readiness.observe(true, now));
        assert!(readiness.observe(false, now));
        assert!(
            !readiness.observe(false, now + CALM),
            "lost since the first failure"
        );
        assert_eq!(readiness.reach(), Reach::LostSince(now));
    }
}
