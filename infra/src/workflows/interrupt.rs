//! Counts presses of Ctrl-C; callers decide what each press means.

use tokio::sync::watch;

/// Counter of interrupt requests.
#[derive(Clone, Debug)]
pub struct Interrupts {
    presses: watch::Receiver<u32>,
}

impl Interrupts {
    /// Handles Ctrl-C and SIGTERM of the process. From here on they only count, and the holder must exit.
    ///
    /// Must be called within a Tokio runtime.
    pub fn of_process() -> Self {
        let (sender, presses) = watch::channel(0);
        tokio::spawn(count_signals(sender));
        Self { presses }
    }

    /// Creates a counter that tests increment.
    pub fn channel() -> (watch::Sender<u32>, Self) {
        let (sender, presses) = watch::channel(0);
        (sender, Self { presses })
    }

    /// Returns the count.
    pub fn count(&self) -> u32 {
        *self.presses.borrow()
    }

    /// Waits until the count exceeds `seen`. Never returns if no further interrupt is possible.
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
        // Without signal handlers, the default action applies.
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
