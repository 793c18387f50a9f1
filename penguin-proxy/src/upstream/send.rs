//! Sends a request to the app over HTTP/1.1, again where [`super::retry`] allows it.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Instant;

use http::request::Parts;

use super::Upstream;
use super::conn::UpstreamConn;
use super::connect::connect;
use super::exchange::{Answered, exchange};
use super::failure::UpstreamFailure;
use super::http2;
use super::pending_connect::connect_or_wait;
use super::pool::Need;
use super::retry::{MOST_SENT, is_repeatable};
use crate::access_log::AttemptInfo;
use crate::client_state::ClientState;
use crate::config::UpstreamProtocol;
use crate::metrics::RetryReason;
use crate::request_body::RequestBody;

/// Sends a request to the app, again where that is allowed, and waits for the head of its response.
pub(crate) async fn send(
    upstream: &Rc<Upstream>,
    client: &Rc<ClientState>,
    attempt: &mut AttemptInfo,
    head: &mut Parts,
    body: RequestBody,
) -> Result<Answered, UpstreamFailure> {
    let worker = &upstream.worker;
    worker.shared.retries.note_request();
    let due = || Instant::now() + worker.shared.config.timeouts.hold;
    if worker.shared.config.upstream_protocol == UpstreamProtocol::H2c {
        return Box::pin(http2::send(upstream, client, attempt, head, body, due())).await;
    }
    let repeatable = is_repeatable(&head.method, &body);
    let need = if repeatable {
        Need::Open
    } else {
        Need::CertainlyOpen
    };
    let mut body = body;
    let mut held_until = None;
    loop {
        // When one idle connection was dead the others probably are: the next try is on a fresh one, which also waits
        // for an app that is being replaced.
        let first = attempt.retries == 0;
        let waiting = poll_fn(|cx| {
            Poll::Ready(
                first
                    .then(|| upstream.pool.take(cx, &worker.shared, need))
                    .flatten(),
            )
        })
        .await;
        attempt.reused = waiting.is_some();
        let conn = match waiting {
            Some(conn) => {
                worker.counters().upstream_reused.add(1);
                conn
            }
            // Boxed, because it is large and rare: what is polled for every request is not to be as large.
            None => Box::pin(open(upstream, attempt, *held_until.get_or_insert_with(due))).await?,
        };
        let (address, idle_for) = (conn.address, conn.idle_for);
        let mut failure = match go(upstream, client, attempt, conn, head, body).await {
            Err(failure) if failure.unanswered => failure,
            outcome => return outcome,
        };
        if attempt.reused {
            upstream.pool.closed_at_reuse(address, idle_for);
        }
        let unsent = failure.unsent.take();
        let may_be_sent_again = || {
            unsent.is_some()
                || repeatable && (attempt.reused || worker.shared.retries.try_spend(Instant::now()))
        };
        if attempt.retries + 1 == MOST_SENT || !may_be_sent_again() {
            return Err(failure);
        }
        let was_unsent = unsent.is_some();
        body = unsent.map_or_else(RequestBody::empty, |body| *body);
        attempt.retries += 1;
        worker.counters().retried(if was_unsent {
            RetryReason::Unsent
        } else if attempt.reused {
            RetryReason::Reused
        } else {
            RetryReason::Fresh
        });
        worker.shared.resolver.refresh();
    }
}

async fn go(
    upstream: &Rc<Upstream>,
    client: &Rc<ClientState>,
    attempt: &mut AttemptInfo,
    conn: Box<UpstreamConn>,
    head: &mut Parts,
    body: RequestBody,
) -> Result<Answered, UpstreamFailure> {
    attempt.upstream = Some(conn.address);
    client
        .response_deadline()
        .set(upstream.worker.shared.config.timeouts.first_byte);
    exchange(upstream, client, conn, head, body, attempt.reused).await
}

/// Opens a connection.
async fn open(
    upstream: &Rc<Upstream>,
    attempt: &mut AttemptInfo,
    due: Instant,
) -> Result<Box<UpstreamConn>, UpstreamFailure> {
    let worker = &upstream.worker;
    let began = Instant::now();
    let limit = worker.shared.config.timeouts.connect;
    let in_use = upstream.pool.enter();
    let (stream, address) =
        connect_or_wait(worker, due, async |addresses| connect(addresses, limit).await).await?;
    worker.counters().upstream_opened.add(1);
    attempt.connect = Some(began.elapsed());
    Ok(UpstreamConn::new(stream, address, in_use))
}
