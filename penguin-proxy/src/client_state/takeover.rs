//! Continuation of a client connection after HTTP, for example as a WebSocket.

use std::fmt;
use std::pin::Pin;

use bytes::Bytes;
use tokio::net::TcpStream;

type Run = dyn FnOnce(TcpStream, Bytes) -> Pin<Box<dyn Future<Output = ()>>>;

/// Takes the client's socket once HTTP has ended on it, with the bytes that were read beyond the last message.
pub(crate) struct Takeover(Box<Run>);

impl Takeover {
    pub(crate) fn new<F: Future<Output = ()> + 'static>(
        run: impl FnOnce(TcpStream, Bytes) -> F + 'static,
    ) -> Self {
        Self(Box::new(|stream, unread| Box::pin(run(stream, unread))))
    }

    /// Runs until the connection can be closed.
    pub(crate) fn run(self, stream: TcpStream, unread: Bytes) -> Pin<Box<dyn Future<Output = ()>>> {
        (self.0)(stream, unread)
    }
}

impl fmt::Debug for Takeover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Takeover")
    }
}
