//! Change sets: made, read as [`Changes`], executed, removed.

use std::time::Duration;

use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{
    Capability, ChangeAction, ChangeSetStatus, ChangeSetType, DeploymentConfig, DeploymentConfigMode,
    DeploymentMode, Parameter, PolicyAction, Replacement, ResourceChange as SdkChange, Tag,
};

use super::{Cloud, Fault};
use crate::deploy::wanted::{Manner, Wanted};
use crate::plan::changes::{Action, Changes, PropertyChange, ResourceChange};

/// A change set that can be executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeChangeSet {
    /// Its ARN.
    pub id: String,
    /// ARN of its stack.
    pub stack_id: String,
    /// It creates the stack.
    pub creates: bool,
    /// What it changes.
    pub changes: Changes,
    /// What CloudFormation's validation warns of.
    pub warnings: Vec<String>,
}

/// What became of the wish for a change set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeSetOutcome {
    /// It is there.
    Made(MadeChangeSet),
    /// The stack is as wanted.
    NothingToDo {
        /// ARN of the stack.
        stack_id: String,
    },
    /// CloudFormation refused it, in these words; it has been removed again.
    Rejected(String),
}

/// Prefix of the change sets that this tool makes and removes again.
const OURS: &str = "infra-";
/// Prefix of those that `--no-execute` leaves for a person.
const KEPT: &str = "infra-review-";

impl Cloud {
    /// Makes a change set and waits until CloudFormation has worked it out.
    ///
    /// `release` is the value for the template's release parameter.
    pub async fn make_change_set(
        &self,
        wanted: &Wanted,
        creates: bool,
        release: Option<&str>,
        manner: Manner,
        name: &str,
    ) -> Result<ChangeSetOutcome, Fault> {
        self.pace.permit().await;
        let parameters = wanted
            .release_parameter
            .as_ref()
            .zip(release)
            .map(|(key, value)| {
                vec![
                    Parameter::builder()
                        .parameter_key(key)
                        .parameter_value(value)
                        .build(),
                ]
            });
        let tags = wanted
            .tags
            .iter()
            .map(|(key, value)| Tag::builder().key(key).value(value).build())
            .collect();
        let capabilities = wanted
            .capabilities()
            .iter()
            .map(|name| Capability::from(*name))
            .collect();
        let made = self
            .stacks
            .create_change_set()
            .stack_name(&wanted.name)
            .change_set_name(name)
            .change_set_type(if creates {
                ChangeSetType::Create
            } else {
                ChangeSetType::Update
            })
            .template_body(&wanted.body)
            .set_parameters(parameters)
            .set_tags(Some(tags))
            .set_capabilities(Some(capabilities))
            .set_deployment_config((manner.fast && wanted.may_be_fast()).then(express))
            // A stack that does not exist has not drifted.
            .set_deployment_mode((manner.revert_drift && !creates).then_some(DeploymentMode::RevertDrift))
            .send()
            .await
            .map_err(|error| Fault::of("CreateChangeSet", &error))?;
        let (id, stack_id) = (made.id.unwrap_or_default(), made.stack_id.unwrap_or_default());
        let ready = self.wait_for_change_set(&id).await?;
        if ready.status == Some(ChangeSetStatus::CreateComplete) {
            let changes = self.all_changes(&id, ready).await?;
            let warnings = self.validation_warnings(&id).await;
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
            .unwrap_or_else(|| "CloudFormation gave no reason".to_owned());
        if is_nothing_to_do(&reason) {
            self.remove_change_set(&id).await?;
            return Ok(ChangeSetOutcome::NothingToDo { stack_id });
        }
        let problems = self.validation_failures(&id).await;
        self.remove_change_set(&id).await?;
        Ok(ChangeSetOutcome::Rejected(if problems.is_empty() {
            reason
        } else {
            problems.join("\n")
        }))
    }

    async fn wait_for_change_set(&self, id: &str) -> Result<DescribeChangeSetOutput, Fault> {
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
    ) -> Result<DescribeChangeSetOutput, Fault> {
        self.pace.permit().await;
        self.stacks
            .describe_change_set()
            .change_set_name(id)
            .include_property_values(true)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| Fault::of("DescribeChangeSet", &error))
    }

    async fn all_changes(&self, id: &str, first: DescribeChangeSetOutput) -> Result<Changes, Fault> {
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

    async fn validation_warnings(&self, id: &str) -> Vec<String> {
        self.validations(id, "WARN").await
    }

    async fn validation_failures(&self, id: &str) -> Vec<String> {
        self.validations(id, "FAIL").await
    }

    /// What CloudFormation's validation found. Extra knowledge only: where the call is not allowed, nothing is lost.
    async fn validations(&self, id: &str, mode: &str) -> Vec<String> {
        self.pace.permit().await;
        let Ok(page) = self.stacks.describe_events().change_set_name(id).send().await else {
            return Vec::new();
        };
        page.operation_events
            .unwrap_or_default()
            .into_iter()
            .filter(|event| {
                event
                    .validation_status
                    .as_ref()
                    .is_some_and(|status| status.as_str() == "FAILED")
                    && event
                        .validation_failure_mode
                        .as_ref()
                        .is_some_and(|found| found.as_str() == mode)
            })
            .map(|event| {
                let resource = event.logical_resource_id.unwrap_or_default();
                let reason = event.validation_status_reason.unwrap_or_default();
                format!("{resource}: {reason}")
            })
            .collect()
    }

    /// Executes a change set; its events carry `token`.
    pub async fn execute_change_set(&self, id: &str, token: &str) -> Result<(), Fault> {
        self.pace.permit().await;
        self.stacks
            .execute_change_set()
            .change_set_name(id)
            .client_request_token(token)
            .send()
            .await
            .map(drop)
            .map_err(|error| Fault::of("ExecuteChangeSet", &error))
    }

    /// Removes a change set; one that is gone already is as good.
    pub async fn remove_change_set(&self, id: &str) -> Result<(), Fault> {
        self.pace.permit().await;
        match self.stacks.delete_change_set().change_set_name(id).send().await {
            Ok(_) => Ok(()),
            Err(error) => match Fault::of("DeleteChangeSet", &error) {
                fault if fault.is_not_found() => Ok(()),
                fault => Err(fault),
            },
        }
    }

    /// Removes a change set by its name; one that is gone already, or never was, is as good.
    pub async fn remove_named_change_set(&self, stack: &str, name: &str) -> Result<(), Fault> {
        self.pace.permit().await;
        let answer = self
            .stacks
            .delete_change_set()
            .stack_name(stack)
            .change_set_name(name)
            .send();
        match answer.await {
            Ok(_) => Ok(()),
            Err(error) => match Fault::of("DeleteChangeSet", &error) {
                fault if fault.is_not_found() => Ok(()),
                fault => Err(fault),
            },
        }
    }

    /// Change sets of a stack that an earlier run of this tool left by accident, and whether there are others.
    pub async fn leftovers(&self, stack: &str) -> Result<(Vec<String>, bool), Fault> {
        let mut ours = Vec::new();
        let mut others = false;
        let mut token = None;
        loop {
            self.pace.permit().await;
            let page = self
                .stacks
                .list_change_sets()
                .stack_name(stack)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| Fault::of("ListChangeSets", &error))?;
            for summary in page.summaries.unwrap_or_default() {
                let name = summary.change_set_name.unwrap_or_default();
                if name.starts_with(OURS) && !name.starts_with(KEPT) {
                    ours.extend(summary.change_set_id);
                } else {
                    others = true;
                }
            }
            token = page.next_token;
            if token.is_none() {
                return Ok((ours, others));
            }
        }
    }
}

/// Done when the configuration is applied; what then goes wrong is rolled back all the same.
fn express() -> DeploymentConfig {
    DeploymentConfig::builder()
        .mode(DeploymentConfigMode::Express)
        .disable_rollback(false)
        .build()
}

/// The name for a new change set. `unique` tells it from those of other runs.
pub fn change_set_name(unique: &str, keep: bool) -> String {
    format!("{}{unique}", if keep { KEPT } else { OURS })
}

/// CloudFormation fails a change set that changes nothing, and says so in words only.
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
        // `Dynamic` and what may come: CloudFormation decides while it executes.
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
