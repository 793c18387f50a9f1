//! `/classes`: every class, filtered and ordered by the query.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use tera::Context;

use crate::class_search::{ClassQuery, ClassSearch};
use crate::content::{Class, Content};
use crate::error::AppError;
use crate::form::FieldErrors;
use crate::representation::Representation;
use crate::state::AppState;

/// Path of the page.
pub const PATH: &str = "/classes";

/// Responds with the classes that match the query, or with 422 and what is wrong beside its field.
pub async fn show(
    State(state): State<AppState>,
    query: Result<Query<ClassQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, AppError> {
    let Query(query) = query?;
    let site = state.site()?;
    let (status, context) = match ClassSearch::parse(&query) {
        Ok(search) => {
            let found = search.apply(&site.content.classes);
            (StatusCode::OK, context(&query, &found, &FieldErrors::default()))
        }
        Err(errors) => (StatusCode::UNPROCESSABLE_ENTITY, context(&query, &[], &errors)),
    };
    let html = site.render_page(PATH, context)?;
    let mut response = Representation::dynamic_page(html, &headers);
    if status != StatusCode::OK {
        *response.status_mut() = status;
    }
    Ok(response)
}

/// Returns the values of a request without a query.
pub fn sample(content: &Content) -> Context {
    let all: Vec<_> = content.classes.iter().collect();
    context(&ClassQuery::default(), &all, &FieldErrors::default())
}

fn context(query: &ClassQuery, found: &[&Class], errors: &FieldErrors) -> Context {
    let mut context = Context::new();
    context.insert("query", query);
    context.insert("found", found);
    context.insert("errors", errors);
    context
}
