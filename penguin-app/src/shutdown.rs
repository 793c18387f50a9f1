//! Shutdown requests: the first one drains, the second one stops at once.

use tokio::sync::watch;

/// How far a shutdown is; it only ever advances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// No shutdown was requested.
    Running,
    /// Finish requests in flight, accept nothing new.
    Draining,
    /// Stop at once.
    Forced,
}

/// Requests a shutdown.
#[derive(Debug)]
pub struct ShutdownTrigger(watch::Sender<Phase>);

/// Observes a shutdown.
#[derive(Debug, Clone)]
pub struct ShutdownHandle(watch::Receiver<Phase>);

/// Returns a connected trigger and handle.
pub fn channel() -> (ShutdownTrigger, ShutdownHandle) {
    let (sender, receiver) = watch::channel(Phase::Running);
    (ShutdownTrigger(sender), ShutdownHandle(receiver))
}

impl ShutdownTrigger {
    /// Requests a drain; called again, an immediate stop.
    pub fn shut_down(&self) {
        self.0.send_modify(|phase| {
            *phase = match phase {
                Phase::Running => Phase::Draining,
                Phase::Draining | Phase::Forced => Phase::Forced,
            }
        });
    }
}

impl ShutdownHandle {
    /// Completes once the shutdown is in this phase or a later one. Never, if the trigger was dropped before.
    pub async fn reached(&mut self, phase: Phase) {
        if self.0.wait_for(|current| *current >= phase).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether a shutdown was requested.
    pub fn is_draining(&self) -> bool {
        *self.0.borrow() >= Phase::Draining
    }
}

/// Listens for signals until the process ends.
///
/// SIGTERM, SIGINT and SIGQUIT request a shutdown. SIGHUP, SIGUSR1 and SIGUSR2, which would end the process with requests
/// in flight, are ignored with a log line.
pub fn on_signals() -> std::io::Result<ShutdownHandle> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut quit = signal(SignalKind::quit())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut user1 = signal(SignalKind::user_defined1())?;
    let mut user2 = signal(SignalKind::user_defined2())?;
    let (trigger, handle) = channel();
    tokio::spawn(async move {
        loop {
            let (name, stops) = tokio::select! {
                _ = terminate.recv() => ("SIGTERM", true),
                _ = interrupt.recv() => ("SIGINT", true),
                _ = quit.recv() => ("SIGQUIT", true),
                _ = hangup.recv() => ("SIGHUP", false),
                _ = user1.recv() => ("SIGUSR1", false),
                _ = user2.recv() => ("SIGUSR2", false),
            };
            if stops {
                trigger.shut_down();
                tracing::info!(signal = name, "shutdown requested");
            } else {
                tracing::info!(signal = name, "signal ignored");
            }
        }
    });
    Ok(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn first_request_drains_and_second_forces() {
        let (trigger, mut handle) = channel();
        assert!(!handle.is_draining());
        trigger.shut_down();
        handle.reached(Phase::Draining).await;
        assert!(handle.is_draining());
        trigger.shut_down();
        handle.reached(Phase::Forced).await;
    }

    #[tokio::test]
    async fn dropped_trigger_requests_nothing() {
        let (trigger, mut handle) = channel();
        drop(trigger);
        let reached = tokio::time::timeout(std::time::Duration::ZERO, handle.reached(Phase::Draining)).await;
        assert!(reached.is_err());
    }
}
