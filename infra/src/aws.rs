//! The only place that knows the AWS SDK: calls in, plain values out.
//!
//! A [`Cloud`] is one region seen with one set of credentials. Its methods are the tool's vocabulary (`stack`,
//! `make_change_set`, `new_events`), not the SDK's; what they return is defined in [`crate::deploy`] and
//! [`crate::daily`]. Decisions
//! are taken elsewhere: here a request is sent, throttling is waited out and an error gets its name, a [`Fault`].

mod access;
mod alarms;
mod builds;
mod change_sets;
mod connections;
mod drift;
mod events;
mod fault;
mod images;
mod logs;
mod pace;
mod parameters;
mod pipelines;
mod services;
mod sign_in;
mod stacks;
mod tasks;

pub use access::{Access, Identity, Login};
pub use change_sets::{ChangeSetOutcome, MadeChangeSet, change_set_name};
pub use events::EventCursor;
pub use fault::Fault;
pub use logs::LogPage;
pub use pipelines::Answered;
pub use services::ServiceState;
pub use stacks::StackState;

use std::sync::Arc;
use std::time::SystemTime;

use aws_sdk_cloudformation::primitives::DateTime;

use pace::Pace;

/// One region of AWS.
#[derive(Clone, Debug)]
pub struct Cloud {
    region: String,
    stacks: aws_sdk_cloudformation::Client,
    parameters: aws_sdk_ssm::Client,
    services: aws_sdk_ecs::Client,
    images: aws_sdk_ecr::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    alarms: aws_sdk_cloudwatch::Client,
    pipelines: aws_sdk_codepipeline::Client,
    builds: aws_sdk_codebuild::Client,
    connections: aws_sdk_codeconnections::Client,
    /// For CloudFormation, which counts the calls of the whole account and has few to give.
    pace: Arc<Pace>,
    /// For all other services.
    elsewhere: Arc<Pace>,
}

impl Cloud {
    /// The region's name, as `eu-west-1`.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Where a person finds a stack's events in the web console.
    pub fn stack_link(&self, stack_id: &str) -> String {
        let region = &self.region;
        format!(
            "https://{region}.console.aws.amazon.com/cloudformation/home?region={region}#/stacks/events?stackId={}",
            stack_id.replace(':', "%3A").replace('/', "%2F")
        )
    }
}

/// AWS' time as ours; what lies outside our range is the epoch.
fn time(at: Option<&DateTime>) -> SystemTime {
    at.and_then(|at| SystemTime::try_from(*at).ok())
        .unwrap_or(SystemTime::UNIX_EPOCH)
}
