//! A request waits while the app cannot be reached: it has not been sent, so any method may.

use std::fmt::Display;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::exchange::UpstreamFailure;
use crate::access_log::End;
use crate::readiness::Reach;
use crate::server::{Shared, Worker};

/// Pauses between attempts to connect double from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LAST_PAUSE: Duration = Duration::from_millis(400);

/// Where the app is, and news of it.
pub(super) type Addresses = watch::Receiver<Arc<[SocketAddr]>>;

/// A place among the requests that wait for the app.
struct Held<'a>(&'a Shared);

impl<'a> Held<'a> {
    fn enter(shared: &'a Shared) -> Option<Self> {
        let before = shared.held.fetch_add(1, Ordering::Relaxed);
        let held = Self(shared);
        (before < shared.config.bounds.held).then_some(held)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.held.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Connects, holding the request while the app cannot be reached.
pub(super) async fn reach<T, E: Display>(
    worker: &Rc<Worker>,
    due: Instant,
    mut attempt: impl AsyncFnMut(&mut Addresses) -> Result<T, E>,
) -> Result<T, UpstreamFailure> {
    let shared = &worker.shared;
    let mut addresses = shared.target.subscribe();
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
        shared.target.refresh();
        if held.is_none() {
            worker.counters().held.add(1);
            held = Some(Held::enter(shared).ok_or_else(|| UpstreamFailure::new(End::HoldFull, &failed))?);
        }
        wait(&mut addresses, &mut reachable, pause, due, failed).await?;
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

/// Until the next attempt is worth while, or the hold is over.
async fn wait(
    addresses: &mut Addresses,
    reachable: &mut watch::Receiver<Reach>,
    pause: Duration,
    due: Instant,
    failed: impl Display,
) -> Result<(), UpstreamFailure> {
    let now = Instant::now();
    if now >= due {
        return Err(UpstreamFailure::new(End::HoldExpired, failed));
    }
    tokio::select! {
        () = tokio::time::sleep(pause.min(due - now)) => {}
        Ok(()) = addresses.changed() => {}
        Ok(()) = reachable.changed() => {}
    }
    Ok(())
}
