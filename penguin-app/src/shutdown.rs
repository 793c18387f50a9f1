//! How a server learns that it should stop, and how urgently.
//!
//! The first signal asks for a drain, the second for the end. Both come through one channel, so that a test can
//! stand in for the operating system. It must not know what is being stopped.

use tokio::sync::watch;

/// How urgent it is; it only ever grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Carry on.
    None,
    /// Finish what is in flight, take nothing new.
    Drain,
    /// Stop at once.
    Now,
}

/// The end that asks for a stop.
#[derive(Debug)]
pub struct Stopper(watch::Sender<Urgency>);

/// The end that is asked.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<Urgency>);

/// A pair of both ends.
pub fn channel() -> (Stopper, Shutdown) {
    let (sender, receiver) = watch::channel(Urgency::None);
    (Stopper(sender), Shutdown(receiver))
}

impl Stopper {
    /// Asks for a drain; asked a second time, for the end.
    pub fn stop(&self) {
        self.0.send_modify(|urgency| {
            *urgency = match urgency {
                Urgency::None => Urgency::Drain,
                Urgency::Drain | Urgency::Now => Urgency::Now,
            }
        });
    }
}

impl Shutdown {
    /// Returns once the stop is at least this urgent; never, when the other end is gone without having asked.
    pub async fn reached(&mut self, urgency: Urgency) {
        if self.0.wait_for(|current| *current >= urgency).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether a stop was asked for.
    pub fn is_draining(&self) -> bool {
        *self.0.borrow() >= Urgency::Drain
    }
}

/// Listens for SIGTERM and SIGINT for as long as the process lives.
#[cfg(unix)]
pub fn on_signals() -> std::io::Result<Shutdown> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (stopper, shutdown) = channel();
    tokio::spawn(async move {
        loop {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            stopper.stop();
            tracing::info!(signal = name, "stop requested");
        }
    });
    Ok(shutdown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_request_drains_and_the_second_ends() {
        let (stopper, mut shutdown) = channel();
        assert!(!shutdown.is_draining());
        stopper.stop();
        shutdown.reached(Urgency::Drain).await;
        assert!(shutdown.is_draining());
        stopper.stop();
        shutdown.reached(Urgency::Now).await;
        stopper.stop();
        shutdown.reached(Urgency::Now).await;
    }

    #[tokio::test]
    async fn a_stopper_that_is_gone_asks_for_nothing() {
        let (stopper, mut shutdown) = channel();
        drop(stopper);
        let asked = tokio::time::timeout(std::time::Duration::ZERO, shutdown.reached(Urgency::Drain)).await;
        assert!(asked.is_err());
    }
}
