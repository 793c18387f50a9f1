//! `GET /healthz`: whether requests should be sent here.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;

use crate::representation::NO_STORE;
use crate::state::AppState;

/// Path of the health check.
pub const PATH: &str = "/healthz";

/// Responds with 200 while requests are welcome, with 503 once the server drains.
pub async fn show(State(state): State<AppState>) -> Response {
    let (status, text) = if state.shutdown.is_draining() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    } else {
        (StatusCode::OK, "ok\n")
    };
    (status, [(CACHE_CONTROL, NO_STORE)], text).into_response()
}
