//! robots.txt, sitemap.xml, security.txt and the web manifest.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, Uri};

use crate::answer;
use crate::policy::caching;
use crate::router::Shared;

/// The document of this path.
pub async fn show(State(shared): State<Shared>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let view = shared.publication.view().await;
    match view.edition.discovery.get(uri.path()) {
        Some(document) => answer::document(document, caching::REVALIDATE, &method, &headers),
        None => answer::bare(StatusCode::NOT_FOUND),
    }
}
