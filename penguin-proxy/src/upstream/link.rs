//! One connection to the app, and the one request on it.
//!
//! The connection is not a task of its own: whoever uses it polls it. That saves a task, a lock and a wake per request.

mod outgoing;

use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use http::Response;
use http::request::Parts;
use http_body::Frame;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tokio::net::TcpStream;

use self::outgoing::Outgoing;
use super::http1::{Answer, Fault, HEAD, Incoming, Piece, head_end, is_hopeless, read_head};
use crate::body::RequestBody;
use crate::buffer::{fill, with_buffer};

/// A connection that is in use or waits in the pool.
#[derive(Debug)]
pub(crate) struct Link {
    stream: TcpStream,
    outgoing: Outgoing,
    /// What was read and not used yet.
    input: BytesMut,
    incoming: Incoming,
    /// The app has sent something since the last request.
    answered: bool,
    /// The app is done with the connection after this answer.
    last: bool,
    pub(super) address: SocketAddr,
    pub(super) idle_since: Instant,
}

impl Link {
    pub(super) fn new(stream: TcpStream, address: SocketAddr) -> Box<Self> {
        Box::new(Self {
            stream,
            outgoing: Outgoing::default(),
            input: BytesMut::new(),
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
            let known = self.input.len();
            let came = ready!(with_buffer(|buffer| {
                let bytes = ready!(fill(buffer, &mut self.stream, cx, usize::MAX))?;
                self.input.extend_from_slice(bytes);
                Poll::Ready(io::Result::Ok(bytes.len()))
            }))?;
            if came == 0 {
                return Poll::Ready(Err(is_hopeless(&self.input).unwrap_or(Fault::Closed)));
            }
            self.answered = true;
            if let Some(answer) = self.take_head(known, request)? {
                return Poll::Ready(Ok(self.begin_answer(answer)));
            }
        }
    }

    /// Takes the answer's head out of what has come, once it is there.
    fn take_head(&mut self, mut known: usize, request: &mut Parts) -> Result<Option<Answer>, Fault> {
        while let Some(end) = head_end(&self.input, known) {
            if end > HEAD {
                return Err(Fault::TooLarge);
            }
            let head = self.input.split_to(end).freeze();
            let fields = std::mem::take(&mut request.headers);
            let answer = read_head(&head, &request.method, fields)?;
            if !answer.head.status().is_informational() || answer.head.status() == 101 {
                return Ok(Some(answer));
            }
            // What is only said on the way is not passed on.
            known = 0;
        }
        if self.input.len() > HEAD {
            return Err(Fault::TooLarge);
        }
        // Once is enough: who begins like an answer is given the time to end it.
        if known == 0
            && let Some(fault) = is_hopeless(&self.input)
        {
            return Err(fault);
        }
        Ok(None)
    }

    fn begin_answer(&mut self, answer: Answer) -> Response<()> {
        self.last = !answer.keep || matches!(answer.incoming, Incoming::UntilClose);
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

    /// Reads more of a body, straight into the buffer that it leaves in.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Fault>> {
        let room = self.incoming.room();
        if self.input.is_empty() {
            self.input = BytesMut::with_capacity(room);
        } else {
            self.input.reserve(room);
        }
        let reading = pin!(self.stream.read_buf(&mut self.input));
        reading.poll(cx).map_err(Fault::Broken)
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
        self.input = BytesMut::new();
        self.outgoing.rest();
        self.idle_since = Instant::now();
    }

    /// The bare socket after an upgrade, with what was read too far.
    pub(super) fn into_socket(self) -> (TcpStream, Bytes) {
        (self.stream, self.input.freeze())
    }
}
