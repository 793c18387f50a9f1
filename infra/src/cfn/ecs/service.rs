//! What keeps tasks running, and how one revision is exchanged for the next.

use serde::Serialize;

use super::{ClusterName, StrategyItem};
use crate::cfn::ec2::{SecurityGroupId, Subnets};
use crate::cfn::{Arn, Handle, Resource, Tagging, Text, Value};

/// Keeps tasks running. It has no desired count: that would undo what scaling has done, at every deployment.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Service {
    pub cluster: Value<ClusterName>,
    pub task_definition: Value<Arn>,
    pub capacity_provider_strategy: Vec<StrategyItem>,
    pub platform_version: &'static str,
    pub availability_zone_rebalancing: Switch,
    pub deployment_controller: DeploymentController,
    pub deployment_configuration: DeploymentConfiguration,
    #[serde(rename = "EnableECSManagedTags")]
    pub enable_ecs_managed_tags: bool,
    pub enable_execute_command: bool,
    pub propagate_tags: PropagateTags,
    /// Seconds after the start of a task in which failing health checks do not count.
    pub health_check_grace_period_seconds: u32,
    pub network_configuration: NetworkConfiguration,
    pub load_balancers: Vec<LoadBalancer>,
}

impl Resource for Service {
    const TYPE: &'static str = "AWS::ECS::Service";
    const TAGGING: Tagging = Tagging::List;
}

impl Handle<Service> {
    /// Its name.
    pub fn name(&self) -> Value<Text> {
        self.attribute("Name")
    }
}

/// A switch.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Switch {
    Enabled,
    Disabled,
}

/// Who exchanges revisions.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct DeploymentController {
    pub r#type: ControllerType,
}

/// See [`DeploymentController`].
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the name says it")]
pub enum ControllerType {
    Ecs,
}

/// From where tasks take their tags.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the name says it")]
pub enum PropagateTags {
    Service,
}

/// How one revision is exchanged for the next.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct DeploymentConfiguration {
    #[serde(flatten)]
    pub strategy: Strategy,
    /// Percent of the desired count.
    pub minimum_healthy_percent: u16,
    /// Percent of the desired count.
    pub maximum_percent: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarms: Option<DeploymentAlarms>,
}

/// In which order tasks and traffic move.
#[derive(Clone, Debug, Serialize)]
#[serde(
    tag = "Strategy",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "PascalCase"
)]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub enum Strategy {
    /// Task by task. The only strategy that knows the circuit breaker.
    Rolling {
        deployment_circuit_breaker: CircuitBreaker,
    },
    /// All new tasks first, then all traffic at once.
    BlueGreen { bake_time_in_minutes: u16 },
    /// All new tasks first, then some traffic, then the rest.
    Canary {
        bake_time_in_minutes: u16,
        canary_configuration: CanaryConfiguration,
    },
}

/// How much traffic goes first, and for how long.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct CanaryConfiguration {
    pub canary_percent: u8,
    pub canary_bake_time_in_minutes: u16,
}

/// When a deployment is given up.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct CircuitBreaker {
    pub enable: bool,
    pub rollback: bool,
    pub threshold_configuration: ThresholdConfiguration,
}

/// How many failures are too many.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct ThresholdConfiguration {
    pub r#type: ThresholdType,
    pub value: u16,
}

/// How failures are counted.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ThresholdType {
    /// One by one.
    Count,
}

/// Alarms that end a deployment.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct DeploymentAlarms {
    pub alarm_names: Vec<Value<Text>>,
    pub enable: bool,
    pub rollback: bool,
}

/// Where tasks are reached.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct NetworkConfiguration {
    pub awsvpc_configuration: AwsvpcConfiguration,
}

/// See [`NetworkConfiguration`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct AwsvpcConfiguration {
    pub assign_public_ip: Switch,
    pub security_groups: Vec<Value<SecurityGroupId>>,
    pub subnets: Subnets,
}

/// Which container gets the load balancer's requests.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct LoadBalancer {
    pub container_name: String,
    pub container_port: u16,
    pub target_group_arn: Value<Arn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advanced_configuration: Option<AdvancedConfiguration>,
}

/// What ECS needs to move traffic between two target groups.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct AdvancedConfiguration {
    pub alternate_target_group_arn: Value<Arn>,
    pub production_listener_rule: Value<Arn>,
    pub role_arn: Value<Arn>,
}
