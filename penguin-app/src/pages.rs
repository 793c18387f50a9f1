//! The pages: a file for each page that a handler renders at every request; static pages need none.

pub mod classes;
pub mod contact;

use std::time::SystemTime;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::Uri;
use http::header::CACHE_CONTROL;

use crate::error::AppError;
use crate::representation::NO_CACHE;
use crate::site::{RenderedSite, SiteError};
use crate::state::AppState;
use crate::well_known;

/// Renders each dynamic page as for a request without any input, so that a broken template ends the start.
pub fn check(site: &RenderedSite) -> Result<(), SiteError> {
    site.render_page(classes::PATH, classes::sample(&site.content))?;
    site.render_page(contact::PATH, contact::sample())?;
    well_known::render(site, SystemTime::UNIX_EPOCH)?;
    Ok(())
}

/// Responds with what was rendered at start.
pub async fn show(State(state): State<AppState>, request: Request) -> Result<Response, AppError> {
    let site = state.site()?;
    let document = site
        .documents
        .get(request.uri().path())
        .ok_or(AppError::NotFound)?;
    Ok(document.respond(request.headers(), NO_CACHE))
}

/// Responds where no route matches.
///
/// A page with a slash too many is redirected; in development a page may be newer than the routes.
pub async fn fallback(
    State(state): State<AppState>,
    uri: Uri,
    request: Request,
) -> Result<Response, AppError> {
    let trimmed = uri.path().trim_end_matches('/');
    // Known pages only: the path of `//other.example/` would be a URL of another site.
    if trimmed == uri.path() || state.site()?.page(trimmed).is_none() {
        return show(State(state), request).await;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let location = Redirect::permanent(&format!("{trimmed}{query}"));
    Ok(([(CACHE_CONTROL, NO_CACHE)], location).into_response())
}
