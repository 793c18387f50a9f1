//! Request on its way to the app: head, then body as it arrives from the client.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use http_body::Body;
use tokio::net::TcpStream;

use crate::buffer::write_gathered;
use crate::request_body::RequestBody;
use crate::upstream::connect::is_closed;
use crate::upstream::http1::{Fault, Framing, begin_chunk, end_chunks, write_head};

/// An idle connection keeps a buffer of at most so many bytes for its next head.
const KEPT: usize = 2 * 1024;

/// What of a request has not been sent yet.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// The head, the line in front of a chunk, or the end of all chunks.
    lead: Vec<u8>,
    data: Bytes,
    /// The end of a chunk.
    tail: &'static [u8],
    /// Bytes of these three that have been sent.
    sent: usize,
    /// What comes behind them.
    upload: Option<(RequestBody, Framing)>,
    /// The app takes no more. It may have answered before that, so what it sent is still read.
    write_closed: bool,
    /// The connection has carried a request before, so that the app may have left before this one.
    reused: bool,
    /// The kernel has taken bytes of this request.
    taken: bool,
}

impl Outgoing {
    /// Begins a request.
    pub(super) fn begin(&mut self, head: &Parts, body: RequestBody, reused: bool) {
        self.clear();
        self.reused = reused;
        let framing = write_head(head, !body.is_empty(), &mut self.lead);
        self.upload = (framing != Framing::Bodiless).then_some((body, framing));
    }

    /// Whether all of the request is on its way.
    pub(super) fn is_sent(&self) -> bool {
        self.lead.is_empty() && self.upload.is_none() && !self.write_closed
    }

    /// The body of a request of which no byte was taken.
    pub(super) fn take_unsent(&mut self) -> RequestBody {
        let Some((mut body, _)) = self.upload.take() else {
            return RequestBody::empty();
        };
        body.put_back(std::mem::take(&mut self.data));
        body
    }

    /// Sends as much as there is and the app takes.
    pub(super) fn poll_send(
        &mut self,
        stream: &mut TcpStream,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Fault>> {
        // A piece of the body that is here already leaves together with the head: one write, one wake-up of the app.
        if self.is_untouched()
            && let Poll::Ready(Err(fault)) = self.poll_body(cx)
        {
            return Poll::Ready(Err(fault));
        }
        loop {
            ready!(self.poll_flush(stream, cx))?;
            if self.upload.is_none() {
                return Poll::Ready(Ok(()));
            }
            ready!(self.poll_body(cx))?;
        }
    }

    /// Whether a body of known length follows a head of which no byte was sent.
    fn is_untouched(&self) -> bool {
        matches!(self.upload, Some((_, Framing::Length(_)))) && !self.taken && self.data.is_empty()
    }

    /// Takes the next piece of the body.
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        let Some((body, _)) = &mut self.upload else {
            return Poll::Ready(Ok(()));
        };
        Poll::Ready(match ready!(Pin::new(body).poll_frame(cx)) {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => self.add(data),
                Err(frame) => self.end(frame.trailers_ref()),
            },
            Some(Err(_)) => Err(Fault::Upload),
            None => self.end(None),
        })
    }

    /// The next piece of the body.
    fn add(&mut self, data: Bytes) -> Result<(), Fault> {
        let Some((_, framing)) = &mut self.upload else {
            return Ok(());
        };
        match framing {
            _ if data.is_empty() => return Ok(()),
            Framing::Bodiless => return Err(Fault::Upload),
            Framing::Length(left) => {
                *left = left.checked_sub(data.len() as u64).ok_or(Fault::Upload)?;
            }
            Framing::Chunked => {
                begin_chunk(&data, &mut self.lead);
                self.tail = b"\r\n";
            }
        }
        self.data = data;
        Ok(())
    }

    /// The body has ended.
    fn end(&mut self, trailers: Option<&HeaderMap>) -> Result<(), Fault> {
        match self.upload.take() {
            Some((_, Framing::Chunked)) => {
                let none = HeaderMap::new();
                end_chunks(trailers.unwrap_or(&none), &mut self.lead);
                Ok(())
            }
            Some((_, Framing::Length(1..))) => Err(Fault::Upload),
            Some((_, Framing::Length(0) | Framing::Bodiless)) | None => Ok(()),
        }
    }

    fn poll_flush(&mut self, stream: &mut TcpStream, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        let all = self.ready_bytes();
        while self.sent < all && !self.write_closed {
            let pieces = &mut [
                IoSlice::new(&self.lead),
                IoSlice::new(&self.data),
                IoSlice::new(self.tail),
            ];
            let mut pieces: &mut [IoSlice<'_>] = if self.data.is_empty() {
                &mut pieces[..1]
            } else {
                pieces
            };
            IoSlice::advance_slices(&mut pieces, self.sent);
            match ready!(write_gathered(stream, cx, pieces)) {
                Ok(0) => return Poll::Ready(Err(io::Error::from(io::ErrorKind::WriteZero).into())),
                Ok(count) => {
                    self.sent += count;
                    self.taken = true;
                }
                // The app left before it could know of the request.
                Err(error) if self.reused && !self.taken && is_closed(&error) => {
                    return Poll::Ready(Err(Fault::Unsent));
                }
                // A failed write is not the last word: an app that refuses an upload answers, closes, and does not
                // listen. Only the reading side knows whether there is a response, so the rest is thrown away.
                Err(error) if is_closed(&error) => self.write_closed = true,
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
        self.clear_pieces();
        // Kept until then: what was not taken can be sent again.
        if matches!(self.upload, Some((_, Framing::Length(0)))) {
            self.upload = None;
        }
        Poll::Ready(Ok(()))
    }

    /// Bytes that one write may send.
    pub(super) fn ready_bytes(&self) -> usize {
        self.lead.len() + self.data.len() + self.tail.len()
    }

    fn clear_pieces(&mut self) {
        self.lead.clear();
        self.data = Bytes::new();
        self.tail = b"";
        self.sent = 0;
    }

    fn clear(&mut self) {
        self.clear_pieces();
        self.upload = None;
        self.write_closed = false;
        self.taken = false;
    }

    /// Lets go of a buffer that is large.
    pub(super) fn release_buffers(&mut self) {
        if self.lead.capacity() > KEPT {
            self.lead = Vec::new();
        }
    }
}
