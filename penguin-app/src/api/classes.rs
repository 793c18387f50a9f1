//! `GET /api/classes`: what `/classes` shows, as JSON.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde_json::{Value, json};

use crate::class_search::{ClassQuery, ClassSearch};
use crate::content::Class;
use crate::error::AppError;
use crate::state::AppState;

/// Path of the resource.
pub const PATH: &str = "/api/classes";

/// Responds with the classes that match the query, without the words of their pages.
pub async fn list(
    State(state): State<AppState>,
    query: Result<Query<ClassQuery>, QueryRejection>,
) -> Result<Json<Value>, AppError> {
    let Query(query) = query?;
    let search = ClassSearch::parse(&query).map_err(AppError::Invalid)?;
    let site = state.site()?;
    let entry = |class: &Class| {
        json!({
            "slug": class.slug,
            "name": class.name,
            "summary": class.summary,
            "months": class.months,
            "weeks": class.weeks,
            "place": class.place,
            "url": format!("{}{}", state.config.public_url, class.path),
        })
    };
    let found = search.apply(&site.content.classes);
    let classes: Vec<_> = found.into_iter().map(entry).collect();
    Ok(Json(json!({ "classes": classes })))
}
