//! The body of an answer on its way through. It drives the connection that it comes on, and hands it back at its end.

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::link::Link;
use super::multiplexed::Place;
use crate::compression::EncodedError;
use crate::server::Worker;

/// The body of an answer.
pub(crate) struct UpstreamBody {
    source: Source,
    worker: Rc<Worker>,
}

/// What it comes on.
enum Source {
    /// A connection of its own for as long as it lasts.
    Link(Box<Link>),
    /// A stream beside others, which keeps its place.
    Stream(Incoming, Place),
    /// All of it has come.
    Ended,
    /// No more of it will come.
    Broken,
}

impl fmt::Debug for UpstreamBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from: Option<SocketAddr> = match &self.source {
            Source::Link(link) => Some(link.address),
            Source::Stream(_, place) => Some(place.address()),
            Source::Ended | Source::Broken => None,
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
    /// The body of an answer that comes on a connection of its own.
    pub(super) fn on_link(link: Box<Link>, worker: &Rc<Worker>) -> Self {
        let mut body = Self {
            source: Source::Link(link),
            worker: Rc::clone(worker),
        };
        body.let_go();
        body
    }

    /// The body of an answer that comes on one stream of several.
    pub(super) fn on_stream(incoming: Incoming, place: Place, worker: &Rc<Worker>) -> Self {
        let mut body = Self {
            source: Source::Stream(incoming, place),
            worker: Rc::clone(worker),
        };
        body.let_go();
        body
    }

    /// Once the body has ended: keeps its connection where it can carry another request, closes it where not.
    fn let_go(&mut self) {
        let ended = match &self.source {
            Source::Link(link) => link.has_ended(),
            Source::Stream(incoming, _) => incoming.is_end_stream(),
            Source::Ended | Source::Broken => false,
        };
        if ended
            && let Source::Link(link) = std::mem::replace(&mut self.source, Source::Ended)
            && link.is_reusable()
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
        let frame = match &mut this.source {
            Source::Link(link) => {
                ready!(link.poll_frame(cx)).map(|frame| frame.map_err(|fault| fault.to_string()))
            }
            Source::Stream(incoming, _) => {
                let frame = ready!(Pin::new(incoming).poll_frame(cx));
                frame.map(|frame| frame.map_err(|error| reason(&error)))
            }
            Source::Ended | Source::Broken => None,
        };
        match frame {
            Some(Err(why)) => {
                this.source = Source::Broken;
                Poll::Ready(Some(Err(BrokeOff(why))))
            }
            Some(Ok(frame)) => {
                this.let_go();
                Poll::Ready(Some(Ok(frame)))
            }
            None => {
                this.let_go();
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.source, Source::Ended)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Link(link) => link.left().map_or_else(SizeHint::new, SizeHint::with_exact),
            Source::Stream(incoming, _) => incoming.size_hint(),
            Source::Ended | Source::Broken => SizeHint::with_exact(0),
        }
    }
}

/// hyper's message and the one below it, which names the system's error.
pub(super) fn reason(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
