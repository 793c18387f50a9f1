//! HTTP/2 to the app without TLS (`PROXY_UPSTREAM_PROTOCOL=h2c`): the requests of one thread share a connection.
//!
//! More can be retried than with HTTP/1.1: a stream that the app refuses, or that its GOAWAY leaves out, may be sent
//! again whatever its method, if all of its body so far is buffered.

mod pool;
mod replay_body;
mod socket;

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Instant;

use http::Request;
use http::header::CONTENT_LENGTH;
use http::request::Parts;

pub(super) use self::pool::{H2Pool, StreamPermit};
use self::replay_body::{ReplayBody, ReplayBuffer};
use super::Upstream;
use super::exchange::Answered;
use super::failure::UpstreamFailure;
use super::pending_connect::connect_or_wait;
use super::response_body::{UpstreamBody, reason};
use super::retry::{MOST_SENT, is_repeatable};
use crate::access_log::AttemptInfo;
use crate::client_state::{ClientState, UploadState};
use crate::content_length;
use crate::metrics::RetryReason;
use crate::request_body::RequestBody;
use crate::termination_code::TerminationCode;

/// Why a stream brought no response.
struct Unanswered {
    failure: UpstreamFailure,
    /// Whether the app can have begun to carry the request out.
    begun: Begun,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Begun {
    /// It was never sent: the connection ended first.
    NotSent,
    /// The app says that it has not.
    Refused,
    /// Nobody knows.
    Perhaps,
    /// It has, or time is up.
    Surely,
}

/// Sends a request on a shared connection, again where that is allowed, and waits for the head of its response.
pub(super) async fn send(
    upstream: &Rc<Upstream>,
    client: &Rc<ClientState>,
    attempt: &mut AttemptInfo,
    head: &Parts,
    body: RequestBody,
    due: Instant,
) -> Result<Answered, UpstreamFailure> {
    let worker = &upstream.worker;
    let repeatable = is_repeatable(&head.method, &body);
    let replay = ReplayBuffer::new(body);
    loop {
        let began = Instant::now();
        let (permit, opened) = connect_or_wait(worker, due, async |addresses| {
            upstream.h2_pool.permit(worker, addresses).await
        })
        .await?;
        attempt.reused = !opened;
        attempt.upstream = Some(permit.address());
        if opened {
            attempt.connect = Some(began.elapsed());
        } else {
            worker.counters().upstream_reused.add(1);
        }
        client
            .response_deadline()
            .set(worker.shared.config.timeouts.first_byte);
        let request = Request::from_parts(head.clone(), replay.play());
        let Unanswered { failure, begun } = match exchange(upstream, client, permit, request).await {
            Ok(answered) => {
                replay.stop();
                return Ok(answered);
            }
            Err(unanswered) => unanswered,
        };
        let again = match begun {
            Begun::NotSent | Begun::Refused => replay.is_whole(),
            Begun::Perhaps => repeatable,
            Begun::Surely => false,
        };
        // A connection that was found dead costs the app nothing; everything else draws on the budget.
        let free = begun == Begun::NotSent || (begun == Begun::Perhaps && attempt.reused);
        let sound = matches!(
            client.upload().state(),
            UploadState::Complete | UploadState::Underway
        );
        if !again
            || !sound
            || attempt.retries + 1 >= MOST_SENT
            || !(free || worker.shared.retries.try_spend(Instant::now()))
        {
            return Err(failure);
        }
        attempt.retries += 1;
        worker.counters().retried(match begun {
            Begun::Refused => RetryReason::Refused,
            _ if free => RetryReason::Reused,
            _ => RetryReason::Fresh,
        });
        worker.shared.resolver.refresh();
    }
}

/// One request on one stream: out, and the response head back.
async fn exchange(
    upstream: &Rc<Upstream>,
    client: &Rc<ClientState>,
    permit: StreamPermit,
    request: Request<ReplayBody>,
) -> Result<Answered, Unanswered> {
    let mut sending = pin!(permit.send(request));
    let head = poll_fn(|cx| match sending.as_mut().poll(cx) {
        Poll::Ready(outcome) => Poll::Ready(outcome.map_err(|error| unanswered(&error, &permit))),
        Poll::Pending if client.response_deadline().is_missed() => Poll::Ready(Err(Unanswered {
            failure: UpstreamFailure::new(TerminationCode::UpstreamWaitTimeout, "no response in time"),
            begun: Begun::Surely,
        })),
        Poll::Pending => Poll::Pending,
    })
    .await;
    client.response_deadline().response_started();
    let mut answer = head?;
    if let Some(length) = answer.headers_mut().get_mut(CONTENT_LENGTH) {
        // h2 has refused what is not a number.
        _ = content_length::normalize(length);
    }
    Ok(Answered::Response(answer.map(|incoming| {
        UpstreamBody::on_stream(incoming, permit, upstream)
    })))
}

fn unanswered(error: &hyper::Error, permit: &StreamPermit) -> Unanswered {
    let cause = h2_cause(error);
    if cause.is_some_and(is_malformed) {
        return Unanswered {
            failure: UpstreamFailure::new(TerminationCode::UpstreamHeadMalformed, permit.why_broken(error)),
            begun: Begun::Surely,
        };
    }
    let begun = if error.is_canceled() || error.is_closed() {
        Begun::NotSent
    } else if cause.is_some_and(refuses) {
        Begun::Refused
    } else {
        Begun::Perhaps
    };
    let broken = breaks_frames(error) || cause.is_some_and(|cause| cause.is_library() && cause.is_go_away());
    let end = if broken {
        TerminationCode::UpstreamHeadMalformed
    } else {
        TerminationCode::UpstreamWaitClosed
    };
    Unanswered {
        failure: UpstreamFailure::new(end, reason(error)),
        begun,
    }
}

fn h2_cause(error: &hyper::Error) -> Option<&h2::Error> {
    std::error::Error::source(error)?.downcast_ref()
}

/// Whether h2 reset the stream because of what came on it.
fn is_malformed(error: &h2::Error) -> bool {
    error.is_library() && error.is_reset()
}

/// Whether the filter found frames that end the connection.
fn breaks_frames(error: &hyper::Error) -> bool {
    let io = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    io.is_some_and(|io| io.kind() == std::io::ErrorKind::InvalidData)
}

/// Whether the app says that it has not begun: it refuses the stream, or took leave before it. Streams that its
/// GOAWAY includes end with the connection instead.
fn refuses(error: &h2::Error) -> bool {
    error.is_remote() && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM))
}

impl StreamPermit {
    /// Why what comes on its stream ended early.
    pub(super) fn why_broken(&self, error: &hyper::Error) -> String {
        match self.take_flaw() {
            Some(flaw) if h2_cause(error).is_some_and(is_malformed) => format!("malformed response: {flaw}"),
            _ => reason(error),
        }
    }

    /// Where its connection leads.
    pub(super) fn address(&self) -> SocketAddr {
        self.connection().address
    }
}
