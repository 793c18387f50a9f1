//! `GET /healthz`: whether requests should be sent here.
//!
//! It answers as soon as the port is bound, which is after every page was rendered, and says no from the moment a
//! stop was asked for.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::policy::caching;
use crate::router::Shared;

/// Where health is asked for.
pub const PATH: &str = "/healthz";

/// 200 while requests are welcome, 503 once the server drains.
pub async fn show(State(shared): State<Shared>) -> Response {
    let (status, text) = if shared.shutdown.is_draining() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    } else {
        (StatusCode::OK, "ok\n")
    };
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (CACHE_CONTROL, caching::NEVER),
    ];
    (status, headers, text).into_response()
}
