//! Stacks: state, and operations other than change sets.

use std::time::SystemTime;

use aws_sdk_cloudformation::types::{Stack, StackResourceSummary};

use super::{AwsError, Cloud, if_found, name_of, time};

/// State of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackState {
    /// ARN, valid after deletion too.
    pub id: String,
    /// Status, for example `UPDATE_COMPLETE`.
    pub status: String,
    /// Status reason.
    pub reason: Option<String>,
    /// Time of the last change.
    pub changed: SystemTime,
    /// Outputs by key.
    pub outputs: Vec<(String, String)>,
    /// Parameter values by key.
    pub parameters: Vec<(String, String)>,
    /// Resolved values of SSM parameters by key, at the last deployment.
    pub resolved: Vec<(String, String)>,
    /// Tags by key.
    pub tags: Vec<(String, String)>,
    /// Termination protection.
    pub protected: bool,
}

impl StackState {
    fn of(stack: Stack) -> Self {
        let changed = stack.last_updated_time.as_ref().or(stack.creation_time.as_ref());
        Self {
            changed: time(changed),
            id: stack.stack_id.unwrap_or_default(),
            status: name_of(stack.stack_status.as_ref()),
            reason: stack.stack_status_reason,
            outputs: stack
                .outputs
                .unwrap_or_default()
                .into_iter()
                .filter_map(|output| Some((output.output_key?, output.output_value?)))
                .collect(),
            resolved: stack
                .parameters
                .iter()
                .flatten()
                .filter_map(|parameter| {
                    Some((
                        parameter.parameter_key.clone()?,
                        parameter.resolved_value.clone()?,
                    ))
                })
                .collect(),
            parameters: stack
                .parameters
                .unwrap_or_default()
                .into_iter()
                .filter_map(|parameter| Some((parameter.parameter_key?, parameter.parameter_value?)))
                .collect(),
            tags: stack
                .tags
                .unwrap_or_default()
                .into_iter()
                .filter_map(|tag| Some((tag.key?, tag.value?)))
                .collect(),
            protected: stack.enable_termination_protection.unwrap_or(false),
        }
    }
}

impl StackState {
    /// Returns the value of a parameter.
    pub fn parameter(&self, key: &str) -> Option<&str> {
        value_of(&self.parameters, key)
    }

    /// Returns the value of an output.
    pub fn output(&self, key: &str) -> Option<&str> {
        value_of(&self.outputs, key)
    }
}

fn value_of<'a>(pairs: &'a [(String, String)], key: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(known, _)| known == key)
        .map(|(_, value)| value.as_str())
}

impl Cloud {
    /// Returns a stack by name or ARN, or `None`. Deleted stacks are found only by ARN.
    pub async fn stack(&self, name_or_id: &str) -> Result<Option<StackState>, AwsError> {
        let found = call!(self.stacks => "DescribeStacks", describe_stacks().stack_name(name_or_id));
        let stacks = if_found(found)?
            .and_then(|found| found.stacks)
            .unwrap_or_default();
        Ok(stacks.into_iter().next().map(StackState::of))
    }

    /// Returns the template body as sent, or `None` if the stack does not exist.
    pub async fn template(&self, name_or_id: &str) -> Result<Option<String>, AwsError> {
        let found = call!(self.stacks => "GetTemplate", get_template().stack_name(name_or_id));
        Ok(if_found(found)?.and_then(|found| found.template_body))
    }

    /// Returns the resources of a stack: logical id, type, physical id.
    pub async fn resources(&self, id: &str) -> Result<Vec<(String, String, String)>, AwsError> {
        let all = pages!(self.stacks => "ListStackResources",
            stack_resource_summaries: list_stack_resources().stack_name(id))?;
        let row = |resource: StackResourceSummary| {
            (
                resource.logical_resource_id.unwrap_or_default(),
                resource.resource_type.unwrap_or_default(),
                resource.physical_resource_id.unwrap_or_default(),
            )
        };
        Ok(all.into_iter().map(row).collect())
    }

    /// Starts the deletion of a stack.
    pub async fn delete_stack(&self, id: &str, token: &str) -> Result<(), AwsError> {
        call!(self.stacks => "DeleteStack", delete_stack().stack_name(id).client_request_token(token))
            .map(drop)
    }

    /// Cancels a running update; CloudFormation rolls it back.
    pub async fn cancel_update(&self, id: &str) -> Result<(), AwsError> {
        call!(self.stacks => "CancelUpdateStack", cancel_update_stack().stack_name(id)).map(drop)
    }

    /// Continues a failed rollback and skips the resources `skip`.
    pub async fn continue_rollback(&self, id: &str, skip: &[String], token: &str) -> Result<(), AwsError> {
        let skip = (!skip.is_empty()).then(|| skip.to_vec());
        call!(self.stacks => "ContinueUpdateRollback",
            continue_update_rollback().stack_name(id).set_resources_to_skip(skip).client_request_token(token))
        .map(drop)
    }

    /// Sets termination protection.
    pub async fn protect(&self, id: &str, on: bool) -> Result<(), AwsError> {
        call!(self.stacks => "UpdateTerminationProtection",
            update_termination_protection().stack_name(id).enable_termination_protection(on))
        .map(drop)
    }
}
