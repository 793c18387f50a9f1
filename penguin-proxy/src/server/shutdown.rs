//! Graceful shutdown: drain phases from SIGTERM to exit.

use std::time::{self, Duration};

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::signals::ShutdownSignals;
use crate::context::Shared;
use crate::drain::Phase;

/// Threads get this long to cut what is left.
const CUT: Duration = Duration::from_millis(500);
/// The access log is complete or given up this long before the platform kills: the operational log comes after it.
const LOG_MARGIN: Duration = Duration::from_secs(1);

/// Waits until the proxy may exit: all requests are finished, time is up, or a second signal came. Returns the deadline
/// for the access log.
pub(super) async fn until_stopped(
    shared: &Shared,
    mut signals: ShutdownSignals,
    threads: &mut mpsc::Receiver<()>,
) -> time::Instant {
    let plan = shared.config.drain;
    let signal = signals.recv().await;
    let start = Instant::now();
    let log_deadline = start.into_std() + plan.stop_timeout().saturating_sub(LOG_MARGIN);
    let Some(signal) = signal else {
        // No sender is left that could ask for a stop.
        cut(shared, threads).await;
        return log_deadline;
    };
    tracing::info!(signal, pre_drain = ?plan.pre_drain(), bound = ?plan.bound(), "stopping");
    shared.phase.send_replace(Phase::PreDrain);
    let drained = async {
        sleep_until(start + plan.pre_drain()).await;
        shared.phase.send_replace(Phase::Closing);
        tracing::info!(after = ?start.elapsed(), open = shared.open_connections(), "no longer accepting connections");
        // Ready once every serving thread has let go of its sender: nothing is ever sent.
        threads.recv().await;
    };
    let finished = tokio::select! {
        outcome = timeout_at(start + plan.bound(), drained) => outcome.is_ok(),
        Some(again) = signals.recv() => {
            tracing::warn!(signal = again, "second signal: stopping at once");
            false
        }
    };
    if finished {
        tracing::info!(after = ?start.elapsed(), "stopped, all requests finished");
    } else {
        let open = shared.open_connections();
        tracing::warn!(after = ?start.elapsed(), open, "stopped, open connections were closed");
        cut(shared, threads).await;
    }
    log_deadline
}

async fn cut(shared: &Shared, threads: &mut mpsc::Receiver<()>) {
    shared.phase.send_replace(Phase::Cut);
    drop(tokio::time::timeout(CUT, threads.recv()).await);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::time::sleep;

    use super::*;
    use crate::access_log::AccessLog;
    use crate::cli::defaults;
    use crate::config::Config;
    use crate::resolver::Lookup;
    use crate::server::Server;

    fn shared() -> Arc<Shared> {
        let mut arguments = defaults();
        arguments.listen = "127.0.0.1:0".into();
        arguments.admin_listen = "127.0.0.1:0".into();
        let log = AccessLog::new(std::io::sink(), true).unwrap();
        let server = Server::bind(Config::new(&arguments).unwrap(), Lookup::system(), log).unwrap();
        server.shared
    }

    /// Stops a proxy that gets a request so often. Gives when it began to close, counted from the signal.
    async fn pre_drain_with_requests_every(gap: Duration) -> Duration {
        let shared = shared();
        let (stop, signals) = mpsc::channel(1);
        let (left, mut threads) = mpsc::channel(1);
        let began = Instant::now();
        stop.send("a test").await.unwrap();
        let stopping = until_stopped(&shared, signals, &mut threads);
        let requests = async {
            loop {
                sleep(gap).await;
                shared.counters[0].began.add(1);
            }
        };
        let mut phase = shared.phase.subscribe();
        let closing = async move {
            phase.wait_for(|phase| *phase == Phase::Closing).await.unwrap();
            let after = began.elapsed();
            drop(left);
            after
        };
        let done = async { tokio::join!(stopping, closing).1 };
        tokio::select! {
            after = done => after,
            () = requests => unreachable!("requests never end"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn pre_drain_is_kept_in_full_at_any_request_rate() {
        for gap in [1, 7, 3600].map(Duration::from_secs) {
            let closed_after = pre_drain_with_requests_every(gap).await;
            assert_eq!(closed_after.as_secs(), 15, "one request every {gap:?}");
        }
    }
}
