//! Task definition revisions of an environment, with failed ones marked.

use std::collections::BTreeSet;

use aws_sdk_ecs::types::{ServiceDeploymentStatus as Status, SortOrder, TaskDefinitionStatus};

use super::services::cluster_and_name;
use super::{AwsError, Cloud, time};
use crate::releases::history::Revision;

/// Maximum number of revisions read, newest first, one call each.
const MOST: usize = 30;
/// Maximum number of service revisions per call.
const AT_ONCE: usize = 20;

impl Cloud {
    /// Returns the newest revisions of the family of `task_definition`. Revisions rolled back in `service` are marked, as far
    /// as ECS keeps deployments (90 days) and permissions allow.
    pub async fn revisions(&self, task_definition: &str, service: &str) -> Result<Vec<Revision>, AwsError> {
        let Some((_, path)) = task_definition.split_once(":task-definition/") else {
            return Ok(Vec::new());
        };
        let family = path.rsplit_once(':').map_or(path, |(family, _)| family);
        let mut arns = Vec::new();
        // CloudFormation deregisters replaced revisions.
        for status in [TaskDefinitionStatus::Active, TaskDefinitionStatus::Inactive] {
            let page = call!(self.services => "ListTaskDefinitions",
                list_task_definitions().family_prefix(family).status(status).sort(SortOrder::Desc))?;
            arns.extend(page.task_definition_arns.unwrap_or_default());
        }
        let number = |arn: &String| arn.rsplit(':').next().and_then(|text| text.parse::<i32>().ok());
        arns.sort_by_key(|arn| std::cmp::Reverse(number(arn)));
        arns.truncate(MOST);
        let failed = match self.failed_definitions(service).await {
            Ok(failed) => failed,
            Err(AwsError::Denied { .. }) => BTreeSet::new(),
            Err(error) => return Err(error),
        };
        let mut revisions = Vec::new();
        for arn in arns {
            let described = call!(self.services => "DescribeTaskDefinition",
                describe_task_definition().task_definition(&arn))?;
            let Some(definition) = described.task_definition else {
                continue;
            };
            revisions.push(Revision {
                number: definition.revision,
                at: time(definition.registered_at.as_ref()),
                images: definition
                    .container_definitions
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|container| container.image)
                    .collect(),
                failed: failed.contains(&arn),
            });
        }
        Ok(revisions)
    }

    /// Returns the task definitions whose deployments were rolled back or stopped, and never succeeded.
    async fn failed_definitions(&self, service: &str) -> Result<BTreeSet<String>, AwsError> {
        let Some((cluster, name)) = cluster_and_name(service) else {
            return Ok(BTreeSet::new());
        };
        let (mut failed, mut ran) = (BTreeSet::new(), BTreeSet::new());
        let deployments = pages!(self.services => "ListServiceDeployments",
            service_deployments: list_service_deployments().cluster(cluster).service(name))?;
        for deployment in deployments {
            let revision = deployment.target_service_revision_arn;
            match deployment.status {
                Some(Status::Successful | Status::Pending | Status::InProgress) => ran.extend(revision),
                _ => failed.extend(revision),
            }
        }
        let failed: Vec<_> = failed.difference(&ran).cloned().collect();
        let mut definitions = BTreeSet::new();
        for some in failed.chunks(AT_ONCE) {
            let page = call!(self.services => "DescribeServiceRevisions",
                describe_service_revisions().set_service_revision_arns(Some(some.to_vec())))?;
            let found = page.service_revisions.unwrap_or_default().into_iter();
            definitions.extend(found.filter_map(|revision| revision.task_definition));
        }
        Ok(definitions)
    }
}
