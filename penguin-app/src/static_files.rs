//! Everything below `/static/`, and the icon that browsers ask for by themselves.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::HeaderValue;
use http::header::CONTENT_SECURITY_POLICY;

use crate::error::AppError;
use crate::representation::{IMMUTABLE, NO_CACHE};
use crate::site::RenderedSite;
use crate::state::AppState;

/// Route of the assets.
pub const ROUTE: &str = "/static/{*name}";

/// Where browsers look for an icon; the file of that name below `static/`.
pub const FAVICON: &str = "/favicon.ico";

/// The picture that other sites show with a link to this one, the only asset that they may embed.
const SHARED_PICTURE: &str = "icons/share.png";

/// A drawing brings its own `<style>`, to which Firefox applies the policy of the response. It may do nothing else.
const SVG_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");

/// Responds with an asset.
pub async fn show(
    State(state): State<AppState>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, AppError> {
    let Path(name) = name.map_err(|_| AppError::NotFound)?;
    let site = state.last_good_site();
    asset(&site, &name, &request)
}

/// Responds with the icon.
pub async fn favicon(State(state): State<AppState>, request: Request) -> Result<Response, AppError> {
    let site = state.last_good_site();
    asset(&site, FAVICON.trim_start_matches('/'), &request)
}

fn asset(site: &RenderedSite, name: &str, request: &Request) -> Result<Response, AppError> {
    let asset = site.assets.find(name).ok_or(AppError::NotFound)?;
    let cache_control = if asset.immutable { IMMUTABLE } else { NO_CACHE };
    let mut response = asset.representation.respond_with_ranges(request, cache_control);
    if asset.representation.media_type == "image/svg+xml" {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, SVG_POLICY);
    }
    if asset.name == SHARED_PICTURE {
        response.headers_mut().insert(
            "cross-origin-resource-policy",
            HeaderValue::from_static("cross-origin"),
        );
    }
    Ok(response)
}
