//! ECS services: deployments, and stopped tasks.

use std::time::SystemTime;

use aws_sdk_ecs::types::{DesiredStatus, Task, TaskDefinition};

use super::{AwsError, Cloud, name_of, time};
use crate::deployment::rollout::{Deployment, Evidence, Rollout, StoppedContainer, StoppedTask};

/// State of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceState {
    /// Deployments.
    pub deployments: Vec<Deployment>,
    /// Service events, newest first.
    pub events: Vec<String>,
}

impl ServiceState {
    /// Returns the newest deployment.
    pub fn newest(&self) -> Option<&Rollout> {
        self.deployments
            .iter()
            .find(|deployment| deployment.primary)
            .or(self.deployments.first())
            .map(|deployment| &deployment.rollout)
    }
}

/// Maximum number of failed tasks whose logs are read per poll, newest first.
const READ_AT_ONCE: usize = 3;
/// Number of log lines kept per stopped container.
const LAST_LINES: i32 = 8;

impl Cloud {
    /// Returns a service by ARN, or `None` if it does not exist.
    pub async fn service(&self, arn: &str) -> Result<Option<ServiceState>, AwsError> {
        let Some((cluster, name)) = cluster_and_name(arn) else {
            return Ok(None);
        };
        let response = call!(self.services => "DescribeServices",
            describe_services().cluster(cluster).services(name))?;
        let Some(service) = response.services.unwrap_or_default().into_iter().next() else {
            return Ok(None);
        };
        let deployments = service.deployments.unwrap_or_default();
        let deployments = deployments.into_iter().map(|deployment| Deployment {
            primary: deployment.status.as_deref() == Some("PRIMARY"),
            rollout: Rollout {
                service: name.to_owned(),
                state: name_of(deployment.rollout_state.as_ref()),
                reason: deployment.rollout_state_reason,
                desired: deployment.desired_count,
                running: deployment.running_count,
                pending: deployment.pending_count,
                failed: deployment.failed_tasks,
            },
            task_definition: deployment.task_definition.unwrap_or_default(),
        });
        Ok(Some(ServiceState {
            deployments: deployments.collect(),
            events: service
                .events
                .unwrap_or_default()
                .into_iter()
                .filter_map(|event| event.message)
                .take(20)
                .collect(),
        }))
    }

    /// Reads the rollout and the tasks that stopped since `since` (AWS's clock), and adds them to `evidence`.
    ///
    /// Returns the new tasks.
    pub async fn gather_evidence(
        &self,
        service: &str,
        since: SystemTime,
        evidence: &mut Evidence,
    ) -> Result<Vec<StoppedTask>, AwsError> {
        let Some(state) = self.service(service).await? else {
            return Ok(Vec::new());
        };
        evidence.rollout = Some(state.newest().cloned().unwrap_or_default());
        evidence.absorb_events(state.events.iter().map(String::as_str));
        let mut news = Vec::new();
        // ECS lists a stopped task for an hour or more, in any order.
        let arns = self.task_arns(service, DesiredStatus::Stopped).await?;
        let unknown = evidence.unknown(arns.iter().map(String::as_str));
        let mut found = Vec::new();
        for task in self.described_tasks(service, unknown).await? {
            // A stopping task has no exit codes yet.
            if task.last_status.as_deref() != Some("STOPPED") {
                continue;
            }
            let (arn, definition) = (task.task_arn.clone(), task.task_definition_arn.clone());
            let task = stopped(task);
            if task.at < since || task.ended_normally() {
                evidence.pass_over(arn.unwrap_or_default());
            } else {
                found.push((arn.unwrap_or_default(), definition, task));
            }
        }
        found.sort_by_key(|(.., task)| std::cmp::Reverse(task.at));
        // The others are read at the next poll, if they still matter.
        for (arn, definition, task) in found.into_iter().take(READ_AT_ONCE) {
            let task = self.with_last_lines(task, definition.as_deref()).await;
            if evidence.absorb_task(arn, task.clone()) {
                news.push(task);
            }
        }
        Ok(news)
    }

    /// Adds the last lines of containers that failed.
    async fn with_last_lines(&self, mut stopped: StoppedTask, definition: Option<&str>) -> StoppedTask {
        if stopped.reason.is_empty() {
            "no reason given by ECS".clone_into(&mut stopped.reason);
        }
        let died = |container: &StoppedContainer| container.exit_code.is_some_and(|code| code != 0);
        if stopped.containers.iter().any(died)
            && let Some(definition) = self.task_definition(definition).await
        {
            for container in stopped.containers.iter_mut().filter(|container| died(container)) {
                if let Some((group, stream)) = log_stream(&definition, &container.name, &stopped.id) {
                    // The log group may already be deleted.
                    container.last_lines = self
                        .last_lines(&group, &stream, LAST_LINES)
                        .await
                        .unwrap_or_default();
                }
            }
        }
        stopped
    }

    async fn task_definition(&self, arn: Option<&str>) -> Option<TaskDefinition> {
        let described = call!(self.services => "DescribeTaskDefinition",
            describe_task_definition().task_definition(arn?));
        described.ok()?.task_definition
    }
}

/// A task that has stopped, without the lines of its containers.
pub(super) fn stopped(task: Task) -> StoppedTask {
    let arn = task.task_arn.unwrap_or_default();
    StoppedTask {
        id: arn.rsplit('/').next().unwrap_or_default().to_owned(),
        at: time(task.stopped_at.as_ref()),
        reason: task.stopped_reason.unwrap_or_default(),
        containers: task
            .containers
            .unwrap_or_default()
            .into_iter()
            .map(|container| StoppedContainer {
                name: container.name.unwrap_or_default(),
                exit_code: container.exit_code,
                reason: container.reason,
                last_lines: Vec::new(),
            })
            .collect(),
    }
}

/// Splits `arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME`.
pub(super) fn cluster_and_name(arn: &str) -> Option<(&str, &str)> {
    let (_, path) = arn.split_once(":service/")?;
    path.split_once('/')
}

/// Returns the stream name of the `awslogs` driver: `PREFIX/CONTAINER/TASK`.
fn log_stream(definition: &TaskDefinition, container: &str, task: &str) -> Option<(String, String)> {
    let options = definition
        .container_definitions()
        .iter()
        .find(|found| found.name() == Some(container))?
        .log_configuration()?
        .options()?;
    let group = options.get("awslogs-group")?.clone();
    let prefix = options.get("awslogs-stream-prefix")?;
    Some((group, format!("{prefix}/{container}/{task}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_arn_contains_the_cluster() {
        assert_eq!(
            cluster_and_name("arn:aws:ecs:eu-west-1:123456789012:service/penguin-dev/web"),
            Some(("penguin-dev", "web"))
        );
        assert_eq!(cluster_and_name("web"), None);
    }
}
