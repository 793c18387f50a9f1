//! One connection to the app: hyper's two halves of it and the socket under them.
//!
//! The connection is not a task of its own: whoever uses it polls it. That saves a task, a lock and a wake per request.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::body::RequestBody;
use crate::connection::write_gathered;

/// Largest head of an answer: generous, because frameworks put whole sessions into cookies.
const HEAD: usize = 64 * 1024;

/// The socket of one connection to the app.
#[derive(Debug)]
pub(crate) struct UpstreamSocket {
    stream: TcpStream,
    received: Rc<Cell<u64>>,
    /// The app takes no more. It may have answered before that, so what it sent is still read.
    deaf: bool,
}

impl UpstreamSocket {
    /// The socket of a connection of which nobody asks what came.
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            received: Rc::default(),
            deaf: false,
        }
    }

    /// A failed write is not the last word: an app that refuses an upload answers, closes, and does not listen. Only
    /// the reading side knows whether there is an answer, so the rest of the request is thrown away.
    fn written(&mut self, outcome: Poll<io::Result<usize>>, all: usize) -> Poll<io::Result<usize>> {
        match outcome {
            Poll::Ready(Err(error)) if is_closed(&error) => {
                self.deaf = true;
                Poll::Ready(Ok(all))
            }
            other => other,
        }
    }

    pub(crate) fn into_stream(self) -> TcpStream {
        self.stream
    }
}

fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    )
}

/// A connection that is in use or waits in the pool.
#[derive(Debug)]
pub(crate) struct Link {
    sender: http1::SendRequest<RequestBody>,
    connection: http1::Connection<TokioIo<UpstreamSocket>, RequestBody>,
    /// The connection future has ended and must not be polled again.
    over: bool,
    received: Rc<Cell<u64>>,
    pub(super) address: SocketAddr,
    pub(super) idle_since: Instant,
}

impl Link {
    pub(super) async fn new(stream: TcpStream, address: SocketAddr) -> hyper::Result<Box<Self>> {
        let received = Rc::new(Cell::new(0));
        let socket = UpstreamSocket {
            stream,
            received: Rc::clone(&received),
            deaf: false,
        };
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD + 16 * 1024)
            .max_header_size(HEAD)
            .handshake(TokioIo::new(socket))
            .await?;
        Ok(Box::new(Self {
            sender,
            connection,
            over: false,
            received,
            address,
            idle_since: Instant::now(),
        }))
    }

    /// Drives the connection. Ready when it has ended, in whatever way.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.over && self.connection.poll_without_shutdown(cx).is_ready() {
            self.over = true;
        }
        if self.over { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Whether another request can be sent now.
    pub(super) fn poll_is_free(&mut self, cx: &mut Context<'_>) -> bool {
        self.poll(cx).is_pending() && self.sender.is_ready()
    }

    /// Hands a request to the connection; nothing moves before it is polled.
    pub(super) fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> impl Future<Output = hyper::Result<Response<Incoming>>> + use<> {
        self.received.set(0);
        let sending: Pin<Box<dyn Future<Output = _>>> = Box::pin(self.sender.send_request(request));
        sending
    }

    /// Whether the app has sent anything since the last request.
    pub(super) fn has_answered(&self) -> bool {
        self.received.get() > 0
    }

    /// The bare socket after an upgrade, with what was read too far.
    pub(super) fn into_socket(self) -> (TcpStream, Bytes) {
        let parts = self.connection.into_parts();
        (parts.io.into_inner().into_stream(), parts.read_buf)
    }
}

impl AsyncRead for UpstreamSocket {
    /// Straight into hyper's buffer: an answer's body is copied once, by the kernel.
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, received, .. } = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(stream).poll_read(cx, buffer))?;
        received.set(received.get() + (buffer.filled().len() - before) as u64);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for UpstreamSocket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.deaf {
            return Poll::Ready(Ok(bytes.len()));
        }
        let outcome = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.written(outcome, bytes.len())
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let all = slices.iter().map(|slice| slice.len()).sum();
        if this.deaf {
            return Poll::Ready(Ok(all));
        }
        let outcome = write_gathered(&mut this.stream, cx, slices);
        this.written(outcome, all)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
