//! Upgraded connections: copies bytes in both directions after a 101 until either side closes.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};
use tokio::net::TcpStream;

use crate::access_log::RequestLog;
use crate::client_state::{ClientState, CloseReason};

/// The app's side of an upgraded connection, waiting for hyper to let go of the client's.
#[derive(Debug)]
pub(crate) struct Tunnel {
    pub(crate) stream: TcpStream,
    pub(crate) unread: Bytes,
    /// The request's line in the log is written when the tunnel ends.
    pub(crate) request_log: Box<RequestLog>,
}

/// Joins both sides until one has ended and the other has been told, or the drain cuts.
pub(crate) async fn run(connection: &Rc<ClientState>, client: TcpStream, unread: Bytes, tunnel: Tunnel) {
    let Tunnel {
        stream,
        unread: early,
        mut request_log,
    } = tunnel;
    let mut client = Rewound {
        early: unread,
        stream: client,
        written: 0,
        connection: Rc::clone(connection),
    };
    let mut app = Rewound {
        early,
        stream,
        written: 0,
        connection: Rc::clone(connection),
    };
    let outcome = {
        let mut joined = std::pin::pin!(copy_bidirectional(&mut client, &mut app));
        std::future::poll_fn(|cx| {
            connection.wake_me(cx.waker());
            if connection.close_reason().is_some() {
                return Poll::Ready(None);
            }
            joined.as_mut().poll(cx).map(Some)
        })
        .await
    };
    request_log.tunnel_carried(app.written, client.written);
    match outcome {
        Some(Ok(_)) => request_log.tunnelled(),
        Some(Err(error)) => request_log.tunnel_broke(&error),
        None if connection.close_reason() == Some(CloseReason::Idle) => {
            request_log.tunnel_broke(&"idle timeout");
        }
        None => {}
    }
}

/// A stream with bytes that were read too far in front of it.
struct Rewound {
    early: Bytes,
    stream: TcpStream,
    connection: Rc<ClientState>,
    /// Bytes that it has taken.
    written: u64,
}

impl AsyncRead for Rewound {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { early, stream, .. } = self.get_mut();
        if early.is_empty() {
            return Pin::new(stream).poll_read(cx, out);
        }
        let count = early.len().min(out.remaining());
        out.put_slice(&early[..count]);
        early.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Rewound {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let count = ready!(Pin::new(&mut this.stream).poll_write(cx, bytes))?;
        this.written += count as u64;
        this.connection.tunnel_carries();
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
