//! One-off tasks: their definition and network, start, state, stop.

use std::time::Duration;

use aws_sdk_ecs::types::{
    AssignPublicIp, AwsVpcConfiguration, ContainerOverride, LaunchType, NetworkConfiguration, PropagateTags,
    Tag, TaskOverride,
};

use super::services::{cluster_and_name, stopped};
use super::{AwsError, Cloud};
use crate::deployment::one_off::{RunDefinition, TaskNetwork, TaskState};

/// Tag of one-off tasks, by which `docs/permissions/runner.json` permits stopping them.
const TAG: (&str, &str) = ("one-off", "true");
/// Stop timeout of ECS if a task definition sets none.
const DEFAULT_STOP: i32 = 30;

/// A one-off task to start.
#[derive(Clone, Copy, Debug)]
pub struct OneOff<'a> {
    /// Cluster name.
    pub cluster: &'a str,
    /// Its definition.
    pub definition: &'a RunDefinition,
    /// Its network.
    pub network: &'a TaskNetwork,
    /// Replaces the command of the container.
    pub command: &'a [String],
    /// Makes repeated requests start one task.
    pub token: &'a str,
}

impl Cloud {
    /// Returns the definition of one-off tasks, or `None` if it has no container with a log.
    pub async fn run_definition(&self, arn: &str) -> Result<Option<RunDefinition>, AwsError> {
        let described = call!(self.services => "DescribeTaskDefinition",
            describe_task_definition().task_definition(arn))?;
        let containers = described
            .task_definition
            .and_then(|it| it.container_definitions)
            .unwrap_or_default();
        Ok(containers.into_iter().next().and_then(|container| {
            let options = container.log_configuration?.options?;
            let image = container.image?;
            let (_, release) = image.split('@').next()?.rsplit_once(':')?;
            let seconds = container.stop_timeout.unwrap_or(DEFAULT_STOP);
            Some(RunDefinition {
                arn: arn.to_owned(),
                release: release.to_owned(),
                container: container.name?,
                log_group: options.get("awslogs-group")?.clone(),
                stream_prefix: options.get("awslogs-stream-prefix")?.clone(),
                stop_timeout: Duration::from_secs(u64::try_from(seconds).unwrap_or_default()),
            })
        }))
    }

    /// Returns the network of a service's tasks, or `None` if the service does not exist.
    pub async fn task_network(&self, service: &str) -> Result<Option<TaskNetwork>, AwsError> {
        let Some((cluster, name)) = cluster_and_name(service) else {
            return Ok(None);
        };
        let response = call!(self.services => "DescribeServices",
            describe_services().cluster(cluster).services(name))?;
        let network = response
            .services
            .unwrap_or_default()
            .into_iter()
            .next()
            .and_then(|service| service.network_configuration?.awsvpc_configuration);
        Ok(network.map(|network| TaskNetwork {
            subnets: network.subnets,
            security_groups: network.security_groups.unwrap_or_default(),
        }))
    }

    /// Starts a one-off task on Fargate, not on Fargate Spot. Returns its ARN, or why ECS has no place for it.
    pub async fn run_task(&self, task: OneOff<'_>) -> Result<Result<String, String>, AwsError> {
        let broken = |error: &dyn std::error::Error| AwsError::BrokenRequest(error.to_string());
        let network = AwsVpcConfiguration::builder()
            .assign_public_ip(AssignPublicIp::Disabled)
            .set_subnets(Some(task.network.subnets.clone()))
            .set_security_groups(Some(task.network.security_groups.clone()))
            .build()
            .map_err(|error| broken(&error))?;
        let network = NetworkConfiguration::builder()
            .awsvpc_configuration(network)
            .build();
        let container = ContainerOverride::builder()
            .name(&task.definition.container)
            .set_command(Some(task.command.to_vec()))
            .build();
        let overrides = TaskOverride::builder().container_overrides(container).build();
        let (key, value) = TAG;
        let tag = Tag::builder().key(key).value(value).build();
        let started = call!(self.services => "RunTask",
            run_task().cluster(task.cluster).task_definition(&task.definition.arn).count(1)
                .launch_type(LaunchType::Fargate).network_configuration(network).overrides(overrides)
                .propagate_tags(PropagateTags::TaskDefinition).enable_ecs_managed_tags(true).tags(tag)
                .started_by("infra").client_token(task.token))?;
        let arn = started
            .tasks
            .unwrap_or_default()
            .into_iter()
            .find_map(|task| task.task_arn);
        Ok(arn.ok_or_else(|| {
            let failures = started.failures.unwrap_or_default().into_iter();
            let words: Vec<_> = failures
                .map(|failure| {
                    let parts = [failure.reason, failure.detail].into_iter().flatten();
                    parts.collect::<Vec<_>>().join(": ")
                })
                .filter(|words| !words.is_empty())
                .collect();
            if words.is_empty() {
                "no reason given by ECS".to_owned()
            } else {
                words.join("; ")
            }
        }))
    }

    /// Returns the state of a task, or `None` if ECS does not know it (yet, or an hour after its end).
    pub async fn task_state(&self, cluster: &str, arn: &str) -> Result<Option<TaskState>, AwsError> {
        let described = call!(self.services => "DescribeTasks",
            describe_tasks().cluster(cluster).tasks(arn))?;
        let task = described.tasks.unwrap_or_default().into_iter().next();
        Ok(task.map(|task| {
            let status = task.last_status.clone().unwrap_or_default();
            TaskState {
                stopped: (status == "STOPPED").then(|| stopped(task)),
                status,
            }
        }))
    }

    /// Asks ECS to stop a task.
    pub async fn stop_task(&self, cluster: &str, arn: &str, reason: &str) -> Result<(), AwsError> {
        call!(self.services => "StopTask", stop_task().cluster(cluster).task(arn).reason(reason)).map(drop)
    }
}
