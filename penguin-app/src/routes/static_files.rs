//! Everything below `/static/`, and the icon that browsers ask for without being told to.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, Uri};

use crate::answer;
use crate::assets::{Address, PREFIX};
use crate::policy::caching;
use crate::router::Shared;

/// Where browsers look for an icon.
pub const FAVICON: &str = "/favicon.ico";

/// The file below `static/` that is served there.
const FAVICON_FILE: &str = "favicon.ico";

/// The asset of this path.
pub async fn show(State(shared): State<Shared>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let name = uri.path().strip_prefix(PREFIX).unwrap_or_default();
    asset(&shared, name, &method, &headers).await
}

/// The icon.
pub async fn favicon(State(shared): State<Shared>, method: Method, headers: HeaderMap) -> Response {
    asset(&shared, FAVICON_FILE, &method, &headers).await
}

async fn asset(shared: &Shared, name: &str, method: &Method, headers: &HeaderMap) -> Response {
    let view = shared.publication.view().await;
    match view.edition.assets.find(name) {
        Some((document, Address::Hashed)) => answer::document(document, caching::FOR_EVER, method, headers),
        Some((document, Address::Plain)) => answer::document(document, caching::REVALIDATE, method, headers),
        None => answer::bare(StatusCode::NOT_FOUND),
    }
}
