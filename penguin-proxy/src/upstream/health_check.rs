//! Health check of the app: probes it for as long as the proxy runs, records changes and logs each one once.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::probe::{ProbeError, probe};
use crate::config::UpstreamAddress;
use crate::context::Shared;
use crate::readiness::UpstreamHealth;

/// A reachable app is looked at this often.
const CALM: Duration = Duration::from_secs(1);
/// An app that cannot be reached, this often.
const EAGER: Duration = Duration::from_millis(50);

/// Probes for as long as the proxy runs, and says what changes once.
pub(crate) async fn watch_health(shared: Arc<Shared>) {
    let upstream = &shared.config.upstream;
    let check = shared.config.upstream_health.as_ref();
    let mut addresses = shared.resolver.subscribe();
    let mut lost = None;
    let mut told = false;
    loop {
        let probed = probe(upstream, check, &mut addresses).await;
        let now = Instant::now();
        let before = shared.readiness.health();
        let news = match probed {
            Err(ref error) if before == UpstreamHealth::Up && error.says_nothing_of_the_app() => false,
            _ => shared.readiness.observe(probed.is_ok(), now),
        };
        match &probed {
            Ok(()) if news => {
                let lost_for = lost
                    .take()
                    .map(|since| tracing::field::debug(now.duration_since(since)));
                tracing::info!(lost_for, "{upstream} can be reached: ready");
            }
            Err(error) if news => {
                lost = Some(now);
                tracing::warn!("{}", complaint(upstream, "is unreachable", "is unhealthy", error));
            }
            Err(error) if before == UpstreamHealth::NotYet && !told => {
                told = true;
                tracing::warn!(
                    "{}",
                    complaint(upstream, "is not reachable yet", "is not healthy yet", error)
                );
            }
            Ok(()) | Err(_) => {}
        }
        if shared.readiness.health() == UpstreamHealth::Up {
            tokio::select! {
                () = sleep(CALM) => {}
                () = shared.resolver.probe_wanted.notified() => {}
            }
        } else {
            sleep(EAGER).await;
        }
    }
}

/// Only an app that cannot be reached has its requests held; one that is merely not well gets them.
fn complaint(upstream: &UpstreamAddress, absent: &str, unwell: &str, error: &ProbeError) -> String {
    match error {
        ProbeError::Unreachable(error) => format!("{upstream} {absent}, requests are held: {error}"),
        other => format!("{upstream} {unwell}: {other}"),
    }
}
