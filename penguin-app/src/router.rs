//! Every route and the whole middleware stack.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use http::{HeaderName, HeaderValue, StatusCode};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tower_http::csrf::CsrfLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::request_id::{MakeRequestUuid, SetRequestIdLayer};
use tower_http::set_header::response::SetMultipleResponseHeadersLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::Span;

use crate::config::Indexing;
use crate::middleware::{error_pages, security_headers};
use crate::pages::{classes, contact};
use crate::site::RenderedSite;
use crate::state::AppState;
use crate::{api, health, pages, static_files, well_known};

/// Time from the head of a request to the head of its response, the request's body included.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Largest body of a request, in bytes.
pub const BODY_LIMIT: usize = 64 * 1024;
/// The proxy's id of the request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Returns every route of the site.
pub fn routes(site: &RenderedSite) -> Router<AppState> {
    let rendered_per_request = Router::new()
        .route(classes::PATH, get(classes::show))
        .route(contact::PATH, get(contact::show).post(contact::submit))
        .route(api::classes::PATH, get(api::classes::list))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest));
    let mut router = rendered_per_request
        .route(health::PATH, get(health::show))
        .route(static_files::ROUTE, get(static_files::show))
        .route(static_files::FAVICON, get(static_files::favicon))
        .route(well_known::SECURITY_TXT, get(well_known::security_txt));
    for path in site.documents.keys() {
        router = router.route(path, get(pages::show));
    }
    router.fallback(pages::fallback)
}

/// Puts the middleware around routes, outermost first.
pub fn with_middleware(routes: Router<AppState>, state: AppState) -> Router {
    let noindex = (state.config.indexing == Indexing::Deny).then_some(security_headers::NOINDEX);
    let headers = security_headers::HEADERS.into_iter().chain(noindex);
    let headers =
        headers.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    let middleware = ServiceBuilder::new()
        .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(span)
                .on_request(())
                .on_failure(()),
        )
        .layer(SetMultipleResponseHeadersLayer::if_not_present(
            headers.map(Into::into).collect(),
        ))
        .layer(from_fn_with_state(state.clone(), error_pages::fill))
        .layer(CatchPanicLayer::custom(error_pages::after_panic))
        .layer(RequestBodyLimitLayer::new(BODY_LIMIT))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            REQUEST_TIMEOUT,
        ))
        .layer(CsrfLayer::new());
    routes.layer(middleware).with_state(state)
}

/// Returns the span of a request, which puts its id on every line that is logged for it.
///
/// The proxy writes the access log of the service. Queries are not logged: they may hold what visitors typed.
fn span(request: &Request) -> Span {
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let (method, path) = (request.method(), request.uri().path());
    tracing::error_span!("request", id, %method, path)
}
