//! Bodies of error responses: the page of the status, or JSON below `/api`.
//!
//! Handlers, the router and tower-http's layers respond with a status and nothing else. The pages are rendered at
//! start, so that they cannot fail.

use std::any::Any;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use tera::{Context, Tera};

use crate::error::AppError;
use crate::representation::{NO_CACHE, NO_STORE};
use crate::state::AppState;

/// Gives an error response without a body its body.
pub async fn fill(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let encodings = request.headers().get(ACCEPT_ENCODING).cloned();
    let path = request.uri().path();
    let is_api = path == "/api" || path.starts_with("/api/");
    let mut response = next.run(request).await;
    let status = response.status();
    let failed = status.is_client_error() || status.is_server_error();
    // The body limit of tower-http is the one layer that brings a text of its own.
    let has_body = response.headers().contains_key(CONTENT_TYPE) && status != StatusCode::PAYLOAD_TOO_LARGE;
    if !failed || has_body {
        return response;
    }
    let (cache_control, default) = if status.is_server_error() {
        (NO_STORE, 500)
    } else {
        (NO_CACHE, 400)
    };
    response.headers_mut().insert(CACHE_CONTROL, cache_control);
    let error = response.extensions_mut().remove::<Arc<AppError>>();
    if is_api {
        return with_body(response, json(status, error.as_deref()));
    }
    let developing = state.config.source_dir.is_some();
    if let Some(error @ (AppError::Source(_) | AppError::Internal(_))) = error.as_deref()
        && developing
    {
        return with_body(response, developer_page(&error.to_string()));
    }
    let pages = &state.last_good_site().error_pages;
    if let Some(page) = pages.get(&status.as_u16()).or_else(|| pages.get(&default)) {
        let accepted = encodings.map(|encodings| (ACCEPT_ENCODING, encodings));
        page.fill(&mut response, &HeaderMap::from_iter(accepted));
    }
    response
}

/// Turns a panic into a response; the panic hook has logged it.
pub fn after_panic(_: Box<dyn Any + Send + 'static>) -> Response {
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

fn with_body(mut response: Response, body: Response) -> Response {
    let (parts, body) = body.into_parts();
    response.headers_mut().extend(parts.headers);
    *response.body_mut() = body;
    response
}

/// `{"error": {"status": 404, "message": "Not Found"}}`, with `"fields"` where values are invalid.
fn json(status: StatusCode, error: Option<&AppError>) -> Response {
    let message = match error {
        Some(error) if status.is_client_error() => error.to_string(),
        _ => status.canonical_reason().unwrap_or("Unknown").to_owned(),
    };
    let mut body = json!({ "error": { "status": status.as_u16(), "message": message } });
    if let Some(AppError::Invalid(fields)) = error {
        body["error"]["fields"] = json!(fields);
    }
    Json(body).into_response()
}

const DEVELOPER_PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Cannot render the site</title>
<h1>Cannot render the site</h1>
<pre>{{ message }}</pre>
<p>Correct it and reload. This page is shown in development only.</p>
</html>
"#;

/// Shows an error in a template or content file to whoever is editing it.
fn developer_page(message: &str) -> Response {
    let mut context = Context::new();
    context.insert("message", message);
    Html(Tera::one_off(DEVELOPER_PAGE, &context, true).unwrap_or_default()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn template_in_a_message_stays_text() {
        let response = developer_page("<img src=x onerror='alert(1)'>");
        let body = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
        let html = String::from_utf8(body.to_vec()).unwrap();
        assert!(html.contains("&lt;img") && !html.contains("<img"), "{html}");
    }
}
