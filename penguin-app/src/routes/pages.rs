//! The pages, and what is said where there is none.

use axum::extract::State;
use axum::response::Response;
use http::header::{ALLOW, CACHE_CONTROL, HeaderValue, LOCATION};
use http::{HeaderMap, Method, StatusCode, Uri};

use crate::answer;
use crate::policy::{caching, error_pages};
use crate::router::Shared;

/// The methods that every address answers.
const METHODS: &str = "GET, HEAD, OPTIONS";

/// The page of this path.
pub async fn show(State(shared): State<Shared>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let view = shared.publication.view().await;
    if let Some(problem) = &view.problem {
        return error_pages::draft_problem(problem, &method);
    }
    match view.edition.pages.get(uri.path()) {
        Some(document) => answer::document(document, caching::REVALIDATE, &method, &headers),
        None => answer::bare(StatusCode::NOT_FOUND),
    }
}

/// No such address: a page with a slash too many is shown the way, everything else is not found.
pub async fn missing(State(shared): State<Shared>, method: Method, uri: Uri) -> Response {
    if method == Method::OPTIONS && uri.path() == "*" {
        return allowed(StatusCode::NO_CONTENT);
    }
    let view = shared.publication.view().await;
    let trimmed = uri.path().trim_end_matches('/');
    // Known pages alone: the path of `//elsewhere.example/` would be an address on another site.
    if trimmed != uri.path() && view.edition.pages.contains_key(trimmed) {
        return moved(trimmed, uri.query());
    }
    answer::bare(StatusCode::NOT_FOUND)
}

/// The address is there, the method is not.
pub async fn wrong_method() -> Response {
    allowed(StatusCode::METHOD_NOT_ALLOWED)
}

/// What one may do with an address.
pub async fn options() -> Response {
    allowed(StatusCode::NO_CONTENT)
}

fn allowed(status: StatusCode) -> Response {
    let mut response = answer::bare(status);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(METHODS));
    response
}

fn moved(path: &str, query: Option<&str>) -> Response {
    let location = match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut response = answer::bare(StatusCode::PERMANENT_REDIRECT);
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static(caching::REVALIDATE));
    response
}
