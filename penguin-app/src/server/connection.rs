//! One connection, from the first request to the end, and what a drain means for it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use http::header::CONTENT_LENGTH;
use http::{Request, Response, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tower::ServiceExt as _;

use super::limits::Limits;
use super::phase::{Phase, SharedPhase};
use super::watched::Watched;
use crate::shutdown::{Shutdown, Urgency};

/// The longest head of a request: ours have no cookies and no forms.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nobody waits for an answer any more.
    Finished,
    /// An answer was owed when the deadline came.
    Cut,
}

/// Answers requests until the client leaves, or the drain is over.
pub(super) async fn serve(
    stream: TcpStream,
    router: Router,
    mut shutdown: Shutdown,
    mut deadline: Shutdown,
    limits: Limits,
) -> Outcome {
    // Answers leave in one piece; there is nothing to wait for.
    if stream.set_nodelay(true).is_err() {
        return Outcome::Finished;
    }
    let phase = SharedPhase::new();
    let answering = phase.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let owed = Owed::new(answering.clone());
        let answer = router.clone().oneshot(request);
        async move {
            let mut response: Response<Body> = answer.await?;
            // axum gives every answer the length of its body; these have none, and a 0 would be untrue.
            if matches!(
                response.status(),
                StatusCode::NOT_MODIFIED | StatusCode::NO_CONTENT
            ) {
                response.headers_mut().remove(CONTENT_LENGTH);
            }
            Ok::<_, Infallible>(response.map(|body| Answer { body, _owed: owed }))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        .max_header_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(Watched::new(stream, phase.clone(), limits)), service);
    tokio::pin!(connection);

    // An error ends this connection and concerns nobody else: the client left, was too slow, or spoke nonsense.
    tokio::select! {
        _ = &mut connection => return Outcome::Finished,
        () = shutdown.reached(Urgency::Drain) => {}
    }
    // hyper's shutdown would close a connection on which half a request has arrived, or a whole one is on its way.
    if phase.get().may_bring_a_request() {
        tokio::select! {
            // In this order, so that we are listening when the connection, polled next, says that it arrived.
            biased;
            () = phase.arrived() => {}
            _ = &mut connection => return Outcome::Finished,
            () = tokio::time::sleep(limits.last_call) => {}
            () = deadline.reached(Urgency::Drain) => {}
        }
        if phase.get().may_bring_a_request() {
            return Outcome::Finished;
        }
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        _ = &mut connection => return Outcome::Finished,
        () = deadline.reached(Urgency::Drain) => {}
    }
    if phase.get().owes_an_answer() {
        Outcome::Cut
    } else {
        Outcome::Finished
    }
}

/// Lives as long as an answer is owed.
#[derive(Debug)]
struct Owed(SharedPhase);

impl Owed {
    fn new(phase: SharedPhase) -> Self {
        phase.set(Phase::Answering);
        Self(phase)
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        self.0.set(Phase::Leaving);
    }
}

/// The body of an answer, which pays what is owed when it ends.
#[derive(Debug)]
struct Answer {
    body: Body,
    _owed: Owed,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
