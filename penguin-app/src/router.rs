//! Every route, and everything that happens to every answer, on one screen.

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;

use crate::policy::{access_log, error_pages, security_headers};
use crate::publication::Publication;
use crate::routes::{discovery, health, pages, static_files};
use crate::shutdown::Shutdown;
use crate::site::edition::Edition;

/// What the handlers share.
#[derive(Debug, Clone)]
pub struct Shared {
    /// What is being served.
    pub publication: Arc<Publication>,
    /// Whether we are asked to stop, for the health check.
    pub shutdown: Shutdown,
}

/// The whole site as one service.
pub fn router(edition: &Edition, shared: Shared) -> Router {
    under_policies(routes(edition), shared)
}

/// What is served where.
///
/// Paths come from the edition, so that a page that is not in it is simply not found. The router is flat: a nested
/// one would answer what it does not know by itself, without our error page.
pub fn routes(edition: &Edition) -> Router<Shared> {
    let mut router = Router::new()
        .route(health::PATH, get(health::show).options(pages::options))
        .route("/static/{*path}", get(static_files::show).options(pages::options))
        .route(
            static_files::FAVICON,
            get(static_files::favicon).options(pages::options),
        );
    for path in edition.pages.keys() {
        router = router.route(path, get(pages::show).options(pages::options));
    }
    for path in edition.discovery.keys() {
        router = router.route(path, get(discovery::show).options(pages::options));
    }
    router
        .fallback(pages::missing)
        .method_not_allowed_fallback(pages::wrong_method)
}

/// What holds for every answer, from the outside in.
///
/// The security headers stand outside everything that can answer; the error pages stand outside everything that
/// answers without a body. Tests put routes of their own under the same policies.
pub fn under_policies(routes: Router<Shared>, shared: Shared) -> Router {
    let policies = ServiceBuilder::new()
        .layer(from_fn(access_log::record))
        .layer(from_fn(security_headers::add))
        .layer(from_fn_with_state(shared.clone(), error_pages::fill))
        .layer(CatchPanicLayer::custom(error_pages::after_panic));
    routes.layer(policies).with_state(shared)
}
