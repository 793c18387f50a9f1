//! One connection to the app, and the one request on it.
//!
//! The connection is not a task of its own: whoever uses it polls it. That saves a task, a lock and a wake per request.

mod outgoing;

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body::Frame;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

use self::outgoing::Outgoing;
use super::http1::{Answer, Fault, HEAD, Incoming, Piece, ends_a_head, read_head};
use crate::body::RequestBody;
use crate::buffer::read;

/// A connection that is in use or waits in the pool.
#[derive(Debug)]
pub(crate) struct Link {
    stream: TcpStream,
    outgoing: Outgoing,
    /// The beginning of a head that did not come in one piece.
    head: BytesMut,
    /// What was read and not used yet.
    input: Bytes,
    incoming: Incoming,
    /// The app has sent something since the last request.
    answered: bool,
    /// The connection carries no request after this one.
    last: bool,
    pub(super) address: SocketAddr,
    pub(super) idle_since: Instant,
}

impl Link {
    pub(super) fn new(stream: TcpStream, address: SocketAddr) -> Box<Self> {
        Box::new(Self {
            stream,
            outgoing: Outgoing::default(),
            head: BytesMut::new(),
            input: Bytes::new(),
            incoming: Incoming::Ended,
            answered: false,
            last: false,
            address,
            idle_since: Instant::now(),
        })
    }

    /// Whether another request can be sent now, as far as one look tells: an app that says something unasked, or leaves,
    /// has done so.
    pub(super) fn poll_is_free(&mut self, cx: &mut Context<'_>) -> bool {
        let mut byte = [0; 1];
        let unasked = Pin::new(&mut self.stream).poll_read(cx, &mut ReadBuf::new(&mut byte));
        unasked.is_pending()
    }

    /// Whether the connection can be kept for another request, now that its answer has ended.
    pub(super) fn is_reusable(&self) -> bool {
        !self.last && self.outgoing.is_sent() && self.input.is_empty()
    }

    /// Takes a request; nothing moves before it is polled.
    pub(super) fn send(&mut self, head: &Parts, body: RequestBody) {
        self.answered = false;
        // Parsers are known to disagree about where a GET with a body ends.
        self.last = matches!(head.method, Method::GET | Method::HEAD) && !body.is_empty();
        self.outgoing.begin(head, body);
    }

    /// Whether the app has sent anything since the last request.
    pub(super) fn has_answered(&self) -> bool {
        self.answered
    }

    /// Sends what there is to send of the request. Ready when all of it is on its way.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        self.outgoing.poll_send(&mut self.stream, cx)
    }

    /// Sends the request and reads the head of its answer. `request` gives up its fields for the answer's.
    pub(super) fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
        request: &mut Parts,
    ) -> Poll<Result<Response<()>, Fault>> {
        if let Poll::Ready(Err(fault)) = self.poll_send(cx) {
            return Poll::Ready(Err(fault));
        }
        loop {
            let bytes = ready!(read(&mut self.stream, cx, 0))?;
            if bytes.is_empty() {
                return Poll::Ready(Err(Fault::Closed));
            }
            self.answered = true;
            if let Some(answer) = self.take_head(bytes, request)? {
                return Poll::Ready(Ok(self.begin_answer(answer)));
            }
        }
    }

    /// Takes the answer's head out of what has come, once it is there.
    fn take_head(&mut self, mut bytes: Bytes, request: &mut Parts) -> Result<Option<Answer>, Fault> {
        if !self.head.is_empty() {
            let known = self.head.len();
            self.head.extend_from_slice(&bytes);
            // A head that drips is not read anew with every drop.
            if !ends_a_head(&self.head, known) {
                return self.wait_for_more();
            }
            bytes = std::mem::take(&mut self.head).freeze();
        }
        while let Some((end, answer)) = read_head(&bytes, &request.method, &mut request.headers)? {
            if end > HEAD {
                return Err(Fault::TooLarge);
            }
            bytes.advance(end);
            let status = answer.head.status();
            // What is only said on the way is not passed on.
            if !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS {
                self.input = bytes;
                return Ok(Some(answer));
            }
        }
        self.head.extend_from_slice(&bytes);
        self.wait_for_more()
    }

    /// A head has begun and goes on, if it is not too large already.
    fn wait_for_more(&self) -> Result<Option<Answer>, Fault> {
        if self.head.len() > HEAD {
            Err(Fault::TooLarge)
        } else {
            Ok(None)
        }
    }

    fn begin_answer(&mut self, answer: Answer) -> Response<()> {
        self.last |= !answer.keep || matches!(answer.incoming, Incoming::UntilClose);
        self.incoming = answer.incoming;
        answer.head
    }

    /// The next piece of the answer's body, while the rest of the request goes out.
    pub(super) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        loop {
            match self.incoming.next(&mut self.input)? {
                Piece::Data(data) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Piece::Trailers(trailers) => return Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
                Piece::End => return Poll::Ready(None),
                Piece::More => {}
            }
            if let Poll::Ready(Err(fault)) = self.poll_send(cx) {
                return Poll::Ready(Some(Err(fault)));
            }
            if ready!(self.poll_more(cx))? == 0 {
                self.incoming.closed()?;
            }
        }
    }

    /// Reads more of a body. Gives the number of bytes.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Fault>> {
        let bytes = ready!(read(&mut self.stream, cx, self.incoming.wanted()))?;
        let count = bytes.len();
        self.input = if self.input.is_empty() {
            bytes
        } else {
            // Part of the line between two chunks.
            Bytes::from([&self.input[..], &bytes].concat())
        };
        Poll::Ready(Ok(count))
    }

    /// Whether all of the answer has come.
    pub(super) fn has_ended(&self) -> bool {
        self.incoming.has_ended()
    }

    /// Bytes of the answer's body that are still to come, where that is known.
    pub(super) fn left(&self) -> Option<u64> {
        self.incoming.left()
    }

    /// Lets go of what only a request needs.
    pub(super) fn rest(&mut self) {
        self.input = Bytes::new();
        self.outgoing.rest();
        self.idle_since = Instant::now();
    }

    /// The bare socket after an upgrade, with what was read too far.
    pub(super) fn into_socket(self) -> (TcpStream, Bytes) {
        (self.stream, self.input)
    }
}
