//! Upgraded connections: after a 101 both sides are joined, byte for byte, until either ends.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};
use tokio::net::TcpStream;

use crate::connection::Connection;
use crate::gateway::Record;

/// The app's side of an upgraded connection, waiting for hyper to let go of the client's.
#[derive(Debug)]
pub(crate) struct Tunnel {
    pub(crate) stream: TcpStream,
    pub(crate) unread: Bytes,
    /// The request's line in the log is written when the tunnel ends.
    pub(crate) record: Box<Record>,
}

/// Joins both sides until one has ended and the other has been told, or the drain cuts.
pub(crate) async fn run(connection: &Rc<Connection>, client: TcpStream, unread: Bytes, tunnel: Box<Tunnel>) {
    let Tunnel {
        stream,
        unread: early,
        mut record,
    } = *tunnel;
    let mut client = Rewound {
        early: unread,
        stream: client,
    };
    let mut app = Rewound { early, stream };
    let outcome = {
        let mut joined = std::pin::pin!(copy_bidirectional(&mut client, &mut app));
        std::future::poll_fn(|cx| {
            connection.wake_me(cx.waker());
            if connection.cut_reason().is_some() {
                return Poll::Ready(None);
            }
            joined.as_mut().poll(cx).map(Some)
        })
        .await
    };
    match outcome {
        Some(Ok((up, down))) => record.tunnelled(up, down),
        Some(Err(error)) => record.tunnel_broke(&error),
        None => {}
    }
}

/// A stream with bytes that were read too far in front of it.
struct Rewound {
    early: Bytes,
    stream: TcpStream,
}

impl AsyncRead for Rewound {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { early, stream } = self.get_mut();
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
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
