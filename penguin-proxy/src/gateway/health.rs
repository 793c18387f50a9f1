//! The path that the load balancer asks: answered here, ahead of every rule, limit and queue, and without a line in
//! the log.

use std::rc::Rc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};

use crate::body::AnswerBody;
use crate::connection::{Connection, UploadEnd};
use crate::readiness;
use crate::server::Worker;

/// The answer, if this is what the request asks for.
pub(super) fn answer(
    worker: &Rc<Worker>,
    client: &Rc<Connection>,
    head: &Parts,
) -> Option<Response<AnswerBody>> {
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
    if worker.is_closing() || client.upload_end() != UploadEnd::Complete {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Some(response)
}
