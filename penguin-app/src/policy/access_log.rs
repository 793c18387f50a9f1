//! One line per request, under the id that the proxy gave it.
//!
//! The proxy writes the access log of the service; ours is for looking closer and stands at debug level. A failure
//! of ours is an error at any level. Health checks are not logged.

use std::time::Instant;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;
use tracing::Instrument as _;

use crate::routes::health;

/// Logs the request once its answer is known.
pub async fn record(request: Request, next: Next) -> Response {
    if request.uri().path() == health::PATH {
        return next.run(request).await;
    }
    let span = tracing::error_span!("request", id = request_id(request.headers()));
    let method = request.method().clone();
    let uri = request.uri().clone();
    let started = Instant::now();
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    let duration_us = started.elapsed().as_micros();
    span.in_scope(|| {
        if response.status().is_server_error() {
            tracing::error!(%method, path = uri.path(), status, duration_us, "request failed");
        } else {
            tracing::debug!(%method, path = uri.path(), status, duration_us, "request answered");
        }
    });
    response
}

/// The proxy's id for the request: short and plain, or not believed.
fn request_id(headers: &HeaderMap) -> &str {
    headers
        .get("x-request-id")
        .and_then(|id| id.to_str().ok())
        .filter(|id| id.len() <= 128)
        .unwrap_or("-")
}
