//! `/.well-known/security.txt`, which expires some time after it was asked for.
//!
//! Other documents for machines are rendered at start; the templates of all are in `templates/well_known/`.

use std::time::{Duration, SystemTime};

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::CACHE_CONTROL;
use tera::Context;

use crate::error::AppError;
use crate::representation::NO_CACHE;
use crate::site::{RenderedSite, SiteError};
use crate::state::AppState;

/// Where `security.txt` is served.
pub const SECURITY_TXT: &str = "/.well-known/security.txt";

/// How long a `security.txt` is valid; RFC 9116 recommends less than a year.
const LIFE: Duration = Duration::from_hours(300 * 24);

/// Responds with `security.txt`.
pub async fn security_txt(State(state): State<AppState>) -> Result<Response, AppError> {
    let text = render(&state.last_good_site(), SystemTime::now())?;
    Ok(([(CACHE_CONTROL, NO_CACHE)], text).into_response())
}

/// Renders the `security.txt` of a moment.
pub fn render(site: &RenderedSite, now: SystemTime) -> Result<String, SiteError> {
    let mut context = Context::new();
    let expires = humantime::format_rfc3339_seconds(now + LIFE).to_string();
    context.insert("expires", &expires);
    site.render_template(SECURITY_TXT, "well_known/security.txt", &context)
}
