//! SIGTERM and SIGINT as a stream of wishes to stop.
//!
//! The handlers are installed before a port is bound and work as PID 1, which has no default action for SIGTERM. A
//! broken pipe needs no handler: the standard library ignores SIGPIPE from the start.

use std::io;
use std::thread;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// Each message is one wish to stop: the first orderly, the second at once.
pub type StopWishes = mpsc::Receiver<&'static str>;

/// Starts to listen. The thread lives as long as the process.
///
/// # Errors
///
/// When the kernel refuses a handler or a thread.
pub fn install() -> io::Result<StopWishes> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let (mut term, mut int) = {
        let _inside = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
    };
    let (wish, wishes) = mpsc::channel(2);
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async move {
            loop {
                let name = tokio::select! {
                    _ = term.recv() => "SIGTERM",
                    _ = int.recv() => "SIGINT",
                };
                if wish.send(name).await.is_err() {
                    return;
                }
            }
        });
    })?;
    Ok(wishes)
}
