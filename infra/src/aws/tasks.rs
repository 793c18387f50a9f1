//! Tasks of a service that run or start.

use std::time::SystemTime;

use aws_sdk_ecs::types::{DesiredStatus, Task};

use super::services::cluster_and_name;
use super::{Cloud, Fault};
use crate::daily::status::TaskStatus;

impl Cloud {
    /// The tasks of a service, by its ARN, that run or are on their way there.
    pub async fn running_tasks(&self, service: &str) -> Result<Vec<TaskStatus>, Fault> {
        let arns = self.task_arns(service, DesiredStatus::Running).await?;
        let tasks = self.described_tasks(service, arns).await?.into_iter();
        // One may have stopped since it was listed.
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

    /// The ARNs of the tasks of a service that are wanted in this state: a page, which is a hundred.
    pub(super) async fn task_arns(&self, service: &str, wanted: DesiredStatus) -> Result<Vec<String>, Fault> {
        let Some((cluster, name)) = cluster_and_name(service) else {
            return Ok(Vec::new());
        };
        self.elsewhere.permit().await;
        let listed = self
            .services
            .list_tasks()
            .cluster(cluster)
            .service_name(name)
            .desired_status(wanted)
            .send()
            .await
            .map_err(|error| Fault::of("ListTasks", &error))?;
        Ok(listed.task_arns.unwrap_or_default())
    }

    /// What ECS knows of tasks of a service, at most a hundred of them. Asks nothing about none.
    pub(super) async fn described_tasks(&self, service: &str, arns: Vec<String>) -> Result<Vec<Task>, Fault> {
        let Some((cluster, _)) = cluster_and_name(service).filter(|_| !arns.is_empty()) else {
            return Ok(Vec::new());
        };
        self.elsewhere.permit().await;
        let described = self
            .services
            .describe_tasks()
            .cluster(cluster)
            .set_tasks(Some(arns))
            .send()
            .await
            .map_err(|error| Fault::of("DescribeTasks", &error))?;
        Ok(described.tasks.unwrap_or_default())
    }
}
