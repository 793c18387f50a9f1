//! Conversion of SDK errors into [`AwsError`].

use std::error::Error;

use aws_runtime::retries::classifiers::THROTTLING_ERRORS;
use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};

use super::error::AwsError;
use super::error_chain::root_of;
use super::sign_in::credentials_error;

/// A quota in most services, although the SDK counts it as too many requests.
const QUOTA: &str = "LimitExceededException";

impl AwsError {
    /// Converts an SDK error.
    pub(super) fn of<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        if matches!(error, SdkError::DispatchFailure(_) | SdkError::TimeoutError(_)) {
            // A session can expire during the work, when credentials are refreshed.
            return match credentials_error(error, None) {
                over @ (Self::SignInExpired { .. } | Self::NotSignedIn { .. }) => over,
                _ => Self::Unreachable(root_of(error)),
            };
        }
        let code = error.code().unwrap_or_default();
        let message = error
            .message()
            .map_or_else(|| without_message(error), ToOwned::to_owned);
        match code {
            // A signature contains its time; AWS accepts a few minutes of skew.
            "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture" => Self::ClockSkewed(message),
            "SignatureDoesNotMatch" | "InvalidSignatureException"
                if message.contains("Signature expired") || message.contains("Signature not yet current") =>
            {
                Self::ClockSkewed(message)
            }
            "ExpiredToken" | "ExpiredTokenException" => Self::Expired,
            "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "SignatureDoesNotMatch"
            | "InvalidSignatureException"
            | "AuthFailure"
            | "MissingAuthenticationToken" => Self::Rejected(message),
            "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
                Self::Denied { operation, message }
            }
            code if THROTTLING_ERRORS.contains(&code) && code != QUOTA => Self::Throttled { operation },
            _ if status_of(error).is_some_and(|status| status >= 500) => {
                Self::Unavailable { operation, message }
            }
            _ => Self::Refused {
                operation,
                code: code.to_owned(),
                message,
            },
        }
    }
}

/// Describes an error response without a message, for example from a proxy.
fn without_message<E: Error + 'static>(error: &SdkError<E, HttpResponse>) -> String {
    match status_of(error) {
        Some(200..300) | None => root_of(error),
        Some(407) => "the HTTP proxy requires authentication (407)".to_owned(),
        Some(status) => format!("HTTP status {status} without a message"),
    }
}

/// Returns the HTTP status of the response, if there is one.
fn status_of<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}
