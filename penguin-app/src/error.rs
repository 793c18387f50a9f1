//! Errors of handlers, and the one place that turns them into a response.
//!
//! The response has a status and carries the error; `middleware::error_pages` writes the page, or JSON below `/api`.

use std::sync::Arc;

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use thiserror::Error;

use crate::form::FieldErrors;
use crate::site::SiteError;

/// Why a request cannot be answered as it asked. The text of a client's error is for the client.
#[derive(Debug, Error)]
pub enum AppError {
    /// There is nothing at this path: 404.
    #[error("Not Found")]
    NotFound,
    /// Fields have invalid values: 422.
    #[error("invalid values")]
    Invalid(FieldErrors),
    /// The query cannot be read: 400.
    #[error("{0}")]
    Query(#[from] QueryRejection),
    /// The form cannot be read: 415, 422 or 413.
    #[error("{0}")]
    Form(#[from] FormRejection),
    /// A file of the checkout is wrong; development only: 500.
    #[error("{0}")]
    Source(Arc<str>),
    /// Anything else that is not the client's fault: 500.
    #[error("{0:#}")]
    Internal(#[from] anyhow::Error),
}

impl From<SiteError> for AppError {
    fn from(error: SiteError) -> Self {
        Self::Internal(error.into())
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Query(rejection) => rejection.status(),
            Self::Form(rejection) => rejection.status(),
            Self::Source(_) | Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut response = status.into_response();
        if let Self::Internal(error) = &self {
            tracing::error!(error = %format!("{error:#}"), "request handler failed");
        }
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}
