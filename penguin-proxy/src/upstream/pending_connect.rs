//! Wait for an unreachable app: the request has not been sent, so requests of any method may wait.

use std::fmt::Display;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::failure::UpstreamFailure;
use crate::context::{Shared, Worker};
use crate::readiness::UpstreamHealth;
use crate::termination_code::TerminationCode;

/// Pauses between attempts to connect double from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LAST_PAUSE: Duration = Duration::from_millis(400);

/// Where the app is, and news of it.
pub(super) type Addresses = watch::Receiver<Arc<[SocketAddr]>>;

/// A place among the requests that wait for the app.
struct PendingConnect<'a>(&'a Shared);

impl<'a> PendingConnect<'a> {
    fn enter(shared: &'a Shared) -> Option<Self> {
        let before = shared.pending_connects.fetch_add(1, Ordering::Relaxed);
        let held = Self(shared);
        (before < shared.config.bounds.held).then_some(held)
    }
}

impl Drop for PendingConnect<'_> {
    fn drop(&mut self) {
        self.0.pending_connects.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Connects, holding the request while the app cannot be reached.
pub(super) async fn connect_or_wait<T, E: Display>(
    worker: &Rc<Worker>,
    due: Instant,
    mut attempt: impl AsyncFnMut(&mut Addresses) -> Result<T, E>,
) -> Result<T, UpstreamFailure> {
    let shared = &worker.shared;
    let mut addresses = shared.resolver.subscribe();
    let mut reachable = shared.readiness.subscribe();
    let mut held = None;
    let mut pause = FIRST_PAUSE;
    loop {
        reachable.mark_unchanged();
        let failed = match attempt(&mut addresses).await {
            Ok(reached) => return Ok(reached),
            Err(error) => error,
        };
        worker.counters().connect_failures.add(1);
        shared.resolver.refresh();
        if held.is_none() {
            worker.counters().held.add(1);
            held = Some(
                PendingConnect::enter(shared)
                    .ok_or_else(|| UpstreamFailure::new(TerminationCode::HoldFull, &failed))?,
            );
        }
        wait(&mut addresses, &mut reachable, pause, due, failed).await?;
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

/// Until the next attempt is worth while, or the hold is over.
async fn wait(
    addresses: &mut Addresses,
    reachable: &mut watch::Receiver<UpstreamHealth>,
    pause: Duration,
    due: Instant,
    failed: impl Display,
) -> Result<(), UpstreamFailure> {
    let now = Instant::now();
    if now >= due {
        return Err(UpstreamFailure::new(TerminationCode::UpstreamUnreachable, failed));
    }
    tokio::select! {
        () = tokio::time::sleep(pause.min(due - now)) => {}
        Ok(()) = addresses.changed() => {}
        Ok(()) = reachable.changed() => {}
    }
    Ok(())
}
