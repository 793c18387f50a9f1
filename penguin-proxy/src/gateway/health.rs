//! Response to the load balancer's health check: before every rule, limit and queue, and not logged.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};

use super::Gateway;
use super::response_body::ResponseBody;
use crate::grpc::{self, Status};

/// Name of the release.
const RELEASE: HeaderName = HeaderName::from_static("x-release");

/// The response, if this is what the request asks for.
pub(super) fn answer(gateway: &Gateway, head: &Parts) -> Option<Response<ResponseBody>> {
    let Gateway { worker, client, .. } = gateway;
    if head.uri.path() != worker.shared.config.health_path {
        return None;
    }
    // A load balancer asks a target group of protocol version GRPC by a call, and matches the code of its response.
    let call = head.method == Method::POST && grpc::is_call(&head.headers);
    if !call && !matches!(head.method, Method::GET | Method::HEAD) {
        return None;
    }
    worker.counters().health.add(1);
    let not_ready_reason = worker.shared.not_ready_reason();
    if call {
        return Some(answer_call(gateway, not_ready_reason));
    }
    let body = if head.method == Method::HEAD {
        Bytes::new()
    } else {
        not_ready_reason.map_or(Bytes::from_static(b"ready\n"), |why| {
            Bytes::from(format!("not ready: {why}\n"))
        })
    };
    let mut response = Response::new(ResponseBody::own(body, client, None));
    if not_ready_reason.is_some() {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // For checks after a deployment, also while the proxy is not ready. Responses of the app do not tell the release.
    if let Some(release) = &worker.shared.config.release {
        headers.insert(RELEASE, release.clone());
    }
    // The response does not wait for a body that a probe should not have.
    gateway.announce_close(headers, false);
    Some(response)
}

/// A head and nothing else: `OK`, or `UNAVAILABLE`.
fn answer_call(gateway: &Gateway, not_ready_reason: Option<&'static str>) -> Response<ResponseBody> {
    let status = if not_ready_reason.is_some() {
        Status::Unavailable
    } else {
        Status::Ok
    };
    let mut response = grpc::trailers_only(status, not_ready_reason.unwrap_or_default());
    gateway.announce_close(response.headers_mut(), false);
    response.map(|bytes| ResponseBody::own(bytes, &gateway.client, None))
}
