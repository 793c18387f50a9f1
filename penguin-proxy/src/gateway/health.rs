//! The path that the load balancer asks: answered here, ahead of every rule, limit and queue, and without a line in
//! the log.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};

use super::Gateway;
use crate::body::AnswerBody;
use crate::readiness;

/// The answer, if this is what the request asks for.
pub(super) fn answer(gateway: &Gateway, head: &Parts) -> Option<Response<AnswerBody>> {
    let Gateway { worker, client } = gateway;
    if head.uri.path() != worker.shared.config.health_path {
        return None;
    }
    let call = is_call(head);
    if !call && !matches!(head.method, Method::GET | Method::HEAD) {
        return None;
    }
    worker.counters().health.add(1);
    let obstacle = readiness::obstacle(&worker.shared);
    if call {
        return Some(answer_call(gateway, obstacle));
    }
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

const GRPC: &str = "application/grpc";
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// A load balancer asks a target group of protocol version GRPC by a call, and matches the code of its answer.
fn is_call(head: &Parts) -> bool {
    let content_type = head.headers.get(CONTENT_TYPE);
    head.method == Method::POST
        && content_type.is_some_and(|value| value.as_bytes().starts_with(GRPC.as_bytes()))
}

/// A head and nothing else: `OK`, or `UNAVAILABLE`.
fn answer_call(gateway: &Gateway, obstacle: Option<&'static str>) -> Response<AnswerBody> {
    let code = if obstacle.is_some() { "14" } else { "0" };
    let mut response = Response::new(AnswerBody::own(Bytes::new(), &gateway.client, None));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(GRPC));
    headers.insert(GRPC_STATUS, HeaderValue::from_static(code));
    gateway.say_whether_last(headers, false);
    response
}
