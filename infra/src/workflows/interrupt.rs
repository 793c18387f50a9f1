//! Ctrl-C: ends the run, unless a workflow handles it and decides what each press means.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;
use tokio::sync::watch;

use crate::exit::{ExitStatus, Failure};

/// Counter of interrupt requests.
#[derive(Clone, Debug)]
pub struct Interrupts {
    presses: watch::Receiver<u32>,
    handlers: Arc<AtomicU32>,
}

/// While it lives, a workflow decides what a press means.
#[derive(Debug)]
pub struct Handling(Arc<AtomicU32>);

impl Drop for Handling {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Interrupts {
    /// Handles Ctrl-C and SIGTERM of the process. From here on they only count; [`Self::run`] or a workflow acts on them.
    ///
    /// Must be called within a Tokio runtime.
    pub fn of_process() -> Self {
        let (sender, presses) = watch::channel(0);
        tokio::spawn(count_signals(sender));
        Self::of(presses)
    }

    fn of(presses: watch::Receiver<u32>) -> Self {
        let handlers = Arc::default();
        Self { presses, handlers }
    }

    /// Runs `work`. A press ends it at once, unless a workflow in it has called [`Self::handle`].
    ///
    /// # Errors
    /// Those of `work`, and [`ExitStatus::Interrupted`].
    pub async fn run<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            done = work => done,
            () = self.unhandled() => Err(Failure::new(ExitStatus::Interrupted, "interrupted").into()),
        }
    }

    async fn unhandled(&self) {
        let mut seen = 0;
        loop {
            seen = self.beyond(seen).await;
            if self.handlers.load(Ordering::Relaxed) == 0 {
                return;
            }
        }
    }

    /// Until the result is dropped, the caller handles presses.
    #[must_use]
    pub fn handle(&self) -> Handling {
        self.handlers.fetch_add(1, Ordering::Relaxed);
        Handling(Arc::clone(&self.handlers))
    }

    /// Creates a counter that tests increment.
    pub fn channel() -> (watch::Sender<u32>, Self) {
        let (sender, presses) = watch::channel(0);
        (sender, Self::of(presses))
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

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    fn run<T>(work: impl AsyncFnOnce(&watch::Sender<u32>, &Interrupts) -> Result<T>) -> Result<T> {
        let (button, interrupts) = Interrupts::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(interrupts.run(work(&button, &interrupts)))
    }

    #[test]
    fn press_ends_the_run_unless_a_workflow_handles_it() {
        let ended = run(async |button, interrupts| {
            let handling = interrupts.handle();
            button.send_modify(|count| *count += 1);
            // The run sees the press, and goes on.
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            drop(handling);
            assert_eq!(interrupts.handlers.load(Ordering::Relaxed), 0);
            button.send_modify(|count| *count += 1);
            pending::<Result<()>>().await
        });
        assert_eq!(ExitStatus::of(&ended.unwrap_err()), ExitStatus::Interrupted);
    }

    #[test]
    fn result_that_is_ready_wins_over_a_press() {
        let done = run(async |button, _| {
            button.send_modify(|count| *count += 1);
            ready(Ok(7)).await
        });
        assert_eq!(done.unwrap(), 7);
    }
}
