//! The client's socket as hyper sees it: every byte passes through here, in both directions.
//!
//! Reads go through the thread's buffer, so that a connection owns none and the raw bytes can be looked at. Two
//! things are kept from hyper: a head that is not complete and good yet, and the end of a client that closed its
//! sending side and waits for its answer.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use hyper::rt::ReadBufCursor;
use tokio::io::{AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::phases::{Connection, Phase};
use super::preface::{self, Look};
use super::upload::UploadEnd;
use crate::buffer::{fill, with_buffer, write_gathered};
use crate::head_scan::{Event, Framing, HeadScan, ScanLimits};
use crate::request_rules::Refusal;

/// A stream that tells its [`Connection`] what passes.
#[derive(Debug)]
pub(crate) struct ClientSocket {
    stream: TcpStream,
    connection: Rc<Connection>,
    scan: HeadScan,
    in_body: bool,
    /// No head has ended yet: the client may still turn out to speak HTTP/2.
    fresh: bool,
    refused: Option<Refusal>,
    /// hyper was told to wait although the socket was not asked: it must be woken when the answer is out.
    paused: bool,
    /// The beginning of a head, until its end has come.
    head: BytesMut,
    /// Bytes that are good and did not fit into hyper's buffer.
    waiting: BytesMut,
}

impl ClientSocket {
    pub(crate) fn new(stream: TcpStream, connection: Rc<Connection>) -> Self {
        let scan = HeadScan::new(ScanLimits::default());
        let (head, waiting) = (BytesMut::new(), BytesMut::new());
        Self {
            stream,
            connection,
            scan,
            in_body: false,
            fresh: true,
            refused: None,
            paused: false,
            head,
            waiting,
        }
    }

    /// The stream, and what was read of it beyond what hyper has seen.
    pub(crate) fn into_parts(self) -> (TcpStream, BytesMut) {
        let mut unseen = self.waiting;
        unseen.extend_from_slice(&self.head);
        (self.stream, unseen)
    }

    /// Takes back what hyper had been given and has not used.
    pub(crate) fn put_back(&mut self, unused: Bytes) {
        if !unused.is_empty() {
            let mut waiting = BytesMut::from(unused);
            waiting.extend_from_slice(&self.waiting);
            self.waiting = waiting;
        }
    }

    /// Ready when there is something to read: bytes, or the end.
    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.waiting.is_empty() {
            // A look, because readiness alone is assumed of every new socket. An error is for the read to tell.
            let mut byte = [0; 1];
            self.stream.poll_peek(cx, &mut ReadBuf::new(&mut byte)).map(drop)
        } else {
            Poll::Ready(())
        }
    }

    /// Whether what was refused is the beginning of HTTP/2, which looks like a request of an unknown version.
    fn preface(&self, refusal: Refusal) -> Look {
        if self.fresh && refusal == Refusal::Version {
            preface::look(&self.head)
        } else {
            Look::Other
        }
    }

    /// What hyper gets instead of refused bytes. A head that is refused must not take the answer before it along.
    fn tell_refusal(&mut self, refusal: Refusal) -> Poll<io::Result<()>> {
        if self.in_body {
            self.connection.upload_ended(UploadEnd::Refused(refusal));
        } else if matches!(self.connection.phase(), Phase::Uploading | Phase::Answering) {
            self.paused = true;
            return Poll::Pending;
        } else {
            self.connection.refuse_head(refusal);
        }
        Poll::Ready(Err(io::Error::other(refusal)))
    }

    /// Looks at bytes and gives hyper those that it may see.
    fn scan(&mut self, bytes: &[u8], out: &mut ReadBufCursor<'_>) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let step = self.scan.next(rest);
            let (seen, unseen) = rest.split_at(step.taken);
            rest = unseen;
            match step.event {
                Event::Partial if self.in_body => self.give(seen, out),
                Event::Partial => self.head.extend_from_slice(seen),
                Event::Head(framing) => {
                    if !self.head.is_empty() {
                        let head = std::mem::take(&mut self.head);
                        self.give(&head, out);
                    }
                    self.give(seen, out);
                    self.fresh = false;
                    self.in_body = framing != Framing::Length(0);
                }
                Event::End => {
                    self.give(seen, out);
                    self.in_body = false;
                }
                Event::Refused(refusal) => {
                    // Kept: should the request before be upgraded, these are the tunnel's first bytes.
                    self.head.extend_from_slice(rest);
                    self.refused = Some(refusal);
                    return;
                }
            }
        }
    }

    fn give(&mut self, bytes: &[u8], out: &mut ReadBufCursor<'_>) {
        let now = if self.waiting.is_empty() {
            bytes.len().min(out.remaining())
        } else {
            0
        };
        out.put_slice(&bytes[..now]);
        self.waiting.extend_from_slice(&bytes[now..]);
    }
}

impl hyper::rt::Read for ClientSocket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut out: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let room = out.remaining();
        if !this.waiting.is_empty() {
            let count = this.waiting.len().min(room);
            out.put_slice(&this.waiting[..count]);
            this.waiting.advance(count);
            return Poll::Ready(Ok(()));
        }
        if this.connection.is_upgrading() {
            this.paused = true;
            return Poll::Pending;
        }
        loop {
            if let Some(refusal) = this.refused {
                match this.preface(refusal) {
                    Look::Other => return this.tell_refusal(refusal),
                    Look::Complete => {
                        this.connection.speak_http2();
                        return Poll::Ready(Err(io::Error::other("this is HTTP/2")));
                    }
                    Look::Begun => {}
                }
            }
            let count = ready!(with_buffer(|buffer| {
                let bytes = ready!(fill(buffer, &mut this.stream, cx, room))?;
                if this.refused.is_some() {
                    this.head.extend_from_slice(bytes);
                } else {
                    this.scan(bytes, &mut out);
                }
                Poll::Ready(io::Result::Ok(bytes.len()))
            }))?;
            if count == 0 {
                if let Some(refusal) = this.refused {
                    return this.tell_refusal(refusal);
                }
                // Whoever waits for the answer is woken by the answer, or by the sweep.
                return if this.connection.sending_side_closed() {
                    Poll::Pending
                } else {
                    Poll::Ready(Ok(()))
                };
            }
            this.connection.holds_half_a_head(!this.head.is_empty());
            this.connection.bytes_came();
            if out.remaining() < room {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl hyper::rt::Write for ClientSocket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.connection.write_went(written.is_ready());
        written
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = write_gathered(&mut this.stream, cx, slices);
        this.connection.write_went(written.is_ready());
        written
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Everything has been sent. What was kept back until then is told at the next read, which must come.
        if self.paused && self.connection.phase() != Phase::Answering {
            self.get_mut().paused = false;
            cx.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    /// hyper calls this once everything is flushed. The socket stays open: how it closes is decided afterwards.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
