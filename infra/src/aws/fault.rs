//! What can go wrong between us and AWS, each with the command that helps.
//!
//! The SDK has an error type for every operation; a person has one of these situations.

use std::error::Error;

use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};

use super::sign_in::credentials_fault;

/// A call that did not work, or could not be made.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Fault {
    /// No provider had credentials.
    #[error("no AWS credentials{}", profile.as_ref().map(|name| format!(": the profile `{name}` has none, or does not exist")).unwrap_or_default())]
    NoCredentials {
        /// The profile that was asked for.
        profile: Option<String>,
    },
    /// The token of an SSO session or of `aws login` is no longer good.
    #[error("the sign-in {}has expired", profile.as_ref().map(|name| format!("of the profile `{name}` ")).unwrap_or_default())]
    SignInExpired {
        /// The profile that was asked for.
        profile: Option<String>,
        /// What signs in again: `aws sso login` or `aws login`.
        command: &'static str,
    },
    /// The profile wants a sign-in, and there was none on this machine.
    #[error("nobody is signed in{}", profile.as_ref().map(|name| format!(" with the profile `{name}`")).unwrap_or_default())]
    NotSignedIn {
        /// The profile that was asked for.
        profile: Option<String>,
        /// What signs in: `aws sso login` or `aws login`.
        command: &'static str,
    },
    /// Temporary credentials are no longer good.
    #[error("the AWS credentials have expired")]
    Expired,
    /// AWS does not know the key, or the signature does not match it.
    #[error("AWS does not accept these credentials: {0}")]
    Rejected(String),
    /// The configuration of the credentials cannot be used.
    #[error("the AWS credentials cannot be used: {0}")]
    BrokenCredentials(String),
    /// Neither option, settings, environment nor profile name a region.
    #[error("no AWS region is set")]
    NoRegion,
    /// AWS cannot be reached.
    #[error("cannot reach AWS: {0}")]
    Unreachable(String),
    /// What was asked for cannot be put into a request.
    #[error("cannot ask AWS: {0}")]
    BrokenRequest(String),
    /// The caller may not do this.
    #[error("{operation} is not allowed: {message}")]
    Denied {
        /// The operation, as the SDK calls it.
        operation: &'static str,
        /// AWS' words, which name the action and the principal.
        message: String,
    },
    /// AWS wants us to slow down, and went on wanting it.
    #[error("AWS throttles {operation}")]
    Throttled {
        /// The operation.
        operation: &'static str,
    },
    /// AWS answered with an error of its own.
    #[error("{operation}: {message}")]
    Refused {
        /// The operation.
        operation: &'static str,
        /// The error's code.
        code: String,
        /// AWS' words.
        message: String,
    },
}

impl Fault {
    /// Names an error of the SDK.
    pub(super) fn of<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        if matches!(error, SdkError::DispatchFailure(_) | SdkError::TimeoutError(_)) {
            // A sign-in can be over in the middle of the work, when new credentials are fetched.
            return match credentials_fault(error, None) {
                over @ (Self::SignInExpired { .. } | Self::NotSignedIn { .. }) => over,
                _ => Self::Unreachable(root_of(error)),
            };
        }
        let code = error.code().unwrap_or_default();
        let message = error.message().map_or_else(|| wordless(error), ToOwned::to_owned);
        match code {
            "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => Self::Expired,
            "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "SignatureDoesNotMatch"
            | "InvalidSignatureException"
            | "AuthFailure"
            | "MissingAuthenticationToken" => Self::Rejected(message),
            "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
                Self::Denied { operation, message }
            }
            "Throttling" | "ThrottlingException" | "RequestLimitExceeded" | "TooManyRequestsException" => {
                Self::Throttled { operation }
            }
            _ => Self::Refused {
                operation,
                code: code.to_owned(),
                message,
            },
        }
    }

    /// The fault with the profile that was asked for, where the call that failed did not know it.
    #[must_use]
    pub fn of_profile(mut self, asked: Option<&str>) -> Self {
        if let Self::SignInExpired { profile, .. } | Self::NotSignedIn { profile, .. } = &mut self
            && profile.is_none()
        {
            *profile = asked.map(ToOwned::to_owned);
        }
        self
    }

    /// Trying again later may help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Throttled { .. } => true,
            Self::Refused { code, .. } => {
                matches!(
                    code.as_str(),
                    "InternalFailure" | "ServiceUnavailable" | "InternalError"
                )
            }
            _ => false,
        }
    }

    /// AWS says that what was named does not exist.
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::Refused { code, message, .. } => {
                code.contains("NotFound")
                    || code.contains("DoesNotExist")
                    || message.contains("does not exist")
                    || message.contains("not found")
            }
            _ => false,
        }
    }

    /// The commands that help.
    pub fn hints(&self) -> Vec<String> {
        let with = |profile: &Option<String>, command: &str| match profile {
            Some(name) => format!("`{command} --profile {name}`"),
            None => format!("`{command}`"),
        };
        match self {
            Self::NoCredentials { profile: Some(name) } => vec![format!(
                "`aws configure list-profiles` lists those that exist; `aws configure sso --profile {name}` makes this one"
            )],
            Self::NoCredentials { profile: None } => vec![
                "`aws configure sso` once, then `--profile NAME`; or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                    .to_owned(),
            ],
            Self::SignInExpired { profile, command } => vec![format!("{} signs in again", with(profile, command))],
            Self::NotSignedIn { profile, command } => vec![format!("{} signs in", with(profile, command))],
            Self::Expired => vec!["`aws sso login` signs in again; or fetch new keys where these came from".to_owned()],
            Self::Rejected(_) => vec!["`aws sts get-caller-identity` tests them; `--profile NAME` uses others".to_owned()],
            Self::BrokenCredentials(_) => vec!["~/.aws/config and ~/.aws/credentials hold the profiles".to_owned()],
            Self::NoRegion => vec![
                "`--region eu-west-1`, or `region` in infra.toml, or AWS_REGION".to_owned(),
            ],
            Self::Unreachable(_) => vec!["check the network, the region's name and HTTPS_PROXY".to_owned()],
            Self::Denied { .. } => {
                vec!["infra/docs/permissions holds the policies that the person deploying needs".to_owned()]
            }
            Self::Throttled { .. } => vec!["wait a minute, then run the command again: it continues".to_owned()],
            Self::Refused { .. } | Self::BrokenRequest(_) => Vec::new(),
        }
    }
}

/// What can be said of an error for which there are no words, as when something between us and AWS answers.
fn wordless<E: Error + 'static>(error: &SdkError<E, HttpResponse>) -> String {
    match error.raw_response() {
        Some(answer) => format!(
            "an answer with HTTP status {} that says nothing more",
            answer.status().as_u16()
        ),
        None => root_of(error),
    }
}

/// The innermost cause, which is the one that names host or address, and what it was the cause of.
pub(super) fn root_of(error: &dyn Error) -> String {
    let mut words = words_of(error);
    let from = words.len().saturating_sub(2);
    words.split_off(from).join(": ")
}

/// What an error and its causes say, outermost first; a cause that only repeats is left out.
pub(super) fn words_of(error: &dyn Error) -> Vec<String> {
    let mut words = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if words.last() != Some(&text) {
            words.push(text);
        }
        next = cause.source();
    }
    words
}
