//! Ctrl-C as a number that only grows: what the first press means and what the second, others decide.

use tokio::sync::watch;

/// How often the person has asked for the end.
#[derive(Clone, Debug)]
pub struct Interrupts {
    presses: watch::Receiver<u32>,
}

impl Interrupts {
    /// Listens to the process' own signals: Ctrl-C, and SIGTERM which means the same. From here on they do not end
    /// the process; whoever holds this must.
    ///
    /// Must be called within a runtime.
    pub fn of_process() -> Self {
        let (sender, presses) = watch::channel(0);
        tokio::spawn(count_signals(sender));
        Self { presses }
    }

    /// Presses that a test makes.
    pub fn channel() -> (watch::Sender<u32>, Self) {
        let (sender, presses) = watch::channel(0);
        (sender, Self { presses })
    }

    /// How often so far.
    pub fn count(&self) -> u32 {
        *self.presses.borrow()
    }

    /// Waits until it has been pressed more often than `seen` times. Never ends if nobody can press any more.
    pub async fn beyond(&self, seen: u32) -> u32 {
        let mut presses = self.presses.clone();
        match presses.wait_for(|count| *count > seen).await {
            Ok(count) => *count,
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(unix)]
async fn count_signals(presses: watch::Sender<u32>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Signals cannot be had; then the system's default stays in force.
        return std::future::pending().await;
    };
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        presses.send_modify(|count| *count += 1);
    }
}

#[cfg(not(unix))]
async fn count_signals(presses: watch::Sender<u32>) {
    while tokio::signal::ctrl_c().await.is_ok() {
        presses.send_modify(|count| *count += 1);
    }
    std::future::pending().await
}
