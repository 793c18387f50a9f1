//! Client socket as hyper sees it.
//!
//! Reads go through the thread's buffer, so that the raw bytes can be checked and the connection owns no buffer.
//! [`Inbox`] decides which bytes hyper sees and when the socket is read.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use hyper::rt::ReadBufCursor;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;

use super::reading::{Inbox, Reading, Room};
use crate::buffer::{fill, with_buffer, write_gathered};
use crate::client_state::{ClientState, UploadState};
use crate::reject_reason::RejectReason;
use crate::request_limits::HEAD_LIMIT;

/// What ends a chunked body, behind the trailers.
const CRLF: &[u8] = b"\r\n";

/// A stream that tells its [`ClientState`] what passes.
#[derive(Debug)]
pub(crate) struct ClientSocket {
    stream: TcpStream,
    connection: Rc<ClientState>,
    inbox: Inbox,
}

impl ClientSocket {
    pub(crate) fn new(stream: TcpStream, connection: Rc<ClientState>) -> Self {
        Self {
            stream,
            connection,
            inbox: Inbox::new(),
        }
    }

    /// The stream, and what was read of it beyond what hyper has seen.
    pub(crate) fn into_parts(self) -> (TcpStream, BytesMut) {
        (self.stream, self.inbox.into_unread())
    }

    /// Ready when something has come: true for bytes, false for the end. For a connection between two requests.
    pub(crate) fn poll_arrival(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if !self.inbox.has_some() {
            let Self { stream, inbox, .. } = self;
            ready!(with_buffer(|buffer| {
                let read = ready!(fill(buffer, stream, cx, HEAD_LIMIT));
                // An idle client that resets its connection has left like any other.
                inbox.keep(read.unwrap_or_default());
                Poll::Ready(())
            }));
        }
        let bytes = !self.inbox.is_at_end();
        if bytes {
            self.connection.bytes_received();
        } else {
            self.connection.set_client_closes(true);
        }
        Poll::Ready(bytes)
    }

    /// Looks at what was kept, or else at what the socket has; none is the end. Returns the number of bytes.
    fn poll_look(&mut self, cx: &mut Context<'_>, out: &mut ReadBufCursor<'_>) -> Poll<io::Result<usize>> {
        let ahead = self.inbox.take_ahead();
        if !ahead.is_empty() {
            self.inbox.look_at(&ahead, out);
            return Poll::Ready(Ok(ahead.len()));
        }
        if self.inbox.is_at_end() {
            return Poll::Ready(Ok(0));
        }
        let Self { stream, inbox, .. } = self;
        let room = out.remaining();
        with_buffer(|buffer| {
            let bytes = ready!(fill(buffer, stream, cx, room))?;
            if bytes.is_empty() {
                inbox.end();
            } else {
                inbox.look_at(bytes, out);
            }
            Poll::Ready(Ok(bytes.len()))
        })
    }

    /// Keeps what comes while a request is being answered: bytes of the next, or the end.
    fn poll_keep(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self {
            stream,
            inbox,
            connection,
        } = self;
        with_buffer(|buffer| {
            let bytes = ready!(fill(buffer, stream, cx, HEAD_LIMIT))?;
            if bytes.is_empty() {
                connection.sending_side_closed();
            }
            inbox.keep(bytes);
            Poll::Ready(Ok(()))
        })
    }

    /// Writes the end of a chunked body, with trailers before the last CRLF.
    ///
    /// hyper writes only trailers that `Trailer` announced, which apps need not do (RFC 9110 §6.6.2). What it has to
    /// send ends with the empty line behind the last chunk, because the trailers are known only at the end of the body.
    fn poll_write_end(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let Self {
            stream, connection, ..
        } = self;
        let total: usize = slices.iter().map(|slice| slice.len()).sum();
        if total > CRLF.len() {
            let mut bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
            bytes.truncate(total - CRLF.len());
            return Pin::new(stream).poll_write(cx, &bytes);
        }
        // They end with the empty line.
        let mut trailers = connection.trailers();
        while !trailers.is_empty() {
            let count = ready!(Pin::new(&mut *stream).poll_write(cx, &trailers))?;
            if count == 0 {
                return Poll::Ready(Ok(0));
            }
            trailers.drain(..count);
        }
        Poll::Ready(Ok(total))
    }

    /// What hyper gets instead of refused bytes.
    fn tell_refusal(&self, refusal: RejectReason, in_body: bool) -> io::Error {
        if in_body {
            self.connection.upload().ended(UploadState::Refused(refusal));
        } else {
            self.connection.refuse_head(refusal);
        }
        io::Error::other(refusal)
    }
}

impl hyper::rt::Read for ClientSocket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut out: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let room = out.room();
        let passed = this.inbox.passed();
        if !passed.is_empty() {
            let count = passed.len().min(room);
            out.put_slice(&passed[..count]);
            passed.advance(count);
            if passed.is_empty() {
                // Its memory too.
                *passed = BytesMut::new();
            }
            return Poll::Ready(Ok(()));
        }
        loop {
            match this.inbox.reading() {
                Reading::Paused => return Poll::Pending,
                Reading::Response => ready!(this.poll_keep(cx))?,
                Reading::Http2 => {
                    // The connection's task sees it after this poll: HTTP/1 ends there.
                    this.connection.speak_http2();
                    return Poll::Pending;
                }
                Reading::Refused { refusal, in_body } => {
                    return Poll::Ready(Err(this.tell_refusal(refusal, in_body)));
                }
                Reading::Head | Reading::Body | Reading::Preface => {
                    let count = ready!(this.poll_look(cx, &mut out))?;
                    if count > 0 {
                        this.connection.bytes_received();
                    } else {
                        this.connection.set_client_closes(true);
                    }
                    this.connection.set_server_wide(this.inbox.is_server_wide());
                    let refused = matches!(this.inbox.reading(), Reading::Refused { .. });
                    // What is forwarded, or the end.
                    if out.room() < room || (count == 0 && !refused) {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }
}

impl hyper::rt::Write for ClientSocket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = if this.connection.trailers().is_empty() {
            Pin::new(&mut this.stream).poll_write(cx, bytes)
        } else {
            this.poll_write_end(cx, &[IoSlice::new(bytes)])
        };
        this.connection.write_went(written.is_ready());
        written
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = if this.connection.trailers().is_empty() {
            write_gathered(&mut this.stream, cx, slices)
        } else {
            this.poll_write_end(cx, slices)
        };
        this.connection.write_went(written.is_ready());
        written
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// hyper calls this whenever all that it has to send is sent, and last when a response is.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.connection.is_answering() && this.inbox.response_sent() {
            if this.inbox.has_ahead() {
                this.connection.bytes_received();
            }
            cx.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    /// hyper calls this once everything is flushed. The socket stays open: how it closes is decided afterwards.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
