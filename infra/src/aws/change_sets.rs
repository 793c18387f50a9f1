//! Change sets: create, read as [`Changes`], execute, delete.

use std::time::{Duration, SystemTime};

use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{
    Capability, ChangeAction, ChangeSetStatus, ChangeSetType, DeploymentConfig, DeploymentConfigMode,
    DeploymentMode, Parameter, PolicyAction, Replacement, ResourceChange as SdkChange, Tag,
};

use super::{AwsError, Cloud, if_found, name_of, time};
use crate::deployment::change_set_name::{Leftover, leftover};
use crate::deployment::stack_spec::{DeployOptions, StackSpec};
use crate::plan::changes::{Action, Changes, PropertyChange, ResourceChange};

/// A created change set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeChangeSet {
    /// Change set ARN.
    pub id: String,
    /// Stack ARN.
    pub stack_id: String,
    /// The change set creates the stack.
    pub creates: bool,
    /// Its changes.
    pub changes: Changes,
    /// Validation warnings.
    pub warnings: Vec<String>,
}

/// Result of creating a change set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeSetOutcome {
    /// Created.
    Made(MadeChangeSet),
    /// No changes.
    NothingToDo {
        /// Stack ARN.
        stack_id: String,
    },
    /// Rejected by CloudFormation with this reason; the change set is deleted.
    Rejected(String),
}

impl Cloud {
    /// Creates a change set and waits until it is complete.
    ///
    /// `release` is the value of the template's release parameter.
    pub async fn make_change_set(
        &self,
        spec: &StackSpec,
        creates: bool,
        release: Option<&str>,
        options: DeployOptions,
        name: &str,
    ) -> Result<ChangeSetOutcome, AwsError> {
        let release = spec.release_parameter.as_deref().zip(release);
        let values = spec
            .parameters
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()));
        let parameters: Vec<_> = release
            .into_iter()
            .chain(values)
            .map(|(key, value)| {
                Parameter::builder()
                    .parameter_key(key)
                    .parameter_value(value)
                    .build()
            })
            .collect();
        let tags = spec
            .tags
            .iter()
            .map(|(key, value)| Tag::builder().key(key).value(value).build())
            .collect();
        let capabilities = spec
            .capabilities()
            .iter()
            .map(|name| Capability::from(*name))
            .collect();
        let kind = if creates {
            ChangeSetType::Create
        } else {
            ChangeSetType::Update
        };
        let made = call!(self.stacks => "CreateChangeSet", create_change_set()
            .stack_name(&spec.name)
            .change_set_name(name)
            .change_set_type(kind)
            .template_body(&spec.body)
            .set_parameters((!parameters.is_empty()).then_some(parameters))
            .set_tags(Some(tags))
            .set_capabilities(Some(capabilities))
            .set_deployment_config((options.fast && spec.supports_express_mode()).then(express))
            // Import resources that an earlier installation retained, instead of failing with "already exists".
            .set_import_existing_resources((creates && spec.retains_names()).then_some(true))
            // New stacks have no drift.
            .set_deployment_mode((options.revert_drift && !creates).then_some(DeploymentMode::RevertDrift)))?;
        let (id, stack_id) = (made.id.unwrap_or_default(), made.stack_id.unwrap_or_default());
        let ready = self.wait_for_change_set(&id).await?;
        if ready.status == Some(ChangeSetStatus::CreateComplete) {
            let changes = self.all_changes(&id, ready).await?;
            let warnings = self.validations(&id, "WARN").await;
            return Ok(ChangeSetOutcome::Made(MadeChangeSet {
                id,
                stack_id,
                creates,
                changes,
                warnings,
            }));
        }
        let reason = ready
            .status_reason
            .unwrap_or_else(|| "no reason given by CloudFormation".to_owned());
        if is_nothing_to_do(&reason) {
            self.remove_change_set(&id).await?;
            return Ok(ChangeSetOutcome::NothingToDo { stack_id });
        }
        let problems = self.validations(&id, "FAIL").await;
        self.remove_change_set(&id).await?;
        Ok(ChangeSetOutcome::Rejected(if problems.is_empty() {
            reason
        } else {
            problems.join("\n")
        }))
    }

    async fn wait_for_change_set(&self, id: &str) -> Result<DescribeChangeSetOutput, AwsError> {
        let mut pause = Duration::from_millis(200);
        loop {
            let now = self.describe_change_set(id, None).await?;
            match now.status {
                Some(ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress) => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(3));
                }
                _ => return Ok(now),
            }
        }
    }

    async fn describe_change_set(
        &self,
        id: &str,
        token: Option<String>,
    ) -> Result<DescribeChangeSetOutput, AwsError> {
        call!(self.stacks => "DescribeChangeSet",
            describe_change_set().change_set_name(id).include_property_values(true).set_next_token(token))
    }

    async fn all_changes(&self, id: &str, first: DescribeChangeSetOutput) -> Result<Changes, AwsError> {
        let mut all = Vec::new();
        let mut page = first;
        loop {
            let changes = page.changes.take().unwrap_or_default();
            all.extend(
                changes
                    .into_iter()
                    .filter_map(|change| change_of(change.resource_change?)),
            );
            match page.next_token.take() {
                Some(token) => page = self.describe_change_set(id, Some(token)).await?,
                None => return Ok(Changes::new(all)),
            }
        }
    }

    /// Returns the failed validations of a mode, `WARN` or `FAIL`; empty without permission.
    async fn validations(&self, id: &str, mode: &str) -> Vec<String> {
        let Ok(events) = pages!(self.stacks => "DescribeEvents",
            operation_events: describe_events().change_set_name(id))
        else {
            return Vec::new();
        };
        events
            .into_iter()
            .filter(|event| {
                name_of(event.validation_status.as_ref()) == "FAILED"
                    && name_of(event.validation_failure_mode.as_ref()) == mode
            })
            .map(|event| {
                let resource = event.logical_resource_id.unwrap_or_default();
                let reason = event.validation_status_reason.unwrap_or_default();
                format!("{resource}: {reason}")
            })
            .collect()
    }

    /// Executes a change set; its events carry `token`.
    pub async fn execute_change_set(&self, id: &str, token: &str) -> Result<(), AwsError> {
        call!(self.stacks => "ExecuteChangeSet",
            execute_change_set().change_set_name(id).client_request_token(token))
        .map(drop)
    }

    /// Deletes a change set; a missing one is success.
    pub async fn remove_change_set(&self, id: &str) -> Result<(), AwsError> {
        if_found(call!(self.stacks => "DeleteChangeSet", delete_change_set().change_set_name(id))).map(drop)
    }

    /// Deletes a change set by name; a missing one is success.
    pub async fn remove_named_change_set(&self, stack: &str, name: &str) -> Result<(), AwsError> {
        if_found(call!(self.stacks => "DeleteChangeSet",
            delete_change_set().stack_name(stack).change_set_name(name)))
        .map(drop)
    }

    /// Returns abandoned change sets of a stack, and whether there are others, for example created with `--no-execute` or by
    /// other tools.
    pub async fn leftovers(&self, stack: &str) -> Result<(Vec<String>, bool), AwsError> {
        let (mut abandoned, mut others) = (Vec::new(), false);
        for summary in
            pages!(self.stacks => "ListChangeSets", summaries: list_change_sets().stack_name(stack))?
        {
            let name = summary.change_set_name.unwrap_or_default();
            // Without a date, it counts as new.
            let age = summary
                .creation_time
                .as_ref()
                .and_then(|at| SystemTime::now().duration_since(time(Some(at))).ok())
                .unwrap_or_default();
            match leftover(&name, age) {
                Leftover::Abandoned => abandoned.extend(summary.change_set_id),
                Leftover::InUse => others = true,
            }
        }
        Ok((abandoned, others))
    }
}

/// Express mode: complete when the configuration is applied. Later failures are still rolled back.
fn express() -> DeploymentConfig {
    DeploymentConfig::builder()
        .mode(DeploymentConfigMode::Express)
        .disable_rollback(false)
        .build()
}

/// Returns whether a failed change set has no changes; only the reason tells.
fn is_nothing_to_do(reason: &str) -> bool {
    reason.contains("didn't contain changes") || reason.contains("No updates are to be performed")
}

fn change_of(change: SdkChange) -> Option<ResourceChange> {
    let kept = matches!(
        change.policy_action,
        Some(PolicyAction::Retain | PolicyAction::ReplaceAndRetain)
    );
    let action = match change.action? {
        ChangeAction::Add => Action::Add,
        ChangeAction::Remove => Action::Delete { kept },
        ChangeAction::Import => Action::Import,
        ChangeAction::Modify => match change.replacement {
            Some(Replacement::True) => Action::Replace { certain: true },
            Some(Replacement::Conditional) => Action::Replace { certain: false },
            _ => Action::Change,
        },
        // `Dynamic` and unknown values: decided during execution.
        _ => Action::Replace { certain: false },
    };
    let properties = change
        .details
        .unwrap_or_default()
        .into_iter()
        .filter_map(|detail| {
            let target = detail.target?;
            let attribute = target
                .attribute
                .as_ref()
                .map(|attribute| attribute.as_str().to_owned());
            Some(PropertyChange {
                path: target.path.or(target.name).or(attribute)?,
                before: target.before_value,
                after: target.after_value,
            })
        });
    Some(ResourceChange {
        action,
        resource: change.logical_resource_id.unwrap_or_default(),
        kind: change.resource_type.unwrap_or_default(),
        properties: properties.collect(),
    })
}
