//! Signals: which of them ask for a stop, and which are ignored.
//!
//! | signal | effect |
//! |---|---|
//! | SIGTERM, SIGINT, SIGQUIT | drain; the second one stops at once |
//! | SIGHUP, SIGUSR1, SIGUSR2 | none but a line in the operational log: there is nothing to reload or reopen |
//!
//! The handlers are installed before a port is bound and work as PID 1, which has no default action for SIGTERM. A
//! broken pipe needs no handler: the standard library ignores SIGPIPE from the start.

use std::io;
use std::thread;

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// Each message is the name of a signal. The first one starts a graceful shutdown, the second one ends it at once.
pub type ShutdownSignals = mpsc::Receiver<&'static str>;

/// Handlers of all signals that would otherwise end the process.
struct Handlers {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
    hangup: Signal,
    user1: Signal,
    user2: Signal,
}

impl Handlers {
    fn install() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            hangup: signal(SignalKind::hangup())?,
            user1: signal(SignalKind::user_defined1())?,
            user2: signal(SignalKind::user_defined2())?,
        })
    }

    /// Waits for a signal that asks for a stop, and returns its name.
    async fn shutdown(&mut self) -> &'static str {
        loop {
            let ignored = tokio::select! {
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "SIGINT",
                _ = self.quit.recv() => return "SIGQUIT",
                _ = self.hangup.recv() => "SIGHUP",
                _ = self.user1.recv() => "SIGUSR1",
                _ = self.user2.recv() => "SIGUSR2",
            };
            tracing::info!(
                signal = ignored,
                "signal ignored: settings are read only at start; SIGTERM stops"
            );
        }
    }
}

/// Starts to listen. The thread lives as long as the process.
///
/// # Errors
///
/// When the kernel refuses a handler or a thread.
pub fn install() -> io::Result<ShutdownSignals> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let mut handlers = {
        let _inside = runtime.enter();
        Handlers::install()?
    };
    let (sender, signals) = mpsc::channel(2);
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async move {
            loop {
                let name = handlers.shutdown().await;
                if sender.send(name).await.is_err() {
                    return;
                }
            }
        });
    })?;
    Ok(signals)
}
