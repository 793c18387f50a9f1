//! Response body from the app. Drives its connection, and returns it to the pool at the end.

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::Upstream;
use super::conn::UpstreamConn;
use super::http2::StreamPermit;
use crate::termination_code::TerminationCode;

/// The body of a response.
pub(crate) struct UpstreamBody {
    source: Source,
    upstream: Rc<Upstream>,
}

/// What it comes on.
enum Source {
    /// A connection of its own for as long as it lasts.
    Conn(Box<UpstreamConn>),
    /// A stream beside others, which keeps its permit.
    Stream(Incoming, StreamPermit),
    /// All of it has come.
    Ended,
    /// No more of it will come.
    Broken,
}

impl fmt::Debug for UpstreamBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from: Option<SocketAddr> = match &self.source {
            Source::Conn(conn) => Some(conn.address),
            Source::Stream(_, permit) => Some(permit.address()),
            Source::Ended | Source::Broken => None,
        };
        f.debug_struct("UpstreamBody")
            .field("from", &from)
            .finish_non_exhaustive()
    }
}

/// A response that ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IncompleteResponse {
    /// For this reason.
    #[error("the app closed the connection before the response body was complete: {0}")]
    Truncated(String),
    /// Given up after this.
    #[error("the app sent nothing for {}", humantime::format_duration(*.0))]
    Stalled(Duration),
}

impl IncompleteResponse {
    pub(crate) fn termination_code(&self) -> TerminationCode {
        match self {
            Self::Truncated(_) => TerminationCode::UpstreamAnswerCut,
            Self::Stalled(_) => TerminationCode::UpstreamAnswerTimeout,
        }
    }
}

impl UpstreamBody {
    /// The body of a response that comes on a connection of its own.
    pub(super) fn on_conn(conn: Box<UpstreamConn>, upstream: &Rc<Upstream>) -> Self {
        let mut body = Self {
            source: Source::Conn(conn),
            upstream: Rc::clone(upstream),
        };
        body.let_go();
        body
    }

    /// The body of a response that comes on one stream of several.
    pub(super) fn on_stream(incoming: Incoming, permit: StreamPermit, upstream: &Rc<Upstream>) -> Self {
        let mut body = Self {
            source: Source::Stream(incoming, permit),
            upstream: Rc::clone(upstream),
        };
        body.let_go();
        body
    }

    /// Once the body has ended: keeps its connection where it can carry another request, closes it where not.
    fn let_go(&mut self) {
        let ended = match &self.source {
            Source::Conn(conn) => conn.has_ended(),
            Source::Stream(incoming, _) => incoming.is_end_stream(),
            Source::Ended | Source::Broken => false,
        };
        if ended
            && let Source::Conn(conn) = std::mem::replace(&mut self.source, Source::Ended)
            && conn.is_reusable()
            && !self.upstream.worker.is_closing()
        {
            self.upstream.pool.put(conn, &self.upstream.worker.shared);
        }
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = IncompleteResponse;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, IncompleteResponse>>> {
        let this = self.get_mut();
        let frame = match &mut this.source {
            Source::Conn(conn) => {
                ready!(conn.poll_frame(cx)).map(|frame| frame.map_err(|fault| fault.to_string()))
            }
            Source::Stream(incoming, permit) => {
                let frame = ready!(Pin::new(&mut *incoming).poll_frame(cx));
                match frame {
                    // hyper takes RST_STREAM(NO_ERROR) for the end of a body; only END_STREAM is one (RFC 9113 §8.1).
                    None if !incoming.is_end_stream() => {
                        Some(Err("the stream was reset before its end (NO_ERROR)".to_owned()))
                    }
                    frame => frame.map(|frame| frame.map_err(|error| permit.why_broken(&error))),
                }
            }
            Source::Ended | Source::Broken => None,
        };
        match frame {
            Some(Err(why)) => {
                this.source = Source::Broken;
                Poll::Ready(Some(Err(IncompleteResponse::Truncated(why))))
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
            Source::Conn(conn) => conn.left().map_or_else(SizeHint::new, SizeHint::with_exact),
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
