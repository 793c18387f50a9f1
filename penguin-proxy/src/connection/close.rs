//! Closing in order.
//!
//! A socket that is closed while bytes of the client are unread is reset by the kernel, and the reset may overtake the
//! answer. So the sending side is closed first, and what still comes is read and thrown away, for a bounded time.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long, and how much, an unwanted upload is read on.
const PATIENCE: Duration = Duration::from_secs(2);
const MOST: u64 = 4 << 20;

/// Why the proxy ended a connection that would have gone on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Nothing came for too long.
    Idle,
    /// The head took too long.
    HeadTimeout,
    /// The client takes none of its bytes.
    SendTimeout,
    /// The client closed its sending side and the answer did not come soon enough.
    HalfClosed,
    /// The drain's time is up.
    Drain,
}

/// Sends FIN and waits for the client to have read everything.
pub(super) async fn in_order(mut stream: TcpStream) {
    let lingering = async {
        stream.shutdown().await?;
        let mut thrown_away = (&mut stream).take(MOST);
        let mut buffer = [0; 4096];
        while thrown_away.read(&mut buffer).await? > 0 {}
        io::Result::Ok(())
    };
    // Whatever happens here, the answer has been given.
    drop(timeout(PATIENCE, lingering).await);
}

/// Sends a last message of the proxy's own, then closes in order.
pub(super) async fn with_message(mut stream: TcpStream, message: &[u8]) {
    if let Ok(Ok(())) = timeout(PATIENCE, stream.write_all(message)).await {
        in_order(stream).await;
    }
}

/// Resets the connection, so that what was sent cannot be taken for complete.
pub(super) fn reset(stream: TcpStream) {
    drop(socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)));
    drop(stream);
}
