//! The socket under an HTTP/2 connection. What was read before the client's protocol was known comes first; what is
//! left of the socket afterwards is given back, because how it closes is not hyper's to decide.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use hyper::rt::ReadBufCursor;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;

use crate::buffer::{read_through, write_gathered};
use crate::connection::phases::Connection;

/// A stream that tells its [`Connection`] whether the client takes bytes.
pub(super) struct Http2Socket {
    /// None only while it is dropped.
    stream: Option<TcpStream>,
    early: Bytes,
    connection: Rc<Connection>,
    left: Rc<Cell<Option<TcpStream>>>,
}

impl Http2Socket {
    /// The socket for hyper, and the place where the stream is found once hyper has dropped it.
    pub(super) fn new(
        stream: TcpStream,
        early: Bytes,
        connection: &Rc<Connection>,
    ) -> (Self, Rc<Cell<Option<TcpStream>>>) {
        let left = Rc::default();
        let socket = Self {
            stream: Some(stream),
            early,
            connection: Rc::clone(connection),
            left: Rc::clone(&left),
        };
        (socket, left)
    }

    fn stream(&mut self) -> io::Result<&mut TcpStream> {
        self.stream
            .as_mut()
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Drop for Http2Socket {
    fn drop(&mut self) {
        self.left.set(self.stream.take());
    }
}

impl hyper::rt::Read for Http2Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut out: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.early.is_empty() {
            ready!(read_through(this.stream()?, cx, out))?;
        } else {
            let count = this.early.len().min(out.remaining());
            out.put_slice(&this.early[..count]);
            this.early.advance(count);
        }
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for Http2Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(this.stream()?).poll_write(cx, bytes);
        this.connection.write_went(written.is_ready());
        written
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = write_gathered(this.stream()?, cx, slices);
        this.connection.write_went(written.is_ready());
        written
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
