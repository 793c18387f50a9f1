//! Whether the load balancer should send requests here: the app can be reached, and nobody has asked the proxy to stop.
//!
//! Load never makes it red: ECS kills what its load balancer calls unhealthy, and under load that fells one task
//! after the other. So an app that has been well and takes long to say so again is not taken for ill.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::config::UpstreamAddress;
use crate::drain::Phase;
use crate::server::Shared;
use crate::upstream::{Ailment, probe};

/// A reachable app is looked at this often.
const CALM: Duration = Duration::from_secs(1);
/// An app that cannot be reached, this often.
const EAGER: Duration = Duration::from_millis(50);
/// An app that cannot be reached for this long is gone; shorter is a restart, and its requests are held.
const GONE: Duration = Duration::from_secs(10);

/// Whether the app can be reached and, where it is asked, says that it is well.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reach {
    /// It has never been so.
    NotYet,
    /// It is.
    Up,
    /// It was until then.
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
        Reach::LostSince(when) if when.elapsed() < GONE => None,
        Reach::LostSince(_) if shared.config.upstream_health_path.is_some() => {
            Some("the app is not well any more")
        }
        Reach::LostSince(_) => Some("the app cannot be reached any more"),
    }
}

/// Probes for as long as the proxy runs, and says what changes once.
pub(crate) async fn watch_app(shared: Arc<Shared>) {
    let upstream = &shared.config.upstream;
    let path = shared.config.upstream_health_path.as_deref();
    let mut addresses = shared.target.subscribe();
    let mut lost = None;
    let mut told = false;
    loop {
        let probed = probe(upstream, path, &mut addresses).await;
        let now = Instant::now();
        let before = shared.readiness.reach();
        let news = match probed {
            Err(ref ailment) if before == Reach::Up && ailment.says_nothing_of_the_app() => false,
            _ => shared.readiness.observe(probed.is_ok(), now),
        };
        match &probed {
            Ok(()) if news => {
                let lost_for = lost
                    .take()
                    .map(|since| tracing::field::debug(now.duration_since(since)));
                tracing::info!(lost_for, "{upstream} can be reached: ready");
            }
            Err(ailment) if news => {
                lost = Some(now);
                tracing::warn!(
                    "{}",
                    complaint(upstream, "cannot be reached", "is not well", ailment)
                );
            }
            Err(ailment) if before == Reach::NotYet && !told => {
                told = true;
                tracing::warn!(
                    "{}",
                    complaint(upstream, "does not answer yet", "is not well yet", ailment)
                );
            }
            Ok(()) | Err(_) => {}
        }
        if shared.readiness.reach() == Reach::Up {
            tokio::select! {
                () = sleep(CALM) => {}
                () = shared.target.probe_wanted.notified() => {}
            }
        } else {
            sleep(EAGER).await;
        }
    }
}

/// Only an app that cannot be reached has its requests held; one that is merely not well gets them.
fn complaint(upstream: &UpstreamAddress, absent: &str, unwell: &str, ailment: &Ailment) -> String {
    match ailment {
        Ailment::Unreachable(error) => format!("{upstream} {absent}, requests are held: {error}"),
        other => format!("{upstream} {unwell}: {other}"),
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
