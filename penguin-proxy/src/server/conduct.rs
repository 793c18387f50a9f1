//! Conducts the drain: from a wish to stop to the moment when nothing is left.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::Shared;
use super::signals::StopWishes;
use crate::drain::Phase;
use crate::metrics;

/// How finely the end of traffic is looked for during the pre-drain.
const LOOK: Duration = Duration::from_millis(50);
/// Threads get this long to cut what is left.
const CUT: Duration = Duration::from_millis(500);

/// Returns when the proxy may end: everything is finished, time is up, or a second wish came.
pub(super) async fn until_stopped(
    shared: &Shared,
    mut wishes: StopWishes,
    all_left: &mut mpsc::Receiver<()>,
) {
    let Some(wish) = wishes.recv().await else {
        // Nobody is left who could ask for a stop: as good as being asked.
        return cut(shared, all_left).await;
    };
    let start = Instant::now();
    let plan = shared.config.drain;
    tracing::info!(signal = wish, pre_drain = ?plan.pre_drain(), bound = ?plan.bound(), "stopping");
    shared.phase.send_replace(Phase::PreDrain);
    let drained = async {
        pre_drain(shared, start).await;
        shared.phase.send_replace(Phase::Closing);
        tracing::info!(after = ?start.elapsed(), open = metrics::open_connections(&shared.counters), "accepting no more");
        // Ready once every serving thread has let go of its sender: nothing is ever sent.
        all_left.recv().await;
    };
    let finished = tokio::select! {
        outcome = timeout_at(start + plan.bound(), drained) => outcome.is_ok(),
        Some(again) = wishes.recv() => {
            tracing::warn!(signal = again, "told twice: stopping at once");
            false
        }
    };
    if finished {
        tracing::info!(after = ?start.elapsed(), "stopped, nothing was left");
    } else {
        let open = metrics::open_connections(&shared.counters);
        tracing::warn!(after = ?start.elapsed(), open, "stopped, connections were cut");
        cut(shared, all_left).await;
    }
}

async fn cut(shared: &Shared, all_left: &mut mpsc::Receiver<()>) {
    shared.phase.send_replace(Phase::Cut);
    drop(tokio::time::timeout(CUT, all_left.recv()).await);
}

/// Ends after the planned time, or once no request has come for a while.
async fn pre_drain(shared: &Shared, start: Instant) {
    let plan = shared.config.drain;
    if plan.pre_drain().is_zero() {
        return;
    }
    let quiet = async {
        let (mut seen, mut since) = (metrics::requests(&shared.counters), Instant::now());
        while since.elapsed() < plan.quiet() {
            sleep(LOOK).await;
            let now = metrics::requests(&shared.counters);
            if now != seen {
                (seen, since) = (now, Instant::now());
            }
        }
    };
    tokio::select! {
        () = sleep_until(start + plan.pre_drain()) => {}
        () = quiet => tracing::info!("no request for {:?}: the pre-drain ends early", plan.quiet()),
    }
}
