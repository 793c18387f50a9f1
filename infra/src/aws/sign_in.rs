//! Why there are no credentials. The SDK tells it in the sources of its error, in words only; here they become a
//! [`Fault`].

use std::error::Error;

use super::Fault;
use super::fault::{root_of, words_of};

/// Words of whoever has nothing to offer. The metadata service comes last: if it is what failed, nobody before it had any.
const NOTHING: [&str; 7] = [
    "imds",
    "no providers in chain",
    "not loaded",
    "not enabled",
    "could not find profile",
    "no credentials",
    "was not defined",
];
/// Words about a network that does not lead to AWS.
const NO_WAY: [&str; 3] = [
    "dispatch failure: io error",
    "dispatch failure: timeout",
    "request has timed out",
];
/// Words about a sign-in that is over: by the clock, or because AWS takes it for over.
const OVER: [&str; 3] = [
    "token has expired",
    "session token not found or invalid",
    "refresh cached login token",
];
/// Words about a sign-in of which this machine has no trace, or none that can be read.
const NO_TRACE: [&str; 5] = [
    "load the cached sso token",
    "cached sso token file",
    "/.aws/sso/cache/",
    "cached login token",
    "/.aws/login/cache/",
];

/// Names an error of the providers of credentials; `profile` is the one that was asked for.
pub(super) fn credentials_fault(error: &(dyn Error + 'static), profile: Option<String>) -> Fault {
    let words = words_of(error);
    let all = words.join(": ").to_lowercase();
    let says = |some: &[&str]| some.iter().any(|words| all.contains(words));
    // Sessions of `aws login` are not those of SSO.
    let command = if says(&["login token", "/.aws/login/"]) {
        "aws login"
    } else {
        "aws sso login"
    };
    if says(&NOTHING) {
        Fault::NoCredentials { profile }
    } else if says(&NO_WAY) {
        Fault::Unreachable(root_of(error))
    } else if says(&OVER) {
        Fault::SignInExpired { profile, command }
    } else if says(&NO_TRACE) {
        Fault::NotSignedIn { profile, command }
    } else {
        Fault::BrokenCredentials(words.last().cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error with these words, outermost first.
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

    fn told(words: &[&str]) -> String {
        let fault = credentials_fault(chain(words).as_ref(), Some("team".to_owned()));
        format!("{fault}\n{}", fault.hints().join("\n"))
    }

    #[test]
    fn sessions_of_aws_login_are_renewed_by_it() {
        let expired = told(&[
            "an error occurred while loading credentials",
            "failed to refresh cached Login token: Your session has expired. Please reauthenticate.",
        ]);
        assert_eq!(
            expired,
            "the sign-in of the profile `team` has expired\n`aws login --profile team` signs in again"
        );
        let never = told(&[
            "an error occurred while loading credentials",
            "failed to read `/home/ada/.aws/login/cache/39.json`",
            "No such file or directory (os error 2)",
        ]);
        assert_eq!(
            never,
            "nobody is signed in with the profile `team`\n`aws login --profile team` signs in"
        );
    }

    #[test]
    fn without_a_network_no_sign_in_is_blamed() {
        let told = told(&[
            "an error occurred while loading credentials",
            "dispatch failure",
            "io error",
            "dns error",
            "failed to lookup address information",
        ]);
        assert!(
            told.starts_with("cannot reach AWS: dns error: failed to lookup address information\n"),
            "{told}"
        );
    }

    #[test]
    fn a_mistake_in_the_profile_is_told_in_the_words_of_the_sdk() {
        let mistake = "ProfileFile provider could not be built: sso-session named `nowhere` (referenced by profile `team`) was not found";
        let told = told(&["the credentials provider was not properly configured", mistake]);
        assert!(
            told.starts_with(&format!("the AWS credentials cannot be used: {mistake}\n")),
            "{told}"
        );
    }
}
