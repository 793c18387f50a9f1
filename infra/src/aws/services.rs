//! ECS while a service is being deployed, and when somebody asks how it is.

use std::time::SystemTime;

use aws_sdk_ecs::types::{DesiredStatus, Task, TaskDefinition};

use super::{Cloud, Fault, time};
use crate::deploy::rollout::{Evidence, Rollout, StoppedContainer, StoppedTask};

/// A service as ECS has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceState {
    /// The newest deployment.
    pub rollout: Rollout,
    /// ARN of the task definition that it rolls out.
    pub task_definition: String,
    /// What ECS says, newest first.
    pub events: Vec<String>,
}

/// Lines of a dead container that are kept.
const LAST_LINES: i32 = 8;

impl Cloud {
    /// A service by its ARN, or `None` if there is none.
    pub async fn service(&self, arn: &str) -> Result<Option<ServiceState>, Fault> {
        let Some((cluster, name)) = cluster_and_name(arn) else {
            return Ok(None);
        };
        self.elsewhere.permit().await;
        let answer = self
            .services
            .describe_services()
            .cluster(cluster)
            .services(name)
            .send()
            .await
            .map_err(|error| Fault::of("DescribeServices", &error))?;
        let Some(service) = answer.services.unwrap_or_default().into_iter().next() else {
            return Ok(None);
        };
        let deployments = service.deployments.unwrap_or_default();
        let newest = deployments
            .iter()
            .find(|deployment| deployment.status.as_deref() == Some("PRIMARY"))
            .or(deployments.first());
        let rollout = newest.map(|deployment| Rollout {
            service: name.to_owned(),
            state: deployment
                .rollout_state
                .as_ref()
                .map(|state| state.as_str().to_owned())
                .unwrap_or_default(),
            reason: deployment.rollout_state_reason.clone(),
            desired: deployment.desired_count,
            running: deployment.running_count,
            pending: deployment.pending_count,
            failed: deployment.failed_tasks,
        });
        Ok(Some(ServiceState {
            rollout: rollout.unwrap_or_default(),
            task_definition: newest
                .and_then(|deployment| deployment.task_definition.clone())
                .unwrap_or_default(),
            events: service
                .events
                .unwrap_or_default()
                .into_iter()
                .filter_map(|event| event.message)
                .take(20)
                .collect(),
        }))
    }

    /// Looks at the rollout and at the tasks that stopped since `since`, and adds what is new to `evidence`.
    ///
    /// Returns the tasks that are news.
    pub async fn gather_evidence(
        &self,
        service: &str,
        since: SystemTime,
        evidence: &mut Evidence,
    ) -> Result<Vec<StoppedTask>, Fault> {
        let Some(state) = self.service(service).await? else {
            return Ok(Vec::new());
        };
        evidence.rollout = Some(state.rollout);
        evidence.absorb_events(state.events.iter().map(String::as_str));
        let mut news = Vec::new();
        for (arn, task) in self.stopped_tasks(service, evidence).await? {
            if task.at >= since && evidence.absorb_task(&arn, task.clone()) {
                news.push(task);
            }
        }
        Ok(news)
    }

    async fn stopped_tasks(
        &self,
        service: &str,
        evidence: &Evidence,
    ) -> Result<Vec<(String, StoppedTask)>, Fault> {
        let arns = self.task_arns(service, DesiredStatus::Stopped).await?;
        let unknown = evidence.unknown(arns.iter().map(String::as_str));
        let mut found = Vec::new();
        for task in self.described_tasks(service, unknown).await? {
            // A task that is still on its way down has no exit codes yet.
            if task.last_status.as_deref() == Some("STOPPED") {
                let arn = task.task_arn.clone().unwrap_or_default();
                found.push((arn, self.stopped_task(task).await));
            }
        }
        Ok(found)
    }

    async fn stopped_task(&self, task: Task) -> StoppedTask {
        let arn = task.task_arn.unwrap_or_default();
        let id = arn.rsplit('/').next().unwrap_or_default().to_owned();
        let mut containers: Vec<_> = task
            .containers
            .unwrap_or_default()
            .into_iter()
            .map(|container| StoppedContainer {
                name: container.name.unwrap_or_default(),
                exit_code: container.exit_code,
                reason: container.reason,
                last_lines: Vec::new(),
            })
            .collect();
        let died = |container: &StoppedContainer| container.exit_code.is_some_and(|code| code != 0);
        if containers.iter().any(died)
            && let Some(definition) = self.task_definition(task.task_definition_arn.as_deref()).await
        {
            for container in containers.iter_mut().filter(|container| died(container)) {
                if let Some((group, stream)) = log_stream(&definition, &container.name, &id) {
                    // The last words are a help, not a must: their log group may be gone already.
                    container.last_lines = self
                        .last_lines(&group, &stream, LAST_LINES)
                        .await
                        .unwrap_or_default();
                }
            }
        }
        StoppedTask {
            at: time(task.stopped_at.as_ref()),
            reason: task
                .stopped_reason
                .unwrap_or_else(|| "ECS gives no reason".to_owned()),
            containers,
            id,
        }
    }

    async fn task_definition(&self, arn: Option<&str>) -> Option<TaskDefinition> {
        self.elsewhere.permit().await;
        let described = self
            .services
            .describe_task_definition()
            .task_definition(arn?)
            .send()
            .await;
        described.ok()?.task_definition
    }
}

/// `arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME` in its two parts.
pub(super) fn cluster_and_name(arn: &str) -> Option<(&str, &str)> {
    let (_, path) = arn.split_once(":service/")?;
    path.split_once('/')
}

/// Where the `awslogs` driver writes: `PREFIX/CONTAINER/TASK`.
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
    fn an_arn_of_a_service_names_its_cluster() {
        assert_eq!(
            cluster_and_name("arn:aws:ecs:eu-west-1:123456789012:service/penguin-dev/web"),
            Some(("penguin-dev", "web"))
        );
        assert_eq!(cluster_and_name("web"), None);
    }
}
