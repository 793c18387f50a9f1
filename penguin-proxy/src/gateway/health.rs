//! The path that the load balancer asks: answered here, ahead of every rule, limit and queue, and without a line in
//! the log.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};

use super::Gateway;
use crate::body::AnswerBody;
use crate::readiness;

/// The answer, if this is what the request asks for.
pub(super) fn answer(gateway: &Gateway, head: &Parts) -> Option<Response<AnswerBody>> {
    let Gateway { worker, client } = gateway;
    if head.uri.path() != worker.shared.config.health_path
        || !matches!(head.method, Method::GET | Method::HEAD)
    {
        return None;
    }
    worker.counters().health.add(1);
    let obstacle = readiness::obstacle(&worker.shared);
    let body = if head.method == Method::HEAD {
        Bytes::new()
    } else {
        obstacle.map_or(Bytes::from_static(b"ready\n"), |why| {
            Bytes::from(format!("not ready: {why}\n"))
        })
    };
    let mut response = Response::new(AnswerBody::own(body, client, None));
    if obstacle.is_some() {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The answer does not wait for a body that a probe should not have.
    gateway.say_whether_last(headers, false);
    Some(response)
}
