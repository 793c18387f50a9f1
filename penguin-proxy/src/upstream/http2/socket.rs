//! Socket below an HTTP/2 connection to the app: frames pass the filter.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::filtered_stream::FilteredStream;
use crate::http2_filter::{Flaw, Role};
use crate::upstream::connect::is_closed;

/// A stream whose reading side goes on when nobody listens any more: the app's GOAWAY may still be there.
#[derive(Debug)]
pub(super) struct UpstreamSocket {
    stream: FilteredStream,
    write_closed: bool,
    state: Rc<SocketState>,
}

/// What requests must know of the socket that hyper holds.
#[derive(Debug, Default)]
pub(super) struct SocketState {
    flaw: Cell<Option<Flaw>>,
    resets: Cell<usize>,
}

impl SocketState {
    /// What was wrong with the latest malformed message, if nobody has asked before.
    pub(super) fn take_flaw(&self) -> Option<Flaw> {
        self.flaw.take()
    }

    /// Streams that were reset so far.
    pub(super) fn resets(&self) -> usize {
        self.resets.get()
    }
}

impl UpstreamSocket {
    /// The socket for hyper, and what is known of it outside.
    pub(super) fn new(stream: TcpStream) -> (Self, Rc<SocketState>) {
        let state = Rc::<SocketState>::default();
        let socket = Self {
            stream: FilteredStream::new(stream, Role::Responses, &[]),
            write_closed: false,
            state: Rc::clone(&state),
        };
        (socket, state)
    }

    fn written(&mut self, outcome: Poll<io::Result<usize>>, all: usize) -> Poll<io::Result<usize>> {
        self.state.resets.set(self.stream.filter().resets());
        match outcome {
            Poll::Ready(Err(error)) if is_closed(&error) => {
                self.write_closed = true;
                Poll::Ready(Ok(all))
            }
            other => other,
        }
    }
}

impl AsyncRead for UpstreamSocket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let room = buffer.remaining();
        let read = this.stream.poll_read(cx, room, |bytes| buffer.put_slice(bytes));
        if let Some(message) = this.stream.filter().take_malformed().pop() {
            this.state.flaw.set(Some(message.flaw));
        }
        read
    }
}

impl AsyncWrite for UpstreamSocket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.write_closed {
            return Poll::Ready(Ok(bytes.len()));
        }
        let outcome = this.stream.poll_write(cx, bytes);
        this.written(outcome, bytes.len())
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let all = slices.iter().map(|slice| slice.len()).sum();
        if this.write_closed {
            return Poll::Ready(Ok(all));
        }
        let outcome = this.stream.poll_write_vectored(cx, slices);
        this.written(outcome, all)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.get_mut().stream.stream()).poll_shutdown(cx)
    }
}
