//! AWS calls. The only module that imports the SDK; it returns plain values.
//!
//! A [`Cloud`] is one region with one set of credentials. Result types are defined in [`crate::deployment`],
//! [`crate::releases`], [`crate::pipelines`], [`crate::service_status`] and [`crate::logs`]. Calls are retried when
//! throttled; errors become [`AwsError`].

/// Sends a request to a client as soon as its rate limit permits: `call!(client => "Operation", request)`.
macro_rules! call {
    ($client:expr => $operation:literal, $($request:tt)+) => {
        $client
            .permit()
            .await
            .$($request)+
            .send()
            .await
            .map_err(|error| $crate::aws::AwsError::of($operation, &error))
    };
}

/// Requests all pages and collects their `items`: `pages!(client => "Operation", items: request)`.
macro_rules! pages {
    ($client:expr => $operation:literal, $items:ident: $($request:tt)+) => {{
        let (mut all, mut token) = (Vec::new(), None);
        loop {
            match call!($client => $operation, $($request)+.set_next_token(token)) {
                Ok(page) => {
                    all.extend(page.$items.unwrap_or_default());
                    token = page.next_token.filter(|token| !token.is_empty());
                }
                Err(error) => break Err(error),
            }
            if token.is_none() {
                break Ok(all);
            }
        }
    }};
}

mod access;
mod alarms;
mod builds;
mod change_sets;
mod connections;
mod drift;
mod error;
mod error_chain;
mod events;
mod http;
mod images;
mod logs;
mod one_off;
mod parameters;
mod pipelines;
mod quotas;
mod rate_limiter;
mod registry;
mod revisions;
mod roles;
mod sdk_error;
mod secrets;
mod services;
mod sign_in;
mod stacks;
mod tasks;
mod zones;

pub use access::{Access, Identity, Login};
pub use change_sets::{ChangeSetOutcome, MadeChangeSet};
pub use error::AwsError;
pub use events::EventCursor;
pub use images::ImageState;
pub use logs::LogPage;
pub use one_off::OneOff;
pub use pipelines::Decision;
pub use registry::RegistryLogin;
pub use services::ServiceState;
pub use stacks::StackState;

use std::time::SystemTime;

use aws_sdk_cloudformation::primitives::DateTime;

use rate_limiter::{Limited, RateLimiter};

/// Clients for one region.
#[derive(Clone, Debug)]
pub struct Cloud {
    region: String,
    stacks: Limited<aws_sdk_cloudformation::Client>,
    parameters: Limited<aws_sdk_ssm::Client>,
    services: Limited<aws_sdk_ecs::Client>,
    images: Limited<aws_sdk_ecr::Client>,
    logs: Limited<aws_sdk_cloudwatchlogs::Client>,
    alarms: Limited<aws_sdk_cloudwatch::Client>,
    pipelines: Limited<aws_sdk_codepipeline::Client>,
    builds: Limited<aws_sdk_codebuild::Client>,
    connections: Limited<aws_sdk_codeconnections::Client>,
    roles: Limited<aws_sdk_iam::Client>,
    secrets: Limited<aws_sdk_secretsmanager::Client>,
    quotas: Limited<aws_sdk_servicequotas::Client>,
    zones: Limited<aws_sdk_route53::Client>,
}

impl Cloud {
    /// Returns the region name.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Returns the console link to a stack's events.
    pub fn stack_link(&self, stack_id: &str) -> String {
        let region = &self.region;
        format!(
            "https://{region}.console.aws.amazon.com/cloudformation/home?region={region}#/stacks/events?stackId={}",
            stack_id.replace(':', "%3A").replace('/', "%2F")
        )
    }
}

/// Turns "not found" into `None`.
fn if_found<T>(response: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
    match response {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Turns a missing permission into `None`.
///
/// # Errors
/// Any other error.
pub fn if_allowed<T>(response: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
    match response {
        Ok(found) => Ok(Some(found)),
        Err(AwsError::Denied { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns the name of an enum value of AWS; empty if absent.
fn name_of(value: Option<&impl AsRef<str>>) -> String {
    value.map_or("", AsRef::as_ref).to_owned()
}

/// Converts an AWS time; times out of range become the epoch.
fn time(at: Option<&DateTime>) -> SystemTime {
    at.and_then(|at| SystemTime::try_from(*at).ok())
        .unwrap_or(SystemTime::UNIX_EPOCH)
}
