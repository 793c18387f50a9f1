//! Socket below an HTTP/2 connection: frames pass the filter, rejected requests are logged. Returns the TCP stream when
//! hyper drops it, because hyper does not decide how it is closed.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use hyper::rt::ReadBufCursor;
use tokio::net::TcpStream;

use crate::client_state::ClientState;
use crate::connection::{Clients, Handler};
use crate::filtered_stream::FilteredStream;
use crate::http2_filter::{ConnectionError, Role};

/// A stream that tells its [`ClientState`] whether the client takes bytes.
pub(super) struct Http2Socket<H: Handler> {
    /// None only while it is dropped.
    stream: Option<FilteredStream>,
    clients: Rc<Clients<H>>,
    connection: Rc<ClientState>,
    state: Rc<SocketState>,
}

/// What the connection's task must know of the socket that hyper holds.
#[derive(Default)]
pub(super) struct SocketState {
    /// The stream, once hyper has dropped it.
    left: Cell<Option<TcpStream>>,
    /// Whether a frame of the proxy's own may follow what was sent.
    between_frames: Cell<bool>,
    /// The rule that the client broke.
    failed: Cell<Option<ConnectionError>>,
    resets: Cell<usize>,
}

impl SocketState {
    pub(super) fn take_stream(&self) -> Option<TcpStream> {
        self.left.take()
    }

    pub(super) fn is_between_frames(&self) -> bool {
        self.between_frames.get()
    }

    pub(super) fn failed(&self) -> Option<ConnectionError> {
        self.failed.get()
    }

    /// Streams that were reset so far.
    pub(super) fn resets(&self) -> usize {
        self.resets.get()
    }
}

impl<H: Handler> Http2Socket<H> {
    /// The socket for hyper, and what is known of it outside.
    pub(super) fn new(
        clients: &Rc<Clients<H>>,
        connection: &Rc<ClientState>,
        stream: TcpStream,
        early: &[u8],
    ) -> (Self, Rc<SocketState>) {
        let state = Rc::default();
        let mut socket = Self {
            stream: Some(FilteredStream::new(stream, Role::Requests, early)),
            clients: Rc::clone(clients),
            connection: Rc::clone(connection),
            state: Rc::clone(&state),
        };
        socket.log_malformed();
        (socket, state)
    }

    fn stream(&mut self) -> io::Result<&mut FilteredStream> {
        self.stream
            .as_mut()
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Writes the lines of requests that hyper never sees. Malformed trailers end a request that has a line already.
    fn log_malformed(&mut self) {
        let malformed = self
            .stream
            .as_mut()
            .map(|stream| stream.filter().take_malformed());
        for message in malformed.into_iter().flatten() {
            if let Some(head) = message.head {
                let reason = message.flaw.into();
                self.clients
                    .handler
                    .reject_before_parse(&self.connection, reason, &head);
            }
        }
    }

    fn wrote(&mut self, written: &Poll<io::Result<usize>>) {
        self.connection.write_went(written.is_ready());
        if let Some(stream) = &mut self.stream {
            self.state.resets.set(stream.filter().resets());
        }
    }
}

impl<H: Handler> Drop for Http2Socket<H> {
    fn drop(&mut self) {
        let Some(mut stream) = self.stream.take() else {
            return;
        };
        self.state.between_frames.set(stream.filter().is_between_frames());
        self.state.failed.set(stream.failed());
        self.state.left.set(Some(stream.into_stream()));
    }
}

impl<H: Handler> hyper::rt::Read for Http2Socket<H> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut out: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let room = out.remaining();
        let read = this.stream()?.poll_read(cx, room, |bytes| out.put_slice(bytes));
        this.log_malformed();
        read
    }
}

impl<H: Handler> hyper::rt::Write for Http2Socket<H> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = this.stream()?.poll_write(cx, bytes);
        this.wrote(&written);
        written
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = this.stream()?.poll_write_vectored(cx, slices);
        this.wrote(&written);
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
