//! Orderly close of a client connection (lingering close).
//!
//! The kernel resets a socket that is closed while received bytes are unread, and the reset may overtake the response.
//! So the sending side is closed first, and incoming bytes are discarded for a bounded time.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::context::Worker;

/// How long a message of the proxy's own may take to be sent.
const TIMEOUT: Duration = Duration::from_secs(2);
/// An unwanted upload is read on this long in all, and this long after its last byte: as long as nginx does.
const LINGER: Duration = Duration::from_secs(30);
const SILENCE: Duration = Duration::from_secs(5);
/// The same while the proxy is stopping.
const STOPPING: Duration = Duration::from_secs(2);

/// Sends FIN and reads on until the client has closed its side as well.
pub(super) async fn in_order(worker: &Worker, mut stream: TcpStream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let since = Instant::now();
    let mut buffer = [0; 4096];
    loop {
        let (all, silence) = if worker.is_closing() {
            (STOPPING, STOPPING)
        } else {
            (LINGER, SILENCE)
        };
        let left = all.saturating_sub(since.elapsed()).min(silence);
        // Whatever happens here, the response has been given.
        match timeout(left, stream.read(&mut buffer)).await {
            Ok(Ok(count)) if count > 0 && !left.is_zero() => {}
            _ => return,
        }
    }
}

/// Sends a last message of the proxy's own, then closes in order.
pub(super) async fn with_message(worker: &Worker, mut stream: TcpStream, message: &[u8]) {
    if let Ok(Ok(())) = timeout(TIMEOUT, stream.write_all(message)).await {
        in_order(worker, stream).await;
    }
}

/// Resets the connection, so that what was sent cannot be taken for complete.
pub(super) fn reset(stream: TcpStream) {
    drop(socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)));
    drop(stream);
}
