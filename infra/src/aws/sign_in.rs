//! Classifies errors of credentials providers by their messages, since the SDK has no error types for them.

use std::error::Error;

use super::error::AwsError;
use super::error_chain::{root_of, words_of};

/// Messages of providers without credentials. The metadata service is last: if it failed, no other provider had any.
const NOTHING: [&str; 7] = [
    "imds",
    "no providers in chain",
    "not loaded",
    "not enabled",
    "could not find profile",
    "no credentials",
    "was not defined",
];
/// Messages of network errors.
const NO_WAY: [&str; 3] = [
    "dispatch failure: io error",
    "dispatch failure: timeout",
    "request has timed out",
];
/// Messages of expired sessions.
const OVER: [&str; 3] = [
    "token has expired",
    "session token not found or invalid",
    "refresh cached login token",
];
/// Messages of missing or unreadable sessions.
const NO_TRACE: [&str; 5] = [
    "load the cached sso token",
    "cached sso token file",
    "/.aws/sso/cache/",
    "cached login token",
    "/.aws/login/cache/",
];

/// Classifies an error of the credentials providers; `profile` is the selected one.
pub(super) fn credentials_error(error: &(dyn Error + 'static), profile: Option<String>) -> AwsError {
    let words = words_of(error);
    let all = words.join(": ").to_lowercase();
    let says = |some: &[&str]| some.iter().any(|words| all.contains(words));
    // `aws login` sessions differ from SSO sessions.
    let command = if says(&["login token", "/.aws/login/"]) {
        "aws login"
    } else {
        "aws sso login"
    };
    if says(&NOTHING) {
        AwsError::NoCredentials { profile }
    } else if says(&NO_WAY) {
        AwsError::Unreachable(root_of(error))
    } else if says(&OVER) {
        AwsError::SignInExpired { profile, command }
    } else if says(&NO_TRACE) {
        AwsError::NotSignedIn { profile, command }
    } else {
        AwsError::BrokenCredentials(words.last().cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Builds an error chain with these messages, outermost first.
    fn chain(words: &[&str]) -> Box<dyn Error + Send + Sync> {
        #[derive(Debug, thiserror::Error)]
        #[error("{0}")]
        struct Link(String, #[source] Option<Box<dyn Error + Send + Sync>>);
        let mut inner = None;
        for word in words.iter().rev() {
            let link: Box<dyn Error + Send + Sync> = Box::new(Link((*word).to_owned(), inner));
            inner = Some(link);
        }
        inner.unwrap()
    }

    fn printed(words: &[&str]) -> String {
        let error = credentials_error(chain(words).as_ref(), Some("team".to_owned()));
        format!("{error}\n{}", error.hints().join("\n"))
    }

    #[test]
    fn aws_login_sessions_hint_at_aws_login() {
        let expired = printed(&[
            "an error occurred while loading credentials",
            "failed to refresh cached Login token: Your session has expired. Please reauthenticate.",
        ]);
        assert_eq!(
            expired,
            "the sign-in session of profile `team` has expired\nsign in again with `aws login --profile team`"
        );
        let never = printed(&[
            "an error occurred while loading credentials",
            "failed to read `/home/ada/.aws/login/cache/39.json`",
            "No such file or directory (os error 2)",
        ]);
        assert_eq!(
            never,
            "not signed in with profile `team`\nsign in with `aws login --profile team`"
        );
    }

    #[test]
    fn network_error_is_not_reported_as_sign_in_error() {
        let printed = printed(&[
            "an error occurred while loading credentials",
            "dispatch failure",
            "io error",
            "dns error",
            "failed to lookup address information",
        ]);
        assert!(
            printed.starts_with("cannot reach AWS: dns error: failed to lookup address information\n"),
            "{printed}"
        );
    }

    #[test]
    fn profile_error_shows_the_sdk_message() {
        let mistake = "ProfileFile provider could not be built: sso-session named `nowhere` (referenced by profile `team`) was not found";
        let printed = printed(&["the credentials provider was not properly configured", mistake]);
        assert!(
            printed.starts_with(&format!("cannot use the AWS credentials: {mistake}\n")),
            "{printed}"
        );
    }
}
