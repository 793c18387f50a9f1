//! A request on its way out: its head, then its body as it comes from the client.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use http_body::Body;
use tokio::net::TcpStream;

use crate::body::RequestBody;
use crate::buffer::write_gathered;
use crate::upstream::connect::is_closed;
use crate::upstream::http1::{Fault, Framing, begin_chunk, end_chunks, write_head};

/// A connection at rest keeps a buffer of at most so many bytes for its next head.
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
    deaf: bool,
}

impl Outgoing {
    /// Begins a request.
    pub(super) fn begin(&mut self, head: &Parts, body: RequestBody) {
        self.clear();
        let framing = write_head(head, !body.is_empty(), &mut self.lead);
        self.upload = (framing != Framing::Bodiless).then_some((body, framing));
    }

    /// Whether all of the request is on its way.
    pub(super) fn is_sent(&self) -> bool {
        self.lead.is_empty() && self.upload.is_none() && !self.deaf
    }

    /// Sends as much as there is and the app takes.
    pub(super) fn poll_send(
        &mut self,
        stream: &mut TcpStream,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Fault>> {
        loop {
            ready!(self.poll_flush(stream, cx))?;
            let Some((body, _)) = &mut self.upload else {
                return Poll::Ready(Ok(()));
            };
            match ready!(Pin::new(body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.add(data)?,
                    Err(frame) => self.end(frame.trailers_ref())?,
                },
                Some(Err(_)) => return Poll::Ready(Err(Fault::Upload)),
                None => self.end(None)?,
            }
        }
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
                if *left == 0 {
                    self.upload = None;
                }
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
        let all = self.lead.len() + self.data.len() + self.tail.len();
        while self.sent < all && !self.deaf {
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
                Ok(count) => self.sent += count,
                // A failed write is not the last word: an app that refuses an upload answers, closes, and does not
                // listen. Only the reading side knows whether there is an answer, so the rest is thrown away.
                Err(error) if is_closed(&error) => self.deaf = true,
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
        self.clear_pieces();
        Poll::Ready(Ok(()))
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
        self.deaf = false;
    }

    /// Lets go of a buffer that is large.
    pub(super) fn rest(&mut self) {
        if self.lead.capacity() > KEPT {
            self.lead = Vec::new();
        }
    }
}
