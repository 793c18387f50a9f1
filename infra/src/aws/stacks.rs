//! Stacks: how they are, and the operations that a change set does not cover.

use std::time::SystemTime;

use aws_sdk_cloudformation::types::Stack;

use super::{Cloud, Fault, time};

/// A stack as CloudFormation has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackState {
    /// Its ARN, which stays valid after its deletion.
    pub id: String,
    /// Its status, as `UPDATE_COMPLETE`.
    pub status: String,
    /// CloudFormation's words on it.
    pub reason: Option<String>,
    /// When it was last changed.
    pub changed: SystemTime,
    /// Its outputs, by key.
    pub outputs: Vec<(String, String)>,
    /// Its parameters, by key, with the values that were given.
    pub parameters: Vec<(String, String)>,
    /// It cannot be deleted before this is switched off.
    pub protected: bool,
}

impl StackState {
    fn of(stack: Stack) -> Self {
        let changed = stack.last_updated_time.as_ref().or(stack.creation_time.as_ref());
        Self {
            changed: time(changed),
            id: stack.stack_id.unwrap_or_default(),
            status: stack
                .stack_status
                .map(|status| status.as_str().to_owned())
                .unwrap_or_default(),
            reason: stack.stack_status_reason,
            outputs: stack
                .outputs
                .unwrap_or_default()
                .into_iter()
                .filter_map(|output| Some((output.output_key?, output.output_value?)))
                .collect(),
            parameters: stack
                .parameters
                .unwrap_or_default()
                .into_iter()
                .filter_map(|parameter| Some((parameter.parameter_key?, parameter.parameter_value?)))
                .collect(),
            protected: stack.enable_termination_protection.unwrap_or(false),
        }
    }
}

impl StackState {
    /// The value of a parameter.
    pub fn parameter(&self, key: &str) -> Option<&str> {
        value_of(&self.parameters, key)
    }

    /// The value of an output.
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
    /// A stack by name or ARN, or `None` if there is none. A deleted one is found by its ARN only.
    pub async fn stack(&self, name_or_id: &str) -> Result<Option<StackState>, Fault> {
        self.pace.permit().await;
        let answer = self.stacks.describe_stacks().stack_name(name_or_id).send().await;
        match answer {
            Ok(found) => Ok(found
                .stacks
                .unwrap_or_default()
                .into_iter()
                .next()
                .map(StackState::of)),
            Err(error) => match Fault::of("DescribeStacks", &error) {
                fault if fault.is_not_found() => Ok(None),
                fault => Err(fault),
            },
        }
    }

    /// The template of a stack as it was sent, or `None` if there is no such stack.
    pub async fn template(&self, name_or_id: &str) -> Result<Option<String>, Fault> {
        self.pace.permit().await;
        let answer = self.stacks.get_template().stack_name(name_or_id).send().await;
        match answer {
            Ok(found) => Ok(found.template_body),
            Err(error) => match Fault::of("GetTemplate", &error) {
                fault if fault.is_not_found() => Ok(None),
                fault => Err(fault),
            },
        }
    }

    /// The resources of a stack: logical id, type, physical id.
    pub async fn resources(&self, id: &str) -> Result<Vec<(String, String, String)>, Fault> {
        let mut all = Vec::new();
        let mut token = None;
        loop {
            self.pace.permit().await;
            let page = self
                .stacks
                .list_stack_resources()
                .stack_name(id)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| Fault::of("ListStackResources", &error))?;
            let summaries = page.stack_resource_summaries.unwrap_or_default();
            all.extend(summaries.into_iter().map(|resource| {
                (
                    resource.logical_resource_id.unwrap_or_default(),
                    resource.resource_type.unwrap_or_default(),
                    resource.physical_resource_id.unwrap_or_default(),
                )
            }));
            token = page.next_token;
            if token.is_none() {
                return Ok(all);
            }
        }
    }

    /// Begins the deletion of a stack.
    pub async fn delete_stack(&self, id: &str, token: &str) -> Result<(), Fault> {
        self.pace.permit().await;
        let answer = self
            .stacks
            .delete_stack()
            .stack_name(id)
            .client_request_token(token)
            .send();
        answer
            .await
            .map(drop)
            .map_err(|error| Fault::of("DeleteStack", &error))
    }

    /// Cancels an update that is under way; CloudFormation rolls it back.
    pub async fn cancel_update(&self, id: &str) -> Result<(), Fault> {
        self.pace.permit().await;
        let answer = self.stacks.cancel_update_stack().stack_name(id).send().await;
        answer
            .map(drop)
            .map_err(|error| Fault::of("CancelUpdateStack", &error))
    }

    /// Continues a rollback that failed, leaving the resources `skip` as they are.
    pub async fn continue_rollback(&self, id: &str, skip: &[String]) -> Result<(), Fault> {
        self.pace.permit().await;
        let skip = (!skip.is_empty()).then(|| skip.to_vec());
        self.stacks
            .continue_update_rollback()
            .stack_name(id)
            .set_resources_to_skip(skip)
            .send()
            .await
            .map(drop)
            .map_err(|error| Fault::of("ContinueUpdateRollback", &error))
    }

    /// Switches termination protection.
    pub async fn protect(&self, id: &str, on: bool) -> Result<(), Fault> {
        self.pace.permit().await;
        self.stacks
            .update_termination_protection()
            .stack_name(id)
            .enable_termination_protection(on)
            .send()
            .await
            .map(drop)
            .map_err(|error| Fault::of("UpdateTerminationProtection", &error))
    }
}
