//! What is tried again: connecting, for every request and within the hold; sending, only where it cannot do harm.
//!
//! * While the app cannot be reached a request is held: it has not been sent, so any method may wait.
//! * A connection that dies before a byte of the answer came: the request may have been carried out. It is sent again
//!   only if its method is idempotent and it has no body. All others take a fresh connection in the first place.
//! * Sent again within a budget for all requests together: a share of them, and a few a second.
//!   What died while idle may be repeated without asking; what died fresh draws on the retry budget, because an app
//!   that falls over its requests must not be sent more of them.
//! * Never because of a status.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use http::Method;
use http::request::Parts;

use super::connect::connect;
use super::exchange::{Answered, UpstreamFailure, exchange};
use super::hold::reach;
use super::link::Link;
use super::multiplexed;
use crate::body::RequestBody;
use crate::config::UpstreamProtocol;
use crate::connection::Connection;
use crate::server::Worker;

/// A request is sent at most this often.
pub(super) const MOST_SENT: u32 = 3;
/// How a request travelled, for its line in the log.
#[derive(Debug, Default)]
pub(crate) struct Journey {
    pub(crate) connect: Option<Duration>,
    pub(crate) upstream: Option<SocketAddr>,
    pub(crate) reused: bool,
    pub(crate) retries: u32,
}

/// Sends a request to the app, again where that is allowed, and waits for the head of its answer.
pub(crate) async fn send(
    worker: &Rc<Worker>,
    client: &Rc<Connection>,
    journey: &mut Journey,
    head: &mut Parts,
    body: RequestBody,
) -> Result<Answered, UpstreamFailure> {
    worker.shared.retries.note_request();
    let due = || Instant::now() + worker.shared.config.timeouts.hold;
    if worker.shared.config.upstream_protocol == UpstreamProtocol::H2c {
        return Box::pin(multiplexed::send(worker, client, journey, head, body, due())).await;
    }
    if !is_repeatable(&head.method, &body) {
        let link = Box::pin(open(worker, journey, due())).await?;
        return go(worker, client, journey, link, head, body).await;
    }
    let mut held_until = None;
    loop {
        // When one idle connection was dead the others probably are: the next try is on a fresh one, which also waits
        // for an app that is being replaced.
        let first = journey.retries == 0;
        let waiting =
            poll_fn(|cx| Poll::Ready(first.then(|| worker.pool.take(cx, &worker.shared)).flatten())).await;
        journey.reused = waiting.is_some();
        let link = match waiting {
            Some(link) => {
                worker.counters().upstream_reused.add(1);
                link
            }
            // Boxed, because it is large and rare: what is polled for every request is not to be as large.
            None => Box::pin(open(worker, journey, *held_until.get_or_insert_with(due))).await?,
        };
        match go(worker, client, journey, link, head, RequestBody::empty()).await {
            Err(failure)
                if failure.unanswered
                    && journey.retries + 1 < MOST_SENT
                    && (journey.reused || worker.shared.retries.try_spend(Instant::now())) =>
            {
                journey.retries += 1;
                worker.counters().retries.add(1);
                worker.shared.target.refresh();
            }
            outcome => return outcome,
        }
    }
}

async fn go(
    worker: &Rc<Worker>,
    client: &Rc<Connection>,
    journey: &mut Journey,
    link: Box<Link>,
    head: &mut Parts,
    body: RequestBody,
) -> Result<Answered, UpstreamFailure> {
    journey.upstream = Some(link.address);
    client.expect_answer(worker.shared.config.timeouts.first_byte);
    exchange(worker, client, link, head, body).await
}

/// Opens a connection.
async fn open(
    worker: &Rc<Worker>,
    journey: &mut Journey,
    due: Instant,
) -> Result<Box<Link>, UpstreamFailure> {
    let began = Instant::now();
    let limit = worker.shared.config.timeouts.connect;
    let (stream, address) = reach(worker, due, async |addresses| connect(addresses, limit).await).await?;
    worker.counters().upstream_opened.add(1);
    journey.connect = Some(began.elapsed());
    Ok(Link::new(stream, address))
}

/// Sending it twice does what sending it once does, and there is nothing of it that could be sent only once.
pub(super) fn is_repeatable(method: &Method, body: &RequestBody) -> bool {
    method.is_idempotent() && body.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_does_no_harm_twice_is_sent_twice() {
        let empty = RequestBody::empty();
        for method in [
            Method::GET,
            Method::HEAD,
            Method::OPTIONS,
            Method::PUT,
            Method::DELETE,
        ] {
            assert!(is_repeatable(&method, &empty), "{method}");
        }
        for method in [Method::POST, Method::PATCH] {
            assert!(!is_repeatable(&method, &empty), "{method}");
        }
    }
}
