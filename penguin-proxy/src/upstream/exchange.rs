//! One request on one connection: out, and the answer's head back. Its body follows as a stream.

use std::fmt;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::net::TcpStream;

use super::link::Link;
use super::multiplexed::Place;
use crate::access_log::End;
use crate::body::RequestBody;
use crate::compression::EncodedError;
use crate::connection::Connection;
use crate::server::Worker;

/// What came back from the app.
#[derive(Debug)]
pub(crate) enum Answered {
    /// An answer whose body is still to come.
    Response(Response<UpstreamBody>),
    /// The app changed the protocol: the bare socket, and what was read beyond the head.
    Switched(Response<()>, TcpStream, Bytes),
}

/// Why there is no answer, and what that means for the client.
#[derive(Debug)]
pub(crate) struct UpstreamFailure {
    pub(crate) end: End,
    pub(crate) reason: String,
    /// The connection died before a single byte of an answer: a repeatable request may be sent again.
    pub(super) unanswered: bool,
}

impl UpstreamFailure {
    pub(crate) fn new(end: End, reason: impl fmt::Display) -> Self {
        Self {
            end,
            reason: reason.to_string(),
            unanswered: false,
        }
    }
}

/// Sends a request and waits for the head of its answer.
pub(super) async fn exchange(
    worker: &Rc<Worker>,
    client: &Rc<Connection>,
    mut link: Box<Link>,
    request: Request<RequestBody>,
) -> Result<Answered, UpstreamFailure> {
    let mut sending = pin!(link.send(request));
    let head = poll_fn(|cx| {
        let over = link.poll(cx).is_ready();
        match sending.as_mut().poll(cx) {
            Poll::Ready(Ok(response)) => Poll::Ready(Ok(response)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(failure(&link, &error))),
            Poll::Pending if client.is_answer_overdue() => Poll::Ready(Err(UpstreamFailure::new(
                End::UpstreamSilent,
                "no answer in time",
            ))),
            Poll::Pending if over => Poll::Ready(Err(closed(&link, "the connection ended"))),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
    client.answer_came();
    let response = head?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        poll_fn(|cx| link.poll(cx)).await;
        let (stream, unread) = link.into_socket();
        return Ok(Answered::Switched(response.map(drop), stream, unread));
    }
    let mut answered = response.map(|incoming| UpstreamBody {
        incoming,
        carrier: Some(Carrier::Link(link)),
        worker: Rc::clone(worker),
    });
    if answered.body().is_end_stream() {
        poll_fn(|cx| {
            answered.body_mut().let_go(cx);
            Poll::Ready(())
        })
        .await;
    }
    Ok(Answered::Response(answered))
}

fn closed(link: &Link, reason: impl fmt::Display) -> UpstreamFailure {
    let mut failure = UpstreamFailure::new(End::UpstreamClosed, reason);
    failure.unanswered = !link.has_answered();
    failure
}

fn failure(link: &Link, error: &hyper::Error) -> UpstreamFailure {
    let reason = reason(error);
    if error.is_parse_too_large() {
        UpstreamFailure::new(End::UpstreamTooLarge, reason)
    } else if error.is_parse() {
        UpstreamFailure::new(End::UpstreamMalformed, reason)
    } else {
        closed(link, reason)
    }
}

/// hyper's message and the one below it, which names the system's error.
pub(super) fn reason(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// What an answer comes on.
enum Carrier {
    /// A connection of its own for as long as it lasts.
    Link(Box<Link>),
    /// A stream beside others.
    Stream(Place),
}

/// The body of an answer. It drives the connection it comes on, and hands it back to the pool at its end.
pub(crate) struct UpstreamBody {
    incoming: Incoming,
    carrier: Option<Carrier>,
    worker: Rc<Worker>,
}

impl fmt::Debug for UpstreamBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from: Option<SocketAddr> = match &self.carrier {
            Some(Carrier::Link(link)) => Some(link.address),
            Some(Carrier::Stream(place)) => Some(place.address()),
            None => None,
        };
        f.debug_struct("UpstreamBody")
            .field("from", &from)
            .finish_non_exhaustive()
    }
}

/// An answer that broke off.
#[derive(Debug, thiserror::Error)]
#[error("the app's answer broke off: {0}")]
pub(crate) struct BrokeOff(String);

impl From<EncodedError<Self>> for BrokeOff {
    fn from(error: EncodedError<Self>) -> Self {
        match error {
            EncodedError::Body(broke_off) => broke_off,
            EncodedError::Codec(error) => Self(format!("it could not be compressed: {error}")),
        }
    }
}

impl UpstreamBody {
    /// The body of an answer that comes on one stream of several.
    pub(super) fn on_stream(incoming: Incoming, place: Place, worker: &Rc<Worker>) -> Self {
        Self {
            carrier: (!incoming.is_end_stream()).then_some(Carrier::Stream(place)),
            incoming,
            worker: Rc::clone(worker),
        }
    }

    /// The body has ended: keeps the connection where it can carry another request, closes it where not.
    fn let_go(&mut self, cx: &mut Context<'_>) {
        if let Some(Carrier::Link(mut link)) = self.carrier.take()
            && link.poll_is_free(cx)
            && !self.worker.is_closing()
        {
            self.worker.pool.put(link, self.worker.shared.idle_per_thread);
        }
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = BrokeOff;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokeOff>>> {
        let this = self.get_mut();
        let mut frame = Pin::new(&mut this.incoming).poll_frame(cx);
        if frame.is_pending()
            && let Some(Carrier::Link(link)) = &mut this.carrier
        {
            let over = link.poll(cx).is_ready();
            frame = Pin::new(&mut this.incoming).poll_frame(cx);
            if over && frame.is_pending() {
                this.carrier = None;
                return Poll::Ready(Some(Err(BrokeOff("the connection ended".to_owned()))));
            }
        }
        match ready!(frame) {
            Some(Ok(frame)) => {
                if this.incoming.is_end_stream() {
                    this.let_go(cx);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                this.carrier = None;
                Poll::Ready(Some(Err(BrokeOff(reason(&error)))))
            }
            None => {
                this.let_go(cx);
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
