//! An app that speaks HTTP/2 without TLS (`PROXY_UPSTREAM_PROTOCOL=h2c`): all requests of a thread share a connection.
//!
//! What may be sent again is wider than with HTTP/1.1, because the app can say that it has not begun: a stream that it refuses, or that
//! its farewell leaves out, may be repeated whatever its method, as long as all of its body so far is at hand.

mod reel;
mod socket;
mod trunks;

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Instant;

use http::Request;
use http::request::Parts;

use self::reel::{Playback, Reel};
pub(crate) use self::trunks::{Place, Trunks};
use super::answer_body::{UpstreamBody, reason};
use super::exchange::{Answered, UpstreamFailure};
use super::hold::reach;
use super::retry::{Journey, MOST_SENT, is_repeatable};
use crate::access_log::End;
use crate::body::RequestBody;
use crate::connection::{Connection, UploadEnd};
use crate::server::Worker;

/// Why a stream brought no answer.
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

/// Sends a request on a shared connection, again where that is allowed, and waits for the head of its answer.
pub(super) async fn send(
    worker: &Rc<Worker>,
    client: &Rc<Connection>,
    journey: &mut Journey,
    head: &Parts,
    body: RequestBody,
    due: Instant,
) -> Result<Answered, UpstreamFailure> {
    let repeatable = is_repeatable(&head.method, &body);
    let reel = Reel::new(body);
    loop {
        let began = Instant::now();
        let (place, opened) = reach(worker, due, async |addresses| {
            worker.trunks.place(worker, addresses).await
        })
        .await?;
        journey.reused = !opened;
        journey.upstream = Some(place.address());
        if opened {
            journey.connect = Some(began.elapsed());
        } else {
            worker.counters().upstream_reused.add(1);
        }
        client.expect_answer(worker.shared.config.timeouts.first_byte);
        let request = Request::from_parts(head.clone(), reel.play());
        let Unanswered { failure, begun } = match exchange(worker, client, place, request).await {
            Ok(answered) => {
                reel.stop();
                return Ok(answered);
            }
            Err(unanswered) => unanswered,
        };
        let again = match begun {
            Begun::NotSent | Begun::Refused => reel.is_whole(),
            Begun::Perhaps => repeatable,
            Begun::Surely => false,
        };
        // A connection that was found dead costs the app nothing; everything else draws on the budget.
        let free = begun == Begun::NotSent || (begun == Begun::Perhaps && journey.reused);
        let sound = matches!(client.upload_end(), UploadEnd::Complete | UploadEnd::Underway);
        if !again
            || !sound
            || journey.retries + 1 >= MOST_SENT
            || !(free || worker.shared.retries.try_spend(Instant::now()))
        {
            return Err(failure);
        }
        journey.retries += 1;
        worker.counters().retries.add(1);
        worker.shared.target.refresh();
    }
}

/// One request on one stream: out, and the answer's head back.
async fn exchange(
    worker: &Rc<Worker>,
    client: &Rc<Connection>,
    place: Place,
    request: Request<Playback>,
) -> Result<Answered, Unanswered> {
    let mut sending = pin!(place.send(request));
    let head = poll_fn(|cx| match sending.as_mut().poll(cx) {
        Poll::Ready(outcome) => Poll::Ready(outcome.map_err(|error| unanswered(&error))),
        Poll::Pending if client.is_answer_overdue() => Poll::Ready(Err(Unanswered {
            failure: UpstreamFailure::new(End::UpstreamSilent, "no answer in time"),
            begun: Begun::Surely,
        })),
        Poll::Pending => Poll::Pending,
    })
    .await;
    client.answer_came();
    let answer = head?;
    Ok(Answered::Response(answer.map(|incoming| {
        UpstreamBody::on_stream(incoming, place, worker)
    })))
}

fn unanswered(error: &hyper::Error) -> Unanswered {
    let cause = std::error::Error::source(error).and_then(|source| source.downcast_ref::<h2::Error>());
    let begun = if error.is_canceled() || error.is_closed() {
        Begun::NotSent
    } else if cause.is_some_and(refuses) {
        Begun::Refused
    } else {
        Begun::Perhaps
    };
    let broken = cause.is_some_and(|cause| cause.is_library() && cause.is_go_away());
    let end = if broken {
        End::UpstreamMalformed
    } else {
        End::UpstreamClosed
    };
    Unanswered {
        failure: UpstreamFailure::new(end, reason(error)),
        begun,
    }
}

/// Whether the app says that it has not begun: it refuses the stream, or took leave before it. Streams that its
/// farewell includes end with the connection instead.
fn refuses(error: &h2::Error) -> bool {
    error.is_remote() && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM))
}

impl Place {
    /// Where its connection leads.
    pub(super) fn address(&self) -> SocketAddr {
        self.trunk().address
    }
}
