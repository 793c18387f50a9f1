//! Running and pending tasks of a service.

use std::time::SystemTime;

use aws_sdk_ecs::types::{DesiredStatus, Task};

use super::services::cluster_and_name;
use super::{AwsError, Cloud};
use crate::service_status::TaskStatus;

impl Cloud {
    /// Returns the running and pending tasks of a service by ARN.
    pub async fn running_tasks(&self, service: &str) -> Result<Vec<TaskStatus>, AwsError> {
        let arns = self.task_arns(service, DesiredStatus::Running).await?;
        let tasks = self.described_tasks(service, arns).await?.into_iter();
        // A task may have stopped since it was listed.
        Ok(tasks
            .filter(|task| task.last_status.as_deref() != Some("STOPPED"))
            .map(|task| TaskStatus {
                id: task
                    .task_arn
                    .as_deref()
                    .and_then(|arn| arn.rsplit('/').next())
                    .unwrap_or_default()
                    .to_owned(),
                status: task.last_status.unwrap_or_default(),
                health: task
                    .health_status
                    .map_or_else(|| "UNKNOWN".to_owned(), |health| health.as_str().to_owned()),
                started: task.started_at.and_then(|at| SystemTime::try_from(at).ok()),
            })
            .collect())
    }

    /// Returns the task ARNs of a service with this desired status: one page of 100.
    pub(super) async fn task_arns(
        &self,
        service: &str,
        spec: DesiredStatus,
    ) -> Result<Vec<String>, AwsError> {
        let Some((cluster, name)) = cluster_and_name(service) else {
            return Ok(Vec::new());
        };
        let listed = call!(self.services => "ListTasks",
            list_tasks().cluster(cluster).service_name(name).desired_status(spec))?;
        Ok(listed.task_arns.unwrap_or_default())
    }

    /// Describes at most 100 tasks; returns none for an empty list.
    pub(super) async fn described_tasks(
        &self,
        service: &str,
        arns: Vec<String>,
    ) -> Result<Vec<Task>, AwsError> {
        let Some((cluster, _)) = cluster_and_name(service).filter(|_| !arns.is_empty()) else {
            return Ok(Vec::new());
        };
        let described = call!(self.services => "DescribeTasks",
            describe_tasks().cluster(cluster).set_tasks(Some(arns)))?;
        Ok(described.tasks.unwrap_or_default())
    }
}
