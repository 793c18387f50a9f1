//! Errors of AWS calls with their hints; one type for all operations.

/// An error of an AWS call.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum AwsError {
    /// No credentials found.
    #[error("no AWS credentials{}", profile.as_ref().map(|name| format!(": profile `{name}` has none or does not exist")).unwrap_or_default())]
    NoCredentials {
        /// The selected profile.
        profile: Option<String>,
    },
    /// The token of an SSO or `aws login` session has expired.
    #[error("the sign-in session {}has expired", profile.as_ref().map(|name| format!("of profile `{name}` ")).unwrap_or_default())]
    SignInExpired {
        /// The selected profile.
        profile: Option<String>,
        /// The sign-in command: `aws sso login` or `aws login`.
        command: &'static str,
    },
    /// The profile requires a sign-in.
    #[error("not signed in{}", profile.as_ref().map(|name| format!(" with profile `{name}`")).unwrap_or_default())]
    NotSignedIn {
        /// The selected profile.
        profile: Option<String>,
        /// The sign-in command: `aws sso login` or `aws login`.
        command: &'static str,
    },
    /// Temporary credentials have expired.
    #[error("the AWS credentials have expired")]
    Expired,
    /// Unknown access key or wrong signature.
    #[error("AWS rejected the credentials: {0}")]
    Rejected(String),
    /// Unusable credentials configuration.
    #[error("cannot use the AWS credentials: {0}")]
    BrokenCredentials(String),
    /// Unusable certificate file.
    #[error("cannot use the certificates in {file}: {reason}")]
    BrokenTrust {
        /// The file.
        file: String,
        /// The reason.
        reason: String,
    },
    /// The local clock is wrong, so that signatures are rejected.
    #[error("AWS rejected the time of the signature: {0}")]
    ClockSkewed(String),
    /// No region in options, settings, environment or profile.
    #[error("no AWS region is set")]
    NoRegion,
    /// Network error.
    #[error("cannot reach AWS: {0}")]
    Unreachable(String),
    /// The request cannot be built.
    #[error("cannot build the AWS request: {0}")]
    BrokenRequest(String),
    /// Missing permission.
    #[error("{operation} is not allowed: {message}")]
    Denied {
        /// The SDK operation.
        operation: &'static str,
        /// Message with action and principal.
        message: String,
    },
    /// Still throttled after all retries.
    #[error("AWS throttles {operation}")]
    Throttled {
        /// The operation.
        operation: &'static str,
    },
    /// An error of AWS, HTTP status 5xx, still there after all retries.
    #[error("{operation}: {message}")]
    Unavailable {
        /// The operation.
        operation: &'static str,
        /// Error message.
        message: String,
    },
    /// Any other error response.
    #[error("{operation}: {message}")]
    Refused {
        /// The SDK operation.
        operation: &'static str,
        /// Error code.
        code: String,
        /// Error message.
        message: String,
    },
}

impl AwsError {
    /// Sets the selected profile where the failed call did not know it.
    #[must_use]
    pub fn of_profile(mut self, asked: Option<&str>) -> Self {
        if let Self::SignInExpired { profile, .. } | Self::NotSignedIn { profile, .. } = &mut self
            && profile.is_none()
        {
            *profile = asked.map(ToOwned::to_owned);
        }
        self
    }

    /// Returns whether a retry may help.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::Throttled { .. } | Self::Unavailable { .. }
        )
    }

    /// Returns whether a change set can no longer be executed: deleted or outdated.
    pub fn is_obsolete_change_set(&self) -> bool {
        match self {
            Self::Refused {
                operation: "ExecuteChangeSet",
                code,
                ..
            } => code.contains("ChangeSetNotFound") || code.contains("InvalidChangeSetStatus"),
            _ => false,
        }
    }

    /// Returns whether a change set cannot be deleted yet, since it is still being created.
    pub fn is_change_set_in_progress(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code.contains("InvalidChangeSetStatus"))
    }

    /// Returns whether the resource does not exist.
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::Refused { code, message, .. } => {
                code.contains("NotFound")
                    || code.contains("DoesNotExist")
                    || code.contains("NoSuchEntity")
                    || code == "NoSuchHostedZone"
                    || message.contains("does not exist")
                    || message.contains("not found")
            }
            _ => false,
        }
    }

    /// Returns the hints.
    pub fn hints(&self) -> Vec<String> {
        let with = |profile: &Option<String>, command: &str| match profile {
            Some(name) => format!("`{command} --profile {name}`"),
            None => format!("`{command}`"),
        };
        let hint = match self {
            Self::NoCredentials { profile: Some(name) } => format!(
                "list profiles with `aws configure list-profiles`; create this one with `aws configure sso --profile {name}`"
            ),
            Self::NoCredentials { profile: None } => "run `aws configure sso` once, then pass `--profile NAME`; or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".to_owned(),
            Self::SignInExpired { profile, command } => format!("sign in again with {}", with(profile, command)),
            Self::NotSignedIn { profile, command } => format!("sign in with {}", with(profile, command)),
            Self::Expired => "sign in again with `aws sso login`, or get new temporary keys".to_owned(),
            Self::Rejected(_) => "test them with `aws sts get-caller-identity`, or pass `--profile NAME` to use others".to_owned(),
            Self::BrokenCredentials(_) => "check the profiles in ~/.aws/config and ~/.aws/credentials".to_owned(),
            Self::NoRegion => "pass `--region eu-west-1`, or set `region` in infra.toml or AWS_REGION".to_owned(),
            Self::Unreachable(why) if why.contains("certificate") => "if a proxy inspects TLS, set `AWS_CA_BUNDLE`, or `ca_bundle` in the profile, to the file with its CA certificate".to_owned(),
            Self::Unreachable(_) => "check the network, the region name, HTTPS_PROXY and NO_PROXY".to_owned(),
            Self::BrokenTrust { .. } => "set `AWS_CA_BUNDLE`, or `ca_bundle` in the profile, to a file of PEM certificates".to_owned(),
            Self::ClockSkewed(_) => "correct the system clock, for example with `timedatectl set-ntp true`".to_owned(),
            Self::Denied { message, .. } if message.contains("service control policy") => "denied by a service control policy of the organization, regardless of the caller's own policies: its administrators can allow it".to_owned(),
            Self::Denied { .. } => "required policies: infra/docs/permissions".to_owned(),
            Self::Throttled { .. } => "wait a minute, then run the command again".to_owned(),
            Self::Unavailable { .. } => "an error of AWS, not of the request: run the command again; https://health.aws.amazon.com/health/status lists outages".to_owned(),
            Self::Refused { message, .. } if message.contains("is invalid or cannot be assumed") => "CloudFormation uses the role that last deployed the stack, and it is gone: create a role of that name that CloudFormation may assume, or delete the stack with another, `aws cloudformation delete-stack --stack-name STACK --role-arn ARN`".to_owned(),
            Self::Refused { .. } | Self::BrokenRequest(_) => return Vec::new(),
        };
        vec![hint]
    }
}
